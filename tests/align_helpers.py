"""Models for the tests of alignments, and a plain search that shares no code with the package."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from thalweg.process.models.petri import PetriNet, Transition

Marking = tuple[int, ...]
LABELS = ("a", "b", "c", "d")


def fire(net: PetriNet, marking: Marking) -> list[tuple[Transition, Marking]]:
    found = []
    for transition in net.transitions:
        if all(marking[p] >= w for p, w in transition.inputs):
            after = list(marking)
            for p, w in transition.inputs:
                after[p] -= w
            for p, w in transition.outputs:
                after[p] += w
            found.append((transition, tuple(after)))
    return found


def cheapest(net: PetriNet, trace: Sequence[str], most_states: int = 20_000) -> int | None:
    """Cost of a cheapest alignment by Dijkstra's search; None if the net never completes."""
    best: dict[tuple[Marking, int], int] = {}
    heap = [(0, 0, net.initial)]
    while heap:
        cost, position, marking = heapq.heappop(heap)
        if (marking, position) in best:
            continue
        best[marking, position] = cost
        assume(len(best) < most_states)
        if position == len(trace) and marking in net.finals:
            return cost
        if position < len(trace):
            heapq.heappush(heap, (cost + 1, position + 1, marking))
        for transition, after in fire(net, marking):
            heapq.heappush(heap, (cost + (transition.label is not None), position, after))
            if position < len(trace) and transition.label == trace[position]:
                heapq.heappush(heap, (cost, position + 1, after))
    return None


def closure(net: PetriNet, markings: set[Marking]) -> set[Marking]:
    found, stack = set(markings), list(markings)
    while stack:
        for transition, after in fire(net, stack.pop()):
            if transition.label is None and after not in found:
                found.add(after)
                stack.append(after)
    return found


def net_of(arcs: str, initial: str, *finals: str) -> PetriNet:
    """A net from text: ``p q > a > r; r > _ > s`` takes from p and q and gives to r; _ is silent."""
    steps = [[side.split() for side in step.split(">")] for step in arcs.split(";")]
    places = tuple(sorted({p for before, _, after in steps for p in (*before, *after)}))

    def weigh(names: list[str]) -> tuple[tuple[int, int], ...]:
        return tuple((places.index(p), names.count(p)) for p in sorted(set(names)))

    def mark(text: str) -> Marking:
        return tuple(text.split().count(p) for p in places)

    transitions = tuple(
        Transition(f"t{i}", None if label == ["_"] else " ".join(label), weigh(a), weigh(b))
        for i, (a, label, b) in enumerate(steps)
    )
    return PetriNet(places, transitions, mark(initial), tuple(map(mark, finals)))


def from_pm4py(net: Any, initial: Any, final: Any) -> PetriNet:
    """PM4Py's net as ours."""
    places = sorted(net.places, key=lambda place: place.name)
    at = {place: number for number, place in enumerate(places)}
    transitions = tuple(
        Transition(
            t.name,
            t.label,
            tuple(sorted((at[a.source], a.weight) for a in t.in_arcs)),
            tuple(sorted((at[a.target], a.weight) for a in t.out_arcs)),
        )
        for t in sorted(net.transitions, key=lambda t: t.name)
    )
    marks = [tuple(m.get(place, 0) for place in places) for m in (initial, final)]
    return PetriNet(tuple(p.name for p in places), transitions, marks[0], (marks[1],))


traces = st.lists(st.sampled_from((*LABELS, "x")), max_size=8).map(tuple)


@st.composite
def nets(draw: st.DrawFn) -> PetriNet:
    """Small nets of any kind: weights, silent loops, equal labels, deadlocks, several ends.

    One final marking is where a random run ends. No silent transition makes tokens out of fewer.
    """
    places = draw(st.integers(2, 4))
    side = st.dictionaries(st.integers(0, places - 1), st.integers(1, 2), max_size=2)
    drawn = draw(st.lists(st.tuples(side, side), min_size=1, max_size=6))
    transitions = []
    for number, (before, after) in enumerate(drawn):
        silent = (None,) if sum(after.values()) <= sum(before.values()) else ()
        label = draw(st.sampled_from((*LABELS, *silent * 2)))
        arcs = (tuple(sorted(before.items())), tuple(sorted(after.items())))
        transitions.append(Transition(f"t{number}", label, *arcs))
    marking = st.tuples(*[st.integers(0, 1)] * places)
    initial = draw(marking)
    names = tuple(f"p{i}" for i in range(places))
    net = PetriNet(names, tuple(transitions), initial, ())
    reached = initial
    for turn in draw(st.lists(st.integers(0, 5), max_size=6)):
        enabled = fire(net, reached)
        reached = enabled[turn % len(enabled)][1] if enabled else reached
    finals = tuple({reached, draw(marking)})
    return PetriNet(names, tuple(transitions), initial, finals)


@st.composite
def block_nets(draw: st.DrawFn) -> PetriNet:
    """Sound nets built of blocks: sequence, choice, parallel and loop, nested."""
    arcs: list[str] = []
    names = iter(range(1000))

    def block(before: str, after: str, depth: int) -> None:
        kind = draw(st.sampled_from(("step", "silent", *["→", "×", "∧", "↺"] * (depth > 0))))
        if kind in ("step", "silent"):
            label = "_" if kind == "silent" else draw(st.sampled_from(LABELS))
            arcs.append(f"{before} > {label} > {after}")
            return
        p, q, r, s = (f"p{next(names):03}" for _ in range(4))
        if kind == "→":
            block(before, p, depth - 1)
            block(p, after, depth - 1)
        elif kind == "×":
            block(before, after, depth - 1)
            block(before, after, depth - 1)
        elif kind == "∧":
            arcs.append(f"{before} > _ > {p} {q}")
            block(p, r, depth - 1)
            block(q, s, depth - 1)
            arcs.append(f"{r} {s} > _ > {after}")
        else:
            arcs.append(f"{before} > _ > {p}")
            block(p, q, depth - 1)
            block(q, p, depth - 1)
            arcs.append(f"{q} > _ > {after}")

    block("begin", "end", 3)
    return net_of(";".join(arcs), "begin", "end")
