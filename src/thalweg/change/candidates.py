"""Interventions that nobody recorded: change points of the process, offered as candidates only.

A change point says when the process went differently, for all units together. It has no comparison,
so it is never an effect; it says where to look for a change that should be in the records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.change.schema import frame
from thalweg.process.drift.drift import drift_book
from thalweg.process.map import FilterLike

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

MOST_OBJECTS = 10_000
"""Objects that are looked at for candidates, in equal steps: enough for a change worth a look."""


def candidates_table(
    book: Book,
    *,
    type: str,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    begun: Mapping[str, Sequence[datetime]] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> tuple[pl.DataFrame, tuple[str, ...], int]:
    """Change points of the process, with the recorded intervention that began inside, if any.

    Takes    begun: by intervention the instants (UTC) at which units began with it.
    Returns  the table, the codes of why drift could not be tested, and the number of objects that
             were looked at: ``MOST_OBJECTS`` at most.
    """
    found = drift_book(
        book, type=type, filters=filters, seed=seed, most_objects=MOST_OBJECTS, threads=threads
    )
    days = begun or {}
    rows = [
        {key: row[key] for key in ("at", "low", "high", "kind", "p_adjusted", "shape")}
        | {"what": _what(found.what_changed, row["change"]), "recorded": _recorded(row, days)}
        for row in found.changes.to_dicts()
    ]
    reasons = found.groups["reason"].drop_nulls().unique().sort().to_list()
    return frame("candidates", rows), tuple(reasons), found.objects


def _what(table: pl.DataFrame, change: int) -> str | None:
    first = table.filter(pl.col("change") == change).head(1).to_dicts()
    if not first:
        return None
    return f"{first[0]['source'] or '⊢'} → {first[0]['target'] or '⊣'}"


def _recorded(row: dict[str, Any], days: Mapping[str, Sequence[datetime]]) -> str | None:
    low, high = (row[key].astimezone(UTC) for key in ("low", "high"))
    inside = [name for name, dates in days.items() if any(low <= day <= high for day in dates)]
    return ", ".join(sorted(inside)) or None
