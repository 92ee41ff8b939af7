"""Waiting by cause, summed by the unit of the object and the period in which the wait began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.change.frame import Mask
from thalweg.change.panels.grid import Grid
from thalweg.change.panels.kernels import ITEMS, NEVER_NS, REST_NS, WHOLE_S
from thalweg.change.panels.windows import count_days
from thalweg.process.calendar import Calendar
from thalweg.process.chunks import (
    SECOND_NS,
    Chunk,
    Ints,
    carry,
    each,
    object_chunks,
    read_only,
    rows_of,
)
from thalweg.process.waiting.assemble import assemble, find_causes
from thalweg.process.waiting.calendars import given_duty, learn_duty
from thalweg.process.waiting.causes import (
    CAUSES,
    HANDOVER,
    REMAINDER,
    SYNCHRONISATION,
    UNAVAILABLE,
)
from thalweg.process.waiting.tally import WaitArrays, Waits, single_waits
from thalweg.records.perspective import Perspective

RUN = 1 << 19


@dataclass(frozen=True, slots=True, eq=False)
class CauseWaits:
    """Every wait of the objects of a perspective.

    causes   names that the records can show. place: their positions in ``CAUSES``.
    object   per object of the waits, its place in the view that is measured; -1 if not in it.
    length_ns, from_ns   per piece: the wait and when it began; -1 where there is none.
    """

    arrays: WaitArrays
    offsets: Ints
    object: Ints
    causes: tuple[str, ...]
    place: Ints
    length_ns: Ints
    from_ns: Ints

    def days(self, size: int) -> NDArray[np.int64]:
        """(size, 2) waits by whole days. A wait is seen when it is over: none is censored."""
        mine = self.length_ns[self.length_ns >= 0]
        return count_days(mine, np.ones(len(mine), np.bool_), size)


def find_waits(
    base: Perspective,
    view: Perspective,
    zone: str,
    calendar: Calendar | None,
    threads: int | None = None,
) -> CauseWaits | str:
    """The waits of a type's objects by cause, or the code of the reason why there are none.

    Takes    base: all objects of the type, since resources are seen at all of their work. view:
             those that count. calendar: of all resources; None learns it.
    """
    scene = assemble(base, threads=threads)
    if scene.pieces.encoding == "instants":
        return "no_start_times"
    if len(scene.resources) == 1:
        return "no_resource"
    duty = (
        learn_duty(scene.works, scene.resources, len(base.activities), zone, threads)
        if calendar is None
        else given_duty(calendar, scene.resources)
    )
    split = find_causes(scene, duty, "shared", threads=threads)
    party = base.book.role_codes("party")
    arrays = Waits(scene, split, None if party is None else party[0], None).arrays()
    shown = [
        number
        for number in range(len(CAUSES))
        if not (number == HANDOVER and party is None)
        and not (number == SYNCHRONISATION and scene.work is None)
        and not (number == UNAVAILABLE and not duty.known().any())
        and number != REMAINDER
    ]
    length, begun = np.full(len(scene.pieces), -1, np.int64), np.zeros(len(scene.pieces), np.int64)
    known = (arrays.source >= 0) & arrays.counted
    begun[known] = arrays.end_ns[arrays.source[known]]
    length[known] = arrays.start_ns[arrays.work[known]] - begun[known]
    place = np.full(rows_of(base.object), -1, np.int64)
    place[view.object] = np.arange(view.objects)
    return CauseWaits(
        arrays,
        scene.pieces.offsets,
        place[base.object],
        tuple(CAUSES[number] for number in shown),
        np.array(shown, np.int64),
        length,
        begun,
    )


@dataclass(frozen=True, slots=True, eq=False)
class WaitSums:
    """Exact time by cause and cell, and the objects behind it.

    table   (causes, cells, 3): ITEMS are objects with a step of work that could have begun in the
            cell, whether it waited or not. latest: (periods,) last instant of such a beginning.
    """

    table: NDArray[np.int64]
    latest: Ints

    def merge(self, other: WaitSums) -> WaitSums:
        table = self.table + other.table
        table[..., WHOLE_S], table[..., REST_NS] = carry(table[..., WHOLE_S], table[..., REST_NS])
        return WaitSums(table, np.maximum(self.latest, other.latest))


def sum_waits(
    waits: CauseWaits,
    unit: Ints,
    units: int,
    grid: Grid,
    within_ns: int,
    threads: int | None = None,
    run: int = RUN,
) -> WaitSums:
    """Waits by cause, each of at most the window: of a longer one the causes shrink in proportion.

    Takes    unit: per object of the view, -1 for none.
    """
    periods = len(grid)
    shape = (len(waits.causes), units * periods, 3)
    mine: Ints = np.where(waits.object >= 0, unit[np.maximum(waits.object, 0)], -1)
    counted: Mask = waits.length_ns >= 0

    def work(chunk: Chunk) -> WaitSums:
        part = WaitSums(np.zeros(shape, np.int64), np.full(periods, NEVER_NS, np.int64))
        pieces = np.flatnonzero(counted[chunk.lo : chunk.hi]) + chunk.lo
        _sum_waits(
            np.searchsorted(pieces, waits.offsets[chunk.first : chunk.last + 1]),
            read_only(mine[chunk.first : chunk.last]),
            waits.from_ns[pieces],
            waits.length_ns[pieces],
            single_waits(waits.arrays, pieces)[:, waits.place],
            read_only(grid.edges),
            within_ns,
            part.table,
            part.latest,
        )
        return part

    whole = WaitSums(np.zeros(shape, np.int64), np.full(periods, NEVER_NS, np.int64))
    for part in each(work, object_chunks(waits.offsets, run), threads):
        whole = whole.merge(part)
    return whole


@njit(cache=True, nogil=True)
def _sum_waits(
    offsets: Ints,
    unit: Ints,
    from_ns: Ints,
    length_ns: Ints,
    cause_ns: NDArray[np.int64],
    edges: Ints,
    within_ns: int,
    table: NDArray[np.int64],
    latest: Ints,
) -> None:
    periods = len(edges) - 1
    seen = np.full(periods, -1, np.int64)
    for i in range(len(offsets) - 1):
        if unit[i] < 0:
            continue
        for j in range(offsets[i], offsets[i + 1]):
            q = np.searchsorted(edges, from_ns[j], side="right") - 1
            if q < 0 or q >= periods:
                continue
            cell, first = unit[i] * periods + q, seen[q] != i
            latest[q], seen[q] = max(latest[q], from_ns[j]), i
            for c in range(cause_ns.shape[1]):
                if first:
                    table[c, cell, ITEMS] += 1
                time = cause_ns[j, c]
                if length_ns[j] > within_ns:
                    time = np.int64(time * (within_ns / length_ns[j]))
                table[c, cell, WHOLE_S] += time // SECOND_NS
                table[c, cell, REST_NS] += time % SECOND_NS
