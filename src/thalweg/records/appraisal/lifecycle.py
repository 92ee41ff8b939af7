"""Pairing the start of a piece of work with its completion.

Starts and completions of one object and activity are matched first in, first out, and by work
item where the records name one. Other transitions (schedule, assign, suspend …) match nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

OTHER, START, COMPLETE = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Matches of starts and completions.

    partner   int64 per entry: the entry of the other half, or -1.
    matched, unmatched_starts, unmatched_completes   counts.
    """

    partner: Ints
    matched: int
    unmatched_starts: int
    unmatched_completes: int


def transition_kinds(names: Sequence[str]) -> NDArray[np.uint8]:
    """For each lifecycle name OTHER, START or COMPLETE, in any case."""
    kinds = {"start": START, "complete": COMPLETE}
    return np.array([kinds.get(name.strip().casefold(), OTHER) for name in names], np.uint8)


def last_only_starts(last: NDArray[Any], names: Sequence[str]) -> NDArray[np.bool_]:
    """Objects whose last event only starts a piece of work, by its transition's code."""
    return np.asarray(transition_kinds(names)[last] == START)


def pair_transitions(
    offsets: Ints,
    activity: NDArray[Any],
    kind: NDArray[np.uint8],
    instance: NDArray[Any] | None = None,
) -> Pairing:
    """Match starts with completions.

    Takes    kind: OTHER, START or COMPLETE per entry. instance: code of the work item per entry,
             where known; halves must then agree in it.
    """
    entries = len(activity)
    items = np.zeros(entries, np.uint32) if instance is None else instance.astype(np.uint32)
    partner = np.full(entries, -1, np.int64)
    runs = np.array(offsets, np.int64)
    _pair(runs, activity.astype(np.uint32), np.array(kind, np.uint8), items, partner)
    matched = int((partner >= 0).sum()) // 2
    return Pairing(
        partner=partner,
        matched=matched,
        unmatched_starts=int((kind == START).sum()) - matched,
        unmatched_completes=int((kind == COMPLETE).sum()) - matched,
    )


@njit(cache=True, nogil=True)
def _pair(
    offsets: Ints,
    activity: NDArray[np.uint32],
    kind: NDArray[np.uint8],
    item: NDArray[np.uint32],
    partner: Ints,
) -> None:
    """Chain the open starts of each object in order and match the oldest that fits."""
    following = np.full(len(activity), -1, np.int64)
    for i in range(len(offsets) - 1):
        head, tail = -1, -1
        for j in range(offsets[i], offsets[i + 1]):
            if kind[j] == START:
                if head < 0:
                    head = j
                else:
                    following[tail] = j
                tail = j
            elif kind[j] == COMPLETE:
                before, k = -1, head
                while k >= 0 and (activity[k] != activity[j] or item[k] != item[j]):
                    before, k = k, following[k]
                if k < 0:
                    continue
                partner[k], partner[j] = j, k
                if before < 0:
                    head = following[k]
                else:
                    following[before] = following[k]
                if tail == k:
                    tail = before
