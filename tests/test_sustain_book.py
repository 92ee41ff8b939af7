"""Sustain as people call it: from a book, the same every time, modest where records are few."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import polars as pl
import pytest

import thalweg
from sustain_tools import accounts_for, panel_for, response_for
from thalweg.economy.result import SustainResult
from thalweg.economy.schema import COLUMNS, sustain_json_schema
from thalweg.economy.sustain import can_sustain, within
from thalweg.errors import RequestError
from thalweg.records.store.book import Book

LOG = "case_id,activity,timestamp,firm\n1,Place order,2024-01-03,F1\n1,Sign,2024-01-05,F1\n"
ACCOUNTS = ("revenue", "cost_of_sales", "marketing", "subsidy", "operations", "capital_in")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sustain")


@pytest.fixture(scope="module")
def book(folder: Path) -> Book:
    """Eight firms and 24 months of ledger, traffic and roll-outs."""
    response = response_for(8, 24, 1)
    panel = panel_for(response, 8, 24, noise=0.05)
    accounts = accounts_for(panel, capital={0: 60_000.0})
    ledger = accounts.lines.select(
        pl.when(pl.col("party") == "platform").then(None).otherwise("party").alias("party"),
        "month",
        "product",
        "account",
        pl.col("amount").round(2),
        currency=pl.lit("CNY"),
    )
    rows = [
        (unit, month, channel, float(panel.spend[c, n, t]))
        for c, channel in enumerate(panel.channels)
        for n, unit in enumerate(panel.units)
        for t, month in enumerate(panel.months)
        if panel.spend[c, n, t]
    ]
    traffic = pl.DataFrame(rows, ("party", "month", "channel", "spend"), orient="row")
    starts = [
        (name, "technology", unit, panel.months[int(dose.argmax())], "planned", "region")
        for name, table in zip(panel.interventions, panel.dose, strict=True)
        for unit, dose in zip(panel.units, table, strict=True)
        if dose.any()
    ]
    rolled = pl.DataFrame(
        starts, ("id", "kind", "unit", "from", "assignment", "reason"), orient="row"
    )
    paths = {}
    for name, table in (("ledger", ledger), ("traffic", traffic), ("interventions", rolled)):
        paths[name] = folder / f"{name}.csv"
        table.write_csv(paths[name])
    return thalweg.ingest((), folder / "book", **paths)


@pytest.fixture(scope="module")
def told(book: Book) -> SustainResult:
    return thalweg.sustain(book, draws=50, scenarios=("operations=+10%",), threads=1)


def test_the_result_is_as_its_schema_says(told: SustainResult) -> None:
    jsonschema.validate(told.to_json(), sustain_json_schema())
    assert set(told.tables()) == set(COLUMNS)
    for name, table in told.tables().items():
        assert table.columns == list(COLUMNS[name]), name


def test_the_same_request_gives_the_same_result_on_any_number_of_threads(
    book: Book, told: SustainResult
) -> None:
    again = thalweg.sustain(book, draws=50, scenarios=("operations=+10%",), threads=2)
    assert again.to_json() == told.to_json()
    assert again.draws.keys() == told.draws.keys()
    other = thalweg.sustain(book, draws=50, seed=1, threads=1)
    assert other.fingerprint != told.fingerprint


def test_totals_are_those_of_the_ledger(folder: Path, told: SustainResult) -> None:
    ledger = pl.read_csv(folder / "ledger.csv", try_parse_dates=True)
    for account in ACCOUNTS:
        found = told.accounts_table.filter(account=account)["amount"].sum()
        assert found == pytest.approx(ledger.filter(account=account)["amount"].sum(), abs=0.01)
    growth = told.decomposition["amount"].sum()
    revenue = ledger.filter(account="revenue").group_by("month").agg(pl.col("amount").sum())
    by_month = revenue.sort("month")["amount"]
    assert growth == pytest.approx(by_month[12:].sum() - by_month[:12].sum(), abs=0.01)
    cash = ledger["amount"].sum()
    assert told.capital["cash"][0] == pytest.approx(cash, abs=0.05)
    assert (told.first_month, told.last_month, told.units) == ("2022-01-01", "2023-12-01", 8)


def test_months_are_chosen(book: Book) -> None:
    found = thalweg.sustain(book, draws=50, since="2022-07", until="2023-09", threads=1)
    assert (found.first_month, found.last_month) == ("2022-07-01", "2023-09-01")
    assert found.accounts_table["month"].n_unique() == 15
    with pytest.raises(RequestError, match="2022-01 to 2023-12"):
        thalweg.sustain(book, draws=50, since="2030-01")


def test_tables_are_written(told: SustainResult, tmp_path: Path) -> None:
    written = told.write_parquet(tmp_path / "tables")
    assert {path.stem for path in written} == set(COLUMNS)
    again = pl.read_parquet(tmp_path / "tables" / "capital.parquet")
    assert again.equals(told.capital)


def test_a_book_without_a_ledger_is_refused_with_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    bare = thalweg.ingest(log, tmp_path / "book", mapping=mapping, timezone="UTC")
    assert can_sustain(bare) == ("no_ledger",)
    with pytest.raises(RequestError, match="--ledger FILE"):
        thalweg.sustain(bare)


def test_24_lines_of_one_firm_are_enough_for_a_modest_answer(tmp_path: Path) -> None:
    lines = [f"{2023 + at // 12}-{at % 12 + 1:02d},Revenue,{1000 + 10 * at}" for at in range(24)]
    ledger = tmp_path / "ledger.csv"
    ledger.write_text("month,account,amount\n" + "\n".join(lines))
    book = thalweg.ingest((), tmp_path / "book", ledger=ledger)
    assert can_sustain(book) == ()
    found = thalweg.sustain(book, draws=50)
    jsonschema.validate(found.to_json(), sustain_json_schema())
    assert found.decomposition["amount"].sum() == 10 * 12 * 12
    assert found.capital["cash"][0] is None
    assert set(found.missing["reason"]) >= {"no_balance", "no_costs", "no_interventions"}
    assert len(found.metrics) and found.request["draws"] == 50


def test_months_outside_leave_nothing_behind() -> None:
    panel = panel_for(response_for(2, 12, 1), 2, 12)
    accounts = accounts_for(panel)
    cut = within(accounts, panel.months[3], panel.months[8])
    assert cut.months == panel.months[3:9]
    assert set(cut.lines["month"]) == set(panel.months[3:9])
    assert within(accounts, None, None) is accounts
