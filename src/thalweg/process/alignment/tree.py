"""Alignments with a process tree, block by block, where each activity stands at one leaf.

The cheapest cost of each stretch of a block's events follows from those of the blocks inside: in a
parallel the costs add up, because the events of one branch are no other branch's; in a choice the
events of the branches not taken stand alone; in a sequence and in a loop the stretch is cut where
it is cheapest. No interleaving of branches and no silent step is ever tried, so that wide
concurrency costs nothing. Dynamic programming over process trees: Schwanen, Pakusa and van der
Aalst (2024).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.tree_tables import (
    CHOICE,
    LOOP,
    PARALLEL,
    SEQUENCE,
    STEP,
    TreeTables,
    View,
    ranks,
)
from thalweg.process.chunks import Ints

FAR = 1 << 28


@njit(cache=True, nogil=True, inline="always")
def passes_on(node: Any, events: Any, tree: TreeTables, view: View) -> Any:
    """Whether a node sees no more than a child with so many events, and asks no more of them."""
    kind = tree.kind[node]
    return (kind in (SEQUENCE, PARALLEL)) and (view.start[node + 1] - view.start[node] == events)


@njit(cache=True, nogil=True)
def lay_out(tree: TreeTables, view: View) -> Any:
    """Where each node's costs stand, whether of the whole stretch alone, and the work they take.

    Returns  at: ``cost[at[n] + i * (events + 1) + j]`` is what events i to j cost more than none.
             A sequence or parallel of which one child sees events has that child's. whole: of a
             node that only ever sees its events from the first on. The number of costs, and of
             steps to fill them in.
    """
    nodes = len(tree.kind)
    at, whole = np.full(nodes, -1, np.int64), np.zeros(nodes, np.uint8)
    cells, work = 0, 0
    for node in range(nodes - 1, -1, -1):
        events = view.start[node + 1] - view.start[node]
        if events == 0:
            continue
        parent = tree.parent[node]
        if parent >= 0 and passes_on(parent, events, tree, view):
            at[node], whole[node] = at[parent], whole[parent]
            continue
        whole[node] = parent < 0 or (
            whole[parent] and (tree.kind[parent] == PARALLEL or tree.kind[parent] == CHOICE)
        )
        rows = 1 if whole[node] else events + 1
        at[node] = cells
        cells += rows * (events + 1)
        cut = tree.kind[node] == SEQUENCE or tree.kind[node] == LOOP
        work += rows * (events + 1) * (1 + (events // 2 if cut else 0))
    return at, whole, cells, work


@njit(cache=True, nogil=True)
def fill_costs(tree: TreeTables, view: View, at: Ints, whole: Any, cost: IntTable) -> None:
    """The cheapest cost of each stretch of each node's events."""
    for node in range(len(tree.kind)):
        events = view.start[node + 1] - view.start[node]
        if events == 0:
            continue
        kind, width = tree.kind[node], events + 1
        if (kind in (SEQUENCE, PARALLEL)) and _touched(node, tree, view) == 1:
            continue
        rows = 1 if whole[node] else width
        if kind == STEP:
            for i in range(rows):
                for j in range(i, width):
                    cost[at[node] + i * width + j] = abs(j - i - 1) - 1
        elif kind in (CHOICE, PARALLEL):
            _fill_beside(node, tree, view, at, rows, cost)
        else:
            loop = kind == LOOP
            least = tree.shortest[node] if loop else 0
            phases = 2 if loop else _touched(node, tree, view) + 1
            reached = np.empty((phases, width), np.int32)
            for i in range(rows):
                if loop:
                    cut_loop(node, i, tree, view, at, cost, reached)
                else:
                    cut_sequence(node, i, tree, view, at, cost, reached)
                for j in range(i, width):
                    cost[at[node] + i * width + j] = reached[phases - 1, j] - least


@njit(cache=True, nogil=True)
def _touched(node: Any, tree: TreeTables, view: View) -> Any:
    """How many children see events."""
    count = 0
    for k in range(tree.kids[node], tree.kids[node + 1]):
        child = tree.kid[k]
        count += view.start[child + 1] > view.start[child]
    return count


@njit(cache=True, nogil=True)
def _fill_beside(
    node: Any, tree: TreeTables, view: View, at: Ints, rows: Any, cost: IntTable
) -> None:
    """Of a choice, whose branches exclude each other, or a parallel, whose branches add up."""
    width = view.start[node + 1] - view.start[node] + 1
    choice = tree.kind[node] == CHOICE
    for i in range(rows):
        for j in range(i, width):
            cost[at[node] + i * width + j] = j - i if choice else 0
    for k in range(tree.kids[node], tree.kids[node + 1]):
        child = tree.kid[k]
        inside = view.start[child + 1] - view.start[child]
        if inside == 0:
            continue
        rank = ranks(node, child, view)
        more = tree.shortest[child] - tree.shortest[node]
        for i in range(rows):
            row = at[child] + rank[i] * (inside + 1)
            for j in range(i, width):
                here = cost[row + rank[j]]
                cell = at[node] + i * width + j
                if choice:
                    here += more + j - i - (rank[j] - rank[i])
                    cost[cell] = min(cost[cell], here)
                else:
                    cost[cell] += here


@njit(cache=True, nogil=True, inline="always")
def stretch(child: Any, a: Any, b: Any, view: View, at: Ints, cost: IntTable) -> Any:
    """What the parent's events from the child's event a to b, both included, cost more than none."""
    width = view.start[child + 1] - view.start[child] + 1
    up = view.start[child]
    others = view.up[up + b] - view.up[up + a] - (b - a)
    return cost[at[child] + a * width + b + 1] + others


@njit(cache=True, nogil=True)
def cut_sequence(
    node: Any, i: Any, tree: TreeTables, view: View, at: Ints, cost: IntTable, reached: IntTable
) -> None:
    """reached[n, j]: what events i to j cost more than none in the first n children that see events.

    A stretch of a child begins and
    ends with an event of its own: others beside it stand alone.
    """
    width = reached.shape[1]
    reached[:, :] = FAR
    reached[0, i] = 0
    phase = 0
    for k in range(tree.kids[node], tree.kids[node + 1]):
        child = tree.kid[k]
        lo, hi = view.start[child], view.start[child + 1]
        if hi == lo:
            continue
        for j in range(i, width - 1):
            reached[phase, j + 1] = min(reached[phase, j + 1], reached[phase, j] + 1)
        for j in range(i, width):
            reached[phase + 1, j] = reached[phase, j]
        for a in range(hi - lo):
            p = view.up[lo + a]
            if p < i:
                continue
            before = reached[phase, p]
            for b in range(a, hi - lo):
                q = view.up[lo + b] + 1
                through = before + stretch(child, a, b, view, at, cost)
                if through < reached[phase + 1, q]:
                    reached[phase + 1, q] = through
        phase += 1
    for j in range(i, width - 1):
        reached[phase, j + 1] = min(reached[phase, j + 1], reached[phase, j] + 1)


@njit(cache=True, nogil=True)
def cut_loop(
    node: Any, i: Any, tree: TreeTables, view: View, at: Ints, cost: IntTable, reached: IntTable
) -> None:
    """reached[0, j] and [1, j]: cheapest cost of events i to j where the body is next, or was last."""
    width, own = reached.shape[1], view.start[node]
    body = tree.kid[tree.kids[node]]
    again, back = tree.shortest[body], tree.shortest[tree.easiest[node]]
    reached[:, :] = FAR
    reached[0, i] = 0
    for p in range(i, width):
        if p > i:
            for phase in range(2):
                reached[phase, p] = min(reached[phase, p], reached[phase, p - 1] + 1)
        reached[1, p] = min(reached[1, p], reached[0, p] + again)
        reached[0, p] = min(reached[0, p], reached[1, p] + back)
        if p == width - 1:
            break
        child = view.owner[own + p]
        phase = 0 if child == body else 1
        lo, events = view.start[child], view.start[child + 1] - view.start[child]
        a = np.searchsorted(view.up[lo : lo + events], p)
        before = reached[phase, p] + tree.shortest[child]
        for b in range(a, events):
            q = view.up[lo + b] + 1
            through = before + stretch(child, a, b, view, at, cost)
            if through < reached[1 - phase, q]:
                reached[1 - phase, q] = through
