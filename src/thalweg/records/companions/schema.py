"""What a table beside the events consists of, and what reading it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from thalweg.records.intake import ROW, UTC_NS
from thalweg.records.trust import Severity

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile

CellKind = Literal["text", "list", "moment", "number", "amount", "flag"]
"""text; list: several separated by ; or 、; moment: a date or a time; number; amount: a number
with a currency; flag: yes or no."""

FAULTS_SCHEMA = {
    ROW: pl.Int64,
    "reason": pl.String,
    "column": pl.String,
    "value": pl.String,
    "record": pl.String,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its kind, what it means, and the names that it goes by elsewhere.

    A ``moment`` is stored as ``<name>_at`` (UTC) and ``<name>_day`` (the local day); an ``amount``
    with a ``currency`` column beside it. ``known_as`` are compact names (``proposal.rules``).
    """

    name: str
    kind: CellKind
    meaning: str
    known_as: str
    required: bool = False

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
    "number": pl.Float64(),
    "flag": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be used: a code, where it is, and what to do about it."""

    row: int
    code: str
    column: str
    value: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about rows that are used all the same, or are there a second time."""

    code: str
    severity: Severity
    rows: tuple[int, ...]
    column: str = ""
    value: str = ""


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
        if found := tuple(rows):
            self.remarks.append(Remark(code, severity, found, column, value))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a table is checked against.

    zone       of dates and times without one.
    profile    the one given, or the one in the book.
    parties    the parties that the book will hold, or None.
    span_ns    first and last instant of the book's events, or None when it has none.
    known      which of some names occur among the book's parties, roles, attributes and objects.
    names      names to offer when one is unknown, the likeliest first.
    """

    zone: str
    profile: Profile | None
    parties: pl.DataFrame | None
    span_ns: tuple[int, int] | None
    known: Callable[[Iterable[str]], set[str]]
    names: Callable[[], list[str]]


Check = Callable[[pl.DataFrame, Surroundings, Judgement], pl.DataFrame]
"""Takes the typed rows (``@row`` first), adds faults and remarks, gives the rows back mended."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of table.

    further  what becomes of columns that the schema does not name: all are kept, as numbers where
             every value is one and as text else.
    group    the column by which rows belong together: a group of which no row can be used is an
             error, and not a setting-aside.
    """

    table: str
    columns: tuple[Column, ...]
    check: Check
    group: str | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def stored(self) -> dict[str, pl.DataType]:
        """Columns of the stored table that are always there, with their types."""
        return {ROW: pl.Int64(), **{k: v for c in self.columns for k, v in c.stored().items()}}
