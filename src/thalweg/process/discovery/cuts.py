"""Cuts: how the activities of a directly-follows graph fall into the parts of one operator.

The graph is a square of truth values with one more row than activities: ``edges[a, b]`` when b
directly follows a, the last row for the activities that begin a sequence, the last column for
those that end one.

Source: the cuts of Leemans, Fahland and van der Aalst, "Discovering block-structured process
models from event logs - a constructive approach" (2013), tried in the paper's order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Codes, Ints
from thalweg.process.discovery.sublog import (
    CHOICE,
    LOOP,
    PARALLEL,
    SEQUENCE,
    Bools,
    Sublog,
    Table,
)

UNDIRECTED, NOT_BOTH, DIRECTED = 0, 1, 2


def find_cut(edges: Bools) -> tuple[int, Ints]:
    """The first cut that the graph has, and each activity's group; way 0 when it has none.

    Groups are numbered from 0: by order in a sequence, the body first in a loop, and otherwise by
    the activity that comes first.
    """
    group = np.zeros(len(edges) - 1, np.int64)
    return int(_find(edges, group)), group


def keep_frequent(table: Table, noise: float) -> Bools:
    """Edges at least ``noise`` times as frequent as the strongest that leaves the same activity.

    Source: Leemans, Fahland and van der Aalst, "Discovering block-structured process models from
    event logs containing infrequent behaviour" (2014), section 3.2.
    """
    strongest = table.max(axis=1, keepdims=True)
    return np.asarray((table > 0) & (table >= noise * strongest))


@njit(cache=True, nogil=True)
def _component(edges: Bools, kind: int, begin: int, mark: int, group: Ints, todo: Ints) -> int:
    """Mark what can be reached from ``begin`` among the activities with a group below 0.

    ``kind`` says what joins two activities: an edge either way, the lack of an edge in either
    way, or an edge to the next. Returns how many were marked.
    """
    activities = len(group)
    group[begin] = mark
    todo[0] = begin
    found, at = 1, 0
    while at < found:
        a = todo[at]
        at += 1
        for b in range(activities):
            if group[b] >= 0:
                continue
            if kind == UNDIRECTED:
                joined = edges[a, b] or edges[b, a]
            elif kind == NOT_BOTH:
                joined = not (edges[a, b] and edges[b, a])
            else:
                joined = edges[a, b]
            if joined:
                group[b] = mark
                todo[found] = b
                found += 1
    return found


@njit(cache=True, nogil=True)
def _components(edges: Bools, kind: int, group: Ints, todo: Ints) -> int:
    groups = 0
    for a in range(len(group)):
        if group[a] < 0:
            _component(edges, kind, a, groups, group, todo)
            groups += 1
    return groups


@njit(cache=True, nogil=True)
def _sequence(edges: Bools, group: Ints, todo: Ints) -> int:
    """Groups between which every way leads forward.

    Activities that reach each other, or of which neither reaches the other, belong together. What
    is left is totally ordered: an activity's group comes the earlier, the more it reaches outside.
    """
    n = len(group)
    reach = np.zeros((n, n), np.bool_)
    seen = np.empty(n, np.int64)
    for a in range(n):
        seen[:] = -1
        found = _component(edges, DIRECTED, a, 0, seen, todo)
        for k in range(1, found):
            reach[a, todo[k]] = True
    together = np.zeros((n, n), np.bool_)
    for a in range(n):
        for b in range(n):
            together[a, b] = a != b and reach[a, b] == reach[b, a]
    group[:] = -1
    groups = _components(together, UNDIRECTED, group, todo)
    if groups < 2:
        return groups
    rank = np.zeros(groups, np.int64)
    for g in range(groups):
        first = 0
        while group[first] != g:
            first += 1
        other = np.zeros(groups, np.bool_)
        for b in range(n):
            if group[b] != g and reach[b, first]:
                other[group[b]] = True
        rank[g] = other.sum()
    for a in range(n):
        group[a] = rank[group[a]]
    return _bind(edges, group, groups)


@njit(cache=True, nogil=True)
def _bind(edges: Bools, group: Ints, groups: int) -> int:
    """Keep together what is skipped together, so that the next cut finds the dependence.

    Of ``abcd, ad`` the finest sequence skips b and c one by one; bound, they are skipped as one.
    A group that can be skipped binds those after it that nothing before it leads to, then those
    before it that lead to nothing after it. The jump that skips it ends outside, so that at least
    two groups are left.
    """
    n = len(group)
    entered = np.arange(groups)
    left = np.arange(groups)
    skipped = np.zeros(groups, np.bool_)
    for a in range(n + 1):
        for b in range(n + 1):
            if not edges[a, b] or (a == n and b == n):
                continue
            source = group[a] if a < n else -1
            target = group[b] if b < n else groups
            if a < n:
                left[source] = max(left[source], target)
            if b < n:
                entered[target] = min(entered[target], source)
            skipped[source + 1 : max(target, source + 1)] = True
    head = np.arange(groups)
    for g in range(groups):
        if skipped[g] and head[g] == g:
            k = g + 1
            while k < groups and entered[k] >= g:
                head[k] = g
                k += 1
    taken = np.zeros(groups, np.bool_)
    for g in range(groups):
        if head[g] != g:
            taken[g] = taken[head[g]] = True
    for g in range(groups - 1, -1, -1):
        if skipped[g] and not taken[g]:
            k = g - 1
            while k >= 0 and not taken[k] and left[k] <= g:
                taken[k] = taken[g] = True
                k -= 1
            head[k + 1 : g + 1] = k + 1
    number = np.cumsum((head == np.arange(groups)).astype(np.int64)) - 1
    for a in range(n):
        group[a] = number[head[group[a]]]
    return number[groups - 1] + 1


@njit(cache=True, nogil=True)
def _parallel(edges: Bools, group: Ints, todo: Ints) -> int:
    """Groups that follow each other both ways throughout; each can begin and end.

    A group that lacks a beginning joins one that lacks an end; what is still incomplete joins
    the first complete one.
    """
    n = len(group)
    group[:] = -1
    groups = _components(edges, NOT_BOTH, group, todo)
    if groups < 2:
        return groups
    begins = np.zeros(groups, np.bool_)
    ends = np.zeros(groups, np.bool_)
    for a in range(n):
        begins[group[a]] |= edges[n, a]
        ends[group[a]] |= edges[a, n]
    joins = np.arange(groups)
    late = 0
    for g in range(groups):
        if begins[g] and not ends[g]:
            while late < groups and (begins[late] or not ends[late]):
                late += 1
            if late < groups:
                joins[late] = g
                ends[g] = True
                late += 1
    first = -1
    for g in range(groups):
        if first < 0 and begins[g] and ends[g]:
            first = g
    if first < 0:
        return 1
    for g in range(groups):
        if joins[g] == g and not (begins[g] and ends[g]):
            joins[g] = first
    number = np.full(groups, -1, np.int64)
    kept = 0
    for a in range(n):
        g = joins[group[a]]
        if number[g] < 0:
            number[g] = kept
            kept += 1
        group[a] = number[g]
    return kept


@njit(cache=True, nogil=True)
def _loop(edges: Bools, group: Ints, todo: Ints) -> int:
    """A body that begins and ends everything, and ways back from all its ends to all its starts."""
    n = len(group)
    for a in range(n):
        group[a] = 0 if edges[n, a] or edges[a, n] else -1
    groups = 1
    for a in range(n):
        if group[a] < 0:
            _component(edges, UNDIRECTED, a, groups, group, todo)
            groups += 1
    if groups < 2:
        return groups
    redo = np.ones(groups, np.bool_)
    redo[0] = False
    for a in range(n):
        g = group[a]
        if g == 0:
            continue
        into, back = 0, 0
        for b in range(n):
            if group[b] != 0:
                continue
            if edges[b, a]:
                into += 1
                redo[g] &= edges[b, n]
            if edges[a, b]:
                back += 1
                redo[g] &= edges[n, b]
        starts = ends = 0
        for b in range(n):
            starts += edges[n, b]
            ends += edges[b, n]
        if (into > 0 and into != ends) or (back > 0 and back != starts):
            redo[g] = False
    number = np.zeros(groups, np.int64)
    kept = 1
    for g in range(1, groups):
        if redo[g]:
            number[g] = kept
            kept += 1
    for a in range(n):
        group[a] = number[group[a]]
    return kept


@njit(cache=True, nogil=True)
def _find(edges: Bools, group: NDArray[np.int64]) -> int:
    n = len(group)
    todo = np.empty(n, np.int64)
    group[:] = -1
    if _components(edges, UNDIRECTED, group, todo) > 1:
        return CHOICE
    if _sequence(edges, group, todo) > 1:
        return SEQUENCE
    if _parallel(edges, group, todo) > 1:
        return PARALLEL
    if _loop(edges, group, todo) > 1:
        return LOOP
    return 0


def activity_to_leave_out(sublog: Sublog, table: Table) -> int | None:
    """The first activity without which the graph of the other activities has a cut.

    Leaving an activity out joins what stood before and after it. One walk over the sequences
    counts these joins for all activities at once, so that no sequence is copied for the trial.
    """
    n = len(sublog.labels)
    room = 16
    while room < 2 * min(n * (n + 1) ** 2, len(sublog.codes)):
        room *= 2
    joins = np.full(room, -1, np.int64)
    _join(sublog.offsets, sublog.codes, n, joins)
    joins = np.sort(joins[joins >= 0])
    found = int(_leave_out(table > 0, joins))
    return None if found < 0 else found


@njit(cache=True, nogil=True)
def _join(offsets: Ints, codes: Codes, n: int, joins: Ints) -> None:
    """Collect (activity, before, after) of every run of an activity, as one number each."""
    mask = np.uint64(len(joins) - 1)
    side = n + 1
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        j = lo
        while j < hi:
            a = np.int64(codes[j])
            before = np.int64(codes[j - 1]) if j > lo else np.int64(n)
            while j < hi and np.int64(codes[j]) == a:
                j += 1
            after = np.int64(codes[j]) if j < hi else np.int64(n)
            key = (a * side + before) * side + after
            at = (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
            while joins[at] >= 0 and joins[at] != key:
                at = (at + np.uint64(1)) & mask
            joins[at] = key


@njit(cache=True, nogil=True)
def _leave_out(edges: Bools, joins: Ints) -> int:
    n = len(edges) - 1
    side = n + 1
    group = np.empty(n - 1, np.int64)
    rest = np.empty((n, n), np.bool_)
    at = 0
    for a in range(n):
        for x in range(n):
            for y in range(n):
                rest[x, y] = edges[x + (x >= a), y + (y >= a)]
        while at < len(joins) and joins[at] // (side * side) == a:
            x, y = joins[at] // side % side, joins[at] % side
            rest[x - (x > a), y - (y > a)] = True
            at += 1
        if _find(rest, group) > 0:
            return a
    return -1
