"""What a model is learned from: work up to a cut, open work beside it, objects drawn anew."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from book_helpers import CASE, EPOCH_S, SECOND, Batch, book_of, events, opened
from thalweg.process.waiting.causes import CAUSES
from thalweg.process.waiting.waits import waits_book
from thalweg.records.store.book import Book
from thalweg.redesign.learn.records import Work, work_of

Row = tuple[str, str, int, int, str]
"""case, activity, start, end, who; seconds."""


def book_with(folder: Path, rows: list[Row]) -> Book:
    """A book of interval events with resources."""
    made: list[dict[str, Any]] = [
        {"case": c, "@activity": a, "time": end, "@start": start, "who": who}
        for c, a, start, end, who in rows
    ]
    frame = events(made)
    instant = ((frame["@start"].cast(int) + EPOCH_S) * SECOND).cast(frame["@time"].dtype)
    frame = frame.with_columns(instant.alias("@start"))
    return book_of(folder, opened(Batch(frame, CASE), roles={"resource": "who"}))


def some_rows(seed: int, cases: int = 60) -> list[Row]:
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for case in range(cases):
        now = int(rng.integers(0, 40_000))
        for activity in rng.choice(list("abcd"), rng.integers(1, 6)):
            start = now + int(rng.integers(0, 900))
            now = start + int(rng.integers(0, 700))
            rows.append((f"k{case}", str(activity), start, now, f"r{rng.integers(0, 4)}"))
    return rows


def seconds(values: Any) -> list[int]:
    return [int(v) // SECOND - EPOCH_S for v in values]


def told(work: Work) -> dict[str, list[tuple[str, int, int, str]]]:
    """By object its pieces as plain rows."""
    begin, end = seconds(work.start_ns), seconds(work.end_ns)
    found = defaultdict(list)
    for k, i in enumerate(work.owner.tolist()):
        name = work.activities[work.activity[k]]
        found[work.objects[i]].append((name, begin[k], end[k], work.resources[work.resource[k]]))
    return dict(found)


@pytest.mark.parametrize("seed", [1, 2])
def test_work_up_to_a_cut_is_what_had_ended_and_the_rest_stands_open(
    tmp_path: Path, seed: int
) -> None:
    rows = some_rows(seed)
    cut = 20_000
    work = work_of(book_with(tmp_path / "b", rows), until=(EPOCH_S + cut) * SECOND)
    ended = defaultdict(list)
    for c, a, start, end, who in rows:
        if end <= cut:
            ended[c].append((a, start, end, who))
    assert {k: sorted(v) for k, v in told(work).items()} == {k: sorted(v) for k, v in ended.items()}
    under_way = sorted((c, a, s, w) for c, a, s, e, w in rows if s <= cut < e)
    open_ = work.open
    mine = zip(open_.object, open_.activity, seconds(open_.start_ns), open_.resource, strict=True)
    assert under_way == sorted(
        (work.objects[i], work.activities[a], s, work.resources[w]) for i, a, s, w in mine
    )
    assert len(under_way) > 0
    begun = {c: min(s for k, _, s, _, _ in rows if k == c) for c, _, s, _, _ in rows if s <= cut}
    assert dict(zip(work.objects, seconds(work.begun_ns), strict=True)) == begun
    assert not any(work.finished[i] for i in open_.object)


def test_nothing_after_the_cut_changes_what_is_learned_before_it(tmp_path: Path) -> None:
    rows, cut = some_rows(3), 20_000
    before = [row for row in rows if row[2] <= cut]
    part = [row for row in before if row[3] <= cut]
    other = [(f"{c}x", a, s + 40_000, e + 40_000, w) for c, a, s, e, w in rows]
    until = (EPOCH_S + cut) * SECOND
    one = work_of(book_with(tmp_path / "a", part), until=until)
    two = work_of(book_with(tmp_path / "b", [*part, *other]), until=until)
    assert told(one) == told(two)
    assert one.cause_ns.tolist() == two.cause_ns.tolist()
    assert one.finished.tolist() == two.finished.tolist()
    assert one.batch.tolist() == two.batch.tolist()


def test_waits_by_cause_sum_to_those_of_the_waits_command(tmp_path: Path) -> None:
    book = book_with(tmp_path / "b", some_rows(4, cases=200))
    work, waits = work_of(book), waits_book(book)
    listed = waits.causes.group_by("cause").sum()
    found = dict(zip(listed["cause"], listed["total_s"], strict=True))
    mine = work.cause_ns.sum(axis=0) / SECOND
    for cause, total in zip(CAUSES, mine, strict=True):
        assert total == pytest.approx(found.get(cause) or 0.0, abs=1e-6)
    waited = work.start_ns - work.enabled_ns
    assert (work.cause_ns.sum(axis=1)[work.source >= 0] == waited[work.source >= 0]).all()


def test_drawn_objects_carry_their_own_work(tmp_path: Path) -> None:
    work = work_of(book_with(tmp_path / "b", some_rows(5)), until=(EPOCH_S + 20_000) * SECOND)
    draw = np.random.default_rng(0).integers(0, len(work.objects), 70)
    drawn = work.resampled(draw)
    whole = told(work)
    begin, end = seconds(drawn.start_ns), seconds(drawn.end_ns)
    for place, i in enumerate(draw.tolist()):
        lo, hi = int(drawn.offsets[place]), int(drawn.offsets[place + 1])
        mine = [
            (
                work.activities[drawn.activity[k]],
                begin[k],
                end[k],
                work.resources[drawn.resource[k]],
            )
            for k in range(lo, hi)
        ]
        assert mine == whole.get(work.objects[i], [])
        sources = drawn.source[lo:hi]
        assert ((sources == -1) | ((sources >= lo) & (sources < hi))).all()
    open_by = [int((work.open.object == i).sum()) for i in draw]
    assert [int((drawn.open.object == p).sum()) for p in range(len(draw))] == open_by


def test_pieces_without_starts_are_instants(tmp_path: Path) -> None:
    book = book_of(
        tmp_path / "b",
        events([{"case": "k", "@activity": a, "time": t} for a, t in (("a", 1), ("b", 5))]),
    )
    work = work_of(book)
    assert work.encoding == "instants"
    assert told(work) == {"k": [("a", 1, 1, ""), ("b", 5, 5, "")]}
    assert len(work.open) == 0
