"""Bought dependence: revenue lost twelve months after paid traffic and subsidy end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.frame import Floats
from thalweg.economy.frame import Accounts, GrowthPanel, Label, Response
from thalweg.economy.paths.base import base_of
from thalweg.economy.response.posterior import MOST_RETURN
from thalweg.economy.result import SustainResult

TOLD: tuple[Label, ...] = ("counted", "experimental", "event_based")
"""Ways of knowing by which dependence may name a region."""
BOUGHT = ("marketing", "subsidy")
COSTS = ("cost_of_sales", "operations", "research", "rollout")
"""Where none of these stands in a ledger it holds no costs, and says nothing of what was spent."""
MONTHS = 12
MODEL_FACTOR = 1.5
"""What only a model tells may be off by so much: counted by this less where it would make a
platform dependent, by this more where it would make it self-standing."""
COUNTED_DRAWS = 400


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Share of revenue lost twelve months after paid traffic and subsidy end.

    known  label of both together, the weaker. draws: (D,), empty where there are none. value, low,
    high: None where not told. least, most: bounds, where only a range is known. least_draws,
    most_draws: (D,) with what only a model tells counted down and up. names: whether its draws may
    name a region. split: whether subsidy is told by a model and paid traffic by more. by_money: the
    most that can be lost, from how little was spent; None where the ledger doesn't say. missing:
    code of why it is not known.
    """

    value: float | None
    low: float | None
    high: float | None
    known: Label
    draws: Floats = field(default_factory=_none)
    least: float | None = None
    most: float | None = None
    missing: str | None = None
    least_draws: Floats = field(default_factory=_none)
    most_draws: Floats = field(default_factory=_none)
    split: bool = False
    by_money: float | None = None

    @property
    def names(self) -> bool:
        return self.split or self.known in TOLD


def told(known: Label, draws: Floats, value: float, interval: tuple[Any, Any]) -> Dependence:
    """A dependence that is told in one piece."""
    return Dependence(
        value, *interval, known=known, draws=draws, least_draws=draws, most_draws=draws
    )


def told_in_parts(whole: Dependence, traffic: Floats) -> Dependence:
    """A dependence whose subsidy only a model tells.

    Takes    traffic: (D,) share lost were paid traffic alone to end, in the same draws.
    """
    subsidy = np.maximum(whole.draws - traffic, 0.0)
    rest = whole.draws - subsidy
    return Dependence(
        whole.value,
        whole.low,
        whole.high,
        whole.known,
        whole.draws,
        least_draws=rest + subsidy / MODEL_FACTOR,
        most_draws=rest + subsidy * MODEL_FACTOR,
        split=True,
    )


NOTHING_BOUGHT = told("counted", np.zeros(COUNTED_DRAWS), 0.0, (0.0, 0.0))
NOTHING_KNOWN = Dependence(None, None, None, "not_identified", missing="no_ledger")


def dependence_of(sustain: SustainResult | None) -> Dependence:
    """What the money says of dependence.

    Nothing spent at all on paid traffic and subsidy is a dependence of zero, by count; not where
    lines of the ledger stand under no standard account, for they may be what was spent.
    """
    if sustain is None:
        return NOTHING_KNOWN
    if sustain.kept is not None and spends_nothing(sustain.kept[0]):
        return NOTHING_BOUGHT
    most = None if sustain.kept is None else most_by_money(sustain.kept[0])
    return replace(_by_response(sustain), by_money=most)


def _by_response(sustain: SustainResult) -> Dependence:
    """What the response to spend says."""
    rows = sustain.traffic_off.filter(pl.col("horizon_months") == MONTHS).to_dicts()
    row = rows[0] if rows else {}
    low = None if row.get("high") is None else 1.0 - row["high"]
    high = None if row.get("low") is None else 1.0 - row["low"]
    if row.get("known") == "bounds":
        return Dependence(
            None, None, None, "bounds", least=low, most=high, missing="dependence_bounds"
        )
    if row.get("lost_share") is None:
        return Dependence(None, None, None, "not_identified", missing="dependence_unknown")
    if row["known"] == "counted":
        return Dependence(None, None, None, "not_identified", missing="unmapped_accounts")
    draws = np.asarray(sustain.draws.get(f"lost_{MONTHS}m", _none()), dtype=np.float64)
    whole = told(row["known"], draws, row["lost_share"], (low, high))
    if whole.known in TOLD or sustain.kept is None or row.get("path", "past") != "past":
        return whole
    since = sustain.facts.get("traffic_off", {}).get("from")
    traffic = None if since is None else traffic_alone(*sustain.kept, since, len(draws))
    return whole if traffic is None else told_in_parts(whole, traffic)


def most_by_money(accounts: Accounts) -> float | None:
    """The most of revenue that last year's spending on traffic and subsidy can have bought.

    Money spent times the largest return that is thought possible. None where lines stand under no
    account, or there is no revenue, or no cost of any kind.
    """
    last = accounts.months[-MONTHS:]
    lines = accounts.lines.filter(pl.col("month").is_in(last))
    sums = dict(
        lines.group_by("account", maintain_order=True).agg(pl.col("amount").sum()).iter_rows()
    )
    revenue = float(sums.get("revenue", 0.0))
    if revenue <= 0 or not any(sums.get(name) for name in COSTS):
        return None
    if (lines.filter(pl.col("account") == "other")["amount"] != 0).any():
        return None
    shown = accounts.traffic.filter(pl.col("month").is_in(last))["spend"].sum()
    paid = max(-float(sums.get("marketing", 0.0)), float(shown or 0.0))
    return MOST_RETURN * (paid - float(sums.get("subsidy", 0.0))) / revenue


def traffic_alone(
    accounts: Accounts,
    panel: GrowthPanel | None,
    response: Response | None,
    since: str,
    draws: int,
) -> Floats | None:
    """(D,) share of revenue lost twelve months after paid traffic ends in month ``since`` (ISO) and
    subsidy stays. None where paid traffic is told by a model alone, or subsidy not even by one."""
    if response is None or response.label not in TOLD or response.subsidy_known != "model_only":
        return None
    base = base_of(accounts, panel, response, draws)
    at = base.months.index(date.fromisoformat(since))
    month = at + MONTHS - 1
    if month >= len(base.months):
        return None
    spend = base.spend.copy()
    spend[:, :, at:] = 0.0
    kept = [
        base.without(draw, spend, base.subsidy, base.dose)[:, month].sum() + base.apart[month]
        for draw in range(draws)
    ]
    return np.asarray(1.0 - np.array(kept) / base.total[month])


def spends_nothing(accounts: Accounts) -> bool:
    """Whether a ledger with revenue and costs has no line of marketing, subsidy or traffic, and none
    under no account."""
    flows = accounts.lines.filter(pl.col("amount") != 0.0)
    costs = flows.filter(pl.col("account").is_in(list(COSTS)))
    sold = flows.filter(pl.col("account") == "revenue")
    spent = flows.filter(pl.col("account").is_in([*BOUGHT, "other"]))
    paid = accounts.traffic.filter(pl.col("spend") > 0)
    return len(sold) > 0 and len(costs) > 0 and len(spent) == 0 and len(paid) == 0
