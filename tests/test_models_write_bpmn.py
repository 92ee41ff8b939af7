"""BPMN files that we write: valid, drawn in full, and read back as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bpmn_tools import BpmnJs, assert_valid, bpmn_js, bpmn_schema
from thalweg.errors import RequestError
from thalweg.process.models.bpmn import Box, BpmnFlow, BpmnModel, BpmnNode, Layout
from thalweg.process.models.files.bpmn_read import read_bpmn
from thalweg.process.models.files.bpmn_write import bpmn_text, write_bpmn

__all__ = ["bpmn_js", "bpmn_schema"]

EVERYTHING = BpmnModel(
    (
        BpmnNode("s", "start", "收到订单"),
        BpmnNode("a", "task", '质检 & "复检" <1>', repeats=True),
        BpmnNode("i", "event", "wait"),
        BpmnNode("x", "exclusive"),
        BpmnNode("y", "exclusive", "好吗？"),
        BpmnNode("p", "parallel"),
        BpmnNode("q", "parallel"),
        BpmnNode("o", "inclusive"),
        BpmnNode("j", "inclusive"),
        BpmnNode("b", "task", "b"),
        BpmnNode("c", "task", "c"),
        BpmnNode("d", "task"),
        BpmnNode("late", "event", "too late", attached="d"),
        BpmnNode("e", "end", "done"),
        BpmnNode("e2", "end"),
    ),
    tuple(
        BpmnFlow(f"f{n}", *ends.split(), "no" if n == 3 else None)
        for n, ends in enumerate(
            ["s x", "x a", "a y", "y x", "y p", "p o", "p d", "o b", "o c", "b j", "c j", "j q", "d q", "q i", "i e", "late e2"]
        )
    ),
    "流程 1",
)  # fmt: skip


def plain(model: BpmnModel) -> Layout:
    """Nodes in a row, flows straight from box to box."""
    boxes = {n.id: Box(40.5 + 150 * at, 60, 100, 80) for at, n in enumerate(model.nodes)}
    middle = {key: (box.x + 50, box.y + 40) for key, box in boxes.items()}
    return Layout(boxes, {f.id: (middle[f.source], middle[f.target]) for f in model.flows})


def test_a_model_and_its_drawing_come_back_as_they_were(tmp_path: Path) -> None:
    model = replace(EVERYTHING, layout=plain(EVERYTHING))
    write_bpmn(model, tmp_path / "model.bpmn")
    assert read_bpmn(tmp_path / "model.bpmn") == model


def test_the_drawing_given_wins_over_the_models_own(tmp_path: Path) -> None:
    other = plain(replace(EVERYTHING, nodes=EVERYTHING.nodes[::-1]))
    write_bpmn(replace(EVERYTHING, layout=plain(EVERYTHING)), tmp_path / "m.bpmn", other)
    assert read_bpmn(tmp_path / "m.bpmn").layout == other


def test_without_a_drawing_one_is_made(tmp_path: Path) -> None:
    write_bpmn(EVERYTHING, tmp_path / "model.bpmn")
    layout = read_bpmn(tmp_path / "model.bpmn").layout
    assert layout is not None
    assert all(box.x >= 0 and box.y >= 0 for box in layout.boxes.values())


def test_everything_is_valid_against_the_schema(bpmn_schema: Any) -> None:
    assert_valid(bpmn_schema, bpmn_text(EVERYTHING, plain(EVERYTHING)))
    assert_valid(bpmn_schema, bpmn_text(EVERYTHING))


@pytest.mark.browser
def test_bpmn_js_opens_everything_without_a_warning(bpmn_js: BpmnJs) -> None:
    opened = bpmn_js.open(bpmn_text(EVERYTHING))
    assert (opened.warnings, opened.error, opened.console) == ([], None, [])
    assert set(opened.shapes) == {node.id for node in EVERYTHING.nodes}
    assert set(opened.edges) == {flow.id for flow in EVERYTHING.flows}
    assert "质检" in opened.svg


@pytest.mark.browser
def test_bpmn_js_does_warn_of_a_damaged_file(bpmn_js: BpmnJs) -> None:
    text = bpmn_text(EVERYTHING).replace('bpmnElement="a"', 'bpmnElement="nobody"')
    assert bpmn_js.open(text).warnings
    assert bpmn_js.open("<definitions/>").error


def test_pm4py_reads_the_same_graph(tmp_path: Path) -> None:
    pm4py = pytest.importorskip("pm4py")
    model = replace(
        EVERYTHING,
        nodes=tuple(n for n in EVERYTHING.nodes if n.id not in ("late", "e2")),
        flows=EVERYTHING.flows[:-1],
    )
    write_bpmn(model, tmp_path / "model.bpmn")
    graph = pm4py.read_bpmn(str(tmp_path / "model.bpmn"))
    assert sorted(n.get_id() for n in graph.get_nodes()) == sorted(n.id for n in model.nodes)
    names = {n.get_id(): n.get_name() or None for n in graph.get_nodes()}
    assert names == {n.id: n.label for n in model.nodes}
    ends = {(f.get_source().get_id(), f.get_target().get_id()) for f in graph.get_flows()}
    assert ends == {(f.source, f.target) for f in model.flows}


def test_ids_that_xml_forbids_are_replaced_throughout(tmp_path: Path, bpmn_schema: Any) -> None:
    nodes = (BpmnNode("1 s", "start"), BpmnNode("任务", "task", "t"), BpmnNode("1-e", "end"))
    model = BpmnModel(nodes, (BpmnFlow("1", "1 s", "任务"), BpmnFlow("2", "任务", "1-e")))
    text = bpmn_text(model, plain(model))
    assert_valid(bpmn_schema, text)
    (tmp_path / "m.bpmn").write_text(text, encoding="utf-8")
    again = read_bpmn(tmp_path / "m.bpmn")
    assert [(n.kind, n.label) for n in again.nodes] == [(n.kind, n.label) for n in nodes]
    assert again.layout is not None


@pytest.mark.parametrize("lost", ["boxes", "routes"])
def test_a_drawing_that_lacks_something_is_refused(tmp_path: Path, lost: str) -> None:
    layout = replace(plain(EVERYTHING), **{lost: {}})
    with pytest.raises(RequestError, match="The layout has no"):
        write_bpmn(EVERYTHING, tmp_path / "m.bpmn", layout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["BPI_2017_W", "declaration_documents", "receipt"])
def test_public_models_written_anew_are_valid_and_the_same(
    logs: Path, tmp_path: Path, bpmn_schema: Any, name: str
) -> None:
    model = replace(read_bpmn(logs / "models" / f"{name}.bpmn"), left_out=())
    write_bpmn(model, tmp_path / "again.bpmn")
    assert read_bpmn(tmp_path / "again.bpmn") == model
    assert_valid(bpmn_schema, (tmp_path / "again.bpmn").read_text(encoding="utf-8"))


@pytest.mark.browser
@pytest.mark.parametrize("name", ["declaration_documents", "receipt"])
@pytest.mark.parametrize("anew", [True, False])
def test_bpmn_js_opens_public_models_written_anew(
    bpmn_js: BpmnJs, logs: Path, name: str, anew: bool
) -> None:
    """With the drawing of the file, and with a fresh one."""
    model = read_bpmn(logs / "models" / f"{name}.bpmn")
    opened = bpmn_js.open(bpmn_text(replace(model, layout=None) if anew else model))
    assert (opened.warnings, opened.error, opened.console) == ([], None, [])
    assert set(opened.edges) == {flow.id for flow in model.flows}
