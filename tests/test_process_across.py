"""Across object types: by hand, by brute force over lists, and by row order."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import SmallBook
from thalweg.process.across import across_types
from thalweg.process.map import map_book, related_views

TYPES = ("order", "item", "truck")


def book(events: list[tuple[str, float, dict[str, list[str]]]]) -> SmallBook:
    return SmallBook([(*event, {}) for event in events])


def tables(small: SmallBook) -> dict[str, Any]:
    return across_types([small.perspective(kind) for kind in small.types])


def test_the_object_that_came_last_is_the_one_the_others_waited_for() -> None:
    """Order o1 is ready at 10; items are picked at 40 and 70; the truck arrives at 25.

    At the shipment item i2 is last (70). o1 waited 60, i1 30, the truck 45.
    """
    small = book(
        [
            ("place", 10, {"order": ["o1"]}),
            ("arrive", 25, {"truck": ["t1"]}),
            ("pick", 40, {"item": ["i1"]}),
            ("pick", 70, {"item": ["i2"]}),
            ("ship", 100, {"order": ["o1"], "item": ["i1", "i2"], "truck": ["t1"]}),
        ]
    )
    found = tables(small)
    rows = found["synchronisation"].drop("mean_s").rows()
    assert sorted(rows) == [
        ("ship", "item", "item", 1, 2, 1, 30.0),
        ("ship", "order", "item", 1, 1, 1, 60.0),
        ("ship", "truck", "item", 1, 1, 1, 45.0),
    ]
    delays = {(r["from_type"], r["to_type"]): r for r in found["delays"].to_dicts()}
    assert delays["item", "order"]["flow_share"] == pytest.approx(60 / 90)
    assert delays["item", "truck"]["flow_share"] == pytest.approx(45 / 75)
    assert delays["item", "item"]["flow_share"] == pytest.approx(30 / 90)


def test_an_object_that_begins_at_an_event_was_not_waited_for() -> None:
    small = book([("place", 0, {"order": ["o1"]}), ("pack", 50, {"order": ["o1"], "item": ["i1"]})])
    assert len(tables(small)["synchronisation"]) == 0


@st.composite
def object_logs(draw: st.DrawFn) -> list[tuple[str, float, dict[str, list[str]]]]:
    ids = {"order": ["o1", "o2"], "item": ["i1", "i2", "i3"], "truck": ["t1"]}
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        links = {t: sorted(draw(st.sets(st.sampled_from(ids[t]), max_size=3))) for t in TYPES}
        links = {t: v for t, v in links.items() if v}
        if links:
            rows.append((draw(st.sampled_from("ABC")), float(draw(st.integers(0, 60))), links))
    return rows or [("A", 0.0, {"order": ["o1"]})]


def timelines(small: SmallBook) -> dict[tuple[str, str], list[int]]:
    """Event rows of each (type, object) in order."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, event in enumerate(small.events):
        for kind, ids in event[2].items():
            for one in ids:
                rows[kind, one].append(row)
    return {k: sorted(v, key=lambda r: (small.events[r][1], r)) for k, v in rows.items()}


@settings(max_examples=80, deadline=None)
@given(events=object_logs())
def test_synchronisation_agrees_with_looking_at_every_event(
    events: list[tuple[str, float, dict[str, list[str]]]],
) -> None:
    small = book(events)
    before: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for (kind, _), rows in timelines(small).items():
        for earlier, row in pairwise(rows):
            before[row].append((small.events[earlier][1], kind))
    truth: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    order = small.types
    for row, reached in before.items():
        if len(reached) < 2:
            continue
        latest = max(t for t, _ in reached)
        last = min((k for t, k in reached if t == latest), key=order.index)
        for t, kind in reached:
            cell = truth[small.events[row][0], kind, last]
            cell[0] += 1
            cell[1] += t < latest
            cell[2] += latest - t
    table = tables(small)["synchronisation"]
    found = {
        (r["activity"], r["waiting_type"], r["last_type"]): [r["reached"], r["waits"], r["total_s"]]
        for r in table.to_dicts()
    }
    assert found == dict(truth)


@settings(max_examples=80, deadline=None)
@given(events=object_logs())
def test_meetings_convergence_and_divergence_agree_with_looking_at_every_event(
    events: list[tuple[str, float, dict[str, list[str]]]],
) -> None:
    small = book(events)
    meetings: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for event in small.events:
        mine = [(k, o) for k in small.types for o in event[2].get(k, [])]
        for (k, o), (m, p) in combinations(mine, 2):
            meetings[k, m].append((min(o, p), max(o, p)) if k == m else (o, p))
    found = tables(small)
    counted = {
        (r["type_a"], r["type_b"]): (r["meetings"], r["object_pairs"])
        for r in found["interactions"].to_dicts()
    }
    assert counted == {k: (len(v), len(set(v))) for k, v in meetings.items()}
    for row in found["convergence"].to_dicts():
        sizes = [len(e[2][row["type"]]) for e in small.events if row["type"] in e[2]]
        assert (row["events"], row["entries"]) == (len(sizes), sum(sizes))
        assert row["converging_events"] == sum(1 for n in sizes if n > 1)
        assert row["most_objects"] == max(sizes)
    diverging: dict[tuple[str, str], int] = defaultdict(int)
    for (kind, _), rows in timelines(small).items():
        for other in small.types:
            for name in {small.events[r][0] for r in rows}:
                own = [r for r in rows if small.events[r][0] == name]
                sets = {tuple(small.events[r][2].get(other, [])) for r in own}
                diverging[kind, other] += other != kind and len(sets) > 1
    shown = {(r["type"], r["other_type"]): r["diverging"] for r in found["divergence"].to_dicts()}
    assert shown == {k: v for k, v in diverging.items() if v}


def test_a_filtered_map_looks_at_the_other_types_of_its_own_events_only() -> None:
    small = book(
        [
            ("place", 0, {"order": ["o1"], "item": ["i1"]}),
            ("place", 1, {"order": ["o2"], "item": ["i2"]}),
            ("ship", 5, {"order": ["o1"], "item": ["i1"]}),
            ("inspect", 6, {"item": ["i1"]}),
        ]
    )
    result = map_book(small, type="order", filters=["activity=ship"])  # type: ignore[arg-type]
    graph = {(r["type"], r["source"], r["target"]) for r in result.tables["graph"].to_dicts()}
    assert graph == {("order", "place", "ship"), ("item", "place", "ship")}
    views = related_views(small.perspective("order"), cut=False)
    assert [view.type for view in views] == small.types
