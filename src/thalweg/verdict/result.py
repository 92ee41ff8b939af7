"""The result of ``judge``: how deep, how dependent, which region, and what each figure rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from thalweg.change.result import ProveResult
from thalweg.economy.result import SustainResult
from thalweg.process.result import plain
from thalweg.verdict.evidence import Evidence

SCHEMA = "thalweg.judge/1"
Region = Literal["industrial_revolution", "transition", "traffic_war", "quiet_trade"]
REGIONS: tuple[Region, ...] = (
    "industrial_revolution",
    "transition",
    "traffic_war",
    "quiet_trade",
)
Verdict = Literal[
    "industrial_revolution", "transition", "traffic_war", "quiet_trade", "not_enough_evidence"
]


@dataclass(frozen=True, slots=True, eq=False)
class JudgeResult:
    """The verdict; ``judge_json_schema`` has all columns.

    verdict       a region, or "not_enough_evidence".
    reasons       codes of why no region is named (or of what the name rests on); settle: codes of
                  the records or designs that would settle it, the most telling first.
    thresholds    as the profile states them: depth, dependence, probability, layer.
    regions       region, probability.
    axes          axis (depth, dependence, capital_dependence), value, low, high, known,
                  least, most (bounds with what is not identified), missing.
    layers        layer, burden (time, money, failures), weight, baseline, unit, treated_share,
                  effect, depth, depth_low, depth_high, p, counted (in the reach), known, missing.
    reach         one row a burden: layers_reached, of_layers, confidence, beyond_lead_share, low, high.
    new_value     product, name, first_sale, revenue, share, new, incremental, low, high, known.
    technology    intervention, kind, spend, eligible_share (units), event_share, effect, grade,
                  class (matched, spread_ready, ineffective, shelf, unproven), reason.
    theses        thesis (T1 … T10), status (answered, partly, missing), figures (ids), missing
                  (codes), adds (for each of them, the code of what it would let one know).
    draws         draw, depth, dependence: at most 400, for the picture of the uncertainty region.
    evidence      every figure by id.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    verdict: Verdict
    reasons: tuple[str, ...]
    settle: tuple[str, ...]
    thresholds: dict[str, float]
    regions: pl.DataFrame
    axes: pl.DataFrame
    layers: pl.DataFrame
    reach: pl.DataFrame
    new_value: pl.DataFrame
    technology: pl.DataFrame
    theses: pl.DataFrame
    draws: pl.DataFrame
    evidence: Evidence
    prove: ProveResult | None = None
    sustain: SustainResult | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON, with every figure; without the results it was made from."""
        body: dict[str, Any] = {"schema": SCHEMA}
        hidden = ("prove", "sustain", "evidence")
        body |= {n: plain(getattr(self, n)) for n in self.__slots__ if n not in hidden}
        return body | {"figures": [one.to_json() for one in self.evidence]}
