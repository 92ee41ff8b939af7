"""Event rows written so far, read back by number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.store.manifest import EventPart


class Rows:
    """Rows of the parts on disk, and of the frames that wait to become one."""

    def __init__(
        self, book: Path, parts: Sequence[EventPart], waiting: Sequence[pl.DataFrame] = ()
    ) -> None:
        self._book, self._parts, self._waiting = book, parts, waiting

    def frame(self, rows: NDArray[np.integer]) -> pl.DataFrame:
        """The rows asked for, each once, in order, with their number as ``event``."""
        wanted = np.unique(rows).astype(np.int64)
        frames, first = [], 0
        for part in self._parts:
            first = part.first_row + part.rows
            inside = _inside(wanted, part.first_row, first)
            if len(inside):
                whole = pl.read_parquet(self._book / part.file.path)
                frames.append(_picked(whole, inside, part.first_row))
        for waiting in self._waiting:
            inside = _inside(wanted, first, first + len(waiting))
            if len(inside):
                frames.append(_picked(waiting, inside, first))
            first += len(waiting)
        if not frames:
            return pl.DataFrame(schema={"event": pl.Int64})
        return pl.concat(frames, how="diagonal_relaxed")


def _inside(rows: NDArray[np.int64], first: int, end: int) -> NDArray[np.int64]:
    low, high = np.searchsorted(rows, [first, end])
    return rows[low:high]


def _picked(frame: pl.DataFrame, rows: NDArray[np.int64], first: int) -> pl.DataFrame:
    return frame[rows - first].with_columns(pl.Series("event", rows))
