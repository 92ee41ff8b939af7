"""XES event logs, of any size, at the speed of their bytes.

Reads the XML form of IEEE 1849 (and its forerunners 1.0 and 2.0) through ``xml_scan``: whole
traces at a time, with every attribute of every trace and event in a typed column. Tests hold each
value against a plain reading with another parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import MappingError, SourceError, UnsafeSourceError
from thalweg.records.intake import (
    ACTIVITY,
    CASE,
    OBJECT,
    OFFSET_MIN,
    ROW,
    TIME,
    Batch,
    Intake,
    ObjectColumn,
    ReadRequest,
    Role,
)
from thalweg.records.mapping.flat import CASE_TYPE, nearest
from thalweg.records.readers.eventlog.columns import Columns, Texts, out_of_all, rejected
from thalweg.records.readers.eventlog.header import (
    add_heads,
    empty_meta,
    is_placeholder,
    list_column,
)
from thalweg.records.readers.notes import EXAMPLES, Notes
from thalweg.records.readers.xml_scan import slots as s
from thalweg.records.readers.xml_scan import tokens as t
from thalweg.records.readers.xml_scan.chunks import Chunk, chunks
from thalweg.records.readers.xml_scan.instants import Instants, read_instants
from thalweg.records.readers.xml_scan.text import tell_encoding
from thalweg.records.readers.xml_scan.values import text_column
from thalweg.records.sources import Source

NAME, STAMP = "concept:name", "time:timestamp"
ROLES: dict[Role, str] = {
    "resource": "org:resource",
    "lifecycle": "lifecycle:transition",
    "instance": "concept:instance",
}


def read(source: Source, request: ReadRequest) -> Intake:
    """Read an XES log: one object type, ``case``, with the trace attributes.

    Takes    request.mapping.activity_columns: attributes that name the activity, joined by "+"
             (default concept:name). request.timezone: zone of times without one.
    Returns  events with ``@row`` counted in file order; ``meta`` as ``header.empty_meta``.
    Raises   SourceError, UnsafeSourceError while the batches are drawn: see ``xml_scan.chunks``.
             MappingError: no event has an attribute that should name the activity.
    """
    reading = _Reading(source, request)
    intake = Intake("xes", iter(()), meta=reading.meta)
    intake.batches = reading.batches(intake)
    return intake


@dataclass(slots=True)
class _Part:
    """The traces of one chunk: texts by slot, and the trace of each event (-1: none)."""

    traces: int
    events: int
    trace_of: NDArray[np.int32]
    texts: dict[int, pl.Series]


class _Reading:
    """Everything that lasts from the first trace of a log to the last."""

    def __init__(self, source: Source, request: ReadRequest) -> None:
        self._source, self._request = source, request
        self.meta = empty_meta()
        self._keys = list(getattr(request.mapping, "activity_columns", ()) or ()) or [NAME]
        self.meta["activity_keys"] = self._keys
        self._missing_keys = set(self._keys)
        self._notes = Notes(source.name)
        self._slots = s.new_slots()
        self._events, self._traces = 0, 0
        self._seen: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._event_columns = Columns("event", request.timezone, self._notes)
        self._trace_columns = Columns(CASE_TYPE, request.timezone, self._notes)
        self.meta["columns"] = {
            "trace": self._trace_columns.known,
            "event": self._event_columns.known,
        }

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Batches of whole traces; ``intake`` learns roles and findings on the way."""
        tell_encoding(self._source, self._request.encoding, self._notes)
        waiting: list[_Part] = []
        for chunk in chunks(self._source, self._request, s.VOCABULARY):
            waiting.append(self._part(chunk))
            if sum(part.events for part in waiting) >= self._request.batch_rows:
                yield self._batch(waiting, intake)
                waiting = []
        if waiting:
            yield self._batch(waiting, intake)
        self._check_keys()
        intake.findings += out_of_all(self._notes.findings(), self._events, self._traces)

    def _part(self, chunk: Chunk) -> _Part:
        if chunk.first and chunk.elements[0, t.WORD] != s.LOG:
            raise SourceError(
                f"{self._source.name} is XML, but its outermost element is "
                f"<{chunk.name(0)}> and not <log>. Give a file in XES format."
            )
        n = len(chunk.elements)
        tokens, trace_of = np.empty((n, 6), np.int32), np.empty(n, np.int32)
        heads, out = np.empty(n, np.int32), np.zeros(7, np.int64)
        before = self._traces, self._events
        fits = s.sort_out(
            chunk.buf, chunk.elements, chunk.attributes, *self._slots, *before,
            tokens, trace_of, heads, out,
        )  # fmt: skip
        if not fits:
            raise UnsafeSourceError(
                f"{self._source.name} uses more than {s.MOST_SLOTS:,} different attribute keys. "
                "It was refused; keys must name attributes, not hold their values."
            )
        self._tell_strange(chunk, out)
        add_heads(self.meta, chunk, heads[: out[s.N_HEADS]], self._notes)
        traces, events, used = out[[s.N_TRACES, s.N_EVENTS, s.N_TOKENS]].tolist()
        self._traces, self._events = self._traces + traces, self._events + events
        texts = self._texts(chunk, tokens[:used], traces, events)
        return _Part(traces, events, trace_of[:events].copy(), texts)

    def _texts(
        self, chunk: Chunk, tokens: t.Ints, traces: int, events: int
    ) -> dict[int, pl.Series]:
        order, start = s.by_slot(tokens, len(self._slots))
        texts = {}
        for slot in np.flatnonzero(np.diff(start)).tolist():
            own = order[start[slot] : start[slot + 1]]
            rows = events if self._slots.in_event(slot) else traces
            if self._slots.rows[slot, s.KIND] >= s.LIST:
                texts[slot] = list_column(chunk, tokens[own], rows)
            else:
                texts[slot] = text_column(chunk.buf, tokens, own, rows)
        return texts

    def _tell_strange(self, chunk: Chunk, out: NDArray[np.int64]) -> None:
        if count := int(out[s.N_UNKNOWN]):
            name = f"<{chunk.name(int(out[s.FIRST_UNKNOWN]))}>"
            examples = [self._notes.example(None, name)]
            self._notes.add("element_unknown", "warning", count, examples=examples)
        if count := int(out[s.N_KEYLESS]):
            self._notes.add("attribute_without_key", "warning", count)
        if chunk.texts:
            self._notes.add("text_between_elements", "warning", chunk.texts)

    def _batch(self, parts: list[_Part], intake: Intake) -> Batch:
        traces, events = sum(p.traces for p in parts), sum(p.events for p in parts)
        before = self._events - events
        rows = pl.Series(ROW, np.arange(before + 1, before + events + 1))
        names, objects = self._cases(parts, traces)
        cases = names.gather(_trace_of_events(parts)).alias(CASE)
        self._tell_outside(cases, rows)
        frame, rejects = self._event_frame(parts, rows, cases)
        for role, column in ROLES.items():
            if column in frame.columns:
                intake.roles[role] = column
        return Batch(
            frame, (ObjectColumn(CASE, CASE_TYPE),), objects={CASE_TYPE: objects}, rejects=rejects
        )

    def _written(self, parts: list[_Part], *, in_event: bool) -> list[Texts]:
        """Texts of all parts together, in the order in which their slots first appeared."""
        present = sorted({slot for part in parts for slot in part.texts})
        texts = []
        for slot in present:
            if self._slots.in_event(slot) != in_event:
                continue
            pieces = [
                part.texts[slot]
                if slot in part.texts
                else _nulls(part.events if in_event else part.traces)
                for part in parts
            ]
            _, kind, repeat = self._slots.rows[slot, : s.REPEAT + 1].tolist()
            values = pl.concat(pieces) if len(pieces) > 1 else pieces[0]
            texts.append(Texts(self._slots.path(slot), s.VOCABULARY[kind], repeat, values))
        return texts

    def _cases(self, parts: list[_Part], traces: int) -> tuple[pl.Series, pl.DataFrame]:
        """Name of each trace, and one row per name with the trace attributes."""
        texts = self._written(parts, in_event=False)
        own = [text for text in texts if text.path == (NAME,) and text.repeat == 0]
        others = [text for text in texts if text not in own]
        before = self._traces - traces
        rows = pl.Series(ROW, np.arange(before + 1, before + traces + 1))
        names = self._named(_first_of(own, traces), rows)
        columns = self._trace_columns.build(others, rows)
        table = pl.DataFrame({OBJECT: names, **columns})
        table = self._with_globals(table, "trace", self._trace_columns)
        return names, self._merged(table, rows)

    def _named(self, names: pl.Series, rows: pl.Series) -> pl.Series:
        nameless = (names.is_null() | (names == "")).fill_null(True)
        if not nameless.any():
            return names
        made = (
            pl.Series(rows.cast(pl.String)).to_frame("n").select("trace " + pl.col("n")).to_series()
        )
        few = rows.filter(nameless).head(EXAMPLES)
        self._notes.add(
            "case_name_missing", "warning", int(nameless.sum()), of=len(names),
            examples=[self._notes.example(row, made[row - rows[0]]) for row in few],
        )  # fmt: skip
        return made.zip_with(nameless, names)

    def _merged(self, table: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """One row per name: each attribute as first given. Repeated names are counted."""
        names = table[OBJECT]
        again = ~names.is_first_distinct() | self._seen_before(names)
        if not again.any():
            return table
        few = pl.DataFrame({"row": rows, "name": names}).filter(again).head(EXAMPLES)
        self._notes.add(
            "case_name_repeated", "warning", int(again.sum()), of=len(table),
            examples=[self._notes.example(row, name) for row, name in few.iter_rows()],
            detail={"attributes_differing": _differing(table)},
        )  # fmt: skip
        return table.group_by(OBJECT, maintain_order=True).agg(pl.all().drop_nulls().first())

    def _seen_before(self, names: pl.Series) -> pl.Series:
        """Which names earlier batches had; told by 64-bit hashes, for millions of cases."""
        hashes = names.hash().to_numpy()
        at = np.searchsorted(self._seen, hashes)
        known = np.zeros(len(hashes), np.bool_)
        inside = at < len(self._seen)
        known[inside] = self._seen[at[inside]] == hashes[inside]
        fresh = np.unique(hashes[~known])
        self._seen = np.insert(self._seen, np.searchsorted(self._seen, fresh), fresh)
        return pl.Series(known)

    def _event_frame(
        self, parts: list[_Part], rows: pl.Series, cases: pl.Series
    ) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        texts = self._written(parts, in_event=True)
        stamps = [x for x in texts if x.path == (STAMP,) and x.repeat == 0]
        stamps = [x for x in stamps if x.kind in ("date", "string")]
        times, shown = self._times(stamps, rows)
        others = [x for x in texts if x not in stamps]
        columns = self._event_columns.build(others, rows) | shown
        activity = self._activity(columns, len(rows))
        frame = pl.DataFrame({ROW: rows, CASE: cases, ACTIVITY: activity, TIME: times.utc})
        if times.offset_min.null_count() < len(rows):
            frame = frame.with_columns(times.offset_min.alias(OFFSET_MIN))
        frame = frame.with_columns(values.alias(name) for name, values in columns.items())
        frame = self._with_globals(frame, "event", self._event_columns)
        return rejected(frame, times, _first_of(stamps, len(rows)))

    def _times(self, stamps: list[Texts], rows: pl.Series) -> tuple[Instants, dict[str, pl.Series]]:
        """When each event happened; and, of events with two stamps, the one that is not the time."""
        stamps.sort(key=lambda text: text.kind != "date")
        times = read_instants(_first_of(stamps, len(rows)), self._request.timezone)
        self._event_columns.tell_zones(times, STAMP, len(rows))
        if len(stamps) == 2:
            date, text = stamps[0].values, stamps[1].values
            both = date.is_not_null() & text.is_not_null()
            if both.any():
                few = pl.DataFrame({"row": rows, "text": text}).filter(both).head(EXAMPLES)
                self._notes.add(
                    "time_repeated", "warning", int(both.sum()), of=len(rows),
                    where=f"{STAMP}#string",
                    examples=[self._notes.example(row, value) for row, value in few.iter_rows()],
                )  # fmt: skip
                name = self._event_columns.name((STAMP,), "#string", "string")
                return times, {name: text.zip_with(both, text.clear(len(text)))}
        as_text = sum(len(x.values) - x.values.null_count() for x in stamps if x.kind == "string")
        if as_text:
            self._notes.add("time_written_as_text", "note", as_text, of=len(rows), where=STAMP)
        return times, {}

    def _activity(self, columns: dict[str, pl.Series], rows: int) -> pl.Series:
        """The activity of each event; taken out of the columns when it is concept:name alone."""
        given = [columns[key].cast(pl.String) for key in self._keys if key in columns]
        self._missing_keys -= columns.keys()
        if not given:
            return _nulls(rows)
        if self._keys == [NAME]:
            return columns.pop(NAME).cast(pl.String)
        frame = pl.DataFrame({f"k{i}": values for i, values in enumerate(given)})
        joined = pl.concat_str(pl.all(), separator="+", ignore_nulls=True)
        known = pl.any_horizontal(pl.all().is_not_null())
        return frame.select(pl.when(known).then(joined)).to_series()

    def _check_keys(self) -> None:
        missing = sorted(self._missing_keys - {NAME})
        if missing and self._events:
            raise MappingError(
                f"The mapping names the activity by {missing[0]!r}, which no event of "
                f"{self._source.name} has. {nearest(missing[0], self._event_columns.known)}"
            )

    def _with_globals(self, table: pl.DataFrame, scope: str, columns: Columns) -> pl.DataFrame:
        """Fill missing attributes that the log declares as given everywhere.

        Placeholders (see ``is_placeholder``) are not filled in; both are counted.
        """
        for declared in self.meta["globals"][scope]:
            key = str(declared["key"])
            if key in (NAME, STAMP) or declared["type"] in ("list", "container"):
                continue
            missing = table[key].null_count() if key in table.columns else len(table)
            if not missing:
                continue
            where = key if scope == "event" else f"{CASE_TYPE}.{key}"
            code = "global_not_filled" if is_placeholder(declared) else "global_filled"
            value = str(declared.get("value", ""))
            self._notes.add(
                code, "note", missing, of=len(table), where=where, detail={"default": value}
            )
            if code == "global_filled":
                table = table.with_columns(columns.filled(table, declared))
        return table

    def _tell_outside(self, cases: pl.Series, rows: pl.Series) -> None:
        if cases.null_count():
            few = rows.filter(cases.is_null()).head(EXAMPLES)
            examples = [self._notes.example(row, "") for row in few]
            self._notes.add(
                "event_outside_trace",
                "warning",
                cases.null_count(),
                of=len(cases),
                examples=examples,
            )


def _differing(table: pl.DataFrame) -> int:
    """How often rows with the same name differ in an attribute, counted once an attribute."""
    if table.width == 1:
        return 0
    own = table.filter(table[OBJECT].is_duplicated()).group_by(OBJECT)
    several = own.agg(pl.all().drop_nulls().n_unique() > 1).drop(OBJECT)
    return int(several.sum().sum_horizontal().item())


def _trace_of_events(parts: list[_Part]) -> pl.Series:
    """Trace of each event within the batch, null for an event outside traces."""
    first = np.cumsum([0, *(part.traces for part in parts[:-1])])
    own = [
        np.where(p.trace_of < 0, -1, p.trace_of + at) for p, at in zip(parts, first, strict=True)
    ]
    joined = pl.Series(np.concatenate(own), dtype=pl.Int64)
    return joined.to_frame("t").select(pl.when(pl.col("t") >= 0).then(pl.col("t"))).to_series()


def _first_of(texts: list[Texts], rows: int) -> pl.Series:
    """Row by row the first value there is."""
    if not texts:
        return _nulls(rows)
    if len(texts) == 1:
        return texts[0].values
    return pl.select(pl.coalesce(text.values for text in texts)).to_series()


def _nulls(rows: int) -> pl.Series:
    return pl.repeat(None, rows, dtype=pl.String, eager=True)
