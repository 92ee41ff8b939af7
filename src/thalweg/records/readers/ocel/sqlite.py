"""OCEL 1.0 and 2.0 in SQLite files, opened read-only.

OCEL 2.0 keeps one table for each type, named through ``event_map_type`` and ``object_map_type``;
OCEL 1.0 keeps all in ``EVENTS``, ``OBJECTS`` and ``RELATIONS``. Keys are not trusted: a row may
refer to nothing, and that is passed on or named.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Intake, ReadRequest
from thalweg.records.readers.ocel.build import intake
from thalweg.records.readers.ocel.draft import Draft, Kinds
from thalweg.records.readers.ocel.values import json_text
from thalweg.records.sources import Source
from thalweg.records.trust import Severity

_NEEDED_2: Final = ("event", "object", "event_object", "event_map_type", "object_map_type")
_NEEDED_1: Final = ("EVENTS", "OBJECTS", "RELATIONS")
_OBJECT_LINKS: Final = "object_object"
_ID, _TIME, _CHANGED = "ocel_id", "ocel_time", "ocel_changed_field"
_QUALIFIER = "ocel_qualifier"
_TYPE_PREFIX: Final = "ocel:type:"


def read(source: Source, request: ReadRequest) -> Intake:
    """Read OCEL 1.0 or 2.0 from an SQLite file; which of them is told by its tables.

    Raises   SourceError: no SQLite file, a needed table or column is missing.
             UnsafeSourceError: a cell is too large. Views and virtual tables count as missing.
    """
    with open_sqlite(source, request.limits.cell_bytes) as db:
        tables = _tables(db, source)
        try:
            if "event" in tables or "event_object" in tables:
                _need(tables, _NEEDED_2, source)
                draft = _read_2(db, tables, source)
            else:
                _need(tables, _NEEDED_1, source)
                draft = _read_1(db, tables, source)
        except sqlite3.DataError as error:
            raise UnsafeSourceError(f"{source.name}: {error}. A cell is too large.") from error
        except sqlite3.Error as error:
            raise SourceError(
                f"{source.name} cannot be read as SQLite: {error}. Check it with the program that "
                "wrote it."
            ) from error
    request.progress(source.path.stat().st_size)
    return intake(draft, request, f"ocel{draft.version[0]}-sqlite")


@contextmanager
def open_sqlite(source: Source, cell_bytes: int) -> Iterator[sqlite3.Connection]:
    """A read-only connection to the expanded file that runs nothing stored in its schema."""
    with source.local_file() as path:
        beside = Path(f"{path}-wal")
        mode = "mode=ro" if beside.exists() else "mode=ro&immutable=1"
        uri = f"{path.resolve().as_uri()}?{mode}"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, cell_bytes)
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA query_only = ON")
            yield db


def _tables(db: sqlite3.Connection, source: Source) -> dict[str, str]:
    """Tables by lower-case name, since SQLite does not tell the cases apart."""
    try:
        rows = db.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise SourceError(f"{source.name} is no readable SQLite file: {error}.") from error
    plain = [(n, sql or "") for n, kind, sql in rows if kind == "table"]
    return {
        name.lower(): name
        for name, sql in plain
        if not sql.upper().lstrip().startswith("CREATE VIRTUAL")
    }


def _need(tables: dict[str, str], needed: tuple[str, ...], source: Source) -> None:
    missing = [name for name in needed if name.lower() not in tables]
    if missing:
        found = ", ".join(sorted(tables.values())[:12]) or "none"
        raise SourceError(
            f"{source.name} is not complete OCEL: it has no table {', '.join(missing)}. "
            f"Its tables are: {found}. Export it again, or read it as tables with a mapping."
        )


def _columns(db: sqlite3.Connection, table: str) -> dict[str, str]:
    """Declared types by column name."""
    return {row[1]: row[2] for row in db.execute(f"PRAGMA table_info({_quoted(table)})")}


def _rows(
    db: sqlite3.Connection, table: str, columns: list[str], source: Source
) -> Iterator[tuple[Any, ...]]:
    present = {name.lower() for name in _columns(db, table)}
    missing = [name for name in columns if name.lower() not in present]
    if missing:
        raise SourceError(
            f"{source.name}: table {table} has no column {', '.join(missing)}. Export it again."
        )
    wanted = ", ".join(_quoted(name) for name in columns)
    yield from db.execute(f"SELECT {wanted} FROM {_quoted(table)}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read_2(db: sqlite3.Connection, tables: dict[str, str], source: Source) -> Draft:
    draft = Draft(source.name, "2.0")
    event_tables = _type_tables(db, tables, "event", draft.event_types, draft, source)
    object_tables = _type_tables(db, tables, "object", draft.declared_objects, draft, source)
    events: dict[str, int] = {}
    for event_id, activity in _rows(db, tables["event"], [_ID, "ocel_type"], source):
        at = draft.add_event(event_id, activity, None)
        events.setdefault(draft.event_ids[at] or "", at)
    for object_id, kind in _rows(db, tables["object"], [_ID, "ocel_type"], source):
        draft.add_object(object_id, kind)
    objects: dict[str, int] = {}
    for at, name in enumerate(draft.object_ids):
        objects.setdefault(name or "", at)
    for table in event_tables.values():
        _take_events(db, table, events, draft, source)
    for table in object_tables.values():
        _take_objects(db, table, objects, draft, source)
    ends = ["ocel_event_id", "ocel_object_id"]
    for row in _links(db, tables["event_object"], ends, draft, source):
        draft.link(*row)
    if _OBJECT_LINKS in tables:
        ends = ["ocel_source_id", "ocel_target_id"]
        for row in _links(db, tables[_OBJECT_LINKS], ends, draft, source):
            draft.object_link(*row)
    else:
        draft.dialect(f"without {_OBJECT_LINKS}")
    read_tables = {*_NEEDED_2, _OBJECT_LINKS, *event_tables, *object_tables}
    _note_unread(db, tables, read_tables, draft)
    return draft


def _links(
    db: sqlite3.Connection, table: str, ends: list[str], draft: Draft, source: Source
) -> Iterator[tuple[Any, Any, Any]]:
    """Both ends and the qualifier, which some writers leave out altogether."""
    if _QUALIFIER in _columns(db, table):
        for first, second, qualifier in _rows(db, table, [*ends, _QUALIFIER], source):
            yield first, second, qualifier
        return
    draft.dialect(f"{table} without {_QUALIFIER}")
    for first, second in _rows(db, table, ends, source):
        yield first, second, ""


def _type_tables(
    db: sqlite3.Connection,
    tables: dict[str, str],
    what: str,
    kinds: Kinds,
    draft: Draft,
    source: Source,
) -> dict[str, str]:
    """Tables of the event or object types, by lower-case name; notes their declarations."""
    found: dict[str, str] = {}
    used = {row[0] for row in _rows(db, tables[what], ["ocel_type"], source)}
    mapped = _rows(db, tables[f"{what}_map_type"], ["ocel_type", "ocel_type_map"], source)
    for kind, suffix in list(mapped):
        table = f"{what}_{suffix}".lower()
        if table not in tables and kind in used:
            raise SourceError(
                f"{source.name} is not complete OCEL: table {what}_{suffix} of type {kind!r} is "
                "missing. Export it again."
            )
        columns = _columns(db, tables[table]) if table in tables else {}
        own = {_ID, _TIME, _CHANGED}
        draft.declare(kinds, kind, {n: t or "text" for n, t in columns.items() if n not in own})
        if table in tables:
            found[table] = tables[table]
    return found


def _take_events(
    db: sqlite3.Connection, table: str, events: dict[str, int], draft: Draft, source: Source
) -> None:
    """Times and attributes of the events of one type."""
    names = [name for name in _columns(db, table) if name not in (_ID, _TIME)]
    for event_id, time, *values in _rows(db, table, [_ID, _TIME, *names], source):
        at = events.get(str(event_id))
        if at is None or draft.event_times[at] is not None:
            what = "event_row_without_event" if at is None else "event_row_repeated"
            record = dict(zip([_ID, _TIME, *names], [event_id, time, *values], strict=True))
            draft.rejects.append((None, what, str(event_id), json_text({"table": table, **record})))
            continue
        draft.event_times[at] = None if time is None else str(time)
        for name, value in zip(names, values, strict=True):
            if value is not None:
                draft.event_value(at, name, value)


def _take_objects(
    db: sqlite3.Connection, table: str, objects: dict[str, int], draft: Draft, source: Source
) -> None:
    """First values and changes of the objects of one type."""
    columns = _columns(db, table)
    names = [name for name in columns if name not in (_ID, _TIME, _CHANGED)]
    own = [_ID, *(name for name in (_TIME, _CHANGED) if name in columns)]
    if _TIME not in columns:
        draft.dialect(f"object tables without {_TIME}")
    for row in _rows(db, table, [*own, *names], source):
        head, values = dict(zip(own, row, strict=False)), row[len(own) :]
        object_id, time, field = head[_ID], head.get(_TIME), head.get(_CHANGED)
        at = objects.get(str(object_id))
        record = dict(zip(names, values, strict=True))
        if at is None:
            whole = {"table": table, _ID: object_id, _TIME: time, _CHANGED: field, **record}
            draft.rejects.append(
                (None, "object_row_without_object", str(object_id), json_text(whole))
            )
            continue
        stamp = None if time is None else str(time)
        if field:
            draft.object_value(at, str(field), record.pop(str(field), None), stamp)
        given = {name: value for name, value in record.items() if value is not None}
        if field and given:
            draft.note("ocel_value_beside_change", "warning", table, value=json_text(given))
        for name, value in given.items() if not field else ():
            draft.object_value(at, name, value, stamp)


def _note_unread(
    db: sqlite3.Connection, tables: dict[str, str], read_tables: set[str], draft: Draft
) -> None:
    for low, table in tables.items():
        if low in read_tables or low.startswith("sqlite_"):
            continue
        rows = db.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0]
        severity: Severity = "loss" if rows else "note"
        draft.note("ocel_unread_part", severity, table, count=rows)


def _read_1(db: sqlite3.Connection, tables: dict[str, str], source: Source) -> Draft:
    draft = Draft(source.name, "1.0")
    own = ["ocel:oid", "ocel:type"]
    table = tables["objects"]
    names = [name for name in _columns(db, table) if name not in own]
    for object_id, kind, *values in _rows(db, table, [*own, *names], source):
        at = draft.add_object(object_id, _plain_type(draft, kind))
        for name, value in zip(names, values, strict=True):
            if value is not None:
                draft.object_value(at, name, value)
    own = ["ocel:eid", "ocel:activity", "ocel:timestamp"]
    table = tables["events"]
    names = [name for name in _columns(db, table) if name not in own]
    for event_id, activity, time, *values in _rows(db, table, [*own, *names], source):
        at = draft.add_event(event_id, activity, time)
        for name, value in zip(names, values, strict=True):
            if value is not None:
                draft.event_value(at, name, value)
    table = tables["relations"]
    qualified = "ocel:qualifier" in _columns(db, table)
    own = ["ocel:eid", "ocel:oid", *(["ocel:qualifier"] if qualified else [])]
    for event, target, *qualifier in _rows(db, table, own, source):
        draft.link(event, target, qualifier[0] if qualified else "")
    _note_unread(db, tables, {name.lower() for name in _NEEDED_1}, draft)
    return draft


def _plain_type(draft: Draft, kind: object) -> object:
    """Some writers keep the CSV prefix in the name of the type."""
    if isinstance(kind, str) and kind.startswith(_TYPE_PREFIX):
        draft.dialect(f"type names with {_TYPE_PREFIX}")
        return kind.removeprefix(_TYPE_PREFIX)
    return kind
