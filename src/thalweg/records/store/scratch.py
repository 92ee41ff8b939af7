"""Columns that grow on disk while a source streams by, then are mapped into memory."""

from __future__ import annotations

from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.store.sequences import NO_OBJECT


class GrowingColumn:
    """An array of one type, appended to in pieces and kept in a file."""

    def __init__(self, path: Path, dtype: np.dtype[np.generic] | type[np.generic]) -> None:
        self.path, self.dtype, self.length = path, np.dtype(dtype), 0
        self._stream: FileIO | None = None

    def append(self, values: NDArray[np.generic]) -> None:
        if len(values) == 0:
            return
        if self._stream is None:
            self._stream = FileIO(self.path, "w")
        left = np.ascontiguousarray(values, self.dtype).view(np.uint8).data
        while len(left):
            left = left[self._stream.write(left) :]
        self.length += len(values)

    def array(self) -> NDArray[Any]:
        """Everything so far, mapped from the file."""
        if self.length == 0:
            return np.empty(0, self.dtype)
        return np.memmap(self.path, self.dtype, mode="r", shape=(self.length,))

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class LinkColumn:
    """Event-to-object links of one type.

    While every event row names at most one object under one qualifier, only the object codes
    are kept, on disk, and the position is the event row. The first other case turns them into
    a table.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._dense: GrowingColumn | None = GrowingColumn(folder / name, np.uint32)
        self._qualifier: str | None = None
        self._tables: list[pl.DataFrame] = []

    def resume(self, links: pl.DataFrame, qualifier: str | None) -> None:
        """Take over a book's links; with a qualifier, as codes when no event has two objects."""
        events = links["event"]
        if len(links) == 0:
            return
        if qualifier is None or not events.is_unique().all():
            self.append_table(links)
            return
        rows = events.to_numpy()
        codes = np.full(int(rows.max()) + 1, NO_OBJECT, np.uint32)
        codes[rows] = links["object"].to_numpy()
        self.append_dense(0, codes, qualifier)

    def append_dense(self, first_row: int, objects: NDArray[np.uint32], qualifier: str) -> None:
        """One code per event row from ``first_row`` on, NO_OBJECT for none."""
        if self._qualifier is None:
            self._qualifier = qualifier
        dense = self._dense
        if dense is not None and self._qualifier == qualifier and dense.length <= first_row:
            missing = first_row - dense.length
            dense.append(np.full(missing, NO_OBJECT, np.uint32))
            dense.append(objects)
        else:
            rows = np.flatnonzero(objects != NO_OBJECT).astype(np.uint32)
            self.append_table(link_table(rows + np.uint32(first_row), objects[rows], qualifier))

    def append_table(self, links: pl.DataFrame) -> None:
        """Links as a table: event (row), object (code), qualifier."""
        if self._dense is not None:
            if len(earlier := self.table()):
                self._tables.append(earlier)
            self._dense.close()
            self._dense = None
        self._tables.append(links)

    def dense(self) -> tuple[NDArray[np.uint32], str] | None:
        """Object code per event row and their qualifier, or None when links are a table."""
        if self._dense is None:
            return None
        return self._dense.array(), self._qualifier or ""

    def close(self) -> None:
        if self._dense is not None:
            self._dense.close()

    def table(self) -> pl.DataFrame:
        """All links so far: event (row), object (code), qualifier."""
        if self._dense is not None:
            codes = np.asarray(self._dense.array())
            rows = np.flatnonzero(codes != NO_OBJECT).astype(np.uint32)
            return link_table(rows, codes[rows], self._qualifier or "")
        return pl.concat(self._tables)

    def of_rows(self, rows: NDArray[np.integer]) -> pl.DataFrame:
        """The links of some event rows, each row named once or more."""
        wanted = np.unique(rows).astype(np.uint32)
        dense = self._dense
        if dense is not None:
            wanted = wanted[wanted < dense.length]
            codes = np.asarray(dense.array())[wanted]
            named = codes != NO_OBJECT
            return link_table(wanted[named], codes[named], self._qualifier or "")
        return self.table().join(pl.DataFrame({"event": wanted}), on="event", how="semi")


def link_table(
    events: NDArray[np.uint32], objects: NDArray[np.uint32], qualifier: str
) -> pl.DataFrame:
    """Links that share a qualifier, as a table."""
    frame = pl.DataFrame({"event": events, "object": objects})
    return frame.with_columns(qualifier=pl.lit(qualifier, pl.String))
