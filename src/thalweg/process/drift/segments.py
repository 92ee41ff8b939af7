"""Does a stretch of objects hold a change? A permutation test on runs of neighbouring objects.

Objects are gathered into *units*, runs of equal length that are long enough for neighbouring units
to be nearly independent. If nothing changes, any order of the units is as likely as any other. The
statistic is the largest squared distance between the mean scores on both sides of a split, over all
splits of a fixed system of intervals (seeded binary segmentation, Kovács and others 2023); its
distribution without change comes from shuffling the units.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, inf, sqrt

import numpy as np
from numba import njit

from thalweg.process.chunks import Ints, each
from thalweg.process.drift.scores import Floats, Scores

MOST_UNITS, FEWEST_UNITS = 240, 20
SIDE_UNITS, SIDE_OBJECTS = 4, 20
"""Least units and objects on each side of a split."""
FEWEST_OBJECTS = 60
MEMORY_LENGTHS = 5.0
SEEN_MEMORY = 0.25
"""A unit is at least this many times as long as the memory of the scores."""
FEWEST_ROUNDS, MOST_ROUNDS = 499, 19_999
_BATCH, _BATCHES = 64, 8
_COMPONENTS, _ITERATIONS = 3, 20
_KEPT_DIFFERENCES = 0.85
_LENGTHS = (1, 2, 3, 4)
_MOST_STEPS, _STEP_ABOVE_NOISE, _FEWEST_DIFFERENCES = 12, 5.0, 15
_RATIO_NOISE = 6.5
_FINE_UNITS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Runs of objects: unit ``u`` is ``edges[u]:edges[u + 1]``, with sums of scores by feature.

    weight: what a feature's sum is compared with: objects, or objects that have a time.
    """

    edges: Ints
    total: Floats
    weight: Floats
    scale: Floats

    @property
    def units(self) -> int:
        return len(self.edges) - 1

    def merged(self, by: int) -> Units:
        """Units of ``by`` neighbours each; the last one takes what is left over."""
        at = np.arange(0, self.units - by + 1, by)
        total, weight = (np.add.reduceat(m, at, axis=0) for m in (self.total, self.weight))
        return Units(np.append(self.edges[at], self.edges[-1]), total, weight, self.scale)

    def deviations(self) -> Floats:
        """By how much each unit's sums differ from what the mean of all foretells, weighted."""
        mean = self.total.sum(axis=0) / np.maximum(self.weight.sum(axis=0), 1)
        size = np.diff(self.edges)[:, None]
        return np.asarray((self.total - mean * self.weight) / np.sqrt(size) * self.scale)


def gather_units(scores: Scores, lo: int, hi: int, units: int) -> Units:
    """Units of nearly equal length over the objects ``lo:hi``."""
    edges = lo + (np.arange(units + 1) * (hi - lo)) // units
    return Units(edges, *unit_sums(scores, edges), scores.scale)


def unit_sums(scores: Scores, edges: Ints) -> tuple[Floats, Floats]:
    """By unit and feature: the sum of values, and the number of objects that could have one.

    Those are the objects that reached the source (control flow), or have a time (times).
    """
    units, width = len(edges) - 1, scores.features
    at = scores.offsets[edges]
    run = slice(int(at[0]), int(at[-1]))
    unit = np.repeat(np.arange(units), np.diff(at))
    feature, value = scores.feature[run], scores.value[run]
    mine = feature >= 0
    cell = unit[mine] * width + feature[mine]
    total = np.asarray(np.bincount(cell, value[mine], units * width), float).reshape(units, width)
    if scores.kind == "times":
        count = np.bincount(cell, minlength=units * width).reshape(units, width)
        return total, count.astype(float)
    steps = scores.relations.codes + 1
    cell = unit * steps + scores.source[run]
    reached = np.asarray(np.bincount(cell, value, units * steps), float)
    return total, np.asarray(reached.reshape(units, steps)[:, scores.keys // steps])


def memory_units(units: Units) -> float:
    """How long neighbouring units resemble each other, in units (the finest).

    For scores whose correlation fades as exp(−lag / memory), the mean squared differences of units
    one and two apart tell the memory, whatever the level does elsewhere (after Chakar and others
    2017). Differences across what looks like a change are left out. Read from the sum over all
    features and from the directions in which the units vary most, at several lengths of units;
    the longest counts, of those that chance does not explain.
    """
    longest = 0.0
    steps = _steps(units.deviations())
    for by in _LENGTHS:
        if units.units // by < _FINE_UNITS:
            break
        for ratio in _ratios(units.merged(by).deviations(), by, steps):
            longest = max(longest, by * _memory(ratio))
    return longest


def _steps(rows: Floats) -> Ints:
    """Where the level seems to change: the best split, and others far above the noise.

    A level with as many splits as are looked for wanders, and none of them counts.
    """
    noise = _typical(((rows[1:] - rows[:-1]) ** 2).sum(axis=1)) / 2
    found: list[int] = []
    open_runs = [(0, len(rows))]
    while open_runs and len(found) < _MOST_STEPS:
        lo, hi = open_runs.pop(0)
        if hi - lo < 2 * SIDE_UNITS:
            continue
        sums = np.cumsum(rows[lo:hi], axis=0)
        left = np.arange(1, hi - lo)[:, None]
        right = (hi - lo) - left
        gap = sums[:-1] / left - (sums[-1] - sums[:-1]) / right
        value = ((left * right / (hi - lo)) * gap**2).sum(axis=1)[SIDE_UNITS - 1 : 1 - SIDE_UNITS]
        best = int(np.argmax(value))
        if not found or value[best] > _STEP_ABOVE_NOISE * noise:
            at = lo + SIDE_UNITS + best
            found.append(at)
            open_runs += [(lo, at), (at, hi)]
    if len(found) == _MOST_STEPS:
        return np.empty(0, np.int64)
    return np.array(sorted(found), np.int64)


def _ratios(rows: Floats, by: int, steps: Ints) -> list[float]:
    """The ratios of the differences, where larger than chance makes them in one of fifty cases."""
    start = np.arange(len(rows)) * by
    free = [
        np.searchsorted(steps, start[:-h], "right")
        == np.searchsorted(steps, start[:-h] + (h + 1) * by, "left")
        for h in (1, 2)
    ]
    if min(int(mask.sum()) for mask in free) < _FEWEST_DIFFERENCES:
        return []
    found = []
    top = _widest(rows)
    for x in (top[:, :1], top, rows):
        size = x.T @ x if x.shape[1] < len(x) else x @ x.T
        if not size.trace() > 0:
            return []
        one, two = (
            _typical(((x[h:] - x[:-h]) ** 2).sum(axis=1)[mask])
            for h, mask in zip((1, 2), free, strict=True)
        )
        freedom = size.trace() ** 2 / (size**2).sum()
        ratio = two / one - 1 if one > 0 else 0.0
        found.append(ratio if ratio > _RATIO_NOISE / sqrt(free[1].sum() * freedom) else 0.0)
    return found


def _widest(rows: Floats) -> Floats:
    """The units along the directions in which they vary most, by orthogonal iteration."""
    width = min(_COMPONENTS, *rows.shape)
    way = np.linalg.qr(rows[np.argsort(-(rows**2).sum(axis=1), kind="stable")[:width]].T)[0]
    for _ in range(_ITERATIONS):
        way = np.linalg.qr(rows.T @ (rows @ way))[0]
    return np.asarray(rows @ way)


def _typical(squares: Floats) -> float:
    kept = np.sort(squares)[: int(_KEPT_DIFFERENCES * len(squares))]
    return float(kept.mean())


def _memory(ratio: float) -> float:
    """The memory, in units, that gives this ratio of differences (see ``_expected_ratio``)."""
    if ratio <= 0:
        return 0.0
    low, high = 1e-3, 1e3
    if ratio >= _expected_ratio(high):
        return high
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (middle, high) if _expected_ratio(middle) < ratio else (low, middle)
    return low


def whitened(rows: Floats, memory: float) -> Floats:
    """Rows less what the row before foretells, given the memory in rows."""
    if memory <= 0:
        return rows
    level, one, _ = _covariances(memory)
    out = rows.copy()
    out[1:] -= one / level * rows[:-1]
    return out


def _expected_ratio(x: float) -> float:
    level, one, two = _covariances(x)
    return (one - two) / max(level - one, 1e-12)


def _covariances(x: float) -> tuple[float, float, float]:
    """Of averages over neighbouring lengths of 1, at lags 0, 1 and 2, when correlation fades as
    exp(−t / x)."""
    fade = exp(-1 / x)
    one = x * x * (1 - fade) ** 2
    return 2 * x * (1 - x * (1 - fade)), one, one * fade


@dataclass(frozen=True, slots=True)
class Verdict:
    """The test of one stretch: p-value (None: not tested, see reason) and where a change lies.

    split: object rank of the best split of the narrowest interval that exceeds the threshold.
    most_memory: in objects, what parts of the stretch may have (they are judged by fewer objects).
    """

    lo: int
    hi: int
    units: int
    unit_objects: int
    level: float
    statistic: float | None
    p: float | None
    rounds: int
    split: int | None
    reason: str | None
    most_memory: float


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


@njit(cache=True, nogil=True)
def _scan(gram: Floats, order: Ints, intervals: Ints, side: int, sums: Floats, best: Floats) -> int:
    """The largest statistic of each interval with the units in this order; and the best split
    of the last interval."""
    n = len(order)
    for i in range(n):
        line = 0.0
        row = order[i]
        for j in range(n):
            line += gram[row, order[j]]
            sums[i + 1, j + 1] = sums[i, j + 1] + line
    split = -1
    for k in range(len(intervals)):
        s, e = intervals[k, 0], intervals[k, 1]
        whole = sums[e, e] - sums[s, e] - sums[e, s] + sums[s, s]
        best[k] = -1.0
        for m in range(s + side, e - side + 1):
            a, b = m - s, e - m
            left = sums[m, m] - sums[s, m] - sums[m, s] + sums[s, s]
            right = sums[e, e] - sums[m, e] - sums[e, m] + sums[m, m]
            across = whole - left - right
            gap = left / (a * a) + right / (b * b) - across / (a * b)
            value = gap * a * b / (a + b)
            if value > best[k]:
                best[k] = value
                split = m
    return split


@njit(cache=True, nogil=True)
def _shuffled(gram: Floats, orders: Ints, intervals: Ints, side: int, out: Floats) -> None:
    """The largest statistic over all intervals, for each order of the units."""
    n = orders.shape[1]
    sums = np.zeros((n + 1, n + 1))
    best = np.empty(len(intervals))
    for r in range(len(orders)):
        _scan(gram, orders[r], intervals, side, sums, best)
        out[r] = best.max()


def judge_stretch(
    scores: Scores,
    lo: int,
    hi: int,
    level: float,
    seed: np.random.SeedSequence,
    threads: int | None = None,
    most_memory: float = inf,
) -> Verdict:
    """Test the objects ``lo:hi`` at ``level``.

    Takes    most_memory: the longest memory, in objects, that the whole of which this is a part
             leaves possible.
    """
    objects = hi - lo

    def refused(reason: str, units: int = 0) -> Verdict:
        size = objects // units if units else 0
        return Verdict(lo, hi, units, size, level, None, None, 0, None, reason, inf)

    if objects < FEWEST_OBJECTS:
        return refused("few_objects")
    if level * (MOST_ROUNDS + 1) < 1:
        return refused("stretch_too_short")
    if scores.features == 0:
        return refused("no_features")
    finest = gather_units(scores, lo, hi, min(MOST_UNITS, objects))
    fine = objects / finest.units
    memory = min(memory_units(finest), most_memory / fine)
    needed = max(1, ceil(MEMORY_LENGTHS * memory))
    if finest.units // needed < FEWEST_UNITS:
        return refused("serial_dependence", finest.units // needed)
    units = gather_units(scores, lo, hi, finest.units // needed)
    rows = whitened(units.deviations(), memory / needed)
    size = objects // units.units
    side = max(SIDE_UNITS, ceil(SIDE_OBJECTS / size))
    intervals = seeded_intervals(units.units, 2 * side)
    if len(intervals) == 0:
        return refused("few_objects", units.units)
    gram = rows @ rows.T
    shape = (units.units + 1, units.units + 1)
    own = np.empty(len(intervals))
    _scan(gram, np.arange(units.units), intervals, side, np.zeros(shape), own)
    top = float(own.max())
    chance, rounds = _chance(gram, intervals, side, top, level, seed, threads)
    p = (1 + int((chance >= top * (1 - 1e-9)).sum())) / (1 + rounds)
    split = None
    if p <= level:
        bar = np.sort(chance)[min(rounds - 1, ceil((1 - level) * (rounds + 1)) - 1)]
        over = intervals[own >= min(bar, top)]
        s, e = over[np.argmin(over[:, 1] - over[:, 0])]
        one = np.array([[s, e]], np.int64)
        at = _scan(gram, np.arange(units.units), one, side, np.zeros(shape), np.empty(1))
        split = int(units.edges[at])
    bound = min(most_memory, max(memory, SEEN_MEMORY) * fine)
    return Verdict(lo, hi, units.units, size, level, top, p, rounds, split, None, bound)


def _chance(
    gram: Floats,
    intervals: Ints,
    side: int,
    top: float,
    level: float,
    seed: np.random.SeedSequence,
    threads: int | None,
) -> tuple[Floats, int]:
    """Statistics of shuffled units; ends early once the level cannot be reached any more."""
    rounds = min(MOST_ROUNDS, max(FEWEST_ROUNDS, ceil(5 / level)))
    batches = ceil(rounds / _BATCH)
    most = level * (batches * _BATCH + 1)
    streams = seed.spawn(batches)

    def work(stream: np.random.SeedSequence) -> Floats:
        rng = np.random.default_rng(stream)
        orders = np.tile(np.arange(len(gram)), (_BATCH, 1))
        out = np.empty(_BATCH)
        _shuffled(gram, rng.permuted(orders, axis=1), intervals, side, out)
        return out

    found: list[Floats] = []
    for first in range(0, batches, _BATCHES):
        found += each(work, streams[first : first + _BATCHES], threads)
        if 1 + sum(int((part >= top).sum()) for part in found) > most:
            break
    chance = np.concatenate(found)
    return chance, len(chance)
