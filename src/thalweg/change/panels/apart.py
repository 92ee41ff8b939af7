"""Whether other interventions can be told apart from the one whose effect is sought.

The untreated outcome is modelled by units, periods and the other interventions, on the untreated
cells alone; what they have learned is taken out of the treated cells. Another intervention can be
taken out where untreated cells show it in contrast; where they hardly do, its coefficient is
noise, which the treated cells multiply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thalweg.change.frame import Design, Floats, Mask

CONTRAST = 0.05
"""Part of a cell's time. A dummy whose rest in the untreated cells of a unit nowhere exceeds it says
nothing there; what untreated cells leave of it in the treated ones below it does no harm."""
FEWEST_UNITS = 2
MOST_INFLATION = 10.0
"""Times that covariates may enlarge the variance of the mean effect; ten is where regressors are
commonly called collinear (Marquardt 1970)."""

Standing = Literal["covariate", "absent", "absorbed", "inseparable"]


@dataclass(frozen=True, slots=True)
class Concurrent:
    """How another intervention stands to the effect of one.

    covariate    it held at untreated cells too, so that its own effect can be taken out.
    absent       it held nowhere in the design.
    absorbed     units, periods and the covariates before it take it out: it held alike for all
                 units, or all the time, or when a covariate did.
    inseparable  it held (nearly) only together with the treatment, so that part of the effect may
                 be its own; taking it out would leave noise.
    share        mean part of the treated cells' time in which it held.
    left         the same after units, periods and covariates are taken out: how much of its own
                 effect is counted as the treatment's.
    """

    intervention: str
    standing: Standing
    share: float
    left: float


def standings(design: Design, held: Mapping[str, Floats]) -> tuple[Concurrent, ...]:
    """How each of them stands, in the order given.

    Takes    held: by intervention the (N, T) part of each cell's time in which it held.
    """
    if not held:
        return ()
    untreated, treated = design.untreated_cells(), design.treated_cells()
    values = np.stack(list(held.values()))
    shares = values[:, treated].mean(axis=1) if treated.any() else np.zeros(len(values))
    anywhere: Mask = np.asarray((values[:, untreated | treated] > 0).any(axis=1))
    rests, lefts, variance = taken_out(values, untreated, treated)
    basis: list[tuple[Floats, float]] = []
    limit, found = MOST_INFLATION * variance, []
    for at, name in enumerate(held):
        rest, left = rests[at], float(lefts[at])
        for axis, beside in basis:
            part = float((rest * axis).sum())
            rest, left = rest - part * axis, left - part * beside
        standing: Standing = "absorbed" if abs(left) <= CONTRAST else "inseparable"
        if not anywhere[at]:
            standing = "absent"
        elif int((np.abs(rest) > CONTRAST).any(axis=1).sum()) >= FEWEST_UNITS:
            length = float(np.sqrt((rest**2).sum()))
            grown = variance + (left / length) ** 2
            if grown <= limit:
                standing, variance = "covariate", grown
                basis.append((rest / length, left / length))
                left = 0.0
        found.append(Concurrent(name, standing, float(shares[at]), left))
    return tuple(found)


def taken_out(values: Floats, untreated: Mask, treated: Mask) -> tuple[Floats, Floats, float]:
    """What unit and period effects of the untreated cells leave of values.

    Takes    values: (K, N, T).
    Returns  the rest in the untreated cells, (K, N, T) with 0 elsewhere; (K,) its mean over the
             treated cells whose unit and period have untreated ones; and the variance of the mean
             effect on these, of outcomes with even noise of variance one and no covariates.
    Source   Least squares with unit effects partialled out, so that only periods are solved for
             (Frisch and Waugh 1933).
    """
    cells = untreated.astype(float)
    own = np.maximum(cells.sum(axis=1), 1.0)
    inside = values * cells
    centred = cells * (inside - (inside.sum(axis=2) / own)[..., None])
    seen = np.outer(untreated.any(axis=1), untreated.any(axis=0))
    reached: Mask = np.asarray(treated & seen)
    count = max(int(reached.sum()), 1)
    by_unit, by_period = reached.sum(axis=1) / count, reached.sum(axis=0) / count
    asked = by_period - cells.T @ (by_unit / own)
    normal = np.diag(cells.sum(axis=0)) - (cells / own[:, None]).T @ cells
    sides = np.vstack([centred.sum(axis=1), asked])
    solved = np.linalg.lstsq(normal, sides.T, rcond=None)[0].T
    effect = solved[:-1]
    level = (inside.sum(axis=2) - effect @ cells.T) / own
    fitted = level[..., None] + effect[:, None, :]
    left = ((values - fitted) * reached).sum(axis=(1, 2)) / count
    variance = 1 / count + float((by_unit**2 / own).sum() + asked @ solved[-1])
    return cells * (values - fitted), left, variance
