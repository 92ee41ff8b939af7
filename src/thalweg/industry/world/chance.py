"""Chance that belongs to a thing: every draw is a hash of (seed, purpose, object, visit).

There is no stream to be used up, so a draw is the same whatever else happens or does not: common
random numbers for worlds that differ in one switch. The hash is splitmix64's finaliser (Steele,
Lea and Flood 2014) over a Weyl step for each word of the key; normals are Box and Muller's (1958).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Levels = NDArray[np.float32]

DAY_S = 86_400
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_ONE = np.uint64(1)
_UNIT = 2.0**-53
TAIL_SHARE, TAIL_FACTOR = 0.02, 4.0
"""Of delays at other people's desks: how many are forgotten, and how much longer those take."""
EXTREME_Z = 3.5
"""Normals are cut here, so that no single draw outlasts the world's calendar."""

PURPOSES = (
    "tonnes",
    "grade",
    "coils",
    "buyer",
    "mill",
    "source",
    "mark",
    "arrive",
    "inquiry_work",
    "search_work",
    "search_again",
    "reply",
    "quote",
    "decide",
    "won",
    "cancel",
    "cancel_after",
    "draft_work",
    "amend_again",
    "sign",
    "roll_work",
    "haul",
    "receive_work",
    "receipt",
    "receipt_work",
    "slit_work",
    "slit_again",
    "inspect_work",
    "pool",
    "load_work",
    "road",
    "settle",
    "settle_work",
    "invoice_work",
    "dispute",
    "dispute_after",
    "loan",
    "loan_apply",
    "loan_grant",
    "pay",
    "remind_work",
    "repay",
    "cut_to_size",
    "rollout",
    "rollout_day",
    "intensity",
    "visits",
    "roll_turn",
)
"""What a draw is for. New purposes go to the end: places here are part of every key."""


@njit(cache=True, nogil=True)
def _mix(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@njit(cache=True, nogil=True)
def _stream(seed: np.uint64, purpose: np.uint64) -> np.uint64:
    return _mix(_mix(seed + _GOLDEN) + (purpose + _ONE) * _GOLDEN)


def stream(seed: int, purpose: str) -> np.uint64:
    """The part of the key that a station holds fixed: the world and what is drawn."""
    with np.errstate(over="ignore"):
        return np.uint64(_stream(np.uint64(seed), np.uint64(PURPOSES.index(purpose))))


@njit(cache=True, nogil=True)
def bits(head: np.uint64, key: int, visit: int) -> np.uint64:
    """64 bits for a thing on its ``visit``-th time."""
    x = _mix(head + np.uint64(key + 1) * _GOLDEN)
    return _mix(x + np.uint64(visit + 1) * _GOLDEN)


@njit(cache=True, nogil=True)
def uniform(head: np.uint64, key: int, visit: int) -> float:
    """Uniform on [0, 1)."""
    return (bits(head, key, visit) >> _S11) * _UNIT


@njit(cache=True, nogil=True)
def normal(head: np.uint64, key: int, visit: int) -> float:
    """Standard normal, cut at ``EXTREME_Z``."""
    first = bits(head, key, visit)
    second = _mix(first + _GOLDEN)
    radius = math.sqrt(-2.0 * math.log(((first >> _S11) + 1.0) * _UNIT))
    z = radius * math.cos(2.0 * math.pi * ((second >> _S11) * _UNIT))
    return min(EXTREME_Z, max(-EXTREME_Z, z))


@njit(cache=True, nogil=True)
def seconds(
    head: np.uint64, key: int, visit: int, median_s: float, sigma: float, level: float, tail: bool
) -> int:
    """A log-normal time of at least a second, ``level`` added to its logarithm.

    tail: one in fifty is forgotten for a while and takes four times as long.
    """
    log = sigma * normal(head, key, visit) + level
    if tail and uniform(head, key, visit + 1_000) < TAIL_SHARE:
        log += math.log(TAIL_FACTOR)
    return max(1, round(median_s * math.exp(log)))


@njit(cache=True, nogil=True)
def uniforms(head: np.uint64, keys: Ints, visit: int) -> Floats:
    """(n,) one for each key."""
    out = np.empty(len(keys))
    for i in range(len(keys)):
        out[i] = uniform(head, keys[i], visit)
    return out


@njit(cache=True, nogil=True)
def normals(head: np.uint64, keys: Ints, visit: int) -> Floats:
    """(n,) one for each key."""
    out = np.empty(len(keys))
    for i in range(len(keys)):
        out[i] = normal(head, keys[i], visit)
    return out


@njit(cache=True, nogil=True)
def lasting(
    head: np.uint64,
    keys: Ints,
    median_s: float,
    sigma: float,
    level: Levels,
    firm: Ints,
    at_s: Ints,
    tail: bool,
) -> Ints:
    """(n,) seconds for each key; level: (firms, days), read on the day of ``at_s``."""
    out = np.empty(len(keys), dtype=np.int64)
    last = level.shape[1] - 1
    for i in range(len(keys)):
        day = min(at_s[i] // DAY_S, last)
        out[i] = seconds(head, keys[i], 0, median_s, sigma, level[firm[i], day], tail)
    return out
