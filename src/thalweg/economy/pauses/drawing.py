"""Which units pause what in which months, by lot within strata of size."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """(N, months) where paid traffic pauses, and where subsidy does; all False where it never does."""

    traffic: Mask
    subsidy: Mask


def lots_of(size: Floats, most_in_a_row: int) -> Lots:
    """Strata of like size, by (N,) mean revenue, of at least four units each."""
    units = len(size)
    strata = int(np.clip(units // STRATUM_UNITS, 1, MOST_STRATA))
    order = np.argsort(-size, kind="stable")
    stratum = np.empty(units, np.int64)
    stratum[order] = np.arange(units) * strata // units
    return Lots(stratum, most_in_a_row)


def draw_both(
    lots: Lots, share: float, months: int, rng: Generator, *, traffic: bool, subsidy: bool
) -> Drawn:
    """Pauses of what is to be paused, each with its share; of both, the second crosses the first."""
    first = draw_pauses(lots, share, months, rng)
    none = np.zeros_like(first)
    if traffic and subsidy:
        return Drawn(first, draw_pauses(lots, share, months, rng, across=first))
    return Drawn(first if traffic else none, first if subsidy else none)


def draw_pauses(
    lots: Lots, share: float, months: int, rng: Generator, across: Mask | None = None
) -> Mask:
    """(N, months) whether a unit pauses.

    Each stratum has its share of pauses in every month, rounded so that it comes out right over the
    months; within it all units that may pause are equally likely, whatever they did before. Only a
    unit that has paused for ``most_in_a_row`` months must go on, so that a month after them is free.

    Takes    across: (N, months) other pauses; those that have one and those that have none then
             have their share each, so that one pause can be told from the other.
    """
    paused = np.zeros((len(lots.stratum), months), np.bool_)
    run = np.zeros(len(lots.stratum), np.int64)
    groups = lots.strata * (1 if across is None else 2)
    due = rng.random(groups)
    for month in range(months):
        other = 0 if across is None else across[:, month] * lots.strata
        group = lots.stratum + other
        members = np.bincount(group, minlength=groups)
        first = np.concatenate(([0], np.cumsum(members)))[:-1]
        count = np.floor(due + share * members) - np.floor(due)
        due += share * members
        tired = run >= lots.most_in_a_row
        order = np.lexsort((np.where(tired, 2.0, rng.random(len(group))), group))
        place = np.arange(len(group)) - first[group[order]]
        paused[order, month] = (place < count[group[order]]) & ~tired[order]
        run = np.where(paused[:, month], run + 1, 0)
    return paused
