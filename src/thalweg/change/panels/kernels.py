"""Layer and pair times by unit and period: one pass over the entries of a perspective.

An item is an object in a layer, or an object going from A to B. It belongs to the period in which
it was entered and is followed for its window; sums are exact nanoseconds in two integers, so that
aggregates of runs of objects merge to the same whatever the threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.change.frame import Mask
from thalweg.change.panels.grid import DAY_NS, Grid
from thalweg.process.calendar import WorkTable
from thalweg.process.chunks import (
    CHUNK_ENTRIES,
    SECOND_NS,
    Chunk,
    Ints,
    carry,
    chunk_codes,
    chunk_offsets,
    chunk_times,
    each,
    object_chunks,
    read_only,
)
from thalweg.records.perspective import Perspective

ITEMS, WHOLE_S, REST_NS = range(3)
MOST_PARTS, MOST_ROWS = 64, 1 << 23
"""Tables of parts that are laid out side by side have at most so many rows together."""
NEVER_NS = np.iinfo(np.int64).min
NOT_ENTERED = -2

Shared = tuple[Any, ...]
"""What both passes read of a run: see ``_run``."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """What the passes look at.

    view        sequences. begun_ns, finished, unit: per object (unit -1: none).
    layer       per activity code its layer, -1 for none. next_layer: where an object without a
                next event is taken to be, by its last activity.
    pair        (A · A,) the chosen pair of two codes, -1 for none; empty without pairs. next_pair:
                by last activity.
    """

    view: Perspective
    begun_ns: Ints
    finished: Mask
    unit: Ints
    horizon_ns: int
    layer: Ints
    next_layer: Ints
    layers: int
    pair: Ints
    next_pair: Ints
    pairs: int

    @property
    def kinds(self) -> int:
        """Layers, then pairs."""
        return self.layers + self.pairs


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Items and their exact time by kind of item (layers, then pairs) and cell.

    table    (kinds, units · periods, 3): ITEMS, WHOLE_S, REST_NS.
    latest   (kinds, periods) last instant at which an item of the period was entered.
    rework   per object: some activity occurred again within the window of the flow.
    """

    table: NDArray[np.int64]
    latest: NDArray[np.int64]
    rework: Mask

    @staticmethod
    def zero(kinds: int, cells: int, periods: int) -> Sums:
        return Sums(
            np.zeros((kinds, cells, 3), np.int64),
            np.full((kinds, periods), NEVER_NS, np.int64),
            np.zeros(0, np.bool_),
        )

    def merge(self, other: Sums) -> Sums:
        """The sums of two runs of objects, in their order."""
        table = self.table + other.table
        table[..., WHOLE_S], table[..., REST_NS] = carry(table[..., WHOLE_S], table[..., REST_NS])
        return Sums(
            table,
            np.maximum(self.latest, other.latest),
            np.concatenate((self.rework, other.rework)),
        )


def spread_days(tracks: Tracks, size: int, threads: int | None = None) -> NDArray[np.int64]:
    """(kinds, size, 2) items by whole days they took, finished and censored, of all objects.

    A layer takes from being entered to its last event; it is censored where the object stands in
    it when observation ends.
    """

    def work(chunk: Chunk) -> NDArray[np.int64]:
        part = np.zeros((tracks.kinds, size, 2), np.int64)
        _spread(_run(tracks, chunk), part)
        return part

    whole = np.zeros((tracks.kinds, size, 2), np.int64)
    for part in each(work, object_chunks(np.asarray(tracks.view.offsets)), threads):
        whole += part
    return whole


def sum_items(
    tracks: Tracks,
    grid: Grid,
    units: int,
    within_ns: Ints,
    flow_ns: int,
    work: WorkTable | None = None,
    threads: int | None = None,
    run: int | None = None,
) -> Sums:
    """Restricted layer and pair times, and rework, by unit and period.

    Takes    within_ns: window per kind of item. flow_ns: window within which rework counts.
             work: working time counts instead of all time. run: entries of a run of objects.
    """
    offsets = np.asarray(tracks.view.offsets)
    cells, periods = units * len(grid), len(grid)
    parts = min(max(MOST_ROWS // max(cells * tracks.kinds, 1), 2), MOST_PARTS)
    length = run or max(CHUNK_ENTRIES, -(-int(offsets[-1]) // parts))
    none = np.zeros(0, np.int64)
    given = (none, none, none) if work is None else (work.start, work.end, work.before)
    hours = (read_only(given[0]), read_only(given[1]), read_only(given[2]))

    def one(chunk: Chunk) -> Sums:
        part = Sums.zero(tracks.kinds, cells, periods)
        shared = _run(tracks, chunk)
        rework = np.zeros(chunk.last - chunk.first, np.bool_)
        _repeats(shared, flow_ns, rework)
        _sum(
            shared,
            read_only(tracks.unit[chunk.first : chunk.last]),
            read_only(grid.edges),
            read_only(within_ns),
            hours,
            part.table,
            part.latest,
        )
        return replace(part, rework=rework)

    whole = Sums.zero(tracks.kinds, cells, periods)
    for part in each(one, object_chunks(offsets, length), threads):
        whole = whole.merge(part)
    return whole


def _run(tracks: Tracks, chunk: Chunk) -> Shared:
    """The arguments that both kernels share."""
    view, objects = tracks.view, slice(chunk.first, chunk.last)
    return (
        chunk_offsets(np.asarray(view.offsets), chunk),
        chunk_codes(view.activity, chunk),
        chunk_times(view.time_ns, chunk),
        read_only(tracks.begun_ns[objects]),
        read_only(tracks.finished[objects]),
        tracks.horizon_ns,
        read_only(tracks.layer),
        read_only(tracks.next_layer),
        tracks.layers,
        read_only(tracks.pair),
        read_only(tracks.next_pair),
    )


@njit(cache=True, nogil=True)
def _day(duration_ns: int, size: int) -> int:
    return min(-(-duration_ns // DAY_NS), size - 1)


@njit(cache=True, nogil=True)
def _spread(shared: Shared, days: NDArray[np.int64]) -> None:
    offsets, code, time_ns, begun_ns, finished, horizon_ns = shared[:6]
    layer, next_layer, layers, pair, next_pair = shared[6:]
    codes, size = len(layer), days.shape[1]
    entered, left = np.empty(layers, np.int64), np.empty(layers, np.int64)
    inside = np.zeros(layers, np.bool_)
    for i in range(len(offsets) - 1):
        before = begun_ns[i]
        inside[:] = False
        for j in range(offsets[i], offsets[i + 1]):
            now, k = time_ns[j], layer[code[j]]
            if k >= 0:
                if not inside[k]:
                    inside[k], entered[k] = True, before
                left[k] = now
            if j > offsets[i] and len(pair) > 0:
                p = pair[np.int64(code[j - 1]) * codes + code[j]]
                if p >= 0:
                    days[layers + p, _day(now - before, size), 0] += 1
            before = now
        last = code[offsets[i + 1] - 1]
        open_layer = -1
        if not finished[i] and horizon_ns > before:
            open_layer = next_layer[last]
            if open_layer >= 0:
                if not inside[open_layer]:
                    inside[open_layer], entered[open_layer] = True, before
                left[open_layer] = horizon_ns
            p = next_pair[last]
            if p >= 0:
                days[layers + p, _day(horizon_ns - before, size), 1] += 1
        for k in range(layers):
            if inside[k]:
                days[k, _day(left[k] - entered[k], size), 1 if k == open_layer else 0] += 1


@njit(cache=True, nogil=True)
def _tick(time_ns: int, hours: tuple[Ints, Ints, Ints]) -> int:
    """An instant, or the working time until it where there are working hours: starts, ends, and
    the working time before each."""
    start, end, before = hours
    if len(start) == 0:
        return time_ns
    lo, hi = 0, len(start)
    while lo < hi:
        mid = (lo + hi) >> 1
        if start[mid] <= time_ns:
            lo = mid + 1
        else:
            hi = mid
    if lo == 0:
        return 0
    worked: int = before[lo - 1] + min(time_ns, end[lo - 1]) - start[lo - 1]
    return worked


@njit(cache=True, nogil=True)
def _add(table: NDArray[np.int64], kind: int, cell: int, time_ns: int) -> None:
    table[kind, cell, ITEMS] += 1
    table[kind, cell, WHOLE_S] += time_ns // SECOND_NS
    table[kind, cell, REST_NS] += time_ns % SECOND_NS


@njit(cache=True, nogil=True)
def _repeats(shared: Shared, flow_ns: int, repeats: NDArray[np.bool_]) -> None:
    offsets, code, time_ns, begun_ns = shared[:4]
    codes = len(shared[6])
    seen = np.full(codes, -1, np.int64)
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            if time_ns[j] - begun_ns[i] > flow_ns:
                break
            if seen[code[j]] == i:
                repeats[i] = True
                break
            seen[code[j]] = i


@njit(cache=True, nogil=True)
def _sum(
    shared: Shared,
    unit: Ints,
    edges: Ints,
    within_ns: Ints,
    hours: tuple[Ints, Ints, Ints],
    table: NDArray[np.int64],
    latest: NDArray[np.int64],
) -> None:
    """Each gap goes to the layer of its later event, and to its pair; see ``sum_items``.

    The gap that is open at the horizon is one of them: its layer and pair are the likeliest.
    """
    offsets, code, time_ns, begun_ns, finished, horizon_ns = shared[:6]
    layer, next_layer, layers, pair, next_pair = shared[6:]
    periods = len(edges) - 1
    entered, spent = np.empty(layers, np.int64), np.empty(layers, np.int64)
    cell_of = np.empty(layers, np.int64)
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        if unit[i] < 0:
            continue
        cell_of[:] = NOT_ENTERED
        before, tick = begun_ns[i], _tick(begun_ns[i], hours)
        q = np.searchsorted(edges, before, side="right") - 1
        for j in range(lo, hi + 1):
            if j < hi:
                now, k, p = time_ns[j], layer[code[j]], np.int64(-1)
                if j > lo and len(pair) > 0:
                    p = pair[np.int64(code[j - 1]) * len(layer) + code[j]]
            elif finished[i] or horizon_ns <= before:
                break
            else:
                now, k, p = horizon_ns, next_layer[code[hi - 1]], next_pair[code[hi - 1]]
            next_tick = _tick(now, hours)
            cell = unit[i] * periods + q if 0 <= q < periods else -1
            if k >= 0:
                if cell_of[k] == NOT_ENTERED:
                    cell_of[k], entered[k], spent[k] = cell, before, 0
                    if cell >= 0:
                        latest[k, q] = max(latest[k, q], before)
                until = entered[k] + within_ns[k]
                if before < until:
                    spent[k] += (next_tick if now <= until else _tick(until, hours)) - tick
            if p >= 0 and cell >= 0:
                until = before + within_ns[layers + p]
                _add(
                    table,
                    layers + p,
                    cell,
                    (next_tick if now <= until else _tick(until, hours)) - tick,
                )
                latest[layers + p, q] = max(latest[layers + p, q], before)
            before, tick = now, next_tick
            while q < periods and before >= edges[q + 1]:
                q += 1
        for k in range(layers):
            if cell_of[k] >= 0:
                _add(table, k, cell_of[k], spent[k])
