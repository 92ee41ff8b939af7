"""State machines inside a Petri net, and what they say about the cost that is still to come.

A set of places of which every transition takes as many tokens as it gives back, none or one, holds
its one token for ever: seen through it, the net is a state machine with as many states as places.
Aligning a trace with such a part alone is cheap, and if each deviation is charged in one part only,
the costs of all parts add up to a bound from below on the cost in the whole net. This is a zero-one
cost partition over projections, as in planning (Haslum, Bonet and Geffner 2005; Katz and Domshlak
2010); the parts are the S-components of Petri net theory (Desel and Esparza 1995).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thalweg.process.models.petri import PetriNet

IntTable = NDArray[np.int32]
UNKNOWN, INSIDE, OUTSIDE = 0, 1, 2
SEARCH_STEPS = 3_000
"""Choices tried for one part; a net that needs more is too tangled for parts to help."""


class PartTables(NamedTuple):
    """The parts of a net as arrays.

    state[p, c]: number of place p as a state of part c, or -1. Edges ``edges[c]:edges[c + 1]`` of
    part c go from ``source`` to ``target``, carry a label's code (-1 for none) and the cost that
    the part charges for firing without an event. log_cost[c, label]: what it charges for an event
    left over. touched[c, label]: whether the event matters to the part. ends[c, s]: whether the
    token may end there. states: number of states of each part.
    """

    state: IntTable
    edges: NDArray[np.int64]
    source: IntTable
    target: IntTable
    label: IntTable
    cost: IntTable
    log_cost: NDArray[np.uint8]
    touched: NDArray[np.uint8]
    ends: NDArray[np.uint8]
    states: IntTable


@dataclass(slots=True)
class _Finder:
    """Searches one part: decides places, follows what each decision forces, and turns back."""

    inputs: list[list[int]]
    outputs: list[list[int]]
    beside: list[list[int]]
    steps: int = 0

    def find(self, transition: int) -> list[int] | None:
        """A part that contains the transition, or None."""
        self.steps = 0
        for place in self.inputs[transition]:
            mark = [UNKNOWN] * len(self.beside)
            found = self.complete(mark, [(place, INSIDE)])
            if found is not None:
                return [p for p, kind in enumerate(found) if kind == INSIDE]
        return None

    def complete(self, mark: list[int], wanted: list[tuple[int, int]]) -> list[int] | None:
        stack = [(mark, wanted)]
        while stack and self.steps < SEARCH_STEPS:
            mark, wanted = stack.pop()
            self.steps += 1
            if not self.follow(mark, wanted):
                continue
            open_choice = self.undecided(mark)
            if open_choice is None:
                return mark
            stack += [(mark.copy(), [(place, INSIDE)]) for place in reversed(open_choice)]
        return None

    def follow(self, mark: list[int], wanted: list[tuple[int, int]]) -> bool:
        """Decide the wanted places and all that follows; False on contradiction."""
        queue = list(wanted)
        while queue:
            place, kind = queue.pop()
            if mark[place] == kind:
                continue
            if mark[place] != UNKNOWN:
                return False
            mark[place] = kind
            for transition in self.beside[place]:
                forced = self.forced(mark, transition)
                if forced is None:
                    return False
                queue.extend(forced)
        return True

    def forced(self, mark: list[int], transition: int) -> list[tuple[int, int]] | None:
        sides = (self.inputs[transition], self.outputs[transition])
        inside = [[p for p in side if mark[p] == INSIDE] for side in sides]
        free = [[p for p in side if mark[p] == UNKNOWN] for side in sides]
        if max(map(len, inside)) > 1:
            return None
        known_empty = [not inside[k] and not free[k] for k in (0, 1)]
        if (known_empty[0] and inside[1]) or (known_empty[1] and inside[0]):
            return None
        forced: list[tuple[int, int]] = []
        for k in (0, 1):
            if inside[k] or known_empty[1 - k]:
                forced += [(p, OUTSIDE) for p in free[k]]
            elif inside[1 - k] and len(free[k]) == 1:
                forced.append((free[k][0], INSIDE))
        return forced

    def undecided(self, mark: list[int]) -> list[int] | None:
        """Places of which one must be inside, for a transition with one side decided."""
        for inputs, outputs in zip(self.inputs, self.outputs, strict=True):
            for one, other in ((inputs, outputs), (outputs, inputs)):
                if any(mark[p] == INSIDE for p in one) and not any(
                    mark[p] == INSIDE for p in other
                ):
                    return [p for p in other if mark[p] == UNKNOWN]
        return None


def find_parts(net: PetriNet) -> list[tuple[int, ...]]:
    """Sets of places with one token for ever that cover as many transitions as can be covered."""
    plain = all(
        weight == 1 for t in net.transitions for _, weight in (*t.inputs, *t.outputs)
    ) and all(t.inputs and t.outputs for t in net.transitions)
    if not plain:
        return []
    inputs = [[p for p, _ in t.inputs] for t in net.transitions]
    outputs = [[p for p, _ in t.outputs] for t in net.transitions]
    beside: list[list[int]] = [[] for _ in net.places]
    for number, (before, after) in enumerate(zip(inputs, outputs, strict=True)):
        for place in {*before, *after}:
            beside[place].append(number)
    finder = _Finder(inputs, outputs, beside)
    parts: list[tuple[int, ...]] = []
    covered: set[int] = set()
    for number, transition in enumerate(net.transitions):
        if transition.label is None or number in covered:
            continue
        found = finder.find(number)
        if found is None or sum(net.initial[p] for p in found) != 1:
            continue
        parts.append(tuple(found))
        covered.update(t for p in found for t in beside[p])
    return parts


def _edges(net: PetriNet, part: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Transition, state before and state after, for each transition of the part."""
    state = {place: number for number, place in enumerate(part)}
    for number, transition in enumerate(net.transitions):
        before = [state[p] for p, _ in transition.inputs if p in state]
        after = [state[p] for p, _ in transition.outputs if p in state]
        if before:
            yield number, before[0], after[0]


def part_tables(
    net: PetriNet, label: IntTable, labels: int, found: list[tuple[int, ...]]
) -> PartTables:
    """The parts as arrays; each transition and each label is charged in one part at most.

    Takes    label: code of each transition, -1 where silent. labels: number of codes.
             found: the parts.
    """
    parts = sorted(found, key=len, reverse=True)
    edges = [list(_edges(net, part)) for part in parts]
    state = np.full((len(net.places), len(parts)), -1, np.int32)
    log_cost = np.zeros((len(parts), labels), np.uint8)
    touched = np.zeros((len(parts), labels), np.uint8)
    ends = np.zeros((len(parts), max(map(len, parts), default=1)), np.uint8)
    everywhere = np.bincount(label[label >= 0], minlength=labels)
    rows: list[tuple[int, int, int, int]] = []
    bounds, charged, owned = [0], set[int](), set[int]()
    for c, part in enumerate(parts):
        state[list(part), c] = np.arange(len(part))
        for final in net.finals:
            ends[c, [s for s, p in enumerate(part) if final[p]]] = 1
        here = np.bincount([label[t] for t, _, _ in edges[c] if label[t] >= 0], minlength=labels)
        for code in np.flatnonzero((here > 0) & (here == everywhere)).tolist():
            if code not in owned:
                owned.add(code)
                log_cost[c, code] = touched[c, code] = 1
        for t, before, after in edges[c]:
            cost = int(label[t] >= 0 and t not in charged)
            charged.add(t)
            if cost:
                touched[c, label[t]] = 1
            rows.append((before, after, int(label[t]), cost))
        bounds.append(len(rows))
    columns = np.array(rows, np.int32).reshape(-1, 4)
    return PartTables(
        state=state,
        edges=np.array(bounds, np.int64),
        source=columns[:, 0].copy(),
        target=columns[:, 1].copy(),
        label=columns[:, 2].copy(),
        cost=columns[:, 3].copy(),
        log_cost=log_cost,
        touched=touched,
        ends=ends,
        states=np.array([len(part) for part in parts], np.int32),
    )
