"""Chance that depends on what it is about, never on the order in which it is asked for.

A number is a hash of the seed, the replication, the object, the activity, its visit and the
purpose, mixed by the finaliser of SplitMix64 (Steele, Lea and Flood 2014; Stafford's variant 13).
So an object has the same luck under every plan, whatever happens around it.
"""

from __future__ import annotations

import numpy as np

from thalweg.redesign.simulate.compiled import compiled

_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLD = np.uint64(0x9E3779B97F4A7C15)
_30, _27, _31, _11, _1 = (np.uint64(n) for n in (30, 27, 31, 11, 1))
UNIT = 2.0**-53


@compiled
def mixed(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> _30)) * _A
    x = (x ^ (x >> _27)) * _B
    return x ^ (x >> _31)


@compiled
def hashed(before: int, value: int) -> int:
    """A hash of a hash and a number, in 63 bits."""
    x = np.uint64(before) ^ mixed(np.uint64(value) * _GOLD + _GOLD)
    return int(mixed(x) >> _1)


@compiled
def chance(luck: int, activity: int, visit: int, purpose: int) -> float:
    """A number in [0, 1), of an object's ``luck``, at a visit of an activity, for a purpose."""
    about = (np.uint64(activity) << np.uint64(40)) ^ (np.uint64(visit) << np.uint64(8))
    x = mixed(np.uint64(luck) ^ ((about ^ np.uint64(purpose)) * _GOLD))
    return np.float64(mixed(x + _GOLD) >> _11) * UNIT
