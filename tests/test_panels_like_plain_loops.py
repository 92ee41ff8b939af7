"""Every outcome of a panel is what plain loops over the objects give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panel_tools import DAY, ENDS, Looped, Plain, book_of, profile_of
from thalweg.change.panels.kernels import Tracks, sum_items
from thalweg.change.panels.panel import Panels, build_panels
from thalweg.change.panels.windows import buckets, choose_window, count_days
from thalweg.process.calendar import Calendar
from thalweg.process.chunks import SECOND_NS
from thalweg.process.durations import object_spans

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
LAYERS = {"sell": ("A", "B"), "make": ("C",), "idle": ("Z",)}
TIGHT = 1e-9
"""Sums are exact whole nanoseconds; only the last division is rounded."""


@st.composite
def plain_objects(draw: st.DrawFn) -> list[Plain]:
    count = draw(st.integers(3, 25))
    found = [
        Plain("b", [("A", START + DAY), ("E", START + 3 * DAY)], value=5.0),
        Plain("c", [("A", START + DAY), ("X", START + 3 * DAY)]),
        Plain("b", [("A", START + 150 * DAY), ("E", START + 151 * DAY)]),
    ]
    for _ in range(count):
        begun = START + draw(st.integers(0, 150 * DAY))
        gaps = draw(st.lists(st.integers(0, 30 * DAY), min_size=1, max_size=5))
        names = draw(st.lists(st.sampled_from("ABCDEX"), min_size=len(gaps), max_size=len(gaps)))
        times = [begun + sum(gaps[:n]) for n in range(len(gaps))]
        unit = draw(st.sampled_from(["甲", "b", "c", None]))
        value = draw(st.one_of(st.none(), st.integers(1, 1000).map(float)))
        late = [t - draw(st.integers(0, 10 * DAY)) for t in times] if draw(st.booleans()) else times
        found.append(Plain(unit, list(zip(names, times, strict=True)), late, value))
    return found


def measured(objects: list[Plain], zone: str, every: str, **how: object) -> tuple[Panels, int]:
    horizon = START + 175 * DAY
    book = book_of(objects, zone)
    panels = build_panels(
        book,
        profile=profile_of(LAYERS, {"flow": "20 d", "sell": "9 d"}),
        unit="firm",
        every=every,  # type: ignore[arg-type]
        ends=ENDS,
        horizon=datetime.fromtimestamp(horizon, UTC),
        fewest_objects=1,
        fewest_periods=1,
        **how,  # type: ignore[arg-type]
    )
    return panels, horizon


def looped(panels: Panels, objects: list[Plain], horizon: int, **how: object) -> Looped:
    within = {name: window.within_s for name, window in panels.windows.items()}
    grid = panels.grid
    return Looped(
        objects,
        LAYERS,
        {f"layer_h:{key}": 1.0 for key in LAYERS} | {"flow_h": 20.0 * DAY} | within,
        grid.first,
        grid.zone,
        grid.every,
        horizon,
        days=dict(zip(grid.first, grid.days, strict=True)),
        **how,  # type: ignore[arg-type]
    )


def assert_same(panels: Panels, expected: dict, names: tuple[str, ...]) -> None:
    for name, cells in expected.items():
        if not any(cells.values()):
            assert name not in panels.panels
            continue
        panel = panels[name]
        found = {
            (unit, period): panel.value[i, t]
            for i, unit in enumerate(panel.units)
            for t, period in enumerate(panel.periods)
            if np.isfinite(panel.value[i, t])
        }
        if name.endswith("per_day"):
            cells = {key: v for key, v in cells.items() if key[0] in panel.units}
        assert found == pytest.approx(cells, rel=TIGHT, abs=TIGHT), name
    assert set(panels.panels) <= set(expected)
    assert names


@settings(max_examples=60, deadline=None)
@given(
    plain_objects(),
    st.sampled_from(["month", "week"]),
    st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"]),
)
def test_outcomes_are_those_of_plain_loops(objects: list[Plain], every: str, zone: str) -> None:
    panels, horizon = measured(objects, zone, every)
    order = book_of(objects).activities
    assert_same(panels, looped(panels, objects, horizon).outcomes(order), order)


WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-12:00", "13:00-17:00"))


@settings(max_examples=15, deadline=None)
@given(plain_objects(), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_working_hours_are_those_counted_day_by_day(objects: list[Plain], zone: str) -> None:
    holiday = datetime(2024, 5, 1, tzinfo=UTC).date()
    calendar = Calendar(zone=zone, hours=WEEK, holidays=(holiday,))
    place = ZoneInfo(zone)

    def worked(begin: int, end: int) -> float:
        day = datetime.fromtimestamp(begin, place).date()
        total = 0.0
        while day <= datetime.fromtimestamp(end, place).date():
            if day.weekday() < 5 and day != holiday:
                for opens, closes in ((9, 12), (13, 17)):
                    lo, hi = (
                        datetime(day.year, day.month, day.day, hour, tzinfo=place).timestamp()
                        for hour in (opens, closes)
                    )
                    total += max(0.0, min(hi, end) - max(lo, begin))
            day += timedelta(days=1)
        return total

    panels, horizon = measured(objects, zone, "month", calendar=calendar)
    for first, days in zip(panels.grid.first, panels.grid.days, strict=True):
        month = [first + timedelta(days=k) for k in range(31)]
        mine = [d for d in month if d.month == first.month and d.weekday() < 5 and d != holiday]
        assert days == len(mine)
    order = book_of(objects).activities
    assert_same(panels, looped(panels, objects, horizon, worked=worked).outcomes(order), order)


@settings(max_examples=25, deadline=None)
@given(plain_objects(), st.integers(1, 12), st.integers(1, 4))
def test_runs_of_objects_merge_to_the_whole(objects: list[Plain], run: int, threads: int) -> None:
    panels, horizon = measured(objects, "UTC", "month")
    view = book_of(objects).perspective("order")
    begun, _ = object_spans(view)
    rng = np.random.default_rng(run)
    codes = len(view.activities)
    tracks = Tracks(
        view,
        begun,
        rng.random(view.objects) < 0.5,
        rng.integers(-1, 3, view.objects),
        horizon * SECOND_NS,
        rng.integers(-1, 2, codes),
        rng.integers(-1, 2, codes),
        2,
        rng.integers(-1, 3, codes**2),
        rng.integers(-1, 3, codes),
        3,
    )
    within = rng.integers(1, 40, 5) * DAY * SECOND_NS
    parts = sum_items(tracks, panels.grid, 3, within, int(within[0]), run=run, threads=threads)
    whole = sum_items(tracks, panels.grid, 3, within, int(within[0]), threads=1)
    for name in ("table", "latest", "rework"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


@settings(max_examples=30, deadline=None)
@given(plain_objects())
def test_layer_times_sum_to_the_flow_where_nothing_is_cut_off(objects: list[Plain]) -> None:
    for one in objects:
        one.events.append(("E", one.last[1] + DAY))
        one.starts = [max(t, START) for t in [*one.starts, one.last[1]]] if one.starts else None
    objects.append(Plain("c", [("A", START + 590 * DAY), ("E", START + 591 * DAY)]))
    long = "200 d"
    layers = {"sell": ("A", "B", "X"), "make": ("C", "D"), "close": ("E",)}
    book = book_of(objects)
    panels = build_panels(
        book,
        profile=profile_of(layers, {"flow": long, "sell": long, "make": long, "close": long}),
        unit="firm",
        outcomes=("flow", "layer"),
        ends=ENDS,
        horizon=datetime.fromtimestamp(START + 800 * DAY, UTC),
        fewest_objects=1,
        fewest_periods=1,
    )
    totals = {
        name: float(np.nansum(panel.value * panel.objects)) for name, panel in panels.panels.items()
    }
    assert sum(v for k, v in totals.items() if k != "flow_h") == pytest.approx(totals["flow_h"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 60 * DAY), min_size=1, max_size=60),
    st.integers(1, 90).map(lambda days: days * DAY),
)
def test_a_window_is_the_time_by_which_95_percent_are_through(
    seconds: list[int], span_days: int
) -> None:
    ns = np.array(seconds, np.int64) * SECOND_NS
    span = 400 * DAY * SECOND_NS
    table = count_days(ns, np.ones(len(ns), bool), buckets(span))
    window = choose_window(table, span, None)
    needed = int(np.ceil(0.95 * len(seconds) - TIGHT))
    through = sorted(seconds)[needed - 1]
    assert window.within_s == max(1, -(-through // DAY)) * DAY
    assert window.basis == "curve"
    short = choose_window(
        count_days(ns, ns >= 0, buckets(span_days * SECOND_NS)), span_days * SECOND_NS, None
    )
    assert short.within_s <= max(DAY, span_days / 5)
