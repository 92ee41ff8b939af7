"""Would an effect be seen at dates at which nothing happened?"""

from __future__ import annotations

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import SURE, untreated_fit
from thalweg.change.checks.signs import show
from thalweg.change.checks.twoway import first_touched
from thalweg.change.frame import Design

EARLIER = {"month": (4, 6, 9, 12), "week": (8, 13, 26, 39)}
"""Periods by which all dates are moved back: beyond the leads that anticipation is looked for in."""
LEAST_BEFORE = 3
"""Untreated periods that most treated units must have before the moved date."""


def check_placebo_dates(design: Design, context: Context) -> Check:
    """The effect of the same roll-out, moved back into the time before it, on untreated cells."""
    at = np.arange(len(design.panel.periods))[None, :]
    first = first_touched(design)
    mask = design.untreated_cells()
    treated = design.rollout.treated
    shifts = [
        shift
        for shift in EARLIER[design.panel.every]
        if treated.any()
        and np.median((mask & (at < (first - shift)[:, None]))[treated].sum(axis=1)) >= LEAST_BEFORE
    ]
    if not shifts:
        return Check("placebo_dates", "not_possible", "too_short")
    patterns = np.stack([(at >= (first - shift)[:, None]).astype(float) for shift in shifts])
    shown = show(untreated_fit(design), design.panel.scaled(), patterns, context.seed)
    if shown.best is None:
        return Check("placebo_dates", "not_possible", "cannot_show")
    figures: dict[str, float | int | str | None] = {
        "earlier": shifts[shown.best],
        "size_effect": float(shown.size[shown.best]),
        "se": float(shown.se[shown.best]),
        "p": shown.p,
        "tried": len(shifts),
    }
    if shown.p < SURE:
        return Check("placebo_dates", "warning", "found", figures)
    return Check("placebo_dates", "passed", "quiet", figures)
