"""What the example on published accounts says is what the tool finds in its ledgers."""

from __future__ import annotations

import csv
import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from thalweg import ingest
from thalweg.economy.accounts.notes import notes_of
from thalweg.economy.accounts.panel import growth_panel
from thalweg.economy.accounts.read import read_accounts
from thalweg.economy.frame import Accounts
from thalweg.economy.metrics.table import metrics_table
from thalweg.records.store.book import Book, open_book
from thalweg.surfaces.format_values import (
    Language,
    format_money,
    format_month,
    format_number,
    format_share,
)
from thalweg.surfaces.texts import LANGUAGES, load

PLACE = Path(__file__).parents[1] / "examples" / "published"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "published" / "platforms.csv"
README: dict[Language, str] = {"en": "README.md", "zh": "README.zh.md"}
COMPANY = {
    "weimob": ("Weimob", "微盟"),
    "youzan": ("Youzan", "有赞"),
    "zkh": ("ZKH", "震坤行"),
    "full_truck_alliance": ("Full Truck Alliance", "满帮"),
    "cosmoplat": ("COSMOPlat", "卡奥斯"),
    "jd_industrials": ("JD Industrials", "京东工业"),
    "ouyeel": ("Ouyeel", "欧冶云商"),
}
NOT_TOLD = {"en": "not told: ", "zh": "不给出："}
MILLION = 1e6


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Book]:
    folder = tmp_path_factory.mktemp("published")
    for name in COMPANY:
        ledger, profile = PLACE / "ledgers" / f"{name}.csv", PLACE / "profile.yaml"
        ingest((), folder / name, ledger=ledger, profile=profile)
    return {name: open_book(folder / name) for name in COMPANY}


@pytest.fixture(scope="module")
def accounts(books: dict[str, Book]) -> dict[str, Accounts]:
    return {name: read_accounts(book) for name, book in books.items()}


@pytest.fixture(scope="module")
def metrics(accounts: dict[str, Accounts]) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        name: {row["metric"]: row for row in metrics_table(one).to_dicts()}
        for name, one in accounts.items()
    }


@cache
def readme(language: Language) -> str:
    return (PLACE / README[language]).read_text(encoding="utf-8")


def shown(row: dict[str, Any], language: Language) -> str:
    if row["value"] is None:
        return NOT_TOLD[language] + load(language)(f"metrics.missing.{row['missing']}")
    if row["unit"] == "share":
        return format_share(row["value"], language)
    if row["unit"] == "cny":
        return format_money(row["value"], "CNY", language)
    return format_number(row["value"], language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_quoted_is_the_one_that_the_tool_tells(
    language: Language, metrics: dict[str, dict[str, dict[str, Any]]]
) -> None:
    say = load(language)
    company = {names[0 if language == "en" else 1]: key for key, names in COMPANY.items()}
    code = {name: metric for metric, name in say.under("metrics.names").items()}
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) – (.+?) \| (.+?) \|$", readme(language), re.M)
    assert len(rows) == 39
    assert {company[row[0]] for row in rows} == set(COMPANY)
    for name, metric, first, last, value in rows:
        found = metrics[company[name]][code[metric]]
        span = (format_month(found["from"], language), format_month(found["to"], language))
        assert ((first, last), value) == (span, shown(found, language)), (name, metric)


def total(one: Accounts, name: str, first: str, last: str, **where: str) -> float:
    """Millions of lines of a name between two months, as cash."""
    month = pl.col("month").dt.strftime("%Y-%m")
    lines = one.lines.filter(
        (pl.col("name") == name) & month.is_between(pl.lit(first), pl.lit(last))
    )
    for column, value in where.items():
        lines = lines.filter(pl.col(column) == value)
    return float(lines["amount"].sum()) / MILLION


def millions(value: float, language: Language) -> str:
    return format_money(value * MILLION, "CNY", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stories_figures_come_from_the_ledgers(
    language: Language, accounts: dict[str, Accounts]
) -> None:
    text, youzan, zkh = readme(language), accounts["youzan"], accounts["zkh"]
    before, after = (-total(youzan, "Selling expense", f"{y}-01", f"{y}-06") for y in (2023, 2024))
    assert f"{millions(before, language)}" in text and f"{millions(after, language)}" in text
    assert format_share(after / before - 1, language) in text
    weimob = accounts["weimob"]
    lost = 299 / total(weimob, "Revenue", "2023-01", "2023-12")
    assert format_share(lost, language) in text and millions(299, language) in text
    ratios = [
        total(zkh, "Research expense", f"{y}-01", f"{y}-12")
        / total(zkh, "Selling expense", f"{y}-01", f"{y}-12")
        for y in (2022, 2023, 2024)
    ]
    assert [f"{ratio:.2f}" for ratio in ratios] == ["0.35", "0.25", "0.26"]
    assert ("0.35, 0.25 and 0.26" if language == "en" else "0.35、0.25 和 0.26") in text
    names = (*("Revenue", "Cost of revenue", "Selling expense", "Research expense"),)
    for year in (2022, 2024):
        parts = [*names, "Other operating items, net"]
        loss = -sum(total(zkh, name, f"{year}-01", f"{year}-12") for name in parts)
        assert millions(loss, language) in text
    jd = accounts["jd_industrials"]
    for way in ("through the parent's platform", "in other ways"):
        then, now = (total(jd, "Revenue", f"{y}-01", f"{y}-12", product=way) for y in (2022, 2024))
        assert format_share((now / then) ** 0.5 - 1, language) in text


def test_profit_less_subsidy_is_what_the_story_says(accounts: dict[str, Accounts]) -> None:
    one = accounts["cosmoplat"]
    spans = (("2023-01", "2023-12"), ("2024-01", "2024-12"), ("2025-01", "2025-09"))
    without = [
        sum(total(one, name, *span) for name in ("Revenue", "All costs and taxes, net"))
        for span in spans
    ]
    assert without == pytest.approx([-180.3, -14.6, 125.5])
    assert "CNY −180.3 million, −14.6 million and 125.5 million" in readme("en")
    for value in without:
        assert millions(value, "zh") in readme("zh")
    for span, share in zip(spans, ("72.2%", "67.5%", "57.7%"), strict=True):
        parent = total(one, "Revenue", *span, party="parent group")
        assert format_share(parent / total(one, "Revenue", *span)) == share
        assert share in readme("en") and share in readme("zh")


def test_nothing_is_said_to_be_bought_or_deep(books: dict[str, Book]) -> None:
    """One firm and a handful of periods: no panel of units in which bought could be told apart."""
    for name, book in books.items():
        panel = growth_panel(book, read_accounts(book))
        assert panel is not None
        assert len(panel.units) == (2 if name == "cosmoplat" else 1)
        notes = {note.code for note in notes_of(read_accounts(book), panel)}
        assert "spread" in notes
        assert ("without_rate" in notes) == (name == "weimob")


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("published_ledgers", PLACE / "ledgers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_ledgers_are_made_from_the_figures_and_every_line_has_its_source(
    tmp_path: Path,
) -> None:
    for path in maker().write(tmp_path):
        assert path.read_bytes() == (PLACE / "ledgers" / path.name).read_bytes()
        with path.open(encoding="utf-8") as file:
            assert all(row["source"] and row["figure"] for row in csv.DictReader(file))


def test_the_figures_are_those_that_were_collected() -> None:
    if not SHARED.exists():
        pytest.skip("the collected figures are not beside the project")
    assert (PLACE / "figures.csv").read_bytes() == SHARED.read_bytes()
