"""Constraints across objects: what an event of one object asks of the objects related to it.

"Every delivery follows the payment of its own order" reads: for each event ``deliver`` of a
package, for each order linked with it, an event ``pay`` of that order comes before. After OC-DECLARE
(Küsters and van der Aalst 2025): the quantifier says whether *each* related object needs its own
events, whether events of *any* of them count, or only events that involve *all* of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import Ints
from thalweg.process.columns import COUNT, MAYBE, NUMBER, SHARE, TEXT, Columns
from thalweg.process.constraints.relations import (
    Related,
    Relation,
    Sequenced,
    event_ranks,
    objects_of_events,
    relate,
)
from thalweg.process.contrasts import wilson_bounds
from thalweg.process.filters import Filter
from thalweg.process.selection import apply_filters, pick
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

Quantifier = Literal["each", "any", "all"]
WHEN = {
    "responded_existence": 0,
    "not_responded_existence": 0,
    "response": 1,
    "not_response": 1,
    "precedence": 2,
    "not_precedence": 2,
    "chain_response": 3,
    "not_chain_response": 3,
    "chain_precedence": 4,
    "not_chain_precedence": 4,
}
ANY_TIME, LATER, EARLIER, NEXT, PREVIOUS = range(5)
EACH, ANY, ALL = range(3)
_QUANTIFIERS: tuple[Quantifier, ...] = ("each", "any", "all")
_UNBOUNDED = np.iinfo(np.int64).max

OBJECT_CONSTRAINT_COLUMNS: Columns = {
    "template": (TEXT, "Name of the template"),
    "source": (TEXT, "Activity whose events put the constraint to the test"),
    "source_type": (TEXT, "Type of the objects that these events are looked at from"),
    "target": (TEXT, "Activity that is asked of the related objects"),
    "target_type": (TEXT, "Type of the related objects"),
    "relation": (TEXT, "same, link or event"),
    "qualifier": (MAYBE, "Qualifier of the links, or null for any"),
    "direction": (TEXT, "forward, backward or both, of links"),
    "quantifier": (TEXT, "each, any or all of the related objects"),
    "least": (COUNT, "Fewest events that are asked for"),
    "most": ({"type": ["integer", "null"], "minimum": 0}, "Most events that are allowed"),
    "activations": (COUNT, "Events of the source with a related object"),
    "violations": (COUNT, "Of these, those that break the constraint"),
    "unlinked": (COUNT, "Events of the source without related object: nothing can be said"),
    "dangling_links": (COUNT, "Links of the source type to objects that are not in the book"),
    "objects": (COUNT, "Objects of the source type with an activation"),
    "violating_objects": (COUNT, "Of these, those with a violation"),
    "support": (SHARE, "Activations without violation, of all events of the source"),
    "confidence": (SHARE, "Objects without violation, of those with an activation"),
    "low": (SHARE, "Lower end of the interval of the confidence"),
    "high": (SHARE, "Upper end of the interval of the confidence"),
    "event_confidence": (SHARE, "Activations without violation, of all activations"),
    "fewest_found": ({"type": ["integer", "null"], "minimum": 0}, "Fewest events found"),
    "mean_found": (NUMBER, "Mean number found: by related object for each, else by activation"),
    "most_found": ({"type": ["integer", "null"], "minimum": 0}, "Most events found"),
}
OBJECT_VIOLATION_COLUMNS: Columns = {
    "event": (COUNT, "Row of the source's event in the book"),
    "object": (TEXT, "Object of the source type that has it; the first of several"),
    "related": (MAYBE, "Related object that breaks the constraint, of each; otherwise null"),
    "found": (COUNT, "Events of the target found"),
}


@dataclass(frozen=True, slots=True)
class ObjectConstraint:
    """A template over two activities and the relation between their objects.

    least, most: how many events of the target are asked for (most None: no limit); templates that
    begin with ``not_`` ask for none.
    """

    template: str
    source: str
    target: str
    relation: Relation
    quantifier: Quantifier = "each"
    least: int = 1
    most: int | None = None

    def bounds(self) -> tuple[int, int]:
        if self.template.startswith("not_"):
            return 0, 0
        return self.least, _UNBOUNDED if self.most is None else self.most


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One constraint's events of the source: rows, objects (as offsets and values), violations.

    linked: has a related object, and so is an activation. pairs: of each violation the number of
    the event, the related object or -1, and the events found. totals: fewest, sum, number and most
    found.
    """

    events: Ints
    offsets: Ints
    objects: Ints
    linked: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    pairs: Ints
    totals: Ints


class Judge:
    """Checks constraints of one book; keeps what several of them need."""

    def __init__(self, book: Book, filters: Sequence[Filter] = ()) -> None:
        """filters: choose the objects whose events are judged; related objects are seen whole."""
        self.book, self.filters = book, tuple(filters)
        self.whole = {name: book.perspective(name) for name in book.types}
        self.rank = event_ranks(list(self.whole.values()))
        self._related: dict[Relation, Related] = {}
        self._sequenced: dict[str, Sequenced] = {}
        self._chosen: dict[str, Perspective] = {}
        self._sources: dict[tuple[str, int], tuple[Ints, Ints, Ints]] = {}
        self._targets: dict[tuple[str, int], Sequenced] = {}

    def related(self, relation: Relation) -> Related:
        if relation not in self._related:
            self._related[relation] = relate(self.book, relation, self.whole)
        return self._related[relation]

    def sequenced(self, kind: str) -> Sequenced:
        if kind not in self._sequenced:
            objects = len(self.book.object_ids(kind))
            self._sequenced[kind] = Sequenced.of(self.whole[kind], objects, self.rank)
        return self._sequenced[kind]

    def chosen(self, kind: str) -> Perspective:
        if kind not in self._chosen:
            self._chosen[kind] = apply_filters(self.whole[kind], self.filters)
        return self._chosen[kind]

    def judge(self, one: ObjectConstraint) -> Judged:
        """Raises RequestError: a name that the book does not know, or a senseless constraint."""
        source, target = self._codes(one)
        view = self.chosen(one.relation.source_type)
        events, offsets, objects = self._events(view, source)
        related = self.related(one.relation)
        when = WHEN[one.template]
        sequences = self.sequenced(one.relation.target_type)
        if when < NEXT:
            sequences = self._only(one.relation.target_type, target)
        linked, broken, pairs, totals = _judge(
            events,
            self.rank[events],
            offsets,
            objects,
            related.offsets,
            related.target,
            sequences.offsets,
            sequences.rank,
            sequences.code,
            sequences.event,
            target,
            when,
            _QUANTIFIERS.index(one.quantifier),
            *one.bounds(),
            len(self.rank),
        )
        return Judged(events, offsets, objects, linked, broken, pairs, totals)

    def _events(self, view: Perspective, code: int) -> tuple[Ints, Ints, Ints]:
        """The events of an activity, and their objects."""
        key = (view.type, code)
        if key not in self._sources:
            wanted = np.zeros(len(self.rank), bool)
            wanted[np.asarray(view.event)[np.asarray(view.activity) == code]] = True
            self._sources[key] = objects_of_events(view, wanted)
        return self._sources[key]

    def _only(self, kind: str, code: int) -> Sequenced:
        """A type's events of one activity."""
        if (kind, code) not in self._targets:
            self._targets[kind, code] = self.sequenced(kind).only(code)
        return self._targets[kind, code]

    def _codes(self, one: ObjectConstraint) -> tuple[int, int]:
        pick(one.template, list(WHEN), "template")
        pick(one.quantifier, list(_QUANTIFIERS), "quantifier")
        for kind in (one.relation.source_type, one.relation.target_type):
            pick(kind, list(self.whole), "object type")
        least, most = one.bounds()
        if not 0 <= least <= most:
            raise RequestError(f"Between {one.least} and {one.most} there is no number of events.")
        names = self.whole[one.relation.source_type].activities
        codes = [list(names).index(pick(a, names, "activity")) for a in (one.source, one.target)]
        return codes[0], codes[1]


def check_object_constraints(
    book: Book,
    constraints: Iterable[ObjectConstraint],
    *,
    filters: Sequence[Filter] = (),
    level: float = 0.95,
) -> pl.DataFrame:
    """The figures of constraints across objects, in their order.

    Takes    filters: choose the objects whose events are judged; the objects related to them are
             seen whole. level: of the intervals, which take objects as units.
    Returns  the columns of ``OBJECT_CONSTRAINT_COLUMNS``. Events without related object are
             counted as ``unlinked`` and neither keep nor break a constraint.
    Raises   RequestError: a name that the book does not know, or a senseless constraint.
    Source   Küsters and van der Aalst, "OC-DECLARE" (2025).
    """
    judge = Judge(book, filters)
    rows = [constraint_row(judge, one, judge.judge(one), level) for one in constraints]
    return pl.DataFrame(rows, schema=OBJECT_CONSTRAINT_SCHEMA)


def violating_events(
    book: Book, constraint: ObjectConstraint, *, filters: Sequence[Filter] = ()
) -> pl.DataFrame:
    """The violations of one constraint: the columns of ``OBJECT_VIOLATION_COLUMNS``.

    A row for each event and related object that break it (``each``), or for each event; in the
    order of event rows.
    """
    judge = Judge(book, filters)
    found = judge.judge(constraint)
    at, other, count = found.pairs[:, 0], found.pairs[:, 1], found.pairs[:, 2]
    source = book.object_ids(constraint.relation.source_type)
    target = book.object_ids(constraint.relation.target_type)
    related = pl.Series(other).replace({-1: None}).cast(pl.UInt32)
    return pl.DataFrame(
        {
            "event": found.events[at],
            "object": source.gather(found.objects[found.offsets[at]]),
            "related": target.gather(related),
            "found": count,
        }
    )


def constraint_row(
    judge: Judge, one: ObjectConstraint, found: Judged, level: float
) -> dict[str, Any]:
    """One row of ``OBJECT_CONSTRAINT_COLUMNS``."""
    by_entry = np.diff(found.offsets)
    rows = int(found.objects.max(initial=-1)) + 1
    there, failing = np.zeros(rows, bool), np.zeros(rows, bool)
    there[found.objects[np.repeat(found.linked, by_entry)]] = True
    failing[found.objects[np.repeat(found.broken, by_entry)]] = True
    objects, violating = int(there.sum()), int(failing.sum())
    good = objects - violating
    low, high = wilson_bounds(np.array([good]), np.array([objects]), level)
    activations, violations = int(found.linked.sum()), int(found.broken.sum())
    fewest, total, number, most = (int(v) for v in found.totals)
    relation = one.relation
    return {
        "template": one.template,
        "source": one.source,
        "source_type": relation.source_type,
        "target": one.target,
        "target_type": relation.target_type,
        "relation": relation.kind,
        "qualifier": relation.qualifier,
        "direction": relation.direction,
        "quantifier": one.quantifier,
        "least": one.bounds()[0],
        "most": 0 if one.template.startswith("not_") else one.most,
        "activations": activations,
        "violations": violations,
        "unlinked": len(found.events) - activations,
        "dangling_links": judge.related(relation).dangling,
        "objects": objects,
        "violating_objects": violating,
        "support": (activations - violations) / len(found.events) if len(found.events) else None,
        "confidence": good / objects if objects else None,
        "low": float(low[0]),
        "high": float(high[0]),
        "event_confidence": 1 - violations / activations if activations else None,
        "fewest_found": fewest if number else None,
        "mean_found": total / number if number else None,
        "most_found": most if number else None,
    }


_TYPES: dict[str, Any] = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64}
OBJECT_CONSTRAINT_SCHEMA: dict[str, Any] = {
    name: _TYPES[kind["type"] if isinstance(kind["type"], str) else kind["type"][0]]
    for name, (kind, _) in OBJECT_CONSTRAINT_COLUMNS.items()
}


@njit(cache=True, nogil=True)
def _near(
    first: int,
    last: int,
    objects: Ints,
    to_offsets: Ints,
    to_target: Ints,
    mark: int,
    stamp: Ints,
    near: Ints,
) -> int:
    """Write the different objects related to ``objects[first:last]`` into ``near``; how many."""
    k = 0
    for j in range(first, last):
        for m in range(to_offsets[objects[j]], to_offsets[objects[j] + 1]):
            y = to_target[m]
            if stamp[y] != mark:
                stamp[y] = mark
                near[k] = y
                k += 1
    return k


@njit(cache=True, nogil=True)
def _window(at_rank: Ints, lo: int, hi: int, rank: int, when: int) -> tuple[int, int, int]:
    """Entries of ``lo:hi`` at the right time, and whether the event itself is among ``lo:hi``."""
    cut = lo + int(np.searchsorted(at_rank[lo:hi], rank))
    own = 1 if cut < hi and at_rank[cut] == rank else 0
    if when == LATER:
        return cut + own, hi, own
    if when == NEXT:
        return cut + own, min(hi, cut + own + 1), own
    if when == EARLIER:
        return lo, cut, own
    if when == PREVIOUS:
        return max(lo, cut - 1), cut, own
    return lo, hi, own


@njit(cache=True, nogil=True)
def _note(pairs: Ints, size: int, i: int, y: int, found: int) -> Ints:
    if size == len(pairs):
        wider = np.empty((2 * size, 3), np.int64)
        wider[:size] = pairs
        pairs = wider
    pairs[size, 0], pairs[size, 1], pairs[size, 2] = i, y, found
    return pairs


@njit(cache=True, nogil=True)
def _judge(
    events: Ints,
    ranks: Ints,
    offsets: Ints,
    objects: Ints,
    to_offsets: Ints,
    to_target: Ints,
    at_offsets: Ints,
    at_rank: Ints,
    at_code: Ints,
    at_event: Ints,
    wanted: int,
    when: int,
    quantifier: int,
    least: int,
    most: int,
    rows: int,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Ints, Ints]:
    """Of each event the related objects, of these the events found, and whether they suffice."""
    count, size = len(events), 0
    linked, broken = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    stamp, near = np.full(len(at_offsets), -1, np.int64), np.empty(len(at_offsets), np.int64)
    room = 1 if quantifier == EACH else rows
    hit_stamp, hits = np.full(room, -1, np.int64), np.zeros(room, np.int64)
    pairs = np.empty((64, 3), np.int64)
    totals = np.array([_UNBOUNDED, 0, 0, 0])
    for i in range(count):
        k = _near(offsets[i], offsets[i + 1], objects, to_offsets, to_target, i, stamp, near)
        linked[i] = k > 0
        together = 0
        for n in range(k):
            lo, hi = at_offsets[near[n]], at_offsets[near[n] + 1]
            begin, end, own = _window(at_rank, lo, hi, ranks[i], when)
            if quantifier == EACH:
                found = end - begin - (own if when == ANY_TIME else 0)
                if when in (NEXT, PREVIOUS) and found and at_code[begin] != wanted:
                    found = 0
                totals[0], totals[1] = min(totals[0], found), totals[1] + found
                totals[2], totals[3] = totals[2] + 1, max(totals[3], found)
                if found < least or found > most:
                    broken[i] = True
                    pairs = _note(pairs, size, i, near[n], found)
                    size += 1
                continue
            for p in range(begin, end):
                e = at_event[p]
                if at_code[p] != wanted or e == events[i]:
                    continue
                if hit_stamp[e] != i:
                    hit_stamp[e], hits[e] = i, 0
                hits[e] += 1
                together += hits[e] == (1 if quantifier == ANY else k)
        if quantifier == EACH or k == 0:
            continue
        totals[0], totals[1] = min(totals[0], together), totals[1] + together
        totals[2], totals[3] = totals[2] + 1, max(totals[3], together)
        if together < least or together > most:
            broken[i] = True
            pairs = _note(pairs, size, i, -1, together)
            size += 1
    return linked, broken, pairs[:size], totals
