"""How many objects of each type take part in the events of each activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.chunks import Ints, rows_of
from thalweg.records.perspective import Perspective

_RUN = 1 << 22
_MOST = np.iinfo(np.int64).max
EVENTS, SINGLE, TOTAL, LEAST, MOST = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class Involvement:
    """Mergeable counts over events.

    all_events: by activity. counts: by activity, type and column: EVENTS with an object of the
    type, of these with a SINGLE one, objects in TOTAL, LEAST and MOST in one such event (LEAST
    of no event is the highest number there is).
    """

    activities: tuple[str, ...]
    types: tuple[str, ...]
    all_events: Ints
    counts: NDArray[np.int64]

    def merge(self, other: Involvement) -> Involvement:
        """The counts of both sets of events, which are disjoint; names meet by name."""
        activities = tuple(sorted({*self.activities, *other.activities}))
        types = tuple(dict.fromkeys((*self.types, *other.types)))
        one, two = self.named(activities, types), other.named(activities, types)
        counts = one.counts + two.counts
        counts[..., LEAST] = np.minimum(one.counts[..., LEAST], two.counts[..., LEAST])
        counts[..., MOST] = np.maximum(one.counts[..., MOST], two.counts[..., MOST])
        return Involvement(activities, types, one.all_events + two.all_events, counts)

    def named(self, activities: Sequence[str], types: Sequence[str]) -> Involvement:
        """The same counts over more activities and types."""
        rows = [list(activities).index(name) for name in self.activities]
        cols = [list(types).index(name) for name in self.types]
        events = np.zeros(len(activities), np.int64)
        events[rows] = self.all_events
        counts = _nothing(len(activities), len(types))
        counts[np.ix_(rows, cols)] = self.counts
        return Involvement(tuple(activities), tuple(types), events, counts)

    def single_share(self) -> NDArray[np.float64]:
        """By activity and type: of all events of the activity, those with one object of the type.

        Not a number where no event has any.
        """
        share = self.counts[..., SINGLE] / np.maximum(self.all_events, 1)[:, None]
        return np.asarray(np.where(self.counts[..., EVENTS] > 0, share, np.nan))

    def table(self) -> pl.DataFrame:
        """The columns of ``INVOLVEMENT_COLUMNS``, by activity and type."""
        rows, cols = np.nonzero(self.counts[..., EVENTS])
        found = self.counts[rows, cols]
        return pl.DataFrame(
            {
                "activity": pl.Series(self.activities, dtype=pl.String).gather(rows),
                "type": pl.Series(self.types, dtype=pl.String).gather(cols),
                "events": self.all_events[rows],
                "with_type": found[:, EVENTS],
                "single_share": self.single_share()[rows, cols],
                "least": found[:, LEAST],
                "mean": found[:, TOTAL] / found[:, EVENTS],
                "most": found[:, MOST],
            }
        ).sort("activity", "type")


def _nothing(activities: int, types: int) -> NDArray[np.int64]:
    counts = np.zeros((activities, types, 5), np.int64)
    counts[..., LEAST] = _MOST
    return counts


def event_activities(views: Sequence[Perspective]) -> NDArray[np.int64]:
    """Activity of each event row that has an object in a view; -1 elsewhere."""
    activity = np.full(max((rows_of(view.event) for view in views), default=0), -1, np.int64)
    for view in views:
        for i in range(0, view.entries, _RUN):
            activity[view.event[i : i + _RUN]] = view.activity[i : i + _RUN]
    return activity


def objects_per_event(view: Perspective, rows: int) -> Ints:
    """Objects of the view's type in each event row."""
    met = np.zeros(rows, np.int64)
    for i in range(0, view.entries, _RUN):
        met += np.bincount(view.event[i : i + _RUN], minlength=rows)
    return met


def count_involvement(views: Sequence[Perspective]) -> Involvement:
    """Over all events that have an object in one of the views, which share their events."""
    names = views[0].activities if views else ()
    activity = event_activities(views)
    there = activity >= 0
    counts = _nothing(len(names), len(views))
    for kind, view in enumerate(views):
        met = objects_per_event(view, len(activity))
        have = met > 0
        codes, sizes = activity[have], met[have]
        counts[:, kind, EVENTS] = np.bincount(codes, minlength=len(names))
        counts[:, kind, SINGLE] = np.bincount(codes[sizes == 1], minlength=len(names))
        np.add.at(counts[:, kind, TOTAL], codes, sizes)
        np.minimum.at(counts[:, kind, LEAST], codes, sizes)
        np.maximum.at(counts[:, kind, MOST], codes, sizes)
    events = np.bincount(activity[there], minlength=len(names))
    return Involvement(tuple(names), tuple(view.type for view in views), events, counts)
