"""Does a stretch of objects hold a change? A permutation test on runs of neighbouring objects.

Objects are gathered into *units*, runs of equal length that are long enough for neighbouring units
to be nearly independent. If nothing changes, any order of the units is as likely as any other. The
statistics (``shuffles``) are largest differences of the scores on both sides of a split, over all
splits of a fixed system of intervals (seeded binary segmentation, Kovács and others 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, inf, sqrt

import numpy as np

from thalweg.process.chunks import Ints
from thalweg.process.drift.scores import Floats, Scores
from thalweg.process.drift.shuffles import (
    MOST_ROUNDS,
    Columns,
    Splits,
    best_split,
    observed,
    seeded_intervals,
    shuffle_test,
)

MOST_UNITS, FEWEST_UNITS = 240, 20
SIDE_UNITS, SIDE_OBJECTS = 4, 20
"""Least units and objects on each side of a split."""
FEWEST_OBJECTS = 60
MEMORY_LENGTHS = 5.0
SEEN_MEMORY = 0.25
"""A unit is at least this many times as long as the memory of the scores."""
_COMPONENTS, _ITERATIONS = 3, 20
_KEPT_DIFFERENCES = 0.85
_LENGTHS = (1, 2, 3, 4)
_MOST_STEPS, _STEP_ABOVE_NOISE, _FEWEST_DIFFERENCES = 12, 5.0, 15
_RATIO_NOISE = 6.5
_FINE_UNITS = 40
SURE = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Runs of objects: unit ``u`` is ``edges[u]:edges[u + 1]``, with sums of scores by feature.

    weight: what a feature's sum is compared with: objects, or objects that have a time. The first
    ``summed`` features are relations; the others, inflows of steps, overlap with them.
    """

    edges: Ints
    total: Floats
    weight: Floats
    scale: Floats
    summed: int

    @property
    def units(self) -> int:
        return len(self.edges) - 1

    def merged(self, by: int) -> Units:
        """Units of ``by`` neighbours each; the last one takes what is left over."""
        at = np.arange(0, self.units - by + 1, by)
        total, weight = (np.add.reduceat(m, at, axis=0) for m in (self.total, self.weight))
        return Units(
            np.append(self.edges[at], self.edges[-1]), total, weight, self.scale, self.summed
        )

    def deviations(self) -> Floats:
        """By how much each unit's sums differ from what the mean of all foretells, weighted."""
        mean = self.total.sum(axis=0) / np.maximum(self.weight.sum(axis=0), 1)
        size = np.diff(self.edges)[:, None]
        return np.asarray((self.total - mean * self.weight) / np.sqrt(size) * self.scale)


def gather_units(scores: Scores, lo: int, hi: int, units: int) -> Units:
    """Units of nearly equal length over the objects ``lo:hi``."""
    return units_between(scores, lo + (np.arange(units + 1) * (hi - lo)) // units)


def units_between(scores: Scores, edges: Ints) -> Units:
    """Units with these edges; their features are the relations, then the inflows."""
    total, weight = unit_sums(scores, edges)
    into, expected = inflow_sums(scores, edges)
    scale = np.concatenate((scores.scale, scores.into_scale))
    return Units(
        edges, np.hstack((total, into)), np.hstack((weight, expected)), scale, scores.features
    )


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


def inflow_sums(scores: Scores, edges: Ints) -> tuple[Floats, Floats]:
    """By unit and step of ``into``: how often it followed, and how often it was to be expected.

    Expected from the steps reached in each unit and what follows them in all units, so that
    only what follows steps counts, not which steps were reached.
    """
    units, steps = len(edges) - 1, scores.relations.codes + 1
    if len(scores.into) == 0:
        return np.zeros((units, 0)), np.zeros((units, 0))
    at = scores.offsets[edges]
    run = slice(int(at[0]), int(at[-1]))
    unit = np.repeat(np.arange(units), np.diff(at))
    value = scores.value[run]
    shape = (units, steps)
    total, reached = (
        np.asarray(np.bincount(unit * steps + c, value, units * steps), float).reshape(shape)
        for c in (scores.target[run], scores.source[run])
    )
    part = next_steps(scores, run)[:, scores.into]
    return total[:, scores.into], reached @ part


def next_steps(scores: Scores, run: slice) -> Floats:
    """How often each step (row) was followed by each (column), as part of how often it was."""
    steps = scores.relations.codes + 1
    key = scores.source[run].astype(np.int64) * steps + scores.target[run]
    flow = np.asarray(np.bincount(key, scores.value[run], steps * steps), float)
    flow = flow.reshape(steps, steps)
    return np.asarray(flow / np.maximum(flow.sum(axis=1, keepdims=True), 1e-12))


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
    fade: memory of the units by which their rows were whitened. ahead: the statistic as a multiple
    of its threshold.
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
    fade: float = 0.0
    ahead: float = 1.0


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
    columns = _columns(units, memory / needed)
    size = objects // units.units
    side = max(SIDE_UNITS, ceil(SIDE_OBJECTS / size))
    splits = Splits.of(seeded_intervals(units.units, 2 * side), side)
    if len(splits.intervals) == 0:
        return refused("few_objects", units.units)
    tops = observed(columns, splits)
    chance = shuffle_test(columns, splits, tops, level, seed, threads)
    split, ahead = None, 1.0
    if chance.p <= level:
        over = tops / np.maximum(np.array(chance.bars)[:, None], 1e-300)
        length = splits.intervals[:, 1] - splits.intervals[:, 0]
        k = int(np.argmin(np.where((over >= 1).any(axis=0), length, units.units + 1)))
        which, ahead = int(np.argmax(over[:, k])), float(over.max())
        split = int(units.edges[best_split(columns, splits.intervals[k], side, which)])
    bound = min(most_memory, max(memory, SEEN_MEMORY) * fine)
    statistic = float(tops[0].max())
    return Verdict(
        *(lo, hi, units.units, size, level, statistic, chance.p, chance.rounds, split, None),
        *(bound, memory / needed, ahead),
    )


def inflation(scores: Scores, lo: int, at: int, hi: int, unit_objects: int, fade: float) -> float:
    """By how much likeness of neighbours beside a change raises the variance of means.

    The autocorrelations of the units' deviations from the means of their sides are added up while
    they exceed their standard error, over all scores and along the change; 1 where the first one is
    within ``SURE`` standard errors. Slow waves escape ``memory_units``, which sees differences of
    near units only: here they show.
    """
    left, right = (max(2, round((b - a) / unit_objects)) for a, b in ((lo, at), (at, hi)))
    edges = np.concatenate(
        (
            lo + (np.arange(left) * (at - lo)) // left,
            at + (np.arange(right + 1) * (hi - at)) // right,
        )
    )
    rows = whitened(units_between(scores, edges).deviations(), fade)
    gap = rows[left:].mean(axis=0) - rows[:left].mean(axis=0)
    rest = rows.copy()
    rest[:left] -= rows[:left].mean(axis=0)
    rest[left:] -= rows[left:].mean(axis=0)
    n = len(rest)
    chance = (rest**2).mean(axis=0) * (1 / left + 1 / right)
    way = gap * np.maximum(0, 1 - 4 * chance / np.maximum(gap**2, 1e-300))
    most = 1.0
    for x in (rest, (rest @ way)[:, None]):
        size = x.T @ x if x.shape[1] < n else x @ x.T
        whole = float(size.trace())
        if not whole > 0:
            continue
        error = sqrt(float((size**2).sum()) / n) / whole
        alike = [float((x[lag:] * x[:-lag]).sum()) / whole + 2 / n for lag in range(1, n // 4 + 1)]
        if alike and alike[0] > SURE * error:
            end = next((k for k, r in enumerate(alike) if r <= error), len(alike))
            most = max(most, 1 + 2 * sum(alike[:end]))
    return most


def _columns(units: Units, memory: float) -> Columns:
    """The scores for the test, whitened; a score that few units show weighs less as a single one.

    Of such scores chance makes large values more often, so that they would set the threshold.
    """
    rows = np.ascontiguousarray(whitened(units.deviations(), memory).T)
    spread = (rows**2).mean(axis=1)
    tails = (rows**4).mean(axis=1) / np.maximum(spread**2, 1e-300) / 3
    peak = np.where(spread > 1e-12, 1 / np.maximum(spread * np.maximum(tails, 1), 1e-12), 0.0)
    summed = np.where(np.arange(len(rows)) < units.summed, 1.0, 0.0)
    return Columns(rows, summed, peak)
