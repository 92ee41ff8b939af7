"""Intervals cover what they promise, for few units too; the long version is ``make study``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from thalweg.change.estimates.effect_study import effect_study, power_study
from thalweg.change.simulated import World

RUNS = 120
RARE = 1e-4
"""Chance that a method which keeps its promise fails one of these tests."""

KINDS = [
    ("eight units", World(units=8, cohorts=2)),
    ("fifteen units, errors that last", World(units=15, cohorts=3, persistence=0.8)),
    ("thirty units, unequal", World(units=30, unequal=0.5, spread=0.05, growth=6)),
    ("thirty units, gaps and straddle", World(units=30, missing=0.05, straddle=2)),
    ("thirty units, all treated in the end", World(units=30, never=0.0)),
    ("a hundred units", World(units=100)),
    ("one of thirty treated", World(units=30, treated=1, cohorts=1)),
    ("three of thirty treated", World(units=30, treated=3, cohorts=3)),
]


@pytest.mark.parametrize("world", [one for _, one in KINDS], ids=[name for name, _ in KINDS])
def test_the_true_effect_lies_in_the_interval(world: World) -> None:
    """At least 92 of 100, in the long run: the exact binomial bound on fewer panels."""
    found = effect_study(world, RUNS, 1, draws=99)
    assert found.refused <= 0.1
    assert found.held * found.answered >= stats.binom.ppf(RARE, found.answered, 0.92)


@pytest.mark.parametrize("units", [8, 30])
@pytest.mark.parametrize("method", ["imputation", "callaway_santanna", "synthetic_control"])
def test_what_does_nothing_is_rarely_significant(units: int, method: str) -> None:
    """At most 6 of 100, in the long run."""
    few = method == "synthetic_control"
    slow = method != "imputation"
    world = World(units=22 if few else units, cohorts=1 if few else 2, effect=0.0)
    runs = RUNS // 2 if slow else RUNS
    found = effect_study(
        replace(world, treated=1) if few else world, runs, 3, method=method, draws=99
    )
    assert found.found * found.answered <= stats.binom.ppf(1 - RARE, found.answered, 0.06)


def test_an_effect_of_the_smallest_detectable_size_is_found_as_often_as_said() -> None:
    """Four of five; the bounds allow for what 120 panels can tell, and for 0.7 to 0.88."""
    power = power_study(World(units=40), RUNS, 5, draws=99)
    low, high = stats.binom.ppf([RARE, 1 - RARE], RUNS, [0.7, 0.88]) / RUNS
    assert low <= power <= high
