"""Dates are drawn by lot: evenly, within strata, as bound, and again the same from the same seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.change.estimates.imputation import impute
from thalweg.change.frame import NEVER, Design, Floats, Ints, Panel, Rollout
from thalweg.change.planning.drawing import draw, imbalance
from thalweg.change.planning.plan import RolloutPlan, full_period, later
from thalweg.change.planning.rollout import Prepared, plan_rollout, prepare
from thalweg.change.planning.waves import best_sizes, equal_sizes, wave_variance
from thalweg.change.planning.weights import imputation_weights, known_cells
from thalweg.change.simulated import FLOW, World, simulate
from thalweg.errors import RequestError

EXACT = 1e-9
PLAN = RolloutPlan(first=date(2022, 1, 1), waves=4, every=2, straddle=0)
FAR_TAIL = 60.0
"""Chi-square with 29 degrees of freedom exceeds this once in 1,600 times."""


def baseline(units: int = 24, periods: int = 24, seed: int = 1, **world: Any) -> Panel:
    return simulate(World(units=units, periods=periods, effect=0.0, **world), seed).design.panel


def ready(panel: Panel | None = None, seed: int = 5, **asked: Any) -> Prepared:
    traits = asked.pop("traits", None)
    panel = baseline() if panel is None else panel
    return prepare(panel, replace(PLAN, **asked), traits=traits, seed=seed, draws=60)


def drawings(plan: Prepared, count: int, seed: int = 3) -> Ints:
    return draw(plan.chosen.lots, plan.chosen.rule, count, np.random.SeedSequence(seed))


@st.composite
def rollouts(draw_: Any) -> tuple[Ints, int, int]:
    periods = draw_(st.integers(4, 9))
    dates = st.one_of(st.integers(2, periods - 1), st.just(int(NEVER)))
    start = draw_(st.lists(dates, min_size=3, max_size=9))
    return np.array(start, dtype=np.int64), periods, draw_(st.integers(0, 2))


def dense_weights(start: Ints, periods: int, straddle: int) -> Floats:
    """The same weights by dense least squares on dummies of all units and periods."""
    untreated, treated = known_cells(start, periods, straddle)
    dummies = np.zeros((start.size * periods, start.size + periods))
    for row, (unit, period) in enumerate(product(range(start.size), range(periods))):
        dummies[row, [unit, start.size + period]] = 1
    below, part = untreated.ravel(), treated.ravel() / treated.sum()
    part[below] -= np.linalg.pinv(dummies[below]).T @ (dummies.T @ part)
    return np.asarray(part.reshape(start.size, periods))


@given(rollouts())
@settings(max_examples=60, deadline=None)
def test_weights_are_those_of_dense_least_squares(case: tuple[Ints, int, int]) -> None:
    start, periods, straddle = case
    weight = imputation_weights(start, periods, straddle)
    if weight is None:
        assert not known_cells(start, periods, straddle)[1].any()
    else:
        assert np.abs(weight - dense_weights(start, periods, straddle)).max() < EXACT


def test_planned_weights_give_the_estimate_that_prove_gives() -> None:
    panel = baseline(12, 20)
    start = np.array([8, 10, 13] * 3 + [NEVER] * 3, dtype=np.int64)
    rollout = Rollout("x", panel.units, start, np.full(12, NEVER, dtype=np.int64))
    weight = imputation_weights(start, 20, 1)
    assert weight is not None
    found = impute(Design(replace(panel, straddle=1), rollout))
    assert float((weight * panel.scaled()).sum()) == pytest.approx(found.att, abs=EXACT)


def test_equal_waves_fill_up_to_what_each_can_hold() -> None:
    assert equal_sizes(10, np.array([9, 9, 9]), 1).tolist() == [3, 3, 3, 1]
    assert equal_sizes(10, np.array([1, 4, 4]), 0).tolist() == [1, 4, 4, 1]
    with pytest.raises(RequestError, match="Plan fewer waves"):
        equal_sizes(3, np.array([9, 9, 9, 9]), 0)


def test_optimised_waves_are_the_best_of_all_that_are_allowed() -> None:
    starts, limit = np.array([6, 8, 10]), np.array([6, 6, 6])
    about = 0.5 ** np.abs(np.subtract.outer(np.arange(14), np.arange(14)))
    equal = equal_sizes(12, limit, 2)
    least = [(n + 1) // 2 for n in equal]
    allowed = [
        np.array([*sizes, 2])
        for sizes in product(*(range(low, 7) for low in least[:3]))
        if sum(sizes) == 10
    ]
    best = min(wave_variance(size, starts, about, 0) for size in allowed)
    found = best_sizes(equal, starts, about, 0, limit)
    assert wave_variance(found, starts, about, 0) == pytest.approx(best, rel=EXACT)
    assert best < wave_variance(equal, starts, about, 0)


def test_every_admissible_assignment_is_equally_likely() -> None:
    panel = baseline(6, 12)
    plan = ready(panel, first=date(2021, 1, 1), waves=2, late=("firm-000",), drawing="simple")
    found = Counter(tuple(row) for row in drawings(plan, 6_000))
    size = plan.chosen.size
    labels = np.repeat(np.arange(len(size)), size)
    wanted = {tuple(p) for p in permutations(labels.tolist()) if p[0] != 0}
    assert set(found) == wanted
    mean = 6_000 / len(wanted)
    assert sum((n - mean) ** 2 / mean for n in found.values()) < FAR_TAIL


def test_what_is_admitted_is_drawn_evenly_and_differs_least_in_the_baseline() -> None:
    panel = baseline(8, 14, unequal=0.4)
    plan = ready(panel, first=date(2021, 3, 1), waves=2)
    rule, size = plan.chosen.rule, plan.chosen.size
    labels = np.repeat(np.arange(len(size)), size)
    every = np.array(sorted(set(permutations(labels.tolist()))))
    score = imbalance(rule, every)
    wanted = {tuple(row) for row, value in zip(every, score, strict=True) if value <= rule.limit}
    found = Counter(tuple(row) for row in drawings(plan, 40 * len(wanted)))
    assert set(found) == wanted
    assert sum((n - 40) ** 2 / 40 for n in found.values()) < len(wanted) + 5 * np.sqrt(
        2 * len(wanted)
    )


def test_strata_are_spread_over_the_waves() -> None:
    region = ["north"] * 12 + ["south"] * 8 + ["west"] * 4
    plan = ready(traits={"region": region}, stratify=("region",), shares="equal")
    for waves in drawings(plan, 50):
        for name in ("north", "south", "west"):
            count = np.bincount(waves[np.array(region) == name], minlength=4)
            assert count.max() - count.min() <= 1


def test_numbers_are_cut_at_their_median_and_small_strata_are_drawn_together() -> None:
    size = [float(n) for n in range(24)]
    region = ["north"] * 22 + ["south"] * 2
    plan = ready(traits={"size": size, "region": region}, stratify=("size", "region"))
    assert plan.chosen.lots.names == ("size=≤, north", "others")
    assert plan.chosen.lots.merged == 12


def test_who_is_bound_stays_bound() -> None:
    early, late, out = "firm-003", ("firm-004", "firm-005"), "firm-006"
    asked = replace(PLAN, early=(early,), late=late, exclude=(out,), capacity=6)
    for seed in range(2):
        found = plan_rollout(baseline(), asked, seed=seed, draws=60)
        rows = {row["unit"]: row for row in found.assignment.to_dicts()}
        assert (rows[early]["wave"], rows[early]["assignment"]) == (1, "planned")
        assert all(rows[name]["wave"] != 1 for name in late)
        assert (rows[out]["from"], rows[out]["assignment"]) == (None, "excluded")
        assert len(rows) == 24
        assert (found.waves["drawn"] + found.waves["fixed"]).max() <= 6
        assert "fixed_units_prove_nothing" in found.warnings


def test_groups_begin_together_within_what_a_wave_can_hold() -> None:
    region = [f"r{n // 3}" for n in range(24)]
    plan = ready(traits={"region": region}, cluster="region", capacity=6)
    for waves in drawings(plan, 40):
        for name in set(region):
            assert len(set(waves[np.array(region) == name])) == 1
        assert np.bincount(waves, minlength=4)[:4].max() <= 6


def test_what_the_waves_cannot_hold_is_drawn_to_stay_without() -> None:
    found = plan_rollout(baseline(), replace(PLAN, capacity=5), seed=1, draws=60)
    assert found.found["controls"] == 4
    assert (found.assignment["why"] == "drawn_control").sum() == 4
    assert "capacity_leaves_controls" in found.warnings


def test_units_per_wave_ask_for_as_many_waves_as_it_takes() -> None:
    asked = replace(PLAN, waves=None, capacity=7, controls_share=0.1)
    found = plan_rollout(baseline(), asked, seed=1, draws=60)
    assert found.waves["drawn"].sum() == 22
    assert found.waves["drawn"].max() <= 7
    assert len(found.waves) == 4


def test_the_same_seed_draws_the_same_and_another_draws_otherwise() -> None:
    one, same = (plan_rollout(baseline(), PLAN, seed=7, draws=60) for _ in range(2))
    other = plan_rollout(baseline(), PLAN, seed=8, draws=60)
    more = plan_rollout(baseline(), PLAN, seed=7, draws=80)
    assert one.to_json() == same.to_json()
    assert one.assignment.equals(more.assignment)
    assert not one.assignment.equals(other.assignment)


def test_waves_begin_on_planned_days_and_count_from_the_next_full_period() -> None:
    assert later(date(2024, 1, 31), 1, "month") == date(2024, 2, 29)
    assert later(date(2024, 1, 1), 3, "week") == date(2024, 1, 22)
    assert full_period(date(2024, 3, 1), date(2024, 1, 1), "month") == 2
    assert full_period(date(2024, 3, 2), date(2024, 1, 1), "month") == 3
    plan = ready(first=date(2022, 1, 15), straddle=None)
    assert plan.setting.starts.tolist() == [25, 27, 29, 31]
    assert plan.setting.straddle == 1 + 2
    assert FLOW.within_s == 60 * 86_400


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"waves": 1}, "begin at once"),
        ({"every": 1, "straddle": 4, "waves": 4}, "more time between the waves"),
        ({"stratify": ("colour",)}, "no trait 'colour'"),
        ({"early": ("nobody",)}, "no unit 'nobody'"),
        ({"exclude": ("firm-001",), "early": ("firm-001",)}, "bound twice"),
        ({"first": date(2020, 3, 1)}, "baseline holds 2 periods"),
        ({"waves": None}, "How many waves"),
        ({"waves": 30}, "24 are the most"),
        ({"controls_share": 1.0}, "below 1"),
        ({"exclude": tuple(f"firm-{n:03d}" for n in range(20))}, "fewest"),
        ({"late": tuple(f"firm-{n:03d}" for n in range(22))}, "places come later"),
    ],
)
def test_a_plan_that_can_show_nothing_is_refused_with_a_remedy(
    asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        ready(**asked)
