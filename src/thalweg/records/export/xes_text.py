"""Rows of a table as XES attributes, written column by column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import polars as pl

from thalweg.records.intake import UTC_NS

Declared = Mapping[str, Mapping[str, Any]]
"""By column: the path of keys and the XES type, as readers put it into the meta data."""

_PLAIN = ["&", "<", ">", '"', "\n", "\t", "\r"]
_ESCAPED = ["&amp;", "&lt;", "&gt;", "&quot;", "&#10;", "&#9;", "&#13;"]
_FORBIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
_REPLACEMENT = "\ufffd"
_STRUCTURED = ("list", "container")


@dataclass(slots=True)
class _Node:
    """An attribute and those nested in it. ``column`` is empty if it has no value of its own."""

    key: str
    column: str = ""
    kind: str = "string"
    inner: list[_Node] = field(default_factory=list)


def attributes_text(
    table: pl.DataFrame, columns: Sequence[str], declared: Declared, indent: int
) -> pl.Series:
    """All attributes of each row as one text, one line each. Nulls are left out.

    Takes    columns: those to write, in this order. declared: how to write them; a column that
             is not in it is written under its own name with the type of its values.
    """
    nodes = _tree(table, columns, declared)
    texts = [_node_text(node, table, indent) for node in nodes]
    if not texts:
        return pl.repeat("", len(table), dtype=pl.String, eager=True)
    return table.select(text=pl.concat_str(texts)).to_series()


def forbidden_characters(table: pl.DataFrame, columns: Iterable[str]) -> int:
    """How many values hold a character that XML cannot carry; they are written as U+FFFD."""
    texts = [c for c in columns if table.schema[c] == pl.String]
    if not texts:
        return 0
    found = table.select(pl.col(c).str.contains(_FORBIDDEN).sum() for c in texts)
    return int(found.sum_horizontal().item() or 0)


def tree_text(trees: Iterable[Mapping[str, Any]], indent: int) -> Iterator[str]:
    """Attributes given as trees (see ``eventlog.header``), line by line."""
    tab = "\t" * indent
    for tree in trees:
        kind, key = str(tree["type"]), attribute(str(tree["key"]))
        children = tree.get("children", [])
        value = "" if kind in _STRUCTURED else f' value="{attribute(str(tree.get("value", "")))}"'
        if not children and kind not in _STRUCTURED:
            yield f'{tab}<{kind} key="{key}"{value}/>\n'
            continue
        yield f'{tab}<{kind} key="{key}"{value}>\n'
        if kind == "list":
            yield f"{tab}\t<values>\n"
            yield from tree_text(children, indent + 2)
            yield f"{tab}\t</values>\n"
        else:
            yield from tree_text(children, indent + 1)
        yield f"{tab}</{kind}>\n"


def attribute(text: str) -> str:
    """Text as the value of an XML attribute."""
    plain = "".join(c if c >= " " or c in "\n\t\r" else _REPLACEMENT for c in text)
    return escape(plain).replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")


def instant_text(time: pl.Expr, offset_min: pl.Expr, step_ns: int) -> pl.Expr:
    """A time with the offset written beside it; ``step_ns`` divides all its nanoseconds."""
    digits = 3 if step_ns % 1_000_000 == 0 else 6 if step_ns % 1_000 == 0 else 9
    minutes = offset_min.fill_null(0).cast(pl.Int64)
    local = (time.dt.replace_time_zone(None).cast(pl.Int64) + minutes * 60_000_000_000).cast(
        pl.Datetime("ns")
    )
    sign = pl.when(minutes < 0).then(pl.lit("-")).otherwise(pl.lit("+"))
    hours = (minutes.abs() // 60).cast(pl.String).str.zfill(2)
    rest = (minutes.abs() % 60).cast(pl.String).str.zfill(2)
    shown = local.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.{digits}f")
    return pl.concat_str(shown, sign, hours, pl.lit(":"), rest)


def step_ns(times: pl.Series) -> int:
    """1,000,000 if all times are whole milliseconds, 1,000 for microseconds, else 1."""
    ns = times.cast(UTC_NS).to_physical()
    for step in (1_000_000, 1_000):
        if not (ns % step != 0).any():
            return step
    return 1


def _tree(table: pl.DataFrame, columns: Sequence[str], declared: Declared) -> list[_Node]:
    """Columns by their paths: a column goes into the first one that has its parent's path."""
    top: list[_Node] = []
    known: dict[tuple[str, ...], _Node] = {}
    described = [(name, *_description(name, table.schema[name], declared)) for name in columns]
    for name, path, kind in sorted(described, key=lambda d: len(d[1])):
        siblings = top
        for depth in range(1, len(path)):
            parent = known.get(path[:depth])
            if parent is None:
                parent = known[path[:depth]] = _Node(path[depth - 1])
                siblings.append(parent)
            siblings = parent.inner
        node = _Node(path[-1], name, kind)
        known.setdefault(path, node)
        siblings.append(node)
    return top


def _description(name: str, dtype: pl.DataType, declared: Declared) -> tuple[tuple[str, ...], str]:
    told = declared.get(name)
    own = {pl.Int64: "int", pl.Float64: "float", pl.Boolean: "boolean"}
    kind = "date" if isinstance(dtype, pl.Datetime) else own.get(type(dtype), "string")
    if told is None:
        return (name,), kind
    wanted = str(told["type"])
    return tuple(told["path"]), wanted if dtype == pl.String or wanted == kind else kind


def _node_text(node: _Node, table: pl.DataFrame, indent: int) -> pl.Expr:
    """An attribute's lines where it or one nested in it has a value, else nothing."""
    tab, key = "\t" * indent, attribute(node.key)
    start = pl.lit(f'{tab}<{node.kind} key="{key}" value="')
    value = _value_text(table, node.column) if node.column else pl.lit(None, pl.String)
    if node.kind in _STRUCTURED and not node.inner:
        return _structured(node, table, indent).fill_null("")
    if not node.inner:
        return pl.concat_str(start, value, pl.lit('"/>\n')).fill_null("")
    inner = pl.concat_str(_node_text(child, table, indent + 1) for child in node.inner)
    end = pl.lit(f"{tab}</{node.kind}>\n")
    whole = pl.concat_str(start, value.fill_null(""), pl.lit('">\n'), inner, end)
    return (
        pl.when(inner != "")
        .then(whole)
        .otherwise(pl.concat_str(start, value, pl.lit('"/>\n')).fill_null(""))
    )


def _value_text(table: pl.DataFrame, name: str) -> pl.Expr:
    column, dtype = pl.col(name), table.schema[name]
    if isinstance(dtype, pl.Datetime):
        return instant_text(column, pl.lit(0), step_ns(table[name]))
    if dtype == pl.Float64:
        infinite = pl.when(column > 0).then(pl.lit("INF")).otherwise(pl.lit("-INF"))
        plain = pl.when(column.is_nan()).then(pl.lit("NaN")).otherwise(column.cast(pl.String))
        return pl.when(column.is_infinite()).then(infinite).otherwise(plain)
    if dtype != pl.String:
        return column.cast(pl.String)
    values = table[name]
    if values.str.contains(_FORBIDDEN).any():
        column = column.str.replace_all(_FORBIDDEN, _REPLACEMENT)
    if values.str.contains_any(_PLAIN).any():
        column = column.str.replace_many(_PLAIN, _ESCAPED)
    return column


def _structured(node: _Node, table: pl.DataFrame, indent: int) -> pl.Expr:
    """Lists and containers, which columns hold as JSON, as elements."""
    distinct = table[node.column].drop_nulls().unique().to_list()
    made = {
        text: "".join(
            tree_text([{"key": node.key, "type": node.kind, "children": json.loads(text)}], indent)
        )
        for text in distinct
    }
    return pl.col(node.column).replace_strict(made, default=None, return_dtype=pl.String)
