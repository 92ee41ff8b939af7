"""From a book to what each intervention changed: a small trade whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from typer.testing import CliRunner

import thalweg
from prove_books import Trade, book_of
from thalweg.change.prove import prove_book
from thalweg.change.result import ProveResult
from thalweg.change.schema import COLUMNS, prove_json_schema
from thalweg.errors import RequestError
from thalweg.records.store.book import Book
from thalweg.surfaces.cli import app
from thalweg.surfaces.cli.commands import prove  # noqa: F401  registers the command

TRADE = Trade()
FIGURES = ("att", "se", "low", "high", "p", "relative", "effect", "smallest_detectable", "grade")
DRAWS = 199


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_of(tmp_path_factory.mktemp("trade"), TRADE)


@pytest.fixture(scope="module")
def result(book: Book) -> ProveResult:
    return prove_book(book, draws=DRAWS)


def row(result: ProveResult, intervention: str, outcome: str) -> dict[str, object]:
    return result.effects.filter(intervention=intervention, outcome=outcome).row(0, named=True)


def test_what_worked_is_found_and_its_interval_holds_the_truth(result: ProveResult) -> None:
    found = row(result, "scanner", "layer_h:processing")
    assert found["called_effect"]
    assert found["found"] == "improved"
    assert found["role"] == "headline"
    assert found["grade"] in ("B", "C")
    assert found["low"] <= TRADE.scanner <= found["high"]  # type: ignore[operator]
    assert 0 < found["smallest_detectable"] < 0.4  # type: ignore[operator]


def test_what_came_to_everybody_at_once_is_described_and_no_effect(result: ProveResult) -> None:
    found = row(result, "signing", "layer_h:quality")
    assert (found["grade"], found["called_effect"], found["found"]) == ("D", False, "not_an_effect")
    assert found["low"] is None
    assert found["reasons"] == ["before_after"]
    assert found["remedy"] == "stagger"


def test_layers_that_an_intervention_does_not_name_are_placebos(result: ProveResult) -> None:
    quality = row(result, "scanner", "layer_h:quality")
    assert (quality["role"], quality["found"]) == ("placebo", "no_change_shown")
    checked = result.checks.filter(intervention="scanner", check="placebo_outcomes")
    assert set(checked["status"]) <= {"passed", "warning"}


def test_the_mechanism_names_the_step_that_became_shorter(result: ProveResult) -> None:
    changed = result.mechanism.filter(pl.col("found") != "no_change_shown", part="pair")
    assert changed["what"].to_list() == ["Receive order → Slit coil"]
    assert set(result.mechanism["intervention"]) == {"scanner"}


def test_changes_of_the_process_are_offered_with_what_began_then(result: ProveResult) -> None:
    assert set(result.candidates.columns) == set(COLUMNS["candidates"])
    assert "signing" in result.candidates["recorded"].to_list()


def test_the_result_is_what_its_schema_says(result: ProveResult, tmp_path: Path) -> None:
    jsonschema.validate(json.loads(json.dumps(result.to_json())), prove_json_schema())
    for path in result.write_parquet(tmp_path / "tables"):
        assert pl.read_parquet(path).equals(getattr(result, path.stem))
    assert len(result.panel) > 0
    assert result.weights.filter(kind="cell", treated=True)["weight"].sum() == pytest.approx(2.0)


def test_the_number_of_threads_changes_nothing(book: Book, result: ProveResult) -> None:
    again = prove_book(book, draws=DRAWS, threads=1)
    assert again.to_json() == result.to_json()


def test_the_order_of_the_interventions_is_irrelevant(book: Book, result: ProveResult) -> None:
    table = book.interventions()
    assert table is not None
    shuffled = prove_book(
        book, interventions=table.sample(fraction=1, shuffle=True, seed=3), draws=DRAWS
    )
    assert shuffled.to_json() == result.to_json()


def test_what_units_are_called_changes_no_figure(result: ProveResult, tmp_path: Path) -> None:
    renamed = replace(TRADE, prefix="Werk", naming=7)
    other = prove_book(book_of(tmp_path, renamed), draws=DRAWS, candidates=False)
    assert other.effects.select(FIGURES).equals(result.effects.select(FIGURES))
    assert other.paths.drop("intervention").equals(result.paths.drop("intervention"))


def test_asking_for_one_outcome_changes_corrections_only(book: Book, result: ProveResult) -> None:
    alone = prove_book(book, outcomes=["layer_h:processing"], draws=DRAWS, candidates=False)
    assert set(alone.effects["outcome"]) == {"layer_h:processing"}
    mine, whole = (row(one, "scanner", "layer_h:processing") for one in (alone, result))
    kept = ("att", "low", "high", "p", "relative", "effect", "smallest_detectable")
    assert {k: mine[k] for k in kept} == {k: whole[k] for k in kept}
    assert mine["p_bh"] == mine["p"]
    checks = {"intervention": "scanner", "outcome": "layer_h:processing"}
    assert alone.checks.filter(**checks).equals(result.checks.filter(**checks))


def test_asking_for_one_intervention_keeps_the_others_in_the_model(
    book: Book, result: ProveResult
) -> None:
    alone = prove_book(book, only=["Coil scanner"], draws=DRAWS, candidates=False)
    assert set(alone.effects["intervention"]) == {"scanner"}
    mine, whole = (row(one, "scanner", "flow_h") for one in (alone, result))
    assert (mine["att"], mine["low"], mine["p"]) == (whole["att"], whole["low"], whole["p"])


def test_without_interventions_only_candidates_are_given(book: Book) -> None:
    empty = book.interventions()
    assert empty is not None
    found = prove_book(book, interventions=empty.clear())
    assert "no_interventions" in found.warnings
    assert len(found.effects) == 0
    assert len(found.candidates) > 0
    jsonschema.validate(found.to_json(), prove_json_schema())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"only": ["scaner"]}, "scanner"),
        ({"outcomes": ["speed"]}, "flow"),
        ({"confidence": 95.0}, "between 0.5 and 1"),
        ({"draws": 10}, "99 or more"),
        ({"unit": "attribute:shop"}, "source of units"),
    ],
)
def test_a_wrong_request_is_answered_with_what_to_do(
    book: Book, wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        prove_book(book, **wrong)  # type: ignore[arg-type]


def said(*words: str) -> str:
    done = CliRunner().invoke(app, ["prove", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_manager_reads_one_table_first(book: Book, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    effects = [
        {"intervention": "scanner", "outcome": name, "group": "treated", "att": att}
        for name, att in (("layer_h:processing", TRADE.scanner), ("flow_h", 5.0))
    ]
    truth.write_text(json.dumps({"effects": effects}))
    text = said(str(book.path), "--truth", str(truth), "--no-candidates", "--draws", str(DRAWS))
    lines = [line for line in text.splitlines() if line.startswith(("Coil scanner ", "  "))]
    assert "processing" in text
    assert any("faster" in line and "yes" in line for line in lines)
    assert "This is no effect" in text
    assert "What would help" in text


def test_every_check_is_explained_in_both_languages(book: Book) -> None:
    words = (str(book.path), "--explain", "scanner", "--outcome", "flow_h", "--draws", str(DRAWS))
    english, chinese = said(*words), said(*words, "--language", "zh")
    assert "compare with?" in english
    assert "全程的检验" in chinese
    assert "{" not in english + chinese


def test_the_schema_and_json_are_printed(book: Book, tmp_path: Path) -> None:
    assert json.loads(said("--schema"))["title"] == "Thalweg prove"
    words = ("--intervention", "signing", "--json", "--no-candidates", "--draws", str(DRAWS))
    folder = tmp_path / "saved"
    body = json.loads(said(str(book.path), *words, "--save", str(folder)))
    assert {one["grade"] for one in body["effects"]} == {"D"}
    assert sorted(path.stem for path in folder.iterdir()) == sorted(COLUMNS)


def test_the_verb_is_public() -> None:
    assert thalweg.prove is prove_book
