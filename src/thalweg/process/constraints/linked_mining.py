"""Mining constraints across objects: which rules hold between an object's events and its relatives'.

For every relation between two types, one pass over the source's events notes for each pair of
activities how often the related objects' first and last events stand where a template wants them.
What passes the threshold there is checked in full, object by object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import Ints
from thalweg.process.constraints.linked import (
    OBJECT_CONSTRAINT_SCHEMA,
    Judge,
    ObjectConstraint,
    Quantifier,
    constraint_row,
)
from thalweg.process.constraints.relations import (
    Direction,
    Relation,
    Sequenced,
    objects_of_events,
)
from thalweg.process.contrasts import wilson_bounds
from thalweg.process.filters import Filter
from thalweg.process.selection import pick

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

Table = NDArray[np.int64]
EXISTS_EACH, EXISTS_ANY, AFTER_EACH, AFTER_ANY, BEFORE_EACH, BEFORE_ANY = range(6)
_WIDTH = 6
STANDING_EVENTS = 100
"""Types whose objects have more events each (people, machines) are left out unless asked for."""

_FOUND: dict[tuple[str, Quantifier], int] = {
    ("response", "each"): AFTER_EACH,
    ("precedence", "each"): BEFORE_EACH,
    ("responded_existence", "each"): EXISTS_EACH,
    ("response", "any"): AFTER_ANY,
    ("precedence", "any"): BEFORE_ANY,
    ("responded_existence", "any"): EXISTS_ANY,
    ("not_response", "each"): AFTER_ANY,
    ("not_precedence", "each"): BEFORE_ANY,
}
"""Column of each mined template: events that keep it, or that break it (``not_``)."""


@dataclass(frozen=True, slots=True)
class ObjectMiningOptions:
    """What a constraint must show in order to be listed.

    min_activations: events with a related object. min_support: of all events of the activity, those
    with a related object that keep it. min_confidence: share of events, and of objects, that keep
    it. level: of the intervals. simultaneous: they hold for all candidates at once (Bonferroni).
    met: also relate objects that share an event, where no link joins their types.
    """

    min_activations: int = 10
    min_support: float = 0.1
    min_confidence: float = 0.95
    level: float = 0.95
    simultaneous: bool = False
    met: bool = True
    reduced: bool = True


def mine_object_constraints(
    book: Book,
    options: ObjectMiningOptions | None = None,
    *,
    types: Sequence[str] | None = None,
    filters: Sequence[Filter] = (),
) -> pl.DataFrame:
    """The constraints across objects that hold nearly always.

    Takes    types: object types; None means all but standing ones (see ``STANDING_EVENTS``).
             filters: choose the objects whose events are judged.
    Returns  the columns of ``OBJECT_CONSTRAINT_COLUMNS``, the most certain first, those
             between different objects before those of one. One that forbids is
             listed only if significantly fewer events break it than half of those whose related
             objects have the target at all, as many as chance would put on one side.
    Raises   RequestError: a type that does not exist, or a threshold outside 0 to 1.
    Source   Küsters and van der Aalst, "OC-DECLARE" (2025), for what is asked; tables of first and
             last events instead of their search.
    """
    asked = options or ObjectMiningOptions()
    for share in (asked.min_support, asked.min_confidence, asked.level):
        if not 0 <= share <= 1:
            raise RequestError(f"Thresholds and levels are shares from 0 to 1, not {share}.")
    judge = Judge(book, filters)
    found: list[ObjectConstraint] = []
    tried = 0
    for relation in relations(book, judge, types, met=asked.met):
        activations, total, table = count_relation(judge, relation)
        tried += int((activations >= asked.min_activations).sum()) * table.shape[1] * len(_FOUND)
        found += _passing(judge, relation, activations, total, table, asked)
    level = 1 - (1 - asked.level) / max(tried, 1) if asked.simultaneous else asked.level
    rows = [constraint_row(judge, one, judge.judge(one), level) for one in _kept(found, asked)]
    return (
        pl.DataFrame(rows, schema=OBJECT_CONSTRAINT_SCHEMA)
        .filter(pl.col("confidence") >= asked.min_confidence)
        .sort(
            pl.col("confidence"),
            pl.col("relation") == "same",
            *("support", "source_type", "target_type", "source", "target", "template"),
            descending=[True, False, True, *[False] * 5],
        )
    )


def relations(
    book: Book, judge: Judge, types: Sequence[str] | None, *, met: bool = True
) -> list[Relation]:
    """Ways between the types: an object and itself, links both ways, and shared events."""
    if types is None:
        wanted = [
            kind
            for kind, view in judge.whole.items()
            if 0 < view.entries <= STANDING_EVENTS * max(view.objects, 1)
        ]
    else:
        wanted = [pick(kind, list(judge.whole), "object type") for kind in types]
    found = [Relation(kind, kind) for kind in wanted]
    links = book.object_links()
    joined: set[frozenset[str]] = set()
    if links is not None:
        kinds = links.select("@source_type", "@target_type", "@qualifier").unique()
        for source, target, qualifier in kinds.sort(pl.all()).rows():
            if source in wanted and target in wanted:
                joined.add(frozenset((source, target)))
                ways: tuple[tuple[str, str, Direction], ...] = (
                    (source, target, "forward"),
                    (target, source, "backward"),
                )
                found += [Relation(a, b, "link", qualifier or "", way) for a, b, way in ways]
    if met:
        found += [
            Relation(a, b, "event")
            for a in wanted
            for b in wanted
            if a != b and frozenset((a, b)) not in joined
        ]
    return found


def count_relation(judge: Judge, relation: Relation) -> tuple[Ints, Ints, Table]:
    """Counts of events over one relation.

    Returns  by activity its events with a related object; its events; and by pair of activities
             and column (see the top of the module) the former that have what the column says.
    """
    view = judge.chosen(relation.source_type)
    names = len(view.activities)
    code = np.full(len(judge.rank), -1, np.int64)
    code[np.asarray(view.event)] = view.activity
    events, offsets, objects = objects_of_events(view, code >= 0)
    related = judge.related(relation)
    first, last, at = _extremes(judge.sequenced(relation.target_type), names)
    activations = np.zeros(names, np.int64)
    table = np.zeros((names, names, _WIDTH), np.int64)
    _count(
        code[events],
        judge.rank[events],
        offsets,
        objects,
        related.offsets,
        related.target,
        at[0],
        at[1],
        first,
        last,
        activations,
        table,
    )
    return activations, np.bincount(code[events], minlength=names), table


def _extremes(data: Sequenced, names: int) -> tuple[Ints, Ints, tuple[Ints, Ints]]:
    """First and last event by object and activity, as compressed sparse rows."""
    objects = len(data.offsets) - 1
    owner = np.repeat(np.arange(objects), data.offsets[1:] - data.offsets[:-1])
    key = owner * names + data.code
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begin = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(key)])
    keys = ordered[begin]
    end = np.concatenate((begin[1:], [len(key)])).astype(np.int64) - 1
    counts = np.bincount(keys // max(names, 1), minlength=objects)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    ranks = data.rank[order]
    if not len(keys):
        return ranks, ranks, (offsets, keys)
    return ranks[begin], ranks[end], (offsets, keys % names)


@njit(cache=True, nogil=True)
def _count(
    code: Ints,
    ranks: Ints,
    offsets: Ints,
    objects: Ints,
    to_offsets: Ints,
    to_target: Ints,
    at_offsets: Ints,
    at_code: Ints,
    first: Ints,
    last: Ints,
    activations: Ints,
    table: Table,
) -> None:
    names = len(activations)
    stamp = np.full(len(at_offsets), -1, np.int64)
    have, after, before = (
        np.zeros(names, np.int64),
        np.zeros(names, np.int64),
        np.zeros(names, np.int64),
    )
    used = np.empty(names, np.int64)
    for i in range(len(code)):
        a, k, seen = code[i], 0, 0
        for j in range(offsets[i], offsets[i + 1]):
            for m in range(to_offsets[objects[j]], to_offsets[objects[j] + 1]):
                y = to_target[m]
                if stamp[y] == i:
                    continue
                stamp[y] = i
                k += 1
                for p in range(at_offsets[y], at_offsets[y + 1]):
                    b = at_code[p]
                    if have[b] == 0:
                        used[seen] = b
                        seen += 1
                    have[b] += 1
                    after[b] += last[p] > ranks[i]
                    before[b] += first[p] < ranks[i]
        activations[a] += k > 0
        for s in range(seen):
            b = used[s]
            table[a, b, EXISTS_EACH] += have[b] == k
            table[a, b, EXISTS_ANY] += 1
            table[a, b, AFTER_EACH] += after[b] == k
            table[a, b, AFTER_ANY] += after[b] > 0
            table[a, b, BEFORE_EACH] += before[b] == k
            table[a, b, BEFORE_ANY] += before[b] > 0
            have[b], after[b], before[b] = 0, 0, 0


def _passing(
    judge: Judge,
    relation: Relation,
    activations: Ints,
    total: Ints,
    table: Table,
    asked: ObjectMiningOptions,
) -> list[ObjectConstraint]:
    names = judge.chosen(relation.source_type).activities
    shape = table.shape[:2]
    tested = np.broadcast_to(activations[:, None], shape)
    enough = tested >= max(asked.min_activations, 1)
    enough &= ~np.eye(len(names), dtype=bool)
    least = asked.min_support * total[:, None]
    found: list[ObjectConstraint] = []
    for (template, quantifier), column in _FOUND.items():
        hits = table[..., column]
        good = hits
        keep = enough
        if template.startswith("not_"):
            good = tested - hits
            chances = table[..., EXISTS_ANY]
            keep = keep & (wilson_bounds(hits, chances, asked.level)[1] < 0.5)
        keep = keep & (good >= least) & (good >= asked.min_confidence * tested)
        found += [
            ObjectConstraint(template, names[a], names[b], relation, quantifier)
            for a, b in np.argwhere(keep)
        ]
    return found


def _kept(found: list[ObjectConstraint], asked: ObjectMiningOptions) -> list[ObjectConstraint]:
    """Leave out what a listed one implies: existence by order, any by each, order by two orders.

    A prohibition is left out as well where the opposite order of the two is listed: it is not
    implied if the target repeats, but says little more.
    """
    opposite = {"not_response": "precedence", "not_precedence": "response"}
    if not asked.reduced:
        return found
    there = {(o.template, o.source, o.target, o.relation, o.quantifier) for o in found}

    def has(one: ObjectConstraint, template: str, quantifier: str) -> bool:
        return (template, one.source, one.target, one.relation, quantifier) in there

    def implied(one: ObjectConstraint) -> bool:
        if one.quantifier == "any" and has(one, one.template, "each"):
            return True
        if one.template in opposite:
            return has(one, opposite[one.template], "each")
        return one.template == "responded_existence" and any(
            has(one, order, quantifier)
            for order in ("response", "precedence")
            for quantifier in ("each", one.quantifier)
        )

    return _thinned([one for one in found if not implied(one)])


def _thinned(kept: list[ObjectConstraint]) -> list[ObjectConstraint]:
    """Leave out orders that follow through a third activity.

    If each related object has c before the event, and each c of such an object has b before it,
    then it has b before the event; likewise after, and through an activity of the object itself.
    """
    ways: dict[tuple[str, Relation], dict[str, set[str]]] = {}
    for one in kept:
        if one.quantifier == "each":
            steps = ways.setdefault((one.template, one.relation), {})
            steps.setdefault(one.source, set()).add(one.target)
    out = []
    for one in kept:
        if one.quantifier == "each" and one.template in ("response", "precedence"):
            own, other = (
                ways.get((one.template, Relation(kind, kind)), {})
                for kind in (one.relation.source_type, one.relation.target_type)
            )
            over = ways[one.template, one.relation]
            over[one.source].discard(one.target)
            begin = _reached({one.source}, own)
            crossed = {target for source in begin for target in over.get(source, ())}
            if one.target in _reached(crossed, other):
                continue
            over[one.source].add(one.target)
        out.append(one)
    return out


def _reached(begin: set[str], steps: dict[str, set[str]]) -> set[str]:
    """Everything that can be reached from ``begin``, itself included."""
    seen, waiting = set(begin), list(begin)
    while waiting:
        further = steps.get(waiting.pop(), set()) - seen
        seen |= further
        waiting += further
    return seen
