"""The last judgement over a finished book: findings about order, time, repeats and links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.build import BookBuilder
from thalweg.records.facts import (
    SequenceFacts,
    diverging_objects,
    events_with_several,
    sequence_facts,
    set_hashes,
)
from thalweg.records.finish import FinishedType
from thalweg.records.store.manifest import EventPart
from thalweg.records.tally import EXAMPLES
from thalweg.records.trust import Example, Finding, Severity

WHOLE_BOOK_CODES = frozenset(
    [
        "time_before_1971",
        "time_in_future",
        "time_isolated",
        "link_repeated",
        "object_repeated",
        "object_without_event",
        "event_without_object",
        "object_link_dangling",
        "time_tied",
        "event_late",
        "event_repeated",
        "event_duplicated",
        "convergence",
        "divergence",
    ]
)
"""Codes that are judged anew for every generation, over all its events."""
NS_PER_DAY = 86_400 * 10**9
_EARLY_DAY = 366
"""Days before this one since 1970 are taken for a cleared or mistyped clock."""
_ISOLATED_SHARE = 0.001
_ISOLATED_GAP_DAYS = 30
_ISOLATED_GAP_SHARE = 0.05


class Rows:
    """Event rows of the parts written so far, for examples and comparisons."""

    def __init__(self, book: Path, parts: list[EventPart], sources: list[str]) -> None:
        self._book, self._parts, self._sources = book, parts, sources

    def frame(self, rows: NDArray[np.integer]) -> pl.DataFrame:
        """The rows asked for, all columns, with their event row as ``event``."""
        frames = []
        for part in self._parts:
            inside = rows[(rows >= part.first_row) & (rows < part.first_row + part.rows)]
            if len(inside):
                wanted = pl.Series("event", inside - part.first_row).cast(pl.UInt32).unique()
                whole = pl.read_parquet(self._book / part.file.path).with_row_index("event")
                frame = whole.filter(pl.col("event").is_in(wanted.implode()))
                frames.append(frame.with_columns(pl.col("event") + part.first_row))
        return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()

    def examples(self, rows: NDArray[np.integer]) -> tuple[Example, ...]:
        """The first few rows as examples: source, row and what happened when."""
        frame = self.frame(np.asarray(rows[:EXAMPLES], np.int64))
        return tuple(
            Example(self._sources[r["@source"]], r["@row"], f"{r['@activity']} {r['@time']}")
            for r in frame.iter_rows(named=True)
        )


def appraise(
    builder: BookBuilder, types: list[FinishedType], rows: Rows, now_ns: int
) -> Iterator[Finding]:
    """Every finding that needs the whole book."""
    time_ns: NDArray[np.int64] = builder.time_ns.array()  # type: ignore[assignment]
    yield from builder.tally.findings()
    yield from _time_findings(time_ns, rows, now_ns)
    yield from _link_findings(builder, types)
    hashes = _set_hashes(builder.events, types)
    for finished, own in zip(types, hashes, strict=True):
        yield from _sequence_findings(finished, rows)
        yield from _sharing_findings(builder, finished, own, hashes)


def _time_findings(time_ns: NDArray[np.int64], rows: Rows, now_ns: int) -> Iterator[Finding]:
    if len(time_ns) == 0:
        return
    days = time_ns // NS_PER_DAY
    early, future = days < _EARLY_DAY, time_ns > now_ns
    yield from _flagged("time_before_1971", "warning", early, rows)
    yield from _flagged("time_in_future", "warning", future, rows)
    first, last = _bulk(days)
    yield from _flagged("time_isolated", "warning", (days < first) | (days > last), rows)


def _flagged(
    code: str, severity: Severity, flags: NDArray[np.bool_], rows: Rows, where: str = ""
) -> Iterator[Finding]:
    count = int(np.count_nonzero(flags))
    if count:
        found = rows.examples(np.flatnonzero(flags)[:EXAMPLES])
        yield Finding(code, severity, count, len(flags), where, found)


def _bulk(days: NDArray[np.int64]) -> tuple[int, int]:
    """First and last day of the bulk: small groups far outside it are cut off, end by end."""
    present, counts = np.unique(days, return_counts=True)
    allowed = _ISOLATED_SHARE * len(days)
    span = _middle_span(present, counts)
    gap = max(_ISOLATED_GAP_DAYS, _ISOLATED_GAP_SHARE * span)
    jumps = np.flatnonzero(np.diff(present) > gap)
    before, total = np.cumsum(counts), len(days)
    lows = [j for j in jumps if before[j] <= allowed]
    highs = [j for j in jumps if total - before[j] <= allowed]
    first = present[lows[-1] + 1] if lows else present[0]
    last = present[highs[0]] if highs else present[-1]
    return int(first), int(last)


def _middle_span(present: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """Days that hold the middle 98 % of the events."""
    position = np.searchsorted(np.cumsum(counts) / counts.sum(), [0.01, 0.99])
    return int(present[min(position[1], len(present) - 1)] - present[position[0]])


def _link_findings(builder: BookBuilder, types: list[FinishedType]) -> Iterator[Finding]:
    for finished in types:
        name = finished.record.name
        if finished.repeated_links:
            yield Finding("link_repeated", "note", finished.repeated_links, where=name)
        if finished.repeated_objects:
            yield Finding("object_repeated", "note", finished.repeated_objects, where=name)
        idle = finished.record.objects - finished.record.sequences
        if idle:
            yield Finding("object_without_event", "note", idle, finished.record.objects, name)
    linked = np.zeros(builder.events, np.bool_)
    for finished in types:
        linked[finished.sequences.event] = True
    loose = builder.events - int(np.count_nonzero(linked))
    if loose:
        yield Finding("event_without_object", "warning", loose, builder.events)
    if builder.object_links:
        links = pl.concat(builder.object_links, how="diagonal_relaxed")
        dangling = links.filter(pl.col("@source_type").is_null() | pl.col("@target_type").is_null())
        if len(dangling):
            shown = dangling.head(EXAMPLES).select("@source", "@target").rows()
            examples = tuple(Example(value=f"{s} → {t}") for s, t in shown)
            yield Finding(
                "object_link_dangling", "warning", len(dangling), len(links), "", examples
            )


def _sequence_findings(finished: FinishedType, rows: Rows) -> Iterator[Finding]:
    name, seq = finished.record.name, finished.sequences
    facts = sequence_facts(seq.offsets, finished.activity, finished.time_ns, seq.event)
    if facts.ties:
        yield Finding("time_tied", "note", facts.ties, facts.entries, name)
    if facts.late:
        yield Finding("event_late", "note", facts.late, facts.entries, name)
    if len(facts.repeated):
        shown = rows.examples(facts.repeated[:EXAMPLES])
        yield Finding("event_repeated", "note", len(facts.repeated), facts.entries, name, shown)
        same = _exact_duplicates(facts, rows)
        if same:
            yield Finding("event_duplicated", "warning", same, facts.entries, name, shown)


def _exact_duplicates(facts: SequenceFacts, rows: Rows) -> int:
    """Repeats that equal an earlier event of the object in every attribute too."""
    root = dict(zip(facts.repeats_of.tolist(), facts.repeats_of.tolist(), strict=True))
    for row, of in zip(facts.repeated.tolist(), facts.repeats_of.tolist(), strict=True):
        root[row] = root.get(of, of)
    frame = rows.frame(np.fromiter(root, np.int64))
    roots = pl.DataFrame({"event": list(root), "root": list(root.values())})
    content = frame.select(pl.exclude("@row", "@source", "@event", "event")).hash_rows(seed=0)
    keyed = frame.select("event").with_columns(content.alias("content"))
    joined = keyed.join(roots.cast({"event": keyed.schema["event"]}), on="event")
    return len(joined) - joined.select("root", "content").n_unique()


def _set_hashes(n_events: int, types: list[FinishedType]) -> list[NDArray[np.uint64]]:
    """Per type, a hash of each event's objects of that type; empty for a book of one type."""
    if len(types) < 2:
        return [np.empty(0, np.uint64) for _ in types]
    hashes = []
    for number, finished in enumerate(types):
        seq = finished.sequences
        owners = np.repeat(seq.object, np.diff(seq.offsets))
        hashes.append(set_hashes(n_events, owners, seq.event, number * 0x51ED2701))
    return hashes


def _sharing_findings(
    builder: BookBuilder,
    finished: FinishedType,
    own: NDArray[np.uint64],
    hashes: list[NDArray[np.uint64]],
) -> Iterator[Finding]:
    name, seq = finished.record.name, finished.sequences
    several = events_with_several(seq.event, builder.events)
    if several:
        yield Finding("convergence", "note", several, builder.events, name)
    if len(hashes) > 1:
        others = np.zeros(builder.events, np.uint64)
        for other in hashes:
            others += other
        others -= own
        count = diverging_objects(
            seq.offsets, finished.activity, seq.event, others, len(builder.activities)
        )
        if count:
            yield Finding("divergence", "note", count, finished.record.sequences, name)
