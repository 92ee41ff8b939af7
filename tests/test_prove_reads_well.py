"""What a first user reads after ``thalweg prove``: units, plurals, near names, no codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from typer.testing import CliRunner

from prove_books import Trade, book_of
from thalweg.change.prove import prove_book
from thalweg.records.store.book import Book
from thalweg.records.trust import Example, Finding, TrustReport
from thalweg.surfaces.cli import app
from thalweg.surfaces.cli.commands import prove  # noqa: F401  registers the command
from thalweg.surfaces.cli.prove_text import print_explained
from thalweg.surfaces.cli.trust import print_trust
from thalweg.surfaces.prove_words import absolute, check_answer, verdict
from thalweg.surfaces.texts import load

FAST = ("--no-candidates", "--draws", "99")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_of(tmp_path_factory.mktemp("trade"), Trade())


def told(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["prove", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.output


def effect(**given: Any) -> dict[str, Any]:
    plain = {"grade": "C", "found": "no_change_shown", "outcome_kind": "flow", "att": -0.1}
    return plain | {"unit": "h", "low": -0.2, "high": 0.1} | given


@pytest.mark.parametrize(
    ("unit", "english", "chinese"),
    [
        ("h", "30.9 h against 43.8 h without it", "实为 30.9 小时，若未采用则为 43.8 小时"),
        ("1/day", "30.9 a day against 43.8 a day without it", "实为 每日 30.9 个，若未采用则为 每日 43.8 个"),
        ("CNY/day", "CNY 30.9 a day against CNY 43.8 a day without it", "实为 每日 30.9 元，若未采用则为 每日 43.8 元"),
        ("EUR", "EUR 30.9 against EUR 43.8 without it", "实为 30.9 EUR，若未采用则为 43.8 EUR"),
    ],
)  # fmt: skip
def test_both_figures_carry_their_unit(unit: str, english: str, chinese: str) -> None:
    row = effect(unit=unit, treated_mean=30.9, untreated_mean=43.8)
    assert (absolute(row, load("en")), absolute(row, load("zh"))) == (english, chinese)


def test_shares_are_percentages_and_only_their_differences_are_points() -> None:
    row = effect(unit="share", treated_mean=0.265, untreated_mean=0.379)
    assert absolute(row, load("en")) == "26.5% against 37.9% without it"


def test_an_interval_without_zero_that_correction_takes_back_is_not_called_no_change() -> None:
    say = load("en")
    assert verdict(effect(low=-0.2, high=-0.01), say) == "not sure after correction"
    assert verdict(effect(low=-0.2, high=0.01), say) == "no change shown"
    assert verdict(effect(low=None, high=None), say) == "no change shown"


def test_grade_c_may_go_with_no_change_so_its_legend_claims_no_significance() -> None:
    assert "significant" not in load("en")("prove.legend")
    assert "显著" not in load("zh")("prove.legend")


def test_a_tiny_p_is_below_a_bound_and_not_equal_to_one() -> None:
    figures = {"tried": 8, "clear": 1, "name": "rework_share", "p": 0.0002}
    row = {"check": "placebo_outcomes", "finding": "found", "figures": json.dumps(figures)}
    for language in ("en", "zh"):
        said = check_answer(cast(Any, None), row, "log", load(language))
        assert "p < 0.001" in said
        assert "= <" not in said


def test_a_layer_or_cause_that_is_not_there_is_refused_with_near_names(book: Book) -> None:
    place = str(book.path)
    assert "Nearest: quality" in told(place, "--outcome", "layer_h:qualty", *FAST, code=2)
    assert "no cause of waiting 'contentionn'" in told(
        place, "--outcome", "wait_h:contentionn", *FAST, code=2
    )


def test_an_outcome_without_figures_says_what_it_needs(book: Book) -> None:
    said = told(str(book.path), "--outcome", "deviation_share", *FAST, code=2)
    assert "it needs a file of rules (--rules)" in said
    assert "flow_h" in said


def test_what_was_asked_for_stands_in_the_table_and_one_is_singular(book: Book) -> None:
    said = told(str(book.path), "--outcome", "started_per_day", "--intervention", "scanner", *FAST)
    assert said.startswith("1 intervention against 1 outcome of ")
    head, row = said.split("\n\n")[1].splitlines()
    assert head.startswith("intervention")
    assert "started per day" in row


def test_months_are_named_and_not_their_first_days(book: Book) -> None:
    first = told(str(book.path), "--outcome", "flow_h", "--language", "zh", *FAST).splitlines()[0]
    assert "日" not in first
    assert first.endswith("月。")


def test_changes_of_the_whole_process_name_interventions_as_people_do(book: Book) -> None:
    table = book.interventions()
    assert table is not None
    names = dict(table.select("id", "name").iter_rows())
    said = told(str(book.path), "--outcome", "flow_h", "--draws", "99")
    begun = [line for line in said.splitlines() if "begun meanwhile" in line]
    assert begun
    assert all(any(name in line for name in names.values()) for line in begun)
    assert "Unrecorded changes were looked for in" in said


def test_filters_that_leave_nothing_are_said_and_not_the_units(book: Book) -> None:
    said = told(str(book.path), "--filter", "time:2001-01-01..2001-02-01", *FAST)
    assert "No object passes the filters" in said


def test_what_begins_after_the_records_is_told_as_still_to_come(
    book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    found = prove_book(book, only=["scanner"], draws=99, candidates=False, mechanism=False)
    print_explained(found, "en")
    assert "Begun at 12 of 16 units" in capsys.readouterr().out
    to_come = found.rollout.with_columns(pl.col("from").dt.offset_by("10y"))
    print_explained(replace(found, rollout=to_come), "en")
    said = capsys.readouterr().out
    assert "Begins at 12 of 16 units" in said
    assert "Begun" not in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--waves", "0"), "The number of waves is 0"),
        (("--waves", "3", "--wait", "0"), "The number of periods to wait is 0"),
        (("--waves", "3", "--controls", "1.5"), "The share of controls is 1.5"),
    ],
)
def test_numbers_of_a_plan_out_of_range_are_named_in_words(
    book: Book, options: tuple[str, ...], words: str
) -> None:
    assert words in told(str(book.path), "--design", "--first", "2026-01", *options)


def test_a_truth_file_that_is_none_is_named_without_program_words(
    book: Book, tmp_path: Path
) -> None:
    other = tmp_path / "profile.yaml"
    other.write_text("name: x")
    for path in (other, tmp_path / "nowhere.json"):
        said = told(str(book.path), "--outcome", "flow_h", "--truth", str(path), *FAST, code=2)
        assert f"The truth file {path} cannot be read" in said
        assert "Error" not in said


def test_the_schema_of_a_design_is_that_of_designs() -> None:
    plans, effects = (json.loads(told("--schema", *more)) for more in (("--design",), ()))
    assert plans["title"] != effects["title"]


def test_a_design_without_waves_names_the_options_that_say_so(book: Book) -> None:
    said = told(str(book.path), "--design", "--first", "2026-01", code=2)
    assert "--waves" in said
    assert "--units-per-wave" in said


def report(finding: Finding) -> TrustReport:
    return TrustReport(rows_read=10, rows_kept=9, rows_set_aside=1, findings=(finding,))


def test_many_files_are_counted_and_codes_are_put_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = ", ".join(f"表{n}.csv" for n in range(17))
    seen = Finding(
        "time_unreadable", "loss", 1, where=files, examples=(Example(files, 19, "time_unreadable"),)
    )
    print_trust(report(seen), load("zh"))
    said = capsys.readouterr().out
    assert "表0.csv 等 17 个 第 19 行" in said
    assert "表1.csv" not in said
    assert "time_unreadable" not in said


def test_an_example_without_a_value_ends_at_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    seen = Finding("row_empty", "loss", 1, examples=(Example("a.csv", 5, ""),))
    print_trust(report(seen), load("en"))
    assert "a.csv, row 5\n" in capsys.readouterr().out
    print_trust(report(replace(seen, examples=())), load("en"))
