"""Many tests at once: p-values corrected so that chance finds are rare among what is reported.

Source   Holm (1979) keeps the chance of any false find below the level; Benjamini and Hochberg
         (1995) keep the expected share of false finds among the finds below it. Both give adjusted
         p-values, which are compared with the level as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values, in the order given; None or NaN gives None and doesn't count as a test."""
    at, known = _known(p)
    order = np.argsort(known, kind="stable")
    left = len(known) - np.arange(len(known))
    rising = np.maximum.accumulate(np.minimum(known[order] * left, 1.0))
    return _back(p, at, order, rising)


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values, in the order given; None or NaN gives None and doesn't count as a test."""
    at, known = _known(p)
    order = np.argsort(known, kind="stable")
    scaled = known[order] * len(known) / np.arange(1, len(known) + 1)
    falling = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return _back(p, at, order, falling)


def _known(p: Sequence[float | None]) -> tuple[list[int], NDArray[np.float64]]:
    at = [k for k, value in enumerate(p) if value is not None and np.isfinite(value)]
    return at, np.array([p[k] for k in at], dtype=np.float64)


def _back(
    p: Sequence[float | None],
    at: list[int],
    order: NDArray[np.intp],
    adjusted: NDArray[np.float64],
) -> list[float | None]:
    found: list[float | None] = [None] * len(p)
    for rank, k in enumerate(order):
        found[at[int(k)]] = float(adjusted[rank])
    return found
