"""Which column of a table is which: by a mapping file, or by the names that columns go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from thalweg.errors import MappingError
from thalweg.records.companions.schema import Schema
from thalweg.records.companions.tables import SCHEMAS
from thalweg.records.mapping.flat import check_timezone, nearest
from thalweg.records.proposal.rules import compact
from thalweg.records.text.yaml_fields import read_record


class TableColumns(BaseModel):
    """How to read one table: its columns by the schema's names, and its form where stated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = {}
    sheet: str | None = None
    encoding: str | None = None
    timezone: str | None = None
    date_order: Literal["auto", "dmy", "mdy"] = "auto"


_TABLES: dict[str, Any] = {table: (TableColumns, TableColumns()) for table in SCHEMAS}
_FILE: Any = create_model(
    "ColumnsFile", __config__=ConfigDict(frozen=True, extra="forbid"), **_TABLES
)


def load_columns(path: str | Path) -> dict[str, TableColumns]:
    """By table, how a mapping file says to read it.

    Raises   MappingError: no such file, no YAML, or a field that is wrong; the message names the
             file, the line, the field, the value and the nearest valid names.
    """
    record = read_record(path, _FILE, MappingError)
    found: dict[str, TableColumns] = {table: getattr(record, table) for table in SCHEMAS}
    for table, how in found.items():
        valid = [column.name for column in SCHEMAS[table].columns]
        for name in how.columns:
            if name not in valid:
                raise MappingError(
                    f"{path}: the table {table!r} has no column {name!r}. {nearest(name, valid)}"
                )
        if how.timezone is not None:
            check_timezone(how.timezone)
    return found


def match_columns(
    schema: Schema, present: Sequence[str], stated: Mapping[str, str], where: str
) -> dict[str, str]:
    """Columns of a table by the schema's names.

    A stated column comes first, then one of exactly that name, then the first of the names that
    it goes by. No column serves twice.

    Raises   MappingError: a stated column is not there, or none serves for a required one.
    """
    found: dict[str, str] = {}
    for name, header in stated.items():
        if header not in present:
            raise MappingError(f"{where} has no column {header!r}. {nearest(header, present)}")
        found[name] = header
    free = {compact(name): name for name in reversed(present) if name not in found.values()}
    for column in schema.columns:
        if column.name not in found and column.name in free:
            found[column.name] = free.pop(column.name)
    for column in schema.columns:
        words = column.known_as.split()
        match = next((word for word in words if word in free), None)
        if column.name not in found and match is not None:
            found[column.name] = free.pop(match)
    for column in schema.columns:
        if column.name not in found and column.instead in found:
            found[column.name] = found[column.instead]
    _refuse_missing(schema, found, present, where)
    return found


def _refuse_missing(
    schema: Schema, found: Mapping[str, str], present: Sequence[str], where: str
) -> None:
    missing = [c for c in schema.columns if c.required and c.name not in found]
    if not missing:
        return
    named = "; ".join(f"{column.name!r} ({column.meaning})" for column in missing)
    columns = ", ".join(repr(name) for name in present)
    shown = ", ".join(f"{column.name}: NAME" for column in missing)
    raise MappingError(
        f"{where} has no column for {named}. It has: {columns}. Rename the column, or name it in a "
        f"file for --columns that says: {schema.table}: {{columns: {{{shown}}}}}"
    )
