"""Findings about the sequences of one object type: order, repeats, completion, lifecycle, sharing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.appraisal.completion import completion
from thalweg.records.appraisal.evidence import Evidence, first_places, iso
from thalweg.records.appraisal.facts import (
    SequenceFacts,
    add_set_hashes,
    diverging_objects,
    objects_per_event,
    sequence_facts,
)
from thalweg.records.appraisal.lifecycle import (
    COMPLETE,
    OTHER,
    START,
    last_only_starts,
    pair_transitions,
    transition_kinds,
)
from thalweg.records.building.finish import FinishedType
from thalweg.records.building.rows import Rows
from thalweg.records.building.tally import EXAMPLES
from thalweg.records.trust import Example, Finding

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


def sequence_findings(evidence: Evidence) -> Iterator[Finding]:
    """Every finding about sequences, type by type."""
    total = _set_hashes(evidence)
    for number, finished in enumerate(evidence.types):
        yield from _order_findings(evidence, finished, total)
        yield from _unfinished(evidence, finished)
        yield from _lifecycle_findings(evidence, finished)
        yield from _sharing_findings(evidence, finished, number, total)


def _order_findings(
    evidence: Evidence, finished: FinishedType, total: NDArray[np.uint64]
) -> Iterator[Finding]:
    name, seq = finished.record.name, finished.sequences
    facts = sequence_facts(seq.offsets, finished.activity, finished.sequences.time_ns, seq.event)
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
    judged = completion(
        seq.offsets,
        finished.activity,
        finished.sequences.time_ns,
        len(names),
        at_work=_at_work(evidence, finished),
    )
    if judged.unfinished:
        detail: dict[str, Any] = {
            "rule": judged.rule,
            "ends": names.gather(list(judged.ends)).to_list(),
            "observed_until": iso(judged.horizon_ns),
            "finished_by_end": judged.by_end,
            "finished_by_silence": judged.by_silence,
            "last_event_after_observation": judged.beyond,
        }
        shown = evidence.object_examples(finished, first_places(~judged.finished))
        yield Finding(
            "object_unfinished",
            "note",
            judged.unfinished,
            len(seq.object),
            finished.record.name,
            shown,
            detail,
        )


def _at_work(evidence: Evidence, finished: FinishedType) -> NDArray[np.bool_] | None:
    role = evidence.builder.roles.get("lifecycle")
    if role is None:
        return None
    last = finished.sequences.event[finished.sequences.offsets[1:] - 1]
    return last_only_starts(role.codes.array()[last], role.coder.names().to_list())


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
    shown = evidence.examples(seq.event[first_places(unpaired)])
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
    involved = objects_per_event(seq.event, evidence.builder.events)
    several = involved > 1
    if several.any():
        count, of = int(np.count_nonzero(several)), int(np.count_nonzero(involved))
        shown = evidence.examples(first_places(several))
        yield Finding("convergence", "note", count, of, name, shown)
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
