"""From a figure to its rows: its own, or where it has none those of the figures it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thalweg.records.intake import ROW
from thalweg.records.profile.model import Profile
from thalweg.verdict.rows import FILE, count_rows, rows_of

if TYPE_CHECKING:
    from thalweg.records.store.book import Book
    from thalweg.verdict.evidence import Figure, Rows
    from thalweg.verdict.result import JudgeResult

FIGURE = "@figure"


def profile_of(result: JudgeResult) -> Profile | None:
    """The profile that a verdict went by."""
    given = result.request.get("profile")
    return None if given is None else Profile.model_validate(given)


def resting_on(result: JudgeResult, figure: Figure) -> list[Figure]:
    """The nearest figures of the chain that have rows of their own: it, or some of its inputs."""
    if figure.rows:
        return [figure]
    found: dict[str, Figure] = {}
    for name in figure.inputs:
        found |= {one.id: one for one in resting_on(result, result.evidence[name])}
    return list(found.values())


def rows_behind(result: JudgeResult, book: Book, figure: Figure) -> dict[str, pl.DataFrame]:
    """The rows behind a figure by table, each with the figure (@figure) that it is behind.

    A row that several of the figures rest on stands there once for each of them.
    """
    profile = profile_of(result)
    parts: dict[str, list[pl.DataFrame]] = {}
    for one in resting_on(result, figure):
        for rows in one.rows:
            frame = rows_of(book, rows, profile).collect()
            named = frame.select(pl.lit(one.id).alias(FIGURE), pl.all())
            parts.setdefault(rows.table, []).append(named)
    return {
        table: pl.concat(frames, how="diagonal_relaxed").unique(maintain_order=True)
        if table != "events"
        else pl.concat(frames, how="diagonal_relaxed")
        for table, frames in parts.items()
    }


class RowCounts:
    """Counts of rows of one book, each selection counted once."""

    def __init__(self, book: Book, profile: Profile | None) -> None:
        self.book, self.profile = book, profile
        self._known: dict[str, int] = {}

    def __call__(self, rows: Rows) -> int:
        key = str(rows.to_json())
        if key not in self._known:
            self._known[key] = count_rows(self.book, rows, self.profile)
        return self._known[key]


def files_of(book: Book, rows: Rows) -> tuple[str, ...]:
    """Names of the sources that a table came from."""
    if rows.table in ("events", "objects"):
        return tuple(source.name for source in book.manifest.sources)
    record = book.companion_record(rows.table)
    return () if record is None else (record.source,)


SOURCE_COLUMNS = (FILE, ROW)
"""Where a row came from: name of the source, and row or line in it."""
