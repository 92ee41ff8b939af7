"""Vertical reach: in how many layers a change that matters has been shown, and how much of it lies
beyond the layer that customers enter by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from thalweg.change.correction import holm
from thalweg.records.profile.model import Profile
from thalweg.verdict.depth.baseline import Burden
from thalweg.verdict.depth.measure import Depth, LayerDepth

LEAD = "lead"


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Under one burden.

    reached      at least so many layers, with ``confidence``; None where none could be tested.
    of_layers    layers in which something measured is in force.
    p            layer → p-value after Holm's correction of the hypothesis that less than what
                 matters was removed. counted: the layers in the reach.
    lead         the layer that customers enter by. beyond: part of the whole effect outside it,
                 with its interval; None unless the whole is credibly above zero.
    """

    burden: Burden
    reached: int | None
    of_layers: int
    confidence: float
    p: dict[str, float]
    counted: tuple[str, ...]
    lead: str
    beyond: float | None
    low: float | None
    high: float | None

    def to_row(self) -> dict[str, Any]:
        """A row of ``JudgeResult.reach``."""
        return {
            "burden": self.burden,
            "layers_reached": self.reached,
            "of_layers": self.of_layers,
            "confidence": self.confidence,
            "beyond_lead_share": self.beyond,
            "low": self.low,
            "high": self.high,
        }


def lead_of(profile: Profile) -> str:
    """The layer of that name, else the first of the profile: the chain is told from its customers."""
    named = [layer.id for layer in profile.layers]
    return LEAD if LEAD in named else named[0]


def reach_of(depth: Depth, burden: Burden, profile: Profile) -> Reach:
    """Count the layers in which a depth that matters was shown.

    The p-value of a layer is the larger of two: that its depth is at most ``thresholds.layer``, and
    that nothing changed at all, from dealt dates, which hold for few units. Holm's correction over
    all layers that were tested keeps the chance of a single false layer below 1 − confidence.
    """
    layers = depth.of(burden)
    tested = [one for one in layers if one.treated_share > 0]
    least = profile.thresholds.layer
    raw = [max(_shown(one, least), _dealt(one)) for one in tested]
    adjusted = [float(p) for p in holm(raw) if p is not None]
    p = {one.layer: value for one, value in zip(tested, adjusted, strict=True)}
    level = 1 - depth.confidence
    counted = tuple(name for name, value in p.items() if value <= level)
    lead = lead_of(profile)
    beyond = _beyond(depth, burden, layers, lead)
    return Reach(
        burden=burden,
        reached=len(counted) if tested else None,
        of_layers=len(tested),
        confidence=depth.confidence,
        p=p,
        counted=counted,
        lead=lead,
        beyond=beyond[0],
        low=beyond[1],
        high=beyond[2],
    )


def _shown(one: LayerDepth, least: float) -> float:
    """One-sided p-value of the hypothesis that the layer's depth is ``least`` or less."""
    spread = float(one.draws.std())
    if spread <= 0:
        return 1.0
    return float(stats.norm.sf((one.depth - least) / spread))


def _dealt(one: LayerDepth) -> float:
    """One-sided p-value, over its interventions (Bonferroni), that none of them removed anything."""
    sides = [
        pair.p / 2 if pair.effect < 0 else 1 - pair.p / 2
        for pair in one.pairs
        if pair.measured and pair.p is not None
    ]
    return min(1.0, min(sides) * len(sides)) if sides else 1.0


def _beyond(
    depth: Depth, burden: Burden, layers: Sequence[LayerDepth], lead: str
) -> tuple[float | None, float | None, float | None]:
    whole = depth.platforms.get(burden)
    if whole is None or whole.low <= 0 or all(one.layer != lead for one in layers):
        return None, None, None
    at_lead = sum(one.weight * one.depth for one in layers if one.layer == lead)
    drawn = sum(
        (one.weight * one.draws for one in layers if one.layer == lead),
        np.zeros(len(whole.draws)),
    )
    tail = (1 - depth.confidence) / 2
    positive = whole.draws > 0
    shares = 1 - drawn[positive] / whole.draws[positive]
    low, high = np.quantile(shares, [tail, 1 - tail])
    return float(1 - at_lead / whole.depth), float(low), float(high)


def layer_rows(depth: Depth, reaches: Sequence[Reach]) -> list[dict[str, Any]]:
    """The rows of ``JudgeResult.layers``."""
    found = {one.burden: one for one in reaches}
    rows = []
    for one in depth.layers:
        reach = found.get(one.burden)
        measured = one.known != "N"
        rows.append(
            {
                "layer": one.layer,
                "burden": one.burden,
                "weight": one.weight,
                "baseline": one.baseline,
                "unit": one.unit,
                "treated_share": one.treated_share,
                "effect": one.effect,
                "depth": one.depth if measured else None,
                "depth_low": one.low if measured else None,
                "depth_high": one.high if measured else None,
                "p": None if reach is None else reach.p.get(one.layer),
                "counted": reach is not None and one.layer in reach.counted,
                "known": one.known,
                "missing": one.missing,
            }
        )
    return rows
