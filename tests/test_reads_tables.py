"""Delimited text becomes events, line by line accounted for."""

from __future__ import annotations

import csv
import gzip
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables_tools import proposed, read, written
from thalweg.errors import MappingError, SourceError
from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    OFFSET_MIN,
    ROW,
    START,
    TIME,
)
from thalweg.records.mapping.flat import FlatMapping

SIMPLE = FlatMapping(case="c", activity="a", time="t")


def duck(path: Path, sql: str, **options: str) -> list[tuple[object, ...]]:
    """Ask DuckDB, which shares no code with the readers, about a CSV file."""
    extra = "".join(f", {k}='{v}'" for k, v in options.items())
    table = f"read_csv('{path}', all_varchar=true{extra})"
    return duckdb.sql(sql.format(table=table)).fetchall()


# The public files, with the counts that DuckDB and the data's own README give


@pytest.mark.parametrize(
    ("name", "rows", "cases", "activities"),
    [
        ("manufacturing/Production.csv.gz", 4_953, 225, 26),
        ("procurement/PurchasingExample.csv.gz", 9_119, 608, 21),
        ("other/interval_event_log.csv.gz", 8_109, 1_266, 8),
        ("other/mobis_challenge_log_2019_snippet.csv", 464, 118, 15),
        ("intervention_loanapp/LoanApp_fewRes_9-5_noTimers.CSV.gz", 10_012, 1_000, 17),
        ("intervention_loanapp/LoanApp_infRes_9-5_noTimers.CSV.gz", 9_921, 1_000, 17),
        ("intervention_loanapp/LoanApp_fewRes_24-7_noTimers.CSV.gz", 10_009, 1_000, 17),
        ("intervention_loanapp/LoanApp_raw_agentsim.csv.gz", 7_492, 1_000, 12),
        ("erp_tables/bpi2019_sample/ground_truth_log.csv", 6_964, 300, 27),
    ],
)
def test_public_logs_come_in_whole(
    logs: Path, name: str, rows: int, cases: int, activities: int
) -> None:
    path = logs / name
    mapping = proposed(path)

    seen = read(path, mapping)

    assert len(seen.events) == rows
    assert seen.rejects.is_empty()
    assert seen.events[str(mapping.case)].n_unique() == cases
    assert seen.events[ACTIVITY].n_unique() == activities
    assert seen.events[TIME].null_count() == 0
    delimiter = {"delim": ";"} if "mobis" in name else {"delim": ","}
    expected = duck(
        path,
        f'select "{mapping.case}", "{mapping.activity}", count(*) from {{table}} group by all',
        **delimiter,
    )
    counted = seen.events.group_by(str(mapping.case), ACTIVITY).len()
    assert sorted(counted.iter_rows()) == sorted(expected)


def test_production_times_equal_duckdb_in_any_zone(logs: Path) -> None:
    path = logs / "manufacturing/Production.csv.gz"
    mapping = proposed(path)

    seen = read(path, mapping, timezone="Europe/Amsterdam")

    expected = duck(
        path,
        "select epoch_ns(timezone('Europe/Amsterdam', "
        "strptime(\"Complete Timestamp\", '%Y/%m/%d %H:%M:%S.%g'))) from {table}",
    )
    assert sorted(seen.events[TIME].cast(pl.Int64)) == sorted(int(str(r[0])) for r in expected)
    assert seen.finding("zone_stated", "Complete Timestamp").detail == {
        "assumed": "Europe/Amsterdam"
    }


def test_production_in_csv_and_in_xes_are_the_same_instants(logs: Path) -> None:
    """The CSV has wall-clock times of a zone that moves its clocks inside the log's span."""
    path = logs / "manufacturing/Production.csv.gz"
    with gzip.open(logs / "manufacturing/Production.xes.gz", "rt", encoding="utf-8") as stream:
        text = stream.read().partition("<trace>")[2]
    found = re.findall(r'key="time:timestamp" value="([^"]+)"', text)
    expected = sorted(datetime.fromisoformat(value).astimezone(UTC) for value in found)

    seen = read(path, proposed(path), timezone="Europe/Helsinki")

    assert len(expected) == 9_906
    assert sorted(seen.events[TIME].to_list() + seen.events[START].to_list()) == expected


def test_offsets_are_converted_and_kept(logs: Path) -> None:
    path = logs / "procurement/PurchasingExample.csv.gz"
    seen = read(path, proposed(path))

    assert seen.events[OFFSET_MIN].unique().to_list() == [-300]
    assert seen.events[START].min() == datetime(2011, 1, 1, 5, tzinfo=UTC)
    assert "zone_missing" not in seen.codes()


def test_order_lines_give_a_sale_and_a_delivery_each(logs: Path) -> None:
    path = logs / "chinese/data_wuliu.csv"
    seen = read(path, proposed(path))

    with path.open(encoding="gb18030", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(seen.events) == 2 * len(rows) == 2 * 1_161
    assert seen.events[ACTIVITY].value_counts().sort(ACTIVITY).rows() == [
        ("交货", 1_161),
        ("销售", 1_161),
    ]
    assert seen.events["订单号"].drop_nulls().n_unique() == 868
    assert seen.events["订单号"].null_count() == 2 * 2
    first = seen.events.head(2)
    assert first[TIME].to_list() == [
        datetime(2016, 7, 30, tzinfo=UTC),
        datetime(2016, 9, 30, tzinfo=UTC),
    ]
    expected = [
        float(r["销售金额"].rstrip("元万").replace(",", "."))
        * (1e4 if "万" in r["销售金额"] else 1)
        for r in rows
    ]
    assert seen.events.gather_every(2)["销售金额"].to_list() == pytest.approx(expected, rel=1e-15)
    assert seen.finding("magnitude_words").detail == {"words": {"万": 3}}
    assert seen.finding("amount_currency").detail == {"currencies": {"CNY": 1_161}}
    decided = seen.finding("decimal_decided", "销售金额").detail
    assert (decided["assumed"], decided["comma"], decided["point"]) == (",", 1_161, 0)


def test_cells_with_lists_name_several_objects(logs: Path) -> None:
    path = logs / "erp_tables/bkpf_bseg.mdl.gz"
    seen = read(path, proposed(path))

    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = [eval(r["belnr"]) if r["belnr"] else None for r in rows]
    assert len(rows) == 7_003
    assert seen.events["belnr"].to_list() == expected
    assert seen.events[EVENT].to_list() == [r["event_id"] for r in rows]
    assert seen.events[ACTIVITY].n_unique() == 44


# Small tables


def test_rows_are_numbered_by_the_line_on_which_they_start(tmp_path: Path) -> None:
    text = 'c,a,t,x\n1,A,2021-01-01,"two\nlines"\n\n2,B,2021-01-02,\n"3\n\n3",C,2021-01-03,"q""q"\n4,D,2021-01-04,\n'
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)

    assert seen.events[ROW].to_list() == [2, 5, 6, 9]
    assert seen.events["c"].to_list() == ["1", "2", "3\n\n3", "4"]
    assert seen.events["x"].to_list() == ["two\nlines", None, 'q"q', None]
    assert seen.finding("blank_rows").examples[0].row == 4
    assert seen.finding("multi_line_rows").detail == {"most_lines": 3}


def test_ragged_rows_are_set_aside_as_they_stand(tmp_path: Path) -> None:
    text = "c,a,t\n1,A,2021-01-01\n2,B\n3,C,2021-01-03,extra\n4,D,2021-01-04\n"
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)

    assert seen.events["c"].to_list() == ["1", "4"]
    assert seen.events[ROW].to_list() == [2, 5]
    assert seen.rejects.select(ROW, "reason", "record").rows() == [
        (3, "row_ragged", "2,B"),
        (4, "row_ragged", "3,C,2021-01-03,extra"),
    ]


def test_lines_that_end_in_a_separator_are_whole_rows(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.csv", "c;a;t\n1;A,B;2021-01-01;\n2;B;2021-01-02;\n"), SIMPLE)
    assert seen.events[ACTIVITY].to_list() == ["A,B", "B"]
    assert seen.rejects.is_empty()


def test_a_header_of_several_lines_counts_as_such(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.csv", '\n"c",a,t,"long\nname"\n1,A,2021-01-01,x\n2\n'), SIMPLE)
    assert seen.events.select(ROW, "long\nname").rows() == [(4, "x")]
    assert seen.rejects[ROW].to_list() == [5]


def test_a_table_of_nothing_but_ragged_rows_is_set_aside_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thalweg.records.readers.tabular.delimited._WAITING_REJECTS", 10)
    monkeypatch.setattr("thalweg.records.readers.tabular.delimited._BLOCK_BYTES", 1_000)
    lines = "".join(f"{i},A,2021-01-01\n" if i == 500 else f"{i},A\n" for i in range(2, 1_002))
    seen = read(written(tmp_path, "x.csv", "c,a,t\n" + lines), SIMPLE)
    assert seen.batches > 1
    assert seen.events.select(ROW, "c").rows() == [(500, "500")]
    assert seen.rejects[ROW].to_list() == [i for i in range(2, 1_002) if i != 500]
    assert seen.rejects["record"].to_list() == [f"{i},A" for i in range(2, 1_002) if i != 500]

    monkeypatch.setattr("thalweg.records.readers.tabular.delimited._MOST_REJECTS", 400)
    with pytest.raises(SourceError, match="400 rows in a row"):
        read(tmp_path / "x.csv", SIMPLE)


def test_a_ragged_row_at_the_very_end_is_not_lost(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.csv", "c,a,t\n1,A,2021-01-01\n2,B\n3"), SIMPLE, batch_rows=1)
    assert seen.events[ROW].to_list() == [2]
    assert seen.rejects.select(ROW, "record").rows() == [(3, "2,B"), (4, "3")]


def test_a_quote_that_never_closes_does_not_swallow_rows_in_silence(tmp_path: Path) -> None:
    text = 'c,a,t\n1,A,2021-01-01\n2,"B,2021-01-02\n3,C,2021-01-03\n'
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)

    assert seen.events["c"].to_list() == ["1"]
    assert seen.rejects[ROW].to_list() == [3]
    assert "3,C,2021-01-03" in seen.rejects["record"][0]


def test_unreadable_times_are_set_aside_and_missing_ones_left_to_the_gate(tmp_path: Path) -> None:
    text = "c,a,t\n1,A,2021-02-30\n2,B,\n3,C,soon\n4,D,2021-01-04\n"
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)

    assert seen.events[["c"]].rows() == [("2",), ("4",)]
    assert seen.events[TIME].null_count() == 1
    assert seen.rejects.select(ROW, "reason", "value").rows() == [
        (2, "time_unreadable", "2021-02-30"),
        (4, "time_unreadable", "soon"),
    ]
    assert '"c":"3"' in seen.rejects["record"][1]


def test_keys_keep_their_leading_zeros_and_text_stays_text(tmp_path: Path) -> None:
    text = "c,a,t,n\n0010,A,2021-01-01,007\n0011,B,2021-01-01,1e5\n"
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)
    assert seen.events["c"].to_list() == ["0010", "0011"]
    assert seen.events["n"].to_list() == ["007", "1e5"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_reported(tmp_path: Path, delimiter: str) -> None:
    rows = [["c", "a", "t"], ["1", "x, y; z", "2021-01-01"], ["2", "1,5", "2021-01-02"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    seen = read(written(tmp_path, "x.csv", out.getvalue()), SIMPLE)

    assert seen.events[ACTIVITY].to_list() == ["x, y; z", "1,5"]
    assert seen.finding("delimiter_detected").detail["delimiter"] == delimiter


def test_a_hint_for_spreadsheets_in_the_first_line_is_followed(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.csv", "sep=|\nc|a|t\n1|A,B|2021-01-01\n"), SIMPLE)
    assert seen.events.select(ROW, ACTIVITY).rows() == [(3, "A,B")]


def test_repeated_empty_and_reserved_headers_get_names_of_their_own(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.csv", "c,a,t,x,x,,@time\n1,A,2021-01-01,1,2,3,4\n"), SIMPLE)
    assert {"x", "x_2", "column_6", "attribute:@time"} < set(seen.events.columns)
    renamed = {
        f.where: f.detail["name_in_source"]
        for f in seen.intake.findings
        if f.code == "column_renamed"
    }
    assert renamed == {"x_2": "x", "column_6": "", "attribute:@time": "@time"}


def test_a_date_and_a_time_of_day_make_one_time(tmp_path: Path) -> None:
    text = "c,a,d,h\n1,A,20180102,125300\n2,B,20180102,\n3,C,00000000,000000\n"
    mapping = FlatMapping.model_validate(
        {"case": "c", "activity": "a", "time": {"date_and_time": ["d", "h"]}}
    )
    seen = read(written(tmp_path, "x.csv", text), mapping)
    assert seen.events[TIME].to_list() == [
        datetime(2018, 1, 2, 12, 53, tzinfo=UTC),
        datetime(2018, 1, 2, tzinfo=UTC),
        None,
    ]
    assert seen.events.columns == ["c", ROW, TIME, ACTIVITY]


def test_milestones_not_reached_are_counted(tmp_path: Path) -> None:
    text = "c,sold,delivered\n1,2021-01-01,2021-01-05\n2,2021-01-02,\n3,2021-01-03,never\n"
    mapping = FlatMapping.model_validate(
        {
            "case": "c",
            "milestones": [
                {"activity": "sold", "time": "sold"},
                {"activity": "delivered", "time": "delivered"},
            ],
        }
    )
    seen = read(written(tmp_path, "x.csv", text), mapping)
    assert seen.events.select(ROW, ACTIVITY).rows() == [
        (2, "sold"),
        (2, "delivered"),
        (3, "sold"),
        (4, "sold"),
    ]
    assert seen.finding("milestone_absent").count == 1
    assert seen.rejects.select(ROW, "value").rows() == [(4, "never")]


def test_several_activity_columns_are_joined_and_kept(tmp_path: Path) -> None:
    mapping = FlatMapping(case="c", activity=("a", "s"), time="t")
    seen = read(written(tmp_path, "x.csv", "c,a,s,t\n1,A,done,2021-01-01\n"), mapping)
    assert seen.events.select(ACTIVITY, "a", "s").rows() == [("A+done", "A", "done")]


def test_objects_in_separated_and_listed_cells(tmp_path: Path) -> None:
    text = "o;i;p;a;t\n1;x|y| ;['p 1', \"p2\"];A;2021-01-01\n2;;[];A;2021-01-01\n3;z;[7, 8];A;2021-01-01\n"
    mapping = FlatMapping.model_validate(
        {
            "objects": [
                {"column": "o", "type": "order", "qualifier": "of"},
                {"column": "i", "type": "item", "separator": "|"},
                {"column": "p", "type": "part", "separator": "list"},
            ],
            "activity": "a",
            "time": "t",
        }
    )
    seen = read(written(tmp_path, "x.csv", text), mapping)
    assert seen.events["o"].to_list() == ["1", "2", "3"]
    assert seen.events["i"].to_list() == [["x", "y"], None, ["z"]]
    assert seen.events["p"].to_list() == [["p 1", "p2"], [], ["7", "8"]]


def test_stated_types_are_given_and_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    text = (
        "c;a;t;n;m;b;w;s\n"
        "1;A;2021-01-01;3;1.234,50 €;yes;2021-05-01;x\n"
        "2;A;2021-01-01;3,5;12 USD;no;later;y\n"
        "3;A;2021-01-01;1.000;12;maybe;;z\n"
    )
    mapping = FlatMapping.model_validate(
        {
            "case": "c",
            "activity": "a",
            "time": "t",
            "attributes": {"n": "integer", "m": "amount", "b": "boolean", "w": "time"},
            "decimal": ",",
            "drop": ["s"],
        }
    )
    seen = read(written(tmp_path, "x.csv", text), mapping)
    assert seen.events["n"].to_list() == [3, None, 1000]
    assert seen.events["m"].to_list() == [1234.5, 12.0, 12.0]
    assert seen.events["m.currency"].to_list() == ["EUR", "USD", None]
    assert seen.events["b"].to_list() == [True, False, None]
    assert seen.events["w"].to_list() == [datetime(2021, 5, 1, tzinfo=UTC), None, None]
    assert "s" not in seen.events.columns
    unreadable = {
        f.where: f.examples[0].value for f in seen.intake.findings if f.code == "value_unreadable"
    }
    assert unreadable == {"n": "3,5", "b": "maybe", "w": "later"}


def test_day_or_month_first_is_decided_over_the_whole_file(tmp_path: Path) -> None:
    lines = "".join(f"{i},A,03/04/2021\n" for i in range(50))
    seen = read(
        written(tmp_path, "x.csv", f"c,a,t\n{lines}51,A,12/25/2021\n"), SIMPLE, batch_rows=10
    )
    assert seen.batches > 0
    assert seen.events[TIME][0] == datetime(2021, 3, 4, tzinfo=UTC)
    decided = seen.finding("date_order_decided").detail
    assert (decided["assumed"], decided["month_first"], decided["undecided"]) == ("mdy", 1, 50)


def test_day_or_month_first_is_asked_for_where_nothing_tells(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "c,a,t\n1,A,03/04/2021\n")
    guessed = read(path, SIMPLE)
    assert guessed.finding("date_order_ambiguous").detail["assumed"] == "dmy"
    assert guessed.events[TIME][0] == datetime(2021, 4, 3, tzinfo=UTC)

    stated = read(path, SIMPLE.model_copy(update={"date_order": "mdy"}))
    assert stated.events[TIME][0] == datetime(2021, 3, 4, tzinfo=UTC)
    assert "date_order_ambiguous" not in stated.codes()


def test_doubled_and_skipped_hours_are_counted(tmp_path: Path) -> None:
    text = "c,a,t\n1,A,2021-03-28 02:30\n2,A,2021-10-31 02:30\n3,A,2021-06-01 00:30\n"
    seen = read(written(tmp_path, "x.csv", text), SIMPLE, timezone="Europe/Berlin")
    assert seen.events[TIME].to_list() == [
        datetime(2021, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2021, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2021, 5, 31, 22, 30, tzinfo=UTC),
    ]
    assert seen.finding("time_nonexistent").count == 1
    assert seen.finding("time_ambiguous").count == 1


def test_text_like_a_formula_is_counted_and_left_alone(tmp_path: Path) -> None:
    text = "c,a,t,x\n1,A,2021-01-01,\"=cmd|' /C calc'!A0\"\n2,A,2021-01-01,@SUM(1)\n3,A,2021-01-01,-5\n4,A,2021-01-01,=\n"
    seen = read(written(tmp_path, "x.csv", text), SIMPLE)
    finding = seen.finding("formula_like_text", "x")
    assert (finding.count, [e.row for e in finding.examples]) == (2, [2, 3])
    assert seen.events["x"][0] == "=cmd|' /C calc'!A0"


def test_a_mapping_must_fit_the_table(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "Case,a,t\n1,A,2021-01-01\n")
    with pytest.raises(MappingError, match=r"'case' names a column 'case'.*Did you mean 'Case'"):
        read(path, FlatMapping(case="case", activity="a", time="t"))
    with pytest.raises(MappingError, match="thalweg inspect"):
        read(path, None)


def test_an_empty_table_is_an_error_and_a_header_alone_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="empty"):
        read(written(tmp_path, "x.csv", "\n\n"), SIMPLE)
    assert read(written(tmp_path, "y.csv", "c,a,t\n"), SIMPLE).events.is_empty()
    assert read(written(tmp_path, "z.csv", "c,a,t"), SIMPLE).events.is_empty()


CELL = st.text(alphabet=st.sampled_from('ab,;"\n é订'), max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), max_size=12), size=st.integers(1, 5))
def test_any_well_formed_csv_reads_as_the_csv_module_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], size: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["c", "a", "t", "x"])
    writer.writerows(
        [f"k{i}", first, "2021-01-01", second] for i, (first, second) in enumerate(rows)
    )
    text = out.getvalue()
    path = written(tmp_path_factory.mktemp("csv"), "x.csv", text)

    seen = read(path, SIMPLE, batch_rows=size)

    reader = csv.reader(io.StringIO(text, newline=""))
    next(reader)
    before, expected = reader.line_num, []
    for _, first, _, second in reader:
        expected.append((before + 1, first or None, second or None))
        before = reader.line_num
    assert seen.events.select(ROW, ACTIVITY, "x").rows() == expected
    assert seen.rejects.is_empty()


@pytest.mark.parametrize("rows", [1, 7, 1_000])
def test_the_size_of_batches_changes_nothing(logs: Path, rows: int) -> None:
    path = logs / "other/mobis_challenge_log_2019_snippet.csv"
    mapping = proposed(path)
    whole = read(path, mapping)
    parts = read(path, mapping, batch_rows=rows)
    assert parts.events.equals(whole.events)
    assert parts.intake.findings == whole.intake.findings
