"""The last judgement over a finished book: findings about order, time, repeats and links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.build import BookBuilder
from thalweg.records.completion import completion
from thalweg.records.facts import (
    SequenceFacts,
    add_set_hashes,
    days_present,
    diverging_objects,
    objects_per_event,
    sequence_facts,
)
from thalweg.records.finish import FinishedType, ObjectFacts
from thalweg.records.lifecycle import COMPLETE, OTHER, START, pair_transitions, transition_kinds
from thalweg.records.rows import Rows
from thalweg.records.tally import EXAMPLES
from thalweg.records.trust import Example, Finding, Severity

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
_TRANSITIONS = frozenset(
    [
        "schedule",
        "assign",
        "withdraw",
        "reassign",
        "start",
        "suspend",
        "resume",
        "pi_abort",
        "ate_abort",
        "complete",
        "autoskip",
        "manualskip",
        "unknown",
    ]
)
"""The transitions of the XES lifecycle model; others are a sub-status in the wrong place."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that findings are drawn from.

    first_new   event row from which on this generation's rows stand.
    before_ns   latest time that the generation before held, or None.
    facts       later attribute values of objects, and links between objects.
    now_ns      what the clock says.
    """

    builder: BookBuilder
    types: Sequence[FinishedType]
    sources: Sequence[str]
    facts: ObjectFacts
    first_new: int
    before_ns: int | None
    now_ns: int

    @property
    def time_ns(self) -> NDArray[np.int64]:
        instants: NDArray[np.int64] = self.builder.time_ns.array()  # type: ignore[assignment]
        return instants

    def rows(self) -> Rows:
        return self.builder.rows()

    def examples(self, rows: NDArray[np.integer]) -> tuple[Example, ...]:
        """The first few rows as examples: source, row and what happened when."""
        frame = self.rows().frame(np.asarray(rows[:EXAMPLES], np.int64))
        return tuple(
            Example(self.sources[r["@source"]], r["@row"], f"{r['@activity']} {r['@time']}")
            for r in frame.iter_rows(named=True)
        )

    def object_examples(
        self, finished: FinishedType, places: NDArray[np.integer]
    ) -> tuple[Example, ...]:
        """The objects of the first few sequences, by id."""
        return self.id_examples(finished, finished.sequences.object[places[:EXAMPLES]])

    def id_examples(
        self, finished: FinishedType, codes: NDArray[np.integer]
    ) -> tuple[Example, ...]:
        names = self.builder.types[finished.record.name].coder.names()
        return tuple(Example(value=name) for name in names.gather(codes[:EXAMPLES]))


def appraise(evidence: Evidence) -> Iterator[Finding]:
    """Every finding that needs the whole book, and those that were counted on the way."""
    yield from evidence.builder.tally.findings()
    if evidence.builder.events:
        yield from _time_findings(evidence)
        yield from _link_findings(evidence)
    total = _set_hashes(evidence)
    for number, finished in enumerate(evidence.types):
        yield from _sequence_findings(evidence, finished, total)
        yield from _lifecycle_findings(evidence, finished)
        yield from _sharing_findings(evidence, finished, number, total)


def _time_findings(evidence: Evidence) -> Iterator[Finding]:
    time_ns = evidence.time_ns
    yield from _flagged("time_before_1971", "warning", time_ns < _EARLY_NS, evidence)
    yield from _flagged("time_in_future", "warning", time_ns > evidence.now_ns, evidence)
    first, last = _bulk(*days_present(time_ns))
    isolated = (time_ns < first * _NS_PER_DAY) | (time_ns >= (last + 1) * _NS_PER_DAY)
    yield from _flagged("time_isolated", "warning", isolated, evidence)
    if evidence.builder.start_ns is not None:
        reversed_ = evidence.builder.start_ns.array() > time_ns
        yield from _flagged("start_after_end", "warning", reversed_, evidence)
    yield from _older_than_book(evidence)


def _older_than_book(evidence: Evidence) -> Iterator[Finding]:
    """Appended rows that happened before the last event the book had."""
    if evidence.before_ns is None:
        return
    new = evidence.time_ns[evidence.first_new :]
    older = np.flatnonzero(new < evidence.before_ns)
    if len(older):
        detail = {"book_until": _iso(evidence.before_ns), "oldest": _iso(int(new.min()))}
        shown = evidence.examples(older[:EXAMPLES] + evidence.first_new)
        where = ", ".join(s.name for s in evidence.builder.tally.sources)
        yield Finding("event_older_than_book", "note", len(older), len(new), where, shown, detail)


def _flagged(
    code: str, severity: Severity, flags: Flags, evidence: Evidence, where: str = ""
) -> Iterator[Finding]:
    count = int(np.count_nonzero(flags))
    if count:
        found = evidence.examples(_first(flags))
        yield Finding(code, severity, count, len(flags), where, found)


def _first(flags: Flags) -> NDArray[np.int64]:
    """Places of the first few that are true, found piece by piece."""
    found: list[int] = []
    for lo in range(0, len(flags), 1 << 20):
        found += (lo + np.flatnonzero(flags[lo : lo + (1 << 20)])[:EXAMPLES]).tolist()
        if len(found) >= EXAMPLES:
            break
    return np.array(found[:EXAMPLES], np.int64)


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
            shown = evidence.id_examples(finished, _first(~seen))
            yield Finding("object_without_event", "note", idle, objects, name, shown)
    yield from _flagged("event_without_object", "warning", ~linked, evidence)
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


def _sequence_findings(
    evidence: Evidence, finished: FinishedType, total: NDArray[np.uint64]
) -> Iterator[Finding]:
    name, seq = finished.record.name, finished.sequences
    facts = sequence_facts(seq.offsets, finished.activity, finished.time_ns, seq.event)
    for code, count, at in (
        ("time_tied", facts.ties, facts.tied_at),
        ("event_late", facts.late, facts.late_at),
    ):
        if count:
            yield Finding(code, "note", count, facts.entries, name, evidence.examples(at))
    if len(facts.repeated):
        shown = evidence.examples(facts.repeated[:EXAMPLES])
        yield Finding("event_repeated", "note", len(facts.repeated), facts.entries, name, shown)
        same = exact_duplicates(facts, evidence.rows(), total)
        if len(same):
            shown = evidence.examples(same)
            yield Finding("event_duplicated", "warning", len(same), facts.entries, name, shown)
    yield from _unfinished(evidence, finished)


def exact_duplicates(
    facts: SequenceFacts, rows: Rows, objects: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Repeats that equal an earlier event of the object in every attribute and object too.

    objects   per event row a hash of its objects, or nothing when each event has just one.
    """
    pairs = pl.DataFrame({"event": facts.repeated, "of": facts.repeats_of}).cast(pl.Int64)
    roots: dict[int, int] = {}
    for row, of in pairs.rows():
        roots[row] = roots.get(of, of)
    members = pl.DataFrame(
        {"event": [*roots, *roots.values()], "root": [*roots.values(), *roots.values()]},
        schema={"event": pl.Int64, "root": pl.Int64},
    ).unique()
    frame = rows.frame(members["event"].to_numpy())
    marks = [name for name in frame.columns if name in ("@row", "@source", "@event", "event")]
    if len(objects):
        own = pl.Series("objects", objects[frame["event"].to_numpy()])
        frame = frame.with_columns(own)
    content = frame.drop(marks).hash_rows(seed=0)
    keyed = members.join(frame.select("event", content.alias("content")), on="event").sort("event")
    again = ~pl.struct("root", "content").is_first_distinct()
    return keyed.filter(again)["event"].to_numpy()


def _unfinished(evidence: Evidence, finished: FinishedType) -> Iterator[Finding]:
    seq, names = finished.sequences, evidence.builder.activities.names()
    if len(seq.object) == 0:
        return
    judged = completion(seq.offsets, finished.activity, finished.time_ns, len(names))
    if judged.unfinished:
        detail: dict[str, Any] = {
            "rule": judged.rule,
            "ends": names.gather(list(judged.ends)).to_list(),
            "observed_until": _iso(judged.horizon_ns),
            "finished_by_end": judged.by_end,
            "finished_by_silence": judged.by_silence,
            "last_event_after_observation": judged.beyond,
        }
        shown = evidence.object_examples(finished, _first(~judged.finished))
        yield Finding(
            "object_unfinished",
            "note",
            judged.unfinished,
            len(seq.object),
            finished.record.name,
            shown,
            detail,
        )


def _lifecycle_findings(evidence: Evidence, finished: FinishedType) -> Iterator[Finding]:
    role = evidence.builder.roles.get("lifecycle")
    if role is None:
        return
    name, seq = finished.record.name, finished.sequences
    names = role.coder.names().to_list()
    kinds = transition_kinds(names)
    codes = role.codes.array()[seq.event]
    yield from _unusual_transitions(finished, names, codes)
    kind = kinds[codes]
    starts, completes = int(np.sum(kind == START)), int(np.sum(kind == COMPLETE))
    if starts == 0 or completes == 0:
        return
    item = evidence.builder.roles.get("instance")
    items = None if item is None else item.codes.array()[seq.event]
    pairing = pair_transitions(seq.offsets, finished.activity, kind, items)
    unpaired = (pairing.partner < 0) & (kind != OTHER)
    detail = {
        "pairs": pairing.matched,
        "starts_unpaired": pairing.unmatched_starts,
        "completes_unpaired": pairing.unmatched_completes,
    }
    shown = evidence.examples(seq.event[_first(unpaired)])
    count = int(np.count_nonzero(unpaired))
    yield Finding("lifecycle_unpaired", "note", count, starts + completes, name, shown, detail)


def _unusual_transitions(
    finished: FinishedType, names: list[str], codes: NDArray[Any]
) -> Iterator[Finding]:
    strange = np.array([bool(n) and n.strip().casefold() not in _TRANSITIONS for n in names])
    flags = strange[codes]
    if flags.any():
        values = [name for name, odd in zip(names, strange, strict=True) if odd]
        count, entries = int(np.count_nonzero(flags)), finished.record.entries
        shown = tuple(Example(value=value) for value in values[:EXAMPLES])
        where = finished.record.name
        detail = {"values": len(values)}
        yield Finding("lifecycle_unusual", "warning", count, entries, where, shown, detail)


def _set_hashes(evidence: Evidence) -> NDArray[np.uint64]:
    """Per event, a hash of its objects of all types; nothing when each event has at most one."""
    entries = sum(finished.record.entries for finished in evidence.types)
    if len(evidence.types) < 2 and entries <= evidence.builder.events:
        return np.empty(0, np.uint64)
    sums = np.zeros(evidence.builder.events, np.uint64)
    for number, finished in enumerate(evidence.types):
        _add_type(sums, finished, number)
    return sums


def _add_type(sums: NDArray[np.uint64], finished: FinishedType, number: int) -> None:
    seq = finished.sequences
    add_set_hashes(sums, seq.offsets, seq.object, seq.event, (number + 1) * 0x51ED270193)


def _sharing_findings(
    evidence: Evidence, finished: FinishedType, number: int, total: NDArray[np.uint64]
) -> Iterator[Finding]:
    name, seq = finished.record.name, finished.sequences
    several = objects_per_event(seq.event, evidence.builder.events) > 1
    yield from _flagged("convergence", "note", several, evidence, name)
    if len(evidence.types) < 2:
        return
    own = np.zeros(evidence.builder.events, np.uint64)
    _add_type(own, finished, number)
    count, places = diverging_objects(
        seq.offsets, finished.activity, seq.event, total - own, len(evidence.builder.activities)
    )
    if count:
        shown = evidence.object_examples(finished, places)
        yield Finding("divergence", "note", count, len(seq.object), name, shown)


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).isoformat()
