"""Values and times of OCEL files: from text as written to typed columns.

OCEL knows five types (string, time, integer, float, boolean). Every format writes them in its
own way, so values are first brought to one canonical text and then read as the declared type.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import polars as pl

from thalweg.records.intake import UTC_NS
from thalweg.records.readers.notes import Notes
from thalweg.records.text.dates import OrderEvidence, Times, order_evidence, parse_times
from thalweg.records.trust import Example, Finding, Severity

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

_ISO_FORM: Final = "y-m-d"
_EXAMPLES: Final = 3


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
    nonexistent: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    order: OrderEvidence = field(default_factory=OrderEvidence)
    examples: list[str] = field(default_factory=list)

    def read(self, texts: pl.Series) -> Times:
        """Times as written, usually ISO 8601, as instants."""
        order = order_evidence(texts)
        times = parse_times(texts, zone=self.zone or "UTC", order=order.order or "dmy")
        self.order += order
        self.seen += len(times.utc) - times.utc.null_count()
        self.forms.update(times.forms)
        self.ambiguous += times.ambiguous
        self.nonexistent += times.nonexistent
        self.zone_missing += times.zone_missing
        if times.zone_missing and len(self.examples) < _EXAMPLES:
            bare = times.utc.is_not_null()
            if times.offset_min is not None:
                bare &= times.offset_min.is_null()
            self.examples += texts.filter(bare).head(_EXAMPLES - len(self.examples)).to_list()
        return times

    def findings(self, source: str) -> list[Finding]:
        """What was assumed, and how often."""
        found = []
        if self.zone_missing:
            examples = tuple(Example(source, None, text) for text in self.examples)
            code: str = "zone_stated" if self.zone else "zone_missing"
            severity: Severity = "note" if self.zone else "warning"
            assumed = {"assumed": self.zone or "UTC"}
            found.append(
                Finding(code, severity, self.zone_missing, self.seen, "", examples, assumed)
            )
        counts = {"time_ambiguous": self.ambiguous, "time_nonexistent": self.nonexistent}
        for code, count in counts.items():
            if count:
                earlier = {"taken": "earlier"}
                found.append(Finding(code, "warning", count, self.seen, "", (), earlier))
        if set(self.forms) - {_ISO_FORM}:
            forms = {"forms": dict(self.forms)}
            found.append(Finding("date_forms", "note", self.seen, self.seen, "", (), forms))
        return found + self._order_findings()

    def _order_findings(self) -> list[Finding]:
        if self.order == OrderEvidence():
            return []
        decided = self.order.order
        detail = {"assumed": decided or "dmy", **asdict(self.order)}
        code = "date_order_decided" if decided else "date_order_ambiguous"
        severity: Severity = "note" if decided else "warning"
        return [Finding(code, severity, self.order.undecided, self.seen, "", (), detail)]


def read_as(texts: pl.Series, kind: ValueType, clock: Clock) -> pl.Series:
    """Canonical texts as a column of the type; null where a text does not fit."""
    if kind == "string":
        return texts
    if kind == "time":
        return clock.read(texts).utc
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
    texts: pl.Series, kind: ValueType, clock: Clock, notes: Notes, where: str
) -> pl.Series:
    """As ``read_as``, but a column with a value that does not fit stays text, and is named."""
    if kind == "string":
        return texts
    values = read_as(texts, kind, clock)
    given = texts.is_not_null() & (texts.str.strip_chars() != "")
    misfits = texts.filter(values.is_null() & given)
    if misfits.is_empty():
        return values
    examples = [notes.example(None, text) for text in misfits.head(_EXAMPLES)]
    detail = {"declared": kind}
    notes.add(
        "ocel_value_type",
        "warning",
        len(misfits),
        of=len(texts),
        where=where,
        examples=examples,
        detail=detail,
    )
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


def text_series(values: list[str | None]) -> pl.Series:
    """A text column."""
    return pl.Series(values, dtype=pl.String)


def mended(text: str) -> str:
    """Text with U+FFFD for lone surrogates, which an escape can write and UTF-8 cannot hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_text(value: Any) -> str:
    """A record as one line of JSON, for the table of rejects."""
    return json.dumps(value, ensure_ascii=False, default=str)
