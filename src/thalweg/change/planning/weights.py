"""How much each cell counts in the imputation estimate of a planned roll-out, in closed form."""

from __future__ import annotations

import numpy as np

from thalweg.change.frame import NEVER, Floats, Ints, Mask


def known_cells(start: Ints, periods: int, straddle: int) -> tuple[Mask, Mask]:
    """Which cells will be untreated, and which treated ones have somebody untreated beside them.

    Takes    start: (N,) first full treated periods, ``NEVER`` for controls.
    Returns  (N, T) untreated, (N, T) treated and identified.
    """
    at = np.arange(periods)[None, :]
    first = start[:, None]
    untreated = (first == NEVER) | (at < first - straddle)
    treated = (first != NEVER) & (at >= first)
    beside = untreated.any(axis=0)[None, :]
    before = untreated.any(axis=1)[:, None]
    return np.asarray(untreated), np.asarray(treated & beside & before)


def imputation_weights(start: Ints, periods: int, straddle: int) -> Floats | None:
    """Weights of the mean effect on the treated when untreated cells are unit + period effects.

    Takes    start: (N,) first full treated periods, ``NEVER`` for controls. All cells are known.
    Returns  (N, T), so that the estimate is the sum of weight times cell on the scale of the
             outcome; None where no treated cell has an untreated one beside it. Units that begin
             together have the same weights.
    Source   Borusyak, Jaravel, Spiess (2024): unit and period effects are fitted on the untreated
             cells by least squares and taken off the treated ones. Unit effects are swept out, so
             that one system of T equations is left. Oracle: dense least squares.
    """
    cohorts, own, size = np.unique(start, return_inverse=True, return_counts=True)
    weight = cohort_weights(cohorts, size, periods, straddle)
    return None if weight is None else np.asarray(weight[own])


def cohort_weights(cohorts: Ints, size: Ints, periods: int, straddle: int) -> Floats | None:
    """(C, T) the same for one unit of each cohort.

    Takes    cohorts: (C,) first full treated periods or ``NEVER``. size: (C,) units, at least 1.
    """
    untreated, treated = known_cells(cohorts, periods, straddle)
    cells = float((size[:, None] * treated).sum())
    if cells == 0:
        return None
    free = untreated.astype(float)
    number = np.maximum(free.sum(axis=1), 1.0)
    reach = treated.sum(axis=1)
    away = treated - (reach / number)[:, None] * free
    system = np.diag(size @ free) - (free.T * (size / number)) @ free
    period = np.linalg.lstsq(system, size @ away, rcond=1e-10)[0]
    fitted = free * period - free * ((free @ period) / number)[:, None]
    return np.asarray((away - fitted) / cells)


def wave_weights(first: Ints, size: Ints, periods: int, straddle: int) -> Floats | None:
    """(W, T) the same by wave, where waves may be empty; zero for these."""
    used = size > 0
    found = cohort_weights(first[used], size[used], periods, straddle)
    if found is None:
        return None
    table = np.zeros((len(size), periods))
    table[used] = found
    return table
