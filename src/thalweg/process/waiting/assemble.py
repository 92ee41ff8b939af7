"""From a book to its waits: pieces of work, what enabled each, and what its resource did meanwhile.

The event waits for all of its objects: it is enabled when the last of them is. An object that was
ready earlier waited for the others until then (synchronisation); from then on all wait together.
Objects of standing types (people, machines, products: over a hundred events each) are not waited
for, because their event before belongs to other work; a busy resource is contention instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    SECOND_NS,
    Ints,
    chunk_codes,
    object_chunks,
    read_only,
    rows_of,
)
from thalweg.process.selection import pick
from thalweg.process.waiting.calendars import Duty, duty_tables
from thalweg.process.waiting.causes import Overlaps, rule_weights
from thalweg.process.waiting.enabling import (
    MOST_ACTIVITIES,
    Oracle,
    aggregate_order,
    concurrent_pairs,
    find_enabling,
)
from thalweg.process.waiting.pieces import Pieces, find_pieces
from thalweg.process.waiting.sweep import UNKNOWN_NS, Split, Works, split_waits
from thalweg.records.perspective import Perspective
from thalweg.records.store.book import STANDING_EVENTS

NO_TYPE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The waits of one object type before their causes are known.

    pieces      work of the type's objects. source: per piece the piece that enabled it, or FIRST.
    work        per piece its row in ``works``; None where they are the same.
    works       work of the whole log. resources: names by code.
    last_type   per work the type whose object was ready last, as a position in ``types``.
    types       object types that an event waits for, the asked one first.
    concurrent  pairs of activities taken to run side by side.
    """

    pieces: Pieces
    source: Ints
    work: NDArray[Any] | None
    works: Works
    resources: tuple[str, ...]
    last_type: NDArray[np.int16]
    types: tuple[str, ...]
    concurrent: NDArray[np.bool_]

    def works_of(self, pieces: NDArray[Any]) -> NDArray[Any]:
        return pieces if self.work is None else self.work[pieces]


def awaited_types(views: Sequence[Perspective]) -> tuple[str, ...]:
    """Types that an event waits for: those whose objects do not stay while others pass."""
    return tuple(v.type for v in views if v.entries <= STANDING_EVENTS * max(v.objects, 1))


def assemble(
    view: Perspective,
    *,
    wait_for: Sequence[str] | None = None,
    oracle: Oracle = "both",
    until_ns: int | None = None,
    threads: int | None = None,
) -> Scene:
    """Pieces, enabling and works, of everything the book holds.

    Takes    view: all objects of the asked type. wait_for: types that an event waits for; None
             means those that do not stay while others pass. until_ns: work that had not ended by
             then is not seen at all.
    Raises   RequestError: ``wait_for`` names a type that the book does not have.
    """
    book = view.book
    kinds = [view.type, *(name for name in book.types if name != view.type)]
    views = [view, *(book.perspective(name) for name in kinds[1:])]
    wanted = awaited_types(views)
    if wait_for is not None:
        wanted = tuple(pick(name, kinds, "object type") for name in wait_for)
    types = tuple(name for name in kinds if name == view.type or name in wanted)
    pieces = _pieces(view, until_ns)
    source, concurrent = _enabled(view, pieces, oracle, threads)
    alone = len(kinds) == 1 and _distinct(pieces)
    names, resource = _resources(view)
    if alone:
        ready = np.full(len(pieces), UNKNOWN_NS, np.int64)
        _own_ready(source, pieces.end_ns, ready)
        works = Works(
            np.zeros(len(pieces), np.uint32)
            if resource is None
            else _gather(resource, pieces.event),
            np.asarray(pieces.activity).astype(np.uint32),
            pieces.start_ns,
            pieces.end_ns,
            ready,
        )
        last = np.zeros(len(pieces), np.int16)
        return Scene(pieces, source, None, works, names, last, types, concurrent)
    table = _EventTable(max(rows_of(v.event) for v in views))
    table.fill(pieces)
    table.reach(pieces, source, 0)
    for other in views[1:]:
        theirs = _pieces(other, until_ns)
        table.fill(theirs)
        if other.type in types:
            their_source, _ = _enabled(other, theirs, oracle, threads)
            table.reach(theirs, their_source, types.index(other.type))
    works = table.works(resource)
    return Scene(
        pieces, source, np.asarray(pieces.event), works, names, table.last, types, concurrent
    )


def _pieces(view: Perspective, until_ns: int | None) -> Pieces:
    pieces = find_pieces(view)
    return pieces if until_ns is None else pieces.ended_by(until_ns)


def _enabled(
    view: Perspective, pieces: Pieces, oracle: Oracle, threads: int | None
) -> tuple[Ints, NDArray[np.bool_]]:
    activities = len(view.activities)
    concurrent = np.zeros((0, 0), np.bool_)
    if oracle != "none" and activities <= MOST_ACTIVITIES and pieces.encoding != "instants":
        order = aggregate_order(pieces, activities, threads)
        concurrent = concurrent_pairs(order, oracle)
    return find_enabling(pieces, concurrent, threads).source, concurrent


def _resources(view: Perspective) -> tuple[tuple[str, ...], NDArray[Any] | None]:
    coded = view.book.role_codes("resource")
    return (("",), None) if coded is None else (coded[1], coded[0])


def _gather(codes: NDArray[Any], event: NDArray[Any]) -> NDArray[np.uint32]:
    return np.asarray(codes[event]).astype(np.uint32)


def _distinct(pieces: Pieces) -> bool:
    seen = np.zeros(rows_of(pieces.event), bool)
    seen[pieces.event] = True
    return int(seen.sum()) == len(pieces)


@njit(cache=True, nogil=True)
def _own_ready(source: Ints, end_ns: Ints, ready: Ints) -> None:
    for j in range(len(source)):
        if source[j] >= 0:
            ready[j] = end_ns[source[j]]


class _EventTable:
    """Work by the row of the event that completes it, filled from every type's pieces."""

    def __init__(self, rows: int) -> None:
        self.filled = np.zeros(rows, np.bool_)
        self.start, self.end = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        self.activity = np.zeros(rows, np.uint32)
        self.ready = np.full(rows, UNKNOWN_NS, np.int64)
        self.last = np.full(rows, NO_TYPE, np.int16)

    def fill(self, pieces: Pieces) -> None:
        """Take the work of events that are not known yet."""
        for chunk in object_chunks(pieces.offsets):
            at = slice(chunk.lo, chunk.hi)
            _fill(
                chunk_codes(pieces.event, chunk),
                chunk_codes(pieces.activity, chunk),
                read_only(pieces.start_ns[at]),
                read_only(pieces.end_ns[at]),
                self.filled,
                self.start,
                self.end,
                self.activity,
            )

    def reach(self, pieces: Pieces, source: Ints, kind: int) -> None:
        """Raise the enabling of events to that of these objects; the first type keeps ties."""
        for chunk in object_chunks(pieces.offsets):
            at = slice(chunk.lo, chunk.hi)
            event = chunk_codes(pieces.event, chunk)
            _reach(event, source[at], read_only(pieces.end_ns), kind, self.ready, self.last)

    def works(self, resource: NDArray[Any] | None) -> Works:
        rows = len(self.start)
        who = np.zeros(rows, np.uint32)
        if resource is not None:
            who[:] = resource[:rows]
        who[~self.filled] = 0
        return Works(who, self.activity, self.start, self.end, self.ready)


@njit(cache=True, nogil=True)
def _fill(
    event: NDArray[np.uint32],
    code: NDArray[np.uint32],
    start_ns: Ints,
    end_ns: Ints,
    filled: NDArray[np.bool_],
    start: Ints,
    end: Ints,
    activity: NDArray[np.uint32],
) -> None:
    for j in range(len(event)):
        e = event[j]
        if not filled[e]:
            filled[e] = True
            start[e], end[e], activity[e] = start_ns[j], end_ns[j], code[j]


@njit(cache=True, nogil=True)
def _reach(
    event: NDArray[np.uint32],
    source: Ints,
    end_ns: Ints,
    kind: int,
    ready: Ints,
    last: NDArray[np.int16],
) -> None:
    for j in range(len(event)):
        if source[j] >= 0 and end_ns[source[j]] > ready[event[j]]:
            ready[event[j]] = end_ns[source[j]]
            last[event[j]] = kind


def find_causes(
    scene: Scene,
    duty: Duty,
    overlaps: Overlaps,
    *,
    smallest_batch: int = 2,
    batch_gap_s: float = 0.0,
    threads: int | None = None,
) -> Split:
    """The sweep over all resources of a scene."""
    works = scene.works
    first = int(works.start_ns.min()) if len(works.start_ns) else 0
    ready = works.enabled_ns[works.enabled_ns != UNKNOWN_NS]
    first = min(first, int(ready.min())) if len(ready) else first
    last = int(works.start_ns.max()) if len(works.start_ns) else 0
    last = max(last, int(works.end_ns.max())) if len(works.end_ns) else 0
    return split_waits(
        works,
        len(scene.resources),
        duty_tables(duty, first, last),
        rule_weights(overlaps),
        smallest_batch=smallest_batch,
        batch_gap_ns=round(batch_gap_s * SECOND_NS),
        threads=threads,
    )
