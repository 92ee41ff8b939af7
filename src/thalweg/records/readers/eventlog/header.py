"""What an XES log says about itself, and attributes as trees.

A tree is ``{"key", "type", "value", "children"}`` with the parts that are there; lists and
containers have ``children`` only. This is the form in which meta data and list columns keep
attributes, and from which the XES writer gives them back.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from thalweg.records.readers.notes import Notes
from thalweg.records.readers.xml_scan import slots as s
from thalweg.records.readers.xml_scan import tokens as t
from thalweg.records.readers.xml_scan.chunks import Chunk

Tree = dict[str, Any]

_PLACEHOLDERS = {
    "", "unknown", "default", "invalid", "__invalid__", "__notspecified__", "not_set", "undefined",
    "none", "null", "n/a", "string", "name", "transition", "resource",
}  # fmt: skip
"""Texts that tools write as the default of a global attribute for want of a real one."""


def empty_meta() -> dict[str, Any]:
    """Meta data of a log: its own attributes, extensions, globals, classifiers and columns."""
    return {
        "log": {},
        "extensions": [],
        "globals": {"trace": [], "event": []},
        "classifiers": [],
        "attributes": [],
        "columns": {"trace": {}, "event": {}},
        "activity_keys": ["concept:name"],
    }


def tree(chunk: Chunk, element: int) -> Tree:
    """An attribute element with everything in it. Parts that are no attributes are left out."""
    written = chunk.attributes_of(element)
    word = int(chunk.elements[element, t.WORD])
    found: Tree = {"key": written.get("key", ""), "type": s.VOCABULARY[word]}
    if "value" in written and word not in (s.LIST, s.CONTAINER):
        found["value"] = written["value"]
    if children := items(chunk, element):
        found["children"] = children
    return found


def items(chunk: Chunk, element: int) -> list[Tree]:
    """Attributes directly in an element, those wrapped in ``values`` included."""
    found: list[Tree] = []
    for child in chunk.children(element):
        word = chunk.elements[child, t.WORD]
        if word == s.VALUES:
            found += items(chunk, child)
        elif s.STRING <= word <= s.CONTAINER:
            found.append(tree(chunk, child))
    return found


def list_column(chunk: Chunk, tokens: t.Ints, rows: int) -> pl.Series:
    """Lists or containers of one slot as JSON text, one per row."""
    values: list[str | None] = [None] * rows
    for row, element in tokens[:, [s.ROW, s.ELEMENT]].tolist():
        values[row] = json.dumps(items(chunk, element), ensure_ascii=False)
    return pl.Series(values, dtype=pl.String)


def add_heads(meta: dict[str, Any], chunk: Chunk, heads: t.Ints, notes: Notes) -> None:
    """Take over children of the log that are neither traces nor events."""
    if chunk.first:
        meta["log"] = chunk.attributes_of(0)
    for head in heads.tolist():
        word, written = int(chunk.elements[head, t.WORD]), chunk.attributes_of(head)
        if word == s.EXTENSION:
            meta["extensions"].append(written)
        elif word == s.CLASSIFIER:
            meta["classifiers"].append(written)
        elif word == s.GLOBAL:
            scope = "trace" if written.get("scope") == "trace" else "event"
            meta["globals"][scope] += items(chunk, head)
        elif s.STRING <= word <= s.CONTAINER:
            meta["attributes"].append(tree(chunk, head))
        else:
            example = notes.example(None, f"<{chunk.name(head)}>")
            notes.add("element_unknown", "warning", 1, examples=[example])


def is_placeholder(declared: Tree) -> bool:
    """Whether a global's default stands for nothing: a stock word, its own key, or a date."""
    text = str(declared.get("value", "")).strip().lower()
    key = str(declared["key"]).lower()
    return declared["type"] == "date" or text in _PLACEHOLDERS or text in (key, key.split(":")[-1])
