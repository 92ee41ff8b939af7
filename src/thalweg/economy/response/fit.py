"""One fit: the form, carry-over and slopes that make the observed revenue likeliest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats, Mask
from thalweg.economy.response.features import Features, shaped, within
from thalweg.economy.response.kernel import STEPS, score

CARRIES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9)
"""Grid of carry-over a month."""
Curve = tuple[float, float]
LOGISTIC = float("nan")
"""In place of a power: the logistic curve, straight near nothing and sooner full than Hill's."""
CURVES: tuple[Curve, ...] = (
    *((0.6, 1.0), (1.2, 1.0), (2.4, 1.0), (0.7, 1.5), (1.4, 1.5)),
    *((0.9, LOGISTIC), (1.8, LOGISTIC)),
)
"""Half (the spend, beside a channel's mean, at which half of the most is reached) and power of
Hill's curve: concave throughout, or flat near nothing, which only months near zero can tell."""
LOG: tuple[Curve, ...] = ((float("nan"), 1.0),)
"""In place of curves: the logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Every channel's answer for each half and carry-over, made once.

    plain  (C, S, N, T) by what was spent; tables: the same, or by pauses where they are instruments.
    other  (P, N, T) interventions, then the rate of subsidy if it is rated; told: the same, or by
           pauses where subsidy was paused by lot.
    """

    features: Features
    curves: tuple[Curve, ...]
    plain: Floats
    tables: Floats
    other: Floats
    told: Floats

    @property
    def rated(self) -> bool:
        """Whether the last of ``other`` is a rate of subsidy."""
        return len(self.other) > len(self.features.dose)

    def place(self, curve: int, carry: int) -> int:
        return curve * len(CARRIES) + carry

    def shape(self, place: int) -> tuple[float, float, float]:
        """Carry-over, half and power."""
        return CARRIES[place % len(CARRIES)], *self.curves[place // len(CARRIES)]


def grid_of(
    feats: Features,
    instruments: Floats,
    lot: Mask,
    curves: tuple[Curve, ...] = CURVES,
    rate_lever: Floats | None = None,
) -> Grid:
    """Takes instruments: (C, N, T) expected spend; lot: (C,) channels for which they stand in.
    rate_lever: (N, T) the rate of subsidy that lot foretells, where it was paused; None: it was not.

    Where they do, an answer is replaced by what the instrument, interventions and the effects of
    units and months foretell of it: two-stage least squares.
    """
    other = feats.other if feats.subsidised and feats.rated else feats.dose
    shape = (len(feats.scale), len(curves) * len(CARRIES), *feats.revenue.shape)
    plain, tables = np.empty(shape), np.empty(shape)
    told = other
    if rate_lever is not None and len(other) > len(feats.dose):
        told = np.concatenate(
            (feats.dose, foretold(feats, feats.rate, rate_lever, feats.dose)[None])
        )
    beside = told if rate_lever is None else np.concatenate((feats.dose, rate_lever[None]))
    for channel, relative in enumerate(feats.relative):
        scaled = instruments[channel] / feats.size[:, None] / feats.scale[channel]
        for place in range(shape[1]):
            carry, (half, power) = CARRIES[place % len(CARRIES)], curves[place // len(CARRIES)]
            answer = shaped(relative, carry, half, feats.late, power)
            plain[channel, place] = tables[channel, place] = answer
            if lot[channel]:
                lever = shaped(scaled, carry, half, feats.late, power)
                tables[channel, place] = foretold(feats, answer, lever, beside)
    return Grid(feats, curves, plain, tables, other, told)


def foretold(feats: Features, answer: Floats, lever: Floats, beside: Floats) -> Floats:
    """(N, T) what an instrument, others beside it (P, N, T), units and months foretell."""
    y = within(answer, feats.known).ravel()
    x = np.stack([within(one, feats.known).ravel() for one in (lever, *beside)])
    slopes = np.linalg.lstsq(x @ x.T, x @ y, rcond=1e-10)[0]
    return np.asarray(answer - (y - slopes @ x).reshape(answer.shape))


@dataclass(slots=True)
class Fit:
    """Where scoring stands. places: (C,) in the grid; others as in the kernel."""

    adds: bool
    places: list[int]
    months: Floats
    slopes: Floats
    beta: Floats
    deviance: float = np.inf

    def copy(self) -> Fit:
        parts = (self.months.copy(), self.slopes.copy(), self.beta.copy())
        return Fit(self.adds, list(self.places), *parts, self.deviance)


def begin(grid: Grid, adds: bool, curve: int) -> Fit:
    """No effects, and the middle of the carry-overs."""
    places = [grid.place(curve, len(CARRIES) // 2)] * len(grid.tables)
    months = grid.features.revenue.shape[1]
    return Fit(adds, places, np.zeros(months), np.zeros(len(grid.other)), np.zeros(len(places)))


def rescore(grid: Grid, weight: Floats, fit: Fit, steps: int) -> None:
    """Move a fit to the best slopes for its places."""
    _score(grid, weight, fit, grid.told, chosen(grid.tables, fit.places), 0, steps)


def hold(grid: Grid, weight: Floats, fit: Fit, held: int) -> None:
    """Move months and interventions by what was spent; the last ``held`` parameters stay."""
    _score(grid, weight, fit, grid.other, chosen(grid.plain, fit.places), held, STEPS)


def _score(
    grid: Grid, weight: Floats, fit: Fit, z: Floats, h: Floats, held: int, steps: int
) -> None:
    feats = grid.features
    parts = (fit.months, fit.slopes, fit.beta)
    fit.deviance = score(feats.revenue, feats.known, weight, z, h, fit.adds, *parts, held, steps)


def chosen(tables: Floats, places: list[int]) -> Floats:
    """(C, N, T)"""
    return np.ascontiguousarray(tables[np.arange(len(places)), places])
