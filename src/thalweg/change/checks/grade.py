"""The grade of a design, from its checks, by a table of rules.

A  dates were drawn by lot, and nothing that a lot doesn't answer for was found: too few units,
   spill-over, anticipation, other objects than before, another intervention with the same dates.
B  staggered dates, significant after correction, breakdown M̄ of at least 0.5 on quarters, and all
   tests of what the comparison rests on were quiet and strong enough to be heard.
C  anything less that still compares treated with untreated units and has an interval.
D  a before/after of one group: a description.
N  not identified: nobody to compare with, too few, no standard error, or a fault that was found and
   could not be allowed for.

Each rule lowers the grade to its cap; the lowest cap is the grade. Two hints of one fault
(``TOGETHER``) refuse what either alone would only weaken. Rules that a lot answers for don't hold
for dates by lot: a lot decided them, so what they look for is chance.

Significance is kept apart from the grade: a design without a significant effect gets C at most (or
A if its dates were drawn), for B is defined by significance and a breakdown that an effect near
zero doesn't have, and two faults may hide in a zero as well as in an effect. Such a result is not
refused. It is told as *no credible effect*, with whether its interval rules out what would have
mattered, which N never claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thalweg.change.checks.check import Check, Grade, Graded
from thalweg.change.estimates.estimate import Estimate
from thalweg.change.frame import Rollout

ORDER: tuple[Grade, ...] = ("A", "B", "C", "D", "N")


@dataclass(frozen=True, slots=True)
class Rule:
    """If check ``code`` found any of ``findings``, the grade is ``cap`` at best.

    reason and remedy are codes. by_lot: holds for dates drawn by lot as well; where it doesn't, the
    lot itself is the answer to the question.
    """

    code: str
    findings: frozenset[str]
    cap: Grade
    reason: str
    remedy: str
    by_lot: bool = True


def _rule(
    code: str, findings: str, cap: Grade, reason: str, remedy: str, *, by_lot: bool = True
) -> Rule:
    return Rule(code, frozenset(findings.split()), cap, reason, remedy, by_lot)


RULES: tuple[Rule, ...] = (
    _rule("overlap", "no_treated_cells", "N", "no_treated_cells", "wait_for_records"),
    _rule("overlap", "no_comparison", "N", "no_comparison", "stagger"),
    _rule("few_units", "too_few", "N", "too_few_units", "more_units"),
    _rule("concurrent", "inseparable", "N", "inseparable", "separate_dates"),
    _rule("anticipation", "found", "N", "anticipation", "record_announcement"),
    _rule("spill_over", "found", "N", "spill_over", "treat_by_groups"),
    _rule("pre_trend", "found", "N", "pre_trend", "randomise", by_lot=False),
    _rule("timing", "by_slope by_shock", "N", "dates_followed_past", "randomise", by_lot=False),
    _rule("few_units", "few", "C", "few_units", "more_units", by_lot=False),
    _rule("overlap", "partly", "C", "partly_compared", "stagger"),
    _rule("timing", "by_level", "C", "dates_followed_level", "randomise", by_lot=False),
    _rule("pre_trend", "hint", "C", "drift_hint", "randomise", by_lot=False),
    _rule("pre_trend", "leaning", "C", "drift_leaning", "randomise", by_lot=False),
    _rule("pre_trend", "weak", "C", "drift_unseen", "longer_before", by_lot=False),
    _rule(
        "pre_trend", "too_short cannot_show", "C", "drift_untested", "longer_before", by_lot=False
    ),
    _rule("anticipation", "allowed", "C", "anticipation_allowed", "record_announcement"),
    _rule("anticipation", "hint", "C", "anticipation_hint", "record_announcement"),
    _rule("anticipation", "leaning", "C", "anticipation_leaning", "record_announcement"),
    _rule("anticipation", "weak", "C", "anticipation_unseen", "longer_before", by_lot=False),
    _rule(
        "anticipation", "cannot_show", "C", "anticipation_untested", "longer_before", by_lot=False
    ),
    _rule("spill_over", "left_out", "C", "spill_over_left_out", "treat_by_groups"),
    _rule("spill_over", "hint", "C", "spill_over_hint", "treat_by_groups"),
    _rule("spill_over", "leaning", "C", "spill_over_leaning", "treat_by_groups"),
    _rule(
        "spill_over", "weak cannot_show", "C", "spill_over_unseen", "treat_by_groups", by_lot=False
    ),
    _rule("placebo_dates", "found", "C", "placebo_dates", "randomise", by_lot=False),
    _rule("unit_trends", "moved", "C", "unit_trends", "longer_before", by_lot=False),
    _rule("placebo_units", "noisier", "C", "placebo_units", "more_units"),
    _rule("placebo_outcomes", "found", "C", "placebo_outcomes", "randomise", by_lot=False),
    _rule("composition", "changed", "C", "composition", "record_traits"),
    _rule("concurrent", "near", "C", "near_others", "separate_dates"),
    _rule("influence", "one_unit", "C", "one_unit", "more_units"),
    _rule("agreement", "apart", "C", "estimators_apart", "longer_before", by_lot=False),
    _rule("sensitivity", "fragile", "C", "fragile", "more_units", by_lot=False),
    _rule("sensitivity", "few_bends too_short", "C", "bends_unseen", "longer_before", by_lot=False),
)
"""From the gravest to the mildest: the reasons of a grade are told in this order."""

TOGETHER = (("pre_trend", "hint leaning"), ("placebo_outcomes", "found"))
"""Each alone may be chance; both at once mean that the treated units were on their way anyway, and
not in this outcome only. In worlds whose most improving firms went first they took the grade from
three of four effects that were wrong, in sound worlds from 1 of 110 (benchmarks/study_worlds.py)."""
MORE_UNITS = "more_units"
LEAST_DATES = 2
"""Dates of start of a staggered roll-out: with one, all that happened at that time is compared."""


def grade(
    checks: Sequence[Check],
    estimate: Estimate | None,
    rollout: Rollout,
    significant: bool,
    *,
    matters: float | None = None,
) -> Graded:
    """Grade a design.

    Takes    estimate: of the settled design, or None where there is none. significant: after
             correction for all tests of the request. matters: the smallest effect worth having, on
             the outcome's scale, for saying whether a missing effect has been ruled out.
    """
    if estimate is not None and estimate.method == "interrupted_series":
        return Graded("D", ("before_after",), "stagger", significant)
    found = {check.code: check.finding for check in checks}
    by_lot = rollout.randomised
    broken = [
        _eased(rule, estimate)
        for rule in RULES
        if found.get(rule.code) in rule.findings and (rule.by_lot or not by_lot)
    ]
    fatal = [rule for rule in broken if rule.cap == "N"]
    if fatal:
        return Graded("N", tuple(rule.reason for rule in fatal), fatal[0].remedy)
    if not by_lot and all(found.get(code) in findings.split() for code, findings in TOGETHER):
        return Graded("N", ("drift_hint", "placebo_outcomes"), "randomise")
    if estimate is None or estimate.p is None:
        refused = None if estimate is None else estimate.refused
        return Graded("N", (refused or "no_inference",), MORE_UNITS)
    reasons = [rule.reason for rule in broken]
    remedy = broken[0].remedy if broken else None
    if not by_lot and len(rollout.cohorts) < LEAST_DATES:
        reasons.append("one_date")
        remedy = remedy or "stagger"
    if not significant:
        reasons.append(_missing(estimate, matters))
        remedy = remedy or MORE_UNITS
    if by_lot and not broken:
        return Graded("A", ("drawn_by_lot", *reasons), None if significant else remedy, significant)
    if reasons:
        return Graded("C", tuple(reasons), remedy, significant)
    return Graded("B", ("staggered",), "randomise", significant)


def _eased(rule: Rule, estimate: Estimate | None) -> Rule:
    """One treated unit is enough for a synthetic control that has an interval: grade C."""
    synthetic = estimate is not None and estimate.method == "synthetic_control"
    if rule.reason == "too_few_units" and synthetic:
        return replace(rule, cap="C", reason="few_units")
    return rule


def _missing(estimate: Estimate, matters: float | None) -> str:
    """Whether an effect that would matter has been ruled out, or could be there unseen."""
    if matters is None or estimate.low is None or estimate.high is None:
        return "no_credible_effect"
    ruled_out = max(abs(estimate.low), abs(estimate.high)) < abs(matters)
    return "no_effect_that_matters" if ruled_out else "no_effect_seen"
