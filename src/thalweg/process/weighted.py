"""Weighted variants: each different sequence of activities once, with the number of its objects.

What discovery and conformance work on: exact, and far smaller than the records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.process.chunks import Codes, Ints
from thalweg.process.variants import Variants, group_variants
from thalweg.records.perspective import Perspective


@dataclass(frozen=True, slots=True, eq=False)
class WeightedVariants:
    """Sequences in compressed sparse rows: variant ``i`` is ``codes[offsets[i]:offsets[i + 1]]``.

    names: activities by code, each of which occurs. count: objects of each variant, at least one.
    A sequence may be empty.
    """

    names: tuple[str, ...]
    offsets: Ints
    codes: Codes
    count: Ints

    @property
    def variants(self) -> int:
        return len(self.count)

    @property
    def objects(self) -> int:
        return int(self.count.sum())

    def sequence(self, variant: int) -> tuple[str, ...]:
        codes = self.codes[self.offsets[variant] : self.offsets[variant + 1]]
        return tuple(self.names[code] for code in codes)

    @staticmethod
    def of_sequences(weights: Mapping[Sequence[str], int]) -> WeightedVariants:
        """From sequences of names with their counts; for small inputs."""
        names = tuple(sorted({name for sequence in weights for name in sequence}))
        code = {name: number for number, name in enumerate(names)}
        lengths = [len(sequence) for sequence in weights]
        return WeightedVariants(
            names,
            np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            np.array([code[name] for sequence in weights for name in sequence], np.uint32),
            np.array(list(weights.values()), np.int64),
        )


def weigh_variants(
    view: Perspective, threads: int | None = None
) -> tuple[WeightedVariants, Variants]:
    """The variants of a perspective, the most frequent first, and which object has which.

    Returns  the sequences, and the grouping: ``grouping.variant[o]`` numbers the row of object o.
    """
    offsets = np.array(view.offsets, np.int64)
    groups = group_variants(offsets, view.activity, view.activities, threads)
    begin, lengths = offsets[groups.first], np.diff(offsets)[groups.first]
    runs = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    at = np.arange(runs[-1]) + np.repeat(begin - runs[:-1], lengths)
    raw = np.asarray(view.activity)[at]
    used = np.bincount(raw, minlength=len(view.activities)) > 0
    place = np.cumsum(used) - 1
    names = tuple(name for name, here in zip(view.activities, used, strict=True) if here)
    return WeightedVariants(names, runs, place[raw].astype(np.uint32), groups.count), groups
