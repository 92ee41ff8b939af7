"""Metrics agree with hand arithmetic, do not depend on the currency, and are silent where they must be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_tools import TRAFFIC, line, month, profile_of, table
from thalweg.economy.accounts.read import accounts_from
from thalweg.economy.frame import Accounts
from thalweg.economy.metrics.metric import Metric
from thalweg.economy.metrics.table import metrics_of, metrics_table
from thalweg.economy.metrics.units import NONE, REST, unit_economics_table

RATIOS = ("share", "ratio", "months")


def accounts(rows: list[dict[str, Any]], **tables: pl.DataFrame) -> Accounts:
    return accounts_from({"ledger": table(rows), **tables}, profile_of())


def told(rows: list[dict[str, Any]], **tables: pl.DataFrame) -> dict[str, Metric]:
    return {one.metric: one for one in metrics_of(accounts(rows, **tables))}


def firm() -> list[dict[str, Any]]:
    """Two years: revenue 100 a month, then 150; costs 60 %, ads 20, staff 40, research 5, cash 900."""
    rows: list[dict[str, Any]] = [line("Shares issued", 1_000.0, 0), line("Bank", 900.0, 20)]
    for at in range(24):
        revenue = 100.0 if at < 12 else 150.0
        rows += [line("Sales", revenue, at), line("Cost of sales", -0.6 * revenue, at)]
        rows += [line("Ads", -20.0, at), line("Staff", -40.0, at), line("Research", -5.0, at)]
    return rows


def test_metrics_of_a_firm_are_those_of_hand_arithmetic() -> None:
    found = told(firm())
    hand = {
        "revenue": 1_800,
        "gross_profit": 720,
        "gross_margin": 0.4,
        "contribution": 480,
        "contribution_margin": 480 / 1_800,
        "operating_cash": 12 * (150 - 90 - 20 - 40 - 5),
        "operating_margin": -5 / 150,
        "marketing_share": 20 / 150,
        "research_share": 5 / 150,
        "research_to_selling": 0.25,
        "revenue_growth": 0.5,
        "burn_multiple": 60 / (720 - 480),
        "rule_of_40": 0.5 - 5 / 150,
        "net_burn": 5,
        "gross_burn": 155,
        "operating_cover": (150 - 90 - 40) / 25,
        "cash": 900 - 3 * 5,
        "runway": 885 / 5,
    }
    assert {name: found[name].value for name in hand} == {
        name: pytest.approx(value) for name, value in hand.items()
    }
    assert found["revenue"].span == (month(12), month(23))
    assert found["net_burn"].span == (month(21), month(23))


def test_what_cannot_be_told_has_a_reason() -> None:
    found = told(firm())
    reasons = {
        "subsidy_share": "no_subsidy",
        "revenue_growth_yearly": "history_too_short",
        "net_revenue_retention": "no_parties",
        "take_rate": "no_goods_value",
        "spend_per_order": "no_traffic",
    }
    assert {name: found[name].missing for name in reasons} == reasons
    assert all((one.value is None) == (one.missing is not None) for one in found.values())
    bare = told([line("Sales", 10.0, at) for at in range(24)])
    assert bare["gross_margin"].missing == "no_cost_of_sales"
    assert bare["net_burn"].missing == bare["rule_of_40"].missing == "no_costs"
    assert bare["runway"].missing == "no_cash"
    assert [one.missing for one in metrics_of(accounts([line("Ads", -1.0)]))] == ["no_revenue"]


def test_a_business_that_burns_nothing_has_no_burn_multiple_and_no_end_of_cash() -> None:
    rows = [line("Sales", 10.0 + at, at) for at in range(24)]
    rows += [line("Cost of sales", -2.0, at) for at in range(24)] + [line("Bank", 5.0, 23)]
    found = told(rows)
    assert found["burn_multiple"].missing == "burns_nothing"
    assert found["runway"].missing == "burns_nothing"
    assert found["net_burn"].value == pytest.approx(-30.0)
    losing = told([*rows, *(line("Staff", -(60.0 if at < 12 else 80.0), at) for at in range(24))])
    assert losing["burn_multiple"].value == pytest.approx((12 * 82 - (120 + 210)) / 144)
    flat = [line("Sales", 10.0, at) for at in range(24)]
    flat += [line("Cost of sales", -20.0, at) for at in range(24)]
    assert told(flat)["burn_multiple"].missing == "gross_profit_did_not_rise"


def test_half_years_with_gaps_are_compared_with_the_same_half_only() -> None:
    """Youzan's lines: a half of 2023 and of 2024, nothing between."""
    rows = [line("Sales", 724.294, 0, to=month(5)), line("Sales", 686.329, 12, to=month(17))]
    rows += [line("Ads", 331.075, 0, to=month(5)), line("Ads", 265.763, 12, to=month(17))]
    rows += [line("Research", 50.0, 0, to=month(5))]
    found = told(rows)
    assert found["revenue"].span == (month(12), month(17))
    assert found["revenue"].value == pytest.approx(686.329)
    assert found["revenue_growth"].value == pytest.approx(686.329 / 724.294 - 1)
    assert found["marketing_share"].value == pytest.approx(265.763 / 686.329)
    assert found["research_share"].missing == "not_in_window"
    assert found["net_burn"].missing == "no_costs"
    whole = told([*rows, *(line("Cost of sales", -300.0, at, to=month(at + 5)) for at in (0, 12))])
    assert whole["net_burn"].missing == "not_in_window"
    assert whole["gross_margin"].value == pytest.approx(1 - 300 / 686.329)


def test_months_that_no_line_begins_or_ends_are_not_compared() -> None:
    """Two years and nine months: COSMOPlat's lines. Nine months of a year were never observed."""
    rows = [line("Sales", 1_200.0, 0, to=month(11)), line("Sales", 1_300.0, 12, to=month(23))]
    rows += [line("Sales", 1_100.0, 24, to=month(32))]
    found = told(rows)
    assert found["revenue"].span == (month(24), month(32))
    assert found["revenue"].value == pytest.approx(1_100)
    assert found["revenue_growth"].missing == "no_year_before"
    assert found["revenue_growth_yearly"].missing == "history_too_short"
    years = told(rows[:2])
    assert years["revenue"].span == (month(12), month(23))
    assert years["revenue_growth"].value == pytest.approx(1_300 / 1_200 - 1)


def test_a_balance_is_not_carried_over_months_that_are_not_known() -> None:
    rows = [line("Sales", 600.0, at, to=month(at + 5)) for at in (0, 12)]
    rows += [line("Cost of sales", -660.0, at, to=month(at + 5)) for at in (0, 12)]
    old = told([*rows, line("Bank", 90.0, 5)])
    assert old["cash"].missing == old["runway"].missing == "balance_too_old"
    new = told([*rows, line("Bank", 90.0, 15)])
    assert new["cash"].value == pytest.approx(90 - 2 * 10)
    assert new["runway"].value == pytest.approx(70 / 10)


def test_a_burn_of_half_years_is_that_of_the_half() -> None:
    rows = [line("Sales", 600.0, at, to=month(at + 5)) for at in (0, 6)]
    rows += [line("Cost of sales", -660.0, at, to=month(at + 5)) for at in (0, 6)]
    found = told(rows)
    assert found["net_burn"].value == pytest.approx(10.0)
    assert found["net_burn"].span == (month(0), month(11))


def parties() -> list[dict[str, Any]]:
    """a grows, b shrinks, c leaves after a year, d comes in month 20; 36 months."""
    rows: list[dict[str, Any]] = []
    for at in range(36):
        worth = {"a": 10.0 + (at >= 33), "b": 10.0 - 2 * (at >= 33), "c": 5.0 * (at < 24)}
        worth |= {"d": 4.0 * (at >= 30)}
        rows += [line("Sales", value, at, party=name) for name, value in worth.items() if value]
        rows += [
            line("Cost of sales", -value / 2, at, party=n) for n, value in worth.items() if value
        ]
        rows += [line("Ads", -1.0, at)]
    return rows


def test_retention_follows_the_parties_that_were_there_a_year_before() -> None:
    found = told(parties())
    assert found["net_revenue_retention"].value == pytest.approx((33 + 24) / (30 + 30 + 15))
    assert found["quick_ratio"].value == pytest.approx((3 + 12) / (6 + 15))
    assert found["net_revenue_retention"].span == (month(33), month(35))
    whole = 12 * 20 - 3 + 24
    assert found["top_1_share"].value == pytest.approx(123 / (123 + 114 + 24))
    assert found["top_5_share"].value == pytest.approx(1.0)
    assert found["revenue"].value == pytest.approx(whole)
    cost = found["customer_acquisition_cost"]
    assert cost.value == pytest.approx(12.0)
    gross_per_party = (whole / 2) / (12 + 12 + 6)
    assert found["payback"].value == pytest.approx(12.0 / gross_per_party)
    assert found["lifetime_value"].missing == "lifetime_not_identified"


def test_a_lifetime_is_told_once_enough_parties_were_lost() -> None:
    rows = [line("Sales", 10.0, at, party=f"p{n}") for n in range(10) for at in range(12 + 2 * n)]
    rows += [line("Cost of sales", -2.0, at) for at in range(30)] + [line("Ads", -1.0, 29)]
    found = told(rows)
    size = 30
    lost = [n for n in range(10) if 12 + 2 * n - 1 < size - 6]
    at_risk = sum(min(12 + 2 * n, size - 6) for n in range(10))
    window = range(18, 30)
    active = sum(at < 12 + 2 * n for n in range(10) for at in window)
    gross = (10.0 * active - 24.0) / active
    assert len(lost) == 7
    assert found["lifetime_value"].value == pytest.approx(gross * at_risk / len(lost))


def test_the_take_rate_needs_the_value_of_goods_and_orders_need_traffic() -> None:
    goods = pl.DataFrame({"month": [month(at) for at in range(24)], "value": [3_000.0] * 24})
    found = {one.metric: one for one in metrics_of(accounts(firm()), goods)}
    assert found["take_rate"].value == pytest.approx(150 / 3_000)
    visits = [
        {"month": month(at), "channel": c, "orders": o, "spend": s}
        for at in range(24)
        for c, o, s in (("search", 4.0, 20.0), ("free", 9.0, 0.0))
    ]
    paid = told(firm(), traffic=table(visits, TRAFFIC))
    assert paid["spend_per_order"].value == pytest.approx(5.0)


def test_revenue_on_another_basis_is_not_compared() -> None:
    basis = ["gross" if row["month"] < month(12) else "net" for row in firm()]
    ledger = table(firm()).with_columns(pl.Series("basis", basis))
    found = accounts_from({"ledger": ledger}, profile_of())
    assert found.facts["revenue_basis"] == [
        {"basis": "gross", "rows": 12, "from": "2023-01-01", "to": "2023-12-01"},
        {"basis": "net", "rows": 12, "from": "2024-01-01", "to": "2024-12-01"},
    ]
    by = {one.metric: one for one in metrics_of(found)}
    assert by["revenue_growth"].missing == by["rule_of_40"].missing == "basis_differs"
    assert by["gross_margin"].value == pytest.approx(0.4)


AMOUNT = st.integers(1, 10**9).map(lambda cents: cents / 100)
NAMES = st.sampled_from(["Sales", "Cost of sales", "Ads", "Vouchers", "Staff", "Research", "Bank"])
LINES = st.lists(
    st.tuples(NAMES, AMOUNT, st.integers(0, 30), st.sampled_from([None, "a", "b", "c"])),
    max_size=60,
)


def scaled(one: Accounts, rate: float) -> Accounts:
    return replace(
        one,
        lines=one.lines.with_columns(pl.col("amount") * rate),
        traffic=one.traffic.with_columns(pl.col("spend") * rate),
    )


@settings(deadline=None)
@given(LINES, st.floats(0.01, 100))
def test_another_currency_leaves_every_ratio_as_it_is(
    lines: list[tuple[str, float, int, str | None]], rate: float
) -> None:
    rows = [line(name, amount, at, party=party) for name, amount, at, party in lines]
    first = accounts([line("Sales", 5.0, at) for at in range(30)] + rows)
    second = scaled(first, rate)
    for one, other in zip(metrics_of(first), metrics_of(second), strict=True):
        assert (one.metric, one.missing, one.span) == (other.metric, other.missing, other.span)
        if one.value is not None and other.value is not None:
            factor = 1.0 if one.unit in RATIOS else rate
            assert other.value == pytest.approx(one.value * factor, rel=1e-6, abs=1e-6 * factor)


@settings(deadline=None)
@given(LINES)
def test_unit_economics_add_up_to_the_totals_in_every_way(
    lines: list[tuple[str, float, int, str | None]],
) -> None:
    rows = [
        line(name, amount, at, party=party, product=party and f"p{at % 3}", document=f"d{at}")
        for name, amount, at, party in lines
    ]
    found = accounts(
        [line(n, a, at) for at in range(30) for n, a in (("Sales", 5.0), ("Cost of sales", -1.0))]
        + [line("Ads", -1.0, 0), *rows]
    )
    paths = pl.DataFrame({"document": ["d20", "d25"], "path": ["A → B", "A → C"]})
    units = unit_economics_table(found, paths, largest=2)
    last = 30 if any(name == "Sales" and at == 30 for name, _, at, _ in lines) else 29
    inside = found.lines.filter(pl.col("month").is_between(month(last - 11), month(last)))
    revenue = inside.filter(pl.col("account") == "revenue")["amount"].sum()
    names = ["revenue", "cost_of_sales", "marketing", "subsidy"]
    contribution = inside.filter(pl.col("account").is_in(names))["amount"].sum()
    for by in ("product", "party", "cohort", "path"):
        mine = units.filter(pl.col("by") == by)
        assert mine["revenue"].sum() == pytest.approx(revenue)
        assert mine["contribution"].sum() == pytest.approx(contribution, rel=1e-9, abs=1e-6)
        assert len(mine.filter(~pl.col("name").is_in([NONE, REST]))) <= 2


def test_orders_are_counted_from_documents_and_channels_from_traffic() -> None:
    rows = [line("Sales", 10.0, 0, product="x", document=f"o{n % 3}") for n in range(5)]
    rows += [line("Cost of sales", -4.0, 0, product="x", document="o1"), line("Ads", -1.0, 0)]
    visits = [{"month": month(0), "channel": "search", "orders": 4.0, "spend": 20.0}]
    paths = pl.DataFrame({"document": ["o0", "o1"], "path": ["A → B", "A"]})
    found = accounts(rows, traffic=table(visits, TRAFFIC))
    units = unit_economics_table(found, paths)
    by = {(r["by"], r["name"]): r for r in units.iter_rows(named=True)}
    assert by["product", "x"]["orders"] == 3
    assert by["product", "x"]["per_order"] == pytest.approx(46 / 3)
    assert by["path", "A → B"]["revenue"] == 20 and by["path", NONE]["orders"] == 1
    assert by["path", "A"]["margin"] == pytest.approx(16 / 20)
    assert by["channel", "search"]["per_order"] == -5
    bare = unit_economics_table(accounts(rows[:5]))
    costs = ("cost_of_sales", "gross_profit", "contribution", "margin", "per_order")
    assert all(bare[name].is_null().all() for name in costs)
    assert bare.filter(by="product", name="x")["revenue"].item() == 50


def test_the_table_is_that_of_a_sustain_result() -> None:
    found = metrics_table(accounts(firm()))
    assert found.filter(metric="revenue")["unit"].item() == "cny"
    assert set(found["known"].drop_nulls()) == {"counted"}
    assert found["metric"].is_unique().all()


def test_visits_and_orders_grow_against_the_same_months_before() -> None:
    rows = [
        {"party": "A", "month": month(at), "channel": "ads", "visits": 10.0 + at, "orders": 2.0}
        for at in range(24)
    ]
    found = told(firm(), traffic=table(rows, TRAFFIC))
    now, before = sum(10.0 + at for at in range(12, 24)), sum(10.0 + at for at in range(12))
    assert found["visits"].value == now
    assert found["visits_growth"].value == pytest.approx(now / before - 1)
    assert (found["orders"].value, found["orders_growth"].value) == (24.0, 0.0)
    assert (found["leads"].missing, found["leads_growth"].missing) == ("no_traffic", "no_traffic")
    short = told(firm(), traffic=table(rows[3:], TRAFFIC))
    assert short["visits_growth"].missing == "no_year_before"
