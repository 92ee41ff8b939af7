"""``propose`` finds the right columns in files that it has never seen, and says what it guessed."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from tables_tools import read, written
from thalweg.records.intake import ReadRequest
from thalweg.records.locate import locate
from thalweg.records.mapping.flat import (
    DateAndTime,
    FlatMapping,
    Milestone,
    load_mapping,
    save_mapping,
)
from thalweg.records.proposal.propose import Proposal, propose
from thalweg.records.sources import Source
from thalweg.surfaces.cli.proposal_text import proposal_text
from thalweg.surfaces.texts import load


def proposed(path: Path, **request: Any) -> Proposal:
    return propose(Source(path), ReadRequest(**request))


def questions(proposal: Proposal) -> set[str]:
    return {q.code for q in proposal.questions}


@pytest.mark.parametrize(
    ("name", "standard", "case", "activity", "time", "start", "resource"),
    [
        ("manufacturing/Production.csv.gz", True,
         "Case ID", "Activity", "Complete Timestamp", "Start Timestamp", "Resource"),
        ("procurement/PurchasingExample.csv.gz", True,
         "case:concept:name", "concept:name", "time:timestamp", "start_timestamp", "org:resource"),
        ("other/interval_event_log.csv.gz", True,
         "case:concept:name", "concept:name", "time:timestamp", "start_timestamp", None),
        ("other/mobis_challenge_log_2019_snippet.csv", False,
         "case", "activity", "end", "start", "org:resource"),
        ("intervention_loanapp/LoanApp_fewRes_9-5_noTimers.CSV.gz", True,
         "case_id", "Activity", "end_time", "start_time", "Resource"),
        ("intervention_loanapp/LoanApp_infRes_9-5_noTimers.CSV.gz", True,
         "case_id", "Activity", "end_time", "start_time", "Resource"),
        ("intervention_loanapp/LoanApp_fewRes_24-7_noTimers.CSV.gz", True,
         "case_id", "Activity", "end_time", "start_time", "Resource"),
        ("intervention_loanapp/LoanApp_raw_agentsim.csv.gz", True,
         "case_id", "activity", "end_time", "start_time", "resource"),
        ("erp_tables/bpi2019_sample/ground_truth_log.csv", True,
         "case_id", "activity", "timestamp", None, "user"),
    ],
)  # fmt: skip
def test_public_logs_are_understood(
    logs: Path,
    name: str,
    standard: bool,
    case: str,
    activity: str,
    time: str,
    start: str | None,
    resource: str | None,
) -> None:
    seen = proposed(logs / name)
    mapping = seen.mapping

    assert (mapping.case, mapping.activity, mapping.time, mapping.start) == (
        case, activity, time, start,
    )  # fmt: skip
    assert mapping.roles.get("resource") == resource
    assert seen.is_log
    assert seen.is_standard is standard


def test_a_semicolon_log_with_decimal_commas(logs: Path) -> None:
    seen = proposed(logs / "other/mobis_challenge_log_2019_snippet.csv")
    assert seen.delimiter == ";"
    assert seen.mapping.attribute_types == {
        "travel_start": "time",
        "travel_end": "time",
        "cost": "number",
    }
    assert "zone_missing" in questions(seen)
    assert "zone_missing" not in questions(
        proposed(logs / "other/mobis_challenge_log_2019_snippet.csv", timezone="Europe/Berlin")
    )


def test_chinese_order_lines_are_milestones(logs: Path) -> None:
    seen = proposed(logs / "chinese/data_wuliu.csv")
    assert seen.encoding == "gbk"
    assert seen.mapping.case == "订单号"
    assert seen.mapping.milestones == (
        Milestone(activity="销售", time="销售时间"),
        Milestone(activity="交货", time="交货时间"),
    )
    assert seen.mapping.attribute_types["销售金额"] == "amount"
    assert not seen.is_standard


def test_cells_with_lists_are_objects(logs: Path) -> None:
    seen = proposed(logs / "erp_tables/bkpf_bseg.mdl.gz")
    assert {o.column for o in seen.mapping.objects} == {"belnr", "hkont", "usnam", "xblnr"}
    assert {o.separator for o in seen.mapping.objects} == {"list"}
    assert (seen.mapping.event, seen.mapping.activity, seen.mapping.time) == (
        "event_id",
        "event_activity",
        "event_timestamp",
    )


def test_durations_without_dates_are_no_log(logs: Path) -> None:
    seen = proposed(logs / "other/cargo_2000.csv.gz")
    assert not seen.is_log
    assert not seen.is_standard
    assert questions(seen) == {"no_absolute_times"}
    assert "does not look like a log" in proposal_text(seen, load("en"))


def test_one_table_of_an_erp_is_named_as_such(logs: Path) -> None:
    seen = proposed(logs / "erp_tables/bpi2019_sample/cdhdr.csv")
    assert seen.mapping.time == DateAndTime(date_and_time=("UDATE", "UTIME"))
    assert "one_table_of_several" in questions(seen)
    assert not seen.is_standard


@pytest.mark.parametrize("name", ["other/running-example.xes", "ocel_small/newocel.jsonocel"])
def test_formats_that_carry_their_meaning_need_no_mapping(logs: Path, name: str) -> None:
    seen = proposed(logs / name)
    assert seen.is_standard
    assert seen.mapping == FlatMapping()
    assert seen.roles.get("resource") == ("org:resource" if name.endswith("xes") else None)


HEADERS = {
    "zh": "案例编号;工序;开始时间;完成时间;操作人;供应商;金额",
    "de": "Fallnummer;Arbeitsgang;Startzeit;Endzeit;Bearbeiter;Lieferant;Betrag",
    "nl": "Zaaknummer;Activiteit;Starttijd;Eindtijd;Medewerker;Leverancier;Bedrag",
    "en": "Process instance;Task name;Begin time;Finish time;Performed;Vendor;Price",
}


@pytest.mark.parametrize("language", ["zh", "de", "nl"])
def test_headers_in_several_languages(tmp_path: Path, language: str) -> None:
    rows = [
        "0001;车削;2021年3月5日 8时5分;2021年3月5日 下午3:05;张三;甲公司;11.5万元",
        "0001;铣削;2021年3月6日 8时5分;2021年3月6日 9时5分;李四;甲公司;￥1,200",
        "0002;车削;2021年3月5日 8时5分;2021年3月5日 下午3:05;张三;乙公司;3千元",
    ]
    path = written(tmp_path, "x.csv", "\n".join([HEADERS[language], *rows]).encode("gb18030"))
    columns = HEADERS[language].split(";")

    mapping = proposed(path).mapping

    assert [mapping.case, mapping.activity, mapping.start, mapping.time] == columns[:4]
    assert mapping.roles == {"resource": columns[4], "party": columns[5]}
    assert mapping.attributes == {columns[6]: "amount"}


def test_several_keys_are_proposed_as_objects(tmp_path: Path) -> None:
    text = (
        "order_id,item_id,invoice,activity,timestamp,quantity\n"
        "1001,I1,V1,pick,2021-01-01T08:00:00Z,3\n"
        "1001,I2,V1,pack,2021-01-01T09:00:00Z,4\n"
        "1002,I3,V2,pick,2021-01-02T08:00:00Z,1\n"
    )
    mapping = proposed(written(tmp_path, "x.csv", text)).mapping
    assert [(o.column, o.type) for o in mapping.objects] == [
        ("order_id", "order"),
        ("item_id", "item"),
        ("invoice", "invoice"),
    ]
    assert mapping.attributes == {"quantity": "integer"}


def test_values_decide_where_names_say_nothing(tmp_path: Path) -> None:
    rows = [f"K{i // 4},{'abcd'[i % 4]},2021-01-{1 + i % 28:02d} 08:00,{i * 7}" for i in range(80)]
    seen = proposed(written(tmp_path, "x.csv", "\n".join(["p,q,r,s", *rows])))
    assert (seen.mapping.case, seen.mapping.activity, seen.mapping.time) == ("p", "q", "r")
    assert {"case_uncertain", "activity_uncertain"} <= questions(seen)
    assert not seen.is_standard
    sure = {g.field: g.confidence for g in seen.guesses}
    assert sure["case"] < 0.5 and sure["activity"] < 0.5


def test_values_that_speak_against_names_lower_the_confidence(tmp_path: Path) -> None:
    text = "case_id,activity,start_time,end_time\n" + "".join(
        f"{i},A,2021-01-02 08:00,2021-01-01 08:00\n" for i in range(5)
    )
    seen = proposed(written(tmp_path, "x.csv", text))
    assert {"start_after_time", "case_never_repeats"} <= questions(seen)
    assert not seen.is_standard


def test_numbers_are_times_only_under_a_name_that_means_time(tmp_path: Path) -> None:
    text = "case_id,activity,{},n\n1,A,1614931500,1614931500\n1,B,1614931600,1614931700\n"
    named = proposed(written(tmp_path, "x.csv", text.format("timestamp")))
    assert named.mapping.time == "timestamp"
    assert not proposed(written(tmp_path, "y.csv", text.format("order no"))).is_log


def test_undecided_dates_are_asked_about(tmp_path: Path) -> None:
    seen = proposed(
        written(tmp_path, "x.csv", "case_id,activity,timestamp\n1,A,01/02/2021\n1,B,02/03/2021\n")
    )
    assert "date_order_ambiguous" in questions(seen)


def test_a_proposal_can_be_saved_edited_and_used(tmp_path: Path, logs: Path) -> None:
    path = logs / "chinese/data_wuliu.csv"
    save_mapping(proposed(path).mapping, tmp_path / "m.yaml")
    edited = (
        (tmp_path / "m.yaml").read_text(encoding="utf-8").replace("activity: 销售", "activity: 卖")
    )
    (tmp_path / "m.yaml").write_text(edited, encoding="utf-8")

    seen = read(path, load_mapping(tmp_path / "m.yaml"))

    assert set(seen.events["@activity"]) == {"卖", "交货"}


def test_proposals_are_the_same_every_time_and_fit_into_json(logs: Path) -> None:
    path = logs / "manufacturing/Production.csv.gz"
    first, second = proposed(path), proposed(path)
    assert first == second
    data = json.loads(json.dumps(first.to_json(), ensure_ascii=False))
    assert data["mapping"]["case"] == "Case ID"
    assert data["rows_sampled"] == 4_953
    assert len(data["sample"]) == 5
    assert {c["name"] for c in data["columns"]} >= {"Case ID", "Qty_Rejected"}
    assert data["guesses"][0].keys() == {"field", "column", "confidence", "reason_code", "evidence"}


def test_workbooks_parquet_and_json_lines_are_understood_alike(tmp_path: Path) -> None:
    rows = [
        {
            "订单号": f"00{i // 2}",
            "活动": "下单" if i % 2 else "发货",
            "时间": datetime(2021, 3, i + 1, 8),
        }
        for i in range(6)
    ]
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(tmp_path / "x.xlsx")
    pl.DataFrame(rows).write_parquet(tmp_path / "x.parquet")
    lines = [json.dumps({**r, "时间": r["时间"].isoformat()}, ensure_ascii=False) for r in rows]  # type: ignore[attr-defined]
    written(tmp_path, "x.jsonl", "\n".join(lines))

    for name in ("x.xlsx", "x.parquet", "x.jsonl"):
        mapping = proposed(tmp_path / name).mapping
        assert (mapping.case, mapping.activity, mapping.time) == ("订单号", "活动", "时间"), name


def test_a_table_of_a_database_is_understood_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("create table log (工单号 text, 工序 text, 完成时间 text)")
        rows = [
            (f"00{i // 3}", "车削铣削包装"[i % 3 * 2 :][:2], f"2021-03-0{i + 1}") for i in range(6)
        ]
        database.executemany("insert into log values (?, ?, ?)", rows)
    database.close()

    seen = propose(locate([f"sqlite:///{path}?table=log"])[0], ReadRequest())

    assert seen.format == "sql"
    assert (seen.mapping.case, seen.mapping.activity, seen.mapping.time) == (
        "工单号",
        "工序",
        "完成时间",
    )


@pytest.mark.parametrize("encoding", ["big5", "utf-8"])
def test_traditional_headers_are_known_like_simplified_ones(tmp_path: Path, encoding: str) -> None:
    rows = [f"W{i},{step},2024/3/{1 + i} 8:05" for i in range(20) for step in ("下料", "檢驗")]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["訂單編號,作業,完成時間", *rows]), encoding=encoding)
    mapping = proposed(path).mapping
    assert (mapping.case, mapping.activity, mapping.time) == ("訂單編號", "作業", "完成時間")
    reasons = {g.field: g.reason_code for g in proposed(path).guesses}
    assert reasons == {"case": "name_known", "activity": "name_known", "time": "name_known"}
