"""Laws of time by their quantile functions, so that the same luck is the same rank under any law.

Normal and gamma quantiles are tables over octaves of the probability from either end, 32 steps an
octave, straight lines between: below 1e-4 of the value off, and rising throughout.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.redesign.model.model import (
    Constant,
    Exponential,
    Gamma,
    Law,
    Lognormal,
    Time,
    Uniform,
)
from thalweg.redesign.simulate.compiled import compiled
from thalweg.redesign.simulate.layout import (
    CONSTANT,
    EXPONENTIAL,
    L_KIND,
    L_LO,
    L_SIZE,
    LOGNORMAL,
    QUANTILES,
    SCALED,
    UNIFORM,
    Floats,
    Ints,
)

OCTAVES, STEPS = 52, 32
TABLE = OCTAVES * STEPS + 1
"""Entries of one half: probabilities 2**-53 up to a half."""
SECOND = 1e9
LONGEST_S = 2e9
"""Sixty years: no piece of work is longer, and sums stay within 64 bits."""
Z_ZERO, Z_A, Z_B = range(3)


def octave_probabilities() -> Floats:
    """Probabilities that a half of a table is about, rising to a half."""
    octave, step = np.divmod(np.arange(TABLE), STEPS)
    return np.asarray(2.0 ** (octave - OCTAVES - 1) * (1 + step / STEPS))


@lru_cache(maxsize=1)
def normal_table() -> Floats:
    """Quantiles of the normal law: the lower half, then the upper by its tail probability."""
    normal = NormalDist()
    low = np.array([normal.inv_cdf(float(p)) for p in octave_probabilities()])
    return np.concatenate((low, -low))


@lru_cache(maxsize=1024)
def gamma_table(shape: float) -> Floats:
    """Quantiles of the gamma law with mean 1."""
    p = octave_probabilities()
    low, high = np.empty(TABLE), np.empty(TABLE)
    _gamma_quantiles(shape, p, low, high, math.lgamma(shape))
    return np.concatenate((low, high)) / shape


@njit(cache=True, nogil=True)
def _gamma_quantiles(
    shape: float, p: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64],
    log_gamma: float,
) -> None:  # fmt: skip
    for j in range(len(p)):
        low[j] = _gamma_root(shape, p[j], False, log_gamma)
        high[j] = _gamma_root(shape, p[j], True, log_gamma)


@njit(cache=True, nogil=True)
def _gamma_root(shape: float, p: float, upper: bool, log_gamma: float) -> float:
    """Where the lower (or upper) tail is ``p``: bisection of the logarithm."""
    small, large = -800.0, math.log(shape + 60.0 * math.sqrt(shape) + 120.0)
    for _ in range(64):
        middle = 0.5 * (small + large)
        tail = _gamma_tail(shape, math.exp(middle), upper, log_gamma)
        if (tail > p) == upper:
            small = middle
        else:
            large = middle
    return math.exp(0.5 * (small + large))


@njit(cache=True, nogil=True)
def _gamma_tail(shape: float, x: float, upper: bool, log_gamma: float) -> float:
    """Regularised incomplete gamma functions: the series (DLMF 8.11.4) below ``shape + 1``, Legendre's
    continued fraction (DLMF 8.9.2, in Lentz' way) above."""
    if x <= 0.0:
        return 1.0 if upper else 0.0
    log_front = shape * math.log(x) - x - log_gamma
    if x < shape + 1.0:
        term = total = 1.0 / shape
        n = shape
        while term > total * 1e-17:
            n += 1.0
            term *= x / n
            total += term
        lower = total * math.exp(log_front)
        return 1.0 - lower if upper else lower
    b = x + 1.0 - shape
    c, d = 1e300, 1.0 / b
    h = d
    for i in range(1, 10_000):
        an = -i * (i - shape)
        b += 2.0
        d = 1.0 / (an * d + b)
        c = b + an / c
        h *= d * c
        if abs(d * c - 1.0) < 1e-16:
            break
    above = h * math.exp(log_front)
    return above if upper else 1.0 - above


class Laws:
    """The laws of a model as rows, each written once."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int]] = []
        self._params: list[tuple[float, float, float]] = []
        self._tables: list[Floats] = []
        self._size = 0
        self._known: dict[Time, int] = {}
        self._placed: dict[object, int] = {}

    def row(self, time: Time) -> int:
        """The row of a time's law."""
        found = self._known.get(time)
        if found is None:
            found = self._known[time] = len(self._rows)
            kind, a, b, lo, size = self._parts(time.of, time.factor)
            self._rows.append((kind, lo, size))
            self._params.append((time.zero_share, a, b))
        return found

    def arrays(self) -> tuple[Ints, Floats, Floats]:
        """Rows, their parameters, and the tables that they point into."""
        rows = np.array(self._rows, np.int64).reshape(-1, 3)
        params = np.array(self._params, np.float64).reshape(-1, 3)
        return rows, params, np.concatenate([*self._tables, np.zeros(1)])

    def _parts(self, law: Law, factor: float) -> tuple[int, float, float, int, int]:
        match law:
            case Constant():
                return CONSTANT, law.value_s * factor, 0.0, 0, 0
            case Exponential():
                return EXPONENTIAL, law.mean_s * factor, 0.0, 0, 0
            case Uniform():
                return UNIFORM, law.low_s * factor, (law.high_s - law.low_s) * factor, 0, 0
            case Lognormal():
                lo = self._place("normal", normal_table())
                return LOGNORMAL, law.median_s * factor, law.sigma, lo, TABLE
            case Gamma():
                lo = self._place(law.shape, gamma_table(law.shape))
                return SCALED, law.mean_s * factor, 0.0, lo, TABLE
        lo = self._place(law.values_s, np.array(law.values_s))
        return QUANTILES, factor, 0.0, lo, len(law.values_s)

    def _place(self, key: object, values: Floats) -> int:
        if key not in self._placed:
            self._placed[key] = self._size
            self._tables.append(values)
            self._size += len(values)
        return self._placed[key]


@compiled
def _in_octaves(table: NDArray[np.float64], lo: int, u: float) -> float:
    """The value at probability ``u`` of a table in two halves."""
    p = u if u < 0.5 else 1.0 - u
    if p < 2.0**-53:
        p = 2.0**-53
    mantissa, exponent = math.frexp(p)
    at = (exponent + OCTAVES) * STEPS + (mantissa * 2.0 - 1.0) * STEPS
    i = int(at)
    if i > TABLE - 2:
        i = TABLE - 2
    base = lo + i + (0 if u < 0.5 else TABLE)
    return float(table[base] + (at - i) * (table[base + 1] - table[base]))


@compiled
def law_ns(
    law: NDArray[np.int64], param: NDArray[np.float64], table: NDArray[np.float64], row: int,
    u: float,
) -> int:  # fmt: skip
    """Nanoseconds at probability ``u`` of a law."""
    zero = param[row, Z_ZERO]
    if u < zero:
        return 0
    if zero > 0.0:
        u = (u - zero) / (1.0 - zero)
    kind, a = law[row, L_KIND], param[row, Z_A]
    if kind == CONSTANT:
        value = a
    elif kind == EXPONENTIAL:
        value = -a * math.log1p(-u)
    elif kind == UNIFORM:
        value = a + param[row, Z_B] * u
    elif kind == LOGNORMAL:
        value = a * math.exp(param[row, Z_B] * _in_octaves(table, law[row, L_LO], u))
    elif kind == SCALED:
        value = a * _in_octaves(table, law[row, L_LO], u)
    else:
        at = u * (law[row, L_SIZE] - 1)
        i = min(int(at), law[row, L_SIZE] - 2)
        base = law[row, L_LO] + i
        value = a * (table[base] + (at - i) * (table[base + 1] - table[base]))
    return int(min(value, LONGEST_S) * SECOND + 0.5)


def rank_of(laws: tuple[Ints, Floats, Floats], row: int, value_ns: int) -> float:
    """The probability of being at most ``value_ns``, so that a longer value can be drawn."""
    low, high = 0.0, 1.0 - 2.0**-53
    for _ in range(60):
        middle = 0.5 * (low + high)
        if law_ns(*laws, row, middle) <= value_ns:
            low = middle
        else:
            high = middle
    return low
