"""How large an effect does chance give to units that were never treated?

Never-treated units get the dates of treated ones, again and again. What other interventions did to
them is taken out by the model of the design itself, for few never-treated units alone could not
tell it. Each placebo effect is held against what its own cells make it vary by under even noise, and
so is the effect: a placebo from few cells, or cells that hardly hang together, counts as what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import SURE, Figures, effect_of
from thalweg.change.estimates.imputation import Imputed, impute, impute_cells
from thalweg.change.frame import NEVER, Design, Floats, Ints

TIMES = 100
"""Placebo roll-outs: the spread of their effects is known to 7 %."""
LEAST_NEVER = 8
"""Never-treated units: with fewer, half of them cannot stand for the other half."""
SHRINK = 10.0
"""Cells that the common variance counts for beside those of a unit."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """left: (N, T) outcome of never-treated units without what other interventions did to it, up
    to unit and period effects; NaN where unknown. own: (N,) variances of their cells. start, stop:
    dates of treated units that have an effect. given: how many units get one."""

    left: Floats
    own: Floats
    start: Ints
    stop: Ints
    given: int
    straddle: int


def check_placebo_units(design: Design, context: Context) -> Check:
    """Is chance among never-treated units what the standard error says it is?

    The ratio of the two is judged by an F law. Each unit counts for two degrees of freedom, for it
    enters placebos at several dates: with one the law never warned, with two the warnings of sound
    worlds are at most those of its level (benchmarks/study_checks.py).
    """
    never = design.rollout.start == NEVER
    found = impute(design)
    reached = found.identified.any(axis=1)
    count, treated = int((never & found.untreated.any(axis=1)).sum()), int(reached.sum())
    if count < LEAST_NEVER or not treated:
        return Check("placebo_units", "not_possible", "too_few", {"never_units": count})
    own = _variances(found)
    never &= found.untreated.any(axis=1)
    given = min(max(round(count * treated / (count + treated)), 2), count - 3)
    ground = _Ground(
        found.residual[never],
        own[never],
        design.rollout.start[reached],
        design.rollout.stop[reached],
        given,
        design.panel.straddle,
    )
    rng = np.random.default_rng(context.seed)
    effects = np.array([_once(ground, rng) for _ in range(TIMES)])
    effects = effects[np.isfinite(effects)]
    effect, se = effect_of(design, context)
    weight = found.weights(found.even())
    foretold = float(np.sqrt(((weight**2).sum(axis=1) * own).sum()))
    if len(effects) < TIMES / 2 or not se > 0 or not foretold > 0:
        return Check("placebo_units", "not_possible", "cannot_show", {"never_units": count})
    noise = float(np.sqrt((effects**2).mean())) * foretold
    p = float(stats.f.sf((noise / se) ** 2, 2 * (count - 1), max(2 * (treated - 1), 1)))
    figures: Figures = {
        "never_units": count,
        "times": len(effects),
        "noise_effect": noise,
        "se": se,
        "noise_ratio": noise / se,
        "beyond_share": float((np.abs(effects) * foretold >= abs(effect)).mean()),
        "p": p,
    }
    if p < SURE:
        return Check("placebo_units", "warning", "noisier", figures)
    return Check("placebo_units", "passed", "quiet", figures)


def _variances(found: Imputed) -> Floats:
    """(N,) of the cells of each unit, drawn towards the common one."""
    square = np.nan_to_num(found.residual) ** 2
    cells = found.untreated.sum(axis=1)
    common = float(square.sum()) / max(float(cells.sum()), 1.0)
    return np.asarray((square.sum(axis=1) + SHRINK * common) / (cells + SHRINK))


def _once(ground: _Ground, rng: np.random.Generator) -> float:
    """A placebo effect in units of what its cells make it vary by; NaN where there is none."""
    units = rng.permutation(len(ground.left))[: ground.given]
    which = rng.integers(0, len(ground.start), ground.given)
    at = np.arange(ground.left.shape[1])
    start, stop = ground.start[which, None], ground.stop[which, None]
    known = np.isfinite(ground.left)
    untreated, treated = known.copy(), np.zeros_like(known)
    untreated[units] &= at < start - ground.straddle
    treated[units] = known[units] & (at >= start) & (at < stop)
    done = impute_cells(ground.left, untreated, treated, np.zeros((0, *known.shape)))
    if not done.identified.any():
        return float("nan")
    weight = done.weights(done.even())
    return done.att / float(np.sqrt(((weight**2).sum(axis=1) * ground.own).sum()))
