"""One binary heap of events: by time, and in the order in which they were planned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thalweg.redesign.simulate.compiled import compiled
from thalweg.redesign.simulate.layout import HEAP, SEQ

KIND_BITS, INDEX_BITS = 3, 25
INDEX_MASK = (1 << INDEX_BITS) - 1
KIND_MASK = (1 << KIND_BITS) - 1
I64 = NDArray[np.int64]


@compiled
def push(heap: I64, sc: I64, t: int, kind: int, index: int) -> None:
    """Plan an event of ``kind`` about the thing at ``index``."""
    sc[SEQ] += 1
    code = (sc[SEQ] << (KIND_BITS + INDEX_BITS)) | (kind << INDEX_BITS) | index
    i = sc[HEAP]
    sc[HEAP] += 1
    while i > 0:
        up = (i - 1) >> 1
        if heap[up, 0] < t or (heap[up, 0] == t and heap[up, 1] < code):
            break
        heap[i, 0], heap[i, 1] = heap[up, 0], heap[up, 1]
        i = up
    heap[i, 0], heap[i, 1] = t, code


@compiled
def drop(heap: I64, sc: I64) -> None:
    """Take the first event away."""
    sc[HEAP] -= 1
    n = sc[HEAP]
    t, code = heap[n, 0], heap[n, 1]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= n:
            break
        other = down + 1
        if other < n and (
            heap[other, 0] < heap[down, 0]
            or (heap[other, 0] == heap[down, 0] and heap[other, 1] < heap[down, 1])
        ):
            down = other
        if t < heap[down, 0] or (t == heap[down, 0] and code < heap[down, 1]):
            break
        heap[i, 0], heap[i, 1] = heap[down, 0], heap[down, 1]
        i = down
    heap[i, 0], heap[i, 1] = t, code


@compiled
def kind_of(code: int) -> int:
    return (code >> INDEX_BITS) & KIND_MASK


@compiled
def index_of(code: int) -> int:
    return code & INDEX_MASK
