"""How every dial stands at every firm on every day: levels, shocks, trends, and what was rolled out.

The part that no switch moves (seasons, market, firm-by-month shocks) is drawn from the seed by
generators of its own; the doses of interventions are laid over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from thalweg.industry.world.calendars import Clock
from thalweg.industry.world.chance import Floats, Levels
from thalweg.industry.world.firms import Firms
from thalweg.industry.world.mechanisms import (
    DIAL,
    DIALS,
    FAMILIES,
    FAMILY_LAYERS,
    INTERVENTION_TABLE,
    SUBSIDY_PULL,
    Platform,
    platform_of,
)
from thalweg.industry.world.rollout import NEVER_DAY, Plan
from thalweg.industry.world.spec import Switches, WorldSpec

RHO = 0.5
SHOCK_SD, DEMAND_SD, COMMON_SD = 0.07, 0.10, 0.03
"""Of firm-by-month shocks to working times and demand, and of months common to all firms."""
SEASON = (0.90, 0.72, 1.12, 1.08, 1.04, 1.00, 0.96, 0.98, 1.10, 1.02, 1.06, 1.02)
"""Demand by month of the year, apart from closed days."""
SHOCK_AT, SHOCK_MONTHS, SHOCK_DEMAND, SHOCK_PAY = 0.6, 4, -0.28, 0.15
"""The market falls at this share of the months; buyers pay later meanwhile."""
IMPROVES_BEFORE, IMPROVES_AFTER = 9, 6


@dataclass(frozen=True, slots=True, eq=False)
class Dials:
    """table: (dials, firms, days). most_demand: (firms, days) demand with nothing switched off and no
    subsidy paused, the level from which demand is thinned. subsidy: (firms, months) planned, share of
    an order's value, 0 where ``subsidy_paused``: (firms, months) by lot, where some was planned."""

    table: Levels
    most_demand: Levels
    subsidy: Floats
    subsidy_paused: NDArray[np.bool_]
    doses: dict[str, Levels]

    def of(self, name: str) -> Levels:
        return np.asarray(self.table[DIAL[name]])


def dials_of(
    spec: WorldSpec, firms: Firms, plans: dict[str, Plan], clock: Clock, switches: Switches
) -> Dials:
    """Lay the doses of what is switched on over the levels that nothing moves."""
    platform = platform_of(spec)
    monthly = _monthly(spec, firms, plans, platform)
    month = clock.months_of_days
    table = np.empty((len(DIALS), spec.firms, clock.days), dtype=np.float32)
    for place in range(len(DIALS)):
        table[place] = monthly[place][:, month]
    planned = subsidy_of(spec, platform)
    paused = subsidy_lots(spec) & (planned > 0)
    given = np.where(paused, 0.0, planned)
    demand = DIAL["demand"]
    most = table[demand] + (SUBSIDY_PULL * planned).astype(np.float32)[:, month]
    table[demand] += (SUBSIDY_PULL * given).astype(np.float32)[:, month] * _days_before(
        clock, switches.subsidy_off_from
    )
    doses: dict[str, Levels] = {}
    for name, plan in plans.items():
        dose = dose_of(firms, plan, clock, platform)
        scale = spec.effect_scale * platform.scale
        for dial, effect in INTERVENTION_TABLE[name].effects.items():
            step = np.asarray(dose * np.float32(scale * effect))
            if dial == "demand":
                most += np.maximum(step, 0)
            if name not in switches.off:
                table[DIAL[dial]] += step
        doses[name] = dose * 0 if name in switches.off else dose
    return Dials(table, most, given, paused, doses)


def dose_of(firms: Firms, plan: Plan, clock: Clock, platform: Platform) -> Levels:
    """(firms, days) how much of the full effect is in force."""
    row = INTERVENTION_TABLE[plan.name]
    day = np.arange(clock.days, dtype=np.float32)[None, :]
    begins = np.where(plan.begins < NEVER_DAY, plan.begins, 1e9).astype(np.float32)[:, None]
    ends = np.where(plan.ends < NEVER_DAY, plan.ends, 1e9).astype(np.float32)[:, None]
    since = day - begins + np.float32(platform.early_days + 1)
    dose = np.clip(since / np.float32(max(row.ramp_days, 1)), 0, 1) * (day < ends)
    weight = plan.intensity * (1 + row.by_size * np.log(firms.size))
    dose = (dose * weight.astype(np.float32)[:, None]).astype(np.float32)
    if platform.spill > 0:
        dose = np.maximum(dose, np.float32(platform.spill) * _highest_nearby(dose, firms))
    return np.asarray(dose, dtype=np.float32)


def _highest_nearby(dose: Levels, firms: Firms) -> Levels:
    """(firms, days) the highest dose among the firms of the same service centre."""
    starts = np.flatnonzero(np.diff(firms.cluster, prepend=-1))
    return np.asarray(np.maximum.reduceat(dose, starts, axis=0)[firms.cluster])


def _monthly(spec: WorldSpec, firms: Firms, plans: dict[str, Plan], platform: Platform) -> Floats:
    """(dials, firms, months) what no switch moves."""
    out = np.zeros((len(DIALS), spec.firms, spec.months))
    months = np.arange(spec.months)
    roots = np.random.SeedSequence([spec.seed, 12]).spawn(1 + len(FAMILIES))
    rng = [np.random.default_rng(root) for root in roots]
    season = np.log(np.array(SEASON))[(spec.start.month - 1 + months) % 12]
    fall_at = round(SHOCK_AT * spec.months)
    fallen = (months >= fall_at) & (months < fall_at + SHOCK_MONTHS)
    common = COMMON_SD * rng[0].standard_normal(spec.months)
    demand = season + platform.growth * months + SHOCK_DEMAND * fallen + common
    own = _autoregressive(rng[0], spec.firms, spec.months) * DEMAND_SD * spec.noise
    out[DIAL["demand"]] = demand[None, :] + own
    for place, (family, dials) in enumerate(FAMILIES.items(), 1):
        shared = COMMON_SD * rng[place].standard_normal(spec.months)
        shocks = _autoregressive(rng[place], spec.firms, spec.months) * SHOCK_SD * spec.noise
        level = firms.level[family][:, None] + shared[None, :] + shocks
        level += firms.trend[:, None] * (months - spec.months / 2)[None, :]
        level += platform.improving * _improving(family, spec, plans)
        for dial in dials:
            out[DIAL[dial]] = level
    out[DIAL["pay"]] += SHOCK_PAY * fallen[None, :]
    return out


def _improving(family: str, spec: WorldSpec, plans: dict[str, Plan]) -> Floats:
    """(firms, months) minus the months by which a firm is into its own improvement."""
    total = np.zeros((spec.firms, spec.months))
    months = np.arange(spec.months)[None, :]
    for plan in plans.values():
        row = INTERVENTION_TABLE[plan.name]
        if row.at_once or not set(row.layers) & set(FAMILY_LAYERS[family]):
            continue
        start = np.where(plan.begins < NEVER_DAY, plan.begins / 30.44, 1e6)[:, None]
        total -= np.clip(months - start + IMPROVES_BEFORE, 0, IMPROVES_BEFORE + IMPROVES_AFTER)
    return total


def _autoregressive(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """(rows, columns) standard AR(1) paths, begun in their long-run law."""
    steps = rng.standard_normal((rows, columns))
    out = np.empty_like(steps)
    out[:, 0] = steps[:, 0]
    for at in range(1, columns):
        out[:, at] = RHO * out[:, at - 1] + np.sqrt(1 - RHO**2) * steps[:, at]
    return out


def subsidy_of(spec: WorldSpec, platform: Platform) -> Floats:
    """(firms, months) planned subsidy, a share of the order's value; it grows over half the span."""
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, 13]))
    ramp = np.minimum(1.0, (np.arange(spec.months) + 1) / (0.5 * spec.months))
    uneven = rng.uniform(0.6, 1.4, (spec.firms, spec.months))
    return np.asarray(platform.subsidy * ramp[None, :] * uneven)


def subsidy_lots(spec: WorldSpec) -> NDArray[np.bool_]:
    """(firms, months) where the lot falls on a pause of subsidy."""
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, 17]))
    return np.asarray(rng.uniform(size=(spec.firms, spec.months)) < spec.subsidy_pauses)


def _days_before(clock: Clock, off_from: date | None) -> NDArray[np.bool_]:
    """(days,) which days come before ``off_from``; all, when nothing is off."""
    if off_from is None:
        return np.ones(clock.days, dtype=np.bool_)
    return np.asarray(np.arange(clock.days) < clock.day(off_from))


def months_kept(clock: Clock, off_from: date | None) -> Floats:
    """(months,) share of each month's days that come before ``off_from``."""
    if off_from is None:
        return np.ones(clock.months)
    first, after = clock.first_days[:-1], clock.first_days[1:]
    return np.asarray(np.clip((clock.day(off_from) - first) / (after - first), 0.0, 1.0))
