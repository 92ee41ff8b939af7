"""Which objects belong together: by links between objects, by shared events, or by being the same.

Everything is held against one order of events: time, then record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import Ints, rows_of
from thalweg.process.selection import pick
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

RelationKind = Literal["same", "link", "event"]
Direction = Literal["forward", "backward", "both"]
MEETINGS_LIMIT = 50_000_000


@dataclass(frozen=True, slots=True)
class Relation:
    """How the source's objects lead to the target's.

    same: the objects of the event themselves, so both types are one. link: recorded links between
    objects, with a qualifier (None: any), ``forward`` from source type to target type, ``backward``
    against it, or both. event: the two objects share an event, whichever.
    """

    source_type: str
    target_type: str
    kind: RelationKind = "same"
    qualifier: str | None = None
    direction: Direction = "forward"


@dataclass(frozen=True, slots=True, eq=False)
class Related:
    """Compressed sparse rows: by row of the source's objects in the book, rows of the target's.

    dangling: links from objects of the source type whose other end is not in the book.
    """

    offsets: Ints
    target: Ints
    dangling: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequenced:
    """Events of all objects of a type, by row in the book; objects without events have none.

    rank: place of the event in the order of all events. code: activity. event: row in the book.
    """

    offsets: Ints
    rank: Ints
    code: Ints
    event: Ints

    @staticmethod
    def of(view: Perspective, objects: int, rank: Ints) -> Sequenced:
        lengths = np.zeros(objects, np.int64)
        rows, own = np.asarray(view.object, np.int64), lengths_of(view)
        lengths[rows] = own
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        moved = offsets[rows] - np.asarray(view.offsets)[:-1]
        place = np.repeat(moved, own) + np.arange(view.entries)
        event, code = np.empty(view.entries, np.int64), np.empty(view.entries, np.int64)
        event[place], code[place] = view.event, view.activity
        return Sequenced(offsets, rank[event], code, event)

    def only(self, code: int) -> Sequenced:
        """The events of one activity."""
        keep = self.code == code
        before = np.concatenate(([0], np.cumsum(keep)))
        return Sequenced(
            before[self.offsets].astype(np.int64),
            self.rank[keep],
            self.code[keep],
            self.event[keep],
        )


def lengths_of(view: Perspective) -> Ints:
    """Entries of each object."""
    offsets = np.array(view.offsets, np.int64)
    return np.asarray(offsets[1:] - offsets[:-1])


def event_ranks(views: Sequence[Perspective]) -> Ints:
    """Place of each event row in the order of time, then record; rows in no view stand last."""
    rows = max((rows_of(view.event) for view in views), default=0)
    time_ns = np.full(rows, np.iinfo(np.int64).max, np.int64)
    for view in views:
        time_ns[np.asarray(view.event)] = view.time_ns
    rank = np.empty(rows, np.int64)
    rank[np.argsort(time_ns, kind="stable")] = np.arange(rows)
    return rank


def relate(book: Book, relation: Relation, views: dict[str, Perspective]) -> Related:
    """The related objects of every object of the source type.

    Raises   RequestError: the book has no such links, or shared events are too many to list.
    """
    pick(relation.kind, ["same", "link", "event"], "relation")
    pick(relation.direction, ["forward", "backward", "both"], "direction")
    sources = len(book.object_ids(relation.source_type))
    if relation.kind == "same":
        if relation.source_type != relation.target_type:
            raise RequestError(
                f"A {relation.source_type} is no {relation.target_type}. "
                'Relate the two types by "link" or by "event".'
            )
        each = np.arange(sources + 1, dtype=np.int64)
        return Related(each, each[:-1], 0)
    if relation.kind == "event":
        pairs, dangling = _met(views[relation.source_type], views[relation.target_type]), 0
        if relation.source_type == relation.target_type:
            pairs = pairs.filter(pl.col("source") != pl.col("target"))
    else:
        pairs, dangling = _linked(book, relation)
    pairs = pairs.unique().sort("source", "target")
    source = pairs["source"].to_numpy().astype(np.int64)
    counts = np.bincount(source, minlength=sources)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Related(offsets, pairs["target"].to_numpy().astype(np.int64), dangling)


def _met(source: Perspective, target: Perspective) -> pl.DataFrame:
    """Pairs of objects, by row, that share an event."""
    left, right = _by_event(source, "source"), _by_event(target, "target")
    sizes = left.group_by("event").len("a").join(right.group_by("event").len("b"), on="event")
    meetings = int((sizes["a"].cast(pl.Int64) * sizes["b"].cast(pl.Int64)).sum())
    if meetings > MEETINGS_LIMIT:
        raise RequestError(
            f"{source.type} and {target.type} meet {meetings:,} times, which is more than the "
            f"{MEETINGS_LIMIT:,} that are related by shared events. Relate them by links."
        )
    return left.join(right, on="event").select("source", "target")


def _by_event(view: Perspective, name: str) -> pl.DataFrame:
    owner = np.repeat(np.asarray(view.object), lengths_of(view))
    return pl.DataFrame({"event": np.asarray(view.event), name: owner.astype(np.int64)})


def _linked(book: Book, relation: Relation) -> tuple[pl.DataFrame, int]:
    links = book.object_links()
    if links is None:
        raise RequestError(
            "The book has no links between objects. Relate the types by shared events."
        )
    every = links
    if relation.qualifier is not None:
        links = links.filter(pl.col("@qualifier").fill_null("") == relation.qualifier)
    turned = links.rename(
        {
            "@source": "@target",
            "@target": "@source",
            "@source_type": "@target_type",
            "@target_type": "@source_type",
        }
    ).select(links.columns)
    ways = {"forward": [links], "backward": [turned], "both": [links, turned]}
    found = pl.concat(ways[relation.direction]).filter(
        pl.col("@source_type") == relation.source_type
    )
    typed = found.filter(pl.col("@target_type") == relation.target_type)
    dangling = found.filter(pl.col("@target_type").is_null()).height
    if typed.is_empty() and not dangling:
        raise RequestError(_no_such_link(every, relation))
    source = _numbered(book, relation.source_type, "@source", "source")
    target = _numbered(book, relation.target_type, "@target", "target")
    pairs = typed.join(source, on="@source").join(target, on="@target")
    return pairs.select("source", "target"), dangling


def _no_such_link(links: pl.DataFrame, relation: Relation) -> str:
    kinds = links.select("@source_type", "@target_type", "@qualifier").unique().sort(pl.all())
    known = "; ".join(f"{a} to {b} ({q})" for a, b, q in kinds.rows()[:12])
    named = "" if relation.qualifier is None else f" named {relation.qualifier!r}"
    return (
        f"No link{named} leads {relation.direction} from {relation.source_type} to "
        f"{relation.target_type}. The book has: {known or 'none'}."
    )


def _numbered(book: Book, kind: str, key: str, name: str) -> pl.DataFrame:
    ids = book.object_ids(kind)
    return pl.DataFrame({key: ids, name: np.arange(len(ids), dtype=np.int64)})


def objects_of_events(view: Perspective, events: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """The marked events that have objects of the view.

    Returns  their rows, and their objects (by row in the book) as offsets and values.
    """
    event = np.asarray(view.event, np.int64)
    owner = np.repeat(np.asarray(view.object, np.int64), lengths_of(view))
    keep = events[event]
    event, owner = event[keep], owner[keep]
    order = np.argsort(event, kind="stable")
    event = event[order]
    begin = np.flatnonzero(np.concatenate(([True], event[1:] != event[:-1]))[: len(event)])
    offsets = np.concatenate((begin, [len(event)])).astype(np.int64)
    return event[begin], offsets, owner[order]
