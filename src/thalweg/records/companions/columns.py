"""Which column of a table is which: by a mapping file, or by the names that columns go by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, create_model

from thalweg.errors import MappingError
from thalweg.records.companions.schema import Schema
from thalweg.records.companions.tables import SCHEMAS
from thalweg.records.mapping.flat import check_timezone, nearest
from thalweg.records.proposal.rules import compact
from thalweg.records.text.numbers import parse_numbers
from thalweg.records.text.yaml_fields import read_record


class TableColumns(BaseModel):
    """How to read one table: its columns by the schema's names, and its form where stated.

    table, query  of a database, where its address does not say; of an SQLite file, the table of the
                  kind's own name where neither is stated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = {}
    sheet: str | None = None
    table: str | None = None
    query: str | None = None
    encoding: str | None = None
    timezone: str | None = None
    date_order: Literal["auto", "dmy", "mdy"] = "auto"


UNNAMED = "__UNNAMED__"
"""How the reader of workbooks calls a column whose first cell is empty, with a number behind."""
_UNIT = re.compile(
    r"(?P<stem>.+?)(?:\s*[（(\[](?P<in>[^（()）\]]+)[)）\]]|_(?P<after>[A-Za-z]{3}))"
)
"""A name with its unit in brackets, or with three letters behind a low line."""
_OF_UNIT = re.compile(r"^(?:单位|unit|in|of)(?:\s*[:：]\s*|\s+|$)", re.IGNORECASE)
_MAGNITUDES = tuple(
    (re.compile(pattern, re.IGNORECASE), factor)
    for pattern, factor in (
        (r"\bthousands?\b|['’]000s?|\b000s?\b", 1e3),
        (r"\bmillions?\b|\bmn\b|\bmio\b", 1e6),
        (r"\bbillions?\b|\bbn\b", 1e9),
    )
)
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
    left = [name for name in reversed(present) if name not in found.values()]
    free = {compact(stem_and_unit(name)[0]): name for name in left}
    free |= {compact(name): name for name in left}
    for exact in (True, False):
        for column in schema.columns:
            words = (column.name,) if exact else tuple(column.known_as.split())
            match = next((word for word in words if word in free), None)
            if column.name not in found and match is not None:
                found[column.name] = free[match]
                free = {word: name for word, name in free.items() if name != free[match]}
    for column in schema.columns:
        if column.name not in found and column.instead in found:
            found[column.name] = found[column.instead]
    _refuse_missing(schema, found, present, where)
    return found


def stem_and_unit(header: str) -> tuple[str, float, str | None]:
    """A header without the unit that it ends in, the factor that this means, the currency if any.

    费用（万元） is 费用 with 10,000 and CNY, cost_cny and cost (CNY) are cost with 1 and CNY,
    revenue (USD million) and revenue (in thousands) have 1,000,000 and 1,000.
    """
    shape = _UNIT.fullmatch(header.strip())
    if shape is None:
        return header, 1.0, None
    if shape["after"] is not None:
        factor, rest = 1.0, shape["after"]
    else:
        factor, rest = _magnitude(shape["in"])
    if any(c.isdigit() for c in rest):
        return header, 1.0, None
    numbers = parse_numbers(pl.Series([f"1{rest}"]))
    value, currency = numbers.values[0], numbers.currency[0]
    if value is None or (currency is None and (value * factor == 1 or shape["after"])):
        return header, 1.0, None
    return shape["stem"], float(value * factor), currency


def _magnitude(unit: str) -> tuple[float, str]:
    """The factor of English words in a unit, and what else it says."""
    text = _OF_UNIT.sub("", unit.strip())
    for pattern, factor in _MAGNITUDES:
        rest, found = pattern.subn("", text)
        if found:
            return factor, _OF_UNIT.sub("", rest.strip())
    return 1.0, text


def _refuse_missing(
    schema: Schema, found: Mapping[str, str], present: Sequence[str], where: str
) -> None:
    missing = [c for c in schema.columns if c.required and c.name not in found]
    if not missing:
        return
    named = "; ".join(f"{column.name!r} ({column.meaning})" for column in missing)
    columns = ", ".join(repr(name) for name in present)
    if any(name.startswith(UNNAMED) for name in present):
        raise MappingError(
            f"{where} has no column for {named}, and some columns of its first row have no name: "
            f"{columns}. The names must stand in the first row; delete titles and merged cells "
            "above them."
        )
    shown = ", ".join(f"{column.name}: NAME" for column in missing)
    raise MappingError(
        f"{where} has no column for {named}. It has: {columns}. Rename the column, or name it in a "
        f"file for --columns that says: {schema.table}: {{columns: {{{shown}}}}}"
    )
