"""Which units pause in which months, by lot within strata of size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from thalweg.economy.frame import Floats, Mask

STRATUM_UNITS = 4
MOST_STRATA = 5
YEAR = 12


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """stratum: (N,) number of each unit's, 0 the largest units; most_in_a_row: months at most."""

    stratum: NDArray[np.int64]
    most_in_a_row: int

    @property
    def strata(self) -> int:
        return int(self.stratum.max()) + 1


def lots_of(size: Floats, most_in_a_row: int) -> Lots:
    """Strata of like size, by (N,) mean revenue, of at least four units each."""
    units = len(size)
    strata = int(np.clip(units // STRATUM_UNITS, 1, MOST_STRATA))
    order = np.argsort(-size, kind="stable")
    stratum = np.empty(units, np.int64)
    stratum[order] = np.arange(units) * strata // units
    return Lots(stratum, most_in_a_row)


def draw_pauses(lots: Lots, share: float, months: int, rng: Generator) -> Mask:
    """(N, months) whether a unit pauses.

    Each stratum has its share of pauses in every month, rounded so that it comes out right over the
    months; within it all units that may pause are equally likely, whatever they did before. Only a
    unit that has paused for ``most_in_a_row`` months must go on, so that a month after them is free.
    """
    stratum = lots.stratum
    members = np.bincount(stratum, minlength=lots.strata)
    first = np.concatenate(([0], np.cumsum(members)))[:-1]
    paused = np.zeros((len(stratum), months), np.bool_)
    run = np.zeros(len(stratum), np.int64)
    due, begins = share * members, rng.random(lots.strata)
    for month in range(months):
        count = np.floor((month + 1) * due + begins) - np.floor(month * due + begins)
        tired = run >= lots.most_in_a_row
        order = np.lexsort((np.where(tired, 2.0, rng.random(len(stratum))), stratum))
        place = np.arange(len(stratum)) - first[stratum[order]]
        paused[order, month] = (place < count[stratum[order]]) & ~tired[order]
        run = np.where(paused[:, month], run + 1, 0)
    return paused
