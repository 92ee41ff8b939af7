"""Handovers: work that passes from one resource, or one party, to another."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from thalweg.process.chunks import Chunk, Codes
from thalweg.process.pairs import Sequences, pairs_table
from thalweg.records.perspective import Perspective


def role_sequences(view: Perspective, role: str) -> tuple[Sequences, tuple[str, ...]] | None:
    """Who did each entry, as sequences; None when the book has no such role."""
    coded = view.book.role_codes(role)
    if coded is None:
        return None
    codes, names = coded

    def read(chunk: Chunk) -> Codes:
        return np.asarray(codes[view.event[chunk.lo : chunk.hi]]).astype(np.uint32)

    return Sequences(np.asarray(view.offsets), read, view.time_ns, len(names), skip=1), names


def handovers(
    view: Perspective, role: str, threads: int | None = None
) -> tuple[pl.DataFrame, dict[str, Any]] | None:
    """Who hands work to whom.

    Two events that follow one another in an object, both with a known name, are a handover when
    the names differ, and kept when they are the same.

    Returns  the table of handovers (source, target, count, objects, mean_s, median_s, p90_s,
             total_s, share of all handovers), and the figures {handovers, kept, kept_share}.
    """
    found = role_sequences(view, role)
    if found is None:
        return None
    table = pairs_table(found[0], found[1], threads)
    passed = table.filter(pl.col("source") != pl.col("target"))
    total, every = int(passed["count"].sum()), int(table["count"].sum())
    columns = ["source", "target", "count", "objects", "mean_s", "median_s", "p90_s", "total_s"]
    figures = {
        "handovers": total,
        "kept": every - total,
        "kept_share": (every - total) / every if every else None,
    }
    share = pl.col("count") / max(total, 1)
    return passed.select(columns).with_columns(share=share), figures
