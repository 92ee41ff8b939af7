"""The moves of a cheapest alignment with a process tree, read from the costs of its blocks.

A block is a piece of the run from its first step to its last. The pieces are put on a stack, the
next one on top, until they are single steps. What a parallel's branches do is merged in the order
of the events; a step without an event comes as early as its branch allows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.tree import FAR, cut_loop, cut_sequence, stretch
from thalweg.process.alignment.tree_tables import (
    CHOICE,
    LOOP,
    PARALLEL,
    SEQUENCE,
    STEP,
    TreeTables,
    View,
)
from thalweg.process.chunks import Ints

NODE, LO, HI, AFTER, CLOSE = range(5)
SHORTEST = -1
"""In place of a first event: the block's shortest run, without events."""


class Run(NamedTuple):
    """Steps of a run: transition or -1, event met or -1, and the event not to come before."""

    step: IntTable
    met: IntTable
    after: IntTable


@njit(cache=True, nogil=True, inline="always")
def _push(stack: Ints, top: Any, node: Any, lo: Any, hi: Any, after: Any) -> Any:
    stack[top, NODE], stack[top, LO], stack[top, HI] = node, lo, hi
    stack[top, AFTER], stack[top, CLOSE] = after, 0
    return top + 1


@njit(cache=True, nogil=True, inline="always")
def _latest(node: Any, lo: Any, q: Any, after: Any, view: View) -> Any:
    """The last event before place q of a stretch that begins at ``lo``."""
    return after if q == lo else max(after, view.event[view.start[node] + q - 1])


@njit(cache=True, nogil=True)
def _place(child: Any, p: Any, view: View) -> Any:
    """How many of the child's events stand before place p of its parent's."""
    return np.searchsorted(view.up[view.start[child] : view.start[child + 1]], p)


@njit(cache=True, nogil=True)
def _first_of(
    child: Any, b: Any, lo: Any, wanted: Any, before: IntTable, view: View, at: Ints, cost: IntTable
) -> Any:
    """The first event of the child with which its stretch up to event b may begin, or -1.

    The longest stretch means the fewest rounds of a loop.
    """
    up = view.start[child]
    for a in range(_place(child, lo, view), b + 1):
        p = view.up[up + a]
        if before[p] < FAR and before[p] + stretch(child, a, b, view, at, cost) == wanted:
            return a
    return -1


@njit(cache=True, nogil=True)
def _push_sequence(
    stack: Ints, top: Any, frame: Ints, tree: TreeTables, view: View, at: Ints, cost: IntTable
) -> Any:
    node, lo, q, after = frame[NODE], frame[LO], frame[HI], frame[AFTER]
    begin, end = tree.kids[node], tree.kids[node + 1]
    phase = 0
    for k in range(begin, end):
        phase += view.start[tree.kid[k] + 1] > view.start[tree.kid[k]]
    if phase == 1:
        return _push_passed(stack, top, frame, tree, view)
    reached = np.empty((phase + 1, view.start[node + 1] - view.start[node] + 1), np.int32)
    cut_sequence(node, lo, tree, view, at, cost, reached)
    for k in range(end - 1, begin - 1, -1):
        child = tree.kid[k]
        if view.start[child + 1] == view.start[child]:
            top = _push(stack, top, child, SHORTEST, 0, _latest(node, lo, q, after, view))
            continue
        while q > lo and reached[phase, q] == reached[phase, q - 1] + 1:
            q -= 1
        phase -= 1
        if reached[phase + 1, q] == reached[phase, q]:
            top = _push(stack, top, child, SHORTEST, 0, _latest(node, lo, q, after, view))
            continue
        b = _place(child, q - 1, view)
        a = _first_of(child, b, lo, reached[phase + 1, q], reached[phase], view, at, cost)
        q = view.up[view.start[child] + a]
        top = _push(stack, top, child, a, b + 1, _latest(node, lo, q, after, view))
    return top


@njit(cache=True, nogil=True)
def _push_passed(stack: Ints, top: Any, frame: Ints, tree: TreeTables, view: View) -> Any:
    """A sequence of which one child sees all the events."""
    node, lo, hi = frame[NODE], frame[LO], frame[HI]
    after = _latest(node, lo, hi, frame[AFTER], view)
    for k in range(tree.kids[node + 1] - 1, tree.kids[node] - 1, -1):
        child = tree.kid[k]
        if view.start[child + 1] > view.start[child]:
            after = frame[AFTER]
            top = _push(stack, top, child, lo, hi, after)
        else:
            top = _push(stack, top, child, SHORTEST, 0, after)
    return top


@njit(cache=True, nogil=True)
def _push_loop(
    stack: Ints, top: Any, frame: Ints, tree: TreeTables, view: View, at: Ints, cost: IntTable
) -> Any:
    node, lo, q, after = frame[NODE], frame[LO], frame[HI], frame[AFTER]
    body, own = tree.kid[tree.kids[node]], view.start[node]
    reached = np.empty((2, view.start[node + 1] - own + 1), np.int32)
    cut_loop(node, lo, tree, view, at, cost, reached)
    phase = 1
    while phase == 1 or q > lo or reached[0, q] > 0:
        if q > lo and reached[phase, q] == reached[phase, q - 1] + 1:
            q -= 1
            continue
        a = -1
        if q > lo:
            child = view.owner[own + q - 1]
            if (child == body) == (phase == 1):
                b = _place(child, q - 1, view)
                wanted = reached[phase, q] - tree.shortest[child]
                a = _first_of(child, b, lo, wanted, reached[1 - phase], view, at, cost)
        if top >= len(stack):
            return top
        if a >= 0:
            q = view.up[view.start[child] + a]
            top = _push(stack, top, child, a, b + 1, _latest(node, lo, q, after, view))
        else:
            child = body if phase == 1 else tree.easiest[node]
            top = _push(stack, top, child, SHORTEST, 0, _latest(node, lo, q, after, view))
        phase = 1 - phase
    return top


@njit(cache=True, nogil=True)
def _push_beside(
    stack: Ints, top: Any, frame: Ints, tree: TreeTables, view: View, at: Ints, cost: IntTable
) -> Any:
    """All branches of a parallel, or the cheapest of a choice."""
    node, lo, hi, after = frame[NODE], frame[LO], frame[HI], frame[AFTER]
    choice = tree.kind[node] == CHOICE
    best = hi - lo
    taken, a_taken, b_taken = np.int64(tree.easiest[node]), np.int64(SHORTEST), np.int64(0)
    for k in range(tree.kids[node + 1] - 1, tree.kids[node] - 1, -1):
        child = np.int64(tree.kid[k])
        inside = view.start[child + 1] - view.start[child]
        a, b = np.int64(SHORTEST), np.int64(0)
        if inside > 0:
            a, b = np.int64(_place(child, lo, view)), np.int64(_place(child, hi, view))
        if not choice:
            top = _push(stack, top, child, a, b, after)
        elif inside > 0:
            more = tree.shortest[child] - tree.shortest[node]
            here = cost[at[child] + a * (inside + 1) + b] + more + hi - lo - (b - a)
            if here < best:
                best, taken, a_taken, b_taken = here, child, a, b
    if choice:
        top = _push(stack, top, taken, a_taken, b_taken, after)
    return top


@njit(cache=True, nogil=True)
def _push_shortest(stack: Ints, top: Any, frame: Ints, tree: TreeTables) -> Any:
    node, after = frame[NODE], frame[AFTER]
    kind = tree.kind[node]
    if kind == CHOICE:
        return _push(stack, top, tree.easiest[node], SHORTEST, 0, after)
    last = tree.kids[node] if kind == LOOP else tree.kids[node + 1] - 1
    for k in range(last, tree.kids[node] - 1, -1):
        top = _push(stack, top, tree.kid[k], SHORTEST, 0, after)
    return top


@njit(cache=True, nogil=True)
def _merge(begin: Any, end: Any, events: Any, run: Run) -> None:
    """Bring the steps of a parallel's branches, one branch after the other, into one order."""
    place = np.zeros(events + 2, np.int64)
    for k in range(begin, end):
        place[run.after[k] + 2] += 1
    place = np.cumsum(place)
    step, met = run.step[begin:end].copy(), run.met[begin:end].copy()
    after = run.after[begin:end].copy()
    for k in range(end - begin):
        at = begin + place[after[k] + 1]
        place[after[k] + 1] += 1
        run.step[at], run.met[at], run.after[at] = step[k], met[k], after[k]


@njit(cache=True, nogil=True)
def read_run(
    events: int,
    tree: TreeTables,
    view: View,
    at: Ints,
    cost: IntTable,
    run: Run,
    stack: Ints,
) -> Any:
    """The run of a cheapest alignment; how many steps, or -1 if an array is too short."""
    root = len(tree.kind) - 1
    top = _push(stack, 0, root, 0 if events else SHORTEST, events, -1)
    count = 0
    while top > 0:
        top -= 1
        frame = stack[top].copy()
        node, lo = frame[NODE], frame[LO]
        kind = tree.kind[node]
        most = tree.kids[node + 1] - tree.kids[node] + 2 * (frame[HI] - max(lo, 0)) + 2
        if count + 1 >= len(run.step) or top + most >= len(stack):
            return -1
        if frame[CLOSE]:
            if kind == PARALLEL:
                _merge(lo, count, events, run)
            run.step[count], run.met[count] = tree.finish[node], -1
            run.after[count] = max(frame[AFTER], run.after[count - 1])
            count += 1
            continue
        if tree.kids[node + 1] == tree.kids[node] or kind in (PARALLEL, LOOP):
            met = kind == STEP and lo >= 0 and lo < frame[HI]
            run.step[count] = tree.begin[node]
            run.met[count] = view.event[view.start[node] + lo] if met else -1
            run.after[count] = run.met[count] if met else frame[AFTER]
            count += 1
        if kind in (PARALLEL, LOOP):
            stack[top] = frame
            stack[top, LO], stack[top, CLOSE] = count, 1
            top += 1
        if lo == SHORTEST:
            top = _push_shortest(stack, top, frame, tree)
        elif kind == SEQUENCE:
            top = _push_sequence(stack, top, frame, tree, view, at, cost)
        elif kind == LOOP:
            top = _push_loop(stack, top, frame, tree, view, at, cost)
            if top >= len(stack):
                return -1
        elif kind in (CHOICE, PARALLEL):
            top = _push_beside(stack, top, frame, tree, view, at, cost)
    return count


@njit(cache=True, nogil=True)
def weave(steps: int, run: Run, position: IntTable, event: IntTable, transition: IntTable) -> Any:
    """Put the events that no step met between the steps of the run; how many moves there are.

    Takes    position: in the trace, of each event that some leaf has.
    """
    count, next_event = 0, 0
    for k in range(steps):
        if run.step[k] < 0:
            continue
        here = position[run.met[k]] if run.met[k] >= 0 else -1
        while next_event < here:
            event[count], transition[count] = next_event, -1
            next_event += 1
            count += 1
        event[count], transition[count] = here, run.step[k]
        count += 1
        if here >= 0:
            next_event = here + 1
    return count
