"""Inductive mining: a process tree from weighted variants, by cutting the activities again and again.

Source: Leemans, Fahland and van der Aalst, "Discovering block-structured process models from
event logs - a constructive approach" (2013) and, with noise, "... containing infrequent
behaviour" (2014).
"""

from __future__ import annotations

import numpy as np

from thalweg.process.discovery.cuts import activity_to_leave_out, find_cut, keep_frequent
from thalweg.process.discovery.parts import OPERATORS, Part, assemble, check_noise
from thalweg.process.discovery.sublog import CHOICE, PARALLEL, RESTART, Sublog, Table
from thalweg.process.models.tree import ProcessTree
from thalweg.process.weighted import WeightedVariants


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
    labels = np.array(sorted(range(len(variants.names)), key=variants.names.__getitem__), np.int64)
    codes = np.argsort(labels).astype(np.uint32)[variants.codes]
    whole = Sublog(labels, variants.offsets, codes, variants.count)
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
    return _fall_through(sublog, table, names)


def _once(table: Table, noise: float) -> bool:
    """Whether the only activity is done once: its repetitions are none, or infrequent."""
    objects, repeats = int(table[1, 0]), int(table[0, 0])
    return repeats <= noise * objects


def _fall_through(
    sublog: Sublog, table: Table, names: tuple[str, ...]
) -> tuple[Part, list[Sublog]]:
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
    return Part(flower=tuple(names[label] for label in sublog.labels)), []


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
