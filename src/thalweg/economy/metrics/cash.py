"""Balance of cash and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats
from thalweg.economy.metrics.metric import MONEY, Metric, over, told, untold
from thalweg.economy.metrics.monthly import Monthly, Window


def cash_history(accounts: Accounts, monthly: Monthly) -> Floats | None:
    """(T,) balance at the end of each month: as stated, carried on by all flows between.

    Before the first stated balance it is carried back. None where no balance is stated: flows alone
    do not tell what was there at the beginning.
    """
    stated = accounts.lines.filter(pl.col("account") == "cash")
    if stated.is_empty():
        return None
    flows = [table for name, table in monthly.by.items() if name != "cash"]
    summed = np.cumsum(np.sum(flows, axis=0)) if flows else np.zeros(len(accounts.months))
    held = monthly.written["cash"]
    known = np.flatnonzero(held)
    gap = monthly.by["cash"][known] - summed[known]
    latest = np.clip(np.searchsorted(known, np.arange(len(summed)), side="right") - 1, 0, None)
    return np.asarray(summed + gap[latest])


def cash_metrics(
    accounts: Accounts, monthly: Monthly, window: Window, net_burn: float | None
) -> Iterator[Metric]:
    """Cash at the end of the window, and months until it is gone at the burn of the last three."""
    last = monthly.months[window.end - 1]
    span = (last, last)
    history = cash_history(accounts, monthly)
    if history is None:
        yield untold("cash", MONEY, "no_cash", span)
        yield untold("runway", "months", "no_cash", span)
        return
    cash = float(history[window.end - 1])
    yield told("cash", cash, MONEY, span)
    if net_burn is None:
        yield untold("runway", "months", "no_costs", span)
    else:
        yield over("runway", max(cash, 0.0), net_burn, "months", span, "burns_nothing")
