"""When root objects arrive: drawn beforehand, one stream a replication, shared by all plans.

Arrivals by rate are the points below the rate in a plane of points that is the same under every
plan (Lewis and Shedler 1979, thinning): where the rate grows, objects come between the others, and
those stay who they were. The plane is drawn in strips, each twice as high as all below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numba import njit

from thalweg.process.calendar import local_hours, zone_of
from thalweg.process.chunks import SECOND_NS
from thalweg.redesign.model.model import Gaps, Rate, Replay
from thalweg.redesign.simulate.compile import Compiled
from thalweg.redesign.simulate.laws import Laws, law_ns
from thalweg.redesign.simulate.layout import FOR_ARRIVAL, Floats, Ints
from thalweg.redesign.simulate.luck import chance, hashed

STRIP_BITS, TOGETHER_BITS = 40, 10
YEAR_S = 365.25 * 86_400
QUARTER_NS = 900 * SECOND_NS
MOST_ARRIVALS = 1 << 25
"""More objects than the heap can tell apart are not simulated."""
EPOCH_MONDAY_HOURS = 72
"""From Monday to the Thursday that 1970 began on."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Arrivals of one replication: ns after the beginning, rising, and which object each is."""

    time_ns: Ints
    key: Ints


def draw_arrivals(compiled: Compiled, *, seed: int, run: int) -> Drawn:
    """The arrivals of a replication within the span."""
    luck = hashed(hashed(0, seed), run)
    span = round(compiled.span_s * SECOND_NS)
    match compiled.model.arrivals:
        case Rate() as rate:
            time, key = _by_rate(compiled, rate, (seed, run), span)
            time, key = _together(rate, luck, time, key)
        case Gaps() as gaps:
            time, key = _by_gaps(compiled, gaps, luck, span)
        case Replay() as replay:
            time, key = _replayed(compiled, replay, luck, span)
    inside = (time >= 0) & (time <= span)
    time, key = time[inside], key[inside]
    order = np.lexsort((key, time))
    return Drawn(np.ascontiguousarray(time[order]), np.ascontiguousarray(key[order]))


def _by_rate(
    compiled: Compiled, rate: Rate, stream: tuple[int, int], span: int
) -> tuple[Ints, Ints]:
    by_quarter = _quarter_rates(compiled, rate, span)
    highest = float(by_quarter.max(initial=0.0))
    hours = span / SECOND_NS / 3600
    strips = 0 if highest <= 0 else 1 + max(0, math.ceil(math.log2(highest)))
    times, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for strip in range(strips):
        low, high = (0.0, 1.0) if strip == 0 else (2.0 ** (strip - 1), 2.0**strip)
        lot = np.random.default_rng([stream[0] % 2**63, stream[1], strip])
        count = int(lot.poisson((high - low) * hours))
        where = np.sort(lot.random(count))
        height = low + (high - low) * lot.random(count)
        at = np.minimum((where * span).astype(np.int64), span)
        quarter = (at + compiled.begins_ns) // QUARTER_NS - compiled.begins_ns // QUARTER_NS
        below = height < by_quarter[quarter]
        times.append(at[below])
        keys.append(((strip << STRIP_BITS) + np.arange(count))[below])
    return np.concatenate(times), np.concatenate(keys)


def _quarter_rates(compiled: Compiled, rate: Rate, span: int) -> Floats:
    """Arrivals per hour in each quarter of an hour, by the local hour of the week and growth."""
    first = compiled.begins_ns // QUARTER_NS
    quarters = np.arange(first, (compiled.begins_ns + span) // QUARTER_NS + 1)
    hour = (local_hours(quarters, compiled.model.zone) + EPOCH_MONDAY_HOURS) % 168
    years = (quarters - first) * (QUARTER_NS / SECOND_NS) / YEAR_S
    return np.asarray(np.array(rate.per_hour)[hour] * (1.0 + rate.growth_per_year) ** years)


def _together(rate: Rate, luck: int, time: Ints, key: Ints) -> tuple[Ints, Ints]:
    """Each arrival as often as objects come at once."""
    numbers = np.array(sorted(rate.together))
    shares = np.cumsum([rate.together[int(n)] for n in numbers])
    if len(numbers) == 1:
        count = np.full(len(time), numbers[0])
    else:
        u = _chances(luck, key)
        count = numbers[np.minimum(np.searchsorted(shares, u, "right"), len(numbers) - 1)]
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(time, count), (np.repeat(key, count) << TOGETHER_BITS) + within


def _by_gaps(compiled: Compiled, gaps: Gaps, luck: int, span: int) -> tuple[Ints, Ints]:
    laws = Laws()
    row = laws.row(gaps.gap)
    tables = laws.arrays()
    calendar = None if gaps.calendar is None else compiled.tables[gaps.calendar]
    end = span if calendar is None else int((calendar.end - calendar.start).sum())
    passed = 0 if calendar is None else int(calendar.work_ns(np.zeros(1, np.int64))[0])
    work = _ticks(*tables, row, luck, passed, end)
    keys = np.arange(len(work))
    if calendar is None:
        return work, keys
    at = np.searchsorted(calendar.before, work, "left") - 1
    at = np.maximum(at, 0)
    return calendar.start[at] + work - calendar.before[at], keys


@njit(cache=True, nogil=True)
def _ticks(
    law: Ints, param: Floats, table: Floats, row: int, luck: int, passed: int, end: int
) -> Ints:
    """Instants of working time that lie one gap after the other, up to ``end``."""
    found, n = np.empty(1024, np.int64), 0
    while True:
        passed += law_ns(law, param, table, row, chance(luck, 0, n, FOR_ARRIVAL))
        if passed > end or n == MOST_ARRIVALS:
            return found[:n].copy()
        if n == len(found):
            longer = np.empty(2 * n, np.int64)
            longer[:n] = found
            found = longer
        found[n] = passed
        n += 1


@njit(cache=True, nogil=True)
def _chances(luck: int, key: Ints) -> Floats:
    found = np.empty(len(key))
    for i in range(len(key)):
        found[i] = chance(luck, key[i], 0, FOR_ARRIVAL)
    return found


def _replayed(compiled: Compiled, replay: Replay, luck: int, span: int) -> tuple[Ints, Ints]:
    zone = zone_of(compiled.model.zone)
    begins = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=compiled.begins_ns // 1000)
    local = begins.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    whole = int(replay.factor)
    rest = replay.factor - whole
    times: list[int] = []
    keys: list[int] = []
    rounds = span // (replay.weeks * 7 * 86_400 * SECOND_NS) + 2
    wall = datetime(monday.year, monday.month, monday.day)
    for turn in range(int(rounds)):
        for i, at_s in enumerate(replay.at_s):
            key = turn * len(replay.at_s) + i
            copies = whole + int(chance(luck, key, 0, FOR_ARRIVAL) < rest)
            if copies == 0:
                continue
            moment = wall + timedelta(days=7 * replay.weeks * turn, seconds=at_s)
            first = _utc_ns(moment.replace(tzinfo=zone)) - compiled.begins_ns
            for copy in range(copies):
                later = chance(luck, key, copy, FOR_ARRIVAL) * 3600 if copy else 0.0
                times.append(first + round(later * SECOND_NS))
                keys.append((key << TOGETHER_BITS) + copy)
    return np.array(times, np.int64), np.array(keys, np.int64)


def _utc_ns(moment: datetime) -> int:
    passed = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * SECOND_NS + passed.microseconds * 1000
