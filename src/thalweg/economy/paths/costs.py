"""What the platform's cash flows are made of, and how costs follow revenue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from thalweg.economy.frame import Accounts, Floats
from thalweg.economy.paths.base import flow

FLOWS = (
    *("revenue", "cost_of_sales", "marketing", "subsidy", "research", "rollout", "operations"),
    *("capital_in", "capital_out", "other"),
)
FOLLOWING = ("cost_of_sales", "operations")
"""Accounts that are learnt as a fixed part and a share of revenue; all others are budgets."""
CAPITAL = ("capital_in", "capital_out")
YEAR = 12
LEARNT_MONTHS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """by account: (T,) signed as cash, of all months of the accounts."""

    by: dict[str, Floats]

    @property
    def net(self) -> Floats:
        """(T,) all that comes in less all that goes out."""
        return np.asarray(sum(self.by.values()))

    @property
    def operating(self) -> Floats:
        """(T,) the same without outside capital."""
        return np.asarray(self.net - self.by["capital_in"] - self.by["capital_out"])

    @property
    def burned(self) -> Floats:
        """(T,) spent on marketing, subsidy, technology and roll-outs, as a positive amount."""
        spent = ("marketing", "subsidy", "research", "rollout")
        return np.asarray(-sum(self.by[name] for name in spent))


def flows_of(accounts: Accounts) -> Flows:
    return Flows({name: flow(accounts, name) for name in FLOWS})


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """A cost in draws: fixed (D,) a month, share (D,) of revenue, both positive; noise (R,)."""

    fixed: Floats
    share: Floats
    noise: Floats

    def of(self, revenue: Floats) -> Floats:
        """(D, H) of revenue (D, H)."""
        return np.asarray(self.fixed[:, None] + self.share[:, None] * revenue)


def cost_of(amount: Floats, revenue: Floats, draws: int, rng: np.random.Generator) -> Cost:
    """Learn a cost's fixed part and share of revenue from its last months.

    Takes    amount: (T,) of the account, negative where it is a cost; revenue: (T,).
    Returns  least squares with neither part below zero, from months drawn anew for each draw, so
             that fixed and share vary together. noise: what the months themselves leave.
    """
    cost, sold = -amount[-LEARNT_MONTHS:], revenue[-LEARNT_MONTHS:]
    if not cost.any():
        return Cost(np.zeros(draws), np.zeros(draws), np.zeros(len(cost)))
    fixed, share = _fit(cost, sold)
    noise = cost - fixed - share * sold
    found = np.empty((draws, 2))
    for draw in range(draws):
        drawn = rng.integers(0, len(cost), len(cost))
        found[draw] = _fit(cost[drawn], sold[drawn])
    return Cost(found[:, 0], found[:, 1], noise - noise.mean())


def _fit(cost: Floats, revenue: Floats) -> tuple[float, float]:
    """Non-negative least squares of cost on one and revenue, in units of their sizes.

    A cost that falls below zero (a refund) is kept as a fixed amount of that sign.
    """
    if cost.mean() <= 0:
        return float(cost.mean()), 0.0
    size = max(float(np.abs(revenue).max()), 1e-12)
    (fixed, share), _ = nnls(np.column_stack([np.ones(len(cost)), revenue / size]), cost)
    return float(fixed), float(share / size)


def budget(amount: Floats) -> float:
    """What a month of a budget is: the mean of its last twelve."""
    return float(amount[-YEAR:].mean())


def running(amount: Floats) -> float:
    """What goes on of a roll-out: the median of the last twelve months, which lumps do not move."""
    return float(np.median(amount[-YEAR:]))


def costs_of(flows: Flows, draws: int, seed: int) -> dict[str, Cost]:
    """Account → cost, of those that follow revenue; each with chances of its own."""
    found = {}
    for place, name in enumerate(FOLLOWING):
        rng = np.random.default_rng(np.random.SeedSequence([seed, 23, place]))
        found[name] = cost_of(flows.by[name], flows.by["revenue"], draws, rng)
    return found
