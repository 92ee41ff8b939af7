"""Windows of restricted means: how long every object is followed, chosen once from the whole log.

A window is declared, or it is the time within which 95 % are through (Kaplan and Meier 1958, so
that unfinished ones count), in whole days. It is never so long that more than a fifth of the
observed time would be lost because its objects cannot be followed to the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thalweg.change.panels.grid import DAY_NS
from thalweg.process.chunks import Ints

Basis = Literal["declared", "curve", "span"]
THROUGH = 0.95
LOST_SHARE = 0.2
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Window:
    """within_s: time beyond it counts as the window. basis: declared, from the curve, or cut to a
    fifth of the span. through_s: time within which 95 % are through, None where never seen."""

    within_s: float
    basis: Basis
    through_s: float | None

    @property
    def within_ns(self) -> int:
        return round(self.within_s * 1e9)


def most_days(span_ns: int) -> int:
    """The longest window that the span allows, in days."""
    return max(1, int(span_ns * LOST_SHARE) // DAY_NS)


def buckets(span_ns: int) -> int:
    """Whole days that matter for the choice, and one for everything longer."""
    return most_days(span_ns) + 2


def whole_days(duration_ns: Ints, size: int) -> Ints:
    """Durations in days, rounded up; the last bucket holds all that are longer."""
    return np.minimum(-(-duration_ns // DAY_NS), size - 1)


def count_days(duration_ns: Ints, finished: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """(size, 2) finished and censored durations by whole days."""
    days = whole_days(duration_ns, size)
    table = np.zeros((size, 2), np.int64)
    table[:, 0] = np.bincount(days[finished], minlength=size)
    table[:, 1] = np.bincount(days[~finished], minlength=size)
    return table


def through_days(table: NDArray[np.int64]) -> int | None:
    """Whole days within which 95 % are through; None where the curve does not fall so far.

    Takes    table: (days, 2) finished and censored by whole days, the last row open-ended.
    """
    at_risk = table.sum(axis=1)[::-1].cumsum()[::-1]
    share = np.cumprod(1 - table[:, 0] / np.maximum(at_risk, 1))
    below = np.flatnonzero(share[:-1] <= 1 - THROUGH + 1e-12)
    return int(below[0]) if len(below) else None


def choose_window(table: NDArray[np.int64], span_ns: int, declared_s: float | None) -> Window:
    """The window of one outcome, from the durations of the whole log."""
    days = through_days(table)
    through = None if days is None else max(days, 1) * DAY_S
    if declared_s is not None:
        return Window(declared_s, "declared", through)
    most = most_days(span_ns) * DAY_S
    if through is None or through > most:
        return Window(most, "span", through)
    return Window(through, "curve", through)
