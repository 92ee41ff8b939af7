"""Figures of the standard metrics: each with the rows that it counts, or the metrics it divides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from thalweg.economy.result import SustainResult
from thalweg.verdict.evidence import Figure, Rows
from thalweg.verdict.figures.ledger import FLOWS, asked_of, iso
from thalweg.verdict.figures.names import named
from thalweg.verdict.rows import STANDARD


@dataclass(frozen=True, slots=True)
class Made:
    """What a metric is made from: rows of these accounts within its months, or other metrics.

    whole   the rows counted add up to the metric, times ``times``.
    before  rows of the year before are part of it.
    table   ledger, or traffic, whose rows have no accounts.
    """

    accounts: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    whole: bool = False
    times: float = 1.0
    before: bool = False
    table: str = "ledger"


_ALL = (*FLOWS, "other")
MADE: dict[str, Made] = {
    "revenue": Made(("revenue",), whole=True),
    "gross_profit": Made(("revenue", "cost_of_sales"), whole=True),
    "gross_margin": Made(metrics=("gross_profit", "revenue")),
    "contribution": Made(("revenue", "cost_of_sales", "marketing", "subsidy"), whole=True),
    "contribution_margin": Made(metrics=("contribution", "revenue")),
    "operating_cash": Made(_ALL, whole=True),
    "operating_margin": Made(metrics=("operating_cash", "revenue")),
    "marketing_share": Made(("marketing",), ("revenue",)),
    "subsidy_share": Made(("subsidy",), ("revenue",)),
    "research_share": Made(("research",), ("revenue",)),
    "research_to_selling": Made(("research", "marketing")),
    "net_burn": Made(_ALL, whole=True, times=-1 / 3),
    "gross_burn": Made(FLOWS[1:], whole=True, times=-1 / 3),
    "revenue_growth": Made(("revenue",), ("revenue",), before=True),
    "burn_multiple": Made(_ALL, ("operating_cash", "gross_profit"), before=True),
    **{name: Made(table="traffic") for name in ("visits", "leads", "orders")},
    **{
        f"{name}_growth": Made(metrics=(name,), before=True, table="traffic")
        for name in ("visits", "leads", "orders")
    },
    "rule_of_40": Made(metrics=("revenue_growth", "operating_margin")),
    "operating_cover": Made(("marketing", "subsidy", "research", "rollout"), ("operating_cash",)),
    "runway": Made(metrics=("cash", "net_burn")),
    "lifetime_value_to_cost": Made(metrics=("lifetime_value", "customer_acquisition_cost")),
}
"""Of metrics that rest on part of the ledger; all others rest on all rows of their months."""


def metric_figures(found: SustainResult) -> Iterator[Figure]:
    """Every metric, those that cannot be told among them."""
    for row in found.metrics.to_dicts():
        made = MADE.get(row["metric"], Made(_ALL))
        yield Figure(
            named("metric", row["metric"]),
            row["value"],
            row["low"],
            row["high"],
            unit=row["unit"] or "",
            known=row["known"] or "counted",
            method=f"metric_{row['metric']}",
            assumptions=("accounts_as_mapped",),
            inputs=tuple(named("metric", one) for one in made.metrics),
            rows=() if _absent(found, made) else _rows(made, row),
            request=asked_of(found) | {"from": iso(row["from"]), "to": iso(row["to"])},
            missing=() if row["missing"] is None else (row["missing"],),
            name=row["metric"],
        )


def _absent(found: SustainResult, made: Made) -> bool:
    """Whether the book has no such table."""
    if made.table != "traffic" or found.kept is None:
        return False
    return not len(found.kept[0].traffic)


def _rows(made: Made, row: dict[str, Any]) -> tuple[Rows, ...]:
    if made.table == "ledger" and not made.accounts:
        return ()
    first: date | None = row["from"]
    if made.before and first is not None:
        first = first.replace(year=first.year - 1)
    ends = iso(first), iso(row["to"])
    between = {} if None in ends else {"month": ends}
    where = {} if made.table == "traffic" else {STANDARD: made.accounts}
    return (Rows(made.table, where, between),)
