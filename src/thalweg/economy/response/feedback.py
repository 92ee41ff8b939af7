"""Does spend follow demand? What last months' revenue says about this month's spend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Mask
from thalweg.economy.response.features import Features, within

LAGS = 2
WEIGHTS = (2 / 3, 1 / 3)
"""Of last month and the one before: chosen among three by the power against spend that follows."""
FEWEST_UNITS = 6
MATTERS = 0.5
"""Elasticity of spend to last month's revenue that the test should be able to find."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """p of no feedback; elasticity of spend to recent revenue; power against ``MATTERS``."""

    p: float
    elasticity: float
    power: float


def feedback_of(spend: Floats, paused: Mask, feats: Features, residual: Floats) -> Feedback | None:
    """Log of one channel's spend on what revenue of the two months before had beyond its mean.

    Past spend is held fixed, so budgets that last do not look like budgets that follow.

    Takes    spend, paused (N, T) of a channel. residual (N, T): what revenue has beyond units, months and interventions, as a share;
             months without spend and paused ones are left out.
    Returns  None where too few units spend for a judgement.
    Source   Granger (1969); errors robust to anything within units, t law with units - 1.
    """
    spend = np.nan_to_num(spend)
    use = (spend > 0) & (feats.known > 0) & ~paused
    use[:, :LAGS] = False
    known = use.astype(np.float64)
    many = known.sum(axis=1) > LAGS + 1
    known[~many] = 0.0
    if many.sum() < FEWEST_UNITS:
        return None
    log = np.log(np.where(spend > 0, spend, 1.0))
    y = within(log, known).ravel()
    past = [_ago(residual, lag) for lag in range(1, LAGS + 1)]
    before = [_ago(np.where(spend > 0, log, 0.0), lag) for lag in range(1, LAGS + 1)]
    still = [_ago((spend <= 0).astype(np.float64), lag) for lag in range(1, LAGS + 1)]
    others = np.stack([within(one, known).ravel() for one in (*before, *still)])
    x = within(WEIGHTS[0] * past[0] + WEIGHTS[1] * past[1], known).ravel()
    told = np.linalg.lstsq(others @ others.T, others @ np.stack((x, y), axis=1), rcond=1e-9)[0]
    x, y = x - told[:, 0] @ others, y - told[:, 1] @ others
    inner = float(x @ x)
    if inner <= 1e-9 or float(y @ y) <= 1e-9:
        return None
    slope = float(x @ y) / inner
    scores = (x * (y - slope * x)).reshape(known.shape).sum(axis=1)
    levers = np.minimum((x * x).reshape(known.shape).sum(axis=1) / inner, 0.9)
    error = math.sqrt(float(((scores / (1 - levers)) ** 2).sum())) / inner
    freedom = int(many.sum()) - 1
    p = two_sided(slope / error, freedom) if error > 0 else 1.0
    reach = MATTERS / error - critical(freedom) if error > 0 else 10.0
    return Feedback(p, slope, 0.5 * math.erfc(-reach / math.sqrt(2)))


def feedback_of_all(panel: GrowthPanel, feats: Features, residual: Floats) -> Feedback | None:
    """The same of all used channels at once: what they have in common is seen better than in one."""
    used = np.flatnonzero(feats.used)
    spend = np.nan_to_num(panel.spend[used])
    some: Mask = np.asarray((spend > 0).all(axis=0))
    mean = np.exp(np.log(np.where(spend > 0, spend, 1.0)).mean(axis=0)) if len(used) else some * 1.0
    return feedback_of(
        np.where(some, mean, 0.0), np.asarray(panel.paused[used].any(axis=0)), feats, residual
    )


def _ago(table: Floats, lag: int) -> Floats:
    out = np.zeros_like(table)
    out[:, lag:] = table[:, :-lag]
    return out


def two_sided(t: float, freedom: int) -> float:
    """p of a t value, by the normal law after Wallace's (1959) transformation."""
    return math.erfc(abs(_wallace(t, freedom)) / math.sqrt(2))


def _wallace(t: float, freedom: int) -> float:
    grown = math.sqrt(freedom * math.log1p(t * t / freedom))
    return math.copysign(grown * (8 * freedom + 1) / (8 * freedom + 3), t)


def critical(freedom: int) -> float:
    """The t value of which the two-sided p is 0.05, by halving."""
    low, high = 1.9, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > 0.05 else (low, middle)
    return high
