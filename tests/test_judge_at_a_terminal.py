"""``thalweg judge`` and ``thalweg explain`` for people and for programs."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner, Result

import thalweg
from judge_books import SMALL, ledger_of, log_alone, whole_book
from thalweg.errors import RequestError
from thalweg.surfaces.cli import app, commands

assert commands
FEW = ["--draws", "50"]
CJK = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_book(tmp_path_factory.mktemp("whole"), replace(SMALL, firms=12, orders=4)).path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trade = replace(SMALL, firms=4, months=6, orders=4)
    return log_alone(tmp_path_factory.mktemp("log"), trade).path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)


def said(*words: str | Path) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_verdict_prints_every_part_with_its_ids(book: Path) -> None:
    text = said("judge", book, *FEW)
    for word in ("Axes", "Layers", "Technology", "New products", "Ten questions", "T1 ", "T10 "):
        assert word in text
    for name in (
        "depth.layer.processing",
        "technology.scanner",
        "new_value.scanning",
        "dependence",
    ):
        assert name in text
    assert "Declared beforehand: deep from 10%, dependent from 25%" in text


def test_a_log_alone_is_judged_in_both_languages(log: Path) -> None:
    english, chinese = said("judge", log, *FEW), said("judge", log, *FEW, "--language", "zh")
    assert english.startswith("Not enough evidence")
    assert chinese.startswith("证据不足")
    assert "What would settle it" in english
    told = [line for line in chinese.splitlines() if line and not CJK.search(line)]
    assert all(re.fullmatch(r"\s*→ .*|\s*[\w.]+.*", line) for line in told), told
    assert "{" not in english + chinese


def test_json_is_one_object_that_the_printed_schema_describes(book: Path) -> None:
    body = json.loads(said("judge", book, *FEW, "--json"))
    jsonschema.validate(body, json.loads(said("judge", "--schema")))
    assert body["schema"] == "thalweg.judge/1"


def test_tables_are_saved(book: Path, tmp_path: Path) -> None:
    said("judge", book, *FEW, "--save", tmp_path / "tables")
    names = sorted(path.stem for path in (tmp_path / "tables").iterdir())
    assert "figures" in names
    figures = pl.read_parquet(tmp_path / "tables" / "figures.parquet")
    assert figures.filter(id="metric.revenue")["value"][0] > 0
    layers = pl.read_parquet(tmp_path / "tables" / "layers.parquet")
    assert set(layers["burden"]) >= {"time"}


def test_explain_lists_all_figures_and_walks_to_the_rows_of_one(book: Path) -> None:
    every = said("explain", book, *FEW)
    assert re.search(r"^metric\.revenue +Revenue", every, re.MULTILINE)
    one = said("explain", book, "metric.gross_margin", *FEW)
    for word in ("Method: ", "See docs/methods/accounts.md", "Assumes", "Checks", "Made from"):
        assert word in one
    assert "ledger (account: revenue, cost of sales" in one
    assert "ledger.csv" in one
    chinese = said("explain", book, "depth.layer.processing", *FEW, "--language", "zh")
    for word in ("方法：", "前提", "检验", "由以下数字得出", "举措（举措：scanner）"):
        assert word in chinese


def test_checks_of_an_effect_are_told_in_words(book: Path) -> None:
    one = said("explain", book, "effect.scanner.layer_h.processing", *FEW)
    assert "Drift before the roll-out" in one
    assert "passed · " in one


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_exported_rows_add_up_to_the_figure(book: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"rows{suffix}"
    body = json.loads(said("explain", book, "metric.revenue", *FEW, "--rows", target, "--json"))
    value = body["chain"][0]["value"]
    if suffix == ".xlsx":
        sheet = openpyxl.load_workbook(target, read_only=True).worksheets[0]
        head, *rows = list(sheet.values)
        counted = [float(str(row[head.index("@counted")])) for row in rows]
    else:
        read = pl.read_csv if suffix == ".csv" else pl.read_parquet
        counted = read(target)["@counted"].to_list()
    assert math.fsum(counted) == pytest.approx(value, abs=0.005)
    assert body["chain"][0]["rows"][0]["count"] == len(counted)
    assert body["chain"][0]["rows"][0]["files"] == [str(book.parent / "ledger.csv")]


def test_rows_of_several_tables_go_to_a_file_each(book: Path, tmp_path: Path) -> None:
    said("explain", book, "effect.scanner.layer_h.processing", *FEW, "--rows", tmp_path / "r.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "r.events.csv",
        "r.interventions.csv",
    ]


def test_what_changed_is_told_with_its_rows(book: Path) -> None:
    trade = replace(SMALL, firms=12, orders=4)
    table = ledger_of(trade).with_columns(amount=pl.col("amount") * 2)
    table.write_csv(book.parent / "double.csv")
    thalweg.ingest((), book, ledger=book.parent / "double.csv")
    text = said("judge", book, "--since", "1", *FEW)
    assert text.startswith("Generation 1 against 2")
    assert "metric.revenue" in text
    assert "flow.total_h" not in text
    body = json.loads(said("judge", book, "--since", "1", *FEW, "--json"))
    row = next(one for one in body["figures"] if one["figure"] == "metric.revenue")
    assert row["after"] == pytest.approx(2 * row["before"])
    assert row["tables"] == ["ledger"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["judge"], "Which book"),
        (["explain", "BOOK", "dept"], "no figure 'dept'"),
        (["explain", "BOOK", "depth", "--rows", "rows.txt"], "says not how to write"),
        (["judge", "BOOK", "--off-from", "soon"], "no month"),
        (["judge", "BOOK", "--type", "ordr"], "object type"),
        (["judge", "BOOK", "--draws", "2"], "too few"),
        (["judge", "BOOK", "--language", "fr"], "no language"),
    ],
)
def test_wrong_calls_are_refused_with_what_to_do(log: Path, words: list[str], message: str) -> None:
    result = run(*(str(log) if word == "BOOK" else word for word in words))
    assert isinstance(result.exception, RequestError)
    assert result.exception.exit_code == 2
    assert message in str(result.exception)


def test_a_generation_that_is_not_there_is_named(log: Path) -> None:
    result = run("judge", log, "--since", "9")
    assert "has no generation 9" in str(result.exception)
