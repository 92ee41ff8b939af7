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
    crossed  (T + 1,) whether a line of revenue covers both the month before and the month: nothing
             that begins or ends there was observed.
    """

    months: tuple[date, ...]
    by: dict[str, Floats]
    written: dict[str, Mask]
    spread: bool
    crossed: Mask

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
        """The latest months in a row with revenue lines, a year of them at most.

        It begins where lines begin, unless a single line covers more than a year.
        """
        if "revenue" not in self.by:
            return None
        found = _latest(self.written["revenue"])
        whole = np.flatnonzero(~self.crossed[found.first : found.end])
        return Window(found.first + int(whole[0]), found.end) if len(whole) else found

    def observed(self, window: Window) -> bool:
        """Whether lines of revenue begin and end with the window."""
        inside = window.first >= 0 and window.end < len(self.crossed)
        return inside and not (self.crossed[window.first] or self.crossed[window.end])

    def covered(self, window: Window) -> bool:
        """Whether every month of a window has revenue lines, and they begin and end with it."""
        held = self.written.get("revenue")
        if held is None or window.first < 0 or not self.observed(window):
            return False
        return bool(held[window.first : window.end].all())

    def late(self, window: Window, months: int) -> Window:
        """The window's last months; all of it where those were not observed by themselves."""
        found = window.last(months)
        return found if self.observed(found) else window

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
    return Monthly(accounts.months, by, written, accounts.spread, _crossed(accounts, place))


def _crossed(accounts: Accounts, place: dict[date, int]) -> Mask:
    crossed = np.zeros(len(place) + 1, np.bool_)
    if accounts.spread:
        revenue = accounts.lines.filter(pl.col("account") == "revenue").group_by("@row")
        spans = revenue.agg(first=pl.col("month").min(), last=pl.col("month").max()).unique(
            ["first", "last"]
        )
        for _, first, last in spans.iter_rows():
            crossed[place[first] + 1 : place[last] + 1] = True
    return crossed


def _latest(held: Mask) -> Window:
    end = int(np.flatnonzero(held)[-1]) + 1
    empty = np.flatnonzero(~held[:end])
    first = int(empty[-1]) + 1 if len(empty) else 0
    return Window(max(first, end - YEAR), end)


def outflow(monthly: Monthly, accounts: Iterable[str], window: Window) -> float:
    """What went out, as a positive amount."""
    return -sum(monthly.total(name, window) for name in accounts)
