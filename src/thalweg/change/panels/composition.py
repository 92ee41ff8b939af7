"""What the objects of each cell are like, so that other work isn't taken for better work."""

from __future__ import annotations

import numpy as np
import polars as pl

from thalweg.change.frame import Floats, Ints
from thalweg.change.panels.grid import Grid
from thalweg.change.panels.objects import cells_of
from thalweg.process.conformance.rules.views import column_of
from thalweg.process.durations import object_spans
from thalweg.records.perspective import Perspective

MOST_KINDS = 12
"""A text with more values than this is a name and not a kind."""


def cell_traits(view: Perspective, code: Ints, units: int, grid: Grid) -> dict[str, Floats]:
    """Means of numbers, and shares of the most frequent kind, of the objects begun in each cell.

    Takes    code: unit of each object, -1 for none. Objects without a value are left out.
    Returns  by name (N, T), NaN where no object has the value. Attributes that hardly vary within
             units say nothing of changing work, and are left out.
    """
    begun, _ = object_spans(view)
    cell = cells_of(code, grid.period(begun), len(grid))
    found: dict[str, Floats] = {}
    for name, kind in view.book.objects(view.type).collect_schema().items():
        if name.startswith("@"):
            continue
        values = column_of(view.book, view.type, name).gather(np.asarray(view.object))
        if kind.is_numeric():
            measured, label = values.cast(pl.Float64), name
        elif kind == pl.String:
            counts = values.drop_nulls().value_counts(sort=True)
            if not 2 <= len(counts) <= MOST_KINDS:
                continue
            first = sorted(counts.filter(pl.col("count") == counts["count"][0])[name].to_list())[0]
            measured, label = (values == first).cast(pl.Float64), f"{name}={first}"
        else:
            continue
        means = _means(cell, measured.fill_null(float("nan")).to_numpy(), units * len(grid))
        table = means.reshape(units, len(grid))
        if _varies(table):
            found[label] = table
    return found


def _means(cell: Ints, value: Floats, cells: int) -> Floats:
    mine = (cell >= 0) & np.isfinite(value)
    count = np.bincount(cell[mine], minlength=cells)
    total = np.bincount(cell[mine], weights=value[mine], minlength=cells)
    return np.asarray(np.divide(total, count, out=np.full(cells, np.nan), where=count > 0))


def _varies(table: Floats) -> bool:
    """Whether it changes within any unit."""
    known = np.isfinite(table)
    high = np.where(known, table, -np.inf).max(axis=1)
    low = np.where(known, table, np.inf).min(axis=1)
    return bool((high > low).any())
