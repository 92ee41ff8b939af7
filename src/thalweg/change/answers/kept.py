"""What a prove result was worked out from, for those who go on from designs rather than tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from thalweg.change.answers.answer import Answer
from thalweg.change.answers.grading import Verdict
from thalweg.change.frame import Rollout
from thalweg.change.panels.panel import Panels


@dataclass(frozen=True, slots=True, eq=False)
class Proved:
    """Panels, the roll-out of each intervention, and each answer with what it may be called.

    answers and verdicts stand in the same order; units of an answer's design in one of its own.
    """

    panels: Panels
    rollouts: Mapping[str, Rollout]
    answers: tuple[Answer, ...]
    verdicts: tuple[Verdict, ...]
