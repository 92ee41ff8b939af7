"""What a plan says beforehand comes true: noise, variance and power against known worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import sqrt

import numpy as np
import pytest

from thalweg.change.frame import NEVER, Floats, Outcome, Panel, Rollout
from thalweg.change.planning.baseline import without_others
from thalweg.change.planning.noise import (
    Noise,
    continued,
    estimate_noise,
    estimate_variance,
    simulate,
    two_way_residual,
)
from thalweg.change.planning.plan import RolloutPlan
from thalweg.change.planning.planning_study import drawing_gain, first_plan, power_study
from thalweg.change.planning.power import Trial, try_out
from thalweg.change.planning.result import PlanningResult
from thalweg.change.planning.rollout import plan_rollout
from thalweg.change.simulated import World
from thalweg.change.simulated import simulate as draw_panel
from thalweg.errors import RequestError

EXACT = 1e-9
SEED = np.random.SeedSequence(11)
SIGMAS = 4.0
"""Standard errors of a simulated mean that a correct one stays within, but for 1 in 16,000."""


def noise_of(
    units: int, persistence: float, fresh: float, past: int = 0, group: bool = False
) -> Noise:
    rng = np.random.default_rng(2)
    return Noise(
        sd=0.1 * np.exp(0.4 * rng.standard_normal(units)),
        persistence=persistence,
        fresh_share=fresh,
        shared=0.4 if group else 0.0,
        group=np.arange(units) % 3 if group else None,
        residual=0.1 * rng.standard_normal((units, past)),
        pool=rng.standard_normal(500),
    )


def panel_of(value: Floats, outcome: Outcome) -> Panel:
    months = tuple(date(2020 + n // 12, n % 12 + 1, 1) for n in range(value.shape[1]))
    names = tuple(f"firm {n}" for n in range(len(value)))
    return Panel(outcome, names, months, value, np.full(value.shape, 30))


@pytest.fixture(scope="module")
def planned() -> PlanningResult:
    panel = draw_panel(World(units=24, periods=24, effect=0.0, unequal=0.4), 1).design.panel
    plan = RolloutPlan(
        first=date(2022, 1, 1), waves=4, every=2, straddle=0, controls_share=0.25, effect=-0.15
    )
    return plan_rollout(panel, plan, seed=3, draws=300)


@pytest.mark.parametrize(("persistence", "fresh"), [(0.0, 1.0), (0.5, 0.0), (0.8, 0.3)])
def test_the_noise_of_a_baseline_is_found_again(persistence: float, fresh: float) -> None:
    true = noise_of(60, persistence, fresh)
    drawn = simulate(true, 36, 8, SEED, given=False, shape="gaussian")
    found = [estimate_noise(panel) for panel in drawn]
    one = [n.persistence * (1 - n.fresh_share) for n in found]
    assert np.mean(one) == pytest.approx(persistence * (1 - fresh), abs=0.05)
    size = np.mean([(n.sd**2).mean() for n in found]) / (true.sd**2).mean()
    assert size == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(np.log(found[0].sd), np.log(true.sd))[0, 1] > 0.8


def test_shocks_that_a_region_shares_are_found() -> None:
    drawn = simulate(noise_of(60, 0.3, 0.0, group=True), 36, 4, SEED, given=False)
    group = np.arange(60) % 3
    assert np.mean([estimate_noise(p, group).shared for p in drawn]) == pytest.approx(0.4, abs=0.1)
    alone = simulate(noise_of(60, 0.3, 0.0), 36, 4, SEED, given=False)
    assert np.mean([estimate_noise(p, group).shared for p in alone]) < 0.05


def test_residuals_of_a_panel_with_gaps_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    value = rng.standard_normal((7, 9))
    value[rng.random(value.shape) < 0.2] = np.nan
    unit, period = np.nonzero(np.isfinite(value))
    dummies = np.zeros((len(unit), 16))
    dummies[np.arange(len(unit)), unit] = 1
    dummies[np.arange(len(unit)), 7 + period] = 1
    y = value[unit, period]
    wanted = y - dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0]
    assert np.abs(two_way_residual(value)[unit, period] - wanted).max() < 1e-7


def test_chance_goes_on_from_what_was_recorded() -> None:
    noise = noise_of(5, 0.7, 0.2, past=8)
    noise.residual[2, 3] = np.nan
    drawn = continued(noise, simulate(noise, 12, 50, SEED, given=False))
    known = np.isfinite(noise.residual)
    assert np.abs(drawn[:, :, :8][:, known] - noise.residual[known]).max() < EXACT


def test_the_forecast_is_that_of_generalised_least_squares() -> None:
    noise = noise_of(1, 0.6, 0.3, past=6)
    about = noise.correlation(9)
    inner = np.linalg.inv(about[:6, :6])
    level = (inner @ noise.residual[0]).sum() / inner.sum()
    wanted = level + about[6:, :6] @ inner @ (noise.residual[0] - level)
    forecast = continued(noise, np.zeros((1, 1, 9)))[0, 0, 6:]
    assert np.abs(forecast - wanted).max() < EXACT


@pytest.mark.parametrize("group", [False, True])
def test_the_variance_of_an_estimate_is_that_of_drawn_panels(group: bool) -> None:
    noise = noise_of(9, 0.6, 0.2, past=6, group=group)
    rng = np.random.default_rng(4)
    weight = rng.standard_normal((1, 9, 12))
    weight -= weight.mean(axis=2, keepdims=True)
    mean, variance = estimate_variance(noise, weight)
    draws = 20_000
    seen = simulate(noise, 12, draws, SEED, shape="gaussian").reshape(draws, -1) @ weight.ravel()
    assert abs(seen.mean() - mean[0]) < SIGMAS * sqrt(variance[0] / draws)
    assert seen.var() == pytest.approx(variance[0], rel=SIGMAS * sqrt(2 / draws))


def test_p_values_follow_from_counting() -> None:
    reference = np.array([[0.1, -0.5, 0.2, 0.05]])
    one = np.ones(1)
    trial = Trial(0.2 * one, one, reference, np.zeros((1, 4)), 0.3)
    assert trial.p_values(0.0).tolist() == [3 / 5]
    assert trial.p_values(0.4).tolist() == [1 / 5]
    assert trial.p_values(-0.4).tolist() == [3 / 5]


def test_without_an_effect_one_is_found_no_more_often_than_alpha_says() -> None:
    noise = noise_of(12, 0.5, 0.0)
    rng = np.random.default_rng(8)
    base = np.repeat([0, 1, 2], 4)
    waves, others = (rng.permuted(np.broadcast_to(base, (n, 12)), axis=1) for n in (2_000, 399))
    panels = simulate(noise, 16, 2_000, SEED, given=False)
    trial = try_out(noise, panels, np.array([8, 10, NEVER]), waves, others, 1)
    assert trial is not None
    assert abs(trial.power(0.0, 0.05) - 0.05) < SIGMAS * sqrt(0.05 * 0.95 / 2_000)


RUNS = 24


def test_predicted_power_comes_true() -> None:
    world = World(units=16, periods=42, persistence=0.6, noise=0.15, unequal=0.3)
    found = power_study(world, replace(first_plan(24), controls_share=0.25), 24, RUNS, 5)
    assert 0.4 < found.predicted < 0.95
    chance = sqrt(found.predicted * (1 - found.predicted) / RUNS)
    assert abs(found.found - found.predicted) < 0.07 + 2.6 * chance
    assert found.sd == pytest.approx(found.sd_predicted, rel=0.1 + 2.6 / sqrt(2 * RUNS))


def test_drawing_for_least_error_errs_less_than_a_simple_lot() -> None:
    world = World(units=24, periods=42, unequal=0.6)
    equal, optimised, both = drawing_gain(world, first_plan(24), 24, 8, 3)
    assert max(equal, optimised) < 1
    assert both < 0.9


def test_more_units_and_more_patience_show_smaller_effects(planned: PlanningResult) -> None:
    for table, what in ((planned.by_units, "units"), (planned.by_wait, "wait")):
        smallest = table.sort(what)["smallest_effect"].abs().to_list()
        assert smallest[-1] < 0.85 * smallest[0]
    chosen = planned.by_wait.filter(wait=6).row(0, named=True)
    assert chosen["smallest_effect"] == planned.found["smallest_effect"]
    assert planned.by_units.filter(units=24)["power"].to_list() == [planned.found["power"]]


def test_power_grows_with_the_effect_and_meets_the_wanted_power(planned: PlanningResult) -> None:
    curve = planned.power_curve
    assert np.diff(curve["power"]).min() > -0.03
    at = np.interp(abs(planned.found["smallest_effect"]), curve["effect"].abs(), curve["power"])
    assert at == pytest.approx(0.8, abs=0.03)
    assert curve["effect"].max() == 0
    mean = planned.baseline["mean"]
    assert np.abs(curve["effect"] * mean - curve["effect_absolute"]).max() < EXACT


def test_designs_that_show_nothing_or_mix_causes_are_named(planned: PlanningResult) -> None:
    rows = {row["design"]: row for row in planned.designs.to_dicts()}
    assert (rows["all_at_once"]["grade"], rows["all_at_once"]["smallest_effect"]) == ("N", None)
    assert rows["best_first"]["grade"] == "B"
    assert rows["pilot_of_two"]["variance_ratio"] > 1.5
    waves = planned.designs.filter(design="waves")
    best = waves.filter(drawing="rerandomised")["variance_ratio"].min()
    assert best <= waves.filter(drawing="simple")["variance_ratio"].min()


def test_what_those_who_go_first_are_forecast_to_do_would_seem_an_effect() -> None:
    at = np.arange(24)
    late = np.where(np.arange(30)[:, None] < 10, -0.4 * (at >= 22), 0.0)
    value = np.exp(3 + late + 0.05 * np.random.default_rng(3).standard_normal((30, 24)))
    panel = panel_of(value, Outcome("flow_h", "flow", "h", "log", "lower"))
    plan = RolloutPlan(first=date(2022, 1, 1), waves=3, every=2)
    rows = {row["design"]: row for row in plan_rollout(panel, plan, draws=60).designs.to_dicts()}
    assert rows["best_first"]["bias"] < -0.02
    assert rows["worst_first"]["bias"] > 0


def test_shares_are_told_in_their_own_unit() -> None:
    rng = np.random.default_rng(6)
    value = np.clip(0.3 + 0.05 * rng.standard_normal((20, 18)), 0, 1)
    panel = panel_of(value, Outcome("rework_share", "share", "share", "level", "lower"))
    plan = RolloutPlan(first=date(2021, 7, 1), waves=3, every=2, effect=-0.05)
    found = plan_rollout(panel, plan, draws=100).found
    assert -0.1 < found["smallest_effect"] < 0
    assert found["smallest_effect"] == found["smallest_effect_absolute"]


def test_what_an_earlier_intervention_did_is_no_noise() -> None:
    panel = draw_panel(World(units=20, periods=30, effect=0.0), 4).design.panel
    start = np.where(np.arange(20) < 12, 14 + np.arange(20) % 3 * 3, NEVER)
    after = np.arange(30)[None, :] >= start[:, None]
    moved = replace(panel, value=panel.value * np.exp(-0.6 * after))
    rollout = Rollout("x", panel.units, start, np.full(20, NEVER))
    clean = two_way_residual(without_others(moved, [rollout]).scaled())
    assert np.std(clean) == pytest.approx(np.std(two_way_residual(panel.scaled())), rel=0.05)
    assert np.std(two_way_residual(moved.scaled())) > 1.05 * np.std(clean)


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.ones((8, 20)), "does not vary"), (np.ones((8, 4)), "4 periods")],
)
def test_a_baseline_that_teaches_nothing_is_refused(value: Floats, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        estimate_noise(value)
