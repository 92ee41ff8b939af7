"""Figures of the verdict itself: depth by layer and as a whole, dependence, regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.verdict.evidence import Figure
from thalweg.verdict.figures.effects import effect_id
from thalweg.verdict.figures.ledger import missing_of
from thalweg.verdict.figures.names import named
from thalweg.verdict.figures.process import entries

if TYPE_CHECKING:
    from thalweg.verdict.parts import Parts
    from thalweg.verdict.weighed import Weighed

AXIS_ID = {"depth": "depth", "dependence": "dependence", "capital_dependence": "dependence.capital"}
TOLD_BY = {"depth": (), "dependence": ("traffic_off",), "capital_dependence": ("capital_off",)}
"""By axis the figures of the economy whose reasons explain it."""
BEHIND = {"dependence": ("traffic_off.12",), "capital_dependence": ("capital_off.alive",)}
DEPTH = ("depth_as_removed_burden", "all_layers_enter", "past_effect_goes_on")


def verdict_figures(parts: Parts, weighed: Weighed, request: dict[str, Any]) -> Iterator[Figure]:
    """From layers to the name of a region."""
    layers = list(_layers(parts, weighed, request))
    yield from layers
    yield from _reach(weighed, request)
    yield from _axes(parts, weighed, [one.id for one in layers], request)
    yield from _regions(weighed, request)


def headline_burden(weighed: Weighed) -> str:
    """What the depth of the whole is told in: money where it is known, else time."""
    return str(weighed.facts.get("burden", "time"))


def layer_id(what: str, layer: str, burden: str) -> str:
    """``depth.layer.quality`` of time, ``depth.layer.quality.money`` of another burden."""
    return named(what, layer, "" if burden == "time" else burden)


def _layers(parts: Parts, weighed: Weighed, request: dict[str, Any]) -> Iterator[Figure]:
    for row in weighed.layers.to_dicts():
        if row["weight"] is None and row["depth"] is None:
            continue
        layer, burden = row["layer"], row["burden"]
        weight = layer_id("weight", layer, burden)
        known = parts.profile.layer(layer)
        rows = () if known is None else (entries(parts, activity=known.activities),)
        yield Figure(
            weight,
            row["weight"],
            unit="share",
            method=f"weight_by_{burden}",
            assumptions=("burden_before_change",),
            rows=rows,
            request=request,
            name=layer,
        )
        yield Figure(
            layer_id("depth.layer", layer, burden),
            row["depth"],
            row["depth_low"],
            row["depth_high"],
            unit="share",
            known=row["known"],
            method="depth_of_layer",
            assumptions=DEPTH[2:],
            inputs=(weight, *_effects(parts, layer)),
            rows=rows,
            request=request,
            missing=() if row["missing"] is None else (row["missing"],),
            name=layer,
        )


def _effects(parts: Parts, layer: str) -> tuple[str, ...]:
    """Ids of the effects on a layer's time that became figures."""
    if parts.prove is None:
        return ()
    mine = parts.prove.effects.filter(pl.col("role").is_in(["headline", "relevant"]), layer=layer)
    return tuple(effect_id(*pair) for pair in mine.select("intervention", "outcome").iter_rows())


def _reach(weighed: Weighed, request: dict[str, Any]) -> Iterator[Figure]:
    for row in weighed.reach.to_dicts():
        burden = row["burden"]
        inputs = tuple(
            layer_id("depth.layer", layer, burden)
            for layer in weighed.layers.filter(burden=burden, counted=True)["layer"]
        )
        yield Figure(
            named("reach", burden),
            row["layers_reached"],
            unit="count",
            method="reach_by_holm",
            inputs=inputs,
            request=request | {"of_layers": row["of_layers"]},
        )
        share = row["beyond_lead_share"]
        yield Figure(
            named("beyond_lead", burden),
            share,
            row["low"],
            row["high"],
            unit="share",
            method="beyond_lead",
            inputs=tuple(
                layer_id("depth.layer", layer, burden)
                for layer in weighed.layers.filter(pl.col("depth").is_not_null(), burden=burden)[
                    "layer"
                ]
            ),
            request=request,
            missing=("whole_not_positive",) if share is None else (),
        )


def _axes(
    parts: Parts, weighed: Weighed, layers: list[str], request: dict[str, Any]
) -> Iterator[Figure]:
    burden = headline_burden(weighed)
    mine = {
        layer_id("depth.layer", row["layer"], burden)
        for row in weighed.layers.filter(burden=burden).to_dicts()
    }
    behind = BEHIND | {"depth": tuple(one for one in layers if one in mine)}
    for row in weighed.axes.to_dicts():
        name = AXIS_ID[row["axis"]]
        limits = {end: row[end] for end in ("least", "most") if row[end] is not None}
        yield Figure(
            name,
            row["value"],
            row["low"],
            row["high"],
            unit="share",
            known=row["known"],
            method=f"axis_{row['axis']}",
            assumptions=DEPTH if row["axis"] == "depth" else ("response_goes_on",),
            checks=weighed.checks.get(name, {}),
            inputs=behind[row["axis"]],
            request=request | limits,
            missing=_open(parts, row),
        )


def _open(parts: Parts, row: dict[str, Any]) -> tuple[str, ...]:
    """Why an axis has no value: what the economy says of it, where that says more."""
    if row["missing"] is None:
        return ()
    told = () if parts.sustain is None else missing_of(parts.sustain, *TOLD_BY[row["axis"]])
    return told or (row["missing"],)


def _regions(weighed: Weighed, request: dict[str, Any]) -> Iterator[Figure]:
    ids = []
    for region, probability in weighed.regions.select("region", "probability").iter_rows():
        ids.append(named("probability", region))
        yield Figure(
            ids[-1],
            probability,
            unit="share",
            known="model_only",
            method="region_by_draws",
            assumptions=("thresholds_beforehand",),
            inputs=("depth", "dependence"),
            request=request,
            missing=() if probability is not None else weighed.reasons,
            name=region,
        )
    yield Figure(
        "verdict",
        weighed.verdict if weighed.verdict != "not_enough_evidence" else None,
        unit="text",
        known="model_only",
        method="verdict_by_probability",
        assumptions=("thresholds_beforehand",),
        inputs=(*ids, "depth", "dependence"),
        request=request,
        missing=weighed.reasons if weighed.verdict == "not_enough_evidence" else (),
    )
