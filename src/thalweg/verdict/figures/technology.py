"""Figures of new products, and of technology that is paid for, in use, and effective."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.effects import effect_id
from thalweg.verdict.figures.ledger import iso
from thalweg.verdict.figures.names import named
from thalweg.verdict.rows import STANDARD

if TYPE_CHECKING:
    from thalweg.verdict.parts import Parts
    from thalweg.verdict.weighed import Weighed

ALL = "*"
SPENT = ("research", "rollout")


def new_value_figures(weighed: Weighed, request: dict[str, Any]) -> Iterator[Figure]:
    """Share of revenue from new products, by product and in all, and its incremental part."""
    table, about = weighed.new_value, weighed.facts.get("new_value", {})
    span = {"month": (iso(about.get("first")), iso(about.get("last")))}
    request = request | {"new_months": about.get("months")}
    each = table.filter(pl.col("product") != ALL, pl.col("new"))
    ids = []
    for row in each.to_dicts():
        ids.append(named("new_value", row["product"]))
        rows = (
            Rows("products", {"product": (row["product"],)}),
            Rows("ledger", {STANDARD: ("revenue",), "product": (row["product"],)}, span),
        )
        yield Figure(
            ids[-1],
            row["share"],
            unit="share",
            method="new_value_share",
            rows=rows,
            request=request,
            name=row["name"] or row["product"],
        )
    for row in table.filter(product=ALL).to_dicts():
        yield Figure(
            "new_value.share",
            row["share"],
            unit="share",
            method="new_value_share",
            inputs=tuple(ids),
            rows=(Rows("ledger", {STANDARD: ("revenue",)}, span),),
            request=request,
        )
        known = row["incremental"] is not None
        yield Figure(
            "new_value.incremental",
            row["incremental"],
            row["low"],
            row["high"],
            unit="share",
            known=row["known"],
            method="new_value_incremental",
            assumptions=("parallel_trends",),
            inputs=("new_value.share",),
            request=request,
            missing=() if known else ("no_design_for_products",),
        )


def technology_figures(parts: Parts, weighed: Weighed, request: dict[str, Any]) -> Iterator[Figure]:
    """Spend, use and class of each technology; spend on matched over all of it."""
    currency = (parts.profile.currency or "").lower()
    spends = []
    for row in weighed.technology.to_dicts():
        name = row["intervention"]
        label = _label(parts, name)
        roll = Rows("interventions", {"id": (name,)})
        common: dict[str, Any] = {"request": request, "name": label}
        spend, use = named("technology", name, "spend"), named("technology", name, "use")
        if row["spend"] is not None:
            spends.append(spend)
            yield Figure(
                spend,
                row["spend"],
                unit=currency,
                method="technology_spend",
                rows=_spend_rows(parts, name, roll),
                **common,
            )
        yield Figure(
            use,
            row["eligible_share"],
            unit="share",
            method="technology_use",
            rows=(roll,),
            missing=() if row["eligible_share"] is not None else ("no_units",),
            **common,
        )
        yield Figure(
            named("technology", name),
            row["class"],
            unit="text",
            known=row["grade"] or "N",
            method="technology_class",
            inputs=(
                *((spend,) if row["spend"] is not None else ()),
                use,
                *_effects(parts, name),
            ),
            **common,
            missing=(),
        )
    ratio = weighed.facts.get("match_ratio")
    if len(weighed.technology):
        yield Figure(
            "match_ratio",
            ratio,
            unit="share",
            method="match_ratio",
            inputs=tuple(spends),
            request=request,
            missing=() if ratio is not None else ("no_costs",),
        )


def _label(parts: Parts, intervention: str) -> str:
    names = {} if parts.prove is None else parts.prove.facts.get("all_interventions", {})
    return str(names.get(intervention, intervention))


def _spend_rows(parts: Parts, intervention: str, roll: Rows) -> tuple[Rows, ...]:
    if parts.book.companion_record("ledger") is None:
        return (roll,)
    return roll, Rows("ledger", {STANDARD: SPENT, "product": (intervention,)})


def _effects(parts: Parts, intervention: str) -> tuple[str, ...]:
    if parts.prove is None:
        return ()
    mine = parts.prove.effects.filter(intervention=intervention, role="headline")
    return tuple(effect_id(*pair) for pair in mine.select("intervention", "outcome").iter_rows())
