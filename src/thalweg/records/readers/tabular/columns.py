"""Columns that become times or typed attributes, with what is decided over the whole column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import polars as pl

from thalweg.records.mapping.flat import AttributeType
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular.cells import as_text
from thalweg.records.text.dates import (
    DateOrder,
    OrderEvidence,
    Times,
    join_date_and_time,
    order_evidence,
    parse_times,
)
from thalweg.records.text.numbers import (
    DecimalEvidence,
    DecimalMark,
    decimal_evidence,
    parse_numbers,
)

Again = Callable[[str], Iterator[pl.Series]]
"""Reads one column of the whole table once more."""

UNIT_SUFFIX = ".currency"
"""Added to the name of an amount column for the column with its currency codes."""

_TRUE = ("true", "t", "yes", "y", "1", "是", "对", "ja", "j", "wahr", "x")
_FALSE = ("false", "f", "no", "n", "0", "否", "错", "nein", "nee", "falsch")


class TimeReader:
    """Reads one time (a column, or date and time of day) chunk by chunk, always the same way."""

    def __init__(
        self,
        columns: tuple[str, ...],
        pattern: str,
        date_order: Literal["auto", "dmy", "mdy"],
        zone: str | None,
        again: Again,
        notes: Notes,
    ) -> None:
        self.columns = columns
        self._pattern, self._zone, self._again, self._notes = pattern, zone, again, notes
        self._order: DateOrder | None = None if date_order == "auto" else date_order
        self._where = "+".join(columns)

    def read(self, rows: pl.DataFrame) -> tuple[pl.Series, Times]:
        """The values as they stand, and the times they mean."""
        raw = rows[self.columns[0]]
        if raw.dtype.is_nested():
            raw = as_text(raw)
        if len(self.columns) == 2:
            raw = join_date_and_time(raw, rows[self.columns[1]])
        order = self._order_for(raw)
        times = parse_times(raw, zone=self._zone or "UTC", pattern=self._pattern, order=order)
        self._tell(times, len(rows))
        return raw, times

    def _order_for(self, values: pl.Series) -> DateOrder:
        if self._order is None and self._pattern == "auto":
            seen = order_evidence(values)
            if seen == OrderEvidence():
                return "dmy"
            if seen.order is None:
                seen = sum(map(order_evidence, self._again(self.columns[0])), OrderEvidence())
            self._order = seen.order or "dmy"
            self._tell_order(seen, self._order)
        return self._order or "dmy"

    def _tell_order(self, seen: OrderEvidence, order: DateOrder) -> None:
        detail = {
            "assumed": order,
            "day_first": seen.day_first,
            "month_first": seen.month_first,
            "undecided": seen.undecided,
        }
        code, severity, count = "date_order_decided", "note", seen.undecided
        if seen.day_first == seen.month_first:
            code, severity = "date_order_ambiguous", "warning"
        elif minority := min(seen.day_first, seen.month_first):
            code, severity, count = "date_order_mixed", "warning", minority
        total = seen.day_first + seen.month_first + seen.undecided
        note: Literal["note", "warning"] = "note" if severity == "note" else "warning"
        self._notes.add(code, note, count, of=total, where=self._where, detail=detail)

    def _tell(self, times: Times, rows: int) -> None:
        notes, where = self._notes, self._where
        if set(times.forms) - {"typed"}:
            read = sum(times.forms.values())
            notes.add(
                "date_forms", "note", read, of=rows, where=where, detail={"forms": times.forms}
            )
        if times.zone_missing:
            code = "zone_missing" if self._zone is None else "zone_stated"
            notes.add(
                code,
                "warning" if self._zone is None else "note",
                times.zone_missing,
                of=rows,
                where=where,
                detail={"assumed": self._zone or "UTC"},
            )
        for code, count in (
            ("time_ambiguous", times.ambiguous),
            ("time_nonexistent", times.nonexistent),
        ):
            if count:
                notes.add(code, "warning", count, of=rows, where=where, detail={"taken": "earlier"})


class AttributeColumns:
    """Gives attribute columns the types that the mapping states."""

    def __init__(
        self,
        types: Mapping[str, AttributeType],
        decimal: Literal["auto", ".", ","],
        again: Again,
        zone: str | None,
        notes: Notes,
    ) -> None:
        self._types, self._decimal, self._again = types, decimal, again
        self._zone, self._notes = zone, notes
        self._marks: dict[str, DecimalMark] = {}

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with typed columns; what cannot be read becomes null and is counted."""
        typed = [
            column
            for name, type_ in self._types.items()
            if name in rows.columns
            for column in self._typed(rows, name, type_)
        ]
        return rows.with_columns(typed) if typed else rows

    def _typed(self, rows: pl.DataFrame, name: str, type_: AttributeType) -> list[pl.Series]:
        if rows[name].dtype.is_nested():
            rows = rows.with_columns(as_text(rows[name]))
        if type_ == "string":
            return [as_text(rows[name])]
        if type_ in ("number", "amount"):
            return self._number(rows, name, amount=type_ == "amount")
        if type_ == "integer":
            return [self._integer(rows, name)]
        if type_ == "boolean":
            return [self._boolean(rows, name)]
        return [self._time(rows, name)]

    def _number(self, rows: pl.DataFrame, name: str, *, amount: bool) -> list[pl.Series]:
        values = rows[name]
        mark = self._mark(values)
        numbers = parse_numbers(values, decimal=mark, strict=self._decimal != "auto")
        self._unreadable(rows, name, numbers.unreadable)
        if numbers.magnitudes:
            count, detail = sum(numbers.magnitudes.values()), {"words": numbers.magnitudes}
            self._notes.add("magnitude_words", "note", count, detail=detail, where=name)
        if numbers.percent:
            self._notes.add("percent_as_share", "note", numbers.percent, where=name)
        currencies = dict(numbers.currency.drop_nulls().value_counts(sort=True).iter_rows())
        if currencies:
            code = "amount_currency" if amount else "currency_left_out"
            count, detail = sum(currencies.values()), {"currencies": currencies}
            self._notes.add(code, "note", count, of=len(rows), where=name, detail=detail)
        read = [numbers.values.alias(name)]
        return [*read, numbers.currency.alias(name + UNIT_SUFFIX)] if amount else read

    def _integer(self, rows: pl.DataFrame, name: str) -> pl.Series:
        values = rows[name]
        if values.dtype.is_integer():
            return values.cast(pl.Int64)
        text = values.cast(pl.String).str.strip_chars()
        exact = text.cast(pl.Int64, strict=False)
        rest = values.zip_with(exact.is_null(), values.clear(len(values)))
        numbers = parse_numbers(rest, decimal=self._mark(rest), strict=self._decimal != "auto")
        whole = numbers.values.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(pl.Float64) == numbers.values).fill_null(False)
        read = exact.zip_with(
            exact.is_not_null(), whole.zip_with(is_whole, exact.clear(len(exact)))
        )
        broken = numbers.values.is_not_null() & ~is_whole
        self._unreadable(rows, name, numbers.unreadable | broken)
        return read.alias(name)

    def _boolean(self, rows: pl.DataFrame, name: str) -> pl.Series:
        if rows[name].dtype == pl.Boolean:
            return rows[name]
        text = rows[name].cast(pl.String).str.strip_chars().str.to_lowercase()
        words = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
        read = text.replace_strict(words, default=None, return_dtype=pl.Boolean)
        self._unreadable(rows, name, read.is_null() & (text != "").fill_null(False))
        return read.alias(name)

    def _time(self, rows: pl.DataFrame, name: str) -> pl.Series:
        reader = TimeReader((name,), "auto", "auto", self._zone, self._again, self._notes)
        _, times = reader.read(rows)
        self._unreadable(rows, name, times.unreadable)
        return times.utc.alias(name)

    def _unreadable(self, rows: pl.DataFrame, name: str, bad: pl.Series) -> None:
        self._notes.count_rows("value_unreadable", "warning", rows.filter(bad), name, len(rows))

    def _mark(self, values: pl.Series) -> DecimalMark:
        """The decimal mark of a column: stated, or decided once over the whole column."""
        if self._decimal != "auto":
            return self._decimal
        name = values.name
        if name in self._marks or values.dtype != pl.String:
            return self._marks.get(name, ".")
        seen = decimal_evidence(values)
        if seen == DecimalEvidence():
            return "."
        if seen.mark is None and seen.undecided:
            seen = sum(map(decimal_evidence, self._again(name)), DecimalEvidence())
        self._marks[name] = seen.mark or "."
        self._tell_mark(name, seen)
        return self._marks[name]

    def _tell_mark(self, name: str, seen: DecimalEvidence) -> None:
        detail = {
            "assumed": self._marks[name],
            "point": seen.point,
            "comma": seen.comma,
            "undecided": seen.undecided,
            "both_meanings": seen.both,
        }
        total = seen.point + seen.comma + seen.undecided
        add = self._notes.add
        if seen.mark is None and seen.undecided:
            add("decimal_ambiguous", "warning", seen.undecided, of=total, where=name, detail=detail)
        elif minority := min(seen.point, seen.comma) + seen.both:
            add("decimal_mixed", "warning", minority, of=total, where=name, detail=detail)
        else:
            add("decimal_decided", "note", total, of=total, where=name, detail=detail)
