"""The fit behind all checks: imputed effects, effects without a unit, patterns, quarters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyfixest
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks_panels import after, noisy, panel_of, rolled_out
from thalweg.change.checks.context import Context
from thalweg.change.checks.forbidden import forbidden_share
from thalweg.change.checks.quarters import quarter_path, sensitivity
from thalweg.change.checks.signs import show
from thalweg.change.checks.spill_over import check_spill_over
from thalweg.change.checks.twoway import TwoWay, impute
from thalweg.change.estimates import adapter
from thalweg.change.estimates.fitted import Fitted
from thalweg.change.estimates.imputation import impute as impute_elsewhere
from thalweg.change.frame import Design, Floats
from thalweg.change.simulated import World, simulate

CLOSE = 1e-8


def plain(design: Design, trends: bool = False) -> float:
    """The imputed effect by least squares with a column for every unit, period (and trend)."""
    value = design.panel.scaled()
    units, periods = value.shape
    column = list(design.covariates.values())

    def row(i: int, t: int) -> Floats:
        one = np.zeros(2 * units + periods + len(column))
        one[i] = one[units + t] = 1
        one[units + periods + i] = t * trends
        one[2 * units + periods :] = [c[i, t] for c in column]
        return one

    cells = np.argwhere(design.untreated_cells())
    fitted = np.linalg.lstsq(
        np.array([row(i, t) for i, t in cells]), value[design.untreated_cells()], rcond=None
    )[0]
    aim = np.argwhere(design.treated_cells())
    return float(np.mean([value[i, t] - row(i, t) @ fitted for i, t in aim]))


def ragged(seed: int, missing: float = 0.1) -> Design:
    rng = np.random.default_rng(seed)
    rollout = rolled_out(12, [6, 7, 9, 10])
    values = noisy(12, 14, seed)
    values[rng.random(values.shape) < missing] = np.nan
    return panel_of(values, rollout, straddle=1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_an_effect_and_the_effect_without_each_unit_are_least_squares(
    seed: int, trends: bool
) -> None:
    design = ragged(seed)
    found = impute(design, trends=trends)
    if found.lost:
        return
    units = np.arange(12)
    assert found.att == pytest.approx(plain(design, trends), abs=CLOSE)
    without = [plain(design.keep_units(units != unit), trends) for unit in units]
    assert found.without == pytest.approx(without, abs=1e-6)


def test_the_fit_of_the_checks_is_that_of_the_estimates() -> None:
    design = ragged(3)
    design = replace(design, covariates={"other": np.random.default_rng(4).normal(size=(12, 14))})
    assert impute(design).att == pytest.approx(plain(design), abs=CLOSE)
    assert impute(design).att == pytest.approx(impute_elsewhere(design).att, abs=CLOSE)


def test_a_treated_cell_without_comparison_is_lost_and_counted() -> None:
    rollout = rolled_out(6, [4, 6], never=0)
    design = panel_of(noisy(6, 9, 1), rollout)
    found = impute(design)
    assert found.lost == 6 * 3
    assert found.cells.sum() == 3 * 2


def test_a_pattern_is_measured_as_a_regression_with_clustered_errors_does() -> None:
    design = ragged(8)
    mask = design.untreated_cells()
    pattern = np.random.default_rng(1).normal(size=(1, *mask.shape))
    shown = show(TwoWay(mask), design.panel.value, pattern, seed=0)
    i, t = np.nonzero(mask)
    frame = pd.DataFrame(
        {"y": design.panel.value[mask], "x": pattern[0][mask], "unit": i, "time": t}
    )
    judge = pyfixest.feols(
        "y ~ x | unit + time", frame, vcov={"CRV1": "unit"},
        ssc=pyfixest.ssc(k_adj=False, G_adj=True),
    )  # fmt: skip
    assert shown.size[0] == pytest.approx(judge.coef()["x"], abs=CLOSE)
    assert shown.se[0] == pytest.approx(judge.se()["x"], abs=CLOSE)


@pytest.mark.parametrize("units", [10, 40])
def test_a_pattern_that_is_not_there_is_seen_in_five_of_a_hundred_panels(units: int) -> None:
    runs = 400
    rollout = rolled_out(units, [8, 10, 12])
    alarms = 0
    for seed in range(runs):
        design = panel_of(noisy(units, 16, seed, persistence=0.5), rollout)
        treated = rollout.treated[:, None] * np.arange(16.0)
        leads = after(rollout, 16, lead=2) - after(rollout, 16)
        patterns = np.stack([treated, leads])
        alarms += (
            show(TwoWay(design.untreated_cells()), design.panel.value, patterns, seed).p < 0.05
        )
    assert alarms <= 0.05 * runs + 3.3 * np.sqrt(0.05 * 0.95 * runs)


def test_a_spill_over_that_is_not_there_is_seen_in_five_of_a_hundred_small_panels() -> None:
    """Late periods have few untreated units: the hard case for residuals shrunk by the fit."""
    runs, alarms = 300, 0
    for seed in range(runs):
        drawn = simulate(World(units=24, effect=0.0), seed)
        links = np.zeros((24, 24))
        one, other = drawn.partners.T
        links[one, other] = links[other, one] = 1.0
        p = check_spill_over(drawn.design, Context(exposure=links, seed=seed)).figures["p"]
        alarms += isinstance(p, float) and p < 0.05
    assert alarms <= 0.05 * runs + 3.3 * np.sqrt(0.05 * 0.95 * runs)


def test_a_quarter_is_a_difference_of_means_written_out_by_hand() -> None:
    rollout = rolled_out(5, [9], never=2)
    values = np.random.default_rng(5).normal(10, 1, (5, 15))
    path = quarter_path(panel_of(values, rollout))
    assert path is not None
    assert path.quarter.tolist() == [-2, -1, 1, 2]
    change = values[:, 9:12].mean(axis=1) - values[:, 6:9].mean(axis=1)
    effect = change[:3].mean() - change[3:].mean()
    variance = change[:3].var(ddof=1) / 3 + change[3:].var(ddof=1) / 2
    at = path.quarter.tolist().index(1)
    assert path.effect[at] == pytest.approx(effect)
    assert (path.influence[:, at] ** 2).sum() == pytest.approx(variance)


def event_study_of(fitted: Fitted, before: int, after: int) -> Any:
    """Bins −before … after−1 as diff-diff holds an event study."""
    wanted = [b for b in range(-before, after) if b != -1]
    rows = [int(np.flatnonzero(fitted.horizon == b)[0]) for b in wanted]
    covariance = fitted.covariance[np.ix_(rows, rows)]
    low = np.searchsorted(wanted, -1)
    att = np.insert(fitted.path[rows], low, 0.0)
    se = np.insert(np.sqrt(np.diag(covariance)), low, np.nan)
    none = np.full(len(att), np.nan)
    times = np.arange(-before, after)
    return adapter.library().EventStudyResults(
        event_time=times, att=att, se=se, t_stat=att / se, p_value=np.where(times == -1, np.nan, 0.5),
        conf_int_lower=none, conf_int_upper=none, is_reference=times == -1, n=none, n_kind=None,
        reference_period=-1, time_scale="relative", event_time_convention="e0_first_treated",
        vcov=covariance, vcov_index=np.asarray(wanted), cband_lower=None, cband_upper=None,
        cband_crit_value=None, alpha=0.05, source="CallawaySantAnnaResults", df=None,
        base_period="universal", anticipation=0, df_survey=None, reference_event_times=(-1,),
    )  # fmt: skip


def test_the_sensitivity_is_that_of_diff_diff() -> None:
    rollout = rolled_out(24, [15])
    values = noisy(24, 27, 2) - 3 * after(rollout, 27)
    path = quarter_path(panel_of(values, rollout))
    assert path is not None
    path = replace(path, freedom=1e9)
    found = sensitivity(path)
    assert found is not None
    covariance = path.influence.T @ path.influence
    fitted = Fitted(
        0.0, 1.0, None, (), np.where(path.quarter < 0, path.quarter - 1, path.quarter - 1),
        path.effect, covariance, {},
    )  # fmt: skip
    container = event_study_of(fitted, int((path.quarter < 0).sum()) + 1, 4)
    for magnitude, low, high in found.curve:
        judge = adapter.library().HonestDiD(method="relative_magnitude").fit(container, M=magnitude)
        assert (low, high) == pytest.approx((judge.ci_lb, judge.ci_ub), abs=1e-6)


def test_the_breakdown_is_where_the_interval_meets_zero() -> None:
    rollout = rolled_out(24, [15, 18])
    path = quarter_path(panel_of(noisy(24, 30, 2) - 3 * after(rollout, 30), rollout))
    assert path is not None
    found = sensitivity(path)
    assert found is not None
    slope = found.curve[4][2] - found.curve[0][2]
    assert found.curve[0][2] + found.breakdown * slope == pytest.approx(0, abs=CLOSE)


def test_forbidden_comparisons_weigh_as_in_the_decomposition_of_goodman_bacon() -> None:
    rollout = rolled_out(20, [5, 9, 14])
    design = panel_of(noisy(20, 20, 6), rollout)
    judge = adapter.bacon(design)
    assert not isinstance(judge, str)
    assert forbidden_share(design) == pytest.approx(judge.forbidden, abs=1e-6)
