"""Least squares of unit and period effects on chosen cells, and the effect imputed from them.

All checks ask questions of this one fit: unit effects (or unit trends) and period effects are
learned from untreated cells only and carried over to every cell, as in Borusyak, Jaravel and Spiess
(2024, Review of Economic Studies). Period effects are solved from a T × T system after the units
are swept out, so that leaving out each unit in turn costs one small system per unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.change.estimates.imputation import connected
from thalweg.change.frame import NEVER, Design, Floats, Mask

ZERO = 1e-9
"""Below this part of the largest, a length or an eigenvalue is rounding."""
LEAST_SUPPORT = 2
"""Untreated units that a period needs: with one, leaving it out would leave nothing."""
PIN = 1e-10
"""Keeps period effects of a system solved without its rank deficiency: far above rounding."""


class TwoWay:
    """A fit of unit and period effects on the cells of a mask.

    mask     (N, T) cells that are fitted.
    trends   units have a linear trend of their own besides their level.
    columns  (K, N, T) further regressors; their coefficients are common to all units.
    """

    def __init__(
        self, mask: Mask, *, trends: bool = False, columns: Sequence[Floats] | Floats = ()
    ) -> None:
        self.mask = mask
        self.basis = _basis(mask, trends)
        self.inside = self.basis * mask[:, :, None]
        self.support = mask.sum(axis=0)
        swept = np.tensordot(self.inside, self.inside, axes=((0, 2), (0, 2)))
        self.gram = np.diag(self.support.astype(float)) - swept
        size = len(self.gram)
        if trends:
            self.inverse = np.linalg.pinv(self.gram, rcond=ZERO, hermitian=True)
        else:
            self.inverse = np.linalg.inv(self.gram + 1 / size + PIN * np.eye(size))
        self.columns = np.zeros((0, *mask.shape))
        if len(columns):
            own = self.residual(np.where(np.isfinite(columns), columns, 0.0))
            strong = _length(own, mask) > ZERO * (1.0 + _length(np.asarray(columns), mask))
            self.columns = own[strong]

    def residual(self, values: Floats) -> Floats:
        """What is left of (…, N, T) values on every cell; NaN cells count outside the mask only."""
        known = np.where(self.mask, values, 0.0)
        level = np.einsum("itd,...it->...id", self.inside, known)
        pooled = known.sum(axis=-2) - np.einsum("itd,...id->...t", self.inside, level)
        period = pooled @ self.inverse
        own = level - np.einsum("itd,...t->...id", self.inside, period)
        left = values - period[..., None, :] - np.einsum("itd,...id->...it", self.basis, own)
        if len(getattr(self, "columns", ())):
            flat = self.columns[:, self.mask]
            beta = np.linalg.lstsq(flat.T, np.atleast_2d(left[..., self.mask]).T, rcond=None)[0]
            left = left - np.tensordot(beta.T.reshape(*left.shape[:-2], -1), self.columns, 1)
        return np.asarray(left)

    def reaches(self) -> Mask:
        """(N, T) cells whose untreated value the fit can tell."""
        if not self.mask.any():
            return np.zeros_like(self.mask)
        whole = connected(self.mask) if self.basis.shape[2] == 1 else self._seen()
        units = self.mask.sum(axis=1) > self.basis.shape[2] - 1
        return np.asarray(whole & units[:, None] & (self.support >= LEAST_SUPPORT)[None, :])

    def _seen(self) -> Mask:
        """(N, T) cells that no shift of periods which the fit cannot see would move."""
        values, vectors = np.linalg.eigh(self.gram)
        blind = vectors[:, values <= ZERO * max(float(values.max(initial=0.0)), 1.0)]
        leak = blind[None, :, :] - np.einsum(
            "itd,idk->itk", self.basis, np.einsum("itd,tk->idk", self.inside, blind)
        )
        return np.asarray(np.abs(leak).max(axis=2, initial=0.0) < ZERO**0.5)


def _basis(mask: Mask, trends: bool) -> Floats:
    """(N, T, 1 or 2) level (and slope) of each unit on all cells, orthonormal on the mask."""
    count = mask.sum(axis=1)
    level = np.where(count > 0, 1 / np.sqrt(np.maximum(count, 1)), 0.0)
    flat = np.repeat(level[:, None], mask.shape[1], axis=1)
    if not trends:
        return np.asarray(flat[:, :, None])
    at = np.arange(mask.shape[1], dtype=float)
    centre = (mask * at).sum(axis=1) / np.maximum(count, 1)
    away = at[None, :] - centre[:, None]
    length = np.sqrt((mask * away**2).sum(axis=1))
    slope = np.where(length[:, None] > ZERO, away / np.maximum(length, ZERO)[:, None], 0.0)
    return np.stack([flat, slope], axis=2)


def _length(values: Floats, mask: Mask) -> Floats:
    return np.asarray(np.sqrt((np.where(mask, np.nan_to_num(values), 0.0) ** 2).sum(axis=(-2, -1))))


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """An effect by imputation.

    att      mean over the cells of ``cells``.
    without  (N,) the same with each unit left out.
    gap      (N, T) observed minus imputed, NaN where unknown.
    cells    (N, T) treated cells that enter.
    lost     treated cells that are known but have no comparison.
    """

    att: float
    without: Floats
    gap: Floats
    cells: Mask
    lost: int

    @property
    def se(self) -> float:
        """Jackknife over units (Efron and Stein 1981): errs on the wide side in small samples."""
        return spread(self.without)

    def moved_from(self, other: Imputed) -> tuple[float, float]:
        """Difference to another estimate from the same units, and its standard error."""
        return self.att - other.att, spread(self.without - other.without)


def spread(without: Floats) -> float:
    """Jackknife standard error of a figure that was worked out without each unit in turn."""
    known = without[np.isfinite(without)]
    n = len(known)
    if n < 2:
        return float("nan")
    return float(np.sqrt((n - 1) / n * ((known - known.mean()) ** 2).sum()))


def impute(
    design: Design,
    *,
    values: Floats | None = None,
    untreated: Mask | None = None,
    treated: Mask | None = None,
    trends: bool = False,
    jackknife: bool = True,
) -> Imputed:
    """Mean gap between treated cells and what the untreated cells foretell for them.

    Takes    values: (N, T) instead of the panel's own; untreated, treated: other cells.
             jackknife: whether to leave out each unit (``without`` is NaN if not).
    Returns  att NaN where no treated cell has a comparison.
    """
    value = design.panel.scaled() if values is None else values
    known = np.isfinite(value)
    mask = known & (design.untreated_cells() if untreated is None else untreated)
    aim = known & (design.treated_cells() if treated is None else treated)
    fit = TwoWay(mask, trends=trends, columns=list(design.covariates.values()))
    gap = fit.residual(value)
    cells = aim & fit.reaches()
    nothing = np.full(len(value), np.nan)
    if not cells.any():
        return Imputed(float("nan"), nothing, np.full_like(gap, np.nan), cells, int(aim.sum()))
    att = float(gap[cells].mean())
    without = _without(fit, gap, cells, att) if jackknife else nothing
    return Imputed(att, without, gap, cells, int((aim & ~cells).sum()))


def _without(fit: TwoWay, gap: Floats, cells: Mask, att: float) -> Floats:
    """(N,) the effect without each unit.

    What the full fit explains is the same for all cells, so the gaps can stand for the values:
    leaving unit i out moves the period effects by b(i), which solves the system without i for
    the residuals without i. Coefficients of further columns stay as they are.
    """
    moved = moved_periods(fit, gap)
    aim = cells.astype(float)
    reach = aim - np.einsum("itd,id->it", fit.inside, np.einsum("itd,it->id", fit.basis, aim))
    others = reach.sum(axis=0)[None, :] - reach
    own = np.where(cells, gap, 0.0).sum(axis=1)
    count = cells.sum(axis=1)
    rest = cells.sum() - count
    total = att * cells.sum() - own - (others * moved).sum(axis=1)
    return np.where(rest > 0, total / np.maximum(rest, 1), np.nan)


def moved_periods(fit: TwoWay, gap: Floats) -> Floats:
    """(N, T) by how much the period effects move when each unit is left out.

    The system without a unit depends on which cells of it are known, so units with the same cells
    share one.
    """
    size = len(fit.gram)
    alike: dict[bytes, list[int]] = {}
    for unit, cells in enumerate(fit.mask):
        alike.setdefault(cells.tobytes(), []).append(unit)
    right = np.where(fit.mask, -gap, 0.0)
    moved = np.empty_like(right)
    for rows in alike.values():
        own = fit.inside[rows[0]]
        system = fit.gram + 1 / size + PIN * np.eye(size) + own @ own.T - np.diag(fit.mask[rows[0]])
        moved[rows] = np.linalg.solve(system, right[rows].T).T
    return moved


def first_touched(design: Design) -> Floats:
    """(N,) first period that a treatment may have touched; infinite for controls."""
    start = design.rollout.start
    return np.where(start == NEVER, np.inf, start - float(design.panel.straddle))
