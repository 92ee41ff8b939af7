"""Attributes of XES as columns: named, typed, and none of them lost on the way.

A column is named by its key; a nested attribute by the keys from the outermost to its own, with
``/`` between. What does not fit under that name gets a mark behind ``#``: a second attribute with
the same key (``#2``), one with the same key and another type beside it (``#date``), the text of
values that are not of the type they claim (``#text``). Keys that begin with ``@`` get a ``_``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from thalweg.records.intake import OFFSET_MIN, REJECTS_SCHEMA, ROW, TIME
from thalweg.records.readers.notes import EXAMPLES, Notes
from thalweg.records.readers.xml_scan.instants import Instants, read_instants
from thalweg.records.trust import Finding, Severity

_DTYPES: dict[str, type[pl.DataType]] = {"int": pl.Int64, "float": pl.Float64}
_BY_DTYPE = (("int", pl.Int64), ("float", pl.Float64), ("boolean", pl.Boolean))
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Texts:
    """Values of one kind of attribute as written, one per row (null: the row has none)."""

    path: tuple[str, ...]
    kind: str
    repeat: int
    values: pl.Series


@dataclass(slots=True)
class Columns:
    """Makes columns for traces or for events, the same names from batch to batch.

    ``known`` is what a writer needs: by column, the path of keys and the XES type.
    """

    where: str
    zone: str | None
    notes: Notes
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    _names: dict[tuple[tuple[str, ...], str], str] = field(default_factory=dict)

    def build(self, texts: Iterable[Texts], rows: pl.Series) -> dict[str, pl.Series]:
        """Typed columns by name. ``rows`` gives the row numbers to name in findings."""
        groups: dict[tuple[str, ...], list[Texts]] = {}
        for text in texts:
            groups.setdefault(text.path, []).append(text)
        columns: dict[str, pl.Series] = {}
        for path, group in groups.items():
            for mark, text in self._variants(group, rows):
                name = self.name(path, mark, text.kind)
                columns[name], strange = self._typed(name, text, rows)
                if strange is not None:
                    rest = self.name(path, f"{mark}#text", text.kind)
                    columns[rest] = strange
        return columns

    def _variants(self, group: list[Texts], rows: pl.Series) -> list[tuple[str, Texts]]:
        """The columns that attributes with one path make, with their marks."""
        lead = [text for text in group if text.repeat == 0]
        again = [(f"#{text.repeat + 1}", text) for text in group if text.repeat > 0]
        if len(lead) == 1 and not again:
            return [("", lead[0])]
        mixed = len(lead) > 1 and not _beside_each_other(lead)
        if mixed:
            self._tell_mixed(lead)
            lead = [
                Texts(
                    lead[0].path,
                    "string",
                    0,
                    pl.select(pl.coalesce(t.values for t in lead)).to_series(),
                )
            ]
        beside = [("", lead[0]), *((f"#{text.kind}", text) for text in lead[1:])]
        marks = [mark for mark, _ in again]
        again = [(m if marks.count(m) == 1 else f"{m}#{t.kind}", t) for m, t in again]
        for _, text in [*beside[1:], *again]:
            present = text.values.is_not_null()
            self._tell("attribute_repeated", "/".join(text.path), text.values, present, rows)
        return beside + again

    def name(self, path: tuple[str, ...], mark: str, kind: str) -> str:
        """Name of a column: always the same for the same path and mark."""
        if (path, mark) not in self._names:
            plain = "/".join(path)
            name = plain = ("_" + plain if plain.startswith("@") else plain) + mark
            number = 1
            while name in self.known:
                number += 1
                name = f"{plain}#{number}"
            self._names[path, mark] = name
            self.known[name] = {"path": list(path), "type": kind}
        name = self._names[path, mark]
        if self.known[name]["type"] != kind:
            self.known[name]["type"] = "string"
        return name

    def filled(self, table: pl.DataFrame, declared: dict[str, Any]) -> pl.Series:
        """The column of a global attribute, its default where the table has no value."""
        key, kind = str(declared["key"]), str(declared["type"])
        default = pl.Series([str(declared.get("value", ""))])
        if key not in table.columns:
            value, _ = self._typed(key, Texts((key,), kind, 0, default), pl.Series([0]))
            return value.new_from_index(0, len(table)).alias(self.name((key,), "", kind))
        column = table[key]
        own = next((k for k, d in _BY_DTYPE if d == column.dtype), "string")
        value, _ = self._typed(key, Texts((key,), own, 0, default), pl.Series([0]))
        return column.fill_null(value[0]) if value[0] is not None else column

    def _typed(self, name: str, text: Texts, rows: pl.Series) -> tuple[pl.Series, pl.Series | None]:
        """Values of the type; apart from them, the text of values that are not of it."""
        if text.kind == "date":
            instants = read_instants(text.values, self.zone)
            self.tell_zones(instants, name, len(rows))
            values = instants.utc
        elif text.kind == "boolean":
            plain = text.values.str.strip_chars(_BLANKS).str.to_lowercase()
            values = plain.replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
        elif text.kind in _DTYPES:
            values = _number(text.values, _DTYPES[text.kind])
        else:
            return text.values, None
        lost = values.is_null() & text.values.is_not_null()
        if not lost.any():
            return values, None
        empty = lost & (text.values.str.strip_chars(_BLANKS) == "")
        self._tell("value_empty", name, text.values, empty, rows, type=text.kind)
        strange = lost & ~empty
        if not strange.any():
            return values, None
        self._tell("value_unreadable", name, text.values, strange, rows, type=text.kind)
        return values, text.values.zip_with(strange, text.values.clear(len(rows)))

    def tell_zones(self, instants: Instants, name: str, rows: int) -> None:
        """Say which times had no zone, and which of them are doubtful."""
        if not instants.zone_missing:
            return
        code = "zone_missing" if self.zone is None else "zone_stated"
        severity: Severity = "warning" if self.zone is None else "note"
        detail = {"assumed": self.zone or "UTC"}
        where = self._place(name)
        self.notes.add(code, severity, instants.zone_missing, of=rows, where=where, detail=detail)
        for code, count in (
            ("time_ambiguous", instants.ambiguous),
            ("time_nonexistent", instants.nonexistent),
        ):
            if count:
                taken = {"taken": "earlier"}
                self.notes.add(code, "warning", count, of=rows, where=where, detail=taken)

    def _tell(
        self, code: str, name: str, values: pl.Series, seen: pl.Series, rows: pl.Series,
        **detail: Any,
    ) -> None:  # fmt: skip
        if count := int(seen.sum()):
            few = pl.DataFrame({ROW: rows, "value": values}).filter(seen).head(EXAMPLES)
            examples = [self.notes.example(row, value) for row, value in few.iter_rows()]
            self.notes.add(
                code, "warning", count, of=len(rows), where=self._place(name),
                examples=examples, detail=detail,
            )  # fmt: skip

    def _tell_mixed(self, lead: list[Texts]) -> None:
        counts = {text.kind: len(text.values) - text.values.null_count() for text in lead}
        self.notes.add(
            "attribute_types_vary", "warning", sum(counts.values()),
            where=self._place("/".join(lead[0].path)), detail={"types": counts},
        )  # fmt: skip

    def _place(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where == "case" else name


def out_of_all(findings: Iterable[Finding], events: int, cases: int) -> list[Finding]:
    """Findings whose totals are those of the whole log, not of the batches they appeared in."""
    totals = {True: cases, False: events}
    return [
        replace(f, of=totals[f.where.startswith("case.") or f.code.startswith("case_")])
        if f.of
        else f
        for f in findings
    ]


def rejected(
    events: pl.DataFrame, times: Instants, written: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Events whose time could be read; and rejects for the others, with the time as written."""
    lost = times.unreadable | times.out_of_range
    if not lost.any():
        return events, None
    record = events.drop(ROW, TIME, OFFSET_MIN, strict=False).select(
        record=pl.struct(pl.all()).struct.json_encode()
    )
    reason = pl.when(times.out_of_range).then(pl.lit("time_out_of_range"))
    rejects = pl.select(
        events[ROW],
        reason.otherwise(pl.lit("time_unreadable")).alias("reason"),
        written.alias("value"),
        record["record"],
    )
    return events.filter(~lost), rejects.filter(lost).match_to_schema(REJECTS_SCHEMA)


def _beside_each_other(texts: list[Texts]) -> bool:
    """Whether one row has several of them."""
    present = [text.values.is_not_null().cast(pl.UInt8) for text in texts]
    return bool((sum(present[1:], present[0]) > 1).any())


def _number(text: pl.Series, dtype: type[pl.DataType]) -> pl.Series:
    values = text.cast(dtype, strict=False)
    if values.null_count() == text.null_count():
        return values
    return text.str.strip_chars(_BLANKS).cast(dtype, strict=False)
