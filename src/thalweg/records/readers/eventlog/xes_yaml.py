"""XES in YAML: a stream of documents, first ``log:``, then an ``event:`` each.

Process engines write it while they run, one file a case. Each ``log:`` document opens a trace.
Mappings inside an event become nested attributes (``list/data_receiver``); sequences become JSON
text, for their items have no keys. YAML decides which values are numbers or truth values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from thalweg.errors import SourceError
from thalweg.records.intake import Batch, Intake, ReadRequest, Role
from thalweg.records.mapping.flat import CASE_TYPE
from thalweg.records.readers.eventlog.columns import Columns, out_of_all
from thalweg.records.readers.eventlog.header import empty_meta
from thalweg.records.readers.eventlog.rows import Gathering, Path, Rows
from thalweg.records.readers.eventlog.yaml_stream import as_text, documents
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.xml_scan.text import tell_encoding
from thalweg.records.sources import Source

NAME, STAMP = "concept:name", "time:timestamp"
_CASE_KEYS = ("cpee:instance", "trace:id")
"""Attributes that name the case where the trace has no concept:name."""
_ROLES: tuple[tuple[Role, str], ...] = (
    ("resource", "org:resource"),
    ("lifecycle", "lifecycle:transition"),
    ("instance", "cpee:activity_uuid"),
    ("instance", "concept:instance"),
)
"""Attributes by role; the first that the log has counts."""


def read(source: Source, request: ReadRequest) -> Intake:
    """Read a log in YAML: one object type, ``case``, with the trace attributes.

    Returns  events with ``@row`` counted in file order; ``meta`` as ``header.empty_meta``.
    Raises   SourceError, UnsafeSourceError while the batches are drawn: see ``yaml_stream``.
    """
    reading = _Reading(source, request)
    intake = Intake("xes-yaml", iter(()), meta=reading.meta)
    intake.batches = reading.batches(intake)
    return intake


class _Reading:
    """The state of one reading."""

    def __init__(self, source: Source, request: ReadRequest) -> None:
        self._source, self._request = source, request
        self.meta = empty_meta()
        self._notes = Notes(source.name)
        traces = Columns(CASE_TYPE, request.timezone, self._notes)
        events = Columns("event", request.timezone, self._notes)
        self.meta["columns"] = {"trace": traces.known, "event": events.known}
        self._gathering = Gathering(NAME, STAMP, traces, events)
        self._known: set[str] = set()
        self._case: str | None = None

    def batches(self, intake: Intake) -> Iterator[Batch]:
        tell_encoding(self._source, self._request.encoding, self._notes)
        gathering, logs = self._gathering, 0
        for line, document in documents(self._source, self._request):
            event = document.get("event") if isinstance(document, dict) else None
            log = document.get("log") if isinstance(document, dict) else None
            if isinstance(log, dict):
                if gathering.events.count >= self._request.batch_rows:
                    yield self._batch(intake)
                self._open(log)
                logs += 1
            elif isinstance(event, dict):
                self._add(event)
            elif document is not None:
                example = self._notes.example(line, json.dumps(document, ensure_ascii=False))
                self._notes.add("document_unread", "warning", 1, examples=[example])
        if not logs and not self._known:
            raise SourceError(
                f"{self._source.name} is YAML, but none of its documents begins with 'log:' or "
                "'event:'. Give a file in XES-YAML format."
            )
        yield self._batch(intake)
        intake.findings += out_of_all(
            self._notes.findings(), gathering.events.first - 1, gathering.cases.first - 1
        )

    def _batch(self, intake: Intake) -> Batch:
        batch = self._gathering.take()
        for role, column in _ROLES:
            if column in batch.events.columns:
                intake.roles.setdefault(role, column)
        return batch

    def _open(self, log: dict[str, Any]) -> None:
        """Begin the trace that a log document describes."""
        trace = log.get("trace")
        trace = dict(trace) if isinstance(trace, dict) else {}
        named = next((k for k in (NAME, *_CASE_KEYS) if as_text(trace.get(k)).strip()), None)
        name = as_text(trace.pop(named)) if named else ""
        self._begin(name)
        for key, value in trace.items():
            _put(self._gathering.cases, (key,), value)
        if not self.meta["extensions"] and not self.meta["log"]:
            self._describe(log)

    def _begin(self, name: str) -> None:
        row = self._gathering.cases.first + self._gathering.cases.count
        if not name:
            name = f"trace {row}"
            self._tell(row, "case_name_missing", name)
        elif name in self._known:
            self._tell(row, "case_name_repeated", name)
        self._known.add(name)
        self._case = name
        self._gathering.begin_case(name)

    def _add(self, event: dict[str, Any]) -> None:
        """Take one event. Before any log document, events name their case themselves."""
        case = self._case
        if case is None:
            case = next((as_text(event[k]) for k in _CASE_KEYS if as_text(event.get(k))), None)
            if case is not None and case not in self._known:
                self._begin(case)
                self._case = None
        self._gathering.begin_event(case)
        for key, value in event.items():
            _put(self._gathering.events, (key,), value)

    def _describe(self, log: dict[str, Any]) -> None:
        meta = self.meta
        for key, value in _mapping(log.get("xes")).items():
            meta["log"][f"xes.{key}"] = as_text(value)
        for prefix, uri in _mapping(log.get("extension")).items():
            meta["extensions"].append({"name": prefix, "prefix": prefix, "uri": as_text(uri)})
        for scope in ("trace", "event"):
            for key, value in _mapping(_mapping(log.get("global")).get(scope)).items():
                declared = {"key": key, "type": _kind(value), "value": as_text(value)}
                meta["globals"][scope].append(declared)
        for name, keys in _mapping(log.get("classifier")).items():
            meta["classifiers"].append({"name": name, "keys": as_text(keys)})

    def _tell(self, row: int, code: str, value: str) -> None:
        self._notes.add(code, "warning", 1, examples=[self._notes.example(row, value)])


def _put(rows: Rows, path: Path, value: Any) -> None:
    """Write a value: mappings key by key, sequences as JSON; nothing for null."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _put(rows, (*path, key), inner)
    elif isinstance(value, list):
        rows.put(path, json.dumps(value, ensure_ascii=False))
    elif value is not None:
        text = as_text(value)
        rows.put(path, text, "string" if path in ((NAME,), (STAMP,)) else _kind(value))


def _kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "int", float: "float"}
    return kinds.get(type(value), "string")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
