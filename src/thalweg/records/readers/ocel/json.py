"""OCEL 1.0 and 2.0 in JSON."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import numpy as np

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Intake, ReadRequest
from thalweg.records.readers.ocel.build import intake
from thalweg.records.readers.ocel.draft import Draft, same_or_not
from thalweg.records.readers.ocel.values import json_text, mended
from thalweg.records.sources import Source

_CHUNK: Final = 8 * 1024**2
_QUOTE: Final = ord('"')
_STEPS: Final = np.zeros(256, dtype=np.int8)
"""How much deeper each byte leads."""
_STEPS[list(b"{[")], _STEPS[list(b"}]")] = 1, -1
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_PARTS_1: Final = {"ocel:events", "ocel:objects"}
_PARTS_2: Final = ("events", "objects", "eventTypes", "objectTypes")
_KNOWN_1: Final = _PARTS_1 | {"ocel:global-event", "ocel:global-object", "ocel:global-log"}

Repeated = tuple[str, Any, bool]
"""A key that stands twice in one JSON object: key, later value, and whether it is the same."""


def read(source: Source, request: ReadRequest) -> Intake:
    """Read OCEL 1.0 or 2.0 JSON; which of them is told by its keys.

    Raises   SourceError: not JSON, not OCEL, or a part has the wrong shape.
             UnsafeSourceError: nested deeper than the limits allow.
    """
    text = _decode(source.read(request.progress), source, request)
    _check_nesting(text.encode("utf-8", "surrogatepass"), source, request.limits.nesting)
    repeated: list[Repeated] = []
    document = _parse(text, source, repeated)
    damaged: list[str] = []
    if _SURROGATE.search(text):
        document = _mend(document, damaged)
        repeated = [(mended(key), _mend(value, damaged), same) for key, value, same in repeated]
    del text
    if _PARTS_1 & document.keys():
        draft = _read_1(document, source)
        name = "ocel1-json"
    elif {"events", "objects"} & document.keys():
        draft = _read_2(document, source)
        name = "ocel2-json"
    else:
        found = ", ".join(list(document)[:5]) or "none"
        raise SourceError(
            f"{source.name} is JSON but no OCEL: it has the keys {found}. "
            "OCEL 2.0 needs events and objects, OCEL 1.0 needs ocel:events and ocel:objects."
        )
    for old in damaged:
        draft.note("text_damaged", "warning", value=mended(old))
    for key, value, same in repeated:
        where, severity = same_or_not(same)
        draft.note("ocel_repeated_key", severity, where, value=key)
        if not same:
            draft.rejects.append((None, "key_repeated", key, json_text(value)))
    return intake(draft, request, name)


def _decode(data: bytes, source: Source, request: ReadRequest) -> str:
    encoding = request.encoding or json.detect_encoding(data)
    encoding = "utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise SourceError(
            f"{source.name} is not {encoding} text: {error}. Name its encoding, e.g. gb18030."
        ) from error


def _parse(text: str, source: Source, repeated: list[Repeated]) -> dict[str, Any]:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) == len(items):
            return made
        first: dict[str, Any] = {}
        for key, value in items:
            if key in first:
                repeated.append((key, value, value == first[key]))
            else:
                first[key] = value
        return first

    try:
        document = json.loads(text, object_pairs_hook=pairs)
    except RecursionError as error:
        raise UnsafeSourceError(f"{source.name} is nested too deeply. It was refused.") from error
    except ValueError as error:
        raise SourceError(
            f"{source.name} is not valid JSON: {error}. Export the file again."
        ) from error
    if not isinstance(document, dict):
        raise SourceError(f"{source.name} is JSON but no OCEL: it holds no object at its top.")
    return document


def _mend(value: Any, damaged: list[str]) -> Any:
    """The document without lone surrogates; ``damaged`` takes the texts that had some."""
    if isinstance(value, str):
        whole = mended(value)
        if whole != value:
            damaged.append(value)
        return whole
    if isinstance(value, list):
        return [_mend(item, damaged) for item in value]
    if isinstance(value, dict):
        return {_mend(key, damaged): _mend(item, damaged) for key, item in value.items()}
    return value


def _check_nesting(data: bytes, source: Source, limit: int) -> None:
    """Refuse brackets nested deeper than ``limit``; brackets inside texts do not count."""
    depth, inside, rest = 0, 0, b""
    for start in range(0, len(data), _CHUNK):
        chunk = rest + data[start : start + _CHUNK]
        tail = len(chunk) - len(chunk.rstrip(b"\\"))
        rest = chunk[len(chunk) - tail :]
        chunk = chunk[: len(chunk) - tail]
        plain = np.frombuffer(chunk.replace(b"\\\\", b"").replace(b'\\"', b""), dtype=np.uint8)
        texts = np.bitwise_xor.accumulate((plain == _QUOTE).view(np.uint8)) ^ inside
        depths = np.cumsum(_STEPS[plain] * (texts ^ 1), dtype=np.int32) + depth
        if len(plain):
            if depths.max() > limit:
                raise UnsafeSourceError(
                    f"{source.name} is nested more than {limit} levels deep, and no event log is. "
                    "It was refused."
                )
            depth, inside = int(depths[-1]), int(texts[-1])


def _read_1(document: dict[str, Any], source: Source) -> Draft:
    draft = Draft(source.name, "1.0")
    log = _mapping(document.get("ocel:global-log", {}), "ocel:global-log", source)
    for kind in _list(log.get("ocel:object-types", []), "ocel:object-types", source):
        draft.declare(draft.declared_objects, kind, {})
    draft.meta["globals"] = {k: v for k, v in document.items() if k.startswith("ocel:global-")}
    for key in document.keys() - _KNOWN_1:
        draft.note("ocel_unread_part", "warning", key)
    objects = _mapping(document.get("ocel:objects", {}), "ocel:objects", source)
    for object_id, body in objects.items():
        record = _mapping(body, f"object {object_id}", source)
        at = draft.add_object(object_id, record.get("ocel:type"))
        for name, value in _mapping(record.get("ocel:ovmap", {}), "ocel:ovmap", source).items():
            draft.object_value(at, name, value)
    events = _mapping(document.get("ocel:events", {}), "ocel:events", source)
    for event_id, body in events.items():
        record = _mapping(body, f"event {event_id}", source)
        at = draft.add_event(event_id, record.get("ocel:activity"), record.get("ocel:timestamp"))
        for name, value in _mapping(record.get("ocel:vmap", {}), "ocel:vmap", source).items():
            draft.event_value(at, name, value)
        for target in _list(record.get("ocel:omap", []), "ocel:omap", source):
            draft.link(event_id, target, "", at)
    return draft


def _read_2(document: dict[str, Any], source: Source) -> Draft:
    draft = Draft(source.name, "2.0")
    for part in _PARTS_2:
        if part not in document:
            draft.dialect(f"without {part}")
    for key in document.keys() - set(_PARTS_2):
        draft.note("ocel_unread_part", "warning", key)
    for part, kinds in (
        ("eventTypes", draft.event_types),
        ("objectTypes", draft.declared_objects),
    ):
        for body in _records(document, part, source):
            attributes = _records(body, "attributes", source)
            declared = {str(a.get("name")): a.get("type") for a in attributes}
            draft.declare(kinds, body.get("name"), declared)
    for body in _records(document, "objects", source):
        at = draft.add_object(body.get("id"), body.get("type"))
        for value in _records(body, "attributes", source):
            time = value.get("time")
            draft.object_value(
                at, str(value.get("name")), value.get("value"), None if time is None else str(time)
            )
        for link in _records(body, "relationships", source):
            draft.object_link(body.get("id"), *_reference(draft, link))
    for body in _records(document, "events", source):
        at = draft.add_event(body.get("id"), body.get("type"), body.get("time"))
        for value in _records(body, "attributes", source):
            draft.event_value(at, str(value.get("name")), value.get("value"))
        for link in _records(body, "relationships", source):
            draft.link(body.get("id"), *_reference(draft, link), at)
    return draft


def _reference(draft: Draft, link: dict[str, Any]) -> tuple[object, object]:
    """Object id and qualifier; the specification's texts also say ``relationship``."""
    target = link.get("objectId")
    if target is None and "object-id" in link:
        target = link["object-id"]
        draft.dialect("object-id for objectId")
    if "qualifier" in link or "relationship" not in link:
        return target, link.get("qualifier")
    draft.dialect("relationship for qualifier")
    return target, link["relationship"]


def _records(record: dict[str, Any], key: str, source: Source) -> list[dict[str, Any]]:
    found = record.get(key)
    items = [] if found is None else _list(found, key, source)
    return [_mapping(item, f"an item of {key}", source) for item in items]


def _mapping(value: Any, what: str, source: Source) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise SourceError(
        f"{source.name}: {what} should be an object with keys, and is {json_text(value)[:80]}. "
        "Export the file again."
    )


def _list(value: Any, what: str, source: Source) -> list[Any]:
    if isinstance(value, list):
        return value
    raise SourceError(
        f"{source.name}: {what} should be a list, and is {json_text(value)[:80]}. "
        "Export the file again."
    )
