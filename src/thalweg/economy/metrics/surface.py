"""What moves on the surface: visits, leads and orders, and how they grew."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from thalweg.economy.frame import Accounts
from thalweg.economy.metrics.metric import Metric, over, told, untold
from thalweg.economy.metrics.monthly import YEAR, Monthly, Window

COUNTS = ("visits", "leads", "orders")


def surface_metrics(accounts: Accounts, monthly: Monthly, window: Window) -> Iterator[Metric]:
    """Counts of the window from the table of traffic, and each against the same months before."""
    for name in COUNTS:
        yield from _count(accounts.traffic.drop_nulls(name), name, monthly, window)


def _count(counted: pl.DataFrame, name: str, monthly: Monthly, window: Window) -> Iterator[Metric]:
    span, growth = monthly.span(window), f"{name}_growth"
    now = counted.filter(pl.col("month").is_between(*span))
    if now.is_empty():
        yield untold(name, "count", "no_traffic", span)
        yield untold(growth, "share", "no_traffic", span)
        return
    total = float(now[name].sum())
    yield told(name, total, "count", span)
    before = window.back(YEAR)
    months = monthly.months[max(before.first, 0) : max(before.end, 0)]
    earlier = counted.filter(pl.col("month").is_in(months))
    if before.first < 0 or earlier["month"].n_unique() < before.length:
        yield untold(growth, "share", "no_year_before", span)
        return
    found = over(growth, total, float(earlier[name].sum()), "share", span, "none_before")
    yield found if found.value is None else told(growth, found.value - 1, "share", span)
