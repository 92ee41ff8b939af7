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
    """A design grade with the codes of its reasons; remedy: what would raise it, as a code."""

    grade: Grade
    reasons: tuple[str, ...]
    remedy: str | None = None
