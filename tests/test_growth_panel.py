"""Revenue by unit and month stands beside all that may have moved it, and adds up to the ledger."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_tools import TRAFFIC, line, month, profile_of, table
from thalweg.economy.accounts.panel import panel_from
from thalweg.economy.accounts.read import accounts_from
from thalweg.economy.frame import GrowthPanel

ROLLOUT = {
    "id": pl.String,
    "unit": pl.String,
    "from_day": pl.Date,
    "to_day": pl.Date,
    "intensity": pl.Float64,
}


def panel(rows: list[dict[str, Any]], **tables: pl.DataFrame) -> GrowthPanel:
    interventions = tables.pop("interventions", None)
    accounts = accounts_from({"ledger": table(rows), **tables}, profile_of())
    found = panel_from(accounts, interventions)
    assert found is not None
    return found


def test_revenue_is_unknown_outside_a_units_rows_and_nothing_between() -> None:
    rows = [line("Sales", 5.0, at, party=p) for p, at in (("a", 1), ("a", 3), ("b", 0), ("b", 4))]
    found = panel(rows)
    np.testing.assert_array_equal(found.revenue[0], [np.nan, 5, 0, 5, np.nan])
    np.testing.assert_array_equal(found.revenue[1], [5, 0, 0, 0, 5])


def test_spend_is_the_traffic_tables_where_there_is_one_and_differences_are_told() -> None:
    rows = [line("Sales", 9.0, at, party="a") for at in range(3)]
    rows += [line("Ads", -4.0, at, party="a") for at in range(3)]
    traffic = [
        {"party": "a", "month": month(at), "channel": c, "spend": s}
        for at, c, s in (
            (0, "search", 4.0),
            (1, "search", 3.0),
            (1, "fairs", 1.0),
            (0, "free", 0.0),
        )
    ]
    found = panel(rows, traffic=table(traffic, TRAFFIC))
    assert found.channels == ("fairs", "search")
    np.testing.assert_array_equal(found.spend[:, 0], [[0, 1, 0], [4, 3, 0]])
    told = found.facts["ledger_against_traffic"]
    assert isinstance(told, dict)
    assert (told["ledger"], told["traffic"], told["months_agree"]) == (12.0, 8.0, 2)
    assert told["differs"] == [{"month": "2023-03-01", "ledger": 4.0, "traffic": 0.0}]
    assert told["difference_share"] == pytest.approx(1 / 3)
    alone = panel(rows)
    assert (alone.channels, alone.facts["spend_from"]) == (("marketing",), "ledger")
    np.testing.assert_array_equal(alone.spend, np.full((1, 1, 3), 4.0))


def test_what_belongs_to_no_unit_is_common() -> None:
    rows = [line("Sales", 9.0, 0, party="a"), line("Sales", 2.0, 1), line("Ads", -4.0, 1)]
    rows += [line("Vouchers", -1.0, 0), line("Vouchers", -3.0, 1, party="a")]
    found = panel(rows)
    assert found.units == ("a",)
    assert found.common_revenue is not None and found.common_spend is not None
    assert found.common_revenue.tolist() == [0, 2]
    assert found.common_spend.tolist() == [[0, 4]]
    assert found.common_subsidy is not None
    assert (found.subsidy.tolist(), found.common_subsidy.tolist()) == ([[0, 3]], [1, 0])
    assert found.facts["common_spend_share"] == 1.0


def test_a_firm_alone_is_the_one_unit() -> None:
    rows = [line("Sales", 10.0 + at, at) for at in range(24)] + [line("Ads", 2.0, 3)]
    found = panel(rows)
    assert (found.units, found.revenue.shape) == (("platform",), (1, 24))
    assert found.spend[0, 0, 3] == 2 and found.facts["common_revenue_share"] == 0.0


def test_segments_without_revenue_are_common_and_a_firms_own_where_it_is_alone() -> None:
    traffic = [
        {"party": p, "month": month(at), "channel": "search", "spend": 3.0}
        for at in range(2)
        for p in ("north", "south")
    ]
    by_firm = [line("Sales", 9.0, at, party=p) for at in range(2) for p in ("a", "b")]
    many = panel(by_firm, traffic=table(traffic, TRAFFIC))
    assert many.units == ("a", "b") and many.facts["common_spend_share"] == 1.0
    alone = panel([line("Sales", 9.0, at) for at in range(2)], traffic=table(traffic, TRAFFIC))
    assert (alone.units, alone.spend.tolist()) == (("platform",), [[[6, 6]]])
    assert alone.facts["common_spend_share"] == 0.0


def test_stops_stand_by_why_they_were_made() -> None:
    """One of the platform holds for all that spend nothing, and demand goes before an event."""
    rows = [line("Sales", 9.0, at, party=p) for at in range(5) for p in ("a", "b")]
    stops = (
        ("a", 0, 3.0, "outage"),
        ("a", 1, 0.0, "outage"),
        ("a", 2, 0.0, "low_demand"),
        ("a", 3, 0.0, "the moon"),
        ("b", 0, 3.0, None),
        ("b", 1, 4.0, None),
        (None, 2, 0.0, "ban"),
        ("b", 4, 0.0, "budget"),
    )
    traffic = [
        {"party": p, "month": month(at), "channel": "search", "spend": s, "reason": why}
        for p, at, s, why in stops
    ]
    found = panel(rows, traffic=table(traffic, TRAFFIC))
    by_event, by_demand = found.stopped_by_event, found.stopped_by_demand
    assert by_event is not None and by_demand is not None
    assert by_event[0].tolist() == [[False, True, False, False, False], [0, 0, 1, 0, 0]]
    assert by_demand[0].tolist() == [[False, False, True, False, False], [False] * 5]


def test_where_no_reason_is_given_none_is_told() -> None:
    rows = [line("Sales", 9.0, at, party="a") for at in range(2)]
    traffic = [{"party": "a", "month": month(0), "channel": "search", "spend": 2.0}]
    written_before = table(traffic, TRAFFIC).drop("reason")
    found = panel(rows, traffic=written_before)
    assert found.stopped_by_event is None and found.stopped_by_demand is None
    assert found.spend.tolist() == [[[2, 0]]]


PAUSES = {
    "party": pl.String,
    "month": pl.Date,
    "channel": pl.String,
    "assignment": pl.String,
}


def test_pauses_of_subsidy_stand_apart_from_those_of_paid_traffic() -> None:
    rows = [line("Sales", 9.0, at, party=p) for at in range(3) for p in ("a", "b")]
    rows += [line("Ads", -1.0, at, party="a") for at in range(3)]
    pauses = [
        {"party": p, "month": month(at), "channel": c, "assignment": how}
        for p, at, c, how in (
            ("a", 0, "*", "randomised"),
            ("a", 1, "subsidy", "randomised"),
            ("*", 2, "subsidy", "randomised"),
            ("b", 0, "subsidy", "other"),
        )
    ]
    found = panel(rows, pauses=table(pauses, PAUSES))
    assert found.subsidy_paused is not None
    assert found.subsidy_paused.tolist() == [[False, True, True], [False, False, True]]
    assert found.paused[0].tolist() == [[True, False, False], [False] * 3]


def test_a_paid_channel_called_subsidy_is_paused_as_one() -> None:
    rows = [line("Sales", 9.0, at, party="a") for at in range(2)]
    traffic = [{"party": "a", "month": month(0), "channel": "subsidy", "spend": 2.0}]
    pauses = [{"party": "a", "month": month(1), "channel": "subsidy", "assignment": "randomised"}]
    found = panel(rows, traffic=table(traffic, TRAFFIC), pauses=table(pauses, PAUSES))
    assert found.subsidy_paused is not None and not found.subsidy_paused.any()
    assert found.paused.tolist() == [[[False, True]]]


def test_without_revenue_there_is_no_panel() -> None:
    accounts = accounts_from({"ledger": table([line("Ads", -1.0)])}, profile_of())
    assert panel_from(accounts) is None
    assert panel_from(accounts_from({}, profile_of())) is None


def test_new_products_are_those_first_sold_after_the_first_month() -> None:
    rows = [line("Sales", 9.0, at, party="a", product="old") for at in range(4)]
    rows += [line("Sales", 2.0, 2, party="a", product="new"), line("Sales", 1.0, 1, party="a")]
    found = panel(rows)
    assert found.new.tolist() == [[0, 0, 2, 0]]


def test_spend_that_came_back_is_nothing_spent_and_said() -> None:
    rows = [line("Sales", 9.0, at, party="a") for at in range(2)]
    rows += [line("Ads", -9.0, 0, party="a"), line("Ads", 2.0, 1, party="a")]
    found = panel(rows)
    assert found.spend.tolist() == [[[9, 0]]]
    assert (found.facts["negative_cells"], found.facts["negative_amount"]) == (1, -2.0)


def rollout(rows: list[dict[str, Any]]) -> pl.DataFrame:
    filled = [{name: row.get(name) for name in ROLLOUT} for row in rows]
    return pl.DataFrame(filled, schema=ROLLOUT).with_row_index("@row").cast({"@row": pl.Int64})


DAY = st.integers(-40, 400)


@settings(max_examples=60)
@given(st.lists(st.tuples(DAY, st.none() | st.integers(0, 200)), min_size=1, max_size=4))
def test_dose_is_the_part_of_each_months_days(spells: list[tuple[int, int | None]]) -> None:
    begin = month(0)
    units = [f"u{at}" for at in range(len(spells))]
    rows = [line("Sales", 1.0, at, party=unit) for unit in units for at in (0, 11)]
    given_rows = [
        {
            "id": "x",
            "unit": unit,
            "from_day": begin + timedelta(first),
            "to_day": None if days is None else begin + timedelta(first + days),
            "intensity": None if place % 2 else 0.5,
        }
        for place, (unit, (first, days)) in enumerate(zip(units, spells, strict=True))
    ]
    found = panel(rows, interventions=rollout(given_rows))
    for place, (first, days) in enumerate(spells):
        for at in range(12):
            inside = [begin + timedelta(d) for d in range(-40, 800)]
            inside = [d for d in inside if month(at) <= d < month(at + 1)]
            on = [
                d
                for d in inside
                if d >= begin + timedelta(first)
                and (days is None or d <= begin + timedelta(first + days))
            ]
            strength = 1.0 if place % 2 else 0.5
            assert found.dose[0, place, at] == pytest.approx(strength * len(on) / len(inside))


def test_an_intervention_that_reaches_no_unit_is_counted() -> None:
    rows = [line("Sales", 1.0, at, party="a") for at in (0, 5)]
    given_rows = [
        {"id": "x", "unit": "a", "from_day": date(2023, 2, 1)},
        {"id": "x", "unit": "elsewhere", "from_day": date(2023, 2, 1)},
    ]
    found = panel(rows, interventions=rollout(given_rows))
    assert found.interventions == ("x",)
    assert found.dose[0, 0].tolist() == [0, 1, 1, 1, 1, 1]
    assert found.facts["interventions_unreached_rows"] == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Sales", "Ads", "Vouchers"]),
            st.integers(1, 10**8).map(lambda cents: cents / 100),
            st.integers(0, 15),
            st.sampled_from([None, "a", "b"]),
        ),
        max_size=40,
    )
)
def test_the_panel_adds_up_to_the_accounts(lines: list[tuple[str, float, int, str | None]]) -> None:
    rows = [line(name, amount, at, party=party) for name, amount, at, party in lines]
    found = panel([line("Sales", 1.0, 0, party="a"), *rows])
    parts = {
        "Sales": (np.nansum(found.revenue), found.common_revenue),
        "Ads": (found.spend.sum(), found.common_spend),
        "Vouchers": (found.subsidy.sum(), found.common_subsidy),
    }
    for name, (own, common) in parts.items():
        whole = sum(amount for word, amount, *_ in lines if word == name) + (name == "Sales")
        assert common is not None
        assert own + common.sum() == pytest.approx(whole, rel=1e-12)
