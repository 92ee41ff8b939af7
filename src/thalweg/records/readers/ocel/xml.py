"""OCEL 1.0 and 2.0 in XML, record by record.

OCEL 2.0 is written in two dialects: the published schema refers to objects as ``<object>``, all
shipped examples as ``<relationship>``; a qualifier may also be called ``relationship``. Both are
read, and what departs from the examples is named in the findings.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Intake, ReadRequest
from thalweg.records.readers.ocel.build import intake
from thalweg.records.readers.ocel.draft import Draft
from thalweg.records.readers.ocel.values import ValueType, value_type
from thalweg.records.sources import Source

_CHUNK: Final = 1024**2
_PARTS: Final = {"event-types", "object-types", "events", "objects"}
_FIELDS_1: Final = {"string", "date", "int", "float", "boolean", "list"}
_EXPAT_KNOWS: Final = {"utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "iso-8859-1"}
_NIL: Final = ":nil"


class Element:
    """One element with its descendants; its tag is without namespace prefix."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes, self.text = tag, attributes, ""
        self.children: list[Element] = []

    def find(self, tag: str) -> list[Element]:
        """Children of all children with this tag (``attributes``, ``objects``)."""
        return [item for child in self.children if child.tag == tag for item in child.children]


def read(source: Source, request: ReadRequest) -> Intake:
    """Read OCEL 1.0 or 2.0 XML; which of them is told by the shape of its records.

    Raises   SourceError: not well-formed, or no OCEL.
             UnsafeSourceError: it declares a document type or entities, nests deeper or holds a
             longer text than the limits allow.
    """
    draft = Draft(source.name, "2.0")
    builder = _Builder(source, request)
    with source.open(request.progress) as stream:
        for element in _elements(stream, builder, request):
            if element.tag == "global" or any(c.tag in _FIELDS_1 for c in element.children):
                draft.version = "1.0"
                _take_1(draft, element)
            else:
                _take_2(draft, element)
    if not builder.parts & _PARTS:
        raise SourceError(
            f"{source.name} is XML but no OCEL: below its root are "
            f"{', '.join(sorted(builder.parts)[:5]) or 'no elements'} instead of events and objects."
        )
    for part in sorted(builder.parts - _PARTS - {"global"}):
        draft.note("ocel_unread_part", "warning", part)
    return intake(draft, request, "ocel1-xml" if draft.version == "1.0" else "ocel2-xml")


def _elements(stream: BinaryIO, builder: _Builder, request: ReadRequest) -> Iterator[Element]:
    """Records at depth 3 (``log/events/event``) or 2 (``log/global``), as they are closed."""
    source = builder.source
    head = stream.read(_CHUNK)
    decoder = _decoder(head, request)
    parser = expat.ParserCreate("utf-8" if decoder else None)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    chunk = head
    try:
        while chunk:
            parser.Parse(decoder(chunk, False) if decoder else chunk, False)
            yield from builder.take()
            chunk = stream.read(_CHUNK)
        parser.Parse(decoder(b"", True) if decoder else b"", True)
        yield from builder.take()
    except expat.ExpatError as error:
        raise SourceError(
            f"{source.name} is not well-formed XML: {expat.errors.messages[error.code]}, "
            f"line {error.lineno}, column {error.offset}. Export the file again."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{source.name} cannot be decoded: {error}. Name its encoding."
        ) from error


def _decoder(head: bytes, request: ReadRequest) -> Callable[[bytes, bool], bytes] | None:
    """Turns bytes into UTF-8 where expat cannot, as for GB18030; None where it can."""
    declared = re.match(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)""", head)
    name = request.encoding or (declared.group(1).decode("ascii") if declared else "utf-8")
    try:
        known = codecs.lookup(name)
    except LookupError as error:
        raise SourceError(f"There is no encoding {name!r}. Name another, e.g. gb18030.") from error
    if not request.encoding and known.name in _EXPAT_KNOWS:
        return None
    decoder = known.incrementaldecoder("strict")
    return lambda data, final: decoder.decode(data, final).encode("utf-8")


class _Builder:
    """Builds one record at a time from the parser's events, within the limits."""

    def __init__(self, source: Source, request: ReadRequest) -> None:
        self.source, self._limits = source, request.limits
        self.parts: set[str] = set()
        """Names of the root's children."""
        self._part = ""
        self._open: list[Element | None] = []
        self._done: list[Element] = []

    def take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2] if ":" in tag else tag
        if len(self._open) >= self._limits.nesting:
            raise UnsafeSourceError(
                f"{self.source.name} is nested more than {self._limits.nesting} levels deep, and "
                "no event log is. It was refused."
            )
        parent = self._open[-1] if self._open else None
        if parent is None and not self._begins(name):
            self._open.append(None)
            return
        element = Element(name, attributes)
        if parent is not None:
            parent.children.append(element)
        self._open.append(element)

    def _begins(self, name: str) -> bool:
        """Whether an element of this name, opened now, is a record."""
        if len(self._open) == 1:
            self.parts.add(name)
            self._part = name
            return name == "global"
        return len(self._open) == 2 and self._part in _PARTS and name == self._part[:-1]

    def end(self, _: str) -> None:
        element = self._open.pop()
        if element is not None and (not self._open or self._open[-1] is None):
            self._done.append(element)

    def text(self, data: str) -> None:
        element = self._open[-1] if self._open else None
        if element is not None:
            element.text += data
            if len(element.text) > self._limits.cell_bytes:
                raise UnsafeSourceError(
                    f"{self.source.name} holds a text of more than {self._limits.cell_bytes:,} "
                    "characters. It was refused."
                )

    def refuse(self, *_: object) -> None:
        raise UnsafeSourceError(
            f"{self.source.name} declares a document type or entities, which no event log needs "
            "and which can do harm. It was refused; remove the <!DOCTYPE …> part."
        )


def _take_2(draft: Draft, element: Element) -> None:
    own = element.attributes
    if element.tag.endswith("-type"):
        kinds = draft.event_types if element.tag == "event-type" else draft.declared_objects
        attributes = [item.attributes for item in element.find("attributes")]
        declared: dict[str, object] = {a.get("name", ""): a.get("type") for a in attributes}
        draft.declare(kinds, own.get("name"), declared)
    elif element.tag == "object":
        at = draft.add_object(own.get("id"), own.get("type"))
        for item in element.find("attributes"):
            name, time = item.attributes.get("name", ""), item.attributes.get("time")
            draft.object_value(at, name, _value(item), time)
        for item in element.find("objects"):
            draft.object_link(own.get("id"), *_reference(draft, item))
    else:
        at = draft.add_event(own.get("id"), own.get("type"), own.get("time"))
        for item in element.find("attributes"):
            draft.event_value(at, item.attributes.get("name", ""), _value(item))
        for item in element.find("objects"):
            draft.link(own.get("id"), *_reference(draft, item), at)


def _value(item: Element) -> str | None:
    """Text of an attribute element; none if it is marked ``xsi:nil``."""
    if item.text:
        return item.text
    nil = any(key.endswith(_NIL) and value == "true" for key, value in item.attributes.items())
    return None if nil else ""


def _reference(draft: Draft, item: Element) -> tuple[str | None, str | None]:
    """Object id and qualifier of a reference in any of the dialects."""
    own = item.attributes
    if item.tag != "relationship":
        draft.dialect(f"{item.tag} for relationship")
    if "qualifier" in own or "relationship" not in own:
        return own.get("object-id"), own.get("qualifier")
    draft.dialect("attribute relationship for qualifier")
    return own.get("object-id"), own["relationship"]


def _take_1(draft: Draft, element: Element) -> None:
    if element.tag == "global":
        _take_global(draft, element)
        return
    fields = {item.attributes.get("key", ""): item for item in element.children}
    if element.tag == "object":
        at = draft.add_object(_field(fields, "id"), _field(fields, "type"))
        for name, value, kind in _listed(fields, "ovmap"):
            draft.object_value(at, name, value, kind=kind)
        return
    event = _field(fields, "id")
    at = draft.add_event(event, _field(fields, "activity"), _field(fields, "timestamp"))
    for name, value, kind in _listed(fields, "vmap"):
        draft.event_value(at, name, value, kind)
    for _, target, _ in _listed(fields, "omap"):
        draft.link(event, target, "", at)


def _take_global(draft: Draft, element: Element) -> None:
    scope = element.attributes.get("scope", "")
    known: dict[str, object] = {}
    for item in element.children:
        key = item.attributes.get("key", "")
        values = [child.attributes.get("value") for child in item.children]
        known[key] = values if item.tag == "list" else item.attributes.get("value")
        if key == "object-types":
            for kind in values:
                draft.declare(draft.declared_objects, kind, {})
    draft.meta.setdefault("globals", {})[f"ocel:global-{scope}"] = known


def _field(fields: dict[str, Element], key: str) -> str | None:
    return fields[key].attributes.get("value") if key in fields else None


def _listed(
    fields: dict[str, Element], key: str
) -> Iterator[tuple[str, str | None, ValueType | None]]:
    """Name, text and type of the items of a list such as ``vmap``."""
    for item in fields[key].children if key in fields else ():
        yield item.attributes.get("key", ""), item.attributes.get("value"), value_type(item.tag)
