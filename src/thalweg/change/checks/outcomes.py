"""Outcomes that should not have moved, and objects that should not have changed."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np
from scipy import stats

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import SURE, Figures
from thalweg.change.checks.twoway import Imputed, impute
from thalweg.change.correction import holm
from thalweg.change.frame import Design

LARGE = 0.05
"""Change of the number of objects, in logarithms, below which it is not worth a word."""


def check_placebo_outcomes(design: Design, context: Context) -> Check:
    """The same roll-out on outcomes that the intervention does not name, corrected by Holm."""
    known = {panel.outcome.name: replace(design, panel=panel) for panel in context.placebo_outcomes}
    if not known:
        return Check("placebo_outcomes", "not_possible", "none_given")
    done = {name: impute(own) for name, own in known.items()}
    figures = _strongest(done)
    if figures is None:
        return Check("placebo_outcomes", "not_possible", "cannot_show")
    p = figures["p"]
    if isinstance(p, float) and p < SURE:
        return Check("placebo_outcomes", "warning", "found", figures)
    return Check("placebo_outcomes", "passed", "quiet", figures)


def check_composition(design: Design, context: Context) -> Check:
    """Do traits of the objects change with the treatment? Then other work is compared."""
    if not context.traits:
        return Check("composition", "not_possible", "no_traits")
    done = {name: impute(design, values=values) for name, values in context.traits.items()}
    figures = _strongest(done)
    if figures is None:
        return Check("composition", "not_possible", "cannot_show")
    p = figures["p"]
    if isinstance(p, float) and p < SURE:
        return Check("composition", "warning", "changed", figures)
    return Check("composition", "passed", "alike", figures)


def check_volume(design: Design, _: Context) -> Check:
    """Does the number of objects behind the cells change with the treatment?"""
    if design.panel.outcome.kind == "count":
        return Check("volume", "not_possible", "is_the_outcome")
    objects = design.panel.objects
    done = impute(design, values=np.where(objects > 0, np.log(np.maximum(objects, 1)), np.nan))
    figures = _strongest({"objects": done})
    if figures is None:
        return Check("volume", "not_possible", "cannot_show")
    figures["size_share"] = float(np.expm1(done.att))
    p = figures["p"]
    if isinstance(p, float) and p < SURE and abs(done.att) >= LARGE:
        return Check("volume", "warning", "changed", figures)
    return Check("volume", "passed", "alike", figures)


def _strongest(done: dict[str, Imputed]) -> Figures | None:
    """The outcome with the smallest p-value after Holm; None where none has a standard error."""
    names = [n for n, one in done.items() if isfinite(one.att) and one.se > 0]
    if not names:
        return None
    p = [p_value(done[n]) for n in names]
    corrected = [1.0 if own is None else own for own in holm(p)]
    best = int(np.argmin(p))
    found = done[names[best]]
    return {
        "name": names[best],
        "size": found.att,
        "se": found.se,
        "p": corrected[best],
        "tried": len(names),
        "clear": sum(own < SURE for own in corrected),
    }


def p_value(done: Imputed) -> float:
    """Two-sided, by a t law with one degree of freedom less than there are units in it."""
    units = int(np.isfinite(done.without).sum())
    return float(2 * stats.t.sf(abs(done.att) / done.se, max(units - 1, 1)))
