"""Did the change begin before its date: because people prepared, or waited for it?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import (
    FOUND,
    Figures,
    effect_of,
    judge,
    leans,
    look_for,
    set_aside,
    untreated_fit,
)
from thalweg.change.checks.twoway import first_touched, impute
from thalweg.change.frame import Design, Floats

LEADS = {"month": (1, 2, 3), "week": (2, 4, 8)}
"""Periods before the first touched one in which anticipation is looked for, and that may be set
aside: notice of more than a quarter is a different roll-out."""
LEANING = 0.2
"""An early change in the direction of the effect is a trace below this (0.1 on that side)."""
LEAST_LEFT = 3
"""Untreated periods that most treated units must keep when leads are set aside."""


def leads(design: Design) -> Floats:
    """(3, N, T) the last periods before a unit is touched: with months one, two and three."""
    at = np.arange(len(design.panel.periods), dtype=float)[None, :]
    first = first_touched(design)[:, None]
    windows = LEADS[design.panel.every]
    return np.stack([((at < first) & (at >= first - k)).astype(float) for k in windows])


def check_anticipation(design: Design, context: Context) -> Check:
    """Leads on the untreated cells, and how far the effect moves when they are set aside."""
    effect = effect_of(design, context)
    fault = look_for(design, untreated_fit(design), leads(design), context.seed)
    plain = impute(design)
    moves: Figures = {}
    strongest = 0.0
    for further in LEADS[design.panel.every]:
        again = impute(set_aside(design, further))
        moved, se = again.moved_from(plain)
        moves[f"moved_{further}_effect"] = moved
        strongest = max(strongest, abs(moved) / se if se > 0 else 0.0)
    looked = LEADS[design.panel.every]
    window = None if fault is None else looked[fault.which]
    extra: Figures = {"leads": window, "looked": looked[-1], "moved_t": strongest, **moves}
    found = judge("anticipation", fault, effect, extra)
    if fault is None or found.finding not in ("quiet", "weak"):
        return found
    if leans(fault, effect, LEANING, -1, fault.bound):
        return replace(found, status="warning", finding="leaning")
    return found


def allow_for_anticipation(design: Design, context: Context) -> tuple[Design, int]:
    """Set leads aside until those before them are quiet.

    Returns  the design with the leads declared, and their number; 0 where none was found, and the
             design as it was with −1 where they cannot be set aside: they reach further back than
             can be told from a difference of the units, or too little is left before them.
    """
    if not _heard(design, context):
        return design, 0
    for further in LEADS[design.panel.every]:
        later = set_aside(design, further)
        left = later.untreated_cells()[design.rollout.treated].sum(axis=1)
        if not len(left) or np.median(left) < LEAST_LEFT:
            break
        if not _heard(later, context):
            return later, further
    return design, -1


def _heard(design: Design, context: Context) -> bool:
    fault = look_for(design, untreated_fit(design), leads(design), context.seed)
    return fault is not None and fault.p < FOUND
