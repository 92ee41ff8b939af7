"""Variants: objects that went through the same sequence of activities.

Sequences are grouped by a 128-bit hash of the activities' names, and every object is compared with
its group's representative, so that a collision cannot merge two variants. The hash depends on the
names, not on their codes, so that variants of separately coded parts merge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
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
    each,
    object_chunks,
    read_only,
    to_seconds,
)
from thalweg.process.quantiles import group_quantiles

Words = NDArray[np.uint64]


def name_words(names: Sequence[str]) -> Words:
    """Two 64-bit words per name, the same on every machine."""
    digests = b"".join(blake2b(name.encode(), digest_size=16).digest() for name in names)
    return np.frombuffer(digests, "<u8").astype(np.uint64).reshape(-1, 2)


@njit(cache=True, nogil=True)
def _hash(offsets: Ints, code: Codes, words: Words, out: Words) -> None:
    prime = np.uint64(0x9E3779B97F4A7C15)
    for i in range(len(offsets) - 1):
        a = np.uint64(0x243F6A8885A308D3)
        b = np.uint64(0x13198A2E03707344)
        for j in range(offsets[i], offsets[i + 1]):
            a = (a ^ words[code[j], 0]) * prime
            a ^= a >> np.uint64(29)
            b = (b + words[code[j], 1]) * prime
            b ^= b >> np.uint64(32)
        out[i, 0], out[i, 1] = a, b


@njit(cache=True, nogil=True)
def _same(offsets: Ints, code: Codes, i: int, k: int) -> bool:
    at, other, length = offsets[i], offsets[k], offsets[i + 1] - offsets[i]
    if offsets[k + 1] - other != length:
        return False
    for j in range(length):  # noqa: SIM110 (numba)
        if code[at + j] != code[other + j]:
            return False
    return True


@njit(cache=True, nogil=True)
def _group(
    offsets: Ints,
    code: Any,
    hashes: Words,
    part: int,
    parts: int,
    table: NDArray[np.int32],
    representative: NDArray[np.int32],
) -> int:
    """Give each object of a part of the hash space its representative: the first alike.

    Returns how many objects had the hash of another sequence (collisions, resolved).
    """
    mask = np.uint64(len(table) - 1)
    collisions = 0
    for i in range(len(offsets) - 1):
        key = hashes[i, 0]
        if (key >> np.uint64(40)) % np.uint64(parts) != np.uint64(part):
            continue
        at = key & mask
        while True:
            k = table[at]
            if k < 0:
                table[at] = i
                representative[i] = i
                break
            if hashes[k, 0] == key and hashes[k, 1] == hashes[i, 1]:
                if _same(offsets, code, i, k):
                    representative[i] = k
                    break
                collisions += 1
            at = (at + np.uint64(1)) & mask
    return collisions


def hash_objects(
    offsets: Ints, code: NDArray[Any], names: Sequence[str], threads: int | None = None
) -> Words:
    """128-bit hash of every object's sequence of names, as two words."""
    words = name_words(names)
    out = np.empty((len(offsets) - 1, 2), np.uint64)

    def work(chunk: Chunk) -> None:
        runs = chunk_offsets(offsets, chunk)
        _hash(runs, chunk_codes(code, chunk), words, out[chunk.first : chunk.last])

    for _ in each(work, object_chunks(offsets), threads):
        pass
    return out


_PARTS = 8
"""Parts of the hash space that are grouped apart; fixed, so that threads don't matter."""


def representatives(
    offsets: Ints, code: NDArray[Any], hashes: Words, threads: int | None = None
) -> NDArray[np.int32]:
    """For each object the first object with the same sequence."""
    objects = len(hashes)
    out = np.empty(objects, np.int32)
    runs, flat = read_only(offsets), read_only(code)
    part_of = (hashes[:, 0] >> np.uint64(40)) % np.uint64(_PARTS)
    sizes = np.bincount(part_of.astype(np.int64), minlength=_PARTS)
    del part_of

    def work(part: int) -> None:
        room = 1 << max(4, int(2 * sizes[part]).bit_length())
        _group(runs, flat, hashes, part, _PARTS, np.full(room, -1, np.int32), out)

    for _ in each(work, range(_PARTS), threads):
        pass
    return out


@dataclass(frozen=True, slots=True, eq=False)
class VariantAggregate:
    """One row per variant, ordered by hash.

    hashes: two words. length: entries of the sequence. sequence: (variants + 1) offsets and the
    activity codes of the sequences. count: objects. total_s, total_ns: exact sum of durations.
    """

    names: tuple[str, ...]
    hashes: Words
    offsets: Ints
    codes: Codes
    count: Ints
    total_s: Ints
    total_ns: Ints

    @property
    def variants(self) -> int:
        return len(self.count)

    def sequence(self, variant: int) -> tuple[str, ...]:
        codes = self.codes[self.offsets[variant] : self.offsets[variant + 1]]
        return tuple(self.names[code] for code in codes)

    def merge(self, other: VariantAggregate) -> VariantAggregate:
        """The aggregate of both sets of objects, compared by the names of their activities."""
        rows: dict[tuple[str, ...], list[int]] = {}
        for part in (self, other):
            for v in range(part.variants):
                row = rows.setdefault(part.sequence(v), [0, 0])
                row[0] += int(part.count[v])
                row[1] += int(part.total_s[v]) * SECOND_NS + int(part.total_ns[v])
        return _from_rows(rows)


def _from_rows(rows: dict[tuple[str, ...], list[int]]) -> VariantAggregate:
    names = tuple(sorted({name for sequence in rows for name in sequence}))
    code_of = {name: code for code, name in enumerate(names)}
    coded = [np.array([code_of[name] for name in sequence], np.uint32) for sequence in rows]
    lengths = np.array([len(codes) for codes in coded], np.int64)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    codes = np.concatenate([np.empty(0, np.uint32), *coded])
    hashes = hash_objects(offsets, codes, names)
    order = np.lexsort((lengths, hashes[:, 1], hashes[:, 0]))
    counts = np.array([row[0] for row in rows.values()], np.int64)
    sums = list(rows.values())
    ordered = [coded[i] for i in order]
    return VariantAggregate(
        names,
        hashes[order],
        np.concatenate(([0], np.cumsum(lengths[order]))).astype(np.int64),
        np.concatenate([np.empty(0, np.uint32), *ordered]),
        counts[order],
        np.array([sums[i][1] // SECOND_NS for i in order], np.int64),
        np.array([sums[i][1] % SECOND_NS for i in order], np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Variants:
    """The variants of a perspective, object by object.

    variant: number of each object's variant. first: an object that shows it. Numbers go by
    count, the most frequent first; ties by length, then by the hash of the names, so that neither
    row order nor coding matters.
    """

    variant: NDArray[np.int32]
    first: Ints
    count: Ints
    hashes: Words

    @property
    def variants(self) -> int:
        return len(self.count)


def group_variants(
    offsets: Ints, code: NDArray[Any], names: Sequence[str], threads: int | None = None
) -> Variants:
    """Exact grouping of all objects by their sequence of activities."""
    hashes = hash_objects(offsets, code, names, threads)
    alike = representatives(offsets, code, hashes, threads)
    objects = len(alike)
    tally = np.bincount(alike, minlength=objects)
    first = np.flatnonzero(tally)
    count = tally[first]
    length = offsets[first + 1] - offsets[first]
    key = hashes[first]
    order = _ranking(count, length, key)
    rank = np.empty(objects, np.int32)
    rank[first[order]] = np.arange(len(first), dtype=np.int32)
    return Variants(rank[alike], first[order], count[order], key[order])


def _ranking(count: Ints, length: Ints, key: Words) -> Ints:
    """Order by count (falling), length, hash.

    One 64-bit word sorts nearly all: 20 bits of count (there are fewer than 2**20 different
    counts among 2**39 objects), 12 of length, 32 of hash. What it leaves equal is sorted in full.
    """
    places = np.unique(count)
    falling = (len(places) - np.searchsorted(places, count)).astype(np.uint64)
    short = np.minimum(length, 4095).astype(np.uint64)
    word = (falling << np.uint64(44)) | (short << np.uint64(32)) | (key[:, 0] >> np.uint64(32))
    order = np.argsort(word)
    ranked = word[order]
    tied = np.zeros(len(order), bool)
    same = ranked[1:] == ranked[:-1]
    tied[1:] |= same
    tied[:-1] |= same
    at = np.flatnonzero(tied)
    among = order[at]
    full = (key[among, 1], key[among, 0], length[among], word[among])
    order[at] = among[np.lexsort(full)]
    return order


def aggregate_variants(
    offsets: Ints,
    code: NDArray[Any],
    time_ns: Ints,
    names: Sequence[str],
    threads: int | None = None,
) -> VariantAggregate:
    """The mergeable form: each variant with its sequence, count and time."""
    groups = group_variants(offsets, code, names, threads)
    span = time_ns[offsets[1:] - 1] - time_ns[offsets[:-1]]
    whole = np.zeros(groups.variants, np.int64)
    rest = np.zeros(groups.variants, np.int64)
    np.add.at(whole, groups.variant, span // SECOND_NS)
    np.add.at(rest, groups.variant, span % SECOND_NS)
    whole, rest = carry(whole, rest)
    rows = {
        tuple(names[c] for c in code[offsets[o] : offsets[o + 1]]): [
            int(groups.count[v]),
            int(whole[v]) * SECOND_NS + int(rest[v]),
        ]
        for v, o in enumerate(groups.first)
    }
    return _from_rows(rows)


def top_variants_table(
    groups: Variants,
    offsets: Ints,
    code: NDArray[Any],
    span_ns: Ints,
    names: Sequence[str],
    top: int,
    threads: int | None = None,
) -> pl.DataFrame:
    """The most frequent variants.

    Takes    span_ns: time from each object's beginning to its last event.
    Returns  rank (from 1), activities (list), objects, share, mean_s and median_s of the spans.
    """
    top = min(top, groups.variants)
    mine = np.flatnonzero(groups.variant < top)
    mine = mine[np.argsort(groups.variant[mine], kind="stable")]
    span = span_ns[mine]
    bounds = np.concatenate(([0], np.cumsum(groups.count[:top]))).astype(np.int64)
    mean_s = np.zeros(top)
    if top:
        whole = np.add.reduceat(span // SECOND_NS, bounds[:-1])
        rest = np.add.reduceat(span % SECOND_NS, bounds[:-1])
        mean_s = to_seconds(whole, rest) / groups.count[:top]
    median = group_quantiles(span, bounds, (0.5,), threads) / SECOND_NS
    return pl.DataFrame(
        {
            "rank": np.arange(1, top + 1),
            "activities": pl.Series(
                [[names[c] for c in code[offsets[o] : offsets[o + 1]]] for o in groups.first[:top]],
                dtype=pl.List(pl.String),
            ),
            "objects": groups.count[:top],
            "share": groups.count[:top] / max(len(groups.variant), 1),
            "mean_s": mean_s,
            "median_s": median[:, 0],
        }
    )
