"""Names become codes in order of first appearance, the same whatever the batches."""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.records.store.sequences import NO_OBJECT

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
_FIRST_SLOTS = 1 << 10


class Coder:
    """A growing dictionary of names; null is not a name and codes as NO_OBJECT.

    Names are found by a 64-bit hash, and every answer is compared with the name itself. Should
    two names ever share a hash, all are hashed anew with another seed; codes stay as they are.
    """

    def __init__(self, known: pl.Series | None = None) -> None:
        self._seed = 0
        self._names = pl.Series("name", [], dtype=pl.String)
        self._slots = _Slots(_FIRST_SLOTS)
        if known is not None:
            self.encode(known)

    def encode(self, names: pl.Series) -> U32:
        """Codes of the names, new names taking the next free ones."""
        texts = names.cast(pl.String)
        while True:
            codes, fresh = self._slots.encode(_hashes(texts, self._seed), _present(texts))
            grown = self._names
            if len(fresh):
                new = _compact(texts.gather(fresh))
                grown = pl.concat([self._names, new], rechunk=True)
            if _names_equal(grown, codes, texts):
                self._names = grown
                return codes
            self._hash_anew()

    def names(self) -> pl.Series:
        """Names by code."""
        return self._names

    def __len__(self) -> int:
        return len(self._names)

    def _hash_anew(self) -> None:
        """Begin the table again under a seed that tells all known names apart."""
        while True:
            self._seed += 1
            self._slots = _Slots(_FIRST_SLOTS)
            hashes = _hashes(self._names, self._seed)
            self._slots.encode(hashes, _present(self._names))
            if self._slots.count == len(self._names):
                return


class _Slots:
    """An open-addressing table from hash to code."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self._hashes, self._codes = np.zeros(size, np.uint64), np.full(size, NO_OBJECT)

    def encode(self, hashes: U64, present: NDArray[np.bool_]) -> tuple[U32, NDArray[np.int64]]:
        """Codes of hashes, and the places at which new ones were met."""
        self._make_room(self.count + len(hashes))
        codes, fresh = np.empty(len(hashes), np.uint32), np.empty(len(hashes), np.int64)
        new = _code(hashes, present, self._hashes, self._codes, self.count, codes, fresh)
        self.count += new
        return codes, fresh[:new]

    def _make_room(self, entries: int) -> None:
        size = len(self._hashes)
        while size < 2 * entries:
            size *= 2
        if size > len(self._hashes):
            hashes, codes = np.zeros(size, np.uint64), np.full(size, NO_OBJECT)
            _move(self._hashes, self._codes, hashes, codes)
            self._hashes, self._codes = hashes, codes


def _compact(names: pl.Series) -> pl.Series:
    """The names in memory of their own: a selection keeps all text that it was taken from."""
    own = pl.from_arrow(names.to_arrow(compat_level=pl.CompatLevel.oldest()))
    return cast(pl.Series, own).alias("name")


def _hashes(names: pl.Series, seed: int) -> U64:
    hashes: U64 = names.hash(seed).to_numpy()
    return hashes


def _present(names: pl.Series) -> NDArray[np.bool_]:
    """Which are names; nothing when all are."""
    return names.is_not_null().to_numpy() if names.null_count() else np.empty(0, np.bool_)


def _names_equal(names: pl.Series, codes: U32, texts: pl.Series) -> bool:
    if texts.null_count():
        present = texts.is_not_null()
        codes, texts = codes[present.to_numpy()], texts.filter(present)
    return bool((names.gather(codes) == texts).all())


@njit(cache=True, nogil=True)
def _slot(hashed, mask):  # type: ignore[no-untyped-def]
    return ((hashed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask


@njit(cache=True, nogil=True)
def _move(hashes, codes, new_hashes, new_codes):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(new_hashes) - 1)
    for i in range(len(hashes)):
        if codes[i] != NO_OBJECT:
            slot = _slot(hashes[i], mask)
            while new_codes[slot] != NO_OBJECT:
                slot = (slot + np.uint64(1)) & mask
            new_hashes[slot] = hashes[i]
            new_codes[slot] = codes[i]


@njit(cache=True, nogil=True)
def _code(wanted, present, hashes, codes, count, out, fresh):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(hashes) - 1)
    some_missing = len(present) > 0
    new = 0
    for i in range(len(wanted)):
        if some_missing and not present[i]:
            out[i] = NO_OBJECT
            continue
        slot = _slot(wanted[i], mask)
        while codes[slot] != NO_OBJECT and hashes[slot] != wanted[i]:
            slot = (slot + np.uint64(1)) & mask
        if codes[slot] == NO_OBJECT:
            hashes[slot] = wanted[i]
            codes[slot] = count + new
            fresh[new] = i
            new += 1
        out[i] = codes[slot]
    return new


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
