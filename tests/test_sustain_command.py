"""``thalweg sustain`` as one meets it: words in both languages, JSON by its schema, files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from thalweg.economy.schema import COLUMNS, frame
from thalweg.economy.sustain import sustain_book
from thalweg.records.store.book import open_book
from thalweg.surfaces.cli import app, commands
from thalweg.surfaces.cli.sustain_text import print_sustain
from thalweg.surfaces.texts import LANGUAGES, load

assert commands
Row = dict[str, Any]
PARTS = ("direct", "total", "through")
CODES = re.compile(r"@\w+|\b[a-z]+(?:_[a-z0-9]+)+\b")
"""What a code looks like: @none, model_only."""
NOT_CODES = {"rollout.e_receipts", "e_receipts", "add_costs"}


def run(*asked: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(one) for one in asked])
    assert result.exit_code == code, result.output
    return result


def codes_in(text: str) -> set[str]:
    """Codes in a text, but for the last line, which names the book."""
    return set(CODES.findall("\n".join(text.splitlines()[:-1]))) - NOT_CODES


@pytest.fixture(scope="module")
def one_firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 months of one business as Chinese accountants write them; October 2022 is missing."""
    folder = tmp_path_factory.mktemp("one")
    rows = ["期间,科目,金额(万元)"]
    for at in range(24):
        month = f"{2022 + at // 12}-{at % 12 + 1:02d}"
        if month != "2022-10":
            amounts = {"主营业务收入": 100 + at, "主营业务成本": 60, "管理费用": 20, "杂项往来": 1}
            rows += [f"{month},{name},{amount}" for name, amount in amounts.items()]
    (folder / "账.csv").write_bytes("\n".join(rows).encode("gbk"))
    run("ingest", "--into", folder / "book", "--ledger", folder / "账.csv")
    return folder / "book"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up trade with everything in it, small."""
    folder = tmp_path_factory.mktemp("world")
    asked = ("--archetype", "traffic_war", "--firms", 8, "--months", 24, "--orders", 2)
    run("demo", folder / "demo", *asked, "--language", "zh")
    return folder / "demo" / "book"


@pytest.fixture(scope="module")
def result(world: Path) -> Row:
    found: Row = json.loads(run("sustain", world, "--draws", 50, "--json").stdout)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_ledger_alone_is_told_without_codes_and_without_silence(
    one_firm: Path, language: str
) -> None:
    say = load(language)
    text = run("sustain", one_firm, "--draws", 50, "--language", language).output
    assert not codes_in(text)
    assert "杂项往来" in text and "2022-10" in text
    assert say("economy.missing.no_capital") in text
    assert say("metrics.missing.no_marketing") in text
    assert say("sustain.titles.outlook") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_trade_is_told_by_its_names(world: Path, language: str) -> None:
    scenarios = ("--set", "marketing=-50%", "--set", "rollout.e_receipts=2024-06")
    text = run("sustain", world, "--draws", 50, *scenarios, "--language", language).output
    assert not codes_in(text)
    assert {"电子仓单", "搜索广告", "剪切加工服务"} <= {w for w in text.split() if len(w) < 9}
    say = load(language)
    assert say("economy.scenarios.as_is") in text
    assert say("economy.names.subsidy") in text
    assert "marketing=-50%" in text
    if language == "en":
        assert "(the 12 months from Jan 2022) to CNY" in text


def test_growth_names_the_periods_that_it_compares(result: Row) -> None:
    growth = result["facts"]["growth"]
    assert (growth["from"], growth["to"], growth["months"]) == ("2022-01-01", "2023-12-01", 12)
    parts = [row["amount"] for row in result["decomposition"]]
    assert sum(parts) == growth["amount"] == growth["after"] - growth["before"]


def test_json_is_what_the_schema_says_and_files_hold_the_same(
    world: Path, result: Row, tmp_path: Path
) -> None:
    schema = json.loads(run("sustain", "--schema").stdout)
    jsonschema.Draft202012Validator(schema).validate(result)
    asked = ("--json", "--save", tmp_path / "tables", "--threads", 2)
    again = json.loads(run("sustain", world, "--draws", 50, *asked).stdout)
    assert again == result
    assert {path.stem for path in (tmp_path / "tables").glob("*.parquet")} == set(COLUMNS)
    kept = pl.read_parquet(tmp_path / "tables" / "decomposition.parquet")
    assert kept["amount"].to_list() == [row["amount"] for row in result["decomposition"]]


def test_counted_metrics_are_the_sums_of_the_ledger(world: Path, result: Row) -> None:
    metrics = {row["metric"]: row["value"] for row in result["metrics"]}
    ledger = open_book(world).companion("ledger")
    assert ledger is not None
    last = ledger.filter(pl.col("month").dt.year() == 2023)
    by = dict(last.group_by("account").agg(pl.col("amount").sum()).iter_rows())
    assert metrics["revenue"] == pytest.approx(by["营业收入"])
    assert metrics["gross_profit"] == pytest.approx(by["营业收入"] + by["服务成本"])
    assert metrics["marketing_share"] == pytest.approx(-by["流量投放"] / by["营业收入"])
    assert metrics["subsidy_share"] == pytest.approx(-by["补贴"] / by["营业收入"])


def test_pauses_that_were_planned_come_back_as_drawn(world: Path, tmp_path: Path) -> None:
    before = open_book(world).companion("pauses")
    assert before is not None
    asked = ("sustain", world, "--pauses", 0.1, "--pause-months", 6)
    file, ledger = tmp_path / "pauses.csv", tmp_path / "ledger.csv"
    told = run(*asked, "--save", file, "--language", "zh").stdout
    assert not codes_in(told + "\n")
    planned = json.loads(run(*asked, "--json").stdout)
    ledger.write_text("month,party,account,amount\n2023-12,F001,revenue,1\n", encoding="utf-8")
    run("ingest", "--into", tmp_path / "book", "--ledger", ledger, "--pauses", file)
    kept = open_book(tmp_path / "book").companion("pauses")
    assert kept is not None
    key = ["party", "month", "channel"]
    drawn = pl.DataFrame(planned["assignment"]).with_columns(pl.col("month").str.to_date())
    whole = pl.concat([before.select(key), drawn.select(key)]).unique()
    assert kept.select(key).sort(key).equals(whole.sort(key))
    assert set(kept["assignment"]) == {"randomised"}


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("marketting=-50%", "Nearest: marketing"),
        ("rollout.e_recipts=2024-06", "Nearest: e_receipts"),
        ("rollout.e_receipts=2020-01", "Give a month from 2024-01"),
        ("operations=5", "operations=+10%"),
        ("marketing=half", "-50%"),
    ],
)
def test_a_scenario_that_cannot_be_read_says_what_can(
    world: Path, scenario: str, told: str
) -> None:
    failed = CliRunner().invoke(app, ["sustain", str(world), "--draws", "50", "--set", scenario])
    assert failed.exit_code != 0
    assert told in str(failed.exception)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_rollout_brings_directly_and_in_all_is_shown(
    world: Path, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = sustain_book(open_book(world), draws=50)
    assert found.mediation.columns == list(COLUMNS["mediation"])
    shares = {f"{part}_{end}": 0.0 for part in PARTS for end in ("low", "high")}
    told = {"direct_share": 0.061, "total_share": 0.083, "through_share": 0.022}
    row = {"intervention": "e_receipts", **shares, **told, "known": "experimental"}
    print_sustain(replace(found, mediation=frame("mediation", [row])), language)
    shown = capsys.readouterr().out
    say = load(language)
    assert say("sustain.titles.mediation") in shown
    line = next(line for line in shown.splitlines() if line.strip().startswith("e_receipts  "))
    assert [part in line for part in ("6.1", "8.3", "2.2")] == [True] * 3, line
