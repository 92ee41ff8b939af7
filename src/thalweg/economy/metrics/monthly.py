"""Totals by account and month, and the months that can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats, Mask

YEAR = 12
OUTFLOWS = ("cost_of_sales", "marketing", "subsidy", "research", "rollout", "operations")


@dataclass(frozen=True, slots=True)
class Window:
    """Months from ``first`` up to, not including, ``end``, as places among the accounts' months."""

    first: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.first

    def back(self, months: int) -> Window:
        return Window(self.first - months, self.end - months)

    def last(self, months: int) -> Window:
        return Window(max(self.first, self.end - months), self.end)


@dataclass(frozen=True, slots=True, eq=False)
class Monthly:
    """Sums by month, signed as cash.

    by       account → (T,). ``other`` and all outflows of ``operating`` are among them.
    written  account → (T,) whether the month has a line of it.
    spread   whether lines cover several months: then a month without a line is unknown, not zero.
    """

    months: tuple[date, ...]
    by: dict[str, Floats]
    written: dict[str, Mask]
    spread: bool

    def total(self, account: str, window: Window) -> float:
        table = self.by.get(account)
        return 0.0 if table is None else float(table[window.first : window.end].sum())

    def operating(self, window: Window) -> float:
        """All flows but outside capital."""
        capital = ("capital_in", "capital_out", "cash")
        return sum(self.total(name, window) for name in self.by if name not in capital)

    def lacks(self, account: str, window: Window) -> str | None:
        """Code of why the account's sum in a window is not known, or None."""
        if account not in self.by:
            return f"no_{account}"
        held = self.written[account][window.first : window.end]
        if self.spread and not held.all():
            return "not_in_window"
        return None

    def window(self) -> Window | None:
        """The latest months in a row with revenue lines, a year of them at most."""
        return None if "revenue" not in self.by else _latest(self.written["revenue"])

    def covered(self, window: Window) -> bool:
        """Whether every month of a window is one of the accounts' and has revenue lines."""
        held = self.written.get("revenue")
        if held is None or window.first < 0:
            return False
        return bool(held[window.first : window.end].all())

    def span(self, window: Window) -> tuple[date, date]:
        return self.months[window.first], self.months[window.end - 1]


def monthly_of(accounts: Accounts) -> Monthly:
    """Add up the lines of each account by month, in the order of the lines."""
    size = len(accounts.months)
    place = {month: at for at, month in enumerate(accounts.months)}
    by: dict[str, Floats] = {}
    written: dict[str, Mask] = {}
    for (account,), lines in accounts.lines.partition_by(
        "account", as_dict=True, maintain_order=True
    ).items():
        at = lines["month"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
        sums = np.bincount(at, lines["amount"].to_numpy(), size)
        by[str(account)] = np.asarray(sums, np.float64)
        written[str(account)] = np.bincount(at, minlength=size) > 0
    return Monthly(accounts.months, by, written, accounts.spread)


def _latest(held: Mask) -> Window:
    end = int(np.flatnonzero(held)[-1]) + 1
    empty = np.flatnonzero(~held[:end])
    first = int(empty[-1]) + 1 if len(empty) else 0
    return Window(max(first, end - YEAR), end)


def outflow(monthly: Monthly, accounts: Iterable[str], window: Window) -> float:
    """What went out, as a positive amount."""
    return -sum(monthly.total(name, window) for name in accounts)
