"""Capital-off: how long cash lasts without new capital, with paid traffic and without."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.paths.cash import BURN_MONTHS, ends, net_burn, runway_months
from thalweg.economy.paths.forward import Ahead
from thalweg.economy.paths.ground import Ground, paid_cash
from thalweg.economy.paths.interval import interval, place_interval
from thalweg.economy.paths.plan import without_capital, without_traffic
from thalweg.economy.paths.traffic_off import traffic_stopped

Rows = list[dict[str, Any]]
Draws = dict[str, Floats]
BOTH = "traffic_and_capital_off"


def cash_tables(ground: Ground, as_is: Ahead | None) -> tuple[dict[str, Rows], Draws]:
    """Rows of capital_off, capital_past and capital, and draws of alive and of when cash ends.

    Without a known balance there are no paths of one. That cash lasts is then told only where it
    would last from nothing: known as bounds, since the truth can only be better.
    """
    tables: dict[str, Rows] = {"capital_off": [], "capital_past": []}
    draws: Draws = {}
    row: dict[str, Any] = _counted(ground)
    tables["capital"] = [row]
    if as_is is not None and ground.coverage.costs:
        plans = {"capital_off": without_capital(ground.plan)}
        if ground.standing.told:
            plans[BOTH] = without_capital(without_traffic(ground.plan, ground.base))
        balances = {name: ground.play(plan).balance for name, plan in plans.items()}
        if not ground.banked:
            row |= _at_least(ground, balances, draws)
            return tables, draws
        tables["capital_off"] = _observed(ground)
        for name, balance in ({"as_is": as_is.balance} | balances).items():
            tables["capital_off"] += _path(ground, name, balance)
        row |= _ending(ground, balances, draws)
    if ground.off_at is not None and ground.banked:
        tables["capital_past"] = _thought_away(ground, ground.off_at, draws)
    return tables, draws


def _observed(ground: Ground) -> Rows:
    return [
        {"scenario": "as_is", "month": month, "cash": cash, "low": cash, "high": cash}
        for month, cash in zip(ground.base.months, ground.cash.balance.tolist(), strict=True)
    ]


def _counted(ground: Ground) -> dict[str, Any]:
    """Balance and burn, as far as they are known."""
    stated = ground.cash.opening != "unknown"
    coverage = ground.coverage
    whole = coverage.costs and coverage.observed and bool(coverage.held[-BURN_MONTHS:].all())
    burn = net_burn(ground.flows.operating) if whole else None
    lasts = runway_months(ground.balance, burn) if stated and burn is not None else None
    return {
        "cash": ground.balance if stated else None,
        "net_burn_3m": burn,
        "runway_months": lasts,
        "known": "not_identified",
        "known_traffic_off": "not_identified",
        "opening": ground.cash.opening,
    }


def _at_least(ground: Ground, balances: dict[str, Floats], draws: Draws) -> dict[str, Any]:
    """The share of draws in which cash lasts from nothing, where that is nearly all of them."""
    row: dict[str, Any] = {}
    names = {"capital_off": ("alive", "alive_share", "known")}
    names[BOTH] = ("alive_traffic_off", "alive_traffic_off", "known_traffic_off")
    for scenario, balance in balances.items():
        draw, column, known = names[scenario]
        lasts = np.isnan(ends(balance)).astype(np.float64)
        if lasts.mean() >= ground.confidence:
            draws[draw] = lasts
            row |= {column: float(lasts.mean()), known: "bounds"}
    return row


def _path(ground: Ground, name: str, balance: Floats) -> Rows:
    rows = []
    for at, month in enumerate(ground.ahead):
        found = interval(balance[:, at], ground.confidence)
        cash = {"cash": found.value, "low": found.low, "high": found.high}
        rows.append({"scenario": name, "month": month} | cash)
    return rows


def _ending(ground: Ground, balances: dict[str, Floats], draws: Draws) -> dict[str, Any]:
    """When cash ends, and in how many draws it does not, under both ways of stopping.

    A balance that is below zero already ends in the first month to come.
    """
    first = len(ground.base.months)
    off = ends(balances["capital_off"])
    draws["alive"] = np.isnan(off).astype(np.float64)
    draws["cash_ends_months"] = off + 1
    middle, low, high = place_interval(off + first, ground.confidence)
    row: dict[str, Any] = {
        "cash_ends": ground.month(middle),
        "low": ground.month(low),
        "high": ground.month(high),
        "alive_share": float(draws["alive"].mean()),
        "known": "model_only",
    }
    if BOTH not in balances:
        return row
    both = ends(balances[BOTH])
    draws["alive_traffic_off"] = np.isnan(both).astype(np.float64)
    draws["traffic_off_cash_ends_months"] = both + 1
    middle, low, high = place_interval(both + first, ground.confidence)
    known = ground.standing.known
    return row | {
        "alive_traffic_off": float(draws["alive_traffic_off"].mean()),
        "traffic_off_cash_ends": ground.month(middle),
        "traffic_off_low": ground.month(low),
        "traffic_off_high": ground.month(high),
        "known_traffic_off": "model_only" if known == "counted" else known,
    }


def stopped_cash(ground: Ground, at: int) -> Floats:
    """(D, months) balance from place ``at`` on without capital, paid traffic and subsidy.

    What is not sold costs its share of cost of sales and operations less.
    """
    stopped = traffic_stopped(ground.base, at)
    lost = stopped.revenue[None, :] - stopped.without
    share = sum(cost.share for cost in ground.costs.values())
    saved = paid_cash(ground)[at:] - ground.flows.by["subsidy"][at:]
    change = saved[None, :] - lost * (1 - np.asarray(share)[:, None])
    return np.asarray(_without_capital(ground, at) + np.cumsum(change, axis=1))


def _without_capital(ground: Ground, at: int) -> Floats:
    return np.asarray(ground.cash.balance[at:] - np.cumsum(ground.flows.by["capital_in"][at:]))


def _thought_away(ground: Ground, at: int, draws: Draws) -> Rows:
    """Months from ``at`` on as they were, without capital (counted), and without traffic as well."""
    months = ground.base.months[at:]
    bare = _without_capital(ground, at)
    rows = []
    for name, path in (("as_is", ground.cash.balance[at:]), ("capital_off", bare)):
        for month, cash in zip(months, path.tolist(), strict=True):
            rows.append({"scenario": name, "month": month, "cash": cash, "low": cash, "high": cash})
    if not ground.standing.told:
        return rows
    both = stopped_cash(ground, at)
    draws["past_cash_ends_months"] = ends(both) + 1
    draws["past_cash_last"] = both[:, -1]
    for place, month in enumerate(months):
        found = interval(both[:, place], ground.confidence)
        cash = {"cash": found.value, "low": found.low, "high": found.high}
        rows.append({"scenario": BOTH, "month": month} | cash)
    return rows
