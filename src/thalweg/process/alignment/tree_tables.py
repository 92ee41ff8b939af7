"""A process tree as arrays, and a trace as each block of the tree sees it.

Where every activity stands at one leaf only, as in all discovered trees, an event belongs to that
leaf and to the blocks around it, and to nothing else. What a trace costs in a block then follows
from what its parts cost in the blocks inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from thalweg.errors import RequestError
from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.search import Bytes
from thalweg.process.chunks import Ints
from thalweg.process.models.convert.tree_net import tree_to_net_with_steps
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree

STEP, SILENT_STEP, SEQUENCE, CHOICE, PARALLEL, LOOP = range(6)
_KINDS = {"sequence": SEQUENCE, "choice": CHOICE, "parallel": PARALLEL, "loop": LOOP}


class TreeTables(NamedTuple):
    """Nodes are numbered children first; the root is the last.

    Children of n are ``kid[kids[n]:kids[n + 1]]``. shortest: visible steps of the shortest run.
    easiest: child with the shortest run (of a loop: among its ways back). skips: whether the empty
    sequence will do. begin, finish: transitions that open and close the block, -1 for none; of a
    leaf ``begin`` is its own. leaf: node of each label's code, or -1. Leaves whose activities may
    come first are ``first[firsts[n]:firsts[n + 1]]``.
    """

    kind: IntTable
    kids: Ints
    kid: IntTable
    parent: IntTable
    shortest: IntTable
    easiest: IntTable
    skips: Bytes
    begin: IntTable
    finish: IntTable
    leaf: IntTable
    firsts: Ints
    first: IntTable


class View(NamedTuple):
    """A trace as the nodes see it: those of node n are ``start[n]:start[n + 1]``.

    event: number in the trace. owner: child that the event belongs to, -1 at a leaf. up: place
    among the events of the parent.
    """

    start: Ints
    event: IntTable
    owner: IntTable
    up: IntTable


@dataclass(slots=True)
class _Flat:
    """The tree's nodes in a row, children first."""

    code: dict[str, int]
    steps: tuple[int, ...]
    step: int = 0
    doubled: bool = False
    kind: list[int] = field(default_factory=list)
    kids: list[list[int]] = field(default_factory=list)
    shortest: list[int] = field(default_factory=list)
    easiest: list[int] = field(default_factory=list)
    skips: list[bool] = field(default_factory=list)
    first: list[list[int]] = field(default_factory=list)
    opened: list[tuple[int, int]] = field(default_factory=list)
    leaf: dict[int, int] = field(default_factory=dict)

    def add(self, tree: ProcessTree) -> int:
        """Number a block; its steps as ``tree_to_net_with_steps`` numbers them."""
        if tree.operator is None:
            return self._leaf(tree)
        children, kind = tree.children, _KINDS[tree.operator]
        if kind == PARALLEL:
            children = tuple(c for c in children if not c.silent) or children[:1]
            if len(children) == 1:
                return self.add(children[0])
        framed = kind in (PARALLEL, LOOP)
        begin = self._next() if framed else -1
        kids = [self.add(child) for child in children]
        finish = self._next() if framed else -1
        lengths, skips = [self.shortest[k] for k in kids], [self.skips[k] for k in kids]
        choices = kids[1:] if kind == LOOP else kids
        easiest = min(choices, key=self.shortest.__getitem__)
        if kind == CHOICE:
            shortest, skipping = min(lengths), any(skips)
            begins = kids
        elif kind == LOOP:
            shortest, skipping = lengths[0], skips[0]
            begins = kids if skips[0] else kids[:1]
        else:
            shortest, skipping = sum(lengths), all(skips)
            stop = skips.index(False) + 1 if kind == SEQUENCE and not skipping else len(kids)
            begins = kids[:stop]
        first = [leaf for k in begins for leaf in self.first[k]]
        return self._enter(kind, kids, shortest, easiest, skipping, first, (begin, finish))

    def _leaf(self, tree: ProcessTree) -> int:
        node, step = len(self.kind), self._next()
        if tree.label is None:
            return self._enter(SILENT_STEP, [], 0, -1, True, [], (step, -1))
        code = self.code[tree.label]
        self.doubled |= code in self.leaf
        self.leaf[code] = node
        return self._enter(STEP, [], 1, -1, False, [node], (step, -1))

    def _enter(
        self,
        kind: int,
        kids: list[int],
        shortest: int,
        easiest: int,
        skips: bool,
        first: list[int],
        opened: tuple[int, int],
    ) -> int:
        self.kind.append(kind)
        self.kids.append(kids)
        self.shortest.append(shortest)
        self.easiest.append(easiest)
        self.skips.append(skips)
        self.first.append(first)
        self.opened.append(opened)
        return len(self.kind) - 1

    def _next(self) -> int:
        self.step += 1
        return self.steps[self.step - 1]


def tree_tables(tree: ProcessTree, net: PetriNet, code: dict[str, int]) -> TreeTables | None:
    """The tree as arrays, or None if an activity stands at more than one leaf.

    Takes    net: the tree's own. code: of each label.
    Raises   RequestError: the net is another tree's.
    """
    made, steps = tree_to_net_with_steps(tree)
    if (made.transitions, made.initial, made.finals) != (net.transitions, net.initial, net.finals):
        raise RequestError(
            f"The net {net.name!r} is not that of the process tree it came with. Give tree_to_net "
            "of the tree, or the net alone."
        )
    flat = _Flat(code, steps)
    flat.add(tree)
    if flat.doubled:
        return None
    parent = np.full(len(flat.kind), -1, np.int32)
    for node, kids in enumerate(flat.kids):
        parent[kids] = node
    leaf = np.full(len(code), -1, np.int32)
    leaf[list(flat.leaf)] = list(flat.leaf.values())
    opened = np.array(flat.opened, np.int32)
    kids_at, kid = _rows(flat.kids)
    firsts, first = _rows(flat.first)
    return TreeTables(
        kind=np.array(flat.kind, np.int32),
        kids=kids_at,
        kid=kid,
        parent=parent,
        shortest=np.array(flat.shortest, np.int32),
        easiest=np.array(flat.easiest, np.int32),
        skips=np.array(flat.skips, np.uint8),
        begin=opened[:, 0].copy(),
        finish=opened[:, 1].copy(),
        leaf=leaf,
        firsts=firsts,
        first=first,
    )


def _rows(rows: list[list[int]]) -> tuple[Ints, IntTable]:
    bounds = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    return bounds, np.array([value for row in rows for value in row], np.int32)


@njit(cache=True, nogil=True)
def view_trace(leaves: IntTable, tree: TreeTables) -> Any:
    """Which events each node sees.

    Takes    leaves: the leaf of each event.
    """
    nodes = len(tree.kind)
    start = np.zeros(nodes + 1, np.int64)
    for leaf in leaves:
        node = leaf
        while node >= 0:
            start[node + 1] += 1
            node = tree.parent[node]
    start = np.cumsum(start)
    used = start[:-1].copy()
    event, owner, up = (
        np.empty(start[-1], np.int32),
        np.empty(start[-1], np.int32),
        np.full(start[-1], -1, np.int32),
    )
    for e in range(len(leaves)):
        node, below, below_at = np.int64(leaves[e]), np.int64(-1), np.int64(-1)
        while node >= 0:
            at = used[node]
            used[node] += 1
            event[at], owner[at] = e, below
            if below >= 0:
                up[below_at] = at - start[node]
            below, below_at = node, at
            node = np.int64(tree.parent[node])
    return View(start, event, owner, up)


@njit(cache=True, nogil=True)
def ranks(node: Any, child: Any, view: View) -> Any:
    """How many of the child's events come before each place among the node's."""
    lo, hi = view.start[node], view.start[node + 1]
    rank = np.zeros(hi - lo + 1, np.int64)
    for k in range(hi - lo):
        rank[k + 1] = rank[k] + (view.owner[lo + k] == child)
    return rank
