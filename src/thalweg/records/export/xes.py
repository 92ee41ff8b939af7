"""XES: one object type of a book as cases, in the XML form of IEEE 1849.

Text is built column by column for many traces at once. A log that came from XES is written with
its extensions, globals, classifiers and log attributes, nested attributes and lists in their
places, and each event's time with the offset it had; times of other attributes are in UTC.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import polars as pl

from thalweg.errors import RequestError
from thalweg.records.export.files import put_in_place
from thalweg.records.export.xes_text import (
    attribute,
    attributes_text,
    forbidden_characters,
    instant_text,
    step_ns,
    tree_text,
)
from thalweg.records.intake import ACTIVITY, CASE, EVENT, OBJECT, OFFSET_MIN, START, TIME
from thalweg.records.trust import Finding

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

NAME, STAMP, START_STAMP, EVENT_ID = (
    "concept:name",
    "time:timestamp",
    "start_timestamp",
    "identity:id",
)
_EVENTS_AT_ONCE = 250_000
_FROM = ("xes", "xes-yaml", "mxml")
"""Formats whose meta data tell how to write a log."""
_SITE = "http://www.xes-standard.org/"
_STANDARD = (("Concept", "concept"), ("Time", "time"), ("Organizational", "org"), ("Lifecycle", "lifecycle"))  # fmt: skip


def write_xes(
    book: Book,
    path: Path,
    *,
    type: str | None = None,  # noqa: A002
) -> tuple[Finding, ...]:
    """Write one object type of a book; events of a case in the order of the records.

    Takes    type: the object type to see as cases; may be left out if there is only one.
             path: ``.gz`` at its end packs the file.
    Returns  what had to be changed: events without an object of the type are left out, those
             with several are written once for each.
    Raises   RequestError: no such type, or several and none named. BookError: cannot be written.
    """
    kind = _only_type(book, type)
    links = book.links(kind).select("event", "object").unique().sort("object", "event").collect()
    cases = book.objects(kind).collect()
    rows = book.events().collect()
    used = links["event"].n_unique()
    events = rows[links["event"].cast(pl.UInt32)].with_columns(
        cases[OBJECT].gather(links["object"]).alias(CASE)
    )
    meta: dict[str, Any] = next((book.meta[f] for f in _FROM if f in book.meta), {})
    findings = write_xes_frames(path, cases=cases, events=events, meta=meta)
    found = []
    if used < len(rows):
        lost = len(rows) - used
        found.append(Finding("export_event_without_object", "loss", lost, len(rows), kind))
    if len(links) > used:
        found.append(Finding("export_event_repeated", "warning", len(links) - used, used, kind))
    return (*found, *findings)


def write_xes_frames(
    path: Path, *, cases: pl.DataFrame, events: pl.DataFrame, meta: dict[str, Any]
) -> tuple[Finding, ...]:
    """Write tables as XES; the file appears when it is complete.

    Takes    cases: ``@object`` (each once) and attributes, in the order of the traces.
             events: ``@case``, ``@activity``, ``@time``, optional ``@offset_min``, ``@start`` and
             ``@event``, and attributes, in the order in which a trace should have them.
             meta: as ``header.empty_meta``, any part of which may be missing.
    Returns  what had to be changed.
    """
    declared: dict[str, Any] = meta.get("columns", {})
    case_columns = [c for c in cases.columns if not c.startswith("@")]
    event_columns = [c for c in events.columns if not c.startswith("@")]
    order = pl.DataFrame({CASE: cases[OBJECT], "case": np.arange(len(cases))})
    events = events.join(order, on=CASE, how="inner", maintain_order="left")
    events = events.sort("case", maintain_order=True)
    step = step_ns(events[TIME])
    with put_in_place(path) as aside, _opened(aside, path.name) as out:
        out.write("".join(_head(meta)).encode())
        for first, last, some in _portions(events, len(cases)):
            traces = _trace_text(cases[first:last], case_columns, declared.get("trace", {}), first)
            inner = _event_text(some, event_columns, declared.get("event", {}), meta, step)
            lines = pl.concat([traces, inner]).sort("case", maintain_order=True)
            _write_column(out, lines["text"])
        out.write(b"\t</trace>\n</log>\n" if len(cases) else b"</log>\n")
    odd = forbidden_characters(cases, [OBJECT, *case_columns])
    odd += forbidden_characters(events, [ACTIVITY, *event_columns])
    return (Finding("export_character_replaced", "warning", odd),) if odd else ()


def _only_type(book: Book, kind: str | None) -> str:
    known = ", ".join(book.types) or "none"
    if kind is None and len(book.types) == 1:
        return book.types[0]
    if kind is None:
        raise RequestError(f"XES knows one object type, the case. Name one of: {known}.")
    if kind not in book.types:
        raise RequestError(f"There is no object type {kind!r}. There are: {known}.")
    return kind


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    """The file to write to, packed if its name in the end says so."""
    with path.open("wb") as plain:
        if name.lower().endswith(".gz"):
            with gzip.GzipFile(name.removesuffix(".gz"), "wb", 6, plain, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            yield plain


def _portions(events: pl.DataFrame, cases: int) -> Iterator[tuple[int, int, pl.DataFrame]]:
    """Runs of whole cases with about as many events as are written at once."""
    of_case = np.bincount(events["case"].to_numpy(), minlength=cases)
    before = np.concatenate([[0], np.cumsum(of_case)])
    first = 0
    while first < cases:
        limit = before[first] + _EVENTS_AT_ONCE
        last = max(first + 1, int(np.searchsorted(before, limit, "right")) - 1)
        yield first, last, events[int(before[first]) : int(before[last])]
        first = last


def _head(meta: dict[str, Any]) -> Iterator[str]:
    own = {k: v for k, v in meta.get("log", {}).items() if k.startswith("xes.")}
    own = {"xes.version": "1849-2016", "xes.features": "nested-attributes"} | own
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<log{_xml(own)} xmlns="{_SITE}">\n'
    standard = [
        {"name": name, "prefix": prefix, "uri": f"{_SITE}{prefix}.xesext"}
        for name, prefix in _STANDARD
    ]
    for extension in meta.get("extensions") or standard:
        yield f"\t<extension{_xml(extension)}/>\n"
    for scope in ("trace", "event"):
        if trees := meta.get("globals", {}).get(scope):
            yield f'\t<global scope="{scope}">\n'
            yield from tree_text(trees, 2)
            yield "\t</global>\n"
    for classifier in meta.get("classifiers", []):
        yield f"\t<classifier{_xml(classifier)}/>\n"
    yield from tree_text(meta.get("attributes", []), 1)


def _xml(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{attribute(str(value))}"' for name, value in attributes.items())


def _trace_text(
    cases: pl.DataFrame, columns: list[str], declared: dict[str, Any], first: int
) -> pl.DataFrame:
    """Each trace's beginning, which also ends the trace before it."""
    table = cases.with_columns(cases[OBJECT].alias("@name"))
    own = dict(declared) | {"@name": {"path": [NAME], "type": "string"}}
    text = attributes_text(table, ["@name", *columns], own, 2)
    number = pl.int_range(first, first + len(cases), eager=True)
    start = pl.when(pl.col("case") > 0).then(pl.lit("\t</trace>\n\t<trace>\n"))
    frame = pl.DataFrame({"case": number, "text": text})
    begun = pl.concat_str(start.otherwise(pl.lit("\t<trace>\n")), "text")
    return frame.with_columns(begun.alias("text"))


def _event_text(
    events: pl.DataFrame,
    columns: list[str],
    declared: dict[str, Any],
    meta: dict[str, Any],
    step: int,
) -> pl.DataFrame:
    """Each event with its attributes."""
    own: dict[str, Any] = dict(declared)
    written = []
    if meta.get("activity_keys", [NAME]) == [NAME] or NAME not in columns:
        own[ACTIVITY] = {"path": [NAME], "type": "string"}
        written.append(ACTIVITY)
    offset = pl.col(OFFSET_MIN) if OFFSET_MIN in events.columns else pl.lit(0)
    events = events.with_columns(instant_text(pl.col(TIME), offset, step).alias("@stamp"))
    own["@stamp"] = {"path": [STAMP], "type": "date"}
    written.append("@stamp")
    for column, key, kind in ((START, START_STAMP, "date"), (EVENT, EVENT_ID, "id")):
        if column in events.columns and key not in columns:
            own[column] = {"path": [key], "type": kind}
            written.append(column)
    text = attributes_text(events, [*written, *columns], own, 3)
    body = pl.concat_str(pl.lit("\t\t<event>\n"), text, pl.lit("\t\t</event>\n"))
    return events.select(pl.col("case").cast(pl.Int64), text=body)


def _write_column(out: IO[bytes], text: pl.Series) -> None:
    """Write a column of text end to end, from the memory it lies in."""
    array = text.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    if data is not None:
        at = np.frombuffer(offsets, np.int64)
        out.write(memoryview(data)[int(at[array.offset]) : int(at[array.offset + len(array)])])
