"""From every figure a way leads back to rows of the book, and the rows give the figure again."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

import thalweg
from judge_books import SMALL, ledger_of, months, traffic_of, whole_book
from prove_books import STEPS
from thalweg.errors import RequestError
from thalweg.records.store.book import Book
from thalweg.verdict.chain import files_of, resting_on, rows_behind
from thalweg.verdict.evidence import Evidence, Figure, Rows
from thalweg.verdict.figures.metrics import MADE
from thalweg.verdict.figures.names import distinct, named
from thalweg.verdict.judge import judge_book
from thalweg.verdict.result import JudgeResult
from thalweg.verdict.rows import count_rows, rows_of

CENT = 0.005
ULPS = 1e-9
"""Hours are sums of floats here and of whole nanoseconds there: relative rounding alone."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return whole_book(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def result(book: Book) -> JudgeResult:
    return judge_book(book, draws=60)


def test_every_figure_leads_to_rows_or_says_what_is_missing(
    book: Book, result: JudgeResult
) -> None:
    for one in result.evidence:
        assert all(name in result.evidence for name in one.inputs), one.id
        rests = resting_on(result, one)
        assert rests or one.missing, one.id
    selections = {str(rows.to_json()): rows for one in result.evidence for rows in one.rows}
    assert len(selections) > 20
    for rows in selections.values():
        assert count_rows(book, rows) == len(rows_of(book, rows).collect())


def test_rows_of_the_ledger_add_up_to_each_counted_metric(book: Book, result: JudgeResult) -> None:
    checked = 0
    for name, made in MADE.items():
        figure = result.evidence.get(f"metric.{name}")
        if figure is None or figure.value is None or not made.whole:
            continue
        counted = rows_of(book, figure.rows[0]).collect()["@counted"]
        assert math.fsum(counted) * made.times == pytest.approx(figure.value, abs=CENT), name
        checked += 1
    assert checked >= 5


def test_revenue_is_what_the_files_own_lines_add_up_to(book: Book, result: JudgeResult) -> None:
    """Hand arithmetic on the table as it was written."""
    written = ledger_of(SMALL)
    last = [month.strftime("%Y-%m") for month in months(SMALL.months)[-12:]]
    sold = written.filter(
        pl.col("account").is_in(["Sales", "Service fees"]), pl.col("month").is_in(last)
    )
    figure = result.evidence["metric.revenue"]
    assert figure.value == pytest.approx(math.fsum(sold["amount"]), abs=CENT)
    rows = rows_of(book, figure.rows[0]).collect()
    assert len(rows) == len(sold)
    assert rows["amount"].sort().to_list() == sold["amount"].sort().to_list()
    assert set(rows["@file"]) == {str(book.path.parent / "ledger.csv")}
    lines = (book.path.parent / "ledger.csv").read_text(encoding="utf-8").splitlines()
    for at, amount in rows.select("@row", "amount").head(20).iter_rows():
        assert f"{amount}" in lines[at - 1]


def test_rows_of_accounts_add_up_over_all_months(book: Book, result: JudgeResult) -> None:
    for account in ("revenue", "marketing", "research"):
        figure = result.evidence[f"accounts.{account}"]
        counted = rows_of(book, figure.rows[0]).collect()["@counted"]
        assert math.fsum(counted) == pytest.approx(figure.value, abs=CENT)


def test_rows_of_traffic_add_up_to_its_spend(book: Book) -> None:
    chosen = rows_of(book, Rows("traffic", {"channel": ("search",)})).collect()
    written = traffic_of(SMALL).filter(channel="search")
    assert len(chosen) == len(written)
    assert math.fsum(chosen["@counted"]) == pytest.approx(math.fsum(written["spend"]), abs=CENT)


def test_event_rows_of_a_layer_add_up_to_its_burden(book: Book, result: JudgeResult) -> None:
    figure = result.evidence["burden.processing"]
    rows = rows_of(book, figure.rows[0]).collect()
    assert set(rows["@activity"]) == {"Slit coil"}
    assert math.fsum(rows["@since_h"].drop_nulls()) == pytest.approx(figure.value, rel=ULPS)
    total = result.evidence["flow.total_h"]
    every = rows_of(book, total.rows[0]).collect()
    assert math.fsum(every["@since_h"].drop_nulls()) == pytest.approx(total.value, rel=ULPS)


def test_hours_since_are_those_of_the_file(book: Book) -> None:
    """Hand arithmetic: completion of a step less that of the step before, in the same order."""
    events = pl.read_csv(book.path.parent / "events.csv", try_parse_dates=True)
    order = events["order"][7]
    mine = events.filter(order=order).sort("time")
    rows = rows_of(book, Rows("events", {"@type": ("case",), "@object": (order,)})).collect()
    assert rows["@before"].to_list() == [None, *STEPS[:-1]]
    hours = [gap.total_seconds() / 3600 for gap in mine["time"].diff()[1:]]
    assert rows["@since_h"][0] is None
    assert rows["@since_h"][1:].to_list() == pytest.approx(hours, rel=ULPS)


def test_rows_of_a_pair_of_steps_add_up_to_its_time(book: Book, result: JudgeResult) -> None:
    pairs = [one for one in result.evidence if one.id.startswith("waits.pair.") and one.unit == "h"]
    assert pairs
    for figure in pairs:
        rows = rows_of(book, figure.rows[0]).collect()
        assert math.fsum(rows["@since_h"]) == pytest.approx(figure.value, rel=ULPS)


def test_filters_of_the_request_hold_for_the_rows_too(book: Book) -> None:
    kept = judge_book(book, filters=["activity=Deliver", "time:2022-06-01..2023-01-01"], draws=60)
    figure = kept.evidence["burden.logistics"]
    rows = rows_of(book, figure.rows[0]).collect()
    assert math.fsum(rows["@since_h"].drop_nulls()) == pytest.approx(figure.value, rel=ULPS)
    assert len(rows) < count_rows(
        book, Rows("events", {"@type": ("case",), "@activity": ("Deliver",)})
    )


def test_a_ratio_rests_on_the_rows_of_its_parts(book: Book, result: JudgeResult) -> None:
    figure = result.evidence["metric.gross_margin"]
    assert {one.id for one in resting_on(result, figure)} == {
        "metric.gross_profit",
        "metric.revenue",
    }
    tables = rows_behind(result, book, figure)
    assert list(tables) == ["ledger"]
    by = {
        name: math.fsum(part["@counted"]) for (name,), part in tables["ledger"].group_by("@figure")
    }
    ratio = by["metric.gross_profit"] / by["metric.revenue"]
    assert ratio == pytest.approx(figure.value, rel=ULPS)


def test_an_effect_rests_on_its_events_and_its_roll_out(book: Book, result: JudgeResult) -> None:
    tables = rows_behind(result, book, result.evidence["effect.scanner.layer_h.processing"])
    assert set(tables) == {"events", "interventions"}
    assert set(tables["interventions"]["id"]) == {"scanner"}
    assert len(tables["interventions"]) == result.evidence["adoption.scanner"].value
    assert set(tables["events"]["@activity"]) == {"Slit coil"}
    figure = result.evidence["effect.scanner.layer_h.processing"]
    assert len(figure.checks) > 10
    assert files_of(book, figure.rows[1]) == (str(book.path.parent / "interventions.csv"),)


def test_wrong_rows_are_refused_with_what_there_is(book: Book) -> None:
    with pytest.raises(RequestError, match=r"no table 'ledgr'.*ledger"):
        rows_of(book, Rows("ledgr"))
    with pytest.raises(RequestError, match=r"no column 'unitt'.*unit"):
        rows_of(book, Rows("interventions", {"unitt": ("x",)}))
    with pytest.raises(RequestError, match="holds no table 'pauses'"):
        rows_of(book, Rows("pauses"))
    with pytest.raises(RequestError, match="say which one"):
        rows_of(book, Rows("objects"))


def test_an_unknown_figure_is_refused_with_the_nearest(result: JudgeResult) -> None:
    with pytest.raises(RequestError, match=r"no figure 'metric\.revenu'.*metric\.revenue"):
        result.evidence["metric.revenu"]


def test_a_chain_tells_every_figure_once_and_ends_even_in_a_circle() -> None:
    ring = Evidence(
        [
            Figure("a", 1, inputs=("b", "c")),
            Figure("b", 1, inputs=("c",)),
            Figure("c", 1, inputs=("a",)),
        ]
    )
    assert [(depth, one.id) for depth, one in ring.chain("a")] == [(0, "a"), (1, "b"), (2, "c")]


def test_figures_whose_names_look_alike_keep_an_id_each() -> None:
    """Two products, ``A B`` and ``A_B``."""
    ids = [named("new_value", name) for name in ("A B", "A_B", "A.B")]
    assert len(set(ids)) == 1
    found = distinct([Figure(name, at) for at, name in enumerate(ids)])
    assert [(one.id, one.value) for one in found] == [
        ("new_value.A_B", 0),
        ("new_value.A_B~2", 1),
        ("new_value.A_B~3", 2),
    ]


def test_ids_are_read_from_words_of_any_script() -> None:
    assert named("waits.pair", "开具发票→收到货款", "share") == "waits.pair.开具发票→收到货款.share"
    assert named("effect", "AI (v1.2)", "layer_h:quality") == "effect.AI_v1_2.layer_h.quality"


def test_a_figure_and_its_rows_survive_json() -> None:
    rows = Rows("ledger", {"@standard": ("revenue",)}, {"month": ("2024-01-01", "2024-12-01")})
    figure = Figure("x", 1.5, 1.0, 2.0, "cny", checks={"a": "b"}, inputs=("y",), rows=(rows,))
    assert Figure.from_json(figure.to_json()) == figure


def test_objects_and_tables_beside_events_are_given_with_their_source(book: Book) -> None:
    firms = rows_of(book, Rows("parties")).collect()
    assert len(firms) == SMALL.firms
    assert firms.columns[:2] == ["@file", "@row"]
    orders = rows_of(book, Rows("objects", {"@type": ("case",)})).collect()
    assert len(orders) == judge_objects(book)


def judge_objects(book: Book) -> int:
    return int(thalweg.map(book).objects)


def test_the_path_of_a_book_does_not_matter_to_rows(book: Book, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere"
    link.symlink_to(book.path)
    rows = Rows("events", {"@activity": ("Deliver",)})
    assert count_rows(thalweg.open_book(link), rows) == count_rows(book, rows)
