"""Which encoding a text is in, judged by its own bytes, and decoding that loses nothing unseen.

The sample starts where the first byte beyond ASCII stands, wherever in the source that is.
Byte-order marks and strict UTF-8 settle most files; between GBK and Big5 decides the share of
characters that each standard counts among the common ones; for anything else
charset-normalizer is asked.
"""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, field
from typing import IO

from thalweg.errors import RequestError
from thalweg.records.sources import Source

_CHUNK = 1024**2
_SAMPLE_BYTES = 256 * 1024
_SURE = 0.85
"""Share of common characters from which a Chinese encoding is believed."""
_BOMS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: its name for people, the codec that reads it, and why it is believed.

    confidence   0 to 1; 1 for a byte-order mark, a statement by the user or strict UTF-8.
    bom          the source starts with a byte-order mark.
    """

    name: str
    codec: str
    confidence: float
    bom: bool = False


@dataclass(slots=True)
class Damaged:
    """Bytes that the encoding cannot hold: how many places, and the first lines they are on."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def note(self, line: int) -> None:
        self.count += 1
        if len(self.lines) < _EXAMPLES:
            self.lines.append(line)


def stated_encoding(name: str, source: Source) -> Encoding:
    """The encoding that the user stated.

    Raises   RequestError: there is no such encoding.
    """
    try:
        codec = codecs.lookup(name).name
    except LookupError as error:
        raise RequestError(
            f"There is no encoding {name!r}. Common ones are utf-8, gb18030, big5, utf-16 and "
            "latin-1."
        ) from error
    head = source.head(4)
    for mark, _, bom_codec in _BOMS:
        if head.startswith(mark) and codec in (bom_codec, bom_codec[:6], "utf-8-sig"):
            return Encoding(name, bom_codec, 1.0, True)
    return Encoding(name, {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(codec, codec), 1.0)


def detect_encoding(source: Source) -> Encoding:
    """The encoding of a source, from a sample that holds its first bytes beyond ASCII."""
    with source.open() as stream:
        head, sample = _sample(stream)
    for mark, name, codec in _BOMS:
        if head.startswith(mark):
            return Encoding(name, codec, 1.0, True)
    if b"\x00" in head and (wide := _wide(head)):
        return wide
    return detect_bytes(sample)


def detect_bytes(sample: bytes) -> Encoding:
    """The encoding of some whole lines without a byte-order mark."""
    if sample.isascii():
        return Encoding("utf-8", "utf-8", 1.0)
    sound = _utf8_share(sample)
    if sound == 1.0:
        return Encoding("utf-8", "utf-8", 1.0)
    chinese = max(_gb(sample), _big5(sample), key=lambda e: e.confidence)
    if sound >= _SURE and sound > chinese.confidence:
        return Encoding("utf-8", "utf-8", round(sound, 3))
    if chinese.confidence >= _SURE:
        return chinese
    return _western(sample) or _asked(sample) or chinese


def _sample(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """The first bytes, and the lines from the first byte beyond ASCII on (or the first bytes)."""
    head = b""
    kept = b""
    while chunk := stream.read(_CHUNK):
        head = head or chunk[:_SAMPLE_BYTES]
        if b"\x00" in head[:4096]:
            break
        if kept or not chunk.isascii():
            kept += chunk
            lines = b"\n".join(x for x in kept.split(b"\n")[:-1] if not x.isascii())
            if len(lines) >= _SAMPLE_BYTES or len(kept) > 8 * _CHUNK:
                return head, lines[:_SAMPLE_BYTES].rsplit(b"\n", 1)[0]
    lines = b"\n".join(x for x in kept.split(b"\n") if not x.isascii())
    return head, lines or head


def _wide(head: bytes) -> Encoding | None:
    """UTF-16 or UTF-32 without a mark: the reading that gives line ends and no zero bytes."""
    best: tuple[float, str] | None = None
    for codec in _WIDE:
        usable = head[: len(head) // 4 * 4]
        try:
            text = usable.decode(codec)
        except UnicodeDecodeError as error:
            if error.start < len(usable) - 4:
                continue
            text = usable[: error.start].decode(codec)
        plain = sum(c.isprintable() or c in "\r\n\t" for c in text)
        known = sum(" " <= c <= "~" or c in "\r\n\t" or "\u4e00" <= c <= "\u9fff" for c in text)
        score = known / max(len(text), 1)
        if plain == len(text) and (best is None or score > best[0]):
            best = (score, codec)
    return None if best is None else Encoding(best[1], best[1], round(best[0], 3))


def _utf8_share(sample: bytes) -> float:
    """Share of the bytes beyond ASCII that stand in sound UTF-8 characters."""
    try:
        sample.decode("utf-8")
        return 1.0
    except UnicodeDecodeError:
        kept = sample.decode("utf-8", "ignore").encode()
    beyond = sum(b >= 0x80 for b in sample)
    return sum(b >= 0x80 for b in kept) / max(beyond, 1)


def _gb(sample: bytes) -> Encoding:
    """GBK or GB 18030, with the share of characters from the first level of GB 2312."""
    share = _common_share(sample, "gb18030", range(0xB0, 0xD8), 0xA1)
    name = "gbk" if _decodes(sample, "gbk") else "gb18030"
    return Encoding(name, "gb18030", round(share, 3))


def _big5(sample: bytes) -> Encoding:
    """Big5 (as Windows writes it), with the share of characters from its first level."""
    codec = "cp950" if _decodes(sample, "cp950") else "big5hkscs"
    return Encoding("big5", codec, round(_common_share(sample, codec, range(0xA4, 0xC7), 0x40), 3))


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        sample.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _common_share(sample: bytes, codec: str, leads: range, first_trail: int) -> float:
    """Share of the characters beyond ASCII that are common hanzi or full-width punctuation."""
    text = sample.decode(codec, "replace")
    beyond = [c for c in text if c > "\x7f"]
    common = 0
    for char in beyond:
        raw = char.encode(codec, "ignore")
        hanzi = len(raw) == 2 and raw[0] in leads and raw[1] >= first_trail
        common += hanzi or "\u3000" <= char <= "\u301f" or "\uff01" <= char <= "\uffe5"
    return common / max(len(beyond), 1)


def _western(sample: bytes) -> Encoding | None:
    """Windows-1252, when the bytes beyond ASCII are single letters inside Latin words."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    letters = set(range(0xC0, 0x100)) - {0xD7, 0xF7} | {0x80, 0x8A, 0x9A, 0x92, 0x93, 0x94, 0xA7}
    letters |= {0xB0, 0xB2, 0xB5, 0xA3, 0xA0}
    good = sum(all(b in letters for b in run) and len(run) <= 2 for run in runs)
    share = good / max(len(runs), 1)
    latin = share >= _SURE and _decodes(sample, "cp1252")
    return Encoding("cp1252", "cp1252", round(share * 0.9, 3)) if latin else None


def _asked(sample: bytes) -> Encoding | None:
    """What charset-normalizer says."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample[: 32 * 1024]).best()
    if best is None:
        return None
    return Encoding(best.encoding, best.encoding, round(max(0.0, 0.8 - best.chaos), 3))


class Utf8Stream(io.RawIOBase):
    """The text of a stream as UTF-8 bytes, whatever encoding it is in.

    Bytes that the encoding cannot hold become U+FFFD and are counted in ``damaged``.
    """

    def __init__(self, stream: IO[bytes], encoding: Encoding, first_line: int = 1) -> None:
        self._stream, self._codec = stream, encoding.codec
        self._ascii = encoding.codec not in _WIDE
        self._rest, self._ready, self._at, self._ended = b"", b"", 0, False
        self._line = first_line
        self._skip_bom = True
        self.damaged = Damaged()
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while self._at == len(self._ready) and not self._ended:
            self._fill()
        part = self._ready[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _fill(self) -> None:
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        data = self._rest + chunk
        if self._ascii and data.isascii():
            self._ready, self._rest = data, b""
        else:
            self._ready = self._decoded(data).encode()
        if self._skip_bom and self._ready:
            self._ready = self._ready.removeprefix(codecs.BOM_UTF8)
            self._skip_bom = False
        self._at = 0
        self._line += self._ready.count(b"\n")
        self.quotes += self._ready.count(b'"')

    def _decoded(self, data: bytes) -> str:
        """All of the data but an unfinished character at its end, which waits for the next."""
        parts, line = [], self._line
        while True:
            decoder = codecs.getincrementaldecoder(self._codec)("strict")
            try:
                parts.append(decoder.decode(data, final=self._ended))
                self._rest = decoder.getstate()[0] if not self._ended else b""
                return "".join(parts)
            except UnicodeDecodeError as error:
                bad = error.object
                sound = bytes(bad[: error.start]).decode(self._codec)
                line += sound.count("\n")
                self.damaged.note(line)
                parts += [sound, "\ufffd"]
                data = bytes(bad[error.end :])
