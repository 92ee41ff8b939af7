"""Frames of an object-centric log from a book, or from a reader's batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from thalweg.records.building.gate import judge
from thalweg.records.export.model import (
    CHANGES,
    EVENT_LINKS,
    OBJECT_LINKS,
    SOURCE_TYPE,
    TARGET_TYPE,
    OcelFrames,
    attributes_of,
    with_unique_ids,
)
from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
    QUALIFIER,
    START,
    TIME,
    TYPE,
    Batch,
)
from thalweg.records.trust import Example, Finding

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

_START_NAME: Final = "start_timestamp"


def frames_from_batch(batch: Batch, meta: dict[str, Any] | None = None) -> OcelFrames:
    """A reader's batch as frames, after the gate's judgement; links to no event are left out.

    Takes    meta: the ``meta`` of the intake that the batch is from.
    """
    events = judge(batch).events
    objects = dict(batch.objects)
    parts = [] if batch.links is None else [_typed_links(batch.links, objects)]
    for column in batch.object_columns:
        cells = pl.DataFrame([events[EVENT], events[column.column].alias(OBJECT)])
        if isinstance(cells.schema[OBJECT], pl.List):
            cells = cells.explode(OBJECT)
        named = cells.drop_nulls(OBJECT).filter(pl.col(OBJECT) != "")
        parts.append(_as_links(named, column.type, column.qualifier))
        if column.type not in objects:
            objects[column.type] = named.select(OBJECT).unique(maintain_order=True)
    links = pl.concat(parts) if parts else pl.DataFrame(schema=EVENT_LINKS)
    known = links.join(events.select(EVENT), on=EVENT, how="semi", maintain_order="left")
    lost = len(links) - len(known)
    notes = (Finding("link_event_unknown", "loss", lost, len(links)),) if lost else ()
    kind_of = _types_by_id(objects)
    events = events.drop([c.column for c in batch.object_columns])
    return OcelFrames(
        events=_plain_events(events),
        links=known,
        objects=objects,
        object_changes=_with_type(batch.object_changes, kind_of),
        object_links=_with_end_types(batch.object_links, kind_of),
        meta=(meta or {}).get("ocel", {}),
        notes=notes,
    )


def frames_from_book(book: Book) -> OcelFrames:
    """All of a book as frames, ready to be written as OCEL 2.0.

    Events without an own id are called by their row (``e1``, ``e2`` …), and objects of two types
    that share an id are called ``type:id``. ``notes`` says so.
    """
    rows, notes = _book_events(book)
    ids = rows[EVENT]
    objects, parts = {}, []
    for kind in book.types:
        objects[kind] = book.objects(kind).collect()
        links = book.links(kind).collect()
        named = pl.DataFrame(
            {
                EVENT: ids.gather(links["event"]),
                OBJECT: objects[kind][OBJECT].gather(links["object"]),
                QUALIFIER: links["qualifier"],
            }
        )
        parts.append(named.with_columns(pl.lit(kind).alias(TYPE)).select(list(EVENT_LINKS)))
    changes, object_links = book.object_changes(), book.object_links()
    frames = OcelFrames(
        events=_plain_events(rows),
        links=pl.concat(parts) if parts else pl.DataFrame(schema=EVENT_LINKS),
        objects=objects,
        object_changes=pl.DataFrame(schema=CHANGES)
        if changes is None
        else changes.select(list(CHANGES)),
        object_links=pl.DataFrame(schema=OBJECT_LINKS)
        if object_links is None
        else object_links.select(list(OBJECT_LINKS)),
        meta=_declared(book),
        notes=tuple(notes),
    )
    return with_unique_ids(frames)


def _book_events(book: Book) -> tuple[pl.DataFrame, list[Finding]]:
    """Event rows with an id each: the source's own, which a book holds once, or a made one."""
    rows = book.events().collect()
    made = pl.DataFrame({"id": pl.int_range(1, len(rows) + 1, eager=True)}).select(
        pl.format("e{}", "id")
    )["id"]
    if EVENT not in rows.columns:
        return rows.with_columns(made.alias(EVENT)), []
    nameless = rows[EVENT].is_null()
    given = rows[EVENT].drop_nulls().implode()
    while (taken := made.is_in(given) & nameless).any():
        made = (made + "~").zip_with(taken, made)
    named = rows.with_columns(pl.coalesce(EVENT, made).alias(EVENT))
    if not nameless.any():
        return named, []
    examples = tuple(Example(value=value) for value in named[EVENT].filter(nameless).head(5))
    count = int(nameless.sum())
    return named, [Finding("export_id_made", "note", count, len(rows), "event", examples)]


def _plain_events(events: pl.DataFrame) -> pl.DataFrame:
    """Id, activity, time and attributes; a start of work becomes an attribute."""
    own = attributes_of(events)
    if START in events.columns:
        name = _START_NAME
        while name in own:
            name = f"{name}_"
        events = events.with_columns(pl.col(START).alias(name))
        own = [*own, name]
    return events[[EVENT, ACTIVITY, TIME, *own]]


def _declared(book: Book) -> dict[str, Any]:
    """Declared types of all OCEL sources of the book, joined."""
    joined: dict[str, dict[str, dict[str, str]]] = {"event_types": {}, "object_types": {}}
    for meta in book.meta.values():
        known = meta.get("ocel", {}) if isinstance(meta, dict) else {}
        for part, kinds in joined.items():
            for kind, attributes in known.get(part, {}).items():
                kinds.setdefault(kind, {}).update(attributes)
    return joined


def _typed_links(links: pl.DataFrame, objects: dict[str, pl.DataFrame]) -> pl.DataFrame:
    kinds = _types_by_id(objects)
    return links.join(kinds, on=OBJECT, how="left", maintain_order="left").select(list(EVENT_LINKS))


def _types_by_id(objects: dict[str, pl.DataFrame]) -> pl.DataFrame:
    parts = [f.select(OBJECT, pl.lit(kind).alias(TYPE)) for kind, f in objects.items()]
    empty = pl.DataFrame(schema={OBJECT: pl.String, TYPE: pl.String})
    return pl.concat([empty, *parts]).unique(OBJECT, keep="first", maintain_order=True)


def _as_links(cells: pl.DataFrame, kind: str, qualifier: str) -> pl.DataFrame:
    named = cells.with_columns(pl.lit(kind).alias(TYPE), pl.lit(qualifier).alias(QUALIFIER))
    return named.select(list(EVENT_LINKS))


def _with_type(changes: pl.DataFrame | None, kinds: pl.DataFrame) -> pl.DataFrame:
    if changes is None:
        return pl.DataFrame(schema=CHANGES)
    return changes.join(kinds, on=OBJECT, how="left", maintain_order="left").select(list(CHANGES))


def _with_end_types(links: pl.DataFrame | None, kinds: pl.DataFrame) -> pl.DataFrame:
    if links is None:
        return pl.DataFrame(schema=OBJECT_LINKS)
    for end, kind in ((LINK_SOURCE, SOURCE_TYPE), (LINK_TARGET, TARGET_TYPE)):
        known = kinds.rename({OBJECT: end, TYPE: kind})
        links = links.join(known, on=end, how="left", maintain_order="left")
    return links.select(list(OBJECT_LINKS))
