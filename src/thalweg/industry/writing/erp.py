"""A log as the tables of an ERP, with the mapping that reads them back.

Each type of object has a document table: number, what is known of it, the numbers of other
documents, and for each piece of work when, by whom, where and for how much. ``layout`` decides what
lies where. Times are those of the local clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from thalweg.industry.writing.damage import PLAIN_TIME, TextTable, WorkColumns
from thalweg.industry.writing.headers import id_header, work_header
from thalweg.industry.writing.layout import Layout, Work, lay_out
from thalweg.industry.writing.log import ZONE, Log

_ROLES = ("resource", "party")


@dataclass(slots=True)
class Tables:
    """Tables as text by name, and the fields of their mapping while it grows."""

    log: Log
    tables: dict[str, TextTable] = field(default_factory=dict)
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    object_links: list[dict[str, Any]] = field(default_factory=list)

    def number(self, kind: str) -> str:
        return id_header(kind, self.log.language)

    def file_name(self, table: str) -> str:
        return f"{table}.csv"

    def mapping(self) -> dict[str, Any]:
        """The fields of a ``TablesMapping``."""
        tables = {}
        for name in self.tables:
            spec: dict[str, Any] = {"file": self.file_name(name)}
            spec |= {"key": self.keys[name]} if name in self.keys else {}
            spec |= {"types": self.types[name]} if self.types.get(name) else {}
            tables[name] = spec
        return {
            "kind": "tables",
            "timezone": ZONE,
            "tables": tables,
            "objects": self.objects,
            "events": self.events,
            "object_links": self.object_links,
        }


def erp_tables(log: Log) -> Tables:
    """All tables of a log."""
    layout = lay_out(log)
    made = Tables(log)
    links = _LinkColumns(log)
    events = _as_text(log)
    for kind in log.objects:
        _document(made, kind, layout, links, events)
    for (kind, other), rows in layout.lines.items():
        _lines(made, kind, other, rows)
    for number, (kind, other, qualifier, rows) in enumerate(links.loose, 1):
        _loose_links(made, f"{kind}_{other}_{number}", kind, other, qualifier, rows)
    if len(layout.journal):
        _journal(made, layout.journal, events)
    return made


def local_text(column: str) -> pl.Expr:
    """An instant as the local clock shows it, to the second."""
    return pl.col(column).dt.convert_time_zone(ZONE).dt.strftime(PLAIN_TIME)


def _as_text(log: Log) -> pl.DataFrame:
    figures = [pl.col(name).cast(pl.String) for name in log.figures]
    return log.events.with_columns(local_text("start"), local_text("end"), *figures)


class _LinkColumns:
    """Links between objects: as a column of the source's or the target's row, or as rows."""

    def __init__(self, log: Log) -> None:
        self.columns: dict[str, list[tuple[str, str, bool, pl.DataFrame]]] = {}
        """By type with the column: other type, qualifier, whether the row is the source, rows."""
        self.loose: list[tuple[str, str, str, pl.DataFrame]] = []
        groups = log.object_links.group_by(
            "source_type", "target_type", "qualifier", maintain_order=True
        )
        for (source, target, qualifier), rows in groups:
            kinds = str(source), str(target), str(qualifier or "")
            ends = rows.select(pl.col("source", "target"))
            if not ends["source"].is_duplicated().any():
                self._keep(kinds[0], (kinds[1], kinds[2], True), ends, "source", "target")
            elif not ends["target"].is_duplicated().any():
                self._keep(kinds[1], (kinds[0], kinds[2], False), ends, "target", "source")
            else:
                self.loose.append((*kinds, ends))

    def _keep(
        self, kind: str, about: tuple[str, str, bool], ends: pl.DataFrame, own: str, other: str
    ) -> None:
        rows = ends.select(object=own, other=other)
        self.columns.setdefault(kind, []).append((*about, rows))


def _document(
    made: Tables, kind: str, layout: Layout, links: _LinkColumns, events: pl.DataFrame
) -> None:
    """The table of a type: what is known, keys, and a group of columns for each piece of work."""
    log, number = made.log, made.number(kind)
    rows = log.objects[kind].rename({"object": number})
    types = {name: word for name, dtype in rows.schema.items() if (word := _type_word(name, dtype))}
    attributes = {name: name for name in rows.columns if name != number}
    rows = rows.with_columns(pl.all().cast(pl.String))
    foreign: dict[str, str] = {}
    for (home, other), held in layout.keys.items():
        if home == kind:
            foreign[other] = made.number(other)
            rows = _with_key(rows, number, held, foreign[other])
    for other, qualifier, is_source, held in links.columns.get(kind, []):
        rows, column = _with_link(rows, number, held, made.number(other), qualifier)
        own, far = {"type": kind, "id": number}, {"type": other, "id": column}
        ends = (own, far) if is_source else (far, own)
        rule: dict[str, Any] = {"from": kind, "qualifier": qualifier}
        rule |= {"source": ends[0], "target": ends[1]}
        rule |= {"where": [{"column": column, "empty": False}]}
        made.object_links.append(rule)
    works = []
    for work in layout.works:
        if work.type == kind:
            rows, columns, typed = _with_work(log, rows, number, work, layout, events)
            works.append(columns)
            types |= typed
            made.events.append(_rule(made, work, number, columns, foreign, rows.columns))
    amounts = tuple(name for name, word in types.items() if word == "amount")
    made.tables[kind] = TextTable(kind, rows, tuple(works), amounts)
    made.types[kind], made.keys[kind] = types, [number]
    made.objects[kind] = {"from": kind, "id": number, "attributes": attributes}


def _with_key(rows: pl.DataFrame, number: str, held: pl.DataFrame, column: str) -> pl.DataFrame:
    named = held.rename({"object": number, "other": column})
    return rows.join(named, on=number, how="left", maintain_order="left")


def _with_link(
    rows: pl.DataFrame, number: str, held: pl.DataFrame, column: str, qualifier: str
) -> tuple[pl.DataFrame, str]:
    """The rows with the other end of a link: in the foreign key, where that says the same."""
    fresh = column if column not in rows.columns else f"{column} ({qualifier})"
    while fresh in rows.columns:
        fresh += "'"
    joined = _with_key(rows, number, held, fresh)
    if column in rows.columns:
        agree = (pl.col(column).is_null() | (pl.col(column) == pl.col(fresh))).fill_null(False)
        if joined.select(agree.all()).item():
            return joined.with_columns(pl.col(fresh).alias(column)).drop(fresh), column
    return joined, fresh


def _with_work(
    log: Log,
    rows: pl.DataFrame,
    number: str,
    work: Work,
    layout: Layout,
    events: pl.DataFrame,
) -> tuple[pl.DataFrame, WorkColumns, dict[str, str]]:
    """The rows with the columns of a piece of work: only those that say something."""
    placed = layout.placed.filter(pl.col("activity") == work.activity).select("event", "object")
    own = placed.join(events, on="event", how="left")
    wanted = ["end", *(c for c in (*_ROLES, *log.figures) if own[c].null_count() < len(own))]
    if (own["start"] != own["end"]).any():
        wanted = ["start", *wanted]
    named = {key: work_header(work.activity, key, log.language) for key in wanted}
    columns = own.select(
        pl.col("object").alias(number), *(pl.col(k).alias(n) for k, n in named.items())
    )
    rows = rows.join(columns, on=number, how="left", maintain_order="left")
    typed = {named[k]: _figure_type(k) for k in log.figures if k in named}
    about = WorkColumns(named["end"], named.get("start"), number if work.several else None)
    return rows, about, typed


def _rule(
    made: Tables,
    work: Work,
    number: str,
    columns: WorkColumns,
    foreign: dict[str, str],
    present: list[str],
) -> dict[str, Any]:
    """The rule that makes events of a piece of work; an empty completion is met by the gate."""
    log = made.log
    filled: list[dict[str, Any]] = [
        {"column": c, "empty": False} for c in (columns.start, columns.end) if c
    ]
    objects: list[dict[str, str]] = [{"type": work.type, "id": number}]
    objects += [{"type": other, "id": foreign[other]} for other in work.single]
    rule: dict[str, Any] = {"name": work.activity, "from": work.type, "time": columns.end}
    rule["where"] = [filled[0] if len(filled) == 1 else {"any": filled}]
    rule |= {"start": columns.start} if columns.start else {}
    for role in _ROLES:
        if (column := work_header(work.activity, role, log.language)) in present:
            rule[role] = column
    named = {k: work_header(work.activity, k, log.language) for k in log.figures}
    rule["attributes"] = {log.name(k): column for k, column in named.items() if column in present}
    rule["duplicates"] = "drop"
    joins = []
    for other in work.several:
        table = line_table(work.type, other)
        joins.append({"table": table, "on": {number: number}, "if_none": "keep", "if_many": "each"})
        objects.append({"type": other, "id": f"{table}.{made.number(other)}"})
    if joins:
        rule |= {"join": joins, "one_event_per": [number]}
    return {**rule, "objects": objects}


def line_table(kind: str, other: str) -> str:
    """Name of the table with the lines of a document."""
    return f"{kind}_{other}"


def _lines(made: Tables, kind: str, other: str, rows: pl.DataFrame) -> None:
    name = line_table(kind, other)
    columns = {"object": made.number(kind), "other": made.number(other)}
    made.tables[name] = TextTable(name, rows.select(list(columns)).rename(columns))


def _loose_links(
    made: Tables, name: str, kind: str, other: str, qualifier: str, rows: pl.DataFrame
) -> None:
    """Links of which neither end is of one row alone: a table of pairs."""
    ends = [made.log.name("source"), made.log.name("target")]
    made.tables[name] = TextTable(name, rows.rename(dict(zip(rows.columns, ends, strict=True))))
    source, target = {"type": kind, "id": ends[0]}, {"type": other, "id": ends[1]}
    made.object_links.append(
        {"from": name, "source": source, "target": target, "qualifier": qualifier}
    )


def _journal(made: Tables, which: pl.Series, events: pl.DataFrame) -> None:
    """Events that lie in no document: a row each, and one more for each further object."""
    log, name = made.log, made.log.name("file.journal")
    own = log.links.filter(pl.col("event").is_in(which.implode()))
    placed = own.with_columns(pl.int_range(pl.len()).over("event", "type").alias("line"))
    wide = placed.pivot("type", index=["event", "line"], values="object", maintain_order=True)
    kinds = [kind for kind in log.objects if kind in wide.columns]
    chosen = events.filter(pl.col("event").is_in(which.implode()))
    rows = chosen.join(wide, on="event", how="left", maintain_order="left").sort("event", "line")
    keys = ["activity", "start", "end", *_ROLES, *log.figures]
    named = {key: log.name(key) for key in keys} | {k: made.number(k) for k in kinds}
    entry = log.name("entry")
    table = rows.select(
        pl.col("event").rank("dense").cast(pl.String).alias(entry),
        *(pl.col(key).cast(pl.String).alias(column) for key, column in named.items()),
    )
    columns = WorkColumns(named["end"], named["start"], united=entry)
    amounts = tuple(named[k] for k in log.figures if _figure_type(k) == "amount")
    made.tables[name] = TextTable(name, table, (columns,), amounts)
    made.types[name] = {named[k]: _figure_type(k) for k in log.figures}
    made.events.append(
        {
            "name": name,
            "from": name,
            "activity": named["activity"],
            "time": named["end"],
            "start": named["start"],
            **{role: named[role] for role in _ROLES},
            "attributes": {log.name(k): named[k] for k in log.figures},
            "objects": [{"type": kind, "id": named[kind]} for kind in kinds],
            "one_event_per": [entry],
        }
    )


def _figure_type(key: str) -> str:
    return "amount" if key.endswith("_cny") else "number"


def _type_word(name: str, dtype: pl.DataType) -> str | None:
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "amount" if name.endswith(("_cny", "金额")) else "number"
    return "boolean" if dtype == pl.Boolean else None
