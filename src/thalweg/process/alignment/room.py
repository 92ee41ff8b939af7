"""The arrays that a search works in: made small, doubled when full, used again for the next."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.process.alignment.parts import IntTable, PartTables, find_parts, part_tables
from thalweg.process.alignment.search import (
    BUCKET,
    BUCKETS,
    CAPPED,
    CONTROLS,
    FOUND,
    GOAL,
    GRAPH_FULL,
    GREED,
    LOST,
    MARKINGS,
    NEVER,
    NODES,
    POOL_FULL,
    SETTLED,
    SLICE,
    SUCCESSORS,
    Graph,
    NetTables,
    Pool,
    empty_pool,
    number_marking,
    offer,
    read_moves,
    rehash_markings,
    rehash_states,
    rest_costs,
    search,
)
from thalweg.process.chunks import Ints
from thalweg.process.models.petri import PetriNet, Weighted

SLICE_STATES = 1 << 12
"""States settled before the clock and the wish to stop are looked at again."""
GRAPH_LIMIT = 1 << 21
"""Markings kept between variants; beyond, the next search starts with none."""
COMPLETION_GREED = 4
"""Weight of the rest in the search for some alignment, once the cap has ended the one for the best."""


class StoppedError(Exception):
    """The caller no longer wants the answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """One search's answer: bounds on the cost, states settled, and the best alignment's moves.

    event: position in the trace, or -1. transition: its number, or -1.
    """

    low: int
    high: int
    states: int
    event: IntTable
    transition: IntTable


def net_tables(net: PetriNet, code: dict[str, int]) -> NetTables:
    def flat(arcs: list[Weighted]) -> tuple[Ints, IntTable, IntTable]:
        table = np.array([arc for side in arcs for arc in side], np.int32).reshape(-1, 2)
        bounds = np.concatenate(([0], np.cumsum([len(side) for side in arcs]))).astype(np.int64)
        return bounds, np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])

    labels = [-1 if t.label is None else code[t.label] for t in net.transitions]
    return NetTables(
        *flat([t.inputs for t in net.transitions]),
        *flat([t.outputs for t in net.transitions]),
        np.array(labels, np.int32),
        np.array(net.finals, np.uint8).reshape(-1, len(net.places)),
    )


def grown(values: NDArray[Any]) -> NDArray[Any]:
    larger = np.empty((2 * len(values), *values.shape[1:]), values.dtype)
    larger[: len(values)] = values
    return larger


@dataclass(slots=True)
class Room:
    """One thread's arrays for one net. Nothing kept from earlier searches changes an answer."""

    net: NetTables
    parts: PartTables
    initial: NDArray[np.uint8]
    bounded: bool
    graph: Graph = field(init=False)
    pool: Pool = field(init=False)
    control: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.control = np.zeros(CONTROLS, np.int64)
        self.pool = _new_pool(1 << 12)
        self._forget_graph()
        empty_pool(self.pool, self.control)

    @staticmethod
    def of(net: PetriNet, code: dict[str, int], *, bounded: bool = True) -> Room:
        """Takes    bounded: whether to look for the parts that bound a search from below."""
        tables = net_tables(net, code)
        parts = part_tables(net, tables.label, len(code), find_parts(net) if bounded else [])
        return Room(tables, parts, np.array(net.initial, np.uint8), bounded)

    def another(self) -> Room:
        """Arrays for another thread."""
        return Room(self.net, self.parts, self.initial, self.bounded)

    def _forget_graph(self) -> None:
        size = max(1 << 10, 4 * len(self.net.label))
        self.graph = Graph(
            np.empty((size, len(self.initial)), np.uint8),
            np.full(1 << (2 * size).bit_length(), -1, np.int32),
            np.empty(size, np.int64),
            np.empty(size, np.int32),
            np.zeros((size, len(self.parts.states)), np.int32),
            np.empty(size, np.uint8),
            np.empty(size, np.uint8),
            np.empty(8 * size, np.int32),
            np.empty(8 * size, np.int32),
        )
        self.control[MARKINGS] = self.control[SUCCESSORS] = 0
        number_marking(self.initial, self.net, self.graph, self.parts.state, self.control)

    def grow_graph(self) -> None:
        """Room for at least one more marking's successors."""
        graph, wanted = self.graph, len(self.net.label)
        if self.control[SUCCESSORS] + wanted > len(graph.fired):
            graph = graph._replace(fired=grown(graph.fired), reached=grown(graph.reached))
        if self.control[MARKINGS] + wanted > len(graph.first):
            by_marking = ("tokens", "first", "number", "part", "final", "lost")
            larger = {name: grown(getattr(graph, name)) for name in by_marking}
            larger["part"][len(graph.part) :] = 0
            graph = graph._replace(table=np.empty(2 * len(graph.table), np.int32), **larger)
            rehash_markings(graph, self.control)
        self.graph = graph

    def _grow_pool(self) -> None:
        larger = {
            name: grown(values)
            for name, values in self.pool._asdict().items()
            if name not in ("table", "heads")
        }
        self.pool = self.pool._replace(table=np.empty(2 * len(self.pool.table), np.int32), **larger)
        rehash_states(self.pool, self.control)

    def align(self, trace: IntTable, max_states: int, max_seconds: float, stop: StopFlag) -> Found:
        """The cheapest alignment of a trace, or bounds and a good one where a cap ends the search.

        Takes    trace: codes of the events, -1 where no transition has the label.
                 max_seconds: if there are none, nothing is searched.
        Returns  bounds; ``high`` is ``NEVER`` if no alignment was found.
        """
        begun, nothing = time.monotonic(), np.empty(0, np.int32)
        rest = self._rest(trace)
        if max_seconds <= 0:
            return Found(self._least(rest), int(NEVER), 0, nothing, nothing)
        said = self._run(trace, rest, 1, max_states, begun + max_seconds, stop)
        lost, states = int(self.control[LOST]), int(self.control[SETTLED])
        if said == FOUND:
            cost = int(self.pool.cost[self.control[GOAL]])
            return Found(min(cost, lost), cost, states, *self._moves())
        low = min(lost, int(self.control[BUCKET])) if said == CAPPED else lost
        until = time.monotonic() + max_seconds / 4
        said = self._run(trace, rest, COMPLETION_GREED, max_states // 4, until, stop)
        states += int(self.control[SETTLED])
        if said == FOUND:
            cost = int(self.pool.cost[self.control[GOAL]])
            return Found(low, cost, states, *self._moves())
        return Found(low, int(NEVER), states, nothing, nothing)

    def _least(self, rest: tuple[IntTable, IntTable, IntTable]) -> int:
        """What the parts alone say of the whole trace."""
        row, best, strange = rest
        bounds = best[row[:, 0], self.graph.part[0]]
        return min(int(strange[0]) + int(bounds.sum(dtype=np.int64)), int(NEVER))

    def _rest(self, trace: IntTable) -> tuple[IntTable, IntTable, IntTable]:
        length, parts = len(trace), len(self.parts.states)
        row = np.zeros((parts, length + 1), np.int32)
        widest = max(self.parts.states.tolist(), default=1)
        best = np.empty((parts * (length + 1), widest), np.int32)
        strange = np.empty(length + 1, np.int32)
        rest_costs(trace, self.parts, row, best, strange)
        return row, best, strange

    def _run(
        self,
        trace: IntTable,
        rest: tuple[IntTable, IntTable, IntTable],
        greed: int,
        max_states: int,
        until: float,
        stop: StopFlag,
    ) -> int:
        empty_pool(self.pool, self.control)
        if self.control[MARKINGS] > GRAPH_LIMIT:
            self._forget_graph()
        self.control[GREED] = greed
        offer(0, 0, 0, -1, -1, self.graph, self.pool, *rest, self.control)
        while True:
            cap = min(max_states, int(self.control[SETTLED]) + SLICE_STATES)
            said = search(
                trace, self.net, self.parts, self.graph, self.pool, *rest, self.control, cap
            )
            if said == GRAPH_FULL:
                self.grow_graph()
            elif said == POOL_FULL:
                self._grow_pool()
            elif said != SLICE:
                return int(said)
            elif self.control[SETTLED] >= max_states or time.monotonic() > until:
                return CAPPED
            if stop.wanted:
                raise StoppedError

    def _moves(self) -> tuple[IntTable, IntTable]:
        event, transition = (np.empty(int(self.control[NODES]), np.int32) for _ in range(2))
        count = read_moves(self.pool, int(self.control[GOAL]), event, transition)
        return event[:count].copy(), transition[:count].copy()


@dataclass(slots=True)
class StopFlag:
    """Raised by the caller, looked at between slices of work."""

    wanted: bool = False


def _new_pool(size: int) -> Pool:
    def whole() -> IntTable:
        return np.empty(size, np.int32)

    return Pool(
        key=np.empty(size, np.int64),
        table=np.full(2 * size, -1, np.int32),
        marking=whole(),
        position=whole(),
        cost=whole(),
        rest=whole(),
        parent=whole(),
        via=whole(),
        done=np.empty(size, np.uint8),
        entry=whole(),
        entry_cost=whole(),
        below=whole(),
        heads=np.full(BUCKETS, -1, np.int32),
    )
