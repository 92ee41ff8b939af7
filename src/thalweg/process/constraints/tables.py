"""Counts behind DECLARE constraints: small integer tables from one pass over weighted variants.

For every ordered pair of activities (a, b) the tables hold how many events and objects behave as
each template asks. All templates are sums and differences of these counts, so that mining and
checking read the sequences once, and tables of disjoint sets of objects add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    Chunk,
    Codes,
    Ints,
    chunk_codes,
    chunk_offsets,
    each,
    object_chunks,
    read_only,
)
from thalweg.process.weighted import WeightedVariants

WIDTH = 17
(
    BOTH,  # objects with a and b
    E_EXISTENCE,  # events a in objects with b
    E_RESPONSE,  # events a with a later b
    E_PRECEDENCE,  # events b with an earlier a
    E_ALTERNATE,  # events a with a b before the next a; as many b with an a after the b before
    E_CHAIN,  # events a with b directly after; as many b with a directly before
    O_RESPONSE,  # objects with a in which every a has a later b
    O_PRECEDENCE,  # objects with b in which every b has an earlier a
    O_SUCCESSION,  # objects with a or b in which both hold
    O_ALTERNATE_RESPONSE,
    O_ALTERNATE_PRECEDENCE,
    O_ALTERNATE_SUCCESSION,
    O_CHAIN_RESPONSE,
    O_CHAIN_PRECEDENCE,
    O_CHAIN_SUCCESSION,
    O_ORDERED,  # objects with some a before some b
    O_FOLLOWED,  # objects with some a directly before a b
) = range(WIDTH)
START, END = range(2)
_RUN_ENTRIES = 1 << 21
"""Entries per run: large, since every run brings tables of its own."""

Table = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class DeclareTables:
    """Mergeable counts.

    names: activities in the order of the codes. occurrences: by activity and number of events in
    one object, the objects (0 included). edges: by activity, objects that START and END with it.
    pairs: by ordered pair of activities and column, as listed at the top of the module.
    """

    names: tuple[str, ...]
    objects: int
    occurrences: Table
    edges: Table
    pairs: Table

    @property
    def events(self) -> Ints:
        """Events of each activity."""
        return np.asarray(self.occurrences @ np.arange(self.occurrences.shape[1]))

    @property
    def holders(self) -> Ints:
        """Objects that have each activity."""
        return np.asarray(self.objects - self.occurrences[:, 0])

    def merge(self, other: DeclareTables) -> DeclareTables:
        """The counts of both sets of objects, which are disjoint; activities meet by name."""
        names = tuple(sorted({*self.names, *other.names}))
        return _added(self.named(names), other.named(names))

    def named(self, names: Sequence[str]) -> DeclareTables:
        """The same counts over other activities, which hold all that occur here."""
        if tuple(names) == self.names:
            return self
        place = {name: code for code, name in enumerate(names)}
        at = np.array([place[name] for name in self.names], np.int64)
        occurrences = np.zeros((len(names), self.occurrences.shape[1]), np.int64)
        occurrences[:, 0] = self.objects
        occurrences[at] = self.occurrences
        edges = np.zeros((len(names), 2), np.int64)
        edges[at] = self.edges
        pairs = np.zeros((len(names), len(names), WIDTH), np.int64)
        pairs[np.ix_(at, at)] = self.pairs
        return DeclareTables(tuple(names), self.objects, occurrences, edges, pairs)


def _added(a: DeclareTables, b: DeclareTables) -> DeclareTables:
    wide = max(a.occurrences.shape[1], b.occurrences.shape[1])
    occurrences = np.zeros((len(a.names), wide), np.int64)
    for part in (a, b):
        occurrences[:, : part.occurrences.shape[1]] += part.occurrences
    return DeclareTables(
        a.names, a.objects + b.objects, occurrences, a.edges + b.edges, a.pairs + b.pairs
    )


@njit(cache=True, nogil=True)
def _count(
    offsets: Ints,
    code: Codes,
    weight: Ints,
    occurrences: Table,
    edges: Table,
    pairs: Table,
) -> None:
    names = len(edges)
    slot = np.full(names, -1, np.int64)
    used = np.empty(names, np.int64)
    total, seen = np.empty(names, np.int64), np.empty(names, np.int64)
    first, last = np.empty(names, np.int64), np.empty(names, np.int64)
    latest = np.empty(names, np.int64)
    turns = np.zeros((names, names), np.int64)
    steps = np.zeros((names, names), np.int64)
    for i in range(len(offsets) - 1):
        lo, hi, w = offsets[i], offsets[i + 1], weight[i]
        k = 0
        for j in range(lo, hi):
            s = slot[code[j]]
            if s < 0:
                s = k
                slot[code[j]], used[k] = s, code[j]
                total[s], seen[s], first[s], latest[s] = 0, 0, j, -1
                k += 1
            total[s] += 1
            last[s] = j
        before = -1
        for j in range(lo, hi):
            b = slot[code[j]]
            for a in range(k):
                if a == b:
                    continue
                if j == first[b]:
                    pairs[used[b], used[a], E_PRECEDENCE] += w * (total[a] - seen[a])
                if j == last[b]:
                    pairs[used[a], used[b], E_RESPONSE] += w * seen[a]
                if latest[a] > latest[b]:
                    turns[a, b] += 1
            if before >= 0 and before != b:
                steps[before, b] += 1
            seen[b] += 1
            latest[b] = j
            before = b
        for a in range(k):
            occurrences[used[a], total[a]] += w
            for b in range(k):
                if a != b:
                    _add_pair(
                        pairs, used[a], used[b], w, total[a], total[b],
                        last[a] < last[b], first[a] < first[b], first[a] < last[b],
                        turns[a, b], steps[a, b],
                    )  # fmt: skip
                turns[a, b], steps[a, b] = 0, 0
        if hi > lo:
            edges[code[lo], START] += w
            edges[code[hi - 1], END] += w
        for a in range(k):
            slot[used[a]] = -1


@njit(cache=True, nogil=True, inline="always")
def _add_pair(
    pairs: Table,
    a: int,
    b: int,
    w: int,
    events_a: int,
    events_b: int,
    responds: bool,
    precedes: bool,
    ordered: bool,
    turns: int,
    steps: int,
) -> None:
    pairs[a, b, BOTH] += w
    pairs[a, b, E_EXISTENCE] += w * events_a
    pairs[a, b, E_ALTERNATE] += w * turns
    pairs[a, b, E_CHAIN] += w * steps
    pairs[a, b, O_RESPONSE] += w * responds
    pairs[a, b, O_PRECEDENCE] += w * precedes
    pairs[a, b, O_SUCCESSION] += w * (responds and precedes)
    pairs[a, b, O_ALTERNATE_RESPONSE] += w * (turns == events_a)
    pairs[a, b, O_ALTERNATE_PRECEDENCE] += w * (turns == events_b)
    pairs[a, b, O_ALTERNATE_SUCCESSION] += w * (turns == events_a and turns == events_b)
    pairs[a, b, O_CHAIN_RESPONSE] += w * (steps == events_a)
    pairs[a, b, O_CHAIN_PRECEDENCE] += w * (steps == events_b)
    pairs[a, b, O_CHAIN_SUCCESSION] += w * (steps == events_a and steps == events_b)
    pairs[a, b, O_ORDERED] += w * ordered
    pairs[a, b, O_FOLLOWED] += w * (steps > 0)


def count_declare(variants: WeightedVariants, threads: int | None = None) -> DeclareTables:
    """The tables of all variants, in one pass.

    Costs per variant its length times its different activities; the tables take 136 bytes for
    each pair of activities.
    """
    count, names = len(variants.names), variants.names
    weights = read_only(variants.count)

    def work(chunk: Chunk) -> DeclareTables:
        runs = chunk_offsets(variants.offsets, chunk)
        longest = int(np.diff(runs).max(initial=0))
        occurrences = np.zeros((count, longest + 1), np.int64)
        edges = np.zeros((count, 2), np.int64)
        pairs = np.zeros((count, count, WIDTH), np.int64)
        weight = np.array(weights[chunk.first : chunk.last], np.int64)
        _count(runs, chunk_codes(variants.codes, chunk), weight, occurrences, edges, pairs)
        objects = int(weight.sum())
        occurrences[:, 0] = objects - occurrences.sum(axis=1)
        most = int(np.flatnonzero(occurrences.any(axis=0)).max(initial=0))
        return DeclareTables(names, objects, occurrences[:, : most + 1], edges, pairs)

    nothing = DeclareTables(
        names,
        0,
        np.zeros((count, 1), np.int64),
        np.zeros((count, 2), np.int64),
        np.zeros((count, count, WIDTH), np.int64),
    )
    chunks = object_chunks(variants.offsets, _RUN_ENTRIES)
    return reduce(_added, each(work, chunks, threads), nothing)
