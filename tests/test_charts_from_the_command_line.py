"""``thalweg chart`` draws every kind in both languages, or says why these records cannot give it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest

import prove_books
import thalweg
from report_results import judged, sustained
from thalweg.industry.sample import write_sample
from thalweg.process import map as process_map
from thalweg.process.models.files.write import write_model
from thalweg.process.models.tree import parse_tree
from thalweg.surfaces.cli import main
from thalweg.surfaces.cli.chart_kinds import OF_EFFECTS, OF_MONEY, Asked, Kind
from thalweg.surfaces.texts import LANGUAGES, load

SVG = "{http://www.w3.org/2000/svg}"
OF_STORY = ("region", "depth", *OF_MONEY)
Run = Callable[..., tuple[int, str]]
WORDS = {
    "causes": "model_chart.cause_handover",
    "pair_causes": "model_chart.cause_unavailable",
    "quality": "model_chart.precision",
    "deviations": "model_chart.occurrences",
    "fitness": "model_chart.mean_fitness",
    "drift": "model_chart.drift_level",
    "effects": "effects.relative",
    "event_study": "effects.since.quarter",
    "cohorts": "effects.began",
    "sensitivity": "effects.mbar",
    "weights": "effects.weight",
    "region": "story.chart.dependence",
    "depth": "story.chart.depth_of_layer",
    "growth": "story.chart.growth_parts.market_all",
    "traffic_off": "story.chart.without",
    "cash": "story.chart.scenarios.capital_off",
    "self_financing": "story.chart.created",
    "response": "story.chart.spend",
}
"""A text that only the chart of this kind has."""


@pytest.fixture(scope="module")
def trade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trade")
    sample = write_sample(folder, orders=300)
    mapping = thalweg.load_mapping(sample.english_mapping)
    return thalweg.ingest(sample.english, into=folder / "book", mapping=mapping).path


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trade with two interventions."""
    return prove_books.book_of(
        tmp_path_factory.mktemp("changed"), prove_books.Trade(months=24)
    ).path


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One object with one event."""
    folder = tmp_path_factory.mktemp("lone")
    table = folder / "t.csv"
    table.write_text("case,activity,time\n1,order,2024-01-01T08:00:00Z\n", encoding="utf-8")
    mapping = thalweg.FlatMapping(case="case", activity="activity", time="time")
    return thalweg.ingest(table, into=folder / "book", mapping=mapping).path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["thalweg", "chart", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        return int(ended.value.code or 0), capsys.readouterr().err

    return call


def words_of(path: Path) -> str:
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return " ".join("".join(t.itertext()) for t in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [k for k in get_args(Kind) if k not in OF_EFFECTS + OF_STORY])
def test_every_kind_is_drawn_in_the_readers_language(
    run: Run, trade: Path, tmp_path: Path, kind: str, language: str
) -> None:
    target = tmp_path / "chart.svg"
    ask = (trade, "--kind", kind, "--type", "order", "-o", target, "--language", language)
    assert run(*ask) == (0, "")
    assert_worded(kind, words_of(target), language)


def first_words(kind: str, language: str) -> str:
    """Its text up to the first place that is filled."""
    return load(language).entries[WORDS[kind]].partition("{")[0]


def assert_worded(kind: str, drawn: str, language: str) -> None:
    if kind in WORDS:
        assert first_words(kind, language) in drawn
        assert first_words(kind, "zh" if language == "en" else "en") not in drawn


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", OF_EFFECTS)
def test_every_chart_of_effects_is_drawn_in_the_readers_language(
    run: Run, changed: Path, tmp_path: Path, kind: str, language: str
) -> None:
    target = tmp_path / "chart.svg"
    ask = (changed, "--kind", kind, "--outcome", "layer", "-o", target, "--language", language)
    assert run(*ask) == (0, "")
    assert_worded(kind, words_of(target), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", OF_STORY)
def test_charts_of_verdict_and_economy_are_drawn_in_the_readers_language(
    run: Run, lone: Path, tmp_path: Path, kind: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Asked, "judge", lambda _: judged())
    monkeypatch.setattr(Asked, "sustain", lambda _: sustained())
    target = tmp_path / "chart.svg"
    assert run(lone, "--kind", kind, "-o", target, "--language", language) == (0, "")
    assert_worded(kind, words_of(target), language)


@pytest.mark.parametrize("kind", OF_STORY)
def test_a_log_alone_has_no_chart_of_verdict_or_economy(
    run: Run, lone: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "chart.svg"
    code, said = run(lone, "--kind", kind, "-o", target)
    assert code == 2 and not target.exists()
    assert "interventions" in said or "ledger" in said


def test_one_intervention_can_be_drawn_and_an_unknown_one_is_refused(
    run: Run, changed: Path, tmp_path: Path
) -> None:
    target = tmp_path / "chart.svg"
    ask = (changed, "--kind", "rollout", "-o", target, "--intervention")
    assert run(*ask, "scanner")[0] == 0
    assert "Coil scanner" in words_of(target) and "Electronic signing" not in words_of(target)
    code, said = run(*ask, "scaner")
    assert code == 2 and "scanner" in said
    code, said = run(changed, "--kind", "hours", "-o", target, "--outcome", "flow_h")
    assert code == 2 and "event_study" in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("causes", "model_chart.no_waiting"),
        ("pair_causes", "model_chart.no_waiting"),
        ("deviations", "conform.none"),
        ("fitness", "model_chart.one_month"),
        ("drift", "drift.reasons.few_objects"),
        ("effects", "prove.warnings.no_interventions"),
    ],
)
def test_what_the_records_cannot_give_is_said_and_no_file_is_written(
    run: Run, lone: Path, tmp_path: Path, kind: str, why: str, language: str
) -> None:
    target = tmp_path / "chart.svg"
    code, said = run(lone, "--kind", kind, "-o", target, "--language", language)
    assert code == 2 and load(language)(why) in said
    assert not target.exists()


@pytest.mark.parametrize("kind", ["dotted", "hours", "causes", "quality", "deviations", "drift"])
def test_a_kind_that_does_not_show_the_map_does_not_compute_it(
    run: Run, trade: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_map, "map_book", None)
    assert run(trade, "--kind", kind, "--type", "order", "-o", tmp_path / "c.svg")[0] == 0


def test_deviations_can_be_drawn_from_a_given_model(run: Run, lone: Path, tmp_path: Path) -> None:
    model, target = tmp_path / "m.ptree", tmp_path / "c.svg"
    write_model(parse_tree("→( 'order', 'pay' )"), model)
    assert run(lone, "--kind", "deviations", "--model", model, "-o", target)[0] == 0
    assert "pay" in words_of(target)
    code, said = run(lone, "--kind", "hours", "--model", model, "-o", target)
    assert code == 2 and "deviations or fitness" in said


def test_a_wrong_file_name_is_refused_before_the_work(run: Run, tmp_path: Path) -> None:
    code, said = run(tmp_path / "no-book", "--kind", "drift", "-o", tmp_path / "c.pdf")
    assert code == 2 and "c.pdf" in said and ".svg or .png" in said
