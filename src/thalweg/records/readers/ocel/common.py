"""Telling OCEL files apart from others by their first bytes or their tables."""

from __future__ import annotations

import re
import sqlite3
from typing import Final, Literal

from thalweg.records.sources import Source

OcelFormat = Literal[
    "ocel1-json",
    "ocel1-xml",
    "ocel1-csv",
    "ocel1-sqlite",
    "ocel2-json",
    "ocel2-xml",
    "ocel2-sqlite",
]

_SQLITE: Final = b"SQLite format 3\x00"
_KEY_1: Final = re.compile(r'"ocel:(events|objects|global-\w+)"\s*:')
_TYPES_2: Final = re.compile(r'"(eventTypes|objectTypes)"\s*:\s*\[')
_LIST_2: Final = re.compile(r'^\{\s*"(events|objects)"\s*:\s*\[\s*(\]|\{)')
_LINK_2: Final = re.compile(r'"(relationships|objectId)"\s*:')
_PART_XML_2: Final = re.compile(r"<(?:\w+:)?(object-types|event-types)\b")
_PART_XML_1: Final = re.compile(
    r"""<global\s+scope=["']object["']|<(events|objects)\s*/?>\s*(<(event|object)\s*>|<string\b|$)"""
)
_RECORD_XML_2: Final = re.compile(r"<(?:event|object)\s[^>]*\bid=")


def detect(source: Source) -> OcelFormat | None:
    """Which OCEL format a source is, from its head (or its tables); None if it is none."""
    head = source.head()
    if head.startswith(_SQLITE):
        return _detect_sqlite(source)
    text = _as_text(head).lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        if _KEY_1.search(text):
            return "ocel1-json"
        named = '"id"' in text and '"type"' in text
        lists = _LIST_2.match(text) and (_LINK_2.search(text) or named)
        return "ocel2-json" if _TYPES_2.search(text) or lists else None
    if text.startswith("<"):
        return _detect_xml(text)
    first = text.split("\n", 1)[0]
    return "ocel1-csv" if "ocel:eid" in first and "ocel:activity" in first else None


def _as_text(head: bytes) -> str:
    """Enough of the text to see names in ASCII, whatever the encoding."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")


def _detect_xml(text: str) -> OcelFormat | None:
    if "<trace" in text or "xes.version" in text or "<WorkflowLog" in text:
        return None
    if _PART_XML_2.search(text):
        return "ocel2-xml"
    if _PART_XML_1.search(text):
        return "ocel1-xml"
    return "ocel2-xml" if re.search(r"<log\b", text) and _RECORD_XML_2.search(text) else None


def _detect_sqlite(source: Source) -> OcelFormat | None:
    from thalweg.records.readers.ocel.sqlite import open_sqlite

    try:
        with open_sqlite(source, source.limits.cell_bytes) as db:
            names = {row[0].lower() for row in db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        return None
    if {"event", "object", "event_object"} <= names or {"event_map_type", "event_object"} <= names:
        return "ocel2-sqlite"
    return "ocel1-sqlite" if {"events", "objects", "relations"} <= names else None
