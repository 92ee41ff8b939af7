"""Words of trees and nets by brute force, random trees, and nets in forms that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import strategies as st

from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.tree import SILENT, ProcessTree, activity

Word = tuple[str, ...]
MANY_STATES = 200_000


def tree_words(tree: ProcessTree, longest: int) -> set[Word]:
    """Every word of the tree with at most so many activities, straight from the definition."""
    return set(_tree_words(tree, longest))


@cache
def _tree_words(tree: ProcessTree, longest: int) -> frozenset[Word]:
    if tree.operator is None:
        word = () if tree.label is None else (tree.label,)
        return frozenset({word}) if len(word) <= longest else frozenset()
    parts = [_tree_words(child, longest) for child in tree.children]
    if tree.operator == "choice":
        return frozenset().union(*parts)
    if tree.operator == "loop":
        return _loop_words(parts[0], frozenset().union(*parts[1:]), longest)
    words: frozenset[Word] = frozenset({()})
    for part in parts:
        words = frozenset(
            joined
            for left in words
            for right in part
            if len(left) + len(right) <= longest
            for joined in ([left + right] if tree.operator == "sequence" else mixed(left, right))
        )
    return words


def _loop_words(body: frozenset[Word], redo: frozenset[Word], longest: int) -> frozenset[Word]:
    words, fresh = set(body), set(body)
    while fresh:
        fresh = {
            word + again + once
            for word in fresh
            for again in redo
            for once in body
            if len(word) + len(again) + len(once) <= longest
        } - words
        words |= fresh
    return frozenset(words)


def mixed(left: Word, right: Word) -> Iterator[Word]:
    """All ways in which two words can run side by side."""
    if not left or not right:
        yield left + right
        return
    for rest in mixed(left[1:], right):
        yield (left[0], *rest)
    for rest in mixed(left, right[1:]):
        yield (right[0], *rest)


def net_words(net: PetriNet, longest: int) -> set[Word]:
    """Every word of at most so many activities from the first to a final marking, by search."""
    start = (net.initial, ())
    seen: set[tuple[tuple[int, ...], Word]] = {start}
    stack, words = [start], set()
    while stack:
        marking, word = stack.pop()
        if marking in net.finals:
            words.add(word)
        for following, label in steps(net, marking):
            longer = word if label is None else (*word, label)
            state = (following, longer)
            if len(longer) <= longest and state not in seen:
                seen.add(state)
                stack.append(state)
        assert len(seen) < MANY_STATES, "too many states for a test"
    return words


def steps(net: PetriNet, marking: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str | None]]:
    for transition in net.transitions:
        if all(marking[place] >= weight for place, weight in transition.inputs):
            tokens = list(marking)
            for place, weight in transition.inputs:
                tokens[place] -= weight
            for place, weight in transition.outputs:
                tokens[place] += weight
            yield tuple(tokens), transition.label


def markings(net: PetriNet) -> set[tuple[int, ...]]:
    """Every reachable marking."""
    seen, stack = {net.initial}, [net.initial]
    while stack:
        for following, _ in steps(net, stack.pop()):
            if following not in seen:
                seen.add(following)
                stack.append(following)
        assert len(seen) < MANY_STATES, "too many markings for a test"
    return seen


def random_trees(largest: int = 8) -> st.SearchStrategy[ProcessTree]:
    """Trees over few names, so that names come twice, with silent steps anywhere."""
    leaves = st.sampled_from([SILENT, *map(activity, ("a", "b", "c", "审批"))])

    def grow(children: st.SearchStrategy[ProcessTree]) -> st.SearchStrategy[ProcessTree]:
        some = st.lists(children, min_size=1, max_size=3)
        several = st.lists(children, min_size=2, max_size=3)
        return st.one_of(
            st.builds(_node, st.sampled_from(["sequence", "choice", "parallel"]), some),
            st.builds(_node, st.just("loop"), several),
        )

    return st.recursive(leaves, grow, max_leaves=largest)


def _node(operator: str, children: list[ProcessTree]) -> ProcessTree:
    return ProcessTree(operator, None, tuple(children))  # type: ignore[arg-type]


def net_shape(net: PetriNet) -> tuple[object, ...]:
    """A net up to the names of its places and steps: each place by what goes in and out of it."""
    ways: list[list[tuple[str, int]]] = [[] for _ in net.places]
    for t in net.transitions:
        for sign, arcs in ((-1, t.inputs), (1, t.outputs)):
            for place, weight in arcs:
                ways[place].append((t.label or "", sign * weight))
    places = [
        (sorted(way), net.initial[p], sorted(final[p] for final in net.finals))
        for p, way in enumerate(ways)
    ]
    steps = [
        (
            t.label or "",
            sorted(str(places[p]) for p, _ in t.inputs),
            sorted(str(places[p]) for p, _ in t.outputs),
        )
        for t in net.transitions
    ]
    return sorted(map(str, places)), sorted(steps)


def net_of_pm4py(net: Any, initial: Any, final: Any) -> PetriNet:
    """A net of PM4Py as one of ours."""
    places = sorted(net.places, key=lambda place: str(place.name))
    number = {place: at for at, place in enumerate(places)}
    transitions = tuple(
        Transition(
            str(t.name),
            t.label,
            tuple(sorted((number[arc.source], arc.weight) for arc in t.in_arcs)),
            tuple(sorted((number[arc.target], arc.weight) for arc in t.out_arcs)),
        )
        for t in net.transitions
    )
    marks = [tuple(marking[place] for place in places) for marking in (initial, final)]
    return PetriNet(tuple(str(p.name) for p in places), transitions, marks[0], (marks[1],))
