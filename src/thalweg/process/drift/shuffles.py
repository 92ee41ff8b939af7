"""The permutation test of a stretch: two statistics on the same shuffled units.

Of each split of an interval, the scores' means on both sides are compared: summed over all scores,
which sees many small differences, and the largest single one, which sees one among many. Shuffling
the units gives the distribution of both without change. The smaller of the two p-values counts,
compared with the smaller ones of the same shuffles, so that looking twice costs no false alarm
(Westfall and Young 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
from numba import njit

from thalweg.process.chunks import Ints, each
from thalweg.process.drift.scores import Floats

FEWEST_ROUNDS, MOST_ROUNDS = 319, 19_999
ROUNDS_OVER = 4
"""Shuffles that reach the statistic just at the level."""
_BATCH, _MOST_BATCHES = 32, 16
_TIE = 1 - 1e-9
_FAST = {"reassoc", "contract", "nsz", "nnan", "arcp"}


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """All splits of a system of intervals; those of interval k at ``start[k]:start[k + 1]``.

    weight: of the squared cumulative deviation, so that every split has the same variance.
    """

    intervals: Ints
    side: int
    start: Ints
    weight: Floats

    @classmethod
    def of(cls, intervals: Ints, side: int) -> Splits:
        length = intervals[:, 1] - intervals[:, 0]
        start = np.concatenate(([0], np.cumsum(length - 2 * side + 1))).astype(np.int64)
        whole = np.repeat(length, np.diff(start))
        left = np.arange(start[-1]) - np.repeat(start[:-1], np.diff(start)) + side
        return cls(intervals, side, start, whole / (left * (whole - left)))


def seeded_intervals(units: int, least: int) -> Ints:
    """Intervals of lengths falling by √2, each shifted by half its length; rows (from, to)."""
    found: list[tuple[int, int]] = []
    length = float(units)
    while round(length) >= least:
        whole = round(length)
        steps = max(1, ceil(2 * (units - whole) / whole)) if whole < units else 1
        starts = np.linspace(0, units - whole, steps + (whole < units)).round().astype(int)
        found += [(int(s), int(s) + whole) for s in np.unique(starts)]
        length /= sqrt(2)
    return np.array(found, np.int64).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Scores of the units, one row a score. summed: 1 for those that enter the sum. peak: weight of
    each in the search for the largest."""

    rows: Floats
    summed: Floats
    peak: Floats


@njit(cache=True, nogil=True, fastmath=_FAST)
def scan(
    rows: Floats,
    summed: Floats,
    peak: Floats,
    order: Ints,
    intervals: Ints,
    side: int,
    start: Ints,
    weight: Floats,
    ramp: Floats,
    room: Floats,
    sums: Floats,
    tops: Floats,
) -> None:
    """Of each interval the largest sum and the largest single score, with the units in this order.

    Takes    ramp: side, side + 1 and so on. room: one number for each split, left as the sums of squared deviations. sums: one
             more than units. tops: two rows, one number for each interval.
    """
    n = len(order)
    room[:] = 0.0
    tops[:] = 0.0
    for f in range(len(rows)):
        for i in range(n):
            sums[i + 1] = sums[i] + rows[f, order[i]]
        part, high = summed[f], peak[f]
        for k in range(len(intervals)):
            s, e, o, p = intervals[k, 0], intervals[k, 1], start[k], start[k + 1]
            base, slope = sums[s], (sums[e] - sums[s]) / (e - s)
            reached, weights, into = sums[s + side :], weight[o:p], room[o:p]
            top = 0.0
            for j in range(p - o):
                gap = reached[j] - base - ramp[j] * slope
                gap = gap * gap
                into[j] += gap * part
                top = max(top, gap * weights[j])
            tops[1, k] = max(tops[1, k], top * high)
    for k in range(len(intervals)):
        top = 0.0
        for at in range(start[k], start[k + 1]):
            top = max(top, room[at] * weight[at])
        tops[0, k] = top


def observed(columns: Columns, splits: Splits) -> Floats:
    """Both statistics of every interval, in the true order."""
    tops = np.empty((2, len(splits.intervals)))
    _shuffled(columns, splits, np.arange(columns.rows.shape[1])[None, :], tops)
    return tops


def _shuffled(columns: Columns, splits: Splits, orders: Ints, tops: Floats) -> Floats:
    out = np.empty((2, len(orders)))
    units = orders.shape[1]
    room, sums = np.empty(splits.start[-1]), np.zeros(units + 1)
    ramp = np.arange(splits.side, units + 1, dtype=np.float64)
    for r, order in enumerate(orders):
        scan(
            *(columns.rows, columns.summed, columns.peak, order, splits.intervals, splits.side),
            *(splits.start, splits.weight, ramp, room, sums, tops),
        )
        out[:, r] = tops.max(axis=1)
    return out


def best_split(columns: Columns, interval: Ints, side: int, which: int) -> int:
    """The unit before which the largest sum (0) or single score (1) of one interval lies."""
    s, e = int(interval[0]), int(interval[1])
    one = columns.rows[:, s:e]
    gap = np.cumsum(one - one.mean(axis=1, keepdims=True), axis=1)[:, side - 1 : e - s - side] ** 2
    value = columns.summed @ gap if which == 0 else (gap * columns.peak[:, None]).max(axis=0)
    left = np.arange(side, e - s - side + 1)
    return s + side + int(np.argmax(value / (left * (e - s - left))))


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """The statistics of shuffled units, and what follows: p-value and thresholds at the level."""

    p: float
    rounds: int
    bars: tuple[float, float]


def shuffle_test(
    columns: Columns,
    splits: Splits,
    tops: Floats,
    level: float,
    seed: np.random.SeedSequence,
    threads: int | None,
) -> Chance:
    """Test at ``level``; ends early once the level cannot be reached any more.

    The smaller p-value's own p-value is never below the smaller p-value itself: once both
    statistics were reached too often, further shuffles cannot make the test reject.
    """
    batches = ceil(min(MOST_ROUNDS, max(FEWEST_ROUNDS, ceil(ROUNDS_OVER / level))) / _BATCH)
    most = level * (batches * _BATCH + 1)
    streams = seed.spawn(batches)
    units = columns.rows.shape[1]

    def work(stream: np.random.SeedSequence) -> Floats:
        rng = np.random.default_rng(stream)
        orders = rng.permuted(np.tile(np.arange(units), (_BATCH, 1)), axis=1)
        return _shuffled(columns, splits, orders, np.empty_like(tops))

    own = tops.max(axis=1)
    found: list[Floats] = []
    group = 1
    while len(found) < batches:
        found += each(work, streams[len(found) : len(found) + group], threads)
        group = min(2 * group, _MOST_BATCHES)
        reached = sum((part >= own[:, None] * _TIE).sum(axis=1) for part in found)
        if (1 + reached > most).all():
            break
    return _combined(np.concatenate([own[:, None], *found], axis=1), level)


def _combined(values: Floats, level: float) -> Chance:
    """Takes    values: two statistics (rows), the observed first, then those of the shuffles."""
    count = values.shape[1]
    ordered = np.sort(values, axis=1)
    reached = np.empty(values.shape, np.int64)
    for k in (0, 1):
        reached[k] = count - np.searchsorted(ordered[k], values[k] * _TIE, "left")
    least = reached.min(axis=0)
    p = float((least <= least[0]).mean())
    within = np.sort(least)[: floor(level * count + 1e-9)]
    rank = max(int(least[0]), int(within[-1]) if len(within) else 1)
    return Chance(p, count - 1, (float(ordered[0, -rank]), float(ordered[1, -rank])))
