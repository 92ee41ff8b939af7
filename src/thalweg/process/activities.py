"""Activities: how often, by how many objects, at which end of the sequence, and how often again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    SECOND_NS,
    Chunk,
    Codes,
    Ints,
    carry,
    chunk_codes,
    chunk_offsets,
    chunk_times,
    each,
    object_chunks,
    to_seconds,
)

FIRST, LAST = 0, 1
ENTRIES, OBJECTS, REPEATS, REWORKED, STARTS, ENDS, LOOPS, LOOP_S, LOOP_NS = range(2, 11)
RETURNS, RETURN_S, RETURN_NS = range(11, 14)
NEVER_NS = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class ActivityAggregate:
    """Figures per activity code, one row per code.

    figures: int64 with the columns FIRST and LAST (time of the first and last occurrence, ns),
    ENTRIES, OBJECTS (distinct), REPEATS (occurrences after the first in the same object),
    REWORKED (objects with more than one), STARTS and ENDS (objects that begin or end with it),
    LOOPS (directly after itself) and RETURNS (after something else came between), with the
    exact time since the occurrence before, in whole seconds and nanoseconds below one.
    """

    figures: NDArray[np.int64]

    @staticmethod
    def zero(codes: int) -> ActivityAggregate:
        figures = np.zeros((codes, 14), np.int64)
        figures[:, FIRST], figures[:, LAST] = NEVER_NS, -NEVER_NS
        return ActivityAggregate(figures)

    def merge(self, other: ActivityAggregate) -> ActivityAggregate:
        """The aggregate of both sets of objects; no object may be in both."""
        both = self.figures + other.figures
        both[:, FIRST] = np.minimum(self.figures[:, FIRST], other.figures[:, FIRST])
        both[:, LAST] = np.maximum(self.figures[:, LAST], other.figures[:, LAST])
        return ActivityAggregate(_carried(both))


def _carried(figures: NDArray[np.int64]) -> NDArray[np.int64]:
    for whole, rest in ((LOOP_S, LOOP_NS), (RETURN_S, RETURN_NS)):
        figures[:, whole], figures[:, rest] = carry(figures[:, whole], figures[:, rest])
    return figures


@njit(cache=True, nogil=True)
def _scan(
    offsets: Ints, code: Codes, time_ns: Ints, figures: NDArray[np.int64], seen: NDArray[np.int64]
) -> None:
    """Add the run to ``figures``; ``seen`` holds object, entry and reworked object by code."""
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        figures[code[lo], STARTS] += 1
        figures[code[hi - 1], ENDS] += 1
        for j in range(lo, hi):
            now, a = time_ns[j], code[j]
            figures[a, ENTRIES] += 1
            figures[a, FIRST] = min(figures[a, FIRST], now)
            figures[a, LAST] = max(figures[a, LAST], now)
            if seen[a, 0] == i:
                figures[a, REPEATS] += 1
                before = seen[a, 1]
                gap = now - time_ns[before]
                whole = np.int64(np.uint64(gap) // np.uint64(SECOND_NS))
                kind = LOOPS if before == j - 1 else RETURNS
                figures[a, kind] += 1
                figures[a, kind + 1] += whole
                figures[a, kind + 2] += gap - whole * SECOND_NS
                if seen[a, 2] != i:
                    seen[a, 2] = i
                    figures[a, REWORKED] += 1
            else:
                figures[a, OBJECTS] += 1
                seen[a, 0] = i
            seen[a, 1] = j


def scan_chunk(
    offsets: Ints, code: NDArray[Any], time_ns: Ints, codes: int, chunk: Chunk
) -> ActivityAggregate:
    figures = ActivityAggregate.zero(codes).figures
    seen = np.full((codes, 3), -1, np.int64)
    runs, times = chunk_offsets(offsets, chunk), chunk_times(time_ns, chunk)
    _scan(runs, chunk_codes(code, chunk), times, figures, seen)
    return ActivityAggregate(_carried(figures))


def aggregate_activities(
    offsets: Ints, code: NDArray[Any], time_ns: Ints, codes: int, threads: int | None = None
) -> ActivityAggregate:
    """One pass over all objects. Every object has at least one entry."""

    def work(chunk: Chunk) -> ActivityAggregate:
        return scan_chunk(offsets, code, time_ns, codes, chunk)

    whole = ActivityAggregate.zero(codes)
    for part in each(work, object_chunks(offsets), threads):
        whole = whole.merge(part)
    return whole


def activities_table(
    whole: ActivityAggregate, names: Sequence[str], events: Ints | None = None
) -> pl.DataFrame:
    """Activities that occur, the most frequent first.

    Takes    events: distinct events per code where an event has several objects of the type;
             without it every entry is an event of its own.
    Returns  activity, events, entries (object and event counted together), objects, first, last,
             rework_objects, repeats, rework_share (of the objects that have it).
    """
    figures = whole.figures
    table = pl.DataFrame(
        {
            "activity": pl.Series(names, dtype=pl.String),
            "events": figures[:, ENTRIES] if events is None else events,
            "entries": figures[:, ENTRIES],
            "objects": figures[:, OBJECTS],
            "first": pl.Series(figures[:, FIRST]).cast(pl.Datetime("ns", "UTC")),
            "last": pl.Series(figures[:, LAST]).cast(pl.Datetime("ns", "UTC")),
            "rework_objects": figures[:, REWORKED],
            "repeats": figures[:, REPEATS],
        }
    )
    return (
        table.filter(pl.col("entries") > 0)
        .with_columns(rework_share=pl.col("rework_objects") / pl.col("objects"))
        .sort(["events", "activity"], descending=[True, False])
    )


def edges_table(whole: ActivityAggregate, names: Sequence[str], column: int) -> pl.DataFrame:
    """Starts (column STARTS) or ends (ENDS): activity, objects, share of all objects."""
    objects = whole.figures[:, column]
    return (
        pl.DataFrame({"activity": pl.Series(names, dtype=pl.String), "objects": objects})
        .filter(pl.col("objects") > 0)
        .with_columns(share=pl.col("objects") / max(int(objects.sum()), 1))
        .sort(["objects", "activity"], descending=[True, False])
    )


def loops_table(whole: ActivityAggregate, names: Sequence[str]) -> pl.DataFrame:
    """Rework loops: activities done again in the same object, the most time lost first.

    Returns  activity, objects (with a repetition), self_loops and self_loop_s (again at once),
             returns and return_s (again after other work), lost_s: time from the first to the
             last occurrence, summed. Loops inside loops count in each of their activities.
    """
    figures = whole.figures
    self_loop_s = to_seconds(figures[:, LOOP_S], figures[:, LOOP_NS])
    return_s = to_seconds(figures[:, RETURN_S], figures[:, RETURN_NS])
    return (
        pl.DataFrame(
            {
                "activity": pl.Series(names, dtype=pl.String),
                "objects": figures[:, REWORKED],
                "self_loops": figures[:, LOOPS],
                "self_loop_s": self_loop_s,
                "returns": figures[:, RETURNS],
                "return_s": return_s,
                "lost_s": self_loop_s + return_s,
            }
        )
        .filter(pl.col("objects") > 0)
        .sort(["lost_s", "activity"], descending=[True, False])
    )
