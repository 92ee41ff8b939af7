"""What every reader hands to the gate, whatever the format.

A reader is a function ``read(source, request) -> Intake``. It yields batches in record order and
never drops a row: what it cannot turn into an event goes into ``rejects`` with a reason.
Column names that start with ``@`` belong to Thalweg; all others are the source's own attributes
and keep their names and types (String, Int64, Float64, Boolean, Datetime ns UTC).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from thalweg.records.trust import Finding

ROW = "@row"
"""Int64: line (text), element (XML) or row (tables) of the source, counted from 1."""
EVENT = "@event"
"""String: the event's own id, where the source has one."""
ACTIVITY = "@activity"
TIME = "@time"
"""Datetime(ns, UTC): when the event happened; for an interval, when it was completed."""
START = "@start"
"""Datetime(ns, UTC), optional: when the work of an interval event began."""
OFFSET_MIN = "@offset_min"
"""Int16, optional: the offset in minutes that the source wrote beside the time."""
CASE = "@case"
"""Name of the object column of formats that know only cases (XES, MXML)."""
OBJECT = "@object"
TYPE = "@type"
QUALIFIER = "@qualifier"
LINK_SOURCE = "@source"
LINK_TARGET = "@target"
ATTRIBUTE = "@attribute"
VALUE = "@value"
VALUE_TYPE = "@value_type"

UTC_NS = pl.Datetime("ns", "UTC")

Role = Literal["resource", "party", "lifecycle", "instance"]
"""What an attribute means to the measures: who did it, which firm, start or complete, which item."""

REJECTS_SCHEMA = {ROW: pl.Int64, "reason": pl.String, "value": pl.String, "record": pl.String}
LINKS_SCHEMA = {EVENT: pl.String, OBJECT: pl.String, QUALIFIER: pl.String, ROW: pl.Int64}
CHANGES_SCHEMA = {
    OBJECT: pl.String,
    TIME: UTC_NS,
    ATTRIBUTE: pl.String,
    VALUE: pl.String,
    VALUE_TYPE: pl.String,
}
OBJECT_LINKS_SCHEMA = {LINK_SOURCE: pl.String, LINK_TARGET: pl.String, QUALIFIER: pl.String}


@dataclass(frozen=True, slots=True)
class ObjectColumn:
    """A column of the event rows that names objects.

    Cells are text, or lists of text when an event has several objects of the type. An empty
    cell means that the event has none.
    """

    column: str
    type: str
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of records, in record order.

    events          ``@row``, ``@activity``, ``@time``; optional ``@event``, ``@start``,
                    ``@offset_min``; object columns; attributes. A null activity or time, or a
                    row without any object, is judged by the gate, not by the reader.
    object_columns  which columns of ``events`` name objects.
    links           LINKS_SCHEMA, for formats that write links apart; refers to ``@event`` and
                    ``@object`` as given, dangling or not.
    objects         by object type: ``@object`` and its attributes as first known.
    object_changes  CHANGES_SCHEMA: later values of object attributes. The value is text, and
                    ``@value_type`` one of string, time, integer, float, boolean.
    object_links    OBJECT_LINKS_SCHEMA: object to object, directed.
    rejects         REJECTS_SCHEMA: rows that could not even be parsed.
    """

    events: pl.DataFrame
    object_columns: tuple[ObjectColumn, ...] = ()
    links: pl.DataFrame | None = None
    objects: dict[str, pl.DataFrame] = field(default_factory=dict)
    object_changes: pl.DataFrame | None = None
    object_links: pl.DataFrame | None = None
    rejects: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a source may go before it is refused as unsafe."""

    expanded_bytes: int = 200 * 1024**3
    """Size that a compressed source may reach."""
    expansion_ratio: int = 1_000
    """Expanded size over compressed size, judged once 64 MiB have been expanded."""
    archive_members: int = 10_000
    cell_bytes: int = 16 * 1024**2
    nesting: int = 64


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """How to read: everything that the user may decide about a source."""

    timezone: str | None = None
    """Zone of times that carry none; None means UTC with a warning in the trust report."""
    mapping: Any = None
    """A ``thalweg.records.mapping.flat`` record, for formats that need one."""
    encoding: str | None = None
    repair_text: bool = False
    batch_rows: int = 1_000_000
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[int], None] = lambda _: None
    """Told how many more bytes of the source have been consumed."""


@dataclass(slots=True)
class Intake:
    """One source, opened: batches to draw once, and what was learned on the way.

    ``findings`` is complete when the batches are exhausted. ``meta`` is what export needs to
    give the source back (XES extensions, globals and classifiers; declared OCEL types).
    """

    format: str
    batches: Iterator[Batch]
    roles: dict[Role, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
