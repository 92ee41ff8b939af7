"""Slots of objects and pieces of work, used again as soon as they are free; lists among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thalweg.redesign.simulate.compiled import compiled
from thalweg.redesign.simulate.layout import (
    FIFO,
    FREE,
    FREE_OBJ,
    FREE_PIECE,
    HIGH_OBJ,
    HIGH_PIECE,
    LIFO,
    LIVE_PIECES,
    N_COUNT,
    N_HEAD,
    N_TAIL,
    NONE,
    O_FIRST,
    O_FLOW,
    O_NEXT,
    W_KEY,
    W_NEXT,
    W_OBJ,
    W_SIBLING,
)

I64 = NDArray[np.int64]


@compiled
def take_object(sc: I64, obj: I64) -> int:
    o = sc[FREE_OBJ]
    if o == NONE:
        o = sc[HIGH_OBJ]
        sc[HIGH_OBJ] += 1
    else:
        sc[FREE_OBJ] = obj[o, O_NEXT]
    obj[o, O_FIRST] = NONE
    return int(o)


@compiled
def free_object(sc: I64, obj: I64, o: int) -> None:
    obj[o, O_FLOW] = FREE
    obj[o, O_NEXT] = sc[FREE_OBJ]
    sc[FREE_OBJ] = o


@compiled
def take_piece(sc: I64, obj: I64, piece: I64, o: int) -> int:
    """A slot for a piece of work, first in the list of its object's unfinished ones."""
    p = sc[FREE_PIECE]
    if p == NONE:
        p = sc[HIGH_PIECE]
        sc[HIGH_PIECE] += 1
    else:
        sc[FREE_PIECE] = piece[p, W_NEXT]
    sc[LIVE_PIECES] += 1
    piece[p, W_OBJ] = o
    piece[p, W_SIBLING] = obj[o, O_FIRST]
    obj[o, O_FIRST] = p
    return int(p)


@compiled
def free_piece(sc: I64, piece: I64, p: int) -> None:
    sc[LIVE_PIECES] -= 1
    piece[p, W_NEXT] = sc[FREE_PIECE]
    sc[FREE_PIECE] = p


@compiled
def forget_piece(obj: I64, piece: I64, p: int) -> None:
    """Take a piece out of the list of its object's unfinished ones."""
    o = piece[p, W_OBJ]
    at = obj[o, O_FIRST]
    if at == p:
        obj[o, O_FIRST] = piece[p, W_SIBLING]
        return
    while piece[at, W_SIBLING] != p:
        at = piece[at, W_SIBLING]
    piece[at, W_SIBLING] = piece[p, W_SIBLING]


@compiled
def line_up(line: I64, piece: I64, q: int, p: int, order: int) -> None:
    """Put a piece into a queue: last, first, or by its key."""
    line[q, N_COUNT] += 1
    head = line[q, N_HEAD]
    if head == NONE:
        piece[p, W_NEXT] = NONE
        line[q, N_HEAD] = line[q, N_TAIL] = p
    elif order == FIFO:
        piece[p, W_NEXT] = NONE
        piece[line[q, N_TAIL], W_NEXT] = p
        line[q, N_TAIL] = p
    elif order == LIFO or piece[p, W_KEY] < piece[head, W_KEY]:
        piece[p, W_NEXT] = head
        line[q, N_HEAD] = p
    else:
        at = head
        while piece[at, W_NEXT] != NONE and piece[piece[at, W_NEXT], W_KEY] <= piece[p, W_KEY]:
            at = piece[at, W_NEXT]
        piece[p, W_NEXT] = piece[at, W_NEXT]
        piece[at, W_NEXT] = p
        if piece[p, W_NEXT] == NONE:
            line[q, N_TAIL] = p


@compiled
def next_in_line(line: I64, piece: I64, q: int) -> int:
    """Take the first of a queue."""
    p = line[q, N_HEAD]
    line[q, N_HEAD] = piece[p, W_NEXT]
    line[q, N_COUNT] -= 1
    if line[q, N_HEAD] == NONE:
        line[q, N_TAIL] = NONE
    return int(p)
