"""The imputation estimator as a linear form of the panel.

Unit and period effects, and covariates, are fitted to the untreated cells alone; what a treated
cell has beyond them is its effect (Borusyak, Jaravel, Spiess 2024, Review of Economic Studies 91).
Every average of such effects is Σ w·Y with weights w that depend on who was treated when and on
which cells are known, not on the outcome. So a permuted roll-out costs one small solve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from thalweg.change.frame import Design, Floats, Ints, Mask

NULL = 1e-9
"""Part of a column left over by the others, below which it counts as their combination."""
MISFIT = 1e-7
"""What may be left of a target, against its column, where the column is such a combination."""


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """Effects by cell, and what the untreated cells leave unexplained.

    effect       (N, T), NaN outside the treated cells that are identified.
    residual     (N, T), NaN outside the untreated cells.
    untreated    (N, T) cells that the model was fitted to; identified: (N, T) treated cells with
                 an effect.
    lost_units   treated units without an untreated cell; lost_periods: periods with treated but
                 without untreated cells; lost_cells: treated cells without an effect for these or
                 any other reason, such as a covariate that the untreated cells do not tell apart.
    """

    effect: Floats
    residual: Floats
    untreated: Mask
    identified: Mask
    lost_units: int
    lost_periods: int
    lost_cells: int
    x: Floats
    """(K, N, T) covariates, zero where the cell is unknown."""

    @property
    def att(self) -> float:
        """Mean effect over the identified cells, NaN where there is none."""
        return float(self.effect[self.identified].mean()) if self.identified.any() else np.nan

    def weights(self, targets: Floats) -> Floats:
        """Weights w with Σ w·Y = Σ target·effect, of one target (N, T) or of several (S, N, T)."""
        shape = targets.shape
        aims = np.where(self.identified, targets, 0.0).reshape(-1, *shape[-2:])
        _, _, w, _ = regress(np.zeros((0, *shape[-2:])), self.untreated, aims, self.x)
        return np.asarray(w.reshape(shape))

    def even(self, weight: Floats | None = None) -> Floats:
        """(N, T) target that averages the identified cells, weighted by ``weight`` (N, T)."""
        chosen = np.where(self.identified, 1.0 if weight is None else weight, 0.0)
        total = float(chosen.sum())
        return np.asarray(chosen / total if total > 0 else chosen, dtype=np.float64)

    def by_unit(self) -> Floats:
        """(N,) mean effect of each unit, NaN where it has none."""
        count = self.identified.sum(axis=1)
        total = np.nan_to_num(self.effect).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def impute(design: Design) -> Imputed:
    """Effects of all treated cells of a design; nothing is left out without being counted."""
    return impute_cells(
        design.panel.scaled(), design.untreated_cells(), design.treated_cells(), covariates(design)
    )


def covariates(design: Design) -> Floats:
    """(K, N, T) covariates of a design."""
    shape = (len(design.covariates), *design.panel.value.shape)
    return np.asarray(list(design.covariates.values()), dtype=np.float64).reshape(shape)


def impute_cells(y: Floats, untreated: Mask, treated: Mask, x: Floats) -> Imputed:
    """Fit the untreated cells, predict the treated ones. Shapes (N, T), (K, N, T) for x."""
    if len(x):
        known = np.isfinite(x).all(axis=0)
        untreated, wanted = untreated & known, treated & known
        x = np.where(known, x, 0.0)
    else:
        wanted = treated
    identified = wanted & connected(untreated)
    if len(x):
        identified &= _told_apart(x, untreated, identified)
    values = np.where(untreated, y, 0.0)
    unit, period, slope = fit(values, untreated, x)
    predicted = unit[:, None] + period[None, :] + np.tensordot(slope, x, axes=1)
    units_left = treated.any(axis=1) & ~untreated.any(axis=1)
    periods_left = treated.any(axis=0) & ~untreated.any(axis=0)
    return Imputed(
        effect=np.where(identified, y - predicted, np.nan),
        residual=np.where(untreated, y - predicted, np.nan),
        untreated=untreated,
        identified=identified,
        lost_units=int(units_left.sum()),
        lost_periods=int(periods_left.sum()),
        lost_cells=int(treated.sum()) - int(identified.sum()),
        x=x,
    )


def _told_apart(x: Floats, untreated: Mask, wanted: Mask) -> Mask:
    """(N, T) cells whose covariates the untreated cells tell apart from unit and period effects."""
    none = np.zeros((0, *untreated.shape))
    left = np.empty_like(x)
    for at, column in enumerate(x):
        unit, period, _ = fit(np.where(untreated, column, 0.0), untreated, none)
        left[at] = column - unit[:, None] - period[None, :]
    scale = np.maximum(np.sqrt((x**2).sum(axis=(1, 2))), NULL)
    inside = left[:, untreated] / scale[:, None]
    size, axis = np.linalg.eigh(inside @ inside.T)
    blind = axis[:, size <= NULL]
    seen = np.abs(np.tensordot(blind.T, left / scale[:, None, None], axes=1)) <= np.sqrt(NULL)
    return np.asarray(wanted & seen.all(axis=0))


@njit(cache=True, nogil=True)
def connected(untreated: Mask) -> Mask:
    """(N, T) cells whose unit and period hang together through untreated cells."""
    units, periods = untreated.shape
    label = np.arange(units + periods)
    for i in range(units):
        for t in range(periods):
            if untreated[i, t]:
                a, b = i, units + t
                while label[a] != a:
                    a = label[a]
                while label[b] != b:
                    b = label[b]
                label[max(a, b)] = min(a, b)
    for at in range(units + periods):
        label[at] = label[label[at]]
    together = np.zeros((units, periods), dtype=np.bool_)
    for i in range(units):
        for t in range(periods):
            together[i, t] = label[i] == label[units + t]
    return together


@njit(cache=True, nogil=True)
def gather(a: Floats, many: Floats, shares: Floats) -> None:
    """Add units to the equations of periods, of which those at e have the first e cells.

    many, shares (T + 1,): their number, and the sum of one over their known cells. A period without
    cells, or with none but those of units that have no other, is left without an equation.
    """
    periods = len(many) - 1
    count, share = 0.0, 0.0
    for t in range(periods - 1, -1, -1):
        count += many[t + 1]
        share += shares[t + 1]
        a[t, t] += count
        for s in range(t + 1):
            a[s, t] -= share
    for t in range(periods):
        if a[t, t] <= NULL:
            a[t, t:] = 0.0
            a[:t, t] = 0.0


@njit(cache=True, nogil=True)
def mend(a: Floats, mine: Floats, share: float) -> None:
    """Take back what the gaps of a unit (e,) are counted for when its first e cells are gathered.

    mine: 1 where the cell is known, else 0; share: one over their number.
    """
    for t in range(len(mine)):
        if mine[t] != 0.0:
            continue
        a[t, t] -= 1.0
        for s in range(t):
            a[s, t] += share * mine[s]
        for s in range(t, len(mine)):
            a[t, s] += share


@njit(cache=True, nogil=True)
def _normal(untreated: Mask, x: Floats) -> tuple[Floats, Floats, Ints]:
    """Normal matrix of periods and covariates with unit effects taken out, and unit sums.

    The upper triangle alone is filled.
    """
    units, periods = untreated.shape
    extra = x.shape[0]
    size = periods + extra
    a = np.zeros((size, size))
    many, shares = np.zeros(periods + 1), np.zeros(periods + 1)
    sums = np.zeros((units, extra))
    count = np.zeros(units, dtype=np.int64)
    mine, own = np.zeros(periods), np.zeros((extra, periods))
    cross = np.zeros((extra, periods))
    for i in range(units):
        e = 0
        for t in range(periods):
            mine[t] = 1.0 if untreated[i, t] else 0.0
            if untreated[i, t]:
                count[i] += 1
                e = t + 1
        if e == 0:
            continue
        share = 1.0 / count[i]
        many[e] += 1.0
        shares[e] += share
        if count[i] < e:
            mend(a, mine[:e], share)
        for k in range(extra):
            for t in range(e):
                own[k, t] = x[k, i, t] * mine[t]
                sums[i, k] += own[k, t]
            mean = sums[i, k] * share
            for t in range(e):
                cross[k, t] += own[k, t] - mean * mine[t]
            for m in range(k + 1):
                met = 0.0
                for t in range(e):
                    met += own[k, t] * own[m, t]
                a[periods + m, periods + k] += met - mean * sums[i, m]
    gather(a, many, shares)
    a[:periods, periods:] = cross.T
    return a, sums, count


@njit(cache=True, nogil=True)
def solve(a: Floats, b: Floats) -> Mask:
    """Solve a·z = b in place of b (size, sides); a is positive semidefinite; its upper
    triangle is read and overwritten.

    A column that is a combination of earlier ones gets zero. Answers by side whether it fits that.
    """
    size, sides = b.shape
    whole = np.empty(size)
    for j in range(size):
        whole[j] = a[j, j]
    good = np.ones(sides, dtype=np.bool_)
    for j in range(size):
        pivot = a[j, j]
        if pivot <= NULL * whole[j] or pivot <= 0.0:
            a[j, j] = 0.0
            for side in range(sides):
                if abs(b[j, side]) > MISFIT * (1.0 + np.sqrt(whole[j])):
                    good[side] = False
                b[j, side] = 0.0
            continue
        for r in range(j + 1, size):
            ratio = a[j, r] / pivot
            if ratio != 0.0:
                lead, row = a[j, r:], a[r, r:]
                for c in range(len(row)):
                    row[c] -= ratio * lead[c]
                for side in range(sides):
                    b[r, side] -= ratio * b[j, side]
    for j in range(size - 1, -1, -1):
        if a[j, j] == 0.0:
            continue
        for side in range(sides):
            value = b[j, side]
            for r in range(j + 1, size):
                value -= a[j, r] * b[r, side]
            b[j, side] = value / a[j, j]
    return good


@njit(cache=True, nogil=True)
def _sides(
    y: Floats, untreated: Mask, targets: Floats, x: Floats, count: Ints
) -> tuple[Floats, Floats]:
    """Right sides of the normal equations: outcomes (R, N, T) first, then targets (S, N, T).

    Also the sums by unit that they are free of, (R + S, N).
    """
    rows, units, periods = y.shape
    extra, aims = x.shape[0], targets.shape[0]
    b = np.zeros((periods + extra, rows + aims))
    own = np.zeros((rows + aims, units))
    for i in range(units):
        for t in range(periods):
            if untreated[i, t]:
                for r in range(rows):
                    own[r, i] += y[r, i, t]
        for s in range(aims):
            for t in range(periods):
                if targets[s, i, t] != 0.0:
                    own[rows + s, i] += targets[s, i, t]
                    b[t, rows + s] += targets[s, i, t]
                    for k in range(extra):
                        b[periods + k, rows + s] += targets[s, i, t] * x[k, i, t]
        if count[i] == 0:
            continue
        for t in range(periods):
            if not untreated[i, t]:
                continue
            for s in range(rows, rows + aims):
                share = own[s, i] / count[i]
                if share != 0.0:
                    b[t, s] -= share
                    for k in range(extra):
                        b[periods + k, s] -= share * x[k, i, t]
            for r in range(rows):
                value = y[r, i, t] - own[r, i] / count[i]
                b[t, r] += value
                for k in range(extra):
                    b[periods + k, r] += x[k, i, t] * value
    return b, own


@njit(cache=True, nogil=True)
def regress(
    y: Floats, untreated: Mask, targets: Floats, x: Floats
) -> tuple[Floats, Floats, Floats, Mask]:
    """Fit outcomes (R, N, T) to the untreated cells, and weigh the cells for targets (S, N, T).

    Returns unit effects (R, N); period effects and slopes (T + K, R + S), the last S columns being
    multipliers of the targets; weights (S, N, T); whether the untreated cells identify each target.
    One factorisation serves all.
    """
    rows, units, periods = y.shape
    extra, aims = x.shape[0], targets.shape[0]
    a, sums, count = _normal(untreated, x)
    b, own = _sides(y, untreated, targets, x, count)
    good = solve(a, b)[rows:]
    unit = np.zeros((rows + aims, units))
    for i in range(units):
        for r in range(rows + aims):
            if count[i] == 0:
                if r >= rows and own[r, i] != 0.0:
                    good[r - rows] = False
                continue
            left = own[r, i]
            for t in range(periods):
                if untreated[i, t]:
                    left -= b[t, r]
            for k in range(extra):
                left -= sums[i, k] * b[periods + k, r]
            unit[r, i] = left / count[i]
    w = targets.copy()
    for s in range(aims):
        for i in range(units):
            for t in range(periods):
                if untreated[i, t]:
                    value = unit[rows + s, i] + b[t, rows + s]
                    for k in range(extra):
                        value += x[k, i, t] * b[periods + k, rows + s]
                    w[s, i, t] -= value
    return unit[:rows], b, w, good


def fit(y: Floats, untreated: Mask, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Least squares on the untreated cells: unit effects (N,), period effects (T,), slopes (K,)."""
    unit, b, _, _ = regress(y[None], untreated, np.zeros((0, *y.shape)), x)
    return unit[0], b[: y.shape[1], 0].copy(), b[y.shape[1] :, 0].copy()
