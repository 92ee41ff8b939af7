"""Values and times of OCEL files: from text as written to typed columns.

OCEL knows five types (string, time, integer, float, boolean). Every format writes them in its
own way, so values are first brought to one canonical text and then read as the declared type.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import polars as pl

from thalweg.records.intake import UTC_NS
from thalweg.records.readers.ocel_tally import Tally

ValueType = Literal["string", "time", "integer", "float", "boolean"]

DTYPES: Final[dict[ValueType, pl.DataType]] = {
    "string": pl.String(),
    "time": UTC_NS,
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
}

_ALIASES: Final[dict[str, ValueType]] = {
    **dict.fromkeys(("string", "str", "text", "varchar", "nvarchar", "char", "object"), "string"),
    **dict.fromkeys(("time", "date", "datetime", "timestamp"), "time"),
    **dict.fromkeys(("integer", "int", "int64", "bigint", "long"), "integer"),
    **dict.fromkeys(("float", "double", "real", "number", "numeric", "decimal"), "float"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
}
_TRUE, _FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")
_LEADING_ZERO = r"^[+-]?0\d"

_DATE = r"^\s*(\d{4}-\d{2}-\d{2})"
_CLOCK = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?"
_ZONE = r"\s*(?:(Z|z|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?\s*$"
_PARTS: Final = ("date", "hour", "minute", "second", "fraction", "utc", "sign", "zh", "zm")
_SECOND_NS: Final = 1_000_000_000


def value_type(name: object) -> ValueType | None:
    """The OCEL type that a declaration means (``int``, ``TIMESTAMP``, ``date`` …), or None."""
    word = str(name or "").strip().lower().split("(")[0]
    return _ALIASES.get(word)


def canonical(value: object) -> tuple[str | None, ValueType | None]:
    """A value of any format as text, and the type that it had in the file."""
    if isinstance(value, str):
        return value, "string"
    if value is None:
        return None, None
    if isinstance(value, bool):
        return ("true" if value else "false"), "boolean"
    if isinstance(value, int):
        return str(value), "integer"
    if isinstance(value, float):
        return repr(value), "float"
    if isinstance(value, bytes):
        return value.hex(), "string"
    return json.dumps(value, ensure_ascii=False), "string"


def widest(types: set[ValueType]) -> ValueType:
    """The one type that can hold values of all these types."""
    if len(types) == 1:
        return next(iter(types))
    return "float" if types and types <= {"integer", "float"} else "string"


@dataclass(slots=True)
class Clock:
    """Reads times and counts what had to be assumed about them."""

    zone: str | None
    seen: int = 0
    zone_missing: int = 0
    ambiguous: int = 0
    examples: list[str] = field(default_factory=list)

    def read(self, texts: pl.Series) -> pl.DataFrame:
        """ISO 8601 text (blank for ``T``, no zone, up to nanoseconds) as instants.

        Gives ``time`` (Datetime ns UTC; null where unreadable or out of range) and
        ``offset_min`` (Int16; the offset written beside the time, null without one).
        """
        parts = texts.to_frame("text").select(
            pl.col("text").str.extract_groups(_DATE + _CLOCK + _ZONE).struct.rename_fields(_PARTS)
        )
        frame = parts.unnest("text").with_columns(text=texts).with_columns(_wall_ns(), _offset())
        frame = frame.with_columns(zoned=pl.col("utc").is_not_null() | pl.col("sign").is_not_null())
        local = frame["wall"].filter(~frame["zoned"] & frame["wall"].is_not_null())
        self.seen += len(frame) - frame["wall"].null_count()
        if len(local):
            self._note_missing_zone(frame)
            return frame.select(
                time=pl.when("zoned").then(_zoned()).otherwise(self._local()), offset_min="offset"
            )
        return frame.select(time=_zoned(), offset_min="offset")

    def _note_missing_zone(self, frame: pl.DataFrame) -> None:
        without = frame.filter(~pl.col("zoned") & pl.col("wall").is_not_null())
        self.zone_missing += len(without)
        self.examples += without["text"].head(3 - min(3, len(self.examples))).to_list()
        if self.zone:
            naive = without.select(pl.from_epoch("wall", time_unit="ns")).to_series()
            early = naive.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
            late = naive.dt.replace_time_zone(self.zone, ambiguous="latest", non_existent="null")
            self.ambiguous += int((early != late).sum())

    def _local(self) -> pl.Expr:
        naive = pl.from_epoch("wall", time_unit="ns")
        there = naive.dt.replace_time_zone(
            self.zone or "UTC", ambiguous="earliest", non_existent="null"
        )
        return there.dt.convert_time_zone("UTC")


def _wall_ns() -> pl.Expr:
    """Nanoseconds since 1970 on the clock that was written, null unless all parts are valid."""
    date = pl.col("date").str.to_date("%Y-%m-%d", strict=False)
    hour, minute, second = (_number(name) for name in ("hour", "minute", "second"))
    fraction = pl.col("fraction").fill_null("").str.pad_end(9, "0").str.slice(0, 9).cast(pl.Int64)
    seconds = hour * 3600 + minute * 60 + second
    valid = (hour < 24) & (minute < 60) & (second < 60)
    valid &= date.dt.year().is_between(1678, 2261)
    days = date.cast(pl.Int32).cast(pl.Int64)
    wall = (days * 86_400 + seconds) * _SECOND_NS + fraction
    return pl.when(valid).then(wall).alias("wall")


def _offset() -> pl.Expr:
    sign = pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    minutes = sign * (_number("zh") * 60 + _number("zm"))
    written = pl.when(pl.col("sign").is_not_null()).then(minutes)
    return written.when(pl.col("utc").is_not_null()).then(0).cast(pl.Int16).alias("offset")


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64).fill_null(0)


def _zoned() -> pl.Expr:
    shift = pl.col("offset").cast(pl.Int64).fill_null(0) * 60 * _SECOND_NS
    return pl.from_epoch(pl.col("wall") - shift, time_unit="ns").dt.replace_time_zone("UTC")


def read_as(texts: pl.Series, kind: ValueType, clock: Clock) -> pl.Series:
    """Canonical texts as a column of the type; null where a text does not fit."""
    if kind == "string":
        return texts
    if kind == "time":
        return clock.read(texts)["time"]
    plain = texts.str.strip_chars()
    if kind == "boolean":
        lower = plain.str.to_lowercase()
        frame = lower.to_frame("v").select(
            pl.when(pl.col("v").is_in(_TRUE)).then(True).when(pl.col("v").is_in(_FALSE)).then(False)
        )
        return frame.to_series()
    if kind == "integer":
        number = plain.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
        return number.set(plain.str.contains(_LEADING_ZERO).fill_null(False), None)
    return plain.cast(pl.Float64, strict=False)


def read_typed(
    texts: pl.Series, kind: ValueType, clock: Clock, tally: Tally, where: str
) -> pl.Series:
    """As ``read_as``, but a column with a value that does not fit stays text, and is named."""
    if kind == "string":
        return texts
    values = read_as(texts, kind, clock)
    given = texts.is_not_null() & (texts.str.strip_chars() != "")
    misfits = texts.filter(values.is_null() & given)
    if misfits.is_empty():
        return values
    tally.add("ocel_value_type", "warning", where, count=len(misfits), declared=kind, of=len(texts))
    for text in misfits.head(3):
        tally.add("ocel_value_type", "warning", where, count=0, value=text)
    return texts


def write_as_text(values: pl.Series) -> pl.Series:
    """A typed column as canonical text: ISO times in UTC, ``true``/``false``, shortest floats."""
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")
    if values.dtype.is_float():
        texts = [None if v is None else repr(v) for v in values]
        return pl.Series(values.name, texts, pl.String)
    return values.cast(pl.String)


def type_of(dtype: pl.DataType) -> ValueType:
    """The OCEL type of a column."""
    if isinstance(dtype, pl.Datetime | pl.Date):
        return "time"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "float"
    return "boolean" if dtype == pl.Boolean else "string"


def as_series(values: list[str | None]) -> tuple[pl.Series, int]:
    """A text column, and how many values held damaged characters (lone surrogates).

    Damaged characters become U+FFFD, since no UTF-8 text can hold them.
    """
    try:
        return pl.Series(values, dtype=pl.String), 0
    except UnicodeEncodeError:
        clean = [_without_surrogates(value) for value in values]
        damaged = sum(a != b for a, b in zip(values, clean, strict=True))
        return pl.Series(clean, dtype=pl.String), damaged


def _without_surrogates(value: str | None) -> str | None:
    return value and value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_text(value: Any) -> str:
    """A record as one line of JSON, for the table of rejects."""
    return json.dumps(value, ensure_ascii=False, default=str)
