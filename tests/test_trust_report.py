"""Nothing happens to the records without a count, a place and examples."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import thalweg
from book_helpers import CASE, EPOCH_S, book_of, counts, events, links, opened, simple
from thalweg.errors import StrictError
from thalweg.records.intake import (
    CHANGES_SCHEMA,
    OBJECT_LINKS_SCHEMA,
    REJECTS_SCHEMA,
    Batch,
    ObjectColumn,
)
from thalweg.records.store.book import open_book
from thalweg.records.store.upkeep import verify

DAY = 86_400


def finding(book: Any, code: str, where: str | None = None) -> Any:
    found = book.trust.find(code, where)
    assert found is not None, f"{code} not among {counts(book)}"
    return found


def test_rows_set_aside_are_counted_by_reason_with_line_and_value(tmp_path: Path) -> None:
    rejects = pl.DataFrame(
        [(9, "time_unreadable", "31.02.2024", '{"case": "1"}')], schema=REJECTS_SCHEMA, orient="row"
    )
    rows = simple(("1", "a", 1), ("1", None, 2), ("1", "b", None), (None, "c", 3), ("", "c", 3))
    book = book_of(tmp_path / "b", opened(Batch(rows, CASE, rejects=rejects), name="x.csv"))
    assert (book.trust.rows_read, book.trust.rows_kept, book.trust.rows_set_aside) == (6, 1, 5)
    assert finding(book, "object_missing").count == 2
    unreadable = finding(book, "time_unreadable")
    assert (unreadable.severity, unreadable.count, unreadable.of) == ("loss", 1, 6)
    (example,) = unreadable.examples
    assert (example.source, example.row, example.value) == ("x.csv", 9, "31.02.2024")
    missing = finding(book, "activity_missing").examples[0]
    assert (missing.row, '"case":"1"' in missing.value) == (2, True)
    aside = book.set_aside()
    assert aside.select("source", "@row", "reason").sort("@row").rows() == [
        ("x.csv", 2, "activity_missing"),
        ("x.csv", 3, "time_missing"),
        ("x.csv", 4, "object_missing"),
        ("x.csv", 5, "object_missing"),
        ("x.csv", 9, "time_unreadable"),
    ]


def test_ties_repeats_duplicates_and_late_rows(tmp_path: Path) -> None:
    rows = events(
        [
            {"case": "1", "@activity": "a", "time": 5, "cost": 1},
            {"case": "1", "@activity": "a", "time": 5, "cost": 1},
            {"case": "1", "@activity": "a", "time": 5, "cost": 2},
            {"case": "1", "@activity": "b", "time": 1, "cost": 1},
        ]
    )
    book = book_of(tmp_path / "b", rows)
    tied, late = finding(book, "time_tied"), finding(book, "event_late")
    assert (tied.count, tied.of, tied.where, tied.share) == (3, 4, "case", 0.75)
    assert (late.count, [e.row for e in late.examples]) == (1, [4])
    assert finding(book, "event_repeated").count == 2
    duplicated = finding(book, "event_duplicated")
    assert (duplicated.severity, duplicated.count) == ("warning", 1)
    assert [e.row for e in duplicated.examples] == [2]


def test_impossible_times_are_judged_by_the_clock_that_was_given(tmp_path: Path) -> None:
    usual = [("1", "a", n * DAY) for n in range(2000)]
    odd = [
        ("2", "old", -EPOCH_S - 22 * 365 * DAY),
        ("3", "zero", -EPOCH_S),
        ("4", "late", 4000 * DAY),
    ]
    clock = datetime.fromtimestamp(EPOCH_S + 3000 * DAY, UTC)
    book = book_of(tmp_path / "b", simple(*usual, *odd), clock=lambda: clock)
    assert [e.value[:14] for e in finding(book, "time_before_1971").examples] == [
        "old 1948-01-07",
        "zero 1970-01-0",
    ]
    assert finding(book, "time_in_future").count == 1
    isolated = finding(book, "time_isolated")
    assert (isolated.count, isolated.of) == (3, 2003)
    later = datetime.fromtimestamp(EPOCH_S + 5000 * DAY, UTC)
    book = book_of(tmp_path / "later", simple(*usual, *odd), clock=lambda: later)
    assert book.trust.find("time_in_future") is None


def test_starts_after_their_end(tmp_path: Path) -> None:
    rows = simple(("1", "a", 10), ("1", "b", 20)).with_columns(
        (pl.col("@time") + pl.duration(seconds=pl.Series([-3, 4]))).alias("@start")
    )
    found = finding(book_of(tmp_path / "b", rows), "start_after_end")
    assert (found.count, found.of, found.examples[0].row) == (1, 2, 2)


def test_links_that_dangle_repeat_or_belong_to_refused_events(tmp_path: Path) -> None:
    rows = events(
        [
            {"@event": "e1", "@activity": "a", "time": 1},
            {"@event": "e2", "@activity": None, "time": 2},
        ]
    )
    told = links(
        ("e1", "x", "p"), ("e1", "x", "p"), ("e1", "no", ""), ("e9", "x", ""), ("e2", "x", "")
    )
    between = pl.DataFrame(
        [("x", "y", ""), ("x", "gone", "of"), ("x", "y", "")],
        schema=OBJECT_LINKS_SCHEMA,
        orient="row",
    )
    batch = Batch(
        rows,
        links=told,
        objects={"thing": pl.DataFrame({"@object": ["x", "y"]})},
        object_links=between,
    )
    book = book_of(tmp_path / "b", opened(batch, name="o.json"))
    for code, count, value in (
        ("link_event_unknown", 1, "e9"),
        ("link_event_set_aside", 1, "e2"),
        ("link_object_unknown", 1, "no"),
    ):
        found = finding(book, code)
        assert (found.severity, found.count, found.of) == ("loss", count, 5)
        assert found.examples[0].value == value
    assert (finding(book, "link_repeated").count, finding(book, "link_repeated").of) == (1, 5)
    dangling = finding(book, "object_link_dangling")
    assert (dangling.count, dangling.examples[0].value) == (1, "x → gone")
    assert finding(book, "object_link_repeated").count == 1
    assert finding(book, "object_without_event").examples[0].value == "y"
    assert book.object_links().rows() == [
        ("x", "y", "", "thing", "thing"),
        ("x", "gone", "of", "thing", None),
    ]


def test_events_under_one_id_with_other_content_are_conflicts(tmp_path: Path) -> None:
    columns = (ObjectColumn("case", "case"),)
    first = events(
        [
            {"@event": "e1", "@activity": "a", "time": 1, "case": "1", "cost": 1},
            {"@event": "e2", "@activity": "a", "time": 1, "case": "1", "cost": 1},
            {"@event": "e2", "@activity": "a", "time": 1, "case": "1", "cost": 1},
        ]
    )
    book = book_of(tmp_path / "b", opened(Batch(first, columns), name="one"))
    assert (book.n_events, finding(book, "event_id_repeated").count) == (2, 1)
    second = events(
        [
            {"@event": "e1", "@activity": "a", "time": 1, "case": "1", "cost": 1},
            {"@event": "e2", "@activity": "a", "time": 1, "case": "1", "cost": 7},
            {"@event": "e3", "@activity": "a", "time": 1, "case": "2", "cost": 1},
        ]
    )
    book = book_of(tmp_path / "b", opened(Batch(second, columns), name="two"), append=True)
    conflict = finding(book, "event_conflict")
    assert (book.n_events, conflict.count, conflict.of) == (3, 1, 6)
    assert [(e.source, e.row, e.value) for e in conflict.examples] == [("two", 2, "e2")]
    assert finding(book, "row_already_known").count == 1
    assert book.events(["cost"]).collect()["cost"].to_list() == [1, 1, 1]
    assert verify(book.path).problems == ()


def test_declarations_that_contradict_each_other(tmp_path: Path) -> None:
    tables = [
        pl.DataFrame({"@object": ["1", "2"], "size": [3, 4], "name": ["x", None]}),
        pl.DataFrame({"@object": ["1", "2"], "size": [3, 5], "name": ["x", "y"]}),
    ]
    rows = simple(("1", "a", 1), ("2", "a", 2))
    parts = [
        Batch(rows, CASE, objects={"case": tables[0]}),
        Batch(rows.clear(), CASE, objects={"case": tables[1]}),
    ]
    book = book_of(tmp_path / "b", opened(*parts))
    found = finding(book, "object_conflict")
    assert (found.severity, found.count, found.where) == ("warning", 1, "case.size")
    assert found.examples[0].value == "2: size = 4 | 5"
    assert finding(book, "object_repeated").count == 2
    assert book.objects("case").collect().rows() == [("1", 3, "x"), ("2", 4, "y")]


def test_values_of_objects_nobody_knows_are_told(tmp_path: Path) -> None:
    change = pl.DataFrame(
        [("1", datetime(2024, 1, 1, tzinfo=UTC), "size", "4", "integer")] * 2
        + [("9", datetime(2024, 1, 1, tzinfo=UTC), "size", "4", "integer")],
        schema=CHANGES_SCHEMA,
        orient="row",
    )
    book = book_of(
        tmp_path / "b", opened(Batch(simple(("1", "a", 1)), CASE, object_changes=change))
    )
    assert finding(book, "object_change_repeated").count == 1
    dangling = finding(book, "object_change_dangling")
    assert (dangling.count, dangling.of, dangling.examples[0].value) == (1, 2, "9: size = 4")
    assert book.object_changes()["@type"].to_list() == ["case", None]


def test_sharing_between_objects(tmp_path: Path) -> None:
    """Orders share one delivery; the delivery recurs in 'pack' with different items."""
    columns = (ObjectColumn("order", "order"), ObjectColumn("items", "item"))
    rows = events(
        [
            {"@activity": "place", "time": 1, "order": "o1", "items": ["i1", "i2"]},
            {"@activity": "pack", "time": 2, "order": "o1", "items": ["i1"]},
            {"@activity": "pack", "time": 3, "order": "o1", "items": ["i2"]},
            {"@activity": "place", "time": 3, "order": "o2", "items": ["i3"]},
        ]
    )
    book = book_of(tmp_path / "b", opened(Batch(rows, columns)))
    several = finding(book, "convergence")
    assert (several.where, several.count, several.of) == ("item", 1, 4)
    assert several.examples[0].row == 1
    diverging = finding(book, "divergence")
    assert (diverging.where, diverging.count, diverging.of) == ("order", 1, 2)
    assert diverging.examples[0].value == "o1"


def test_lifecycles_are_paired_and_odd_ones_named(tmp_path: Path) -> None:
    rows = events(
        [
            {"case": "1", "@activity": "a", "time": 1, "step": "start"},
            {"case": "1", "@activity": "a", "time": 2, "step": "COMPLETE"},
            {"case": "1", "@activity": "b", "time": 3, "step": "start"},
            {"case": "1", "@activity": "c", "time": 4, "step": "complete"},
            {"case": "1", "@activity": "c", "time": 5, "step": "Awaiting Assignment"},
        ]
    )
    source = opened(Batch(rows, CASE), roles={"lifecycle": "step"})
    book = book_of(tmp_path / "b", source)
    found = finding(book, "lifecycle_unpaired")
    assert (found.count, found.of) == (2, 4)
    assert found.detail == {"pairs": 1, "starts_unpaired": 1, "completes_unpaired": 1}
    assert [e.row for e in found.examples] == [3, 4]
    odd = finding(book, "lifecycle_unusual")
    assert (odd.count, odd.of, odd.examples[0].value) == (1, 5, "Awaiting Assignment")


def test_unfinished_objects_are_counted_with_the_rule_that_was_used(tmp_path: Path) -> None:
    rows = [(f"c{n}", name, n * DAY + k) for n in range(200) for k, name in enumerate("abz")]
    open_ones = [(f"o{n}", "a", 199 * DAY + 2) for n in range(3)]
    book = book_of(tmp_path / "b", simple(*rows, *open_ones))
    found = finding(book, "object_unfinished")
    assert (found.count, found.of, found.where) == (3, 203, "case")
    assert found.detail["ends"] == ["z"] and found.detail["rule"] == "learned"
    assert [e.value for e in found.examples] == ["o0", "o1", "o2"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("1", "a", 1), ("1", None, 2)], "activity_missing"),
        ([("1", "a", 1), ("1", "a", 1)], "event_duplicated"),
        ([("1", "a", -EPOCH_S)], "time_before_1971"),
    ],
)
def test_strict_mode_refuses_before_anything_is_written(
    tmp_path: Path, rows: list[Any], code: str
) -> None:
    with pytest.raises(StrictError, match=code):
        book_of(tmp_path / "new", simple(*rows), strict=True)
    assert not (tmp_path / "new").exists()
    book_of(tmp_path / "b", simple(("7", "x", 1)))
    before = sorted(p.name for p in (tmp_path / "b").rglob("*"))
    with pytest.raises(StrictError):
        book_of(
            tmp_path / "b", opened(Batch(simple(*rows), CASE), name="n"), strict=True, append=True
        )
    assert sorted(p.name for p in (tmp_path / "b").rglob("*")) == before
    assert open_book(tmp_path / "b").manifest.generation == 1
    book_of(tmp_path / "c", simple(("7", "x", 1), ("7", "x", 2)), strict=True)


KNOWN = {
    "other/Sepsis_Cases-Event_Log.xes.gz": {"event_duplicated": 1},
    "other/helpdesk.xes.gz": {"event_duplicated": 127},
    "procurement/16_bpic2019_1t_per_variant.xes.gz": {
        "event_duplicated": 173_895,
        "time_before_1971": 2,
    },
}


@pytest.mark.parametrize("name", KNOWN)
def test_real_logs_have_the_defects_their_publishers_tell_of(
    tmp_path: Path, logs: Path, name: str
) -> None:
    book = thalweg.ingest(logs / name, tmp_path / "b")
    assert {code: counts(book).get(code) for code in KNOWN[name]} == KNOWN[name]
    assert verify(book.path).problems == ()


def test_ties_and_repeats_of_a_real_log_agree_with_sql(tmp_path: Path, logs: Path) -> None:
    book = thalweg.ingest(logs / "other/Sepsis_Cases-Event_Log.xes.gz", tmp_path / "b")
    ids = book.object_ids("case").to_frame("case").with_row_index("object")
    owner = book.links("case").collect().cast({"event": pl.UInt32}).join(ids, on="object")
    rows = book.events(["@activity", "@time"]).with_row_index("event").collect()
    log = rows.join(owner, on="event").rename({"@activity": "activity", "@time": "time"})
    con = duckdb.connect()
    con.register("log", log.to_arrow())
    ties, repeats = con.execute(
        "SELECT sum(n) FILTER (n > 1), sum(n - kinds) FROM (SELECT count(*) AS n, "
        "count(DISTINCT activity) AS kinds FROM log GROUP BY object, time)"
    ).fetchone() or (0, 0)
    assert (finding(book, "time_tied").count, finding(book, "event_repeated").count) == (
        ties,
        repeats,
    )
