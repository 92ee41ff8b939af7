"""MXML event logs, the format before XES.

``WorkflowLog / Process / ProcessInstance / AuditTrailEntry``: the workflow model element is the
activity, the event type the lifecycle transition, the originator the resource. All other data
are text; blanks around a text are layout and are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from thalweg.errors import SourceError
from thalweg.records.intake import Batch, Intake, ReadRequest
from thalweg.records.mapping.flat import CASE_TYPE
from thalweg.records.readers.eventlog.columns import Columns, out_of_all
from thalweg.records.readers.eventlog.header import empty_meta
from thalweg.records.readers.eventlog.rows import Gathering
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.xml_scan.events import GuardedParser
from thalweg.records.readers.xml_scan.text import tell_encoding
from thalweg.records.sources import Source

PROCESS = "process"
"""Attribute of a case: id of the process that the instance belongs to."""
LIFECYCLE, RESOURCE = "lifecycle:transition", "org:resource"
_ACTIVITY, _TIME = "WorkflowModelElement", "Timestamp"
_FIELDS = {_ACTIVITY: _ACTIVITY, _TIME: _TIME, "EventType": LIFECYCLE, "Originator": RESOURCE}
_FIELDS["originator"] = RESOURCE
_SILENT = {"WorkflowLog", "Source", "Data"}
_OWNERS = {"WorkflowLog", "Process", "ProcessInstance", "AuditTrailEntry"}


def read(source: Source, request: ReadRequest) -> Intake:
    """Read an MXML log: one object type, ``case``, with the data of the process instances.

    Returns  events with ``@row`` counted in file order; a case knows its ``process``.
    Raises   SourceError, UnsafeSourceError while the batches are drawn: see ``GuardedParser``.
    """
    reading = _Reading(source, request)
    intake = Intake(
        "mxml",
        iter(()),
        roles={"resource": RESOURCE, "lifecycle": LIFECYCLE},
        meta=reading.meta,
    )
    intake.batches = reading.batches(intake)
    return intake


class _Reading:
    """The state of one reading; the parser calls ``_started`` and ``_ended``."""

    def __init__(self, source: Source, request: ReadRequest) -> None:
        self._source, self._request = source, request
        self.meta = empty_meta()
        self._notes = Notes(source.name)
        traces = Columns(CASE_TYPE, request.timezone, self._notes)
        events = Columns("event", request.timezone, self._notes)
        self.meta["columns"] = {"trace": traces.known, "event": events.known}
        self._gathering = Gathering(_ACTIVITY, _TIME, traces, events)
        self._process_of: dict[str, str] = {}
        self._known: set[str] = set()
        self._process = self._case = self._datum = ""
        self._open: list[str] = []
        self._ready: list[Batch] = []

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Batches of whole instances, of about the size asked for."""
        tell_encoding(self._source, self._request.encoding, self._notes)
        for _ in GuardedParser(self._source, self._request, self._started, self._ended).run():
            yield from self._ready
            self._ready = []
        if self._gathering.events.count or self._gathering.cases.count:
            yield self._gathering.take()
        gathering = self._gathering
        intake.findings += out_of_all(
            self._notes.findings(), gathering.events.first - 1, gathering.cases.first - 1
        )

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != "WorkflowLog":
            raise SourceError(
                f"{self._source.name} is XML, but its outermost element is <{name}> and not "
                "<WorkflowLog>. Give a file in MXML format."
            )
        self._open.append(name)
        if name == "Process":
            self._process = attributes.get("id", "")
        elif name == "ProcessInstance":
            self._begin_case(attributes.get("id", ""))
        elif name == "AuditTrailEntry":
            self._gathering.begin_event(self._case)
        elif name == "Attribute":
            self._datum = attributes.get("name", "")
        elif name == "EventType":
            self._datum = attributes.get("unknownType", attributes.get("unknowntype", ""))
        elif name not in _SILENT and name not in _FIELDS:
            example = self._notes.example(None, f"<{name}>")
            self._notes.add("element_unknown", "warning", 1, examples=[example])
        if description := attributes.get("description", ""):
            self._put(name, "description", description)

    def _ended(self, name: str, text: str) -> None:
        self._open.pop()
        value = text.strip()
        owner = next((n for n in reversed(self._open) if n in _OWNERS), "")
        if name == "Attribute":
            self._put(owner, self._datum, value)
        elif name in _FIELDS and owner == "AuditTrailEntry":
            unknown = name == "EventType" and value.lower() == "unknown" and self._datum
            if value:
                self._gathering.events.put((_FIELDS[name],), self._datum if unknown else value)
        elif name == "ProcessInstance" and self._gathering.events.count >= self._request.batch_rows:
            self._ready.append(self._gathering.take())

    def _put(self, owner: str, key: str, value: str) -> None:
        """Keep a datum of the log, a process, a case or an event."""
        if owner == "AuditTrailEntry":
            self._gathering.events.put((key,), value)
        elif owner == "ProcessInstance":
            self._gathering.cases.put((key,), value)
        else:
            own = key if owner == "WorkflowLog" else f"{PROCESS} {self._process}/{key}"
            self.meta["attributes"].append({"key": own, "type": "string", "value": value})

    def _begin_case(self, name: str) -> None:
        """Open a case. A name that another process has used is told apart by its process."""
        row = self._gathering.cases.first + self._gathering.cases.count
        if not name:
            name = f"trace {row}"
            self._tell(row, "case_name_missing", name)
        if self._process_of.setdefault(name, self._process) != self._process:
            self._tell(row, "case_name_shared", name)
            name = f"{self._process}/{name}"
        elif name in self._known:
            self._tell(row, "case_name_repeated", name)
        self._known.add(name)
        self._gathering.begin_case(name)
        self._case = name
        if self._process:
            self._gathering.cases.put((PROCESS,), self._process)

    def _tell(self, row: int, code: str, value: str) -> None:
        self._notes.add(code, "warning", 1, examples=[self._notes.example(row, value)])
