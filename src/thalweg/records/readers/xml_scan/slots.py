"""Attributes of traces and events, sorted by what they are.

A slot is one kind of attribute: where it stands (in a trace, in an event, inside another slot),
its type, its key, and whether it is the first, second, … of that key in its element. Slots live
as long as the document; a column is made of each slot in the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.records.readers.xml_scan import tokens as t
from thalweg.records.readers.xml_scan.values import decode

VOCABULARY = (
    "key", "value", "string", "date", "int", "float", "boolean", "id", "list", "container",
    "event", "trace", "log", "values", "extension", "global", "classifier",
)  # fmt: skip
"""Names in XES, the frequent ones first: the scanner tries them in this order."""
KEY, VALUE, STRING, DATE, INT, FLOAT, BOOLEAN, ID, LIST, CONTAINER, EVENT, TRACE, LOG, VALUES, EXTENSION, GLOBAL, CLASSIFIER = range(17)  # fmt: skip

IN_TRACE, IN_EVENT = -1, -2
"""Parents of the outermost slots."""
MOST_SLOTS = 16_384
_KEY_BYTES = 4 * 1024**2
_TABLE = 65_536
_SEED, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)

SLOT, ROW, AT, LEN, CODED, ELEMENT = range(6)
"""Columns of a token: slot, trace or event within the chunk, and where the value stands."""
N_TRACES, N_EVENTS, N_TOKENS, N_HEADS, N_UNKNOWN, N_KEYLESS, FIRST_UNKNOWN = range(7)


PARENT, KIND, REPEAT, IN_EVENT_SCOPE, KEY_AT, KEY_LEN, LAST_ROW, FOLLOWER = range(8)
"""Columns of the table of slots. FOLLOWER is the slot that came next the last time: the first guess."""


class Slots(NamedTuple):
    """Interned slots: a hash table of them, the slots, their keys, and how much is used of each."""

    table: NDArray[np.int32]
    rows: NDArray[np.int64]
    keys: t.Bytes
    used: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.used[0])

    def key(self, slot: int) -> str:
        at, length = self.rows[slot, [KEY_AT, KEY_LEN]]
        return self.keys[at : at + length].tobytes().decode()

    def path(self, slot: int) -> tuple[str, ...]:
        """Keys from the outermost attribute to this one."""
        parent = int(self.rows[slot, PARENT])
        return (*(self.path(parent) if parent >= 0 else ()), self.key(slot))

    def in_event(self, slot: int) -> bool:
        return bool(self.rows[slot, IN_EVENT_SCOPE])


def new_slots() -> Slots:
    return Slots(
        np.full(_TABLE, -1, np.int32),
        np.zeros((MOST_SLOTS, 8), np.int64),
        np.empty(_KEY_BYTES, np.uint8),
        np.zeros(2, np.int64),
    )


@njit(cache=True, nogil=True)
def _same(a: t.Bytes, at: int, b: t.Bytes, start: int, length: int) -> bool:
    for i in range(length):  # noqa: SIM110
        if a[at + i] != b[start + i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _intern(
    table: NDArray[np.int32], rows: NDArray[np.int64], keys: t.Bytes, used: NDArray[np.int64],
    parent: int, kind: int, repeat: int, length: int,
) -> int:  # fmt: skip
    """Slot of a key that stands at the end of ``keys``; -1 when there is no more room."""
    at = used[1]
    mixed = _SEED ^ np.uint64(parent + 2)
    mixed = mixed * _PRIME ^ np.uint64(kind + 32 * repeat)
    for i in range(length):
        mixed = mixed * _PRIME ^ np.uint64(keys[at + i])
    mixed ^= mixed >> np.uint64(29)
    place = np.int64(mixed & np.uint64(_TABLE - 1))
    while table[place] >= 0:
        slot = table[place]
        if (
            rows[slot, PARENT] == parent
            and rows[slot, KIND] == kind
            and rows[slot, REPEAT] == repeat
            and rows[slot, KEY_LEN] == length
            and _same(keys, rows[slot, KEY_AT], keys, at, length)
        ):
            return int(slot)
        place = (place + 1) & (_TABLE - 1)
    slot = used[0]
    if slot >= MOST_SLOTS:
        return -1
    table[place] = slot
    rows[slot, PARENT], rows[slot, KIND], rows[slot, REPEAT] = parent, kind, repeat
    in_event = parent == IN_EVENT or (parent >= 0 and rows[parent, IN_EVENT_SCOPE] == 1)
    rows[slot, IN_EVENT_SCOPE] = 1 if in_event else 0
    rows[slot, KEY_AT], rows[slot, KEY_LEN], rows[slot, LAST_ROW] = at, length, -1
    rows[slot, FOLLOWER] = slot
    used[0] += 1
    used[1] += length
    return int(slot)


@njit(cache=True, nogil=True)
def _slot_of(
    table: NDArray[np.int32], rows: NDArray[np.int64], keys: t.Bytes, used: NDArray[np.int64],
    buf: t.Bytes, attributes: t.Ints, key: int, parent: int, kind: int, before: int,
    trace: int, event: int,
) -> int:  # fmt: skip
    """The slot of an attribute in the running trace or event; -1 when there are too many."""
    at, length = attributes[key, t.AT], attributes[key, t.LEN]
    guess = rows[before, FOLLOWER]
    row = event if rows[guess, IN_EVENT_SCOPE] == 1 else trace
    if (
        rows[guess, PARENT] == parent
        and rows[guess, KIND] == kind
        and rows[guess, REPEAT] == 0
        and rows[guess, KEY_LEN] == length
        and attributes[key, t.CODED] == 0
        and rows[guess, LAST_ROW] != row
        and _same(keys, rows[guess, KEY_AT], buf, at, length)
    ):
        rows[guess, LAST_ROW] = row
        return int(guess)
    if used[1] + length > len(keys):
        return -1
    length = decode(buf, at, length, attributes[key, t.CODED], keys, used[1])
    repeat = 0
    while True:
        slot = _intern(table, rows, keys, used, parent, kind, repeat, length)
        if slot < 0:
            return -1
        row = event if rows[slot, IN_EVENT_SCOPE] == 1 else trace
        if rows[slot, LAST_ROW] != row:
            rows[slot, LAST_ROW] = row
            rows[before, FOLLOWER] = slot
            return slot
        repeat += 1


@njit(cache=True, nogil=True)
def _key_and_value(attributes: t.Ints, start: int, end: int) -> tuple[int, int]:
    key = value = -1
    for a in range(start, end):
        if attributes[a, t.A_WORD] == KEY:
            key = a
        elif attributes[a, t.A_WORD] == VALUE:
            value = a
    return key, value


@njit(cache=True, nogil=True)
def _put_value(tokens: t.Ints, token: int, attributes: t.Ints, value: int) -> None:
    """Say where the value of a token stands; -1 for one that has none of its own."""
    if value < 0:
        tokens[token, AT] = tokens[token, LEN] = tokens[token, CODED] = 0
        return
    tokens[token, AT] = attributes[value, t.AT]
    tokens[token, LEN] = attributes[value, t.LEN]
    tokens[token, CODED] = attributes[value, t.CODED]


@njit(cache=True, nogil=True)
def sort_out(
    buf: t.Bytes, elements: t.Ints, attributes: t.Ints,
    table: NDArray[np.int32], rows: NDArray[np.int64], keys: t.Bytes, used_slots: NDArray[np.int64],
    traces_before: int, events_before: int,
    tokens: t.Ints, event_trace: t.Ints, heads: t.Ints, out: NDArray[np.int64],
) -> bool:  # fmt: skip
    """Tabulate the attributes of the traces and events of a chunk.

    Takes    tables of a chunk; the parts of the slots, which grow; how many traces and events
             went before.
    Fills    tokens: one row per attribute with a value, list or container. event_trace: trace of
             each event within the chunk, -1 for an event outside traces. heads: other children
             of the root. out: how many of each.
    Returns  False when there are too many slots.
    """
    out[:] = 0
    trace = event = -1
    n, i, used, slot = len(elements) - 1, 1, 0, 0
    parent = np.empty(elements[:n, t.DEPTH].max() + 1, np.int32)
    while i < n:
        depth, word = elements[i, t.DEPTH], elements[i, t.WORD]
        if depth == 1 and word == TRACE:
            trace, parent[1] = trace + 1, IN_TRACE
            i += 1
            continue
        if word == EVENT and (depth == 1 or (depth == 2 and parent[1] == IN_TRACE)):
            event, parent[depth] = event + 1, IN_EVENT
            event_trace[event] = trace if depth == 2 else -1
            i += 1
            continue
        if depth == 1:
            heads[out[N_HEADS]] = i
            out[N_HEADS] += 1
            i = elements[i, t.NEXT]
            continue
        if word < STRING or word > CONTAINER:
            if out[N_UNKNOWN] == 0:
                out[FIRST_UNKNOWN] = i
            out[N_UNKNOWN] += 1
            i = elements[i, t.NEXT]
            continue
        key, value = _key_and_value(
            attributes, elements[i, t.FIRST_ATTRIBUTE], elements[i + 1, t.FIRST_ATTRIBUTE]
        )
        if key < 0:
            out[N_KEYLESS] += 1
            i = elements[i, t.NEXT]
            continue
        slot = _slot_of(
            table, rows, keys, used_slots, buf, attributes, key, parent[depth - 1], word, slot,
            traces_before + trace, events_before + event,
        )  # fmt: skip
        if slot < 0:
            return False
        parent[depth] = slot
        structured = word in (LIST, CONTAINER)
        if structured or value >= 0:
            tokens[used, SLOT], tokens[used, ELEMENT] = slot, i
            tokens[used, ROW] = event if rows[slot, IN_EVENT_SCOPE] == 1 else trace
            _put_value(tokens, used, attributes, -1 if structured else value)
            used += 1
        i = elements[i, t.NEXT] if structured else i + 1
    out[N_TRACES], out[N_EVENTS], out[N_TOKENS] = trace + 1, event + 1, used
    return True


@njit(cache=True, nogil=True)
def by_slot(tokens: t.Ints, n_slots: int) -> tuple[t.Ints, NDArray[np.int64]]:
    """Order of the tokens by slot, keeping their order, and where each slot's tokens begin."""
    start = np.zeros(n_slots + 1, np.int64)
    for i in range(len(tokens)):
        start[tokens[i, SLOT] + 1] += 1
    for s in range(n_slots):
        start[s + 1] += start[s]
    order = np.empty(len(tokens), np.int32)
    place = start.copy()
    for i in range(len(tokens)):
        slot = tokens[i, SLOT]
        order[place[slot]] = i
        place[slot] += 1
    return order, start
