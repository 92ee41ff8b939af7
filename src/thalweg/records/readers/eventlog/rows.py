"""Cases and events that arrive one by one, gathered into a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from thalweg.records.intake import (
    ACTIVITY,
    CASE,
    OBJECT,
    OFFSET_MIN,
    ROW,
    TIME,
    Batch,
    ObjectColumn,
)
from thalweg.records.mapping.flat import CASE_TYPE
from thalweg.records.readers.eventlog.columns import Columns, Texts, rejected
from thalweg.records.readers.xml_scan.instants import read_instants

Path = tuple[str, ...]


@dataclass(slots=True)
class Rows:
    """Rows in the making: cells by attribute, each with the row it stands in.

    An attribute is its path of keys, its XES type and which of that path it is in its row.
    """

    count: int = 0
    first: int = 1
    _cells: dict[tuple[Path, str, int], tuple[list[int], list[str]]] = field(default_factory=dict)
    _last: dict[tuple[Path, str], tuple[int, int]] = field(default_factory=dict)

    def begin(self) -> int:
        """Open a row; its number in the source, counted from 1."""
        self.count += 1
        return self.first + self.count - 1

    def put(self, path: Path, value: str, kind: str = "string") -> None:
        """Write into the row that was opened last."""
        row = self.count - 1
        seen_row, repeat = self._last.get((path, kind), (-1, 0))
        repeat = repeat + 1 if seen_row == row else 0
        self._last[path, kind] = (row, repeat)
        rows, values = self._cells.setdefault((path, kind, repeat), ([], []))
        rows.append(row)
        values.append(value)

    def texts(self) -> list[Texts]:
        """One column of text for each attribute."""
        empty = pl.repeat(None, self.count, dtype=pl.String, eager=True)
        return [
            Texts(path, kind, repeat, empty.clone().scatter(rows, values))
            for (path, kind, repeat), (rows, values) in self._cells.items()
        ]

    def numbers(self) -> pl.Series:
        return pl.Series(ROW, range(self.first, self.first + self.count), dtype=pl.Int64)

    def emptied(self) -> Rows:
        return Rows(first=self.first + self.count)


@dataclass(slots=True)
class Gathering:
    """Cases and events of a log with their names, until there are enough for a batch.

    activity, stamp   paths of the attributes that become ``@activity`` and ``@time``.
    """

    activity: str
    stamp: str
    trace_columns: Columns
    event_columns: Columns
    cases: Rows = field(default_factory=Rows)
    events: Rows = field(default_factory=Rows)
    _names: list[str] = field(default_factory=list)
    _case_of: list[str | None] = field(default_factory=list)

    def begin_case(self, name: str) -> None:
        self.cases.begin()
        self._names.append(name)

    def begin_event(self, case: str | None) -> None:
        self.events.begin()
        self._case_of.append(case)

    def take(self) -> Batch:
        """What has been gathered, leaving nothing behind."""
        events, cases = self.events, self.cases
        texts = events.texts()
        stamps, activities = _all_of(texts, self.stamp), _all_of(texts, self.activity)
        rest = [text for text in texts if text not in (*stamps, *activities)]
        written = _first_of(stamps, events.count)
        times = read_instants(written, self.event_columns.zone)
        self.event_columns.tell_zones(times, self.stamp, events.count)
        frame = pl.DataFrame(
            {
                ROW: events.numbers(),
                CASE: pl.Series(self._case_of, dtype=pl.String),
                ACTIVITY: _first_of(activities, events.count),
                TIME: times.utc,
                OFFSET_MIN: times.offset_min,
                **self.event_columns.build(rest, events.numbers()),
            }
        )
        frame, rejects = rejected(frame, times, written)
        names = pl.Series(self._names, dtype=pl.String)
        columns = self.trace_columns.build(cases.texts(), cases.numbers())
        table = pl.DataFrame({OBJECT: names, **columns})
        table = table.group_by(OBJECT, maintain_order=True).agg(pl.all().drop_nulls().first())
        self.events, self.cases = events.emptied(), cases.emptied()
        self._names, self._case_of = [], []
        objects = {CASE_TYPE: table}
        return Batch(frame, (ObjectColumn(CASE, CASE_TYPE),), objects=objects, rejects=rejects)


def _all_of(texts: list[Texts], key: str) -> list[Texts]:
    return [text for text in texts if text.path == (key,) and text.repeat == 0]


def _first_of(texts: list[Texts], rows: int) -> pl.Series:
    """Row by row the first value there is."""
    if not texts:
        return pl.repeat(None, rows, dtype=pl.String, eager=True)
    return pl.select(pl.coalesce(text.values for text in texts)).to_series()
