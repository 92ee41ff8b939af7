"""What a net allows after each prefix, for nets with too many markings to list.

The markings that a prefix may lead to are kept as a set of numbers, found when first needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.room import Room
from thalweg.process.alignment.search import (
    MARKINGS,
    SUCCESSORS,
    Graph,
    NetTables,
    succeed,
)
from thalweg.process.chunks import Ints

MOST_KNOWN = 1 << 17
"""Markings found before this is given up; members of all sets together may be 32 times as many."""
NONE_LEFT = np.empty(0, np.int32)


class TooManyError(Exception):
    """The sets have outgrown their limit."""


@njit(cache=True, nogil=True)
def _reach(
    members: IntTable,
    label: int,
    net: NetTables,
    graph: Graph,
    state: IntTable,
    control: Ints,
    found: IntTable,
    mark: NDArray[np.uint8],
) -> Any:
    """Markings reached from members by a label (-1: by none) and then silently.

    Returns  how many stand in ``found``, or -1 if an array is too short.
    """
    count, failed = 0, False
    for m in members:
        if label < 0 and not mark[m]:
            mark[m] = 1
            found[count] = m
            count += 1
            continue
        for e in range(graph.first[m], graph.first[m] + graph.number[m]):
            if net.label[graph.fired[e]] == label and not mark[graph.reached[e]]:
                mark[graph.reached[e]] = 1
                found[count] = graph.reached[e]
                count += 1
    at, transitions = 0, len(net.label)
    while at < count and not failed:
        m = found[at]
        at += 1
        if graph.first[m] < 0:
            failed = control[MARKINGS] + transitions > len(graph.first) or control[
                SUCCESSORS
            ] + transitions > len(graph.fired)
            if failed:
                break
            succeed(m, net, graph, state, control)
        for e in range(graph.first[m], graph.first[m] + graph.number[m]):
            if net.label[graph.fired[e]] < 0 and not mark[graph.reached[e]]:
                mark[graph.reached[e]] = 1
                found[count] = graph.reached[e]
                count += 1
    for k in range(count):
        mark[found[k]] = 0
    return -1 if failed else count


@dataclass(slots=True)
class Sets:
    """The sets met so far, by number; each holds all that silent transitions lead to."""

    room: Room
    members: list[IntTable] = field(default_factory=list)
    allowed: list[int] = field(default_factory=list)
    number: dict[bytes, int] = field(default_factory=dict)
    leads: dict[tuple[int, int], int] = field(default_factory=dict)
    kept: int = 0

    def follow(self, before: int, label: int) -> int:
        """The set after a label, or -1 where the net cannot follow."""
        if (before, label) not in self.leads:
            self.leads[before, label] = self._enter(self.members[before], label)
        return self.leads[before, label]

    def begin(self) -> int:
        return self._enter(np.zeros(1, np.int32), -1)

    def _enter(self, members: IntTable, label: int) -> int:
        room = self.room
        while True:
            size = len(room.graph.first)
            found, mark = np.empty(size, np.int32), np.zeros(size, np.uint8)
            count = _reach(
                members, label, room.net, room.graph, room.parts.state, room.control, found, mark
            )
            if count >= 0:
                break
            if room.control[MARKINGS] > MOST_KNOWN:
                raise TooManyError
            room.grow_graph()
        return self._intern(np.sort(found[:count])) if count else -1

    def _intern(self, members: IntTable) -> int:
        key = members.tobytes()
        if key in self.number:
            return self.number[key]
        self.kept += len(members)
        if self.kept > 32 * MOST_KNOWN:
            raise TooManyError
        graph = self.room.graph
        first, number = graph.first[members], graph.number[members].astype(np.int64)
        ends = np.cumsum(number)
        at = np.arange(ends[-1]) + np.repeat(first - ends + number, number)
        labels = self.room.net.label[graph.fired[at]]
        self.allowed.append(len(np.unique(labels[labels >= 0])))
        self.members.append(members)
        self.number[key] = len(self.members) - 1
        return self.number[key]
