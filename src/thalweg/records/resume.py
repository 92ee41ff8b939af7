"""Appending: start from what the book holds, and skip rows that it holds already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import polars as pl

from thalweg.records.appraise import WHOLE_BOOK_CODES
from thalweg.records.attributes import normalised
from thalweg.records.build import BookBuilder
from thalweg.records.intake import ACTIVITY, EVENT, TIME, Batch, Role
from thalweg.records.store.book import Book, dtype_of
from thalweg.records.store.coding import Coder
from thalweg.records.store.manifest import SourceRecord
from thalweg.records.tally import Reason, Tally
from thalweg.records.trust import Finding


@dataclass(frozen=True, slots=True)
class Known:
    """What the generation before holds; empty for a new book."""

    book: Book | None = None
    source_records: tuple[SourceRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def hashes(self) -> frozenset[str]:
        return frozenset(record.sha256 for record in self.source_records)

    def without_repeats(self, batch: Batch, tally: Tally) -> Batch:
        """The batch less the event rows that the book holds already, which are counted.

        Events with an id are known by it. Other rows are known by their objects, activity,
        time and every attribute that the book has too, as often as the book has them.
        """
        if self.book is None or len(batch.events) == 0:
            return batch
        known = (
            _known_by_id(self.book, batch)
            if EVENT in batch.events.columns and EVENT in self.book.event_schema()
            else _known_by_content(self.book, batch)
        )
        tally.sources[-1].rows_known += int(known.sum())
        if not known.any():
            return batch
        return Batch(
            events=batch.events.filter(~known),
            object_columns=batch.object_columns,
            links=_links_of_new(batch, known),
            objects=batch.objects,
            object_changes=_new_rows(batch.object_changes, self.book.object_changes()),
            object_links=_new_rows(batch.object_links, self.book.object_links()),
            rejects=batch.rejects,
        )


def resume(builder: BookBuilder, book: Book) -> Known:
    """Seed a builder with everything that a book holds."""
    manifest = book.manifest
    builder.parts = list(manifest.parts)
    builder.columns = dict(manifest.columns)
    builder.set_aside = list(manifest.set_aside)
    builder.events = manifest.events
    builder.activities = Coder(pl.Series(book.activities, dtype=pl.String))
    for part in manifest.parts:
        rows = pl.read_parquet(book.file(part.file), columns=[ACTIVITY, TIME])
        builder.activity_codes.append(builder.activities.encode(rows[ACTIVITY]))
        builder.time_ns.append(rows[TIME].to_physical().to_numpy())
    builder.resume_start(book.start_ns())
    _resume_roles(builder, book)
    _resume_types(builder, book)
    if (changes := book.object_changes()) is not None:
        builder.object_changes.append(changes)
    if (links := book.object_links()) is not None:
        builder.object_links.append(links)
    _resume_tally(builder.tally, book)
    carried = tuple(
        f for f in book.trust.findings if f.severity != "loss" and f.code not in WHOLE_BOOK_CODES
    )
    return Known(book, manifest.sources, carried, manifest.meta)


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
        state.coder.encode(table["@object"])
        if table.width > 1:
            state.tables.append(table)
        links = book.links(record.name).collect()
        state.links.append_table(
            links.select(
                pl.col("event").cast(pl.UInt32), pl.col("object").cast(pl.UInt32), "qualifier"
            )
        )


def _resume_tally(tally: Tally, book: Book) -> None:
    tally.earlier_rows = sum(s.rows_kept + s.rows_set_aside for s in book.manifest.sources)
    for finding in book.trust.findings:
        if finding.severity == "loss":
            place = tally.links if finding.code.startswith("link_") else tally.rows
            place[finding.code] = Reason(finding.count, list(finding.examples))


def _known_by_id(book: Book, batch: Batch) -> pl.Series:
    held = book.event_column(EVENT)
    return batch.events[EVENT].is_in(held.implode()).fill_null(False)


def _known_by_content(book: Book, batch: Batch) -> pl.Series:
    """Rows that the book holds: the k-th equal row is known when the book has k of them."""
    columns = [c for c in batch.object_columns if c.type in book.types]
    if not columns:
        return pl.Series([False] * len(batch.events))
    schema = book.event_schema()
    fresh = normalised(batch.events)
    shared = [n for n in fresh.columns if n in schema and n not in ("@row", "@source")]
    cells = [_object_cell(batch.events[c.column]).alias(f"object:{c.type}") for c in columns]
    new = fresh.select(pl.col(n).cast(dtype_of(book.manifest.columns[n])) for n in shared)
    new = new.with_columns(cells)
    old = _held_rows(book, [c.type for c in columns], cells, shared)
    key = new.columns
    counted = pl.int_range(pl.len()).over(key).alias("nth")
    new = new.with_row_index("index").with_columns(counted)
    held = old.select(key).with_columns(counted)
    known = new.join(held, on=[*key, "nth"], how="semi", nulls_equal=True)["index"]
    return new["index"].is_in(known.implode())


def _object_cell(cells: pl.Series) -> pl.Series:
    """One text per row: the object's id, or the sorted ids of several."""
    if isinstance(cells.dtype, pl.List):
        return cells.list.unique().list.sort().list.join("\x1f").replace("", None)
    return cells.cast(pl.String).replace("", None)


def _held_rows(
    book: Book, types: list[str], cells: list[pl.Series], shared: list[str]
) -> pl.DataFrame:
    """The book's rows that involve an object of the first type named in the batch."""
    rows = _rows_of_objects(book, types[0], cells[0])
    held = (
        book.events(shared)
        .with_row_index("event")
        .filter(pl.col("event").is_in(pl.Series(rows).implode()))
    )
    frame = held.collect()
    for kind in types:
        ids = book.object_ids(kind).to_frame("id").with_row_index("object")
        per_event = (
            book.links(kind)
            .filter(pl.col("event").is_in(pl.Series(rows).implode()))
            .collect()
            .join(ids, on="object")
            .group_by("event")
            .agg(pl.col("id").unique().sort().str.join("\x1f").alias(f"object:{kind}"))
        )
        frame = frame.join(per_event, on="event", how="left", maintain_order="left")
    return frame


def _rows_of_objects(
    book: Book, kind: str, cells: pl.Series
) -> np.ndarray[Any, np.dtype[np.uint32]]:
    named = cells.drop_nulls().str.split("\x1f").explode().unique()
    wanted = book.object_ids(kind).is_in(named.implode()).to_numpy()
    view = book.perspective(kind)
    chosen = np.repeat(wanted[np.asarray(view.object)], np.diff(view.offsets))
    return np.asarray(view.event)[chosen]


def _links_of_new(batch: Batch, known: pl.Series) -> pl.DataFrame | None:
    if batch.links is None:
        return None
    held = batch.events[EVENT].filter(known)
    return batch.links.filter(~pl.col(EVENT).is_in(held.implode()))


def _new_rows(fresh: pl.DataFrame | None, held: pl.DataFrame | None) -> pl.DataFrame | None:
    if fresh is None or held is None:
        return fresh
    return fresh.join(held, on=fresh.columns, how="anti", nulls_equal=True, maintain_order="left")
