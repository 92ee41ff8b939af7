"""Dirt on request: the faults of records that people keep, each of them counted.

A share of the rows of each table gets one fault that loses or repeats something, and a share of
its cells another spelling that a reader must see through. Which rows, is drawn by lot from a seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.industry.world.words import Language

Fault = Literal[
    "time_missing",
    "time_undecided",
    "start_after_end",
    "row_repeated",
    "row_late",
    "time_form",
    "amount_in_ten_thousands",
    "amount_in_yuan",
    "full_width",
    "trailing_blank",
]
"""time_missing, time_undecided   the completion of a piece of work is empty, or a word.
start_after_end   start and completion of a piece of work are exchanged.
row_repeated, row_late   a row stands twice; a row was entered after all others of its table.
The rest are spellings: nothing is lost when they are read with care."""

FAULTS: tuple[Fault, ...] = get_args(Fault)
_OF_ROWS: tuple[Fault, ...] = FAULTS[:5]
UNDECIDED: Mapping[Language, str] = {"en": "to be confirmed", "zh": "待定"}
YUAN, TEN_THOUSAND = "元", "万元"
_WIDE = dict(zip("0123456789.", "０１２３４５６７８９．", strict=True))
_FORMS: Mapping[Language, Sequence[str]] = {
    "en": ("%Y/%-m/%-d %-H:%M:%S", "%Y.%-m.%-d %H:%M:%S"),
    "zh": ("%Y/%-m/%-d %-H:%M:%S", "%Y年%-m月%-d日 %-H:%M:%S"),
}
PLAIN_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class WorkColumns:
    """The columns that tell when a piece of work was completed and, if it took time, began.

    united   the column whose equal cells make one event of several rows, if there is one: a row
             that stands twice then makes one event all the same.
    """

    end: str
    start: str | None = None
    united: str | None = None


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table as text, before it is written.

    works    pieces of work; each that is filled makes an event.
    amounts  columns with money.
    """

    name: str
    rows: pl.DataFrame
    works: tuple[WorkColumns, ...] = ()
    amounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Damage:
    """What was spoilt: by fault, how many rows or cells of each table.

    events_repeated   by table, events that the rows make that stand twice, beyond the first.
    """

    faults: dict[Fault, dict[str, int]] = field(default_factory=dict)
    events_repeated: dict[str, int] = field(default_factory=dict)

    def total(self, fault: Fault) -> int:
        return sum(self.faults.get(fault, {}).values())

    def to_json(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {"events_repeated": self.events_repeated}
        return counts | {str(fault): tables for fault, tables in self.faults.items()}


def spoil(
    tables: Sequence[TextTable], share: float, seed: int, language: Language
) -> tuple[list[TextTable], Damage]:
    """Tables with faults, and their count; tables without pieces of work stay as they are.

    Takes    share: of the rows of a table that get a fault, and of its cells that are spelt
             otherwise; 0 to 0.5. seed: each table draws from a stream of its own.
    """
    damage = Damage({fault: {} for fault in FAULTS})
    done = []
    for number, table in enumerate(tables):
        if not table.works or share == 0:
            done.append(table)
            continue
        rng = np.random.default_rng([seed, 7, number])
        done.append(_Spoiler(table, share, rng, language, damage).spoilt())
    return done, damage


@dataclass(slots=True)
class _Spoiler:
    """One table while it is spoilt."""

    table: TextTable
    share: float
    rng: np.random.Generator
    language: Language
    damage: Damage
    rows: pl.DataFrame = field(init=False)
    copies: NDArray[np.int64] = field(init=False)
    """How often each row will stand in the table."""

    def spoilt(self) -> TextTable:
        self.rows = self.table.rows
        fault, work = self._drawn()
        self.copies = np.where(fault == _OF_ROWS.index("row_repeated"), 2, 1)
        for number, columns in enumerate(self.table.works):
            if columns.start is not None:
                self._lose(fault, work == number, columns.start, columns.end)
        for columns in self.table.works:
            for column in filter(None, (columns.start, columns.end)):
                self._spell_time(column)
        for column in self.table.amounts:
            self._spell_amount(column)
        self._repeat_and_delay(fault)
        return TextTable(self.table.name, self.rows, self.table.works, self.table.amounts)

    def _drawn(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each row its fault (-1: none) and the piece of work that suffers it (-1: none).

        Only work that began before it was completed can be chosen: where both are one, the loss
        of the completion could not be told from work that was never done. Nor is work of which
        several rows tell: they would contradict each other.
        """
        rows = self.table.rows
        real = np.zeros((len(rows), len(self.table.works)), np.bool_)
        for number, work in enumerate(self.table.works):
            if work.start is not None:
                took_time = rows[work.start] != rows[work.end]
                if work.united is not None:
                    took_time &= ~rows[work.united].is_duplicated()
                real[:, number] = took_time.fill_null(False).to_numpy()
        chance = self.rng.random(len(rows))
        fault = self.rng.integers(0, len(_OF_ROWS), len(rows))
        fault[(chance >= self.share) | ~real.any(axis=1)] = -1
        weight = np.where(real, self.rng.random(real.shape), -1.0)
        return fault, np.where(fault >= 0, weight.argmax(axis=1), -1)

    def _lose(
        self, fault: NDArray[np.int64], here: NDArray[np.bool_], start: str, end: str
    ) -> None:
        undecided = pl.lit(UNDECIDED[self.language])
        losses: dict[Fault, dict[str, pl.Expr]] = {
            "time_missing": {end: pl.lit(None, pl.String)},
            "time_undecided": {end: undecided},
            "start_after_end": {start: pl.col(end), end: pl.col(start)},
        }
        for name, changes in losses.items():
            mask = here & (fault == _OF_ROWS.index(name))
            chosen = pl.lit(pl.Series(mask))
            self.rows = self.rows.with_columns(
                pl.when(chosen).then(new).otherwise(pl.col(column)).alias(column)
                for column, new in changes.items()
            )
            self._count(name, mask)

    def _spell_time(self, column: str) -> None:
        """Another form of date, digits of full width, and blanks behind."""
        for form in _FORMS[self.language]:
            other = _time(column).dt.strftime(form)
            self._respell("time_form", column, _time(column).is_not_null(), other)
        self._loosen(column)

    def _spell_amount(self, column: str) -> None:
        number = pl.col(column).cast(pl.Float64, strict=False)
        plain = number.is_not_null()
        ten_thousands = pl.format("{}" + TEN_THOUSAND, (number / 10_000).round(6))
        self._respell("amount_in_ten_thousands", column, plain, ten_thousands)
        plain = pl.col(column).cast(pl.Float64, strict=False).is_not_null()
        self._respell("amount_in_yuan", column, plain, pl.col(column) + YUAN)
        self._loosen(column)

    def _loosen(self, column: str) -> None:
        present = pl.col(column).is_not_null() & ~pl.col(column).is_in(list(UNDECIDED.values()))
        wide = pl.col(column).str.replace_many(list(_WIDE), list(_WIDE.values()))
        if self.language == "zh":
            self._respell("full_width", column, present, wide)
        self._respell("trailing_blank", column, present, pl.col(column) + "  ")

    def _respell(self, fault: Fault, column: str, where: pl.Expr, new: pl.Expr) -> None:
        chosen = pl.lit(pl.Series(self.rng.random(len(self.rows)) < self.share))
        mask = self.rows.select((chosen & where).fill_null(False).alias("m"))["m"]
        self.rows = self.rows.with_columns(
            pl.when(pl.lit(mask)).then(new).otherwise(pl.col(column)).alias(column)
        )
        self._count(fault, mask.to_numpy() * self.copies)

    def _repeat_and_delay(self, fault: NDArray[np.int64]) -> None:
        repeated = fault == _OF_ROWS.index("row_repeated")
        late = fault == _OF_ROWS.index("row_late")
        order = np.arange(len(fault))
        in_time = np.repeat(order[~late], np.where(repeated[~late], 2, 1))
        place = np.concatenate([in_time, order[late]])
        again = self.rows.filter(pl.Series(repeated))
        single = [work.end for work in self.table.works if work.united is None]
        works = sum(len(again) - again[end].null_count() for end in single)
        self.damage.events_repeated[self.table.name] = works
        self.rows = self.rows[place]
        self._count("row_repeated", repeated)
        self._count("row_late", late)

    def _count(self, fault: Fault, times: NDArray[np.generic]) -> None:
        counts = self.damage.faults[fault]
        counts[self.table.name] = counts.get(self.table.name, 0) + int(times.sum())


def _time(column: str) -> pl.Expr:
    """The cells that are still in the plain form, as times."""
    return pl.col(column).str.to_datetime(PLAIN_TIME, strict=False)
