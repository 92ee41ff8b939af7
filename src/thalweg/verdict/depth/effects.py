"""What each intervention does to each part of the chain, with how the effects err together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from thalweg.change.answers.answer import Answer
from thalweg.change.answers.grading import Verdict
from thalweg.change.checks.check import Grade
from thalweg.change.estimates.estimate import before_after, weighted_mean
from thalweg.change.estimates.imputation import impute
from thalweg.change.estimates.variance import scores
from thalweg.change.frame import ALREADY, Design, Floats, Mask, Outcome, Rollout

HORIZON = {"month": 12, "week": 52}
"""Periods of quarters 0 to 3 since the start: the horizon that is declared beforehand."""
MEASURED: tuple[Grade, ...] = ("A", "B", "C")
NONE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One intervention on one part of the chain.

    measured  its design carries an effect (grades A to C), significant or not.
    declared  the table of interventions names this part for it.
    effect    on the scale of estimation, over quarters 0 to 3; NaN where it is not measured.
    scores    (N,) what each unit's errors add to it, in the panels' order; their root sum of
              squares is its standard error. error: the standard error of the law that holds for so
              few units, as of a normal law.
    reached   (N,) units where it began within the records and is in force at the end. early: (N,)
              units that had it before, or from a date in doubt: nothing is measured at them.
    described change that was seen where it came, cause unknown: what bounds start from if it is not
              measured; None where nothing was seen before and after.
    missing   code of why it is not measured.
    """

    intervention: str
    outcome: str
    scale: str
    grade: Grade
    declared: bool
    measured: bool
    effect: float
    scores: Floats
    error: float
    reached: Mask
    early: Mask
    p: float | None
    described: float | None = None
    missing: str | None = None


def pair_of(
    answer: Answer,
    verdict: Verdict,
    rollout: Rollout,
    units: Sequence[str],
    weight: Floats,
    declared: bool,
) -> Pair:
    """An answer as it enters depth.

    Takes    rollout: of all units of the panels. weight: (N,) of the units: their volume. Not their
             burden, whose noise is that of the cells which effects are taken from: units that
             were slow by chance would count most, and look as if they had been helped.
    """
    reached, early = in_force(rollout, len(answer.question.design.panel.periods))
    graded = verdict.graded
    effect, own, error, missing = _estimated(answer, units, weight)
    if graded.grade not in MEASURED:
        missing = graded.reasons[0] if graded.reasons else "not_identified"
    measured = missing is None
    return Pair(
        intervention=answer.question.about.id,
        outcome=answer.question.outcome.name,
        scale=answer.question.outcome.scale,
        grade=graded.grade,
        declared=declared,
        measured=measured,
        effect=effect if measured else float("nan"),
        scores=own,
        error=error if measured else float("nan"),
        reached=reached,
        early=early,
        p=answer.found.p,
        described=_described(answer),
        missing=missing,
    )


def in_force(rollout: Rollout, periods: int) -> tuple[Mask, Mask]:
    """(N,) units where it is in force at the end: begun within the records, and before them."""
    kept = rollout.stop >= periods
    early = (rollout.start == ALREADY) & kept
    return np.asarray(rollout.treated & kept), np.asarray(early)


def nothing_asked(rollout: Rollout, outcome: Outcome, periods: int) -> Pair:
    """An intervention of which nothing was asked."""
    reached, early = in_force(rollout, periods)
    return Pair(
        intervention=rollout.intervention,
        outcome=outcome.name,
        scale=outcome.scale,
        grade="N",
        declared=False,
        measured=False,
        effect=float("nan"),
        scores=np.zeros(len(reached)),
        error=float("nan"),
        reached=reached,
        early=early,
        p=None,
        missing="not_asked",
    )


def _described(answer: Answer) -> float | None:
    """What was estimated without being an effect, else the plain before and after."""
    seen = (answer.found.att, before_after(answer.question.design).att)
    return next((float(one) for one in seen if np.isfinite(one)), None)


def _estimated(
    answer: Answer, units: Sequence[str], weight: Floats
) -> tuple[float, Floats, float, str | None]:
    """Effect, scores by unit, standard error, and why there is none."""
    none = np.zeros(len(units))
    found = answer.found
    if found.low is None or found.high is None or not np.isfinite(found.att):
        return float("nan"), none, float("nan"), found.refused or "no_inference"
    normal = float(stats.norm.ppf(0.5 + found.confidence / 2))
    half = (found.high - found.low) / (2 * normal)
    if found.method != "imputation" or not found.se:
        return found.att, none, half, None
    place = {name: at for at, name in enumerate(units)}
    order = np.array([place[name] for name in answer.design.panel.units])
    effect, own = horizon_effect(answer.design, weight[order])
    if not np.isfinite(effect):
        return float("nan"), none, float("nan"), "no_treated_cells"
    spread = float(np.sqrt((own**2).sum()))
    if spread <= NONE:
        return found.att, none, half, None
    by_unit = np.zeros(len(units))
    by_unit[order] = own
    return effect, by_unit, spread * half / found.se, None


def horizon_effect(design: Design, weight: Floats) -> tuple[float, Floats]:
    """Mean effect over the treated cells of quarters 0 to 3, weighted by unit, and scores (N,)."""
    found = impute(design)
    inside = design.horizon() < HORIZON[design.panel.every]
    target = found.even(np.where(inside, weight[:, None], 0.0))
    own = scores(found, found.weights(target))
    return weighted_mean(found, target), own


def drawn(pairs: Sequence[Pair], draws: int, seed: int) -> Floats:
    """(D, P) effects as they would come out with other errors of the units.

    Each draw gives every unit one normal number, by which its errors in all pairs are multiplied:
    effects that rest on the same units err together. Draws come in opposite twins.

    Source   the multiplier bootstrap over units (Callaway, Sant'Anna 2021, algorithm 1), of the
             conservative scores of Borusyak, Jaravel, Spiess (2024); each pair is spread so that
             its interval is the one that holds for so few units, from dealt dates.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 23]))
    units = len(pairs[0].scores) if pairs else 0
    half = (draws + 1) // 2
    shared = rng.standard_normal((half, units))
    alone = rng.standard_normal((half, len(pairs)))
    found = np.zeros((2 * half, len(pairs)))
    for at, pair in enumerate(pairs):
        if not pair.measured:
            continue
        size = float(np.sqrt((pair.scores**2).sum()))
        one = shared @ pair.scores / size if size > NONE else alone[:, at]
        found[:, at] = pair.effect + pair.error * np.concatenate([one, -one])
    return found[:draws]
