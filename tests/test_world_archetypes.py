"""Archetypes of the synthetic industry: each differs from the others as it is said to."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from thalweg.industry.world.life import Lived, live
from thalweg.industry.world.mechanisms import rolled_out
from thalweg.industry.world.records import Records
from thalweg.industry.world.rollout import NEVER_DAY, Plan
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import ARCHETYPES, Switches, WorldSpec
from thalweg.industry.world.truth import money_of, off_from_of, truth_of

SMALL = WorldSpec(firms=16, months=24, orders_per_firm_month=10, seed=5)
ALONE = dataclasses.replace(SMALL, archetype="transition", interventions=("slitting",))


def off(*names: str) -> Switches:
    return Switches(off=frozenset(names))


def plan_of(archetype: str, name: str) -> tuple[Lived, Plan]:
    lived = live(dataclasses.replace(SMALL, archetype=archetype))
    return lived, lived.plans[name]


def test_spill_over_reaches_those_who_share_a_service_centre_and_nobody_else() -> None:
    spec = dataclasses.replace(ALONE, archetype="spill_over", firms=32, orders_per_firm_month=25.0)
    truth, lived = truth_of(spec, money=False), live(spec)
    plan = lived.plans["slitting"]
    touched = set(lived.firms.cluster[plan.treated].tolist())
    own = set(plan.treated.tolist())
    after = truth.cells.filter(
        (pl.col("outcome") == "layer_h:processing") & (pl.col("month") >= date(2023, 10, 1))
    )
    sums: dict[str, list[float]] = defaultdict(list)
    for unit, effect in after.select("unit", "effect").iter_rows():
        firm = int(unit[1:]) - 1
        near = int(lived.firms.cluster[firm]) in touched
        sums["treated" if firm in own else "near" if near else "far"].append(effect or 0.0)
    assert set(sums) == {"treated", "near", "far"}
    assert not any(sums["far"])
    ratio = np.mean(sums["near"]) / np.mean(sums["treated"])
    assert 0.15 < ratio < 0.45


def test_the_confounded_roll_out_takes_the_most_improving_first() -> None:
    lived, plan = plan_of("confounded", "slitting")
    treated = plan.treated[np.argsort(plan.begins[plan.treated], kind="stable")]
    never = np.flatnonzero(plan.begins == NEVER_DAY)
    trend = lived.firms.trend
    assert trend[treated].max() < trend[never].min()
    assert trend[treated[:4]].mean() < trend[treated[-4:]].mean() - 0.005


@pytest.mark.parametrize("archetype", ["confounded", "pre_trend"])
def test_nobody_says_that_firms_on_their_way_were_drawn_by_lot(archetype: str) -> None:
    _, plan = plan_of(archetype, "slitting")
    assert (plan.assignment, plan.reason) == ("chosen", "most_ready_first")


@pytest.mark.parametrize(
    ("name", "dial"),
    [("slitting", "slit_work"), ("supply_finance", "pay"), ("pooled_dispatch", "road")],
)
def test_pre_trend_firms_improve_before_they_begin(name: str, dial: str) -> None:
    spec = dataclasses.replace(SMALL, archetype="pre_trend", interventions=(name,))
    lived = live(spec, off(name))
    plan, level = lived.plans[name], lived.dials.of(dial)
    never = np.flatnonzero(plan.begins == NEVER_DAY)
    ahead = []
    for firm in plan.treated:
        before, long_before = int(plan.begins[firm]) - 5, max(0, int(plan.begins[firm]) - 240)
        others = (level[never, before] - level[never, long_before]).mean()
        ahead.append(level[firm, before] - level[firm, long_before] - others)
    assert np.mean(ahead) < -0.06


def test_anticipating_firms_act_two_months_early() -> None:
    spec = dataclasses.replace(
        SMALL, archetype="anticipation", interventions=("slitting",), orders_per_firm_month=40.0
    )
    lived, plan = plan_of("anticipation", "slitting")
    truth = truth_of(spec, money=False)
    by_lead: dict[int, list[float]] = defaultdict(list)
    cells = truth.cells.filter(pl.col("outcome") == "layer_h:processing")
    starts = {
        f"F{firm + 1:03d}": lived.clock.start + timedelta(days=int(plan.begins[firm]))
        for firm in plan.treated
    }
    for unit, month, effect in cells.select("unit", "month", "effect").iter_rows():
        if unit in starts:
            start = starts[unit]
            lead = (month.year - start.year) * 12 + month.month - start.month
            by_lead[lead].append(effect or 0.0)
    assert np.mean(by_lead[-1]) < -0.05
    assert np.mean(by_lead[-2]) < -0.01
    assert max(abs(effect) for lead in range(-9, -4) for effect in by_lead[lead]) < 1e-9


def test_shelf_technology_is_paid_for_and_hardly_used() -> None:
    shelf = run_world(dataclasses.replace(SMALL, archetype="shelf_technology"))
    plain_one = run_world(dataclasses.replace(SMALL, archetype="transition"))

    def research(records: Records) -> float:
        paid = records.ledger.filter(pl.col("account") == "research")["amount_cny"].sum()
        return -float(paid)

    assert research(shelf) > 3 * research(plain_one)
    used = shelf.interventions.filter(pl.col("intervention") == "slitting")["unit"].n_unique()
    assert used <= 0.15 * SMALL.firms


def test_war_lives_on_bought_growth_and_revolution_does_not() -> None:
    lost, ends = {}, {}
    for archetype in ("traffic_war", "transition", "revolution", "quiet_trade"):
        spec = WorldSpec(archetype=archetype, firms=16, months=36, orders_per_firm_month=12)
        after = money_of(spec).filter(pl.col("month") >= off_from_of(spec))
        sums = dict(after.group_by("switch").agg(pl.col("revenue_cny").sum()).iter_rows())
        lost[archetype] = 1 - sums["channels_and_subsidy"] / sums["none"]
        cash = after.filter(pl.col("switch") == "capital")["cash_cny"]
        ends[archetype] = bool((cash < 0).any())
    assert lost["traffic_war"] > 0.35
    assert lost["transition"] > 0.30
    assert lost["revolution"] < 0.10
    assert lost["quiet_trade"] == 0.0
    assert ends == {
        "traffic_war": True,
        "transition": True,
        "revolution": False,
        "quiet_trade": False,
    }


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_every_archetype_lives_and_is_like_no_other(archetype: str) -> None:
    spec = WorldSpec(archetype=archetype, firms=8, months=12, orders_per_firm_month=4)
    records = run_world(spec)
    assert len(records.events) > 1_000
    assert set(records.interventions["intervention"]) == set(rolled_out(spec))
