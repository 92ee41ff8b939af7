"""Kernels of stations: queues with opening hours, loops, and batches, exact in time order.

Each firm has its own desks, slots and bays, so one firm's queue never touches another's: the only
ways from firm to firm are those that an archetype states.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import exp
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.industry.world.calendars import to_work, work_begins, work_ends
from thalweg.industry.world.chance import DAY_S, Ints, Levels, seconds, uniform

MOST_VISITS = 4
"""A loop is left after so many rounds."""
MOST_AGAIN = 0.85
NO_QUEUE = 0
"""Capacity of a pool in which nobody waits for anybody."""


class Pool(NamedTuple):
    """Who does the work of one kind.

    head       key of the draws of its times. median_s, sigma: of log-normal working times.
    level      (firms, days) added to the logarithm of a time, on the day of arrival.
    calendar   (firms,) places in the clock's calendars. servers: (firms,); ``NO_QUEUE``.
    tail       whether one in fifty is forgotten for a while.
    """

    head: np.uint64
    median_s: float
    sigma: float
    level: Levels
    calendar: Ints
    servers: Ints
    tail: bool


class Loop(NamedTuple):
    """Whether the work must be done again: head, mean share, (firms, days) on its logarithm."""

    head: np.uint64
    share: float
    level: Levels


class Rounds(NamedTuple):
    """What happened in a loop: visits (n,), and (n, MOST_VISITS) times and servers of both pools.

    Times are local seconds; rows beyond a thing's visits hold -1.
    """

    visits: Ints
    start_a: Ints
    end_a: Ints
    server_a: Ints
    start_b: Ints
    end_b: Ints
    server_b: Ints


@njit(cache=True, nogil=True)
def serve(
    queue: Ints,
    arrive_s: Ints,
    work_s: Ints,
    calendar: Ints,
    servers: Ints,
    worked: Ints,
    opens: Ints,
) -> tuple[Ints, Ints, Ints]:
    """First come, first served, by whoever is free first.

    Takes    queue: (n,) non-decreasing; within a queue, arrivals in local seconds do not decrease.
             work_s: (n,) at least 1. calendar, servers: by queue, servers at least 1.
    Returns  start, end (local seconds) and server (0..) of each.
    """
    n = len(queue)
    start, end = np.empty(n, np.int64), np.empty(n, np.int64)
    server = np.empty(n, np.int64)
    free = np.zeros(1, np.int64)
    before = -1
    for i in range(n):
        q = queue[i]
        if q != before:
            free = np.zeros(servers[q], np.int64)
            before = q
        who = np.argmin(free)
        begin = max(free[who], to_work(worked, opens, calendar[q], arrive_s[i]))
        free[who] = begin + work_s[i]
        start[i] = work_begins(worked, opens, calendar[q], begin)
        end[i] = work_ends(worked, opens, calendar[q], free[who])
        server[i] = who
    return start, end, server


@njit(cache=True, nogil=True)
def _work(
    pool: Pool, firm: int, key: int, visit: int, now: int, free: Ints, worked: Ints, opens: Ints
) -> tuple[int, int, int]:
    """Give one piece of work to a pool at ``now``: start, end, server."""
    day = min(now // DAY_S, pool.level.shape[1] - 1)
    long = seconds(
        pool.head, key, visit, pool.median_s, pool.sigma, pool.level[firm, day], pool.tail
    )
    calendar = pool.calendar[firm]
    begin = to_work(worked, opens, calendar, now)
    who = 0
    if len(free) > 0:
        who = int(np.argmin(free))
        begin = max(begin, free[who])
        free[who] = begin + long
    return (
        work_begins(worked, opens, calendar, begin),
        work_ends(worked, opens, calendar, begin + long),
        who,
    )


@njit(cache=True, nogil=True)
def go_round(
    firm: Ints,
    key: Ints,
    arrive_s: Ints,
    a: Pool,
    b: Pool,
    loop: Loop,
    worked: Ints,
    opens: Ints,
) -> Rounds:
    """Work at pool a, then at pool b, and again from a while the loop says so.

    Things of a firm are taken from a heap in order of time, so that those who come back queue
    behind those who came before. Input is sorted by (firm, arrival, key).
    """
    n = len(firm)
    visits = np.zeros(n, np.int64)
    shape = (n, MOST_VISITS)
    start_a, end_a = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    start_b, end_b = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    server_a, server_b = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    lo = 0
    while lo < n:
        f = firm[lo]
        hi = lo
        heap = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
        free_a, free_b = np.zeros(a.servers[f], np.int64), np.zeros(b.servers[f], np.int64)
        while hi < n and firm[hi] == f:
            hi += 1
        next_in = lo
        while next_in < hi or len(heap) > 0:
            if len(heap) == 0 or (next_in < hi and arrive_s[next_in] <= heap[0][0]):
                heappush(heap, (arrive_s[next_in], np.int64(next_in), np.int64(0)))
                next_in += 1
                continue
            now, i, stage = heappop(heap)
            v = int(visits[i])
            if stage == 0:
                s, e, who = _work(a, f, key[i], v, int(now), free_a, worked, opens)
                start_a[i, v], end_a[i, v], server_a[i, v] = s, e, who
                heappush(heap, (np.int64(e), i, np.int64(1)))
                continue
            s, e, who = _work(b, f, key[i], v, int(now), free_b, worked, opens)
            start_b[i, v], end_b[i, v], server_b[i, v] = s, e, who
            visits[i] = v + 1
            day = min(e // DAY_S, loop.level.shape[1] - 1)
            again = min(MOST_AGAIN, loop.share * exp(loop.level[f, day]))
            if v + 1 < MOST_VISITS and uniform(loop.head, key[i], v) < again:
                heappush(heap, (np.int64(e), i, np.int64(0)))
        lo = hi
    return Rounds(visits, start_a, end_a, server_a, start_b, end_b, server_b)


@njit(cache=True, nogil=True)
def next_release(at_s: Ints, pattern: Ints, next_day: Ints, second: int) -> Ints:
    """(n,) the first release at or after each local second.

    pattern: (n,) row of ``next_day`` (patterns, days + 8): the first day of release at or after a
    day. second: of the day at which releases happen.
    """
    out = np.empty(len(at_s), np.int64)
    for i in range(len(at_s)):
        day = at_s[i] // DAY_S
        if at_s[i] - day * DAY_S > second:
            day += 1
        day = next_day[pattern[i], min(day, next_day.shape[1] - 1)]
        out[i] = day * DAY_S + second
    return out


@njit(cache=True, nogil=True)
def fill_lorries(group: Ints, full: int) -> tuple[Ints, Ints]:
    """Cut runs of equal ``group`` into loads of at most ``full``.

    Returns  load of each thing (0..), and place of the first thing of each load.
    """
    n = len(group)
    load, first = np.empty(n, np.int64), np.empty(n, np.int64)
    loads, inside = 0, 0
    for i in range(n):
        if i == 0 or group[i] != group[i - 1] or inside == full:
            first[loads] = i
            loads += 1
            inside = 0
        load[i] = loads - 1
        inside += 1
    return load, first[:loads]


def by_queue(queue: Ints, arrive_s: Ints, key: Ints) -> NDArray[np.intp]:
    """The order in which a station takes things: queue, arrival, key."""
    return np.lexsort((key, arrive_s, queue))
