"""A verdict is kept beside its book and never goes stale; two generations are held side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import thalweg
from judge_books import MAPPING, SMALL, ledger_of, whole_book
from thalweg.records.store.book import Book
from thalweg.records.store.upkeep import collect_garbage, verify
from thalweg.verdict import kept
from thalweg.verdict.changed import changed
from thalweg.verdict.judge import judge_book, request_of
from thalweg.verdict.result import JudgeResult

DRAWS = 50
TINY = replace(SMALL, firms=6, months=14, orders=4)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_book(tmp_path_factory.mktemp("tiny"), TINY).path.parent


@pytest.fixture
def book(files: Path, tmp_path: Path) -> Book:
    """A copy that a test may change."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    return thalweg.open_book(tmp_path / "book")


@pytest.fixture(scope="module")
def first(files: Path) -> JudgeResult:
    return judge_book(thalweg.open_book(files / "book"), draws=DRAWS)


def asked(book: Book, judge: Callable[[], JudgeResult], **options: int) -> tuple[JudgeResult, bool]:
    request = request_of(book, draws=DRAWS, **options)  # type: ignore[arg-type]
    return kept.kept_or_judged(book, request, None, judge)


def never() -> JudgeResult:
    raise AssertionError("it was kept and need not be worked out")


def test_what_is_kept_is_the_same_to_the_last_byte(book: Book, first: JudgeResult) -> None:
    _, was_kept = asked(book, lambda: first)
    assert not was_kept
    again, was_kept = asked(thalweg.open_book(book.path), never)
    assert was_kept
    assert json.dumps(again.to_json()) == json.dumps(first.to_json())
    for name in ("new_value", "layers", "theses"):
        assert getattr(again, name).equals(getattr(first, name))
    assert [one.id for one in again.evidence] == [one.id for one in first.evidence]


def test_another_request_program_or_generation_is_never_answered_from_what_is_kept(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(book, draws=DRAWS)
    place = kept.path_of(book, request, None)
    assert kept.path_of(book, request_of(book, draws=DRAWS, seed=1), None) != place
    profile = book.profile()
    assert profile is not None
    other = profile.model_copy(update={"currency": "USD"})
    assert kept.path_of(book, request, other) != place
    assert kept.path_of(book, request, profile) == place
    monkeypatch.setattr(kept, "program", lambda: "another program")
    assert kept.path_of(book, request, None) != place
    monkeypatch.undo()
    table = ledger_of(TINY, seed=9)
    table.write_csv(book.path.parent / "ledger2.csv")
    thalweg.ingest((), book.path, ledger=book.path.parent / "ledger2.csv")
    assert kept.path_of(thalweg.open_book(book.path), request, None) != place


def test_a_damaged_or_forged_verdict_is_worked_out_anew(book: Book, first: JudgeResult) -> None:
    asked(book, lambda: first)
    place = kept.path_of(book, request_of(book, draws=DRAWS), None)
    held = json.loads(place.read_text(encoding="utf-8"))
    held["body"]["verdict"] = "industrial_revolution"
    for text in (json.dumps(held), "{", "", json.dumps({"sha256": "x"})):
        place.write_text(text, encoding="utf-8")
        again, was_kept = asked(book, lambda: first)
        assert not was_kept
        assert again.verdict == first.verdict


def test_the_book_is_whole_with_and_without_what_is_kept(book: Book, first: JudgeResult) -> None:
    asked(book, lambda: first)
    assert verify(book.path).whole
    collect_garbage(book.path)
    assert verify(book.path).whole
    for one in (book.path / kept.FOLDER).iterdir():
        one.unlink()
    assert verify(book.path).whole


def test_where_nothing_can_be_written_the_verdict_is_given_all_the_same(
    book: Book, first: JudgeResult
) -> None:
    (book.path / kept.FOLDER).write_text("a file where the folder should be", encoding="utf-8")
    result, was_kept = asked(book, lambda: first)
    assert not was_kept
    assert result is first


def test_only_the_newest_are_kept(
    book: Book, first: JudgeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    for seed in range(4):
        asked(book, lambda: first, seed=seed)
    assert len(list((book.path / kept.FOLDER).iterdir())) == 2


def test_a_changed_ledger_moves_what_rests_on_it_and_nothing_else(
    book: Book, first: JudgeResult
) -> None:
    """One sale is corrected upwards by 1,000.00, and one line is new."""
    written = pl.read_csv(book.path.parent / "ledger.csv")
    last = written["month"].max()
    sale = (pl.col("account") == "Sales") & (pl.col("month") == last)
    at = written.with_row_index().filter(sale)["index"][0]
    index = pl.int_range(pl.len())
    more = pl.when(index == at).then(pl.col("amount") + 1000).otherwise(pl.col("amount"))
    line = written.filter(sale).head(1).with_columns(amount=pl.lit(250.5))
    pl.concat([written.with_columns(amount=more), line]).write_csv(book.path.parent / "l2.csv")
    thalweg.ingest((), book.path, ledger=book.path.parent / "l2.csv")
    later = thalweg.open_book(book.path)
    found = changed(first, judge_book(later, draws=DRAWS), (book, later))
    assert (found.before, found.after) == (book.manifest.generation, later.manifest.generation)
    assert found.same_request
    moved = {row["figure"]: row for row in found.figures.to_dicts()}
    assert moved["metric.revenue"]["difference"] == pytest.approx(1250.5)
    assert moved["metric.revenue"]["tables"] == ["ledger"]
    assert (moved["metric.revenue"]["rows_added"], moved["metric.revenue"]["rows_gone"]) == (2, 1)
    assert "metric.revenue" in moved["metric.gross_margin"]["inputs"]
    untouched = ("flow.total_h", "burden.processing", "accounts.marketing", "metric.subsidy_share")
    assert "metric.subsidy_share" in moved
    assert not {*untouched[:3]} & moved.keys()
    names = [Path(row["source"]).name for row in found.rows.to_dicts()]
    assert names == ["l2.csv", "ledger.csv"]
    assert found.rows.select("month", "added", "gone").rows() == [(last, 2, 0), (last, 0, 1)]


def test_appended_events_move_the_process_and_are_counted_by_month(
    book: Book, first: JudgeResult
) -> None:
    events = pl.read_csv(book.path.parent / "events.csv")
    some = events.filter(pl.col("order").is_in(events["order"].unique().sort()[:5].implode()))
    late = some.with_columns(
        order=pl.lit("new ") + pl.col("order"),
        start=pl.col("start").str.replace("2022", "2023"),
        time=pl.col("time").str.replace("2022", "2023"),
    )
    late.write_csv(book.path.parent / "more.csv")
    thalweg.ingest([book.path.parent / "more.csv"], book.path, mapping=MAPPING, append=True)
    later = thalweg.open_book(book.path)
    found = changed(first, judge_book(later, draws=DRAWS), (book, later))
    moved = {row["figure"]: row for row in found.figures.to_dicts()}
    assert moved["flow.objects"]["difference"] == 5
    assert moved["flow.total_h"]["rows_added"] == len(late)
    assert moved["burden.processing"]["rows_added"] == 5
    assert "metric.revenue" not in moved
    counted = late.group_by(pl.col("time").str.head(7).alias("month")).len().sort("month")
    told = found.rows.filter(table="events").select("month", "added").rows()
    assert told == counted.rows()
    assert set(found.rows["gone"]) == {0}


def test_nothing_moves_between_a_generation_and_itself(book: Book, first: JudgeResult) -> None:
    found = changed(first, first, (book, book))
    assert not len(found.figures)
    assert not len(found.rows)
    assert found.of == len(list(first.evidence))


def test_a_different_question_is_told_apart_from_different_rows(
    book: Book, first: JudgeResult
) -> None:
    found = changed(first, judge_book(book, draws=DRAWS, confidence=0.8), (book, book))
    assert not found.same_request
    assert not len(found.rows)
    assert json.dumps(found.to_json())
