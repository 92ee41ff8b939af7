"""Inductive mining: a process tree from weighted variants, by cutting the activities again and again.

Source: Leemans, Fahland and van der Aalst, "Discovering block-structured process models from
event logs - a constructive approach" (2013) and, with noise, "... containing infrequent
behaviour" (2014).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from thalweg.errors import RequestError
from thalweg.process.discovery.cuts import activity_to_leave_out, find_cut, keep_frequent
from thalweg.process.discovery.sublog import (
    CHOICE,
    LOOP,
    PARALLEL,
    RESTART,
    SEQUENCE,
    Sublog,
    Table,
)
from thalweg.process.models.tree import SILENT, Operator, ProcessTree
from thalweg.process.models.tree_algebra import simplify_node
from thalweg.process.weighted import WeightedVariants

OPERATORS: dict[int, Operator] = {
    CHOICE: "choice",
    SEQUENCE: "sequence",
    PARALLEL: "parallel",
    LOOP: "loop",
}


@dataclass(slots=True)
class Part:
    """A node while the tree is being found: an operator over later parts, or a leaf.

    silent_first, silent_last: whether the operator has a silent child beside the parts.
    """

    operator: Operator | None = None
    label: str | None = None
    silent_first: bool = False
    silent_last: bool = False
    children: list[int] = field(default_factory=list)


def check_noise(noise: float) -> None:
    if not 0 <= noise <= 1:
        raise RequestError(
            f"The noise threshold {noise!r} is out of range. It is a share of the strongest way "
            "on from an activity. Give a number from 0 (keep everything) to 1."
        )


def discover_tree(variants: WeightedVariants, noise: float = 0.0) -> ProcessTree:
    """Discover a process tree; without noise every variant is in its language.

    Takes    noise: share (0 to 1) of an activity's strongest outgoing edge below which an edge is
             ignored where the full graph has no cut; also the share of sequences below which the
             empty ones, and of repetition below which the repetitions, are ignored.
    Returns  a simplified tree; equal for any order of the variants.
    Raises   RequestError: noise outside 0 to 1.
    Source   Inductive Miner (2013), and infrequent (2014) where noise is above 0.
    """
    check_noise(noise)
    labels = np.arange(len(variants.names))
    whole = Sublog(labels, variants.offsets, variants.codes, variants.count)
    parts = [Part()]
    todo: list[tuple[int, Sublog]] = [(0, whole)]
    while todo:
        at, sublog = todo.pop()
        part, below = _divide(sublog, variants.names, noise)
        parts[at] = part
        for one in below:
            part.children.append(len(parts))
            todo.append((len(parts), one))
            parts.append(Part())
    return assemble(parts)


def assemble(parts: list[Part]) -> ProcessTree:
    """The tree of the first part, simplified from the leaves upwards."""
    done: list[ProcessTree] = [SILENT] * len(parts)
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        children = [done[child] for child in part.children]
        children = [SILENT] * part.silent_first + children + [SILENT] * part.silent_last
        done[at] = simplify_node(ProcessTree(part.operator, part.label, tuple(children)))
    return done[0]


def _divide(sublog: Sublog, names: tuple[str, ...], noise: float) -> tuple[Part, list[Sublog]]:
    """One step: a leaf, or an operator with the sublogs of its children."""
    table = sublog.table()
    objects, empty = int(table[-1].sum()), int(table[-1, -1])
    if objects == empty:
        return Part(), []
    if empty:
        sublog = sublog.without_empty()
        table[-1, -1] = 0
        if empty > noise * objects:
            return Part("choice", silent_first=True), [sublog]
    if len(sublog.labels) == 1 and _once(table, noise):
        return Part(label=names[sublog.labels[0]]), []
    for edges in (table > 0, keep_frequent(table, noise)) if noise else (table > 0,):
        way, group = find_cut(edges)
        if way:
            below = sublog.split(way, group, int(group.max()) + 1)
            below = tuple(b for b in below if len(b.count)) if way == CHOICE else below
            return Part(OPERATORS[way]), list(below)
    return _fall_through(sublog, table)


def _once(table: Table, noise: float) -> bool:
    """Whether the only activity is done once: its repetitions are none, or infrequent."""
    objects, repeats = int(table[1, 0]), int(table[0, 0])
    return repeats <= noise * objects


def _fall_through(sublog: Sublog, table: Table) -> tuple[Part, list[Sublog]]:
    """What still fits every sequence when the graph has no cut, the most precise first.

    Source: Leemans, "Robust process mining with guarantees" (2017), section 6.1.3.
    """
    activities = len(sublog.labels)
    alone = _once_per_sequence(sublog)
    if alone is None and activities > 1:
        alone = activity_to_leave_out(sublog, table)
    if alone is not None:
        group = (np.arange(activities) != alone).astype(np.int64)
        return Part("parallel"), list(sublog.split(PARALLEL, group, 2))
    starts, ends = table[-1, :-1] > 0, table[:-1, -1] > 0
    everywhere = np.ones(activities, np.bool_)
    together = np.zeros(activities, np.int64)
    for before in (ends, everywhere):
        restart = before[:, None] & starts[None, :]
        if (table[:-1, :-1][restart] > 0).any():
            (body,) = sublog.split(RESTART, together, 1, restart)
            return Part("loop", silent_last=True), [body]
    below = [_single(sublog, a) for a in range(activities)]
    return Part("loop", silent_first=True), below


def _single(sublog: Sublog, a: int) -> Sublog:
    """The sublog of one sequence in which an activity is done once."""
    one = np.ones(1, np.int64)
    return Sublog(sublog.labels[a : a + 1], np.array([0, 1]), np.zeros(1, np.uint32), one)


def _once_per_sequence(sublog: Sublog) -> int | None:
    """The first activity that every sequence has exactly once."""
    rows, activities = len(sublog.count), len(sublog.labels)
    if len(sublog.codes) < rows:
        return None
    owner = np.repeat(np.arange(rows), np.diff(sublog.offsets))
    total = np.bincount(sublog.codes, minlength=activities)
    for a in np.flatnonzero(total == rows):
        if len(np.unique(owner[sublog.codes == a])) == rows:
            return int(a)
    return None
