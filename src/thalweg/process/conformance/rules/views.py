"""What rules look at: objects as sequences, with the events of linked objects where asked for.

A merged sequence holds each event once, in order of time and then of record, so that a rule over
several types ("every delivery follows the payment of its own order") is an ordinary rule about
one sequence. Activities that objects of the type do themselves count only where the object does
them: the deliveries beside it are not its own. It is finished when the object and everything
linked to it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.calendar import zone_of
from thalweg.process.chunks import Ints, rows_of
from thalweg.process.conformance.rules.kinds import Link
from thalweg.process.durations import object_spans
from thalweg.process.filters import Filter
from thalweg.process.map import judge, read_filters
from thalweg.process.selection import apply_filters, pick
from thalweg.process.timeline import midnight_ns
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class RuleView:
    """Objects of one type, in the order of ``view.offsets``.

    begun_ns, stop_ns: the object's own beginning and last event, whatever is linked to it.
    """

    view: Perspective
    finished: Mask
    horizon_ns: int
    begun_ns: Ints
    stop_ns: Ints

    @property
    def offsets(self) -> Ints:
        return np.asarray(self.view.offsets)

    def owner(self, entry: Ints) -> Ints:
        """The object that each entry belongs to."""
        return np.searchsorted(self.offsets, entry, side="right").astype(np.int64) - 1

    def codes(self, names: Sequence[str]) -> Mask:
        """Which activity codes bear one of the names."""
        return np.array([name in names for name in self.view.activities], bool)

    def entries(self, names: Sequence[str]) -> Ints:
        """Entries of these activities, in order."""
        return np.flatnonzero(self.codes(names)[np.asarray(self.view.activity)])


class Scene:
    """A book as rules see it: sequences, links and selections, each made once."""

    def __init__(
        self,
        book: Book,
        kind: str,
        filters: Sequence[Filter] = (),
        *,
        zone: str | None = None,
        ends: Sequence[str] | None = None,
        horizon: datetime | None = None,
    ) -> None:
        self.book, self.kind, self.filters = book, kind, filters
        self.zone = zone or book.timezone
        self.ends, self.horizon = ends, horizon
        self._views: dict[tuple[str, tuple[Link, ...]], RuleView] = {}
        self._pairs: dict[tuple[str, Link], pl.DataFrame] = {}

    def view(self, kind: str, links: tuple[Link, ...] = ()) -> RuleView:
        """Objects of a type; those of the request's own type as its filters leave them."""
        key = (pick(kind, self.book.types, "object type"), links)
        if key not in self._views:
            self._views[key] = self._merged(kind, links) if links else self._plain(kind)
        return self._views[key]

    def _plain(self, kind: str) -> RuleView:
        base = self.book.perspective(kind)
        own = kind == self.kind
        view = apply_filters(base, self.filters) if own else base
        done = judge(base, view, self.ends if own else None, self.horizon)
        begun, stop = object_spans(view)
        return RuleView(view, done.finished, done.horizon_ns, begun, stop)

    def _merged(self, kind: str, links: tuple[Link, ...]) -> RuleView:
        own = self.view(kind)
        place = places(own.view)
        found = [_event_rows(own.view, np.arange(own.view.objects))]
        finished = own.finished.copy()
        code_of = np.zeros(self.book.n_events, np.uint32)
        time_of = np.zeros(self.book.n_events, np.int64)
        note_events(own.view, code_of, time_of)
        for link in links:
            other = self.view(link.type)
            note_events(other.view, code_of, time_of)
            pairs = self.pairs(kind, link)
            seat = places(other.view)
            owner, member = _within(place, pairs["owner"]), _within(seat, pairs["member"])
            both = (owner >= 0) & (member >= 0)
            owner, member = owner[both], member[both]
            finished[owner[~other.finished[member]]] = False
            found.append(_member_rows(other.view, owner, member))
        rows = self._own_first(found, code_of)
        rows = rows.with_columns(time=pl.Series(time_of[rows["event"].to_numpy()]))
        rows = rows.sort("owner", "time", "event")
        lengths = np.bincount(rows["owner"].to_numpy(), minlength=own.view.objects)
        event = rows["event"].to_numpy().astype(np.uint32)
        merged = replace(
            own.view,
            offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            activity=code_of[event],
            time_ns=rows["time"].to_numpy(),
            event=event,
        )
        return replace(own, view=merged, finished=finished)

    @staticmethod
    def _own_first(found: list[pl.DataFrame], code_of: NDArray[np.uint32]) -> pl.DataFrame:
        """Own events, and linked ones of activities that objects of this type never do."""
        own, *linked = found
        doing = np.zeros(int(code_of.max(initial=0)) + 1, bool)
        doing[code_of[own["event"].to_numpy()]] = True
        others = pl.concat([own.clear(), *linked])
        foreign = ~doing[code_of[others["event"].to_numpy()]]
        return pl.concat([own, others.filter(pl.Series(foreign)).unique()])

    def pairs(self, kind: str, link: Link) -> pl.DataFrame:
        """Distinct pairs of codes: owner (object of ``kind``) and member (object of the link's type)."""
        key = (kind, link)
        if key not in self._pairs:
            steps = [kind, *link.via, link.type]
            for name in steps:
                pick(name, self.book.types, "object type")
            made = [self._step(a, b, link) for a, b in pairwise(steps)]
            pairs = made[0]
            for step in made[1:]:
                hop = step.rename({"owner": "member", "member": "next"})
                pairs = pairs.join(hop, on="member").select("owner", pl.col("next").alias("member"))
            if kind == link.type:
                pairs = pairs.filter(pl.col("owner") != pl.col("member"))
            self._pairs[key] = pairs.unique().sort("owner", "member")
        return self._pairs[key]

    def _step(self, a: str, b: str, link: Link) -> pl.DataFrame:
        found = []
        if link.by != "events":
            found.append(self._recorded(a, b, link.qualifier))
        if link.by != "objects" and link.qualifier is None:
            left, right = (_with_objects(self.book.perspective(name)) for name in (a, b))
            shared = left.rename({"object": "owner"}).join(
                right.rename({"object": "member"}), on="event"
            )
            found.append(shared.select("owner", "member"))
        return pl.concat(found).unique()

    def _recorded(self, a: str, b: str, qualifier: str | None) -> pl.DataFrame:
        """Recorded links between two types, whichever way they point."""
        none = pl.DataFrame(schema={"owner": pl.UInt32, "member": pl.UInt32})
        links = self.book.object_links()
        if links is None:
            return none
        if qualifier is not None:
            known = links["@qualifier"].drop_nulls().unique().sort().to_list()
            links = links.filter(pl.col("@qualifier") == pick(qualifier, known, "kind of link"))
        found = [none]
        for source, target in dict.fromkeys(((a, b), (b, a))):
            mine = links.filter(
                (pl.col("@source_type") == source) & (pl.col("@target_type") == target)
            )
            coded = mine.join(self._coded(source, "@source", "s"), on="@source").join(
                self._coded(target, "@target", "t"), on="@target"
            )
            owner, member = ("s", "t") if source == a else ("t", "s")
            found.append(coded.select(owner=pl.col(owner), member=pl.col(member)))
            if a == b:
                found.append(coded.select(owner=pl.col(member), member=pl.col(owner)))
        return pl.concat(found)

    def _coded(self, kind: str, column: str, code: str) -> pl.DataFrame:
        ids = self.book.object_ids(kind).alias(column)
        return pl.DataFrame([ids, pl.Series(code, np.arange(len(ids)), dtype=pl.UInt32)])

    def selected(self, looked: RuleView, when: str | None) -> Mask:
        """Which objects the text of a rule's ``when`` selects."""
        view = looked.view
        if when is None:
            return np.ones(view.objects, bool)
        own = self.view(view.type).view
        left = apply_filters(own, read_filters([when], self.zone))
        return np.isin(np.asarray(own.object), np.asarray(left.object))

    def object_column(self, view: Perspective, name: str) -> pl.Series:
        """An attribute of the objects of a perspective, as first known."""
        return column_of(self.book, view.type, name).gather(np.asarray(view.object))

    def event_column(self, name: str) -> pl.Series:
        """An attribute of all event rows."""
        known = [n for n in self.book.event_schema() if not n.startswith("@")]
        return self.book.event_column(pick(name, known, "event attribute"))

    def day_ns(self, day: date, *, after: bool = False) -> int:
        """The instant at which a local day begins, or with ``after`` is over."""
        return midnight_ns(day + timedelta(days=1) if after else day, zone_of(self.zone))


def column_of(book: Book, kind: str, name: str) -> pl.Series:
    """An attribute by object code."""
    table = book.objects(kind)
    known = [n for n in table.collect_schema() if not n.startswith("@")]
    if not known:
        raise RequestError(f"Objects of type {kind!r} have no attributes, so none named {name!r}.")
    wanted = pick(name, known, f"attribute of {kind}")
    return table.select(pl.nth(list(table.collect_schema()).index(wanted))).collect().to_series()


def places(view: Perspective) -> Ints:
    """By object code, the place in the perspective; −1 for objects that are not in it."""
    found = np.full(rows_of(view.object), -1, np.int64)
    found[view.object] = np.arange(view.objects)
    return found


def _within(place: Ints, codes: pl.Series) -> Ints:
    wanted = codes.to_numpy().astype(np.int64)
    known = wanted < len(place)
    found = np.full(len(wanted), -1, np.int64)
    found[known] = place[wanted[known]]
    return found


def note_events(view: Perspective, code_of: NDArray[np.uint32], time_of: Ints) -> None:
    """Write activity and time of the view's events into arrays by event row."""
    code_of[view.event] = view.activity
    time_of[view.event] = view.time_ns


def _event_rows(view: Perspective, owner: Ints) -> pl.DataFrame:
    lengths = np.diff(view.offsets)
    return pl.DataFrame(
        {
            "owner": np.repeat(owner, lengths).astype(np.int64),
            "event": np.asarray(view.event).astype(np.int64),
        }
    )


def _member_rows(view: Perspective, owner: Ints, member: Ints) -> pl.DataFrame:
    """The event rows of members, under their owners."""
    offsets = np.asarray(view.offsets)
    lengths = np.diff(offsets)[member]
    before = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    at = np.arange(int(lengths.sum())) + np.repeat(offsets[member] - before, lengths)
    event = np.asarray(view.event)[at].astype(np.int64)
    return pl.DataFrame({"owner": np.repeat(owner, lengths).astype(np.int64), "event": event})


def _with_objects(view: Perspective) -> pl.DataFrame:
    lengths = np.diff(view.offsets)
    return pl.DataFrame(
        {
            "event": np.asarray(view.event).astype(np.uint32),
            "object": np.repeat(np.asarray(view.object).astype(np.uint32), lengths),
        }
    )
