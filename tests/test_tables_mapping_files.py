"""A mapping file of several tables says what is wrong with it before any row is read."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.errors import MappingError
from thalweg.records.mapping.flat import load_mapping
from thalweg.records.mapping.tables import TablesMapping
from thalweg.records.mapping.tables_file import (
    load_tables_mapping,
    parse_tables_mapping,
    shipped_mappings,
)
from thalweg.records.readers.joined.tables import read_tables
from thalweg.records.sources import expand

GOOD = """
kind: tables
timezone: Europe/Berlin
tables:
  head: {file: head.csv, key: [id], types: {total: number}}
  line: {file: line.csv}
objects:
  order: {from: head, id: id}
events:
  - name: shipped
    from: line
    join: {table: head, on: {order: id}}
    where: {column: state, equals: 00001}
    time: {date: day, time: clock}
    objects: [{type: order, id: order}]
    attributes: {total: total}
object_links:
  - {from: line, source: {type: order, id: order}, target: {id: no}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "head.csv").write_text("id,total,state_text\n1,2.5,x\n")
    (tmp_path / "line.csv").write_text("order,no,state,day,clock\n1,10,00001,20240701,080000\n")
    return tmp_path


def problem(folder: Path, old: str, new: str) -> str:
    """The message that a change of the good mapping earns."""
    assert old in GOOD
    with pytest.raises(MappingError) as caught:
        text = GOOD.replace(old, new, 1)
        list(read_tables(parse_tables_mapping(text, "erp.yaml"), folder, where="erp.yaml").batches)
    return str(caught.value)


class TestText:
    def test_values_without_quotes_stay_text(self, folder: Path) -> None:
        mapping = parse_tables_mapping(GOOD)
        assert mapping.events[0].where[0].equals == "00001"
        events = [b.events for b in read_tables(mapping, folder).batches][1]
        assert events["@time"].dt.strftime("%F %R").to_list() == ["2024-07-01 06:00"]

    def test_words_that_yaml_takes_for_truth_values_are_fields_and_columns(self) -> None:
        join = parse_tables_mapping(GOOD.replace("{order: id}", "[no]")).events[0].join[0]
        assert join.on == {"no": "no"}

    def test_a_number_that_another_yaml_reader_made_of_a_key_is_refused(self, folder: Path) -> None:
        import yaml

        data = yaml.safe_load(GOOD.replace("id: no", "id: order"))
        assert data["events"][0]["where"]["equals"] == 1
        with pytest.raises(MappingError, match="the column is text; write '1' in quotes"):
            read_tables(TablesMapping.model_validate(data), folder)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("kind: [", r"erp\.yaml is not valid YAML in line 1"),
            ("- 1", r"erp\.yaml holds no fields"),
            ("a: &x {b: c}\nd: *x", r"alias \*x is not allowed"),
        ],
    )
    def test_text_that_is_no_mapping(self, text: str, message: str) -> None:
        with pytest.raises(MappingError, match=message):
            parse_tables_mapping(text, "erp.yaml")

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(MappingError, match=r"none\.yaml cannot be read: No such file"):
            load_tables_mapping(tmp_path / "none.yaml")
        (tmp_path / "gbk.yaml").write_bytes("表: 1".encode("gbk"))
        with pytest.raises(MappingError, match="not UTF-8"):
            load_tables_mapping(tmp_path / "gbk.yaml")
        (tmp_path / "big.yaml").write_bytes(b"#" * (4 * 1024**2 + 1))
        with pytest.raises(MappingError, match="too large"):
            load_tables_mapping(tmp_path / "big.yaml")


WORDS = st.sampled_from(
    [
        "kind",
        "tables",
        "events",
        "objects",
        "from",
        "join",
        "on",
        "table",
        "file",
        "where",
        "column",
        "id",
        "type",
        "time",
        "date",
        "name",
        "template",
        "literal",
        "{a}",
        "{",
        "equals",
        "in",
        "any",
        "x",
    ]
)
ANYTHING = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    part=ANYTHING, place=st.sampled_from(["tables", "objects", "events", "object_links", "changes"])
)
def test_whatever_a_file_holds_the_answer_is_a_mapping_or_a_mapping_error(
    part: object, place: str
) -> None:
    import json

    data = {"kind": "tables", "tables": {"x": {"file": "x.csv"}}, "events": []}
    rule = {"name": "x", "from": "x", "time": "a", "objects": [{"type": "x", "id": "a"}]}
    for content in (
        part,
        [part],
        {"x": part},
        [{**rule, **part}] if isinstance(part, dict) else [],
    ):
        text = json.dumps({**data, "events": [rule], place: content})
        try:
            assert isinstance(parse_tables_mapping(text), TablesMapping)
        except MappingError as error:
            assert str(error).startswith("the mapping")


def test_a_file_nested_without_end_is_refused() -> None:
    with pytest.raises(MappingError, match="nested too deeply"):
        parse_tables_mapping("[" * 20_000)


FIELD_PROBLEMS = [
    ("timezone: Europe/Berlin", "timezone: Europe/Berln", "there is no time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'"),
    ("key: [id]", "kye: [id]", "there is no field 'tables.head.kye'. Did you mean 'key'"),
    ("total: number", "total: numbre", "field 'tables.head.types.total' is 'numbre'. Did you mean 'number'?"),
    ("file: line.csv", "file: ../line.csv", "file '../line.csv' leads outside the folder"),
    ("file: line.csv", "sheet: x", "say one of 'file', 'table' and 'sql' (found none)"),
    ("from: line", "from: lines", "events[shipped]: there is no table 'lines'. Did you mean 'line'?"),
    ("table: head, on", "table: heda, on", "there is no table 'heda'. Did you mean 'head'?"),
    ("equals: 00001", "equal: 1", "there is no field 'events[1].where[1].equal'. Did you mean 'equals'"),
    ("equals: 00001}", "}", "the condition on 'state' needs a test: equals, not_equals, in"),
    ("date: day, time: clock", "time: clock", "say either 'column' or 'date'"),
    ("objects: [{type: order, id: order}]", "objects: []", "an event needs at least one object"),
    ("type: order, id: order}]", "type: order}]", "field 'events[1].objects[1].id' is missing"),
    ("id: order}]", "id: {template: '{order!r}'}}]", "a template holds column names in braces"),
    ("id: order}]", "id: {column: order, literal: x}}]", "say one of 'column', 'columns', 'literal' and 'template' (found column and literal)"),
    ("source: {type: order", "source: {type: ordr", "object_links[1].source: there is no object type 'ordr' under 'objects'. Did you mean 'order'?"),
    ("on: {order: id}", "on: {order: id}, if_many: evry", "field 'events[1].join[1].if_many' is 'evry'. Valid are: 'set_aside', 'empty', 'first', 'each'."),
]  # fmt: skip


COLUMN_PROBLEMS = [
    ("file: line.csv", "file: lines.csv", "tables.line.file: no file fits 'lines.csv'. Did you mean 'line.csv'"),
    ("key: [id]", "key: [ids]", "tables.head.key: there is no column 'ids' in head. Did you mean 'id'?"),
    ("{total: number}", "{totl: number}", "tables.head.types: there is no column 'totl' in head. Did you mean 'total'?"),
    ("{order: id}", "{orders: id}", "events[shipped].join[1].on: there is no column 'orders' in line. Did you mean 'order'?"),
    ("{order: id}", "{order: ids}", "events[shipped].join[1].on: there is no column 'ids' in head. Did you mean 'id'?"),
    ("{order: id}", "{order: total}", "'order' is text and head.total is a number. Give both the same type under 'types'."),
    ("column: state,", "column: stat,", "events[shipped].where[1]: there is no column 'stat' in line or head. Did you mean 'state'"),
    ("date: day", "date: Day", "events[shipped].time: there is no column 'Day' in line or head. Did you mean 'day'?"),
    ("column: state, equals: 00001", "column: head.total, above: much", "events[shipped].where[1].above: 'much' is not a number."),
    ("equals: 00001", "matches: '('", "events[shipped].where[1].matches: '(' is no regular expression."),
    ("{total: total}", "{source_table: total}", "'source_table' is written by Thalweg itself"),
    ("{total: total}", "{order: total}", "'order' is also an object type"),
    ("{total: total}", "{total: head.tota}", "events[shipped].attributes.total: there is no column 'head.tota' in line or head. Did you mean 'head.total'"),
]  # fmt: skip


class TestProblems:
    @pytest.mark.parametrize(("old", "new", "message"), FIELD_PROBLEMS)
    def test_a_wrong_field_is_named_with_the_nearest_valid_one(
        self, folder: Path, old: str, new: str, message: str
    ) -> None:
        found = problem(folder, old, new)
        assert found.startswith("erp.yaml: ")
        assert message in found

    @pytest.mark.parametrize(("old", "new", "message"), COLUMN_PROBLEMS)
    def test_a_column_that_is_not_there_is_named_before_any_row_is_read(
        self, folder: Path, old: str, new: str, message: str
    ) -> None:
        assert message in problem(folder, old, new)

    def test_all_problems_are_told_at_once(self, folder: Path) -> None:
        text = GOOD.replace("date: day", "date: dai").replace(
            "target: {id: no}", "target: {id: na}"
        )
        with pytest.raises(MappingError) as caught:
            read_tables(parse_tables_mapping(text), folder, where="erp.yaml")
        first, *rest = str(caught.value).splitlines()
        assert first == "erp.yaml: 2 problems."
        assert [line.split(":")[0] for line in rest] == [
            "  - events[shipped].time",
            "  - object_links[1].target.id",
        ]

    def test_a_column_of_two_joined_tables_needs_its_table(self, folder: Path) -> None:
        (folder / "more.csv").write_text("id,total\n1,3\n")
        text = GOOD.replace("  line: {file", "  more: {file: more.csv}\n  line: {file")
        text = text.replace(
            "    join: {table: head, on: {order: id}}",
            """\
    join:
      - {table: head, on: {order: id}}
      - {table: more, on: {order: id}}""",
        )
        with pytest.raises(MappingError, match=r"'total' is in head and more; say 'head\.total'"):
            read_tables(parse_tables_mapping(text), folder)

    def test_one_attribute_has_one_type_in_all_rules(self, folder: Path) -> None:
        text = GOOD.replace(
            "object_links:",
            "  - {name: other, from: line, time: day, objects: [{type: order, id: order}], "
            "attributes: {total: no}}\nobject_links:",
        )
        expected = r"events\[other\].attributes.total is text, and in events\[shipped\] it is a num"
        with pytest.raises(MappingError, match=expected):
            read_tables(parse_tables_mapping(text), folder)


@pytest.mark.parametrize("name", sorted(shipped_mappings()))
def test_every_shipped_mapping_is_valid(name: str) -> None:
    path = shipped_mappings()[name]
    assert load_tables_mapping(path).kind == "tables"
    assert load_mapping(path) == load_tables_mapping(path)


P2P_TYPES = {
    "goods receipt": 1_941,
    "invoice receipt": 927,
    "material": 2_296,
    "payment": 927,
    "purchase_order": 1_598,
    "purchase_requisition": 927,
    "quotation": 927,
}
P2P = """
kind: tables
tables:
  event: {file: event.csv, key: [ocel_id]}
  happened:
    file: [event_Approve*, event_Create*, event_Delegate*, event_Execute*, event_Perform*]
    key: [ocel_id]
  link: {file: event_object.csv}
  object: {file: object.csv, key: [ocel_id]}
  object_object: {file: object_object.csv}
  material: {file: object_material.csv, types: {NetPriceEKPONETPR: number}}
objects:
  material:
    from: object
    join: {table: material, on: [ocel_id]}
    where: {column: ocel_type, equals: material}
    id: ocel_id
    attributes: {price: NetPriceEKPONETPR}
  goods receipt: {from: object, where: {column: ocel_type, equals: goods receipt}, id: ocel_id}
  invoice receipt: {from: object, where: {column: ocel_type, equals: invoice receipt}, id: ocel_id}
  payment: {from: object, where: {column: ocel_type, equals: payment}, id: ocel_id}
  purchase_order: {from: object, where: {column: ocel_type, equals: purchase_order}, id: ocel_id}
  purchase_requisition:
    {from: object, where: {column: ocel_type, equals: purchase_requisition}, id: ocel_id}
  quotation: {from: object, where: {column: ocel_type, equals: quotation}, id: ocel_id}
object_links:
  - from: object_object
    source: {id: ocel_source_id}
    target: {id: ocel_target_id}
    qualifier: {column: ocel_qualifier}
events:
  - name: event
    from: link
    join:
      - {table: event, on: {ocel_event_id: ocel_id}}
      - {table: happened, on: {ocel_event_id: ocel_id}}
      - {table: object, on: {ocel_object_id: ocel_id}}
    one_event_per: ocel_event_id
    id: ocel_event_id
    activity: event.ocel_type
    time: ocel_time
    resource: happened.resource
    objects:
      - type: {column: object.ocel_type}
        id: ocel_object_id
        qualifier: {column: ocel_qualifier}
"""


def test_the_tables_of_an_object_centric_database_join_back_into_its_log(
    logs: Path, tmp_path: Path
) -> None:
    sources = expand(logs / "ocel2" / "ocel2-p2p_csv-tables.zip")
    facts, happened = read_tables(parse_tables_mapping(P2P), sources).batches
    assert {name: len(table) for name, table in facts.objects.items()} == P2P_TYPES
    assert sum(P2P_TYPES.values()) == 9_543
    assert facts.object_links is not None
    assert len(facts.object_links) == 20_402
    assert len(happened.events) == 14_671
    links = [
        happened.events.select(
            "@event", pl.col(c.column).alias("id"), pl.lit(c.qualifier).alias("qualifier")
        ).explode("id")
        for c in happened.object_columns
    ]
    found = pl.concat(links).drop_nulls("id")
    assert len(found) == 35_927

    (packed,) = expand(logs / "ocel2" / "ocel2-p2p.sqlite.gz")
    with packed.local_file() as path, sqlite3.connect(path) as database:
        expected = database.execute(
            "select ocel_event_id, ocel_object_id, ocel_qualifier from event_object"
        ).fetchall()
        times = dict(
            database.execute("select ocel_id, ocel_time from event_CreatePurchaseOrder").fetchall()
        )
        kinds = dict(database.execute("select ocel_id, ocel_type from event").fetchall())
    assert _digest(found.rows()) == _digest(expected)
    assert dict(happened.events.select("@event", "@activity").rows()) == kinds
    created = happened.events.filter(pl.col("@activity") == "Create Purchase Order")
    written = created.select("@event", pl.col("@time").dt.strftime("%Y-%m-%dT%H:%M:%S")).rows()
    assert dict(written) == {event: time[:19].replace(" ", "T") for event, time in times.items()}


def _digest(rows: list[tuple[str, ...]]) -> str:
    """One hash of many rows, whatever their order: a short message when they differ."""
    return hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()
