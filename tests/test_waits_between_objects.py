"""Object-centric waits of known causes: each second of a small world is written down beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import SmallBook
from thalweg.process.calendar import Calendar
from thalweg.process.waiting.causes import CAUSES
from thalweg.process.waiting.result import WaitsResult
from thalweg.process.waiting.waits import waits_book

HOUR, DAY = 3600, 86_400
MONDAY = 4 * DAY
"""1970 began on a Thursday."""
OFFICE = Calendar(hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",)))


@dataclass
class World:
    """Events with start, end, objects, resource and party; and the waits that they were made with."""

    rows: list[tuple[str, float, dict[str, list[str]], dict[str, Any]]] = field(
        default_factory=list
    )
    starts: list[float] = field(default_factory=list)

    def work(
        self,
        activity: str,
        start: float,
        end: float,
        objects: dict[str, list[str]],
        who: str = "",
        firm: str = "",
    ) -> None:
        self.rows.append((activity, end, objects, {"who": who or None, "firm": firm or None}))
        self.starts.append(start)

    def book(self) -> Any:
        return SmallBook(self.rows, {"resource": "who", "party": "firm"}, self.starts)


def hours(result: WaitsResult) -> dict[tuple[str, str], dict[str, float]]:
    return {
        (row["source"], row["target"]): {
            name: row[f"{name}_s"] / HOUR for name in CAUSES if row[f"{name}_s"]
        }
        for row in result.pairs.to_dicts()
        if row["total_s"] > 0
    }


def at(clock: float, day: int = 0) -> float:
    """An hour of a day, counted from a Monday."""
    return MONDAY + day * DAY + clock * HOUR


def shipment() -> World:
    """Two items are picked, then packed together; the packer works for another firm.

    i1 is picked 9–10, i2 9–12 (another picker). Packing runs from Tuesday 11: from Monday 12 the
    packer wraps other goods until 14 (enabled at 8: contention), is free 14–15, packs rush goods
    enabled at 13 from 15 to 16 (priority), is free until 17, off until Tuesday 9, free until 11.
    """
    world = World()
    world.work("pick", at(9), at(10), {"item": ["i1"]}, "Ann", "store")
    world.work("pick", at(9), at(12), {"item": ["i2"]}, "Bob", "store")
    world.work("order", at(7), at(8), {"item": ["i3"]}, "Cat", "store")
    world.work("wrap", at(12), at(14), {"item": ["i3"]}, "Pat", "carrier")
    world.work("order", at(12), at(13), {"item": ["i4"]}, "Cat", "store")
    world.work("wrap", at(15), at(16), {"item": ["i4"]}, "Pat", "carrier")
    world.work("pack", at(11, 1), at(12, 1), {"item": ["i1", "i2"], "box": ["b"]}, "Pat", "carrier")
    world.work("ship", at(13, 1), at(14, 1), {"box": ["b"]}, "Pat", "carrier")
    return world


def test_every_hour_of_a_shipment_has_its_cause() -> None:
    """Waits are counted per object: both items wait for the packer, one waits for the other."""
    found = waits_book(shipment().book(), type="item", calendar=OFFICE)
    assert found.awaited == ("item", "box")
    assert hours(found) == {
        ("pick", "pack"): {
            "synchronisation": 2.0,
            "contention": 2 * 2.0,
            "priority": 2 * 1.0,
            "unavailable": 2 * 16.0,
            "handover": 2 * (1.0 + 1.0 + 2.0),
        },
        ("order", "wrap"): {"contention": 1.0, "unavailable": 1.0, "handover": 3.0 + 1.0},
    }


def test_a_box_begins_when_it_is_packed_and_waits_only_from_there() -> None:
    found = waits_book(shipment().book(), type="box", calendar=OFFICE)
    assert hours(found) == {("pack", "ship"): {"remainder": 1.0}}


def test_only_named_types_are_waited_for() -> None:
    """A box that was cleaned late holds its items up, unless boxes are not to be waited for."""
    world = World()
    world.work("pick", at(9), at(10), {"item": ["i"]}, "Ann")
    world.work("clean", at(9), at(12), {"box": ["b"]}, "Bob")
    world.work("pack", at(13), at(14), {"item": ["i"], "box": ["b"]}, "Pat")
    apart = waits_book(world.book(), type="item", calendar=None, wait_for=["item"])
    assert hours(apart) == {("pick", "pack"): {"remainder": 3.0}}
    assert apart.awaited == ("item",)
    together = waits_book(world.book(), type="item", calendar=None)
    assert hours(together) == {("pick", "pack"): {"synchronisation": 2.0, "remainder": 1.0}}
    assert together.missing["unavailable"] == "not_asked"


def test_types_that_stay_while_others_pass_are_not_waited_for() -> None:
    """A scale is in every weighing; waiting for it is contention, and never synchronisation."""
    world = World()
    for n in range(120):
        world.work("fill", at(9) + 600 * n, at(9) + 600 * n + 60, {"sack": [f"s{n}"]}, "Ann")
        weigh = at(9) + 600 * n + 300
        world.work("weigh", weigh, weigh + 60, {"sack": [f"s{n}"], "scale": ["x"]}, "Bob")
    found = waits_book(world.book(), type="sack", calendar=None)
    assert found.awaited == ("sack",)
    assert found.facts["not_awaited"] == ["scale"]
    assert hours(found) == {("fill", "weigh"): {"remainder": pytest.approx(120 * 240 / HOUR)}}


jobs = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.integers(0, 4),
        st.sets(st.integers(0, 3), min_size=1),
        st.sets(st.integers(0, 2)),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(rows=jobs, boxed=st.booleans())
def test_waits_are_those_of_loops_over_lists(
    rows: list[tuple[int, int, set[int], set[int], int]], boxed: bool
) -> None:
    """Per object: from its own latest completion; synchronisation until the last of all objects."""
    world = World()
    rows = [(s, n, items, boxes if boxed else set(), who) for s, n, items, boxes, who in rows]
    for start, length, items, boxes, who in rows:
        objects = {
            "item": [f"i{n}" for n in sorted(items)],
            "box": [f"b{n}" for n in sorted(boxes)],
        }
        kept = {kind: ids for kind, ids in objects.items() if ids}
        world.work("a", start, start + length, kept, f"w{who}")
    book = world.book()
    order = sorted(range(len(rows)), key=lambda k: (rows[k][0] + rows[k][1], k))

    def ready(kind: int, one: int, event: int) -> float | None:
        """Latest completion of the object's events that stand before and ended in time."""
        before = [
            rows[k][0] + rows[k][1]
            for k in order[: order.index(event)]
            if one in rows[k][2 + kind] and rows[k][0] + rows[k][1] <= rows[event][0]
        ]
        return max(before, default=None)

    waiting = synchronising = 0.0
    for event, (start, _, items, boxes, _) in enumerate(rows):
        mine = {one: ready(0, one, event) for one in items}
        all_ready = [*mine.values(), *(ready(1, one, event) for one in boxes)]
        known = [r for r in all_ready if r is not None]
        for own in mine.values():
            if own is not None:
                waiting += start - own
                synchronising += max(known) - own
    found = waits_book(book, type="item", calendar=None, concurrency="none")
    assert found.total_s == pytest.approx(waiting)
    by_cause = dict(zip(found.causes["cause"], found.causes["total_s"], strict=True))
    assert (by_cause["synchronisation"] or 0.0) == pytest.approx(synchronising)
    assert sum(v or 0.0 for v in by_cause.values()) == pytest.approx(found.total_s)
