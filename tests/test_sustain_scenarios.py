"""What a user may set: read, refused with the nearest names, laid over the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from sustain_tools import accounts_for, accounts_of, line, months_from, panel_for, response_for
from thalweg.economy.appraise import appraise, off_place, silent
from thalweg.economy.coverage import coverage_of
from thalweg.economy.growth.decomposition import Span
from thalweg.economy.paths.base import base_of
from thalweg.economy.paths.costs import flows_of
from thalweg.economy.paths.plan import as_it_is, rollout_costs, set_as, without_traffic
from thalweg.economy.paths.scenario import Change, read_scenario
from thalweg.economy.request import after, month_of, request_of
from thalweg.errors import RequestError

CHANNELS, INTERVENTIONS = ("search_ads", "field_sales"), ("warehouse_receipts", "matching")


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("marketing=-50%", (Change("marketing", factor=0.5),)),
        ("marketing.search_ads=0", (Change("marketing", "search_ads", factor=0.0),)),
        ("subsidy=-100%", (Change("subsidy", factor=0.0),)),
        ("operations=+10%", (Change("operations", factor=1.1),)),
        ("research=120000", (Change("research", amount=120_000.0),)),
        (
            "rollout.warehouse_receipts=2026-06",
            (Change("rollout", "warehouse_receipts", from_month=date(2026, 6, 1)),),
        ),
        (
            " capital = 0 , marketing=+5% ",
            (Change("capital", factor=0.0), Change("marketing", factor=1.05)),
        ),
        (
            "capital=0，subsidy=−20％",
            (Change("capital", factor=0.0), Change("subsidy", factor=0.8)),
        ),
    ],
)
def test_settings_are_read(text: str, changes: tuple[Change, ...]) -> None:
    assert read_scenario(text, CHANNELS, INTERVENTIONS).changes == changes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("marketing", "NAME=VALUE"),
        ("marketng=0", "Nearest: marketing"),
        ("marketing.serch_ads=0", "Nearest: search_ads"),
        ("rollout.warehouse_receits=2026-06", "Nearest: warehouse_receipts"),
        ("rollout.matching=June", "2026-06"),
        ("rollout.matching=2026-13", "2026-06"),
        ("rollout=2026-06", "no intervention"),
        ("subsidy=50%", "sign"),
        ("subsidy=-150%", "-100%"),
        ("subsidy=-5", "sign"),
        ("subsidy.search_ads=0", "no parts"),
        ("marketing=0,marketing.search_ads=0", "twice"),
        ("capital=0,capital=0", "twice"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can(text: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        read_scenario(text, CHANNELS, INTERVENTIONS)


def laid(text: str, **ledger: object):  # type: ignore[no-untyped-def]
    response = response_for(4, 24, 1)
    panel = panel_for(response, 4, 24)
    panel.dose[1, 0] = 0.0
    accounts = accounts_for(panel, **ledger)  # type: ignore[arg-type]
    base, flows = base_of(accounts, panel, response, 1), flows_of(accounts)
    plan = as_it_is(base, flows, 6)
    ahead = tuple(after(panel.months[-1], at) for at in range(1, 7))
    scenario = read_scenario(text, base.channels, base.interventions)
    return base, plan, set_as(plan, scenario, base, ahead, rollout_costs(accounts, base))


def test_a_cut_halves_spend_and_its_cash_and_a_channel_only_its_own() -> None:
    base, plan, half = laid("marketing=-50%")
    assert np.allclose(half.spend, plan.spend / 2)
    assert np.allclose(half.budgets["marketing"], plan.budgets["marketing"] / 2)
    _, _, one = laid("marketing.ads=0")
    assert not one.spend[0].any() and np.array_equal(one.spend[1], plan.spend[1])
    left = -plan.spend[1].sum(axis=0)
    assert np.allclose(one.budgets["marketing"], left)
    assert np.allclose(plan.spend[..., :6], base.spend[..., 12:18])


def test_an_amount_is_laid_over_units_as_spend_was() -> None:
    _, plan, found = laid("marketing=1000")
    assert found.budgets["marketing"].mean() == pytest.approx(-1_000.0)
    ratio = found.spend / np.where(plan.spend > 0, plan.spend, 1)
    assert np.ptp(ratio[plan.spend > 0]) < 1e-9
    with pytest.raises(RequestError, match="in percent"):
        no_subsidy = response_for(2, 24, 1)
        panel = panel_for(no_subsidy, 2, 24)
        panel = replace(panel, subsidy=np.zeros_like(panel.subsidy))
        accounts = accounts_for(panel)
        base = base_of(accounts, panel, no_subsidy, 1)
        scenario = read_scenario("subsidy=500", base.channels, base.interventions)
        set_as(as_it_is(base, flows_of(accounts), 6), scenario, base, (), {})


def test_a_roll_out_reaches_those_who_lack_it_and_costs_what_it_cost() -> None:
    month = months_from(24)[10]
    rows = [line("platform", month, "rollout", -700.0, "matching")]
    base, plan, found = laid("rollout.matching=2024-03", more=rows)
    lacking = base.dose[1, :, -1] == 0
    used = int((base.dose[1] > 0).any(axis=1).sum())
    assert lacking.any() and used
    assert np.array_equal(found.dose[1, :, :2], plan.dose[1, :, :2])
    assert (found.dose[1, :, 2:] == 1).all()
    extra = plan.budgets["rollout"] - found.budgets["rollout"]
    assert extra == pytest.approx([0, 0, 700.0 / used * int(lacking.sum()), 0, 0, 0])


@pytest.mark.parametrize("when", ["2023-12", "2024-07"])
def test_a_roll_out_in_the_past_or_beyond_the_horizon_is_refused(when: str) -> None:
    with pytest.raises(RequestError, match="2024-01 to 2024-06"):
        laid(f"rollout.matching={when}")


def test_no_traffic_leaves_marketing_that_is_no_traffic() -> None:
    rows = [line("platform", month, "marketing", -100.0) for month in months_from(24)]
    base, plan, _ = laid("capital=0", more=rows)
    off = without_traffic(plan, base)
    assert not off.spend.any() and not off.subsidy.any()
    assert np.allclose(off.budgets["marketing"], -100.0)
    assert not off.budgets["subsidy"].any()


def test_one_firm_with_24_lines_gets_a_modest_answer() -> None:
    months = months_from(24)
    rows = [line("platform", month, "revenue", 100.0 + at) for at, month in enumerate(months)]
    accounts = accounts_of(rows, months)
    request = request_of(draws=50, scenarios=("marketing=-50%", "operations=+10%"))
    found = appraise(accounts, None, None, request, silent)
    growth = found.tables["decomposition"]
    assert {row["known"] for row in growth} == {"not_identified", "counted"}
    assert sum(row["amount"] or 0 for row in growth) == 144.0
    assert found.tables["traffic_off"] == [] and "lost_12m" not in found.draws
    capital = found.tables["capital"][0]
    assert (capital["cash"], capital["net_burn_3m"], capital["opening"]) == (None, None, "unknown")
    reasons = {row["reason"] for row in found.tables["missing"]}
    unknown = {"no_balance", "no_costs", "no_capital", "no_interventions"}
    assert reasons == {"no_traffic", *unknown}
    assert found.tables["break_even"][0] == {"kind": "operating", "known": "not_identified"}
    shown = [(row["scenario"], row["measure"]) for row in found.tables["scenarios"]]
    assert shown == [(name, "revenue_12m") for name in ("as_is", "operations=+10%")]


def with_costs(months, *more):  # type: ignore[no-untyped-def]
    """Revenue of 100 a month and staff of 60."""
    rows = [line("platform", month, "revenue", 100.0) for month in months]
    rows += [line("platform", month, "operations", -60.0) for month in months]
    return accounts_of([*rows, *more], months)


def test_what_lasts_from_nothing_lasts_whatever_was_there() -> None:
    accounts = with_costs(months_from(24))
    found = appraise(accounts, None, None, request_of(draws=50), silent)
    capital = found.tables["capital"][0]
    assert (capital["cash"], capital["runway_months"]) == (None, None)
    assert (capital["alive_share"], capital["known"]) == (1.0, "bounds")
    assert capital["net_burn_3m"] == -40.0
    assert found.tables["capital_off"] == []
    assert found.tables["break_even"][0]["month"] == months_from(24)[0]


def test_flows_are_a_balance_only_from_the_first_capital_on() -> None:
    months = months_from(24)
    founded = with_costs(months, line("platform", months[0], "capital_in", 500.0))
    found = appraise(founded, None, None, request_of(draws=50), silent)
    capital = found.tables["capital"][0]
    assert (capital["cash"], capital["opening"]) == (500.0 + 24 * 40, "cumulated_flows")
    stated = with_costs(months, line("platform", months[5], "cash", 1_000.0))
    row = appraise(stated, None, None, request_of(draws=50), silent).tables["capital"][0]
    assert (row["cash"], row["opening"]) == (1_000.0 + 18 * 40, "ledger_balance")
    gap = replace(stated, lines=stated.lines.filter(pl.col("month") != months[9]))
    row = appraise(gap, None, None, request_of(draws=50), silent).tables["capital"][0]
    assert (row["cash"], row["opening"]) == (None, "unknown")
    later = with_costs(months, line("platform", months[5], "capital_in", 500.0))
    found = appraise(later, None, None, request_of(draws=50), silent)
    assert found.tables["capital"][0]["opening"] == "unknown"


def test_gross_and_net_revenue_are_not_compared() -> None:
    months = months_from(30)
    told = [
        {"basis": "gross", "from": months[0].isoformat(), "to": months[14].isoformat()},
        {"basis": "net", "from": months[15].isoformat(), "to": months[29].isoformat()},
    ]
    accounts = replace(with_costs(months), facts={"revenue_basis": told})
    found = appraise(accounts, None, None, request_of(draws=50), silent)
    assert found.tables["decomposition"] == []
    missing = {(row["figure"], row["reason"]) for row in found.tables["missing"]}
    assert ("decomposition", "basis_changed") in missing
    same = replace(accounts, facts={"revenue_basis": [{**told[0], "to": told[1]["to"]}]})
    assert appraise(same, None, None, request_of(draws=50), silent).tables["decomposition"]


def test_missing_months_are_unknown_and_not_zero() -> None:
    months = months_from(30)
    accounts = with_costs(months)
    gap = replace(accounts, lines=accounts.lines.filter(pl.col("month") != months[25]))
    found = appraise(gap, None, None, request_of(draws=50), silent)
    growth = found.facts["growth"]
    assert (growth["from"], growth["to"]) == (months[0].isoformat(), months[24].isoformat())
    assert growth["amount"] == 0.0
    missing = {(row["figure"], row["reason"]) for row in found.tables["missing"]}
    assert ("capital_off", "months_missing") in missing
    assert found.tables["break_even"][0]["month"] == months[26]


def test_years_spread_over_months_carry_no_trend() -> None:
    months = months_from(36)
    rows = [
        {"@row": at // 12, **line("platform", month, account, amount * (1 + at // 12))}
        for account, amount in (("revenue", 100.0), ("operations", -120.0))
        for at, month in enumerate(months)
    ]
    rows = [{**row, "@row": row["@row"] + 3 * (row["account"] == "operations")} for row in rows]
    accounts = replace(accounts_of(rows, months), spread=True)
    found = appraise(accounts, None, None, request_of(draws=50), silent)
    assert found.facts["growth"]["amount"] == 12 * 200.0
    assert found.tables["break_even"][0]["known"] == "not_identified"
    assert found.tables["traffic_ahead"] == found.tables["scenarios"] == []
    capital = found.tables["capital"][0]
    assert capital["net_burn_3m"] is None and "alive_share" not in capital
    assert {row["reason"] for row in found.tables["missing"]} >= {"months_spread", "no_balance"}
    half = coverage_of(replace(accounts, months=months[:18], lines=accounts.lines.head(18)))
    assert half.span() is None


def test_short_records_compare_quarters_and_shorter_ones_nothing() -> None:
    assert coverage_of(with_costs(months_from(36))).span() == Span(0, 24, 12)
    assert coverage_of(with_costs(months_from(23))).span() == Span(0, 20, 3)
    assert coverage_of(with_costs(months_from(23))).span(6) == Span(0, 17, 6)
    assert coverage_of(with_costs(months_from(5))).span() is None


def test_marketing_of_no_firm_leaves_growth_unexplained_and_says_why() -> None:
    months = months_from(24)
    rows = [line("platform", month, "revenue", 100.0 + at) for at, month in enumerate(months)]
    rows += [line("platform", month, "marketing", -20.0) for month in months]
    request = request_of(draws=50, scenarios=("marketing=-50%", "capital=0"))
    found = appraise(accounts_of(rows, months), None, None, request, silent)
    assert found.tables["traffic_off"] == [] and "lost_12m" not in found.draws
    missing = {(row["figure"], row["reason"]) for row in found.tables["missing"]}
    assert ("traffic_off", "no_units") in missing
    assert ("scenario:marketing=-50%", "no_units") in missing
    assert {row["scenario"] for row in found.tables["scenarios"]} == {"as_is", "capital=0"}
    assert "alive" not in found.draws and "alive_traffic_off" not in found.draws


def test_four_months_are_too_few_to_look_ahead() -> None:
    months = months_from(4)
    rows = [line("platform", month, "revenue", 100.0) for month in months]
    found = appraise(accounts_of(rows, months), None, None, request_of(draws=50), silent)
    missing = {(row["figure"], row["reason"]) for row in found.tables["missing"]}
    assert {("capital_off", "too_few_months"), ("decomposition", "too_few_months")} <= missing
    assert found.tables["scenarios"] == [] and found.tables["capital"][0]["cash"] is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"draws": 10}, "50 or more"),
        ({"confidence": 1.2}, "0.5 and 1"),
        ({"horizon_months": 0}, "1 to 120"),
        ({"off_from": "May"}, "2025-01"),
        ({"since": "2024-00"}, "2025-01"),
    ],
)
def test_a_request_out_of_range_is_refused(asked: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        request_of(**asked)  # type: ignore[arg-type]


def test_months_are_read_and_counted_on() -> None:
    assert month_of("since", "2024-3") == month_of("since", date(2024, 3, 17)) == date(2024, 3, 1)
    assert after(date(2024, 11, 1), 3) == date(2025, 2, 1)
    months = months_from(36)
    assert off_place(months, None) == 24 and off_place(months, months[8]) == 8
    assert off_place(months_from(14), None) is None
    with pytest.raises(RequestError, match="2022-07 to 2024-12"):
        off_place(months, date(2026, 1, 1))
    with pytest.raises(RequestError, match="6 months"):
        off_place(months, months[2])
