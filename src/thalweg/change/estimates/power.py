"""The smallest effect that a design can show, known before its result is looked at.

Only untreated cells are used: their variance and autocorrelation say how much the estimate of this
very design would vary had nothing been done.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
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
    expected = moments(found.untreated, PERSISTENCE)
    best = int(np.argmin(np.abs(one / zero - expected[:, 1] / expected[:, 0])))
    return float(PERSISTENCE[best]), zero / float(expected[best, 0])


@njit(cache=True, nogil=True)
def moments(cells: Mask, persistence: Floats) -> Floats:
    """(G, 2) expected sums of squares and of neighbours' products for noise of variance one.

    For each autocorrelation (G,) over the cells (N, T) of each unit. Unit means are taken out
    exactly, period means by their share of the degrees of freedom. The sum of correlations with
    all earlier cells follows from that of the cell before, and backwards alike.
    """
    units, periods = cells.shape
    power, near = np.empty(periods + 1), np.empty(periods)
    times = np.empty(periods, np.int64)
    found = np.zeros((len(persistence), 2))
    seen = 0
    for i in range(units):
        seen += cells[i].any()
    shrink = 1.0 - 1.0 / max(seen, 2)
    for g in range(len(persistence)):
        power[0] = 1.0
        for t in range(periods):
            power[t + 1] = power[t] * persistence[g]
        for i in range(units):
            count = 0
            for t in range(periods):
                if cells[i, t]:
                    times[count] = t
                    count += 1
            if count < 2:
                continue
            near[:count] = 1.0
            before = after = 0.0
            for j in range(1, count):
                before = power[times[j] - times[j - 1]] * (1.0 + before)
                near[j] += before
                back = count - 1 - j
                after = power[times[back + 1] - times[back]] * (1.0 + after)
                near[back] += after
            mean = near[:count].sum() / count**2
            found[g, 0] += count * (1.0 - mean)
            for j in range(1, count):
                if times[j] - times[j - 1] == 1:
                    found[g, 1] += persistence[g] - (near[j] + near[j - 1]) / count + mean
    return found * shrink


def _own_variance(found: Imputed, persistence: float, variance: float) -> Floats:
    """(N,) variances of units, drawn towards the common one as if that were ten cells."""
    count = found.untreated.sum(axis=1).astype(np.float64)
    square = (np.nan_to_num(found.residual) ** 2).sum(axis=1)
    ratio = float(square.sum()) / max(variance * float(count.sum()), 1e-300)
    free = np.maximum(count - 1, 0) * (1 - persistence) / (1 + persistence)
    own = square / np.maximum(count * ratio, 1e-300)
    return np.asarray((own * free + variance * 10.0) / (free + 10.0))
