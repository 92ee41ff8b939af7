"""The answer to one question about a design."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["passed", "warning", "failed", "not_possible"]
Grade = Literal["A", "B", "C", "D", "N"]


@dataclass(frozen=True, slots=True)
class Check:
    """code: what was checked (``pre_trend``, ``anticipation``, ``spill_over``, …).

    finding: code of what was found, worded per language with ``figures`` filled in.
    """

    code: str
    status: Status
    finding: str
    figures: dict[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graded:
    """A design grade with the codes of its reasons; remedy: what would raise it, as a code.

    significant: after correction for all tests that were made. A grade from A to C without it is a
    sound design that showed no credible effect.
    """

    grade: Grade
    reasons: tuple[str, ...]
    remedy: str | None = None
    significant: bool = False

    @property
    def is_effect(self) -> bool:
        """Whether the estimate may be called an effect."""
        return self.significant and self.grade in ("A", "B", "C")
