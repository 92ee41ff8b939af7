"""From the raw rows of one table, and a mapping, to batches of events.

A reader of a tabular format opens a ``Table``; everything after that is the same for all of
them and happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from thalweg.errors import MappingError
from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    OFFSET_MIN,
    REJECTS_SCHEMA,
    ROW,
    START,
    TIME,
    Batch,
    Intake,
    ReadRequest,
)
from thalweg.records.mapping.flat import FlatMapping, TimeColumn, check_timezone, time_columns
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular.cells import as_ids, as_list, as_text
from thalweg.records.readers.tabular.columns import AttributeColumns, TimeReader
from thalweg.records.readers.tabular.text_checks import TextChecks


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows in record order: ``@row`` and the table's columns, and REJECTS_SCHEMA rows."""

    rows: pl.DataFrame
    rejects: pl.DataFrame | None = None


@dataclass(slots=True)
class Table:
    """One table, opened.

    chunks    reads the rows from the start, each time it is called; what it learns on the way
              goes into the notes it is given.
    is_text   cells are text as people typed it, to be checked for damage.
    notes     what was learned when the table was opened.
    about     format facts for people: encoding, delimiter, sheet …
    """

    format: str
    columns: tuple[str, ...]
    chunks: Callable[[Notes], Iterator[Chunk]]
    notes: Notes
    is_text: bool = True
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _EventKind:
    """One event that each row gives: its activity (null: from the columns), time and start."""

    time: TimeReader
    activity: str | None = None
    start: TimeReader | None = None


def passes(request: ReadRequest) -> Callable[[], ReadRequest]:
    """The request for each pass over a source: only the first one tells of its progress."""
    silent = replace(request, progress=lambda _: None)
    rest = iter((request,))
    return lambda: next(rest, silent)


def intake(table: Table, request: ReadRequest) -> Intake:
    """Turn a table into an intake by the mapping of the request.

    Raises   MappingError: no mapping, or one that does not fit the table.
    """
    mapping = request.mapping
    if not isinstance(mapping, FlatMapping):
        raise MappingError(
            f"{table.notes.source} is a table and needs a mapping of its columns. "
            "Run 'thalweg inspect' on it for a proposal."
        )
    mapping.check_columns(table.columns, table.notes.source)
    if request.timezone is not None:
        check_timezone(request.timezone)
    findings = Intake(table.format, iter(()), roles=dict(mapping.roles), meta=dict(table.about))
    findings.batches = _batches(table, mapping, request, findings)
    return findings


def _batches(
    table: Table, mapping: FlatMapping, request: ReadRequest, opened: Intake
) -> Iterator[Batch]:
    events = _Events(table, mapping, request)
    for chunk in table.chunks(table.notes):
        yield events.batch(chunk)
    opened.findings.extend(table.notes.findings())


class _Events:
    """The mapping at work on one table."""

    def __init__(self, table: Table, mapping: FlatMapping, request: ReadRequest) -> None:
        self._table, self._mapping, self._notes = table, mapping, table.notes
        self._zone = mapping.timezone or request.timezone
        self._kinds = tuple(self._event_kinds())
        self._attributes = AttributeColumns(
            mapping.attribute_types, mapping.decimal, self._column_again, self._zone, self._notes
        )
        self._checks = TextChecks(request.repair_text, self._notes) if table.is_text else None

    def batch(self, chunk: Chunk) -> Batch:
        rows = chunk.rows
        if self._checks is not None:
            rows = self._checks.apply(rows)
        attributes = self._attributes.apply(self._kept(rows))
        parts, rejects = [], [] if chunk.rejects is None else [chunk.rejects]
        for kind in self._kinds:
            events, unreadable = self._read_kind(kind, rows, attributes)
            parts.append(events)
            if len(unreadable):
                rejects.append(unreadable)
        events = parts[0] if len(parts) == 1 else _interleaved(parts)
        return Batch(
            events,
            object_columns=self._mapping.object_columns,
            rejects=pl.concat(rejects).sort(ROW, maintain_order=True) if rejects else None,
        )

    def _event_kinds(self) -> Iterator[_EventKind]:
        mapping = self._mapping
        for milestone in mapping.milestones:
            yield _EventKind(self._reader(milestone.time), milestone.activity)
        if mapping.time is not None:
            start = None if mapping.start is None else self._reader(mapping.start)
            yield _EventKind(self._reader(mapping.time), None, start)

    def _reader(self, column: TimeColumn) -> TimeReader:
        mapping = self._mapping
        return TimeReader(
            time_columns(column),
            mapping.time_format,
            mapping.date_order,
            self._zone,
            self._column_again,
            self._notes,
        )

    def _column_again(self, column: str) -> Iterator[pl.Series]:
        """One column of the whole table, read once more from the start."""
        silent = Notes(self._notes.source)
        for chunk in self._table.chunks(silent):
            yield chunk.rows[column]

    def _kept(self, rows: pl.DataFrame) -> pl.DataFrame:
        """``@row``, object columns and attributes: everything but what became time or activity."""
        mapping = self._mapping
        gone = set(mapping.drop) | {c for kind in self._kinds for c in kind.time.columns}
        gone |= {c for kind in self._kinds if kind.start for c in kind.start.columns}
        if mapping.event is not None:
            gone.add(mapping.event)
        if len(mapping.activity_columns) == 1:
            gone.add(mapping.activity_columns[0])
        ids = {o.column for o in mapping.object_columns}
        gone -= ids | set(mapping.roles.values())
        separators = {o.column: o.separator for o in mapping.objects}
        kept = rows[[c for c in rows.columns if c not in gone]]
        return kept.with_columns(
            as_list(kept[c], separators[c]) if separators.get(c) else as_ids(kept[c])
            for c in sorted(ids)
        )

    def _read_kind(
        self, kind: _EventKind, rows: pl.DataFrame, attributes: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Events of one kind, and the rows whose time cannot be read."""
        raw, times = kind.time.read(rows)
        columns = [_named(times.utc, TIME), self._activity(kind, rows)]
        if times.offset_min is not None:
            columns.append(_named(times.offset_min, OFFSET_MIN))
        if kind.start is not None:
            columns.append(_named(self._start(kind.start, rows), START))
        if self._mapping.event is not None:
            columns.append(_named(as_ids(rows[self._mapping.event]), EVENT))
        events = attributes.with_columns(columns)
        bad = times.unreadable
        if kind.activity is not None:
            absent = times.utc.is_null() & ~bad
            self._notes_absent(kind, int(absent.sum()), len(rows))
            return events.filter(~(bad | absent)), _rejected(rows, raw, bad)
        if not bad.any():
            return events, pl.DataFrame(schema=REJECTS_SCHEMA)
        return events.filter(~bad), _rejected(rows, raw, bad)

    def _activity(self, kind: _EventKind, rows: pl.DataFrame) -> pl.Series:
        if kind.activity is not None:
            return pl.repeat(kind.activity, len(rows), dtype=pl.String, eager=True).alias(ACTIVITY)
        columns = self._mapping.activity_columns
        if len(columns) == 1:
            return _named(as_text(rows[columns[0]]), ACTIVITY)
        parts = pl.DataFrame([as_text(rows[c]) for c in columns])
        return parts.select(pl.concat_str(pl.all(), separator="+").alias(ACTIVITY)).to_series()

    def _start(self, reader: TimeReader, rows: pl.DataFrame) -> pl.Series:
        raw, times = reader.read(rows)
        if times.unreadable.any():
            name = "+".join(reader.columns)
            seen = pl.DataFrame({ROW: rows[ROW], name: raw}).filter(times.unreadable)
            self._notes.count_rows("start_unreadable", "warning", seen, name, len(rows))
        return times.utc

    def _notes_absent(self, kind: _EventKind, absent: int, of: int) -> None:
        """An empty cell of a wide table: the milestone was not reached."""
        if absent:
            where = str(kind.activity)
            self._notes.add("milestone_absent", "note", absent, of=of, where=where)


def _named(values: pl.Series, name: str) -> pl.Series:
    return values.alias(name)


def _interleaved(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Events of several kinds in the order of their rows, then of the mapping."""
    return pl.concat(parts, how="diagonal").sort(ROW, maintain_order=True)


def _rejected(rows: pl.DataFrame, raw: pl.Series, bad: pl.Series) -> pl.DataFrame:
    faulty = rows.filter(bad)
    return pl.DataFrame(
        {
            ROW: faulty[ROW],
            "reason": pl.repeat("time_unreadable", len(faulty), dtype=pl.String, eager=True),
            "value": raw.filter(bad).cast(pl.String),
            "record": as_record(faulty),
        },
        schema=REJECTS_SCHEMA,
    )


def as_record(rows: pl.DataFrame) -> pl.Series:
    """Rows as JSON text, for people to look at."""
    cells = pl.struct(c for c in rows.columns if c != ROW)
    return rows.select(cells.struct.json_encode()).to_series()
