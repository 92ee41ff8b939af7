"""Who asks for steel when: arrivals by thinning.

Candidates are drawn at the rate of the world in which everything is on (Lewis and Shedler 1979);
a candidate with a uniform mark below rate / highest rate becomes an inquiry. The candidates and
their marks belong to the spec, so a world with less traffic has a subset of the same inquiries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.industry.world.calendars import CALENDAR, Clock, work_begins
from thalweg.industry.world.chance import DAY_S, Floats, Ints, Levels, stream, uniform, uniforms
from thalweg.industry.world.firms import Firms
from thalweg.industry.world.levels import Dials, months_kept
from thalweg.industry.world.mechanisms import (
    CHANNELS,
    DIAL,
    INTERVENTION_TABLE,
    SPEND_CNY_PER_LEAD,
    platform_of,
)
from thalweg.industry.world.spec import Switches, WorldSpec

SPEND_SD = 0.25
HALF_FULL = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """spend_cny and leads: (channels, firms, months); leads are expected inquiries.

    paused  where a channel that would have been used was paused by lot.
    """

    spend_cny: Floats
    leads: Floats
    paused: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Inquiries:
    """One row each, in order of time. key: place among all candidates, the object's number.

    firm, source (0 organic, then the channels) and arrive_s (local seconds): (n,).
    """

    key: Ints
    firm: Ints
    source: Ints
    arrive_s: Ints


def traffic_of(
    spec: WorldSpec, firms: Firms, dials: Dials, clock: Clock, switches: Switches
) -> Traffic:
    """What is spent on each channel, and the leads it draws: carry-over, then saturation."""
    platform = platform_of(spec)
    shape = (len(CHANNELS), spec.firms, spec.months)
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, 14]))
    noise = np.exp(SPEND_SD * rng.standard_normal(shape))
    lot = rng.uniform(size=shape) < spec.pauses
    noise *= _following(spec, dials, clock)[None]
    noise[lot] = 0.0
    own = firms.size * spec.orders_per_firm_month
    rise = np.linspace(0.5, 1.5, spec.months)
    kept = months_kept(clock, switches.channels_off_from)
    spend, leads = np.zeros(shape), np.zeros(shape)
    live = _monthly_mean(dials.doses["live_selling"], clock) if "live_selling" in dials.doses else 0
    for place, (name, (carry, most, power, _)) in enumerate(CHANNELS.items()):
        reach = 1.0 if name == "live_streams" else platform.reach
        plain = SPEND_CNY_PER_LEAD * own * most * reach
        plan = np.asarray(platform.traffic * rise[None, :] * kept[None, :] * np.ones(shape[1:]))
        if name == "live_streams":
            plan = np.asarray(
                max(1.0, platform.traffic) * kept[None, :] * live * np.ones(shape[1:])
            )
        rate = plan * noise[place]
        lot[place] &= plan > 0
        spend[place] = np.round(plain[:, None] * rate, 2)
        pull = _carried(spend[place], carry) / (HALF_FULL * plain[:, None])
        leads[place] = own[:, None] * most * reach * pull**power / (1 + pull**power)
        if name == "live_streams":
            full = INTERVENTION_TABLE["live_selling"].effects["live_leads"]
            leads[place] *= _monthly_mean(dials.of("live_leads").clip(0), clock) / full
    return Traffic(spend, leads, lot)


def _following(spec: WorldSpec, dials: Dials, clock: Clock) -> Floats:
    """(firms, months) by how much budgets differ because demand did, firm and month apart.

    Demand with nothing switched off, so that switching moves no budget.
    """
    if spec.spend_follows == 0.0:
        return np.ones((spec.firms, spec.months))
    demand = _monthly_mean(dials.most_demand, clock)
    demand = demand - demand.mean(axis=1, keepdims=True)
    demand = demand - demand.mean(axis=0, keepdims=True)
    lag = spec.spend_follows_months
    if lag:
        demand = np.concatenate((np.zeros((spec.firms, lag)), demand[:, :-lag]), axis=1)
    return np.asarray(np.exp(spec.spend_follows * demand))


def _carried(spend: Floats, carry: float) -> Floats:
    """Geometric carry-over, scaled so that steady spend gives itself."""
    out = np.empty_like(spend)
    stock = np.zeros(spend.shape[0])
    for month in range(spend.shape[1]):
        stock = carry * stock + (1 - carry) * spend[:, month]
        out[:, month] = stock
    return out


def _monthly_mean(daily: Levels, clock: Clock) -> Floats:
    """(firms, months) of (firms, days)."""
    last = clock.first_days[-1]
    sums = np.add.reduceat(daily[:, :last].astype(np.float64), clock.first_days[:-1], axis=1)
    return np.asarray(sums / np.diff(clock.first_days)[None, :])


def inquiries_of(
    spec: WorldSpec, firms: Firms, dials: Dials, most: Traffic, now: Traffic, clock: Clock
) -> Inquiries:
    """Draw the candidates of the whole world, then keep those whose marks are low enough.

    most: the traffic with nothing switched off; now: the traffic as it is.
    """
    last = clock.first_days[-1]
    high = np.maximum.reduceat(dials.most_demand[:, :last], clock.first_days[:-1], axis=1)
    own = firms.size * spec.orders_per_firm_month
    rates = np.concatenate(((own[:, None] * np.exp(high.astype(np.float64)))[None], most.leads))
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, 15]))
    counts = rng.poisson(rates)
    source, firm, month = (
        np.repeat(place.ravel(), counts.ravel()).astype(np.int64)
        for place in np.indices(counts.shape)
    )
    keys = np.arange(len(firm), dtype=np.int64)
    arrive = _moments(stream(spec.seed, "arrive"), keys, month, clock.first_days, clock)
    order = np.lexsort((keys, arrive))
    firm, source, month, arrive = firm[order], source[order], month[order], arrive[order]
    mark = uniforms(stream(spec.seed, "mark"), keys, 0)
    level = dials.table[DIAL["demand"]][firm, arrive // DAY_S]
    share = np.exp(level.astype(np.float64) - high[firm, month])
    paid = source > 0
    channel = np.maximum(source - 1, 0)
    bound = most.leads[channel, firm, month]
    bought = np.divide(now.leads[channel, firm, month], bound, out=np.zeros(len(firm)), where=paid)
    kept = mark < np.where(paid, bought, share)
    return Inquiries(keys[kept], firm[kept], source[kept], arrive[kept])


def _moments(head: np.uint64, keys: Ints, month: Ints, first_days: Ints, clock: Clock) -> Ints:
    """(n,) moments spread evenly over the office hours of each month."""
    return _in_hours(head, keys, month, first_days, clock.worked, clock.opens, CALENDAR["office"])


@njit(cache=True, nogil=True)
def _in_hours(
    head: np.uint64,
    keys: Ints,
    month: Ints,
    first_days: Ints,
    worked: Ints,
    opens: Ints,
    calendar: int,
) -> Ints:
    out = np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        low = worked[calendar, first_days[month[i]]]
        high = worked[calendar, first_days[month[i] + 1]]
        work = low + int(uniform(head, keys[i], 0) * (high - low))
        out[i] = work_begins(worked, opens, calendar, work)
    return out
