"""Thalweg's side of the measurements."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl

import thalweg
from measure import Reading
from thalweg.process.pairs import Sequences, pairs_table
from thalweg.process.variants import group_variants, top_variants_table
from thalweg.records.ingest import ingest
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.perspective import Perspective

T = TypeVar("T")
TOP = 20
SYNTHETIC = FlatMapping(
    case="case", activity="activity", time="timestamp", roles={"resource": "resource"}
)


def _ingest(source: str, into: str, mapping: Any) -> Reading:
    shutil.rmtree(into, ignore_errors=True)
    reading = Reading()
    with reading.clock("ingest"):
        book = ingest(source, into, mapping=mapping)
    trust = book.trust
    reading.answers = {"events": book.n_events, "read": trust.rows_read}
    size = sum(p.stat().st_size for p in Path(into).rglob("*") if p.is_file())
    reading.answers["book_mb"] = round(size / 1e6)
    return reading


def ingest_log(source: str, into: str) -> Reading:
    """An XES file to a finished book, trust report included."""
    return _ingest(source, into, None)


def ingest_table(source: str, into: str) -> Reading:
    """A synthetic Parquet log to a finished book, trust report included."""
    return _ingest(source, into, SYNTHETIC)


def open_only(book: str) -> Reading:
    reading = Reading()
    with reading.clock("open"):
        view = thalweg.open_book(book).perspective("case")
    reading.answers = {"events": view.entries}
    return reading


def _thrice(reading: Reading, book: str, work: Callable[[Perspective], T]) -> T:
    """In a process that has never worked, on a book that was just opened, and once more."""
    with reading.clock("fresh process"):
        work(thalweg.open_book(book).perspective("case"))
    with reading.clock("just opened"):
        view = thalweg.open_book(book).perspective("case")
        work(view)
    with reading.clock("warm"):
        return work(view)


def _pairs(view: Perspective) -> pl.DataFrame:
    offsets = np.asarray(view.offsets, np.int64)
    data = Sequences.of(offsets, view.activity, view.time_ns, len(view.activities))
    return pairs_table(data, view.activities)


def pairs(book: str) -> Reading:
    """Directly-follows pairs with counts, mean, median and 90th percentile."""
    reading = Reading()
    table = _thrice(reading, book, _pairs)
    reading.answers = {
        "pairs": len(table),
        "follows": int(table["count"].sum()),
        "mean_s": round(float(table["mean_s"].sum()), 1),
        "median_s": round(float(table["median_s"].sum()), 1),
    }
    return reading


def _variants(view: Perspective) -> int:
    offsets = np.asarray(view.offsets, np.int64)
    groups = group_variants(offsets, view.activity, view.activities)
    top_variants_table(groups, offsets, view.activity, view.time_ns, view.activities, TOP)
    return groups.variants


def variants(book: str) -> Reading:
    """All objects grouped by variant, and the top of them with mean and median times."""
    reading = Reading()
    count = _thrice(reading, book, _variants)
    reading.answers = {"variants": count}
    return reading


def whole_map(book: str) -> Reading:
    """Every measure of ``thalweg.map``, and the result as JSON."""
    reading = Reading()
    for part in ("fresh process", "just opened"):
        with reading.clock(part):
            result = thalweg.map(thalweg.open_book(book))
            result.to_json()
    reading.answers = {"pairs": len(result.pairs), "variants": result.variants}
    return reading
