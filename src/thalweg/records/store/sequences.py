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
    """Event rows grouped by object (empty objects left out), each group in time order."""

    offsets: I64
    event: U32
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
    event = np.empty(int(starts[-1]), np.uint32)
    rows = np.empty(0, np.uint32) if events is None else events
    _scatter(objects, rows, events is None, starts[:-1].copy(), event)
    offsets = np.append(starts[:-1][present], starts[-1])
    _order_by_time(offsets, event, time_ns)
    return Sequences(offsets, event, present)


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
def _scatter(objects, events, dense, cursor, event):  # type: ignore[no-untyped-def]
    for k in range(len(objects)):
        code = objects[k]
        if code != NO_OBJECT:
            event[cursor[code]] = k if dense else events[k]
            cursor[code] += 1


@njit(cache=True, nogil=True, parallel=True)
def _order_by_time(offsets, event, time_ns):  # type: ignore[no-untyped-def]
    n = len(offsets) - 1
    chunks = (n + 4095) // 4096
    for chunk in prange(chunks):
        for i in range(chunk * 4096, min(n, (chunk + 1) * 4096)):
            lo, hi = offsets[i], offsets[i + 1]
            previous = time_ns[event[lo]]
            for k in range(lo + 1, hi):
                current = time_ns[event[k]]
                if current < previous:
                    _sort_segment(event, lo, hi, time_ns)
                    break
                previous = current


@njit(cache=True, nogil=True)
def _sort_segment(event, lo, hi, time_ns):  # type: ignore[no-untyped-def]
    n = hi - lo
    if n > 48:
        rows = event[lo:hi].copy()
        keys = np.empty(n, np.int64)
        for k in range(n):
            keys[k] = time_ns[rows[k]]
        order = np.argsort(keys, kind="mergesort")
        for k in range(n):
            event[lo + k] = rows[order[k]]
        return
    for k in range(lo + 1, hi):
        row = event[k]
        key = time_ns[row]
        j = k - 1
        while j >= lo and time_ns[event[j]] > key:
            event[j + 1] = event[j]
            j -= 1
        event[j + 1] = row
