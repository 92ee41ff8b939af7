"""What the resource did while work waited for it: one sweep over the timeline of each resource.

The timeline is cut into segments in which the same pieces are under way. A wait asks three things
of a window of it: how long the resource was busy, how long with a piece enabled no later than the
wait, and how long with none enabled later. The last two are sums over segments up to a threshold,
answered by two Fenwick trees (Fenwick 1994) while waits and segments are visited in the order of
their enabling, so that ``n`` pieces cost ``n log n`` however long the queues are. Each answer comes
in all time and in time on duty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints, each, read_only
from thalweg.process.waiting.causes import COMBINATIONS, PARTS, SPLIT

UNKNOWN_NS = np.iinfo(np.int64).min
SHARED = 0.5
RUN_WORKS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Works:
    """Work of the whole log, once each, whatever objects it concerns.

    resource    code per work, 0 where none is recorded. activity: code.
    start_ns, end_ns, enabled_ns   UTC; enabled UNKNOWN_NS where nothing came before.
    """

    resource: NDArray[np.uint32]
    activity: NDArray[np.uint32]
    start_ns: Ints
    end_ns: Ints
    enabled_ns: Ints


@dataclass(frozen=True, slots=True, eq=False)
class DutyTables:
    """Working intervals of all calendars, one after the other.

    calendar: per resource, -1 where none is known. offsets: per calendar into the other arrays;
    before: the time on duty before each interval, within its calendar.
    """

    calendar: Ints
    offsets: Ints
    start: Ints
    end: Ints
    before: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """cause_ns: per work its time by cause of ``SPLIT``. held: per combination of conditions the
    time it held, as whole seconds and nanoseconds. resource figures: pieces, busy_ns, parallel_ns
    (two pieces or more under way), and shared: too often parallel to be one server.
    """

    cause_ns: NDArray[np.int64]
    held: NDArray[np.int64]
    pieces: Ints
    busy_ns: Ints
    parallel_ns: Ints
    shared: NDArray[np.bool_]


def no_split(works: int, resources: int) -> Split:
    """Nothing is known of what resources did."""
    none = np.zeros(resources, np.int64)
    return Split(
        np.zeros((works, len(SPLIT)), np.int64),
        np.zeros((COMBINATIONS, 2), np.int64),
        none,
        none,
        none,
        none > 0,
    )


def split_waits(
    works: Works,
    resources: int,
    duty: DutyTables,
    weights: Ints,
    *,
    smallest_batch: int = 2,
    batch_gap_ns: int = 0,
    threads: int | None = None,
) -> Split:
    """The time between enabling and start of every work, by cause.

    Takes    weights: see ``rule_weights``. smallest_batch: pieces of the same activity, back to
             back on one resource and all enabled before the first began, that make a batch.
             batch_gap_ns: longest pause between them.
    """
    bounds, members = works_by_resource(works.resource, resources)
    cause = np.zeros((len(works.start_ns), len(SPLIT)), np.int64)
    pieces = np.diff(bounds)
    busy, parallel = np.zeros(resources, np.int64), np.zeros(resources, np.int64)
    code, start = read_only(works.activity), read_only(works.start_ns)
    end, ready = read_only(works.end_ns), read_only(works.enabled_ns)

    def work(run: tuple[int, int]) -> NDArray[np.int64]:
        held = np.zeros((COMBINATIONS, 2), np.int64)
        _sweep(
            run[0],
            run[1],
            bounds,
            members,
            code,
            start,
            end,
            ready,
            duty.calendar,
            duty.offsets,
            duty.start,
            duty.end,
            duty.before,
            weights,
            smallest_batch,
            batch_gap_ns,
            cause,
            held,
            busy,
            parallel,
        )
        return held

    held = np.zeros((COMBINATIONS, 2), np.int64)
    for part in each(work, _runs(bounds), threads):
        held += part
    held[:, 0], held[:, 1] = held[:, 0] + held[:, 1] // SECOND_NS, held[:, 1] % SECOND_NS
    return Split(cause, held, pieces, busy, parallel, _is_shared(busy, parallel))


def _is_shared(busy: Ints, parallel: Ints) -> NDArray[np.bool_]:
    return np.asarray(parallel > SHARED * busy)


def works_by_resource(
    resource: NDArray[np.uint32], resources: int
) -> tuple[Ints, NDArray[np.uint32]]:
    """Works grouped by resource, in their order: bounds per resource, and members."""
    bounds = np.concatenate(([0], np.cumsum(np.bincount(resource, minlength=resources))))
    members = np.empty(len(resource), np.uint32)
    _deal(resource, bounds[:-1].copy(), members)
    return bounds.astype(np.int64), members


@njit(cache=True, nogil=True)
def _deal(resource: NDArray[np.uint32], cursor: Ints, members: NDArray[np.uint32]) -> None:
    for j in range(len(resource)):
        members[cursor[resource[j]]] = j
        cursor[resource[j]] += 1


def _runs(bounds: Ints) -> list[tuple[int, int]]:
    """Runs of named resources (from 1) with about the same work in each."""
    runs, first = [], 1
    for r in range(1, len(bounds) - 1):
        if bounds[r + 1] - bounds[first] >= RUN_WORKS or r == len(bounds) - 2:
            runs.append((first, r + 1))
            first = r + 1
    return runs


@njit(cache=True, nogil=True)
def _sweep(
    first: int,
    last: int,
    bounds: Ints,
    members: NDArray[np.uint32],
    activity: NDArray[np.uint32],
    start_ns: Ints,
    end_ns: Ints,
    enabled_ns: Ints,
    calendar: Ints,
    duty_offsets: Ints,
    duty_start: Ints,
    duty_end: Ints,
    duty_before: Ints,
    weights: Ints,
    smallest_batch: int,
    batch_gap_ns: int,
    cause: NDArray[np.int64],
    held: NDArray[np.int64],
    busy_ns: Ints,
    parallel_ns: Ints,
) -> None:
    for r in range(first, last):
        mine = members[bounds[r] : bounds[r + 1]]
        if len(mine) == 0:
            continue
        begun = start_ns[mine]
        order = np.argsort(begun, kind="mergesort")
        mine, begun = mine[order], begun[order]
        ended, ready = end_ns[mine], enabled_ns[mine]
        for k in range(len(mine)):
            if ready[k] == UNKNOWN_NS:
                ready[k] = begun[k]
        full = _batches(activity[mine], begun, ended, ready, smallest_batch, batch_gap_ns)
        seg_start, seg_end, earliest, latest, parallel = _segments(begun, ended, ready)
        busy = (seg_end - seg_start).sum()
        busy_ns[r], parallel_ns[r] = busy, parallel
        if parallel > SHARED * busy:
            seg_start, seg_end = seg_start[:0], seg_end[:0]
            earliest, latest = earliest[:0], latest[:0]
        c = calendar[r]
        lo, hi = (duty_offsets[c], duty_offsets[c + 1]) if c >= 0 else (0, 0)
        _answer(
            mine,
            begun,
            ready,
            full,
            seg_start,
            seg_end,
            earliest,
            latest,
            c >= 0,
            duty_start[lo:hi],
            duty_end[lo:hi],
            duty_before[lo:hi],
            weights,
            cause,
            held,
        )


@njit(cache=True, nogil=True)
def _batches(
    activity: NDArray[np.uint32], begun: Ints, ended: Ints, ready: Ints, smallest: int, gap: int
) -> Ints:
    """When the last piece of each one's batch was enabled; its own enabling where there is none."""
    full = ready.copy()
    i = 0
    while i < len(begun):
        until, newest, j = ended[i], ready[i], i + 1
        while (
            j < len(begun)
            and activity[j] == activity[i]
            and begun[j] <= until + gap
            and ready[j] <= begun[i]
        ):
            until, newest = max(until, ended[j]), max(newest, ready[j])
            j += 1
        if j - i >= smallest:
            for k in range(i, j):
                full[k] = min(newest, begun[k])
        i = j
    return full


@njit(cache=True, nogil=True)
def _segments(begun: Ints, ended: Ints, ready: Ints) -> tuple[Ints, Ints, Ints, Ints, int]:
    """Stretches in which the same pieces are under way, with the earliest and latest enabling
    among them, and the time in which there are two or more."""
    lasting = np.flatnonzero(ended > begun)
    n = len(lasting)
    stops = np.sort(ended[lasting])
    seg_start, seg_end = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    earliest, latest = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    low, high = np.empty(n, np.int64), np.empty(n, np.int64)
    lows, highs, active, count, parallel = 0, 0, 0, 0, 0
    i, k, now = 0, 0, 0
    while k < n:
        coming = i < n and begun[lasting[i]] < stops[k]
        at = begun[lasting[i]] if coming else stops[k]
        if active > 0 and at > now:
            while ended[low[0]] <= now:
                lows = _pop(low, lows, ready, 1)
            while ended[high[0]] <= now:
                highs = _pop(high, highs, ready, -1)
            seg_start[count], seg_end[count] = now, at
            earliest[count], latest[count] = ready[low[0]], ready[high[0]]
            count += 1
            if active > 1:
                parallel += at - now
        now = at
        if coming:
            if active == 0:
                lows, highs = 0, 0
            lows = _push(low, lows, lasting[i], ready, 1)
            highs = _push(high, highs, lasting[i], ready, -1)
            active += 1
            i += 1
        else:
            active -= 1
            k += 1
    return seg_start[:count], seg_end[:count], earliest[:count], latest[:count], parallel


@njit(cache=True, nogil=True)
def _push(heap: Ints, size: int, item: int, key: Ints, sign: int) -> int:
    """Add to a binary heap by ``sign * key``; gives the new size."""
    k = size
    while k > 0 and sign * key[heap[(k - 1) >> 1]] > sign * key[item]:
        heap[k] = heap[(k - 1) >> 1]
        k = (k - 1) >> 1
    heap[k] = item
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap: Ints, size: int, key: Ints, sign: int) -> int:
    """Drop the top of a binary heap; gives the new size."""
    size -= 1
    item, k = heap[size], 0
    while 2 * k + 1 < size:
        child = 2 * k + 1
        if child + 1 < size and sign * key[heap[child + 1]] < sign * key[heap[child]]:
            child += 1
        if sign * key[heap[child]] >= sign * key[item]:
            break
        heap[k] = heap[child]
        k = child
    heap[k] = item
    return size


@njit(cache=True, nogil=True)
def _on_duty(at: int, known: bool, start: Ints, end: Ints, before: Ints) -> int:
    """Time on duty up to an instant; without a calendar, all of it."""
    if not known:
        return at
    lo, hi = 0, len(start)
    while lo < hi:
        mid = (lo + hi) >> 1
        if start[mid] <= at:
            lo = mid + 1
        else:
            hi = mid
    if lo == 0:
        return 0
    worked: int = before[lo - 1] + min(at, end[lo - 1]) - start[lo - 1]
    return worked


ALL, ALL_ON, EARLIER, EARLIER_ON, NONE_LATER, NONE_LATER_ON, TIME, TIME_ON = range(8)


@njit(cache=True, nogil=True)
def _answer(
    mine: NDArray[np.uint32],
    begun: Ints,
    ready: Ints,
    full: Ints,
    seg_start: Ints,
    seg_end: Ints,
    earliest: Ints,
    latest: Ints,
    known: bool,
    duty_start: Ints,
    duty_end: Ints,
    duty_before: Ints,
    weights: Ints,
    cause: NDArray[np.int64],
    held: NDArray[np.int64],
) -> None:
    """Every wait's two windows (until its batch was complete, and after) by condition."""
    m = len(seg_start)
    length, on = seg_end - seg_start, np.empty(m, np.int64)
    sums = np.zeros((m + 1, 2), np.int64)
    for s in range(m):
        on[s] = _on_duty(seg_end[s], known, duty_start, duty_end, duty_before)
        on[s] -= _on_duty(seg_start[s], known, duty_start, duty_end, duty_before)
        sums[s + 1, 0] = sums[s, 0] + length[s]
        sums[s + 1, 1] = sums[s, 1] + on[s]
    tree = np.zeros((m + 1, 4), np.int64)
    by_earliest = np.argsort(earliest, kind="mergesort")
    by_latest = np.argsort(latest, kind="mergesort")
    a, b = 0, 0
    points = np.zeros((3, 8), np.int64)
    conditions = np.zeros(COMBINATIONS, np.int64)
    for k in np.argsort(ready, kind="mergesort"):
        if begun[k] <= ready[k]:
            continue
        while a < m and earliest[by_earliest[a]] <= ready[k]:
            _add(tree, by_earliest[a], 0, length[by_earliest[a]], on[by_earliest[a]])
            a += 1
        while b < m and latest[by_latest[b]] <= ready[k]:
            _add(tree, by_latest[b], 2, length[by_latest[b]], on[by_latest[b]])
            b += 1
        for p in range(3):
            at = ready[k] if p == 0 else (full[k] if p == 1 else begun[k])
            if p == 1 and full[k] == ready[k]:
                points[1, :] = points[0, :]
                continue
            place = np.searchsorted(seg_end, at, side="right")
            points[p, ALL], points[p, ALL_ON] = sums[place, 0], sums[place, 1]
            _sum(tree, place, points, p)
            points[p, TIME] = at
            points[p, TIME_ON] = _on_duty(at, known, duty_start, duty_end, duty_before)
            if place < m and seg_start[place] < at:
                begin = seg_start[place]
                part_on = points[p, TIME_ON]
                part_on -= _on_duty(begin, known, duty_start, duty_end, duty_before)
                for column, inside in (
                    (ALL, True),
                    (EARLIER, earliest[place] <= ready[k]),
                    (NONE_LATER, latest[place] <= ready[k]),
                ):
                    if inside:
                        points[p, column] += at - begin
                        points[p, column + 1] += part_on
        conditions[:] = 0
        _conditions(points, 0, 8, conditions)
        _conditions(points, 1, 0, conditions)
        _apportion(conditions, weights, mine[k], cause, held)


@njit(cache=True, nogil=True)
def _add(tree: NDArray[np.int64], place: int, column: int, length: int, on: int) -> None:
    k = place + 1
    while k < len(tree):
        tree[k, column] += length
        tree[k, column + 1] += on
        k += k & -k


@njit(cache=True, nogil=True)
def _sum(tree: NDArray[np.int64], place: int, points: NDArray[np.int64], p: int) -> None:
    """Sums over the segments before ``place``."""
    for column in range(4):
        points[p, EARLIER + column] = 0
    k = place
    while k > 0:
        for column in range(4):
            points[p, EARLIER + column] += tree[k, column]
        k -= k & -k


@njit(cache=True, nogil=True)
def _conditions(
    points: NDArray[np.int64], p: int, gathering: int, conditions: NDArray[np.int64]
) -> None:
    """The window between two points, by combination; bits 1 earlier, 2 later, 4 off, 8 gathering."""
    for off in range(2):
        total = _inside(points, p, TIME, off)
        busy = _inside(points, p, ALL, off)
        earlier = _inside(points, p, EARLIER, off)
        none_later = _inside(points, p, NONE_LATER, off)
        base = gathering + 4 * off
        conditions[base] += total - busy
        conditions[base + 1] += none_later
        conditions[base + 2] += busy - earlier
        conditions[base + 3] += earlier - none_later


@njit(cache=True, nogil=True)
def _inside(points: NDArray[np.int64], p: int, column: int, off: int) -> int:
    on: int = points[p + 1, column + 1] - points[p, column + 1]
    return points[p + 1, column] - points[p, column] - on if off else on


@njit(cache=True, nogil=True)
def _apportion(
    conditions: NDArray[np.int64],
    weights: Ints,
    work: int,
    cause: NDArray[np.int64],
    held: NDArray[np.int64],
) -> None:
    """Twelfths of each combination to its causes; what does not divide goes to the first."""
    for c in range(COMBINATIONS):
        if conditions[c] == 0:
            continue
        held[c, 0] += conditions[c] // SECOND_NS
        held[c, 1] += conditions[c] % SECOND_NS
        left, owner = conditions[c], -1
        for q in range(weights.shape[1]):
            if weights[c, q] > 0:
                owner = q if owner < 0 else owner
                share = conditions[c] * weights[c, q] // PARTS
                cause[work, q] += share
                left -= share
        if owner >= 0:
            cause[work, owner] += left
