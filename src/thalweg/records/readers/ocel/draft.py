"""What an OCEL reader notes down while it goes through its file, before anything is judged.

All formats fill the same draft, so that the same log gives the same result in each of them.
Values are kept column by column as canonical text; ``build`` turns them into tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from thalweg.records.readers.notes import Notes
from thalweg.records.readers.ocel.values import ValueType, canonical, value_type
from thalweg.records.trust import Severity

Kinds = dict[str | None, dict[str, ValueType | None]]
"""Attributes and their declared types (None: declared in words that OCEL does not know) by type."""


@dataclass(slots=True)
class Column:
    """Values of one attribute of one event or object type, in file order."""

    owners: list[int] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    times: list[str | None] = field(default_factory=list)
    """When the value began to hold; None means from the beginning (or does not apply)."""
    kinds: set[ValueType] = field(default_factory=set)
    """Types that the values had in the file."""


@dataclass(slots=True)
class Draft:
    """Records of an OCEL file in file order; positions count events and objects from 0."""

    source: str
    version: Literal["1.0", "2.0"]
    event_ids: list[str | None] = field(default_factory=list)
    activities: list[str | None] = field(default_factory=list)
    event_times: list[str | None] = field(default_factory=list)
    event_lines: list[int] = field(default_factory=list)
    """Line of each event, in formats that have lines; otherwise events are counted from 1."""
    event_contents: list[str] = field(default_factory=list)
    """What else each event says, where that stands outside the draft; for telling copies apart."""
    event_columns: dict[tuple[str | None, str], Column] = field(default_factory=dict)
    object_ids: list[str | None] = field(default_factory=list)
    object_types: list[str | None] = field(default_factory=list)
    object_columns: dict[tuple[str | None, str], Column] = field(default_factory=dict)
    link_events: list[str | None] = field(default_factory=list)
    link_objects: list[str | None] = field(default_factory=list)
    link_qualifiers: list[str] = field(default_factory=list)
    link_rows: list[int] = field(default_factory=list)
    link_owners: list[int] = field(default_factory=list)
    """Position of the event that the link was written in, or -1 where links stand apart."""
    object_links: list[tuple[str | None, str | None, str]] = field(default_factory=list)
    event_types: Kinds = field(default_factory=dict)
    declared_objects: Kinds = field(default_factory=dict)
    rejects: list[tuple[int | None, str, str, str]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = Notes(self.source)

    def add_event(self, event_id: object, activity: object, time: object) -> int:
        """Note an event; gives its position."""
        self.event_ids.append(_text(event_id))
        self.activities.append(_text(activity))
        self.event_times.append(_text(time))
        return len(self.event_ids) - 1

    def note(
        self,
        code: str,
        severity: Severity,
        where: str = "",
        *,
        count: int = 1,
        of: int = 0,
        row: int | None = None,
        value: str | None = None,
        **detail: Any,
    ) -> None:
        """Count something for the trust report, with the value and row of one place."""
        examples = () if value is None else (self.notes.example(row, value),)
        self.notes.add(code, severity, count, of=of, where=where, examples=examples, detail=detail)

    def row(self, position: int) -> int:
        """Row or line of the event at a position."""
        return self.event_lines[position] if self.event_lines else position + 1

    def add_object(self, object_id: object, kind: object) -> int:
        """Note an object; gives its position."""
        self.object_ids.append(_text(object_id))
        self.object_types.append(_text(kind))
        return len(self.object_ids) - 1

    def event_value(
        self, position: int, name: str, value: object, kind: ValueType | None = None
    ) -> None:
        """Note an attribute value of an event; ``kind``: the type that the file gives it."""
        column = self.event_columns.get(key := (self.activities[position], name))
        if column is None:
            column = self.event_columns[key] = Column()
        _append(column, position, value, kind)

    def object_value(
        self,
        position: int,
        name: str,
        value: object,
        time: str | None = None,
        kind: ValueType | None = None,
    ) -> None:
        """Note an attribute value of an object that holds from ``time`` on."""
        column = self.object_columns.get(key := (self.object_types[position], name))
        if column is None:
            column = self.object_columns[key] = Column()
        _append(column, position, value, kind)
        column.times.append(time)

    def link(self, event: object, target: object, qualifier: object, owner: int = -1) -> None:
        """Note an event-to-object link; ``owner`` as in ``link_owners``."""
        self.link_events.append(_text(event))
        self.link_objects.append(_text(target))
        self.link_qualifiers.append(_text(qualifier) or "")
        self.link_owners.append(owner)
        self.link_rows.append(owner + 1 if owner >= 0 else len(self.link_owners))

    def object_link(self, source: object, target: object, qualifier: object) -> None:
        self.object_links.append((_text(source), _text(target), _text(qualifier) or ""))

    def declare(self, kinds: Kinds, name: object, attributes: dict[str, object]) -> None:
        """Note a declared event or object type and what it says of its attributes."""
        known = kinds.setdefault(_text(name), {})
        for attribute, declared in attributes.items():
            kind = value_type(declared)
            if kind is None:
                self.note("ocel_dialect", "note", "unknown attribute type", value=str(declared))
            known[attribute] = kind

    def dialect(self, what: str, value: str | None = None) -> None:
        """Note that the file departs from the standard, and that it was understood."""
        self.note("ocel_dialect", "note", what, value=value)


def _append(column: Column, position: int, value: object, kind: ValueType | None) -> None:
    text, seen = canonical(value)
    column.owners.append(position)
    column.texts.append(text)
    if seen is not None:
        column.kinds.add(kind or seen)


def _text(value: object) -> str | None:
    """Ids and names are text whatever the file makes of them: 880001 is ``"880001"``."""
    return value if isinstance(value, str) else canonical(value)[0]


def same_or_not(same: bool) -> tuple[str, Severity]:
    """Place and severity of a repeated record: an identical one loses nothing."""
    return ("identical", "note") if same else ("different", "loss")
