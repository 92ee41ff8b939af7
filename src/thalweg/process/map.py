"""Map: from a book to a whole picture of how one object type's work runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.errors import RequestError
from thalweg.process import activities as act
from thalweg.process import durations as dur
from thalweg.process.chunks import Ints
from thalweg.process.pairs import Sequences, pairs_table
from thalweg.process.result import MapResult
from thalweg.process.variants import group_variants, top_variants_table
from thalweg.records.completion import Completion, completion
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

TOP_VARIANTS = 20


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What was asked; part of the result's fingerprint."""

    type: str
    filters: tuple[str, ...] = ()
    ends: tuple[str, ...] | None = None
    top: int = TOP_VARIANTS


def map_book(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    ends: Sequence[str] | None = None,
    top: int = TOP_VARIANTS,
    threads: int | None = None,
) -> MapResult:
    """All measures of one object type.

    Takes    type: the object type; None means the one with most events. ends: activities after
             which an object is finished; None means learned. top: variants to list.
    Raises   RequestError: no such type or activity.
    """
    view = book.perspective(choose_type(book, type))
    request = MapRequest(view.type, (), None if ends is None else tuple(ends), top)
    return _measure(book, view, request, threads)


def choose_type(book: Book, name: str | None) -> str:
    if not book.types:
        raise RequestError("The book holds no object type with events. Ingest a source first.")
    return pick(name, book.types, "object type") if name is not None else book.types[0]


def pick(name: str, known: Sequence[str], what: str) -> str:
    """``name`` if it is known, else an error that shows the nearest known ones."""
    if name in known:
        return name
    near = get_close_matches(name, known, 5, 0.3) or list(known)[:8]
    raise RequestError(f"There is no {what} {name!r}. Nearest: {', '.join(near)}.")


def _measure(book: Book, view: Perspective, request: MapRequest, threads: int | None) -> MapResult:
    offsets = np.array(view.offsets, np.int64)
    names = view.activities
    whole = act.aggregate_activities(offsets, view.activity, view.time_ns, len(names), threads)
    groups = group_variants(offsets, view.activity, names, threads)
    done = _completion(view, offsets, request)
    spans = dur.object_durations(offsets, view.time_ns, done.finished, done.horizon_ns)
    durations = dur.DurationAggregate.of(spans, done.finished)
    events, by_activity = distinct_events(view)
    span = whole.figures[whole.figures[:, act.ENTRIES] > 0]
    return MapResult(
        fingerprint=_fingerprint(book, request),
        book=book.fingerprint,
        request=_request_json(request),
        type=view.type,
        types=tuple(book.types),
        events=events,
        entries=view.entries,
        objects=view.objects,
        first=_instant(span[:, act.FIRST].min()) if len(span) else None,
        last=_instant(span[:, act.LAST].max()) if len(span) else None,
        activities=act.activities_table(whole, names, by_activity),
        pairs=pairs_table(
            Sequences.of(offsets, view.activity, view.time_ns, len(names)), names, threads
        ),
        starts=act.edges_table(whole, names, act.STARTS),
        ends=act.edges_table(whole, names, act.ENDS),
        variants=groups.variants,
        top_variants=top_variants_table(
            groups, offsets, view.activity, view.time_ns, names, request.top, threads
        ),
        completion=_completion_json(done, names),
        durations=dur.duration_figures(durations),
        duration_curve=dur.survival(durations).table(),
        tables={"loops": act.loops_table(whole, names)},
        trust=_trust_json(book),
    )


def _completion(view: Perspective, offsets: Ints, request: MapRequest) -> Completion:
    ends = None
    if request.ends is not None:
        known = list(view.activities)
        ends = tuple(known.index(pick(name, known, "activity")) for name in request.ends)
    return completion(offsets, view.activity, view.time_ns, len(view.activities), ends=ends)


def distinct_events(view: Perspective, run: int = 1 << 20) -> tuple[int, Ints | None]:
    """Events behind the entries, and their count by activity where some stand behind several."""
    top = max((int(view.event[i : i + run].max()) for i in range(0, view.entries, run)), default=-1)
    seen = np.zeros(top + 1, bool)
    for i in range(0, view.entries, run):
        seen[view.event[i : i + run]] = True
    events = int(seen.sum())
    if events == view.entries:
        return events, None
    code = np.zeros(top + 1, np.uint32)
    for i in range(0, view.entries, run):
        code[view.event[i : i + run]] = view.activity[i : i + run]
    return events, np.bincount(code[seen], minlength=len(view.activities))


def _instant(time_ns: Any) -> datetime:
    return datetime.fromtimestamp(int(time_ns) // 10**9, UTC).replace(
        microsecond=int(time_ns) % 10**9 // 1000
    )


def _request_json(request: MapRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__slots__}


def _fingerprint(book: Book, request: MapRequest) -> str:
    text = json.dumps([book.fingerprint, _request_json(request)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _completion_json(done: Completion, names: Sequence[str]) -> dict[str, Any]:
    return {
        "rule": done.rule,
        "ends": [names[code] for code in done.ends],
        "horizon": _instant(done.horizon_ns),
        "by_end": done.by_end,
        "by_silence": done.by_silence,
        "unfinished": done.unfinished,
        "beyond_horizon": done.beyond,
    }


def _trust_json(book: Book) -> dict[str, Any]:
    trust = book.trust
    return {
        "rows_read": trust.rows_read,
        "rows_kept": trust.rows_kept,
        "rows_set_aside": trust.rows_set_aside,
        "findings": [
            {"code": f.code, "severity": f.severity, "count": f.count, "of": f.of, "where": f.where}
            for f in trust.findings
        ],
    }
