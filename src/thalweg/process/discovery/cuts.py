"""Cuts: how the activities of a directly-follows graph fall into the parts of one operator.

The graph is a square of truth values with one more row than activities: ``edges[a, b]`` when b
directly follows a, the last row for the activities that begin a sequence, the last column for
those that end one. Kernels see it as sets of activities, 64 to a word: who follows, who precedes.
An activity is left out of a trial by taking it from the set of those that are looked at.

Source: the cuts of Leemans, Fahland and van der Aalst, "Discovering block-structured process
models from event logs - a constructive approach" (2013), tried in the paper's order.
"""

from __future__ import annotations

from typing import Any

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

Words = NDArray[np.uint64]
EITHER_WAY, NOT_BOTH_WAYS = 0, 1
FOLLOWS, PRECEDES, STARTS, ENDS = 0, 1, 0, 1


def find_cut(edges: Bools) -> tuple[int, Ints]:
    """The first cut that the graph has, and each activity's group; way 0 when it has none.

    Groups are numbered from 0: by order in a sequence, the body first in a loop, and otherwise by
    the activity that comes first.
    """
    group = np.zeros(len(edges) - 1, np.int64)
    way = int(_find(*_sets(edges), group))
    if way == SEQUENCE:
        _bind(edges, group, int(group.max()) + 1)
    return way, group


def keep_frequent(table: Table, noise: float) -> Bools:
    """Edges at least ``noise`` times as frequent as the strongest way on from the same activity.

    Beginnings are compared with the most frequent beginning. Ending is one of the ways on, but
    no end is removed: where objects end is not noise in the order of activities.

    Source: Leemans, Fahland and van der Aalst, "Discovering block-structured process models from
    event logs containing infrequent behaviour" (2014), section 3.2.
    """
    strongest = table.max(axis=1, keepdims=True)
    kept = (table > 0) & (table >= noise * strongest)
    kept[:-1, -1] = table[:-1, -1] > 0
    return np.asarray(kept)


def activity_to_leave_out(sublog: Sublog, table: Table) -> int | None:
    """The first activity without which the graph of the other activities has a cut.

    Leaving an activity out joins what stood before and after it. One walk over the sequences
    collects these joins for all activities at once, so that no sequence is copied for the trial.
    """
    n = len(sublog.labels)
    room = 16
    while room < 2 * min(n * (n + 1) ** 2, len(sublog.codes)):
        room *= 2
    joins = np.full(room, -1, np.int64)
    _join(sublog.offsets, sublog.codes, n, joins)
    joins = np.sort(joins[joins >= 0])
    graph, rim, every = _sets(table > 0)
    found = int(_leave_out(graph, rim, every, joins))
    return None if found < 0 else found


def _sets(edges: Bools) -> tuple[Words, Words, Words]:
    """The graph as sets: (who follows, who precedes) by activity, (starts, ends), all."""
    n = len(edges) - 1
    inner = edges[:n, :n]
    graph = np.stack((_packed(inner), _packed(inner.T)))
    rim = _packed(np.stack((edges[n, :n], edges[:n, n])))
    return graph, rim, _packed(np.ones((1, n), np.bool_))[0]


def _packed(rows: Bools) -> Words:
    wide = np.zeros((len(rows), -(-rows.shape[1] // 64) * 64), np.bool_)
    wide[:, : rows.shape[1]] = rows
    return np.packbits(wide, axis=1, bitorder="little").view("<u8").astype(np.uint64)


@njit(cache=True, nogil=True)
def _has(words: Words, a: int) -> Any:
    return (words[a >> 6] >> np.uint64(a & 63)) & np.uint64(1) != np.uint64(0)


@njit(cache=True, nogil=True)
def _flip(words: Words, a: int) -> None:
    words[a >> 6] ^= np.uint64(1) << np.uint64(a & 63)


@njit(cache=True, nogil=True)
def _push(new: Any, word: int, todo: Ints, found: int) -> int:
    """Append the activities of one word of a set."""
    bit = word * 64
    while new != np.uint64(0):
        if new & np.uint64(0xFF) == np.uint64(0):
            new >>= np.uint64(8)
            bit += 8
            continue
        if new & np.uint64(1) != np.uint64(0):
            todo[found] = bit
            found += 1
        new >>= np.uint64(1)
        bit += 1
    return found


@njit(cache=True, nogil=True)
def _components(graph: Words, kind: int, left: Words, group: Ints, todo: Ints) -> int:
    """Number the components of the activities in ``left``, which is used up."""
    groups = 0
    for begin in range(len(group)):
        if not _has(left, begin):
            continue
        _flip(left, begin)
        todo[0] = begin
        found, at = 1, 0
        while at < found:
            a = todo[at]
            at += 1
            group[a] = groups
            for w in range(len(left)):
                if kind == EITHER_WAY:
                    new = (graph[FOLLOWS, a, w] | graph[PRECEDES, a, w]) & left[w]
                else:
                    new = ~(graph[FOLLOWS, a, w] & graph[PRECEDES, a, w]) & left[w]
                left[w] ^= new
                found = _push(new, w, todo, found)
        groups += 1
    return groups


@njit(cache=True, nogil=True)
def _reach(graph: Words, way: int, begin: int, every: Words, seen: Words, todo: Ints) -> None:
    """Fill ``seen`` with ``begin`` and all that is reached from it within ``every``."""
    seen[:] = np.uint64(0)
    _flip(seen, begin)
    todo[0] = begin
    found, at = 1, 0
    while at < found:
        a = todo[at]
        at += 1
        for w in range(len(seen)):
            new = graph[way, a, w] & every[w] & ~seen[w]
            seen[w] |= new
            found = _push(new, w, todo, found)


@njit(cache=True, nogil=True)
def _sequence(graph: Words, every: Words, group: Ints, todo: Ints) -> int:
    """Groups between which every way leads forward.

    Activities that reach each other, or of which neither reaches the other, belong together. What
    is left is totally ordered: a group comes the later, the more groups lead to it. Activities
    that reach each other reach the same, so that one of them stands for all.
    """
    n, width = len(group), len(every)
    after, before = np.empty(width, np.uint64), np.empty(width, np.uint64)
    left, known = every.copy(), np.zeros(width, np.uint64)
    queue = np.empty(n, np.int64)
    earliest = np.empty(n, np.int64)
    groups = 0
    for begin in range(n):
        if not _has(left, begin):
            continue
        _flip(left, begin)
        earliest[groups] = begin
        queue[0] = begin
        found, at = 1, 0
        while at < found:
            a = queue[at]
            at += 1
            group[a] = groups
            if _has(known, a):
                continue
            _reach(graph, FOLLOWS, a, every, after, todo)
            _reach(graph, PRECEDES, a, every, before, todo)
            for w in range(width):
                known[w] |= after[w] & before[w]
                new = ~(after[w] ^ before[w]) & left[w]
                left[w] ^= new
                found = _push(new, w, queue, found)
        groups += 1
    if groups < 2:
        return groups
    rank = np.zeros(groups, np.int64)
    for g in range(groups):
        _reach(graph, PRECEDES, earliest[g], every, before, todo)
        earlier = np.zeros(groups, np.bool_)
        for b in range(n):
            if _has(before, b):
                earlier[group[b]] = True
        rank[g] = earlier.sum() - 1
    for a in range(n):
        if _has(every, a):
            group[a] = rank[group[a]]
    return groups


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
    return int(number[groups - 1]) + 1


@njit(cache=True, nogil=True)
def _parallel(graph: Words, rim: Words, every: Words, group: Ints, todo: Ints) -> int:
    """Groups that follow each other both ways throughout; each can begin and end.

    A group that lacks an end joins one that lacks a beginning; what is still incomplete joins
    the first complete one.
    """
    n = len(group)
    groups = _components(graph, NOT_BOTH_WAYS, every.copy(), group, todo)
    if groups < 2:
        return groups
    begins = np.zeros(groups, np.bool_)
    ends = np.zeros(groups, np.bool_)
    for a in range(n):
        if _has(every, a):
            begins[group[a]] |= _has(rim[STARTS], a)
            ends[group[a]] |= _has(rim[ENDS], a)
    joins = np.arange(groups)
    late, first = 0, -1
    for g in range(groups):
        if begins[g] and not ends[g]:
            while late < groups and (begins[late] or not ends[late]):
                late += 1
            if late < groups:
                joins[late] = g
                ends[g] = True
                late += 1
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
        if not _has(every, a):
            continue
        g = joins[group[a]]
        if number[g] < 0:
            number[g] = kept
            kept += 1
        group[a] = number[g]
    return kept


@njit(cache=True, nogil=True)
def _loop(graph: Words, rim: Words, every: Words, group: Ints, todo: Ints) -> int:
    """A body that begins and ends everything, and ways back from all its ends to all its starts."""
    n, width = len(group), len(every)
    body = np.empty(width, np.uint64)
    left = np.empty(width, np.uint64)
    for w in range(width):
        body[w] = (rim[STARTS, w] | rim[ENDS, w]) & every[w]
        left[w] = every[w] & ~body[w]
    groups = _components(graph, EITHER_WAY, left, group, todo)
    if groups == 0:
        return 1
    redo = np.ones(groups, np.bool_)
    for a in range(n):
        if not _has(every, a) or _has(body, a):
            continue
        into = back = False
        all_ends = all_starts = True
        for w in range(width):
            before, after = graph[PRECEDES, a, w] & body[w], graph[FOLLOWS, a, w] & body[w]
            into |= before != np.uint64(0)
            back |= after != np.uint64(0)
            all_ends &= before == rim[ENDS, w] & every[w]
            all_starts &= after == rim[STARTS, w] & every[w]
        if (into and not all_ends) or (back and not all_starts):
            redo[group[a]] = False
    number = np.zeros(groups, np.int64)
    kept = 1
    for g in range(groups):
        if redo[g]:
            number[g] = kept
            kept += 1
    for a in range(n):
        group[a] = 0 if _has(body, a) or not _has(every, a) else number[group[a]]
    return kept


@njit(cache=True, nogil=True)
def _find(graph: Words, rim: Words, every: Words, group: Ints) -> int:
    todo = np.empty(len(group), np.int64)
    if _components(graph, EITHER_WAY, every.copy(), group, todo) > 1:
        return CHOICE
    if _sequence(graph, every, group, todo) > 1:
        return SEQUENCE
    if _parallel(graph, rim, every, group, todo) > 1:
        return PARALLEL
    if _loop(graph, rim, every, group, todo) > 1:
        return LOOP
    return 0


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
def _leave_out(graph: Words, rim: Words, every: Words, joins: Ints) -> int:
    """Try each activity in turn: take it from the set, add its joins, look, and undo."""
    n = graph.shape[1]
    side = n + 1
    group = np.empty(n, np.int64)
    added = np.empty(len(joins), np.bool_)
    first = 0
    for a in range(n):
        last = first
        while last < len(joins) and joins[last] // (side * side) == a:
            last += 1
        _flip(every, a)
        for k in range(first, last):
            added[k] = _toggle(graph, rim, n, joins[k] // side % side, joins[k] % side, False)
        found = _find(graph, rim, every, group)
        if found > 0:
            return a
        for k in range(first, last):
            if added[k]:
                _toggle(graph, rim, n, joins[k] // side % side, joins[k] % side, True)
        _flip(every, a)
        first = last
    return -1


@njit(cache=True, nogil=True)
def _toggle(graph: Words, rim: Words, n: int, x: int, y: int, remove: bool) -> bool:
    """Add an edge, or remove it; tells whether the graph changed."""
    if x == n and y == n:
        return False
    if x == n or y == n:
        row, a = (rim[STARTS], y) if x == n else (rim[ENDS], x)
        if _has(row, a) != remove:
            return False
        _flip(row, a)
        return True
    if _has(graph[FOLLOWS, x], y) != remove:
        return False
    _flip(graph[FOLLOWS, x], y)
    _flip(graph[PRECEDES, y], x)
    return True
