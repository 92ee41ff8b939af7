"""How an effect came about: which waits and which steps became shorter.

Only for interventions with an identified effect on a headline: without one there is nothing whose
workings could be told. All waits and steps of an intervention are corrected together, for they are
looked through rather than asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from thalweg.change.answers.answer import Settings, estimated
from thalweg.change.answers.figures import finite, relative_row, tell, treated_mean
from thalweg.change.answers.questions import Question
from thalweg.change.correction import benjamini_hochberg
from thalweg.change.estimates.estimate import Estimate
from thalweg.change.frame import Design
from thalweg.change.schema import frame


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The effect on one waiting cause, or on the time between two steps."""

    question: Question
    design: Design
    found: Estimate


def part_of(question: Question, leads: int, settings: Settings) -> Part:
    """Estimate a part.

    Takes    leads: periods that were set aside before the start of the headline, for anticipation
             reaches the parts as well as the whole.
    """
    panel = question.design.panel
    design = replace(question.design, panel=replace(panel, straddle=panel.straddle + leads))
    return Part(question, design, estimated(question, design, settings))


def mechanism_table(parts: Sequence[Part], confidence: float) -> pl.DataFrame:
    """Parts of all interventions, each intervention's corrected by Benjamini and Hochberg."""
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(part.question.about.id for part in parts):
        mine = [part for part in parts if part.question.about.id == name]
        adjusted = benjamini_hochberg([part.found.p for part in mine])
        rows += [_row(part, p, 1 - confidence) for part, p in zip(mine, adjusted, strict=True)]
    return frame("mechanism", rows)


def _row(part: Part, p_bh: float | None, level: float) -> dict[str, Any]:
    outcome, found = part.question.outcome, part.found
    told = tell(outcome.scale, treated_mean(part.design), found)
    sure = p_bh is not None and p_bh <= level
    return {
        "intervention": part.question.about.id,
        "outcome": outcome.name,
        "part": outcome.kind,
        "what": outcome.name.partition(":")[2],
        "unit": outcome.unit,
        "att": finite(found.att),
        "se": found.se,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "p_bh": p_bh,
        "effect": told.effect,
        "found": ("shorter" if found.att < 0 else "longer") if sure else "no_change_shown",
        "refused": found.refused,
        **relative_row(outcome.scale, told.untreated_mean, found.att, found.low, found.high),
    }
