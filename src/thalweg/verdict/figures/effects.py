"""Figures of what interventions changed: effects with their grade, and how far they have come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.names import named
from thalweg.verdict.figures.process import entries

if TYPE_CHECKING:
    from thalweg.change.result import ProveResult
    from thalweg.verdict.parts import Parts

ASKED = ("type", "unit", "level", "every", "filters", "covariates", "confidence", "seed", "draws")
LAYERED = "layer_h"
PROVEN = ("improved", "worsened", "changed")


def effect_figures(parts: Parts) -> Iterator[Figure]:
    """Every effect that was sought, the ones that cannot be told among them."""
    found = parts.prove
    if found is None:
        return
    request = {name: found.request.get(name) for name in ASKED}
    for row in found.effects.to_dicts():
        if row["role"] in ("headline", "relevant"):
            yield _effect(parts, found, row, request)
    for intervention in found.rollout["intervention"].unique(maintain_order=True).to_list():
        yield from _adoption(found, intervention)


def effect_id(intervention: str, outcome: str) -> str:
    return named("effect", intervention, outcome)


def _effect(parts: Parts, found: ProveResult, row: dict[str, Any], request: Any) -> Figure:
    told = row["grade"] != "N"
    relative = row["scale"] == "log"
    column = "relative" if relative else "effect"
    missing = () if told else tuple(row["reasons"]) or (row["refused"] or "not_identified",)
    value, low, high = (row[f"{column}{end}"] if told else None for end in ("", "_low", "_high"))
    checks, figures = _checks(found, row["intervention"], row["outcome"], row["scale"])
    return Figure(
        effect_id(row["intervention"], row["outcome"]),
        value,
        low,
        high,
        unit="change" if relative else "points",
        known=row["grade"],
        method=f"effect_{row['method']}" if row["method"] else "effect_refused",
        assumptions=_assumptions(row["grade"]),
        checks=checks,
        inputs=(named("adoption", row["intervention"]),),
        rows=_rows(parts, row),
        request=request | _about(row),
        missing=missing,
        name=row["name"],
        found=figures,
    )


def _about(row: dict[str, Any]) -> dict[str, Any]:
    """Which effect it is, and whether it is a proven one on what the intervention was meant for."""
    proven = row["role"] == "headline" and row["called_effect"] and row["found"] in PROVEN
    return {
        "intervention": row["intervention"],
        "outcome": row["outcome"],
        "role": row["role"],
        "proven": bool(proven),
    }


def _assumptions(grade: str) -> tuple[str, ...]:
    if grade == "A":
        return ("dates_by_lot", "no_spill_over")
    if grade == "D":
        return ("nothing_else_changed",)
    return ("parallel_trends", "no_anticipation", "no_spill_over")


def _rows(parts: Parts, row: dict[str, Any]) -> tuple[Rows, ...]:
    """Events that the outcome was measured from, and the roll-out's rows."""
    chosen = entries(parts)
    kind, _, what = row["outcome"].partition(":")
    layer = parts.profile.layer(what) if kind == LAYERED else None
    if layer is not None:
        chosen = entries(parts, activity=layer.activities)
    return chosen, Rows("interventions", {"id": (row["intervention"],)})


def _checks(
    found: ProveResult, intervention: str, outcome: str, scale: str
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Finding by check, and the figures of each, with its status and the scale they are on."""
    rows = found.checks.filter(intervention=intervention, outcome=outcome).to_dicts()
    figures = {
        row["check"]: json.loads(row["figures"]) | {"@status": row["status"], "@scale": scale}
        for row in rows
    }
    return {row["check"]: row["finding"] for row in rows}, figures


def _adoption(found: ProveResult, intervention: str) -> Iterator[Figure]:
    mine = found.rollout.filter(intervention=intervention)
    rows = (Rows("interventions", {"id": (intervention,)}),)
    name = mine["name"][0]
    yield Figure(
        named("adoption", intervention),
        mine["unit"].n_unique(),
        unit="count",
        method="units_treated",
        rows=rows,
        name=name,
        request={"units": found.units},
    )
