"""What planning a roll-out gives: the dates drawn, what they could show, and what others could."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from thalweg.process.result import plain

SCHEMA = "thalweg.planning/1"

CURVE = {"effect": pl.Float64, "effect_absolute": pl.Float64, "power": pl.Float64}
BY_WAIT = {
    "wait": pl.Int64,
    "until": pl.Date,
    "smallest_effect": pl.Float64,
    "smallest_effect_absolute": pl.Float64,
    "power": pl.Float64,
}
BY_UNITS = {
    "units": pl.Int64,
    "smallest_effect": pl.Float64,
    "smallest_effect_absolute": pl.Float64,
    "power": pl.Float64,
}
WAVES = {"wave": pl.Int64, "from": pl.Date, "drawn": pl.Int64, "fixed": pl.Int64}
BALANCE = {
    "wave": pl.Int64,
    "units": pl.Int64,
    "level": pl.Float64,
    "trend": pl.Float64,
    "noise": pl.Float64,
}
STRATA = {"stratum": pl.String, "wave": pl.Int64, "units": pl.Int64}
DESIGNS = {
    "design": pl.String,
    "shares": pl.String,
    "drawing": pl.String,
    "treated": pl.Int64,
    "controls": pl.Int64,
    "variance_ratio": pl.Float64,
    "smallest_effect": pl.Float64,
    "smallest_effect_absolute": pl.Float64,
    "power": pl.Float64,
    "bias": pl.Float64,
    "grade": pl.String,
}
ASSIGNMENT = {
    "unit": pl.String,
    "wave": pl.Int64,
    "from": pl.Date,
    "stratum": pl.String,
    "assignment": pl.String,
    "why": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class PlanningResult:
    """A drawn roll-out and its power; ``planning_json_schema`` has all columns.

    Effects are relative (-0.1: a tenth less) for outcomes in logs and in the outcome's unit for
    levels; ``_absolute`` ones are in the outcome's unit, at the mean of the baseline.
    """

    fingerprint: str
    request: dict[str, Any]
    outcome: dict[str, Any]
    baseline: dict[str, Any]
    found: dict[str, Any]
    power_curve: pl.DataFrame
    by_wait: pl.DataFrame
    by_units: pl.DataFrame
    waves: pl.DataFrame
    strata: pl.DataFrame
    balance: pl.DataFrame
    designs: pl.DataFrame
    assignment: pl.DataFrame
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA} | {name: plain(getattr(self, name)) for name in self.__slots__}
