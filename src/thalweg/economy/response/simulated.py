"""Panels of spend and revenue with a known truth, for studies and tests of this room.

They share no code with the fit: carry-over and saturation are written out anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel

Follows = Literal["nothing", "last", "this"]


@dataclass(frozen=True, slots=True)
class SpendWorld:
    """How a panel is made; times in months, noise in logarithms.

    units, months   size of the panel.
    bought     share of revenue that each channel brings on average.
    carry, half, power  of each channel: geometric carry-over, and Hill's curve of spend beside a
               unit's plain spend (half: where half of the most is reached).
    adds       whether paid revenue adds to a unit's own or multiplies it.
    late       share of what is brought that is booked a month later.
    cost       spend per unit of revenue that it brings, on average.
    spend_noise  standard deviation of spend between months, exogenous.
    paused     share of months and channels paused by lot.
    follows    whether spend follows last or this month's demand, by ``pull`` (elasticity).
    together   correlation of the exogenous noise between channels; flat: spend is a unit's size
               times a month's level, nothing else.
    rises      how much spend grows over the span, on the logarithm.
    subsidy    share of revenue that subsidy brings at its mean rate; its rate varies by a quarter.
    subsidy_paused  share of unit-months in which subsidy is paused by lot.
    subsidy_follows  whether its rate follows this month's demand, by ``pull``.
    effect     of each of two staggered interventions on the own part, on the logarithm.
    answers    by how much the log of spend grows with a full dose of the first intervention.
    demand, persistence  standard deviation and autocorrelation of a unit's demand.
    noise      of revenue beside demand, new in every month.
    """

    units: int = 40
    months: int = 36
    bought: tuple[float, ...] = (0.2, 0.12)
    carry: tuple[float, ...] = (0.35, 0.7)
    half: tuple[float, ...] = (1.5, 1.5)
    power: tuple[float, ...] = (1.0, 1.3)
    adds: bool = True
    late: float = 0.2
    cost: float = 0.6
    spend_noise: float = 0.25
    paused: float = 0.0
    follows: Follows = "nothing"
    pull: float = 1.0
    together: float = 0.0
    flat: bool = False
    rises: float = 0.7
    subsidy: float = 0.0
    subsidy_paused: float = 0.0
    subsidy_follows: bool = False
    effect: float = 0.15
    answers: float = 0.0
    demand: float = 0.15
    persistence: float = 0.5
    noise: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SpendDrawn:
    """A panel with its truth.

    off         the month from which nothing is spent in the other world.
    lost        (T,) share of the month's revenue that is missing there (expected, not drawn).
    direct, total  (2,) share of all revenue that is missing without each intervention, spend as it
                was, or as it would have been.
    by_subsidy  share of all revenue that is missing without subsidy.
    """

    panel: GrowthPanel
    off: int
    lost: Floats
    direct: Floats
    total: Floats
    by_subsidy: float


def simulate_spend(world: SpendWorld, seed: int) -> SpendDrawn:
    """Draw one panel. The same world and seed give the same panel."""
    rngs = np.random.default_rng(np.random.SeedSequence([seed, 77])).spawn(9)
    shape, channels = (world.units, world.months), len(world.bought)
    size = np.exp(0.5 * rngs[0].standard_normal(world.units))
    demand = _lasting(rngs[1], shape, world.persistence) * world.demand
    at = np.arange(world.months)
    season = 0.1 * np.sin(2 * np.pi * at / 12) + 0.05 * rngs[2].standard_normal(world.months)
    level = season + 0.005 * at
    dose = _staggered(rngs[3], shape)
    rate = 0.02 * rngs[4].uniform(0.6, 1.4, shape) * (world.subsidy > 0)
    stopped = rngs[8].uniform(size=shape) < world.subsidy_paused
    rate = rate * np.exp(world.pull * demand * world.subsidy_follows) * ~stopped
    lever = -np.log1p(-world.subsidy) / 0.02 if world.subsidy else 0.0
    common, own_noise = rngs[5].standard_normal(shape), rngs[5].standard_normal((channels, *shape))
    mixed = np.sqrt(world.together) * common + np.sqrt(1 - world.together) * own_noise
    moved = demand if world.follows == "this" else _before(demand)
    paused = rngs[6].uniform(size=(channels, *shape)) < world.paused
    plain = np.exp(
        world.rises * (at / world.months - 0.5) + 0.1 * rngs[2].standard_normal(world.months)
    )
    relative = np.broadcast_to(plain, (channels, *shape)).copy()
    if not world.flat:
        follow = world.pull * moved if world.follows != "nothing" else 0.0
        relative = relative * np.exp(world.spend_noise * mixed + follow)
    relative = relative * ~paused * np.exp(world.answers * dose[0])
    off = round(0.6 * world.months)
    ended = relative.copy()
    ended[:, :, off:] = 0.0
    rate_ended = np.where(at < off, rate, 0.0)
    lifted = world.effect * dose.sum(axis=0) + level + demand

    def ordered(spend: Floats, given: Floats, gone: Floats | float = 0.0) -> Floats:
        """(N, T) orders placed, in money, of a unit of size one; gone: doses that are not."""
        own = np.exp(lifted - world.effect * gone + lever * given)
        paid = np.zeros(shape)
        for c, part in enumerate(world.bought):
            stock = _stock(spend[c], world.carry[c]) ** world.power[c]
            curve = (
                stock
                / (stock + world.half[c] ** world.power[c])
                * (1 + world.half[c] ** world.power[c])
            )
            paid += (
                part / (1 - sum(world.bought)) * curve if world.adds else -np.log1p(-part) * curve
            )
        return np.asarray(own + paid * np.exp(level.mean()) if world.adds else own * np.exp(paid))

    def expected(spend: Floats, given: Floats, gone: Floats | float = 0.0) -> Floats:
        """(N, T) revenue but for noise: a part of what was ordered is booked a month later."""
        whole = ordered(spend, given, gone)
        return np.asarray((1 - world.late) * whole + world.late * _before(whole))

    now, without = expected(relative, rate), expected(ended, rate_ended)
    revenue = size[:, None] * now * np.exp(world.noise * rngs[7].standard_normal(shape)) * 1e5
    share = np.array(world.bought)[:, None, None]
    spend = relative * size[:, None] * share * now.mean() * world.cost * 1e5
    placed = size[:, None] * 1e6 * ordered(relative, rate)
    panel = GrowthPanel(
        currency="CNY",
        units=tuple(f"firm-{unit:03d}" for unit in range(world.units)),
        months=tuple(date(2020 + m // 12, m % 12 + 1, 1) for m in range(world.months)),
        channels=("search_ads", "field_sales", "fairs")[:channels],
        interventions=("receipts", "matching"),
        revenue=revenue,
        new=np.zeros(shape),
        spend=spend,
        subsidy=rate * placed,
        dose=dose,
        paused=paused,
        volume=placed if world.subsidy else None,
        subsidy_paused=stopped if world.subsidy_paused else None,
    )
    weight = size[:, None]
    unled = relative * np.exp(-world.answers * dose[0])
    direct = [expected(relative, rate, one) for one in dose]
    total = [expected(unled, rate, dose[0]), direct[1]]

    def missing(others: list[Floats]) -> Floats:
        return 1.0 - np.array([(weight * one).sum() for one in others]) / float(
            (weight * now).sum()
        )

    return SpendDrawn(
        panel=panel,
        off=off,
        lost=1 - (weight * without).sum(axis=0) / (weight * now).sum(axis=0),
        direct=missing(direct),
        total=missing(total),
        by_subsidy=float(missing([expected(relative, 0 * rate)])[0]),
    )


def _lasting(rng: np.random.Generator, shape: tuple[int, int], persistence: float) -> Floats:
    fresh = rng.standard_normal(shape)
    out = np.empty(shape)
    out[:, 0] = fresh[:, 0]
    for month in range(1, shape[1]):
        out[:, month] = (
            persistence * out[:, month - 1] + np.sqrt(1 - persistence**2) * fresh[:, month]
        )
    return out


def _staggered(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """(2, N, T) two interventions; each reaches three units of four, in four waves."""
    out = np.zeros((2, *shape))
    for one in out:
        wave = rng.permutation(shape[0]) % 16
        start = np.where(wave < 12, np.round(shape[1] * (0.3 + 0.15 * (wave % 4))), shape[1])
        one[np.arange(shape[1])[None, :] >= start[:, None]] = 1.0
    return out


def _before(table: Floats) -> Floats:
    return np.concatenate((table[:, :1], table[:, :-1]), axis=1)


def _stock(spend: Floats, carry: float) -> Floats:
    """Σ (1 - carry) · carry^k · spend[t - k], written as a sum."""
    out = np.zeros_like(spend)
    for lag in range(spend.shape[1]):
        out[:, lag:] += (1 - carry) * carry**lag * spend[:, : spend.shape[1] - lag]
    return out
