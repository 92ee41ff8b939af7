"""Putting tables and mappings on disk: CSV in UTF-8 or GBK, workbooks, YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml

from thalweg.errors import MissingExtraError
from thalweg.records.mapping.flat import parse_record
from thalweg.records.mapping.tables import TablesMapping

Encoding = Literal["utf-8", "gbk"]
_CREATED = datetime(2000, 1, 1)
"""What workbooks say of when they were made, so that the same tables are the same bytes."""


def write_csv(rows: pl.DataFrame, path: Path, encoding: Encoding = "utf-8") -> None:
    """Write a table as CSV; lists are joined by semicolons, dates and times in ISO form."""
    flat = rows.with_columns(
        pl.col(name).list.join(";") for name, t in rows.schema.items() if t == pl.List
    )
    if encoding == "utf-8":
        flat.write_csv(path)
    else:
        path.write_bytes(flat.write_csv().encode(encoding))


def write_workbook(rows: pl.DataFrame, path: Path) -> None:
    """Write a table as a sheet of a new workbook.

    Raises   MissingExtraError: XlsxWriter is not installed.
    """
    flat = rows.with_columns(
        pl.col(name).list.join(";") for name, t in rows.schema.items() if t == pl.List
    )
    try:
        from xlsxwriter import Workbook
    except ModuleNotFoundError as error:
        raise MissingExtraError("XlsxWriter", "excel") from error
    with Workbook(path) as book:
        book.set_properties({"created": _CREATED})
        flat.write_excel(book, autofit=True)


def write_tables_mapping(fields: Mapping[str, Any], path: Path) -> TablesMapping:
    """Check a mapping and write it as YAML that ``load_mapping`` reads back as an equal record."""
    mapping = parse_record(TablesMapping, fields, str(path))
    data = mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)
    path.write_text(text, encoding="utf-8")
    return mapping
