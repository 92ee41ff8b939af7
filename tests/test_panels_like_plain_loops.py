"""Every outcome of a panel is what plain loops over the objects give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panel_tools import DAY, ENDS, Looped, Plain, book_of, profile_of
from thalweg.change.panels.panel import Panels, build_panels
from thalweg.process.calendar import Calendar, work_table

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
