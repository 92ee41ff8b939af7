"""One metric: its value and the months it is of, or why it cannot be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

MONEY = "money"
"""Stands for the currency until a table is made."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A counted figure.

    unit     share, ratio, months, count, or ``MONEY``.
    span     first and last month that it is of.
    missing  code of why there is no value.
    """

    metric: str
    value: float | None
    unit: str
    span: tuple[date, date] | None
    missing: str | None = None

    def row(self, currency: str) -> dict[str, Any]:
        first, last = self.span or (None, None)
        return {
            "metric": self.metric,
            "value": self.value,
            "unit": currency.lower() if self.unit == MONEY else self.unit,
            "known": None if self.value is None else "counted",
            "from": first,
            "to": last,
            "missing": self.missing,
        }


def told(metric: str, value: float, unit: str, span: tuple[date, date]) -> Metric:
    """A metric that has a value; one that is no number is a fault of the program."""
    assert math.isfinite(value), metric
    return Metric(metric, value, unit, span)


def untold(metric: str, unit: str, missing: str, span: tuple[date, date] | None = None) -> Metric:
    return Metric(metric, None, unit, span, missing)


def over(
    metric: str, above: float, below: float, unit: str, span: tuple[date, date], nothing: str
) -> Metric:
    """A quotient; ``nothing`` is the code where what it is divided by is not positive."""
    if not below > 0:
        return untold(metric, unit, nothing, span)
    return told(metric, above / below, unit, span)
