"""One to three treated units: a weighted average of untreated units stands in for each.

Weights are positive, sum to one, and fit the path before the start with its level taken out
(Abadie, Diamond, Hainmueller 2010; the level after Ferman, Pinto 2021 and Doudchenko, Imbens 2016).
The law is that of the same estimate for donors, which were not treated: a rank, no bell curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from thalweg.change.frame import NEVER, Design, Floats, Ints

FEWEST_BEFORE = 6
MOST_TREATED = 3
MOST_SETS = 399
"""Placebo sets drawn for two or three treated units; each needs as many fits."""


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """Effect of the treated units by their synthetic twins, and what donors give instead.

    placebo   (M,) the same average for as many donors, drawn to have the same dates.
    weights   (units, donors); rmse: misfit before the start, over the treated units.
    refused   the code of why there is none; then the other figures are empty or NaN.
    """

    att: float
    placebo: Floats
    weights: Floats
    donors: tuple[str, ...]
    rmse: float
    refused: str | None = None


def simplex(series: Floats, donors: Floats) -> Floats:
    """(D,) weights ≥ 0 that sum to one and fit ``series`` (T,) by ``donors`` (D, T), levels out."""
    gap = series - series.mean()
    base = donors - donors.mean(axis=1, keepdims=True)
    scale = max(float(np.abs(base).max()), float(np.abs(gap).max()), 1e-12) * 1e4
    found, _ = nnls(np.vstack([base.T, np.full(len(base), scale)]), np.append(gap, scale))
    return np.asarray(found / found.sum())


def stand_in(design: Design, *, draws: int, seed: int) -> Stand:
    """Effects and placebo effects. Donors are never-treated units without a missing cell."""
    y = design.panel.scaled()
    start = design.rollout.start
    treated = np.flatnonzero(design.rollout.treated)
    whole = np.isfinite(y).all(axis=1)
    donors = np.flatnonzero((start == NEVER) & whole)
    code = _cannot(design, treated, donors)
    names = tuple(design.panel.units[at] for at in donors)
    if code:
        return Stand(np.nan, np.zeros(0), np.zeros((0, len(names))), names, np.nan, code)
    before, after = design.untreated_cells(), design.treated_cells()
    pairs = [(before[at], after[at]) for at in treated]
    found = [_one(y[at], y[donors], *pair) for at, pair in zip(treated, pairs, strict=True)]
    sizes = np.array([pair[1].sum() for pair in pairs])
    placebo = []
    for chosen in _sets(len(donors), len(treated), draws, np.random.default_rng(seed)):
        left = y[np.delete(donors, chosen)]
        gaps = [_one(y[donors[at]], left, *pair)[0] for at, pair in zip(chosen, pairs, strict=True)]
        placebo.append(float(np.array(gaps) @ sizes / sizes.sum()))
    return Stand(
        att=float(np.array([one[0] for one in found]) @ sizes / sizes.sum()),
        placebo=np.asarray(placebo),
        weights=np.stack([one[1] for one in found]),
        donors=names,
        rmse=float(np.sqrt(np.mean([one[2] ** 2 for one in found]))),
    )


def _cannot(design: Design, treated: Ints, donors: Ints) -> str | None:
    if not len(treated):
        return "no_treated_cells"
    if len(treated) > MOST_TREATED:
        return "many_treated_units"
    if len(donors) < len(treated) + 2:
        return "too_few_donors"
    if design.untreated_cells()[treated].sum(axis=1).min() < FEWEST_BEFORE:
        return "too_few_periods_before"
    return None if design.treated_cells()[treated].any(axis=1).all() else "no_treated_cells"


def _one(
    series: Floats, donors: Floats, before: Floats, after: Floats
) -> tuple[float, Floats, float]:
    """Mean effect, weights and root mean square misfit of one unit."""
    weights = simplex(series[before], donors[:, before])
    gap = series - weights @ donors
    level = gap[before].mean()
    misfit = float(np.sqrt(((gap[before] - level) ** 2).mean()))
    return float(gap[after].mean() - level), weights, misfit


def _sets(donors: int, treated: int, draws: int, rng: np.random.Generator) -> Ints:
    """(M, treated) different donors: each once for one treated unit, else drawn.

    Nobody of a set is a donor to another of it: their gaps would cancel.
    """
    if treated == 1:
        return np.arange(donors)[:, None]
    many = np.tile(np.arange(donors), (min(draws, MOST_SETS), 1))
    return np.asarray(rng.permuted(many, axis=1)[:, :treated], dtype=np.int64)
