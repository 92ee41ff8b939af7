"""Effects by distance from the start, by cohort, and by intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from thalweg.change.estimates.adapter import callaway_santanna
from thalweg.change.estimates.estimate import PathPoint, weighted_mean
from thalweg.change.estimates.fitted import BIN, binned
from thalweg.change.estimates.imputation import Imputed, covariates, impute, impute_cells
from thalweg.change.estimates.randomisation import SLACK
from thalweg.change.estimates.variance import conservative, freedom
from thalweg.change.frame import NEVER, Design, Floats, Mask

LEADS = 12
"""Periods before the start, straddle left aside, that the imputation path looks at."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The average effect on the units that started in one period; see ``Estimate`` for its parts.

    start: index of the period. se and interval are None for a single unit.
    """

    start: int
    units: int
    cells: int
    att: float
    se: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Dose:
    """How much more effect one more unit of intensity goes with, among treated units.

    p and interval are of a t law with errors that may differ between units (HC3); refused: code.
    """

    slope: float
    se: float | None
    low: float | None
    high: float | None
    p: float | None
    units: int
    refused: str | None = None


def event_study(
    design: Design,
    *,
    method: Literal["imputation", "callaway_santanna"] = "imputation",
    quarterly: bool = False,
    confidence: float = 0.95,
) -> list[PathPoint]:
    """The effect by periods (or bins of three) since the first full treated period.

    Negative horizons are before it; bins before it count back from the last untreated period. By
    imputation at most ``LEADS`` periods before straddle are imputed, as if they were treated, from
    the earlier ones and the controls; by Callaway–Sant'Anna all are measured against the last
    period (or bin) before straddle. A point without a standard error rests on one unit.
    """
    if method == "callaway_santanna":
        return _group_time(design, quarterly, confidence)
    width = BIN if quarterly else 1
    found = impute(design)
    horizon = design.horizon()
    step = np.where(horizon >= 0, horizon // width, -1)
    steps = [int(at) for at in np.unique(step[found.identified])]
    after = _points(found, steps, [step == at for at in steps], confidence)
    return _leads(design, found, width, confidence) + after


def _group_time(design: Design, quarterly: bool, confidence: float) -> list[PathPoint]:
    fitted = callaway_santanna(design)
    if quarterly:
        fitted = binned(fitted, design.panel.straddle)
    found = impute(design)
    free = max(found.identified.any(axis=1).sum() - 1.0, 1.0)
    horizon = design.horizon()
    step = horizon // BIN if quarterly else horizon
    spread = np.sqrt(np.maximum(np.diag(fitted.covariance), 0.0))
    points = []
    for at, att, se in zip(fitted.horizon, fitted.path, spread, strict=True):
        cells = int((found.identified & (step == at)).sum()) if at >= 0 else 0
        if at < 0:
            before = (horizon + design.panel.straddle) // BIN if quarterly else horizon
            cells = int((found.untreated & (horizon != NEVER) & (before == at)).sum())
        points.append(_of_t(int(at), float(att), float(se), free, confidence, cells))
    return points


def _of_t(at: int, att: float, se: float, free: float, confidence: float, cells: int) -> PathPoint:
    if not se > SLACK or not np.isfinite(att):
        return PathPoint(at, att, None, None, None, cells)
    half = se * float(stats.t.ppf(0.5 + confidence / 2, free))
    return PathPoint(at, att, se, att - half, att + half, cells)


def _points(
    found: Imputed, labels: list[int], groups: list[Mask], confidence: float
) -> list[PathPoint]:
    """Mean effects of groups of cells (N, T) with t laws; none where a group is one unit."""
    if not groups:
        return []
    targets = np.stack([found.even(group.astype(np.float64)) for group in groups])
    points = []
    for at, target, w in zip(labels, targets, found.weights(targets), strict=True):
        att, cells = weighted_mean(found, target), int((target != 0).sum())
        if (target != 0).any(axis=1).sum() < 2:
            points.append(PathPoint(at, att, None, None, None, cells))
            continue
        se = conservative(found, w)
        points.append(_of_t(at, att, se, freedom(w), confidence, cells))
    return points


def _leads(design: Design, found: Imputed, width: int, confidence: float) -> list[PathPoint]:
    """Untreated cells close before the start, imputed from the earlier ones and the controls."""
    straddle = design.panel.straddle
    distance = design.horizon() + straddle
    mine = found.untreated & (design.rollout.start != NEVER)[:, None]
    reach = int(-distance[mine].min()) if mine.any() else 0
    most = min(LEADS, max(0, (reach - 1) // width * width))
    leads = mine & (distance >= -most)
    if not leads.any():
        return []
    cells = found.untreated & ~leads
    early = impute_cells(design.panel.scaled(), cells, leads, covariates(design))
    step = distance // width
    steps = [int(at) for at in np.unique(step[early.identified])]
    labels = [at if width > 1 else at - straddle for at in steps]
    return _points(early, labels, [step == at for at in steps], confidence)


def by_cohort(design: Design, *, confidence: float = 0.95) -> list[Cohort]:
    """The average effect of every cohort that has one, by start."""
    found = impute(design)
    start = design.rollout.start[:, None]
    groups = {int(at): found.identified & (start == at) for at in design.rollout.cohorts}
    groups = {at: cells for at, cells in groups.items() if cells.any()}
    points = _points(found, list(groups), list(groups.values()), confidence)
    return [
        Cohort(
            start=point.horizon,
            units=int(cells.any(axis=1).sum()),
            cells=point.cells,
            att=point.att,
            se=point.se,
            low=point.low,
            high=point.high,
        )
        for point, cells in zip(points, groups.values(), strict=True)
    ]


def dose_response(design: Design, *, confidence: float = 0.95) -> Dose:
    """Slope of the effects of units on their intensity, weighted by their treated cells.

    Not an effect of intensity where units that were treated harder differ in other ways.
    """
    found = impute(design)
    effects, sizes = found.by_unit(), found.identified.sum(axis=1).astype(np.float64)
    dose = design.rollout.intensity
    if dose is None:
        return Dose(np.nan, None, None, None, None, 0, "no_intensity")
    kept = np.isfinite(effects) & np.isfinite(dose)
    units = int(kept.sum())
    if units < 5:
        return Dose(np.nan, None, None, None, None, units, "too_few_units")
    if np.ptp(dose[kept]) <= SLACK:
        return Dose(np.nan, None, None, None, None, units, "one_intensity")
    slope, se = _line(dose[kept], effects[kept], sizes[kept])
    if not se > SLACK:
        return Dose(slope, None, None, None, None, units, "zero_standard_error")
    half = se * float(stats.t.ppf(0.5 + confidence / 2, units - 2))
    p = 2 * float(stats.t.sf(abs(slope) / se, units - 2))
    return Dose(slope, se, slope - half, slope + half, p, units)


def _line(x: Floats, y: Floats, sizes: Floats) -> tuple[float, float]:
    """Weighted least squares slope and its HC3 standard error."""
    root = np.sqrt(sizes)
    design = np.column_stack([root, root * x])
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ (root * y)
    left = root * y - design @ coefficients
    lever = np.einsum("ij,jk,ik->i", design, inverse, design)
    scores = design * (left / np.maximum(1 - lever, SLACK))[:, None]
    covariance = inverse @ scores.T @ scores @ inverse
    return float(coefficients[1]), float(np.sqrt(covariance[1, 1]))
