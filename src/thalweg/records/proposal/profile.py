"""What the values of a column look like: the evidence that a proposed mapping rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from thalweg.records.text.dates import order_evidence, parse_times
from thalweg.records.text.numbers import decimal_evidence, parse_numbers

_VALUES = 2_000
_EXAMPLES = 3
_LONGEST_EXAMPLE = 60
_COUNTED = {"excel_serial", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"}
_COMPACT = "yyyymmdd"
_CLOCK = r"^(?:(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?|(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])$"
_WHOLE, _WHOLE_FLOAT = r"^[+-]?[0-9]+$", r"^[+-]?[0-9]+(?:\.0+)?$"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column in figures; shares are of the different values looked at, 0 to 1.

    rows, missing, distinct   of the sample.
    time_share      values that are times; compact_share: 20180102; counted_share: seconds or
                    days since some epoch (any number may look like one).
    clock_share     times of day alone.
    number_share    numbers, whole_share: whole ones, zeros_share: with leading zeros.
    money_share     numbers with a currency or a magnitude word.
    list_share      lists such as ['a', 'b'].
    """

    name: str
    dtype: str
    rows: int
    missing: int
    distinct: int
    examples: tuple[str, ...]
    time_share: float = 0.0
    compact_share: float = 0.0
    counted_share: float = 0.0
    clock_share: float = 0.0
    number_share: float = 0.0
    whole_share: float = 0.0
    zeros_share: float = 0.0
    money_share: float = 0.0
    boolean_share: float = 0.0
    list_share: float = 0.0
    zoned_share: float = 0.0
    order_open: bool = False
    """Dates such as 01/02/2017 occur, and nothing in the sample tells day from month."""
    forms: tuple[str, ...] = ()

    @property
    def given(self) -> int:
        return self.rows - self.missing

    @property
    def is_time(self) -> bool:
        return self.given > 0 and self.time_share >= 0.95

    @property
    def is_number(self) -> bool:
        return self.given > 0 and self.number_share >= 0.99

    @property
    def is_key_like(self) -> bool:
        """Numbers that are names: with leading zeros."""
        return self.zeros_share > 0

    def to_json(self) -> dict[str, Any]:
        """The figures that tell something, for people and programs."""
        shares = {
            name: round(value, 3)
            for name in (
                "time_share",
                "number_share",
                "whole_share",
                "money_share",
                "list_share",
                "clock_share",
            )
            if (value := getattr(self, name))
        }
        return {
            "name": self.name,
            "type": self.dtype,
            "missing": self.missing,
            "distinct": self.distinct,
            "examples": list(self.examples),
            **shares,
        }


def profile(rows: pl.DataFrame, name: str) -> ColumnProfile:
    """Look at one column of a sample."""
    values = rows[name]
    if values.dtype == pl.String:
        values = values.to_frame().select(pl.when(pl.col(name) != "").then(name)).to_series()
    shown = values.cast(pl.List(pl.String)) if isinstance(values.dtype, pl.List) else values
    different = shown.drop_nulls().unique(maintain_order=True)
    common: dict[str, Any] = {
        "name": name,
        "dtype": _dtype_name(values.dtype),
        "rows": len(values),
        "missing": values.null_count(),
        "distinct": len(different),
        "examples": tuple(str(v)[:_LONGEST_EXAMPLE] for v in different.head(_EXAMPLES).to_list()),
    }
    if isinstance(values.dtype, pl.List):
        return ColumnProfile(**common, list_share=1.0)
    if values.dtype.is_temporal() and values.dtype not in (pl.Time, pl.Duration):
        zoned = float(getattr(values.dtype, "time_zone", None) is not None)
        return ColumnProfile(**common, time_share=1.0, zoned_share=zoned, forms=("typed",))
    if values.dtype == pl.Boolean:
        return ColumnProfile(**common, boolean_share=1.0)
    looked_at = _spread(different)
    if values.dtype.is_numeric():
        text = looked_at.cast(pl.String)
        shares = _times(text) | {"number_share": 1.0, "whole_share": _share(text, _WHOLE_FLOAT)}
        return ColumnProfile(**common, **{**shares, "time_share": 0.0})
    return ColumnProfile(**common, **_text_shares(looked_at.cast(pl.String)))


def _dtype_name(dtype: pl.DataType) -> str:
    if dtype == pl.String:
        return "text"
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "number"
    if dtype.is_temporal():
        return "time"
    return "boolean" if dtype == pl.Boolean else str(dtype).lower()


def _spread(different: pl.Series) -> pl.Series:
    """At most so many values, evenly from all over the sample."""
    step = max(1, len(different) // _VALUES)
    return different.gather_every(step).head(_VALUES)


def _share(text: pl.Series, pattern: str) -> float:
    if text.is_empty():
        return 0.0
    return int(text.str.strip_chars().str.contains(pattern).sum() or 0) / len(text)


def _text_shares(text: pl.Series) -> dict[str, Any]:
    if text.is_empty():
        return {}
    decimal = decimal_evidence(text).mark or "."
    numbers = parse_numbers(text, decimal=decimal)
    read = len(text) - numbers.values.null_count()
    present = read + int(numbers.unreadable.sum() or 0)
    money = len(text) - numbers.currency.null_count()
    return {
        **_times(text),
        "clock_share": _share(text, _CLOCK),
        "number_share": read / present if present else 0.0,
        "whole_share": _share(text, _WHOLE) * len(text) / max(present, 1),
        "zeros_share": _share(text, r"^0[0-9]"),
        "money_share": max(money, sum(numbers.magnitudes.values())) / max(present, 1),
        "boolean_share": _share(text.str.to_lowercase(), r"^(?:true|false|yes|no|是|否)$"),
        "list_share": _share(text, r"^\[.*\]$"),
    }


def _times(text: pl.Series) -> dict[str, Any]:
    """Shares of values that are times, by kind of form."""
    if text.is_empty():
        return {}
    seen = order_evidence(text)
    times = parse_times(text, order=seen.order or "dmy")
    present = len(text) - times.utc.null_count() + int(times.unreadable.sum() or 0)
    counted = sum(n for form, n in times.forms.items() if form in _COUNTED)
    compact = times.forms.get(_COMPACT, 0)
    written = sum(times.forms.values()) - counted - compact
    zoned = 0
    if times.offset_min is not None:
        zoned = len(text) - times.offset_min.null_count() - counted
    total = max(present, 1)
    return {
        "time_share": written / total,
        "compact_share": compact / total,
        "counted_share": counted / total,
        "zoned_share": max(zoned, 0) / total,
        "order_open": seen.order is None and seen.undecided > 0,
        "forms": tuple(times.forms),
    }
