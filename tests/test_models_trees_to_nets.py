"""A process tree as a Petri net: the same words, no more silent steps than needed, always sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from model_tools import markings, net_of_pm4py, net_words, random_trees, steps, tree_words
from thalweg.process.models.convert import tree_to_net
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import SILENT, ProcessTree, activity, parse_tree

LONGEST = 5


@settings(max_examples=200, deadline=None)
@given(random_trees())
def test_the_net_has_the_words_of_the_tree(tree: ProcessTree) -> None:
    assert net_words(tree_to_net(tree), LONGEST) == tree_words(tree, LONGEST)


@settings(max_examples=100, deadline=None)
@given(random_trees())
def test_the_net_is_a_sound_workflow_net(tree: ProcessTree) -> None:
    net = tree_to_net(tree)
    assert sum(net.initial) == 1 and [sum(final) for final in net.finals] == [1]
    source, sink = net.initial.index(1), net.finals[0].index(1)
    assert net.places[source] == "source" and net.places[sink] == "sink"
    assert not any(place == source for t in net.transitions for place, _ in t.outputs)
    assert not any(place == sink for t in net.transitions for place, _ in t.inputs)
    assert_sound(net)


def assert_sound(net: PetriNet) -> None:
    """From every reachable marking the end can be reached, it is clean, and no step is dead."""
    reachable = markings(net)
    onward = {m: {following for following, _ in steps(net, m)} for m in reachable}
    ending = {net.finals[0]}
    grown = True
    while grown:
        more = {m for m in reachable - ending if onward[m] & ending}
        ending, grown = ending | more, bool(more)
    assert ending == reachable
    assert all(m == net.finals[0] or not m[net.finals[0].index(1)] for m in reachable)
    for t in net.transitions:
        assert any(all(m[p] >= w for p, w in t.inputs) for m in reachable)


def test_running_example_has_nine_places_and_ten_transitions() -> None:
    tree = parse_tree(
        "→('register', ↺(→(∧('check', ×('thorough', 'casual')), 'decide'), 'reinitiate'), "
        "×('pay', 'reject'))"
    )
    net = tree_to_net(tree)
    assert (len(net.places), len(net.transitions)) == (9, 10)


@pytest.mark.parametrize(
    ("text", "places", "transitions"),
    [
        ("τ", 2, 1),
        ("'a'", 2, 1),
        ("→('a', τ, 'b')", 3, 2),
        ("∧('a', τ)", 2, 1),
        ("×('a', τ, τ)", 2, 2),
        ("→('a', ↺('b', 'c'), 'd')", 4, 4),
        ("→('a', ∧('b', 'c'), 'd')", 7, 5),
        ("→('a', ↺(τ, 'b'), 'c')", 3, 3),
        ("↺('a', 'b')", 4, 4),
        ("→(↺('a', 'b'), ↺('c', 'd'))", 6, 7),
    ],
)
def test_silent_steps_stay_only_where_blocks_need_them(
    text: str, places: int, transitions: int
) -> None:
    net = tree_to_net(parse_tree(text))
    assert (len(net.places), len(net.transitions)) == (places, transitions)


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize(
    ("name", "same"),
    [("running-example.xes", True), ("receipt.xes.gz", False), ("helpdesk.xes.gz", False)],
)
def test_no_larger_than_pm4pys_net_of_the_same_tree(
    logs: Path, name: str, same: bool, noise: float
) -> None:
    """PM4Py keeps some silent steps, for instance where a choice follows a loop."""
    pm4py = pytest.importorskip("pm4py")
    theirs = _their_tree(pm4py, logs / "other" / name, noise)
    net, _, _ = pm4py.convert_to_petri_net(theirs)
    ours = tree_to_net(_our_tree(theirs))
    sizes = (len(ours.places), len(ours.transitions), ours.arcs)
    their_sizes = (len(net.places), len(net.transitions), len(net.arcs))
    assert sizes == their_sizes if same else sizes < their_sizes


@pytest.mark.parametrize(
    "text", ["→('a', ∧('b', ×('c', τ)), 'd')", "∧(↺('a', τ), ∧('b', 'c'))", "↺(∧('a', 'b'), 'c')"]
)
def test_pm4pys_net_of_the_same_tree_has_the_same_words(text: str) -> None:
    pm4py = pytest.importorskip("pm4py")
    signs = {"→": "->", "×": "X", "∧": "+", "↺": "*", "τ": "tau"}
    theirs = pm4py.parse_process_tree("".join(signs.get(letter, letter) for letter in text))
    net = net_of_pm4py(*pm4py.convert_to_petri_net(theirs))
    assert net_words(tree_to_net(parse_tree(text)), 6) == net_words(net, 6)


def _their_tree(pm4py: Any, path: Path, noise: float) -> Any:
    log = pm4py.read_xes(str(path), show_progress_bar=False)
    return pm4py.discover_process_tree_inductive(log, noise_threshold=noise)


def _our_tree(tree: Any) -> ProcessTree:
    if tree.operator is None:
        return SILENT if tree.label is None else activity(tree.label)
    operator = {"->": "sequence", "X": "choice", "+": "parallel", "*": "loop"}[tree.operator.value]
    return ProcessTree(operator, None, tuple(_our_tree(child) for child in tree.children))  # type: ignore[arg-type]
