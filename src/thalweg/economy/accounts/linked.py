"""Ledger lines and the objects of the process that they are about, by order or invoice number."""

from __future__ import annotations

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts
from thalweg.process.variants import group_variants
from thalweg.records.companions.documents import objects_of
from thalweg.records.store.book import Book

ARROW = " → "


def revenue_by_object(book: Book, accounts: Accounts) -> pl.DataFrame:
    """What each object brought.

    Documents name objects of one type: that of which they name most (ids of several types may be
    alike); ties go to the book's first.

    Returns  document, type, object (its code), path (rank of its variant, from 1, the commonest
             first), activities (of the path, joined by arrows), cohort (month of its first event,
             local), revenue, cost_of_sales (as cash, negative), lines; in the order of the
             documents. Empty where no document names an object.
    """
    schema = {
        "document": pl.String,
        "type": pl.String,
        "object": pl.UInt32,
        "path": pl.Int64,
        "activities": pl.String,
        "cohort": pl.Date,
        "revenue": pl.Float64,
        "cost_of_sales": pl.Float64,
        "lines": pl.Int64,
    }
    found = objects_of(book, accounts.lines["document"])
    if found.is_empty():
        return pl.DataFrame(schema=schema)
    counts = dict(found["type"].value_counts().iter_rows())
    kind = max((name for name in book.types if name in counts), key=lambda name: counts[name])
    objects = found.filter(pl.col("type") == kind).join(_paths(book, kind), on="object")
    amount = pl.col("amount")
    sums = (
        accounts.lines.drop_nulls("document")
        .group_by("document", maintain_order=True)
        .agg(
            revenue=amount.filter(pl.col("account") == "revenue").sum(),
            cost_of_sales=amount.filter(pl.col("account") == "cost_of_sales").sum(),
            lines=pl.len().cast(pl.Int64),
        )
    )
    return objects.join(sums, on="document").select(list(schema)).sort("document")


def paths_of(linked: pl.DataFrame) -> pl.DataFrame:
    """document, path: the path's activities, for ``metrics.units.unit_economics_table``."""
    return linked.select("document", path="activities")


def _paths(book: Book, kind: str) -> pl.DataFrame:
    view = book.perspective(kind)
    offsets, codes = np.asarray(view.offsets), np.asarray(view.activity)
    groups = group_variants(offsets, codes, view.activities)
    texts = [
        ARROW.join(view.activities[int(code)] for code in codes[offsets[at] : offsets[at + 1]])
        for at in groups.first.tolist()
    ]
    begun = pl.Series(np.asarray(view.time_ns)[offsets[:-1]]).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame(
        {
            "object": pl.Series(np.asarray(view.object)).cast(pl.UInt32),
            "path": groups.variant.astype(np.int64) + 1,
            "activities": pl.Series(texts, dtype=pl.String).gather(
                groups.variant.astype(np.uint32)
            ),
            "cohort": begun.dt.convert_time_zone(book.timezone).dt.date().dt.month_start(),
        }
    )
