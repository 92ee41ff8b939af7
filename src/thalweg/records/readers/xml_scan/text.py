"""A source of any encoding as a stream of UTF-8 bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from thalweg.errors import SourceError
from thalweg.records.readers.notes import Notes
from thalweg.records.sources import Source

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._\-]*)[\"']")
_ASCII_LIKE = {"ascii", "utf-8"}
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}
"""Names that exports use for more than they cover."""


@dataclass(frozen=True, slots=True)
class Utf8Stream:
    """UTF-8 bytes of a source. ``encoding`` is what the source itself is written in."""

    encoding: str
    read: Callable[[int], bytes]


@contextmanager
def open_utf8(
    source: Source, encoding: str | None = None, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Utf8Stream]:
    """Open a source as UTF-8 without byte order mark.

    Takes    encoding: what the user says; otherwise the mark or the declaration decides, and
             UTF-8 where there is neither.
    Raises   SourceError: the encoding is unknown, or bytes don't fit it. Bytes that claim to be
             UTF-8 are passed on unchecked.
    """
    with source.open(progress) as stream:
        head = stream.read(4096)
        found, mark = _detect(source, head)
        name = _codec(source, encoding) if encoding else found
        head = head[mark:]
        if name in _ASCII_LIKE:
            yield Utf8Stream("utf-8", _plain(stream, head))
        else:
            yield Utf8Stream(name, _transcoded(source, stream, head, name))


def tell_encoding(source: Source, stated: str | None, notes: Notes) -> None:
    """Note the encoding of a source that is not in UTF-8."""
    with open_utf8(source, stated) as stream:
        if stream.encoding != "utf-8":
            code = "encoding_stated" if stated else "encoding_detected"
            notes.add(code, "note", 1, detail={"encoding": stream.encoding})


def _detect(source: Source, head: bytes) -> tuple[str, int]:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    for start, name in _UNMARKED:
        if head.startswith(start):
            return name, 0
    declared = _DECLARED.match(head)
    if declared is None:
        return "utf-8", 0
    name = _codec(source, declared[1].decode())
    return ("utf-8" if name.startswith(("utf-16", "utf-32")) else name), 0


def _codec(source: Source, name: str) -> str:
    try:
        codec = codecs.lookup(name).name
        b"".decode(codec)
    except LookupError as error:
        raise SourceError(
            f"{source.name} says that it is written in {name!r}, which is no known encoding. "
            "Give the right one with --encoding."
        ) from error
    return _WIDER.get(codec, codec)


def _plain(stream: BinaryIO, head: bytes) -> Callable[[int], bytes]:
    rest = [head]

    def read(size: int) -> bytes:
        return rest.pop() + stream.read(size) if rest else stream.read(size)

    return read


def _transcoded(source: Source, stream: BinaryIO, head: bytes, name: str) -> Callable[[int], bytes]:
    decoder = codecs.getincrementaldecoder(name)()
    rest = [head]

    def read(size: int) -> bytes:
        while True:
            data = rest.pop() if rest else stream.read(size)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise SourceError(
                    f"{source.name} is not written in {name}: {error.reason} at "
                    f"{error.object[error.start : error.end]!r}. Give the right encoding "
                    "with --encoding."
                ) from error
            if text or not data:
                return text.encode("utf-8", "surrogatepass")

    return read
