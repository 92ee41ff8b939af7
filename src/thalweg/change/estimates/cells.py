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

from thalweg.change.estimates.imputation import impute
from thalweg.change.frame import Design, Floats, Mask


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
    found = impute(design)
    if not found.identified.any():
        return Cells(found.effect, np.zeros(found.effect.shape))
    return Cells(found.effect, found.weights(found.even()))
