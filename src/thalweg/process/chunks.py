"""Runs of objects: how kernels are spread over threads, always with the same answer.

The runs depend on the data alone, never on the number of threads, and partial results are merged
in the order of the runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]
T = TypeVar("T")

CHUNK_ENTRIES = 1 << 19
"""Entries per run: a run's codes and times stay in the processor's cache."""

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Objects ``first:last``, whose entries stand at ``lo:hi``."""

    first: int
    last: int
    lo: int
    hi: int


def object_chunks(offsets: Ints, entries: int = CHUNK_ENTRIES) -> list[Chunk]:
    """Cut the objects into runs of about ``entries`` entries; an object is never cut."""
    objects = len(offsets) - 1
    if objects == 0:
        return []
    total = int(offsets[-1])
    marks = np.arange(entries, max(total, 1), entries)
    cuts = np.unique(np.concatenate(([0], np.searchsorted(offsets, marks), [objects])))
    return [Chunk(int(a), int(b), int(offsets[a]), int(offsets[b])) for a, b in pairwise(cuts)]


def chunk_offsets(offsets: Ints, chunk: Chunk) -> Ints:
    """Offsets of the run's objects, counted from the run's first entry."""
    return np.asarray(offsets[chunk.first : chunk.last + 1]) - chunk.lo


def chunk_codes(codes: NDArray[Any], chunk: Chunk) -> Codes:
    """The run's codes in the one width that kernels are compiled for."""
    return np.array(codes[chunk.lo : chunk.hi], dtype=np.uint32)


def chunk_times(time_ns: NDArray[np.int64], chunk: Chunk) -> Ints:
    """The run's times, read-only so that kernels see one type for memory and disk alike."""
    return read_only(time_ns[chunk.lo : chunk.hi])


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view


def rows_of(codes: NDArray[Any], run: int = 1 << 20) -> int:
    """One more than the highest code: the length of an array indexed by them."""
    return 1 + max((int(codes[i : i + run].max()) for i in range(0, len(codes), run)), default=-1)


def thread_count(threads: int | None = None) -> int:
    return threads or os.cpu_count() or 1


def each(work: Callable[[T], Any], items: Sequence[T], threads: int | None = None) -> Iterator[Any]:
    """``work`` on every item, in threads; results in the order of the items."""
    count = min(thread_count(threads), len(items))
    if count <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(count) as pool:
        yield from pool.map(work, items)


def carry(whole_s: Ints, rest_ns: Ints) -> tuple[Ints, Ints]:
    """Exact sums of times as whole seconds and nanoseconds below one second."""
    return whole_s + rest_ns // SECOND_NS, rest_ns % SECOND_NS


def to_seconds(whole_s: Ints, rest_ns: Ints) -> NDArray[np.float64]:
    return whole_s + rest_ns / SECOND_NS
