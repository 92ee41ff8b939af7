"""Weigh what was gathered: depth against dependence, new value, technology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg.verdict.figures.process import layer_hours
from thalweg.verdict.schema import AXES, frame
from thalweg.verdict.weighed import Weighed

if TYPE_CHECKING:
    from thalweg.verdict.parts import Parts
    from thalweg.verdict.request import JudgeRequest


def weigh(parts: Parts, _request: JudgeRequest) -> Weighed:
    """The tables of a verdict."""
    return Weighed(
        reasons=("depth_unknown", "dependence_unknown"),
        settle=("record_interventions", "record_ledger"),
        axes=frame("axes", [_unknown(axis, parts) for axis in AXES]),
        layers=frame("layers", _burdens(parts)),
    )


def _unknown(axis: str, parts: Parts) -> dict[str, Any]:
    part = "effects" if axis == "depth" else "economy"
    known = "N" if axis == "depth" else "not_identified"
    return {"axis": axis, "known": known, "missing": parts.missing.get(part, "not_identified")}


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
