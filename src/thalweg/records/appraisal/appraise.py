"""The last judgement over a finished book: findings about order, time, repeats and links."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.appraisal.evidence import Evidence, first_places, flagged, iso
from thalweg.records.appraisal.facts import (
    days_present,
)
from thalweg.records.appraisal.sequences import sequence_findings
from thalweg.records.building.finish import ObjectFacts
from thalweg.records.building.tally import EXAMPLES
from thalweg.records.trust import Example, Finding

WHOLE_BOOK_CODES = frozenset(
    [
        "time_before_1971",
        "time_in_future",
        "time_isolated",
        "start_after_end",
        "object_without_event",
        "event_without_object",
        "object_link_dangling",
        "object_change_dangling",
        "time_tied",
        "event_late",
        "event_repeated",
        "event_duplicated",
        "object_unfinished",
        "lifecycle_unpaired",
        "lifecycle_unusual",
        "convergence",
        "divergence",
    ]
)
"""Codes that are judged anew for every generation, over all its events."""
_NS_PER_DAY = 86_400 * 10**9
_EARLY_NS = 366 * _NS_PER_DAY
"""Times before this are taken for a cleared or mistyped clock."""
_ISOLATED_SHARE = 0.001
_ISOLATED_GAP_DAYS = 30
_ISOLATED_GAP_SHARE = 0.05


def appraise(evidence: Evidence) -> Iterator[Finding]:
    """Every finding that needs the whole book, and those that were counted on the way."""
    yield from evidence.builder.tally.findings()
    if evidence.builder.events:
        yield from _time_findings(evidence)
        yield from _link_findings(evidence)
    yield from sequence_findings(evidence)


def _time_findings(evidence: Evidence) -> Iterator[Finding]:
    time_ns = evidence.time_ns
    yield from flagged("time_before_1971", "warning", time_ns < _EARLY_NS, evidence)
    yield from flagged("time_in_future", "warning", time_ns > evidence.now_ns, evidence)
    first, last = _bulk(*days_present(time_ns))
    isolated = (time_ns < first * _NS_PER_DAY) | (time_ns >= (last + 1) * _NS_PER_DAY)
    yield from flagged("time_isolated", "warning", isolated, evidence)
    if evidence.builder.start_ns is not None:
        reversed_ = evidence.builder.start_ns.array() > time_ns
        yield from flagged("start_after_end", "warning", reversed_, evidence)
    yield from _older_than_book(evidence)


def _older_than_book(evidence: Evidence) -> Iterator[Finding]:
    """Appended rows that happened before the last event the book had."""
    if evidence.before_ns is None:
        return
    new = evidence.time_ns[evidence.first_new :]
    older = np.flatnonzero(new < evidence.before_ns)
    if len(older):
        detail = {"book_until": iso(evidence.before_ns), "oldest": iso(int(new.min()))}
        shown = evidence.examples(older[:EXAMPLES] + evidence.first_new)
        where = ", ".join(s.name for s in evidence.builder.tally.sources)
        yield Finding("event_older_than_book", "note", len(older), len(new), where, shown, detail)


def _bulk(present: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[int, int]:
    """First and last day of the bulk: small groups far outside it are cut off, end by end."""
    total = int(counts.sum())
    allowed = _ISOLATED_SHARE * total
    span = _middle_span(present, counts)
    gap = max(_ISOLATED_GAP_DAYS, _ISOLATED_GAP_SHARE * span)
    jumps = np.flatnonzero(np.diff(present) > gap)
    before = np.cumsum(counts)
    lows = [j for j in jumps if before[j] <= allowed]
    highs = [j for j in jumps if total - before[j] <= allowed]
    first = present[lows[-1] + 1] if lows else present[0]
    last = present[highs[0]] if highs else present[-1]
    return int(first), int(last)


def _middle_span(present: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """Days that hold the middle 98 % of the events."""
    position = np.searchsorted(np.cumsum(counts) / counts.sum(), [0.01, 0.99])
    return int(present[min(position[1], len(present) - 1)] - present[position[0]])


def _link_findings(evidence: Evidence) -> Iterator[Finding]:
    linked = np.zeros(evidence.builder.events, np.bool_)
    for finished in evidence.types:
        linked[finished.sequences.event] = True
        name, objects = finished.record.name, finished.record.objects
        idle = objects - finished.record.sequences
        if idle:
            seen = np.zeros(objects, np.bool_)
            seen[finished.sequences.object] = True
            shown = evidence.id_examples(finished, first_places(~seen))
            yield Finding("object_without_event", "note", idle, objects, name, shown)
    yield from flagged("event_without_object", "warning", ~linked, evidence)
    yield from _dangling_findings(evidence.facts)


def _dangling_findings(facts: ObjectFacts) -> Iterator[Finding]:
    """Facts about objects that nobody declared and no event names."""
    if facts.links is not None:
        gone = pl.col("@source_type").is_null() | pl.col("@target_type").is_null()
        shown = pl.format("{} → {}", "@source", "@target")
        yield from _dangling("object_link_dangling", facts.links, gone, shown)
    if facts.changes is not None:
        gone = pl.col("@type").is_null()
        shown = pl.format("{}: {} = {}", "@object", "@attribute", "@value")
        yield from _dangling("object_change_dangling", facts.changes, gone, shown)


def _dangling(code: str, told: pl.DataFrame, gone: pl.Expr, shown: pl.Expr) -> Iterator[Finding]:
    found = told.filter(gone)
    if len(found):
        values = found.head(EXAMPLES).select(shown.alias("value"))["value"]
        examples = tuple(Example(value=value or "") for value in values)
        yield Finding(code, "warning", len(found), len(told), "", examples)
