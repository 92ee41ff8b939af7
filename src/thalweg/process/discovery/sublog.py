"""Sublogs: the weighted sequences that a part of the process has left, and how they are split.

A sublog is a set of weighted variants with codes of its own. Splitting walks over all sequences
once, writes each piece into its group, and folds equal pieces of a group into one, so that
sublogs shrink as fast as the variety in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Codes, Ints

Table = NDArray[np.int64]
Bools = NDArray[np.bool_]
CHOICE, SEQUENCE, PARALLEL, LOOP, RESTART = 1, 2, 3, 4, 5
"""Ways to split; RESTART cuts a sequence wherever the activity that follows begins it anew."""
NO_CUT: Bools = np.zeros((1, 1), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Sublog:
    """Weighted sequences: row ``i`` is ``codes[offsets[i]:offsets[i + 1]]``, ``count[i]`` times.

    labels: what each code stands for in the log that the sublog was taken from.
    """

    labels: Ints
    offsets: Ints
    codes: Codes
    count: Ints

    def table(self) -> Table:
        """Directly-follows counts; the last row holds starts, the last column ends.

        The last cell counts empty sequences.
        """
        out = np.zeros((len(self.labels) + 1, len(self.labels) + 1), np.int64)
        tally(self.offsets, self.codes, self.count, out)
        return out

    def split(
        self, way: int, group: Ints, groups: int, restart: Bools = NO_CUT
    ) -> tuple[Sublog, ...]:
        """One sublog per group, equal sequences folded.

        Takes    group: of each activity. restart: for RESTART, whether the pair of an activity
                 and the one that follows is a place to cut.
        """
        size = np.bincount(group, minlength=groups)
        place = np.empty(len(group), np.int64)
        order = np.argsort(group, kind="stable")
        place[order] = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
        pieces = _split(way, group, place, groups, self.offsets, self.codes, self.count, restart)
        offsets, codes, owner, count = pieces
        rows, folded = _fold(offsets, codes, owner, count)
        lengths, parts = np.diff(offsets), []
        for g in range(groups):
            mine = rows[owner[rows] == g]
            part = _take(offsets[mine], lengths[mine], codes)
            parts.append(_used(Sublog(self.labels[group == g], *part, folded[mine])))
        return tuple(parts)

    def without_empty(self) -> Sublog:
        full = np.diff(self.offsets) > 0
        offsets = np.append(self.offsets[:-1][full], self.offsets[-1])
        return Sublog(self.labels, offsets, self.codes, self.count[full])


def _take(begin: Ints, lengths: Ints, codes: Codes) -> tuple[Ints, Codes]:
    """Rows that begin at ``begin``, closed up."""
    runs = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    at = np.arange(runs[-1]) + np.repeat(begin - runs[:-1], lengths)
    return runs, codes[at]


def _used(sublog: Sublog) -> Sublog:
    """Without the activities that no sequence has any more."""
    here = np.bincount(sublog.codes, minlength=len(sublog.labels)) > 0
    if here.all():
        return sublog
    codes = (np.cumsum(here) - 1)[sublog.codes].astype(np.uint32)
    return Sublog(sublog.labels[here], sublog.offsets, codes, sublog.count)


@njit(cache=True, nogil=True)
def tally(offsets: Ints, codes: Codes, count: Ints, out: Table) -> None:
    edge = out.shape[0] - 1
    for i in range(len(offsets) - 1):
        before, weight = np.int64(edge), count[i]
        for j in range(offsets[i], offsets[i + 1]):
            now = np.int64(codes[j])
            out[before, now] += weight
            before = now
        out[before, edge] += weight


@njit(cache=True, nogil=True)
def _boundaries(
    lo: int, hi: int, codes: Codes, group: Ints, groups: int, cost: Table, end: Ints
) -> None:
    """Cut one sequence into stretches for groups 0, 1, …, so that fewest events are foreign.

    Fills ``end``: where each group's stretch ends. Among equally good cuts the one whose earlier
    stretches are shortest is taken. ``cost[g, j]`` is the least number of foreign events from
    event j on when group g's stretch goes on there.
    """
    last, ordered = 0, True
    for j in range(lo, hi):
        g = group[codes[j]]
        ordered &= g >= last
        while last < g:
            end[last] = j
            last += 1
    end[last:] = hi
    if ordered:
        return
    length = hi - lo
    for g in range(groups - 1, -1, -1):
        least = 0
        for j in range(length, -1, -1):
            if j < length:
                least += 1 if group[codes[lo + j]] != g else 0
            if g < groups - 1:
                least = min(least, cost[g + 1, j])
            cost[g, j] = least
    j = 0
    for g in range(groups):
        while j < length and (g == groups - 1 or cost[g + 1, j] != cost[g, j]):
            j += 1
        end[g] = lo + j


@njit(cache=True, nogil=True)
def _home(lo: int, hi: int, codes: Codes, group: Ints, events: Ints) -> Any:
    """The group that has most of a sequence's events; the first of several."""
    events[:] = 0
    for j in range(lo, hi):
        events[group[codes[j]]] += 1
    return np.argmax(events)


@njit(cache=True, nogil=True)
def _split(
    way: int,
    group: Ints,
    place: Ints,
    groups: int,
    offsets: Ints,
    codes: Codes,
    count: Ints,
    restart: Bools,
) -> tuple[Any, Any, Any, Any]:
    """Pieces of all sequences: (offsets, codes, group, count)."""
    rows = len(offsets) - 1
    longest = np.max(np.diff(offsets)) if rows else 0
    room = 2 * len(codes) + 2 * rows if way >= LOOP else rows * (1 if way == CHOICE else groups)
    starts = np.empty(room + 1, np.int64)
    owner, weight = np.empty(room, np.int64), np.empty(room, np.int64)
    out = np.empty(len(codes), np.uint32)
    end = np.empty(groups, np.int64)
    cost = np.empty((groups if way == SEQUENCE else 0, longest + 1), np.int64)
    pieces, at = 0, 0
    for i in range(rows):
        lo, hi = offsets[i], offsets[i + 1]
        if way == CHOICE:
            best = _home(lo, hi, codes, group, end)
            starts[pieces], owner[pieces], weight[pieces] = at, best, count[i]
            pieces += 1
            for j in range(lo, hi):
                if group[codes[j]] == best:
                    out[at] = place[codes[j]]
                    at += 1
        elif way == PARALLEL:
            for g in range(groups):
                starts[pieces], owner[pieces], weight[pieces] = at, g, count[i]
                pieces += 1
                for j in range(lo, hi):
                    if group[codes[j]] == g:
                        out[at] = place[codes[j]]
                        at += 1
        elif way == SEQUENCE:
            _boundaries(lo, hi, codes, group, groups, cost, end)
            j = lo
            for g in range(groups):
                starts[pieces], owner[pieces], weight[pieces] = at, g, count[i]
                pieces += 1
                while j < end[g]:
                    if group[codes[j]] == g:
                        out[at] = place[codes[j]]
                        at += 1
                    j += 1
        else:
            mine = np.int64(0)
            starts[pieces], owner[pieces], weight[pieces] = at, mine, count[i]
            pieces += 1
            for j in range(lo, hi):
                g = group[codes[j]]
                cut = way == RESTART and j > lo and restart[codes[j - 1], codes[j]]
                if g != mine and mine > 0 and g > 0:
                    starts[pieces], owner[pieces], weight[pieces] = at, 0, count[i]
                    pieces += 1
                if g != mine or cut:
                    starts[pieces], owner[pieces], weight[pieces] = at, g, count[i]
                    pieces += 1
                    mine = g
                out[at] = place[codes[j]]
                at += 1
            if mine > 0:
                starts[pieces], owner[pieces], weight[pieces] = at, 0, count[i]
                pieces += 1
    starts[pieces] = at
    return starts[: pieces + 1], out[:at], owner[:pieces], weight[:pieces]


@njit(cache=True, nogil=True)
def _fold(offsets: Ints, codes: Codes, owner: Ints, count: Ints) -> tuple[Any, Any]:
    """The first of each set of equal pieces of a group, and their summed counts by that row."""
    pieces = len(owner)
    size = 16
    while size < 2 * pieces:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int64)
    hashes = np.empty(pieces, np.uint64)
    total = np.zeros(pieces, np.int64)
    rows = np.empty(pieces, np.int64)
    found = 0
    for i in range(pieces):
        lo, length = offsets[i], offsets[i + 1] - offsets[i]
        key = np.uint64(owner[i] + 1) * np.uint64(0x9E3779B97F4A7C15)
        for j in range(lo, lo + length):
            key = (key ^ np.uint64(codes[j] + 1)) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        hashes[i] = key
        at = key & mask
        while True:
            k = table[at]
            if k < 0:
                table[at] = i
                rows[found] = i
                found += 1
                total[i] = count[i]
                break
            if hashes[k] == key and owner[k] == owner[i] and offsets[k + 1] - offsets[k] == length:
                other, same = offsets[k], True
                for j in range(length):
                    if codes[lo + j] != codes[other + j]:
                        same = False
                        break
                if same:
                    total[k] += count[i]
                    break
            at = (at + np.uint64(1)) & mask
    return rows[:found], total
