"""A response as people read it: what each channel brings, and how more spend would answer."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from thalweg.economy.frame import Floats, GrowthPanel, Response, saturated

CHANNEL_COLUMNS = {
    "channel": pl.String,
    "spend": pl.Float64,
    "carry": pl.Float64,
    "half_life_months": pl.Float64,
    "lift_share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "revenue_per_spend": pl.Float64,
    "marginal_revenue_per_spend": pl.Float64,
    "known": pl.String,
}
CURVE_COLUMNS = {
    "channel": pl.String,
    "spend": pl.Float64,
    "lift": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
MOST_DRAWS = 100
"""Draws that tables rest on; more would change the second digit of an interval's end."""
MARGIN = 0.01
STEPS = 21
FARTHEST = 2.0
"""Curves go to so many times the mean spend; beyond what was spent they are extrapolated."""


def channels_table(
    response: Response, panel: GrowthPanel, *, confidence: float = 0.95
) -> pl.DataFrame:
    """One row a channel: spend, carry-over, share of revenue it brings, revenue per unit of spend.

    lift_share: share of the panel's revenue that would be missing had nothing been spent on the
    channel, the others as they were. Marginal: of one per cent more in every month.
    Interval ends are null where there are no draws.
    """
    draws, ends = _some(response), _ends(confidence)
    revenue = np.nan_to_num(panel.revenue)
    shares = np.full((len(draws), len(panel.channels)), np.nan)
    margins = np.full_like(shares, np.nan)
    spent = np.nansum(panel.spend, axis=(1, 2))
    spend = np.nan_to_num(panel.spend)
    rest = (np.nan_to_num(panel.subsidy), np.nan_to_num(panel.dose))
    for row, draw in enumerate(draws):
        now = response.level(draw, spend, *rest)
        for channel in np.flatnonzero(spent > 0).tolist():
            changed = spend.copy()
            changed[channel] = 0.0
            shares[row, channel] = _gain(revenue, response.level(draw, changed, *rest), now)
            changed[channel] = spend[channel] * (1 + MARGIN)
            margins[row, channel] = _gain(revenue, response.level(draw, changed, *rest), now)
    whole = revenue.sum()
    rows: list[tuple[object, ...]] = []
    for channel, name in enumerate(panel.channels):
        money = float(spent[channel])
        known = response.known[channel] if response.known else response.label
        if not len(draws) or money <= 0:
            rows.append((name, money, None, None, None, None, None, None, None, known))
            continue
        brings = -shares[:, channel]
        carry = float(np.median(response.carry[draws, channel]))
        low, high = (float(end) for end in np.quantile(brings, ends))
        rows.append(
            (
                name,
                money,
                carry,
                math.log(0.5) / math.log(carry) if carry > 0 else 0.0,
                float(brings.mean()),
                low,
                high,
                float(brings.mean() * whole / money),
                float(margins[:, channel].mean() * whole / (MARGIN * money)),
                known,
            )
        )
    return pl.DataFrame(rows, schema=CHANNEL_COLUMNS, orient="row")


def curves(response: Response, panel: GrowthPanel, *, confidence: float = 0.95) -> pl.DataFrame:
    """The answer of a mean unit to steady spend: revenue a month that each level of spend brings.

    Spend in money a month from nothing to twice the mean of months with spend.
    """
    draws, ends = _some(response), _ends(confidence)
    revenue = np.nan_to_num(panel.revenue)
    cells = max(int(np.isfinite(panel.revenue).sum()), 1)
    spend = np.nan_to_num(panel.spend)
    rest = (np.nan_to_num(panel.subsidy), np.nan_to_num(panel.dose))
    times = np.linspace(0.0, FARTHEST, STEPS)
    lifts = np.zeros((len(draws), len(panel.channels), STEPS))
    for row, draw in enumerate(draws):
        own = response.own(draw, *rest)
        level = response.level(draw, spend, *rest)
        money = revenue.sum() / cells / level.mean()
        for channel in range(len(panel.channels)):
            answer = response.beta[draw, channel] * _shape(response, draw, channel, times)
            if response.adds[draw]:
                lifts[row, channel] = money * answer
            else:
                others = (
                    response.lift(draw, spend).sum(axis=0) - response.lift(draw, spend)[channel]
                )
                lifts[row, channel] = money * (own * np.exp(others)).mean() * np.expm1(answer)
    tables = []
    for channel, name in enumerate(panel.channels):
        if not len(draws):
            continue
        low, high = np.quantile(lifts[:, channel], ends, axis=0)
        columns = {"spend": times * response.scale[channel], "lift": lifts[:, channel].mean(axis=0)}
        tables.append(
            pl.DataFrame({"channel": [name] * STEPS, **columns, "low": low, "high": high})
        )
    return pl.concat(tables) if tables else pl.DataFrame(schema=CURVE_COLUMNS)


def _shape(response: Response, draw: int, channel: int, times: Floats) -> Floats:
    """Answer to steady spend of so many times the mean."""
    if response.form == "log":
        return np.asarray(np.log1p(times))
    power, half = response.power[draw, channel], response.half[draw, channel]
    return saturated(times, half, power)


def _gain(revenue: Floats, changed: Floats, now: Floats) -> float:
    ratio = np.divide(changed, now, out=np.ones_like(now), where=now > 0)
    return float((revenue * (ratio - 1)).sum() / revenue.sum())


def _some(response: Response) -> list[int]:
    step = max(1, -(-response.draws // MOST_DRAWS))
    return list(range(0, response.draws, step))


def _ends(confidence: float) -> tuple[float, float]:
    return (1 - confidence) / 2, (1 + confidence) / 2
