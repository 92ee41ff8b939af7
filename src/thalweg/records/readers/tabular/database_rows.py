"""Columns and rows of a database: which types they get, and what a reader may rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from thalweg.errors import SourceError
from thalweg.records.readers.notes import Notes

Column = tuple[str, pl.DataType, str]
"""Name, type and SQL expression of a column."""
BATCH_BYTES = 16 * 1024**2
"""Size of the batches that the drivers are asked for."""
_PG_TEXT = {"text", "varchar", "name"}
_PG_KEPT = {"timestamptz", "timestamp", "date", "bool", "int2", "int4", "int8", "float4", "float8"}
_INT64_DIGITS = 18
_CALENDAR_US = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""The years 1 to 9999 in microseconds since 1970."""
_CALENDAR_DAYS = (-719_162, 2_932_896)


def sample(dtype: pl.DataType) -> str:
    if dtype == pl.Int64:
        return "0"
    return "0.5" if dtype == pl.Float64 else "''"


def sqlite_columns(connection: Any, query: str) -> list[Column]:
    """Columns by what their cells really hold: SQLite does not keep to declared types."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}\n) AS records LIMIT 0")
        names = [d[0] for d in cursor.description]
        kinds = ("integer", "real", "text", "blob")
        seen = ", ".join(
            f"coalesce(max(typeof({quoted(n)}) = '{k}'), 0)" for n in names for k in kinds
        )
        cursor.execute(f"SELECT {seen} FROM ({query}\n) AS records")
        flags = cursor.fetchone()
    columns: list[Column] = []
    for i, name in enumerate(names):
        whole, real, text, blob = (bool(f) for f in flags[4 * i : 4 * i + 4])
        column = quoted(name)
        if text or blob or not (whole or real):
            shown = (
                f"CASE typeof({column}) WHEN 'real' THEN printf('%!.17g', {column}) "
                f"WHEN 'blob' THEN lower(hex({column})) ELSE CAST({column} AS TEXT) END"
            )
            columns.append((name, pl.String(), shown))
        elif real:
            columns.append((name, pl.Float64(), f"CAST({column} AS REAL)"))
        else:
            columns.append((name, pl.Int64(), column))
    return columns


def postgresql_columns(connection: Any, query: str) -> list[Column]:
    with connection.cursor() as cursor:
        schema = cursor.adbc_execute_schema(query)
    return [(f.name, *_postgresql_column(quoted(f.name), f.metadata or {})) for f in schema]


def _postgresql_column(column: str, metadata: dict[bytes, bytes]) -> tuple[pl.DataType, str]:
    kind = metadata.get(b"POSTGRESQL:type", b"").decode()
    if kind == "numeric":
        modifier = int(metadata.get(b"POSTGRESQL:typmod", b"-1"))
        digits, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
        if modifier < 0 or scale:
            return pl.Float64(), f"{column}::float8"
        if digits <= _INT64_DIGITS:
            return pl.Int64(), f"{column}::int8"
        return pl.String(), f"{column}::text"
    if kind not in _PG_KEPT:
        return pl.String(), column if kind in _PG_TEXT else f"{column}::text"
    if kind in {"float4", "float8"}:
        return pl.Float64(), column
    if kind == "bool":
        return pl.Boolean(), column
    if kind in {"timestamptz", "timestamp"}:
        return pl.Datetime("us", "UTC" if kind == "timestamptz" else None), column
    return (pl.Date() if kind == "date" else pl.Int64()), column


def as_records(
    frame: pl.DataFrame, schema: dict[str, pl.DataType], notes: Notes | None
) -> pl.DataFrame:
    """Columns in the types that were promised; times that no calendar holds become empty.

    PostgreSQL's ``infinity`` stands for "never" or "always" and is no time.
    """
    columns = []
    for name, dtype in schema.items():
        values = frame[name]
        if not dtype.is_temporal():
            columns.append(values.cast(dtype))
            continue
        first, last = _CALENDAR_DAYS if dtype == pl.Date else _CALENDAR_US
        real = values.to_physical().is_between(first, last).fill_null(True)
        if (infinite := int((~real).sum())) and notes is not None:
            notes.add("time_infinite", "warning", infinite, of=len(frame), where=name)
        columns.append(values.zip_with(real, _no_times(values)))
    return pl.DataFrame(columns)


def sound_text(batch: Any, shown: str, encoding: str | None, notes: Notes | None) -> Any:
    """The batch with nothing but valid UTF-8 in it.

    Raises   SourceError: some text is in another encoding, and none was stated.
    """
    import pyarrow as pa

    try:
        batch.validate(full=True)
        return batch
    except pa.ArrowInvalid:
        pass
    for i, column in enumerate(batch.schema):
        if not pa.types.is_string(column.type):
            continue
        cells = batch.column(i).view(pa.binary()).to_pylist()
        texts = [_decoded(cell, encoding) for cell in cells]
        if changed := [c for c, t in zip(cells, texts, strict=True) if t is None and c is not None]:
            raise SourceError(
                f"{shown} holds text that is not {encoding or 'UTF-8'} (column {column.name!r}, "
                f"bytes {changed[0][:12].hex(' ')}). State its encoding, for example gb18030."
            )
        foreign = sum(c is not None and not _is_utf8(c) for c in cells)
        if foreign and notes is not None:
            about = {"encoding": encoding}
            notes.add(
                "text_decoded", "note", foreign, of=len(cells), where=column.name, detail=about
            )
        batch = batch.set_column(i, column.name, pa.array(texts, pa.string()))
    return batch


def _decoded(cell: bytes | None, encoding: str | None) -> str | None:
    """UTF-8 where it is, else the stated encoding; None where neither fits."""
    for codec in ("utf-8", encoding):
        if cell is not None and codec is not None:
            try:
                return cell.decode(codec)
            except UnicodeDecodeError:
                continue
    return None


def _is_utf8(cell: bytes) -> bool:
    return _decoded(cell, None) is not None


def gathered(batches: Iterator[pl.DataFrame], batch_rows: int, skip: int) -> Iterator[pl.DataFrame]:
    """The driver's batches put together or cut to ``batch_rows``, the first rows left out.

    A wide table gives smaller frames: none grows much beyond 16 batches of the driver's.
    """
    waiting: list[pl.DataFrame] = []
    rows = size = 0
    for batch in batches:
        batch, skip = batch.slice(skip), max(0, skip - len(batch))
        for part in batch.iter_slices(batch_rows):
            if waiting and (rows + len(part) > batch_rows or size > 16 * BATCH_BYTES):
                yield pl.concat(waiting)
                waiting, rows, size = [], 0, 0
            waiting.append(part)
            rows, size = rows + len(part), size + int(part.estimated_size())
    if waiting:
        yield pl.concat(waiting)


def _no_times(like: pl.Series) -> pl.Series:
    return pl.repeat(None, len(like), dtype=like.dtype, eager=True)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
