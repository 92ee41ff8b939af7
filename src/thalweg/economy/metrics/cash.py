"""Balance of cash and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats
from thalweg.economy.metrics.metric import MONEY, Metric, over, told, untold
from thalweg.economy.metrics.monthly import Monthly, Window
from thalweg.economy.metrics.standard import costs_lack


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
    lack = "no_cash" if history is None else _too_old(monthly, window)
    if history is None or lack is not None:
        yield untold("cash", MONEY, lack or "no_cash", span)
        yield untold("runway", "months", lack or "no_cash", span)
        return
    cash = float(history[window.end - 1])
    yield told("cash", cash, MONEY, span)
    if net_burn is None:
        yield untold("runway", "months", "no_costs", span)
    else:
        yield over("runway", max(cash, 0.0), net_burn, "months", span, "burns_nothing")


def _too_old(monthly: Monthly, window: Window) -> str | None:
    """A balance is carried on only by months whose revenue and costs are known."""
    stated = np.flatnonzero(monthly.written["cash"][: window.end])
    if not len(stated):
        return "no_cash"
    since = Window(int(stated[-1]) + 1, window.end)
    known = monthly.written["revenue"][since.first : since.end].all()
    if since.length and not (known and costs_lack(monthly, since) is None):
        return "balance_too_old"
    return None
