"""Randomisation inference: every dealing, its p value and its interval, against brute force."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effect_designs import design
from thalweg.change.estimates.dealing import estimates
from thalweg.change.estimates.estimate import estimate
from thalweg.change.estimates.imputation import connected, covariates, impute, impute_cells
from thalweg.change.estimates.randomisation import Dealt, deal, dealings
from thalweg.change.estimates.variance import conservative
from thalweg.change.frame import NEVER, Design, Floats
from thalweg.change.simulated import World, simulate


def brute(one: Design, effect: float) -> tuple[Floats, Floats]:
    """Effect and standard error of every different dealing after ``effect`` is taken away."""
    shown = one.untreated_cells() | one.treated_cells()
    y = np.where(shown, one.panel.scaled() - effect * one.treated_cells(), np.nan)
    kinds = sorted(set(permutations(one.rollout.start.tolist())))
    found = []
    for start in kinds:
        dealt = design(y, start, straddle=one.panel.straddle)
        fitted = impute_cells(y, dealt.untreated_cells(), dealt.treated_cells(), covariates(dealt))
        w = fitted.weights(fitted.even())
        found.append((fitted.att, conservative(fitted, w)))
    effects, errors = np.array(found).T
    return effects, errors


def small(seed: int, straddle: int = 0) -> Design:
    value = np.random.default_rng(seed).normal(size=(6, 9))
    value[2, 3] = np.nan
    return design(value, [3, 3, 6, NEVER, NEVER, NEVER], straddle=straddle)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 1), st.floats(-2, 2))
def test_p_values_are_those_of_all_dealings_estimated_one_by_one(
    seed: int, straddle: int, effect: float
) -> None:
    one = small(seed, straddle)
    dealt = deal(one, draws=10, seed=0)
    assert dealt.exact
    assert len(dealt.a) == 60
    effects, errors = brute(one, effect)
    own = impute(one).att - effect
    se = conservative(impute(one), impute(one).weights(impute(one).even()))
    plain = np.mean(np.abs(effects) >= abs(own) * (1 - 1e-9))
    ratio = np.mean(np.abs(effects / errors) >= abs(own / se) * (1 - 1e-9))
    assert dealt.p(effect) == pytest.approx(float(plain))
    assert dealt.p(effect, studentised=True) == pytest.approx(float(ratio))


def test_all_different_dealings_come_once_and_stay_within_strata() -> None:
    start = np.array([3, 5, NEVER, NEVER, 3, NEVER])
    stop = np.full(6, NEVER)
    strata = np.array([0, 0, 0, 1, 1, 1])
    orders, exact = dealings(start, stop, strata, draws=5, seed=0)
    seen = {tuple(start[order]) for order in orders}
    assert exact
    assert len(seen) == len(orders) == 6 * 3
    assert all(sorted(start[order][:3]) == sorted(start[:3]) for order in orders)
    many = np.where(np.arange(40) < 20, np.arange(40) % 5, NEVER)
    orders, exact = dealings(many, np.full(40, NEVER), None, draws=50, seed=3)
    assert not exact
    assert all(sorted(order) == list(range(40)) for order in orders)


def dealt_of(kind: str, seed: int) -> Dealt:
    if kind == "exact":
        return deal(small(seed), draws=10, seed=0)
    if kind == "by noise":
        return deal(
            simulate(World(units=30, treated=3, cohorts=3), seed).design, draws=199, seed=seed
        ).by_noise()
    return deal(simulate(World(units=12), seed).design, draws=199, seed=seed)


@pytest.mark.parametrize("kind", ["exact", "drawn", "by noise"])
@pytest.mark.parametrize("seed", range(6))
def test_the_interval_holds_the_effects_that_are_not_rejected(kind: str, seed: int) -> None:
    """A grid of hypothesised effects, tested one by one, finds the same ends."""
    dealt = dealt_of(kind, seed)
    for studentised in (False,) if kind == "by noise" else (False, True):
        low, high = dealt.interval(0.9, studentised=studentised)
        reach = 1.5 * max(high - dealt.att, dealt.att - low)
        grid = np.linspace(dealt.att - reach, dealt.att + reach, 1_001)
        kept = [at for at in grid if dealt.p(at, studentised=studentised) > 0.1 + 1e-12]
        step = grid[1] - grid[0]
        assert low == pytest.approx(min(kept), abs=1.01 * step)
        assert high == pytest.approx(max(kept), abs=1.01 * step)


def test_so_few_units_that_no_p_value_could_be_small_are_refused() -> None:
    value = np.random.default_rng(1).normal(size=(10, 20))
    alone = estimate(design(value, [10] + [NEVER] * 9))
    assert (alone.refused, alone.low, alone.p) == ("too_few_units", None, None)
    assert np.isfinite(alone.att)


def test_one_treated_unit_among_twenty_is_ranked() -> None:
    value = np.random.default_rng(1).normal(size=(20, 20))
    value[0, 10:] += 50
    found = estimate(design(value, [10] + [NEVER] * 19))
    assert (found.reference, found.se) == ("placebo", None)
    assert found.p == pytest.approx(1 / 20)


def test_a_noisy_treated_unit_is_measured_by_its_own_noise() -> None:
    """Ten times the noise of the others: first among them by rank, but not for what was done."""
    value = np.random.default_rng(3).normal(size=(40, 30))
    value[0] *= 10
    one = design(value, [20] + [NEVER] * 39)
    assert deal(one, draws=99, seed=0).p() <= 0.05
    found = estimate(one)
    assert found.p is not None and found.p > 0.1


def test_panels_without_noise_have_no_standard_error() -> None:
    value = np.zeros((8, 10))
    found = estimate(design(value, [4, 4, 6, 6, NEVER, NEVER, NEVER, NEVER]))
    assert found.refused == "zero_standard_error"


def test_the_same_seed_gives_the_same_answer() -> None:
    one = simulate(World(), 3).design
    assert estimate(one, seed=5) == estimate(one, seed=5)
    assert estimate(one, seed=5).p != estimate(one, seed=6).p


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2), st.integers(0, 2), st.sampled_from([0, 0.1, 0.4]))
def test_dealings_beside_covariates_and_gaps_are_those_estimated_one_by_one(
    seed: int, straddle: int, extra: int, gaps: float
) -> None:
    """Stops, weights, units without controls: what the shortcut adds up, regressions add up too."""
    rng = np.random.default_rng(seed)
    shape = (7, 9)
    value = np.where(rng.random(shape) < gaps, np.nan, rng.normal(size=shape))
    x = np.asarray(rng.integers(0, 2, (extra, *shape)), dtype=np.float64)
    known, both = np.isfinite(value), np.stack([np.nan_to_num(value), rng.random(shape) < 0.5])
    start = rng.choice([1, 3, 5, NEVER], 7)
    stop = np.where((start == 3) & (rng.random(7) < 0.5), start + 3, NEVER)
    weight = rng.choice([0.0, 1.0, 2.0], shape)
    orders = np.array([rng.permutation(7) for _ in range(6)])
    noise = rng.random(7)
    found = estimates(both, known, weight, start, stop, straddle, x, orders, noise)
    for m, order in enumerate(orders):
        dealt = design(value, start[order].tolist(), stop=stop[order].tolist(), straddle=straddle)
        aimed = dealt.treated_cells() & (weight > 0)
        fitted = [impute_cells(one, dealt.untreated_cells(), aimed, x) for one in both]
        sound = fitted[0]
        target = sound.even(weight)
        linked = aimed & connected(dealt.untreated_cells())
        if not target.any() or (linked != sound.identified).any():
            continue
        w = sound.weights(target)
        assert found[0][m] == pytest.approx((w * both[0]).sum(), abs=1e-9)
        assert found[1][m] == pytest.approx((w * both[1]).sum(), abs=1e-9)
        assert found[2][m, 0] == pytest.approx(conservative(fitted[0], w) ** 2, abs=1e-9)
        assert found[2][m, 2] == pytest.approx(conservative(fitted[1], w) ** 2, abs=1e-9)
        assert found[2][m, 3] == pytest.approx((noise[:, None] * w**2).sum(), abs=1e-9)
