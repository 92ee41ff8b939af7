"""Discovery from directly-follows counts alone: at any size, and on merged aggregates.

Source: Leemans, Fahland and van der Aalst, "Scalable process discovery and conformance checking"
(2018), the directly-follows miner. Cuts are those of ``inductive``; the counts are divided instead
of the sequences. Of parts that run side by side the graph cannot tell whether all of them take
place; two counts can: activities that occur less often than their part is done leave it out
sometimes, and a single activity that occurs more often is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from thalweg.process.chunks import Ints
from thalweg.process.discovery.cuts import find_cut, keep_frequent
from thalweg.process.discovery.follows import DirectlyFollows
from thalweg.process.discovery.parts import OPERATORS, Part, assemble, check_noise
from thalweg.process.discovery.sublog import LOOP, PARALLEL, SEQUENCE, Bools, Table
from thalweg.process.models.tree import ProcessTree


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """A part of the process: who follows whom in it, and how often it is done.

    labels: activities. table: as in ``DirectlyFollows``. total: occurrences of each activity.
    objects: how often the part is done, nothing included; None where that is not known. exact:
    whether starts and ends are counts of the part itself; beside a parallel part only those are
    seen that come first or last of all.
    """

    labels: Ints
    table: Table
    total: Ints
    objects: int | None
    exact: bool = True


def discover_tree_from_counts(follows: DirectlyFollows, noise: float = 0.0) -> ProcessTree:
    """Discover a process tree from directly-follows counts.

    Takes    noise: as in ``discover_tree``.
    Returns  a simplified tree. Its directly-follows graph has every edge of the counts when noise
             is 0; that every sequence behind the counts fits is not guaranteed, since different
             logs have the same counts.
    Raises   RequestError: noise outside 0 to 1.
    Source   Leemans, Fahland and van der Aalst (2018), with the two counts named above.
    """
    check_noise(noise)
    total = follows.table[:, :-1].sum(axis=0)
    labels = np.arange(len(follows.names))
    whole = Counts(labels, follows.table.copy(), total, follows.objects)
    parts = [Part()]
    todo: list[tuple[int, Counts]] = [(0, whole)]
    while todo:
        at, counts = todo.pop()
        part, below = _divide(counts, follows.names, noise)
        parts[at] = part
        for one in below:
            part.children.append(len(parts))
            todo.append((len(parts), one))
            parts.append(Part())
    return assemble(parts)


def _divide(counts: Counts, names: tuple[str, ...], noise: float) -> tuple[Part, list[Counts]]:
    table, empty = counts.table, int(counts.table[-1, -1])
    if len(counts.labels) == 0:
        return Part(), []
    if empty:
        table[-1, -1] = 0
        done = counts
        if counts.objects is not None:
            done = replace(counts, objects=counts.objects - empty)
        if empty > noise * (counts.objects or empty + int(table[-1].sum())):
            return Part("choice", silent_first=True), [done]
        counts = done
    if len(counts.labels) == 1:
        name = names[counts.labels[0]]
        return (Part(flower=(name,)) if _repeats(counts, noise) else Part(label=name)), []
    for filtered in (False, True) if noise else (False,):
        way, group = find_cut(keep_frequent(table, noise) if filtered else table > 0)
        if way:
            given = replace(counts, exact=False) if filtered else counts
            below = [_below(given, way, group, g) for g in range(int(group.max()) + 1)]
            return Part(OPERATORS[way]), below
    return _fall_through(counts, names)


def _repeats(counts: Counts, noise: float) -> bool:
    """Whether a single activity is done more than once, and not infrequently."""
    if counts.objects is not None:
        return bool(counts.total[0] - counts.objects > noise * counts.objects)
    return bool(counts.table[0, 0] > noise * counts.table[0, 1])


def _below(counts: Counts, way: int, group: Ints, g: int) -> Counts:
    """The counts of one part of a cut."""
    table, mine, edge = counts.table, group == g, len(group)
    inner = np.flatnonzero(mine)
    at = np.append(inner, edge)
    part = table[np.ix_(at, at)]
    total = counts.total[inner]
    objects, exact = counts.objects, counts.exact
    if way == SEQUENCE:
        place = np.append(group, -1)
        before, after = np.flatnonzero(place < g), np.flatnonzero(np.append(group, edge) > g)
        part[-1, :-1] = table[np.ix_(before, inner)].sum(axis=0)
        part[:-1, -1] = table[np.ix_(inner, after)].sum(axis=1)
        part[-1, -1] = table[np.ix_(before, after)].sum()
    elif way == LOOP:
        others = np.flatnonzero(~mine)
        part[-1, :-1] += table[np.ix_(others, inner)].sum(axis=0)
        part[:-1, -1] += table[np.ix_(inner, others)].sum(axis=1)
        objects = int(part[-1, :-1].sum()) if exact else None
    elif way == PARALLEL:
        part[-1, -1] = max(0, (objects or 0) - int(total.sum()))
        exact = False
    else:
        others = np.flatnonzero(~mine)
        if not part[-1, :-1].any():
            part[-1, :-1] = table[np.ix_(others, inner)].sum(axis=0)
        if not part[:-1, -1].any():
            part[:-1, -1] = table[np.ix_(inner, others)].sum(axis=1)
        objects = int(part[-1, :-1].sum()) if exact else None
    return Counts(counts.labels[inner], part, total, objects, exact)


def _fall_through(counts: Counts, names: tuple[str, ...]) -> tuple[Part, list[Counts]]:
    """Begin anew wherever an end, or anything, leads to a start; at last, anything in any order."""
    table, activities = counts.table, len(counts.labels)
    starts, ends = table[-1, :-1] > 0, table[:-1, -1] > 0
    for before in (ends, np.ones(activities, np.bool_)):
        restart: Bools = before[:, None] & starts[None, :] & (table[:-1, :-1] > 0)
        if restart.any():
            cut = np.where(restart, table[:-1, :-1], 0)
            body = table.copy()
            body[:-1, :-1] -= cut
            body[-1, :-1] += cut.sum(axis=0)
            body[:-1, -1] += cut.sum(axis=1)
            known = counts.objects is not None and counts.exact
            objects = (counts.objects or 0) + int(cut.sum()) if known else None
            again = replace(counts, table=body, objects=objects)
            return Part("loop", silent_last=True), [again]
    return Part(flower=tuple(names[label] for label in counts.labels)), []
