"""Is a net sound? By structure where that is quick, else by its markings, up to a bound."""

from __future__ import annotations

from dataclasses import replace

from thalweg.process.models.convert.reduce import reduce_silent
from thalweg.process.models.petri import PetriNet, Transition, Weighted

Marking = tuple[int, ...]


def explore(net: PetriNet, most: int) -> set[Marking] | None:
    """All reachable markings, or None if there are more than ``most``."""
    seen, stack = {net.initial}, [net.initial]
    while stack:
        marking = stack.pop()
        for transition in net.transitions:
            if all(marking[place] >= weight for place, weight in transition.inputs):
                following = fire(marking, transition)
                if following not in seen:
                    if len(seen) >= most:
                        return None
                    seen.add(following)
                    stack.append(following)
    return seen


def fire(marking: Marking, transition: Transition) -> Marking:
    """The marking after an enabled transition."""
    tokens = list(marking)
    for place, weight in transition.inputs:
        tokens[place] -= weight
    for place, weight in transition.outputs:
        tokens[place] += weight
    return tuple(tokens)


def surely_sound(net: PetriNet) -> bool:
    """Whether rules that keep soundness shrink the net to one step from source to sink.

    False says only that the rules do not suffice. Quick at any number of parallel branches.

    Source   Murata (1989), section V: fusion of series and parallel places and transitions.
    """
    blind = tuple(replace(t, label=None) for t in net.transitions)
    small = replace(net, transitions=blind)
    while True:
        before = len(small.places), len(small.transitions)
        small = _without_doubles(_fused(reduce_silent(small, keep_faults=True)))
        if (len(small.places), len(small.transitions)) == before:
            break
    source = tuple((p, n) for p, n in enumerate(small.initial) if n)
    sink = tuple((p, n) for p, n in enumerate(small.finals[0]) if n)
    steps = [(t.inputs, t.outputs) for t in small.transitions]
    return len(small.places) == 2 and len(small.finals) == 1 and steps == [(source, sink)]


def _fused(net: PetriNet) -> PetriNet:
    """Where a place lies between two transitions that need nothing else of it, make them one."""
    steps: dict[int, tuple[dict[int, int], dict[int, int]]] = {
        n: (dict(t.inputs), dict(t.outputs)) for n, t in enumerate(net.transitions)
    }
    gone: set[int] = set()
    for place in range(len(net.places)):
        into = [n for n, (_, outputs) in steps.items() if place in outputs]
        out_of = [n for n, (inputs, _) in steps.items() if place in inputs]
        marked = net.initial[place] or any(final[place] for final in net.finals)
        if marked or len(into) != 1 or len(out_of) != 1 or into == out_of:
            continue
        (first,), (second,) = into, out_of
        alone = steps[second][0] == {place: 1} and steps[first][1][place] == 1
        if alone:
            _, outputs = steps.pop(second)
            del steps[first][1][place]
            for p, weight in outputs.items():
                steps[first][1][p] = steps[first][1].get(p, 0) + weight
            gone.add(place)
    return _rebuilt(net, steps, gone)


def _without_doubles(net: PetriNet) -> PetriNet:
    """Of places that are filled and emptied alike one is enough, and of transitions too."""
    steps = {n: (dict(t.inputs), dict(t.outputs)) for n, t in enumerate(net.transitions)}
    seen: set[object] = set()
    gone: set[int] = set()
    for place in range(len(net.places)):
        key = (
            tuple((n, i.get(place, 0), o.get(place, 0)) for n, (i, o) in steps.items()),
            net.initial[place],
            tuple(final[place] for final in net.finals),
        )
        if key in seen:
            gone.add(place)
        seen.add(key)
    for inputs, outputs in steps.values():
        for place in gone:
            inputs.pop(place, None)
            outputs.pop(place, None)
    return _rebuilt(net, steps, gone)


def _rebuilt(
    net: PetriNet, steps: dict[int, tuple[dict[int, int], dict[int, int]]], gone: set[int]
) -> PetriNet:
    places = [p for p in range(len(net.places)) if p not in gone]
    number = {place: at for at, place in enumerate(places)}

    def weighted(arcs: dict[int, int]) -> Weighted:
        return tuple(sorted((number[p], weight) for p, weight in arcs.items()))

    return PetriNet(
        tuple(net.places[p] for p in places),
        tuple(
            Transition(net.transitions[n].id, None, weighted(i), weighted(o))
            for n, (i, o) in sorted(steps.items())
        ),
        tuple(net.initial[p] for p in places),
        tuple(tuple(final[p] for p in places) for final in net.finals),
        net.name,
    )
