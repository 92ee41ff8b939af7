"""Tables of interventions and parties are understood as people export them, in either language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest

import thalweg
from companion_helpers import CHINESE, HEAD, LOG, book_with, interventions, table
from thalweg.records.companions.columns import match_columns, stem_and_unit
from thalweg.records.companions.reach import by_unit, in_doubt, party_of_units, traits_of, unreached
from thalweg.records.companions.tables import SCHEMAS
from thalweg.records.store.upkeep import verify

SHANGHAI = ZoneInfo("Asia/Shanghai")
PARTIES = """id,name,role,region,parent,eligible,staff,listed since
F1,青禾制造,trader,East,G1,yes,"1,250",2001
F2,Two Pines,trader,West,Pine Group,no,80,
G1,River Group,group,,,,,
G2,Pine Group,group,,,,,
"""


def test_chinese_headers_dates_amounts_and_words_are_understood_in_gbk(tmp_path: Path) -> None:
    source = table(tmp_path, CHINESE.replace('"1,5"', "1.5"), "iv.csv", "gbk")
    found = book_with(tmp_path, interventions=source).interventions()
    assert found is not None
    first, second, third = found.to_dicts()
    assert (first["id"], first["name"], first["kind"]) == ("EWR", "电子仓单", "technology")
    assert first["layers"] == second["layers"] == ["warehousing", "settlement"]
    assert first["unit"] == "青禾制造" and third["unit"] == "*"
    assert first["from_at"] == datetime(2024, 3, 1, tzinfo=SHANGHAI).astimezone(UTC)
    assert second["from_day"] == date(2024, 4, 1)
    assert (first["cost"], first["currency"]) == (120_000.0, "CNY")
    assert (first["intensity"], second["intensity"]) == (0.8, 1.5)
    assert [r["assignment"] for r in (first, second, third)] == ["planned", "randomised", "unknown"]
    assert [r["reason"] for r in (first, third)] == ["先上大客户", "unknown"]
    assert (third["kind"], third["layers"]) == ("model", ["match"])
    assert first["规模"] == "001", "leading zeros make a key, not a number"


def test_a_last_day_counts_whole_and_a_time_to_the_second(tmp_path: Path) -> None:
    found = interventions(
        tmp_path,
        "A,,Two Pines,2024-03-01,2024-03-31,,,planned,why",
        "A,,Harbour Fan,2024-03-01 08:30,2024-03-31 17:00,,,planned,why",
    )
    ends = [at.astimezone(SHANGHAI) for at in found["to_at"]]
    assert ends[0] == datetime(2024, 4, 1, tzinfo=SHANGHAI)
    assert ends[1] == datetime(2024, 3, 31, 17, tzinfo=SHANGHAI)
    assert found["to_day"].to_list() == [date(2024, 3, 31)] * 2
    assert found["from_at"][1].astimezone(SHANGHAI) == datetime(2024, 3, 1, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize("form", ["xlsx", "parquet", "jsonl", "tsv"])
def test_the_same_table_reads_alike_from_every_format(tmp_path: Path, form: str) -> None:
    rows = pl.DataFrame(
        {
            "intervention": ["A", "A"],
            "firm": ["Two Pines", "Harbour Fan"],
            "go live": [date(2024, 3, 1), date(2024, 4, 1)],
            "dose": [0.5, 1.0],
            "cost_cny": [1000.0, None],
            "why": ["largest", "drawn"],
        }
    )
    path = tmp_path / f"iv.{form}"
    if form == "xlsx":
        book = openpyxl.Workbook()
        assert book.active is not None
        for line in [rows.columns, *rows.rows()]:
            book.active.append(line)
        book.save(path)
    elif form == "parquet":
        rows.write_parquet(path)
    elif form == "jsonl":
        rows.write_ndjson(path)
    else:
        rows.write_csv(path, separator="\t")
    found = book_with(tmp_path, interventions=path).interventions()
    assert found is not None
    shown = found.select("id", "unit", "from_day", "intensity", "cost", "currency", "reason")
    assert shown.rows() == [
        ("A", "Two Pines", date(2024, 3, 1), 0.5, 1000.0, "CNY", "largest"),
        ("A", "Harbour Fan", date(2024, 4, 1), 1.0, None, None, "drawn"),
    ]
    assert found["from_at"][0] == datetime(2024, 2, 29, 16, tzinfo=UTC)


def test_a_mapping_file_names_columns_and_the_order_of_dates(tmp_path: Path) -> None:
    text = "what;who;begin;because\nA;Two Pines;01/03/2024;lot\nA;Harbour Fan;02/03/2024;lot\n"
    columns = table(
        tmp_path,
        "interventions:\n  columns: {id: what, unit: who, from: begin, reason: because}\n"
        "  date_order: dmy\n",
        "columns.yaml",
    )
    book = book_with(tmp_path, interventions=table(tmp_path, text), columns=columns)
    found = book.interventions()
    assert found is not None
    assert found["from_day"].to_list() == [date(2024, 3, 1), date(2024, 3, 2)]


def test_parties_keep_further_columns_as_traits(tmp_path: Path) -> None:
    book = book_with(tmp_path, parties=table(tmp_path, PARTIES))
    found = book.parties()
    assert found is not None
    assert found["id"].to_list() == ["F1", "F2", "G1", "G2"]
    assert found["eligible"].to_list() == [True, False, True, True]
    assert found["parent"].to_list() == ["G1", "G2", None, None], "a parent's name became its id"
    assert found["staff"].to_list() == [1250.0, 80.0, None, None]
    kept = book.trust.find("traits_kept")
    assert kept is not None and kept.detail["columns"] == ["staff", "listed since"]


def test_a_party_table_without_ids_is_known_by_names(tmp_path: Path) -> None:
    book = book_with(tmp_path, parties=table(tmp_path, "企业名称,地区\n青禾制造,华东\n"))
    found = book.parties()
    assert found is not None
    assert found.select("id", "name", "region").row(0) == ("青禾制造", "青禾制造", "华东")


def test_units_may_be_named_by_the_id_or_the_name_of_a_party(tmp_path: Path) -> None:
    parties = table(tmp_path, PARTIES, "parties.csv")
    found = interventions(
        tmp_path,
        "A,,F1,2024-03-01,,,,planned,why",
        "A,,Two Pines,2024-03-01,,,,planned,why",
        "B,,River Group,2024-03-01,,,,planned,why",
        "C,,*,2024-03-01,,,,planned,why",
        "C,,Harbour Fan,2024-02-01,,,,planned,pilot",
        parties=parties,
    )
    book = thalweg.open_book(tmp_path / "book")
    units = ("青禾制造", "Two Pines", "Harbour Fan")
    joined = by_unit(found, units, book.parties())
    assert joined.select("id", "unit", "given").rows() == [
        ("A", "青禾制造", "F1"),
        ("A", "Two Pines", "Two Pines"),
        ("B", "青禾制造", "River Group"),
        ("C", "青禾制造", "*"),
        ("C", "Harbour Fan", "Harbour Fan"),
    ], "Two Pines is not eligible, and the pilot has its own date"
    assert joined.filter(id="C")["from_day"].to_list() == [date(2024, 3, 1), date(2024, 2, 1)]
    assert party_of_units(book.parties(), units) == {"青禾制造": "F1", "Two Pines": "F2"}
    parties_frame = book.parties()
    assert parties_frame is not None
    traits = traits_of(parties_frame, units)
    assert traits["unit"].to_list() == list(units)
    assert traits["region"].to_list() == ["East", "West", None]


def test_rows_that_reach_no_measured_unit_are_given_back(tmp_path: Path) -> None:
    found = interventions(
        tmp_path,
        "A,,Two Pines,2024-03-01,,,,planned,why",
        "A,,Harbour Fan,2024-03-01,,,,planned,why",
        "B,,*,2024-03-01,,,,planned,why",
    )
    assert unreached(found, ["Two Pines"])["unit"].to_list() == ["Harbour Fan"]


def test_units_whose_row_was_set_aside_are_in_doubt_and_no_controls(tmp_path: Path) -> None:
    rows = ("A,,Two Pines,2024-03-01,,,,planned,why", "A,,F3,soon,,,,planned,why")
    parties = table(tmp_path, "id,name\nF3,Harbour Fan\n", "parties.csv")
    interventions(tmp_path, *rows, "A,,,2024-03-01,,,,planned,why", parties=parties)
    book = thalweg.open_book(tmp_path / "book")
    units = ["Two Pines", "Harbour Fan", "青禾制造"]
    aside = book.companion_set_aside("interventions")
    assert in_doubt(aside, units, book.parties()).rows() == [("A", "Harbour Fan")]
    assert in_doubt(book.companion_set_aside("ledger"), units).is_empty()


def test_times_without_a_zone_are_read_in_utc_with_a_warning(tmp_path: Path) -> None:
    found = interventions(tmp_path, "A,,Two Pines,2024-03-01,,,,planned,why", zone=None)
    assert found["from_at"][0] == datetime(2024, 3, 1, tzinfo=UTC)
    book = thalweg.open_book(tmp_path / "book")
    missing = book.trust.find("zone_missing", "from")
    assert missing is not None and missing.severity == "warning"


def test_a_table_may_state_its_own_zone(tmp_path: Path) -> None:
    columns = table(tmp_path, "interventions: {timezone: Europe/Berlin}\n", "columns.yaml")
    found = interventions(tmp_path, "A,,Two Pines,2024-03-01,,,,planned,why", columns=columns)
    assert found["from_at"][0] == datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert thalweg.open_book(tmp_path / "book").timezone == "Asia/Shanghai"


def test_the_zone_of_tables_is_the_books_where_events_carry_offsets(tmp_path: Path) -> None:
    log = "case_id,activity,timestamp\n1,Place order,2024-01-03T10:00:00+08:00\n"
    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    zone = "Asia/Shanghai"
    into = tmp_path / "book"
    book = thalweg.ingest(table(tmp_path, log, "log.csv"), into, mapping=mapping, timezone=zone)
    assert book.timezone == "UTC", "no time was read in the stated zone yet"
    source = table(tmp_path, HEAD + "A,,*,2024-01-03,,,,planned,why\n")
    after = thalweg.ingest(into=into, interventions=source, timezone=zone)
    assert after.timezone == zone
    found = thalweg.ingest(into=into, interventions=source).interventions()
    assert found is not None and found["from_day"].to_list() == [date(2024, 1, 3)]
    assert found["from_at"][0] == datetime(2024, 1, 2, 16, tzinfo=UTC)


def test_a_stated_encoding_is_that_of_tables_which_come_alone(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    source = table(tmp_path, HEAD + "A,,青禾製造,2024-01-03,,,,planned,原因\n", "t.csv", "big5")
    parties = table(tmp_path, "id,region\n青禾製造,臺北\n", "p.csv", "big5")
    after = thalweg.ingest(into=book.path, interventions=source, parties=parties, encoding="big5")
    found = after.interventions()
    assert found is not None and found.select("unit", "reason").row(0) == ("青禾製造", "原因")


def test_the_unit_of_money_in_a_header_counts_where_cells_have_none() -> None:
    assert stem_and_unit("费用（万元）") == ("费用", 10_000.0, "CNY")
    assert stem_and_unit("cost (EUR)") == ("cost", 1.0, "EUR")
    assert stem_and_unit("cost_usd") == ("cost", 1.0, "USD")
    assert stem_and_unit("cost (total)") == ("cost (total)", 1.0, None)


def test_a_cell_with_its_own_currency_is_not_multiplied(tmp_path: Path) -> None:
    head = HEAD.replace("cost", "费用（万元）")
    rows = (
        "A,,Two Pines,2024-03-01,,,3,planned,why\nA,,Harbour Fan,2024-03-01,,,US$ 7,planned,why\n"
    )
    found = book_with(tmp_path, interventions=table(tmp_path, head + rows)).interventions()
    assert found is not None
    assert found.select("cost", "currency").rows() == [(30_000.0, "CNY"), (7.0, "USD")]


def test_a_repeated_row_counts_once_and_is_noted(tmp_path: Path) -> None:
    row = "A,,Two Pines,2024-03-01,,,,planned,why"
    found = interventions(tmp_path, row, row)
    assert len(found) == 1
    book = thalweg.open_book(tmp_path / "book")
    again = book.trust.find("row_repeated")
    assert again is not None and (again.count, again.severity) == (1, "note")
    assert book.companion_set_aside("interventions").is_empty()
    assert verify(book.path).whole


def test_no_two_columns_of_a_schema_go_by_the_same_name() -> None:
    """Within a schema a name leads to one column, but for the first choice that wins."""
    for schema in SCHEMAS.values():
        words = [word for column in schema.columns for word in column.known_as.split()]
        assert sorted({w for w in words if words.count(w) > 1}) == [], schema.table
        found = match_columns(schema, [c.name for c in schema.columns], {}, "t")
        assert found == {c.name: c.name for c in schema.columns}


def test_books_without_tables_stay_in_the_first_format(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    assert book.manifest.format == 1
    assert "companions" not in book.manifest.to_json()
    assert book.interventions() is None and book.parties() is None and book.profile() is None
    assert LOG.count("\n") - 1 == book.n_events
