"""Simulation models in files: read, written, and refused with the place and the cure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from simulation_models import ORDERS, a_model, line
from thalweg.errors import RequestError
from thalweg.redesign.model.files import check_model, model_json_schema, read_model, write_model
from thalweg.redesign.model.model import Model


@pytest.fixture
def orders(tmp_path: Path) -> Model:
    path = tmp_path / "orders.yaml"
    path.write_text(ORDERS, encoding="utf-8")
    return read_model(path)


def test_a_model_written_by_hand_says_what_it_says(orders: Model) -> None:
    assert [one.name for one in orders.activities] == ["enter", "check", "credit", "pack", "ship"]
    assert orders.activity("check").work.zero_share == 0.1
    assert orders.flows[0].splits[0].count == {1: 0.5, 3: 0.5}
    assert orders.learned == {"events": 120, "share": 0.5, "from": "0012"}
    assert orders.begins_at.isoformat() == "2024-01-01T00:00:00+00:00"


@pytest.mark.parametrize("name", ["again.yaml", "again.json"])
def test_a_model_comes_back_from_a_file_as_it_was(orders: Model, tmp_path: Path, name: str) -> None:
    write_model(orders, tmp_path / name)
    assert read_model(tmp_path / name) == orders


def test_a_file_leaves_out_what_is_as_by_default(orders: Model, tmp_path: Path) -> None:
    write_model(orders, tmp_path / "short.yaml")
    written = yaml.safe_load((tmp_path / "short.yaml").read_text(encoding="utf-8"))
    assert written["activities"][4] == {
        "name": "ship",
        "work": {"of": {"law": "constant", "value_s": 900.0}},
        "delay": {"of": {"law": "quantiles", "values_s": [0.0, 1800.0, 7200.0]}},
        "buffer": 20,
    }


def test_the_schema_names_every_field_of_a_model(orders: Model) -> None:
    schema = model_json_schema()
    assert set(schema["properties"]) == set(json.loads(orders.model_dump_json(by_alias=True)))
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("buffer: 20", "bufer: 20", r"line 22: .*'activities\[5\]\.bufer'.*'buffer'"),
        ("value_s: 900", "value_s: -1", "line 20: .*greater than or equal to 0"),
        ("law: constant", "law: konstant", "line 20: .*konstant.*'constant'"),
        ("name: orders", "name: [orders", "line 3"),
        ("skills: {enter: 1, check: 2}", "skills: {enter: 1, chek: 2}", "'clerks'.*'check'"),
        ("calendar: office}", "calendar: ofice}", "arrivals.*'office'"),
        ("urgent: [rush]", "urgent: [rash]", "'enter', urgent.*'rush'"),
        ("beside: [credit]", "beside: [credits]", "'check', beside.*'credit'"),
        ("zone: Europe/Berlin\nbegins", "zone: Europe/Berlim\nbegins", "no time zone"),
        ("{ship: 0.9, enter: 0.1}", "{ship: 0.9, enter: 0.2}", "after credit: .*sum to 1.1"),
        ("{rush: 0.2, plain: 0.8}", "{rush: 0.2, plain: 0.7}", "classes: .*sum to 0.9"),
        ("{1: 0.5, 3: 0.5}", "{1: 0.5, 3: 0.4}", "split at 'enter', count: .*sum to 0.9"),
        ("low_s: 60", "low_s: 160", "'pack', work: low_s 160 is above"),
        ("[0, 1800, 7200]", "[0, 1800, 720]", "'ship', delay: values_s fall"),
        ("least: 2, most: 5", "least: 6, most: 5", "'pack', batch: least 6 is above most 5"),
        ("skills: {pack: 1, ship: 1}", "skills: {pack: 1}", "'ship': no pool has the skill"),
        ("next: {check: 1}", "next: {credit: 1}", "'check': no choice leads to it"),
        ("- {after: [pack], next: {(end): 1}}", "", "after pack: nothing is said"),
        ("{ship: 0.9, enter: 0.1}", "{ship: 0, enter: 1}", "never come to an end"),
        ("into: item", "into: itm", "split at 'enter': there is no flow 'itm'.*'item'"),
        ("- name: hall", "- name: clerks", "pools: 'clerks' stands there twice"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in ORDERS
    path = tmp_path / "wrong.yaml"
    path.write_text(ORDERS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RequestError, match=told):
        read_model(path)


def test_wrong_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text('{"name": "x",\n "begins_at": }', encoding="utf-8")
    with pytest.raises(RequestError, match="line 2 is not valid JSON"):
        read_model(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"none\.yaml cannot be read"):
        read_model(tmp_path / "none.yaml")


def test_a_loop_may_end_by_a_bound_on_its_visits() -> None:
    def looped(visits: int | None) -> Model:
        return a_model(
            activities=[{"name": "a", "work": {"of": {"law": "constant", "value_s": 1}},
                         "most_visits": visits}],
            routing=line("a", a={"a": 1.0}),
        )  # fmt: skip

    check_model(looped(3))
    with pytest.raises(RequestError, match="never come to an end"):
        check_model(looped(None))


def test_an_order_of_classes_in_choices_is_heard() -> None:
    """A class may go on for ever though others don't."""
    model = a_model(
        classes={"x": 0.5, "y": 0.5},
        routing=[*line("a"), {"after": ["a"], "next": {"a": 1.0}, "of_class": "y"}],
    )
    with pytest.raises(RequestError, match="after a: objects never come to an end"):
        check_model(model)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"pool": "p", "activity": "a"}, "since when"),
        ({"activity": "b"}, "no activity 'b'"),
        ({"done": ("b",)}, "no activity 'b'"),
        ({"of_class": "z"}, "no class 'z'"),
    ],
)
def test_objects_under_way_are_held_against_the_model(change: dict[str, object], told: str) -> None:
    opened = {"object": "1", "arrived_at": "2023-12-31T00:00:00Z", **change}
    with pytest.raises(RequestError, match=told):
        check_model(a_model(under_way=[opened]))


def test_a_class_that_nobody_serves_is_named() -> None:
    parts = {"classes": {"x": 0.5, "y": 0.5}, "pools": [
        {"name": "p", "skills": {"a": 1}, "serves": ["x"]}]}  # fmt: skip
    with pytest.raises(RequestError, match="'a': no pool has the skill for it for class 'y'"):
        check_model(a_model(**parts))
    with pytest.raises(RequestError, match="'p', serves: there is no class 'x'"):
        check_model(a_model(pools=parts["pools"]))
