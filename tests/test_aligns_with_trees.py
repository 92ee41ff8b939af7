"""With a process tree, alignments and precision are those of its net, however wide it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align_helpers import fire
from thalweg.errors import RequestError
from thalweg.process.alignment import alignments, precision
from thalweg.process.alignment.alignments import Alignments, align
from thalweg.process.alignment.precision import measure_precision
from thalweg.process.models.convert.tree_net import tree_to_net
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import (
    SILENT,
    ProcessTree,
    activity,
    choice,
    loop,
    parallel,
    sequence,
)
from thalweg.process.weighted import WeightedVariants

DRAWN = settings(max_examples=150, deadline=None)
OPERATORS = (sequence, choice, parallel, loop)


@st.composite
def trees(draw: st.DrawFn, names: str = "abcdef") -> ProcessTree:
    """Trees in which no activity stands twice."""
    if len(names) == 1:
        leaf = activity(names)
        kinds = (leaf, choice(SILENT, leaf), loop(leaf, SILENT), loop(SILENT, leaf))
        return draw(st.sampled_from(kinds))
    cut = draw(st.integers(1, len(names) - 1))
    parts = [draw(trees(names[:cut])), draw(trees(names[cut:]))]
    if draw(st.booleans()):
        parts.append(SILENT)
    return draw(st.sampled_from(OPERATORS))(*parts)


sequences = st.lists(
    st.lists(st.sampled_from("abcdefz"), max_size=9).map(tuple),
    min_size=1,
    max_size=6,
    unique=True,
)


def weigh(found: list[tuple[str, ...]]) -> WeightedVariants:
    return WeightedVariants.of_sequences({one: k for k, one in enumerate(found, 1)})


def check_moves(net: PetriNet, variants: WeightedVariants, found: Alignments) -> None:
    for variant in range(variants.variants):
        marking, events, cost = net.initial, [], 0
        for event, number in found.moves(variant):
            if event >= 0:
                events.append(variants.names[event])
            if number >= 0:
                transition = net.transitions[number]
                marking = {t.id: after for t, after in fire(net, marking)}[transition.id]
                assert event < 0 or transition.label == events[-1]
                cost += event < 0 and transition.label is not None
            else:
                cost += 1
        assert tuple(events) == variants.sequence(variant)
        assert marking in net.finals
        assert cost == found.high[variant]


@DRAWN
@given(trees(), sequences)
def test_costs_and_precision_are_those_of_the_net(
    tree: ProcessTree, found: list[tuple[str, ...]]
) -> None:
    net, variants = tree_to_net(tree), weigh(found)
    wanted, precise = align(net, variants, threads=1), measure_precision(net, variants)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignments, "list_markings", lambda *_: None)
        patch.setattr(precision, "list_markings", lambda *_: None)
        got = align(net, variants, tree=tree, threads=1)
        assert measure_precision(net, variants, tree) == precise
    assert got.exact.all()
    assert got.high.tolist() == wanted.high.tolist()
    assert got.model_cost == wanted.model_cost
    check_moves(net, variants, got)


def test_forty_optional_branches_side_by_side_are_aligned_exactly() -> None:
    names = [f"a{k}" for k in range(40)]
    tree = parallel(*(choice(SILENT, sequence(activity(n), activity(n + "!"))) for n in names))
    net = tree_to_net(tree)
    fits = tuple(n for n in reversed(names)) + tuple(n + "!" for n in names)
    variants = weigh([fits, fits[1:], ("a0!", "other"), ()])
    found = align(net, variants, tree=tree)
    assert found.exact.all()
    assert found.high.tolist() == [0, 1, 2, 0]
    check_moves(net, variants, found)
    assert measure_precision(net, weigh([("a0", "a0!")]), tree).allowed == 80


def test_no_time_in_all_leaves_bounds_that_hold() -> None:
    tree = parallel(*(sequence(activity(n), activity(n + "!")) for n in "abcdefghijklmn"))
    net = tree_to_net(tree)
    variants = weigh([tuple("abcdefghijklmn"), ("a", "a!", "b", "other")])
    exact = align(net, variants, tree=tree)
    hurried = align(net, variants, total_seconds=1e-9)
    assert exact.exact.all()
    assert (hurried.low <= exact.high).all()
    assert (exact.high <= hurried.high).all()
    check_moves(net, variants, hurried)


def test_a_tree_of_another_net_is_refused() -> None:
    with pytest.raises(RequestError, match="tree"):
        align(tree_to_net(activity("a")), weigh([("a",)]), tree=activity("b"))


def test_no_total_time_is_refused() -> None:
    with pytest.raises(RequestError, match="total_seconds"):
        align(tree_to_net(activity("a")), weigh([("a",)]), total_seconds=0)


def test_an_activity_at_two_leaves_is_aligned_by_the_net() -> None:
    tree = sequence(activity("a"), choice(activity("a"), activity("b")))
    found = align(tree_to_net(tree), weigh([("a", "a"), ("b",)]), tree=tree)
    assert found.high.tolist() == [0, 1]
