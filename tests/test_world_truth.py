"""The truth of a synthetic industry: what an intervention did, and nothing that it did not do."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from thalweg.industry.world.calendars import CALENDAR, to_work
from thalweg.industry.world.chance import DAY_S
from thalweg.industry.world.course import CODE
from thalweg.industry.world.life import Lived, live
from thalweg.industry.world.mechanisms import DIALS, INTERVENTION_TABLE, LAYERS
from thalweg.industry.world.outcomes import WINDOWS_D
from thalweg.industry.world.records import Records
from thalweg.industry.world.rollout import NEVER_DAY
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import INTERVENTIONS, Switches, WorldSpec
from thalweg.industry.world.truth import Truth, truth_of

SMALL = WorldSpec(firms=16, months=24, orders_per_firm_month=10, seed=5)
ALONE = dataclasses.replace(SMALL, archetype="transition", interventions=("slitting",))
OTHER_LAYERS = ("lead", "match", "contract", "production", "warehousing")
"""Upstream of processing: slitting cannot touch them."""


@pytest.fixture(scope="module")
def alone() -> Truth:
    return truth_of(ALONE)


@pytest.fixture(scope="module")
def revolution() -> Truth:
    return truth_of(SMALL)


def off(*names: str) -> Switches:
    return Switches(off=frozenset(names))


# --- common random numbers ---------------------------------------------------------------------


def plain(records: Records, before: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and links that ended before a local day, told apart from later ones' numbering."""
    ends = pl.col("end").dt.convert_time_zone("Asia/Shanghai").dt.date()
    events = records.events.filter(ends < before)
    return events.drop("resource"), records.links.join(events, on="event", how="semi")


@pytest.mark.parametrize("name", INTERVENTIONS)
def test_before_an_intervention_begins_both_worlds_are_the_same(name: str) -> None:
    on = run_world(SMALL, until=None)
    without = run_world(SMALL, off(name), until=None)
    begins = on.interventions.filter(pl.col("intervention") == name)["from"].min()
    assert isinstance(begins, date)
    assert name not in set(without.interventions["intervention"])
    for here, there in zip(plain(on, begins), plain(without, begins), strict=True):
        assert len(here) > 500
        assert here.equals(there)
    assert not on.events.drop("resource").equals(without.events.drop("resource"))


def test_what_is_switched_off_leaves_other_firms_as_they_were() -> None:
    spec = dataclasses.replace(ALONE, treated_share=0.5)
    on, without = run_world(spec, until=None), run_world(spec, off("slitting"), until=None)
    treated = set(on.interventions["unit"])

    def untouched(records: Records) -> pl.DataFrame:
        orders = records.objects["order"].filter(
            ~pl.col("firm").cast(pl.String).is_in(list(treated))
        )
        links = records.links.filter(pl.col("type") == "order").join(orders, on="object")
        rows = links.join(records.events, on="event").drop("resource", "event")
        return rows.sort("object", "end", "start", "activity")

    assert len(untouched(on)) > 5_000
    assert untouched(on).equals(untouched(without))


def test_where_subsidy_pauses_inquiries_are_missing_and_all_others_are_the_same() -> None:
    war = dataclasses.replace(SMALL, archetype="traffic_war", subsidy_pauses=0.0)
    never = live(war)
    often = live(dataclasses.replace(war, subsidy_pauses=0.3))
    np.testing.assert_array_equal(often.traffic.spend_cny, never.traffic.spend_cny)
    paused, month = often.dials.subsidy_paused, never.clock.months_of_days
    assert not never.dials.subsidy_paused.any()
    assert 0.2 < paused.mean() < 0.4 and not often.dials.subsidy[paused].any()

    def inquiries(lived: Lived, where: np.ndarray[Any, Any]) -> set[int]:
        orders = lived.course.orders
        at = where[orders.firm, month[orders.arrive_s // DAY_S]]
        return set(orders.key[at].tolist())

    assert inquiries(often, ~paused) == inquiries(never, ~paused)
    assert inquiries(often, paused) < inquiries(never, paused)
    kept = len(inquiries(often, paused)) / len(inquiries(never, paused))
    assert 0.5 < kept < 0.95


def test_without_traffic_there_are_fewer_inquiries_and_those_are_the_same() -> None:
    war = dataclasses.replace(SMALL, archetype="traffic_war")
    stop = date(2023, 1, 1)
    on = run_world(war, until=None)
    calm = run_world(war, Switches(channels_off_from=stop, subsidy_off_from=stop), until=None)
    kept = calm.objects["inquiry"]
    both = on.objects["inquiry"].join(kept.select("object"), on="object", how="semi")
    assert len(kept) < 0.95 * len(on.objects["inquiry"])
    assert both.equals(kept)
    paid = calm.traffic.filter(pl.col("month") >= stop)
    assert paid["spend_cny"].sum() == 0
    later = calm.ledger.filter((pl.col("month") >= stop) & (pl.col("account") == "subsidy"))
    assert len(later) == 0
    assert calm.traffic.filter(pl.col("month") < stop)["spend_cny"].sum() > 0


def test_capital_off_takes_away_later_rounds_and_nothing_else() -> None:
    on, without = run_world(SMALL), run_world(SMALL, Switches(capital_off_from=date(2022, 6, 1)))
    raised = pl.col("account") == "capital_raised"
    assert len(on.ledger.filter(raised)) == 3
    assert len(without.ledger.filter(raised)) == 1
    assert on.ledger.filter(~raised).equals(without.ledger.filter(~raised))
    assert on.events.equals(without.events)


# --- effects -----------------------------------------------------------------------------------


def test_a_placebo_has_an_effect_of_exactly_nothing() -> None:
    truth = truth_of(dataclasses.replace(SMALL, archetype="placebo"))
    assert set(truth.effects["intervention"]) == set(INTERVENTIONS)
    assert (truth.cells["effect"].fill_null(0.0) == 0.0).all()


def test_a_scale_of_nought_makes_a_placebo_of_any_world() -> None:
    truth = truth_of(dataclasses.replace(ALONE, effect_scale=0.0))
    assert (truth.effects["att"] == 0.0).all()


def test_slitting_shortens_processing_and_rework_and_nothing_upstream(alone: Truth) -> None:
    faster = alone.effect("slitting", "layer_h:processing")
    assert -0.40 < faster["relative"] < -0.10
    assert faster["relative"] == pytest.approx(math.expm1(faster["att"]))
    assert alone.effect("slitting", "rework_share")["att"] < -0.01
    for layer in OTHER_LAYERS:
        assert alone.effect("slitting", f"layer_h:{layer}")["att"] == 0.0
    for outcome in ("started_per_day", "value_per_day", "broke_off_share"):
        assert alone.effect("slitting", outcome)["att"] == 0.0


def test_a_larger_scale_is_a_larger_effect() -> None:
    effects = [
        truth_of(dataclasses.replace(ALONE, effect_scale=scale), money=False).effect(
            "slitting", "layer_h:processing"
        )["att"]
        for scale in (0.5, 1.0, 2.0, -1.0)
    ]
    assert effects[2] < effects[1] < effects[0] < 0 < effects[3]


def test_signing_takes_exactly_the_stated_part_of_the_time_for_the_same_order() -> None:
    spec = dataclasses.replace(ALONE, interventions=("e_signing",))
    on, without = live(spec), live(spec, off("e_signing"))
    begins = int(on.plans["e_signing"].begins[0])

    def signing(lived: Lived) -> tuple[np.ndarray, np.ndarray]:
        """Working seconds from the only draft to the signature, NaN for other orders."""
        course = lived.course
        n = len(course.orders.key)
        drafts = course.activity == CODE["draft_contract"]
        amended = np.bincount(course.order[course.activity == CODE["amend_contract"]], minlength=n)
        drafted = np.full(n, -1)
        drafted[course.order[drafts]] = course.end_s[drafts]
        good = (drafted >= 0) & (amended == 0)
        clock, office = lived.clock, CALENDAR["office"]
        spent = [
            to_work(clock.worked, clock.opens, office, int(b))
            - to_work(clock.worked, clock.opens, office, int(a))
            if fine
            else math.nan
            for a, b, fine in zip(drafted, course.orders.signed_s, good, strict=True)
        ]
        return np.array(spent), drafted // 86_400

    (new, day), (old, _) = signing(on), signing(without)
    after = np.isfinite(new) & np.isfinite(old) & (day >= begins) & (old > 3_600)
    assert after.sum() > 500
    assert np.abs(np.log(new[after] / old[after]) + 0.60).max() < 0.001


def test_finance_pays_earlier_and_brings_some_orders(revolution: Truth) -> None:
    assert revolution.effect("supply_finance", "layer_h:finance")["relative"] < -0.2
    assert revolution.effect("supply_finance", "started_per_day")["att"] > 0.02


def test_each_intervention_works_where_it_is_said_to_work(revolution: Truth) -> None:
    for name, outcome in (
        ("e_receipts", "layer_h:warehousing"),
        ("e_receipts", "layer_h:settlement"),
        ("slitting", "layer_h:processing"),
        ("matching", "layer_h:match"),
        ("pooled_dispatch", "layer_h:logistics"),
        ("e_signing", "layer_h:contract"),
        ("ai_inspection", "layer_h:quality"),
        ("matching", "broke_off_share"),
    ):
        assert revolution.effect(name, outcome)["att"] < -0.03, (name, outcome)


def test_live_selling_buys_leads_and_shortens_no_work(revolution: Truth) -> None:
    assert revolution.effect("live_selling", "started_per_day")["att"] > 0.03
    for layer in ("warehousing", "logistics", "settlement", "finance"):
        assert abs(revolution.effect("live_selling", f"layer_h:{layer}")["att"]) < 0.03


def test_effects_by_unit_and_cohort_add_up_to_the_whole(alone: Truth) -> None:
    for table in (alone.by_unit, alone.by_cohort):
        sums = table.group_by("outcome").agg(
            whole=(pl.col("att") * pl.col("cells")).sum() / pl.col("cells").sum()
        )
        both = sums.join(alone.effects.filter(pl.col("group") == "treated"), on="outcome")
        assert len(both) == len(sums) > 10
        assert (both["whole"] - both["att"]).abs().max() == pytest.approx(0, abs=1e-12)


def test_treated_cells_are_full_months_that_can_be_followed(alone: Truth) -> None:
    spec = dataclasses.replace(ALONE, mid_month=True)
    truth = truth_of(spec, money=False)
    plan = live(spec).plans["slitting"]
    begins = {
        f"F{firm + 1:03d}": spec.start + timedelta(days=int(plan.begins[firm]))
        for firm in plan.treated
    }
    cells = truth.cells.filter(pl.col("treated"))
    assert len(cells) > 0
    assert set(cells["unit"]) <= begins.keys()
    assert any(day.day > 1 for day in begins.values())
    for unit, month in cells.select("unit", "month").unique().iter_rows():
        assert month >= begins[unit]
    last_flow = cells.filter(pl.col("outcome") == "flow_h")["month"].max()
    assert last_flow == date(2023, 11, 1)  # December's orders cannot be followed for 30 days
    assert cells.filter(pl.col("outcome") == "started_per_day")["month"].max() == date(2023, 12, 1)


def test_cells_are_what_plain_loops_over_the_records_find(alone: Truth) -> None:
    records = run_world(ALONE, until=None)
    local = pl.col("start", "end").dt.convert_time_zone("Asia/Shanghai").dt.epoch("s")
    month = pl.col("start").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")
    rows = (
        records.links.filter(pl.col("type") == "order")
        .join(records.events.with_columns(local, month=month), on="event")
        .join(records.objects["order"].select("object", "firm"), on="object")
        .select(pl.col("object", "firm", "activity").cast(pl.String), "start", "end", "month")
    )
    lives: dict[tuple[str, str], list[tuple[int, int, str, str]]] = defaultdict(list)
    for thing, firm, activity, start, end, began in rows.iter_rows():
        lives[thing, firm].append((end, start, activity, began))
    flows, stays, again = defaultdict(list), defaultdict(list), defaultdict(list)
    for (_, firm), events in lives.items():
        events.sort()
        began = events[0][3]
        within = events[0][1] + WINDOWS_D["flow"] * 86_400
        names = [activity for end, _, activity, _ in events if end <= within]
        flows[firm, began].append(min(events[-1][0] - events[0][1], WINDOWS_D["flow"] * 86_400))
        again[firm, began].append(len(set(names)) < len(names))
        before, settled, entered = events[0][1], 0, None
        for end, _, activity, _ in events:
            if LAYERS[activity] == "settlement":
                entered = before if entered is None else entered
                closes = entered + WINDOWS_D["settlement"] * 86_400
                settled += max(0, min(end, closes) - min(before, closes))
            before = end
        if entered is not None:
            stays[firm, entered].append(settled)
    settlement = defaultdict(list)
    for (firm, entered), values in stays.items():
        when = (date(1970, 1, 1) + timedelta(seconds=entered + 8 * 3_600)).isoformat()[:7]
        settlement[firm, when] += values
    found = {
        (outcome, unit, month.strftime("%Y-%m")): value
        for outcome, unit, month, value in alone.cells.select(
            "outcome", "unit", "month", "value_on"
        ).iter_rows()
    }
    for outcome, table, unit_of in (
        ("flow_h", flows, 3_600),
        ("rework_share", again, 1),
        ("layer_h:settlement", settlement, 3_600),
    ):
        checked = 0
        for (firm, when), values in table.items():
            if (outcome, firm, when) in found:
                plain_mean = sum(values) / len(values) / unit_of
                assert found[outcome, firm, when] == pytest.approx(plain_mean)
                checked += 1
        assert checked > 300


def test_elsewhere_nobody_gets_what_others_got(revolution: Truth) -> None:
    spec = dataclasses.replace(SMALL, archetype="revolution")
    for name, plan in live(spec).plans.items():
        never = [f"F{firm + 1:03d}" for firm in np.flatnonzero(plan.begins == NEVER_DAY)]
        cells = revolution.cells.filter(
            (pl.col("intervention") == name) & pl.col("unit").is_in(never)
        )
        assert (cells["effect"].fill_null(0.0) == 0.0).all()


# --- the file ----------------------------------------------------------------------------------


def test_the_truth_is_written_as_json(alone: Truth) -> None:
    body = json.loads(alone.to_json())
    assert body["spec"]["archetype"] == "transition"
    assert body["windows_d"] == WINDOWS_D
    rows = {(row["outcome"], row["group"]): row["att"] for row in body["effects"]}
    att = alone.effect("slitting", "layer_h:processing")["att"]
    assert rows["layer_h:processing", "treated"] == att
    assert {row["switch"] for row in body["money"]} >= {"none", "channels", "capital"}


def test_burdens_share_out_the_whole(alone: Truth) -> None:
    assert set(alone.burdens["layer"]) == set(LAYERS.values())
    assert alone.burdens["burden_share"].sum() == pytest.approx(1.0)
    assert (alone.burdens["hours_per_order_h"] > 0).all()


def test_the_cash_of_the_truth_is_the_sum_of_the_ledger(alone: Truth) -> None:
    ledger = run_world(ALONE, until=None).ledger
    last = alone.money.filter(pl.col("switch") == "none")["cash_cny"][-1]
    assert last == pytest.approx(ledger["amount_cny"].sum(), abs=1.0)


def test_every_mechanism_turns_dials_that_exist_and_layers_of_the_chain() -> None:
    for row in INTERVENTION_TABLE.values():
        assert set(row.effects) <= set(DIALS)
        assert set(row.layers) <= set(LAYERS.values())
