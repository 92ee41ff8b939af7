"""Panels of a book: which periods, which units, what is left out, and that it is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from panel_tools import DAY, ENDS, Plain, book_of, profile_of
from process_helpers import SmallBook
from thalweg.change.panels.grid import Grid, lay_grid
from thalweg.change.panels.kernels import ITEMS, REST_NS, WHOLE_S
from thalweg.change.panels.panel import Panels, build_panels, fewest_by_unit
from thalweg.change.panels.units import find_units
from thalweg.change.panels.waits import find_waits, sum_waits
from thalweg.errors import RequestError
from thalweg.process.waiting.waits import waits_book

LAYERS = {"sell": ("B",), "make": ("C", "E")}


def second(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def order(unit: str | None, begun: str, *steps: tuple[str, float], value: float = 1.0) -> Plain:
    """An order that begins with A and takes the days given from one step to the next."""
    at = second(begun)
    events = [("A", at)]
    for activity, days in steps:
        at += round(days * DAY)
        events.append((activity, at))
    return Plain(unit, events, value=value)


def panels_of(objects: list[Plain], horizon: str, **how: object) -> Panels:
    book = book_of(objects)
    given = {
        "profile": profile_of(LAYERS, {"flow": "20 d", "sell": "10 d", "make": "20 d"}),
        "unit": "firm",
        "ends": [name for name in ENDS if name in book.activities],
        "horizon": datetime.fromisoformat(horizon).replace(tzinfo=UTC),
        "fewest_objects": 1,
        "fewest_periods": 1,
    }
    return build_panels(book, **(given | how))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def by_hand() -> Panels:
    """甲 has three orders; the one of 1 March takes 40 days, and lives on through the month after."""
    return panels_of(
        [
            order("甲", "2024-01-02", ("B", 2), ("E", 3), value=10),
            order("甲", "2024-03-01", ("B", 15), ("E", 25), value=30),
            order("甲", "2024-03-10", ("B", 1), ("C", 4), ("B", 2), ("E", 3), value=50),
            order("乙", "2024-02-01", ("B", 1), ("X", 1), value=7),
            order("乙", "2024-05-30", ("B", 1)),
            order(None, "2024-04-01", ("B", 1), ("E", 1)),
        ],
        "2024-06-03",
    )


def test_a_cell_is_the_mean_time_within_the_window_by_hand(by_hand: Panels) -> None:
    panel = by_hand["flow_h"]
    assert panel.units == ("乙", "甲")
    assert panel.periods[0] == date(2024, 1, 1)
    assert panel.value[1, 0] == 5 * 24
    assert panel.value[1, 2] == (20 + 10) / 2 * 24
    assert panel.objects[1].tolist() == [1, 0, 2, 0, 0]


def test_layers_belong_to_the_month_in_which_they_were_entered(by_hand: Panels) -> None:
    sell, make = by_hand["layer_h:sell"], by_hand["layer_h:make"]
    assert sell.value[1, 2] == (10 + (1 + 2)) / 2 * 24
    assert make.value[1, 2] == (20 + (4 + 3)) / 2 * 24
    assert by_hand["rework_share"].value[1, 2] == 0.5
    assert by_hand["broke_off_share"].value[0, 1] == 1.0


def test_counts_and_values_are_per_day_of_the_month(by_hand: Panels) -> None:
    assert by_hand["started_per_day"].value[1, 2] == pytest.approx(2 / 31)
    assert by_hand["finished_per_day"].value[1, 3] == pytest.approx(1 / 30)
    assert by_hand["value_per_day"].value[1, 2] == pytest.approx(80 / 31)
    assert by_hand["value_per_object"].value[1, 2] == 40
    assert by_hand["value_per_object"].outcome.unit == "CNY"
    assert by_hand.value_source == "attribute:amount"
    assert by_hand.typical_objects() == 1.0


def test_months_whose_orders_cannot_be_followed_are_unknown_and_counted(by_hand: Panels) -> None:
    assert np.isnan(by_hand["flow_h"].value[:, 4]).all()
    row = by_hand.cells.filter(pl.col("outcome") == "flow_h").to_dicts()[0]
    assert (row["cells"], row["known"], row["immature"], row["empty"]) == (10, 3, 2, 5)
    assert by_hand.aside["without_unit"] == 1


def test_an_unfinished_order_counts_as_long_as_its_window() -> None:
    orders = [
        order("a", f"2024-0{m}-03", ("B", 1), *([("E", 1.0)] if m != 3 else []))
        for m in range(1, 7)
    ]
    panel = panels_of(orders, "2024-06-30")["flow_h"]
    assert panel.value[0, 2] == 20 * 24


def test_thin_cells_are_unknown_and_a_unit_without_any_is_named() -> None:
    orders = [order("a", f"2024-0{m}-0{d}", ("E", 2)) for m in range(1, 7) for d in range(1, 7)]
    orders += [order("b", f"2024-0{m}-02", ("E", 2)) for m in range(1, 7)]
    panels = panels_of(orders, "2024-06-30", fewest_objects=5, outcomes=["flow"])
    assert panels.units == ("a",)
    assert panels.dropped == ("b",)
    assert panels.cells["thin"].to_list() == [6]
    few = panels_of(orders[:6] + orders[12:], "2024-06-30", fewest_periods=6, outcomes=["flow"])
    assert few.cells.select("short_units").item() == 1
    assert few.cells.select("short_cells").item() == 5


def test_an_asked_kind_or_name_is_all_that_is_built(by_hand: Panels) -> None:
    orders = [order("a", f"2024-0{m}-03", ("B", 1), ("E", 1)) for m in range(1, 7)]
    found = panels_of(orders, "2024-06-30", outcomes=["layer_h:make", "pair_h:A → B", "count"])
    assert list(found.panels) == [
        "layer_h:make",
        "pair_h:A → B",
        "started_per_day",
        "finished_per_day",
    ]
    with pytest.raises(RequestError, match=r"no outcome 'speed'.*flow_h"):
        panels_of(orders, "2024-06-30", outcomes=["speed"])
    with pytest.raises(RequestError, match="no_rules"):
        by_hand["deviation_share"]


def test_the_table_has_one_row_per_known_cell(by_hand: Panels) -> None:
    table = by_hand.table()
    assert table.columns == ["unit", "period", "outcome", "value", "objects", "weight"]
    mine = table.filter(
        (pl.col("unit") == "甲") & (pl.col("period") == date(2024, 3, 1))
    ).rows_by_key("outcome", named=True, unique=True)
    assert (mine["flow_h"]["objects"], mine["flow_h"]["weight"]) == (2, 2.0)
    assert mine["started_per_day"]["weight"] == 31
    assert table["value"].is_finite().all()


def test_a_dribble_before_a_units_work_begins_is_no_sample_of_it() -> None:
    objects = np.array([[0, 4, 5, 60, 50], [2, 4, 0, 6, 5], [0, 0, 0, 0, 0], [1, 3, 14, 15, 16]])
    assert fewest_by_unit(objects, 2).tolist() == [5, 2, 2, 3]
    assert fewest_by_unit(objects, 1).tolist() == [1, 1, 1, 1]
    assert fewest_by_unit(objects, 6).tolist() == [6, 6, 6, 6]


def test_a_value_may_stand_on_events_and_a_missing_one_is_said() -> None:
    orders = [order("a", f"2024-0{m}-03", ("B", 1), ("E", 1)) for m in range(1, 7)]
    book = book_of(orders)
    book.object_rows["order"] = book.object_rows["order"].drop("amount")
    how = {"unit": "firm", "outcomes": ["value"], "profile": profile_of(LAYERS, {})}
    missing = build_panels(book, **how).missing  # type: ignore[arg-type]
    assert missing == {"value_per_day": "value_unknown", "value_per_object": "value_unknown"}
    for number, event in enumerate(book.events):
        if number % 3 > 0:
            event[3]["amount"] = number % 3 * 10
    panels = build_panels(book, fewest_objects=1, **how)  # type: ignore[arg-type]
    assert panels.value_source == "event:amount"
    found = panels["value_per_object"]
    assert found.value[0].tolist() == [10.0] * found.value.shape[1]


def test_rules_that_are_broken_make_the_share_of_deviations(tmp_path: Path) -> None:
    orders = [
        order("a", f"2024-0{m}-0{d}", *([("B", 1.0)] if d == 1 else []), ("E", 1))
        for m in range(1, 7)
        for d in (1, 2, 3, 4)
    ]
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n- {id: r, kind: never, activity: B}\n", encoding="utf-8")
    panel = panels_of(orders, "2024-06-30", rules=rules)["deviation_share"]
    assert panel.value[0, :5].tolist() == [0.25] * 5


def test_orders_that_fall_silent_have_broken_off() -> None:
    rng = np.random.default_rng(3)
    orders = []
    for k in range(1_500):
        stops = k % 5 == 0
        day = rng.uniform(0, 355)
        at = (datetime(2024, 1, 1) + timedelta(days=day)).isoformat()
        steps = [("B", rng.exponential(2)), ("C", rng.exponential(2)), ("E", rng.exponential(2))]
        orders.append(order("ab"[k % 2], at, *(steps[:1] if stops else steps)))
    panel = panels_of(orders, "2024-12-31", ends=None)["broke_off_share"]
    cells = panel.objects[np.isfinite(panel.value)]
    mean = float(np.nansum(panel.value * panel.objects) / cells.sum())
    assert len(cells) >= 12
    assert mean == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("first", "last", "every", "expected"),
    [
        ("2024-01-03", "2024-04-29", "month", ["2024-01-01", "2024-04-01"]),
        ("2024-01-10", "2024-04-20", "month", ["2024-02-01", "2024-03-01"]),
        ("2024-01-09", "2024-02-04", "week", ["2024-01-08", "2024-01-29"]),
        ("2024-01-10", "2024-02-02", "week", ["2024-01-15", "2024-01-22"]),
    ],
)
def test_periods_run_from_the_first_full_one_to_the_last(
    first: str, last: str, every: str, expected: list[str]
) -> None:
    ns = np.array([second(first), second(last)]) * 10**9
    grid = lay_grid(ns, int(ns[1]), every, "UTC")  # type: ignore[arg-type]
    assert [str(grid.first[0]), str(grid.first[-1])] == expected


def test_periods_end_where_orders_stop_beginning_though_they_are_watched_on() -> None:
    orders = [
        order("ab"[n % 2], (datetime(2024, 1, 1) + timedelta(days=n)).isoformat(), ("E", 30))
        for n in range(182)
    ]
    panels = panels_of(orders, "2024-12-31", outcomes=["flow", "count"])
    assert panels.grid.first[-1] == date(2024, 6, 1)
    assert np.isfinite(panels["flow_h"].value).all()
    assert panels.cells["immature"].to_list() == [0, 0, 2]


def test_two_full_periods_are_the_least() -> None:
    ns = np.array([second("2024-01-01"), second("2024-02-20")]) * 10**9
    with pytest.raises(RequestError, match=r"cover 1 full months.*Use weeks"):
        lay_grid(ns, int(ns[1]), "month", "UTC")


def test_periods_are_local_and_keep_their_days_when_clocks_change() -> None:
    orders = [order("a", f"2024-0{m}-03", ("E", 1)) for m in range(1, 7)]
    orders.append(order("a", "2024-03-31T22:30:00", ("E", 1)))
    for zone, march, april in (("UTC", 2, 1), ("Europe/Berlin", 1, 2), ("Asia/Shanghai", 1, 2)):
        panels = panels_of(orders, "2024-06-30", timezone=zone, outcomes=["count"])
        assert panels["started_per_day"].objects[0, 2:4].tolist() == [march, april]
        assert panels.grid.days[2:4].tolist() == [31, 30]
    berlin = panels_of(orders, "2024-06-30", timezone="Europe/Berlin", outcomes=["count"])
    hours = np.diff(berlin.grid.edges) / 3600e9
    assert hours[2] == 31 * 24 - 1


def test_weeks_are_taken_where_months_are_few_and_orders_many() -> None:
    orders = [
        order("ab"[n % 2], (datetime(2024, 1, 1) + timedelta(hours=8 * n)).isoformat(), ("E", 1))
        for n in range(900)
    ]
    how = {"every": "auto", "outcomes": ["count"]}
    assert panels_of(orders, "2024-10-27", fewest_objects=5, **how).grid.every == "week"
    assert panels_of(orders, "2024-10-27", fewest_objects=6, **how).grid.every == "month"


PARTIES = pl.DataFrame(
    {
        "@row": [1, 2, 3, 4],
        "id": ["F1", "F2", "F3", "G"],
        "name": ["甲钢", "乙钢", "丙钢", "集团"],
        "region": ["华东", "华东", None, None],
        "parent": ["G", "G", None, None],
        "eligible": [True, True, False, True],
    },
    schema_overrides={"@row": pl.Int64},
)


def traded() -> SmallBook:
    """Orders that name their firm in an attribute, in a role and in linked objects."""
    rows = [
        ("A", 0, "F1", "S1"),
        ("B", DAY, "F2", "S1"),
        ("E", 2 * DAY, "F2", "S2"),
    ]
    events = []
    for n, firm in enumerate(["F1", "F2", "F3", "F9", None]):
        start = second("2024-01-01") + n * 20 * DAY
        for activity, after, party, _ in rows:
            linked = {"order": [f"o{n}"]} | ({"firm": [firm]} if firm else {})
            events.append((activity, start + after, linked, {"by": party, "column": firm}))
    last = second("2024-06-30")
    events.append(("E", last, {"order": ["late"]}, {"by": "", "column": None}))
    orders = pl.DataFrame(
        {"@object": [f"o{n}" for n in range(5)], "firm": ["甲钢", "F2", "F3", "F9", ""]}
    )
    return SmallBook(events, roles={"party": "by"}, object_rows={"order": orders})


def named(*units: str) -> pl.DataFrame:
    rows = {"@row": list(range(len(units))), "id": ["i"] * len(units), "unit": list(units)}
    return pl.DataFrame(rows, schema_overrides={"@row": pl.Int64})


def test_the_unit_is_found_where_the_interventions_units_are_named() -> None:
    view = traded().perspective("order")
    found = find_units(view, interventions=named("F2", "F3", "F9", "F8"))
    assert found.source == "attribute:firm"
    assert found.coverage == 0.75
    assert found.names == ("F2", "F3", "F9", "甲钢")
    assert found.code.tolist() == [3, 0, 1, 2, -1, -1]
    assert found.aside["without_unit"] == 2


def test_units_are_parties_by_id_or_name_and_others_are_set_aside() -> None:
    view = traded().perspective("order")
    found = find_units(view, unit="firm", parties=PARTIES)
    assert found.names == ("F2", "甲钢")
    assert found.strangers == ("F3", "F9")
    assert found.aside["not_eligible"] == 2
    upper = find_units(view, unit="firm", parties=PARTIES, level="region")
    assert upper.names == ("华东",)
    assert upper.code.tolist() == [0, 0, -1, -1, -1, -1]


def test_a_parent_that_is_named_finds_the_firms_below_it() -> None:
    view = traded().perspective("order")
    assert find_units(view, interventions=named("G"), parties=PARTIES).source == "attribute:firm"


def test_the_party_with_most_events_is_the_unit_the_earliest_among_equals() -> None:
    book = traded()
    found = find_units(book.perspective("order"), unit="party")
    assert {found.names[k] for k in found.code[:5]} == {"F2"}
    assert found.aside["ambiguous_unit"] == 5
    tied = SmallBook(
        [
            (a, n, {"order": ["o"]}, {"by": p})
            for n, (a, p) in enumerate(zip("ABCD", "yxxy", strict=True))
        ],
        roles={"party": "by"},
    )
    assert find_units(tied.perspective("order"), unit="role:party").names == ("y",)


@pytest.mark.parametrize("source", ["linked:firm", "event:column", "attribute:column"])
def test_units_may_be_linked_objects_or_columns_of_events(source: str) -> None:
    found = find_units(traded().perspective("order"), unit=source)
    assert [found.names[k] if k >= 0 else None for k in found.code] == [
        "F1", "F2", "F3", "F9", None, None,
    ]  # fmt: skip


def test_a_source_that_names_too_few_units_is_refused_with_the_nearest() -> None:
    view = traded().perspective("order")
    with pytest.raises(RequestError, match=r"half of the 3 units.*attribute:firm \(33%\)"):
        find_units(view, interventions=named("F2", "Z1", "Z2"))
    with pytest.raises(RequestError, match=r"Name their source with unit=, one of: attribute:firm"):
        find_units(view)
    with pytest.raises(RequestError, match="column of the parties 'city'"):
        find_units(view, unit="firm", parties=PARTIES, level="city")


def busy() -> SmallBook:
    """Two firms whose orders share one clerk."""
    rng = np.random.default_rng(5)
    events, starts = [], []
    free = second("2024-01-01")
    for n in range(400):
        ready = second("2024-01-01") + int(rng.uniform(0, 150 * DAY))
        for activity, clerk in (("A", f"c{n}"), ("B", "Ann"), ("E", "Ann")):
            begin = max(ready, free) if clerk == "Ann" and rng.random() < 0.7 else ready
            stop = begin + int(rng.exponential(8 * 3600))
            free = max(free, stop) if clerk == "Ann" and free < begin + 5 * DAY else free
            events.append((activity, stop, {"order": [f"o{n}"]}, {"who": clerk}))
            starts.append(float(begin))
            ready = stop + int(rng.exponential(3 * 3600))
    firms = pl.DataFrame(
        {"@object": [f"o{n}" for n in range(400)], "firm": ["ab"[n % 2] for n in range(400)]}
    )
    return SmallBook(events, roles={"resource": "who"}, starts=starts, object_rows={"order": firms})


@pytest.mark.parametrize("run", [7, 1 << 19])
def test_waits_by_cause_are_those_of_the_whole_book(run: int) -> None:
    book = busy()
    view = book.perspective("order")
    waits = find_waits(view, view, "UTC", None)
    assert not isinstance(waits, str)
    edges = np.array([second("2023-06-01"), second("2026-01-01")]) * 10**9
    grid = Grid("month", "UTC", edges, (date(2023, 6, 1),), np.array([945.0]))
    firm = np.arange(400) % 2
    sums = sum_waits(waits, firm, 2, grid, 10**18, threads=2, run=run)
    whole = {row["cause"]: row for row in waits_book(book).causes.to_dicts()}  # type: ignore[arg-type]
    total = sums.table[..., WHOLE_S].sum(axis=1) + sums.table[..., REST_NS].sum(axis=1) / 1e9
    expected = [whole[cause]["total_s"] for cause in waits.causes]
    assert total.tolist() == pytest.approx(expected, rel=1e-12)
    assert "contention" in waits.causes
    assert sums.table[:, :, ITEMS].tolist() == [[200, 200]] * len(waits.causes)


def test_a_wait_for_a_busy_clerk_is_contention_by_hand() -> None:
    """Order 2 is ready at 9 while Ann works on order 1 until 11; nobody knows her hours."""
    day = second("2024-01-02")
    plan = [("A", "x", 0, 1, "o1"), ("B", "Ann", 1, 11, "o1"), ("A", "y", 0, 9, "o2")]
    plan += [("B", "Ann", 11, 12, "o2"), ("A", "z", 24 * 80, 24 * 80 + 1, "o3")]
    book = SmallBook(
        [(a, day + end * 3600, {"order": [o]}, {"who": who}) for a, who, _, end, o in plan],
        roles={"resource": "who"},
        starts=[float(day + start * 3600) for _, _, start, _, _ in plan],
        object_rows={
            "order": pl.DataFrame({"@object": ["o1", "o2", "o3"], "firm": ["a", "b", "b"]})
        },
    )
    how = {"unit": "firm", "outcomes": ["wait"], "fewest_objects": 1, "fewest_periods": 1}
    panels = build_panels(book, **how)  # type: ignore[arg-type]
    panel = panels["wait_h:contention"]
    assert panel.units == ("a", "b")
    assert panel.value[:, 0].tolist() == [0.0, 2.0]


def test_panels_are_the_same_whatever_the_threads() -> None:
    book = busy()
    made = [
        build_panels(book, unit="firm", fewest_objects=1, threads=threads)  # type: ignore[arg-type]
        for threads in (1, 4)
    ]
    assert made[0].table().equals(made[1].table())
    assert made[0].fingerprint == made[1].fingerprint
