"""Differences between two groups of objects, with intervals; objects are the units throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, isnan, lgamma, log1p, nan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_OBJECTS = 20
"""Objects with the measured step that each group needs for a mean or median to be compared."""
FEWEST_PER_GROUP = 10
EXACT_BELOW = 10
"""Expected count below which Fisher's exact test replaces the score test."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """right less left, with an interval and the p-value of "no difference".

    p is NaN where there are too few objects to tell.
    """

    left: float
    right: float
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        return self.right - self.left


def _two_sided(z: float) -> float:
    return erfc(abs(z) / sqrt(2))


def _wallace(t: float, freedom: float) -> float:
    """The normal deviate as unlikely as Student's t (Wallace 1959; good to 0.1 % from 5 up)."""
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return scale * sqrt(freedom * log1p(t * t / freedom))


def student(confidence: float, freedom: float) -> float:
    """Two-sided quantile of Student's t: Wallace's approximation turned round."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    inner = (z * (8 * freedom + 3) / (8 * freedom + 1)) ** 2 / freedom
    return sqrt(freedom * (exp(inner) - 1))


def proportions(x1: int, n1: int, x2: int, n2: int, confidence: float) -> Contrast:
    """Difference of two proportions.

    Interval: hybrid score (Newcombe 1998, method 10). Test: score, or Fisher's exact test where
    an expected count is below ten.
    """
    if min(n1, n2) < FEWEST_PER_GROUP:
        return Contrast(x1 / n1 if n1 else nan, x2 / n2 if n2 else nan, nan, nan, nan)
    p1, p2, pooled = x1 / n1, x2 / n2, (x1 + x2) / (n1 + n2)
    l1, u1 = wilson(x1, n1, confidence)
    l2, u2 = wilson(x2, n2, confidence)
    low = p2 - p1 - sqrt((p2 - l2) ** 2 + (u1 - p1) ** 2)
    high = p2 - p1 + sqrt((u2 - p2) ** 2 + (p1 - l1) ** 2)
    if min(n1, n2) * min(pooled, 1 - pooled) < EXACT_BELOW:
        p = _fisher(x1, n1, x2, n2)
    else:
        p = _two_sided((p2 - p1) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2)))
    return Contrast(p1, p2, low, high, p)


def wilson(x: int, n: int, confidence: float) -> tuple[float, float]:
    """Interval of a proportion, n at least one (Wilson 1927)."""
    low, high = wilson_bounds(np.array([x]), np.array([n]), confidence)
    return float(low[0]), float(high[0])


def wilson_bounds(
    hits: NDArray[Any], trials: NDArray[Any], confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intervals of proportions (Wilson 1927); without trials all of 0 to 1."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    n = np.maximum(trials, 1)
    share, extra = hits / n, z * z / n
    middle = (share + extra / 2) / (1 + extra)
    half = z * np.sqrt(share * (1 - share) / n + extra / (4 * n)) / (1 + extra)
    known = trials > 0
    low = np.where(known & (hits > 0), np.maximum(middle - half, 0.0), 0.0)
    high = np.where(known & (hits < trials), np.minimum(middle + half, 1.0), 1.0)
    return low, high


def _fisher(x1: int, n1: int, x2: int, n2: int) -> float:
    """Two-sided: all tables with the same margins that are no more likely than this one."""
    hits = min(x1 + x2, n1 + n2 - x1 - x2)
    own = x1 if hits == x1 + x2 else n1 - x1

    def log_likely(k: int) -> float:
        return (
            lgamma(n1 + 1) - lgamma(k + 1) - lgamma(n1 - k + 1)
            + lgamma(n2 + 1) - lgamma(hits - k + 1) - lgamma(n2 - hits + k + 1)
        )  # fmt: skip

    logs = [log_likely(k) for k in range(max(0, hits - n2), min(hits, n1) + 1)]
    here, top = log_likely(own), max(logs)
    total = sum(exp(v - top) for v in logs)
    return min(1.0, sum(exp(v - top) for v in logs if v <= here + 1e-7) / total)


def means(
    mean1: float,
    variance1: float,
    n1: int,
    mean2: float,
    variance2: float,
    n2: int,
    confidence: float,
) -> Contrast:
    """Difference of two means of independent objects (Welch 1947); variances are of the means."""
    spread = variance1 + variance2
    if min(n1, n2) < 2 or spread <= 0:
        return Contrast(mean1, mean2, nan, nan, nan)
    freedom = spread**2 / (variance1**2 / (n1 - 1) + variance2**2 / (n2 - 1))
    half = student(confidence, freedom) * sqrt(spread)
    gap = mean2 - mean1
    return Contrast(
        mean1, mean2, gap - half, gap + half, _two_sided(_wallace(gap / sqrt(spread), freedom))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Clustered:
    """Values of one step with the objects they belong to.

    values: seconds, by object. at: where each object's values begin.
    """

    values: Floats
    at: Ints

    @staticmethod
    def of(values: Floats, owner: Ints) -> Clustered:
        first = np.concatenate(([True], owner[1:] != owner[:-1])) if len(owner) else owner > 0
        return Clustered(values, np.flatnonzero(first))

    @property
    def objects(self) -> int:
        return len(self.at)

    @property
    def sizes(self) -> Floats:
        return np.diff(np.append(self.at, len(self.values))).astype(float)

    def ratio(self, of: Floats) -> tuple[float, float]:
        """Mean of ``of`` over all values and the variance of that mean, objects as clusters.

        Linearised ratio of sums (Cochran 1977, 6.4).
        """
        sums, sizes = np.add.reduceat(of, self.at), self.sizes
        total, m = sizes.sum(), self.objects
        mean = float(sums.sum() / total)
        return mean, float(((sums - mean * sizes) ** 2).sum() / total**2 * m / (m - 1))


def clustered_means(a: Clustered, b: Clustered, confidence: float) -> Contrast:
    """Difference of mean times over all occurrences of a step."""
    if min(a.objects, b.objects) < FEWEST_OBJECTS:
        return _untested(a, b, np.mean)
    one, two = a.ratio(a.values), b.ratio(b.values)
    return means(*one, a.objects, *two, b.objects, confidence)


def clustered_medians(a: Clustered, b: Clustered, confidence: float) -> Contrast:
    """Difference of median times.

    Each median's interval inverts that of its distribution function (Woodruff 1952); the two are
    joined by their squared half-widths (Zou and Donner 2008). The test compares the parts of
    occurrences up to the pooled median (Mood 1950), with objects as clusters.
    """
    if min(a.objects, b.objects) < FEWEST_OBJECTS:
        return _untested(a, b, np.median)
    m1, l1, u1 = _median_interval(a, confidence)
    m2, l2, u2 = _median_interval(b, confidence)
    low = m2 - m1 - sqrt((m2 - l2) ** 2 + (u1 - m1) ** 2)
    high = m2 - m1 + sqrt((u2 - m2) ** 2 + (m1 - l1) ** 2)
    middle = np.median(np.concatenate((a.values, b.values)))
    below = [x.ratio(_not_above(x.values, float(middle))) for x in (a, b)]
    test = means(*below[0], a.objects, *below[1], b.objects, confidence)
    return Contrast(m1, m2, low, high, 1.0 if isnan(test.p) else test.p)


def _not_above(values: Floats, middle: float) -> Floats:
    """1 below the middle, 0 above, one half at it, so that ties pull neither way."""
    return np.asarray((values < middle) + 0.5 * (values == middle), float)


def _median_interval(x: Clustered, confidence: float) -> tuple[float, float, float]:
    middle = float(np.median(x.values))
    _, variance = x.ratio(_not_above(x.values, middle))
    half = student(confidence, x.objects - 1) * sqrt(variance)
    low, high = np.quantile(x.values, [max(0.0, 0.5 - half), min(1.0, 0.5 + half)])
    return middle, float(low), float(high)


def _untested(a: Clustered, b: Clustered, figure: object) -> Contrast:
    left, right = (float(figure(x.values)) if len(x.values) else nan for x in (a, b))  # type: ignore[operator]
    return Contrast(left, right, nan, nan, nan)


def adjusted(p: Sequence[float]) -> list[float]:
    """Benjamini–Hochberg (1995) q-values; NaN stays NaN and is not counted as a comparison."""
    values = np.asarray(p, float)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    rank = np.arange(1, len(order) + 1)
    raw = values[order] * len(order) / rank
    out = np.full(len(values), np.nan)
    out[order] = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return [float(q) for q in out]
