"""Which form, saturation and carry-over: their odds, given what the data say of each.

For a shape the data give slopes and their covariance; its odds are those of the data under it, with
the slopes averaged over what money can do at all (Laplace, the prior by its mean and spread). So a shape is not preferred because its
slopes are free to follow noise, as the likeliest one would be.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.response.fit import CARRIES, Fit, Grid, begin, rescore
from thalweg.economy.response.kernel import STEPS
from thalweg.economy.response.spread import Known, known_of

CARRY_LAW = (2.0, 3.0)
"""Beta law that carry-over is expected to follow: 0.1 to 0.75 in nine of ten channels."""
SWEEPS = 3
Key = tuple[bool, tuple[int, ...]]


@dataclass(slots=True)
class Shapes:
    """Fits that were made, by form and places; ``ones`` weighs all units alike."""

    grid: Grid
    prior_mean: Floats
    ones: Floats
    made: dict[Key, tuple[Fit, Known, float]] = field(default_factory=dict)
    scale: float = 1.0

    def at(self, adds: bool, places: tuple[int, ...], near: Fit) -> tuple[Fit, Known, float]:
        """The fit of a shape, what it knows, and its log odds; scored from a fit near it."""
        found = self.made.get((adds, places))
        if found is None:
            fit = near.copy()
            fit.adds, fit.places = adds, list(places)
            rescore(self.grid, self.ones, fit, STEPS)
            known = known_of(self.grid, fit)
            found = self.made[(adds, places)] = (fit, known, self._odds(fit, known))
        return found

    def _odds(self, fit: Fit, known: Known) -> float:
        if not self.made:
            self.scale = max(known.dispersion * max(known.design, 1.0), 1e-300)
        some = np.flatnonzero(
            (self.prior_mean[: len(known.shares)] > 0) & (np.diag(known.covariance) > 0)
        )
        mean, inner = known.shares[some], known.covariance[np.ix_(some, some)]
        prior = self.prior_mean[some]
        outer = inner + np.diag(prior**2)
        log = -fit.deviance / (2 * self.scale)
        log += _normal(mean - prior, outer) - _normal(np.zeros(len(mean)), inner)
        carry = np.array([CARRIES[place % len(CARRIES)] for place in fit.places])
        first, second = CARRY_LAW
        grid = np.clip(carry, 0.05, 0.95)
        return float(log + ((first - 1) * np.log(grid) + (second - 1) * np.log1p(-grid)).sum())


def _normal(mean: Floats, covariance: Floats) -> float:
    sign, log = np.linalg.slogdet(covariance)
    if sign <= 0:
        return 0.0
    return float(-0.5 * log - 0.5 * mean @ np.linalg.solve(covariance, mean))


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """Log odds of a form and curve, and of each channel's carry-overs (C, G) beside the best."""

    adds: bool
    curve: int
    best: Fit
    log: float
    carries: Floats


def odds_of(shapes: Shapes, adds: bool, curve: int) -> Odds:
    """Climb channel by channel to the best carry-overs, then ask each channel for the others."""
    grid, used = shapes.grid, np.flatnonzero(shapes.grid.features.used).tolist()
    fit = begin(grid, adds, curve)
    fit, _, log = shapes.at(adds, tuple(fit.places), fit)
    table = np.full((len(grid.tables), len(CARRIES)), -np.inf)
    for _ in range(SWEEPS):
        before = list(fit.places)
        for channel in used:
            start = fit
            for carry in range(len(CARRIES)):
                places = list(start.places)
                places[channel] = grid.place(curve, carry)
                trial, _, odds = shapes.at(adds, tuple(places), start)
                table[channel, carry] = odds
                if odds > log:
                    fit, log = trial, odds
        if fit.places == before:
            break
    for channel in range(len(table)):
        if channel not in used:
            table[channel, 0] = log
    spread = np.logaddexp.reduce(table - log, axis=1).sum() if len(table) else 0.0
    return Odds(adds, curve, fit, float(log + spread), table - log)


def draw_shape(odds: list[Odds], rng: np.random.Generator) -> tuple[Odds, tuple[int, ...]]:
    """A form, a curve and carry-overs by their odds."""
    logs = np.array([one.log for one in odds])
    chosen = odds[_pick(logs, rng)]
    carries = [_pick(row, rng) for row in chosen.carries]
    return chosen, tuple(chosen.curve * len(CARRIES) + carry for carry in carries)


def _pick(logs: Floats, rng: np.random.Generator) -> int:
    odds = np.exp(logs - logs.max())
    return int(min(np.searchsorted(np.cumsum(odds), rng.uniform() * odds.sum()), len(odds) - 1))
