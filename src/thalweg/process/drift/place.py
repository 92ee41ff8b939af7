"""Where a change lies, how surely, and whether it came suddenly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Literal

import numpy as np

from thalweg.process.chunks import Ints
from thalweg.process.drift.scores import Floats, Kind, Scores
from thalweg.process.drift.segments import Units, next_steps, units_between

Shape = Literal["sudden", "gradual", "unclear"]
SIDE_BATCHES = 4
RAMP_POINTS = 60
EVIDENCE = 3.0
"""Difference of log-likelihoods from which one shape is preferred to another."""
_LONG_RAMP, _SHORT_RAMP = 0.2, 3
"""Ramps over a fifth of the points are gradual; over three, a step between points looks alike."""
_RANK_VARIANCE: dict[Kind, float] = {"control_flow": 1.0, "times": 1 / 12}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """How far each relation shown goes the new way; when its object began, and when it was shown."""

    gain: Floats
    begun_ns: Ints
    at_ns: Ints


def project(scores: Scores, begun_ns: Ints, lo: int, at: int, hi: int, *, crossed: bool) -> Rows:
    """The relations of the objects ``lo:hi``, along the difference between both sides of ``at``.

    A tenth of each side, beside ``at``, takes no part in the difference. crossed: the difference is
    that of every other object for the ones between them. Then no object's chance enters its own
    direction, which would make the step look surer than it is.
    """
    edges = np.array([lo, at - (at - lo) // 10, at + (hi - at) // 10, hi], np.int64)
    offset = scores.offsets[lo : hi + 1]
    run = slice(int(offset[0]), int(offset[-1]))
    owner = np.repeat(np.arange(lo, hi), np.diff(offset))
    if not crossed:
        way = _direction(units_between(scores, edges), _RANK_VARIANCE[scores.kind])
        return Rows(_gains(scores, run, way), begun_ns[owner], scores.at_ns[run])
    gain = np.empty(len(owner))
    for first in (0, 1):
        half = _every_other(scores, lo, hi, first)
        between = units_between(half, (edges - lo - first + 1) // 2)
        way = _direction(between, _RANK_VARIANCE[scores.kind])
        mine = (owner - lo) % 2 != first
        gain[mine] = _gains(scores, run, way)[mine]
    return Rows(gain, begun_ns[owner], scores.at_ns[run])


def _every_other(scores: Scores, lo: int, hi: int, first: int) -> Scores:
    """The scores of the objects ``lo + first``, two further, and so on."""
    count = np.diff(scores.offsets[lo : hi + 1])
    mine = np.repeat(np.arange(hi - lo) % 2 == first, count)
    run = slice(int(scores.offsets[lo]), int(scores.offsets[hi]))
    return replace(
        scores,
        offsets=np.concatenate(([0], np.cumsum(count[first::2]))).astype(np.int64),
        feature=scores.feature[run][mine],
        source=scores.source[run][mine],
        target=scores.target[run][mine] if len(scores.target) else scores.target,
        value=scores.value[run][mine],
    )


def _gains(scores: Scores, run: slice, way: Floats) -> Floats:
    """The rows of a run of scores, less what is to be expected, along a direction."""
    value = scores.value[run]
    if scores.kind == "times":
        feature = scores.feature[run]
        count = np.maximum(np.bincount(feature, minlength=scores.features), 1)
        level = np.bincount(feature, value, scores.features) / count
        return np.asarray(way[feature] * (value - level[feature]))
    steps = scores.relations.codes + 1
    gains = np.zeros((steps, steps))
    gains[:, scores.into] = way[scores.features :]
    gains[scores.keys // steps, scores.keys % steps] += way[: scores.features]
    expected = (gains * next_steps(scores, run)).sum(axis=1)
    source = scores.source[run]
    return np.asarray((gains[source, scores.target[run]] - expected[source]) * value)


def _direction(units: Units, variance: float) -> Floats:
    """Weights of the features for telling the last unit from the first.

    The difference over the variance of each; differences that chance explains count less, and those
    of less than two standard errors not at all.
    """
    size = np.diff(units.edges)
    mean = units.total.sum(axis=0) / np.maximum(units.weight.sum(axis=0), 1e-12)
    rest = (units.total - mean * units.weight) / size[:, None]
    gap = rest[2] - rest[0]
    spread = units.scale**-4 * variance
    square = gap**2 / spread * size[0] * size[2] / (size[0] + size[2])
    sure = np.maximum(0, 1 - 4 / np.maximum(square, 1e-12))
    return np.asarray(gap / spread * (sure if sure.any() else 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A step fitted to the rows in the order of ``key``."""

    key: Ints
    series: Floats
    split: int
    evidence: float
    spread: float
    at_ns: int
    low_ns: int
    high_ns: int


def fit_step(rows: Rows, key_ns: Ints, unit: int, confidence: float, margin: int) -> Fit:
    order = np.argsort(key_ns, kind="stable")
    key, series = key_ns[order], rows.gain[order]
    split, low, high = step_interval(series, unit, confidence, margin)
    return Fit(
        key,
        series,
        split,
        float(_step_fits(series)[split - 1]),
        _spread(series, split, unit),
        int(key[split]),
        int(key[low]),
        int(key[high]),
    )


def step_interval(y: Floats, unit: int, confidence: float, margin: int = 1) -> tuple[int, int, int]:
    """The best step in a series, at least ``margin`` from its ends, and the confidence interval of
    its place.

    All places whose log-likelihood is near enough to the best (Siegmund 1988): beside a step it
    falls like a random walk with drift on either side, whose rise above its start is below c with
    probability 1 − exp(−c). The variance is that of means of ``unit`` neighbours, so that likeness
    of neighbours widens the interval.
    """
    n = len(y)
    fit = _step_fits(y)
    margin = max(1, min(margin, n // 3))
    fit[: margin - 1], fit[n - margin :] = -1.0, -1.0
    best = int(np.argmax(fit)) + 1
    spread = _spread(y, best, unit)
    bar = -log(1 - sqrt(confidence))
    inside = np.flatnonzero(fit.max() - fit <= 2 * bar * spread) + 1
    return best, int(inside.min()), min(n - 1, int(inside.max()))


def _step_fits(y: Floats) -> Floats:
    """By how much a step before each place lessens the sum of squares."""
    n = len(y)
    left = np.arange(1, n)
    sums = np.cumsum(y - y.mean())[:-1]
    return np.asarray(sums**2 * n / (left * (n - left)))


def _spread(y: Floats, at: int, unit: int) -> float:
    """Variance of one value around the step, from means of units: independent of each other."""
    rest = y.copy()
    rest[:at] -= y[:at].mean()
    rest[at:] -= y[at:].mean()
    own = float(rest.var())
    batches = len(y) // max(unit, 1)
    if unit == 1 or batches < 2 * SIDE_BATCHES:
        return own
    edges = (np.arange(batches) * len(y)) // batches
    size = np.diff(np.append(edges, len(y)))
    return max(own, float((np.add.reduceat(rest, edges) ** 2 / size).mean()))


def shape_of(y: Floats, at: int, unit: int) -> tuple[Shape, tuple[int, int] | None]:
    """Sudden, gradual (a straight ramp), or not to be told apart."""
    n = len(y)
    points = min(RAMP_POINTS, n // max(unit, 2))
    if points < 4 * SIDE_BATCHES:
        return "unclear", None
    edges = (np.arange(points + 1) * n) // points
    mean = np.add.reduceat(y, edges[:-1]) / np.diff(edges)
    spread = _spread(y, at, unit) / (n / points)
    place = np.arange(points)
    step = float(_step_fits(mean).max())
    best, long, ramp = -1.0, -1.0, (0, 0)
    for a in range(points - 1):
        for b in range(a + 2, points + 1):
            fit = _explained(mean, np.clip((place - a + 0.5) / (b - a), 0, 1))
            if b - a <= _SHORT_RAMP:
                step = max(step, fit)
            elif fit > best:
                best, ramp = fit, (a, b)
            if b - a >= _LONG_RAMP * points:
                long = max(long, fit)
    if best - step > 2 * EVIDENCE * spread:
        return "gradual", (int(edges[ramp[0]]), min(n - 1, int(edges[ramp[1]])))
    return ("sudden" if step - long > 2 * EVIDENCE * spread else "unclear"), None


def _explained(mean: Floats, way: Floats) -> float:
    x = way - way.mean()
    size = float((x * x).sum())
    return float(x @ mean) ** 2 / size if size > 0 else 0.0
