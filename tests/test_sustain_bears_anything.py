"""Records with holes, refunds, nothing sold or nothing spent are told without a fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sustain_tools import accounts_for, panel_for, response_for
from thalweg.economy.appraise import appraise, silent
from thalweg.economy.request import request_of
from thalweg.economy.schema import COLUMNS, frame

DAMAGE = ("none", "zeros", "late", "one_unit_sells_nothing", "refunds", "nothing_sold")
SCENARIOS = ("operations=+10%", "capital=0", "marketing=-50%")


@pytest.mark.filterwarnings("error::RuntimeWarning")
@given(
    damage=st.sampled_from(DAMAGE),
    units=st.integers(1, 5),
    months=st.integers(2, 38),
    horizon=st.integers(1, 30),
    spends=st.booleans(),
    subsidises=st.booleans(),
    separable=st.booleans(),
    adds=st.booleans(),
    costs=st.sampled_from([0.0, 0.3]),
    balance=st.sampled_from([None, 1e4]),
    raised=st.booleans(),
    seed=st.integers(0, 1_000),
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_records_hold(
    damage: str,
    units: int,
    months: int,
    horizon: int,
    spends: bool,
    subsidises: bool,
    separable: bool,
    adds: bool,
    costs: float,
    balance: float | None,
    raised: bool,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    response = response_for(units, months, 50, spread=0.1, adds=adds, seed=seed)
    response = replace(response, subsidy_known="experimental")
    panel = panel_for(response, units, months, noise=0.2)
    revenue = panel.revenue.copy()
    hit = rng.uniform(size=revenue.shape)
    if damage == "zeros":
        revenue[hit < 0.4] = 0.0
    if damage == "late":
        revenue[:, : months // 2] = np.nan
    if damage == "one_unit_sells_nothing":
        revenue[0] = 0.0
    if damage == "refunds":
        revenue[hit < 0.1] *= -1
    if damage == "nothing_sold":
        revenue[:] = 0.0
    panel = replace(
        panel, revenue=revenue, spend=panel.spend * spends, subsidy=panel.subsidy * subsidises
    )
    capital = {0: 5e4} if raised else None
    accounts = accounts_for(panel, cost_share=costs, cash=balance, capital=capital)
    request = request_of(draws=50, horizon_months=horizon, scenarios=SCENARIOS)
    found = appraise(accounts, panel, response if separable else None, request, silent)
    assert set(found.tables) <= set(COLUMNS)
    for name, rows in found.tables.items():
        told = frame(name, rows)
        for column in told.select(numbers_of(told.columns, name)).iter_columns():
            assert column.drop_nulls().is_finite().all(), (name, column.name)
    rows = found.tables["decomposition"]
    if rows:
        assert sum(row["amount"] or 0.0 for row in rows) == found.facts["growth"]["amount"]
    for name, draws in found.draws.items():
        assert not np.isinf(draws).any(), name
    for row in found.tables["traffic_off"]:
        if row.get("kept_share") is not None:
            assert row["low"] <= row["kept_share"] <= row["high"]


def numbers_of(columns: list[str], table: str) -> list[str]:
    """Columns of numbers."""
    return [name for name in columns if COLUMNS[table][name][0].get("type") == ["number", "null"]]
