"""Waits summed by any key: an aggregate that merges, with exact sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import (
    CHUNK_ENTRIES,
    SECOND_NS,
    Chunk,
    Ints,
    carry,
    chunk_offsets,
    each,
    object_chunks,
    read_only,
    to_seconds,
)
from thalweg.process.waiting.assemble import Scene
from thalweg.process.waiting.causes import (
    BATCHING,
    CAUSES,
    HANDOVER,
    REMAINDER,
    SYNCHRONISATION,
)
from thalweg.process.waiting.sweep import Split

WAITS, OBJECTS, WHOLE_S, REST_NS = range(4)
STEPS, WAITED, WAITED_OBJECTS, UNNAMED_S, UNNAMED_NS = range(5)
MOST_PARTS, MOST_ROWS = 64, 1 << 22
"""Tables of parts that are laid out side by side have at most so many rows together."""
HOUR_NS = 3600 * SECOND_NS


@dataclass(frozen=True, slots=True, eq=False)
class WaitAggregate:
    """Sums by key.

    causes   per key and cause: WAITS longer than zero, OBJECTS that have one, and their exact sum.
    steps    per key: STEPS (waits of any length, zero included), WAITED (longer than zero),
             WAITED_OBJECTS, and the time after the event was enabled in which the resource is not
             named.
    money    per key and cause, hours times the object's cost per hour; empty without costs.
    """

    causes: NDArray[np.int64]
    steps: NDArray[np.int64]
    money: NDArray[np.float64]

    @staticmethod
    def zero(keys: int, priced: bool = False) -> WaitAggregate:
        return WaitAggregate(
            np.zeros((keys, len(CAUSES), 4), np.int64),
            np.zeros((keys, 5), np.int64),
            np.zeros((keys if priced else 0, len(CAUSES))),
        )

    def merge(self, other: WaitAggregate) -> WaitAggregate:
        """The aggregate of two disjoint sets of objects whose causes were found together."""
        causes, steps = self.causes + other.causes, self.steps + other.steps
        causes[..., WHOLE_S], causes[..., REST_NS] = carry(
            causes[..., WHOLE_S], causes[..., REST_NS]
        )
        steps[:, UNNAMED_S], steps[:, UNNAMED_NS] = carry(steps[:, UNNAMED_S], steps[:, UNNAMED_NS])
        return WaitAggregate(causes, steps, self.money + other.money)

    def seconds(self) -> NDArray[np.float64]:
        """Seconds by key and cause."""
        return to_seconds(self.causes[..., WHOLE_S], self.causes[..., REST_NS])


@dataclass(frozen=True, slots=True, eq=False)
class WaitArrays:
    """Per piece: source, row of its work, completion, code of its party (empty without parties),
    and whether it counts; per work: start, enabling, causes after it, and resource."""

    source: Ints
    work: NDArray[np.uint32]
    end_ns: Ints
    start_ns: Ints
    ready_ns: Ints
    cause_ns: NDArray[np.int64]
    party: NDArray[np.uint32]
    resource: NDArray[np.uint32]
    counted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """All that is known of every wait: the scene, the split, and who hands over to whom.

    party: code per event row (0: none), or None; keep: pieces that the filters leave.
    """

    scene: Scene
    split: Split
    party: NDArray[Any] | None
    keep: NDArray[np.bool_] | None

    def counted(self) -> NDArray[np.bool_]:
        """Pieces of which a wait can be reported: kept, and with a known start."""
        pieces = self.scene.pieces
        known = np.ones(len(pieces), np.bool_) if pieces.known is None else pieces.known.copy()
        return known if self.keep is None else known & self.keep

    def arrays(self) -> WaitArrays:
        """As the kernels read it."""
        scene = self.scene
        pieces = scene.pieces
        work = np.arange(len(pieces)) if scene.work is None else scene.work
        ready, start = scene.works.enabled_ns, scene.works.start_ns
        if self.party is None:
            party = np.zeros(0, np.uint32)
        else:
            party = np.asarray(self.party[pieces.event]).astype(np.uint32)
        return WaitArrays(
            read_only(scene.source),
            read_only(np.asarray(work).astype(np.uint32)),
            read_only(pieces.end_ns),
            read_only(start),
            read_only(ready),
            read_only(self.split.cause_ns),
            read_only(party),
            read_only(scene.works.resource),
            read_only(self.counted()),
        )


def tally(
    arrays: WaitArrays,
    offsets: Ints,
    key: NDArray[np.int64],
    keys: int,
    price: NDArray[np.float64] | None = None,
    threads: int | None = None,
) -> WaitAggregate:
    """Waits by key.

    Takes    key: per piece, -1 to leave it out. price: per object, its cost per hour of waiting.
    """
    prices = np.zeros(0) if price is None else price
    parts = min(max(MOST_ROWS // max(keys, 1), 2), MOST_PARTS)
    run = max(CHUNK_ENTRIES, -(-int(offsets[-1]) // parts))

    def work(chunk: Chunk) -> WaitAggregate:
        part = WaitAggregate.zero(keys, price is not None)
        _tally(
            chunk_offsets(offsets, chunk) + chunk.lo,
            chunk.first,
            arrays.source,
            arrays.work,
            arrays.end_ns,
            arrays.start_ns,
            arrays.ready_ns,
            arrays.cause_ns,
            arrays.party,
            arrays.resource,
            arrays.counted,
            read_only(key),
            read_only(prices),
            part.causes,
            part.steps,
            part.money,
        )
        return part

    whole = WaitAggregate.zero(keys, price is not None)
    for part in each(work, object_chunks(offsets, run), threads):
        whole = whole.merge(part)
    return whole


@njit(cache=True, nogil=True)
def _one(
    j: int,
    source: Ints,
    work: NDArray[np.uint32],
    end_ns: Ints,
    start_ns: Ints,
    ready_ns: Ints,
    cause_ns: NDArray[np.int64],
    party: NDArray[np.uint32],
    into: Ints,
) -> int:
    """The wait of one piece by cause; gives its length."""
    w = work[j]
    own, start = end_ns[source[j]], start_ns[w]
    ready = min(max(ready_ns[w], own), start)
    left = start - ready
    into[SYNCHRONISATION] = ready - own
    for q in range(cause_ns.shape[1]):
        into[BATCHING + q] = cause_ns[w, q]
        left -= cause_ns[w, q]
    passed = False
    if len(party) > 0:
        giver, taker = party[source[j]], party[j]
        passed = giver != taker and giver > 0 and taker > 0
    into[HANDOVER] = left if passed else 0
    into[REMAINDER] = 0 if passed else left
    length: int = start - own
    return length


@njit(cache=True, nogil=True)
def _tally(
    offsets: Ints,
    first: int,
    source: Ints,
    work: NDArray[np.uint32],
    end_ns: Ints,
    start_ns: Ints,
    ready_ns: Ints,
    cause_ns: NDArray[np.int64],
    party: NDArray[np.uint32],
    resource: NDArray[np.uint32],
    counted: NDArray[np.bool_],
    key: Ints,
    price: NDArray[np.float64],
    causes: NDArray[np.int64],
    steps: NDArray[np.int64],
    money: NDArray[np.float64],
) -> None:
    parts = causes.shape[1]
    values = np.zeros(parts, np.int64)
    seen = np.full((len(causes), parts + 1), -1, np.int32)
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            k = key[j]
            if k < 0 or source[j] < 0 or not counted[j]:
                continue
            total = _one(j, source, work, end_ns, start_ns, ready_ns, cause_ns, party, values)
            steps[k, STEPS] += 1
            if total == 0:
                continue
            steps[k, WAITED] += 1
            if seen[k, parts] != i:
                seen[k, parts] = i
                steps[k, WAITED_OBJECTS] += 1
            if resource[work[j]] == 0:
                rest = total - values[SYNCHRONISATION]
                steps[k, UNNAMED_S] += rest // SECOND_NS
                steps[k, UNNAMED_NS] += rest % SECOND_NS
            for c in range(parts):
                if values[c] == 0:
                    continue
                causes[k, c, WAITS] += 1
                causes[k, c, WHOLE_S] += values[c] // SECOND_NS
                causes[k, c, REST_NS] += values[c] % SECOND_NS
                if seen[k, c] != i:
                    seen[k, c] = i
                    causes[k, c, OBJECTS] += 1
                if len(price) > 0:
                    money[k, c] += price[first + i] * values[c] / HOUR_NS


def single_waits(arrays: WaitArrays, pieces: Ints) -> NDArray[np.int64]:
    """The waits of some pieces by cause, in ns."""
    out = np.zeros((len(pieces), len(CAUSES)), np.int64)
    _single(
        pieces,
        arrays.source,
        arrays.work,
        arrays.end_ns,
        arrays.start_ns,
        arrays.ready_ns,
        arrays.cause_ns,
        arrays.party,
        out,
    )
    return out


@njit(cache=True, nogil=True)
def _single(
    pieces: Ints,
    source: Ints,
    work: NDArray[np.uint32],
    end_ns: Ints,
    start_ns: Ints,
    ready_ns: Ints,
    cause_ns: NDArray[np.int64],
    party: NDArray[np.uint32],
    out: NDArray[np.int64],
) -> None:
    values = np.zeros(out.shape[1], np.int64)
    for n in range(len(pieces)):
        _one(pieces[n], source, work, end_ns, start_ns, ready_ns, cause_ns, party, values)
        for c in range(out.shape[1]):
            out[n, c] = values[c]


def jackknife_shares(weeks: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Standard errors of the shares of causes, leaving out one week at a time.

    Takes    weeks: seconds by week (of the objects' beginning) and cause.
    Returns  the standard error per cause (not a number below two weeks), and the weeks used.
    Source   Quenouille (1956), Tukey (1958): the delete-one jackknife of a ratio of sums.
    """
    used = weeks[weeks.sum(axis=1) > 0]
    n = len(used)
    if n < 2:
        return np.full(weeks.shape[1], np.nan), n
    left = used.sum(axis=0) - used
    shares = left / np.maximum(left.sum(axis=1, keepdims=True), 1e-300)
    spread = ((shares - shares.mean(axis=0)) ** 2).sum(axis=0) * (n - 1) / n
    return np.sqrt(spread), n
