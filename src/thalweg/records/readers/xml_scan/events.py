"""Expat with a guard: for formats whose logs are small enough for a call per element."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from xml.parsers import expat

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import ReadRequest
from thalweg.records.readers.xml_scan.text import open_utf8
from thalweg.records.sources import Source

_BLOCK_BYTES = 1024**2

Started = Callable[[str, dict[str, str]], None]
Ended = Callable[[str, str], None]


class GuardedParser:
    """Feeds a document to two functions, block by block.

    ``started`` is called with the name (without prefix) and XML attributes of each element;
    ``ended`` with its name and the text directly in it.
    """

    def __init__(
        self, source: Source, request: ReadRequest, started: Started, ended: Ended
    ) -> None:
        self._source, self._request = source, request
        self._started, self._ended = started, ended
        self._texts: list[list[str]] = []
        self._held = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def run(self) -> Iterator[None]:
        """Parse on; gives control back after each block.

        Raises   SourceError: damaged, cut off or in another encoding. UnsafeSourceError: a
                 document type, too deep, or a value that is too large.
        """
        decoder, fed = codecs.getincrementaldecoder("utf-8")(), 0
        with open_utf8(self._source, self._request.encoding, self._request.progress) as stream:
            while data := stream.read(_BLOCK_BYTES):
                self._check(decoder, data)
                self._parse(data, final=False)
                fed += len(data)
                waiting = fed - max(0, self._parser.CurrentByteIndex)
                if waiting > self._request.limits.cell_bytes + _BLOCK_BYTES:
                    raise self._too_long()
                yield
            self._parse(b"", final=True)
            yield

    @property
    def place(self) -> str:
        return f"{self._source.name}, line {self._parser.CurrentLineNumber:,}"

    def _parse(self, data: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            raise SourceError(
                f"{self._source.name}, line {error.lineno:,} is not well-formed XML: "
                f"{expat.errors.messages[error.code]}. Export the log again, or repair that line."
            ) from error

    def _check(self, decoder: codecs.IncrementalDecoder, data: bytes) -> None:
        try:
            decoder.decode(data)
        except UnicodeDecodeError as error:
            line = self._parser.CurrentLineNumber + error.object[: error.start].count(b"\n")
            raise SourceError(
                f"{self._source.name}, line {line:,} is not UTF-8: "
                f"{error.object[error.start : error.end]!r}. Give the encoding that the file is "
                "written in with --encoding."
            ) from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        limits = self._request.limits
        if len(self._texts) >= limits.nesting:
            raise self._unsafe(f"nests elements more than {limits.nesting} deep")
        if any(len(value) > limits.cell_bytes for value in attributes.values()):
            raise self._too_long()
        self._texts.append([])
        self._held = 0
        self._started(tag.rpartition(":")[2], attributes)

    def _end(self, tag: str) -> None:
        self._held = 0
        self._ended(tag.rpartition(":")[2], "".join(self._texts.pop()))

    def _text(self, data: str) -> None:
        self._texts[-1].append(data)
        self._held += len(data)
        if self._held > self._request.limits.cell_bytes:
            raise self._too_long()

    def _doctype(self, *_: object) -> None:
        raise self._unsafe("declares a document type, through which harm can be done")

    def _too_long(self) -> UnsafeSourceError:
        return self._unsafe(f"holds a value of more than {self._request.limits.cell_bytes:,} bytes")

    def _unsafe(self, what: str) -> UnsafeSourceError:
        return UnsafeSourceError(
            f"{self.place} {what}. It was refused; export the log again without it."
        )
