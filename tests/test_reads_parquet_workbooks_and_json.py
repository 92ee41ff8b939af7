"""Parquet, workbooks and JSON lines become events with the types that they carry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tables_tools import read, written
from thalweg.errors import MappingError, SourceError
from thalweg.records.intake import ACTIVITY, ROW, TIME, UTC_NS
from thalweg.records.mapping.flat import FlatMapping

SIMPLE = FlatMapping(case="c", activity="a", time="t")


def _sample() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "c": ["007", "008", "007"],
            "a": ["A", "B", "C"],
            "t": [datetime(2021, 3, 28, 2, 30), datetime(2021, 1, 1), None],
            "n": [1, 2, None],
            "f": [1.5, None, 2.0],
            "s": pl.Series(["x", None, "y"], dtype=pl.Categorical),
        }
    )


def test_parquet_keeps_its_types_and_its_order(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    _sample().write_parquet(path, row_group_size=2)
    seen = read(path, SIMPLE, batch_rows=2)

    assert seen.events[ROW].to_list() == [1, 2, 3]
    assert seen.events[TIME].dtype == UTC_NS
    assert seen.events["n"].to_list() == [1, 2, None]
    assert seen.events["f"].to_list() == [1.5, None, 2.0]
    assert seen.events["s"].to_list() == ["x", None, "y"]
    assert seen.finding("zone_missing").count == 2


def test_a_parquet_file_without_rows_has_none(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    _sample().head(0).write_parquet(path)
    seen = read(path, SIMPLE)
    assert seen.events.is_empty()
    assert seen.events.schema[TIME] == UTC_NS


def test_huge_row_groups_give_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.parquet"
    _sample().write_parquet(path)
    quick = read(path, SIMPLE, batch_rows=2)
    monkeypatch.setattr("thalweg.records.readers.tabular.parquet._LARGE_GROUP_ROWS", 1)
    slow = read(path, SIMPLE, batch_rows=2)
    assert slow.events.equals(quick.events)
    assert slow.events.schema == quick.events.schema
    assert slow.batches == 2


def test_parquet_times_are_converted_and_never_relabelled(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    zoned = pl.col("t").dt.replace_time_zone("Asia/Shanghai")
    _sample().with_columns(zoned).write_parquet(path)
    seen = read(path, SIMPLE, timezone="Europe/Berlin")
    assert seen.events[TIME][1] == datetime(2020, 12, 31, 16, tzinfo=UTC)
    assert not {"zone_missing", "zone_stated"} & seen.codes()


def test_times_beyond_what_nanoseconds_hold_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame(
        {"c": ["1", "2"], "a": ["A", "B"], "t": [datetime(9999, 12, 31), datetime(2021, 1, 1)]}
    )
    frame.write_parquet(path)
    seen = read(path, SIMPLE)
    assert seen.events["c"].to_list() == ["2"]
    assert seen.rejects.select(ROW, "reason").rows() == [(1, "time_unreadable")]

    text = read(written(tmp_path, "x.csv", "c,a,t\n1,A,9999-12-31\n2,B,2021-01-01\n"), SIMPLE)
    assert text.rejects.select(ROW, "value").rows() == [(2, "9999-12-31")]


def test_whole_numbers_kept_as_fractions_name_objects_without_them(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame({"c": [192.0, 2.5, None], "a": ["A"] * 3, "t": ["2021-01-01"] * 3})
    frame.write_parquet(path)
    assert read(path, SIMPLE).events["c"].to_list() == ["192", "2.5", None]


def test_a_damaged_parquet_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        read(written(tmp_path, "x.parquet", b"PAR1" + b"\0" * 50), SIMPLE)


def test_a_sheet_of_a_workbook_reads_like_the_same_table_in_csv(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("日志")
    sheet.append(["c", "a", "t", "n"])
    sheet.append(["007", "下单", datetime(2021, 3, 5, 8, 5), 11.5])
    sheet.append([None, None, None, None])
    sheet.append(["008", "发货", datetime(2021, 3, 6, 8, 5, 1, 500000), 3])
    book.save(tmp_path / "x.xlsx")

    seen = read(tmp_path / "x.xlsx", SIMPLE.model_copy(update={"sheet": "日志"}))

    assert seen.events.select(ROW, "c", ACTIVITY, "n").rows() == [
        (2, "007", "下单", 11.5),
        (4, "008", "发货", 3.0),
    ]
    assert seen.events[TIME][1] == datetime(2021, 3, 6, 8, 5, 1, 500000, tzinfo=UTC)
    assert seen.finding("blank_rows").examples[0].row == 3
    with pytest.raises(MappingError, match=r"has no sheet 'Log'.*'Sheet'"):
        read(tmp_path / "x.xlsx", SIMPLE.model_copy(update={"sheet": "Log"}))


def test_broken_formulas_of_a_workbook_are_counted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["c", "a", "t", "x"],
        ["1", "A", "2021-01-01", "#REF!"],
        ["2", "B", "2021-01-02", "ok"],
    ):
        sheet.append(row)
    sheet["D2"].data_type = "e"
    book.save(tmp_path / "x.xlsx")
    seen = read(tmp_path / "x.xlsx", SIMPLE)
    assert seen.finding("formula_error", "x").examples[0].row == 2
    assert seen.events["x"].to_list() == [None, "ok"]


def test_json_lines_are_flattened_and_typed_over_the_whole_file(tmp_path: Path) -> None:
    text = (
        '{"c":"007","act":{"name":"A","n":1},"t":"2021-03-05T08:05:00+01:00","i":["x","y"],"m":1}\n'
        "\n"
        '{"c":8,"act":{"name":"B","n":2.5},"t":1614927900,"m":"one","big":123456789012345678901}\n'
        "nonsense\n"
        '{"c":"9","act":{"name":"C"},"t":"bad"}\n'
    )
    mapping = FlatMapping.model_validate(
        {
            "objects": [{"column": "c", "type": "order"}, {"column": "i", "type": "item"}],
            "activity": "act.name",
            "time": "t",
        }
    )
    seen = read(written(tmp_path, "x.jsonl", text), mapping)
    assert seen.events.select(ROW, "c", "i", "act.n", "m", "big").rows() == [
        (1, "007", ["x", "y"], 1.0, "1", None),
        (3, "8", None, 2.5, "one", "123456789012345678901"),
    ]
    assert seen.events[TIME].to_list() == [
        datetime(2021, 3, 5, 7, 5, tzinfo=UTC),
        datetime(2021, 3, 5, 7, 5, tzinfo=UTC),
    ]
    assert seen.rejects.select(ROW, "reason").rows() == [
        (4, "json_unreadable"),
        (5, "time_unreadable"),
    ]


def test_progress_adds_up_to_the_size_of_the_file(tmp_path: Path) -> None:
    csv_path = written(tmp_path, "x.csv", "c,a,t\n" + "1,A,2021-01-01\n" * 1_000)
    parquet_path = tmp_path / "x.parquet"
    _sample().write_parquet(parquet_path)
    twice = written(tmp_path, "y.csv", "c,a,t\n" + "1,A,01/02/2021\n" * 1_000)
    for path in (csv_path, parquet_path, twice):
        told: list[int] = []
        read(path, SIMPLE, progress=told.append)
        assert sum(told) == path.stat().st_size
