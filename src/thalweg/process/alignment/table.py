"""Alignments by dynamic programming, for nets whose markings are few enough to list.

With a budget of deviations, each prefix of a trace leaves every marking with a credit: what remains
of the budget on the cheapest way there, or -1 beyond it. The credits after an event depend on the
credits before and the event's label alone, so they are the states of a deterministic automaton,
which is built as traces need it. Variants with a common prefix share their way; so do those that
return to the same credits, which a loop brings about. The budget is raised until the trace ends in
a final marking. This is the subset construction (Rabin and Scott 1959) with costs; the recurrence
is that of Wagner and Fischer (1974) over the net's reachability graph.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.search import (
    GRAPH_FULL,
    MARKINGS,
    SUCCESSORS,
    Bytes,
    Graph,
    NetTables,
    succeed,
)
from thalweg.process.chunks import Ints

Credits = NDArray[np.int16]
MOST_CREDIT = 1 << 14

# What a walk said, and the numbers that a store keeps.
ARRIVED, OVERDRAWN, STORE_FULL = 1, 2, 3
VECTORS, LINKS, STORE_COUNTS = 0, 1, 2
# In place of a vector's number.
NOWHERE, NO_ROOM = -1, -2


class Space(NamedTuple):
    """The reachability graph without markings from which no final one can be reached; 0 is the initial one.

    Moves out of m are ``out[m]:out[m + 1]``, moves into m ``back[m]:back[m + 1]``, moves with
    label a ``sync[a]:sync[a + 1]``; each with its ends, its transition and its cost without event.
    """

    out: Ints
    out_to: IntTable
    out_cost: IntTable
    back: Ints
    back_from: IntTable
    back_cost: IntTable
    back_via: IntTable
    back_to: IntTable
    sync: Ints
    sync_from: IntTable
    sync_to: IntTable
    label: IntTable
    final: Bytes


class Store(NamedTuple):
    """Credit vectors met so far, found by content, and where each leads by label."""

    credit: Credits
    alive: IntTable
    table: IntTable
    link: Ints
    link_to: IntTable
    entry: IntTable
    entry_credit: IntTable
    below: IntTable
    heads: IntTable
    counts: Ints


@njit(cache=True, nogil=True)
def explore(net: NetTables, graph: Graph, state: IntTable, control: Ints, limit: int) -> Any:
    """Ask every marking for its successors; more than ``limit`` markings: 0, done: 1."""
    marking, transitions = 0, len(net.label)
    while marking < control[MARKINGS]:
        if control[MARKINGS] > limit:
            return 0
        if graph.first[marking] < 0:
            if control[MARKINGS] + transitions > len(graph.first) or control[
                SUCCESSORS
            ] + transitions > len(graph.fired):
                return GRAPH_FULL
            succeed(marking, net, graph, state, control)
        if graph.lost[marking]:
            return 0
        marking += 1
    return 1


@njit(cache=True, nogil=True)
def leads_to_end(source: Ints, target: Ints, final: Bytes) -> Any:
    """Which markings can reach a final one."""
    markings = len(final)
    number = np.zeros(markings + 1, np.int64)
    for e in range(len(target)):
        number[target[e] + 1] += 1
    begin = np.cumsum(number)
    filled = begin.copy()
    before = np.empty(len(target), np.int64)
    for e in range(len(target)):
        before[filled[target[e]]] = source[e]
        filled[target[e]] += 1
    good = np.zeros(markings, np.bool_)
    stack = np.empty(markings, np.int64)
    top = 0
    for m in range(markings):
        if final[m]:
            good[m] = True
            stack[top] = m
            top += 1
    while top > 0:
        top -= 1
        m = stack[top]
        for e in range(begin[m], begin[m + 1]):
            if not good[before[e]]:
                good[before[e]] = True
                stack[top] = before[e]
                top += 1
    return good


@njit(cache=True, nogil=True, inline="always")
def _raise_credit(now: Any, marking: Any, credit: Any, entries: Any, store: Store) -> Any:
    """Give a marking a higher credit and remember to follow it up."""
    store.credit[now, marking] = credit
    store.entry[entries], store.entry_credit[entries] = marking, credit
    store.below[entries] = store.heads[credit]
    store.heads[credit] = entries
    return entries + 1


@njit(cache=True, nogil=True)
def _spread(now: Any, entries: Any, highest: Any, space: Space, store: Store) -> None:
    """Follow raised credits through model moves, the highest first."""
    for credit in range(highest, -1, -1):
        while store.heads[credit] >= 0:
            head = store.heads[credit]
            store.heads[credit] = store.below[head]
            marking = store.entry[head]
            if store.credit[now, marking] != credit:
                continue
            for e in range(space.out[marking], space.out[marking + 1]):
                left = credit - space.out_cost[e]
                if left >= 0 and left > store.credit[now, space.out_to[e]]:
                    entries = _raise_credit(now, space.out_to[e], left, entries, store)


@njit(cache=True, nogil=True)
def _home(credit: Credits, mask: int) -> Any:
    mixed = np.uint64(1469598103934665603)
    for m in range(len(credit)):
        mixed = (mixed ^ np.uint64(credit[m] + 1)) * np.uint64(1099511628211)
    return np.int64((mixed ^ (mixed >> np.uint64(31))) & np.uint64(mask))


@njit(cache=True, nogil=True)
def _number(new: Any, store: Store) -> Any:
    """The number of the vector that stands at ``new``; an equal one from before if there is one."""
    mask, markings = len(store.table) - 1, store.credit.shape[1]
    alive = 0
    for m in range(markings):
        alive += store.credit[new, m] >= 0
    if alive == 0:
        return NOWHERE
    at = _home(store.credit[new], mask)
    while store.table[at] >= 0:
        known, same = store.table[at], True
        for m in range(markings):
            if store.credit[known, m] != store.credit[new, m]:
                same = False
                break
        if same:
            return known
        at = (at + 1) & mask
    store.table[at] = new
    store.alive[new] = alive
    store.counts[VECTORS] += 1
    return new


@njit(cache=True, nogil=True)
def begin(budget: int, space: Space, store: Store) -> Any:
    """The credits before the first event."""
    now = store.counts[VECTORS]
    if now >= len(store.credit) - 1:
        return NO_ROOM
    store.credit[now, :] = -1
    entries = _raise_credit(now, 0, budget, 0, store)
    _spread(now, entries, budget, space, store)
    return _number(now, store)


@njit(cache=True, nogil=True)
def _step(before: Any, label: Any, space: Space, store: Store) -> Any:
    """The credits after an event: it stands alone at the cost of one, or with a transition."""
    now, highest, entries = store.counts[VECTORS], -1, 0
    for m in range(store.credit.shape[1]):
        store.credit[now, m] = max(store.credit[before, m] - 1, -1)
    if label >= 0:
        for e in range(space.sync[label], space.sync[label + 1]):
            credit = store.credit[before, space.sync_from[e]]
            if credit > store.credit[now, space.sync_to[e]]:
                entries = _raise_credit(now, space.sync_to[e], credit, entries, store)
                highest = max(highest, credit)
        _spread(now, entries, highest, space, store)
    return _number(now, store)


@njit(cache=True, nogil=True, inline="always")
def _link_home(key: Any, mask: int) -> Any:
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(24)) & np.uint64(mask))


@njit(cache=True, nogil=True)
def follow(vector: Any, label: Any, space: Space, store: Store) -> Any:
    """Where a vector leads by a label, worked out when first asked."""
    mask = len(store.link) - 1
    key = np.int64(vector) * len(space.sync) + label + 1
    at = _link_home(key, mask)
    while store.link[at] != key and store.link[at] >= 0:
        at = (at + 1) & mask
    if store.link[at] < 0:
        if store.counts[VECTORS] >= len(store.credit) - 1 or 2 * store.counts[LINKS] >= mask:
            return NO_ROOM
        store.link[at] = key
        store.link_to[at] = _step(vector, label, space, store)
        store.counts[LINKS] += 1
    return store.link_to[at]


@njit(cache=True, nogil=True)
def walk(trace: IntTable, budget: int, space: Space, store: Store, path: IntTable) -> Any:
    """Fill ``path`` with the vectors before each event and after the last."""
    path[0] = begin(budget, space, store)
    for i in range(len(trace)):
        if path[i] < 0:
            return OVERDRAWN if path[i] == NOWHERE else STORE_FULL
        path[i + 1] = follow(path[i], trace[i], space, store)
    last = path[len(trace)]
    if last < 0:
        return OVERDRAWN if last == NOWHERE else STORE_FULL
    for m in range(store.credit.shape[1]):
        if space.final[m] and store.credit[last, m] >= 0:
            return ARRIVED
    return OVERDRAWN


@njit(cache=True, nogil=True, inline="always")
def _entered(marking: Any, credit: Any, before: Any, label: Any, space: Space, store: Store) -> Any:
    """How the event brought the marking its credit: move into it, -1 for a log move, -2 for not."""
    if label >= 0:
        for e in range(space.back[marking], space.back[marking + 1]):
            if (
                space.label[space.back_via[e]] == label
                and store.credit[before, space.back_from[e]] == credit
            ):
                return e
    return -1 if store.credit[before, marking] - 1 == credit else -2


@njit(cache=True, nogil=True)
def read_path(
    trace: IntTable,
    budget: int,
    space: Space,
    store: Store,
    path: IntTable,
    event: IntTable,
    transition: IntTable,
) -> Any:
    """The moves of a cheapest alignment, last first; the count, or -1 if the arrays are too short.

    Between two events the way with the fewest model moves is taken.
    """
    markings = store.credit.shape[1]
    queue, onward = np.empty(markings, np.int64), np.full(markings, -2, np.int64)
    marking, count = -1, 0
    credit = np.int64(-1)
    for m in range(markings):
        if space.final[m] and store.credit[path[len(trace)], m] > credit:
            marking, credit = m, np.int64(store.credit[path[len(trace)], m])
    for i in range(len(trace), -1, -1):
        now = path[i]
        head, tail = 0, 1
        queue[0], onward[marking] = marking, -1
        entered = -2
        while True:
            m = queue[head]
            here = store.credit[now, m]
            if i > 0:
                entered = _entered(m, here, path[i - 1], trace[i - 1], space, store)
                if entered != -2:
                    break
            elif m == 0 and here == budget:
                break
            for e in range(space.back[m], space.back[m + 1]):
                source = space.back_from[e]
                if onward[source] == -2 and (
                    store.credit[now, source] - space.back_cost[e] == here
                ):
                    onward[source] = e
                    queue[tail] = source
                    tail += 1
            head += 1
        m, steps = queue[head], 0
        while m != marking:
            e = onward[m]
            steps += 1
            m = space.back_to[e]
        if count + steps + 1 > len(event):
            return -1
        m, at = queue[head], count + steps
        while m != marking:
            at -= 1
            event[at], transition[at] = -1, space.back_via[onward[m]]
            m = space.back_to[onward[m]]
        count += steps
        marking = queue[head]
        for k in range(tail):
            onward[queue[k]] = -2
        if i > 0:
            event[count] = i - 1
            transition[count] = -1 if entered < 0 else space.back_via[entered]
            marking = marking if entered < 0 else space.back_from[entered]
            count += 1
    return count


@njit(cache=True, nogil=True)
def rehash_vectors(store: Store) -> None:
    """Find all vectors anew in a larger table."""
    mask = len(store.table) - 1
    for vector in range(store.counts[VECTORS]):
        at = _home(store.credit[vector], mask)
        while store.table[at] >= 0:
            at = (at + 1) & mask
        store.table[at] = vector


@njit(cache=True, nogil=True)
def rehash_links(link: Ints, link_to: IntTable, store: Store) -> None:
    """Enter all links in a larger table."""
    mask = len(store.link) - 1
    for k in range(len(link)):
        if link[k] >= 0:
            at = _link_home(link[k], mask)
            while store.link[at] >= 0:
                at = (at + 1) & mask
            store.link[at], store.link_to[at] = link[k], link_to[k]
