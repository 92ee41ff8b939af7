"""How many units begin in each wave: equal waves, or those that leave chance the least room."""

from __future__ import annotations

from functools import cache

import numpy as np

from thalweg.change.frame import NEVER, Floats, Ints
from thalweg.change.planning.weights import wave_weights
from thalweg.errors import RequestError

WORTH = 0.02
"""Smallest part of the variance for whose sake waves are made unequal."""


def equal_sizes(units: int, capacity: Ints, controls: int) -> Ints:
    """Units in each wave, and last the controls; what no wave can hold stays control.

    Takes    capacity: (W,) most units in each wave.
    Raises   RequestError: more waves than units that may begin, or a wave that can hold none.
    """
    waves = len(capacity)
    rolled = min(units - controls, int(capacity.sum()))
    if rolled < waves or capacity.min() < 1:
        raise RequestError(
            f"{waves} waves are asked for, but only {rolled} units are to begin at dates drawn by "
            "lot. Plan fewer waves, fewer controls, more units per wave, or bind fewer units."
        )
    size = np.zeros(waves, dtype=np.int64)
    for _ in range(rolled):
        size[np.argmin(np.where(size < capacity, size, units))] += 1
    return np.append(size, units - rolled).astype(np.int64)


def wave_variance(
    size: Ints, starts: Ints, correlation: Floats, straddle: int, variance: float = 1.0
) -> float:
    """Variance of the imputation estimate when units vary alike; infinite: not identified.

    Takes    size: (W + 1,) units by wave, controls last. starts: (W,) first treated periods.
             correlation: (T, T) of a unit's noise between periods.
    """
    weight = wave_weights(np.append(starts, NEVER), size, len(correlation), straddle)
    if weight is None:
        return float("inf")
    return float(variance * (size * ((weight @ correlation) * weight).sum(axis=1)).sum())


def best_sizes(
    size: Ints,
    starts: Ints,
    correlation: Floats,
    straddle: int,
    capacity: Ints,
) -> Ints:
    """Wave sizes of least variance with as many controls as in ``size``.

    No wave falls below half of its size, so that effects by wave can still be told. Local search: the move of units from one wave to another that helps most, in ever smaller
    steps down to one unit. Source of the question: Li, Turner, Preisser (2018), Xiong, Athey,
    Bayati, Imbens (2024); unlike them the estimator is the one that is used afterwards.
    """
    least = [(int(n) + 1) // 2 for n in size]

    @cache
    def loss(sizes: tuple[int, ...]) -> float:
        return wave_variance(np.array(sizes), starts, correlation, straddle)

    best = tuple(int(n) for n in size)
    waves = len(size) - 1
    step = max(1, int(size[:-1].sum()) // (4 * waves))
    while step:
        moves = [
            _moved(best, source, target, step)
            for source in range(waves)
            for target in range(waves)
            if source != target
            and best[source] - step >= least[source]
            and best[target] + step <= capacity[target]
        ]
        chosen = min(moves, key=loss, default=best)
        if loss(chosen) < loss(best) - 1e-12:
            best = chosen
        else:
            step //= 2
    return np.array(best, dtype=np.int64)


def _moved(size: tuple[int, ...], source: int, target: int, step: int) -> tuple[int, ...]:
    changed = list(size)
    changed[source] -= step
    changed[target] += step
    return tuple(changed)
