"""Fit how revenue answers to spend: the public verb of the room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Response
from thalweg.economy.response.features import features_of
from thalweg.economy.response.fit import Fit, Grid, fit_once

DRAWS = 200
HALF = 0.6


def fit_response(
    panel: GrowthPanel, *, draws: int = DRAWS, seed: int = 0, threads: int | None = None
) -> Response:
    """How revenue answers to spend, subsidy and interventions, with draws of what is not known."""
    feats = features_of(panel)
    grid = Grid(feats, (HALF,))
    ones = np.ones(len(panel.units))
    points = {adds: fit_once(grid, ones, adds) for adds in (True, False)}
    roots = np.random.SeedSequence(seed).spawn(draws)

    def one(root: np.random.SeedSequence) -> Fit:
        weight = _weights(len(panel.units), np.random.default_rng(root))
        fits = [fit_once(grid, weight, adds, point, sweeps=1) for adds, point in points.items()]
        return min(fits, key=lambda fit: fit.deviance)

    grid.tables  # noqa: B018  (made once, before threads share it)
    with ThreadPoolExecutor(threads) as pool:
        fits = list(pool.map(one, roots))
    count = len(panel.interventions)
    carry = np.array([[grid.shapes[place][0] for place in fit.shape] for fit in fits])
    half = np.array([[grid.shapes[place][1] for place in fit.shape] for fit in fits])
    base = np.stack([fit.months for fit in fits])
    return Response(
        label="model_only",
        form="hill",
        channels=panel.channels,
        interventions=panel.interventions,
        scale=feats.scale,
        carry=carry,
        beta=np.stack([fit.beta for fit in fits]),
        half=half,
        power=np.ones_like(half),
        subsidy_pull=np.array([fit.slopes[count] for fit in fits]),
        tau=np.stack([fit.slopes[:count] for fit in fits]),
        months_kept=panel.revenue.shape[1],
        size=feats.size,
        adds=np.array([fit.adds for fit in fits]),
        base=base,
        volume=feats.volume,
        late=feats.late,
    )


def _weights(units: int, rng: np.random.Generator) -> Floats:
    """How often each unit is drawn."""
    return np.bincount(rng.integers(0, units, units), minlength=units).astype(np.float64)
