"""Directly-follows counts by name: the small, mergeable input of discovery from counts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.errors import RequestError
from thalweg.process.activities import ENDS, STARTS, ActivityAggregate
from thalweg.process.chunks import Chunk, chunk_codes, chunk_offsets, each, object_chunks
from thalweg.process.discovery.sublog import Table, tally
from thalweg.process.pairs import PairAggregate
from thalweg.records.perspective import Perspective


@dataclass(frozen=True, slots=True, eq=False)
class DirectlyFollows:
    """How often each activity directly follows each other one, begins and ends an object.

    names: in order of the alphabet, each of which occurs. table: one row and column per name, and
    one more: the last row holds beginnings, the last column ends, the last cell objects without
    an activity.
    """

    names: tuple[str, ...]
    table: Table

    @staticmethod
    def zero() -> DirectlyFollows:
        return DirectlyFollows((), np.zeros((1, 1), np.int64))

    @property
    def objects(self) -> int:
        return int(self.table[-1].sum())

    def merge(self, other: DirectlyFollows) -> DirectlyFollows:
        """The counts of both sets of objects; no object may be in both."""
        names = tuple(sorted({*self.names, *other.names}))
        table = np.zeros((len(names) + 1, len(names) + 1), np.int64)
        place = {name: i for i, name in enumerate(names)}
        for part in (self, other):
            at = np.array([*(place[name] for name in part.names), len(names)])
            table[np.ix_(at, at)] += part.table
        return DirectlyFollows(names, table)

    @staticmethod
    def of_counts(
        starts: Mapping[str, int],
        ends: Mapping[str, int],
        pairs: Mapping[tuple[str, str], int],
        *,
        empty: int = 0,
    ) -> DirectlyFollows:
        """From counts by name.

        Raises   RequestError: an activity is entered and left a different number of times, so
                 that these are not the counts of any set of objects.
        """
        names = sorted({*starts, *ends, *(name for pair in pairs for name in pair)})
        place = {name: i for i, name in enumerate(names)}
        table = np.zeros((len(names) + 1, len(names) + 1), np.int64)
        for name, count in starts.items():
            table[-1, place[name]] += count
        for name, count in ends.items():
            table[place[name], -1] += count
        for (a, b), count in pairs.items():
            table[place[a], place[b]] += count
        table[-1, -1] = empty
        return _checked(names, table)

    @staticmethod
    def of_aggregates(
        names: Sequence[str], pairs: PairAggregate, activities: ActivityAggregate
    ) -> DirectlyFollows:
        """From the aggregates of the map, which share the codes of ``names``."""
        table = np.zeros((len(names) + 1, len(names) + 1), np.int64)
        table[pairs.source, pairs.target] = pairs.count
        table[-1, :-1] = activities.figures[:, STARTS]
        table[:-1, -1] = activities.figures[:, ENDS]
        return _checked(names, table)


def count_follows(view: Perspective, threads: int | None = None) -> DirectlyFollows:
    """The counts of a perspective, in one pass over its entries."""
    offsets = np.asarray(view.offsets, np.int64)
    side = len(view.activities) + 1

    def work(chunk: Chunk) -> Table:
        part = np.zeros((side, side), np.int64)
        each_once = np.ones(chunk.last - chunk.first, np.int64)
        tally(chunk_offsets(offsets, chunk), chunk_codes(view.activity, chunk), each_once, part)
        return part

    table = np.zeros((side, side), np.int64)
    for part in each(work, object_chunks(offsets), threads):
        table += part
    return _checked(view.activities, table)


def _checked(names: Sequence[str], table: Table) -> DirectlyFollows:
    """In order of the names, without those that never occur."""
    entered, left = table.sum(axis=0), table.sum(axis=1)
    wrong = np.flatnonzero(entered != left)
    if len(wrong):
        at = int(wrong[0])
        name = names[at] if at < len(names) else "the end of the objects"
        raise RequestError(
            f"{name!r} is reached {int(entered[at]):,} times and left {int(left[at]):,} times. "
            "Directly-follows counts with starts and ends must balance for every activity. "
            "Count pairs, starts and ends over the same objects."
        )
    kept = sorted((name, i) for i, name in enumerate(names) if entered[i])
    at_all = np.array([*(i for _, i in kept), len(names)])
    return DirectlyFollows(tuple(name for name, _ in kept), table[np.ix_(at_all, at_all)])
