"""An effect with its interval, and what it may be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["imputation", "callaway_santanna", "synthetic_control", "interrupted_series"]
Reference = Literal["randomisation", "student", "normal", "placebo"]
"""What the interval is taken from: permuted roll-outs, a t or normal law, or placebo units."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The average effect on the treated cells, on the scale of the outcome.

    se, low, high and p are None where there is no inference; ``refused`` is then the code of the
    reason. freedom: degrees of freedom of a t law.
    """

    att: float
    se: float | None
    low: float | None
    high: float | None
    p: float | None
    method: Method
    reference: Reference | None
    confidence: float = 0.95
    freedom: float | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class PathPoint:
    """The effect at one distance from the first treated period (negative: before it)."""

    horizon: int
    att: float
    se: float | None
    low: float | None
    high: float | None
    cells: int
