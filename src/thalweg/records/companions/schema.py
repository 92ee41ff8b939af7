"""What a table beside the events consists of, and what reading it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from thalweg.records.intake import ROW, UTC_NS
from thalweg.records.trust import Severity

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile

CellKind = Literal["text", "list", "moment", "month", "day", "number", "amount", "flag"]
"""text; list: several separated by ; or 、; moment: a date or a time; month, day: a date, a month or
a longer period; number; amount: a number with a currency; flag: yes or no."""
EXAMPLES_KEPT = 5
"""Rows of a remark that are named; the others are counted."""

FAULTS_SCHEMA = {
    ROW: pl.Int64,
    "reason": pl.String,
    "column": pl.String,
    "value": pl.String,
    "record": pl.String,
}
DOCUMENTS_SCHEMA = {"document": pl.String, "type": pl.String, "object": pl.UInt32}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its kind, what it means, and the names that it goes by elsewhere.

    A ``moment`` is stored as ``<name>_at`` (UTC) and ``<name>_day`` (the local day); a ``month`` as
    its first day, a ``day`` as a date; an ``amount`` with a ``currency`` column beside it.
    ``known_as`` are compact names (``proposal.rules``).

    instead    column whose cells serve where a table has no column of this name.
    whole_day  a day without a time of day counts to its end, a longer period to its last month.
    until      of a month: the column that takes the last month where a cell tells a longer period;
               without one such a cell is a fault.
    """

    name: str
    kind: CellKind
    meaning: str
    known_as: str
    required: bool = False
    instead: str | None = None
    whole_day: bool = False
    until: str | None = None

    def stored(self) -> dict[str, pl.DataType]:
        """Columns of the stored table that come of it."""
        if self.kind == "moment":
            return {f"{self.name}_at": UTC_NS, f"{self.name}_day": pl.Date()}
        if self.kind == "amount":
            return {self.name: pl.Float64(), "currency": pl.String()}
        return {self.name: _STORED[self.kind]}


_STORED: dict[CellKind, pl.DataType] = {
    "text": pl.String(),
    "list": pl.List(pl.String()),
    "month": pl.Date(),
    "day": pl.Date(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be used: a code, where it is, what to do about it, and nearest valid values."""

    row: int
    code: str
    column: str
    value: str
    cure: str = ""
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about rows that are used all the same, or are there a second time.

    examples  the first rows (None: no single one), each with what is to be seen there.
    """

    code: str
    severity: Severity
    count: int
    examples: tuple[tuple[int | None, str], ...]
    column: str = ""
    of: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def near_words(word: str, valid: Iterable[str]) -> tuple[str, ...]:
    """Up to three valid words that resemble a wrong one."""
    return tuple(get_close_matches(word, list(dict.fromkeys(valid)), n=3, cutoff=0.6))


@dataclass(slots=True)
class Judgement:
    """What checking a table found; the checks of a schema add to it."""

    faults: list[Fault] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def bad_rows(self) -> set[int]:
        return {fault.row for fault in self.faults}

    def note(
        self,
        code: str,
        severity: Severity,
        rows: Iterable[int],
        column: str = "",
        value: str = "",
    ) -> None:
        """Remark on rows, if there are any."""
        found = rows if isinstance(rows, pl.Series) else pl.Series(list(rows), dtype=pl.Int64)
        if len(found):
            examples = tuple((row, value) for row in found.head(EXAMPLES_KEPT))
            self.remarks.append(Remark(code, severity, len(found), examples, column))

    def remark(self, remark: Remark) -> None:
        """Add a remark with examples of its own, if it counts anything."""
        if remark.count:
            self.remarks.append(remark)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a table is checked against.

    zone       of dates and times without one.
    profile    the one given, or the one in the book.
    parties    the parties that the book will hold, or None.
    span_ns    first and last instant of the book's events, or None when it has none.
    known      which of some names occur among the book's parties, roles, attributes and objects.
    names      names to offer when one is unknown, the likeliest first.
    tables     another table as the book will hold it, or None.
    objects    which of some ids are objects: document, type, object (code); ``documents.py``.
    """

    zone: str
    profile: Profile | None
    parties: pl.DataFrame | None
    span_ns: tuple[int, int] | None
    known: Callable[[Iterable[str]], set[str]]
    names: Callable[[], list[str]]
    tables: Callable[[str], pl.DataFrame | None] = lambda _: None
    objects: Callable[[pl.Series], pl.DataFrame] = lambda _: pl.DataFrame(schema=DOCUMENTS_SCHEMA)


Check = Callable[[pl.DataFrame, Surroundings, Judgement], pl.DataFrame]
"""Takes the typed rows (``@row`` first), adds faults and remarks, gives the rows back mended."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of table.

    further  what becomes of columns that the schema does not name: all are kept, as numbers where
             every value is one and as text else.
    keys       columns that are kept with rows set aside, so that one knows whom they concern.
    check      of rows as they are read.
    recheck    of rows that are held, when events come in: says anew the remarks ``rechecked``.
    repeats    whether rows that say the same as an earlier one count all the same.
    group      the column by which rows belong together: a group of which no row can be used is an
               error, and not a setting-aside.
    """

    table: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    check: Check
    recheck: Callable[[pl.DataFrame, Surroundings, Judgement], None] | None = None
    rechecked: tuple[str, ...] = ()
    repeats: bool = False
    group: str | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def stored(self) -> dict[str, pl.DataType]:
        """Columns of the stored table that are always there, with their types."""
        return {ROW: pl.Int64(), **{k: v for c in self.columns for k, v in c.stored().items()}}
