"""Does the effect hang on one unit, one estimator, or on trends staying as they were?"""

from __future__ import annotations

from math import isfinite

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import Figures, effect_of, yardstick
from thalweg.change.checks.quarters import Sensitivity, quarter_path, sensitivity
from thalweg.change.checks.twoway import impute
from thalweg.change.frame import Design

ROBUST = 0.5
"""M̄ that an effect must withstand for grade B: trends may bend half as much after the start as
they ever did before it."""
LEAST_BENDS = 2
"""Bends before the start that a comparison needs: one alone may be small by luck."""
INFLUENCE = 0.5
"""Part of the effect that may hang on a single unit."""
MOVED = 2.575829
"""Standard errors that trends of their own may move the effect by: 1 %, for the drift before the
start, of which this is the other side, has been tried already."""
APART = 1.959964
"""Standard errors (of the wider estimate) that two estimators may differ by."""


def check_sensitivity(design: Design, _: Context) -> Check:
    """Breakdown M̄ on quarters."""
    found = sensitivity_of(design)
    if found is None:
        return Check("sensitivity", "not_possible", "too_short")
    figures: Figures = {
        "breakdown": min(found.breakdown, 99.0),
        "quarters": found.quarters,
        "bend_effect": found.bend,
        "bends": found.bends,
        "effect": found.effect,
        "se": found.se,
    }
    if found.bends < LEAST_BENDS:
        return Check("sensitivity", "warning", "few_bends", figures)
    if not found.breakdown >= ROBUST:
        return Check("sensitivity", "warning", "fragile", figures)
    return Check("sensitivity", "passed", "robust", figures)


def sensitivity_of(design: Design) -> Sensitivity | None:
    """The curve over M̄ and the breakdown, or None where there are too few quarters or units."""
    path = quarter_path(design)
    return None if path is None else sensitivity(path)


def check_influence(design: Design, context: Context) -> Check:
    """The effect with each unit left out."""
    done = impute(design)
    moved = done.without - done.att
    if not np.isfinite(done.att) or not np.isfinite(moved).any():
        return Check("influence", "not_possible", "no_effect")
    unit = int(np.nanargmax(np.abs(moved)))
    effect, se = effect_of(design, context)
    figures: Figures = {
        "unit": design.panel.units[unit],
        "without_effect": float(done.without[unit]),
        "effect": done.att,
        "moved_share": float(abs(moved[unit]) / abs(done.att)) if done.att != 0 else None,
        "lowest_effect": float(np.nanmin(done.without)),
        "highest_effect": float(np.nanmax(done.without)),
    }
    if abs(moved[unit]) >= INFLUENCE * yardstick((effect, se)):
        return Check("influence", "warning", "one_unit", figures)
    return Check("influence", "passed", "spread", figures)


def check_agreement(_: Design, context: Context) -> Check:
    """Imputation beside Callaway and Sant'Anna, which leans on the last period before the start."""
    one, two = context.estimate, context.second
    if one is None or two is None or one.se is None or two.se is None:
        return Check("agreement", "not_possible", "no_second")
    wide = max(one.se, two.se)
    apart = abs(one.att - two.att)
    figures: Figures = {
        "effect": one.att,
        "second_effect": two.att,
        "apart_effect": one.att - two.att,
        "apart_se": apart / wide if wide > 0 else None,
    }
    if not wide > 0 or apart > APART * wide:
        return Check("agreement", "warning", "apart", figures)
    return Check("agreement", "passed", "agree", figures)


def check_unit_trends(design: Design, context: Context) -> Check:
    """The effect with a linear trend of its own for each unit, learned before its start.

    Trends cost much precision, so the question is only whether the effect moves beyond noise.
    """
    effect, se = effect_of(design, context)
    plain = impute(design)
    trended = impute(design, trends=True)
    if not isfinite(trended.att) or not trended.se > 0:
        return Check("unit_trends", "not_possible", "too_short")
    moved, noise = trended.moved_from(plain)
    figures: Figures = {
        "effect": effect,
        "trended_effect": trended.att,
        "se": trended.se,
        "moved_effect": moved,
        "moved_t": abs(moved) / noise if noise > 0 else 0.0,
        "precision_ratio": trended.se / se if se > 0 else None,
    }
    if noise > 0 and abs(moved) > MOVED * noise:
        return Check("unit_trends", "warning", "moved", figures)
    return Check("unit_trends", "passed", "unmoved", figures)
