"""OCEL 2.0 in JSON: values as text, as its schema demands, with their types declared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from thalweg.records.export.files import put_in_place
from thalweg.records.export.model import Kinds, OcelFrames, event_kinds, object_kinds
from thalweg.records.export.records import (
    EventRecord,
    Links,
    ObjectRecord,
    event_records,
    object_records,
    unplaced,
)
from thalweg.records.trust import Finding


def write_ocel_json(frames: OcelFrames, path: Path) -> tuple[Finding, ...]:
    """Write OCEL 2.0 JSON; ``path`` appears when it is complete.

    A change to no value, which the format does not foresee, is written as ``null``.

    Returns  what was changed or could not be written.
    Raises   BookError: the file cannot be written.
    """
    parts: dict[str, Iterable[dict[str, Any]]] = {
        "objectTypes": _types(object_kinds(frames)),
        "eventTypes": _types(event_kinds(frames)),
        "objects": map(_object, object_records(frames)),
        "events": map(_event, event_records(frames)),
    }
    with put_in_place(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as out:
        out.write("{")
        for number, (name, items) in enumerate(parts.items()):
            out.write(",\n" if number else "\n")
            _write_list(out, name, items)
        out.write("\n}\n")
    return (*frames.notes, *unplaced(frames))


def _write_list(out: TextIO, name: str, items: Iterable[dict[str, Any]]) -> None:
    out.write(f'"{name}": [')
    for number, item in enumerate(items):
        out.write(",\n" if number else "\n")
        out.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")))
    out.write("\n]")


def _types(kinds: Kinds) -> Iterator[dict[str, Any]]:
    for name, attributes in kinds.items():
        declared = [{"name": key, "type": kind} for key, kind in attributes.items()]
        yield {"name": name, "attributes": declared}


def _event(record: EventRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "type": record.type,
        "time": record.time,
        "attributes": [{"name": name, "value": value} for name, value in record.values],
        "relationships": _links(record.links),
    }


def _object(record: ObjectRecord) -> dict[str, Any]:
    values = [{"name": name, "time": at, "value": value} for name, at, value in record.values]
    return {
        "id": record.id,
        "type": record.type,
        "attributes": values,
        "relationships": _links(record.links),
    }


def _links(links: Links) -> list[dict[str, str]]:
    return [{"objectId": target, "qualifier": qualifier} for target, qualifier in links]
