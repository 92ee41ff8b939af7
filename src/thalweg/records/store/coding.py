"""Names become codes in order of first appearance, the same whatever the batches."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.store.sequences import NO_OBJECT


class Coder:
    """A growing dictionary of names; null is not a name and codes as NO_OBJECT."""

    def __init__(self, known: pl.Series | None = None) -> None:
        self._categories = pl.Categories.random(physical=pl.UInt32)
        self._dtype = pl.Categorical(self._categories)
        self._keep: list[pl.Series] = []
        if known is not None:
            self.encode(known)

    def encode(self, names: pl.Series) -> NDArray[np.uint32]:
        """Codes of the names, new names taking the next free ones."""
        coded = names.cast(pl.String).cast(self._dtype)
        if not self._keep:
            self._keep.append(coded.head(1))
        return (
            coded.to_physical().fill_null(int(NO_OBJECT)).to_numpy().astype(np.uint32, copy=False)
        )

    def names(self) -> pl.Series:
        return self._categories.to_series().alias("name")

    def __len__(self) -> int:
        return len(self._categories.to_series())


class IdIndex:
    """Ids and the whole number that belongs to each; -1 where none does."""

    def __init__(self) -> None:
        self._coder = Coder()
        self._values = np.empty(0, np.int64)

    def find(self, ids: pl.Series) -> NDArray[np.int64]:
        """The number of each id, -1 for unknown ones and for null."""
        codes = self._codes(ids)
        found = np.full(len(codes), -1, np.int64)
        known = codes != NO_OBJECT
        found[known] = self._values[codes[known]]
        return found

    def put(self, ids: pl.Series, values: NDArray[np.int64]) -> None:
        """Set the numbers of ids; of equal ids the last one counts, and null is passed over."""
        codes = self._codes(ids)
        known = codes != NO_OBJECT
        self._values[codes[known]] = values[known]

    def _codes(self, ids: pl.Series) -> NDArray[np.uint32]:
        codes = self._coder.encode(ids)
        size = len(self._coder)
        if size > len(self._values):
            grown = np.full(max(size, 2 * len(self._values)), -1, np.int64)
            grown[: len(self._values)] = self._values
            self._values = grown
        return codes
