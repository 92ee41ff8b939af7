"""The arrays of the alignments by dynamic programming: one list of markings, one store per thread."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.room import Found, Room, grown
from thalweg.process.alignment.search import GRAPH_FULL, MARKINGS, SUCCESSORS
from thalweg.process.alignment.table import (
    ARRIVED,
    MOST_CREDIT,
    STORE_COUNTS,
    STORE_FULL,
    Space,
    Store,
    explore,
    leads_to_end,
    read_path,
    rehash_links,
    rehash_vectors,
    walk,
)
from thalweg.process.chunks import Ints

MOST_MARKINGS = 20_000
STORE_BYTES = 1 << 27
"""Memory for one thread's vectors; when it is full, they are forgotten."""


def list_markings(room: Room, labels: int) -> Space | None:
    """The net's reachability graph, or None if it has too many markings to list.

    Takes    labels: number of codes that transitions and events may have.
    """
    while True:
        said = explore(room.net, room.graph, room.parts.state, room.control, MOST_MARKINGS)
        if said != GRAPH_FULL:
            break
        room.grow_graph()
    if said == 0:
        return None
    markings, moves = int(room.control[MARKINGS]), int(room.control[SUCCESSORS])
    first, number = room.graph.first[:markings], room.graph.number[:markings].astype(np.int64)
    order = np.argsort(first, kind="stable")
    source = np.repeat(np.arange(markings)[order], number[order])
    target = room.graph.reached[:moves].astype(np.int64)
    via, final = room.graph.fired[:moves], room.graph.final[:markings]
    good = leads_to_end(source, target, final)
    if not good[0]:
        return None
    place = np.cumsum(good) - 1
    kept = good[source] & good[target]
    source, target, via = place[source[kept]], place[target[kept]], via[kept]
    return _space(source, target, via, room.net.label, final[good], labels)


def _space(
    source: Ints,
    target: Ints,
    via: IntTable,
    label: IntTable,
    final: NDArray[np.uint8],
    labels: int,
) -> Space:
    def bounds(values: Ints, rows: int) -> Ints:
        return np.concatenate(([0], np.cumsum(np.bincount(values, minlength=rows))))

    def narrow(values: NDArray[np.integer]) -> IntTable:
        return values.astype(np.int32)

    out, back = np.lexsort((via, source)), np.lexsort((via, target))
    code = label[via].astype(np.int64)
    seen = np.flatnonzero(code >= 0)
    sync = seen[np.lexsort((via[seen], source[seen], code[seen]))]
    cost = (code >= 0).astype(np.int32)
    return Space(
        out=bounds(source, len(final)),
        out_to=narrow(target[out]),
        out_cost=cost[out],
        back=bounds(target, len(final)),
        back_from=narrow(source[back]),
        back_cost=cost[back],
        back_via=narrow(via[back]),
        back_to=narrow(target[back]),
        sync=bounds(code[sync], labels),
        sync_from=narrow(source[sync]),
        sync_to=narrow(target[sync]),
        label=label,
        final=final,
    )


@dataclass(slots=True)
class Table:
    """One thread's automaton of credits. What it holds changes the time of an answer, never it."""

    space: Space
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = self._new_store(1 << 8)

    @property
    def markings(self) -> int:
        return len(self.space.final)

    def align(self, trace: IntTable, most: int) -> Found | None:
        """The cheapest alignment of a trace, which costs ``most`` at most.

        Returns  None if the store cannot hold it.
        """
        path = np.empty(len(trace) + 1, np.int32)
        budget = 0
        while budget < MOST_CREDIT:
            if not (said := self._walk(trace, budget, path)):
                return None
            if said == ARRIVED:
                return self._read(trace, budget, path)
            if budget >= most:
                return None
            budget = min(2 * budget + 1, most)
        return None

    def _walk(self, trace: IntTable, budget: int, path: IntTable) -> int:
        """What the walk said, or 0 if there is no room for it."""
        if budget >= len(self.store.heads):
            self.store = self.store._replace(heads=np.full(2 * budget + 1, -1, np.int32))
        forgotten = 0
        while forgotten < 2:
            said = int(walk(trace, budget, self.space, self.store, path))
            if said != STORE_FULL:
                return said
            forgotten += self.make_room()
        return 0

    def make_room(self) -> bool:
        """More room, at the limit by forgetting all vectors; whether they were forgotten."""
        if 2 * self.store.credit.nbytes <= STORE_BYTES:
            self._grow()
            return False
        self.store = self._new_store(len(self.store.credit), len(self.store.heads))
        return True

    def _read(self, trace: IntTable, budget: int, path: IntTable) -> Found:
        size = 4 * len(trace) + 64
        while True:
            event, transition = np.empty(size, np.int32), np.empty(size, np.int32)
            count = read_path(trace, budget, self.space, self.store, path, event, transition)
            if count >= 0:
                break
            size *= 2
        event, transition = event[:count][::-1].copy(), transition[:count][::-1].copy()
        alone = (event >= 0) != ((transition >= 0) & (self.space.label[transition] >= 0))
        cost = int(np.count_nonzero(alone))
        states = int(self.store.alive[path].sum())
        return Found(cost, cost, states, event, transition)

    def _new_store(self, vectors: int, heads: int = 64) -> Store:
        entries = len(self.space.out_to) + len(self.space.sync_to) + 1
        return Store(
            credit=np.empty((vectors, self.markings), np.int16),
            alive=np.empty(vectors, np.int32),
            table=np.full(2 * vectors, -1, np.int32),
            link=np.full(8 * vectors, -1, np.int64),
            link_to=np.empty(8 * vectors, np.int32),
            entry=np.empty(entries, np.int32),
            entry_credit=np.empty(entries, np.int32),
            below=np.empty(entries, np.int32),
            heads=np.full(heads, -1, np.int32),
            counts=np.zeros(STORE_COUNTS, np.int64),
        )

    def _grow(self) -> None:
        old = self.store
        larger = old._replace(
            credit=grown(old.credit),
            alive=grown(old.alive),
            table=np.full(2 * len(old.table), -1, np.int32),
            link=np.full(2 * len(old.link), -1, np.int64),
            link_to=np.empty(2 * len(old.link), np.int32),
        )
        rehash_vectors(larger)
        rehash_links(old.link, old.link_to, larger)
        self.store = larger
