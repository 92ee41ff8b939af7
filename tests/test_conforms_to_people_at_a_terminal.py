"""What ``thalweg conform`` prints, writes and returns."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import jsonschema
import openpyxl
import polars as pl
import pytest

from book_helpers import quick_folder
from thalweg.errors import MissingExtraError, RequestError
from thalweg.process.conformance.conform import conform_book
from thalweg.process.conformance.deviations_table import OCCURRENCES
from thalweg.process.conformance.result import ConformResult
from thalweg.records.ingest import ingest
from thalweg.records.store.book import open_book
from thalweg.surfaces import row_files
from thalweg.surfaces.cli import main
from thalweg.surfaces.deviation_files import write_deviations
from thalweg.surfaces.deviation_picture import overlay
from thalweg.surfaces.models.overlay import Deviation
from thalweg.surfaces.texts import load

TABLE = """\
订单号,工序,时间,操作人,金额
o1,下单,2024-01-01 08:00,王敏,100
o1,签订合同,2024-01-02 08:00,赵磊,100
o1,发货,2024-01-05 08:00,高师傅,100
o2,下单,2024-01-01 09:00,王敏,200
o2,签订合同,2024-01-09 09:00,王敏,200
o2,发货,2024-01-10 09:00,高师傅,200
o3,下单,2024-01-03 09:00,"=HYPERLINK(""x"")",300
o3,下单,2024-01-04 09:00,@刘洋,300
o3,发货,2024-01-06 09:00,-高师傅,300
"""
MAPPING = """\
kind: table
case: 订单号
activity: 工序
time: 时间
timezone: Asia/Shanghai
roles: {resource: 操作人}
attributes: {金额: number}
"""
RULES = """\
rules:
  - {id: 四眼, kind: people, activities: [下单, 签订合同], severity: critical, text: 下单人不签合同}
  - {id: 三天, kind: time, from: 下单, to: 签订合同, within: 3天, optional: true}
  - {id: 合同, kind: must, activity: 签订合同, before: 发货, severity: low, cost: attribute:金额}
"""
MODEL = "->('下单', '签订合同', '发货')"


@pytest.fixture(scope="module")
def home():
    with quick_folder() as folder:
        for name, text in (
            ("a.csv", TABLE),
            ("a.yaml", MAPPING),
            ("r.yaml", RULES),
            ("m.txt", MODEL),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        from thalweg.records.mapping.flat import load_mapping

        ingest(folder / "a.csv", mapping=load_mapping(folder / "a.yaml"), into=folder / "book")
        yield folder


@pytest.fixture(scope="module")
def result(home: Path) -> ConformResult:
    book = open_book(home / "book")
    return conform_book(book, model=home / "m.txt", rules=home / "r.yaml", ends=("发货",))


@pytest.fixture
def run(home: Path, monkeypatch, capsys):
    def call(*arguments: object) -> tuple[int, str, str]:
        words = [str(home / a[1:]) if str(a).startswith("~") else str(a) for a in arguments]
        monkeypatch.setattr(sys, "argv", ["thalweg", "conform", *words])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        caught = capsys.readouterr()
        return int(ended.value.code or 0), caught.out, caught.err

    return call


def test_json_fits_the_schema_that_the_command_prints(run) -> None:
    _, schema, _ = run("--schema")
    code, out, err = run(
        "~book", "--model", "~m.txt", "--rules", "~r.yaml", "--ends", "发货", "--json"
    )
    assert (code, err) == (0, "")
    body = json.loads(out)
    jsonschema.validate(body, json.loads(schema))
    assert body["schema"] == "thalweg.conform/1"
    assert body["fitness"]["cost_high"] == 2
    assert {r["rule"]: r["violated"] for r in body["rules"]} == {"四眼": 1, "三天": 1, "合同": 1}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screen_speaks_one_language(run, language: str) -> None:
    code, out, _ = run(
        "~book", "--model", "~m.txt", "--rules", "~r.yaml", "--ends", "发货", "--cost", "金额",
        "--language", language,
    )  # fmt: skip
    say = load(language)
    assert code == 0
    for key in ("rules", "often", "costly", "months", "fitness_mean"):
        assert say(f"conform.{key}") in out
    for name in ("四眼", "三天", "合同"):
        assert name in out
    other = load("zh" if language == "en" else "en")
    assert other("conform.often") not in out


def test_rules_alone_need_no_model_and_nothing_at_all_discovers_one(run) -> None:
    _, alone, _ = run("~book", "--rules", "~r.yaml", "--json")
    assert json.loads(alone)["model"] is None
    _, found, _ = run("~book", "--json")
    assert json.loads(found)["model"]["noise"] == 0.2


def test_a_build_can_fail_on_violations(run) -> None:
    base = ("~book", "--rules", "~r.yaml", "--ends", "发货")
    assert run(*base)[0] == 0
    assert [run(*base, "--fail-on", n)[0] for n in ("0", "2", "3")] == [10, 10, 0]
    assert [run(*base, "--fail-on", s)[0] for s in ("critical", "low")] == [10, 10]
    code, _, err = run(*base, "--fail-on", "dire")
    assert code == 2 and "neither a number nor one of low, medium" in err
    assert run("~book", "--fail-on", "0")[0] == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_example_to_begin_with_and_an_explanation_of_it(run, home: Path, language: str) -> None:
    _, example, _ = run("--example", "--language", language)
    (home / "example.yaml").write_text(example, encoding="utf-8")
    code, out, _ = run("--rules", "~example.yaml", "--explain", "--language", language)
    assert code == 0
    assert ("Invoices are paid within 35 days." if language == "en" else "35 天内收到") in out
    assert load(language)("conform.explain.begin") in out


def test_wrong_calls_are_told_before_the_work_begins(run) -> None:
    for call, told in (
        ((), "Which book?"),
        (("--explain",), "Which rules?"),
        (("~book", "--export", "a.txt"), "End it with .parquet, .csv, .xlsx"),
        (("~book", "--picture", "a.gif"), "End it with .svg or .png"),
        (("~book", "--model", "~m.txt", "--noise", "0.1"), "not both"),
        (("~book", "--model", "~none.bpmn"), "none.bpmn cannot be read"),
        (("~book", "--rules", "~none.yaml"), "none.yaml cannot be read"),
    ):
        code, out, err = run(*call)
        assert (code, out) == (2, ""), call
        assert told in err


def test_the_picture_shows_the_model_with_its_deviations(run, home: Path) -> None:
    code, _, err = run("~book", "--model", "~m.txt", "--ends", "发货", "--picture", "~m.svg")
    assert code == 0 and "m.svg" in err
    svg = (home / "m.svg").read_text(encoding="utf-8")
    assert all(name in svg for name in ("下单", "签订合同", "发货"))


def test_the_picture_counts_each_object_once(result: ConformResult) -> None:
    found = overlay(result)
    assert found.occurrences == {"下单": 4, "签订合同": 2, "发货": 3}
    assert found.deviations["skipped"] == {"签订合同": Deviation(1, 1)}
    assert found.deviations["repeated"] == {"下单": Deviation(1, 1)}
    assert found.objects == 3


def test_csv_opens_in_excel_with_chinese_and_runs_no_formula(
    result: ConformResult, tmp_path: Path
) -> None:
    rows = write_deviations(result, tmp_path / "list.csv", language="zh")
    raw = (tmp_path / "list.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    found = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(found) == rows == len(result.occurrences())
    assert list(found[0])[:3] == ["对象类型", "对象", "偏差类型"]
    people = {row["人员"] for row in found}
    assert {"'@刘洋", "王敏"} <= people
    assert not any(value and value[0] in "=+-@" for row in found for value in row.values())
    assert {row["偏差类型"] for row in found} >= {"跳过", "重复", "规则"}
    late = next(row for row in found if row["活动或规则"] == "三天")
    assert (late["时间"], late["时差"]) == ("2024-01-09 09:00:00.000", "UTC+08:00")
    assert (late["来源行号"], float(late["时长（秒）"])) == ("6", 5 * 86_400)


def test_a_workbook_holds_text_as_text_and_times_as_times(
    result: ConformResult, tmp_path: Path
) -> None:
    write_deviations(result, tmp_path / "list.xlsx", language="en")
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx").active
    head, *rows = list(sheet.iter_rows())
    assert [cell.value for cell in head][:4] == [
        "Object type",
        "Object",
        "Kind",
        "Activity or rule",
    ]
    assert len(rows) == len(result.occurrences())
    assert not any(cell.data_type == "f" for row in rows for cell in row)
    column = {cell.value: number for number, cell in enumerate(head)}
    late = next(row for row in rows if row[column["Activity or rule"]].value == "三天")
    assert late[column["Time"]].value == datetime(2024, 1, 9, 9)
    assert any(row[column["Resource"]].value == "@刘洋" for row in rows)


def test_parquet_keeps_names_codes_and_zone(result: ConformResult, tmp_path: Path) -> None:
    write_deviations(result, tmp_path / "list.parquet")
    table = pl.read_parquet(tmp_path / "list.parquet")
    assert [name for name in table.columns if name != "utc_offset"] == list(OCCURRENCES)
    assert table.schema["time"] == pl.Datetime("ns", "Asia/Shanghai")
    utc = table["time"].dt.convert_time_zone("UTC")
    assert utc.equals(result.occurrences()["time"], null_equal=True)
    assert table["source"].drop_nulls().unique().to_list()[0].endswith("a.csv")


def test_every_row_leads_back_to_its_line_in_the_source(result: ConformResult) -> None:
    lines = TABLE.splitlines()
    for row in result.occurrences().iter_rows(named=True):
        cells = next(csv.reader([lines[row["row"] - 1]]))
        assert (cells[0], cells[1], cells[3]) == (row["object"], row["activity"], row["resource"])


def test_a_list_too_long_for_a_workbook_is_refused(
    result: ConformResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "WORKBOOK_ROWS", 3)
    with pytest.raises(RequestError, match=r"a workbook holds 2 below.*\.csv or \.parquet"):
        write_deviations(result, tmp_path / "list.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_what_was_there(
    result: ConformResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("yesterday")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", broken)
    with pytest.raises(Exception, match="No space left"):
        write_deviations(result, path)
    assert path.read_text() == "yesterday" and len(list(tmp_path.iterdir())) == 1


def test_without_the_extra_the_message_names_it(
    result: ConformResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"thalweg\[excel\]"):
        write_deviations(result, tmp_path / "list.xlsx")


def test_every_code_of_conformance_has_words_in_both_languages() -> None:
    from thalweg.process.conformance import conform, costs
    from thalweg.process.conformance.deviations import KINDS
    from thalweg.process.conformance.rules.kinds import SEVERITIES
    from thalweg.process.conformance.rules.verdicts import REASONS

    source = Path(costs.__file__).read_text(encoding="utf-8")
    cost_reasons = ("no_cost_named", "no_event_to_cost", "cost_not_stated", "cost_partly_stated")
    assert all(f'"{reason}"' in source for reason in cost_reasons)
    told = Path(conform.__file__).read_text(encoding="utf-8").split("told = {")[-1].split("}")[0]
    warnings = [line.split('"')[1] for line in told.splitlines() if line.strip().startswith('"')]
    assert len(warnings) == 7
    keys = [f"reasons.{r}" for r in REASONS[1:]] + [f"kinds.{k}" for k in KINDS]
    keys += [f"said.{k}" for k in KINDS] + [f"severities.{s}" for s in SEVERITIES]
    keys += [f"cost_reasons.{r}" for r in cost_reasons] + [f"warnings.{w}" for w in warnings]
    keys += [f"columns.{c}" for c in (*OCCURRENCES, "utc_offset")]
    for language in ("en", "zh"):
        say = load(language)
        assert [key for key in keys if not say.has(f"conform.{key}")] == []
        heads = [say(f"conform.columns.{c}") for c in (*OCCURRENCES, "utc_offset")]
        assert len(set(heads)) == len(heads)


def test_help_loads_no_engine() -> None:
    probe = (
        "import sys; sys.argv = ['thalweg', 'conform', '--help']\n"
        "from thalweg.surfaces.cli import main\n"
        "try:\n main()\nexcept SystemExit:\n pass\n"
        "print(sorted({'polars', 'numba', 'xlsxwriter'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
