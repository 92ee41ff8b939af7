"""Weigh what was gathered: depth against dependence, new value, technology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg.verdict.dependence import dependence_of
from thalweg.verdict.depth.measure import Depth, measure_depth
from thalweg.verdict.figures.process import layer_hours
from thalweg.verdict.new_value import NewValue, new_value
from thalweg.verdict.reach import layer_rows, reach_of
from thalweg.verdict.region import axis_rows, place
from thalweg.verdict.schema import frame
from thalweg.verdict.technology import match_ratio, match_technology
from thalweg.verdict.weighed import Weighed

if TYPE_CHECKING:
    from thalweg.economy.result import SustainResult
    from thalweg.verdict.parts import Parts
    from thalweg.verdict.request import JudgeRequest


def weigh(parts: Parts, request: JudgeRequest) -> Weighed:
    """The tables of a verdict."""
    depth = _depth(parts, request)
    missing = parts.missing.get("effects")
    dependence = dependence_of(parts.sustain)
    placed = place(depth, dependence, parts.profile.thresholds, missing=missing)
    axes = axis_rows(depth, dependence, missing)
    reaches = (
        () if depth is None else [reach_of(depth, one, parts.profile) for one in depth.platforms]
    )
    layers = _burdens(parts) if depth is None else layer_rows(depth, reaches)
    technology, products = _technology(parts), _new_value(parts, request)
    return Weighed(
        verdict=placed.verdict,
        reasons=placed.reasons,
        settle=placed.settle,
        regions=frame("regions", placed.region_rows()),
        axes=frame("axes", [*map(_untold, axes), _on_capital(parts.sustain)]),
        layers=frame("layers", layers),
        reach=frame("reach", [one.to_row() for one in reaches]),
        new_value=frame("new_value", [] if products is None else products.rows()),
        technology=frame("technology", [one.to_row() for one in technology]),
        draws=frame("draws", placed.draw_rows()),
        facts=_facts(depth)
        | _new_facts(products)
        | {"match_ratio": match_ratio(technology), "held": dict(placed.held)},
    )


def _depth(parts: Parts, request: JudgeRequest) -> Depth | None:
    if parts.prove is None or parts.prove.kept is None:
        return None
    found = measure_depth(
        parts.prove.kept,
        parts.profile,
        confidence=request.confidence,
        draws=request.draws,
        seed=request.seed,
    )
    return found if found.layers else None


def _facts(depth: Depth | None) -> dict[str, Any]:
    if depth is None or depth.platform is None:
        return {"burden": "time"}
    platform = depth.platform
    wider = depth.wider
    return {
        "burden": platform.burden,
        "unmeasured_share": platform.unmeasured_share,
        "layers_missing": list(platform.layers_missing),
        "depth_missing": dict(depth.missing),
        "depth_wider": None if wider is None else [wider.depth, wider.low, wider.high],
    }


def _untold(row: dict[str, Any]) -> dict[str, Any]:
    """What is missing has no value, whatever the draws of it say."""
    return row if row["missing"] is None else row | dict.fromkeys(("value", "low", "high"))


def _on_capital(sustain: SustainResult | None) -> dict[str, Any]:
    """Chance that cash ends without new outside capital."""
    axis: dict[str, Any] = {"axis": "capital_dependence", "known": "not_identified"}
    if sustain is None:
        return axis | {"missing": "no_ledger"}
    rows = sustain.capital.to_dicts()
    if not rows or rows[0]["alive_share"] is None:
        return axis | {"missing": "no_cash"}
    value, known = 1 - rows[0]["alive_share"], rows[0]["known"]
    ends = {"low": 0.0, "high": value} if known == "bounds" else {}
    return axis | {"value": value, "known": known} | ends


def _technology(parts: Parts) -> Any:
    if parts.prove is None:
        return ()
    accounts = (
        None if parts.sustain is None or parts.sustain.kept is None else parts.sustain.kept[0]
    )
    return match_technology(
        parts.prove, accounts, parts.book.interventions(), profile=parts.profile
    )


def _new_value(parts: Parts, request: JudgeRequest) -> NewValue | None:
    if parts.sustain is None or parts.sustain.kept is None:
        return None
    accounts, growth, _ = parts.sustain.kept
    return new_value(
        accounts, parts.profile, growth, confidence=request.confidence, seed=request.seed
    )


def _new_facts(found: NewValue | None) -> dict[str, Any]:
    """Which months new products are counted in, and within which they are new."""
    if found is None:
        return {}
    names = ("first", "last", "months", "missing")
    return {"new_value": {name: getattr(found, name) for name in names}}


def _burdens(parts: Parts) -> list[dict[str, Any]]:
    """What each layer costs in time, where nothing was rolled out that could have changed it."""
    if parts.map is None:
        return []
    hours = layer_hours(parts.map, parts.profile.layers_by_activity())
    present = set(parts.map.activities["activity"])
    total = sum(hours.values())
    return [
        {
            "layer": layer.id,
            "burden": "time",
            "weight": hours.get(layer.id, 0.0) / total if total else None,
            "baseline": hours.get(layer.id, 0.0),
            "unit": "h",
            "counted": False,
            "known": "counted",
            "missing": parts.missing.get("effects", "no_interventions"),
        }
        for layer in parts.profile.layers
        if present & set(layer.activities)
    ]
