"""A log as OCEL 2.0, and as Parquet tables with the mapping that reads them: the fast form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from thalweg.industry.writing.log import ZONE, Log
from thalweg.records.export.model import CHANGES, OcelFrames
from thalweg.records.export.ocel_json import write_ocel_json
from thalweg.records.export.ocel_sqlite import write_ocel_sqlite
from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
    QUALIFIER,
    TIME,
    TYPE,
)

START_ATTRIBUTE = "start_timestamp"
PIECE_EVENTS = 1_000_000
ROLES = ("resource", "party")
"""Attributes that readers of OCEL know by these names, in every language."""


def ocel_frames(log: Log) -> OcelFrames:
    """The tables that the writers of OCEL 2.0 want; events are called e0, e1, …"""
    events = log.events.select(
        pl.format("e{}", "event").alias(EVENT),
        pl.col("activity").alias(ACTIVITY),
        pl.col("end").alias(TIME),
        pl.col("start").alias(START_ATTRIBUTE),
        *ROLES,
        *(pl.col(name).alias(log.name(name)) for name in log.figures),
    )
    links = log.links.select(
        pl.format("e{}", "event").alias(EVENT),
        pl.col("object").alias(OBJECT),
        pl.col("type").cast(pl.String).alias(TYPE),
        pl.lit("").alias(QUALIFIER),
    )
    ends = {"source": LINK_SOURCE, "target": LINK_TARGET, "qualifier": QUALIFIER}
    types = {"source_type": "@source_type", "target_type": "@target_type"}
    object_links = log.object_links.select(pl.col(k).alias(v) for k, v in (ends | types).items())
    return OcelFrames(
        events=events,
        links=links,
        objects={kind: frame.rename({"object": OBJECT}) for kind, frame in log.objects.items()},
        object_changes=pl.DataFrame(schema=CHANGES),
        object_links=object_links,
    )


def write_ocel(log: Log, path: Path) -> None:
    """Write OCEL 2.0: SQLite, or JSON where the name ends so."""
    frames = ocel_frames(log)
    (write_ocel_json if path.suffix == ".json" else write_ocel_sqlite)(frames, path)


def write_parquet(log: Log, folder: Path, *, piece_events: int = PIECE_EVENTS) -> dict[str, Any]:
    """Write the log as Parquet tables and give the fields of their ``TablesMapping``.

    Events with at most one object of each type are one table, the others another, in which an
    event has a row for each further object. Both are cut into files of ``piece_events`` events.
    """
    used = set(log.links["type"].cast(pl.String).unique())
    kinds = [kind for kind in log.objects if kind in used]
    own = {name: log.name(name) for name in ("event", "activity", *log.figures)}
    new = {**own, "start": log.name("start"), "end": log.name("end")}
    cuts = range(0, max(1, len(log.events)), piece_events)
    written: dict[str, list[str]] = {"file.events": [], "file.shared_events": []}
    for number, cut in enumerate(cuts, 1):
        rows = _wide(log, log.events.slice(cut, piece_events), kinds)
        several = rows["event"].is_duplicated()
        rows = rows.rename(new)
        for table, chosen in (("file.events", ~several), ("file.shared_events", several)):
            if chosen.any():
                ending = "" if len(cuts) == 1 else f"_{number:03d}"
                name = f"{log.name(table)}{ending}.parquet"
                rows.filter(chosen).write_parquet(folder / name, compression_level=1)
                written[table].append(name)
    tables: dict[str, Any] = {}
    events = []
    for table, files in written.items():
        if files:
            tables[log.name(table)] = {"file": files}
            events.append(_rule(log, log.name(table), kinds))
    if written["file.shared_events"]:
        events[-1]["one_event_per"] = [log.name("event")]
    objects = {}
    for kind, frame in log.objects.items():
        frame.write_parquet(folder / f"{kind}.parquet", compression_level=1)
        tables[kind] = {"file": f"{kind}.parquet"}
        names = {name: name for name in frame.columns if name != "object"}
        objects[kind] = {"from": kind, "id": "object", "attributes": names}
    return {
        "kind": "tables",
        "timezone": ZONE,
        "tables": tables,
        "objects": objects,
        "events": events,
        "object_links": _object_links(log, folder, tables),
    }


def _wide(log: Log, events: pl.DataFrame, kinds: list[str]) -> pl.DataFrame:
    """Some of the log's events, in order, with a column for each type that they touch.

    An event has a further row for each further object of a type, in which the columns of the
    other types are empty.
    """
    first, last = events["event"].min(), events["event"].max()
    links = log.links.filter(pl.col("event").is_between(first, last))
    rows, more = events, []
    for kind in kinds:
        own = links.filter(pl.col("type") == kind).select("event", pl.col("object").alias(kind))
        again = ~own["event"].is_first_distinct()
        rows = rows.join(own.filter(~again), on="event", how="left", maintain_order="left")
        more.append(own.filter(again))
    further = pl.concat(more, how="diagonal").join(events, on="event")
    both = pl.concat([rows, further.select(rows.columns)])
    return both.sort("event", maintain_order=True)


def _rule(log: Log, table: str, kinds: list[str]) -> dict[str, Any]:
    return {
        "name": table,
        "from": table,
        "id": log.name("event"),
        "activity": log.name("activity"),
        "time": log.name("end"),
        "start": log.name("start"),
        **{role: role for role in ROLES},
        "attributes": {log.name(name): log.name(name) for name in log.figures},
        "objects": [{"type": kind, "id": kind} for kind in kinds],
    }


def _object_links(log: Log, folder: Path, tables: dict[str, Any]) -> list[dict[str, Any]]:
    """One rule for each pair of types: a rule's ends have one type."""
    if log.object_links.is_empty():
        return []
    name = log.name("file.object_links")
    tables[name] = {"file": f"{name}.parquet"}
    columns = {column: log.name(column) for column in log.object_links.columns}
    text = log.object_links.with_columns(pl.all().cast(pl.String)).rename(columns)
    text.write_parquet(folder / f"{name}.parquet", compression_level=1)
    pairs = log.object_links.select("source_type", "target_type").unique(maintain_order=True)
    return [
        {
            "from": name,
            "where": [
                {"column": columns["source_type"], "equals": source},
                {"column": columns["target_type"], "equals": target},
            ],
            "source": {"type": source, "id": columns["source"]},
            "target": {"type": target, "id": columns["target"]},
            "qualifier": {"column": columns["qualifier"]},
        }
        for source, target in pairs.iter_rows()
    ]
