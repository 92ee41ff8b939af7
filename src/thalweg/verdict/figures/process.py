"""Figures of the process: where it waits, loops, breaks off and leaves its way, and its burden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.names import named
from thalweg.verdict.rows import FILTERS, TYPE

if TYPE_CHECKING:
    from thalweg.process.conformance.result import ConformResult
    from thalweg.process.result import MapResult
    from thalweg.process.waiting.result import WaitsResult
    from thalweg.verdict.parts import Parts

HOUR_S = 3600.0
TOP = 5
"""Pairs, loops and deviations that become figures: those that cost most."""
ARROW = "→"


def process_figures(parts: Parts) -> Iterator[Figure]:
    """What a log alone gives."""
    if parts.map is None or not parts.map.objects:
        return
    yield from _flow(parts, parts.map)
    yield from _burden(parts, parts.map)
    yield from _pairs(parts, parts.map)
    yield from _loops(parts, parts.map)
    yield from _breaks_off(parts, parts.map)
    if parts.waits is not None:
        yield from _causes(parts, parts.waits)
    if parts.conform is not None:
        yield from _deviations(parts, parts.conform)
    yield from _candidates(parts)


def entries(parts: Parts, **where: tuple[Any, ...]) -> Rows:
    """Events of the measured type, further narrowed."""
    chosen: dict[str, tuple[Any, ...]] = {TYPE: (parts.type,)}
    if parts.filters:
        chosen[FILTERS] = parts.filters
    return Rows("events", chosen | {f"@{name}": values for name, values in where.items()})


def _flow(parts: Parts, found: MapResult) -> Iterator[Figure]:
    figures, rows = found.durations, (entries(parts),)
    yield Figure("flow.objects", found.objects, unit="count", method="counted_objects", rows=rows)
    if figures.get("median_s") is not None:
        yield Figure(
            "flow.median_h",
            _hours(figures["median_s"]),
            _hours(figures["median_low_s"]),
            _hours(figures["median_high_s"]),
            unit="h",
            method="kaplan_meier",
            assumptions=("censoring_says_nothing", "ends_are_known"),
            rows=rows,
            request=found.request,
        )
    yield Figure(
        "flow.total_h",
        _hours(float(found.pairs["total_s"].sum())),
        unit="h",
        method="gaps_of_pairs",
        assumptions=("gap_belongs_to_what_follows",),
        rows=rows,
        request=found.request,
    )


def layer_hours(found: MapResult, layers: dict[str, str]) -> dict[str | None, float]:
    """Hours by layer: each gap between two events belongs to the layer of the later one.

    Takes    layers: layer by activity. None stands for activities without one.
    """
    hours: dict[str | None, float] = {}
    for target, total_s in found.pairs.select("target", "total_s").iter_rows():
        layer = layers.get(target)
        hours[layer] = hours.get(layer, 0.0) + total_s / HOUR_S
    return hours


def _burden(parts: Parts, found: MapResult) -> Iterator[Figure]:
    """Hours and share of each layer of the profile, in the order of the chain."""
    home = parts.profile.layers_by_activity()
    hours = layer_hours(found, home)
    total = sum(hours.values())
    drafted = ("layers_drafted",) if parts.drafted else ()
    present = set(found.activities["activity"])
    for layer in parts.profile.layers:
        if not present & set(layer.activities):
            continue
        rows = (entries(parts, activity=layer.activities),)
        common: dict[str, Any] = {
            "method": "burden_by_layer",
            "assumptions": ("gap_belongs_to_what_follows", *drafted),
            "request": found.request,
            "name": layer.id,
        }
        spent = hours.get(layer.id, 0.0)
        id_h = named("burden", layer.id)
        yield Figure(id_h, spent, unit="h", rows=rows, **common)
        if total > 0:
            inputs = (id_h, "flow.total_h")
            yield Figure(f"{id_h}.share", spent / total, unit="share", inputs=inputs, **common)
    homeless = [name for name in found.activities["activity"] if name not in home]
    if total > 0 and homeless:
        yield Figure(
            "burden.without_layer.share",
            hours.get(None, 0.0) / total,
            unit="share",
            method="burden_by_layer",
            inputs=("flow.total_h",),
            rows=(entries(parts, activity=tuple(homeless)),),
            request=found.request,
        )


def _pairs(parts: Parts, found: MapResult) -> Iterator[Figure]:
    ranked = found.pairs.sort(["total_s", "source", "target"], descending=[True, False, False])
    for row in ranked.filter(pl.col("total_s") > 0).head(TOP).to_dicts():
        label = f"{row['source']} {ARROW} {row['target']}"
        rows = (entries(parts, activity=(row["target"],), before=(row["source"],)),)
        id_h = named("waits.pair", f"{row['source']}{ARROW}{row['target']}")
        common: dict[str, Any] = {
            "method": "gaps_of_pairs",
            "name": label,
            "request": found.request,
        }
        yield Figure(id_h, _hours(row["total_s"]), unit="h", rows=rows, **common)
        yield Figure(
            f"{id_h}.share",
            row["wait_share"],
            unit="share",
            inputs=(id_h, "flow.total_h"),
            **common,
        )


def _loops(parts: Parts, found: MapResult) -> Iterator[Figure]:
    loops = found.table("loops")
    if loops is None:
        return
    shares = dict(found.activities.select("activity", "rework_share").iter_rows())
    for row in loops.head(TOP).to_dicts():
        activity = row["activity"]
        rows = (entries(parts, activity=(activity,), again=(True,)),)
        common: dict[str, Any] = {"name": activity, "request": found.request, "rows": rows}
        common |= {"method": "repeats"}
        yield Figure(named("loops", activity), shares[activity], unit="share", **common)
        yield Figure(
            f"{named('loops', activity)}.lost_h",
            _hours(row["lost_s"]),
            unit="h",
            **common,
        )


def _breaks_off(parts: Parts, found: MapResult) -> Iterator[Figure]:
    """Objects that fell silent, that ended in failure, and that are not over yet."""
    completion, ends = found.completion, found.ends
    failed = set(parts.profile.failed_ends)
    ended = sum(n for name, n in ends.select("activity", "objects").iter_rows() if name in failed)
    counts = {
        "breaks_off.silent": (completion["by_silence"], ("long_silence_is_an_end",)),
        "breaks_off.failed": (ended, ("failed_ends_as_named",)),
        "breaks_off.unfinished": (completion["unfinished"], ("ends_are_known",)),
    }
    for name, (count, assumptions) in counts.items():
        if name == "breaks_off.failed" and not failed:
            continue
        yield Figure(
            name,
            count / found.objects,
            unit="share",
            method="completion",
            assumptions=assumptions,
            inputs=("flow.objects",),
            rows=(entries(parts),),
            request=found.request,
        )


def _causes(parts: Parts, found: WaitsResult) -> Iterator[Figure]:
    """Share of all waiting by cause; of time between completions where no starts are recorded."""
    method = "waiting_causes" if found.kind == "waiting" else "sojourn_causes"
    for row in found.causes.to_dicts():
        known = row["identified"]
        spread = None if row["share_se"] is None else 1.96 * row["share_se"]
        yield Figure(
            named("waits.cause", row["cause"]),
            row["share"],
            None if spread is None else max(row["share"] - spread, 0.0),
            None if spread is None else min(row["share"] + spread, 1.0),
            unit="share",
            method=method,
            assumptions=("causes_are_no_effects",),
            rows=(entries(parts),),
            request=found.request,
            missing=() if known else (found.missing.get(row["cause"], "not_identified"),),
            name=row["cause"],
        )


def _deviations(parts: Parts, found: ConformResult) -> Iterator[Figure]:
    fitness = found.fitness
    if fitness is None:
        return
    rows = (entries(parts),)
    common: dict[str, Any] = {"assumptions": ("model_is_what_is_usual",), "request": found.request}
    yield Figure(
        "deviations.share",
        1 - fitness["fitting_share"],
        1 - fitness["fitting_high"],
        1 - fitness["fitting_low"],
        unit="share",
        method="alignment",
        inputs=("flow.objects",),
        rows=rows,
        **common,
    )
    for row in found.deviations.head(TOP).to_dicts():
        name = (row["kind"], row["name"], row["after"] or "")
        yield Figure(
            named("deviations", *(one for one in name if one)),
            row["objects"],
            unit="count",
            method="alignment",
            rows=rows,
            name=row["name"],
            **common,
        )


def _candidates(parts: Parts) -> Iterator[Figure]:
    """Changes of the process that nobody recorded an intervention for."""
    if parts.prove is None:
        return
    table = parts.prove.candidates
    unexplained = table.filter(pl.col("recorded").is_null())
    request = {name: parts.prove.request[name] for name in ("type", "filters", "seed")}
    rows = (entries(parts),)
    common: dict[str, Any] = {"method": "change_points", "request": request, "rows": rows}
    found = []
    for row in unexplained.sort("p_adjusted", "at").head(TOP).to_dicts():
        found.append(named("candidates", row["kind"], row["at"].date()))
        yield Figure(
            found[-1],
            row["at"].date().isoformat(),
            row["low"].date().isoformat(),
            row["high"].date().isoformat(),
            unit="date",
            name=row["what"],
            assumptions=("change_is_no_effect",),
            **common,
        )
    untested = "drift_untested" in parts.prove.warnings
    yield Figure(
        "candidates.count",
        None if untested else len(unexplained),
        unit="count",
        inputs=tuple(found),
        missing=("drift_untested",) if untested else (),
        **common,
    )


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / HOUR_S
