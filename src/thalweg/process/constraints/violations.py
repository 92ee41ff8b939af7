"""Which objects and events break a DECLARE constraint: the lineage behind its counts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    Chunk,
    Codes,
    Ints,
    chunk_codes,
    chunk_offsets,
    each,
    object_chunks,
)
from thalweg.process.columns import COUNT, MAYBE, TEXT, Columns
from thalweg.process.constraints.templates import TEMPLATES, Constraint, Relation
from thalweg.process.selection import pick
from thalweg.records.perspective import Perspective

Marks = NDArray[np.uint8]

VIOLATION_COLUMNS: Columns = {
    "object": (TEXT, "Id of the object"),
    "position": ({"type": ["integer", "null"], "minimum": 1}, "Place of the event in its object"),
    "event": ({"type": ["integer", "null"], "minimum": 0}, "Row of the event in the book"),
    "activity": (MAYBE, "Its activity; null where the violation is that an event is missing"),
    "violations": (COUNT, "Violations of the object"),
}
"""Of the table that ``violating_objects`` returns."""

_RELATIONS: tuple[Relation, ...] = (
    "exists",
    "later",
    "earlier",
    "before_next",
    "since_last",
    "next",
    "previous",
)
EXISTS, LATER, EARLIER, BEFORE_NEXT, SINCE_LAST, NEXT, PREVIOUS = range(7)


@njit(cache=True, nogil=True)
def _mark(
    offsets: Ints, code: Codes, own: int, other: int, relation: int, negative: bool, broken: Marks
) -> None:
    """Mark events of ``own`` that lack the relation to ``other`` (or have it, if negative)."""
    backward = relation in (LATER, BEFORE_NEXT, NEXT)
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        there = False
        if relation == EXISTS:
            for j in range(lo, hi):
                there = there or code[j] == other
        for step in range(hi - lo):
            j = hi - 1 - step if backward else lo + step
            now = np.int64(code[j])
            if now == own and there == negative:
                broken[j] = 1
            if relation == EXISTS:
                continue
            if now == other:
                there = True
            elif relation in (NEXT, PREVIOUS) or (
                now == own and relation in (BEFORE_NEXT, SINCE_LAST)
            ):
                there = False


@njit(cache=True, nogil=True)
def _mark_from(offsets: Ints, code: Codes, own: int, first: int, broken: Marks) -> Ints:
    """Mark events of ``own`` from the one numbered ``first`` on; gives its events by object."""
    counts = np.zeros(len(offsets) - 1, np.int64)
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            if code[j] == own:
                counts[i] += 1
                if counts[i] >= first:
                    broken[j] = 1
    return counts


def violating_objects(view: Perspective, constraint: Constraint) -> pl.DataFrame:
    """The violations of one constraint, event by event.

    Returns  the columns of ``VIOLATION_COLUMNS``, in the order of objects and events: a row for
             each event that breaks the constraint, or one without event for an object that lacks
             what it should have. Where two activities exclude one another, both are listed.
    Raises   RequestError: an activity that the records do not know, or a senseless constraint.
    """
    one = constraint.checked()
    for name in (one.source, one.target):
        if name is not None:
            pick(name, view.activities, "activity")
    broken, lacking = mark_violations(view, one)
    owner = np.repeat(np.arange(view.objects), np.diff(view.offsets))
    at = np.flatnonzero(broken)
    missing = np.flatnonzero(lacking)
    ids = view.object_ids()
    events = pl.DataFrame(
        {
            "number": owner[at],
            "position": at - np.asarray(view.offsets)[owner[at]] + 1,
            "event": np.asarray(view.event)[at].astype(np.int64),
            "activity": pl.Series(view.activities, dtype=pl.String).gather(
                np.asarray(view.activity)[at]
            ),
        }
    )
    absent = pl.DataFrame({"number": missing})
    rows = pl.concat([events, absent], how="diagonal").sort("number", "position", nulls_last=True)
    return rows.select(
        object=ids.gather(rows["number"]),
        position=pl.col("position"),
        event=pl.col("event"),
        activity=pl.col("activity"),
        violations=pl.len().over("number").cast(pl.Int64),
    )


def mark_violations(view: Perspective, one: Constraint) -> tuple[Marks, NDArray[np.bool_]]:
    """Entries that break the constraint, and objects that break it by lacking something."""
    form = TEMPLATES[one.template]
    place = {name: code for code, name in enumerate(view.activities)}
    broken = np.zeros(view.entries, np.uint8)
    lacking = np.zeros(view.objects, bool)
    own, other = place[one.source], place[one.target] if one.target is not None else -1
    for chunk, runs, code, marks in _runs(view, broken):
        for rule in form.rules:
            a, b = (own, other) if rule.side == "source" else (other, own)
            _mark(runs, code, a, b, _RELATIONS.index(rule.relation), form.negative, marks)
        if not form.rules:
            lacks = _mark_whole(one, runs, code, own, other, marks)
            lacking[chunk.first : chunk.last] = lacks
    return broken, lacking


def _runs(view: Perspective, broken: Marks) -> Iterable[tuple[Chunk, Ints, Codes, Marks]]:
    offsets = np.asarray(view.offsets)

    def read(chunk: Chunk) -> tuple[Chunk, Ints, Codes, Marks]:
        codes = chunk_codes(view.activity, chunk)
        return chunk, chunk_offsets(offsets, chunk), codes, broken[chunk.lo : chunk.hi]

    return each(read, object_chunks(offsets), 1)


_NEVER = 1 << 62


def _mark_whole(
    one: Constraint, runs: Ints, code: Codes, own: int, other: int, marks: Marks
) -> NDArray[np.bool_]:
    """Templates that speak of the object as a whole; gives the objects that lack something."""
    n = one.n or 1
    some = runs[1:] > runs[:-1]
    match one.template:
        case "existence":
            return np.asarray(_mark_from(runs, code, own, _NEVER, marks) < n)
        case "absence":
            _mark_from(runs, code, own, n, marks)
            return np.zeros(len(some), bool)
        case "exactly":
            return np.asarray(_mark_from(runs, code, own, n + 1, marks) < n)
        case "init" | "end":
            edge = (runs[:-1] if one.template == "init" else runs[1:] - 1)[some]
            marks[edge] = code[edge] != own
            return ~some
    have = _mark_from(runs, code, own, _NEVER, marks) > 0
    had = _mark_from(runs, code, other, _NEVER, marks) > 0
    if one.template == "exclusive_choice":
        both = np.repeat(have & had, np.diff(runs))
        marks[both & ((code == own) | (code == other))] = 1
    return np.asarray(~(have | had))
