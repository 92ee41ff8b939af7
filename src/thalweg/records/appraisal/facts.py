"""Counts over sequences that the trust report needs: ties, repeats, late rows, shared objects.

Convergence: an event that involves two or more objects of one type; seen from that type it is
counted once for each. Divergence: an object in which an activity recurs with different objects
of other types; seen from that object the recurrences look like a loop. Both make figures that
are summed over a type count twice or link what does not belong together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]
EXAMPLES = 5
_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """What one pass over a perspective tells.

    ties       entries that share their time with a neighbour in the same object.
    late       entries recorded after an entry of the same object that happened later.
    repeated   event rows that repeat the activity and time of an earlier entry of the object,
               each with the event row that it repeats.
    tied_at, late_at   event rows of the first few.
    """

    entries: int
    ties: int
    late: int
    repeated: U32
    repeats_of: U32
    tied_at: U32
    late_at: U32


def sequence_facts(
    offsets: I64, activity: NDArray[np.integer], time_ns: I64, event: U32
) -> SequenceFacts:
    """Judge the order within each object."""
    tied_at, late_at = np.empty(EXAMPLES, np.uint32), np.empty(EXAMPLES, np.uint32)
    ties, late, repeats = _count_order(offsets, activity, time_ns, event, tied_at, late_at)
    repeated, of = np.empty(repeats, np.uint32), np.empty(repeats, np.uint32)
    if repeats:
        _list_repeats(offsets, activity, time_ns, event, repeated, of)
    shown = tied_at[: min(ties, EXAMPLES)], late_at[: min(late, EXAMPLES)]
    return SequenceFacts(len(event), ties, late, repeated, of, *shown)


def objects_per_event(event: U32, n_events: int) -> NDArray[np.uint8]:
    """Per event row how many objects of the type it involves: 0, 1, or 2 for several."""
    counts = np.zeros(n_events, np.uint8)
    _count_up_to_two(event, counts)
    return counts


def diverging_objects(
    offsets: I64,
    activity: NDArray[np.integer],
    event: U32,
    others: NDArray[np.uint64],
    n_activities: int,
) -> tuple[int, I64]:
    """How many objects diverge, and the places of the first few.

    others   per event row, a hash of the set of its objects of all other types.
    """
    places = np.empty(EXAMPLES, np.int64)
    count = int(_count_diverging(offsets, activity, event, others, n_activities, places))
    return count, places[: min(count, EXAMPLES)]


def add_set_hashes(
    sums: NDArray[np.uint64], offsets: I64, owner: U32, event: U32, seed: int
) -> None:
    """Add to each event row's sum a hash of each of its objects of a type."""
    _add_hashes(sums, offsets, owner, event, np.uint64(seed))


def days_present(time_ns: I64) -> tuple[I64, I64]:
    """Days since 1970 (UTC) on which something happened, and how many events each has."""
    if len(time_ns) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = int(time_ns.min()) // _DAY_NS
    counts = np.zeros(int(time_ns.max()) // _DAY_NS - first + 1, np.int64)
    _count_days(time_ns, first, counts)
    present = np.flatnonzero(counts)
    return present + first, counts[present]


@njit(cache=True, nogil=True)
def _count_days(time_ns, first, counts):  # type: ignore[no-untyped-def]
    for t in time_ns:
        counts[t // _DAY_NS - first] += 1


@njit(cache=True, nogil=True)
def _count_up_to_two(event, counts):  # type: ignore[no-untyped-def]
    for row in event:
        if counts[row] < 2:
            counts[row] += 1


@njit(cache=True, nogil=True)
def _add_hashes(sums, offsets, owner, event, seed):  # type: ignore[no-untyped-def]
    for i in range(len(owner)):
        mixed = (np.uint64(owner[i]) + seed) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        for k in range(offsets[i], offsets[i + 1]):
            sums[event[k]] += mixed


@njit(cache=True, nogil=True)
def _same_instant_repeat(activity, time_ns, lo, k):  # type: ignore[no-untyped-def]
    j = k - 1
    while j >= lo and time_ns[j] == time_ns[k]:
        if activity[j] == activity[k]:
            return j
        j -= 1
    return -1


@njit(cache=True, nogil=True)
def _count_order(offsets, activity, time_ns, event, tied_at, late_at):  # type: ignore[no-untyped-def]
    ties = late = repeats = 0
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        earliest_row = event[hi - 1]
        for k in range(hi - 1, lo - 1, -1):
            before = k > lo and time_ns[k - 1] == time_ns[k]
            after = k + 1 < hi and time_ns[k + 1] == time_ns[k]
            if before or after:
                if ties < len(tied_at):
                    tied_at[ties] = event[k]
                ties += 1
            if before and _same_instant_repeat(activity, time_ns, lo, k) >= 0:
                repeats += 1
            if event[k] > earliest_row:
                if late < len(late_at):
                    late_at[late] = event[k]
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
def _count_diverging(offsets, activity, event, others, n_activities, places):  # type: ignore[no-untyped-def]
    seen_in = np.full(n_activities, -1, np.int64)
    seen_set = np.zeros(n_activities, np.uint64)
    diverging = 0
    for i in range(len(offsets) - 1):
        for k in range(offsets[i], offsets[i + 1]):
            a = activity[k]
            if seen_in[a] == i:
                if seen_set[a] != others[event[k]]:
                    if diverging < len(places):
                        places[diverging] = i
                    diverging += 1
                    break
            else:
                seen_in[a] = i
                seen_set[a] = others[event[k]]
    return diverging
