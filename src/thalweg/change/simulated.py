"""Panels with a known truth: who was treated when, and by how much, is drawn and kept.

They are worlds at the level of units and periods, for studies and tests of estimators and checks.
The synthetic industry, which makes events, is in ``thalweg.industry``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from thalweg.change.frame import NEVER, Design, Floats, Ints, Mask, Outcome, Panel, Rollout

FLOW = Outcome("flow_h", "flow", "h", "log", "lower", within_s=60 * 86_400.0)
FIRST_DAY = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class World:
    """How a panel is made. Effects, noise and drifts are in logarithms, times in periods.

    units, periods  size of the panel.
    treated         how many units are treated at all; None: all but the share ``never``.
    cohorts         different dates of start, spread evenly over (``first``, ``last``) of the time.
    effect          average effect at full strength; grows to it over ``growth`` periods.
    spread          standard deviation of the effects between units.
    noise           standard deviation of the errors, autocorrelated by ``persistence``;
                    ``unequal`` is the standard deviation of the logarithm of noise between units;
    noisy_first     the noisiest units are treated, instead of units drawn by lot.
    season          amplitude of a common yearly wave; ``shock`` standard deviation of common
                    period effects.
    missing         share of cells without a value.
    straddle        periods before the start in which half of the effect is already at work, and
                    which the panel declares.
    dose            effects are in proportion to a recorded intensity between 0.5 and 1.5.
    confounded      standard deviation of slopes per period between units; units that improve
                    fastest are treated first.
    trend           slope per period of treated units that untreated ones do not have.
    anticipation    periods before the start in which the effect is already there, undeclared.
    spill           share of the effect that reaches each partner of a treated unit.
    """

    units: int = 30
    periods: int = 36
    treated: int | None = None
    never: float = 0.3
    cohorts: int = 5
    first: float = 0.35
    last: float = 0.8
    effect: float = -0.1
    growth: int = 0
    spread: float = 0.0
    noise: float = 0.2
    persistence: float = 0.4
    unequal: float = 0.0
    noisy_first: bool = False
    season: float = 0.1
    shock: float = 0.1
    missing: float = 0.0
    straddle: int = 0
    dose: bool = False
    confounded: float = 0.0
    trend: float = 0.0
    anticipation: int = 0
    spill: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A panel with what is true of it.

    untreated  (N, T) logarithm of the outcome had nobody been treated.
    effect     (N, T) what treatment, or a treated partner, added to it.
    partners   (pairs, 2) units that trade with each other.
    """

    design: Design
    untreated: Floats
    effect: Floats
    partners: Ints

    @property
    def truth(self) -> float:
        """Mean effect on the treated cells that are known."""
        return float(self.effect[self.design.treated_cells()].mean())


def simulate(world: World, seed: int) -> Drawn:
    """Draw one panel. The same world and seed give the same panel."""
    rngs = np.random.default_rng(seed).spawn(7)
    slopes = rngs[0].normal(0.0, 1.0, world.units) * world.confounded
    scale = world.noise * np.exp(world.unequal * rngs[6].normal(0.0, 1.0, world.units))
    start = _starts(world, slopes, scale, rngs[1])
    dose = rngs[2].uniform(0.5, 1.5, world.units) if world.dose else np.ones(world.units)
    partners = _partners(world.units, rngs[3])
    effect = _effects(world, start, dose, partners, rngs[4])
    untreated = _untreated(world, start, slopes, scale, rngs[5])
    value = np.exp(untreated + effect)
    value[rngs[3].random(value.shape) < world.missing] = np.nan
    objects = np.where(np.isfinite(value), rngs[2].poisson(40.0, value.shape), 0).astype(np.int64)
    names = tuple(f"firm-{unit:03d}" for unit in range(world.units))
    panel = Panel(FLOW, names, _months(world.periods), value, objects, straddle=world.straddle)
    rollout = Rollout(
        "intervention",
        names,
        start,
        np.full(world.units, NEVER, dtype=np.int64),
        np.where(start == NEVER, np.nan, dose) if world.dose else None,
        randomised=world.confounded == 0.0 and not world.noisy_first,
    )
    return Drawn(Design(panel, rollout), untreated, effect, partners)


def _months(count: int) -> tuple[date, ...]:
    return tuple(
        date(FIRST_DAY.year + (FIRST_DAY.month - 1 + at) // 12, (at % 12) + 1, 1)
        for at in range(count)
    )


def _starts(world: World, slopes: Floats, scale: Floats, rng: np.random.Generator) -> Ints:
    """Dates by lot, or to the fastest improving or the noisiest units first."""
    count = world.treated
    if count is None:
        count = world.units - round(world.never * world.units)
    dates = np.linspace(world.first * world.periods, world.last * world.periods, world.cohorts)
    drawn = np.sort(np.rint(dates).astype(np.int64)[np.arange(count) * world.cohorts // count])
    order = rng.permutation(world.units)
    if world.noisy_first:
        order = np.argsort(-scale)
    if world.confounded:
        order = np.argsort(slopes)
    start = np.full(world.units, NEVER, dtype=np.int64)
    start[order[:count]] = drawn
    return start


def _partners(units: int, rng: np.random.Generator) -> Ints:
    """Every unit trades with two others, drawn by lot around a ring."""
    ring = rng.permutation(units)
    return np.column_stack([ring, np.roll(ring, 1)]).astype(np.int64)


def _effects(
    world: World, start: Ints, dose: Floats, partners: Ints, rng: np.random.Generator
) -> Floats:
    horizon = np.arange(world.periods)[None, :] - start[:, None] + world.anticipation
    grown = np.minimum(1.0, (horizon + 1.0) / (world.growth + 1.0))
    strength = np.where(horizon >= 0, grown, 0.0)
    half = (horizon < 0) & (horizon >= -world.straddle)
    strength = np.where(half, 0.5 / (world.growth + 1.0), strength)
    own = world.effect + world.spread * rng.normal(0.0, 1.0, world.units)
    effect = (own * dose)[:, None] * strength
    if world.spill:
        reached: Mask = np.zeros((world.units, world.periods), dtype=np.bool_)
        for one, other in partners:
            reached[one] |= strength[other] > 0
            reached[other] |= strength[one] > 0
        effect = effect + np.where(reached & (strength == 0), world.spill * world.effect, 0.0)
    return np.asarray(effect)


def _untreated(
    world: World, start: Ints, slopes: Floats, scale: Floats, rng: np.random.Generator
) -> Floats:
    shape = (world.units, world.periods)
    at = np.arange(world.periods)
    fresh = rng.normal(0.0, 1.0, shape)
    error = np.empty(shape)
    error[:, 0] = fresh[:, 0]
    kept = np.sqrt(1.0 - world.persistence**2)
    for period in range(1, world.periods):
        error[:, period] = world.persistence * error[:, period - 1] + kept * fresh[:, period]
    common = (
        world.season * np.sin(2 * np.pi * at / 12) + rng.normal(0.0, 1.0, len(at)) * world.shock
    )
    level = 4.0 + 0.5 * rng.normal(0.0, 1.0, world.units)
    slope = slopes + np.where(start != NEVER, world.trend, 0.0)
    return np.asarray(level[:, None] + common + slope[:, None] * at + scale[:, None] * error)
