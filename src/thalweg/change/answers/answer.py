"""One question answered from all sides: estimates, paths, checks, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import isfinite, nan
from threading import Lock
from typing import Literal, TypedDict

from thalweg.change.answers.figures import seed_of
from thalweg.change.answers.questions import Question
from thalweg.change.answers.traits import TraitEffect, by_traits
from thalweg.change.checks.check import Check
from thalweg.change.checks.quarters import Sensitivity
from thalweg.change.checks.robustness import sensitivity_of
from thalweg.change.checks.run import run_checks, settle
from thalweg.change.estimates.adapter import bacon
from thalweg.change.estimates.cells import Cells, cells_of
from thalweg.change.estimates.estimate import (
    Estimate,
    Method,
    PathPoint,
    before_after,
    estimate,
    second_opinion,
    synthetic,
)
from thalweg.change.estimates.path import Cohort, Dose, by_cohort, dose_response, event_study
from thalweg.change.estimates.power import smallest_detectable
from thalweg.change.frame import Design

FEW = 3
"""Treated units up to which synthetic twins stand in for a comparison of many."""
MOST_INFLATION = 10.0
"""A tenth of the information left beside other interventions is too little to build on: the usual
bound of variance inflation."""
MOST_SHARED = 0.2
"""Part of the treated time in which another intervention may have held that cannot be taken out:
so much of its own effect is counted as this one's."""
_LIBRARY = Lock()
"""diff-diff is asked by one thread at a time: it tells of trouble by warnings, which are heard by
the whole process."""
PathMethod = Literal["imputation", "callaway_santanna"]


class Chances(TypedDict):
    """What every estimate with draws is given."""

    confidence: float
    seed: int
    draws: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Of all questions alike. draws: of permuted roll-outs."""

    confidence: float
    seed: int
    draws: int


@dataclass(frozen=True, slots=True)
class Path:
    """The effect by distance from the start, in steps of a month, week or quarter."""

    method: Method
    every: str
    points: tuple[PathPoint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Everything that was found for one question, before it is graded.

    design       as it was estimated: anticipation and exposed controls set aside.
    leads        periods that were set aside for anticipation.
    smallest     smallest detectable effect on the scale of estimation, or None.
    comparisons  kind, weight and estimate of what two-way fixed effects would compare.
    """

    question: Question
    design: Design
    found: Estimate
    leads: int = 0
    second: Estimate | None = None
    smallest: float | None = None
    paths: tuple[Path, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    checks: tuple[Check, ...] = ()
    sensitivity: Sensitivity | None = None
    dose: Dose | None = None
    traits: tuple[TraitEffect, ...] = ()
    cells: Cells | None = None
    comparisons: tuple[tuple[str, float, float | None], ...] = ()


def estimated(question: Question, design: Design, settings: Settings) -> Estimate:
    """The headline estimate of a design, with draws that depend on the question alone.

    Refused as ``inseparable`` where other interventions, taken out, leave next to nothing of it, or
    could not be taken out and held in much of its time.
    """
    shared = max((abs(left) for left in design.inseparable.values()), default=0.0)
    if shared > MOST_SHARED or inflation(design) > MOST_INFLATION:
        none = (None, None, None, None)
        return Estimate(nan, *none, "imputation", None, settings.confidence, refused="inseparable")
    return estimate(design, **_chances(question, settings))


def inflation(design: Design) -> float:
    """How many times larger covariates make the variance of the mean effect, under even noise."""
    if not design.covariates:
        return 1.0
    alone = cells_of(replace(design, covariates={})).weight
    beside = cells_of(design).weight
    return float((beside**2).sum() / max(float((alone**2).sum()), 1e-300))


def answer(question: Question, settings: Settings) -> Answer:
    """Settle the design, estimate, and ask everything that could make the estimate untrue.

    Placebo outcomes are estimated and checked only; paths, cohorts, doses and traits are for
    outcomes that an effect is looked for in, weights and sensitivity for headlines.
    """
    settled = settle(question.design, question.context)
    design = settled.design
    ground = {check.code: check.finding for check in settled.checks}
    found = _first(question, design, ground, settings)
    looked = question.role != "placebo" and found.method == "imputation"
    looked = looked and found.p is not None
    second = _second(design, settings) if looked else None
    context = replace(question.context, estimate=found, second=second)
    least = smallest_detectable(design, confidence=settings.confidence)
    plain = Answer(
        question=question,
        design=design,
        found=found,
        leads=settled.leads,
        second=second,
        smallest=None if found.refused == "inseparable" else least.effect,
        checks=run_checks(settled, context),
    )
    return _in_depth(plain, settings) if looked else plain


def _first(
    question: Question, design: Design, ground: dict[str, str], settings: Settings
) -> Estimate:
    """The estimate to be told: of a few treated units against synthetic twins, of all units at
    once as a before/after that is no effect, and by imputation otherwise."""
    described = before_after(design)
    if ground["overlap"] == "no_comparison" and isfinite(described.att):
        return replace(described, confidence=settings.confidence)
    if ground["few_units"] == "too_few" and 0 < int(design.rollout.treated.sum()) <= FEW:
        return synthetic(design, **_chances(question, settings))
    return estimated(question, design, settings)


def _chances(question: Question, settings: Settings) -> Chances:
    seed = seed_of(settings.seed, question.about.id, question.outcome.name, "estimate")
    return {"confidence": settings.confidence, "seed": seed, "draws": settings.draws}


def _in_depth(plain: Answer, settings: Settings) -> Answer:
    """The path and the cohorts; for headlines also intensity, traits, weights and sensitivity."""
    design, level = plain.design, settings.confidence
    headline = plain.question.role == "headline"
    methods: tuple[PathMethod, ...] = (
        ("imputation", "callaway_santanna") if headline else ("imputation",)
    )
    steps: tuple[bool, ...] = (False, True) if design.panel.every == "month" else (False,)
    paths = tuple(
        Path(
            method,
            "quarter" if quarterly else design.panel.every,
            _points(design, method, quarterly, level),
        )
        for method in methods
        for quarterly in steps
    )
    cohorts = tuple(by_cohort(design, confidence=level))
    if not headline:
        return replace(plain, paths=paths, cohorts=cohorts)
    return replace(
        plain,
        paths=paths,
        cohorts=cohorts,
        sensitivity=sensitivity_of(design),
        dose=dose_response(design, confidence=level),
        traits=tuple(by_traits(design, plain.question.traits, level)),
        cells=cells_of(design),
        comparisons=comparisons_of(design),
    )


def _second(design: Design, settings: Settings) -> Estimate:
    with _LIBRARY:
        return second_opinion(design, confidence=settings.confidence)


def _points(
    design: Design, method: PathMethod, quarterly: bool, level: float
) -> tuple[PathPoint, ...]:
    ask = partial(event_study, design, method=method, quarterly=quarterly, confidence=level)
    if method == "imputation":
        return tuple(ask())
    with _LIBRARY:
        return tuple(ask())


def comparisons_of(design: Design) -> tuple[tuple[str, float, float | None], ...]:
    """What two-way fixed effects would compare, with weights (Goodman-Bacon 2021); none where no
    unit is known in every period."""
    with _LIBRARY:
        found = bacon(design)
    if isinstance(found, str):
        return ()
    return (
        ("treated_vs_never", found.never, None),
        ("earlier_vs_later", found.later, None),
        ("later_vs_earlier", found.forbidden, found.forbidden_effect),
    )
