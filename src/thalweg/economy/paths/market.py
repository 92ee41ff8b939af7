"""How the revenue that nothing bought or earned goes on: trend, season, and what neither explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.economy.frame import Floats

FEWEST_MONTHS = 6
"""With revenue, from which a trend can be learnt."""
SEASONAL_MONTHS = 24
MOST_RHO = 0.98


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """log of the base by month = level + slope · months + season of the month + AR(1) noise.

    coefficients (2,) and their covariance, of level and slope at the last month; season (12,) by
    month of the year, zero where the record is too short; rho, sd: of the noise; last: its value
    in the last month.
    """

    coefficients: Floats
    covariance: Floats
    season: Floats
    rho: float
    sd: float
    last: float


def market_of(base: Floats, month_of_year: NDArray[np.int64]) -> Market | None:
    """Learn how the base moves from its months.

    Takes    base: (T,) revenue without what was bought and earned; months without any are left
             out. month_of_year: (T,) 0 to 11.
    Returns  None with fewer than six months of revenue.
    Source   Least squares; the variance is widened by (1 + ρ) / (1 - ρ) for the noise's memory, ρ
             corrected for its bias in short series (Kendall 1954). Seasons are the means of what
             remains by month of the year, shrunk by the share of their variance that is more than
             noise (James and Stein).
    """
    known = base > 0
    if known.sum() < FEWEST_MONTHS:
        return None
    log = np.log(base[known])
    away = (np.arange(len(base)) - (len(base) - 1))[known].astype(np.float64)
    turn = month_of_year[known]
    lines = np.column_stack([np.ones_like(away), away])
    season = np.zeros(12)
    if len(log) >= SEASONAL_MONTHS:
        season = _season(log, lines, turn)
    coefficients, *_ = np.linalg.lstsq(lines, log - season[turn], rcond=None)
    rest = log - season[turn] - lines @ coefficients
    free = max(len(log) - 2 - 11 * bool(season.any()), 1)
    variance = float(rest @ rest) / free
    rho = _memory(rest)
    widened = variance * (1 + rho) / (1 - rho)
    covariance = widened * np.linalg.inv(lines.T @ lines)
    return Market(
        coefficients=np.asarray(coefficients, np.float64),
        covariance=np.asarray(covariance, np.float64),
        season=season,
        rho=rho,
        sd=float(np.sqrt(variance)),
        last=float(rest[-1]) if known[-1] else 0.0,
    )


def _season(log: Floats, lines: Floats, turn: NDArray[np.int64]) -> Floats:
    """(12,) shrunk means by month of the year, summing to zero over the months seen."""
    dummies = (turn[:, None] == np.arange(12)[None, :]).astype(np.float64)
    seen = dummies.sum(axis=0)
    both = np.column_stack([lines[:, 1], dummies])
    found, *_ = np.linalg.lstsq(both, log, rcond=None)
    means = np.where(seen > 0, found[1:], 0.0)
    means = np.where(seen > 0, means - means[seen > 0].mean(), 0.0)
    rest = log - both @ found
    free = max(len(log) - int((seen > 0).sum()) - 1, 1)
    noise = float(rest @ rest) / free / float(seen[seen > 0].mean())
    spread = float(np.var(means[seen > 0], ddof=1)) if (seen > 0).sum() > 1 else 0.0
    return np.asarray(means * (max(0.0, 1 - noise / spread) if spread > 0 else 0.0))


def _memory(rest: Floats) -> float:
    """ρ of the noise, corrected for the bias of short series, from 0 to 0.98."""
    power = float(rest[:-1] @ rest[:-1])
    if power <= 0:
        return 0.0
    rho = float(rest[1:] @ rest[:-1]) / power
    return float(np.clip(rho + (1 + 3 * rho) / len(rest), 0.0, MOST_RHO))


def walk(market: Market, months: int, next_month: int, chance: np.random.Generator) -> Floats:
    """(months,) one course of the log of the base from the month after the last.

    next_month: month of the year of the first, 0 to 11.
    """
    shift = chance.standard_normal(2)
    steps = chance.standard_normal(months)
    factor = np.linalg.cholesky(market.covariance + 1e-18 * np.eye(2))
    level, slope = market.coefficients + factor @ shift
    step = market.sd * np.sqrt(1 - market.rho**2)
    ahead = np.arange(1, months + 1)
    noise, held = np.empty(months), market.last
    for at in range(months):
        held = market.rho * held + step * steps[at]
        noise[at] = held
    turn = (next_month + np.arange(months)) % 12
    return np.asarray(level + slope * ahead + market.season[turn] + noise)
