"""Where spend answers to roll-outs, what they bring is told directly and in all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyfixest
import pytest

from thalweg.economy.frame import Floats
from thalweg.economy.growth.mediation import effects_of, mediation_rows
from thalweg.economy.response import fit_response
from thalweg.economy.response.mediation import answers_of
from thalweg.economy.response.simulated import SpendWorld, simulate_spend

WORLD = SpendWorld(units=30, paused=0.1, answers=0.5, effect=0.1)
PANELS = 8
"""In which intervals hold but for two: with .95 each, seldomer than in 1 of 150."""


def test_answers_are_those_of_another_library() -> None:
    panel = simulate_spend(WORLD, 3).panel
    found = answers_of(panel)
    units, months = panel.revenue.shape
    unit, month = (place.ravel() for place in np.indices((units, months)))
    spend = panel.spend[0].ravel()
    some = spend > 0
    table = pd.DataFrame(
        {
            "y": np.log(spend[some]),
            "x0": panel.dose[0].ravel()[some],
            "x1": panel.dose[1].ravel()[some],
            "unit": unit[some],
            "month": month[some],
        }
    )
    other = pyfixest.feols("y ~ x0 + x1 | unit + month", table, vcov={"CRV1": "unit"})
    assert found.slopes[:, 0] == pytest.approx(other.coef().to_numpy(), abs=1e-6)
    errors = np.sqrt((found.pulls[:, 0] ** 2).sum(axis=1))
    assert np.all((errors > 0.9 * other.se()) & (errors < 1.4 * other.se()))


def test_direct_and_total_effects_hold_the_truth() -> None:
    direct_held, total_held, through = 0, 0, []
    for seed in range(PANELS):
        one = simulate_spend(WORLD, 40 + seed)
        response = fit_response(one.panel, draws=60, seed=seed)
        check = response.checks["mediation:receipts"]
        assert check["finding"] == "spend_mediates"
        assert check["change"] == pytest.approx(np.expm1(WORLD.answers), abs=0.15)
        row = mediation_rows(one.panel, response, 0.95, seed)[0]
        assert row["intervention"] == "receipts"
        direct_held += row["direct_low"] <= one.direct[0] <= row["direct_high"]
        total_held += row["total_low"] <= one.total[0] <= row["total_high"]
        through.append(row["through_share"] - (one.total[0] - one.direct[0]))
    assert direct_held >= PANELS - 2 and total_held >= PANELS - 2
    assert abs(np.mean(through)) < 0.02


def test_spend_that_answers_to_nothing_is_seldom_said_to() -> None:
    found = [
        float(answers_of(simulate_spend(replace(WORLD, answers=0.0), seed).panel).found.min())
        for seed in range(60)
    ]
    assert sum(p < 0.05 for p in found) <= 8


def test_without_an_answer_the_total_is_the_direct_effect() -> None:
    one = simulate_spend(SpendWorld(units=12, months=18, paused=0.1), 5)
    response = fit_response(one.panel, draws=6)
    answers = answers_of(one.panel)
    none = replace(answers, slopes=answers.slopes * 0, pulls=answers.pulls * 0)
    weights: Floats = np.ones((6, 12))
    direct, total = effects_of(one.panel, response, none, 0, weights)
    assert np.array_equal(direct, total)
    nothing = replace(one.panel, dose=np.zeros_like(one.panel.dose))
    direct, _ = effects_of(nothing, response, answers, 0, weights)
    assert not direct.any()
    assert mediation_rows(nothing, response, 0.95, 0) == []
