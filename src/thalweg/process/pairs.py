"""Directly-follows pairs: how often one code follows another in an object, and after how long.

The codes are activities, or resources or parties for handovers. One pass counts, sums, and finds
extremes and distinct objects; a second pass, with the counts known, groups the gaps by pair so
that quantiles are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    SECOND_NS,
    Chunk,
    Codes,
    Ints,
    carry,
    chunk_codes,
    chunk_offsets,
    chunk_times,
    each,
    object_chunks,
    to_seconds,
)
from thalweg.process.quantiles import LogHistogram, group_quantiles

CodeReader = Callable[[Chunk], Codes]
COUNT, OBJECTS, SUM_HIGH, SUM_LOW, MIN_NS, MAX_NS, MARK, KEY = range(8)
NEVER_NS = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class PairAggregate:
    """Figures per pair of codes, ordered by (source, target).

    objects are distinct; total_s and total_ns (below 10**9) are one exact sum.
    """

    source: Ints
    target: Ints
    count: Ints
    objects: Ints
    total_s: Ints
    total_ns: Ints
    min_ns: Ints
    max_ns: Ints

    @staticmethod
    def zero() -> PairAggregate:
        return PairAggregate(*(np.empty(0, np.int64) for _ in range(8)))

    def merge(self, other: PairAggregate) -> PairAggregate:
        """The aggregate of both sets of objects; no object may be in both."""
        return merge_pairs([self, other])


def merge_pairs(parts: Sequence[PairAggregate]) -> PairAggregate:
    if not parts:
        return PairAggregate.zero()
    source, target, count, objects, total_s, total_ns, low, high = (
        np.concatenate([getattr(p, name) for p in parts]) for name in PairAggregate.__slots__
    )
    if len(source) == 0:
        return PairAggregate.zero()
    order = np.lexsort((target, source))
    source, target = source[order], target[order]
    first = np.ones(len(source), bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    at = np.flatnonzero(first)
    sums = [np.add.reduceat(v[order], at) for v in (count, objects, total_s, total_ns)]
    whole, rest = carry(sums[2], sums[3])
    return PairAggregate(
        source[at],
        target[at],
        sums[0],
        sums[1],
        whole,
        rest,
        np.minimum.reduceat(low[order], at),
        np.maximum.reduceat(high[order], at),
    )


@njit(cache=True, nogil=True, inline="always")
def _home(key: Any, mask: int) -> Any:
    """Where a key's search begins in a table of ``mask + 1`` places."""
    return (key ^ (key >> 11)) & mask


@njit(cache=True, nogil=True)
def _scan(
    offsets: Ints, code: Codes, time_ns: Ints, codes: int, skip: int, table: NDArray[np.int64]
) -> None:
    """Fill ``table``, one row per pair, found by open addressing on KEY (-1: free).

    Gaps are summed as upper and lower 32 bits: no division, and no overflow in a run. The table
    is indexed in full at each step, which is four times as fast as taking the row once.
    """
    mask = table.shape[0] - 1
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        if hi - lo < 2:
            continue
        a, before = np.int64(code[lo]), time_ns[lo]
        for j in range(lo + 1, hi):
            b, now = np.int64(code[j]), time_ns[j]
            if a >= skip and b >= skip:
                key = a * codes + b
                at = _home(key, mask)
                while table[at, KEY] != key:
                    if table[at, KEY] == -1:
                        table[at, KEY] = key
                        table[at, MIN_NS] = NEVER_NS
                        table[at, MARK] = -1
                        break
                    at = (at + 1) & mask
                gap = now - before
                table[at, COUNT] += 1
                table[at, SUM_HIGH] += gap >> 32
                table[at, SUM_LOW] += gap & 0xFFFFFFFF
                table[at, MIN_NS] = min(table[at, MIN_NS], gap)
                table[at, MAX_NS] = max(table[at, MAX_NS], gap)
                if table[at, MARK] != i:
                    table[at, MARK] = i
                    table[at, OBJECTS] += 1
            a, before = b, now


def _exact_sums(high: Ints, low: Ints) -> tuple[Ints, Ints]:
    """``high`` · 2³² + ``low`` nanoseconds as whole seconds and nanoseconds below one."""
    seconds, rest = divmod(1 << 32, SECOND_NS)
    whole = high * seconds + high // SECOND_NS * rest
    return carry(whole, high % SECOND_NS * rest + low)


@njit(cache=True, nogil=True)
def _scatter(
    offsets: Ints,
    code: Codes,
    time_ns: Ints,
    codes: int,
    skip: int,
    lookup: NDArray[np.int64],
    cursor: Ints,
    out: Ints,
    owner: Ints,
    first: int,
) -> None:
    """Write each gap into its pair's stretch of ``out``; ``lookup`` holds (key, pair).

    ``owner``, unless empty, gets the number of the gap's object, counted from ``first``.
    """
    mask = lookup.shape[0] - 1
    for i in range(len(offsets) - 1):
        lo, hi = offsets[i], offsets[i + 1]
        if hi - lo < 2:
            continue
        a, before = np.int64(code[lo]), time_ns[lo]
        for j in range(lo + 1, hi):
            b, now = np.int64(code[j]), time_ns[j]
            if a >= skip and b >= skip:
                key = a * codes + b
                at = _home(key, mask)
                while lookup[at, 0] != key:
                    at = (at + 1) & mask
                pair = lookup[at, 1]
                place = cursor[pair]
                out[place] = now - before
                if len(owner):
                    owner[place] = first + i
                cursor[pair] = place + 1
            a, before = b, now


@njit(cache=True, nogil=True)
def _enter(keys: Ints, lookup: NDArray[np.int64]) -> None:
    mask = lookup.shape[0] - 1
    for pair in range(len(keys)):
        at = _home(keys[pair], mask)
        while lookup[at, 0] != -1:
            at = (at + 1) & mask
        lookup[at, 0] = keys[pair]
        lookup[at, 1] = pair


def _room(pairs: int) -> int:
    """Places of a table that stays at most half full."""
    return max(16, 1 << int(2 * pairs - 1).bit_length()) if pairs else 16


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """What a pair scan reads: runs of objects, a code and a time for each entry.

    codes is the number of codes; entries whose code is below ``skip`` have none (a missing
    resource) and join no pair.
    """

    offsets: Ints
    read: CodeReader
    time_ns: Ints
    codes: int
    skip: int = 0

    @staticmethod
    def of(offsets: Ints, code: NDArray[Any], time_ns: Ints, codes: int) -> Sequences:
        return Sequences(offsets, lambda chunk: chunk_codes(code, chunk), time_ns, codes)


Parts = Sequence[tuple[Chunk, PairAggregate]]
"""The aggregate of each run, which tells where the run's gaps belong."""


def scan_chunk(data: Sequences, chunk: Chunk) -> PairAggregate:
    """The aggregate of one run of objects."""
    gaps = max(0, chunk.hi - chunk.lo - (chunk.last - chunk.first))
    table = np.zeros((_room(min(data.codes**2, gaps)), 8), np.int64)
    table[:, KEY] = -1
    _scan(
        chunk_offsets(data.offsets, chunk),
        data.read(chunk),
        chunk_times(data.time_ns, chunk),
        data.codes,
        data.skip,
        table,
    )
    rows = table[table[:, KEY] >= 0]
    rows = rows[np.argsort(rows[:, KEY])]
    whole, rest = _exact_sums(rows[:, SUM_HIGH], rows[:, SUM_LOW])
    return PairAggregate(
        rows[:, KEY] // data.codes,
        rows[:, KEY] % data.codes,
        rows[:, COUNT],
        rows[:, OBJECTS],
        whole,
        rest,
        rows[:, MIN_NS],
        rows[:, MAX_NS],
    )


def scan_pairs(
    data: Sequences, threads: int | None = None
) -> tuple[PairAggregate, list[tuple[Chunk, PairAggregate]]]:
    """The whole aggregate, and its parts by run for the pass that follows."""
    chunks = object_chunks(data.offsets)
    parts = list(each(lambda chunk: scan_chunk(data, chunk), chunks, threads))
    return merge_pairs(parts), list(zip(chunks, parts, strict=True))


def pair_quantiles(
    data: Sequences,
    whole: PairAggregate,
    parts: Parts,
    probabilities: Sequence[float],
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Exact quantiles of the gaps in seconds: one row per pair, one column per probability."""
    found = group_gaps(data, whole, parts, threads)
    return group_quantiles(found.gaps_ns, found.bounds, probabilities, threads) / SECOND_NS


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """All gaps, grouped: those of pair ``p`` of the aggregate at ``bounds[p]:bounds[p + 1]``.

    owner: the number of each gap's object, rising within a pair; empty if not asked for.
    """

    gaps_ns: Ints
    bounds: Ints
    owner: Ints


def group_gaps(
    data: Sequences,
    whole: PairAggregate,
    parts: Parts,
    threads: int | None = None,
    *,
    owners: bool = False,
) -> Gaps:
    """The second pass: with the counts known, each gap goes straight to its place."""
    keys = whole.source * data.codes + whole.target
    lookup = lookup_table(whole, data.codes)
    bounds = np.concatenate(([0], np.cumsum(whole.count))).astype(np.int64)
    gaps = np.empty(bounds[-1], np.int64)
    owner = np.empty(bounds[-1] if owners else 0, np.int64)
    cursor = bounds[:-1].copy()
    jobs = []
    for chunk, part in parts:
        jobs.append((chunk, cursor.copy()))
        cursor[np.searchsorted(keys, part.source * data.codes + part.target)] += part.count

    def scatter(job: tuple[Chunk, Ints]) -> None:
        chunk, start = job
        _scatter(
            chunk_offsets(data.offsets, chunk),
            data.read(chunk),
            chunk_times(data.time_ns, chunk),
            data.codes,
            data.skip,
            lookup,
            start,
            gaps,
            owner,
            chunk.first,
        )

    for _ in each(scatter, jobs, threads):
        pass
    return Gaps(gaps, bounds, owner)


def pair_histogram(data: Sequences, threads: int | None = None) -> LogHistogram:
    """Gaps in buckets, for quantiles of parts that are merged; groups are source · codes + target."""

    def work(chunk: Chunk) -> LogHistogram:
        part = scan_chunk(data, chunk)
        found = group_gaps(data, part, [(chunk, part)], 1)
        keys = np.repeat(part.source * data.codes + part.target, part.count)
        return LogHistogram.of(keys, found.gaps_ns)

    whole = LogHistogram.zero()
    for part in each(work, object_chunks(data.offsets), threads):
        whole = whole.merge(part)
    return whole


def lookup_table(whole: PairAggregate, codes: int) -> NDArray[np.int64]:
    """Where kernels find a pair's row in ``whole`` by its key."""
    keys = whole.source * codes + whole.target
    lookup = np.full((_room(len(keys)), 2), -1, np.int64)
    _enter(keys, lookup)
    return lookup


@njit(cache=True, nogil=True)
def _add_work(
    offsets: Ints,
    code: Codes,
    ticks: Ints,
    codes: int,
    skip: int,
    lookup: NDArray[np.int64],
    total: NDArray[np.int64],
) -> None:
    mask = lookup.shape[0] - 1
    for i in range(len(offsets) - 1):
        for j in range(offsets[i] + 1, offsets[i + 1]):
            a, b = np.int64(code[j - 1]), np.int64(code[j])
            if a < skip or b < skip:
                continue
            key = a * codes + b
            at = _home(key, mask)
            while lookup[at, 0] != key:
                at = (at + 1) & mask
            gap = ticks[j] - ticks[j - 1]
            total[lookup[at, 1], 0] += gap // SECOND_NS
            total[lookup[at, 1], 1] += gap % SECOND_NS


def pair_work(
    data: Sequences, chunk: Chunk, ticks: Ints, lookup: NDArray[np.int64], pairs: int
) -> NDArray[np.int64]:
    """Sums of the differences of ``ticks`` (ns, one per entry of the run) by pair, as (s, ns)."""
    total = np.zeros((pairs, 2), np.int64)
    runs, code = chunk_offsets(data.offsets, chunk), data.read(chunk)
    _add_work(runs, code, ticks, data.codes, data.skip, lookup, total)
    return total


def aggregate_pairs(data: Sequences, threads: int | None = None) -> PairAggregate:
    return scan_pairs(data, threads)[0]


def pairs_table(data: Sequences, names: Sequence[str], threads: int | None = None) -> pl.DataFrame:
    """Pairs by name with counts and waits.

    Returns  source, target, count, objects (distinct), mean_s, median_s, p90_s, min_s, max_s,
             total_s, wait_share (part of the total of all pairs); the most frequent first.
    """
    return scan_and_table(data, names, threads)[1]


def scan_and_table(
    data: Sequences, names: Sequence[str], threads: int | None = None
) -> tuple[PairAggregate, pl.DataFrame]:
    """The aggregate, in the order of its codes, and its table."""
    whole, parts = scan_pairs(data, threads)
    quantiles = pair_quantiles(data, whole, parts, (0.5, 0.9), threads)
    return whole, _table(whole, quantiles, names)


def _table(
    whole: PairAggregate, quantiles: NDArray[np.float64], names: Sequence[str]
) -> pl.DataFrame:
    total_s = to_seconds(whole.total_s, whole.total_ns)
    label = pl.Series(names, dtype=pl.String)
    return pl.DataFrame(
        {
            "source": label.gather(whole.source),
            "target": label.gather(whole.target),
            "count": whole.count,
            "objects": whole.objects,
            "mean_s": total_s / whole.count,
            "median_s": quantiles[:, 0],
            "p90_s": quantiles[:, 1],
            "min_s": whole.min_ns / SECOND_NS,
            "max_s": whole.max_ns / SECOND_NS,
            "total_s": total_s,
            "wait_share": total_s / max(float(total_s.sum()), 1e-9),
        }
    ).sort(["count", "source", "target"], descending=[True, False, False])
