"""Appending adds what is new, once, and tells what it knew already."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import thalweg
from book_helpers import (
    CASE,
    book_of,
    counts,
    events,
    links,
    opened,
    sequences,
    simple,
)
from thalweg.errors import BookError, RequestError
from thalweg.records.intake import Batch, ObjectColumn
from thalweg.records.store.book import Book
from thalweg.records.store.upkeep import verify

JANUARY = simple(("1", "a", 1), ("1", "b", 2), ("2", "a", 3))
FEBRUARY = simple(("1", "b", 2), ("2", "a", 3), ("2", "b", 4), ("3", "a", 5))


def test_overlapping_exports_add_nothing_twice(tmp_path: Path) -> None:
    book_of(tmp_path / "b", JANUARY)
    book = book_of(tmp_path / "b", opened(Batch(FEBRUARY, CASE), name="feb"), append=True)
    assert sequences(book) == {
        "1": [("a", 1), ("b", 2)],
        "2": [("a", 3), ("b", 4)],
        "3": [("a", 5)],
    }
    known = book.trust.find("row_already_known")
    assert known is not None and (known.count, known.of) == (2, 7)
    assert [(e.source, e.row) for e in known.examples] == [("feb", 1), ("feb", 2)]


def test_the_same_file_again_is_recognised_by_its_bytes(tmp_path: Path) -> None:
    source = opened(Batch(JANUARY, CASE), name="jan", digest="same")
    again = opened(Batch(JANUARY, CASE), name="copy of jan", digest="same")
    book = book_of(tmp_path / "b", source, again)
    assert (book.n_events, counts(book)["source_already_known"]) == (3, 1)
    book = book_of(tmp_path / "b", again, append=True)
    assert book.n_events == 3 and book.manifest.generation == 2
    assert verify(book.path).problems == ()


def test_a_row_as_often_as_it_was_held_is_known_and_once_more_is_new(tmp_path: Path) -> None:
    twice = simple(("1", "a", 1), ("1", "a", 1))
    thrice = simple(("1", "a", 1), ("1", "a", 1), ("1", "a", 1))
    book_of(tmp_path / "b", twice)
    split = [Batch(thrice[k : k + 1], CASE) for k in range(3)]
    book = book_of(tmp_path / "b", opened(*split, name="more"), append=True)
    assert (book.n_events, counts(book)["row_already_known"]) == (3, 2)


def test_another_value_of_any_shared_attribute_makes_a_row_new(tmp_path: Path) -> None:
    book_of(tmp_path / "b", events([{"case": "1", "@activity": "a", "time": 1, "cost": 1}]))
    new = events(
        [
            {"case": "1", "@activity": "a", "time": 1, "cost": 1.0, "who": "x"},
            {"case": "1", "@activity": "a", "time": 1, "cost": 2.0, "who": "x"},
        ]
    )
    book = book_of(tmp_path / "b", opened(Batch(new, CASE), name="new"), append=True)
    assert (book.n_events, counts(book)["row_already_known"]) == (2, 1)


def test_other_objects_make_a_row_new(tmp_path: Path) -> None:
    columns = (ObjectColumn("case", "case"), ObjectColumn("items", "item"))
    first = events([{"case": "1", "items": ["x", "y"], "@activity": "a", "time": 1}])
    second = events(
        [
            {"case": "1", "items": ["y", "x", "x"], "@activity": "a", "time": 1},
            {"case": "1", "items": ["x"], "@activity": "a", "time": 1},
        ]
    )
    book_of(tmp_path / "b", opened(Batch(first, columns), name="one"))
    book = book_of(tmp_path / "b", opened(Batch(second, columns), name="two"), append=True)
    assert (book.n_events, counts(book)["row_already_known"]) == (2, 1)


def test_new_links_of_a_known_event_are_added_to_it(tmp_path: Path) -> None:
    rows = events([{"@event": "e1", "@activity": "a", "time": 1}])
    things = {"thing": pl.DataFrame({"@object": ["x", "y"]})}
    first = Batch(rows, links=links(("e1", "x", "")), objects=things)
    second = Batch(rows, links=links(("e1", "x", ""), ("e1", "y", "q")), objects=things)
    book_of(tmp_path / "b", opened(first, name="one"))
    book = book_of(tmp_path / "b", opened(second, name="two"), append=True)
    assert book.n_events == 1
    assert book.links("thing").collect().rows() == [(0, 0, ""), (0, 1, "q")]
    assert (counts(book)["link_already_known"], counts(book)["row_already_known"]) == (1, 1)
    assert "link_repeated" not in counts(book)


def test_links_of_a_conflicting_event_do_not_go_to_the_held_one(tmp_path: Path) -> None:
    things = {"thing": pl.DataFrame({"@object": ["x", "y"]})}
    held = events([{"@event": "e1", "@activity": "a", "time": 1}])
    other = events([{"@event": "e1", "@activity": "b", "time": 1}])
    book_of(
        tmp_path / "b",
        opened(Batch(held, links=links(("e1", "x", "")), objects=things), name="one"),
    )
    second = Batch(other, links=links(("e1", "y", "")), objects=things)
    book = book_of(tmp_path / "b", opened(second, name="two"), append=True)
    assert book.links("thing").collect().rows() == [(0, 0, "")]
    assert (counts(book)["event_conflict"], counts(book)["link_event_set_aside"]) == (1, 1)
    assert verify(book.path).problems == ()


def test_links_may_name_objects_of_an_earlier_source(tmp_path: Path) -> None:
    things = {"thing": pl.DataFrame({"@object": ["x"]})}
    one = Batch(
        events([{"@event": "e1", "@activity": "a", "time": 1}]),
        links=links(("e1", "x", "")),
        objects=things,
    )
    two = Batch(
        events([{"@event": "e2", "@activity": "b", "time": 2}]), links=links(("e2", "x", ""))
    )
    book_of(tmp_path / "b", opened(one, name="one"))
    book = book_of(tmp_path / "b", opened(two, name="two"), append=True)
    assert sequences(book, "thing") == {"x": [("a", 1), ("b", 2)]}


def test_rows_older_than_the_book_are_counted(tmp_path: Path) -> None:
    book_of(tmp_path / "b", simple(("1", "a", 100)))
    late = opened(Batch(simple(("1", "z", 50), ("1", "y", 150)), CASE), name="late")
    book = book_of(tmp_path / "b", late, append=True)
    found = book.trust.find("event_older_than_book")
    assert found is not None and (found.count, found.of, found.where) == (1, 2, "late")
    assert [e.row for e in found.examples] == [1]
    assert sequences(book) == {"1": [("z", 50), ("a", 100), ("y", 150)]}


def test_losses_of_earlier_generations_stay_in_the_report(tmp_path: Path) -> None:
    book_of(tmp_path / "b", simple(("1", "a", 1), ("1", None, 2)))
    second = opened(Batch(simple(("1", None, 3), ("1", "b", 4)), CASE), name="n")
    book = book_of(tmp_path / "b", second, append=True)
    found = book.trust.find("activity_missing")
    assert found is not None and (found.count, found.of) == (2, 4)
    assert [e.source for e in found.examples] == ["0.csv", "n"]
    assert len(book.set_aside()) == book.trust.rows_set_aside == 2


def test_roles_and_starts_reach_over_generations(tmp_path: Path) -> None:
    first = simple(("1", "a", 10)).with_columns(who=pl.lit("x"))
    second = simple(("1", "b", 20), ("2", "b", 21)).with_columns(
        pl.Series("who", ["y", None]), (pl.col("@time") - pl.duration(seconds=5)).alias("@start")
    )
    roles = {"resource": "who"}
    book_of(tmp_path / "b", opened(Batch(first, CASE), name="one", roles=roles))
    book = book_of(
        tmp_path / "b", opened(Batch(second, CASE), name="two", roles=roles), append=True
    )
    codes, names = book.role_codes("resource") or ([], ())
    assert [names[code] for code in codes] == ["x", "y", ""]
    start, view = book.start_ns(), book.perspective("case")
    assert start is not None
    waited = [int(t) - int(s) for t, s in zip(view.time_ns, start[view.event], strict=True)]
    assert waited == [0, 5 * 10**9, 5 * 10**9]
    assert verify(book.path).problems == ()


def test_the_flags_must_make_sense(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"no book at .* to append to"):
        book_of(tmp_path / "b", JANUARY, append=True)
    book_of(tmp_path / "b", JANUARY)
    with pytest.raises(BookError, match="already holds a book"):
        book_of(tmp_path / "b", FEBRUARY)
    with pytest.raises(RequestError, match="exclude each other"):
        book_of(tmp_path / "b", FEBRUARY, append=True, replace=True)
    book = book_of(tmp_path / "b", FEBRUARY, replace=True)
    assert (book.manifest.generation, book.n_events) == (2, 4)


def test_a_real_log_cut_in_two_overlapping_files_is_the_whole_log(
    tmp_path: Path, logs: Path
) -> None:
    whole = thalweg.ingest(logs / "other/running-example.xes", tmp_path / "whole")
    ids = whole.object_ids("case").to_frame("case").with_row_index("object")
    owner = whole.links("case").collect().cast({"event": pl.UInt32}).join(ids, on="object")
    rows = whole.events().with_row_index("event").collect().join(owner, on="event")
    rows = rows.drop("event", "object", "qualifier", "@source")
    parts = [opened(Batch(rows[a:b], CASE), name=f"{a}") for a, b in ((0, 25), (15, 42))]
    book = book_of(tmp_path / "parts", parts[0])
    book = book_of(tmp_path / "parts", parts[1], append=True)
    assert sorted_sequences(book) == sorted_sequences(whole)
    assert counts(book)["row_already_known"] == 10


def sorted_sequences(book: Book) -> list[tuple[str, list[tuple[str, int]]]]:
    return sorted(sequences(book).items())
