"""Reading a table beside the events: any tabular file in, typed rows and what is wrong out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_changes
from importlib import import_module
from typing import Any
from urllib.parse import quote

import polars as pl

from thalweg.errors import MappingError, SourceError
from thalweg.records.companions.cells import CellReader
from thalweg.records.companions.columns import TableColumns, match_columns
from thalweg.records.companions.faults import findings_of, refuse_unusable
from thalweg.records.companions.repeats import said_again
from thalweg.records.companions.schema import (
    FAULTS_SCHEMA,
    Fault,
    Judgement,
    Schema,
    Surroundings,
)
from thalweg.records.intake import ROW, ReadRequest
from thalweg.records.locate import Address, Located
from thalweg.records.readers.detect import Format, detect
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular import database
from thalweg.records.readers.tabular.flat import Table, as_record
from thalweg.records.readers.tabular.text_checks import TextChecks
from thalweg.records.trust import BESIDE, Finding

_READERS: dict[Format, str] = {
    "csv": "delimited",
    "xlsx": "excel",
    "parquet": "parquet",
    "jsonl": "jsonlines",
}


_SQLITE = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Companion:
    """A table that was read.

    rows       the usable ones: ``Schema.stored()``, then further columns.
    set_aside  FAULTS_SCHEMA and the schema's keys, one row for each fault, by ``@row``.
    """

    schema: Schema
    source: Located
    format: str
    rows: pl.DataFrame
    set_aside: pl.DataFrame
    rows_read: int
    findings: tuple[Finding, ...]

    @property
    def rows_set_aside(self) -> int:
        return self.set_aside[ROW].n_unique()


@dataclass(frozen=True, slots=True)
class _Raw:
    """A table as it stands in its file."""

    table: Table
    rows: pl.DataFrame
    notes: Notes


def read_companion(
    schema: Schema,
    source: Located,
    how: TableColumns,
    reading: ReadRequest,
    around: Callable[[str], Surroundings],
    zone: str | None,
) -> Companion:
    """Read and judge a table.

    Takes    how: columns and form, as far as stated. around: what the rows are checked against,
             given the zone. zone: of times without one; None means UTC, with a warning.
    Raises   SourceError: the file cannot be read, holds no rows, or not one row that can be used
             (of all, or of one group of the schema). MappingError: a required column is missing.
    """
    found = Judgement()
    raw = _open(schema, source, how, reading, found)
    columns = match_columns(schema, raw.table.columns, how.columns, source.name)
    zone = how.timezone or zone
    cells = CellReader(raw.rows, zone, how.date_order, raw.notes, found)
    typed = cells.typed(schema, columns)
    typed, traits = _with_traits(typed, cells, raw, columns)
    if not schema.repeats:
        typed = _once(typed, found)
    typed = schema.check(typed, around(zone or "UTC"), found)
    set_aside = _set_aside(schema, typed, raw.rows, found)
    refuse_unusable(schema, typed, found, columns, source.name)
    bad = found.bad_rows()
    read = len(raw.rows) + len(bad) - int(raw.rows[ROW].is_in(list(bad)).sum())
    told = [f for f in raw.notes.findings() if f.code != "value_unreadable"]
    told += findings_of(found, schema, source.name, read, traits)
    return Companion(
        schema,
        source,
        raw.table.format,
        typed.filter(~pl.col(ROW).is_in(list(bad))),
        set_aside,
        read,
        tuple(
            with_changes(f, where=f.where or source.name, detail=f.detail | {BESIDE: schema.table})
            for f in told
        ),
    )


def _open(
    schema: Schema, source: Located, how: TableColumns, reading: ReadRequest, found: Judgement
) -> _Raw:
    """All rows of the source, their text checked; rows that cannot be parsed become faults."""
    request = ReadRequest(
        encoding=how.encoding or reading.encoding,
        repair_text=reading.repair_text,
        limits=reading.limits,
        mapping=how,
    )
    table = _table(schema, source, how, request)
    checks = TextChecks(reading.repair_text, table.notes) if table.is_text else None
    frames: list[pl.DataFrame] = []
    for chunk in table.chunks(table.notes):
        frames.append(chunk.rows if checks is None else checks.apply(chunk.rows))
        if chunk.rejects is not None:
            for row, reason, record in chunk.rejects.select(ROW, "reason", "record").iter_rows():
                found.faults.append(Fault(row, reason, "", record))
    rows = pl.concat(frames, how="vertical_relaxed") if frames else pl.DataFrame()
    if rows.is_empty():
        raise SourceError(f"{source.name} holds no rows. Export the table with its rows.")
    return _Raw(table, rows, table.notes)


def _table(schema: Schema, source: Located, how: TableColumns, request: ReadRequest) -> Table:
    """The source as a table: a database, or a file of one of the formats.

    Raises   SourceError: a file of another format, or a table that the database lacks.
             MappingError: a table or query is named for a file that is no database.
    """
    if isinstance(source, Address):
        return database.open_table(source.uri, request, table=how.table, query=how.query)
    if source.head(len(_SQLITE)) == _SQLITE:
        stated = how.table is not None or how.query is not None
        name = how.table if stated else schema.table
        uri = f"sqlite:///{quote(str(source.path))}"
        return database.open_table(uri, request, table=name, query=how.query)
    if how.table is not None or how.query is not None:
        raise MappingError(
            f"The file of columns names a table or query for {schema.table}, and {source.name} is "
            "no database. Leave table and query out, or name a database."
        )
    form = detect(source)
    if form not in _READERS:
        raise SourceError(
            f"{source.name} is {form}, and a table was expected. Export it as CSV, XLSX, Parquet "
            "or JSON lines."
        )
    module: Any = import_module(f"thalweg.records.readers.tabular.{_READERS[form]}")
    opened: Table = module.open_table(source, request)
    return opened


def _with_traits(
    typed: pl.DataFrame, cells: CellReader, raw: _Raw, columns: dict[str, str]
) -> tuple[pl.DataFrame, list[str]]:
    """The further columns beside the typed ones, under names of their own."""
    used = set(columns.values())
    names = [name for name in raw.table.columns if name not in used]
    kept = cells.further(names)
    taken, renamed = set(typed.columns), {}
    for name in names:
        new, number = name, 2
        while new in taken:
            new, number = f"{name}_{number}", number + 1
        if new != name:
            renamed[name] = new
            detail = {"name_in_source": name}
            raw.notes.add("column_renamed", "note", 1, where=new, detail=detail)
        taken.add(new)
    kept = kept.rename(renamed)
    return typed.hstack(kept.get_columns()), kept.columns


def _once(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    """Each row once: one that says the same as an earlier row in every cell is left out."""
    again = said_again(rows)
    found.note("row_repeated", "note", again)
    bad = found.bad_rows()
    repeated = set(again) - bad
    found.faults = [fault for fault in found.faults if fault.row not in repeated]
    return rows.filter(~pl.col(ROW).is_in(list(repeated)))


def _set_aside(
    schema: Schema, typed: pl.DataFrame, raw: pl.DataFrame, found: Judgement
) -> pl.DataFrame:
    faults = pl.DataFrame(
        [(f.row, f.code, f.column, f.value) for f in found.faults],
        schema={k: v for k, v in FAULTS_SCHEMA.items() if k != "record"},
        orient="row",
    )
    whose = pl.col(ROW).is_in(faults[ROW].implode())
    raw = raw.filter(whose)
    records = pl.DataFrame({ROW: raw[ROW], "record": as_record(raw)})
    keys = typed.filter(whose).select(ROW, *schema.keys)
    joined = faults.join(records, on=ROW, how="left").join(keys, on=ROW, how="left")
    own = pl.when(pl.col("record").is_null()).then(pl.col("value")).otherwise("record")
    return joined.with_columns(own.alias("record")).sort(ROW, maintain_order=True)
