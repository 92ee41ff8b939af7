"""Every metric, note and reason of the accounts can be told in both languages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import thalweg
from accounts_tools import NAMES, TRAFFIC, line, month, profile_of, table
from thalweg.economy.accounts.notes import notes_of
from thalweg.economy.accounts.panel import panel_from
from thalweg.economy.accounts.read import accounts_from
from thalweg.economy.metrics.table import metrics_of
from thalweg.surfaces.cli.sustain_words import note_text
from thalweg.surfaces.texts import LANGUAGES, load, places

ROOM = Path(thalweg.__file__).parent / "economy"
LACKING = {f"no_{account}" for account in ("cost_of_sales", "marketing", "subsidy", "research")}
BY = ("product", "party", "cohort", "path", "channel")


def constants(folder: str) -> set[str]:
    found: set[str] = set()
    for module in (ROOM / folder).glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def reasons() -> set[str]:
    """Codes of reasons wherever a metric is left open in the program."""
    found = set(LACKING) | {"basis_differs", "no_costs", "not_in_window", "history_too_short"}
    found |= {"balance_too_old"}
    for module in (ROOM / "metrics").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name, args = getattr(node.func, "id", ""), node.args
            place = {"untold": 2, "over": 5}.get(name)
            if place is not None and len(args) > place:
                texts = [n.value for n in ast.walk(args[place]) if isinstance(n, ast.Constant)]
                found |= {text for text in texts if isinstance(text, str)}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_has_a_name_a_definition_and_a_source(language: str) -> None:
    say = load(language)
    rows = [line(name, 5.0, at) for names in NAMES.values() for name in names for at in range(30)]
    codes = {one.metric for one in metrics_of(accounts_from({"ledger": table(rows)}, profile_of()))}
    for part in ("names", "defined", "sources"):
        assert set(say.under(f"metrics.{part}")) == codes
    assert set(say.under("metrics.by")) == set(BY)
    assert set(say.under("metrics.units")) == {"none", "platform", "rest"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words_and_no_words_are_left_over(language: str) -> None:
    assert set(load(language).under("metrics.missing")) == reasons()
    assert len(reasons()) == 24


@pytest.mark.parametrize("language", LANGUAGES)
def test_assumptions_and_warnings_of_pauses_have_words(language: str) -> None:
    say, known = load(language), constants("pauses")
    for part, count in (("assumptions", 5), ("warnings", 5)):
        told = set(say.under(f"metrics.pauses.{part}"))
        assert told <= known and len(told) == count


def books() -> list[tuple[list[dict[str, Any]], dict[str, pl.DataFrame], bool]]:
    """Ledgers that between them bring out every note."""
    far = [line("Sales", 5.0, 0, party="a"), line("Sales", 5.0, 6, party="a", product="new")]
    odd = [line("Ads", 5.0, 1), line("Ads", -3.0, 1), line("Parking", -1.0, 6)]
    dollars = [line("Sales", 5.0, 0, currency="USD"), line("Staff", -6.0, 0, to=month(2))]
    traffic = [{"party": "a", "month": month(0), "channel": "search", "spend": 3.0}]
    pauses = {"party": ["a"], "month": [month(0)], "channel": ["*"], "assignment": ["other"]}
    reached = {"id": ["x"], "unit": ["elsewhere"], "from_day": [month(0)]}
    interventions = pl.DataFrame(reached).with_columns(
        pl.lit(0, pl.Int64).alias("@row"),
        to_day=pl.lit(None, pl.Date),
        intensity=pl.lit(None, pl.Float64),
    )
    full = {
        "traffic": table(traffic, TRAFFIC),
        "pauses": pl.DataFrame(pauses),
        "interventions": interventions,
    }
    return [([*far, *odd, *dollars], full, True), (far + odd, {}, True), (far, {}, False)]


def test_every_note_comes_about_and_its_sentence_finds_its_figures() -> None:
    seen = set()
    for rows, tables, profiled in books():
        ledger = table(rows)
        if not profiled:
            ledger = ledger.with_columns(account=pl.lit("Service revenue"), basis=pl.col("product"))
            ledger = ledger.with_columns(pl.col("basis").fill_null("gross"))
        given = {k: v for k, v in tables.items() if k != "interventions"}
        profile = profile_of() if profiled else None
        accounts = accounts_from({"ledger": ledger, **given}, profile)
        panel = panel_from(accounts, tables.get("interventions"))
        for note in notes_of(accounts, panel):
            seen.add(note.code)
            for language in LANGUAGES:
                say = load(language)
                text = say.entries[f"metrics.notes.{note.code}"]
                assert places(text) == set(note.figures), note.code
                told = note_text(note.code, note.figures, say)
                assert "None" not in told and "{" not in told
    missing = set(load("en").under("metrics.notes")) - seen
    assert missing == set(), missing
