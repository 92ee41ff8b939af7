"""Poisson pseudo-likelihood with unit and month effects, where paid revenue adds or multiplies.

The mean of a cell is ``a_i · m_it``. What is earned is own = exp(month + Z·b). Paid revenue adds to
it, m = own + H·β, or multiplies it, m = own · exp(H·β). Unit effects a_i have a closed form and are
eliminated; the rest is found by Fisher scoring. Columns that are combinations of earlier ones get
zero. Nothing here knows of money or firms.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS, HALVINGS = 40, 12
TOLERANCE = 1e-9
"""Relative change of the deviance at which scoring ends."""
MOST_STEP = 3.0
"""On the logarithm: no parameter moves farther at once."""
PIVOT = 1e-7
"""A column whose part outside the earlier ones is smaller than this share of it is dropped."""
LEAST_MEAN = 1e-3
"""Paid revenue may be negative in a draw, but all of it together may not outweigh the own."""


@njit(cache=True, nogil=True)
def solve(matrix: Floats, right: Floats, size: Floats, out: Floats) -> None:
    """Cholesky in place, right side by right side; columns without a part of their own get zero.

    matrix (P, P) is overwritten by its factor, right (P,); size (P,) what a pivot is measured by.
    """
    count = len(right)
    for j in range(count):
        pivot = matrix[j, j]
        for k in range(j):
            pivot -= matrix[j, k] * matrix[j, k]
        if pivot <= PIVOT * size[j]:
            for i in range(j, count):
                matrix[i, j] = 0.0
            continue
        root = np.sqrt(pivot)
        matrix[j, j] = root
        for i in range(j + 1, count):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / root
    substitute(matrix, right, out)


@njit(cache=True, nogil=True)
def solve_many(matrix: Floats, rights: Floats, size: Floats) -> Floats:
    """(R, P) solutions for right sides (R, P), as ``solve``; matrix is overwritten."""
    out = np.empty_like(rights)
    if len(rights):
        solve(matrix, rights[0], size, out[0])
    for one in range(1, len(rights)):
        substitute(matrix, rights[one], out[one])
    return out


@njit(cache=True, nogil=True)
def substitute(factor: Floats, right: Floats, out: Floats) -> None:
    count = len(right)
    for i in range(count):
        if factor[i, i] == 0.0:
            out[i] = 0.0
            continue
        total = right[i]
        for k in range(i):
            total -= factor[i, k] * out[k]
        out[i] = total / factor[i, i]
    for i in range(count - 1, -1, -1):
        if factor[i, i] == 0.0:
            continue
        total = out[i]
        for k in range(i + 1, count):
            total -= factor[k, i] * out[k]
        out[i] = total / factor[i, i]


@njit(cache=True, nogil=True)
def means(
    months: Floats,
    slopes: Floats,
    beta: Floats,
    z: Floats,
    h: Floats,
    adds: bool,
    own: Floats,
    mean: Floats,
) -> bool:
    """Fill own and mean (N, T); whether all means are far enough above zero."""
    units, periods = own.shape
    for i in range(units):
        for t in range(periods):
            log = months[t]
            for p in range(len(slopes)):
                log += slopes[p] * z[p, i, t]
            paid = 0.0
            for c in range(len(beta)):
                paid += beta[c] * h[c, i, t]
            if not adds:
                log += paid
            value = np.exp(min(max(log, -40.0), 40.0))
            own[i, t] = value
            mean[i, t] = value + paid if adds else value
            if mean[i, t] < LEAST_MEAN * value:
                return False
    return True


@njit(cache=True, nogil=True)
def deviance(revenue: Floats, known: Floats, weight: Floats, mean: Floats, scale: Floats) -> float:
    """Poisson deviance with unit effects at their best, which are left in scale (N,)."""
    units, periods = revenue.shape
    total = 0.0
    for i in range(units):
        above, below = 0.0, 0.0
        for t in range(periods):
            above += known[i, t] * revenue[i, t]
            below += known[i, t] * mean[i, t]
        scale[i] = above / below if below > 0.0 else 0.0
        if weight[i] == 0.0 or above == 0.0:
            continue
        part = 0.0
        for t in range(periods):
            if known[i, t] > 0.0 and revenue[i, t] > 0.0:
                part += revenue[i, t] * np.log(revenue[i, t] / (scale[i] * mean[i, t]))
        total += 2.0 * weight[i] * part
    return total


@njit(cache=True, nogil=True)
def columns(
    own: Floats, mean: Floats, z: Floats, h: Floats, adds: bool, share: Floats, x: Floats
) -> None:
    """Derivatives of log m: share (N, T) by a month effect, x (P + C, N, T) by the rest."""
    units, periods = own.shape
    for i in range(units):
        for t in range(periods):
            share[i, t] = own[i, t] / mean[i, t] if adds else 1.0
            for p in range(len(z)):
                x[p, i, t] = share[i, t] * z[p, i, t]
            for c in range(len(h)):
                x[len(z) + c, i, t] = h[c, i, t] / mean[i, t] if adds else h[c, i, t]


@njit(cache=True, nogil=True)
def normal(
    w: Floats, share: Floats, x: Floats, r: Floats, gram: Floats, right: Floats, size: Floats
) -> None:
    """Normal equations with unit effects eliminated: months first (without the first), then x."""
    units, periods = w.shape
    count = periods - 1 + len(x)
    gram[:] = 0.0
    right[:] = 0.0
    size[:] = 0.0
    sums = np.empty(count)
    for i in range(units):
        whole, level = 0.0, 0.0
        sums[:] = 0.0
        for t in range(periods):
            here = w[i, t]
            if here == 0.0:
                continue
            whole += here
            level += here * r[i, t]
            if t > 0:
                lever = here * share[i, t]
                gram[t - 1, t - 1] += lever * share[i, t]
                size[t - 1] += lever * share[i, t]
                right[t - 1] += lever * r[i, t]
                sums[t - 1] += lever
            for p in range(len(x)):
                at = periods - 1 + p
                lever = here * x[p, i, t]
                if lever == 0.0:
                    continue
                sums[at] += lever
                right[at] += lever * r[i, t]
                size[at] += lever * x[p, i, t]
                if t > 0:
                    gram[at, t - 1] += lever * share[i, t]
                for q in range(p + 1):
                    gram[at, periods - 1 + q] += lever * x[q, i, t]
        if whole == 0.0:
            continue
        for a in range(count):
            if sums[a] == 0.0:
                continue
            ratio = sums[a] / whole
            right[a] -= ratio * level
            for b in range(a + 1):
                gram[a, b] -= ratio * sums[b]


@njit(cache=True, nogil=True)
def score(
    revenue: Floats,
    known: Floats,
    weight: Floats,
    z: Floats,
    h: Floats,
    adds: bool,
    months: Floats,
    slopes: Floats,
    beta: Floats,
    held: int,
    steps: int,
) -> float:
    """Fisher scoring from where months (T,), slopes (P,), beta (C,) stand; they are moved.

    revenue, known (N, T), known 0 or 1; weight (N,) of units; z (P, N, T); h (C, N, T). held: so
    many of the last parameters (of slopes, then beta) stay where they are.
    Returns the deviance.
    """
    units, periods = revenue.shape
    rest = len(z) + len(h)
    count = periods - 1 + rest
    own, mean = np.empty((units, periods)), np.empty((units, periods))
    share, w, r = np.empty((units, periods)), np.zeros((units, periods)), np.zeros((units, periods))
    x, scale = np.empty((rest, units, periods)), np.empty(units)
    gram, right, size = np.empty((count, count)), np.empty(count), np.empty(count)
    step = np.empty(count)
    if not means(months, slopes, beta, z, h, adds, own, mean):
        beta[:] = 0.0
        means(months, slopes, beta, z, h, adds, own, mean)
    last = deviance(revenue, known, weight, mean, scale)
    for _ in range(steps):
        columns(own, mean, z, h, adds, share, x)
        for i in range(units):
            for t in range(periods):
                fitted = scale[i] * mean[i, t]
                w[i, t] = weight[i] * known[i, t] * fitted
                r[i, t] = revenue[i, t] / fitted - 1.0 if w[i, t] > 0.0 else 0.0
        normal(w, share, x, r, gram, right, size)
        size[count - held :] = np.inf
        solve(gram, right, size, step)
        part, now = min(1.0, MOST_STEP / max(np.abs(step).max(), MOST_STEP)), np.inf
        old_m, old_s, old_b = months.copy(), slopes.copy(), beta.copy()
        for _half in range(HALVINGS):
            months[1:] = old_m[1:] + part * step[: periods - 1]
            slopes[:] = old_s + part * step[periods - 1 : periods - 1 + len(z)]
            beta[:] = old_b + part * step[periods - 1 + len(z) :]
            if means(months, slopes, beta, z, h, adds, own, mean):
                now = deviance(revenue, known, weight, mean, scale)
                if now <= last + TOLERANCE * abs(last):
                    break
            part *= 0.5
        if not now <= last + TOLERANCE * abs(last):
            months[:], slopes[:], beta[:] = old_m, old_s, old_b
            break
        done = last - now <= TOLERANCE * abs(now)
        last = now
        if done:
            break
    return last
