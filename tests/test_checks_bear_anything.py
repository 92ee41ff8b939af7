"""Checks answer for any panel: with gaps, too short, without controls, with stops."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks_panels import LEVEL, months
from thalweg.change.checks.context import Context
from thalweg.change.checks.grade import grade
from thalweg.change.checks.run import run_checks, settle
from thalweg.change.estimates.estimate import Estimate
from thalweg.change.frame import ALREADY, NEVER, Design, Panel, Rollout


@st.composite
def anything(draw: st.DrawFn) -> tuple[Design, Context]:
    units, periods = draw(st.integers(1, 14)), draw(st.integers(1, 20))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    value = rng.normal(5, draw(st.sampled_from([0.0, 1.0])), (units, periods))
    value[rng.random(value.shape) < draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))] = np.nan
    dates = [ALREADY, NEVER, 0, periods // 2, periods - 1, periods + 3]
    start = rng.choice(draw(st.lists(st.sampled_from(dates), min_size=1)), units).astype(np.int64)
    stop = np.where(rng.random(units) < draw(st.sampled_from([0, 0.5])), start + 3, NEVER)
    names = tuple(f"firm {at}" for at in range(units))
    scale = draw(st.sampled_from(["log", "level"]))
    every = draw(st.sampled_from(["month", "week"]))
    panel = Panel(
        replace(LEVEL, scale=scale), names, months(periods), value,
        rng.integers(0, 30, value.shape), draw(st.integers(0, 4)), every,
    )  # fmt: skip
    rollout = Rollout("receipts", names, start, stop, randomised=draw(st.booleans()))
    other = replace(rollout, intervention="finance", start=rng.permutation(start))
    context = Context(
        exposure=draw(
            st.sampled_from([None, rng.random((units, units)), np.zeros((units, units))])
        ),
        traits={"tonnes": rng.normal(size=value.shape)},
        placebo_outcomes=(replace(panel, value=rng.random(value.shape)),),
        others=(other,),
    )
    return Design(panel, rollout), context


@settings(max_examples=150, deadline=None)
@given(anything())
def test_any_panel_gets_answers_with_finite_figures_and_a_grade(
    given: tuple[Design, Context],
) -> None:
    design, context = given
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run_checks(settle(design, context), context)
    assert len(found) in {2, 17}
    figures = [value for check in found for value in check.figures.values()]
    assert all(np.isfinite(v) for v in figures if isinstance(v, float))
    told = Estimate(-0.1, 0.02, -0.14, -0.06, 0.001, "imputation", "student")
    graded = grade(found, told, design.rollout, significant=True)
    if len(found) == 2:
        assert graded.grade == "N"
        assert graded.remedy is not None
    assert graded.reasons


def test_a_design_without_ground_is_not_asked_further() -> None:
    names = ("a", "b")
    rollout = Rollout("receipts", names, np.array([2, 2]), np.array([NEVER, NEVER]))
    panel = Panel(LEVEL, names, months(4), np.ones((2, 4)), np.ones((2, 4), dtype=np.int64))
    settled = settle(Design(panel, rollout), Context())
    found = run_checks(settled, Context())
    assert [check.finding for check in found] == ["no_comparison", "too_few"]
    with pytest.raises(AttributeError):
        settled.leads = 1  # type: ignore[misc]
