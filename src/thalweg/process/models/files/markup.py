"""Model files as a tree of XML elements, read by expat with a guard.

A model file comes from anywhere. Document types (and with them entities), deep nesting, huge values
and huge files are refused before they can do harm; names are told apart by their namespace, so
that any prefix will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from xml.parsers import expat

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.readers.xml_scan.text import open_utf8
from thalweg.records.sources import Source, expand

DEEPEST = 256
LONGEST_VALUE = 1024**2
LARGEST_BYTES = 128 * 1024**2
MOST_ELEMENTS = 2_000_000
_BLOCK_BYTES = 256 * 1024
_MOST_BLOCKS = LARGEST_BYTES // _BLOCK_BYTES
_BREAK = re.compile(r"\s*[\r\n]\s*")
_BARE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|&(?!#?[A-Za-z0-9]+;)", re.DOTALL)


@dataclass(slots=True)
class Element:
    """One element. attributes: those without a namespace by name, others as ``space name``."""

    space: str
    name: str
    prefix: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, default: str = "") -> str:
        """An attribute without the blanks around it."""
        return self.attributes.get(name, default).strip()

    def first(self, name: str) -> Element | None:
        """The first child of that name, in any namespace."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> Iterator[Element]:
        """The children of that name, in any namespace."""
        return (child for child in self.children if child.name == name)

    def walk(self) -> Iterator[Element]:
        """The element and all below it, in document order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack.extend(reversed(element.children))


def one_line(text: str) -> str:
    """A name as it is written, but line breaks, with the blanks around them, are one blank.

    Blanks within and around a name on one line stay: activities of a log may have them too.
    """
    if text.strip() and not _BREAK.search(text):
        return text
    return _BREAK.sub(" ", text.strip())


@dataclass(frozen=True, slots=True)
class Markup:
    """A document. mended: bare ampersands that were read as text (ProM writes such)."""

    root: Element
    mended: int = 0


def read_markup(path: str | Path) -> Markup:
    """The elements of an XML file, which may be compressed with gzip.

    A document that fails is read once more with its bare ampersands ("Milling & Turning") taken as
    text, which they can only be.

    Raises   SourceError: no such file, not well-formed, or in an unknown encoding.
             UnsafeSourceError: a document type, elements nested too deep, or too much of anything.
    """
    sources = expand(Path(path))
    if len(sources) != 1:
        raise SourceError(f"{path} is an archive of {len(sources)} files. Give one model file.")
    try:
        return Markup(_parsed(sources[0], _blocks(sources[0])))
    except UnsafeSourceError:
        raise
    except SourceError:
        text, mended = _with_ampersands(b"".join(islice(_blocks(sources[0]), _MOST_BLOCKS)))
        if not mended:
            raise
        return Markup(_parsed(sources[0], iter((text,))), mended)


def _blocks(source: Source) -> Iterator[bytes]:
    with open_utf8(source) as stream:
        while data := stream.read(_BLOCK_BYTES):
            yield data


def _parsed(source: Source, blocks: Iterable[bytes]) -> Element:
    reader, fed = _Reader(source.name), 0
    for data in blocks:
        fed += len(data)
        if fed > LARGEST_BYTES:
            raise reader.unsafe(f"goes on beyond {LARGEST_BYTES // 1024**2} MiB")
        reader.feed(data, final=False)
    reader.feed(b"", final=True)
    return reader.root


def _with_ampersands(data: bytes) -> tuple[bytes, int]:
    """Bare ampersands outside of comments and CDATA escaped, and how many there were."""
    count = 0

    def escaped(found: re.Match[bytes]) -> bytes:
        nonlocal count
        count += found[0] == b"&"
        return b"&amp;" if found[0] == b"&" else found[0]

    return _BARE.sub(escaped, data), count


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._top = Element("", "", "", {}, 0)
        self._open = [self._top]
        self._texts: list[list[str]] = [[]]
        self._prefixes: dict[str, str] = {}
        self._elements = self._held = 0
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartNamespaceDeclHandler = self._namespace

    @property
    def root(self) -> Element:
        return self._top.children[0]

    def feed(self, data: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            raise SourceError(
                f"{self._name}, line {error.lineno:,} is not well-formed XML: "
                f"{expat.errors.messages[error.code]}. Export the model again, or repair that line."
            ) from error

    def unsafe(self, what: str) -> UnsafeSourceError:
        return UnsafeSourceError(
            f"{self._name}, line {self._parser.CurrentLineNumber:,} {what}. "
            "It was refused; export the model again without it."
        )

    def _namespace(self, prefix: str | None, space: str | None) -> None:
        self._prefixes.setdefault(space or "", prefix or "")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._held = 0
        if len(self._open) > DEEPEST:
            raise self.unsafe(f"nests elements more than {DEEPEST} deep")
        if self._elements > MOST_ELEMENTS:
            raise self.unsafe(f"begins more than {MOST_ELEMENTS:,} elements")
        if any(len(value) > LONGEST_VALUE for value in attributes.values()):
            raise self._too_long()
        space, _, name = tag.rpartition(" ")
        prefix = self._prefixes.get(space, "")
        element = Element(space, name, prefix, attributes, self._parser.CurrentLineNumber)
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._held = 0
        self._open.pop().text = "".join(self._texts.pop())

    def _text(self, data: str) -> None:
        self._texts[-1].append(data)
        self._held += len(data)
        if self._held > LONGEST_VALUE:
            raise self._too_long()

    def _doctype(self, *_: object) -> None:
        raise self.unsafe("declares a document type, through which harm can be done")

    def _too_long(self) -> UnsafeSourceError:
        return self.unsafe(f"holds a value of more than {LONGEST_VALUE:,} letters")
