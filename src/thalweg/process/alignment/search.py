"""Best-first search for the cheapest alignment, in a state space that is built as it is needed.

A state is a marking and a position in the trace. Markings are numbered when first met and their
successors kept, so that variants share them. The search is A* (Hart, Nilsson and Raphael 1968) over
the synchronous product (Adriansyah 2014) with the bound of ``parts``; equal estimates are
taken last in, first out. It stops after a slice of work or when an array is full, and goes on where
it stopped once called again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.alignment.parts import IntTable, PartTables
from thalweg.process.chunks import Ints

Bytes = NDArray[np.uint8]
BUCKETS = 1 << 16
"""Highest estimate that is followed; what costs more is given up and counts in the lower bound."""
NEVER = 1 << 29
MAX_TOKENS = 255

# What the search said when it returned.
FOUND, CAPPED, EMPTY, SLICE, GRAPH_FULL, POOL_FULL = range(6)
# Numbers kept between calls.
NODES, ENTRIES, SETTLED, BUCKET, GOAL, LOST, MARKINGS, SUCCESSORS, GREED = range(9)
CONTROLS = 9


class NetTables(NamedTuple):
    """A net as arrays: arcs of transition t are ``into[t]:into[t + 1]`` and ``out[t]:out[t + 1]``."""

    into: Ints
    into_place: IntTable
    into_weight: IntTable
    out: Ints
    out_place: IntTable
    out_weight: IntTable
    label: IntTable
    finals: Bytes


class Graph(NamedTuple):
    """Markings met so far. Successors of m are ``first[m]:first[m] + number[m]``; -1: not asked."""

    tokens: Bytes
    table: IntTable
    first: Ints
    number: IntTable
    part: IntTable
    final: Bytes
    lost: Bytes
    fired: IntTable
    reached: IntTable


class Pool(NamedTuple):
    """States of one search, their table by (marking, position), and the queue of open entries."""

    key: Ints
    table: IntTable
    marking: IntTable
    position: IntTable
    cost: IntTable
    rest: IntTable
    parent: IntTable
    via: IntTable
    done: Bytes
    entry: IntTable
    entry_cost: IntTable
    below: IntTable
    heads: IntTable


@njit(cache=True, nogil=True)
def _marking_home(tokens: Bytes, mask: int) -> Any:
    mixed = np.uint64(1469598103934665603)
    for p in range(len(tokens)):
        mixed = (mixed ^ np.uint64(tokens[p])) * np.uint64(1099511628211)
    return np.int64((mixed ^ (mixed >> np.uint64(29))) & np.uint64(mask))


@njit(cache=True, nogil=True)
def number_marking(
    tokens: Bytes, net: NetTables, graph: Graph, state: IntTable, control: Ints
) -> Any:
    """The number of a marking, new ones included; the arrays must have room for one more."""
    mask = len(graph.table) - 1
    at = _marking_home(tokens, mask)
    while graph.table[at] >= 0:
        known, same = graph.table[at], True
        for p in range(len(tokens)):
            if graph.tokens[known, p] != tokens[p]:
                same = False
                break
        if same:
            return known
        at = (at + 1) & mask
    new = control[MARKINGS]
    control[MARKINGS] += 1
    graph.table[at] = new
    graph.first[new] = -1
    for p in range(len(tokens)):
        graph.tokens[new, p] = tokens[p]
    for c in range(state.shape[1]):
        for p in range(len(tokens)):
            if tokens[p] > 0 and state[p, c] >= 0:
                graph.part[new, c] = state[p, c]
    graph.final[new] = 0
    for f in range(net.finals.shape[0]):
        same = True
        for p in range(len(tokens)):
            if net.finals[f, p] != tokens[p]:
                same = False
                break
        if same:
            graph.final[new] = 1
    return new


@njit(cache=True, nogil=True)
def succeed(marking: Any, net: NetTables, graph: Graph, state: IntTable, control: Ints) -> None:
    """Find the successors of a marking; one with too many tokens is left out and noted."""
    places = graph.tokens.shape[1]
    graph.first[marking] = control[SUCCESSORS]
    graph.number[marking] = graph.lost[marking] = 0
    tokens = np.empty(places, np.uint8)
    for t in range(len(net.label)):
        enabled = True
        for a in range(net.into[t], net.into[t + 1]):
            if graph.tokens[marking, net.into_place[a]] < net.into_weight[a]:
                enabled = False
                break
        if not enabled:
            continue
        for p in range(places):
            tokens[p] = graph.tokens[marking, p]
        for a in range(net.into[t], net.into[t + 1]):
            tokens[net.into_place[a]] -= net.into_weight[a]
        for a in range(net.out[t], net.out[t + 1]):
            more = np.int64(tokens[net.out_place[a]]) + net.out_weight[a]
            if more > MAX_TOKENS:
                enabled = False
                break
            tokens[net.out_place[a]] = more
        if not enabled:
            graph.lost[marking] = 1
            continue
        at = control[SUCCESSORS]
        control[SUCCESSORS] += 1
        graph.fired[at] = t
        graph.reached[at] = number_marking(tokens, net, graph, state, control)
        graph.number[marking] += 1


@njit(cache=True, nogil=True)
def rest_costs(
    trace: IntTable, parts: PartTables, row: IntTable, best: IntTable, strange: IntTable
) -> None:
    """What each part charges from each position and state to the end.

    best[row[c, position], s] is the cost in part c from state s; positions that do not matter to a
    part share a row. strange[position] counts later events that no transition has.
    """
    length = len(trace)
    used = 0
    strange[length] = 0
    for i in range(length - 1, -1, -1):
        strange[i] = strange[i + 1] + (trace[i] < 0)
    for c in range(len(parts.states)):
        states = parts.states[c]
        lo, hi = parts.edges[c], parts.edges[c + 1]
        for i in range(length, -1, -1):
            if i < length and (trace[i] < 0 or parts.touched[c, trace[i]] == 0):
                row[c, i] = row[c, i + 1]
                continue
            now, after = used, row[c, i + 1] if i < length else 0
            used += 1
            row[c, i] = now
            for s in range(states):
                if i == length:
                    best[now, s] = 0 if parts.ends[c, s] else NEVER
                else:
                    best[now, s] = best[after, s] + parts.log_cost[c, trace[i]]
            if i < length:
                for e in range(lo, hi):
                    if parts.label[e] == trace[i]:
                        best[now, parts.source[e]] = min(
                            best[now, parts.source[e]], best[after, parts.target[e]]
                        )
            changed = True
            while changed:
                changed = False
                for e in range(hi - 1, lo - 1, -1):
                    through = best[now, parts.target[e]] + parts.cost[e]
                    if through < best[now, parts.source[e]]:
                        best[now, parts.source[e]] = through
                        changed = True


@njit(cache=True, nogil=True, inline="always")
def _rest(
    marking: Any, position: int, graph: Graph, row: IntTable, best: IntTable, strange: IntTable
) -> Any:
    total = strange[position]
    for c in range(row.shape[0]):
        total += best[row[c, position], graph.part[marking, c]]
        if total >= NEVER:
            return NEVER
    return total


@njit(cache=True, nogil=True, inline="always")
def _state_home(key: Any, mask: int) -> Any:
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(20)) & np.uint64(mask))


@njit(cache=True, nogil=True)
def offer(
    marking: Any,
    position: int,
    cost: int,
    parent: Any,
    via: int,
    graph: Graph,
    pool: Pool,
    row: IntTable,
    best: IntTable,
    strange: IntTable,
    control: Ints,
) -> None:
    """Open a state, or open it again if it is reached at a lower cost than before."""
    key = np.int64(marking) * len(strange) + position
    mask = len(pool.table) - 1
    at = _state_home(key, mask)
    node = -1
    while pool.table[at] >= 0:
        if pool.key[pool.table[at]] == key:
            node = pool.table[at]
            break
        at = (at + 1) & mask
    if node < 0:
        rest = _rest(marking, position, graph, row, best, strange)
        node = control[NODES]
        control[NODES] += 1
        pool.table[at] = node
        pool.key[node], pool.marking[node], pool.position[node] = key, marking, position
        pool.rest[node] = rest
        pool.cost[node] = NEVER
        pool.done[node] = 0
    if cost >= pool.cost[node]:
        return
    pool.cost[node] = cost
    pool.parent[node] = parent
    pool.via[node] = via
    pool.done[node] = 0
    if pool.rest[node] >= NEVER:
        return
    estimate = cost + control[GREED] * pool.rest[node]
    if estimate >= BUCKETS:
        control[LOST] = min(control[LOST], cost + pool.rest[node])
        return
    new = control[ENTRIES]
    control[ENTRIES] += 1
    pool.entry[new], pool.entry_cost[new] = node, cost
    pool.below[new] = pool.heads[estimate]
    pool.heads[estimate] = new
    control[BUCKET] = min(control[BUCKET], estimate)


@njit(cache=True, nogil=True)
def search(
    trace: IntTable,
    net: NetTables,
    parts: PartTables,
    graph: Graph,
    pool: Pool,
    row: IntTable,
    best: IntTable,
    strange: IntTable,
    control: Ints,
    cap: int,
) -> int:
    """Go on until the end is found, ``cap`` states are settled or there is no room."""
    length, transitions = len(trace), len(net.label)
    while True:
        while control[BUCKET] < BUCKETS and pool.heads[control[BUCKET]] < 0:
            control[BUCKET] += 1
        if control[BUCKET] >= BUCKETS:
            return EMPTY
        head = pool.heads[control[BUCKET]]
        node = pool.entry[head]
        if pool.done[node] or pool.entry_cost[head] > pool.cost[node]:
            pool.heads[control[BUCKET]] = pool.below[head]
            continue
        marking, position, cost = pool.marking[node], pool.position[node], pool.cost[node]
        if position == length and graph.final[marking]:
            control[GOAL] = node
            return FOUND
        if control[SETTLED] >= cap:
            return SLICE
        if graph.first[marking] < 0:
            if control[MARKINGS] + transitions > len(graph.first) or control[
                SUCCESSORS
            ] + transitions > len(graph.fired):
                return GRAPH_FULL
            succeed(marking, net, graph, parts.state, control)
        if control[ENTRIES] + 2 * graph.number[marking] + 1 > len(pool.entry):
            return POOL_FULL
        pool.heads[control[BUCKET]] = pool.below[head]
        pool.done[node] = 1
        control[SETTLED] += 1
        if graph.lost[marking]:
            control[LOST] = min(control[LOST], cost + pool.rest[node])
        if position < length:
            offer(marking, position + 1, cost + 1, node, -1,
                  graph, pool, row, best, strange, control)  # fmt: skip
        first = graph.first[marking]
        for e in range(first, first + graph.number[marking]):
            t = graph.fired[e]
            step = np.int64(net.label[t] >= 0)
            offer(graph.reached[e], position, cost + step, node, 2 * t,
                  graph, pool, row, best, strange, control)  # fmt: skip
        if position < length and trace[position] >= 0:
            for e in range(first, first + graph.number[marking]):
                t = graph.fired[e]
                if net.label[t] == trace[position]:
                    offer(graph.reached[e], position + 1, cost, node, 2 * t + 1,
                          graph, pool, row, best, strange, control)  # fmt: skip


@njit(cache=True, nogil=True)
def rehash_markings(graph: Graph, control: Ints) -> None:
    mask = len(graph.table) - 1
    graph.table[:] = -1
    for m in range(control[MARKINGS]):
        at = _marking_home(graph.tokens[m], mask)
        while graph.table[at] >= 0:
            at = (at + 1) & mask
        graph.table[at] = m


@njit(cache=True, nogil=True)
def rehash_states(pool: Pool, control: Ints) -> None:
    mask = len(pool.table) - 1
    pool.table[:] = -1
    for node in range(control[NODES]):
        at = _state_home(pool.key[node], mask)
        while pool.table[at] >= 0:
            at = (at + 1) & mask
        pool.table[at] = node


@njit(cache=True, nogil=True)
def empty_pool(pool: Pool, control: Ints) -> None:
    """Forget the states of the last search; costs what that search cost, not what there is room for."""
    mask = len(pool.table) - 1
    if control[NODES] * 4 > len(pool.table):
        pool.table[:] = -1
    else:
        for node in range(control[NODES] - 1, -1, -1):
            at = _state_home(pool.key[node], mask)
            while pool.table[at] != node:
                at = (at + 1) & mask
            pool.table[at] = -1
    for e in range(control[ENTRIES]):
        node = pool.entry[e]
        pool.heads[min(BUCKETS - 1, pool.entry_cost[e] + control[GREED] * pool.rest[node])] = -1
    control[NODES] = control[ENTRIES] = control[SETTLED] = 0
    control[BUCKET] = BUCKETS
    control[GOAL] = -1
    control[LOST] = NEVER


@njit(cache=True, nogil=True)
def read_moves(pool: Pool, goal: int, event: IntTable, transition: IntTable) -> int:
    """The moves from the beginning to a state: event (by position) or -1, transition or -1."""
    count, node = 0, goal
    while pool.parent[node] >= 0:
        count += 1
        node = pool.parent[node]
    at, node = count, goal
    while pool.parent[node] >= 0:
        at -= 1
        via, before = pool.via[node], pool.parent[node]
        synchronous = via >= 0 and via % 2 == 1
        event[at] = pool.position[before] if via < 0 or synchronous else -1
        transition[at] = via // 2 if via >= 0 else -1
        node = before
    return count
