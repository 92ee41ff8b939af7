"""The five types of attribute that a book keeps, and how other types become one of them."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from polars.selectors import by_name

from thalweg.records.intake import UTC_NS

_KEPT = (pl.String, pl.Int64, pl.Float64, pl.Boolean)
_FIRST, _LAST = datetime(1677, 9, 22), datetime(2262, 4, 11)
"""The days between which nanoseconds since 1970 fit 64 bits."""


def normalised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with String, Int64, Float64, Boolean and UTC times only; values unchanged.

    A column without any value may have no type yet (Null): later batches give it one.
    Whole numbers that do not fit 64 bits, decimals, durations and columns with times outside
    1677 to 2262 become text; lists and structures become JSON text.
    """
    changes = [_normal(frame[name]) for name, dtype in frame.schema.items() if not _is_kept(dtype)]
    return frame.with_columns(changes) if changes else frame


def column(name: str) -> pl.Expr:
    """The column of exactly this name, even if the name reads like a pattern."""
    return by_name(name).as_expr()


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


def _normal(values: pl.Series) -> pl.Series:
    dtype = values.dtype
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128, pl.UInt128):
        return values.cast(pl.Int64)
    if dtype == pl.Float32:
        return values.cast(pl.Float64)
    if isinstance(dtype, pl.Datetime) or dtype == pl.Date:
        return _as_instants(values)
    if isinstance(dtype, pl.Struct):
        return _where_known(values.struct.json_encode(), values)
    if isinstance(dtype, pl.List | pl.Array):
        wrapped = values.alias("list").to_frame().to_struct(values.name)
        return _where_known(wrapped.struct.json_encode().str.slice(8).str.head(-1), values)
    if dtype == pl.Binary:
        return values.bin.encode("base64")
    return values.cast(pl.String)


def _where_known(text: pl.Series, values: pl.Series) -> pl.Series:
    return text.zip_with(values.is_not_null(), text.clear(len(text)))


def _as_instants(values: pl.Series) -> pl.Series:
    """Times in UTC, nanoseconds; as text when one of them lies too far away for that."""
    times = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values
    zone = times.dtype.time_zone if isinstance(times.dtype, pl.Datetime) else None
    utc = times.dt.convert_time_zone("UTC") if zone else times.dt.replace_time_zone("UTC")
    plain = utc.dt.replace_time_zone(None)
    if ((plain < _FIRST) | (plain >= _LAST)).any():
        return values.dt.to_string("iso:strict")
    return utc.dt.cast_time_unit("ns")
