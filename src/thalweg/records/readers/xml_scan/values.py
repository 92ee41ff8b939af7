"""Runs of bytes as columns of text."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from thalweg.records.readers.xml_scan.tokens import Bytes, Ints, reference


@njit(cache=True, nogil=True)
def decode(buf: Bytes, at: int, length: int, coded: int, out: Bytes, to: int) -> int:
    """Copy an attribute value, white space folded and references resolved; the length written."""
    if coded == 0:
        for i in range(length):
            out[to + i] = buf[at + i]
        return length
    start, p, end = to, at, at + length
    while p < end:
        c = buf[p]
        if c == 38:
            code, p = reference(buf, end, p)
            to = _put(out, to, code)
            continue
        if c == 13 and p + 1 < end and buf[p + 1] == 10:
            p += 1
        out[to] = 32 if c < 32 else c
        to += 1
        p += 1
    return to - start


@njit(cache=True, nogil=True)
def _put(out: Bytes, to: int, code: int) -> int:
    """Write one character as UTF-8; the position after it."""
    if code < 0x80:
        out[to] = code
        return to + 1
    if code < 0x800:
        out[to] = 0xC0 | (code >> 6)
        out[to + 1] = 0x80 | (code & 63)
        return to + 2
    if code < 0x10000:
        out[to] = 0xE0 | (code >> 12)
        out[to + 1] = 0x80 | ((code >> 6) & 63)
        out[to + 2] = 0x80 | (code & 63)
        return to + 3
    out[to] = 0xF0 | (code >> 18)
    out[to + 1] = 0x80 | ((code >> 12) & 63)
    out[to + 2] = 0x80 | ((code >> 6) & 63)
    out[to + 3] = 0x80 | (code & 63)
    return to + 4


@njit(cache=True, nogil=True)
def _gather(
    buf: Bytes, tokens: Ints, order: Ints, out: Bytes, offsets: NDArray[np.int64], valid: Bytes
) -> None:
    """Values of one slot, row by row; rows without one are left empty and invalid."""
    to, row = 0, 0
    for k in range(len(order)):
        i = order[k]
        own = tokens[i, 1]
        while row <= own:
            offsets[row] = to
            row += 1
        valid[own >> 3] |= 1 << (own & 7)
        to += decode(buf, tokens[i, 2], tokens[i, 3], tokens[i, 4], out, to)
    while row < len(offsets):
        offsets[row] = to
        row += 1


def text_column(buf: Bytes, tokens: Ints, order: Ints, rows: int) -> pl.Series:
    """The values of one slot as text, one per row, null where a row has none.

    Takes    tokens: table of ``slots.sort_out``; order: the slot's tokens, in order of rows.
    """
    out = np.empty(int(tokens[order, 3].sum()), np.uint8)
    offsets = np.empty(rows + 1, np.int64)
    valid = np.zeros((rows + 7) // 8, np.uint8)
    _gather(buf, tokens, order, out, offsets, valid)
    array = pa.LargeStringArray.from_buffers(
        rows, pa.py_buffer(offsets), pa.py_buffer(out), pa.py_buffer(valid)
    )
    return pl.Series(pl.from_arrow(array))
