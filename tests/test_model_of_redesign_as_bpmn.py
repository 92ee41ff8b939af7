"""A simulation model seen as BPMN: tasks with figures, gateways with shares."""

from __future__ import annotations

from pathlib import Path

import yaml

from simulation_models import HOUR, ORDERS, a_model, exponential, line
from thalweg.process.models.files.bpmn_read import read_bpmn
from thalweg.process.models.files.bpmn_write import write_bpmn
from thalweg.redesign.model.bpmn import model_bpmn
from thalweg.redesign.model.model import Model


def test_a_return_is_a_gateway_with_its_shares(tmp_path: Path) -> None:
    model = a_model(
        activities=[{"name": n, "work": exponential(HOUR)} for n in "ab"],
        pools=[{"name": "p", "count": 2, "skills": {"a": 1, "b": 1}}],
        routing=line("a", "b", b={"a": 0.25, "(end)": 0.75}),
    )
    write_bpmn(model_bpmn(model), tmp_path / "view.bpmn")
    read = read_bpmn(tmp_path / "view.bpmn")
    assert sorted(one.label or "" for one in read.nodes if one.kind == "task") == [
        "a · 60 min · 2 × p",
        "b · 60 min · 2 × p",
    ]
    assert sorted(one.label for one in read.flows if one.label) == ["25 %", "75 %"]
    assert sum(one.kind == "exclusive" for one in read.nodes) == 2


def test_what_depends_on_history_is_told_apart() -> None:
    """After a second b nothing goes back: two tasks b, of which one has a choice behind it."""
    model = a_model(
        activities=[{"name": n, "work": exponential(HOUR)} for n in "ab"],
        pools=[{"name": "p", "skills": {"a": 1, "b": 1}}],
        routing=[
            *line("a", "b", b={"a": 0.5, "(end)": 0.5}),
            {"after": ["b", "a", "b"], "next": {"(end)": 1.0}},
        ],
    )
    found = model_bpmn(model)
    tasks = [one.label or "" for one in found.nodes if one.kind == "task"]
    assert sum(label.startswith("b") for label in tasks) == 2


def test_the_flow_of_what_is_split_off_has_its_own_graph() -> None:
    model = Model.model_validate(yaml.safe_load(ORDERS))
    labels = [one.label for one in model_bpmn(model, flow="item").nodes if one.kind == "task"]
    assert labels == ["pack · 1.5 min · 2 × hall"]
