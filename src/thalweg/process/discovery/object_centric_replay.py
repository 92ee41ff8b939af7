"""How well an object-centric Petri net replays the records it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.alignment.quality import model_quality
from thalweg.process.chunks import Ints
from thalweg.process.constraints.relations import lengths_of
from thalweg.process.discovery.involvement import event_activities, objects_per_event
from thalweg.process.discovery.object_centric import ObjectCentricModel, type_views
from thalweg.process.filters import Filter
from thalweg.process.weighted import weigh_variants
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

FITS, UNDECIDED, DEVIATES = range(3)
MAX_STATES = 100_000
MAX_SECONDS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class ObjectCentricReplay:
    """How far the records fit, by type and by activity.

    types: the columns of ``REPLAY_COLUMNS``. activities: by activity its events, how many fit, how
    many have objects that do not fit, and how many have a number of objects that the arcs do not
    allow. An event fits if neither is so.
    """

    types: pl.DataFrame
    activities: pl.DataFrame
    events: int
    fitting_events: int
    undecided_events: int

    def to_json(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "fitting_events": self.fitting_events,
            "undecided_events": self.undecided_events,
            "types": self.types.to_dicts(),
            "activities": self.activities.to_dicts(),
        }


def replay_object_centric(
    model: ObjectCentricModel,
    book: Book,
    *,
    filters: Sequence[Filter] = (),
    max_states: int = MAX_STATES,
    max_seconds: float = MAX_SECONDS,
    threads: int | None = None,
) -> ObjectCentricReplay:
    """Replay each object in its type's net, and hold each event's objects against the arcs.

    Takes    max_states, max_seconds: caps on the alignment of one variant.
    Returns  exact figures but for what was capped, which is counted as undecided.
    Source   Since a token is an object, the joint net replays an event exactly if every object
             does in its own net and the arcs allow their numbers; fitness and precision are those
             of each type's flattened records (Adams and van der Aalst 2021 give one figure for
             all types, by contexts).
    """
    views = type_views(book, list(model.types), filters)
    activity = event_activities(views)
    state = np.zeros(len(activity), np.int8)
    rows = []
    for view in views:
        row, found = _replay_type(model, view, max_states, max_seconds, threads)
        rows.append(row)
        owner = np.repeat(found, lengths_of(view))
        np.maximum.at(state, np.asarray(view.event), owner)
    wrong = _wrong_numbers(model, views, activity)
    there = activity >= 0
    fits = there & (state == FITS) & ~wrong
    undecided = there & (state == UNDECIDED) & ~wrong
    names = views[0].activities

    def count(mask: NDArray[np.bool_]) -> Ints:
        return np.bincount(activity[there & mask], minlength=len(names))

    table = pl.DataFrame(
        {
            "activity": pl.Series(names, dtype=pl.String),
            "events": count(there),
            "fitting": count(fits),
            "with_deviating_objects": count(state == DEVIATES),
            "with_other_numbers": count(wrong),
        }
    )
    return ObjectCentricReplay(
        pl.DataFrame(rows, schema_overrides={"precision": pl.Float64}),
        table.filter(pl.col("events") > 0).sort("activity"),
        int(there.sum()),
        int(fits.sum()),
        int(undecided.sum()),
    )


def _replay_type(
    model: ObjectCentricModel,
    view: Perspective,
    max_states: int,
    max_seconds: float,
    threads: int | None,
) -> tuple[dict[str, Any], NDArray[np.int8]]:
    variants, groups = weigh_variants(view, threads)
    quality = model_quality(
        model.nets[view.type],
        variants,
        max_states=max_states,
        max_seconds=max_seconds,
        tree=model.trees.get(view.type),
        threads=threads,
    )
    found = quality.alignments
    state = np.where(found.high == 0, FITS, np.where(found.low > 0, DEVIATES, UNDECIDED))
    by_object = state.astype(np.int8)[groups.variant]
    fitting = int((by_object == FITS).sum())
    row = {
        "type": view.type,
        "objects": view.objects,
        "fitting": fitting,
        "undecided": int((by_object == UNDECIDED).sum()),
        "fitting_share": fitting / view.objects,
        "fitness": quality.fitness.log.value,
        "precision": None if quality.precision is None else quality.precision.value,
        "simplicity": quality.simplicity,
    }
    return row, by_object


def _wrong_numbers(
    model: ObjectCentricModel, views: Sequence[Perspective], activity: Ints
) -> NDArray[np.bool_]:
    """Events whose activity the net lacks, or with several or no object where it takes one."""
    names = views[0].activities
    shared = {one.label: one for one in model.transitions if one.label is not None}
    known = np.array([name in shared for name in names] or [False], bool)
    wrong = ~known[activity]
    for view in views:
        met = objects_per_event(view, len(activity))
        takes = np.array([name in shared and view.type in shared[name].types for name in names])
        loose = np.array([name in shared and view.type in shared[name].variable for name in names])
        wrong |= np.where(takes[activity], ~loose[activity] & (met != 1), met > 0)
    return np.asarray(wrong & (activity >= 0))
