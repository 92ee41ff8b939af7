"""Quantiles of many groups at once: exact by selection, or within 0.8 % from counts that merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.process.chunks import Ints, each

Floats = NDArray[np.float64]

_MANTISSA_BITS = 6
_SHIFT = 52 - _MANTISSA_BITS
RELATIVE_ERROR = 2.0 ** -(_MANTISSA_BITS + 1)
"""A bucket is 1/64 of its lower edge wide at most; its middle is within 1/128 of any value in it."""


def group_quantiles(
    values: Ints, bounds: Ints, probabilities: Sequence[float], threads: int | None = None
) -> Floats:
    """Quantiles of ``values[bounds[g]:bounds[g + 1]]`` for each group; reorders ``values``.

    Between two order statistics the quantile is interpolated linearly (type 7 of Hyndman and
    Fan 1996, as in NumPy and SQL's ``quantile_cont``). A group without values gives NaN.
    """
    groups = len(bounds) - 1
    out = np.full((groups, len(probabilities)), np.nan)

    def select(group: int) -> None:
        part = values[bounds[group] : bounds[group + 1]]
        if len(part) == 0:
            return
        position = (len(part) - 1) * np.asarray(probabilities)
        low = np.floor(position).astype(np.int64)
        high = np.ceil(position).astype(np.int64)
        part.partition(np.unique(np.concatenate((low, high))))
        below, above = part[low], part[high]
        out[group] = below + (above - below) * (position - low)

    sizes = np.diff(bounds)
    big = np.argsort(-sizes, kind="stable").tolist()
    large = [g for g in big if sizes[g] >= _WORTH_A_TASK]
    for _ in each(select, large, threads):
        pass
    for group in big[len(large) :]:
        select(group)
    return out


_WORTH_A_TASK = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class LogHistogram:
    """Counts of non-negative whole numbers by group in buckets of constant relative width.

    Ordered by (group, bucket). The bucket is the upper bits of the number's floating-point form,
    so it needs no logarithm and is the same on every machine (DDSketch, Masson and others 2019,
    with the interpolated mapping).
    """

    group: Ints
    bucket: Ints
    count: Ints

    @staticmethod
    def zero() -> LogHistogram:
        return LogHistogram(*(np.empty(0, np.int64) for _ in range(3)))

    @staticmethod
    def of(group: Ints, values: Ints) -> LogHistogram:
        bucket = np.asarray(values, np.float64).view(np.int64) >> _SHIFT
        return _count(np.asarray(group, np.int64), bucket, np.ones(len(bucket), np.int64))

    def merge(self, other: LogHistogram) -> LogHistogram:
        both = (
            np.concatenate((getattr(self, name), getattr(other, name))) for name in self.__slots__
        )
        return _count(*both)

    def quantile(self, group: int, probability: float) -> float:
        """The lower quantile within ``RELATIVE_ERROR``; NaN for a group without values."""
        mine = self.group == group
        total = int(self.count[mine].sum())
        if total == 0:
            return float("nan")
        rank = int(np.floor((total - 1) * probability)) + 1
        at = int(np.searchsorted(np.cumsum(self.count[mine]), rank))
        bucket = int(self.bucket[mine][at])
        if bucket == 0:
            return 0.0
        edges = np.array([bucket, bucket + 1], np.int64) << _SHIFT
        return float(edges.view(np.float64).mean())


def _count(group: Ints, bucket: Ints, count: Ints) -> LogHistogram:
    if len(group) == 0:
        return LogHistogram.zero()
    order = np.lexsort((bucket, group))
    group, bucket = group[order], bucket[order]
    first = np.ones(len(group), bool)
    first[1:] = (group[1:] != group[:-1]) | (bucket[1:] != bucket[:-1])
    at = np.flatnonzero(first)
    return LogHistogram(group[at], bucket[at], np.add.reduceat(count[order], at))
