"""Does treatment reach units that are not treated, through those they deal with?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import effect_of, judge, leans, look_for, untreated_fit
from thalweg.change.checks.overlap import LEAST_UNTREATED, LOST_SHARE
from thalweg.change.checks.twoway import first_touched, impute
from thalweg.change.frame import Design, Floats, Mask

EXPOSED = 0.1
"""Share of a unit's dealings with treated units from which it counts as exposed."""

SHARE = 0.4
"""Part of the effect that an unseen spill-over may make up. Where 30 % of an effect reach the
neighbours, a tenth (few are near) to a third (all are) of what is estimated is missing."""
LEANING = 0.2
"""An outcome of exposed units that moves as the treated ones' does is a trace below this p-value
(0.1 on that side): what reaches the neighbours hides a part of the effect."""
HARDLY = 0.1
"""Part of the exposure's variation within units that must differ between them at the same time:
below it exposure comes to all alike, and no records could show what it does."""


def exposed_share(design: Design, exposure: Floats) -> Floats:
    """(N, T) share of each unit's dealings that is with units already touched by the treatment."""
    own = _others(exposure)
    all_of = own.sum(axis=1, keepdims=True)
    return np.asarray(own @ _touched(design) / np.where(all_of > 0, all_of, 1.0))


def near_share(design: Design, exposure: Floats) -> Floats:
    """(N, T) the same share, of dealings that count the more the larger a part they are.

    A unit deals with few others much and with many a little; what it shares with those few (a
    workshop, a warehouse) is what a treatment travels by. Two dealings at random that are with one
    and the same unit: the share of these that is with touched ones. Where all partners are equal it
    is the plain share.
    """
    return exposed_share(design, _others(exposure) ** 2)


def nearest(design: Design, exposure: Floats) -> Floats:
    """(N, T) dealings with the nearest touched unit, as a part of those with the nearest of all."""
    own = _others(exposure)
    most = own.max(axis=1, keepdims=True, initial=0.0)
    near = own / np.where(most > 0, most, 1.0)
    return np.asarray(
        np.stack([(near * now[None, :]).max(axis=1) for now in _touched(design).T], axis=1)
    )


def _others(exposure: Floats) -> Floats:
    return np.where(np.eye(len(exposure), dtype=bool), 0.0, exposure)


def _touched(design: Design) -> Floats:
    at = np.arange(len(design.panel.periods))[None, :]
    return np.asarray((at >= first_touched(design)[:, None]).astype(float))


def unexposed_cells(design: Design, exposure: Floats) -> Mask:
    """(N, T) untreated cells of units that hardly deal with treated ones at that time."""
    return np.asarray(design.untreated_cells() & (exposed_share(design, exposure) < EXPOSED))


def leave_out_exposed(design: Design, exposure: Floats) -> Design | None:
    """The design without the untreated cells that are exposed; None where too little would remain.

    Too little: treated cells whose comparison was exposed, beyond ``LOST_SHARE``, or a period with
    fewer than ``LEAST_UNTREATED`` units that are neither treated nor exposed.
    """
    clean = unexposed_cells(design, exposure)
    dropped = design.untreated_cells() & ~clean
    value = np.where(dropped, np.nan, design.panel.value)
    kept = replace(design, panel=replace(design.panel, value=value))
    before, after = impute(design, jackknife=False), impute(kept, jackknife=False)
    if after.cells.sum() < (1 - LOST_SHARE) * before.cells.sum():
        return None
    periods = after.cells.any(axis=0)
    if clean.sum(axis=0)[periods].min(initial=len(value)) < LEAST_UNTREATED:
        return None
    return kept


def check_spill_over(design: Design, context: Context) -> Check:
    """Outcome of untreated units by how near they deal with touched ones; ring design."""
    if context.exposure is None:
        return Check("spill_over", "not_possible", "no_links")
    effect = effect_of(design, context)
    share = exposed_share(design, context.exposure)
    untreated = design.untreated_cells()
    patterns = np.stack([near_share(design, context.exposure), nearest(design, context.exposure)])
    fault = look_for(design, untreated_fit(design), patterns, context.seed, untreated)
    clean = unexposed_cells(design, context.exposure)
    ring = impute(design, untreated=clean)
    moved, se = ring.moved_from(impute(design))
    extra: dict[str, float | int | str | None] = {
        "exposed_share": float((share[untreated] >= EXPOSED).mean()) if untreated.any() else 0.0,
        "ring_effect": ring.att,
        "ring_se": ring.se,
        "ring_cells": int(ring.cells.sum()),
        "ring_moved_effect": moved,
        "ring_moved_t": abs(moved) / se if se > 0 else 0.0,
    }
    if fault is None and not (share[untreated] >= EXPOSED).any():
        return Check("spill_over", "passed", "no_exposed", extra)
    found = judge("spill_over", fault, effect, extra, share=SHARE)
    if found.finding == "weak" and _alike(design, patterns[0]):
        return Check("spill_over", "not_possible", "cannot_show", found.figures)
    quiet = fault is not None and found.finding in ("quiet", "weak")
    if fault is not None and quiet and leans(fault, effect, LEANING, -1, fault.bound):
        return replace(found, status="warning", finding="leaning")
    return found


def _alike(design: Design, share: Floats) -> bool:
    """Whether exposure hardly differs between untreated units beyond its level and the time."""
    fit = untreated_fit(design)
    inside = np.where(fit.mask, share, 0.0)
    level = inside.sum(axis=1) / np.maximum(fit.mask.sum(axis=1), 1)
    within = float((np.where(fit.mask, share - level[:, None], 0.0) ** 2).sum())
    return float((np.where(fit.mask, fit.residual(inside), 0.0) ** 2).sum()) < HARDLY * within
