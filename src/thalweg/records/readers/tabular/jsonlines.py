"""JSON lines: one object a line; nested objects become columns named by their path (a.b).

Two passes: the first learns which columns there are and of which type, the second reads. A
column holds numbers only if every value is one; mixtures become text. ``@row`` is the line.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import REJECTS_SCHEMA, ROW, Intake, Limits, ReadRequest
from thalweg.records.readers.notes import EXAMPLES, Notes
from thalweg.records.readers.tabular.flat import Chunk, Table, intake, passes
from thalweg.records.readers.tabular.sniff import own_name
from thalweg.records.sources import Source
from thalweg.records.text.encoding import Encoding, Utf8Stream, detect_encoding, stated_encoding

_COLUMNS = 5_000
_CHUNK_ROWS = 100_000
_LONGEST_RECORD = 2_000
_INT64 = 2**63
_DTYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "text": pl.String(),
    "list": pl.List(pl.String),
}


def read(source: Source, request: ReadRequest) -> Intake:
    """Read JSON lines by the mapping of the request."""
    return intake(open_table(source, request), request)


def open_table(source: Source, request: ReadRequest) -> Table:
    """Open JSON lines and learn the columns.

    Raises   SourceError: no line is a JSON object. UnsafeSourceError: a line beyond the limits,
             absurd nesting, or more columns than a table has.
    """
    stated = request.encoding
    encoding = stated_encoding(stated, source) if stated else detect_encoding(source)
    kinds = _learn(source, request, encoding)
    schema = {name: _DTYPES[_settled(seen)] for name, seen in kinds.items()}
    notes = Notes(source.name)
    about = {"encoding": encoding.name, "confidence": encoding.confidence, "bom": encoding.bom}
    notes.add("encoding_stated" if stated else "encoding_detected", "note", 1, detail=about)
    next_pass = passes(request)

    def chunks(notes: Notes) -> Iterator[Chunk]:
        return _chunks(source, next_pass(), encoding, schema, notes)

    return Table("jsonl", tuple(schema), chunks, notes, about={"encoding": encoding.name})


def _learn(source: Source, request: ReadRequest, encoding: Encoding) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    objects = 0
    with source.open() as stream:
        for _, text in _lines(Utf8Stream(stream, encoding), source, request.limits):
            record = _record(text, source, request.limits)
            if record is None:
                continue
            objects += 1
            for name, value in record.items():
                kinds.setdefault(name, set()).add(_kind(value))
            if len(kinds) > _COLUMNS:
                raise UnsafeSourceError(
                    f"{source.name} has more than {_COLUMNS:,} different fields. "
                    "Its keys look like values; reshape it first."
                )
    if not objects:
        raise SourceError(f"{source.name} holds no JSON object. Write one object on each line.")
    return kinds


def _chunks(
    source: Source,
    request: ReadRequest,
    encoding: Encoding,
    schema: dict[str, pl.DataType],
    notes: Notes,
) -> Iterator[Chunk]:
    size = min(request.batch_rows, _CHUNK_ROWS)
    lines: list[int] = []
    records: list[dict[str, Any]] = []
    bad: list[tuple[int, str]] = []
    blank: list[int] = []
    with source.open(request.progress) as stream:
        utf8 = Utf8Stream(stream, encoding)
        for line, text in _lines(utf8, source, request.limits):
            record = _record(text, source, request.limits)
            if record is not None:
                lines.append(line)
                records.append(record)
            elif text.strip():
                bad.append((line, text))
            else:
                blank.append(line)
            if len(records) >= size:
                yield _chunk(lines, records, bad, schema)
                lines, records, bad = [], [], []
    if records or bad:
        yield _chunk(lines, records, bad, schema)
    if blank:
        examples = [notes.example(line, "") for line in blank[:EXAMPLES]]
        notes.add("blank_rows", "note", len(blank), examples=examples)
    if utf8.damaged.count:
        examples = [notes.example(line, "") for line in utf8.damaged.lines]
        detail = {"encoding": encoding.name}
        count = utf8.damaged.count
        notes.add("encoding_damaged", "warning", count, examples=examples, detail=detail)


def _lines(stream: Utf8Stream, source: Source, limits: Limits) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; none is taken into memory beyond the limit."""
    reader = io.BufferedReader(stream, 1024**2)
    number = 0
    while raw := reader.readline(limits.cell_bytes + 1):
        number += 1
        if len(raw) > limits.cell_bytes:
            raise UnsafeSourceError(
                f"{source.name}, line {number}, is longer than {limits.cell_bytes:,} bytes. "
                "Write one record on each line."
            )
        yield number, raw.decode("utf-8", "replace").rstrip("\r\n")


def _record(text: str, source: Source, limits: Limits) -> dict[str, Any] | None:
    """One line as a flat record; None when it is no JSON object."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise _too_deep(source, limits) from error
    except ValueError:
        return None
    flat: dict[str, Any] = {}
    _flatten(value, "", flat, limits.nesting, source, limits)
    return flat


def _flatten(
    value: dict[str, Any],
    path: str,
    flat: dict[str, Any],
    depth: int,
    source: Source,
    limits: Limits,
) -> None:
    if depth == 0:
        raise _too_deep(source, limits)
    for key, inner in value.items():
        name = f"{path}.{key}" if path else own_name(key) or "column"
        if isinstance(inner, dict):
            _flatten(inner, name, flat, depth - 1, source, limits)
        elif inner is not None:
            flat[name] = inner


def _too_deep(source: Source, limits: Limits) -> UnsafeSourceError:
    return UnsafeSourceError(
        f"{source.name} nests objects more than {limits.nesting} deep. It was refused."
    )


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -_INT64 <= value < _INT64 else "text"
    if isinstance(value, float):
        return "float"
    if isinstance(value, list):
        plain = all(isinstance(item, str | int | float) for item in value)
        return "list" if plain else "text"
    return "text"


def _settled(seen: set[str]) -> str:
    """One kind for a column: a mixture other than of numbers is text."""
    if len(seen) == 1:
        return next(iter(seen))
    return "float" if seen == {"int", "float"} else "text"


def _chunk(
    lines: list[int],
    records: list[dict[str, Any]],
    bad: list[tuple[int, str]],
    schema: dict[str, pl.DataType],
) -> Chunk:
    columns = [pl.Series(ROW, lines, dtype=pl.Int64)]
    for name, dtype in schema.items():
        values = [_as(record.get(name), dtype) for record in records]
        columns.append(pl.Series(name, values, dtype=dtype))
    rejects = None
    if bad:
        rejects = pl.DataFrame(
            {
                ROW: [line for line, _ in bad],
                "reason": ["json_unreadable"] * len(bad),
                "value": [""] * len(bad),
                "record": [text[:_LONGEST_RECORD] for _, text in bad],
            },
            schema=REJECTS_SCHEMA,
        )
    return Chunk(pl.DataFrame(columns), rejects)


def _as(value: Any, dtype: pl.DataType) -> Any:
    if value is None:
        return None
    if dtype == pl.Float64:
        return float(value)
    if isinstance(dtype, pl.List):
        return [item if isinstance(item, str) else json.dumps(item) for item in value]
    if dtype == pl.String and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value
