"""Synchronisation: events that need several objects, and which of them came last.

An object *reaches* an event at its own event before. Of the objects that reach an event, the one
whose event before is latest is the last; the others have waited for it from their own event before
until then. An object whose first event this is was not under way and takes no part. When several
are equally last, the type that stands first in the list of types is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    SECOND_NS,
    Codes,
    Ints,
    carry,
    chunk_codes,
    chunk_offsets,
    chunk_times,
    object_chunks,
    rows_of,
    to_seconds,
)
from thalweg.records.perspective import Perspective

UNREACHED = np.iinfo(np.int64).min
ENTRIES, WAITS, WAIT_S, WAIT_NS = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class SynchronisationAggregate:
    """Sums over events that two objects or more reach.

    events: by activity and type of the last object. waits: by activity, type of the object that
    waited and type of the last: ENTRIES that reached, WAITS longer than zero, and their exact sum.
    """

    events: NDArray[np.int64]
    waits: NDArray[np.int64]

    @staticmethod
    def zero(activities: int, types: int) -> SynchronisationAggregate:
        return SynchronisationAggregate(
            np.zeros((activities, types), np.int64),
            np.zeros((activities, types, types, 4), np.int64),
        )

    def merge(self, other: SynchronisationAggregate) -> SynchronisationAggregate:
        """The aggregate of both sets of events; no event may be in both."""
        waits = self.waits + other.waits
        waits[..., WAIT_S], waits[..., WAIT_NS] = carry(waits[..., WAIT_S], waits[..., WAIT_NS])
        return SynchronisationAggregate(self.events + other.events, waits)


@njit(cache=True, nogil=True)
def _reach(
    offsets: Ints,
    event: Codes,
    time_ns: Ints,
    kind: int,
    latest: Ints,
    last_kind: NDArray[np.int16],
    reached: NDArray[np.uint8],
) -> None:
    for i in range(len(offsets) - 1):
        for j in range(offsets[i] + 1, offsets[i + 1]):
            e = event[j]
            reached[e] = min(reached[e] + 1, 2)
            if time_ns[j - 1] > latest[e]:
                latest[e] = time_ns[j - 1]
                last_kind[e] = kind


@njit(cache=True, nogil=True)
def _wait(
    offsets: Ints,
    event: Codes,
    code: Codes,
    time_ns: Ints,
    kind: int,
    latest: Ints,
    last_kind: NDArray[np.int16],
    reached: NDArray[np.uint8],
    events: NDArray[np.int64],
    waits: NDArray[np.int64],
) -> None:
    for i in range(len(offsets) - 1):
        for j in range(offsets[i] + 1, offsets[i + 1]):
            e = event[j]
            if reached[e] < 2:
                continue
            if reached[e] == 2:
                reached[e] = 3
                events[code[j], last_kind[e]] += 1
            a, last = code[j], last_kind[e]
            gap = latest[e] - time_ns[j - 1]
            waits[a, kind, last, ENTRIES] += 1
            if gap > 0:
                waits[a, kind, last, WAITS] += 1
                waits[a, kind, last, WAIT_S] += gap // SECOND_NS
                waits[a, kind, last, WAIT_NS] += gap % SECOND_NS


def aggregate_synchronisation(views: Sequence[Perspective]) -> SynchronisationAggregate:
    """Both passes over all perspectives, which share their activities and event rows."""
    rows = max((rows_of(view.event) for view in views), default=0)
    latest = np.full(rows, UNREACHED, np.int64)
    last_kind = np.zeros(rows, np.int16)
    reached = np.zeros(rows, np.uint8)
    for kind, view in enumerate(views):
        for chunk in object_chunks(view.offsets):
            runs, times = chunk_offsets(view.offsets, chunk), chunk_times(view.time_ns, chunk)
            _reach(runs, chunk_codes(view.event, chunk), times, kind, latest, last_kind, reached)
    names = views[0].activities if views else ()
    whole = SynchronisationAggregate.zero(len(names), len(views))
    for kind, view in enumerate(views):
        for chunk in object_chunks(view.offsets):
            runs, times = chunk_offsets(view.offsets, chunk), chunk_times(view.time_ns, chunk)
            _wait(
                runs,
                chunk_codes(view.event, chunk),
                chunk_codes(view.activity, chunk),
                times,
                kind,
                latest,
                last_kind,
                reached,
                whole.events,
                whole.waits,
            )
    return whole.merge(SynchronisationAggregate.zero(len(names), len(views)))


def synchronisation_table(
    whole: SynchronisationAggregate, activities: Sequence[str], types: Sequence[str]
) -> pl.DataFrame:
    """Which object an event waited for, the most waiting first.

    Returns  activity, waiting_type, last_type, events (that two objects or more reached and
             whose last object is of last_type), reached (objects of waiting_type, each event),
             waits (longer than zero), total_s, mean_s (of the waits).
    """
    at = np.nonzero(whole.waits[..., ENTRIES])
    rows = whole.waits[at]
    total_s = to_seconds(rows[:, WAIT_S], rows[:, WAIT_NS])
    kinds = pl.Series(types, dtype=pl.String)
    return (
        pl.DataFrame(
            {
                "activity": pl.Series(activities, dtype=pl.String).gather(at[0]),
                "waiting_type": kinds.gather(at[1]),
                "last_type": kinds.gather(at[2]),
                "events": whole.events[at[0], at[2]],
                "reached": rows[:, ENTRIES],
                "waits": rows[:, WAITS],
                "total_s": total_s,
            }
        )
        .with_columns(mean_s=pl.when(pl.col("waits") > 0).then(pl.col("total_s") / pl.col("waits")))
        .sort(
            ["total_s", "activity", "waiting_type", "last_type"],
            descending=[True, False, False, False],
        )
    )


def delays_table(
    whole: SynchronisationAggregate, types: Sequence[str], flow_s: Sequence[float]
) -> pl.DataFrame:
    """Where one type's delay becomes another's.

    Takes    flow_s: by type the time between all consecutive events of its objects.
    Returns  from_type (came last), to_type (waited), waits, total_s, mean_s, flow_share: the part
             of all time between events of to_type that it spent waiting for from_type.
    """
    sums = whole.waits.sum(axis=0)
    at = np.nonzero(sums[..., WAITS])
    rows = sums[at]
    seconds, rest = carry(rows[:, WAIT_S], rows[:, WAIT_NS])
    total_s = to_seconds(seconds, rest)
    flow = np.asarray(flow_s, float)[at[0]]
    kinds = pl.Series(types, dtype=pl.String)
    return pl.DataFrame(
        {
            "from_type": kinds.gather(at[1]),
            "to_type": kinds.gather(at[0]),
            "waits": rows[:, WAITS],
            "total_s": total_s,
            "mean_s": total_s / rows[:, WAITS],
            "flow_share": total_s / np.maximum(flow, 1e-9),
        }
    ).sort(["total_s", "from_type", "to_type"], descending=[True, False, False])
