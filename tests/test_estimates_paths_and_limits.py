"""Paths, synthetic twins, and what is refused instead of guessed."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effect_designs import design
from thalweg.change.estimates import adapter
from thalweg.change.estimates.estimate import estimate, second_opinion, synthetic
from thalweg.change.estimates.path import event_study
from thalweg.change.estimates.power import moments, smallest_detectable
from thalweg.change.estimates.synthetic import simplex, stand_in
from thalweg.change.frame import NEVER, Design
from thalweg.change.simulated import World, simulate
from thalweg.errors import RequestError


@pytest.fixture(scope="module")
def forty() -> Design:
    return simulate(World(units=40, effect=-0.3), 1).design


def test_the_path_is_flat_before_and_low_after(forty: Design) -> None:
    for quarterly in (False, True):
        for method in ("imputation", "callaway_santanna"):
            points = event_study(forty, method=method, quarterly=quarterly)  # type: ignore[arg-type]
            before = [one for one in points if one.horizon < 0 and one.se]
            after = [one for one in points if one.horizon >= 0 and one.se]
            assert len(before) >= 3
            assert len(after) >= 6
            assert abs(np.mean([one.att for one in before])) < 0.1
            assert np.mean([one.att for one in after]) == pytest.approx(-0.3, abs=0.1)
            assert all(one.low < one.att < one.high for one in after if one.low and one.high)


def test_quarters_of_the_path_are_means_of_months_against_the_last_quarter_before() -> None:
    one = simulate(World(units=30, periods=24, straddle=2), 1).design
    months = {p.horizon: p.att for p in event_study(one, method="callaway_santanna")}
    quarters = {
        p.horizon: p.att for p in event_study(one, method="callaway_santanna", quarterly=True)
    }
    months[-3] = 0.0
    base = np.mean([months[at] for at in (-5, -4, -3)])
    assert quarters[0] == pytest.approx(np.mean([months[at] for at in (0, 1, 2)]) - base)
    assert quarters[-2] == pytest.approx(np.mean([months[at] for at in (-8, -7, -6)]) - base)
    assert -1 not in quarters


def test_what_was_there_before_the_start_shows_in_the_path() -> None:
    world = World(units=40, anticipation=3, effect=-0.4, noise=0.05)
    points = event_study(simulate(world, 1).design)
    leads = {one.horizon: one for one in points}
    for at in (-1, -2, -3):
        high = leads[at].high
        assert high is not None and high < -0.2
    assert abs(leads[-6].att) < 0.1


def test_without_never_treated_units_the_strict_comparison_is_refused() -> None:
    one = simulate(World(units=20, never=0.0), 1).design
    assert adapter.callaway_santanna(one, control="never_treated").refused == "no_never_treated"
    assert second_opinion(one).low is not None


def test_what_nobody_else_can_be_compared_with_is_refused() -> None:
    value = np.random.default_rng(0).normal(size=(6, 12))
    same_day = design(value, [6] * 6)
    assert estimate(same_day).refused == "not_identified"
    assert second_opinion(same_day).refused == "not_estimable"
    alone = design(value, [6] + [NEVER] * 5)
    assert second_opinion(alone).refused == "one_treated_unit"
    assert smallest_detectable(same_day).refused == "not_identified"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, forty: Design) -> None:
    there = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "diff_diff":
            raise ImportError(name)
        return there(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RequestError, match=r"pip install 'thalweg\[effects\]'"):
        adapter.callaway_santanna(forty)
    assert estimate(forty, draws=99).low is not None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_twins_are_the_best_fit_among_all_mixtures(seed: int, donors: int) -> None:
    rng = np.random.default_rng(seed)
    series, others = rng.normal(size=12), rng.normal(size=(donors, 12))
    gap, base = series - series.mean(), others - others.mean(axis=1, keepdims=True)
    w = simplex(series, others)
    assert w.min() >= 0
    assert w.sum() == pytest.approx(1)
    tried = rng.dirichlet(np.full(donors, 0.5), 400)
    best = (((gap - tried @ base) ** 2).sum(axis=1)).min()
    assert ((gap - w @ base) ** 2).sum() <= best + 1e-6


def test_twins_are_those_of_diff_diff() -> None:
    value = simulate(World(units=12, treated=1, cohorts=1, noise=0.1), 3)
    one = value.design
    treated = int(np.flatnonzero(one.rollout.treated)[0])
    start = int(one.rollout.start[treated])
    y = one.panel.scaled()
    level = y - y[:, :start].mean(axis=1, keepdims=True)
    others = np.delete(level, treated, axis=0)
    found = stand_in(one, draws=99, seed=0)
    theirs = adapter.synthetic_control(level[[treated]], others, found.donors, start)
    assert found.att == pytest.approx(theirs.att, abs=1e-4)
    assert np.allclose(found.weights[0], theirs.weights, atol=1e-3)


def test_a_large_effect_on_one_unit_stands_out_among_donors() -> None:
    one = simulate(World(units=25, treated=1, cohorts=1, effect=-1.5), 3).design
    found = synthetic(one)
    assert (found.reference, found.p) == ("placebo", 1 / 25)
    assert found.high is not None and found.high < 0


def test_few_donors_give_a_figure_and_no_inference() -> None:
    one = simulate(World(units=12, treated=1, cohorts=1), 3).design
    found = synthetic(one)
    assert (found.refused, found.low, found.p) == ("too_few_donors", None, None)
    assert np.isfinite(found.att)
    many = simulate(World(units=30), 3).design
    assert synthetic(many).refused == "many_treated_units"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 1.0), st.sampled_from([0.0, 0.4, 0.95]))
def test_moments_of_noise_are_those_of_its_demeaned_covariance(
    seed: int, share: float, persistence: float
) -> None:
    """Each unit's covariance matrix, its mean taken out on both sides, summed element by element."""
    cells = np.random.default_rng(seed).random((6, 12)) < share
    zero = one = 0.0
    for row in cells:
        times = np.flatnonzero(row)
        if len(times) < 2:
            continue
        centre = np.eye(len(times)) - 1 / len(times)
        part = centre @ persistence ** np.abs(times[:, None] - times[None, :]) @ centre
        zero += np.trace(part)
        one += sum(part[j, j + 1] for j in range(len(times) - 1) if times[j + 1] == times[j] + 1)
    shrink = 1 - 1 / max(int(cells.any(axis=1).sum()), 2)
    found = moments(cells, np.array([persistence]))[0]
    assert found == pytest.approx(np.array([zero, one]) * shrink, abs=1e-10)
