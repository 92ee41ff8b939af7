"""Standard errors of the imputation estimator, clustered by unit."""

from __future__ import annotations

import numpy as np

from thalweg.change.estimates.imputation import Imputed
from thalweg.change.frame import Floats, Ints


def conservative(found: Imputed, w: Floats, groups: Ints | None = None) -> float:
    """Standard error of Σ w·Y (Borusyak, Jaravel, Spiess 2024, theorem 3, app. A.9)."""
    return float(np.sqrt((scores(found, w, groups) ** 2).sum()))


def scores(found: Imputed, w: Floats, groups: Ints | None = None) -> Floats:
    """(N,) what each unit's errors add to Σ w·Y; the root of their squares is its standard error.

    groups (N, T) labels treated cells that are expected to share an effect, None: all do;
    deviations from the mean of a group, taken without the unit itself, stand in for the errors of
    treated cells. Conservative: differing effects within a group count as error. A group that
    rests on one unit says nothing; its cells then keep a deviation of zero.
    """
    own = np.where(found.identified, w, 0.0)
    effects = own * np.nan_to_num(found.effect)
    if groups is None:
        by_unit, sums = own.sum(axis=1)[:, None], effects.sum(axis=1)[:, None]
    else:
        by_unit, sums = _unit_group(groups, own), _unit_group(groups, effects)
    square = (by_unit**2).sum(axis=0)
    safe = np.where(square > 0, square, 1.0)
    left = sums - by_unit * ((by_unit * sums).sum(axis=0) / safe)
    lever = by_unit**2 / safe
    several = ((by_unit != 0).sum(axis=0) > 1) & (lever < 1.0)
    scale = np.where(several, 1.0 / np.where(lever < 1.0, 1.0 - lever, 1.0), 1.0)
    own_errors = (left * scale).sum(axis=1)
    return np.asarray(own_errors + np.einsum("it,it->i", w, np.nan_to_num(found.residual)))


def _unit_group(groups: Ints, values: Floats) -> Floats:
    """(N, G) sums of values by unit and group."""
    units, count = len(values), int(groups.max()) + 1
    at = np.arange(units)[:, None] * count + groups
    summed = np.bincount(at.ravel(), weights=values.ravel(), minlength=units * count)
    return np.asarray(summed.reshape(units, count), dtype=np.float64)


def cohort_horizon(start: Ints, periods: int) -> Ints:
    """(N, T) labels of first treated period and period."""
    _, cohort = np.unique(start, return_inverse=True)
    return np.asarray(cohort[:, None] * periods + np.arange(periods)[None, :], dtype=np.int64)


def freedom(w: Floats) -> float:
    """Degrees of freedom of a clustered variance: how many units the estimate rests on.

    Satterthwaite's for a sum of squares of scores whose sizes are those of the weights by unit.
    """
    share = (w**2).sum(axis=1)
    return float(share.sum() ** 2 / (share**2).sum()) if share.any() else 0.0
