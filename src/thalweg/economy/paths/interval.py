"""Draws as intervals, for amounts and for months that may never come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from thalweg.economy.frame import Floats


class Interval(NamedTuple):
    """Median, beginning and end; None where nothing can be said."""

    value: float | None
    low: float | None
    high: float | None


def interval(draws: Floats, confidence: float) -> Interval:
    """Median and equal-tailed interval of draws that are all finite, else nothing."""
    if not len(draws) or not np.isfinite(draws).all():
        return Interval(None, None, None)
    tail = (1 - confidence) / 2
    low, middle, high = np.quantile(draws, [tail, 0.5, 1 - tail])
    return Interval(float(middle), float(low), float(high))


def place_interval(draws: Floats, confidence: float) -> tuple[int | None, int | None, int | None]:
    """The same of months by place, where NaN is "not within the horizon"; None is beyond it too.

    Quantiles are places that occur, not means of two.
    """
    never = np.where(np.isfinite(draws), draws, np.inf)
    if not len(never):
        return None, None, None
    tail = (1 - confidence) / 2
    found = np.quantile(never, [0.5, tail, 1 - tail], method="inverted_cdf")
    middle, low, high = (int(one) if np.isfinite(one) else None for one in found)
    return middle, low, high
