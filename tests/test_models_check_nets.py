"""Faults of nets: what can never happen, where work gets stuck, and what is left over."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_tools import random_trees
from thalweg.process.models.check import NetCode, check_net
from thalweg.process.models.convert import tree_to_net
from thalweg.process.models.convert.bpmn_net import ENDS_NOT_EXPLORED
from thalweg.process.models.files.pnml import AMPERSANDS, FROM_SINKS, FROM_SOURCES
from thalweg.process.models.petri import PetriNet, Transition, Weighted
from thalweg.process.models.soundness import Marking, surely_sound
from thalweg.process.models.tree import ProcessTree, activity, parallel
from thalweg.surfaces.texts import LANGUAGES, load


def arcs(text: str) -> Weighted:
    return tuple((int(place), 1) for place in text)


def net_of(*steps: str, final: str, places: int) -> PetriNet:
    """A net from steps such as ``"a 0>12"``: name, places it empties, places it fills."""
    transitions = []
    for step in steps:
        name, _, ways = step.partition(" ")
        before, _, after = ways.partition(">")
        transitions.append(Transition(name, name, arcs(before), arcs(after)))
    initial = tuple(int(p == 0) for p in range(places))
    marking = tuple(int(str(p) in final) for p in range(places))
    names = tuple(f"p{p}" for p in range(places))
    return PetriNet(names, tuple(transitions), initial, (marking,))


def found(net: PetriNet, most: int = 1_000) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {f.code: (f.count, f.examples) for f in check_net(net, most)}


@settings(max_examples=100, deadline=None)
@given(random_trees())
def test_nets_of_trees_have_no_faults(tree: ProcessTree) -> None:
    assert check_net(tree_to_net(tree)) == ()


def test_missing_markings_are_found() -> None:
    net = PetriNet(("p", "q"), (Transition("a", "a", ((0, 1),), ((1, 1),)),), (0, 0), ())
    assert found(net) == {"no_initial_marking": (1, ()), "no_final_marking": (1, ())}


def test_steps_that_never_happen_are_named() -> None:
    net = net_of("a 0>1", "b 2>1", final="1", places=3)
    assert found(net) == {"dead_transition": (1, ("b",))}


def test_a_choice_that_meets_in_a_parallel_join_gets_stuck() -> None:
    net = net_of("a 0>1", "b 0>2", "c 12>3", final="3", places=4)
    assert found(net) == {
        "final_unreachable": (1, ()),
        "dead_transition": (1, ("c",)),
        "dead_end": (3, ("p0", "p1", "p2")),
    }


def test_a_parallel_split_that_meets_in_a_choice_leaves_work_over() -> None:
    net = net_of("s 0>12", "a 1>3", "b 2>3", final="3", places=4)
    count, examples = found(net)["left_over"]
    assert (count, set(examples)) == (3, {"p1, p3", "p2, p3", "2·p3"})


def test_an_early_choice_that_another_must_match_gets_stuck() -> None:
    net = net_of(
        "s 0>12", "x 1>3", "y 1>4", "v 2>5", "w 2>6", "c 35>7", "d 46>7", final="7", places=8
    )
    assert found(net)["dead_end"] == (2, ("p3, p6", "p4, p5"))
    assert not surely_sound(net)


def test_nets_without_bound_are_given_up_at_the_stated_count() -> None:
    net = net_of("a 0>01", "b 01>2", final="2", places=3)
    assert found(net, most=50)["markings_beyond_count"] == (50, ())


SIDES = st.lists(st.sampled_from("0123"), min_size=1, max_size=2, unique=True).map("".join)
STEPS = st.lists(st.builds("x {}>{}".format, SIDES, SIDES), min_size=1, max_size=5)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_structure_calls_no_net_sound_that_its_markings_show_to_be_faulty(steps: list[str]) -> None:
    """Every marking, its ends and its steps, one by one; nets beyond 200 markings are faulty here."""
    used = {place for step in steps for place in step if place.isdigit()} | {"0", "3"}
    names = {place: str(n) for n, place in enumerate(sorted(used))}
    mapped = ["".join(names.get(letter, letter) for letter in step) for step in steps]
    net = net_of(*mapped, final=names["3"], places=len(used))
    if surely_sound(net):
        assert sound(net)


def sound(net: PetriNet) -> bool:
    seen, stack, happened = {net.initial: set[Marking]()}, [net.initial], set[int]()
    while stack and len(seen) < 200:
        marking = stack.pop()
        for n, t in enumerate(net.transitions):
            if all(marking[p] >= w for p, w in t.inputs):
                happened.add(n)
                after = list(marking)
                for p, w in t.inputs:
                    after[p] -= w
                for p, w in t.outputs:
                    after[p] += w
                seen[marking].add(tuple(after))
                if tuple(after) not in seen:
                    seen[tuple(after)] = set()
                    stack.append(tuple(after))
    final = net.finals[0]
    ending = {final} & set(seen)
    for _ in seen:
        ending |= {m for m, after in seen.items() if after & ending}
    over = [m for m in seen if m != final and all(a >= b for a, b in zip(m, final, strict=True))]
    return (
        len(seen) < 200
        and ending == set(seen)
        and not over
        and len(happened) == len(net.transitions)
    )


@pytest.mark.parametrize("branches", [2, 12, 40])
def test_any_number_of_parallel_branches_is_checked(branches: int) -> None:
    tree = parallel(*(activity(str(n)) for n in range(branches)))
    assert check_net(tree_to_net(tree), most_markings=10) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_and_assumption_has_words_with_its_figures(language: str) -> None:
    texts = load(language)
    codes = set(texts.under("models.net"))
    assert {code.removesuffix("_one") for code in codes} == set(get_args(NetCode))
    assumed = {FROM_SINKS, FROM_SOURCES, AMPERSANDS, ENDS_NOT_EXPLORED}
    assert set(texts.under("models.assumed")) == assumed
    for code in codes:
        assert "{" not in texts(f"models.net.{code}", count=2, examples="p1")
