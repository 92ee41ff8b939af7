"""Across object types: one graph of all flows, who meets whom, and what flattening would distort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    Codes,
    Ints,
    chunk_codes,
    chunk_offsets,
    object_chunks,
    rows_of,
)
from thalweg.process.pairs import Sequences, pairs_table
from thalweg.process.synchronisation import (
    aggregate_synchronisation,
    delays_table,
    synchronisation_table,
)
from thalweg.records.appraisal.facts import add_set_hashes
from thalweg.records.perspective import Perspective

_RUN = 1 << 22
DISTINCT_LIMIT = 20_000_000
"""Meetings up to which the distinct pairs of objects are listed and counted."""


def across_types(
    views: Sequence[Perspective], threads: int | None = None
) -> dict[str, pl.DataFrame]:
    """Tables over all perspectives of a book, which share activities and event rows.

    Returns  graph (object-centric directly-follows graph: type, then as ``pairs``),
             synchronisation, delays, interactions, convergence, divergence.
    """
    types = [view.type for view in views]
    graph = [_typed_pairs(view, threads) for view in views]
    waits = aggregate_synchronisation(views)
    flow_s = [float(table["total_s"].sum()) for table in graph]
    meetings = [_Meetings.of(view) for view in views]
    names = views[0].activities if views else ()
    return {
        "graph": pl.concat(graph),
        "synchronisation": synchronisation_table(waits, names, types),
        "delays": delays_table(waits, types, flow_s),
        "interactions": interactions_table(views, meetings),
        "convergence": convergence_table(views, meetings),
        "divergence": divergence_table(views, meetings),
    }


def _typed_pairs(view: Perspective, threads: int | None) -> pl.DataFrame:
    data = Sequences.of(np.asarray(view.offsets), view.activity, view.time_ns, len(view.activities))
    table = pairs_table(data, view.activities, threads)
    return table.select(pl.lit(view.type).alias("type"), pl.all())


def object_links_table(links: pl.DataFrame) -> pl.DataFrame:
    """The book's object-to-object links by the types of their ends, and by qualifier.

    Returns  source_type, target_type (null where the object is not in the book), qualifier,
             links, object_pairs (distinct).
    """
    return (
        links.group_by(
            pl.col("@source_type").alias("source_type"),
            pl.col("@target_type").alias("target_type"),
            pl.col("@qualifier").alias("qualifier"),
        )
        .agg(
            links=pl.len().cast(pl.Int64),
            object_pairs=pl.struct("@source", "@target").n_unique().cast(pl.Int64),
        )
        .sort(
            ["links", "source_type", "target_type", "qualifier"],
            descending=[True, False, False, False],
        )
    )


_SEED = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Meetings:
    """Objects of one type by event row: how many, and a fingerprint of which."""

    count: NDArray[np.int32]
    mark: NDArray[np.uint64]

    @staticmethod
    def of(view: Perspective) -> _Meetings:
        rows, event = rows_of(view.event), view.event.astype(np.uint32)
        mark = np.zeros(rows, np.uint64)
        owner = view.object.astype(np.uint32)
        add_set_hashes(mark, np.array(view.offsets), owner, event, _SEED)
        return _Meetings(np.bincount(event, minlength=rows).astype(np.int32), mark)

    def over(self, rows: int) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """Both arrays for that many event rows."""
        more = max(0, rows - len(self.count))
        return np.pad(self.count, (0, more))[:rows], np.pad(self.mark, (0, more))[:rows]


def interactions_table(views: Sequence[Perspective], meetings: Sequence[_Meetings]) -> pl.DataFrame:
    """The object interaction graph by type.

    Two objects interact when they take part in the same event.

    Returns  type_a, type_b, events (that hold such a pair), meetings (pairs of objects summed
             over events), object_pairs (distinct; null beyond 20 million meetings).
    """
    rows: list[dict[str, Any]] = []
    for a, view in enumerate(views):
        for b in range(a, len(views)):
            n = max(len(meetings[a].count), len(meetings[b].count))
            first = meetings[a].over(n)[0].astype(np.int64)
            second = meetings[b].over(n)[0].astype(np.int64)
            each = first * (first - 1) // 2 if a == b else first * second
            total = int(each.sum())
            if total:
                distinct = _distinct_pairs(view, views[b], n) if total <= DISTINCT_LIMIT else None
                rows.append(
                    {
                        "type_a": view.type,
                        "type_b": views[b].type,
                        "events": int((each > 0).sum()),
                        "meetings": total,
                        "object_pairs": distinct,
                    }
                )
    schema = {
        "type_a": pl.String,
        "type_b": pl.String,
        "events": pl.Int64,
        "meetings": pl.Int64,
        "object_pairs": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema).sort(
        ["meetings", "type_a", "type_b"], descending=[True, False, False]
    )


def _distinct_pairs(a: Perspective, b: Perspective, rows: int) -> int:
    """Distinct pairs of objects that share an event; within one type each pair once."""
    same = a.type == b.type
    left = _by_event(a, rows)
    right = left if same else _by_event(b, rows)
    keys = _pair_keys(*left, *right, b.objects, same)
    keys.sort()
    return int(len(keys) > 0) + int(np.count_nonzero(keys[1:] != keys[:-1]))


def _by_event(view: Perspective, rows: int) -> tuple[Ints, NDArray[np.int32]]:
    """Objects (numbers, rising) of each event row as offsets and values."""
    offsets = np.zeros(rows + 1, np.int64)
    for i in range(0, view.entries, _RUN):
        offsets[1:] += np.bincount(view.event[i : i + _RUN], minlength=rows)
    np.cumsum(offsets, out=offsets)
    owner = np.empty(view.entries, np.int32)
    cursor = offsets[:-1].copy()
    for chunk in object_chunks(view.offsets):
        runs, event = chunk_offsets(view.offsets, chunk), chunk_codes(view.event, chunk)
        _place_objects(runs, event, chunk.first, cursor, owner)
    return offsets, owner


@njit(cache=True, nogil=True)
def _place_objects(
    offsets: Ints, event: Codes, first: int, cursor: Ints, owner: NDArray[np.int32]
) -> None:
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            owner[cursor[event[j]]] = first + i
            cursor[event[j]] += 1


@njit(cache=True, nogil=True)
def _pair_keys(
    offsets_a: Ints,
    owner_a: NDArray[np.int32],
    offsets_b: Ints,
    owner_b: NDArray[np.int32],
    width: int,
    same: bool,
) -> Ints:
    total = 0
    for e in range(len(offsets_a) - 1):
        n, m = offsets_a[e + 1] - offsets_a[e], offsets_b[e + 1] - offsets_b[e]
        total += n * (n - 1) // 2 if same else n * m
    out = np.empty(total, np.int64)
    at = 0
    for e in range(len(offsets_a) - 1):
        for i in range(offsets_a[e], offsets_a[e + 1]):
            for j in range(i + 1 if same else offsets_b[e], offsets_b[e + 1]):
                x, y = np.int64(owner_a[i]), np.int64(owner_b[j])
                if same and x > y:
                    x, y = y, x
                out[at] = x * width + y
                at += 1
    return out


def convergence_table(views: Sequence[Perspective], meetings: Sequence[_Meetings]) -> pl.DataFrame:
    """How often flattening to a type would double events (convergence, van der Aalst 2019).

    Returns  type, objects, events, entries, entries_per_event (above 1: sums over the flattened
             view count events several times), converging_events (several objects of the type),
             converging_share, most_objects (in one event).
    """
    rows = []
    for view, met in zip(views, meetings, strict=True):
        events = int((met.count > 0).sum())
        many = int((met.count > 1).sum())
        rows.append(
            {
                "type": view.type,
                "objects": view.objects,
                "events": events,
                "entries": view.entries,
                "entries_per_event": view.entries / max(events, 1),
                "converging_events": many,
                "converging_share": many / max(events, 1),
                "most_objects": int(met.count.max(initial=0)),
            }
        )
    return pl.DataFrame(rows)


@njit(cache=True, nogil=True)
def _diverging(
    offsets: Ints, code: Codes, event: Codes, mark: NDArray[np.uint64], codes: int
) -> tuple[int, int, int]:
    """Objects, repeated (object, activity) groups, and those whose events meet different sets."""
    owner = np.full(codes, -1, np.int64)
    state = np.zeros(codes, np.int8)
    first = np.zeros(codes, np.uint64)
    repeated, diverging, objects = 0, 0, 0
    for i in range(len(offsets) - 1):
        hit = False
        for j in range(offsets[i], offsets[i + 1]):
            a, m = code[j], mark[event[j]]
            if owner[a] != i:
                owner[a], state[a], first[a] = i, 0, m
                continue
            if state[a] == 0:
                state[a] = 1
                repeated += 1
            if state[a] == 1 and m != first[a]:
                state[a] = 2
                diverging += 1
                hit = True
        objects += hit
    return objects, repeated, diverging


def divergence_table(views: Sequence[Perspective], meetings: Sequence[_Meetings]) -> pl.DataFrame:
    """How often flattening would show loops that are none (divergence, van der Aalst 2019).

    An object of ``type`` that has an activity several times, each time with other objects of
    ``other_type``, seems to repeat it although each of those went through it once.

    Returns  type, other_type, repeated (pairs of object and activity with several events),
             diverging (those whose events concern different objects of other_type),
             diverging_share, objects (with such a pair), objects_share.
    """
    rows: list[dict[str, Any]] = []
    for a, view in enumerate(views):
        for b, other in enumerate(views):
            if a == b:
                continue
            n = max(len(meetings[a].count), len(meetings[b].count))
            objects, repeated, diverging = _diverging(
                np.array(view.offsets),
                view.activity.astype(np.uint32),
                view.event.astype(np.uint32),
                meetings[b].over(n)[1],
                len(view.activities),
            )
            if diverging:
                rows.append(
                    {
                        "type": view.type,
                        "other_type": other.type,
                        "repeated": repeated,
                        "diverging": diverging,
                        "diverging_share": diverging / repeated,
                        "objects": objects,
                        "objects_share": objects / view.objects,
                    }
                )
    schema = {
        "type": pl.String,
        "other_type": pl.String,
        "repeated": pl.Int64,
        "diverging": pl.Int64,
        "diverging_share": pl.Float64,
        "objects": pl.Int64,
        "objects_share": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema).sort(
        ["diverging", "type", "other_type"], descending=[True, False, False]
    )
