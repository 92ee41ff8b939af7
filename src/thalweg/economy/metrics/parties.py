"""Metrics of who buys: retention, new and lost parties, what winning one costs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats
from thalweg.economy.metrics.metric import MONEY, Metric, over, told, untold
from thalweg.economy.metrics.monthly import YEAR, Monthly, Window

QUARTER = 3
FEWEST_PARTIES = 2
QUIET_MONTHS = 6
"""A party without revenue for so long at the end of the records counts as lost."""
HISTORY_MONTHS = 6
"""Records before a window that are needed to tell new parties from old."""
LIFE_MONTHS, LIFE_LOST = 24, 5
"""Records and lost parties that a lifetime needs to be told."""
_COST = ("customer_acquisition_cost", "payback", "lifetime_value", "lifetime_value_to_cost")


def revenue_by_party(accounts: Accounts) -> Floats:
    """(units, T) revenue of the parties that are not the platform."""
    table = np.zeros((len(accounts.units), len(accounts.months)))
    if not table.size:
        return table
    unit = {name: at for at, name in enumerate(accounts.units)}
    month = {day: at for at, day in enumerate(accounts.months)}
    lines = accounts.lines.filter(
        (pl.col("account") == "revenue") & (pl.col("party") != accounts.platform)
    ).select(
        pl.col("party").replace_strict(unit, return_dtype=pl.Int64),
        pl.col("month").replace_strict(month, return_dtype=pl.Int64),
        "amount",
    )
    cell = lines["party"].to_numpy() * table.shape[1] + lines["month"].to_numpy()
    sums = np.bincount(cell, lines["amount"].to_numpy(), table.size)
    return np.asarray(sums, np.float64).reshape(table.shape)


def party_metrics(accounts: Accounts, monthly: Monthly, window: Window) -> Iterator[Metric]:
    """Of the same window as the standard metrics, by parties with rows of their own."""
    revenue = revenue_by_party(accounts)
    buying = int((revenue[:, window.first : window.end].sum(axis=1) > 0).sum())
    span = monthly.span(window)
    if buying < FEWEST_PARTIES:
        for name, unit in (("net_revenue_retention", "share"), ("quick_ratio", "ratio")):
            yield untold(name, unit, "no_parties", span)
        for name in ("top_1_share", "top_5_share"):
            yield untold(name, "share", "no_parties", span)
        for name, unit in zip(_COST, (MONEY, "months", MONEY, "ratio"), strict=True):
            yield untold(name, unit, "no_parties", span)
        return
    yield from _retention(revenue, monthly, window)
    yield from _concentration(revenue, monthly, window)
    yield from _winning(revenue, monthly, window)


def _retention(revenue: Floats, monthly: Monthly, window: Window) -> Iterator[Metric]:
    """The last quarter against the same quarter a year before, party by party."""
    late = monthly.late(window, QUARTER)
    before, span = late.back(YEAR), monthly.span(late)
    names = (("net_revenue_retention", "share"), ("quick_ratio", "ratio"))
    if late.length < QUARTER or not monthly.covered(before):
        for name, unit in names:
            yield untold(name, unit, "no_year_before", span)
        return
    now = revenue[:, late.first : late.end].sum(axis=1)
    then = revenue[:, before.first : before.end].sum(axis=1)
    old = then > 0
    change = now - then
    yield over(
        names[0][0], float(now[old].sum()), float(then[old].sum()), "share", span, "no_revenue"
    )
    won, lost = float(change[change > 0].sum()), -float(change[change < 0].sum())
    yield over(names[1][0], won, lost, "ratio", span, "nothing_lost")


def _concentration(revenue: Floats, monthly: Monthly, window: Window) -> Iterator[Metric]:
    span = monthly.span(window)
    own = np.sort(revenue[:, window.first : window.end].sum(axis=1))[::-1]
    whole = monthly.total("revenue", window)
    for name, count in (("top_1_share", 1), ("top_5_share", 5)):
        yield over(name, float(own[:count].sum()), whole, "share", span, "no_revenue")


def _winning(revenue: Floats, monthly: Monthly, window: Window) -> Iterator[Metric]:
    cost = _cost_of_winning(revenue, monthly, window)
    yield cost
    span = monthly.span(window)
    lack = monthly.lacks("cost_of_sales", window)
    active = float((revenue[:, window.first : window.end] > 0).sum())
    gross = monthly.total("revenue", window) + monthly.total("cost_of_sales", window)
    monthly_gross = gross / active if active else 0.0
    if lack is not None or cost.value is None:
        yield untold("payback", "months", lack or str(cost.missing), span)
    else:
        yield over("payback", cost.value, monthly_gross, "months", span, "no_gross_profit")
    value = _lifetime(revenue, monthly, monthly_gross, lack)
    yield value
    name = "lifetime_value_to_cost"
    if value.value is None or cost.value is None:
        yield untold(name, "ratio", str(value.missing or cost.missing), span)
    else:
        yield over(name, value.value, cost.value, "ratio", span, "nothing_spent")


def _cost_of_winning(revenue: Floats, monthly: Monthly, window: Window) -> Metric:
    name, span = "customer_acquisition_cost", monthly.span(window)
    lack = monthly.lacks("marketing", window)
    if lack is None and window.first < HISTORY_MONTHS:
        lack = "history_too_short"
    if lack is not None:
        return untold(name, MONEY, lack, span)
    ever = (revenue > 0).any(axis=1)
    first = np.where(ever, (revenue > 0).argmax(axis=1), -1)
    won = float(((first >= window.first) & (first < window.end)).sum())
    return over(name, -monthly.total("marketing", window), won, MONEY, span, "no_new_parties")


def _lifetime(revenue: Floats, monthly: Monthly, gross: float, lack: str | None) -> Metric:
    """Gross profit of a party and month over the share of parties lost a month."""
    name, buys = "lifetime_value", revenue > 0
    size = buys.shape[1]
    span = (monthly.months[0], monthly.months[-1])
    if lack is not None:
        return untold(name, MONEY, lack, span)
    ever = buys.any(axis=1)
    last = size - 1 - buys[:, ::-1].argmax(axis=1)
    lost = ever & (last < size - QUIET_MONTHS)
    first = buys.argmax(axis=1)
    at_risk = float(
        np.where(ever, np.minimum(last, size - QUIET_MONTHS - 1) - first + 1, 0).clip(0).sum()
    )
    if size < LIFE_MONTHS or lost.sum() < LIFE_LOST or not at_risk:
        return untold(name, MONEY, "lifetime_not_identified", span)
    return told(name, gross * at_risk / float(lost.sum()), MONEY, span)
