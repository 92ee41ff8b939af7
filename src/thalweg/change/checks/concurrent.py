"""Did something else begin at the same units at the same time?"""

from __future__ import annotations

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import Figures
from thalweg.change.checks.twoway import TwoWay
from thalweg.change.frame import ALREADY, NEVER, Design, Mask, Rollout

NEAR = {"month": 3, "week": 13}
"""Periods within which two starts count as one."""
MOST_NEAR = 0.2
"""Part of the treated units with another start nearby, from which the check warns."""
LEAST_OWN = 0.1
"""Part of the treatment's own variation that must be left beside the others' dates; below it the
two cannot be told apart (a variance inflation of ten)."""
ALIKE = 1e-3
"""Largest part of a cell's time that unit and period effects may leave of an intervention which
began everywhere at once, or held nowhere."""


def check_concurrent(design: Design, context: Context) -> Check:
    """Other interventions at the same units: near starts, and what is left beside their dates.

    One that held everywhere from the same time on is taken out by comparing at the same time.
    """
    if not context.others:
        return Check("concurrent", "passed", "none")
    mine = in_force(design.rollout, len(design.panel.periods))
    known = np.isfinite(design.panel.scaled())
    plain = TwoWay(known)
    apart = [other for other in context.others if not _common(other, plain)]
    common: Figures = {"common": len(context.others) - len(apart)}
    if not apart:
        return Check("concurrent", "passed", "common", common)
    theirs = [in_force(other, mine.shape[1]).astype(float) for other in apart]
    treated = design.rollout.treated
    near = {
        other.intervention: float(_near(design, other)[treated].mean()) if treated.any() else 0.0
        for other in apart
    }
    own = np.where(known, plain.residual(mine.astype(float)), 0.0)
    left = np.where(known, TwoWay(known, columns=theirs).residual(mine.astype(float)), 0.0)
    whole = float((own**2).sum())
    most = max(near, key=lambda name: near[name])
    modelled = most in design.covariates
    figures: Figures = {
        **common,
        "others": len(near),
        "name": most,
        "near_share": near[most],
        "own_share": float((left**2).sum()) / whole if whole > 0 else 0.0,
        "modelled": int(modelled),
    }
    if whole > 0 and float((left**2).sum()) < LEAST_OWN * whole:
        return Check("concurrent", "failed", "inseparable", figures)
    if near[most] >= MOST_NEAR:
        return Check("concurrent", "warning", "near_modelled" if modelled else "near", figures)
    return Check("concurrent", "passed", "apart", figures)


def _common(other: Rollout, fit: TwoWay) -> bool:
    """Whether it held alike for all units: comparing at the same time takes it out."""
    held = in_force(other, fit.mask.shape[1]).astype(float)
    return bool((np.abs(fit.residual(held)[fit.mask]) < ALIKE).all())


def in_force(rollout: Rollout, periods: int) -> Mask:
    """(N, T) cells that were treated throughout."""
    at = np.arange(periods)[None, :]
    start, stop = rollout.start[:, None], rollout.stop[:, None]
    return np.asarray((start != NEVER) & (at >= start) & (at < stop))


def _near(design: Design, other: Rollout) -> Mask:
    one, two = design.rollout.start, other.start
    held = (one != NEVER) & (two != NEVER) & (one != ALREADY) & (two != ALREADY)
    return np.asarray(held & (np.abs(one - two) <= NEAR[design.panel.every]))
