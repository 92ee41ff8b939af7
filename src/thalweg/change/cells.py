"""What the imputation estimate is made of: the effect on each cell, and each cell's weight.

Source   Borusyak, Jaravel and Spiess (2024): unit and period effects (and covariates) are fitted on
         the untreated cells; what a treated cell has beyond the fit is its effect. The mean effect
         is a weighted sum of the cells; its weights add up to one over the treated cells and to
         zero over each unit's and each period's cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.change.frame import Design, Floats, Mask

_ESTIMABLE = 1e-7
"""A treated cell's fit may differ from zero by rounding where the untreated cells determine it."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """effect: (N, T), NaN where a cell is not treated or its untreated value can't be known;
    weight: (N, T), the part of each cell's outcome in the mean effect; cells without a part zero.
    """

    effect: Floats
    weight: Floats

    @property
    def treated(self) -> Mask:
        return np.asarray(np.isfinite(self.effect))

    @property
    def att(self) -> float | None:
        """Mean effect on the treated cells, None where no cell has one."""
        return float(self.effect[self.treated].mean()) if self.treated.any() else None

    def by_unit(self) -> tuple[Floats, NDArray[np.int64]]:
        """(N,) mean effect of each unit, NaN without treated cells, and (N,) their number."""
        count = self.treated.sum(axis=1)
        total = np.where(self.treated, self.effect, 0.0).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / np.where(count, count, np.nan)), count


def cells_of(design: Design) -> Cells:
    """The effects and weights of a design's cells, without inference.

    A treated cell whose unit, period or covariate has no untreated cell gets no effect.
    """
    y = design.panel.scaled()
    below, above = design.untreated_cells(), design.treated_cells()
    columns = [np.nan_to_num(values) for values in design.covariates.values()]
    x0, x1 = _rows(below, columns), _rows(above, columns)
    inverse, known = _inverse(x0)
    fitted = x1 @ known
    estimable = np.abs(fitted - x1).max(axis=1, initial=0.0) < _ESTIMABLE
    effect = np.full(y.shape, np.nan)
    weight = np.zeros(y.shape)
    if estimable.any():
        slope = inverse @ (x0.T @ y[below])
        gap = y[above] - x1 @ slope
        effect[above] = np.where(estimable, gap, np.nan)
        part = estimable / estimable.sum()
        weight[above] = part
        weight[below] = -(x0 @ (inverse @ (x1.T @ part)))
    return Cells(effect, weight)


def _rows(mask: Mask, columns: list[Floats]) -> Floats:
    """(cells, N + T + K) indicators of unit and period, and the covariates, of some cells."""
    unit, period = np.nonzero(mask)
    count, length = mask.shape
    rows = np.zeros((len(unit), count + length + len(columns)))
    at = np.arange(len(unit))
    rows[at, unit] = 1.0
    rows[at, count + period] = 1.0
    for k, values in enumerate(columns):
        rows[:, count + length + k] = values[unit, period]
    return rows


def _inverse(x0: Floats) -> tuple[Floats, Floats]:
    """The normal equations' generalised inverse, and the projection on what they determine."""
    value, vector = np.linalg.eigh(x0.T @ x0)
    held = value > 1e-9 * max(float(value[-1]), 1.0) if len(value) else value > 0
    inside = vector[:, held]
    return (inside / value[held]) @ inside.T, inside @ inside.T
