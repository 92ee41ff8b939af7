"""Kinds of columns, from which the JSON schemas of all results are made."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
Columns = dict[str, tuple[Json, str]]
"""Of a table: column, with its JSON type and its meaning."""

TEXT: Json = {"type": "string"}
MAYBE: Json = {"type": ["string", "null"]}
COUNT: Json = {"type": "integer", "minimum": 0}
RANK: Json = {"type": "integer", "minimum": 1}
SECONDS: Json = {"type": ["number", "null"], "minimum": 0}
SHARE: Json = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
RATIO: Json = {"type": ["number", "null"], "minimum": 0}
NUMBER: Json = {"type": ["number", "null"]}
FLAG: Json = {"type": "boolean"}
TIME: Json = {"type": ["string", "null"], "format": "date-time"}
TEXTS: Json = {"type": "array", "items": TEXT}


def record_schema(properties: dict[str, Json], text: str) -> Json:
    """An object that has exactly these properties."""
    return {
        "type": "object",
        "description": text,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def table_schema(columns: Columns, further: Columns | None = None) -> Json:
    """A list of rows that have these columns, and may have ``further`` ones."""
    properties = {
        column: kind | {"description": text}
        for column, (kind, text) in (columns | (further or {})).items()
    }
    row = {
        "type": "object",
        "properties": properties,
        "required": list(columns),
        "additionalProperties": False,
    }
    return {"type": "array", "items": row}


def result_schema(title: str, scalars: dict[str, Json], tables: dict[str, Json]) -> Json:
    """JSON Schema (2020-12) of a result whose scalars and tables are always there."""
    properties = scalars | tables
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
