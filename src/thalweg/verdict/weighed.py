"""What the weighing gives: depth by layer, the axes, new value, technology, regions, and a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from thalweg.verdict.result import Verdict
from thalweg.verdict.schema import frame

TABLES = ("regions", "axes", "layers", "reach", "new_value", "technology", "draws")


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Tables of a verdict; ``JudgeResult`` says what is in them."""

    verdict: Verdict = "not_enough_evidence"
    reasons: tuple[str, ...] = ()
    settle: tuple[str, ...] = ()
    regions: pl.DataFrame = field(default_factory=lambda: frame("regions", []))
    axes: pl.DataFrame = field(default_factory=lambda: frame("axes", []))
    layers: pl.DataFrame = field(default_factory=lambda: frame("layers", []))
    reach: pl.DataFrame = field(default_factory=lambda: frame("reach", []))
    new_value: pl.DataFrame = field(default_factory=lambda: frame("new_value", []))
    technology: pl.DataFrame = field(default_factory=lambda: frame("technology", []))
    draws: pl.DataFrame = field(default_factory=lambda: frame("draws", []))
    checks: dict[str, dict[str, str]] = field(default_factory=dict)
    """Figure id → check → finding, of what the weighing itself looked into."""
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
