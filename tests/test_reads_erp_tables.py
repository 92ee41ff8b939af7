"""Tables of an ERP become an object-centric log, and what they don't carry is told."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.records.ingest import ingest
from thalweg.records.intake import Batch, Intake, ReadRequest
from thalweg.records.mapping.tables import TablesMapping
from thalweg.records.mapping.tables_file import (
    load_tables_mapping,
    parse_tables_mapping,
    shipped_mappings,
)
from thalweg.records.readers.joined.compare import Comparison, compare_logs, events_by_object
from thalweg.records.readers.joined.tables import read_tables
from thalweg.records.sources import expand
from thalweg.records.trust import Finding

KEYS = ("case", "activity", "time")
KEYS_AND_USER = (*KEYS, "resource")
TIED_TO_ITEM = {
    "Record Invoice Receipt": (905, 905),
    "Record Goods Receipt": (884, 884),
    "Record Service Entry Sheet": (683, 683),
    "Vendor creates invoice": (663, 663),
    "Clear Invoice": (643, 0),
    "SRM: In Transfer to Execution Syst.": (433, 267),
    "SRM: Created": (375, 217),
    "SRM: Complete": (375, 217),
    "SRM: Awaiting Approval": (375, 217),
    "SRM: Document Completed": (375, 217),
    "SRM: Ordered": (375, 217),
    "SRM: Change was Transmitted": (300, 153),
    "Create Purchase Order Item": (300, 300),
    "SRM: Deleted": (75, 64),
    "Change Price": (54, 50),
    "Cancel Invoice Receipt": (41, 33),
    "Vendor creates debit memo": (34, 26),
    "Remove Payment Block": (22, 18),
    "SRM: Transfer Failed (E.Sys.)": (19, 19),
    "Cancel Goods Receipt": (8, 4),
    "Change Delivery Indicator": (5, 5),
    "Change Final Invoice Indicator": (5, 1),
    "Delete Purchase Order Item": (4, 2),
    "SRM: Transaction Completed": (3, 3),
    "SRM: Incomplete": (3, 1),
    "SRM: Held": (3, 1),
    "Change Quantity": (2, 1),
}
"""Events of the true log, and how many of them the tables tie to one item of the order.

Counted with DuckDB over the tables: a change document names the order, so it belongs to an item
only where the order has a single one (153 of 198 orders) or the changed value is the item.
"""
NO_USER_COLUMN = {"Record Invoice Receipt", "Record Goods Receipt", "Clear Invoice"}
"""Activities whose user stands in the true log and in no table."""


@pytest.fixture(scope="module")
def sample(logs: Path) -> Path:
    return logs / "erp_tables" / "bpi2019_sample"


@pytest.fixture(scope="module")
def purchasing() -> TablesMapping:
    return load_tables_mapping(shipped_mappings()["sap_purchasing"])


@pytest.fixture(scope="module")
def read(sample: Path, purchasing: TablesMapping) -> tuple[Intake, list[Batch]]:
    intake = read_tables(purchasing, sample)
    return intake, list(intake.batches)


@pytest.fixture(scope="module")
def truth(sample: Path) -> pl.DataFrame:
    """The true log: case, activity, time and user; NONE means that nobody was recorded."""
    raw = pl.read_csv(sample / "ground_truth_log.csv", infer_schema=False)
    time = pl.col("timestamp").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ns", time_zone="UTC"
    )
    user = pl.when(pl.col("user") != "NONE").then("user")
    return raw.select(case="case_id", activity="activity", time=time, resource=user)


def finding(intake: Intake, code: str, where: str = "") -> Finding:
    found = [f for f in intake.findings if f.code == code and where in f.where]
    assert len(found) == 1, (code, where, intake.findings)
    return found[0]


def figures(comparison: Comparison, *columns: str) -> dict[str, tuple[int, ...]]:
    rows = comparison.by_activity.select("activity", *columns).iter_rows()
    return {str(name): tuple(numbers) for name, *numbers in rows}


class TestAgainstTheTrueLog:
    def test_every_event_that_names_its_item_is_equal_and_none_is_invented(
        self, read: tuple[Intake, list[Batch]], truth: pl.DataFrame
    ) -> None:
        compared = compare_logs(events_by_object(read[1], "item"), truth)
        assert figures(compared, "true", "matched") == TIED_TO_ITEM
        assert compared.matched == 5_168
        assert compared.by_activity["extra"].sum() == 0
        assert compared.by_activity["missing_absent"].sum() == 0
        assert compared.by_activity["missing_unlinked"].sum() == 6_964 - 5_168
        assert compared.by_activity["precision"].drop_nulls().unique().to_list() == [1.0]

    def test_what_can_be_tied_to_an_item_is_what_a_query_over_the_tables_says(
        self, sample: Path
    ) -> None:
        counted = duckdb.sql(f"""
            with changed as (
                select h.OBJECTID as EBELN, p.FNAME, p.VALUE_NEW
                from read_csv('{sample}/cdpos.csv', all_varchar=true) p
                join read_csv('{sample}/cdhdr.csv', all_varchar=true) h using (CHANGENR)
            ), single as (
                select EBELN from read_csv('{sample}/ekpo.csv', all_varchar=true)
                group by EBELN having count(*) = 1
            )
            select case when FNAME = 'EBELP' then 'Create Purchase Order Item'
                        else VALUE_NEW end as activity,
                   count(*),
                   count(*) filter (FNAME = 'EBELP' or EBELN in (select EBELN from single))
            from changed group by 1
        """).fetchall()
        assert {a: (n, tied) for a, n, tied in counted} == {
            a: pair for a, pair in TIED_TO_ITEM.items() if a in {c[0] for c in counted}
        }

    def test_users_are_equal_wherever_a_table_has_a_user(
        self, read: tuple[Intake, list[Batch]], truth: pl.DataFrame
    ) -> None:
        carried = truth.filter(~pl.col("activity").is_in(NO_USER_COLUMN))
        found = events_by_object(read[1], "item").filter(~pl.col("activity").is_in(NO_USER_COLUMN))
        compared = compare_logs(found, carried, on=KEYS_AND_USER)
        expected = {a: n for a, n in TIED_TO_ITEM.items() if a not in NO_USER_COLUMN}
        assert figures(compared, "true", "matched") == expected
        assert compared.by_activity["extra"].sum() == 0
        assert compared.by_activity["missing_absent"].sum() == 0

    def test_changes_of_orders_with_several_items_are_whole_at_the_order(
        self, read: tuple[Intake, list[Batch]], truth: pl.DataFrame
    ) -> None:
        by_order = truth.with_columns(pl.col("case").str.split("_").list.first())
        carried = by_order.filter(pl.col("activity") != "Clear Invoice")
        found = events_by_object(read[1], "order").drop_nulls("case")
        assert len(found) == 6_321
        compared = compare_logs(found, carried, on=KEYS)
        assert (len(compared.missing), len(compared.extra)) == (0, 0)

    def test_clearings_are_whole_at_the_vendor(
        self, read: tuple[Intake, list[Batch]], truth: pl.DataFrame, sample: Path
    ) -> None:
        vendors = pl.read_csv(sample / "ekko.csv", infer_schema=False).select("EBELN", "LIFNR")
        by_vendor = (
            truth.filter(pl.col("activity") == "Clear Invoice")
            .with_columns(EBELN=pl.col("case").str.split("_").list.first())
            .join(vendors, on="EBELN")
            .with_columns(case="LIFNR")
        )
        found = events_by_object(read[1], "vendor").filter(pl.col("activity") == "Clear Invoice")
        compared = compare_logs(found, by_vendor)
        assert compared.matched == 643
        assert (len(compared.missing), len(compared.extra)) == (0, 0)

    def test_the_truth_is_no_table_of_the_mapping(self, purchasing: TablesMapping) -> None:
        named = {name for spec in purchasing.tables.values() for name in spec.file}
        assert named.isdisjoint({"ground_truth_log.csv", "mapping_coverage_report.json"})


class TestWhatTheTablesDoNotCarry:
    def test_changes_that_could_concern_several_items_are_counted(
        self, read: tuple[Intake, list[Batch]]
    ) -> None:
        ambiguous = finding(read[0], "table_join_ambiguous")
        assert (ambiguous.count, ambiguous.of) == (1_153, 2_886)
        assert ambiguous.where == "events[change of a purchase order]: cdpos → ekpo"
        assert ambiguous.detail == {"policy": "empty", "on": {"OBJECTID": "EBELN"}}
        assert ambiguous.examples[0].source == "cdpos.csv"
        assert ambiguous.examples[0].value == "2000000003"

    def test_the_report_says_which_events_reach_which_objects(
        self, read: tuple[Intake, list[Batch]]
    ) -> None:
        item = finding(read[0], "table_object_coverage", "item")
        assert (item.count, item.of) == (5_168, 6_964)
        assert item.detail["linked_by_rule"]["Clear Invoice"] == 0
        assert item.detail["linked_by_rule"]["change of a purchase order"] == 1_733
        assert finding(read[0], "table_object_coverage", "order").count == 6_321

    def test_invoices_that_no_invoice_table_holds_are_named(
        self, read: tuple[Intake, list[Batch]]
    ) -> None:
        unknown = finding(read[0], "table_object_unknown")
        assert (unknown.count, unknown.of, unknown.detail["objects"]) == (29, 881, 15)
        assert unknown.examples[0].source == "ekbe.csv"
        assert (unknown.examples[0].row, unknown.examples[0].value) == (344, "2019/5100000097")

    def test_columns_that_no_rule_uses_are_listed(self, read: tuple[Intake, list[Batch]]) -> None:
        unused = {
            f.where: f.detail["columns"]
            for f in read[0].findings
            if f.code == "table_columns_unused"
        }
        assert unused == {"ekbe": ["BUDAT"], "bkpf": ["BUDAT"], "bseg": ["KOART", "AUGDT"]}

    def test_what_is_alike_in_all_files_is_said_once(
        self, read: tuple[Intake, list[Batch]]
    ) -> None:
        encoding = finding(read[0], "encoding_detected")
        assert (encoding.count, encoding.detail["encoding"]) == (12, "utf-8")
        assert encoding.where.split(", ")[:2] == ["ekko.csv", "ekpo.csv"]

    def test_no_row_of_any_table_is_left_over(self, read: tuple[Intake, list[Batch]]) -> None:
        assert [f for f in read[0].findings if f.code == "table_rows_unused"] == []

    def test_every_event_leads_back_to_its_row(
        self, read: tuple[Intake, list[Batch]], sample: Path
    ) -> None:
        receipts = next(b.events for b in read[1] if "material_document" in b.events.columns)
        table = pl.read_csv(sample / "mseg.csv", infer_schema=False)
        assert receipts["source_table"].unique().to_list() == ["mseg.csv"]
        header_lines = 1
        items = table[receipts["@row"] - 1 - header_lines].select(
            pl.concat_str("EBELN", "EBELP", separator="_")
        )
        assert receipts["item"].to_list() == items.to_series().to_list()


def test_a_book_holds_the_joined_tables(
    sample: Path, purchasing: TablesMapping, tmp_path: Path
) -> None:
    files = [p for p in sorted(sample.glob("*.csv")) if p.name != "ground_truth_log.csv"]
    book = ingest(files, tmp_path / "book", mapping=purchasing)
    assert book.perspective("item").entries == 5_168
    assert book.perspective("order").entries == 6_321
    assert book.perspective("order").objects == 198
    assert book.trust.rows_kept == 6_964
    assert book.trust.find("table_join_ambiguous") is not None


ORDERS = """
kind: tables
timezone: Asia/Shanghai
tables:
  head: {file: head.csv, key: [id], types: {total: number}}
  line: {file: "line_*.csv", types: {paid: boolean}}
  log: {file: log.csv}
objects:
  order: {from: head, id: id, attributes: {total: total}}
  line: {from: line, id: {template: "{order}/{no}"}}
object_links:
  - {from: line, source: {type: order, id: order}, target: {type: line, id: {template: "{order}/{no}"}}, qualifier: {column: kind}}
events:
  - name: placed
    from: head
    time: {date: day, time: clock}
    objects: [{type: order, id: id}]
    attributes: {total: total}
  - name: shipped
    from: line
    join: {table: head, on: {order: id}}
    where: {column: paid, equals: true}
    time: shipped
    one_event_per: [order, shipped]
    objects:
      - {type: order, id: order}
      - {type: line, id: {template: "{order}/{no}"}, qualifier: {column: kind}}
changes:
  - from: log
    where: {column: field, in: [TOTAL]}
    object: {type: order, id: order}
    time: {column: at, format: "%d.%m.%Y %H:%M"}
    attribute: {column: field, translate: {TOTAL: total}}
    value: new
    value_type: float
"""


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    files = {
        "head.csv": "id,day,clock,total\n001,20240102,080000,10-\n002,20240103,,7.5\n003,junk,080000,x\n",
        "line_a.csv": "order,no,kind,paid,shipped\n001,1,new,X,2024-01-05 10:00\n001,2,new,X,2024-01-05 10:00\n",
        "line_b.csv": "order,no,kind,paid,shipped\n001,3,used,X,2024-01-05 10:00\n009,1,new,X,2024-01-06 10:00\n002,1,new,,\n002,,new,,\n",
        "log.csv": "order,field,at,new\n001,TOTAL,05.01.2024 12:00,11\n001,NOTE,05.01.2024 12:00,hello\n001,TOTAL,soon,12\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def orders_read(orders: Path) -> tuple[Intake, list[Batch]]:
    intake = read_tables(parse_tables_mapping(ORDERS), orders)
    return intake, list(intake.batches)


class TestRules:
    def test_several_rows_make_one_event_with_all_their_objects(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        shipped = orders_read[1][2]
        assert shipped.events["@row"].to_list() == [2]
        assert shipped.events["source_table"].to_list() == ["line_a.csv"]
        assert shipped.events["line:new"].to_list() == [["001/1", "001/2"]]
        assert shipped.events["line:used"].to_list() == [["001/3"]]
        assert [(c.type, c.qualifier) for c in shipped.object_columns] == [
            ("order", ""),
            ("line", "new"),
            ("line", "used"),
        ]

    def test_local_times_become_utc_and_a_missing_time_of_day_is_counted(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        times = orders_read[1][1].events["@time"].dt.strftime("%Y-%m-%d %H:%M").to_list()
        assert times == ["2024-01-02 00:00", "2024-01-02 16:00"]
        assert finding(orders_read[0], "time_of_day_missing").count == 1
        assert finding(orders_read[0], "zone_stated").detail == {"assumed": "Asia/Shanghai"}

    def test_a_row_whose_time_cannot_be_read_is_set_aside_with_its_value(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        rejects = orders_read[1][1].rejects
        assert rejects is not None
        assert rejects.select("@row", "reason", "value").rows() == [
            (4, "time_unreadable", "junk 08:00:00")
        ]
        assert '"source_table":"head.csv"' in rejects["record"][0]

    def test_a_row_whose_key_finds_nothing_is_set_aside_with_its_key(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        rejects = orders_read[1][2].rejects
        assert rejects is not None
        assert rejects.select("@row", "reason", "value").rows() == [
            (3, "join_found_nothing", "009")
        ]
        missed = finding(orders_read[0], "table_join_empty")
        assert (missed.count, missed.of, missed.severity) == (1, 4, "loss")

    def test_unused_rows_are_told_with_their_reasons(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        unused = {
            f.where: (f.count, f.of, f.detail)
            for f in orders_read[0].findings
            if f.code == "table_rows_unused"
        }
        assert unused == {
            "line": (1, 6, {"id_missing": 1}),
            "log": (2, 3, {"no_rule_matches": 1, "time_unreadable": 1}),
        }

    def test_changes_links_and_typed_attributes(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        facts = orders_read[1][0]
        assert facts.objects["order"].rows() == [("001", -10.0), ("002", 7.5), ("003", None)]
        assert facts.object_changes is not None
        assert facts.object_changes.select("@object", "@attribute", "@value").rows() == [
            ("001", "total", "11")
        ]
        assert facts.object_links is not None
        assert facts.object_links.rows() == [
            ("001", "001/1", "new"),
            ("001", "001/2", "new"),
            ("001", "001/3", "used"),
            ("009", "009/1", "new"),
            ("002", "002/1", "new"),
        ]

    def test_a_cell_that_is_not_of_its_type_is_told(
        self, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        unreadable = finding(orders_read[0], "cell_unreadable")
        assert (unreadable.where, unreadable.count) == ("head.total", 1)
        assert (unreadable.examples[0].row, unreadable.examples[0].value) == (4, "x")

    def test_batches_are_as_small_as_asked(self, orders: Path) -> None:
        intake = read_tables(parse_tables_mapping(ORDERS), orders, ReadRequest(batch_rows=1))
        assert [len(b.events) for b in intake.batches] == [0, 1, 1, 1]


ONE_RULE = """
kind: tables
timezone: UTC
tables: {{a: {{file: a.csv}}, b: {{file: b.csv, types: {{n: integer}}}}}}
events:
  - name: e
    from: a
    {more}
    time: at
    objects: [{{type: thing, id: id}}]
    attributes: {{n: b.n}}
"""


def one_rule(folder: Path, more: str) -> tuple[Intake, pl.DataFrame]:
    (folder / "a.csv").write_text(
        "id;k;at;客户\n1;x;2024-01-01;甲\n2;y;2024-01-02;\n3;z;2024-01-03;乙\n4;;2024-01-04;丙\n2;y;2024-01-02;\n",
        encoding="utf-8",
    )
    (folder / "b.csv").write_text("k,n\nx,1\ny,2\ny,3\n,9\n", encoding="utf-8")
    intake = read_tables(parse_tables_mapping(ONE_RULE.format(more=more)), folder)
    return intake, pl.concat([b.events for b in intake.batches], how="diagonal")


class TestJoinsAndConditions:
    @pytest.mark.parametrize(
        ("policies", "rows"),
        [
            ("", [("1", 1)]),
            (
                "if_none: keep, if_many: empty",
                [("1", 1), ("2", None), ("3", None), ("4", None), ("2", None)],
            ),
            ("if_many: first", [("1", 1), ("2", 2), ("2", 2)]),
            ("if_many: each", [("1", 1), ("2", 2), ("2", 3), ("2", 2), ("2", 3)]),
        ],
    )
    def test_keys_that_find_nothing_or_several_rows(
        self, tmp_path: Path, policies: str, rows: list[tuple[str, int | None]]
    ) -> None:
        more = f"join: {{table: b, on: [k]{', ' * bool(policies)}{policies}}}"
        _, events = one_rule(tmp_path, more)
        assert events.select("thing", "n").rows() == rows

    @pytest.mark.parametrize(
        ("condition", "ids"),
        [
            ("{column: k, equals: y}", ["2", "2"]),
            ("{column: k, not_equals: y}", ["1", "3", "4"]),
            ("{column: k, in: [x, z]}", ["1", "3"]),
            ("{column: k, not_in: [x, z]}", ["2", "4", "2"]),
            ("{column: k, empty: true}", ["4"]),
            ("{column: 客户, empty: false}", ["1", "3", "4"]),
            ("{column: 客户, matches: '^[甲乙]$'}", ["1", "3"]),
            ("{column: id, above: '1', at_most: '3'}", ["2", "3", "2"]),
            ("{column: n, at_least: 2}", ["2", "2"]),
            ("{column: b.n, below: 2}", ["1"]),
            ("{any: [{column: k, equals: x}, {column: b.n, above: 1}]}", ["1", "2", "2"]),
        ],
    )
    def test_conditions_choose_rows(self, tmp_path: Path, condition: str, ids: list[str]) -> None:
        more = f"join: {{table: b, on: [k], if_none: keep, if_many: first}}\n    where: {condition}"
        _, events = one_rule(tmp_path, more)
        assert events["thing"].to_list() == ids

    def test_equal_events_are_dropped_only_on_request_and_counted(self, tmp_path: Path) -> None:
        join = "join: {table: b, on: [k], if_none: keep, if_many: first}"
        assert len(one_rule(tmp_path, join)[1]) == 5
        intake, events = one_rule(tmp_path, join + "\n    duplicates: drop")
        assert events["@row"].to_list() == [2, 3, 4, 5]
        dropped = finding(intake, "table_event_duplicated")
        assert (dropped.count, dropped.examples[0].row) == (1, 6)

    def test_fixed_templated_and_translated_values(self, tmp_path: Path) -> None:
        join = "join: {table: b, on: [k], if_none: keep, if_many: first}"
        more = """
    resource: {column: k, translate: {x: Xu, y: ""}, otherwise: empty}
    party: {literal: 总部}
    lifecycle: {column: k, translate: {x: start}}
    id: {template: "e-{id}/{b.n}"}"""
        _, events = one_rule(tmp_path, join + more)
        assert events["resource"].to_list() == ["Xu", None, None, None, None]
        assert events["party"].to_list() == ["总部"] * 5
        assert events["lifecycle"].to_list() == ["start", "y", "z", None, "y"]
        assert events["@event"].to_list() == ["e-1/1", "e-2/2", None, None, "e-2/2"]

    def test_equal_events_of_several_rows_are_one_and_repeats_are_dropped(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "a.csv").write_text(
            "event,id,at\n1,x,2024-01-01\n1,y,2024-01-01\n2,x,2024-01-01\n2,y,2024-01-01\n"
        )
        mapping = parse_tables_mapping("""
kind: tables
tables: {a: {file: a.csv}}
events:
  - name: e
    from: a
    time: at
    one_event_per: event
    duplicates: drop
    objects: [{type: thing, id: id}, {type: fixed, id: {literal: all}}]
    attributes: {of: {literal: "7"}}
""")
        intake = read_tables(mapping, tmp_path)
        events = [b.events for b in intake.batches][1]
        assert events.select("@row", "thing", "fixed", "of").rows() == [
            (2, ["x", "y"], ["all"], "7")
        ]
        assert finding(intake, "table_event_duplicated").count == 1

    def test_rows_of_one_event_that_differ_in_time_are_told(self, tmp_path: Path) -> None:
        more = "where: {column: id, in: ['1', '2', '4']}\n    one_event_per: 客户"
        join = "join: {table: b, on: [k], if_none: keep, if_many: first}\n    "
        intake, events = one_rule(tmp_path, join + more)
        assert events["thing"].to_list() == [["1"], ["2"], ["4"], ["2"]]
        assert [f for f in intake.findings if f.code == "table_event_differs"] == []
        intake, events = one_rule(tmp_path, join + "one_event_per: b.n\n    activity: k")
        assert events["thing"].to_list() == [["1"], ["2"], ["3"], ["4"]]
        (tmp_path / "b.csv").write_text("k,n\nx,1\ny,1\nz,2\n", encoding="utf-8")
        mapping = ONE_RULE.format(more=join + "one_event_per: b.n")
        intake = read_tables(parse_tables_mapping(mapping), tmp_path)
        merged = pl.concat([b.events for b in intake.batches], how="diagonal")
        assert merged["thing"].to_list() == [["1", "2"], ["3"], ["4"]]
        differs = finding(intake, "table_event_differs")
        assert (differs.count, differs.of, differs.examples[0].value) == (1, 3, "2 different")


KEYS_TO_JOIN = st.sampled_from(["x", "y", "z", ""])


def expected_rows(
    left: list[str], right: list[str], if_none: str, if_many: str
) -> list[tuple[int, int | None]]:
    """The join in plain Python: (row of the left table, value of the right one or None)."""
    rows: list[tuple[int, int | None]] = []
    for number, key in enumerate(left, 1):
        hits = [n for n, other in enumerate(right) if key and other == key]
        if not hits:
            rows += [(number, None)] if if_none == "keep" else []
        elif len(hits) == 1 or if_many == "first":
            rows.append((number, hits[0]))
        elif if_many == "each":
            rows += [(number, n) for n in hits]
        elif if_many == "empty":
            rows.append((number, None))
    return rows


@settings(max_examples=60, deadline=None)
@given(
    left=st.lists(KEYS_TO_JOIN, max_size=6),
    right=st.lists(KEYS_TO_JOIN, max_size=6),
    if_none=st.sampled_from(["set_aside", "keep"]),
    if_many=st.sampled_from(["set_aside", "empty", "first", "each"]),
)
def test_joins_do_what_their_policies_say_and_lose_no_row_uncounted(
    left: list[str], right: list[str], if_none: str, if_many: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        a = [f"{n},{k},2024-01-01" for n, k in enumerate(left, 1)]
        b = [f"{k},{n}" for n, k in enumerate(right)]
        (folder / "a.csv").write_text("\n".join(["id,k,at", *a, ""]))
        (folder / "b.csv").write_text("\n".join(["k,n", *b, ""]))
        more = f"join: {{table: b, on: [k], if_none: {if_none}, if_many: {if_many}}}"
        intake = read_tables(parse_tables_mapping(ONE_RULE.format(more=more)), folder)
        batches = list(intake.batches)
    events = batches[1].events
    ids = events["thing"].cast(pl.Int64).to_list()
    expected = expected_rows(left, right, if_none, if_many)
    assert list(zip(ids, events["n"].to_list(), strict=True)) == expected
    rejects = batches[1].rejects
    lost = set() if rejects is None else {row - 1 for row in rejects["@row"].to_list()}
    assert lost == set(range(1, len(left) + 1)) - {row for row, _ in expected}
    unused = [f for f in intake.findings if f.code == "table_rows_unused"]
    counted = {f.where: f.count for f in unused}
    assert counted.get("a", 0) == len(lost)
    joined = {n for _, n in expected if n is not None}
    assert counted.get("b", 0) == len(right) - len(joined)


class TestSources:
    def test_a_zip_archive_of_tables_reads_like_its_folder(
        self, orders: Path, orders_read: tuple[Intake, list[Batch]]
    ) -> None:
        import zipfile

        archive = orders / "tables.zip"
        with zipfile.ZipFile(archive, "w") as out:
            for path in orders.glob("*.csv"):
                out.write(path, f"dump/{path.name}")
        sources = expand(archive)
        batches = list(read_tables(parse_tables_mapping(ORDERS), sources).batches)
        for ours, theirs in zip(batches, orders_read[1], strict=True):
            assert ours.events.drop("source_table", strict=False).equals(
                theirs.events.drop("source_table", strict=False)
            )

    def test_gb18030_parquet_and_excel_carry_the_same_table(self, tmp_path: Path) -> None:
        rows = pl.DataFrame(
            {"订单号": ["0012", "0013"], "时间": ["2024/1/5 8:00", "2024/1/6 9:30"]}
        )
        (tmp_path / "t.csv").write_bytes(rows.write_csv().encode("gb18030"))
        rows.write_parquet(tmp_path / "t.parquet")
        import openpyxl

        book = openpyxl.Workbook()
        for line in [rows.columns, *map(list, rows.iter_rows())]:
            book.active.append(line)
        book.save(tmp_path / "t.xlsx")
        results = []
        for table in (
            "{file: t.csv, encoding: gb18030}",
            "{file: t.csv}",
            "{file: t.parquet}",
            "{file: t.xlsx}",
        ):
            mapping = parse_tables_mapping(
                f"kind: tables\ntables: {{t: {table}}}\nevents:\n"
                "  - {name: 下单, from: t, time: 时间, objects: [{type: 订单, id: 订单号}]}\n"
            )
            intake = read_tables(mapping, tmp_path)
            results.append([b.events.drop("source_table", strict=False) for b in intake.batches][1])
            assert finding(intake, "zone_missing").severity == "warning"
        assert results[0]["订单"].to_list() == ["0012", "0013"]
        assert [r["@row"].to_list() for r in results] == [[2, 3], [2, 3], [1, 2], [2, 3]]
        assert all(r.drop("@row").equals(results[0].drop("@row")) for r in results)

    def test_rows_of_a_table_that_no_rule_names_are_counted(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("id,at\n1,2024-01-01\n")
        idle = pl.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]})
        idle.write_parquet(tmp_path / "idle.parquet")
        with sqlite3.connect(tmp_path / "idle.db") as connection:
            connection.execute("create table idle as select 1 as x, 'a' as y union select 2, 'b'")
        connection.close()
        mapping = parse_tables_mapping(f"""
kind: tables
tables:
  t: {{file: t.csv}}
  parquet: {{file: idle.parquet}}
  sql: {{table: idle, database: "sqlite:///{tmp_path}/idle.db"}}
events:
  - {{name: x, from: t, time: at, objects: [{{type: a, id: id}}]}}
""")
        intake = read_tables(mapping, tmp_path)
        assert sum(len(b.events) for b in intake.batches) == 1
        for where, rows in (("parquet", 3), ("sql", 2)):
            unused = finding(intake, "table_rows_unused", where)
            assert (unused.count, unused.detail) == (rows, {"no_join_reaches": rows})
            assert finding(intake, "table_columns_unused", where).detail == {"columns": ["x", "y"]}

    def test_a_line_with_too_many_cells_is_set_aside(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("id,at\n1,2024-01-01\n2,2024-01-02,more\n")
        mapping = parse_tables_mapping(
            "kind: tables\ntables: {t: {file: t.csv}}\nevents:\n"
            "  - {name: x, from: t, time: at, objects: [{type: a, id: id}]}\n"
        )
        batches = list(read_tables(mapping, tmp_path).batches)
        assert batches[0].rejects is not None
        assert batches[0].rejects["@row"].to_list() == [3]
        assert batches[1].events["a"].to_list() == ["1"]
