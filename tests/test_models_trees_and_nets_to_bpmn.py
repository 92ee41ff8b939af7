"""Trees and nets as BPMN: the same words, and gateways only where work splits or meets."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bpmn_tools import BpmnJs, assert_valid, bpmn_js, bpmn_schema
from model_tools import net_words, random_trees, tree_words
from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.convert import bpmn_to_net, net_to_bpmn, tree_to_bpmn, tree_to_net
from thalweg.process.models.files.bpmn_write import bpmn_text
from thalweg.process.models.files.read import as_net, read_model
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.tree import ProcessTree, parse_tree

__all__ = ["bpmn_js", "bpmn_schema"]

LONGEST = 5
RUNNING = parse_tree(
    "→('register', ↺(→(∧('check', ×('thorough', 'casual')), 'decide'), 'reinitiate'), "
    "×('pay', 'reject'))"
)


def kinds(model: BpmnModel) -> Counter[str]:
    return Counter(node.kind for node in model.nodes)


@settings(max_examples=150, deadline=None)
@given(random_trees())
def test_the_drawing_has_the_words_of_the_tree(tree: ProcessTree) -> None:
    words = tree_words(tree, LONGEST)
    assert net_words(bpmn_to_net(tree_to_bpmn(tree)), LONGEST) == words
    assert net_words(bpmn_to_net(net_to_bpmn(tree_to_net(tree))), LONGEST) == words


@settings(max_examples=150, deadline=None)
@given(random_trees())
def test_every_gateway_splits_or_joins_and_tasks_have_one_way_in_and_out(tree: ProcessTree) -> None:
    for model in (tree_to_bpmn(tree), net_to_bpmn(tree_to_net(tree))):
        into = Counter(flow.target for flow in model.flows)
        out_of = Counter(flow.source for flow in model.flows)
        for node in model.nodes:
            ways = (into[node.id], out_of[node.id])
            if node.kind in ("exclusive", "parallel"):
                assert min(ways) >= 1 and max(ways) >= 2
            else:
                assert ways == {"start": (0, 1), "end": (1, 0)}.get(node.kind, (1, 1))


@settings(max_examples=100, deadline=None)
@given(random_trees())
def test_tasks_and_transitions_are_in_the_order_of_the_tree(tree: ProcessTree) -> None:
    leaves = re.findall(r"'(\w+)'", str(tree))
    assert [n.label for n in tree_to_bpmn(tree).nodes if n.kind == "task"] == leaves
    assert [t.label for t in tree_to_net(tree).transitions if t.label] == leaves


def test_each_block_stands_between_two_gateways() -> None:
    model = tree_to_bpmn(RUNNING)
    assert kinds(model) == {"start": 1, "end": 1, "task": 8, "exclusive": 6, "parallel": 2}
    assert len(model.flows) == 21


@pytest.mark.parametrize(
    ("text", "gateways", "flows"),
    [
        ("τ", 0, 1),
        ("→('a', τ, 'b')", 0, 3),
        ("×('a', ×('b', τ), τ)", 2, 7),
        ("∧('a', ∧('b', τ))", 2, 6),
        ("↺('a', τ)", 2, 5),
        ("↺(↺('a', 'b'), ×('c', 'd'))", 2, 10),
        ("↺(τ, τ)", 0, 1),
        ("↺(τ, 'a')", 2, 5),
    ],
)
def test_no_more_gateways_than_blocks_need(text: str, gateways: int, flows: int) -> None:
    model = tree_to_bpmn(parse_tree(text))
    assert sum(n.kind in ("exclusive", "parallel") for n in model.nodes) == gateways
    assert len(model.flows) == flows


def test_the_net_of_the_drawing_is_as_small_as_the_net_of_the_tree() -> None:
    ours, direct = bpmn_to_net(tree_to_bpmn(RUNNING)), tree_to_net(RUNNING)
    assert (len(ours.places), len(ours.transitions)) == (
        len(direct.places),
        len(direct.transitions),
    )


@pytest.mark.parametrize(
    ("name", "longest"),
    [("running-example.pnml", 6), ("roadtraffic.pnml", 2), ("Production.pnml", 3)],
)
def test_public_nets_are_drawn_with_the_same_words(logs: Path, name: str, longest: int) -> None:
    net = as_net(read_model(logs / "models" / name))
    again = bpmn_to_net(net_to_bpmn(net))
    assert net_words(again, longest) == net_words(net, longest) != set()
    assert again.labels() == net.labels()


def test_a_choice_that_several_tokens_make_together_is_drawn() -> None:
    inputs = ((1, 1), (2, 1))
    net = PetriNet(
        ("i", "p", "q", "o"),
        (
            Transition("t", "t", ((0, 1),), inputs),
            Transition("a", "a", inputs, ((3, 1),)),
            Transition("b", "b", inputs, ((3, 1),)),
        ),
        (1, 0, 0, 0),
        ((0, 0, 0, 1),),
    )
    model = net_to_bpmn(net)
    assert kinds(model)["parallel"] == 2
    assert net_words(bpmn_to_net(model), 3) == {("t", "a"), ("t", "b")}


def test_several_tokens_at_first_and_in_the_end_are_drawn() -> None:
    net = PetriNet(
        ("p", "q", "r", "s"),
        (Transition("a", "a", ((0, 1),), ((2, 1),)), Transition("b", "b", ((1, 1),), ((3, 1),))),
        (1, 1, 0, 0),
        ((0, 0, 1, 1),),
    )
    assert net_words(bpmn_to_net(net_to_bpmn(net)), 3) == {("a", "b"), ("b", "a")}


def net_with(*transitions: Transition, places: int, finals: tuple[int, ...] = ()) -> PetriNet:
    final = tuple(int(p in (finals or (places - 1,))) for p in range(places))
    initial = tuple(int(p == 0) for p in range(places))
    return PetriNet(tuple(f"p{p}" for p in range(places)), transitions, initial, (final,))


REFUSED = {
    "moves several tokens": net_with(Transition("a", "a", ((0, 1),), ((1, 2),)), places=2),
    "needs no token": net_with(
        Transition("a", "a", ((0, 1),), ((1, 1),)), Transition("b", "b", (), ((1, 1),)), places=2
    ),
    "leads nowhere": net_with(
        Transition("a", "a", ((0, 1),), ((1, 1),)),
        Transition("b", "b", ((0, 1),), ((2, 1),)),
        places=3,
    ),
    "hangs on other places": net_with(
        Transition("s", "s", ((0, 1),), ((1, 1), (2, 1))),
        Transition("x", "x", ((1, 1),), ((3, 1),)),
        Transition("y", "y", ((1, 1),), ((4, 1),)),
        Transition("c", "c", ((2, 1), (3, 1)), ((5, 1),)),
        Transition("d", "d", ((2, 1), (4, 1)), ((5, 1),)),
        places=6,
    ),
    "no final marking": PetriNet(("p",), (Transition("a", "a", ((0, 1),), ()),), (1,), ()),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_drawn_is_refused_with_the_reason(why: str) -> None:
    with pytest.raises(RequestError, match=why):
        net_to_bpmn(REFUSED[why])


@settings(max_examples=25, deadline=None)
@given(tree=random_trees())
def test_every_drawing_is_valid_against_the_schema(bpmn_schema: Any, tree: ProcessTree) -> None:
    assert_valid(bpmn_schema, bpmn_text(tree_to_bpmn(tree)))


@pytest.mark.browser
@pytest.mark.parametrize(
    "text",
    [
        str(RUNNING),
        "→('接单', ×(∧('质检', '称重', ↺('装车', '复核')), τ), '发货')",
        "τ",
        "↺(τ, 'a', 'b')",
    ],
)
def test_bpmn_js_opens_every_drawing_without_a_warning(bpmn_js: BpmnJs, text: str) -> None:
    model = tree_to_bpmn(parse_tree(text))
    opened = bpmn_js.open(bpmn_text(model))
    assert (opened.warnings, opened.error, opened.console) == ([], None, [])
    assert set(opened.shapes) == {node.id for node in model.nodes}
    assert set(opened.edges) == {flow.id for flow in model.flows}
