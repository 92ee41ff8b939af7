"""The invariants of a generation, held against its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.companions.tables import SCHEMAS
from thalweg.records.intake import ACTIVITY, OBJECT, ROW, TIME
from thalweg.records.perspective import Perspective
from thalweg.records.store.book import Book
from thalweg.records.store.coding import Coder
from thalweg.records.store.manifest import CompanionRecord, EventPart, RoleRecord, TypeRecord

_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be: which file, where in it, and what."""

    code: str
    file: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class _EventFacts:
    """Activity code and time per event row, as the event rows have them."""

    activity: NDArray[np.uint32]
    time_ns: NDArray[np.int64]


def inspect_content(book: Book) -> list[Problem]:
    """Every breach of an invariant, with the first place of each."""
    problems = list(_parts(book))
    if problems:
        return problems
    facts = _event_facts(book)
    for record in book.manifest.types:
        found = list(_shape(book, record))
        problems += found or list(_sequences(book, record, facts))
        problems += list(_objects(book, record)) + list(_links(book, record))
    for role in book.manifest.roles:
        problems += list(_role(book, role))
    for companion in book.manifest.companions:
        problems += list(_companion(book, companion))
    problems += list(_profile(book))
    return problems + list(_totals(book))


def _parts(book: Book) -> Iterator[Problem]:
    names = book.activities
    place = book.manifest.activities.path
    if len(set(names)) != len(names):
        yield Problem("name_repeated", place, "", "an activity has two codes")
    expected = 0
    for part in book.manifest.parts:
        if part.first_row != expected:
            text = f"starts at event row {part.first_row:,} instead of {expected:,}"
            yield Problem("part_misplaced", part.file.path, "", text)
        yield from _part(book, part)
        expected = part.first_row + part.rows
    if expected != book.manifest.events:
        text = f"the parts hold {expected:,} events instead of {book.manifest.events:,}"
        yield Problem("count_wrong", "manifest", "events", text)


def _part(book: Book, part: EventPart) -> Iterator[Problem]:
    frame = pl.scan_parquet(book.file(part.file))
    schema, known = frame.collect_schema(), book.event_schema()
    strange = [name for name in schema if name not in known]
    if strange:
        yield Problem("column_unknown", part.file.path, strange[0], "not in the manifest")
    facts = frame.select(
        pl.len().alias("rows"),
        pl.col("@source").max().alias("source"),
        (pl.col(ACTIVITY).is_null() | pl.col(TIME).is_null()).sum().alias("empty"),
    ).collect()
    rows, source, empty = facts.row(0)
    if rows != part.rows:
        text = f"{rows:,} rows instead of {part.rows:,}"
        yield Problem("count_wrong", part.file.path, "", text)
    if source is not None and source >= len(book.manifest.sources):
        text = f"source {source} of {len(book.manifest.sources)}"
        yield Problem("code_out_of_range", part.file.path, "@source", text)
    if empty:
        text = f"{empty:,} rows without activity or time"
        yield Problem("value_missing", part.file.path, "", text)


def _event_facts(book: Book) -> _EventFacts:
    coder = Coder(pl.Series(book.activities, dtype=pl.String))
    activity = np.empty(book.n_events, np.uint32)
    time_ns = np.empty(book.n_events, np.int64)
    for part in book.manifest.parts:
        rows = pl.read_parquet(book.file(part.file), columns=[ACTIVITY, TIME])
        span = slice(part.first_row, part.first_row + part.rows)
        activity[span] = coder.encode(rows[ACTIVITY])
        time_ns[span] = rows[TIME].to_physical().to_numpy()
    return _EventFacts(activity, time_ns)


def _shape(book: Book, record: TypeRecord) -> Iterator[Problem]:
    """Lengths, and offsets that rise from 0 to the number of entries."""
    view = book.perspective(record.name)
    wanted = [
        (record.offsets.path, len(view.offsets), record.sequences + 1),
        (record.object.path, len(view.object), record.sequences),
        (record.activity.path, len(view.activity), record.entries),
        (record.time.path, len(view.time_ns), record.entries),
        (record.event.path, len(view.event), record.entries),
    ]
    for path, length, expected in wanted:
        if length != expected:
            text = f"{length:,} values instead of {expected:,}"
            yield Problem("length_wrong", path, record.name, text)
            return
    offsets = np.asarray(view.offsets)
    if offsets[0] != 0 or offsets[-1] != record.entries:
        text = f"from {offsets[0]:,} to {offsets[-1]:,} instead of 0 to {record.entries:,}"
        yield Problem("offsets_wrong", record.offsets.path, record.name, text)
    falls = np.flatnonzero(np.diff(offsets) <= 0)
    if len(falls):
        text = f"{len(falls):,} sequences without events"
        yield Problem("offsets_wrong", record.offsets.path, f"sequence {falls[0]:,}", text)
    objects = np.asarray(view.object).astype(np.int64)
    if len(objects) and (np.any(np.diff(objects) <= 0) or objects[-1] >= record.objects):
        text = "object codes do not rise, or are out of range"
        yield Problem("code_out_of_range", record.object.path, record.name, text)


def _sequences(book: Book, record: TypeRecord, facts: _EventFacts) -> Iterator[Problem]:
    view = book.perspective(record.name)
    first = np.zeros(record.entries, np.bool_)
    first[view.offsets[:-1]] = True
    checks = {
        "code_out_of_range": (record.event.path, "event rows beyond the last event"),
        "activity_differs": (record.activity.path, "entries that are not their event's activity"),
        "time_differs": (record.time.path, "entries that are not at their event's time"),
        "order_broken": (record.time.path, "entries before their predecessor in time or row"),
    }
    for code, (path, text) in checks.items():
        count, place = 0, -1
        for lo in range(0, record.entries, _CHUNK):
            wrong = _wrong(code, view, facts, first, lo)
            if len(wrong):
                count, place = count + len(wrong), int(wrong[0]) if place < 0 else place
        if count:
            yield Problem(code, path, f"{record.name}, entry {place:,}", f"{count:,} {text}")
            if code == "code_out_of_range":
                return


def _wrong(
    code: str, view: Perspective, facts: _EventFacts, first: NDArray[np.bool_], lo: int
) -> NDArray[np.int64]:
    """Entries from ``lo`` to the end of the chunk that break one rule."""
    span = slice(lo, lo + _CHUNK)
    event = np.asarray(view.event[span])
    if code == "code_out_of_range":
        return lo + np.flatnonzero(event >= len(facts.time_ns))
    if code == "activity_differs":
        return lo + np.flatnonzero(view.activity[span] != facts.activity[event])
    time = np.asarray(view.time_ns[span])
    if code == "time_differs":
        return lo + np.flatnonzero(time != facts.time_ns[event])
    before = max(lo - 1, 0)
    time, event = view.time_ns[before : lo + _CHUNK], view.event[before : lo + _CHUNK]
    late = (time[1:] < time[:-1]) | ((time[1:] == time[:-1]) & (event[1:] <= event[:-1]))
    return before + 1 + np.flatnonzero(late & ~first[before + 1 : lo + _CHUNK])


def _objects(book: Book, record: TypeRecord) -> Iterator[Problem]:
    ids = book.object_ids(record.name)
    if len(ids) != record.objects:
        text = f"{len(ids):,} objects instead of {record.objects:,}"
        yield Problem("count_wrong", record.table.path, record.name, text)
    if ids.null_count() or ids.n_unique() != len(ids):
        yield Problem("name_repeated", record.table.path, OBJECT, "ids are missing or repeated")


def _links(book: Book, record: TypeRecord) -> Iterator[Problem]:
    if record.links is None:
        return
    links = book.links(record.name).collect()
    path = record.links.path
    if links.n_unique() != len(links):
        yield Problem("link_repeated", path, record.name, "the same link twice")
    view = book.perspective(record.name)
    owner = np.repeat(np.asarray(view.object), np.diff(view.offsets))
    seen = pl.DataFrame({"event": np.asarray(view.event), "object": owner})
    pairs = links.select("event", "object").unique()
    joined = pairs.join(seen, on=["event", "object"], how="semi")
    if len(pairs) != len(seen) or len(joined) != len(seen):
        text = (
            f"{len(pairs):,} linked pairs, {len(seen):,} in the sequences, {len(joined):,} in both"
        )
        yield Problem("links_differ", path, record.name, text)


def _role(book: Book, record: RoleRecord) -> Iterator[Problem]:
    coded = book.role_codes(record.role)
    assert coded is not None
    codes, names = coded
    if len(codes) != book.n_events:
        text = f"{len(codes):,} codes for {book.n_events:,} events"
        yield Problem("length_wrong", record.codes.path, record.role, text)
    if len(codes) and int(codes.max()) >= len(names):
        text = f"code {int(codes.max())} of {len(names)} names"
        yield Problem("code_out_of_range", record.codes.path, record.role, text)
    if not names or names[0] or len(set(names)) != len(names):
        text = "names repeat, or the first is not empty"
        yield Problem("name_repeated", record.names.path, record.role, text)


def _companion(book: Book, record: CompanionRecord) -> Iterator[Problem]:
    """A table beside the events: its rows as counted, its columns as the schema has them."""
    path = record.file.path
    rows = pl.read_parquet(book.file(record.file))
    aside = book.companion_set_aside(record.table)
    again = record.rows_read - record.rows - record.rows_set_aside
    if len(rows) != record.rows or aside[ROW].n_unique() != record.rows_set_aside or again < 0:
        text = (
            f"{len(rows):,} rows and {aside[ROW].n_unique():,} set aside, of {record.rows_read:,}"
        )
        yield Problem("count_wrong", path, record.table, text)
    schema = SCHEMAS.get(record.table)
    expected = {} if schema is None else schema.stored()
    for name, dtype in expected.items():
        if rows.schema.get(name) != dtype:
            text = f"{rows.schema.get(name, 'nothing')} instead of {dtype}"
            yield Problem("column_wrong", path, name, text)
    if rows[ROW].null_count() or rows[ROW].n_unique() != len(rows):
        yield Problem("name_repeated", path, ROW, "rows are numbered twice, or not")
    if rows.join(aside, on=ROW, how="semi").height:
        yield Problem("row_repeated", path, ROW, "rows are both kept and set aside")


def _profile(book: Book) -> Iterator[Problem]:
    """The profile reads as one."""
    stored = book.manifest.profile
    if stored is None:
        return
    try:
        book.profile()
    except ValueError as error:
        yield Problem("value_missing", stored.path, "profile", str(error).splitlines()[0])


def _totals(book: Book) -> Iterator[Problem]:
    """Counts in the manifest and the trust report against the data."""
    start = book.start_ns()
    if start is not None and len(start) != book.n_events:
        assert book.manifest.start is not None
        text = f"{len(start):,} starts for {book.n_events:,} events"
        yield Problem("length_wrong", book.manifest.start.path, "", text)
    kept = sum(s.rows_kept for s in book.manifest.sources)
    if kept != book.n_events:
        text = f"the sources gave {kept:,} rows, and there are {book.n_events:,} events"
        yield Problem("count_wrong", "manifest", "sources", text)
    aside = book.set_aside()
    rows = len(aside.filter(~pl.col("reason").str.starts_with("link_")))
    told = book.trust.rows_set_aside
    if rows != told:
        text = f"{rows:,} rows are set aside, and the report says {told:,}"
        yield Problem("count_wrong", book.manifest.trust.path, "rows_set_aside", text)
