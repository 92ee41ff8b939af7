"""Balance, burn, runway, and the month in which cash ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats, Mask
from thalweg.economy.paths.costs import Flows

BURN_MONTHS = 3
HOLDS_MONTHS = 3
"""Months in a row in which operating cash is not negative, before break-even counts as reached."""

Opening = Literal["ledger_balance", "cumulated_flows", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Cash:
    """balance (T,) at the end of each month; opening: where it is from.

    With an unknown opening the balance is what was added since the first month, and no balance.
    """

    balance: Floats
    opening: Opening


def cash_of(accounts: Accounts, flows: Flows, known: Mask) -> Cash:
    """The balance of the ``cash`` account, carried on by the flows where it is not stated.

    Without such an account, but with outside capital from the first month on and no month missing:
    the sum of all flows, as of a business that began with nothing. Else it is unknown.

    Takes    known: (T,) months whose flows are all known; a stated balance is carried over no other.
    """
    summed = np.cumsum(flows.net)
    lines = accounts.lines.filter(pl.col("account") == "cash")
    if not len(lines):
        founded = bool(flows.by["capital_in"][:1].any() and known.all())
        return Cash(summed, "cumulated_flows" if founded else "unknown")
    stated = lines.group_by("month", maintain_order=True).agg(pl.col("amount").sum()).sort("month")
    place = {month: at for at, month in enumerate(accounts.months)}
    gap = np.full(len(summed), np.nan)
    for month, amount in stated.iter_rows():
        gap[place[month]] = amount - summed[place[month]]
    told = np.flatnonzero(np.isfinite(gap))
    latest = np.clip(np.searchsorted(told, np.arange(len(gap)), side="right") - 1, 0, None)
    carried = bool(known[told[-1] + 1 :].all())
    balance = np.asarray(summed + gap[told[latest]])
    return Cash(balance, "ledger_balance" if carried else "unknown")


def net_burn(operating: Floats) -> float:
    """Mean of what operations took a month over the last three; zero or less: none."""
    return -float(operating[-BURN_MONTHS:].mean())


def runway_months(balance: float, burn: float) -> float | None:
    """Cash over three-month net burn; None where nothing is burned."""
    return max(balance, 0.0) / burn if burn > 0 else None


def ends(balance: Floats) -> Floats:
    """(…,) place of the first month with a balance below zero; NaN: none."""
    below = balance < 0
    first = below.argmax(axis=-1).astype(np.float64)
    return np.where(below.any(axis=-1), first, np.nan)


def breaks_even(operating: Floats) -> Floats:
    """(…,) place of the first month of three in a row without operating loss; NaN: none."""
    held = operating >= 0
    runs = held[..., : held.shape[-1] - HOLDS_MONTHS + 1].copy()
    for ahead in range(1, HOLDS_MONTHS):
        runs &= held[..., ahead : held.shape[-1] - HOLDS_MONTHS + 1 + ahead]
    if not runs.shape[-1]:
        return np.full(operating.shape[:-1], np.nan)
    return np.where(runs.any(axis=-1), runs.argmax(axis=-1).astype(np.float64), np.nan)


def held_since(operating: Floats, held: Mask) -> int | None:
    """Place from which operations have lost nothing until the last month, three months at least.

    Takes    (T,) each; a month that is not held is not known to have lost nothing.
    """
    lost = np.flatnonzero((operating < 0) | ~held)
    since = int(lost[-1]) + 1 if len(lost) else 0
    return since if len(operating) - since >= HOLDS_MONTHS else None


def passes(created: Floats, spent: Floats) -> Floats:
    """(…,) place from which what was created in all stays at or above what was spent in all.

    Takes    (…, months), by month. NaN: it is below in the last month, or nothing was ever spent or
             created.
    """
    gap = np.cumsum(created, axis=-1) - np.cumsum(spent, axis=-1)
    below = gap < 0
    last = below.shape[-1] - 1 - below[..., ::-1].argmax(axis=-1)
    since = np.where(below.any(axis=-1), last + 1, 0).astype(np.float64)
    moved = (np.cumsum(created, axis=-1)[..., -1] > 0) | (np.cumsum(spent, axis=-1)[..., -1] > 0)
    return np.where((since < gap.shape[-1]) & moved, since, np.nan)
