"""OCEL 1.0 in CSV: one row for each event, one column of lists for each object type."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import polars as pl

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import ROW, Batch, Intake, ObjectColumn, ReadRequest
from thalweg.records.readers.ocel.build import intake
from thalweg.records.readers.ocel.draft import Draft
from thalweg.records.readers.ocel.values import json_text, mended
from thalweg.records.sources import Source

_ID, _ACTIVITY, _TIME = "ocel:eid", "ocel:activity", "ocel:timestamp"
_TYPE: Final = "ocel:type:"
_ITEM: Final = re.compile(
    r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,'"\[\]]+?))\s*(,|$)"""
)
_ESCAPED: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


class Rows(Protocol):
    """A ``csv.reader``: rows of cells, and the line last read."""

    line_num: int

    def __next__(self) -> list[str]: ...
    def __iter__(self) -> Iterator[list[str]]: ...


def read(source: Source, request: ReadRequest) -> Intake:
    """Read OCEL 1.0 CSV. Objects stay in their columns, since an id may occur under two types.

    Raises   SourceError: no such columns, or not text in the stated encoding (default UTF-8).
             UnsafeSourceError: a cell is larger than the limits allow.
    """
    draft = Draft(source.name, "1.0")
    with _cell_limit(request.limits.cell_bytes), source.open(request.progress) as stream:
        rows = csv.reader(io.TextIOWrapper(stream, _encoding(request), newline=""))
        try:
            cells = _take(draft, rows, source)
        except csv.Error as error:
            raise UnsafeSourceError(
                f"{source.name}, line {rows.line_num}: {error}. A cell may hold up to "
                f"{request.limits.cell_bytes:,} characters."
            ) from error
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{source.name} is not {error.encoding} text: {error.reason} at byte "
                f"{error.start}. Name its encoding, e.g. gb18030."
            ) from error
    result = intake(draft, request, "ocel1-csv")
    batch = next(result.batches)
    result.batches = iter([_with_objects(draft, batch, cells)])
    return result


def split_list(cell: str) -> list[str] | None:
    """Ids in a cell such as ``['a', "b"]``, ``[1, 2]`` or ``a``; None if it is broken."""
    inner = cell.strip()
    if not inner.startswith("["):
        return [inner] if inner else []
    if not inner.endswith("]"):
        return None
    inner = inner[1:-1].strip()
    found, at = [], 0
    while at < len(inner):
        match = _ITEM.match(inner, at)
        if match is None:
            return None
        quoted = match.group(1) if match.group(1) is not None else match.group(2)
        found.append(match.group(3) if quoted is None else _plain(quoted))
        at = match.end()
    return found


def _plain(quoted: str) -> str:
    return mended(_ESCAPED.sub(_unescape, quoted)) if "\\" in quoted else quoted


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)


def _take(draft: Draft, rows: Rows, source: Source) -> dict[str, list[list[str]]]:
    """Fill the draft; gives the object ids of each event by column."""
    header = next(rows, [])
    missing = [name for name in (_ID, _ACTIVITY, _TIME) if name not in header]
    if missing:
        raise SourceError(
            f"{source.name} has no column {', '.join(missing)}; its columns are "
            f"{', '.join(header[:8])}. OCEL in CSV needs them; otherwise use a mapping."
        )
    cells: dict[str, list[list[str]]] = {name: [] for name in header if name.startswith(_TYPE)}
    for row in rows:
        if not any(row):
            continue
        if (record := _record(draft, header, row, rows.line_num)) is None:
            continue
        objects = {name: split_list(record[name]) for name in cells}
        broken = [name for name, ids in objects.items() if ids is None]
        if broken:
            value = record[broken[0]]
            draft.rejects.append((rows.line_num, "object_list_broken", value, json_text(record)))
            continue
        draft.event_lines.append(rows.line_num)
        draft.event_contents.append(json_text(objects))
        at = draft.add_event(record[_ID] or None, record[_ACTIVITY] or None, record[_TIME] or None)
        for name, value in record.items():
            if name in cells:
                cells[name].append(objects[name] or [])
            elif name not in (_ID, _ACTIVITY, _TIME) and value:
                draft.event_value(at, name, value)
    return cells


def _record(draft: Draft, header: list[str], row: list[str], line: int) -> dict[str, str] | None:
    """Cells by column; empty cells beyond the header are passed over, missing ones are empty."""
    extra = row[len(header) :]
    if any(extra):
        what = f"{len(row)} cells under {len(header)} columns"
        draft.rejects.append((line, "wrong_number_of_cells", what, json_text(row)))
        return None
    if len(row) != len(header):
        what = "more cells than columns" if extra else "fewer cells than columns"
        draft.note("row_length", "warning", what, row=line, value=row[0])
    return dict(zip(header, row + [""] * (len(header) - len(row)), strict=False))


def _with_objects(draft: Draft, batch: Batch, cells: dict[str, list[list[str]]]) -> Batch:
    """The batch with its object columns; the empty links say that an event may have no object."""
    at = {line: position for position, line in enumerate(draft.event_lines)}
    kept = [at[line] for line in batch.events[ROW]]
    lists = {
        name: pl.Series(ids, dtype=pl.List(pl.String)).gather(kept) for name, ids in cells.items()
    }
    columns = tuple(ObjectColumn(name, name.removeprefix(_TYPE)) for name in cells)
    events = batch.events.with_columns(**lists)
    return Batch(events, columns, links=batch.links, rejects=batch.rejects)


def _encoding(request: ReadRequest) -> str:
    try:
        name = codecs.lookup(request.encoding or "utf-8-sig").name
    except LookupError as error:
        raise SourceError(f"There is no encoding {request.encoding!r}. Name another.") from error
    return "utf-8-sig" if name == "utf-8" else name


@contextmanager
def _cell_limit(characters: int) -> Iterator[None]:
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)
