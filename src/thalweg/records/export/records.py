"""Events and objects of frames as nested records of text: what JSON and XML write alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from thalweg.records.export.model import OcelFrames, attributes_of
from thalweg.records.intake import (
    ACTIVITY,
    ATTRIBUTE,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
    QUALIFIER,
    TIME,
    TYPE,
    VALUE,
)
from thalweg.records.readers.ocel.values import write_as_text
from thalweg.records.trust import Example, Finding

INITIAL = "1970-01-01T00:00:00Z"
"""The stamp of values that an object begins with."""

Links = list[tuple[str, str]]
"""Object id and qualifier."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    id: str
    type: str
    time: str
    values: list[tuple[str, str]]
    links: Links


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    id: str
    type: str
    values: list[tuple[str, str, str | None]]
    """Attribute, time, value; a change to nothing has no value."""
    links: Links


def event_records(frames: OcelFrames) -> Iterator[EventRecord]:
    """Events in order, each with its values that are not empty and its links."""
    names = attributes_of(frames.events)
    texts = [write_as_text(frames.events[name]) for name in names]
    links = _grouped(frames.links, EVENT, OBJECT)
    columns = [frames.events[EVENT], frames.events[ACTIVITY], write_as_text(frames.events[TIME])]
    for event, activity, time, *row in zip(*columns, *texts, strict=True):
        values = [(n, v) for n, v in zip(names, row, strict=True) if v is not None]
        yield EventRecord(event, activity, time, values, links.get(event, []))


def object_records(frames: OcelFrames) -> Iterator[ObjectRecord]:
    """Objects by type in order, each with first values, changes in order of time, and links."""
    links = _grouped(frames.object_links, LINK_SOURCE, LINK_TARGET)
    changes = _changes(frames)
    for kind, frame in frames.objects.items():
        names = attributes_of(frame)
        texts = [write_as_text(frame[name]) for name in names]
        for object_id, *row in zip(frame[OBJECT], *texts, strict=True):
            values: list[tuple[str, str, str | None]] = [
                (n, INITIAL, v) for n, v in zip(names, row, strict=True) if v is not None
            ]
            values += changes.get((kind, object_id), [])
            yield ObjectRecord(object_id, kind, values, links.get(object_id, []))


def unplaced(frames: OcelFrames) -> list[Finding]:
    """What nested records cannot hold: object links and changes of objects that do not exist."""
    ids = pl.concat(
        [pl.Series(OBJECT, [], pl.String), *(f[OBJECT] for f in frames.objects.values())]
    )
    links = frames.object_links.filter(~pl.col(LINK_SOURCE).is_in(ids.implode()))
    changes = frames.object_changes.filter(~pl.col(OBJECT).is_in(ids.implode()))
    found = []
    for code, lost, whole, name in (
        ("export_link_without_source", links, frames.object_links, LINK_SOURCE),
        ("export_change_without_object", changes, frames.object_changes, OBJECT),
    ):
        if len(lost):
            examples = tuple(Example(value=value) for value in lost[name].head(5))
            found.append(Finding(code, "loss", len(lost), len(whole), "", examples))
    return found


def _grouped(links: pl.DataFrame, owner: str, target: str) -> dict[str, Links]:
    found: dict[str, Links] = {}
    for name, other, qualifier in links.select(owner, target, QUALIFIER).iter_rows():
        found.setdefault(name, []).append((other, qualifier))
    return found


def _changes(frames: OcelFrames) -> dict[tuple[str, str], list[tuple[str, str, str | None]]]:
    found: dict[tuple[str, str], list[tuple[str, str, str | None]]] = {}
    table = frames.object_changes.sort(TIME, maintain_order=True)
    times = write_as_text(table[TIME])
    rows = zip(table[TYPE], table[OBJECT], table[ATTRIBUTE], times, table[VALUE], strict=True)
    for kind, object_id, name, time, value in rows:
        found.setdefault((kind, object_id), []).append((name, time, value))
    return found
