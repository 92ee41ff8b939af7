"""The path of each object: its activities in one order, whatever ran side by side.

Where two activities run side by side, which of them ended first says how long they took and not
where the object goes. Each path is therefore put into one order of its own: what had to come
before stays before, and of what runs side by side the activity comes first that comes earlier in
most objects. Routes are drawn in this order, and the enabling rule lets branches overlap again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Ints
from thalweg.redesign.learn.records import Codes, Work


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """offsets: per object, one more than objects. activity: codes, in the order of the path.
    piece: per step the piece of work it is. finished: per object; an unfinished one does not tell
    what comes after its last step. activities: how many codes there are."""

    offsets: Ints
    activity: Codes
    piece: Ints
    finished: NDArray[np.bool_]
    activities: int

    @property
    def objects(self) -> int:
        return len(self.finished)

    def resampled(self, draw: Ints) -> Paths:
        """Paths of objects drawn by position."""
        lengths = np.diff(self.offsets)[draw]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        at = np.arange(int(offsets[-1])) + np.repeat(self.offsets[draw] - offsets[:-1], lengths)
        return Paths(
            offsets, self.activity[at], self.piece[at], self.finished[draw], self.activities
        )


def paths_of(work: Work) -> Paths:
    """The paths of all objects; work that had only begun ends an unfinished path."""
    order = np.arange(len(work))
    if len(work):
        order = np.lexsort((order, work.start_ns, work.owner))
    activity = work.activity[order]
    rank = _ranks(work.offsets, activity, len(work.activities))
    _order(work.offsets, activity, order, work.concurrent, rank)
    return Paths(work.offsets, activity, order, work.finished.copy(), len(work.activities))


def _ranks(offsets: Ints, activity: Codes, activities: int) -> Ints:
    """Activities by how early they come, as a share of the path."""
    lengths = np.diff(offsets)
    place = np.arange(len(activity)) - np.repeat(offsets[:-1], lengths)
    share = place / np.maximum(np.repeat(lengths, lengths), 1)
    count = np.bincount(activity, minlength=activities)
    mean = np.bincount(activity, weights=share, minlength=activities) / np.maximum(count, 1)
    rank = np.empty(activities, np.int64)
    rank[np.argsort(mean, kind="stable")] = np.arange(activities)
    return rank


@njit(cache=True, nogil=True)
def _order(
    offsets: Ints, activity: Codes, piece: Ints, concurrent: NDArray[np.bool_], rank: Ints
) -> None:
    """In place, for each object: of all steps that nothing holds back, the lowest rank first."""
    for i in range(len(offsets) - 1):
        lo, n = offsets[i], offsets[i + 1] - offsets[i]
        some = False
        for a in range(lo + 1, lo + n):
            if concurrent[activity[a - 1], activity[a]]:
                some = True
                break
        if not some:
            continue
        code, own = activity[lo : lo + n].copy(), piece[lo : lo + n].copy()
        done = np.zeros(n, np.bool_)
        for step in range(n):
            best = -1
            for j in range(n):
                if done[j] or (best >= 0 and rank[code[j]] >= rank[code[best]]):
                    continue
                free = True
                for k in range(j):
                    if not done[k] and not concurrent[code[k], code[j]]:
                        free = False
                        break
                if free:
                    best = j
            done[best] = True
            activity[lo + step], piece[lo + step] = code[best], own[best]


def most_visits(paths: Paths) -> Ints:
    """Per activity the most often that one object did it."""
    owner = np.repeat(np.arange(paths.objects), np.diff(paths.offsets))
    pair, count = np.unique(owner * paths.activities + paths.activity, return_counts=True)
    most = np.zeros(paths.activities, np.int64)
    np.maximum.at(most, pair % paths.activities, count)
    return most
