"""Which months a ledger tells of, and what can be looked at from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Mask
from thalweg.economy.growth.decomposition import QUARTER, YEAR, Span
from thalweg.economy.metrics.monthly import monthly_of

MOST_SPREAD = 0.1
"""Of revenue, in lines over several months, beyond which single months are not observed."""
FEWEST_COSTS = 0.75
"""Of the last twelve months, with a line of cost of sales or operations."""
COSTS = ("cost_of_sales", "operations")


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What is known of T months.

    held      (T,) months whose revenue is known: with any flow, or, where lines cover several
              months, with a line of revenue.
    crossed   (T + 1,) whether a line of revenue covers both the month before and the month.
    observed  whether single months were observed, and not spread from longer periods.
    flows     (T,) months of which revenue and, where lines cover several months, costs are known.
    costs     whether the last twelve months show what the business costs.
    bases     (T,) what the ledger says its revenue is (gross, net, …), where it says it; else "".
    """

    held: Mask
    crossed: Mask
    observed: bool
    flows: Mask
    costs: bool
    bases: tuple[str, ...]

    def one_basis(self, span: Span) -> bool:
        """Whether revenue of both periods is told on the same basis."""
        first = self.bases[span.first : span.first + span.months]
        return len({*first, *self.bases[span.last : span.last + span.months]}) == 1

    @property
    def unknown_ahead(self) -> str | None:
        """Code of why the months to come cannot be looked at, or None."""
        if not self.observed:
            return "months_spread"
        return None if self.held[-YEAR:].all() else "months_missing"

    def whole(self, first: int, months: int) -> bool:
        """Whether all months are known, and lines begin and end with them."""
        edges = self.crossed[first] or self.crossed[first + months]
        return bool(self.held[first : first + months].all() and not edges)

    def span(self, length: int | None = None) -> Span | None:
        """The first and the last whole year, or quarter where there are no two years apart.

        A length of months asked for is taken as it is. Periods longer than a month are compared by
        the year alone. None: there are no two such periods that do not overlap.
        """
        lengths = (YEAR, QUARTER) if self.observed else (YEAR,)
        for months in lengths if length is None else (length,):
            starts = range(len(self.held) - months + 1)
            places = [at for at in starts if self.whole(at, months)]
            if places and places[-1] - places[0] >= months:
                return Span(places[0], places[-1], months)
        return None


def coverage_of(accounts: Accounts) -> Coverage:
    """What is known of the months of accounts."""
    monthly = monthly_of(accounts)
    none = np.zeros(len(accounts.months), np.bool_)
    flows = [held for name, held in monthly.written.items() if name != "cash"]
    observed = _spread_share(accounts) <= MOST_SPREAD
    held = np.logical_or.reduce([none, *flows])
    if not observed:
        held = monthly.written.get("revenue", none)
    costs = np.logical_or.reduce([monthly.written.get(name, none) for name in COSTS])
    return Coverage(
        held=held,
        crossed=monthly.crossed,
        observed=observed,
        flows=held if observed else np.asarray(held & costs),
        costs=bool(costs[-YEAR:].mean() >= FEWEST_COSTS),
        bases=_bases(accounts),
    )


def _bases(accounts: Accounts) -> tuple[str, ...]:
    """By month, the words in the ledger's column ``basis``, as the accounts' facts keep them."""
    told: Any = accounts.facts.get("revenue_basis", [])
    return tuple(
        "/".join(sorted({one["basis"] for one in told if one["from"] <= day <= one["to"]}))
        for day in (month.isoformat() for month in accounts.months)
    )


def _spread_share(accounts: Accounts) -> float:
    """Of revenue, what stands in lines over several months."""
    if not accounts.spread:
        return 0.0
    revenue = accounts.lines.filter(pl.col("account") == "revenue")
    months = revenue.with_columns(months=pl.col("month").n_unique().over("@row"))
    size = months["amount"].abs()
    whole = float(size.sum())
    return float(size.filter(months["months"] > 1).sum()) / whole if whole else 0.0
