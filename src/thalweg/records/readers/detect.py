"""Which format a source is in, judged by its first bytes."""

from __future__ import annotations

import re
from typing import Literal, get_args

from thalweg.errors import SourceError
from thalweg.records.sources import Source

Format = Literal[
    "xes",
    "mxml",
    "xes-yaml",
    "ocel1-json",
    "ocel1-xml",
    "ocel1-csv",
    "ocel1-sqlite",
    "ocel2-json",
    "ocel2-xml",
    "ocel2-sqlite",
    "csv",
    "jsonl",
    "xlsx",
    "parquet",
]
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TABLES = (".csv", ".tsv", ".txt", ".mdl", ".tab", "")


def detect(source: Source) -> Format:
    """The format of a source.

    Raises   SourceError: the content is of no known format, naming those that are.
    """
    from thalweg.records.readers.ocel import common as ocel_common

    head = source.head()
    if not head.strip():
        raise SourceError(f"{source.name} is empty. Export it again.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    ocel = ocel_common.detect(source)
    if ocel is not None:
        return ocel
    text = _as_text(head)
    found = _xml(text) or _yaml(source, text) or _json(source, text)
    if found is not None:
        return found
    if source.suffix in _TABLES or _looks_tabular(text):
        return "csv"
    raise SourceError(
        f"{source.name} is in no format that can be read. Known are: {', '.join(get_args(Format))}."
    )


def _as_text(head: bytes) -> str:
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8"
    return head.decode(encoding, errors="replace").lstrip("\ufeff").lstrip()


def _xml(text: str) -> Format | None:
    if not text.startswith("<"):
        return None
    root = re.search(
        r"<(?:\w+:)?([A-Za-z][\w.-]*)", re.sub(r"<!--.*?-->|<\?.*?\?>", "", text, flags=re.S)
    )
    name = root.group(1).lower() if root else ""
    known: dict[str, Format] = {"log": "xes", "workflowlog": "mxml"}
    return known.get(name, "xes" if name in {"!doctype", ""} else None)


def _yaml(source: Source, text: str) -> Format | None:
    if source.suffix in {".yaml", ".yml"} or re.match(r"(---\s*\n)?log:\s*\n", text):
        return "xes-yaml"
    return None


def _json(source: Source, text: str) -> Format | None:
    if source.suffix in {".jsonl", ".ndjson"} or text.startswith("{"):
        return "jsonl"
    return None


def _looks_tabular(text: str) -> bool:
    first = text.split("\n", 1)[0]
    return "\x00" not in first and any(mark in first for mark in ",;\t|")
