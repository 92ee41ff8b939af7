"""A perspective: one object type seen as sequences of events.

Compressed sparse rows: the events of object ``i`` stand at ``offsets[i]:offsets[i + 1]`` in all
arrays, sorted by time, then by record order. Kernels see nothing but these arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

IntArray = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class Perspective:
    """Sequences of one object type, as arrays that may lie on disk (memory-mapped).

    offsets     int64, objects + 1. Every object has at least one event.
    activity    unsigned, one per entry: code into ``activities``.
    time_ns     int64, one per entry: UTC, nanoseconds since 1970.
    event       unsigned, one per entry: row of the event in the book (its lineage).
    object      unsigned, one per object: row in the book's table of objects of this type.
    activities  names by code; a code may have no event in this perspective.
    """

    book: Book
    type: str
    offsets: NDArray[np.int64]
    activity: IntArray
    time_ns: NDArray[np.int64]
    event: IntArray
    object: IntArray
    activities: tuple[str, ...]

    @property
    def objects(self) -> int:
        return len(self.offsets) - 1

    @property
    def entries(self) -> int:
        return len(self.activity)

    def object_ids(self) -> pl.Series:
        """Ids of the objects in the order of ``offsets``."""
        return self.book.object_ids(self.type).gather(self.object)

    def codes(self, role: str) -> tuple[IntArray, tuple[str, ...]] | None:
        """Coded values of a role (resource, party, lifecycle, instance) entry by entry.

        Gives the codes and the names by code; the code 0 is the empty name "" and means that
        the event has no value. None when the book has no such role.
        """
        coded = self.book.role_codes(role)
        if coded is None:
            return None
        codes, names = coded
        return codes[self.event], names

    def start_ns(self) -> NDArray[np.int64] | None:
        """Start of each entry's work (equal to ``time_ns`` where unknown), or None if no event has one."""
        start = self.book.start_ns()
        return None if start is None else start[self.event]
