"""Kernels that turn (object, event) pairs into compressed sparse rows.

The order of the result is total: object, time, then record order. A counting sort groups the
pairs by object and keeps record order; only objects that are not yet in time order are sorted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

NO_OBJECT = np.uint32(0xFFFFFFFF)
"""Object code of an event row that names no object of the type."""

U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sequences:
    """Event rows and their times by object (empty ones left out), each object in time order."""

    offsets: I64
    event: U32
    time_ns: I64
    object: U32


def build_sequences(objects: U32, events: U32 | None, time_ns: I64, n_objects: int) -> Sequences:
    """Group pairs by object and order each group by time, then by event row.

    objects   object code per pair, NO_OBJECT for none.
    events    event row per pair, ascending; None when pair k belongs to event row k.
    time_ns   time per event row.
    """
    counts = _count(objects, n_objects)
    present = np.flatnonzero(counts).astype(np.uint32)
    starts = np.zeros(n_objects + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    event, time = np.empty(int(starts[-1]), np.uint32), np.empty(int(starts[-1]), np.int64)
    rows = np.empty(0, np.uint32) if events is None else events
    _scatter(objects, rows, events is None, time_ns, starts[:-1].copy(), event, time)
    offsets = np.append(starts[:-1][present], starts[-1])
    _order_by_time(offsets, event, time)
    return Sequences(offsets, event, time, present)


def distinct_pairs(objects: U32, events: U32) -> tuple[U32, U32]:
    """Pairs without repeats, ordered by event row, then object."""
    key = np.unique((events.astype(np.uint64) << np.uint64(32)) | objects)
    return (key & np.uint64(0xFFFFFFFF)).astype(np.uint32), (key >> np.uint64(32)).astype(np.uint32)


def smallest_unsigned(n: int) -> np.dtype[np.unsignedinteger]:
    """The narrowest unsigned type that holds codes 0 … n - 1."""
    return np.dtype(np.min_scalar_type(max(n - 1, 0)))


@njit(cache=True, nogil=True)
def _count(objects, n_objects):  # type: ignore[no-untyped-def]
    counts = np.zeros(n_objects, np.int64)
    for code in objects:
        if code != NO_OBJECT:
            counts[code] += 1
    return counts


@njit(cache=True, nogil=True)
def _scatter(objects, events, dense, time_ns, cursor, event, time):  # type: ignore[no-untyped-def]
    for k in range(len(objects)):
        code = objects[k]
        if code != NO_OBJECT:
            row = k if dense else events[k]
            place = cursor[code]
            event[place] = row
            time[place] = time_ns[row]
            cursor[code] = place + 1


@njit(cache=True, nogil=True, parallel=True)
def _order_by_time(offsets, event, time):  # type: ignore[no-untyped-def]
    n = len(offsets) - 1
    chunks = (n + 4095) // 4096
    for chunk in prange(chunks):
        for i in range(chunk * 4096, min(n, (chunk + 1) * 4096)):
            lo, hi = offsets[i], offsets[i + 1]
            for k in range(lo + 1, hi):
                if time[k] < time[k - 1]:
                    _sort_segment(event, time, lo, hi)
                    break


@njit(cache=True, nogil=True)
def _sort_segment(event, time, lo, hi):  # type: ignore[no-untyped-def]
    """Sort a segment by time, keeping the order of equal times."""
    if hi - lo > 48:
        order = np.argsort(time[lo:hi], kind="mergesort")
        event[lo:hi] = event[lo:hi][order]
        time[lo:hi] = time[lo:hi][order]
        return
    for k in range(lo + 1, hi):
        row, key = event[k], time[k]
        j = k - 1
        while j >= lo and time[j] > key:
            event[j + 1], time[j + 1] = event[j], time[j]
            j -= 1
        event[j + 1], time[j + 1] = row, key
