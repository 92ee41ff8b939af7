"""Mapping files: what people may write, and what they are told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables_tools import written
from thalweg.errors import MappingError
from thalweg.records.intake import ObjectColumn
from thalweg.records.mapping.flat import (
    DateAndTime,
    FlatMapping,
    Milestone,
    ObjectMapping,
    load_mapping,
    save_mapping,
)

FULL = """\
kind: table
objects:
  - {column: 订单号, type: 订单}
  - {column: items, type: item, qualifier: of order, separator: list}
event: eid
activity: [a, s]
time: {date_and_time: [d, h]}
start: begun
time_format: "%d.%m.%Y"
date_order: dmy
timezone: Asia/Shanghai
roles: {resource: 操作人, party: 公司}
attributes: {n: integer, m: amount}
decimal: ","
drop: [x]
sheet: 日志
"""


def test_everything_that_may_be_written_is_understood(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, "m.yaml", FULL))

    assert isinstance(mapping, FlatMapping)
    assert mapping.object_columns == (
        ObjectColumn("订单号", "订单"),
        ObjectColumn("items", "item", "of order"),
    )
    assert mapping.activity_columns == ("a", "s")
    assert mapping.time == DateAndTime(date_and_time=("d", "h"))
    assert mapping.attribute_types == {"n": "integer", "m": "amount"}
    assert mapping.roles == {"resource": "操作人", "party": "公司"}
    assert set(mapping.columns()) == {
        "订单号", "items", "eid", "a", "s", "d", "h", "begun", "操作人", "公司", "n", "m", "x",
    }  # fmt: skip


def test_case_is_short_for_one_object(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, "m.yaml", "case: id\nactivity: a\ntime: t\n"))
    assert isinstance(mapping, FlatMapping)
    assert mapping.object_columns == (ObjectColumn("id", "case"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("activty: a\n", r"m\.yaml: there is no field 'activty'. Did you mean 'activity'\?"),
        ("objects: [{column: a, typ: b}]\n", r"no field 'objects\.1\.typ'. Did you mean 'type'\?"),
        ("objects: [{column: a}]\n", r"field 'objects\.1\.type' is missing"),
        ("roles: {resorce: a}\n", r"field 'roles\.resorce' is 'resorce'.*'resource'"),
        ("attributes: {n: int}\n", r"field 'attributes\.n' is 'int'.*'integer'"),
        ("timezone: Europe/Berln\n", r"no time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'"),
        ("case: a\nobjects: [{column: b, type: c}]\n", "'case' and 'objects' exclude each other"),
        ("objects: [{column: b, type: c}, {column: b, type: d}]\n", "column 'b' is named twice"),
        ("milestones: [{activity: a, time: b}]\ntime: c\n", "'milestones' replaces"),
        ("milestones: [{activity: a, time: b}]\nstart: c\n", "'start' has no meaning"),
        ("case: a\ndrop: [a]\n", "column 'a' is used elsewhere"),
        ("decimal: ';'\n", "field 'decimal' is ';'"),
        ("kind: tabel\n", "field 'kind' is 'tabel'. Valid are 'table' and 'tables'"),
        ("- a\n- b\n", "holds no fields"),
        ("case: [unclosed\n", "not valid YAML in line 2"),
        ("case: &x a\nactivity: *x\n", "alias .x is not allowed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_field_and_remedy(
    tmp_path: Path, text: str, message: str
) -> None:
    path = written(tmp_path, "m.yaml", text)
    with pytest.raises(MappingError, match=message) as caught:
        load_mapping(path)
    assert "m.yaml" in str(caught.value)


def test_a_file_that_is_not_there_or_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"none\.yaml cannot be read"):
        load_mapping(tmp_path / "none.yaml")
    with pytest.raises(MappingError, match="not UTF-8"):
        load_mapping(written(tmp_path, "m.yaml", "case: 订单号\n".encode("gbk")))


def test_a_mapping_that_says_too_little_names_all_that_is_missing() -> None:
    with pytest.raises(MappingError, match=r"case .or objects., the time"):
        FlatMapping(activity="a").check_columns(["a"], "x.csv")


NAME = st.text(st.sampled_from("abc订单_ :#'\"-1"), min_size=1, max_size=8)
TIME = NAME | st.builds(DateAndTime, date_and_time=st.tuples(NAME, NAME))
OBJECTS = st.lists(
    st.builds(ObjectMapping, column=NAME, type=NAME, qualifier=NAME, separator=st.none() | NAME),
    unique_by=lambda o: o.column,
    max_size=3,
).map(tuple)


@settings(max_examples=80, deadline=None)
@given(
    mapping=st.one_of(
        st.builds(
            FlatMapping,
            case=NAME,
            activity=NAME | st.tuples(NAME, NAME),
            time=TIME,
            start=st.none() | TIME,
            roles=st.dictionaries(st.sampled_from(["resource", "party"]), NAME),
            attributes=st.dictionaries(NAME, st.sampled_from(["string", "time", "amount"])),
            decimal=st.sampled_from(["auto", ".", ","]),
            sheet=st.none() | NAME,
        ),
        st.builds(
            FlatMapping,
            objects=OBJECTS,
            milestones=st.lists(
                st.builds(Milestone, activity=NAME, time=TIME), min_size=1, max_size=2
            ).map(tuple),
        ),
    )
)
def test_a_saved_mapping_loads_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, mapping: FlatMapping
) -> None:
    path = tmp_path_factory.mktemp("m") / "m.yaml"
    save_mapping(mapping, path)
    assert load_mapping(path) == mapping
