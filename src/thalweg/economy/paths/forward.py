"""Revenue and cash after the last month, in draws; the same chances under every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.paths.base import Base
from thalweg.economy.paths.costs import FOLLOWING, Cost
from thalweg.economy.paths.market import market_of, walk
from thalweg.economy.paths.plan import Plan

SPAN = 12
"""Months from which each unit's constant is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """One plan's months to come, (D, H) each.

    revenue; earned: what of it interventions bring; cost_of_sales (positive); operating cash; net
    cash with outside capital; balance at the end of each month.
    """

    revenue: Floats
    earned: Floats
    cost_of_sales: Floats
    operating: Floats
    net: Floats
    balance: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What is the same under every plan, by draw.

    course (D, H): by what the common level differs from its last twelve months, as a factor of what
    is not paid for. constants (D, N): of the units, in currency; apart (D,): a month's revenue of
    no unit. costs, and noise: account → (D, H).
    """

    course: Floats
    constants: Floats
    apart: Floats
    costs: Mapping[str, Cost]
    noise: Mapping[str, Floats]


def learn(base: Base, costs: Mapping[str, Cost], months: int, seed: int) -> Learnt | None:
    """Learn the market and the units' constants from the record, once for all plans.

    None where too few months have revenue.
    """
    turn = np.array([month.month - 1 for month in base.months])
    course = np.empty((base.draws, months))
    constants = np.zeros((base.draws, len(base.units)))
    apart = np.empty(base.draws)
    roots = np.random.SeedSequence([seed, 22]).spawn(base.draws)
    for draw in range(base.draws):
        constants[draw], own, lift = _levels(base, draw)
        plain = constants[draw] @ own + _mean(base.apart)
        unpaid = np.maximum(base.total - constants[draw] @ lift, 0.0)
        level = np.divide(unpaid, plain, out=np.zeros_like(plain), where=plain > 0)
        market = market_of(level, turn)
        if market is None:
            return None
        chance = np.random.default_rng(roots[draw])
        course[draw] = np.exp(walk(market, months, base.months[-1].month % 12, chance))
        apart[draw] = _mean(base.apart)
    return Learnt(course, constants, apart, costs, _noise(costs, base.draws, months, seed))


def _levels(base: Base, draw: int) -> tuple[Floats, Floats, Floats]:
    """Constants (N,), and what is expected of units without the market (N, T): own, and paid."""
    response = base.response
    if response is None:
        own = np.ones_like(base.revenue)
        return base.revenue[:, -SPAN:].mean(axis=1), own, np.zeros_like(own)
    at = base.place(draw)
    expected = response.level(at, base.spend, base.subsidy, base.dose)
    constant = base.revenue[:, -SPAN:].sum(axis=1) / expected[:, -SPAN:].sum(axis=1)
    own, lift = _parts(base, draw, base.spend, base.subsidy, base.dose)
    return constant, own, lift


def _parts(
    base: Base, draw: int, spend: Floats, subsidy: Floats, dose: Floats
) -> tuple[Floats, Floats]:
    """(N, T') what the market moves, with the market as in its last twelve months, and what adds."""
    response = base.response
    if response is None:
        one = np.ones_like(subsidy)
        return one, np.zeros_like(one)
    at = base.place(draw)
    own = response.own(at, subsidy, dose)
    level = response.base[at]
    months = subsidy.shape[1]
    seen = np.concatenate((level, np.full(max(months - len(level), 0), level[-SPAN:].mean())))
    own = own / np.exp(seen[:months] - level[-SPAN:].mean())
    lift = response.lift(at, spend).sum(axis=0)
    if response.adds[at]:
        return own, lift
    return own * np.exp(lift), np.zeros_like(lift)


def _mean(table: Floats) -> float:
    """Mean of the last twelve months."""
    return float(table[..., -SPAN:].mean())


def _noise(costs: Mapping[str, Cost], draws: int, months: int, seed: int) -> dict[str, Floats]:
    """account → (D, months) of what costs leave, drawn from their own months."""
    noise = {}
    for place, (name, cost) in enumerate(costs.items()):
        rng = np.random.default_rng(np.random.SeedSequence([seed, 24, place]))
        noise[name] = cost.noise[rng.integers(0, len(cost.noise), (draws, months))]
    return noise


def look_ahead(base: Base, learnt: Learnt, plan: Plan, balance: float) -> Ahead:
    """Play one plan through all draws, from a balance at the end of the last month."""
    past = len(base.months)
    spend = np.concatenate((base.spend, plan.spend), axis=2)
    subsidy = np.concatenate((base.subsidy, plan.subsidy), axis=1)
    dose = np.concatenate((base.dose, plan.dose), axis=2)
    revenue, earned = np.empty_like(learnt.course), np.empty_like(learnt.course)
    for draw in range(base.draws):
        course, constant, apart = learnt.course[draw], learnt.constants[draw], learnt.apart[draw]
        own, lift = (part[:, past:] for part in _parts(base, draw, spend, subsidy, dose))
        revenue[draw] = np.maximum(course * (constant @ own + apart) + constant @ lift, 0.0)
        bare, _ = _parts(base, draw, spend, subsidy, np.zeros_like(dose))
        earned[draw] = course * (constant @ (own - bare[:, past:]))
    costs = {
        name: plan.factors[name] * (learnt.costs[name].of(revenue) + learnt.noise[name])
        for name in FOLLOWING
    }
    capital = plan.budgets["capital_in"] + plan.budgets["capital_out"]
    fixed = sum(plan.budgets.values()) - capital
    operating = revenue - sum(costs.values()) + fixed
    net = operating + capital
    return Ahead(
        revenue=revenue,
        earned=earned,
        cost_of_sales=costs["cost_of_sales"],
        operating=operating,
        net=net,
        balance=balance + np.cumsum(net, axis=1),
    )
