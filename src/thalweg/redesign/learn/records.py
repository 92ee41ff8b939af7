"""Work as the records hold it up to an instant: what a model is learned from, as flat arrays.

Nothing that happened after the cut is seen: neither by enabling, nor by calendars, nor by the
judgement of who is finished. Objects that span the cut stay, with the work they had ended by then,
and what they were in stands apart in ``Open``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Ints
from thalweg.process.map import choose_type
from thalweg.process.waiting.assemble import Scene, assemble, find_causes
from thalweg.process.waiting.calendars import learn_duty
from thalweg.process.waiting.causes import (
    BATCHING,
    CAUSES,
    HANDOVER,
    REMAINDER,
    SPLIT,
    SYNCHRONISATION,
)
from thalweg.process.waiting.pieces import Encoding, Pieces, find_pieces
from thalweg.process.waiting.sweep import UNKNOWN_NS, works_by_resource
from thalweg.records.appraisal.completion import completion
from thalweg.records.appraisal.lifecycle import (
    START,
    pair_transitions,
    transition_kinds,
)
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

Codes = NDArray[np.int32]
NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """Work that had begun at the cut and not ended, sorted by object.

    object: position in ``Work``. activity, resource: codes. start_ns: UTC.
    """

    object: Ints
    activity: Codes
    resource: Codes
    start_ns: Ints

    def __len__(self) -> int:
        return len(self.object)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Pieces of work of the objects of one type that had begun by ``until_ns``.

    activities, resources   names by code; resource 0 is the empty name: none recorded.
    objects     their ids. begun_ns: per object its first start, or completion where no start is
                known. finished: per object, as far as could be judged at the cut.
    offsets     per object, one more than objects: its pieces in the order of their ends.
    activity, resource, start_ns, end_ns   per piece; known: its start is recorded, else start
                equals end.
    enabled_ns  per piece when it could have begun, UNKNOWN_NS for the first of an object. source:
                the piece that enabled it in its own object, NONE for none.
    cause_ns    per piece its wait since the source ended, by cause in the order of ``CAUSES``.
    batch       per piece the number of the run it was done in: pieces of one activity by one
                resource, back to back or at once, all enabled before the first began (or sharing
                one event); NONE where it was done alone.
    event       per piece its row in the book.
    concurrent  pairs of activities that run side by side.
    traits      attributes of the objects, a row each in their order.
    open        work in progress at the cut.
    encoding    how the records tell starts; "instants": not at all.
    until_ns    the cut: no later than the end of observation. zone: of local time.
    """

    type: str
    activities: tuple[str, ...]
    resources: tuple[str, ...]
    objects: tuple[str, ...]
    begun_ns: Ints
    finished: NDArray[np.bool_]
    offsets: Ints
    activity: Codes
    resource: Codes
    start_ns: Ints
    end_ns: Ints
    known: NDArray[np.bool_]
    enabled_ns: Ints
    source: Ints
    cause_ns: NDArray[np.int64]
    batch: Ints
    event: Ints
    concurrent: NDArray[np.bool_]
    traits: pl.DataFrame
    open: Open
    encoding: Encoding
    until_ns: int
    zone: str

    def __len__(self) -> int:
        return len(self.activity)

    @property
    def owner(self) -> Ints:
        """Per piece the position of its object."""
        return np.repeat(np.arange(len(self.objects)), np.diff(self.offsets))

    def resampled(self, draw: Ints) -> Work:
        """The work of objects drawn by position, each as often as it was drawn.

        Batches keep their numbers: pieces that were done together stay together as far as drawn.
        """
        lengths = np.diff(self.offsets)[draw]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        shift = np.repeat(self.offsets[draw] - offsets[:-1], lengths)
        at = np.arange(int(offsets[-1])) + shift
        source = self.source[at]
        return replace(
            self,
            objects=tuple(self.objects[i] for i in draw.tolist()),
            begun_ns=self.begun_ns[draw],
            finished=self.finished[draw],
            offsets=offsets,
            activity=self.activity[at],
            resource=self.resource[at],
            start_ns=self.start_ns[at],
            end_ns=self.end_ns[at],
            known=self.known[at],
            enabled_ns=self.enabled_ns[at],
            source=np.where(source >= 0, source - shift, NONE),
            cause_ns=self.cause_ns[at],
            batch=self.batch[at],
            event=self.event[at],
            traits=self.traits[draw],
            open=_drawn(self.open, draw, len(self.objects)),
        )

    def only(self, activities: NDArray[np.bool_]) -> Work:
        """Without the work of other activities; what enabled a piece stays as an instant."""
        keep = activities[self.activity]
        left = np.concatenate(([0], np.cumsum(keep))).astype(np.int64)
        place = np.where(keep, left[:-1], NONE)
        source = self.source[keep]
        still = activities[self.open.activity]
        pieces = ("activity", "resource", "start_ns", "end_ns", "known", "enabled_ns", "cause_ns")
        return replace(
            self,
            offsets=left[self.offsets],
            source=np.where(source >= 0, place[source], NONE),
            batch=self.batch[keep],
            event=self.event[keep],
            open=_kept(self.open, still),
            **{name: getattr(self, name)[keep] for name in pieces},
        )


def _kept(open_: Open, keep: NDArray[np.bool_]) -> Open:
    return Open(
        open_.object[keep], open_.activity[keep], open_.resource[keep], open_.start_ns[keep]
    )


def _drawn(open_: Open, draw: Ints, objects: int) -> Open:
    bounds = np.searchsorted(open_.object, np.arange(objects + 1))
    lengths = np.diff(bounds)[draw]
    ends = np.cumsum(lengths)
    at = np.arange(int(ends[-1]) if len(ends) else 0)
    at = at + np.repeat(bounds[draw] - (ends - lengths), lengths)
    return Open(
        np.repeat(np.arange(len(draw)), lengths),
        open_.activity[at],
        open_.resource[at],
        open_.start_ns[at],
    )


def work_of(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    until: int | None = None,
    zone: str | None = None,
    threads: int | None = None,
) -> Work:
    """The work of one object type.

    Takes    type: None means the one with most events. until: UTC ns; work that ended later is not
             seen, None means all there is. zone: of local time; None means the book's.
    Raises   RequestError: a type or zone that does not exist.
    """
    view = book.perspective(choose_type(book, type))
    zone = zone or book.timezone
    scene = assemble(view, until_ns=until, threads=threads)
    pieces = scene.pieces
    in_progress = _in_progress(view, until)
    begun = np.diff(pieces.offsets) > 0
    begun[in_progress.object] = True
    keep = np.flatnonzero(begun)
    place = np.full(len(begun), NONE, np.int64)
    place[keep] = np.arange(len(keep))
    in_progress = replace(in_progress, object=place[in_progress.object])
    lengths = np.diff(pieces.offsets)[keep]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    finished, horizon = _finished(offsets, pieces, len(view.activities), in_progress, until)
    of_work = slice(None) if scene.work is None else scene.work
    enabled, resource = scene.works.enabled_ns[of_work], scene.works.resource[of_work]
    known = np.ones(len(pieces), np.bool_) if pieces.known is None else np.asarray(pieces.known)
    start = np.asarray(pieces.start_ns)
    enabled = np.where(enabled == UNKNOWN_NS, UNKNOWN_NS, np.minimum(enabled, start))
    return Work(
        type=view.type,
        activities=view.activities,
        resources=scene.resources,
        objects=tuple(view.object_ids().gather(keep).to_list()),
        begun_ns=_begun(offsets, start, in_progress),
        finished=finished,
        offsets=offsets,
        activity=np.asarray(pieces.activity).astype(np.int32),
        resource=np.asarray(resource).astype(np.int32),
        start_ns=start,
        end_ns=np.asarray(pieces.end_ns),
        known=known,
        enabled_ns=np.asarray(enabled),
        source=np.asarray(scene.source),
        cause_ns=_causes(scene, book, zone, threads),
        batch=_batch_numbers(scene),
        event=np.asarray(pieces.event).astype(np.int64),
        concurrent=_square(scene.concurrent, len(view.activities)),
        traits=_traits(view, keep),
        open=in_progress,
        encoding=pieces.encoding,
        until_ns=horizon if until is None else until,
        zone=zone,
    )


def _square(concurrent: NDArray[np.bool_], activities: int) -> NDArray[np.bool_]:
    return concurrent if len(concurrent) else np.zeros((activities, activities), np.bool_)


def _begun(offsets: Ints, start_ns: Ints, open_: Open) -> Ints:
    first = np.full(len(offsets) - 1, np.iinfo(np.int64).max)
    np.minimum.at(first, np.repeat(np.arange(len(first)), np.diff(offsets)), start_ns)
    np.minimum.at(first, open_.object, open_.start_ns)
    return first


def _finished(
    offsets: Ints, pieces: Pieces, activities: int, open_: Open, until: int | None
) -> tuple[NDArray[np.bool_], int]:
    """Who is finished by what was known at the cut, and when observation ended."""
    finished = np.zeros(len(offsets) - 1, np.bool_)
    some = np.flatnonzero(np.diff(offsets) > 0)
    if len(some) == 0:
        return finished, 0 if until is None else until
    busy = np.zeros(len(finished), np.bool_)
    busy[open_.object] = True
    done = completion(
        np.concatenate((offsets[some], offsets[-1:])),
        pieces.activity,
        np.asarray(pieces.end_ns),
        activities,
        horizon_ns=until,
        at_work=busy[some],
    )
    finished[some] = done.finished & ~busy[some]
    return finished, done.horizon_ns


def _in_progress(view: Perspective, until: int | None) -> Open:
    """Work that began by the cut and ends later, or of which only the start is recorded."""
    pieces = find_pieces(view)
    start, owner = np.asarray(pieces.start_ns), _owner(pieces.offsets)
    cut = np.iinfo(np.int64).max if until is None else until
    mine = np.flatnonzero((start <= cut) & (np.asarray(pieces.end_ns) > cut))
    coded = view.book.role_codes("resource")
    event = np.asarray(pieces.begun)[mine]
    found = [(owner[mine], np.asarray(pieces.activity)[mine], event, start[mine])]
    if pieces.encoding == "lifecycle":
        lone = _lone_starts(view)
        lone = lone[np.asarray(view.time_ns)[lone] <= cut]
        row, time = _owner(np.asarray(view.offsets))[lone], np.asarray(view.time_ns)[lone]
        found.append((row, np.asarray(view.activity)[lone], np.asarray(view.event)[lone], time))
    owners, codes, events, starts = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((starts, owners))
    who = np.zeros(len(order), np.int32)
    if coded is not None:
        who = np.asarray(coded[0][events[order]]).astype(np.int32)
    return Open(owners[order].astype(np.int64), codes[order].astype(np.int32), who, starts[order])


def _owner(offsets: NDArray[Any]) -> Ints:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _lone_starts(view: Perspective) -> Ints:
    """Last entries of objects that begin work; a start after which the object went on without its
    completion was abandoned."""
    transitions, items = view.codes("lifecycle"), view.codes("instance")
    if transitions is None:
        return np.zeros(0, np.int64)
    kind = transition_kinds(transitions[1])[transitions[0]]
    offsets = np.asarray(view.offsets)
    pairing = pair_transitions(offsets, view.activity, kind, None if items is None else items[0])
    last = offsets[1:] - 1
    return np.asarray(last[(kind[last] == START) & (pairing.partner[last] < 0)])


def _causes(scene: Scene, book: Book, zone: str, threads: int | None) -> NDArray[np.int64]:
    """Each piece's wait by cause; a wait whose start or source is unknown has none."""
    pieces, count = scene.pieces, len(scene.pieces)
    split = np.zeros((len(scene.works.start_ns), len(SPLIT)), np.int64)
    if pieces.encoding != "instants" and len(scene.resources) > 1:
        duty = learn_duty(scene.works, scene.resources, len(book.activities), zone, threads)
        split = find_causes(scene, duty, "shared", threads=threads).cause_ns
    mine = np.arange(count) if scene.work is None else np.asarray(scene.work).astype(np.int64)
    waits = scene.source >= 0
    if pieces.known is not None:
        waits &= pieces.known
    source = np.where(waits, scene.source, 0)
    start = np.asarray(scene.works.start_ns)[mine]
    own = np.asarray(pieces.end_ns)[source] if count else start
    ready = np.clip(np.asarray(scene.works.enabled_ns)[mine], own, np.maximum(start, own))
    cause = np.zeros((count, len(CAUSES)), np.int64)
    cause[:, SYNCHRONISATION] = ready - own
    cause[:, BATCHING : BATCHING + len(SPLIT)] = split[mine]
    rest = start - ready - split[mine].sum(axis=1)
    passed = np.zeros(count, np.bool_)
    party = book.role_codes("party")
    if party is not None:
        taker = np.asarray(party[0][np.asarray(pieces.event)]).astype(np.int64)
        giver = taker[source] if count else taker
        passed = (giver != taker) & (giver > 0) & (taker > 0)
    cause[:, HANDOVER], cause[:, REMAINDER] = np.where(passed, rest, 0), np.where(passed, 0, rest)
    cause[~waits] = 0
    return cause


def _batch_numbers(scene: Scene) -> Ints:
    """Runs of work done together, numbered over the pieces."""
    works = scene.works
    bounds, members = works_by_resource(works.resource, len(scene.resources))
    run = np.full(len(works.start_ns), NONE, np.int64)
    _number_runs(
        bounds,
        members,
        np.asarray(works.activity),
        np.asarray(works.start_ns),
        np.asarray(works.end_ns),
        np.asarray(works.enabled_ns),
        run,
    )
    mine = np.arange(len(scene.pieces)) if scene.work is None else np.asarray(scene.work)
    number = run[mine]
    event = np.asarray(scene.pieces.event).astype(np.int64)
    shared = np.bincount(event, minlength=1)[event] > 1 if len(event) else number >= 0
    beyond = int(run.max(initial=NONE)) + 1
    return np.where((number < 0) & shared, beyond + event, number)


@njit(cache=True, nogil=True)
def _number_runs(
    bounds: Ints,
    members: NDArray[np.uint32],
    activity: NDArray[np.uint32],
    start_ns: Ints,
    end_ns: Ints,
    enabled_ns: Ints,
    run: Ints,
) -> None:
    """As the sweep over resources finds batches: the first of each, and what joins it."""
    number = 0
    for r in range(1, len(bounds) - 1):
        mine = members[bounds[r] : bounds[r + 1]]
        mine = mine[np.argsort(start_ns[mine], kind="mergesort")]
        i = 0
        while i < len(mine):
            head = mine[i]
            until, j = end_ns[head], i + 1
            while j < len(mine):
                k = mine[j]
                ready = start_ns[k] if enabled_ns[k] == UNKNOWN_NS else enabled_ns[k]
                if activity[k] != activity[head] or start_ns[k] > until or ready > start_ns[head]:
                    break
                until = max(until, end_ns[k])
                j += 1
            if j - i > 1:
                for k in mine[i:j]:
                    run[k] = number
                number += 1
            i = j


def _traits(view: Perspective, keep: Ints) -> pl.DataFrame:
    """Attributes of the objects as first known."""
    rows = np.asarray(view.object)[keep]
    table = view.book.objects(view.type).collect()
    names = [name for name in table.columns if not name.startswith("@")]
    return table.select(names)[rows] if names else pl.DataFrame({"@object": rows})
