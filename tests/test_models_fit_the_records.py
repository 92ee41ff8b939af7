"""Models and records of the same process: what the one was made from, the other can replay."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from pathlib import Path

import pytest

from model_tools import steps
from process_helpers import book_of
from thalweg.process.conformance.conform import conform_book
from thalweg.process.models.bpmn import BpmnFlow, BpmnModel, BpmnNode
from thalweg.process.models.convert import bpmn_to_net, tree_to_bpmn, tree_to_net
from thalweg.process.models.files.bpmn_read import read_bpmn
from thalweg.process.models.fit import fit_labels
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import parse_tree

LOANS = ["fewRes_24-7", "fewRes_9-5", "infRes_9-5"]


def accepts(net: PetriNet, word: list[str]) -> bool:
    """Whether a word leads from the first to a final marking, by all markings it may lead to."""
    here = _silently(net, {net.initial})
    for name in word:
        here = _silently(
            net, {m for marking in here for m, label in steps(net, marking) if label == name}
        )
    return any(marking in net.finals for marking in here)


def _silently(net: PetriNet, start: set[tuple[int, ...]]) -> set[tuple[int, ...]]:
    found, stack = set(start), list(start)
    while stack:
        for marking, label in steps(net, stack.pop()):
            if label is None and marking not in found:
                found.add(marking)
                stack.append(marking)
    return found


@pytest.mark.parametrize("scenario", LOANS)
def test_every_simulated_loan_fits_the_bpmn_it_was_simulated_from(
    logs: Path, scenario: str
) -> None:
    """Steps in the order of their ends, which is when they hand over."""
    stem = logs / "intervention_loanapp" / f"LoanApp_{scenario}_noTimers"
    loans: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    with gzip.open(f"{stem}.CSV.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            loans[row["case_id"]].append((row["end_time"], row["start_time"], row["Activity"]))
    names = {activity for loan in loans.values() for _, _, activity in loan}
    model, changed = fit_labels(read_bpmn(f"{stem}.bpmn"), names)
    assert (
        dict(changed)["Check  application  form completeness"]
        == "Check application form completeness"
    )
    net = bpmn_to_net(model)
    assert net.labels() == names
    words = {tuple(activity for _, _, activity in sorted(loan)) for loan in loans.values()}
    refused = [word for word in words if not accepts(net, list(word))]
    assert (len(loans), refused) == (1_000, [])


def test_only_blanks_and_the_coding_of_accents_are_mended() -> None:
    tree = parse_tree("→('a  b', 'Caf\u0065\u0301', 'C', 'd\u00a0e', ' f', '订 单')")
    names = ["a b", "Caf\u00e9", "c", "d e", "f", "f ", "订单"]
    fitted, changed = fit_labels(tree, names)
    assert changed == (("Cafe\u0301", "Caf\u00e9"), ("a  b", "a b"), ("d\u00a0e", "d e"))
    assert str(fitted) == "→( 'a b', 'Caf\u00e9', 'C', 'd e', ' f', '订 单' )"


def test_labels_that_are_recorded_as_they_are_stay() -> None:
    net = tree_to_net(parse_tree("→('a  b', 'a b')"))
    assert fit_labels(net, ["a  b", "a b"]) == (net, ())


def test_nets_and_drawings_are_mended_alike_and_gateways_left_alone() -> None:
    tree = parse_tree("→('a  b', ×('c', τ))")
    for model in (tree_to_net(tree), tree_to_bpmn(tree)):
        fitted, changed = fit_labels(model, ["a b", "c"])
        assert changed == (("a  b", "a b"),)
        assert type(fitted) is type(model) and fitted != model
    gateway = BpmnModel((BpmnNode("x", "exclusive", "ok  ?"),), (BpmnFlow("f", "x", "x"),))
    assert fit_labels(gateway, ["ok ?"]) == (gateway, ())


LOOSE = """<pnml><net id="n" type="t"><page id="g"><place id="i"/><place id="m"/><place id="x"/>
<place id="o"/><transition id="t"><name><text>a  b</text></name></transition>
<transition id="u"><name><text>c</text></name></transition>
<transition id="v"><name><text>d</text></name></transition>
<arc id="1" source="i" target="t"/><arc id="2" source="t" target="m"/>
<arc id="3" source="m" target="u"/><arc id="4" source="u" target="o"/>
<arc id="5" source="m" target="v"/><arc id="6" source="v" target="x"/>
<arc id="7" source="x" target="v"/></page></net></pnml>"""


def test_records_held_against_a_loose_file_are_told_what_was_mended(tmp_path: Path) -> None:
    """Place x holds no token at first, so that step d can never happen."""
    (tmp_path / "loose.pnml").write_text(LOOSE)
    book = book_of({f"case {n}": [("a b", 0), ("c", 60)] for n in range(3)})
    result = conform_book(book, model=tmp_path / "loose.pnml", ends=("c",)).to_json()
    told = result["model"]
    assert result["fitness"]["fitness"] == 1
    assert told["labels_fitted"] == {"a  b": "a b"}
    assert told["assumed"] == ["initial_marking_from_sources", "final_marking_from_sinks"]
    assert (told["left_out"], told["faults"]) == (
        {},
        [{"code": "dead_transition", "count": 1, "examples": ["d"]}],
    )
