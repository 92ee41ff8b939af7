"""Effects by imputation: equal to plain regressions, with every cell used or counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effect_designs import design
from thalweg.change.estimates import adapter
from thalweg.change.estimates.estimate import before_after, estimate
from thalweg.change.estimates.imputation import impute
from thalweg.change.estimates.path import by_cohort, dose_response, event_study
from thalweg.change.estimates.variance import cohort_horizon, conservative
from thalweg.change.frame import ALREADY, NEVER, Design, Floats
from thalweg.change.simulated import World, simulate

EXACT = 1e-9
"""Least squares by other arithmetic: round-off of panels of order one."""


def by_regression(one: Design) -> Floats:
    """(N, T) effects from a plain regression of untreated cells on dummies, minimum norm."""
    y, cells, treated = one.panel.scaled(), one.untreated_cells(), one.treated_cells()
    units, periods = y.shape
    columns = np.zeros((units, periods, units + periods + len(one.covariates)))
    for at in range(units):
        columns[at, :, at] = 1
    for at in range(periods):
        columns[:, at, units + at] = 1
    for at, values in enumerate(one.covariates.values()):
        columns[:, :, units + periods + at] = values
    found, *_ = np.linalg.lstsq(columns[cells], y[cells], rcond=None)
    space = np.linalg.pinv(columns[cells]) @ columns[cells]
    known = np.abs(columns @ space - columns).max(axis=2) < 1e-8
    return np.asarray(np.where(treated & known, y - columns @ found, np.nan))


@st.composite
def designs(draw: st.DrawFn) -> Design:
    units, periods = draw(st.integers(2, 7)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    value = np.where(rng.random((units, periods)) < 0.85, rng.normal(size=(units, periods)), np.nan)
    choices = st.one_of(st.just(NEVER), st.just(ALREADY), st.integers(0, periods - 1))
    start = [draw(choices) for _ in range(units)]
    stop = [
        one + draw(st.integers(1, 4)) if 0 <= one < NEVER and draw(st.booleans()) else NEVER
        for one in start
    ]
    extra = {}
    if draw(st.booleans()):
        extra["other"] = (rng.random((units, 1)) < 0.5) * (np.arange(periods) >= periods // 2) * 1.0
    return design(value, start, stop=stop, straddle=draw(st.integers(0, 2)), covariates=extra)


@settings(max_examples=150, deadline=None)
@given(designs())
def test_effects_are_those_of_a_regression_and_no_cell_is_lost_uncounted(one: Design) -> None:
    expected = by_regression(one)
    found = impute(one)
    assert np.array_equal(np.isfinite(found.effect), np.isfinite(expected))
    assert np.allclose(found.effect, expected, atol=EXACT, equal_nan=True)
    assert found.lost_cells == int(one.treated_cells().sum() - np.isfinite(expected).sum())


@settings(max_examples=60, deadline=None)
@given(designs(), st.integers(0, 1000))
def test_any_weighted_average_is_a_linear_form_of_the_outcome(one: Design, seed: int) -> None:
    found = impute(one)
    target = found.even(np.random.default_rng(seed).random(one.panel.value.shape))
    w = found.weights(target)
    value = float((w * np.nan_to_num(one.panel.scaled())).sum())
    assert value == pytest.approx(float((target * np.nan_to_num(found.effect)).sum()), abs=EXACT)
    assert np.all(w[~(found.untreated | found.identified)] == 0)
    several = found.weights(np.stack([target, found.even()]))
    assert np.allclose(several, [w, found.weights(found.even())], atol=1e-13)


@pytest.mark.parametrize(
    "world",
    [World(units=12), World(units=20, missing=0.1, straddle=2), World(units=15, never=0.0)],
)
def test_effect_and_error_are_those_of_diff_diff(world: World) -> None:
    one = simulate(world, 4).design
    theirs = adapter.imputation(one)
    found = impute(one)
    w = found.weights(found.even())
    groups = cohort_horizon(one.rollout.start, world.periods)
    assert found.att == pytest.approx(theirs.att, abs=1e-10)
    assert conservative(found, w, groups) == pytest.approx(theirs.se, abs=1e-9)
    assert estimate(one, draws=99).att == pytest.approx(found.att, abs=1e-12)


def test_path_and_cohorts_are_those_of_diff_diff() -> None:
    one = simulate(World(units=15, periods=20), 2).design
    theirs = adapter.imputation(one)
    ours = {point.horizon: point.att for point in event_study(one) if point.horizon >= 0}
    assert ours == pytest.approx(dict(zip(theirs.horizon.tolist(), theirs.path, strict=True)))
    groups = {start: att for start, (att, _) in theirs.groups.items()}
    assert {one.start: one.att for one in by_cohort(one)} == pytest.approx(groups)


def test_one_intervention_is_told_from_another_at_the_same_units() -> None:
    """Without noise, effects of −0.3 and 0.5 that overlap are both known exactly."""
    rng = np.random.default_rng(0)
    start = np.array([4, 6, 8, NEVER, NEVER, NEVER])
    at = np.arange(12)
    other = ((at >= 2) & (np.arange(6)[:, None] % 2 == 0)) * 1.0
    value = rng.normal(size=(6, 1)) + rng.normal(size=12) + 0.5 * other
    value = value - 0.3 * (at >= start[:, None])
    assert impute(design(value, start, covariates={"other": other})).att == pytest.approx(-0.3)
    assert abs(impute(design(value, start)).att + 0.3) > 0.01


def test_effects_that_another_intervention_covers_wholly_are_refused_and_counted() -> None:
    rng = np.random.default_rng(0)
    start = [5, 5, NEVER, NEVER]
    same = np.zeros((4, 10))
    same[:2, 5:] = 1
    one = design(rng.normal(size=(4, 10)), start, covariates={"other": same})
    found = estimate(one)
    assert found.refused == "not_identified"
    assert np.isnan(found.att)
    assert impute(one).lost_cells == 10


def test_effects_that_are_covered_in_part_are_estimated_from_the_rest() -> None:
    """Two of five treated units share their start with an intervention that nobody else had."""
    rng = np.random.default_rng(2)
    start = np.array([8, 8, 6, 9, 7, *[NEVER] * 7])
    other = np.zeros((12, 16))
    other[:2, 8:] = 1
    one = design(rng.normal(size=(12, 16)), start, covariates={"other": other})
    found = estimate(one)
    rest = np.arange(12) > 1
    alone = impute(replace(one, covariates={}).keep_units(rest))
    assert impute(one).lost_cells == 16
    assert found.low is not None and found.high is not None
    assert found.low < found.att < found.high
    assert abs(found.att - alone.att) < 0.5


def test_units_and_periods_without_untreated_cells_are_counted() -> None:
    rng = np.random.default_rng(0)
    found = impute(design(rng.normal(size=(3, 6)), [0, 3, 4]))
    assert (found.lost_units, found.lost_periods) == (1, 2)
    assert int(found.identified.sum()) == 1
    nobody = estimate(design(rng.normal(size=(3, 6)), [NEVER] * 3))
    assert nobody.refused == "no_treated_cells"
    everybody = estimate(design(rng.normal(size=(3, 6)), [0] * 3))
    assert everybody.refused == "no_untreated_cells"


def test_straddled_periods_and_those_after_the_end_count_on_neither_side() -> None:
    """Spoiling them changes nothing."""
    drawn = simulate(World(units=10, periods=24), 7).design
    start = drawn.rollout.start
    stop = np.where(start < NEVER, start + 6, NEVER)
    clean = design(drawn.panel.scaled(), start, stop=stop, straddle=2)
    at = np.arange(24)
    spoilt = (start[:, None] < NEVER) & (at >= start[:, None] - 2)
    spoilt &= (at < start[:, None]) | (at >= stop[:, None])
    value = np.where(spoilt, 99.0, clean.panel.value)
    other = design(value, start, stop=stop, straddle=2)
    assert estimate(other, draws=99) == estimate(clean, draws=99)
    assert adapter.callaway_santanna(other).att == adapter.callaway_santanna(clean).att
    assert event_study(other) == event_study(clean)


def test_units_treated_before_the_panel_are_of_no_use() -> None:
    one = simulate(World(units=12), 3).design
    start = np.append(one.rollout.start, ALREADY)
    value = np.vstack([one.panel.scaled(), np.full(36, 7.0)])
    more = design(value, start)
    same = design(one.panel.scaled(), one.rollout.start)
    assert estimate(more, draws=99) == estimate(same, draws=99)


def test_weights_choose_whose_effect_is_averaged() -> None:
    drawn = simulate(World(units=20, spread=0.3, noise=1e-6), 5)
    mine = np.arange(20) % 2 == 0
    found = estimate(drawn.design, weight=np.repeat(mine[:, None] * 1.0, 36, axis=1), draws=99)
    cells = drawn.design.treated_cells() & mine[:, None]
    assert found.att == pytest.approx(float(drawn.effect[cells].mean()), abs=1e-4)


def test_dose_is_the_slope_of_the_effects_on_intensity() -> None:
    drawn = simulate(World(units=40, dose=True, noise=0.01, effect=-0.2), 5)
    found = dose_response(drawn.design)
    assert found.low is not None and found.high is not None
    assert found.low <= -0.2 <= found.high
    assert found.high - found.low < 0.05
    effects = impute(drawn.design).by_unit()
    assert np.isnan(effects[drawn.design.rollout.start == NEVER]).all()
    flat = replace(
        drawn.design.rollout, intensity=np.where(drawn.design.rollout.treated, 1.0, np.nan)
    )
    assert dose_response(replace(drawn.design, rollout=flat)).refused == "one_intensity"
    assert dose_response(simulate(World(units=40), 5).design).refused == "no_intensity"


def test_before_and_after_is_only_described() -> None:
    found = before_after(design([[1.0, 1.0, 4.0, 4.0], [0.0, 0.0, 0.0, 0.0]], [2, NEVER]))
    assert (found.att, found.low, found.refused) == (3.0, None, "descriptive_only")
