"""Counts over sequences that the trust report needs: ties, repeats, late rows, shared objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """What one pass over a perspective tells.

    ties       entries that share their time with a neighbour in the same object.
    late       entries recorded after an entry of the same object that happened later.
    repeated   event rows that repeat the activity and time of an earlier entry of the object,
               each with the event row that it repeats.
    """

    entries: int
    ties: int
    late: int
    repeated: U32
    repeats_of: U32


def sequence_facts(
    offsets: I64, activity: NDArray[np.integer], time_ns: I64, event: U32
) -> SequenceFacts:
    """Judge the order within each object."""
    ties, late, repeats = _count_order(offsets, activity, time_ns, event)
    repeated, of = np.empty(repeats, np.uint32), np.empty(repeats, np.uint32)
    _list_repeats(offsets, activity, time_ns, event, repeated, of)
    return SequenceFacts(len(event), ties, late, repeated, of)


def events_with_several(event: U32, n_events: int) -> int:
    """Events that involve two or more objects of the type (convergence)."""
    return int(np.count_nonzero(np.bincount(event, minlength=n_events) > 1))


def diverging_objects(
    offsets: I64,
    activity: NDArray[np.integer],
    event: U32,
    others: NDArray[np.uint64],
    n_activities: int,
) -> int:
    """Objects in which an activity recurs with different objects of other types (divergence).

    others   per event row, a hash of the set of its objects of all other types.
    """
    return int(_count_diverging(offsets, activity, event, others, n_activities))


def set_hashes(n_events: int, objects: U32, events: U32, seed: int) -> NDArray[np.uint64]:
    """Per event row, a hash of the set of objects linked to it, independent of their order."""
    mixed = (objects.astype(np.uint64) + np.uint64(seed + 1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    sums = np.zeros(n_events, np.uint64)
    np.add.at(sums, events, mixed)
    return sums


@njit(cache=True, nogil=True)
def _same_instant_repeat(activity, time_ns, lo, k):  # type: ignore[no-untyped-def]
    j = k - 1
    while j >= lo and time_ns[j] == time_ns[k]:
        if activity[j] == activity[k]:
            return j
        j -= 1
    return -1


@njit(cache=True, nogil=True)
def _count_order(offsets, activity, time_ns, event):  # type: ignore[no-untyped-def]
    ties = late = repeats = 0
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        earliest_row = event[hi - 1]
        for k in range(hi - 1, lo - 1, -1):
            before = k > lo and time_ns[k - 1] == time_ns[k]
            after = k + 1 < hi and time_ns[k + 1] == time_ns[k]
            if before or after:
                ties += 1
            if before and _same_instant_repeat(activity, time_ns, lo, k) >= 0:
                repeats += 1
            if event[k] > earliest_row:
                late += 1
            earliest_row = min(earliest_row, event[k])
    return ties, late, repeats


@njit(cache=True, nogil=True)
def _list_repeats(offsets, activity, time_ns, event, repeated, of):  # type: ignore[no-untyped-def]
    found = 0
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        for k in range(lo + 1, hi):
            if time_ns[k - 1] != time_ns[k]:
                continue
            j = _same_instant_repeat(activity, time_ns, lo, k)
            if j >= 0:
                repeated[found] = event[k]
                of[found] = event[j]
                found += 1


@njit(cache=True, nogil=True)
def _count_diverging(offsets, activity, event, others, n_activities):  # type: ignore[no-untyped-def]
    seen_in = np.full(n_activities, -1, np.int64)
    seen_set = np.zeros(n_activities, np.uint64)
    diverging = 0
    for i in range(len(offsets) - 1):
        for k in range(offsets[i], offsets[i + 1]):
            a = activity[k]
            if seen_in[a] == i:
                if seen_set[a] != others[event[k]]:
                    diverging += 1
                    break
            else:
                seen_in[a] = i
                seen_set[a] = others[event[k]]
    return diverging
