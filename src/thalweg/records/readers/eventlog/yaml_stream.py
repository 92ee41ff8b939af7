"""A stream of YAML documents as plain values, within limits.

Scalars are read as YAML 1.2 reads them (true and false, plain decimal numbers, null; anything
else is text), so that dates, times of day and words such as ``no`` stay as they are written.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import IO, Any, cast

import yaml

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import ReadRequest
from thalweg.records.readers.xml_scan.text import open_utf8
from thalweg.records.sources import Source

MOST_VALUES = 1_000_000
"""Values that one document may hold once its aliases are expanded."""

_INT = re.compile(r"[-+]?(?:0|[1-9]\d*)")
_FLOAT = re.compile(
    r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)


def documents(source: Source, request: ReadRequest) -> Iterator[tuple[int, Any]]:
    """The documents of a stream, each with the line it begins in.

    Raises   SourceError: not YAML, damaged or in another encoding. UnsafeSourceError: too deep,
             a value too large, or aliases that stand for too much.
    """
    with open_utf8(source, request.encoding, request.progress) as stream:
        yield from _Builder(
            source, request, yaml.parse(cast(IO[bytes], stream), Loader=yaml.CLoader)
        ).run()


def _line(event: Any) -> int:
    """The line in which something begins, from 1."""
    mark: yaml.Mark = event.start_mark
    return mark.line + 1


class _Builder:
    """Puts the parser's events together."""

    def __init__(self, source: Source, request: ReadRequest, events: Iterator[Any]) -> None:
        self._source, self._limits, self._events = source, request.limits, events
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def run(self) -> Iterator[tuple[int, Any]]:
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self._anchors, self._values = {}, 0
                    yield _line(event), self._value(next(self._events), 1)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1:,}" if mark else ""
            reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
            raise SourceError(
                f"{self._source.name}{line} is not well-formed YAML: {reason}. Export the log "
                "again, or repair that line."
            ) from error

    def _value(self, event: Any, depth: int) -> Any:
        if depth > self._limits.nesting:
            raise self._unsafe(event, f"nests values more than {self._limits.nesting} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._values
        self._count(event, 1)
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                value.append(self._value(inner, depth + 1))
        else:
            value = self._scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        """A mapping; a key that comes again gets a number behind ``#``."""
        value: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            name = plain = key if isinstance(key, str) else as_text(key)
            number = 1
            while name in value:
                number += 1
                name = f"{plain}#{number}"
            value[name] = self._value(next(self._events), depth + 1)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            line = _line(event)
            raise SourceError(
                f"{self._source.name}, line {line:,} refers to {event.anchor!r}, which is not "
                "defined before. Repair that line."
            )
        value, size = self._anchors[event.anchor]
        self._count(event, size)
        return value

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if len(text) > self._limits.cell_bytes:
            raise self._unsafe(
                event, f"holds a value of more than {self._limits.cell_bytes:,} bytes"
            )
        if event.tag in ("!binary", "tag:yaml.org,2002:binary"):
            return _unpacked(text)
        return _plain(text) if event.implicit[0] else text

    def _count(self, event: Any, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise self._unsafe(
                event, f"stands for more than {MOST_VALUES:,} values in one document"
            )

    def _unsafe(self, event: Any, what: str) -> UnsafeSourceError:
        line = _line(event)
        return UnsafeSourceError(
            f"{self._source.name}, line {line:,} {what}. It was refused; export the log again "
            "without it."
        )


def as_text(value: Any) -> str:
    """A scalar as YAML writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) <= 19 else text
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _unpacked(text: str) -> str:
    """Text that was written as base64 because it is not ASCII; other bytes stay as they are."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return text
