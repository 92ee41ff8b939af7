"""A long XML document as a run of short ones.

Each chunk holds whole children of the root and begins with the root's own start tag, so that it
can be scanned without knowing the others, and memory depends on the largest child alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import ReadRequest
from thalweg.records.readers.xml_scan import tokens as t
from thalweg.records.readers.xml_scan.text import Utf8Stream, open_utf8
from thalweg.records.readers.xml_scan.values import decode
from thalweg.records.sources import Source

CHUNK_BYTES = 16 * 1024**2
LARGEST_CHILD_BYTES = 2**31 - 2 * CHUNK_BYTES

_CLOSED = b"<closed/>"
"""Stands before what follows the end of the root."""

_PLAIN_WORDS = {
    t.MALFORMED: "is not well-formed XML",
    t.MISMATCHED: "closes an element that is not the one last opened",
    t.BAD_REFERENCE: "refers to an entity that XML does not know",
    t.BAD_CHARACTER: "holds a character that XML forbids",
    t.STRAY: "has content outside the root element",
    t.TRUNCATED: "ends in the middle",
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Elements and attributes of some children of the root.

    ``data`` backs all offsets; the root is element 0. ``first`` marks the chunk that really
    holds the root's start. ``texts`` counts runs of text between elements.
    """

    data: bytes
    buf: t.Bytes
    elements: t.Ints
    attributes: t.Ints
    first: bool
    texts: int

    def name(self, element: int) -> str:
        """Name of an element as written."""
        at, length = self.elements[element, [t.NAME_AT, t.NAME_LEN]]
        return self.data[at : at + length].decode()

    def attributes_of(self, element: int) -> dict[str, str]:
        """All XML attributes of an element, decoded. For the few elements outside traces."""
        rows = self.elements[[element, element + 1], t.FIRST_ATTRIBUTE]
        found = {}
        for _, name_at, name_len, at, length, coded in self.attributes[rows[0] : rows[1]].tolist():
            raw = self.data[at : at + length]
            name = self.data[name_at : name_at + name_len].decode()
            found[name] = _decoded(raw) if coded else raw.decode()
        return found

    def children(self, element: int) -> Iterator[int]:
        """Elements directly below an element."""
        child = element + 1
        while child < self.elements[element, t.NEXT]:
            yield child
            child = int(self.elements[child, t.NEXT])


def _decoded(raw: bytes) -> str:
    """An attribute value as text: white space folded, references resolved."""
    buf, out = np.frombuffer(raw, np.uint8), np.empty(len(raw), np.uint8)
    return out[: decode(buf, 0, len(raw), 1, out, 0)].tobytes().decode()


def chunks(source: Source, request: ReadRequest, vocabulary: Sequence[str]) -> Iterator[Chunk]:
    """Scan a source from its start to its end.

    Takes    vocabulary: names of elements and attributes, coded by their place.
    Raises   SourceError: not XML, damaged or cut off. UnsafeSourceError: a document type, too
             deep, or a value or a child of the root that is too large.
    """
    words = np.frombuffer("".join(vocabulary).encode(), np.uint8)
    word_at = np.cumsum([0, *(len(w) for w in vocabulary)]).astype(np.int32)
    with open_utf8(source, request.encoding, request.progress) as stream:
        yield from _Cutter(source, request, stream, words, word_at).run()


class _Cutter:
    """Holds the tables that are used again for every chunk."""

    def __init__(
        self, source: Source, request: ReadRequest, stream: Utf8Stream,
        words: t.Bytes, word_at: t.Ints,
    ) -> None:  # fmt: skip
        self._source, self._request, self._stream = source, request, stream
        self._words, self._word_at = words, word_at
        self._elements = np.empty((CHUNK_BYTES // 48, 7), np.int32)
        self._attributes = np.empty((CHUNK_BYTES // 32, 6), np.int32)
        self._out: NDArray[np.int64] = np.zeros(6, np.int64)
        self._before = 0

    def run(self) -> Iterator[Chunk]:
        """Cut until the source ends. One thread expands the next bytes meanwhile."""
        root, rest, size, closed = b"", b"", CHUNK_BYTES, False
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._stream.read, size)
            while True:
                fresh = coming.result()
                if fresh:
                    coming = ahead.submit(self._stream.read, size)
                data = b"".join((root, rest, fresh))
                status = self._scan(data)
                _, _, consumed, texts, where, depth = self._out.tolist()
                self._refuse(data, root, status, where)
                seen = consumed > len(root)
                if seen:
                    self._check_text(data, len(root), consumed)
                    start = root or _root_tag(data, self._elements, self._attributes)
                    yield self._chunk(data, not root, texts)
                    closed = depth == 0
                    root_next = _CLOSED if closed else start
                else:
                    root_next = root
                if not fresh:
                    break
                unread = data[max(consumed, len(root)) :]
                self._before += len(rest) + len(fresh) - len(unread)
                root, rest, size = root_next, unread, CHUNK_BYTES if seen else 2 * size
        if not closed or status != t.FINE:
            raise self._error(t.TRUNCATED, len(data) - len(root))

    def _scan(self, data: bytes) -> int:
        buf, limits = np.frombuffer(data, np.uint8), self._request.limits
        while True:
            status = int(
                t.scan(
                    buf, self._words, self._word_at, limits.nesting, limits.cell_bytes,
                    self._elements, self._attributes, self._out,
                )
            )  # fmt: skip
            if status != t.FULL:
                return status
            self._elements = np.empty((2 * len(self._elements), 7), np.int32)
            self._attributes = np.empty((2 * len(self._attributes), 6), np.int32)

    def _chunk(self, data: bytes, first: bool, texts: int) -> Chunk:
        n_elements, n_attributes = self._out[[t.N_ELEMENTS, t.N_ATTRIBUTES]].tolist()
        elements = self._elements[: n_elements + 1]
        elements[0, t.NEXT] = n_elements
        attributes = self._attributes[:n_attributes]
        return Chunk(data, np.frombuffer(data, np.uint8), elements, attributes, first, texts)

    def _refuse(self, data: bytes, root: bytes, status: int, where: int) -> None:
        limits, at = self._request.limits, where - len(root)
        unfinished = status == t.TRUNCATED and len(data) - where > limits.cell_bytes + CHUNK_BYTES
        if status == t.DOCTYPE:
            raise self._unsafe(at, "declares a document type, through which harm can be done")
        if status == t.TOO_DEEP:
            raise self._unsafe(at, f"nests elements more than {limits.nesting} deep")
        if status == t.TOO_MANY:
            raise self._unsafe(at, f"has more than {t.MOST_IN_A_TAG:,} attributes in one tag")
        if status == t.TOO_LONG or unfinished:
            raise self._unsafe(at, f"holds a value of more than {limits.cell_bytes:,} bytes")
        if len(data) > LARGEST_CHILD_BYTES:
            raise self._unsafe(at, f"holds one element of more than {len(data):,} bytes")
        if status not in (t.FINE, t.TRUNCATED):
            raise self._error(status, at)

    def _check_text(self, data: bytes, start: int, end: int) -> None:
        if data.isascii():
            return
        try:
            str(memoryview(data)[start:end], "utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{self._place(error.start)} is not UTF-8: {error.object[error.start : error.end]!r}. "
                "Give the encoding that the file is written in with --encoding."
            ) from error

    def _error(self, status: int, at: int) -> SourceError:
        return SourceError(
            f"{self._place(at)} {_PLAIN_WORDS[status]}. Export the log again, or repair that line."
        )

    def _unsafe(self, at: int, what: str) -> UnsafeSourceError:
        return UnsafeSourceError(
            f"{self._place(at)} {what}. It was refused; export the log again without it."
        )

    def _place(self, at: int) -> str:
        """Name of the source and line, by reading once more up to the place."""
        left, line = self._before + at, 1
        with open_utf8(self._source, self._request.encoding) as stream:
            while left > 0 and (data := stream.read(min(left, CHUNK_BYTES))):
                line += data[:left].count(b"\n")
                left -= len(data)
        return f"{self._source.name}, line {line:,}"


def _root_tag(data: bytes, elements: t.Ints, attributes: t.Ints) -> bytes:
    """The root's start tag as written."""
    root, end = elements[0], int(elements[0, t.NAME_AT] + elements[0, t.NAME_LEN])
    if elements[1, t.FIRST_ATTRIBUTE] > 0:
        last = attributes[elements[1, t.FIRST_ATTRIBUTE] - 1]
        end = int(last[t.AT] + last[t.LEN]) + 1
    return data[root[t.POSITION] : data.index(b">", end) + 1]
