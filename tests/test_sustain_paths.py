"""Revenue and cash when traffic or capital stop: by hand, by loops, on the same chances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sustain_tools import accounts_for, in_currency, months_from, panel_for, response_for
from thalweg.economy.appraise import Appraisal, appraise, silent
from thalweg.economy.frame import Accounts, Floats, GrowthPanel, Label, Response
from thalweg.economy.paths.base import base_of
from thalweg.economy.paths.cash import (
    breaks_even,
    cash_of,
    ends,
    held_since,
    passes,
    runway_months,
)
from thalweg.economy.paths.costs import cost_of, flows_of
from thalweg.economy.paths.interval import place_interval
from thalweg.economy.paths.market import market_of, walk
from thalweg.economy.paths.traffic_off import traffic_stopped
from thalweg.economy.request import request_of

EXACT = 1e-9
"""Relative: rounding of sums taken in another order."""
CASH = arrays(np.float64, st.integers(1, 12), elements=st.floats(-5, 5, allow_nan=False))


def told(
    accounts: Accounts, panel: GrowthPanel | None, response: Response | None, **asked: object
) -> Appraisal:
    request = request_of(**({"draws": 50} | asked))  # type: ignore[arg-type]
    return appraise(accounts, panel, response, request, silent)


def paid(units: int = 5, months: int = 36, **how: object) -> tuple[GrowthPanel, Response]:
    response = response_for(units, months, 50, spread=0.1, **how)  # type: ignore[arg-type]
    response = replace(response, subsidy_known="experimental")
    return panel_for(response, units, months, noise=0.05), response


def test_revenue_without_traffic_agrees_with_plain_loops() -> None:
    response = response_for(3, 24, 1)
    panel = panel_for(response, 3, 24, noise=0.1)
    base = base_of(accounts_for(panel), panel, response, 1)
    found = traffic_stopped(base, 14)
    for at in range(14, 24):
        total = 0.0
        for unit in range(3):
            levels = []
            for stopped in (False, True):
                lift = 0.0
                for channel, carry in enumerate((0.3, 0.7)):
                    stock = 0.0
                    for month in range(at + 1):
                        now = 0.0 if stopped and month >= 14 else panel.spend[channel, unit, month]
                        stock = carry * stock + (1 - carry) * now
                    stock /= (50.0, 30.0)[channel] * response.size[unit]
                    lift += (0.6, 0.4)[channel] * stock / (stock + 1.5)
                rate = 0.0 if stopped else panel.subsidy[unit, at] / 1_000.0
                own = response.base[0, at] + 5.0 * rate
                own += 0.2 * panel.dose[0, unit, at] + 0.1 * panel.dose[1, unit, at]
                levels.append(np.exp(own) + lift)
            total += panel.revenue[unit, at] * levels[1] / levels[0]
        assert found.without[0, at - 14] == pytest.approx(total, rel=EXACT)


@pytest.mark.parametrize("subsidy", ["experimental", "model_only"])
def test_traffic_off_is_known_as_well_as_the_worse_of_traffic_and_subsidy(subsidy: Label) -> None:
    panel, response = paid()
    known = replace(response, label="experimental", subsidy_known=subsidy)
    found = told(accounts_for(panel), panel, known)
    assert {row["known"] for row in found.tables["traffic_off"]} == {subsidy}


def test_less_is_kept_the_longer_traffic_is_off_and_carry_over_softens_the_beginning() -> None:
    panel, response = paid()
    table = told(accounts_for(panel), panel, response).tables["traffic_off"]
    kept = [row["kept_share"] for row in table]
    assert [row["horizon_months"] for row in table] == [3, 6, 12]
    assert 1 > kept[0] > kept[2] > 0
    assert all(row["low"] < row["kept_share"] < row["high"] for row in table)
    assert all(row["known"] == "experimental" and row["path"] == "past" for row in table)


def test_channels_that_are_not_identified_show_their_spend_alone() -> None:
    panel, response = paid()
    known = replace(response, known=("experimental", "not_identified"))
    found = told(accounts_for(panel), panel, known)
    first, second = found.tables["channels"]
    assert first["low"] < first["lift_share"] < first["high"]
    assert second == {
        "channel": "sales",
        "spend": pytest.approx(panel.spend[1].sum()),
        "known": "not_identified",
    }
    assert {row["channel"] for row in found.tables["response"]} == {"ads"}


def test_parts_as_a_whole_have_intervals_of_their_own() -> None:
    panel, response = paid()
    found = told(accounts_for(panel), panel, response)
    parts = found.facts["growth"]["parts"]
    for part in ("bought", "earned", "market"):
        rows = [r for r in found.tables["decomposition"] if r["part"] == part]
        assert parts[part]["amount"] == sum(r["amount"] for r in rows)
        assert parts[part]["low"] < parts[part]["amount"] < parts[part]["high"]
        assert parts[part]["amount"] == pytest.approx(found.draws[f"growth_{part}"].mean())


def test_where_nothing_was_bought_nothing_is_lost_and_that_is_counted() -> None:
    panel, response = paid()
    panel = replace(panel, spend=np.zeros_like(panel.spend), subsidy=np.zeros_like(panel.subsidy))
    found = told(accounts_for(panel), panel, replace(response, label="not_identified"))
    assert [row["kept_share"] for row in found.tables["traffic_off"]] == [1.0, 1.0, 1.0]
    assert {row["known"] for row in found.tables["traffic_off"]} == {"counted"}
    assert not found.draws["lost_12m"].any()


def test_subsidy_of_which_only_a_range_is_known_leaves_bounds_of_both_together() -> None:
    panel, response = paid()
    ranged = replace(response, subsidy_known="bounds", subsidy_pull=np.linspace(0.0, 12.0, 50))
    found = told(accounts_for(panel), panel, ranged)
    low, high = found.draws["lost_12m_low"][0], found.draws["lost_12m_high"][0]
    base = base_of(accounts_for(panel), panel, ranged, 50)
    stop = (np.zeros_like(panel.spend), np.zeros_like(panel.subsidy))
    lost = [1 - base.without(d, *stop, panel.dose).sum() / panel.revenue.sum() for d in range(50)]
    assert (low, high) == pytest.approx(tuple(np.quantile(lost, [0.025, 0.975])))
    assert {row["known"] for row in found.tables["traffic_off"]} == {"bounds"}
    both = told(accounts_for(panel), panel, replace(ranged, label="bounds", bounds=(0.05, 0.2)))
    assert both.draws["lost_12m_low"][0] == 0.05
    assert 0.2 < both.draws["lost_12m_high"][0] < 1.0


def test_draws_that_ran_away_are_left_out_and_counted() -> None:
    panel, response = paid()
    base = response.base.copy()
    base[3], base[7, 5] = -9e15, np.nan
    found = told(accounts_for(panel), panel, replace(response, base=base))
    assert found.facts["response_draws"] == {"fitted": 50, "sound": 48}
    assert found.warnings == ["response_draws_set_aside"]
    assert np.isfinite(found.draws["lost_12m"]).all()
    gone = replace(response, base=np.full_like(base, np.nan))
    assert told(accounts_for(panel), panel, gone).tables["traffic_off"] == []


def test_bounds_are_told_as_bounds_and_never_as_a_figure() -> None:
    panel, response = paid()
    panel = replace(panel, subsidy=np.zeros_like(panel.subsidy))
    bounded = replace(response, label="bounds", bounds=(0.1, 0.45))
    found = told(accounts_for(panel), panel, bounded)
    rows = found.tables["traffic_off"]
    assert [(row.get("kept_share"), row["low"], row["high"]) for row in rows] == [
        (None, 0.55, 0.9)
    ] * 3
    assert "lost_12m" not in found.draws and found.draws["lost_12m_high"][0] == 0.45
    assert {row["figure"] for row in found.tables["missing"]} >= {"traffic_off", "decomposition"}
    assert "alive_traffic_off" not in found.tables["capital"][0]


def steady(**how: object) -> tuple[GrowthPanel, Response, Accounts]:
    """Revenue of 1,000 a unit and month for ever, 30 % of it cost of sales, staff of 500."""
    response = response_for(2, 24, 50)
    still = {"spend": np.zeros((2, 2, 24)), "subsidy": np.zeros((2, 24))}
    panel = replace(
        panel_for(response, 2, 24),
        **still,
        dose=np.zeros((2, 2, 24)),
        revenue=np.full((2, 24), 1_000.0),
    )
    return panel, response, accounts_for(panel, staff=500.0, **how)  # type: ignore[arg-type]


def test_a_steady_business_goes_on_as_it_was_to_the_last_cent() -> None:
    panel, _, accounts = steady(capital={0: 2_400.0}, cash=10_000.0)
    found = told(accounts, panel, None, scenarios=("operations=+10%", "capital=0"))
    rows = {(r["scenario"], r["measure"]): r for r in found.tables["scenarios"]}
    year = 12 * (2_000.0 * 0.7 - 500.0)
    assert rows["as_is", "revenue_12m"]["value"] == pytest.approx(24_000.0)
    assert rows["as_is", "operating_cash_12m"]["value"] == pytest.approx(year)
    assert rows["as_is", "cash_12m"]["value"] == pytest.approx(10_000.0 + year + 12 * 100.0)
    more = rows["operations=+10%", "operating_cash_12m"]
    assert more["difference"] == pytest.approx(-600.0)
    assert more["difference_low"] == pytest.approx(more["difference_high"])
    assert rows["capital=0", "cash_at_horizon"]["difference"] == pytest.approx(-2_400.0)
    capital = found.tables["capital"][0]
    assert capital["cash"] == 10_000.0 and capital["opening"] == "ledger_balance"
    assert capital["runway_months"] is None and capital["alive_share"] == 1.0
    assert found.tables["break_even"][0] == {
        "kind": "operating",
        "month": panel.months[0],
        "low": panel.months[0],
        "high": panel.months[0],
        "reached_share": 1.0,
        "known": "counted",
    }


def test_cash_that_burns_ends_in_the_month_that_arithmetic_says() -> None:
    panel, _, _ = steady()
    accounts = accounts_for(panel, staff=2_000.0, capital={0: 24_000.0}, cash=2_150.0)
    found = told(accounts, panel, None)
    capital = found.tables["capital"][0]
    assert capital["net_burn_3m"] == pytest.approx(600.0)
    assert capital["runway_months"] == pytest.approx(2_150.0 / 600.0)
    assert capital["cash_ends"] == months_from(28)[27] == capital["low"] == capital["high"]
    assert capital["alive_share"] == 0.0
    paths = found.tables["capital_off"]
    off = [row["cash"] for row in paths if row["scenario"] == "capital_off"]
    as_is = [row["cash"] for row in paths if row["scenario"] == "as_is"][24:]
    assert off[:3] == pytest.approx([1_550.0, 950.0, 350.0])
    assert np.diff(as_is) == pytest.approx(np.full(23, 400.0))
    assert found.tables["break_even"][0]["reached_share"] == 0.0


def test_traffic_off_in_the_past_changes_cash_by_margin_and_savings() -> None:
    response = replace(response_for(3, 36, 50), subsidy_known="experimental")
    panel = panel_for(response, 3, 36)
    accounts = accounts_for(panel, cost_share=0.3, capital={0: 1.0, 30: 5_000.0})
    found = told(accounts, panel, response)
    base = base_of(accounts, panel, response, 50)
    stopped = traffic_stopped(base, 24)
    lost = stopped.revenue - stopped.without[0]
    saved = panel.spend.sum(axis=(0, 1))[24:] + panel.subsidy.sum(axis=0)[24:]
    cash = cash_of(accounts, flows_of(accounts), np.ones(36, np.bool_)).balance[24:]
    raised = np.where(np.arange(24, 36) >= 30, 5_000.0, 0.0)
    expected = cash - raised + np.cumsum(saved - 0.7 * lost)
    rows = found.tables["capital_past"]
    both = [row["cash"] for row in rows if row["scenario"] == "traffic_and_capital_off"]
    assert both == pytest.approx(expected.tolist(), rel=1e-6)
    bare = [row["cash"] for row in rows if row["scenario"] == "capital_off"]
    assert bare == pytest.approx((cash - raised).tolist())


def test_stopping_all_spend_is_the_same_as_setting_it_to_nothing() -> None:
    panel, response = paid()
    text = "marketing=0,subsidy=0"
    found = told(accounts_for(panel), panel, response, scenarios=(text,))
    rows = found.tables["scenarios"]
    year = next(r for r in rows if r["scenario"] == text and r["measure"] == "revenue_12m")
    kept = found.draws["kept_12m_ahead"]
    assert year["difference"] < 0 and year["difference_high"] < 0
    path = [row["without"] for row in found.tables["traffic_ahead"][:12]]
    assert year["value"] == pytest.approx(sum(path), rel=0.02)
    assert 0 < kept.mean() < 1


def test_ratios_are_the_same_in_another_currency() -> None:
    panel, response = paid()
    dollars, other = in_currency(panel, response, 0.14)
    one = told(accounts_for(panel, capital={0: 1e5}), panel, response)
    two = told(accounts_for(dollars, staff=9_000 * 0.14, capital={0: 1.4e4}), dollars, other)
    for name in ("lost_12m", "kept_12m_ahead", "alive", "self_financing"):
        assert np.allclose(one.draws[name], two.draws[name], rtol=1e-6), name
    first, second = (found.tables["capital"][0] for found in (one, two))
    assert first["cash_ends"] == second["cash_ends"]
    assert one.tables["break_even"] == two.tables["break_even"]


def test_a_seed_gives_the_same_and_another_one_something_else() -> None:
    panel, response = paid()
    accounts = accounts_for(panel)
    one, two, other = (told(accounts, panel, response, seed=seed) for seed in (3, 3, 4))
    assert one.tables == two.tables
    assert one.tables["traffic_ahead"] != other.tables["traffic_ahead"]


@given(
    arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.floats(-2, 2))
)
@settings(max_examples=80, deadline=None)
def test_months_of_ends_and_break_even_agree_with_loops(table: Floats) -> None:
    months = table.shape[1]
    for row, end, even in zip(table, ends(table), breaks_even(table), strict=True):
        below = [at for at in range(months) if row[at] < 0]
        assert (below[0] if below else None) == (None if np.isnan(end) else end)
        runs = [at for at in range(months - 2) if all(row[at : at + 3] >= 0)]
        assert (runs[0] if runs else None) == (None if np.isnan(even) else even)


@given(CASH, st.data())
@settings(max_examples=80, deadline=None)
def test_cumulative_break_even_is_where_created_stays_above_spent(
    spent: Floats, data: st.DataObject
) -> None:
    spent = np.round(np.abs(spent), 1)
    created = np.round(
        data.draw(arrays(np.float64, len(spent), elements=st.floats(0, 5, allow_nan=False))), 1
    )
    found = float(passes(created[None], spent[None])[0])
    gap = np.cumsum(created) - np.cumsum(spent)
    held = [at for at in range(len(gap)) if (gap[at:] >= 0).all()]
    moved = spent.sum() > 0 or created.sum() > 0
    assert (held[0] if held and moved else None) == (None if np.isnan(found) else found)


def test_break_even_that_was_lost_again_is_not_held() -> None:
    all_ = np.ones(8, np.bool_)
    assert held_since(np.array([1.0, 1, 1, 1, -1, 1, 1]), all_[:7]) is None
    assert held_since(np.array([1.0, -1, 1, 1, 1]), all_[:5]) == 2
    assert held_since(np.array([1.0, 1]), all_[:2]) is None
    gap = np.array([True, True, False, True, True, True])
    assert held_since(np.array([1.0, 1, 0, 1, 1, 1]), gap) == 3
    assert held_since(np.array([1.0, 1, 1, 1, 0, 1]), gap[[0, 1, 3, 4, 2, 5]]) is None
    assert runway_months(100.0, -5.0) is None and runway_months(-3.0, 5.0) == 0.0


def test_months_beyond_the_horizon_have_no_date() -> None:
    draws = np.array([3.0, 4.0, np.nan, np.nan, np.nan])
    assert place_interval(draws, 0.8) == (None, 3, None)
    assert place_interval(np.array([2.0, 3.0, 4.0]), 0.5) == (3, 2, 4)


def test_costs_are_split_into_a_fixed_part_and_a_share() -> None:
    rng = np.random.default_rng(5)
    revenue = rng.uniform(80, 120, 24)
    found = cost_of(-(7.0 + 0.4 * revenue), revenue, 20, rng)
    assert np.allclose(found.fixed, 7.0) and np.allclose(found.share, 0.4)
    assert np.allclose(found.noise, 0.0, atol=1e-9)
    none = cost_of(np.zeros(24), revenue, 20, rng)
    assert not none.of(np.ones((20, 3))).any()


def test_a_forecast_of_the_market_covers_what_comes() -> None:
    """Trend, season and AR(1) noise as assumed: intervals of the month a year ahead hold 95 %."""
    rng = np.random.default_rng(11)
    season = 0.2 * np.sin(np.arange(12) * np.pi / 6)
    held = []
    for _ in range(150):
        noise = np.zeros(48)
        for at in range(1, 48):
            noise[at] = 0.5 * noise[at - 1] + 0.05 * rng.standard_normal()
        log = 0.01 * np.arange(48) + season[np.arange(48) % 12] + noise
        market = market_of(np.exp(log[:36]), np.arange(36) % 12)
        assert market is not None
        ahead = np.array([walk(market, 12, 0, rng)[-1] for _ in range(80)])
        low, high = np.quantile(ahead, [0.025, 0.975])
        held.append(low <= log[47] <= high)
    assert 0.88 <= np.mean(held) <= 0.995


def test_a_market_needs_six_months() -> None:
    assert market_of(np.array([1.0, 2, 3, 0, 4, 5]), np.arange(6)) is None
