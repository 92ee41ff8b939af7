"""Figures of whole objects by unit and period: flow time, shares, counts and values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.change.frame import Floats, Mask
from thalweg.change.panels.grid import Grid
from thalweg.change.panels.kernels import NEVER_NS
from thalweg.process.calendar import WorkTable
from thalweg.process.chunks import SECOND_NS, Ints

FINISHED, FAILED, SILENT, OPEN = range(4)
"""How an object stands when observation ends: at an end, at a failed end, silent, going on."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Objects with a unit, one entry each.

    cell     unit · periods + period of the beginning; -1 outside the periods or without a unit.
    left     the same for the last event.
    state    FINISHED, FAILED, SILENT or OPEN.
    """

    begun_ns: Ints
    stop_ns: Ints
    state: NDArray[np.int8]
    unit: Ints
    cell: Ints
    left: Ints
    horizon_ns: int

    @staticmethod
    def of(
        begun_ns: Ints,
        stop_ns: Ints,
        state: NDArray[np.int8],
        unit: Ints,
        grid: Grid,
        horizon_ns: int,
    ) -> Objects:
        cell, left = (cells_of(unit, grid.period(time), len(grid)) for time in (begun_ns, stop_ns))
        return Objects(begun_ns, stop_ns, state, unit, cell, left, horizon_ns)

    @property
    def finished(self) -> Mask:
        return np.asarray(self.state != OPEN)

    def within_ns(self, window_ns: int, work: WorkTable | None = None) -> Ints:
        """Time of each object, at most the window; an open one is known only to the horizon."""
        last = np.maximum(self.stop_ns, self.horizon_ns)
        stop = np.where(self.finished, self.stop_ns, last)
        until = np.minimum(stop, self.begun_ns + window_ns)
        if work is None:
            return np.asarray(until - self.begun_ns)
        return np.asarray(work.work_ns(until) - work.work_ns(self.begun_ns))

    def latest(self, grid: Grid) -> Ints:
        """(T,) the last beginning in each period."""
        found = np.full(len(grid), NEVER_NS, np.int64)
        mine = self.cell >= 0
        np.maximum.at(found, self.cell[mine] % len(grid), self.begun_ns[mine])
        return found


def cells_of(unit: Ints, period: Ints, periods: int) -> Ints:
    """unit · periods + period, -1 where either does not exist."""
    inside = (unit >= 0) & (period >= 0) & (period < periods)
    return np.where(inside, unit * periods + period, -1)


def count_cells(cell: Ints, cells: int, mask: Mask | None = None) -> Ints:
    """Objects by cell."""
    mine = cell >= 0 if mask is None else (cell >= 0) & mask
    return np.bincount(cell[mine], minlength=cells).astype(np.int64)


def hours_by_cell(cell: Ints, time_ns: Ints, cells: int) -> Floats:
    """Exact sums of times by cell, in hours."""
    table = np.zeros((cells, 2), np.int64)
    _add_times(cell, time_ns, table)
    return np.asarray((table[:, 0] + table[:, 1] / SECOND_NS) / 3600)


@njit(cache=True, nogil=True)
def _add_times(cell: Ints, time_ns: Ints, table: NDArray[np.int64]) -> None:
    for i in range(len(cell)):
        if cell[i] >= 0:
            table[cell[i], 0] += time_ns[i] // SECOND_NS
            table[cell[i], 1] += time_ns[i] % SECOND_NS


def values_by_cell(cell: Ints, value: Floats, cells: int) -> Floats:
    """Sums of an attribute by cell; objects without a value add nothing."""
    mine = (cell >= 0) & np.isfinite(value)
    return np.bincount(cell[mine], weights=value[mine], minlength=cells).astype(np.float64)


def mature(latest: Ints, follow_ns: int, horizon_ns: int) -> Mask:
    """Periods all of whose objects can be followed to the end of observation.

    Takes    latest: last instant at which one was entered. A period without any is not mature
             where a later one is not.
    """
    reached = (latest == NEVER_NS) | (latest <= horizon_ns - follow_ns)
    return np.asarray(np.logical_and.accumulate(reached))
