"""How many desks, slots and bays each firm has: planned once, for the busier months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.industry.world.calendars import CALENDAR, SLOT_HOURS, Clock
from thalweg.industry.world.chance import Floats, Ints
from thalweg.industry.world.demand import Traffic
from thalweg.industry.world.firms import Firms
from thalweg.industry.world.levels import Dials
from thalweg.industry.world.spec import WorldSpec

TARGET_USE = 0.60
"""Share of its hours for which a desk, line or bay is busy in a busy month."""
BUSY_QUANTILE = 75
WON_SHARE = 0.68
DAYS_A_MONTH = {"office": 20.5, "yard": 25.0, "lab": 25.0}


@dataclass(frozen=True, slots=True)
class Trade:
    """Whose work: hours of one piece, how often an order needs it, and when it is done."""

    hours: float
    often: float
    calendar: str


POOLS: dict[str, Trade] = {
    "sales": Trade(0.45, 1.5, "office"),
    "matching": Trade(1.8, 1.5, "office"),
    "legal": Trade(0.9, 0.8, "office"),
    "dock": Trade(0.7, WON_SHARE, "yard"),
    "line": Trade(1.9, 1.2 * WON_SHARE, "slot"),
    "lab": Trade(0.6, 1.2 * WON_SHARE, "lab"),
    "bay": Trade(0.5, WON_SHARE, "yard"),
    "clerk": Trade(0.5, WON_SHARE, "office"),
    "accounts": Trade(0.2, WON_SHARE, "office"),
}
POOL_NAMES = tuple(POOLS)


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """Per pool: (firms,) calendars and servers."""

    calendar: dict[str, Ints]
    servers: dict[str, Ints]


def plant_of(spec: WorldSpec, firms: Firms, dials: Dials, most: Traffic, clock: Clock) -> Plant:
    """Give each pool of each firm the least capacity that keeps it busy for ``TARGET_USE``."""
    first = clock.first_days[:-1]
    own = firms.size[:, None] * spec.orders_per_firm_month
    rate = own * np.exp(dials.most_demand[:, first].astype(np.float64)) + most.leads.sum(axis=0)
    busy = np.percentile(rate, BUSY_QUANTILE, axis=1)
    calendar: dict[str, Ints] = {}
    servers: dict[str, Ints] = {}
    for name, trade in POOLS.items():
        load_h = busy * trade.hours * trade.often
        if trade.calendar == "slot":
            load_h = load_h * np.exp(firms.level["shop"])
            calendar[name], servers[name] = _slots(load_h)
            continue
        open_h = 9.0 if trade.calendar == "office" else 12.0
        need = load_h / (TARGET_USE * DAYS_A_MONTH[trade.calendar] * open_h)
        calendar[name] = np.full(firms.count, CALENDAR[trade.calendar], dtype=np.int64)
        servers[name] = np.maximum(1, np.ceil(need)).astype(np.int64)
    return Plant(calendar, servers)


def _slots(load_h: Floats) -> tuple[Ints, Ints]:
    """The shortest daily slot on one line that carries the load; else several lines all day."""
    need_h = load_h / (TARGET_USE * DAYS_A_MONTH["yard"])
    place = np.searchsorted(np.array(SLOT_HOURS), need_h)
    lines = np.maximum(1, np.ceil(need_h / SLOT_HOURS[-1]))
    place = np.minimum(place, len(SLOT_HOURS) - 1)
    first = CALENDAR[f"slot_{SLOT_HOURS[0]}"]
    return np.asarray(first + place, dtype=np.int64), lines.astype(np.int64)
