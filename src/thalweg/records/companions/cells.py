"""Cells of a table beside the events, typed as its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl

from thalweg.records.attributes import normalised
from thalweg.records.companions.columns import stem_and_unit
from thalweg.records.companions.periods import parse_periods
from thalweg.records.companions.schema import Column, Fault, Judgement, Schema
from thalweg.records.intake import ROW
from thalweg.records.mapping.flat import AttributeType
from thalweg.records.proposal.profile import profile as look_at
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular.cells import as_ids, as_text
from thalweg.records.readers.tabular.columns import UNIT_SUFFIX, AttributeColumns, TimeReader

_EMPTY = ("", "-", "--", "n/a", "null")
_PLAIN = r"^[+-]?[0-9]+(?:\.(?:[0-9]{1,2}|[0-9]{4,}))?$"
_LONGEST_EMPTY = max(map(len, _EMPTY))
_SEPARATORS = r"[;；、,，]"
_TYPES: dict[str, AttributeType] = {"number": "number", "amount": "amount", "flag": "boolean"}
_CURES = {
    "moment": "Write a day as 2024-03-01.",
    "month": "Write a month as 2024-03.",
    "day": "Write a day as 2024-03-01, or a month as 2024-03.",
    "number": "Write a number such as 0.8.",
    "amount": "Write an amount such as 120000 or 12万元.",
    "flag": "Write yes or no.",
}
DateOrder = Literal["auto", "dmy", "mdy"]


class CellReader:
    """Types the columns of one table; what cannot be read becomes a fault of its row.

    zone: of dates and times without one; None means UTC, with a warning among the notes.
    """

    def __init__(
        self,
        rows: pl.DataFrame,
        zone: str | None,
        date_order: DateOrder,
        notes: Notes,
        found: Judgement,
    ) -> None:
        self._rows, self._zone, self._order = rows, zone, date_order
        self._notes, self._found = notes, found
        self._currency: str | None = None

    def typed(self, schema: Schema, columns: dict[str, str]) -> pl.DataFrame:
        """``@row``, then the schema's columns as they are stored; absent ones are null."""
        parts: dict[str, pl.Series] = {ROW: self._rows[ROW]}
        for column in schema.columns:
            source = columns.get(column.name)
            if source is None:
                absent = {k: v for k, v in column.stored().items() if k not in parts}
                parts |= {k: pl.Series(k, [None] * len(self._rows), v) for k, v in absent.items()}
            else:
                parts |= self._column(column, source, parts)
        read = pl.DataFrame({name: parts[name] for name in schema.stored()})
        amounts = [column.name for column in schema.columns if column.kind == "amount"]
        if not amounts or self._currency is None:
            return read
        bare = pl.col(amounts[0]).is_not_null() & pl.col("currency").is_null()
        stated = pl.when(bare).then(pl.lit(self._currency)).otherwise("currency")
        return read.with_columns(stated.alias("currency"))

    def further(self, names: list[str]) -> pl.DataFrame:
        """Columns that the schema does not name: numbers where every value is one, else text."""
        kept = [self._trait(name) for name in names]
        return pl.DataFrame(kept) if kept else pl.DataFrame()

    def _column(
        self, column: Column, source: str, parts: dict[str, pl.Series]
    ) -> dict[str, pl.Series]:
        if column.kind == "moment":
            found = self._moment(column, source)
        elif column.kind in ("month", "day"):
            found = self._period(column, source, parts)
        elif column.kind in _TYPES:
            found = self._number(column, source)
        elif column.kind == "list":
            found = {column.name: self._list(source).alias(column.name)}
        else:
            text = self._text(source)
            earlier = parts.get(column.name)
            known = text if earlier is None else earlier.zip_with(earlier.is_not_null(), text)
            found = {column.name: known.alias(column.name)}
        if column.required:
            first = found[column.name] if column.name in found else next(iter(found.values()))
            nothing = first.is_null()
            empty = nothing & self._given(source).is_null() if nothing.any() else nothing
            for row in self._rows[ROW].filter(empty):
                self._found.faults.append(Fault(row, "required_cell_empty", column.name, ""))
        return found

    def _text(self, source: str) -> pl.Series:
        """Text without blanks around it; null where the cell is empty."""
        return _filled(as_text(as_ids(self._rows[source])))

    def _given(self, source: str) -> pl.Series:
        return _filled(as_text(self._rows[source]))

    def _list(self, source: str) -> pl.Series:
        values = self._rows[source]
        if isinstance(values.dtype, pl.List):
            return values.cast(pl.List(pl.String))
        text = self._given(source).str.replace_all(_SEPARATORS, ";")
        parts = text.str.split(";").list.eval(pl.element().str.strip_chars())
        return parts.list.eval(pl.element().filter(pl.element() != ""))

    def _moment(self, column: Column, source: str) -> dict[str, pl.Series]:
        reader = TimeReader((source,), "auto", self._order, self._zone, self._again, self._notes)
        rows = self._rows.with_columns(self._rows[source])
        if rows[source].dtype == pl.String:
            rows = rows.with_columns(self._given(source))
        _, times = reader.read(rows)
        self._unreadable(column, source, times.utc)
        local = times.utc.dt.convert_time_zone(self._zone or "UTC")
        days, at = local.dt.date(), local
        if column.whole_day:
            bare = local.dt.time() == pl.Series([0]).cast(pl.Time)[0]
            at = local.dt.offset_by("1d").zip_with(bare.fill_null(False), local)
        return {
            f"{column.name}_at": at.dt.convert_time_zone("UTC").alias(f"{column.name}_at"),
            f"{column.name}_day": days.alias(f"{column.name}_day"),
        }

    def _period(
        self, column: Column, source: str, parts: dict[str, pl.Series]
    ) -> dict[str, pl.Series]:
        """A month by its first day, or a day; a longer period ends in the column for it."""
        values = self._rows[source]
        if not values.dtype.is_temporal():
            values = self._text(source)
        order = None if self._order == "auto" else self._order
        read = parse_periods(values, self._zone or "UTC", order)
        self._unreadable(column, source, read.first)
        if read.undecided:
            detail = {"assumed": "dmy", "undecided": read.undecided}
            self._notes.add(
                "date_order_ambiguous", "warning", read.undecided, where=source, detail=detail
            )
        if column.kind == "day":
            return {column.name: read.first.alias(column.name)}
        first, last = read.first.dt.month_start(), read.last.dt.month_start()
        if column.whole_day:
            earlier = parts.get(column.name)
            known = last if earlier is None else last.zip_with(last.is_not_null(), earlier)
            return {column.name: known.alias(column.name)}
        longer = (last > first).fill_null(False)
        found = {column.name: first.alias(column.name)}
        if column.until is not None:
            until = last.zip_with(longer, last.clear(len(last)))
            return found | {column.until: until.alias(column.until)}
        for row, value in self._at(longer, source):
            cure = "Write a row for each month."
            self._found.faults.append(Fault(row, "period_not_a_month", column.name, value, cure))
        return found

    def _at(self, where: pl.Series, source: str) -> list[tuple[int, str]]:
        """Row and text of the cells where something is so."""
        few = self._rows[[ROW, source]].filter(where)
        return list(zip(few[ROW], as_text(few[source]).to_list(), strict=True))

    def _number(self, column: Column, source: str) -> dict[str, pl.Series]:
        rows = self._rows
        if rows[source].dtype == pl.String:
            rows = rows.with_columns(self._given(source))
            if (plain := self._plain(rows[source])) is not None:
                rows = rows.with_columns(plain.alias(source))
        typed = self._attributes(source, _TYPES[column.kind]).apply(rows)
        self._unreadable(column, source, typed[source])
        if column.kind == "flag":
            return {column.name: typed[source].alias(column.name)}
        own = typed[source + UNIT_SUFFIX] if column.kind == "amount" else None
        numbers, stated = self._in_unit(source, typed[source], own)
        if own is not None:
            self._currency = stated
        found = {column.name: numbers.alias(column.name)}
        return found if own is None else found | {"currency": own.alias("currency")}

    def _plain(self, text: pl.Series) -> pl.Series | None:
        """The numbers of a column in which each is digits with a point that cannot mean thousands.

        The short way through a long column; it gives what the forms of ``text.numbers`` give.
        """
        if not text.str.contains(_PLAIN).all():
            return None
        points = int(text.str.contains(".", literal=True).sum())
        if points:
            detail = {"assumed": ".", "point": points}
            detail |= dict.fromkeys(("comma", "undecided", "both_meanings"), 0)
            add = self._notes.add
            add("decimal_decided", "note", points, of=points, where=text.name, detail=detail)
        return text.cast(pl.Float64)

    def _in_unit(
        self, source: str, numbers: pl.Series, own: pl.Series | None
    ) -> tuple[pl.Series, str | None]:
        """Numbers times the unit in the header, and its currency; cells with their own stay."""
        _, factor, stated = stem_and_unit(source)
        bare = numbers.is_not_null()
        if own is not None:
            bare = bare & own.is_null()
        if (stated is None and factor == 1) or not bare.any():
            return numbers, stated
        detail = {"factor": factor, "currency": stated}
        self._notes.add(
            "unit_of_header", "note", int(bare.sum()), of=len(bare), where=source, detail=detail
        )
        return (numbers * factor).zip_with(bare, numbers), stated

    def _attributes(self, source: str, type_: AttributeType) -> AttributeColumns:
        return AttributeColumns({source: type_}, "auto", self._again, self._zone, self._notes)

    def _unreadable(self, column: Column, source: str, read: pl.Series) -> None:
        """A fault for every cell that holds something of which nothing could be read."""
        nothing = read.is_null()
        if not nothing.any():
            return
        few = self._rows[[ROW, source]].filter(nothing)
        rows = pl.DataFrame({ROW: few[ROW], "value": _filled(as_text(few[source]))})
        for row, value in rows.drop_nulls("value").iter_rows():
            cure = _CURES[column.kind]
            self._found.faults.append(Fault(row, "cell_unreadable", column.name, value, cure))

    def _trait(self, name: str) -> pl.Series:
        values = normalised(self._rows.select(name))[name]
        if values.dtype.is_numeric():
            return values.cast(pl.Float64)
        text = _filled(as_text(values))
        shape = look_at(text.to_frame(), name)
        if not shape.is_number or shape.is_key_like:
            return text
        return self._attributes(name, "number").apply(
            text.to_frame().with_columns(self._rows[ROW])
        )[name]

    def _again(self, column: str) -> Iterator[pl.Series]:
        yield self._rows[column]


def _filled(text: pl.Series) -> pl.Series:
    plain = text.str.strip_chars()
    if not (plain.str.len_bytes() <= _LONGEST_EMPTY).any():
        return plain
    empty = plain.str.to_lowercase().is_in(list(_EMPTY))
    frame = pl.DataFrame({"text": plain, "empty": empty})
    kept = frame.select(pl.when(~pl.col("empty")).then(pl.col("text")))
    return kept.to_series().alias(text.name)
