"""What a mean effect is made of, and who gained more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from diff_diff import ImputationDiD

from prove_worlds import staggered
from thalweg.change.answers.traits import by_traits
from thalweg.change.estimates.cells import cells_of
from thalweg.change.frame import NEVER, Design

ROUNDING = 1e-8
LIBRARY = 1e-6
"""diff-diff iterates to its own tolerance."""


def outsider(design: Design) -> float:
    """The mean effect by diff-diff, from a table of its own making."""
    y = design.panel.scaled()
    units, periods = np.indices(y.shape)
    start = np.where(design.rollout.start == NEVER, 0, design.rollout.start)[:, None]
    use = design.treated_cells() | design.untreated_cells()
    table = pd.DataFrame(
        {
            "unit": units[use],
            "time": periods[use],
            "y": y[use],
            "first": np.broadcast_to(start, y.shape)[use],
        }
    )
    fit = ImputationDiD().fit(table, outcome="y", unit="unit", time="time", first_treat="first")
    return float(fit.overall_att)


@pytest.mark.parametrize("straddle", [0, 2])
def test_the_mean_of_the_cells_is_what_another_library_finds(straddle: int) -> None:
    design = staggered(straddle=straddle, seed=3)
    assert cells_of(design).att == pytest.approx(outsider(design), abs=LIBRARY)


def test_the_weighted_sum_of_the_outcomes_is_the_effect() -> None:
    design = staggered(straddle=1, seed=4)
    design.panel.value[3, 5] = np.nan
    cells = cells_of(design)
    y = np.nan_to_num(design.panel.scaled())
    assert float((cells.weight * y).sum()) == pytest.approx(cells.att, abs=ROUNDING)


def test_weights_are_one_on_the_treated_and_balance_everywhere_else() -> None:
    design = staggered(straddle=1)
    weight = cells_of(design).weight
    assert weight[design.treated_cells()].sum() == pytest.approx(1.0)
    assert np.abs(weight.sum(axis=0)).max() < ROUNDING
    assert np.abs(weight.sum(axis=1)).max() < ROUNDING
    unused = ~design.treated_cells() & ~design.untreated_cells()
    assert not weight[unused].any()


def test_two_firms_and_two_months_by_hand() -> None:
    design = staggered(2, 3, never=1, noise=0.0)
    design.rollout.start[1] = 2
    design.panel.value[:] = np.exp([[1.0, 1.0, 3.0], [5.0, 5.0, 6.0]])
    assert cells_of(design).att == pytest.approx((6 - 5) - (3 - 1))


def test_a_month_without_any_control_gives_no_effect() -> None:
    design = staggered(never=0, periods=18)
    cells = cells_of(design)
    last = int(design.rollout.start.max())
    assert cells.treated[:, :last].any()
    assert not cells.treated[:, last:].any()


def test_an_intervention_in_force_beside_it_is_taken_out() -> None:
    plain = staggered(noise=0.0)
    other = (np.arange(24)[:, None] >= 12) & (np.arange(20)[None, :] >= 5)
    plain.panel.value[:] = plain.panel.value * np.exp(0.3 * other)
    design = Design(plain.panel, plain.rollout, {"other": other.astype(float)})
    assert cells_of(design).att == pytest.approx(-0.2, abs=ROUNDING)
    assert abs((cells_of(plain).att or 0.0) + 0.2) > 0.001


def test_a_trait_that_matters_is_found_and_one_that_does_not_is_not() -> None:
    large = np.arange(60) % 2 == 0
    design = staggered(60, effect=np.where(large, -0.3, -0.1), never=12, seed=5)
    traits = {
        "size": ["large" if one else "small" for one in large],
        "region": ["north" if k % 4 < 2 else "south" for k in range(60)],
    }
    rows = {(row.trait, row.group): row for row in by_traits(design, traits)}
    found = rows["size", "large"]
    assert found.att == pytest.approx(-0.3, abs=0.03)
    assert found.difference == pytest.approx(-0.2, abs=0.04)
    assert found.p is not None
    assert found.p < 0.001
    assert rows["size", "small"].difference == pytest.approx(-(found.difference or 0), abs=1e-9)
    assert (rows["region", "north"].p or 0) > 0.05


def test_a_longer_time_under_treatment_is_not_taken_for_a_trait() -> None:
    """The effect grows by the month; the trait is shared by the early and by nobody else."""
    design = staggered(60, effect=0.0, never=12, seed=6)
    horizon = design.horizon()
    grown = np.where((horizon >= 0) & (horizon != NEVER), np.minimum(horizon, 12), 0)
    design.panel.value[:] = design.panel.value * np.exp(-0.05 * grown)
    early = ["early" if s == 6 else "late" for s in design.rollout.start]
    row = by_traits(design, {"wave": early})[0]
    assert row.refused == "began_together"
    assert row.p is None


def test_differences_by_a_trait_without_meaning_are_rarely_called_real() -> None:
    """Nominal five in a hundred; more than twelve in a hundred has a chance below 0.001."""
    found = 0
    for seed in range(100):
        design = staggered(24, 14, never=6, seed=seed)
        trait = np.random.default_rng(seed + 1000).permutation(["a", "b"] * 12).tolist()
        p = by_traits(design, {"trait": trait})[0].p
        found += p is not None and p <= 0.05
    assert found <= 13


def test_a_number_is_cut_at_the_median_of_the_treated() -> None:
    design = staggered(24, never=8)
    rows = by_traits(design, {"tonnes": [float(k) for k in range(24)]})
    assert [(row.group, row.units) for row in rows] == [("> 15.5", 8), ("≤ 15.5", 8)]


def test_too_few_units_of_a_kind_are_refused_and_counted() -> None:
    design = staggered(24, never=8)
    trait = ["rare" if k in (9, 12) else "common" for k in range(24)]
    rows = {row.group: row for row in by_traits(design, {"kind": trait})}
    assert (rows["rare"].refused, rows["rare"].units) == ("few_in_group", 2)
    assert rows["rare"].att is None
