"""Growth in parts: exact, without an order, and in any currency."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import factorial, fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sustain_tools import accounts_for, in_currency, panel_for, response_for
from thalweg.economy.frame import Floats
from thalweg.economy.growth.decomposition import (
    Growth,
    Span,
    counted_growth,
    decompose,
    shares_of,
)
from thalweg.economy.growth.exact import exact_parts
from thalweg.economy.growth.factors import factors_of
from thalweg.economy.growth.shapley import product_shapley
from thalweg.economy.paths.base import base_of

RATIOS = st.floats(0.0, 5.0, allow_nan=False)
AMOUNTS = st.floats(-1e12, 1e12, allow_nan=False)
LOOSE = 1e-9
"""Relative: what rounding of sums of products may leave."""


def by_all_orders(start: float, ratios: list[float]) -> list[float]:
    """Mean over all orders of what each factor adds when its turn comes."""
    shares = [0.0] * len(ratios)
    for order in permutations(range(len(ratios))):
        value = start
        for factor in order:
            shares[factor] += value * ratios[factor] - value
            value *= ratios[factor]
    return [one / factorial(len(ratios)) for one in shares]


@given(st.floats(0.0, 1e6), st.lists(RATIOS, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_shares_of_a_product_are_the_means_over_all_orders(
    start: float, ratios: list[float]
) -> None:
    found = product_shapley(np.array(start), np.array(ratios))
    expected = by_all_orders(start, ratios)
    scale = max(1.0, max(abs(one) for one in expected))
    assert np.abs(found - expected).max() <= LOOSE * scale


@given(st.lists(RATIOS, min_size=2, max_size=25), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_shares_sum_to_the_rise_and_do_not_depend_on_the_order(ratios: list[float], chance) -> None:  # type: ignore[no-untyped-def]
    found = product_shapley(np.array(100.0), np.array(ratios))
    rise = 100.0 * (np.prod(ratios) - 1)
    assert abs(found.sum() - rise) <= LOOSE * max(1.0, np.abs(found).sum())
    places = list(range(len(ratios)))
    chance.shuffle(places)
    moved = product_shapley(np.array(100.0), np.array(ratios)[places])
    assert np.allclose(moved, found[places], rtol=LOOSE, atol=LOOSE)


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=60), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_parts_and_rest_sum_to_the_whole_to_the_last_bit(
    whole: float, parts: list[float], chance
) -> None:  # type: ignore[no-untyped-def]
    total, kept, rest = exact_parts(whole, parts)
    everything = [*kept, rest]
    chance.shuffle(everything)
    assert sum(everything) == total == fsum(everything)
    scale = max(1e-280, abs(whole), *(abs(one) for one in parts))
    assert abs(total - whole) <= 2**-39 * scale
    assert all(abs(a - b) <= 2**-39 * scale for a, b in zip(kept, parts, strict=True))


def grown(adds: bool, *, spread: float = 0.1, noise: float = 0.05, units: int = 6) -> Growth:
    response = response_for(units, 36, 12, adds=adds, spread=spread)
    panel = panel_for(response, units, 36, noise=noise)
    base = base_of(accounts_for(panel), panel, response, 12)
    return decompose(base, Span(0, 24, 12), known="experimental", confidence=0.95)


@pytest.mark.parametrize("adds", [True, False])
def test_rows_sum_exactly_to_the_growth(adds: bool) -> None:
    found = grown(adds)
    assert sum(row["amount"] for row in found.rows) == found.growth
    assert found.growth > 0
    assert {row["part"] for row in found.rows} == {"bought", "earned", "market", "unexplained"}
    for row in found.rows:
        if row["low"] is not None and row["name"] != "of_no_unit":
            assert row["low"] <= row["high"]


@pytest.mark.parametrize("adds", [True, False])
def test_where_the_response_makes_all_revenue_nothing_is_left_unexplained(adds: bool) -> None:
    found = grown(adds, spread=0.0, noise=0.0)
    rest = next(row for row in found.rows if row["part"] == "unexplained")
    assert abs(rest["amount"]) <= 1e-6 * found.growth


@pytest.mark.parametrize("adds", [True, False])
def test_one_unit_and_month_agree_with_counting_all_coalitions(adds: bool) -> None:
    """The value of a coalition is what revenue would be with its factors as in the last month."""
    response = response_for(1, 24, 1, adds=adds, seed=4)
    panel = panel_for(response, 1, 24, noise=0.1)
    base = base_of(accounts_for(panel), panel, response, 1)
    span = Span(3, 20, 1)
    found = shares_of(base, factors_of(base, 0), span, np.array([True]))
    lift = response.lift(0, panel.spend)[:, 0, [3, 20]]
    pull = response.subsidy_pull[0] * panel.subsidy[0, [3, 20]] / 1_000.0
    tau = response.tau[0][:, None] * panel.dose[:, 0][:, [3, 20]]
    month = response.base[0, [3, 20]]
    revenue = panel.revenue[0, [3, 20]]

    def level(on: dict[str, int]) -> float:
        own = np.exp(month[on["market"]] + pull[on["subsidy"]] + tau[0, on["a"]] + tau[1, on["b"]])
        paid = np.array([lift[0, on["ads"]], lift[1, on["sales"]]])
        return float(own + paid.sum() if adds else own * np.exp(paid.sum()))

    players = ["ads", "sales", "subsidy", "a", "b", "market", "rest"]
    constant = [revenue[when] / level(dict.fromkeys(players, when)) for when in (0, 1)]
    shares = dict.fromkeys(players, 0.0)
    for order in permutations(players):
        on = dict.fromkeys(players, 0)
        before = revenue[0]
        for player in order:
            on[player] = 1
            after = constant[on["rest"]] * level(on)
            shares[player] += (after - before) / factorial(len(players))
            before = after
    names = {
        "ads": ("bought", "ads"),
        "sales": ("bought", "sales"),
        "subsidy": ("bought", "subsidy"),
        "a": ("earned", "receipts"),
        "b": ("earned", "matching"),
        "market": ("market", "all"),
        "rest": ("unexplained", "all"),
    }
    scale = abs(revenue).max()
    for player, name in names.items():
        assert abs(found[name] - shares[player]) <= 1e-9 * scale, player


def test_the_order_of_interventions_means_nothing() -> None:
    response = response_for(6, 36, 8, spread=0.1)
    panel = panel_for(response, 6, 36, noise=0.05)
    turned = replace(panel, interventions=panel.interventions[::-1], dose=panel.dose[::-1].copy())
    other = replace(
        response, interventions=response.interventions[::-1], tau=response.tau[:, ::-1].copy()
    )
    span = Span(0, 24, 12)

    def amounts(panel, response) -> dict[str, float]:  # type: ignore[no-untyped-def]
        base = base_of(accounts_for(panel), panel, response, 8)
        found = decompose(base, span, known="experimental", confidence=0.9)
        return {f"{row['part']}.{row['name']}": row["amount"] for row in found.rows}

    first, second = amounts(panel, response), amounts(turned, other)
    assert first.keys() == second.keys()
    for name, amount in first.items():
        assert second[name] == pytest.approx(amount, rel=1e-9, abs=1e-6)


def test_another_currency_leaves_all_shares() -> None:
    response = response_for(6, 36, 8, spread=0.1)
    panel = panel_for(response, 6, 36, noise=0.05)
    dollars, answer = in_currency(panel, response, 0.14)
    span = Span(0, 24, 12)
    tables: list[Floats] = []
    for one, by in ((panel, response), (dollars, answer)):
        base = base_of(accounts_for(one), one, by, 8)
        rows = decompose(base, span, known="experimental", confidence=0.9).rows
        tables.append(np.array([row["share"] for row in rows]))
    assert np.allclose(*tables, rtol=1e-8, atol=1e-10)


def test_units_that_came_are_told_apart() -> None:
    response = response_for(6, 36, 4)
    panel = panel_for(response, 6, 36)
    revenue = panel.revenue.copy()
    revenue[0, :20] = np.nan
    panel = replace(panel, revenue=revenue)
    base = base_of(accounts_for(panel), panel, response, 4)
    found = decompose(base, Span(0, 24, 12), known="experimental", confidence=0.9)
    came = next(row for row in found.rows if row["name"] == "units_came")
    assert came["amount"] == pytest.approx(float(np.nansum(revenue[0, 24:])), rel=1e-9)
    assert sum(row["amount"] for row in found.rows) == found.growth


def test_what_nothing_separates_is_counted_and_bounded() -> None:
    response = response_for(4, 24, 4)
    panel = panel_for(response, 4, 24)
    base = base_of(accounts_for(panel), panel, None, 4)
    found = counted_growth(base, Span(0, 12, 12), (0.1, 0.4))
    rows = {row["part"]: row for row in found.rows}
    first, last = base.total[:12].sum(), base.total[12:].sum()
    assert rows["unexplained"]["amount"] == last - first
    assert rows["bought"]["amount"] is None and rows["bought"]["known"] == "bounds"
    assert rows["bought"]["low"] == pytest.approx(0.1 * last - 0.4 * first)
    assert rows["bought"]["high"] == pytest.approx(0.4 * last - 0.1 * first)
