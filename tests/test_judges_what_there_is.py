"""A verdict says what the records carry, and names what they lack."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import polars as pl
import pytest

import thalweg
from judge_books import SMALL, ledger_alone, log_alone, whole_book
from thalweg.errors import RequestError
from thalweg.records.store.book import Book
from thalweg.surfaces.judge_words import missing_sentence, thesis_sentence, verdict_sentence
from thalweg.surfaces.texts import LANGUAGES, load
from thalweg.verdict.judge import judge_book
from thalweg.verdict.result import JudgeResult
from thalweg.verdict.schema import COLUMNS, THESES, judge_json_schema

DRAWS = 60


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return whole_book(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def whole(book: Book) -> JudgeResult:
    return judge_book(book, draws=DRAWS)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> JudgeResult:
    return judge_book(log_alone(tmp_path_factory.mktemp("log")), draws=DRAWS)


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory) -> JudgeResult:
    return judge_book(ledger_alone(tmp_path_factory.mktemp("money")), draws=DRAWS)


def status(result: JudgeResult) -> dict[str, str]:
    return dict(result.theses.select("thesis", "status").iter_rows())


def lacks(result: JudgeResult, thesis: str) -> list[str]:
    found: list[str] = result.theses.filter(thesis=thesis)["missing"][0].to_list()
    return found


def test_a_log_alone_says_where_it_waits_and_that_no_verdict_can_be_given(
    log: JudgeResult,
) -> None:
    assert log.verdict == "not_enough_evidence"
    assert log.reasons == ("no_interventions", "no_ledger")
    assert log.settle[0] == "record_interventions"
    assert "record_ledger" in log.settle
    answered = status(log)
    assert [name for name in THESES if answered[name] == "partly"] == ["T1", "T3", "T10"]
    assert {answered[name] for name in ("T2", "T4", "T5", "T6", "T7", "T8", "T9")} == {"missing"}
    assert lacks(log, "T1") == ["no_interventions", "layers_drafted"]
    assert lacks(log, "T4") == ["no_ledger", "no_traffic"]
    assert log.warnings == ("layers_drafted",)
    assert not any(one.value is not None for one in log.evidence if one.id.startswith("depth"))


def test_a_ledger_alone_says_what_it_counts_and_that_events_are_missing(
    money: JudgeResult,
) -> None:
    assert money.verdict == "not_enough_evidence"
    assert money.reasons[0] == "no_events"
    assert money.settle[0] == "record_events"
    assert money.evidence["metric.revenue"].value == pytest.approx(
        money.evidence["metric.gross_profit"].value - _cost(money)  # type: ignore[operator]
    )
    assert status(money)["T3"] == "missing"
    assert lacks(money, "T3")[0] == "no_events"
    assert "layers_drafted" not in money.warnings
    assert money.prove is None
    assert money.facts["objects"] is None


def _cost(result: JudgeResult) -> float:
    assert result.sustain is not None
    table = result.sustain.accounts_table
    last = table["month"].unique().sort()[-12:]
    chosen = table.filter(table["month"].is_in(last.implode()), account="cost_of_sales")
    return float(chosen["amount"].sum())


def test_a_public_purchasing_log_alone_gives_an_honest_partial_answer(
    logs: Path, tmp_path: Path
) -> None:
    """Procure-to-pay, OCEL 2.0: 1,941 goods receipts and nothing beside the events."""
    thalweg.ingest([logs / "ocel2" / "ocel2-p2p.sqlite.gz"], tmp_path / "p2p")
    result = judge_book(thalweg.open_book(tmp_path / "p2p"), draws=DRAWS)
    assert result.verdict == "not_enough_evidence"
    assert result.reasons == ("no_interventions", "no_ledger")
    found, mapped = result.evidence, thalweg.map(thalweg.open_book(tmp_path / "p2p"))
    hours = float(mapped.pairs["total_s"].sum()) / 3600
    assert found["flow.objects"].value == 1941
    assert found["flow.total_h"].value == pytest.approx(hours)
    burdens = [one for one in found if re.fullmatch(r"burden\.\w+", one.id)]
    assert {one.name for one in burdens} == {"match", "warehousing", "settlement"}
    assert math.fsum(float(one.value or 0) for one in burdens) == pytest.approx(hours)
    assert found["waits.cause.contention"].missing == ("no_start_times",)
    assert found["deviations.share"].value == pytest.approx(1 - 1707 / 1941)
    assert found["breaks_off.silent"].value == pytest.approx(196 / 1941)
    assert found["loops.Create_Goods_Receipt"].value == pytest.approx(1241 / 1941)
    assert found["candidates.count"].value == 0
    say = load("en")
    row = result.theses.row(by_predicate=pl.col("thesis") == "T3", named=True)
    assert "Perform Two-Way Match → Execute Payment: 31.5%" in thesis_sentence(result, row, say)
    assert "times at which work began" in missing_sentence(row, say)


def test_records_of_both_give_depth_with_its_layers_and_the_effects_behind_them(
    whole: JudgeResult,
) -> None:
    depth = whole.evidence["depth"]
    assert isinstance(depth.value, float)
    assert 0 < depth.value < 1
    behind = {one.id for _, one in whole.evidence.chain("depth")}
    assert "depth.layer.processing" in behind
    assert "effect.scanner.layer_h.processing" in behind
    assert "adoption.scanner" in behind
    assert whole.evidence["effect.scanner.layer_h.processing"].request["proven"]
    assert status(whole)["T1"] == "answered"
    assert status(whole)["T3"] == "answered"
    assert "no_interventions" not in {code for name in THESES for code in lacks(whole, name)}


def test_a_missing_axis_has_no_value_and_says_why(whole: JudgeResult, log: JudgeResult) -> None:
    for result in (whole, log):
        for row in result.axes.to_dicts():
            assert (row["value"] is None) >= (row["missing"] is not None), row
        for one in result.evidence:
            assert one.value is not None or one.missing, one.id


def test_what_is_to_come_is_called_missing_and_never_answered(
    whole: JudgeResult, log: JudgeResult, money: JudgeResult
) -> None:
    for result in (whole, log, money):
        assert status(result)["T10"] != "answered"
        assert "no_simulation_yet" in lacks(result, "T10")


def test_the_json_is_as_its_schema_says(
    whole: JudgeResult, log: JudgeResult, money: JudgeResult
) -> None:
    for result in (whole, log, money):
        jsonschema.validate(result.to_json(), judge_json_schema())
        for name, columns in COLUMNS.items():
            assert getattr(result, name).columns == list(columns)


def test_the_same_request_gives_the_same_bytes_with_one_thread_and_with_two(
    book: Book, whole: JudgeResult
) -> None:
    again = judge_book(thalweg.open_book(book.path), draws=DRAWS, threads=2)
    assert again.fingerprint == whole.fingerprint
    moved = [one for one in again.evidence if one.to_json() != whole.evidence[one.id].to_json()]
    assert [(one, whole.evidence[one.id]) for one in moved] == []
    assert again.to_json() == whole.to_json()


def test_another_request_has_another_fingerprint(whole: JudgeResult, book: Book) -> None:
    narrow = judge_book(book, draws=DRAWS, seed=1)
    assert narrow.fingerprint != whole.fingerprint
    assert narrow.request["seed"] == 1


def test_requests_out_of_range_are_refused(book: Book) -> None:
    with pytest.raises(RequestError, match="too few for an interval"):
        judge_book(book, draws=3)
    with pytest.raises(RequestError, match=r"between 0\.5 and 1"):
        judge_book(book, confidence=1.5)
    with pytest.raises(RequestError, match="object type"):
        judge_book(book, type="ordr")


def test_where_effects_cannot_be_sought_all_else_stays_and_the_reason_is_told(
    tmp_path: Path,
) -> None:
    """One month of records: no periods to compare."""
    source = log_alone(tmp_path, replace(SMALL, firms=4, months=1, orders=9))
    table = tmp_path / "rollout.csv"
    table.write_text("id,name,unit,from,reason\nx,X,*,2022-01-15,unknown\n", encoding="utf-8")
    thalweg.ingest((), source.path, interventions=table)
    result = judge_book(thalweg.open_book(source.path), draws=DRAWS)
    assert result.reasons[0] == "no_units"
    assert result.facts["missing_parts"]["effects_refused"]
    assert status(result)["T3"] == "partly"
    assert "no_units" in lacks(result, "T1")
    assert "no_interventions" not in lacks(result, "T1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_answered_in_words(
    language: str, whole: JudgeResult, log: JudgeResult, money: JudgeResult
) -> None:
    say = load(language)
    for result in (whole, log, money):
        assert verdict_sentence(result, say)
        for row in result.theses.to_dicts():
            told = thesis_sentence(result, row, say) + missing_sentence(row, say)
            assert told
            assert "{" not in told
            assert "_" not in told.replace("thalweg", ""), told


def test_the_chinese_words_keep_chinese_punctuation(whole: JudgeResult) -> None:
    say = load("zh")
    for row in whole.theses.to_dicts():
        told = thesis_sentence(whole, row, say) + missing_sentence(row, say)
        assert "）（" not in told
        assert "; " not in told
        assert told.endswith("。")
