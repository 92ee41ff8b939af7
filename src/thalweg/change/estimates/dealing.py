"""Many dealings of the same roll-out dates, each estimated by imputation with its variance.

What does not depend on the dealing is summed once: of each unit, everything that the normal
equations take from its first e periods, for every e. A dealing then adds up one row of these sums
per unit, solves one system of periods and covariates, and passes over the cells once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from thalweg.change.estimates.imputation import connected, gather, mend, solve
from thalweg.change.frame import NEVER, Floats, Ints, Mask

SIDES = 3
"""Right sides of the equations: the two outcomes, and the target whose multipliers weigh cells."""


@njit(cache=True, nogil=True)
def estimates(
    y: Floats,
    known: Mask,
    weight: Floats,
    start: Ints,
    stop: Ints,
    straddle: int,
    x: Floats,
    orders: Ints,
    noise: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Per dealing (M, N): the weighted effect in y[0] and in y[1], and variances (M, 4).

    The first three are those of y[0], of both, of y[1] (Borusyak, Jaravel, Spiess 2024, theorem 3,
    app. A.9, all treated cells being one group); the last is that of independent errors with
    variances ``noise`` (N,). y (2, N, T) and x (K, N, T) are finite.

    NaN where a dealing leaves no effect identified.
    """
    dealt, units = orders.shape
    periods, extra = known.shape[1], x.shape[0]
    there = known.astype(np.float64)
    y, x = y * there, x * there
    sums = _sums(y, known, x)
    used = np.zeros((units, extra), dtype=np.bool_)
    for i in range(units):
        for k in range(extra):
            used[i, k] = np.any(x[k, i] != 0.0)
    a, b, q = np.full(dealt, np.nan), np.full(dealt, np.nan), np.full((dealt, 4), np.nan)
    reach, first = np.empty(units, np.int64), np.empty(units, np.int64)
    last = np.empty(units, np.int64)
    target = np.empty((units, periods))
    for m in range(dealt):
        for i in range(units):
            begin, end = start[orders[m, i]], stop[orders[m, i]]
            treated = begin != NEVER
            reach[i] = min(max(begin - straddle, 0), periods) if treated else periods
            first[i] = min(max(begin, 0), periods) if treated else 0
            last[i] = min(max(end, first[i]), periods) if treated else 0
        if not _aim(known, weight, there, sums, reach, first, last, target):
            continue
        normal = _normal_matrix(there, x, sums, used, reach)
        spans = (reach, first, last)
        sides, own = _right_sides(y, there, x, sums, used, spans, target)
        if not solve(normal, sides)[SIDES - 1]:
            continue
        a[m], b[m], q[m] = _told(y, there, x, sums, used, spans, target, sides, own, noise)
    return a, b, q


@njit(cache=True, nogil=True)
def _add(to: Floats, times: float, what: Floats) -> None:
    """Add a multiple of ``what`` to the beginning of ``to``: a loop that fills vector registers."""
    for at in range(len(what)):
        to[at] += times * what[at]


@njit(cache=True, nogil=True)
def _add_each(to: Floats, times: Floats, what: Floats) -> None:
    """Add ``what`` to the beginning of each of three rows, times a number of its own."""
    zero, one, two = to[0], to[1], to[2]
    first, second, third = times[0], times[1], times[2]
    for at in range(len(what)):
        zero[at] += first * what[at]
        one[at] += second * what[at]
        two[at] += third * what[at]


@njit(cache=True, nogil=True)
def _sums(y: Floats, known: Mask, x: Floats) -> Floats:
    """(N, T + 1, F) sums over the first e periods of each unit that are known.

    Features: one; y (2); x (K); x times x (K·(K + 1)/2, rows of the upper triangle); x times y[0]
    (K); x times y[1] (K).
    """
    extra, units, periods = x.shape
    size = 3 + extra + extra * (extra + 1) // 2 + 2 * extra
    sums = np.zeros((units, periods + 1, size))
    for i in range(units):
        for t in range(periods):
            sums[i, t + 1] = sums[i, t]
            if not known[i, t]:
                continue
            row = sums[i, t + 1]
            row[0] += 1.0
            row[1] += y[0, i, t]
            row[2] += y[1, i, t]
            at = 3 + extra
            for k in range(extra):
                row[3 + k] += x[k, i, t]
                for m in range(k, extra):
                    row[at] += x[k, i, t] * x[m, i, t]
                    at += 1
            for k in range(extra):
                row[at + k] += x[k, i, t] * y[0, i, t]
                row[at + extra + k] += x[k, i, t] * y[1, i, t]
    return sums


@njit(cache=True, nogil=True)
def _aim(
    known: Mask,
    weight: Floats,
    there: Floats,
    sums: Floats,
    reach: Ints,
    first: Ints,
    last: Ints,
    target: Floats,
) -> bool:
    """Fill the (N, T) target with weights of the identified treated cells; False if there are none.

    Where one unit is seen untreated in every period that has an untreated cell, all hang together.
    """
    units, periods = known.shape
    seen = np.zeros(periods)
    most = 0.0
    for i in range(units):
        most = max(most, sums[i, reach[i], 0])
        seen[: reach[i]] += there[i, : reach[i]]
    whole = most == float((seen > 0.0).sum())
    linked = np.empty((0, 0), dtype=np.bool_)
    if not whole:
        linked = connected(known & (np.arange(periods)[None, :] < reach[:, None]))
    target[:] = 0.0
    total = 0.0
    for i in range(units):
        if whole and sums[i, reach[i], 0] == 0.0:
            continue
        for t in range(first[i], last[i]):
            fine = seen[t] > 0.0 if whole else linked[i, t]
            if fine and known[i, t] and weight[i, t] > 0.0:
                target[i, t] = weight[i, t]
                total += weight[i, t]
    if total > 0.0:
        target /= total
    return total > 0.0


@njit(cache=True, nogil=True)
def _normal_matrix(there: Floats, x: Floats, sums: Floats, used: Mask, reach: Ints) -> Floats:
    """Upper triangle of the equations of periods and covariates, unit effects taken out.

    Units are gathered by e as if all their first e cells were known; gaps are put right singly.
    """
    extra, units, periods = x.shape
    a = np.zeros((periods + extra, periods + extra))
    many, shares = np.zeros(periods + 1), np.zeros(periods + 1)
    cross = np.zeros((extra, periods))
    for i in range(units):
        e = reach[i]
        row, mine = sums[i, e], there[i, :e]
        if row[0] == 0.0:
            continue
        share = 1.0 / row[0]
        many[e] += 1.0
        shares[e] += share
        if row[0] < e:
            mend(a, mine, share)
        at = 3 + extra
        for k in range(extra):
            if not used[i, k]:
                at += extra - k
                continue
            mean = row[3 + k] * share
            _add(cross[k], 1.0, x[k, i, :e])
            _add(cross[k], -mean, mine)
            for m in range(k, extra):
                a[periods + k, periods + m] += row[at] - mean * row[3 + m]
                at += 1
    gather(a, many, shares)
    a[:periods, periods:] = cross.T
    return a


@njit(cache=True, nogil=True)
def _right_sides(
    y: Floats,
    there: Floats,
    x: Floats,
    sums: Floats,
    used: Mask,
    spans: tuple[Ints, Ints, Ints],
    target: Floats,
) -> tuple[Floats, Floats]:
    """(T + K, 3) right sides, unit effects taken out, and the target's sums by unit (N,)."""
    extra, units, periods = x.shape
    reach, first, last = spans
    sides = np.zeros((SIDES, periods + extra))
    own = np.zeros(units)
    products = 3 + extra + extra * (extra + 1) // 2
    for i in range(units):
        e = reach[i]
        row = sums[i, e]
        for t in range(first[i], last[i]):
            own[i] += target[i, t]
            sides[2, t] += target[i, t]
        for k in range(extra):
            if own[i] != 0.0 and used[i, k]:
                met = 0.0
                for t in range(first[i], last[i]):
                    met += target[i, t] * x[k, i, t]
                sides[2, periods + k] += met
        if row[0] == 0.0:
            continue
        zero, one, aim = row[1] / row[0], row[2] / row[0], own[i] / row[0]
        for r in range(2):
            _add(sides[r], 1.0, y[r, i, :e])
            _add(sides[r], -row[1 + r] / row[0], there[i, :e])
        _add(sides[2], -aim, there[i, :e])
        for k in range(extra):
            sides[0, periods + k] += row[products + k] - row[3 + k] * zero
            sides[1, periods + k] += row[products + extra + k] - row[3 + k] * one
            sides[2, periods + k] -= row[3 + k] * aim
    return sides.T.copy(), own


@njit(cache=True, nogil=True)
def _told(
    y: Floats,
    there: Floats,
    x: Floats,
    sums: Floats,
    used: Mask,
    spans: tuple[Ints, Ints, Ints],
    target: Floats,
    solved: Floats,
    own: Floats,
    noise: Floats,
) -> tuple[float, float, Floats]:
    """Both effects and their variances, from the solved equations.

    The mean that treated cells are held against is taken without the unit itself.
    """
    extra, units, periods = x.shape
    reach, first, last = spans
    score, effect = np.zeros((2, units)), np.zeros((2, units))
    q = np.zeros(4)
    fitted = np.empty((SIDES, periods))
    common = solved[:periods].T.copy()
    for i in range(units):
        e, hi = reach[i], max(reach[i], last[i])
        for r in range(SIDES):
            for t in range(hi):
                fitted[r, t] = common[r, t]
        for k in range(extra):
            if used[i, k]:
                _add_each(fitted, solved[periods + k], x[k, i, :hi])
        count = sums[i, e, 0]
        if count == 0.0:
            continue
        zero, one, aim = sums[i, e, 1], sums[i, e, 2], own[i]
        for t in range(e):
            zero -= there[i, t] * fitted[0, t]
            one -= there[i, t] * fitted[1, t]
            aim -= there[i, t] * fitted[2, t]
        zero, one, aim = zero / count, one / count, aim / count
        left_zero, left_one, square = 0.0, 0.0, 0.0
        for t in range(e):
            w = -there[i, t] * (aim + fitted[2, t])
            left_zero += w * (y[0, i, t] - zero - fitted[0, t])
            left_one += w * (y[1, i, t] - one - fitted[1, t])
            square += w * w
        score[0, i], score[1, i] = left_zero, left_one
        for t in range(first[i], last[i]):
            w = target[i, t]
            effect[0, i] += w * (y[0, i, t] - zero - fitted[0, t])
            effect[1, i] += w * (y[1, i, t] - one - fitted[1, t])
            square += w * w
        q[3] += noise[i] * square
    total = (own * own).sum()
    for r in range(2):
        mean = (own * effect[r]).sum() / total
        for i in range(units):
            lever = own[i] * own[i] / total
            if own[i] != 0.0 and lever < 1.0:
                score[r, i] += (effect[r, i] - own[i] * mean) / (1.0 - lever)
    q[0], q[1] = (score[0] * score[0]).sum(), (score[0] * score[1]).sum()
    q[2] = (score[1] * score[1]).sum()
    return effect[0].sum(), effect[1].sum(), q
