"""What a process tree allows after each prefix, where each activity stands at one leaf.

Whether a stretch of a block's events is a word of the block, or the beginning of one, follows from
the blocks inside, as costs do in ``tree``. What may come next is then asked from the root
down, of those blocks alone that the prefix may have begun.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.precision_sets import TooManyError
from thalweg.process.alignment.search import Bytes
from thalweg.process.alignment.tree_tables import (
    CHOICE,
    PARALLEL,
    SEQUENCE,
    STEP,
    TreeTables,
    View,
    ranks,
    view_trace,
)
from thalweg.process.chunks import Ints
from thalweg.process.weighted import WeightedVariants

BEGINS, ENDS = 1, 2
"""The stretch is the beginning of a word; it is a word."""
MOST_CELLS = 1 << 27


@njit(cache=True, nogil=True)
def _lay_out(tree: TreeTables, view: View) -> Any:
    """Where each node's answers stand, whether of the whole stretch alone, and their number."""
    nodes = len(tree.kind)
    at, whole = np.full(nodes, -1, np.int64), np.zeros(nodes, np.uint8)
    cells = 0
    for node in range(nodes - 1, -1, -1):
        width = view.start[node + 1] - view.start[node] + 1
        if width == 1:
            continue
        parent = tree.parent[node]
        whole[node] = parent < 0 or (
            whole[parent] and (tree.kind[parent] == PARALLEL or tree.kind[parent] == CHOICE)
        )
        at[node] = cells
        cells += width if whole[node] else width * width
    return at, whole, cells


@njit(cache=True, nogil=True)
def _fill(tree: TreeTables, view: View, at: Ints, whole: Bytes, known: Bytes) -> None:
    for node in range(len(tree.kind)):
        width = view.start[node + 1] - view.start[node] + 1
        if width == 1:
            continue
        kind, rows = tree.kind[node], 1 if whole[node] else width
        if kind == PARALLEL:
            _fill_parallel(node, rows, tree, view, at, known)
            continue
        places = np.zeros((2, width), np.bool_)
        for i in range(rows):
            row = at[node] + i * width
            known[row + i] = BEGINS | (ENDS if tree.skips[node] else 0)
            if kind == STEP and i + 1 < width:
                known[row + i + 1] = BEGINS | ENDS
            elif kind == CHOICE and i + 1 < width:
                _copy_branch(node, i, row, view, at, known)
            elif kind == SEQUENCE:
                _follow_sequence(node, i, width - 1, tree, view, at, known, row, places)
            elif kind != STEP and kind != CHOICE:
                _follow_loop(node, i, width - 1, tree, view, at, known, row, places)


@njit(cache=True, nogil=True)
def _fill_parallel(
    node: Any, rows: Any, tree: TreeTables, view: View, at: Ints, known: Bytes
) -> None:
    width = view.start[node + 1] - view.start[node] + 1
    most = BEGINS | ENDS
    for k in range(tree.kids[node], tree.kids[node + 1]):
        child = tree.kid[k]
        if view.start[child + 1] == view.start[child] and not tree.skips[child]:
            most = BEGINS
    for i in range(rows):
        for j in range(i, width):
            known[at[node] + i * width + j] = most
    for k in range(tree.kids[node], tree.kids[node + 1]):
        child = tree.kid[k]
        inside = view.start[child + 1] - view.start[child] + 1
        if inside == 1:
            continue
        rank = ranks(node, child, view)
        for i in range(rows):
            for j in range(i, width):
                known[at[node] + i * width + j] &= known[at[child] + rank[i] * inside + rank[j]]


@njit(cache=True, nogil=True)
def _copy_branch(node: Any, i: Any, row: Any, view: View, at: Ints, known: Bytes) -> None:
    child, a = _at(node, i, view)
    inside = view.start[child + 1] - view.start[child] + 1
    for b in range(a, inside - 1):
        if view.up[view.start[child] + b] != i + b - a:
            break
        known[row + i + b - a + 1] = known[at[child] + a * inside + b + 1]


@njit(cache=True, nogil=True, inline="always")
def _at(node: Any, p: Any, view: View) -> Any:
    """The child that has the node's event p, and its number among the child's."""
    child = np.int64(view.owner[view.start[node] + p])
    lo, hi = view.start[child], view.start[child + 1]
    return child, np.int64(np.searchsorted(view.up[lo:hi], p))


@njit(cache=True, nogil=True)
def _go(
    node: Any, p: Any, last: Any, view: View, at: Ints, known: Bytes, row: Any, place: NDArray[Any]
) -> Any:
    """Let the child that has event p take events from there on; where it may end, mark ``place``.

    Takes    row: where to note that the stretch begins a word; -1 for nowhere.
    Returns  whether the child's word is begun and goes on up to ``last``.
    """
    child, a = _at(node, p, view)
    inside = view.start[child + 1] - view.start[child] + 1
    for b in range(a, inside - 1):
        q = p + b - a + 1
        if q > last or view.up[view.start[child] + b] != q - 1:
            return False
        here = known[at[child] + a * inside + b + 1]
        if not here & BEGINS:
            return False
        if row >= 0:
            known[row + q] |= BEGINS
        if here & ENDS:
            place[q] = True
        if q == last:
            return True
    return False


@njit(cache=True, nogil=True)
def _follow_sequence(
    node: Any,
    i: Any,
    last: Any,
    tree: TreeTables,
    view: View,
    at: Ints,
    known: Bytes,
    row: Any,
    places: NDArray[Any],
) -> None:
    """Note what stretches from i on are; ``places[0, p]``: all children may be done at p."""
    places[:, :] = False
    places[0, i] = True
    own, hi = view.start[node], i
    for k in range(tree.kids[node], tree.kids[node + 1]):
        child, any_left = tree.kid[k], False
        for p in range(hi, i - 1, -1):
            if not places[0, p]:
                continue
            if p < last and view.owner[own + p] == child:
                _go(node, p, last, view, at, known, row, places[1])
            if not tree.skips[child]:
                places[0, p] = False
        for q in range(i, last + 1):
            places[0, q] |= places[1, q]
            places[1, q] = False
            if places[0, q]:
                any_left, hi = True, q
        if not any_left:
            return
    for p in range(i, last + 1):
        if places[0, p]:
            known[row + p] |= BEGINS | ENDS


@njit(cache=True, nogil=True)
def _follow_loop(
    node: Any,
    i: Any,
    last: Any,
    tree: TreeTables,
    view: View,
    at: Ints,
    known: Bytes,
    row: Any,
    places: NDArray[Any],
) -> None:
    """``places[0, p]``: at p the body may be next; ``places[1, p]``: it may be done there.

    Takes    row: where to note what stretches from i on are; -1 for nowhere.
    """
    first = tree.kids[node]
    body = tree.kid[first]
    free = False
    for k in range(first + 1, tree.kids[node + 1]):
        free |= tree.skips[tree.kid[k]] != 0
    places[:, :] = False
    places[0, i] = True
    for p in range(i, last + 1):
        places[1, p] |= places[0, p] and tree.skips[body] != 0
        places[0, p] |= places[1, p] and free
        if row >= 0 and (places[0, p] or places[1, p]):
            known[row + p] |= BEGINS | (ENDS if places[1, p] else 0)
        if p == last:
            return
        phase = 0 if view.owner[view.start[node] + p] == body else 1
        if places[phase, p]:
            _go(node, p, last, view, at, known, row, places[1 - phase])


@njit(cache=True, nogil=True)
def _allow(node: Any, tree: TreeTables, seen: Ints, turn: Any) -> Any:
    """Mark what a block may begin with; how many were not marked this turn."""
    new = 0
    for f in range(tree.firsts[node], tree.firsts[node + 1]):
        leaf = tree.first[f]
        new += seen[leaf] != turn
        seen[leaf] = turn
    return new


@njit(cache=True, nogil=True)
def _put(
    node: Any, i: Any, j: Any, view: View, asked: Ints, turn: Any, todo: Ints, top: Any
) -> Any:
    """Have a block begun at i asked, once a turn."""
    mark = view.start[node] + i
    if asked[mark] == turn:
        return top
    asked[mark] = turn
    todo[top, 0], todo[top, 1], todo[top, 2] = node, i, j
    return top + 1


@njit(cache=True, nogil=True)
def _ask_parts(
    node: Any,
    i: Any,
    j: Any,
    tree: TreeTables,
    view: View,
    at: Ints,
    known: Bytes,
    seen: Ints,
    asked: Ints,
    turn: Any,
    todo: Ints,
    top: Any,
) -> Any:
    """What a sequence or loop begun at i allows at j: those allowed, and blocks to ask as well."""
    width = view.start[node + 1] - view.start[node] + 1
    own, new = view.start[node], 0
    places, ends = np.zeros((2, width), np.bool_), np.zeros(width, np.bool_)
    first = tree.kids[node]
    if tree.kind[node] != SEQUENCE:
        _follow_loop(node, i, j, tree, view, at, known, -1, places)
        for k in range(first, tree.kids[node + 1]):
            if places[min(k - first, 1), j]:
                new += _allow(tree.kid[k], tree, seen, turn)
        phase = 0 if view.owner[own + j - 1] == tree.kid[first] else 1
        p = j - 1
        while p >= i and view.owner[own + p] == view.owner[own + j - 1]:
            if places[phase, p] and _go(node, p, j, view, at, known, -1, ends):
                child, a = _at(node, p, view)
                top = _put(child, a, a + j - p, view, asked, turn, todo, top)
            p -= 1
        return new, top
    places[0, i] = True
    hi = i
    for k in range(first, tree.kids[node + 1]):
        child, went = np.int64(tree.kid[k]), False
        for p in range(i, hi + 1):
            if not places[0, p]:
                continue
            if p == j:
                new += _allow(child, tree, seen, turn)
            elif view.owner[own + p] == child:
                went = True
                if _go(node, p, j, view, at, known, -1, ends):
                    _, a = _at(node, p, view)
                    top = _put(child, a, a + j - p, view, asked, turn, todo, top)
            if not tree.skips[child]:
                places[0, p] = False
        if went:
            for p in range(i, j + 1):
                if ends[p]:
                    places[0, p], ends[p] = True, False
                    hi = max(hi, p)
    return new, top


@njit(cache=True, nogil=True)
def _ask(
    end: Any,
    tree: TreeTables,
    view: View,
    at: Ints,
    known: Bytes,
    seen: Ints,
    asked: Ints,
    todo: Ints,
) -> Any:
    """How many activities may follow the first ``end`` events."""
    root, turn = len(tree.kind) - 1, end + 1
    if end == 0:
        return _allow(root, tree, seen, turn)
    todo[0, 0], todo[0, 1], todo[0, 2] = root, 0, end
    top, allowed = 1, 0
    while top > 0:
        top -= 1
        node, i, j = todo[top, 0], todo[top, 1], todo[top, 2]
        kind = tree.kind[node]
        if kind == STEP:
            continue
        if kind == CHOICE:
            child, a = _at(node, i, view)
            top = _put(child, a, a + j - i, view, asked, turn, todo, top)
        elif kind == PARALLEL:
            for k in range(tree.kids[node], tree.kids[node + 1]):
                child = tree.kid[k]
                up = view.up[view.start[child] : view.start[child + 1]]
                a, b = np.searchsorted(up, i), np.searchsorted(up, j)
                if a == b:
                    allowed += _allow(child, tree, seen, turn)
                else:
                    top = _put(child, a, b, view, asked, turn, todo, top)
        else:
            new, top = _ask_parts(node, i, j, tree, view, at, known, seen, asked, turn, todo, top)
            allowed += new
    return allowed


@njit(cache=True, nogil=True)
def _ask_prefixes(
    leaves: IntTable, tree: TreeTables, allowed: Ints, fits: NDArray[Any], most: int
) -> Any:
    """Activities allowed before each event that can be reached, and whether it is one of them.

    Returns  whether there was room.
    """
    view = view_trace(leaves, tree)
    at, whole, cells = _lay_out(tree, view)
    if cells > most:
        return False
    known = np.zeros(cells, np.uint8)
    _fill(tree, view, at, whole, known)
    nodes, events = len(tree.kind), view.start[len(tree.kind)]
    seen, asked = np.zeros(nodes, np.int64), np.zeros(events + 1, np.int64)
    todo = np.empty((nodes + events + 2, 3), np.int64)
    for e in range(len(allowed)):
        allowed[e] = _ask(e, tree, view, at, known, seen, asked, todo)
        if e == len(leaves) or not known[at[nodes - 1] + e + 1] & BEGINS:
            return True
        fits[e] = True
    return True


def ask_tree(tree: TreeTables, variants: WeightedVariants, unfit: int) -> tuple[Ints, NDArray[Any]]:
    """Activities allowed before each event, or ``unfit``, and whether it is one.

    Raises   TooManyError: a variant is too long.
    """
    allowed = np.full(len(variants.codes), unfit, np.int64)
    fits = np.zeros(len(variants.codes), np.bool_)
    leaves = tree.leaf[variants.codes]
    for lo, hi in zip(variants.offsets[:-1], variants.offsets[1:], strict=True):
        strange = np.flatnonzero(leaves[lo:hi] < 0)
        known = leaves[lo : lo + strange[0]] if len(strange) else leaves[lo:hi]
        if not _ask_prefixes(known, tree, allowed[lo:hi], fits[lo:hi], MOST_CELLS):
            raise TooManyError
    return allowed, fits
