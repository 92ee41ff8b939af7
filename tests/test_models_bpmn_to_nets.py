"""BPMN as a Petri net: exactly the orders of work that BPMN 2.0 gives the drawing."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import pytest

from model_tools import net_of_pm4py, net_words
from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnFlow, BpmnModel, BpmnNode, NodeKind
from thalweg.process.models.check import check_net
from thalweg.process.models.convert import bpmn_to_net
from thalweg.process.models.files.bpmn_read import read_bpmn

KINDS: dict[str, NodeKind] = {
    "S": "start",
    "E": "end",
    "X": "exclusive",
    "P": "parallel",
    "O": "inclusive",
    "I": "event",
}


def drawn(*flows: str, repeats: str = "", attached: dict[str, str] | None = None) -> BpmnModel:
    """A model from flows such as ``"S1 a"``: capitals say the kind, other letters are tasks."""
    names = dict.fromkeys(name for flow in flows for name in flow.split())
    attached = attached or {}
    nodes = tuple(
        BpmnNode(
            name,
            KINDS.get(name[0], "task"),
            name if name[0] not in KINDS else None,
            name in repeats.split(),
            attached.get(name),
        )
        for name in [*names, *(set(attached) - set(names))]
    )
    ways = tuple(BpmnFlow(f"f{n}", *flow.split()) for n, flow in enumerate(flows))
    return BpmnModel(nodes, ways)


def words(model: BpmnModel, longest: int = 6, **how: bool) -> set[str]:
    return {"".join(word) for word in net_words(bpmn_to_net(model, **how), longest)}


def test_tasks_one_after_the_other() -> None:
    net = bpmn_to_net(drawn("S a", "a b", "b E"))
    assert net_words(net, 5) == {("a", "b")}
    assert (net.places[0], len(net.places), len(net.transitions)) == ("source", 3, 2)
    assert [t.id for t in net.transitions] == ["a", "b"]


def test_choices_and_loops() -> None:
    model = drawn("S X1", "X1 a", "X1 b", "a X2", "b X2", "X2 c", "c X3", "X3 X1", "X3 E")
    assert words(model, 4) == {"ac", "bc", "acac", "acbc", "bcac", "bcbc"}


def test_parallel_branches() -> None:
    model = drawn("S P1", "P1 a", "P1 b", "a P2", "b c", "c P2", "P2 d", "d E")
    assert words(model) == {"abcd", "bacd", "bcad"}


def test_several_flows_into_a_task_are_a_choice_and_out_of_it_run_in_parallel() -> None:
    model = drawn("S X1", "X1 a", "X1 b", "a c", "b c", "c d", "c e", "d P1", "e P1", "P1 E")
    assert words(model) == {"acde", "aced", "bcde", "bced"}


def test_several_start_events_are_alternatives() -> None:
    assert words(drawn("S1 a", "S2 b", "a c", "b c", "c E")) == {"ac", "bc"}


def test_without_start_events_everything_that_nothing_leads_to_begins() -> None:
    assert words(drawn("a P1", "b P1", "P1 c")) == {"abc", "bac"}


def test_several_end_events_of_a_choice_are_one_sink() -> None:
    net = bpmn_to_net(drawn("S X1", "X1 a", "X1 b", "a E1", "b E2"))
    assert net_words(net, 3) == {("a",), ("b",)}
    assert net.finals == ((0, 1),) and net.places == ("source", "sink")


def test_parallel_branches_may_end_apart_and_all_must_have_ended() -> None:
    model = drawn("S P1", "P1 a", "P1 X1", "X1 b", "X1 c", "a E1", "b E2", "c E3")
    assert words(model) == {"ab", "ba", "ac", "ca"}
    assert len(bpmn_to_net(model).finals) == 2


def test_parallel_branches_may_end_at_the_same_event() -> None:
    assert words(drawn("S a", "a b", "a c", "b E", "c E")) == {"abc", "acb"}


def test_intermediate_events_are_silent_or_named() -> None:
    model = drawn("S a", "a I1", "I1 b", "b E")
    named = BpmnModel(
        tuple(BpmnNode(n.id, n.kind, n.label or "wait") for n in model.nodes), model.flows
    )
    assert words(named) == {"ab"}
    assert words(named, label_events=True) == {"awaitb"}


def test_a_task_with_a_loop_is_done_once_or_more() -> None:
    assert words(drawn("S a", "a b", "b E", repeats="a"), 4) == {"ab", "aab", "aaab"}


def test_a_boundary_event_takes_the_place_of_its_task() -> None:
    model = drawn("S a", "a b", "b E1", "I1 c", "c E2", attached={"I1": "a"})
    assert words(model) == {"ab", "c"}


@pytest.mark.parametrize("branches", [2, 3, 4])
def test_inclusive_branches_are_any_but_none(branches: int) -> None:
    tasks = "abcd"[:branches]
    flows = ["S O1", *(f"O1 {t}" for t in tasks), *(f"{t} O2" for t in tasks), "O2 z", "z E"]
    expected = {
        "".join(order) + "z"
        for size in range(1, branches + 1)
        for some in combinations(tasks, size)
        for order in permutations(some)
    }
    assert words(drawn(*flows)) == expected
    assert check_net(bpmn_to_net(drawn(*flows))) == ()


def test_inclusive_gateways_within_each_other_with_a_bare_branch_and_in_a_loop() -> None:
    inner = ["O1 O3", "O3 a", "O3 b", "a O4", "b O4", "O4 O2"]
    model = drawn("S X1", "X1 O1", *inner, "O1 O2", "O2 c", "c X2", "X2 X1", "X2 E")
    once = {"c", "ac", "bc", "abc", "bac"}
    assert words(model, 4) == {
        word for n in range(1, 5) for word in _chains(once, n) if len(word) <= 4
    }


def _chains(words: set[str], count: int) -> set[str]:
    return words if count == 1 else {a + b for a in words for b in _chains(words, count - 1)}


def test_an_inclusive_join_waits_for_what_the_split_before_it_began() -> None:
    def between(split: str) -> set[str]:
        return words(
            drawn("S a", f"a {split}", f"{split} b", f"{split} c", "b O2", "c O2", "O2 d", "d E")
        )

    assert between("P1") == {"abcd", "acbd"}
    assert between("X1") == {"abd", "acd"}
    assert between("O1") == {"abd", "acd", "abcd", "acbd"}
    assert words(drawn("S a", "a b", "a c", "b O2", "c O2", "O2 d", "d E")) == {"abcd", "acbd"}


def test_where_nothing_runs_in_parallel_an_inclusive_join_lets_all_pass() -> None:
    assert words(drawn("S O2", "O2 a", "a X2", "X2 O2", "X2 E"), 3) == {"a", "aa", "aaa"}


def test_an_inclusive_join_behind_a_boundary_event_waits_for_one_way() -> None:
    flows = ["S P1", "P1 d", "P1 a", "a b", "b O2", "I1 c", "c O2", "O2 P2", "d P2", "P2 E"]
    one = words(drawn(*flows, attached={"I1": "a"}), 4)
    assert one == {"abd", "adb", "dab", "cd", "dc"}


def test_branches_of_an_inclusive_split_may_end_apart_or_pass_one_by_one() -> None:
    assert words(drawn("S O1", "O1 a", "O1 b", "a E1", "b E2")) == {"a", "b", "ab", "ba"}
    merged = drawn("S O1", "O1 a", "O1 b", "a X1", "b X1", "X1 c", "c E")
    assert words(merged) == {"ac", "bc", "abcc", "bacc", "acbc", "bcac"}


@pytest.mark.parametrize(
    ("flows", "gateway"),
    [
        (["S O1", "O1 a", "O1 b", "a O2", "b X1", "X1 O2", "X1 c", "c E2", "O2 E"], "O2"),
        (["S P1", "P1 a", "P1 b", "a P2", "P2 O2", "P2 c", "c O2", "b O2", "O2 E"], "O2"),
        (["S P1", "P1 a", "P1 O2", "O2 b", "b X2", "X2 O2", "X2 P2", "a P2", "P2 E"], "O2"),
    ],
)
def test_inclusive_joins_that_close_no_split_are_refused_by_name(
    flows: list[str], gateway: str
) -> None:
    with pytest.raises(RequestError, match=f"inclusive gateway '{gateway}'"):
        bpmn_to_net(drawn(*flows))


@pytest.mark.parametrize(
    ("flows", "what"),
    [
        (["S a", "a X1", "b X1", "X1 E"], "Nothing leads to 'b'"),
        (["a b", "b a"], "no beginning"),
        (["S a", "a E", "E b"], "leaves the end event 'E'"),
        (["S X1", "X1 a", "X1 b", "a P1", "b P1", "P1 E"], "never be complete"),
    ],
)
def test_drawings_without_a_meaning_are_errors(flows: list[str], what: str) -> None:
    with pytest.raises(RequestError, match=what):
        bpmn_to_net(drawn(*flows))


def test_twenty_parallel_branches_are_no_trouble() -> None:
    tasks = [f"t{n}" for n in range(20)]
    net = bpmn_to_net(
        drawn("S P1", *(f"P1 {t}" for t in tasks), *(f"{t} P2" for t in tasks), "P2 E")
    )
    assert (len(net.transitions), net.assumed, sum(net.finals[0])) == (22, (), 1)


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("running-example", 7),
        ("receipt", 3),
        ("Credit_Application_Simulation", 7),
        ("declaration_documents", 8),
    ],
)
def test_pm4pys_net_of_a_public_file_has_the_same_words(
    logs: Path, name: str, longest: int
) -> None:
    pm4py = pytest.importorskip("pm4py")
    path = logs / "models" / f"{name}.bpmn"
    theirs = net_of_pm4py(*pm4py.convert_to_petri_net(pm4py.read_bpmn(str(path))))
    ours = bpmn_to_net(read_bpmn(path))
    assert net_words(ours, longest) == net_words(theirs, longest) != set()


def test_tasks_keep_the_ids_of_their_nodes_and_no_id_comes_twice() -> None:
    names = ["a", "a_on", "silent1", "a_again"]
    flows = ["S X1", *(f"X1 {n}" for n in names), *(f"{n} X2" for n in names), "X2 E"]
    net = bpmn_to_net(drawn(*flows, repeats="a"))
    ids = [t.id for t in net.transitions]
    assert len(set(ids)) == len(ids)
    assert {t.id: t.label for t in net.transitions if t.label} == {n: n for n in names}
