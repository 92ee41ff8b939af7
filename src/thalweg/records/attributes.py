"""The five types of attribute that a book keeps, and how other types become one of them."""

from __future__ import annotations

import polars as pl

from thalweg.records.intake import UTC_NS

_KEPT = (pl.String, pl.Int64, pl.Float64, pl.Boolean)


def normalised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with String, Int64, Float64, Boolean and UTC times only; values unchanged.

    A column without any value may have no type yet (Null): later batches give it one.
    Whole numbers that do not fit 64 bits, decimals and durations become text; lists and
    structures become JSON text.
    """
    changes = [_normal(name, dtype) for name, dtype in frame.schema.items() if not _is_kept(dtype)]
    return frame.with_columns(changes) if changes else frame


def common_type(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    """The type that holds the values of both: wider number, or text."""
    if a == b:
        return a
    if {a, b} == {pl.Int64(), pl.Float64()}:
        return pl.Float64()
    if pl.Null() in (a, b):
        return b if a == pl.Null() else a
    return pl.String()


def _is_kept(dtype: pl.DataType) -> bool:
    return dtype in _KEPT or dtype in (UTC_NS, pl.Null)


def _normal(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128, pl.UInt128):
        return column.cast(pl.Int64)
    if dtype == pl.Float32:
        return column.cast(pl.Float64)
    if isinstance(dtype, pl.Datetime):
        zoned = column.dt.replace_time_zone("UTC") if dtype.time_zone is None else column
        return zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("ns")
    if dtype == pl.Date:
        return column.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    if isinstance(dtype, pl.Struct):
        return column.struct.json_encode()
    if isinstance(dtype, pl.List | pl.Array):
        return pl.struct(column.alias("list")).struct.json_encode().str.slice(8).str.head(-1)
    if dtype == pl.Binary:
        return column.bin.encode("base64")
    return column.cast(pl.String)
