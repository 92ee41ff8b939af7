"""Enabling: the moment from which work could have begun, and the work that had to end before.

The line above in the log is not always what a piece of work waited for: where two branches run
side by side, it may belong to the other branch. Two activities are taken to run side by side when
they overlap in time as often as they follow one another, or when their order is balanced: among
neighbours (the dependency of Weijters and others, 2006, as Chapela-Campa and Dumas, 2024, use it
for enabling times) and in whole objects, a tenth of which at least show the rarer order;
neighbours alone take rare skips and returns for branches, whole objects alone take a second round
of a loop for one. Only objects count in which both happen once: work that repeats, in rework or
in lots, comes in every order and overlaps without being side by side by design. A piece of work
is enabled when the latest piece of the same object ends whose activity does not run beside its
own and which ended before it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    Chunk,
    Codes,
    Ints,
    chunk_codes,
    chunk_offsets,
    each,
    object_chunks,
    read_only,
)
from thalweg.process.waiting.pieces import Pieces

Oracle = Literal["both", "order", "overlap", "none"]
"""What shows that two activities run side by side: balanced order, overlap, either, or nothing."""

DEPENDENCY = 0.9
OVERLAP_SHARE = 0.5
RARER_SHARE = 0.1
MOST_ACTIVITIES = 2048
"""Beyond it, tables of activity by activity are not laid out and nothing is taken as concurrent."""

FIRST = -1
FOLLOWS, BEFORE, OVERLAPS = range(3)
FEWEST = 10
"""Objects that show a pair in either order or overlapping, below which nothing is concluded."""


@dataclass(frozen=True, slots=True, eq=False)
class OrderAggregate:
    """Per pair of activities, objects in which both happen once and: the second FOLLOWS the first
    as the next to end; the first ends BEFORE the second begins; they OVERLAP in time."""

    counts: NDArray[np.int64]

    @staticmethod
    def zero(activities: int) -> OrderAggregate:
        return OrderAggregate(np.zeros((activities, activities, 3), np.int64))

    def merge(self, other: OrderAggregate) -> OrderAggregate:
        """The aggregate of two disjoint sets of objects."""
        return OrderAggregate(self.counts + other.counts)


def aggregate_order(pieces: Pieces, activities: int, threads: int | None = None) -> OrderAggregate:
    """How activities of the same object stand to one another."""

    def work(chunk: Chunk) -> OrderAggregate:
        part = OrderAggregate.zero(activities)
        _relate(
            chunk_offsets(pieces.offsets, chunk),
            chunk_codes(pieces.activity, chunk),
            read_only(pieces.start_ns[chunk.lo : chunk.hi]),
            read_only(pieces.end_ns[chunk.lo : chunk.hi]),
            part.counts,
        )
        return part

    whole = OrderAggregate.zero(activities)
    for part in each(work, object_chunks(pieces.offsets), threads):
        whole = whole.merge(part)
    return whole


@njit(cache=True, nogil=True)
def _relate(
    offsets: Ints, code: Codes, start_ns: Ints, end_ns: Ints, counts: NDArray[np.int64]
) -> None:
    times, once = np.zeros(len(counts), np.int64), np.empty(len(counts), np.int64)
    for i in range(len(offsets) - 1):
        first, last = offsets[i], offsets[i + 1]
        for j in range(first, last):
            times[code[j]] += 1
        found = 0
        for j in range(first, last):
            if times[code[j]] > 1:
                continue
            b = code[j]
            for n in range(found):
                k = once[n]
                if end_ns[k] <= start_ns[j]:
                    counts[code[k], b, BEFORE] += 1
                    if k == j - 1:
                        counts[code[k], b, FOLLOWS] += 1
                else:
                    counts[code[k], b, OVERLAPS] += 1
                    counts[b, code[k], OVERLAPS] += 1
            once[found] = j
            found += 1
        for j in range(first, last):
            times[code[j]] = 0


def concurrent_pairs(order: OrderAggregate, oracle: Oracle = "both") -> NDArray[np.bool_]:
    """Which pairs of activities run side by side; symmetric, never an activity with itself."""
    follows = order.counts[..., FOLLOWS].astype(float)
    before = order.counts[..., BEFORE].astype(float)
    overlaps = order.counts[..., OVERLAPS].astype(float)
    near, far = follows + follows.T, before + before.T
    balanced = (np.minimum(follows, follows.T) > 0) & (
        np.abs(follows - follows.T) < DEPENDENCY * (near + 1)
    )
    balanced &= np.minimum(before, before.T) >= RARER_SHARE * far
    overlapping = (overlaps > 0) & (overlaps >= OVERLAP_SHARE * (overlaps + near))
    found = {
        "none": np.zeros_like(balanced),
        "order": balanced,
        "overlap": overlapping,
        "both": balanced | overlapping,
    }[oracle]
    found &= near + overlaps >= FEWEST
    np.fill_diagonal(found, False)
    return np.asarray(found, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Enabling:
    """Per piece: source, the piece that enabled it (FIRST where none did), as a position in the
    same arrays; its completion is the enabling time."""

    source: NDArray[np.int64]


def find_enabling(
    pieces: Pieces, concurrent: NDArray[np.bool_], threads: int | None = None
) -> Enabling:
    """The piece that each piece of work had to wait for."""
    source = np.empty(len(pieces), np.int64)

    def work(chunk: Chunk) -> None:
        _enable(
            chunk_offsets(pieces.offsets, chunk),
            chunk_codes(pieces.activity, chunk),
            read_only(pieces.start_ns[chunk.lo : chunk.hi]),
            read_only(pieces.end_ns[chunk.lo : chunk.hi]),
            concurrent,
            chunk.lo,
            source[chunk.lo : chunk.hi],
        )

    for _ in each(work, object_chunks(pieces.offsets), threads):
        pass
    return Enabling(source)


@njit(cache=True, nogil=True)
def _enable(
    offsets: Ints,
    code: Codes,
    start_ns: Ints,
    end_ns: Ints,
    concurrent: NDArray[np.bool_],
    base: int,
    source: Ints,
) -> None:
    """Back from the latest piece that ended in time, past those of concurrent activities."""
    known = len(concurrent)
    for i in range(len(offsets) - 1):
        first = offsets[i]
        for j in range(first, offsets[i + 1]):
            lo, hi = first, j
            while lo < hi:
                mid = (lo + hi) >> 1
                if end_ns[mid] <= start_ns[j]:
                    lo = mid + 1
                else:
                    hi = mid
            k = lo - 1
            while k >= first and known > 0 and concurrent[code[k], code[j]]:
                k -= 1
            source[j] = base + k if k >= first else FIRST
