"""A book holds exactly what a few lines of plain Python say it should hold."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from book_helpers import (
    CASE,
    EPOCH_S,
    SECOND,
    book_of,
    counts,
    events,
    links,
    opened,
    quick_folder,
    sequences,
)
from thalweg.records.intake import Batch, ObjectColumn
from thalweg.records.store.book import Book
from thalweg.records.store.upkeep import verify

COLUMNS = (ObjectColumn("case", "order"), ObjectColumn("items", "item", "part of"))
NAMES = st.sampled_from(["a", "b", "c"])
FLAT = st.lists(
    st.fixed_dictionaries(
        {
            "case": st.sampled_from(["o1", "o2", "o3", "", None]),
            "items": st.one_of(
                st.none(), st.lists(st.sampled_from(["i1", "i2", "i3", "", None]), max_size=4)
            ),
            "@activity": st.sampled_from(["a", "b", "c", "", None]),
            "time": st.one_of(st.none(), st.integers(0, 4)),
            "cost": st.one_of(st.none(), st.integers(0, 2)),
        }
    ),
    min_size=1,
    max_size=14,
)
SCHEMA = {
    "case": pl.String,
    "items": pl.List(pl.String),
    "@activity": pl.String,
    "time": pl.Int64,
    "cost": pl.Int64,
}
SMALL = settings(max_examples=30, deadline=None)
Row = dict[str, Any]


def frame(rows: list[Row], first_row: int = 1) -> pl.DataFrame:
    typed = pl.DataFrame(rows, schema=SCHEMA)
    instant = ((pl.col("time") + EPOCH_S) * SECOND).cast(pl.Datetime("ns", "UTC"))
    numbered = typed.select(instant.alias("@time"), pl.exclude("time"))
    return numbered.with_row_index("@row", first_row).cast({"@row": pl.Int64})


def batches(rows: list[Row], cuts: list[int]) -> list[Batch]:
    ends = sorted({0, *(cut % (len(rows) + 1) for cut in cuts), len(rows)})
    return [Batch(frame(rows[a:b], a + 1), COLUMNS) for a, b in pairwise(ends)]


def objects(row: Row) -> dict[str, list[str]]:
    items = dict.fromkeys(i for i in row["items"] or [] if i)
    return {"order": [row["case"]] if row["case"] else [], "item": list(items)}


def judged(rows: list[Row]) -> tuple[list[Row], Counter[str]]:
    kept, aside = [], Counter[str]()
    for row in rows:
        if not row["@activity"]:
            aside["activity_missing"] += 1
        elif row["time"] is None:
            aside["time_missing"] += 1
        elif not any(objects(row).values()):
            aside["object_missing"] += 1
        else:
            kept.append(row)
    return kept, aside


def modelled(kept: list[Row], kind: str) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for number, row in enumerate(kept):
        for one in objects(row)[kind]:
            found.setdefault(one, []).append((row["time"], number, row["@activity"]))
    return {one: [(a, t) for t, _, a in sorted(seen)] for one, seen in found.items()}


def linked(book: Book, kind: str) -> set[tuple[int, str, str]]:
    ids = book.object_ids(kind).to_list()
    return {(e, ids[o], q) for e, o, q in book.links(kind).collect().rows()}


@given(rows=FLAT, cuts=st.lists(st.integers(0, 20), max_size=4))
@SMALL
def test_flat_rows_become_the_sequences_links_and_counts_of_the_model(
    rows: list[Row], cuts: list[int]
) -> None:
    with quick_folder() as folder:
        book = book_of(folder / "b", opened(*batches(rows, cuts)))
        kept, aside = judged(rows)
        assert verify(book.path).problems == ()
        assert book.n_events == len(kept)
        assert {c: n for c, n in counts(book).items() if c.endswith("_missing")} == aside
        assert Counter(book.set_aside()["reason"].to_list()) == aside
        for kind, qualifier in (("order", ""), ("item", "part of")):
            assert sequences(book, kind) == modelled(kept, kind)
            assert linked(book, kind) == {
                (n, o, qualifier) for n, row in enumerate(kept) for o in objects(row)[kind]
            }
        told = book.events(["@activity", "@time", "cost"]).collect()
        assert told["cost"].to_list() == [row["cost"] for row in kept]
        assert told["@activity"].to_list() == [row["@activity"] for row in kept]


@given(rows=FLAT, cuts=st.lists(st.integers(0, 20), max_size=4))
@SMALL
def test_the_files_do_not_depend_on_how_rows_come_in_batches(
    rows: list[Row], cuts: list[int]
) -> None:
    with quick_folder() as folder:
        whole = book_of(folder / "whole", opened(*batches(rows, [])))
        split = book_of(folder / "split", opened(*batches(rows, cuts)))
        assert split.manifest.types == whole.manifest.types
        assert split.manifest.trust == whole.manifest.trust
        assert split.manifest.parts == whole.manifest.parts


@given(first=FLAT, second=FLAT)
@SMALL
def test_appending_equals_ingesting_at_once(first: list[Row], second: list[Row]) -> None:
    with quick_folder() as folder:
        one = opened(*batches(first, []), name="one")
        two = opened(*batches(second, []), name="two")
        at_once = book_of(folder / "once", one, two)
        book_of(folder / "steps", one)
        steps = book_of(folder / "steps", two, append=True)
        assert verify(steps.path).problems == ()
        assert [t.entries for t in steps.manifest.types] == [
            t.entries for t in at_once.manifest.types
        ]
        for kind in at_once.types:
            assert sequences(steps, kind) == sequences(at_once, kind)
            assert linked(steps, kind) == linked(at_once, kind)
        columns = ["@row", "@source", "@activity", "@time", "cost"]
        assert steps.events(columns).collect().equals(at_once.events(columns).collect())
        once, twice = counts(at_once), counts(steps)
        twice.pop("event_older_than_book", None)
        assert twice == once
        assert steps.trust.rows_read == at_once.trust.rows_read == len(first) + len(second)


@given(first=FLAT, second=FLAT, cuts=st.lists(st.integers(0, 20), max_size=4))
@SMALL
def test_an_overlapping_export_adds_only_what_is_new(
    first: list[Row], second: list[Row], cuts: list[int]
) -> None:
    """As often as a row is held, it is known; every further one is new."""
    with quick_folder() as folder:
        path = folder / "b"
        book_of(path, opened(*batches(first, []), name="one"))
        book = book_of(path, opened(*batches(second, cuts), name="two"), append=True)
        old, new = judged(first)[0], judged(second)[0]
        types = {kind for row in old for kind, ids in objects(row).items() if ids}
        free = Counter(content(row, types) for row in old)
        added = []
        for row in new:
            key = content(row, types)
            if free[key] and any(key[3:]):
                free[key] -= 1
            else:
                added.append(row)
        assert book.n_events == len(old) + len(added)
        for kind in ("order", "item"):
            assert sequences(book, kind) == modelled([*old, *added], kind)
        source = book.manifest.sources[1]
        known = len(new) - len(added)
        assert source.rows_read - source.rows_kept - source.rows_set_aside == known
        assert counts(book).get("row_already_known", 0) == known


def content(row: Row, types: set[str]) -> tuple[Any, ...]:
    named = [tuple(sorted(objects(row)[kind])) for kind in sorted(types)]
    return (row["@activity"], row["time"], row["cost"], *named)


IDS = st.sampled_from(["e1", "e2", "e3", "e4"])
OBJECTS = st.sampled_from(["x1", "x2", "y1"])
LINKED = st.lists(
    st.tuples(IDS, NAMES, st.one_of(st.none(), st.integers(0, 3))), min_size=1, max_size=8
)
LINKS = st.lists(
    st.tuples(
        st.sampled_from(["e1", "e2", "e3", "e4", "e9"]),
        st.sampled_from(["x1", "x2", "y1", "z9"]),
        st.sampled_from(["", "q", "r"]),
    ),
    max_size=12,
)


@given(rows=LINKED, told=LINKS, cut=st.integers(0, 12), link_first=st.booleans())
@SMALL
def test_links_apart_from_events_are_resolved_or_set_aside(
    rows: list[tuple[str, str, int | None]],
    told: list[tuple[str, str, str]],
    cut: int,
    link_first: bool,
) -> None:
    declared = {
        "x": pl.DataFrame({"@object": ["x1", "x2"]}),
        "y": pl.DataFrame({"@object": ["y1"], "size": [3]}),
    }
    made = pl.DataFrame(
        {"@event": [r[0] for r in rows], "@activity": [r[1] for r in rows]}
    ).with_columns(
        pl.Series("@row", range(1, len(rows) + 1), pl.Int64),
        ((pl.Series("@time", [r[2] for r in rows], pl.Int64) + EPOCH_S) * SECOND).cast(
            pl.Datetime("ns", "UTC")
        ),
    )
    all_links = links(*told)
    parts = [
        Batch(made.head(cut), links=all_links if link_first else None, objects=declared),
        Batch(made.slice(cut), links=None if link_first else all_links),
    ]
    with quick_folder() as folder:
        book = book_of(folder / "b", opened(*parts))
        assert verify(book.path).problems == ()
        kept: dict[str, tuple[str, int]] = {}
        aside: Counter[str] = Counter()
        refused = set()
        for name, activity, time in rows:
            if time is None:
                aside["time_missing"] += 1
                refused |= {name} - kept.keys()
            elif name not in kept:
                kept[name] = (activity, time)
            else:
                same = kept[name] == (activity, time)
                aside["event_id_repeated" if same else "event_conflict"] += 1
        expected: Counter[tuple[str, str, str]] = Counter()
        for event, one, qualifier in told:
            if event in kept and one != "z9":
                expected[event, one, qualifier] += 1
            elif event in kept:
                aside["link_object_unknown"] += 1
            else:
                reason = "link_event_set_aside" if event in refused else "link_event_unknown"
                aside[reason] += 1
        assert Counter(book.set_aside()["reason"].to_list()) == aside
        number = {name: row for row, name in enumerate(kept)}
        for kind in ("x", "y"):
            assert linked(book, kind) == {
                (number[e], o, q) for e, o, q in expected if o.startswith(kind)
            }
        repeated = sum(f.count for f in book.trust.findings if f.code == "link_repeated")
        assert repeated == expected.total() - len(expected)


def test_attributes_come_back_with_the_type_that_holds_all_their_values(tmp_path: Path) -> None:
    first = events([{"case": "1", "@activity": "a", "time": 1, "n": 1, "t": 5, "only": True}])
    second = events([{"case": "2", "@activity": "a", "time": 2, "n": 1.5, "t": "x"}])
    third = events([{"case": "3", "@activity": "a", "time": 3, "n": None, "t": 2.5}])
    book_of(tmp_path / "b", first)
    later = [opened(Batch(f, CASE), name=n) for n, f in (("two", second), ("three", third))]
    book = book_of(tmp_path / "b", *later, append=True)
    told = book.events(["n", "t", "only"]).collect()
    assert told["n"].to_list() == [1.0, 1.5, None]
    assert told["t"].to_list() == ["5", "x", "2.5"]
    assert told["only"].to_list() == [True, None, None]
    assert verify(book.path).problems == ()
