"""The standard metrics of a business in one table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from thalweg.economy.frame import Accounts
from thalweg.economy.metrics.cash import cash_metrics
from thalweg.economy.metrics.metric import MONEY, Metric, over, untold
from thalweg.economy.metrics.monthly import Monthly, Window, monthly_of
from thalweg.economy.metrics.parties import party_metrics
from thalweg.economy.metrics.standard import BASIS_DIFFERS, GROWTH, standard_metrics
from thalweg.economy.metrics.surface import surface_metrics
from thalweg.economy.schema import frame


def metrics_table(accounts: Accounts, goods: pl.DataFrame | None = None) -> pl.DataFrame:
    """The metrics of the latest months in a row that have revenue lines, a year at most.

    Definitions are in docs/methods/accounts.md and, as words, under ``metrics.defined``.

    Takes    goods: month, value of the goods traded, in the accounts' currency; without it there is
             no take rate (which is no depth in any case).
    Returns  the columns of ``metrics`` of a sustain result: one row a metric, value null with a
             code in ``missing`` where it cannot be told.
    """
    return frame("metrics", [one.row(accounts.currency) for one in metrics_of(accounts, goods)])


def metrics_of(accounts: Accounts, goods: pl.DataFrame | None = None) -> list[Metric]:
    """The metrics one by one; see ``metrics_table``."""
    monthly = monthly_of(accounts)
    window = monthly.window()
    if window is None:
        return [untold("revenue", MONEY, "no_revenue")]
    found = list(standard_metrics(monthly, window))
    burn = next((one.value for one in found if one.metric == "net_burn"), None)
    found += cash_metrics(accounts, monthly, window, burn)
    found += party_metrics(accounts, monthly, window)
    found += surface_metrics(accounts, monthly, window)
    found += _per_order(accounts, monthly, window)
    found += _take_rate(monthly, window, goods)
    return [_struck(one) if _basis_differs(one, accounts) else one for one in found]


def _basis_differs(metric: Metric, accounts: Accounts) -> bool:
    """Whether revenue that a metric compares is told on different bases.

    A ledger may say in a column ``basis`` (gross, net, restated, …) what its revenue is; the
    accounts' facts keep from when to when each word holds.
    """
    if metric.metric not in GROWTH or metric.span is None:
        return False
    bases: Any = accounts.facts.get("revenue_basis", [])
    first, last = metric.span
    if metric.metric != "revenue_growth_yearly":
        first = first.replace(year=first.year - 1)
    start, end = first.isoformat(), last.isoformat()
    return len({one["basis"] for one in bases if one["to"] >= start and one["from"] <= end}) > 1


def _struck(metric: Metric) -> Metric:
    return replace(metric, value=None, missing=metric.missing or BASIS_DIFFERS)


def _per_order(accounts: Accounts, monthly: Monthly, window: Window) -> Iterator[Metric]:
    span = monthly.span(window)
    name = "spend_per_order"
    paid = accounts.traffic.filter(pl.col("month").is_between(*span))
    channels = paid.filter(pl.col("spend") > 0)["channel"].unique()
    paid = paid.filter(pl.col("channel").is_in(channels.implode()))
    if paid.is_empty() or paid["orders"].is_null().all():
        yield untold(name, MONEY, "no_traffic", span)
        return
    spend, orders = float(paid["spend"].sum()), float(paid["orders"].sum())
    yield over(name, spend, orders, MONEY, span, "no_orders")


def _take_rate(monthly: Monthly, window: Window, goods: pl.DataFrame | None) -> Iterator[Metric]:
    span = monthly.span(window)
    if goods is None:
        yield untold("take_rate", "share", "no_goods_value", span)
        return
    value = float(goods.filter(pl.col("month").is_between(*span))["value"].sum())
    revenue = monthly.total("revenue", window)
    yield over("take_rate", revenue, value, "share", span, "no_goods_value")
