"""One fit: the form, carry-over and slopes that make the observed revenue likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.response.features import Features, shaped
from thalweg.economy.response.kernel import STEPS, score

CARRIES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9)
"""Grid of carry-over a month."""
LOG = float("nan")
SWEEPS = 3
QUICK = 2
"""Steps of scoring for a candidate, from where the best one so far stands."""


@dataclass(frozen=True)
class Grid:
    """Every channel's answer for each carry-over and half: (C, S, N, T), made once."""

    features: Features
    halves: tuple[float, ...]

    @cached_property
    def shapes(self) -> tuple[tuple[float, float], ...]:
        return tuple((carry, half) for half in self.halves for carry in CARRIES)

    @cached_property
    def tables(self) -> Floats:
        feats = self.features
        return (
            np.stack(
                [
                    np.stack(
                        [shaped(one, carry, half, 1.0, feats.late) for carry, half in self.shapes]
                    )
                    for one in feats.relative
                ]
            )
            if len(feats.relative)
            else np.empty((0, len(self.shapes), *feats.revenue.shape))
        )


@dataclass(slots=True)
class Fit:
    """Where scoring stands. shape: (C,) places in the grid; others as in the kernel."""

    adds: bool
    shape: list[int]
    months: Floats
    slopes: Floats
    beta: Floats
    deviance: float

    def copy(self) -> Fit:
        return Fit(
            self.adds,
            list(self.shape),
            self.months.copy(),
            self.slopes.copy(),
            self.beta.copy(),
            self.deviance,
        )


def fit_once(
    grid: Grid, weight: Floats, adds: bool, start: Fit | None = None, sweeps: int = SWEEPS
) -> Fit:
    """Profile carry-over channel by channel from ``start`` (default: the middle of the grid)."""
    feats, other = grid.features, grid.features.other
    channels = len(grid.tables)
    if start is None:
        middle = len(CARRIES) // 2
        start = Fit(
            adds,
            [middle] * channels,
            np.zeros(feats.revenue.shape[1]),
            np.zeros(len(other)),
            np.zeros(channels),
            np.inf,
        )
    best = start.copy()
    _score(grid, weight, best, STEPS)
    for _ in range(sweeps):
        before = list(best.shape)
        for channel in np.flatnonzero(feats.used).tolist():
            for place in range(len(grid.shapes)):
                if place == best.shape[channel]:
                    continue
                trial = best.copy()
                trial.shape[channel] = place
                _score(grid, weight, trial, QUICK)
                if trial.deviance < best.deviance:
                    best = trial
        _score(grid, weight, best, STEPS)
        if best.shape == before:
            break
    return best


def _score(grid: Grid, weight: Floats, fit: Fit, steps: int) -> None:
    feats = grid.features
    chosen = chosen_tables(grid, fit.shape)
    fit.deviance = score(
        feats.revenue,
        feats.known,
        weight,
        feats.other,
        chosen,
        fit.adds,
        fit.months,
        fit.slopes,
        fit.beta,
        steps,
    )


def chosen_tables(grid: Grid, shape: Sequence[int]) -> Floats:
    tables = [grid.tables[channel, place] for channel, place in enumerate(shape)]
    return np.stack(tables) if tables else np.empty((0, *grid.features.revenue.shape))
