"""Parts that add up to their whole to the last bit, in whatever order they are added."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BITS = 40
"""Kept of the largest amount: about 12 digits, which leaves room for 4,096 parts of that size."""

_SMALLEST = -1_000
"""Exponent below which amounts are nothing."""


def quantum_of(amounts: Sequence[float]) -> float:
    """The power of two, of whose multiples sums and differences of such amounts are exact.

    Doubles hold 53 bits: multiples of q below 2^53·q are added without rounding.
    """
    largest = max((abs(one) for one in amounts if math.isfinite(one)), default=0.0)
    return math.ldexp(1.0, max(math.frexp(largest)[1] - _BITS, _SMALLEST)) if largest else 1.0


def exact_parts(whole: float, parts: Sequence[float]) -> tuple[float, list[float], float]:
    """The whole, its parts and what they leave, such that parts and rest sum to the whole exactly.

    Each is rounded to the nearest multiple of ``quantum_of`` them all; the rest takes what is left.
    """
    quantum = quantum_of([whole, *parts])
    total = round(whole / quantum) * quantum
    kept = [round(part / quantum) * quantum for part in parts]
    rest = total
    for part in kept:
        rest -= part
    return total, kept, rest
