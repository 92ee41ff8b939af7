"""Appending: start from everything that the book holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import polars as pl

from thalweg.records.appraisal.appraise import WHOLE_BOOK_CODES
from thalweg.records.building.build import BookBuilder
from thalweg.records.building.tally import is_tallied
from thalweg.records.intake import ACTIVITY, EVENT, OBJECT, TIME, Role
from thalweg.records.store.book import Book
from thalweg.records.store.coding import Coder
from thalweg.records.store.manifest import SourceRecord
from thalweg.records.trust import Finding


@dataclass(frozen=True, slots=True)
class Known:
    """What the generation before says of itself; empty for a new book."""

    sources: tuple[SourceRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    last_time_ns: int | None = None


def resume(builder: BookBuilder, book: Book) -> Known:
    """Seed a builder with everything that a book holds."""
    manifest = book.manifest
    builder.parts = list(manifest.parts)
    builder.columns = dict(manifest.columns)
    builder.set_aside = list(manifest.set_aside)
    builder.events = manifest.events
    builder.activities = Coder(pl.Series(book.activities, dtype=pl.String))
    last = _resume_events(builder, book)
    builder.resume_start(book.start_ns())
    _resume_roles(builder, book)
    _resume_types(builder, book)
    _resume_object_facts(builder, book)
    builder.tally.resume(book.trust)
    carried = tuple(
        f for f in book.trust.findings if not is_tallied(f) and f.code not in WHOLE_BOOK_CODES
    )
    return Known(manifest.sources, carried, book.meta, last)


def _resume_events(builder: BookBuilder, book: Book) -> int | None:
    """Codes, times and ids of the event rows; gives the latest time."""
    wanted = [ACTIVITY, TIME, *([EVENT] if EVENT in book.event_schema() else [])]
    last: int | None = None
    for part in book.manifest.parts:
        present = [name for name in wanted if name in pl.read_parquet_schema(book.file(part.file))]
        rows = pl.read_parquet(book.file(part.file), columns=present)
        builder.activity_codes.append(builder.activities.encode(rows[ACTIVITY]))
        instants = rows[TIME].to_physical()
        builder.time_ns.append(instants.to_numpy())
        if EVENT in present:
            builder.linker.add_events(rows[EVENT], part.first_row)
        latest = cast(int, instants.max())
        last = latest if last is None else max(last, latest)
    return last


def _resume_roles(builder: BookBuilder, book: Book) -> None:
    for record in book.manifest.roles:
        coded = book.role_codes(record.role)
        assert coded is not None
        codes, names = coded
        state = builder.role_state(cast(Role, record.role), record.attribute)
        state.coder.encode(pl.Series(names, dtype=pl.String))
        state.codes.append(codes)


def _resume_types(builder: BookBuilder, book: Book) -> None:
    for record in book.manifest.types:
        state = builder.type_state(record.name)
        state.column = record.column
        table = book.objects(record.name).collect()
        state.coder.encode(table[OBJECT])
        if table.width > 1:
            attributes = pl.all_horizontal(pl.exclude(OBJECT).is_null())
            state.tables.append(table.filter(~attributes))
        if not record.column:
            builder.linker.declare(record.name, table[OBJECT])
        links = book.links(record.name).collect()
        state.links.resume(
            links.select(
                pl.col("event").cast(pl.UInt32), pl.col("object").cast(pl.UInt32), "qualifier"
            ),
            record.qualifier if record.links is None and record.column else None,
        )


def _resume_object_facts(builder: BookBuilder, book: Book) -> None:
    if (changes := book.object_changes()) is not None:
        builder.object_changes.append(changes.drop("@type"))
    if (links := book.object_links()) is not None:
        builder.object_links.append(links.drop("@source_type", "@target_type"))
