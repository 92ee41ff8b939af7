"""Randomisation inference: the same roll-out dates, dealt to other units.

If the dates had been dealt by lot, every dealing was as likely as the real one. Under the
hypothesis that treatment adds τ to every treated cell, what the panel would have shown without it
is known, and with it the estimate of every other dealing (Fisher 1935; Young 2019). The estimate is
linear, so that of dealing π is a_π − τ·b_π, with two numbers for all τ, and the interval of all τ
that are not rejected has a closed form. The studentised form compares t values instead; it remains
valid in large samples where units differ in effect and noise (Wu, Ding 2021).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import comb, floor, prod

import numpy as np

from thalweg.change.estimates.dealing import estimates
from thalweg.change.estimates.imputation import impute, impute_cells
from thalweg.change.frame import ALREADY, Design, Floats, Ints, Mask

EXACT = 1_000
"""Up to so many different dealings all are gone through instead of a draw."""
EARLIEST = 6
"""Periods before anybody's start that are needed to tell how noisy each unit is."""
SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """Estimates of other dealings, as functions of the hypothesised effect τ.

    a, b        (M,): the estimate of a dealing is a − τ·b; the real one has ``att`` and 1.
    q           (M, 3): its variance is q0 − 2τ·q1 + τ²·q2; the real one has ``variance``.
    noise       (M,) standard error that the noise of the dealt units before any start foretells;
                the real one has ``own_noise``.
    exact       all different dealings, the real one among them; else a draw without it.
    lost        dealings that would not have told the effect from covariates or from periods.
    """

    att: float
    variance: float
    a: Floats
    b: Floats
    q: Floats
    noise: Floats
    own_noise: float
    exact: bool
    lost: int = 0

    @property
    def least(self) -> float:
        """The smallest p value that can come out."""
        return 1.0 / (len(self.a) if self.exact else len(self.a) + 1)

    def by_noise(self) -> Dealt:
        """Each dealing measured by the noise of its own units, so that noisy ones do not lead."""
        ratio = self.own_noise / self.noise
        return replace(self, a=self.a * ratio, b=self.b * ratio)

    def p(self, effect: float = 0.0, *, studentised: bool = False) -> float:
        """Two-sided p value of the hypothesis that the effect is ``effect`` in every cell."""
        others = np.abs(self.a - effect * self.b)
        own = abs(self.att - effect)
        if studentised:
            spread = self.q[:, 0] - 2 * effect * self.q[:, 1] + effect**2 * self.q[:, 2]
            others = others / np.sqrt(np.maximum(spread, np.finfo(float).tiny))
            own /= np.sqrt(self.variance)
        extreme = int((others >= own * (1 - SLACK)).sum())
        return extreme / len(others) if self.exact else (1 + extreme) / (1 + len(others))

    def interval(self, confidence: float, *, studentised: bool = False) -> tuple[float, float]:
        """Ends of the set of effects whose p value exceeds 1 − confidence; they may be infinite."""
        return self._searched(confidence) if studentised else self._closed(confidence)

    def _closed(self, confidence: float) -> tuple[float, float]:
        """A dealing speaks for τ between the roots of |a − τ·b| = |att − τ|, where att lies."""
        inner = np.abs(self.b) < 1 - SLACK
        with np.errstate(divide="ignore", invalid="ignore"):
            one = (self.att - self.a) / (1 - self.b)
            other = (self.att + self.a) / (1 + self.b)
        low = np.sort(np.where(inner, np.minimum(one, other), -np.inf))
        high = np.sort(np.where(inner, np.maximum(one, other), np.inf))[::-1]
        size = len(low) if self.exact else len(low) + 1
        needed = floor((1 - confidence) * size + SLACK) + int(self.exact)
        if needed == 0 or needed > len(low):
            return -np.inf, np.inf
        return float(low[needed - 1]), float(high[needed - 1])

    def _searched(self, confidence: float) -> tuple[float, float]:
        """Walk outwards to the last τ that is not rejected, then halve."""
        if not self.variance > 0:
            return -np.inf, np.inf
        return self._end(confidence, -1.0), self._end(confidence, 1.0)

    def _end(self, confidence: float, sign: float) -> float:
        level = 1 - confidence + SLACK
        step = np.sqrt(self.variance) / 4
        inside, outside, at = 0, 0, 0
        while outside < 8 and at < 400:
            at += 1
            if self.p(self.att + sign * at * step, studentised=True) > level:
                inside, outside = at, 0
            else:
                outside += 1
        if outside < 8:
            return sign * np.inf
        near, far = float(inside), float(inside + 1)
        for _ in range(30):
            middle = (near + far) / 2
            if self.p(self.att + sign * middle * step, studentised=True) > level:
                near = middle
            else:
                far = middle
        return float(self.att + sign * near * step)


def deal(
    design: Design,
    *,
    draws: int,
    seed: int,
    strata: Ints | None = None,
    weight: Floats | None = None,
) -> Dealt:
    """Estimate every dealing of the dates, or ``draws`` of them, within ``strata`` (N,) if given.

    weight (N, T): importance of each cell when it is treated; it stays with its unit. Cells that
    were partly treated, or treated once and no longer, or treated without an effect that can be
    told, are unknown in every dealing.
    """
    usable = np.asarray(design.rollout.start != ALREADY)
    weight = np.ones(design.panel.value.shape) if weight is None else weight
    if not usable.all():
        design, weight = design.keep_units(usable), weight[usable]
        strata = None if strata is None else strata[usable]
    start, stop = design.rollout.start, design.rollout.stop
    found = impute(design)
    known = found.untreated | found.identified
    y = np.where(known, design.panel.scaled(), 0.0)
    both = np.stack([y, found.identified])
    orders, exact = dealings(start, stop, strata, draws=draws, seed=seed)
    noise = early_noise(design, known, found.x)
    orders = np.concatenate([np.arange(len(start))[None], orders])
    straddle = design.panel.straddle
    a, b, q = estimates(both, known, weight, start, stop, straddle, found.x, orders, noise)
    others, slopes, spread = a[1:], b[1:], q[1:]
    fine = np.isfinite(others)
    return Dealt(
        att=float(a[0]),
        variance=float(q[0, 0]),
        a=others[fine],
        b=slopes[fine],
        q=spread[fine, :3],
        noise=np.sqrt(spread[fine, 3]),
        own_noise=float(np.sqrt(q[0, 3])),
        exact=exact,
        lost=int((~fine).sum()),
    )


def early_noise(design: Design, known: Mask, x: Floats) -> Floats:
    """(N,) variances of units in the periods before anybody's start, drawn a little together.

    Those periods are the same for all units, so that a unit's figure does not depend on the dates
    it was dealt. All alike where they are too few.
    """
    starts = design.rollout.start[design.rollout.treated]
    first = int(starts.min()) - design.panel.straddle if len(starts) else 0
    early = known & (np.arange(known.shape[1]) < first)
    if first < EARLIEST:
        return np.ones(len(known))
    fitted = impute_cells(design.panel.scaled(), early, np.zeros_like(known), x)
    square = (np.nan_to_num(fitted.residual) ** 2).sum(axis=1)
    free = np.maximum(early.sum(axis=1) - 1.0, 0.0)
    pooled = float(square.sum() / max(free.sum(), 1.0))
    if pooled <= 0:
        return np.ones(len(known))
    return np.asarray((square + 2.0 * pooled) / (free + 2.0), dtype=np.float64)


def dealings(
    start: Ints, stop: Ints, strata: Ints | None, *, draws: int, seed: int
) -> tuple[Ints, bool]:
    """(M, N) whose dates each unit gets: all different dealings if few, else drawn by lot."""
    group = np.zeros(len(start), dtype=np.int64) if strata is None else strata
    members = [np.flatnonzero(group == one) for one in np.unique(group)]
    _, kind = np.unique(np.column_stack([start, stop]), axis=0, return_inverse=True)
    kind = kind.ravel()
    if prod(_ways(kind[rows]) for rows in members) <= EXACT:
        tables = [_all_orders(kind[rows]) for rows in members]
        every = []
        for parts in product(*tables):
            order = np.empty(len(start), dtype=np.int64)
            for rows, part in zip(members, parts, strict=True):
                order[rows] = rows[part]
            every.append(order)
        return np.asarray(every), True
    rng = np.random.default_rng(seed)
    orders = np.tile(np.arange(len(start)), (draws, 1))
    for rows in members:
        orders[:, rows] = rng.permuted(np.tile(rows, (draws, 1)), axis=1)
    return orders, False


def _ways(kind: Ints) -> int:
    left, ways = len(kind), 1
    for size in np.unique(kind, return_counts=True)[1]:
        ways *= comb(left, int(size))
        left -= int(size)
    return ways


def _all_orders(kind: Ints) -> list[Ints]:
    """Every different way to deal the kinds: who stands where, ``kind[order]`` all different."""
    left = {int(one): np.flatnonzero(kind == one).tolist() for one in np.unique(kind)}
    found: list[Ints] = []

    def place(order: list[int]) -> None:
        if len(order) == len(kind):
            found.append(np.asarray(order, dtype=np.int64))
            return
        for rows in left.values():
            if rows:
                order.append(rows.pop())
                place(order)
                rows.append(order.pop())

    place([])
    return found
