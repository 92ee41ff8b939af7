"""The smallest effect that a design can show, known before its result is looked at.

Only untreated cells are used: their variance and autocorrelation say how much the estimate of this
very design would vary had nothing been done.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.linalg import toeplitz

from thalweg.change.estimates.imputation import Imputed, impute
from thalweg.change.estimates.variance import freedom
from thalweg.change.frame import Design, Floats, Mask

PERSISTENCE = np.round(np.arange(0.0, 0.96, 0.05), 2)


@dataclass(frozen=True, slots=True)
class Detectable:
    """effect: smallest true effect found with ``power``, on the scale of the outcome.

    se: standard error to expect; persistence: autocorrelation of the noise from one period to the
    next. refused: why there is none, as a code.
    """

    effect: float | None
    se: float | None
    power: float
    persistence: float | None
    refused: str | None = None


def smallest_detectable(
    design: Design, *, power: float = 0.8, confidence: float = 0.95
) -> Detectable:
    """Smallest effect, the same in all treated cells, that a two-sided test finds with ``power``."""
    found = impute(design)
    target = found.even()
    if not target.any():
        return Detectable(None, None, power, None, "not_identified")
    count = found.untreated.sum(axis=1)
    if (count >= 3).sum() < 3:
        return Detectable(None, None, power, None, "too_few_untreated_cells")
    persistence, variance = noise(found)
    if not variance > 0:
        return Detectable(None, None, power, persistence, "zero_standard_error")
    w = found.weights(target)
    correlation = toeplitz(persistence ** np.arange(w.shape[1]))
    own = _own_variance(found, persistence, variance)
    se = float(np.sqrt((((w @ correlation) * w).sum(axis=1) * own).sum()))
    free = freedom(w)
    reach = float(stats.t.ppf(0.5 + confidence / 2, free) + stats.t.ppf(power, free))
    return Detectable(reach * se, se, power, persistence)


def noise(found: Imputed) -> tuple[float, float]:
    """Autocorrelation and variance whose demeaned moments are those of the untreated residuals.

    Taking out a unit's mean hides slow noise; so the moments that are expected after it, for each
    autocorrelation on a grid, are held against the observed ones.
    """
    left = np.where(found.untreated, found.residual, 0.0)
    zero = float((left**2).sum())
    one = float((left[:, 1:] * left[:, :-1]).sum())
    if zero <= 0:
        return 0.0, 0.0
    best, scale, gap = 0.0, 0.0, np.inf
    for persistence in PERSISTENCE:
        expected = _moments(found.untreated, float(persistence))
        distance = abs(one / zero - expected[1] / expected[0])
        if distance < gap:
            best, scale, gap = float(persistence), zero / expected[0], distance
    return best, scale


def _moments(cells: Mask, persistence: float) -> tuple[float, float]:
    """Expected sums of squares and of neighbours' products for noise of variance one.

    Unit means are taken out exactly, period means by their share of the degrees of freedom.
    """
    correlation = toeplitz(persistence ** np.arange(cells.shape[1]))
    zero = one = 0.0
    for row, many in zip(*np.unique(cells, axis=0, return_counts=True), strict=True):
        times = np.flatnonzero(row)
        if len(times) < 2:
            continue
        part = correlation[np.ix_(times, times)]
        part = part - part.mean(axis=0)[None, :] - part.mean(axis=1)[:, None] + part.mean()
        near = np.diff(times) == 1
        zero += many * float(np.trace(part))
        one += many * float(part[np.arange(len(times) - 1), np.arange(1, len(times))][near].sum())
    units = int(cells.any(axis=1).sum())
    shrink = 1.0 - 1.0 / max(units, 2)
    return zero * shrink, one * shrink


def _own_variance(found: Imputed, persistence: float, variance: float) -> Floats:
    """(N,) variances of units, drawn towards the common one as if that were ten cells."""
    count = found.untreated.sum(axis=1).astype(np.float64)
    square = (np.nan_to_num(found.residual) ** 2).sum(axis=1)
    ratio = float(square.sum()) / max(variance * float(count.sum()), 1e-300)
    free = np.maximum(count - 1, 0) * (1 - persistence) / (1 + persistence)
    own = square / np.maximum(count * ratio, 1e-300)
    return np.asarray((own * free + variance * 10.0) / (free + 10.0))
