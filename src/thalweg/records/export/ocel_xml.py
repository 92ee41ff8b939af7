"""OCEL 2.0 in XML, in the dialect of all shipped examples (``<relationship>`` references).

The published schema asks for ``<object>`` references instead. Readers in use lose links to
objects that are written so, hence this dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from thalweg.errors import RequestError
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

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<log xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)


def write_ocel_xml(frames: OcelFrames, path: Path) -> tuple[Finding, ...]:
    """Write OCEL 2.0 XML; ``path`` appears when it is complete.

    A change to no value, which the format does not foresee, is marked ``xsi:nil``.

    Returns  what was changed or could not be written.
    Raises   RequestError: a text holds a character that XML cannot. BookError: the file cannot
             be written.
    """
    with put_in_place(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_HEAD)
        for tag, kinds in (("object", object_kinds(frames)), ("event", event_kinds(frames))):
            out.write(f"<{tag}-types>\n")
            out.writelines(_types(tag, kinds))
            out.write(f"</{tag}-types>\n")
        out.write("<objects>\n")
        out.writelines(map(_object, object_records(frames)))
        out.write("</objects>\n<events>\n")
        out.writelines(map(_event, event_records(frames)))
        out.write("</events>\n</log>\n")
    return (*frames.notes, *unplaced(frames))


def _types(tag: str, kinds: Kinds) -> Iterator[str]:
    for name, attributes in kinds.items():
        inner = "".join(
            f'<attribute name="{_text(key)}" type="{kind}"/>' for key, kind in attributes.items()
        )
        yield f'<{tag}-type name="{_text(name)}"><attributes>{inner}</attributes></{tag}-type>\n'


def _event(record: EventRecord) -> str:
    values = "".join(
        f'<attribute name="{_text(name)}">{_text(value)}</attribute>'
        for name, value in record.values
    )
    return (
        f'<event id="{_text(record.id)}" type="{_text(record.type)}" time="{record.time}">'
        f"<attributes>{values}</attributes>{_links(record.links)}</event>\n"
    )


def _object(record: ObjectRecord) -> str:
    values = "".join(
        f'<attribute name="{_text(name)}" time="{at}" xsi:nil="true"/>'
        if value is None
        else f'<attribute name="{_text(name)}" time="{at}">{_text(value)}</attribute>'
        for name, at, value in record.values
    )
    return (
        f'<object id="{_text(record.id)}" type="{_text(record.type)}">'
        f"<attributes>{values}</attributes>{_links(record.links)}</object>\n"
    )


def _links(links: Links) -> str:
    inner = "".join(
        f'<relationship object-id="{_text(target)}" qualifier="{_text(qualifier)}"/>'
        for target, qualifier in links
    )
    return f"<objects>{inner}</objects>"


def _text(text: str) -> str:
    """Text for an element or an attribute, with white space kept."""
    found = _FORBIDDEN.search(text)
    if found:
        raise RequestError(
            f"XML cannot hold the character U+{ord(found.group()):04X}, which is in "
            f"{text[:60]!r}. Export as JSON or SQLite instead."
        )
    return text.translate(_ESCAPES)
