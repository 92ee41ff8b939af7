"""A verdict as files: every table as Parquet, its figures among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.process.table_files import write_tables
from thalweg.verdict.schema import COLUMNS

if TYPE_CHECKING:
    from thalweg.verdict.result import JudgeResult


def figures_table(result: JudgeResult) -> pl.DataFrame:
    """One row a figure: numbers as numbers, dates and codes as text, the rest as JSON."""
    return pl.DataFrame([_row(one.to_json()) for one in result.evidence], schema=_SCHEMA)


def write_parquet(result: JudgeResult, folder: str | Path) -> list[Path]:
    """Every table as ``<table>.parquet`` in a folder, which is made; the files written.

    Raises   RequestError: the folder cannot be written.
    """
    tables = {name: getattr(result, name) for name in COLUMNS} | {"figures": figures_table(result)}
    return write_tables(tables, folder)


_ENDS = ("value", "low", "high")
_TEXTS = ("id", "unit", "known", "method", "name")
_LISTS = ("assumptions", "inputs", "missing")
_JSON = ("checks", "found", "rows", "request")
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(_TEXTS, pl.String),
    **dict.fromkeys(_ENDS, pl.Float64),
    **{f"{end}_text": pl.String for end in _ENDS},
    **dict.fromkeys(_LISTS, pl.List(pl.String)),
    **dict.fromkeys(_JSON, pl.String),
}


def _row(figure: dict[str, Any]) -> dict[str, Any]:
    row = {name: figure[name] for name in (*_TEXTS, *_LISTS)}
    for end in _ENDS:
        value = figure[end]
        number = isinstance(value, int | float)
        row[end] = float(value) if number else None
        row[f"{end}_text"] = None if number else value
    return row | {name: json.dumps(figure[name], ensure_ascii=False) for name in _JSON}
