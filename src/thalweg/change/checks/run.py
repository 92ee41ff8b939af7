"""All questions to one design, in the order in which a reader asks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from thalweg.change.checks.anticipation import allow_for_anticipation, check_anticipation
from thalweg.change.checks.check import Check
from thalweg.change.checks.concurrent import check_concurrent
from thalweg.change.checks.context import Context
from thalweg.change.checks.forbidden import check_forbidden
from thalweg.change.checks.lots import by_lot
from thalweg.change.checks.outcomes import (
    check_composition,
    check_placebo_outcomes,
    check_volume,
)
from thalweg.change.checks.overlap import check_few_units, check_overlap
from thalweg.change.checks.placebo_dates import check_placebo_dates
from thalweg.change.checks.placebo_units import check_placebo_units
from thalweg.change.checks.pre_trend import check_pre_trend
from thalweg.change.checks.robustness import (
    check_agreement,
    check_influence,
    check_sensitivity,
    check_unit_trends,
)
from thalweg.change.checks.spill_over import check_spill_over, leave_out_exposed
from thalweg.change.checks.timing import check_timing
from thalweg.change.frame import Design

Question = Callable[[Design, Context], Check]

GROUND: tuple[Question, ...] = (check_overlap, check_few_units)
"""Asked first: where they fail there is nothing to ask further."""
BEYOND: tuple[Question, ...] = (
    check_pre_trend,
    check_placebo_dates,
    check_timing,
    check_unit_trends,
    check_placebo_units,
    check_placebo_outcomes,
    check_composition,
    check_volume,
    check_concurrent,
    check_forbidden,
    check_influence,
    check_agreement,
    check_sensitivity,
)


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A design as it should be estimated, and what was found on the way.

    leads: periods that were set aside for anticipation. left_out: cells of exposed controls that
    were taken out for spill-over.
    """

    design: Design
    checks: tuple[Check, ...]
    leads: int = 0
    left_out: int = 0


def ask(question: Question, design: Design, context: Context) -> Check:
    """Put a question, and tell sizes of effects as shares.

    Figures ``…effect`` are on the scale of estimation; they become ``…effect_share`` or
    ``…_share``: for logarithms the part by which the outcome changes, for levels (which are shares)
    points. What is not a finite number is unknown.
    """
    found = question(design, context)
    log = design.panel.outcome.scale == "log"
    figures = {
        _as_share(name): np.expm1(size).item() if log else size
        for name, size in found.figures.items()
        if name.endswith("effect") and isinstance(size, int | float)
    }
    rest = {name: value for name, value in found.figures.items() if not name.endswith("effect")}
    known = {name: value if _finite(value) else None for name, value in (figures | rest).items()}
    return replace(found, figures=known)


def _finite(value: float | int | str | None) -> bool:
    return not isinstance(value, float) or isfinite(value)


def _as_share(name: str) -> str:
    return "effect_share" if name == "effect" else name.removesuffix("_effect") + "_share"


def settle(design: Design, context: Context) -> Settled:
    """Look for what can be allowed for, and allow for it: anticipation, and spill-over.

    An estimate belongs to the settled design, not to the one that came in. What was repaired keeps
    its warning: a repair rests on the fault having been seen in full.
    """
    ground = tuple(ask(question, design, context) for question in GROUND)
    if any(check.status == "failed" for check in ground):
        return Settled(design, ground)
    alone = replace(context, estimate=None, second=None)
    lot = design.rollout.randomised
    seen = {"found", "hint"}
    anticipation = ask(check_anticipation, design, alone)
    further = 0
    if anticipation.finding in seen:
        design, further = allow_for_anticipation(design, alone)
    if further > 0:
        figures = {**anticipation.figures, "set_aside": further}
        anticipation = replace(anticipation, status="warning", finding="allowed", figures=figures)
    spill = ask(check_spill_over, design, alone)
    left_out = 0
    if spill.finding in seen and context.exposure is not None:
        kept = leave_out_exposed(design, context.exposure)
        if kept is not None:
            left_out = int(
                np.isfinite(design.panel.value).sum() - np.isfinite(kept.panel.value).sum()
            )
            design = kept
            figures = {**spill.figures, "left_out": left_out}
            spill = replace(spill, status="warning", finding="left_out", figures=figures)
    ground = tuple(ask(question, design, context) for question in GROUND)
    faults = tuple(by_lot(check) if lot else check for check in (anticipation, spill))
    return Settled(design, (*ground, *faults), further, left_out)


def run_checks(settled: Settled, context: Context) -> tuple[Check, ...]:
    """All checks of a settled design; ``context.estimate`` is that of the settled design."""
    if any(check.status == "failed" for check in settled.checks[: len(GROUND)]):
        return settled.checks
    asked = [ask(question, settled.design, context) for question in BEYOND]
    lot = settled.design.rollout.randomised
    return (*settled.checks, *(by_lot(check) if lot else check for check in asked))
