"""A user asks for a model of a book and gets it measured, told, drawn and saved."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import thalweg
from process_helpers import book_of
from thalweg.errors import RequestError
from thalweg.process.discovery.choose import LEAST_FITNESS, SLACK, THRESHOLDS, choose_row
from thalweg.process.discovery.discover import NOISE, discover_book
from thalweg.process.discovery.result import CURVE, QUALITY, discover_json_schema
from thalweg.process.models.files.read import as_net, read_model
from thalweg.surfaces.cli import commands  # noqa: F401
from thalweg.surfaces.cli.app import app
from thalweg.surfaces.texts import LANGUAGES, load

ALIGN_FREE_ETC_PRECISION = 0.7530864
"""Of the running example, as PM4Py 2.7 gives it for its own inductive model."""


def call(*words: object) -> str:
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture(scope="session")
def running(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("running") / "book"
    thalweg.ingest(logs / "other" / "running-example.xes", into=folder)
    return folder


def test_the_running_example_gives_its_published_model(running: Path) -> None:
    result = thalweg.discover(thalweg.open_book(running), noise=0)
    assert result.net.places.__len__() == 9
    assert len(result.net.transitions) == 10
    assert result.quality["fitness"] == 1
    assert result.quality["precision"] == pytest.approx(ALIGN_FREE_ETC_PRECISION, abs=1e-7)


def test_the_result_is_valid_json_by_its_schema(running: Path) -> None:
    for options in ((), ("--choose", "--declare"), ("--from-counts",)):
        told = json.loads(call("discover", running, "--json", *options))
        Draft202012Validator(discover_json_schema()).validate(told)
        assert told["schema"] == "thalweg.discover/1"
        assert told["noise"] == (told["noise"] if "--choose" in options else NOISE)


def test_choosing_shows_every_threshold_and_marks_one(running: Path) -> None:
    result = thalweg.discover(thalweg.open_book(running), choose=True)
    assert result.curve["noise"].to_list() == list(THRESHOLDS)
    assert result.curve["chosen"].sum() == 1
    taken = result.curve.filter("chosen").row(0, named=True)
    assert taken["noise"] == result.noise
    assert taken["tree"] == str(result.tree)
    assert result.curve.columns == list(CURVE)
    assert set(result.quality) == set(QUALITY)


def curve(rows: list[tuple[float, float | None, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"noise": n / 10, "fitness": fitness, "f1": f1, "transitions": size}
            for n, (fitness, f1, size) in enumerate(rows)
        ],
        schema={
            "noise": pl.Float64,
            "fitness": pl.Float64,
            "f1": pl.Float64,
            "transitions": pl.Int64,
        },
    )


def test_the_simplest_of_the_good_models_is_taken() -> None:
    assert choose_row(curve([(1.0, 0.5, 10), (0.95, 0.7, 9), (0.92, 0.7 - SLACK / 2, 5)])) == 2
    assert choose_row(curve([(1.0, 0.5, 10), (LEAST_FITNESS - 0.01, 0.9, 4)])) == 0
    assert choose_row(curve([(0.6, 0.2, 9), (0.5, 0.9, 4)])) == 0
    assert choose_row(curve([(1.0, None, 9), (1.0, None, 4)])) == 1


def test_a_model_can_be_saved_in_every_form_and_read_again(running: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"model{suffix}" for suffix in (".bpmn", ".pnml", ".ptree")]
    picture = tmp_path / "model.svg"
    call("discover", running, *(x for f in files for x in ("--save", f)), "--picture", picture)
    for file in files:
        assert as_net(read_model(file)).labels() >= {"register request", "decide"}
    assert "register request" in picture.read_text(encoding="utf-8").replace("\n", " ") or (
        ">register<" in picture.read_text(encoding="utf-8")
    )
    call("discover", running, "--picture", picture, "--notation", "petri", "--language", "zh")
    assert "Petri 网" in picture.read_text(encoding="utf-8")


def test_both_languages_tell_the_same_figures(running: Path) -> None:
    texts = {language: call("discover", running, "--language", language) for language in LANGUAGES}
    assert "Quality" in texts["en"]
    assert "模型质量" in texts["zh"]
    for text in texts.values():
        assert "1.0000" in text


def test_mixed_starts_and_completions_are_warned_of() -> None:
    book = book_of([[("a", 0), ("a", 1), ("b", 2), ("b", 3)]] * 3)
    for row, event in enumerate(book.events):
        event[3]["step"] = ("start", "complete")[row % 2]
    book.roles["lifecycle"] = "step"
    assert "starts_and_completions" in discover_book(book).warnings
    assert "starts_and_completions" not in discover_book(book_of([[("a", 0)]])).warnings


def test_every_warning_has_words() -> None:
    source = Path(thalweg.__file__).parent / "process" / "discovery" / "discover.py"
    block = source.read_text(encoding="utf-8").split("told = {", 1)[1].split("}", 1)[0]
    codes = [line.split('"')[1] for line in block.splitlines() if '"' in line]
    assert "few_objects" in codes
    for language in LANGUAGES:
        assert [c for c in codes if not load(language).has(f"discover.warning.{c}")] == []


def test_what_makes_no_sense_is_refused_with_a_reason(running: Path, tmp_path: Path) -> None:
    book = thalweg.open_book(running)
    with pytest.raises(RequestError, match="not both"):
        thalweg.discover(book, noise=0.2, choose=True)
    with pytest.raises(RequestError, match="out of range"):
        thalweg.discover(book, noise=1.5)
    with pytest.raises(RequestError, match="nothing to discover"):
        thalweg.discover(book, filters=["duration>900d"])
    for words in (("--save", tmp_path / "model.docx"), ("--picture", tmp_path / "model.gif")):
        found = CliRunner().invoke(app, ["discover", str(running), *map(str, words)])
        assert isinstance(found.exception, RequestError)


def test_all_object_types_join_in_one_net(logs: Path, tmp_path: Path) -> None:
    thalweg.ingest(logs / "ocel_small" / "order_process.jsonocel.gz", into=tmp_path / "book")
    told = json.loads(call("discover", tmp_path / "book", "--object-centric", "--json"))
    assert told["schema"] == "thalweg.object_centric/1"
    assert len(told["types"]) > 1
    assert any(arc["variable"] for arc in told["arcs"])
    for language in LANGUAGES:
        text = call(
            "discover", tmp_path / "book", "--object-centric", "--declare", "--language", language
        )
        assert told["types"][0] in text
