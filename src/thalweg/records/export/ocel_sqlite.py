"""OCEL 2.0 in SQLite: one table for each type, named through the two map tables."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import polars as pl

from thalweg.errors import BookError, RequestError
from thalweg.records.export.files import put_in_place
from thalweg.records.export.model import OcelFrames, event_kinds, object_kinds
from thalweg.records.export.records import INITIAL
from thalweg.records.intake import (
    ACTIVITY,
    ATTRIBUTE,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
    QUALIFIER,
    TIME,
    TYPE,
    VALUE,
)
from thalweg.records.readers.ocel.values import DTYPES, Clock, ValueType, read_as, write_as_text
from thalweg.records.trust import Finding

_SQL_TYPES: Final[dict[ValueType, str]] = {
    "string": "TEXT",
    "time": "TIMESTAMP",
    "integer": "INTEGER",
    "float": "REAL",
    "boolean": "BOOLEAN",
}
_ID, _TIME, _CHANGED = "ocel_id", "ocel_time", "ocel_changed_field"
_RESERVED_SUFFIXES: Final = ("object", "map_type")


def write_ocel_sqlite(frames: OcelFrames, path: Path) -> tuple[Finding, ...]:
    """Write an OCEL 2.0 SQLite file; ``path`` appears when it is complete.

    Returns  what was changed to fit.
    Raises   RequestError: two attributes of a type differ in case alone, or one is called like a
             column of the format. BookError: the file cannot be written.
    """
    try:
        with put_in_place(path) as aside, closing(sqlite3.connect(aside)) as db:
            db.execute("PRAGMA journal_mode = OFF")
            db.execute("PRAGMA synchronous = OFF")
            _write_core(db, frames)
            _write_event_tables(db, frames)
            _write_object_tables(db, frames)
            db.commit()
    except sqlite3.OperationalError as error:
        raise BookError(
            f"{path} cannot be written: {error}. Choose another place, or make room there."
        ) from error
    return frames.notes


def table_suffixes(types: Iterable[str]) -> dict[str, str]:
    """A table name for each type: its letters and digits, numbered where two would be alike."""
    taken = set(_RESERVED_SUFFIXES)
    found = {}
    for name in types:
        base = re.sub(r"\W", "", name) or "type"
        suffix, number = base, 1
        while suffix.lower() in taken:
            number += 1
            suffix = f"{base}_{number}"
        taken.add(suffix.lower())
        found[name] = suffix
    return found


def _write_core(db: sqlite3.Connection, frames: OcelFrames) -> None:
    """Ids and types of events and objects, and all links."""
    ids = f'"{_ID}" TEXT PRIMARY KEY, "ocel_type" TEXT'
    for what in ("event", "object"):
        db.execute(
            f'CREATE TABLE "{what}" ({ids}, '
            f'FOREIGN KEY ("ocel_type") REFERENCES "{what}_map_type" ("ocel_type"))'
        )
    _insert(db, "event", frames.events.select(EVENT, ACTIVITY).iter_rows(), 2)
    for kind, frame in frames.objects.items():
        _insert(db, "object", ((name, kind) for name in frame[OBJECT]), 2)
    links = frames.links.select(EVENT, OBJECT, QUALIFIER)
    _write_links(db, "event_object", ("event", "object"), links)
    links = frames.object_links.select(LINK_SOURCE, LINK_TARGET, QUALIFIER)
    _write_links(db, "object_object", ("source", "target"), links)


def _write_links(
    db: sqlite3.Connection, table: str, ends: tuple[str, str], links: pl.DataFrame
) -> None:
    first, second = (f"ocel_{end}_id" for end in ends)
    columns = f'"{first}" TEXT, "{second}" TEXT, "ocel_qualifier" TEXT'
    owner = "event" if ends[0] == "event" else "object"
    keys = (
        f'FOREIGN KEY ("{first}") REFERENCES "{owner}" ("{_ID}"), '
        f'FOREIGN KEY ("{second}") REFERENCES "object" ("{_ID}")'
    )
    if not links.is_duplicated().any():
        keys = f'PRIMARY KEY ("{first}", "{second}", "ocel_qualifier"), {keys}'
    db.execute(f'CREATE TABLE "{table}" ({columns}, {keys})')
    _insert(db, table, links.iter_rows(), 3)


def _write_event_tables(db: sqlite3.Connection, frames: OcelFrames) -> None:
    kinds = event_kinds(frames)
    suffixes = _write_map(db, "event", kinds)
    times = write_as_text(frames.events[TIME])
    events = frames.events.with_columns(times)
    for kind, attributes in kinds.items():
        table = f"event_{suffixes[kind]}"
        _create(db, table, "event", kind, {_TIME: "time"}, attributes)
        own = events.filter(pl.col(ACTIVITY) == kind)
        values = [_as_sql(own[n]) if n in own.columns else [None] * len(own) for n in attributes]
        rows = zip(own[EVENT], own[TIME], *values, strict=True)
        _insert(db, table, rows, 2 + len(attributes))


def _write_object_tables(db: sqlite3.Connection, frames: OcelFrames) -> None:
    kinds = object_kinds(frames)
    suffixes = _write_map(db, "object", kinds)
    for kind, attributes in kinds.items():
        table = f"object_{suffixes[kind]}"
        _create(db, table, "object", kind, {_TIME: "time", _CHANGED: "string"}, attributes)
        if kind in frames.objects:
            own = frames.objects[kind]
            values = [
                _as_sql(own[name].cast(DTYPES[as_type]))
                if name in own.columns
                else [None] * len(own)
                for name, as_type in attributes.items()
            ]
            rows = (
                (name, INITIAL, None, *row) for name, *row in zip(own[OBJECT], *values, strict=True)
            )
            _insert(db, table, rows, 3 + len(attributes))
        changes = frames.object_changes.filter(pl.col(TYPE) == kind).sort(TIME, maintain_order=True)
        for name, as_type in attributes.items():
            some = changes.filter(pl.col(ATTRIBUTE) == name)
            typed = _as_sql(read_as(some[VALUE], as_type, Clock(None)))
            columns = f'"{_ID}", "{_TIME}", "{_CHANGED}", {_quoted(name)}'
            changed = [name] * len(some)
            rows_of = zip(some[OBJECT], write_as_text(some[TIME]), changed, typed, strict=True)
            db.executemany(f"INSERT INTO {_quoted(table)} ({columns}) VALUES (?, ?, ?, ?)", rows_of)


def _write_map(db: sqlite3.Connection, what: str, kinds: Iterable[str]) -> dict[str, str]:
    suffixes = table_suffixes(kinds)
    db.execute(
        f'CREATE TABLE "{what}_map_type" ("ocel_type" TEXT PRIMARY KEY, "ocel_type_map" TEXT)'
    )
    _insert(db, f"{what}_map_type", suffixes.items(), 2)
    return suffixes


def _create(
    db: sqlite3.Connection,
    table: str,
    what: str,
    kind: str,
    own: dict[str, ValueType],
    attributes: dict[str, ValueType],
) -> None:
    taken = {_ID, *own}
    for name in attributes:
        if name.lower() in taken or not name:
            raise RequestError(
                f"SQLite cannot hold the attribute {name!r} of {kind!r}: another column is called "
                "so (upper and lower case do not count). Export as JSON or XML instead."
            )
        taken.add(name.lower())
    declared = {**own, **attributes}
    columns = ", ".join(f"{_quoted(name)} {_SQL_TYPES[t]}" for name, t in declared.items())
    db.execute(
        f'CREATE TABLE {_quoted(table)} ("{_ID}" TEXT, {columns}, '
        f'FOREIGN KEY ("{_ID}") REFERENCES "{what}" ("{_ID}"))'
    )


def _insert(
    db: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]], width: int
) -> None:
    marks = ", ".join("?" * width)
    db.executemany(f"INSERT INTO {_quoted(table)} VALUES ({marks})", rows)


def _as_sql(values: pl.Series) -> list[Any]:
    """Values as SQLite keeps them: times and what is not a number as text, booleans as 1 and 0."""
    if isinstance(values.dtype, pl.Datetime):
        return write_as_text(values).to_list()
    if values.dtype.is_float():
        return ["nan" if v is not None and v != v else v for v in values]
    return values.to_list()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
