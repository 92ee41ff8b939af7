"""Draws of shares that agree with the data and with what money can do at all.

The fits of shapes give mean and covariance of the shares that channels and subsidy bring. No channel
is thought to lose revenue by what is spent on it, and revenue per unit of spend is exponential: the
law that says least beside its mean. Most of its mass is near nothing, so a channel that brings little
is not lifted far by the cut at zero; and small budgets are not thought to bring half a firm's revenue.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from thalweg.economy.frame import Floats

RETURN_MEAN = 3.27
"""Of the exponential prior, in revenue per unit of spend."""
MOST_RETURN = RETURN_MEAN * math.log(20)
"""Nineteen of twenty channels bring less per unit of spend (9.8); more is not thought possible where
the data do not tell."""
SWEEPS = 25
MOST = 0.97
"""Of revenue that spend and subsidy together can bring."""
NORMAL = NormalDist()
LEAST_MASS = 1e-9
"""Below it the tail of a normal law is taken for exponential."""


def draw_shares(
    mean: Floats, covariance: Floats, prior_mean: Floats, freedom: float, rng: np.random.Generator
) -> Floats:
    """One draw from a t law, cut at zero, times exponential priors, by Gibbs sampling.

    Takes    mean (P,), covariance (P, P) of shares; prior_mean (P,), zero where nothing is spent;
             freedom: degrees by which the covariance is known.
    Returns  (P,) shares, none below zero, together at most ``MOST``.
    """
    some = np.flatnonzero((prior_mean > 0) & (np.diag(covariance) > 0))
    out = np.zeros(len(mean))
    if not len(some):
        return out
    weight = rng.chisquare(freedom) / freedom
    inner = covariance[np.ix_(some, some)]
    precise = weight * np.linalg.inv(inner + 1e-9 * np.diag(np.diag(inner)))
    centre, strict = mean[some] - np.linalg.solve(precise, 1 / prior_mean[some]), np.diag(precise)
    sd = strict**-0.5
    now = np.clip(centre, 0.0, MOST / len(some))
    for _ in range(SWEEPS):
        for p in range(len(some)):
            rest = precise[p] @ (now - centre) - precise[p, p] * (now[p] - centre[p])
            middle = (precise[p, p] * centre[p] - rest) / strict[p]
            top = max(MOST - now.sum() + now[p], 0.0)
            now[p] = _between(middle, sd[p], top, rng.uniform())
    out[some] = now
    return out


def _between(mean: float, sd: float, top: float, uniform: float) -> float:
    """A normal draw between zero and top, by the inverse of its law."""
    low = NORMAL.cdf(-mean / sd)
    high = NORMAL.cdf((top - mean) / sd)
    if high - low > LEAST_MASS:
        value = mean + sd * NORMAL.inv_cdf(min(max(low + uniform * (high - low), 1e-15), 1 - 1e-15))
    else:
        rate = max(-mean, mean - top, sd) / sd**2
        far = -math.log1p(-uniform * -math.expm1(-rate * top)) / rate
        value = far if mean < 0 else top - far
    return min(max(value, 0.0), top)
