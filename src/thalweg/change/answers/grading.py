"""From all answers together to what each may be called: correction for many tests, then the grade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from thalweg.change.answers.answer import Answer
from thalweg.change.checks.check import Graded
from thalweg.change.checks.grade import grade
from thalweg.change.correction import benjamini_hochberg, holm

Said = Literal["improved", "worsened", "changed", "no_change_shown", "not_an_effect"]

Correction = Callable[[Sequence[float | None]], list[float | None]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """p_holm, p_bh: over the headlines for a headline, over all other rows for the others."""

    graded: Graded
    p_holm: float | None
    p_bh: float | None
    said: Said


def give_grades(answers: Sequence[Answer], matters: float | None = None) -> list[Verdict]:
    """The verdict on each answer, in their order.

    Headlines are one family of tests and all other answers another, so that what is looked at
    besides does not take a headline's verdict away. An effect is significant when its p-value
    corrected by Benjamini and Hochberg within its family is small; grade B asks the same of Holm's
    correction besides.

    Takes    matters: smallest effect worth having, on the scale of estimation; None: not said.
    """
    strictly, discovered = _by_family(answers, holm), _by_family(answers, benjamini_hochberg)
    verdicts = []
    for at, answer in enumerate(answers):
        strict = strictly[at]
        level = 1 - answer.found.confidence
        significant = discovered[at] is not None and (discovered[at] or 0.0) <= level
        graded = grade(
            answer.checks, answer.found, answer.design.rollout, significant, matters=matters
        )
        if graded.grade == "B" and (strict is None or strict > level):
            graded = replace(graded, grade="C", reasons=("not_after_holm",), remedy="more_units")
        if answer.found.refused == "inseparable":
            graded = replace(graded, remedy="separate_dates")
        verdicts.append(Verdict(graded, strict, discovered[at], _said(answer, graded)))
    return verdicts


def _by_family(answers: Sequence[Answer], correction: Correction) -> list[float | None]:
    """Corrected p-values, headlines and others each among themselves."""
    headline = [answer.question.role == "headline" for answer in answers]
    p = [answer.found.p for answer in answers]
    families = [
        correction([one if mine == kept else None for one, mine in zip(p, headline, strict=True)])
        for kept in (False, True)
    ]
    return [families[mine][at] for at, mine in enumerate(headline)]


def _said(answer: Answer, graded: Graded) -> Said:
    if graded.grade in ("D", "N"):
        return "not_an_effect"
    if not graded.is_effect:
        return "no_change_shown"
    better = answer.question.outcome.better
    if better is None:
        return "changed"
    return "improved" if (answer.found.att < 0) == (better == "lower") else "worsened"
