"""From a panel of money to what the kernel takes: sizes, scales, rates of subsidy, carried spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import (
    Floats,
    GrowthPanel,
    Mask,
    carried,
    delayed,
    saturated,
    subsidy_rate,
)

FEWEST_MONTHS = 6
"""Months with business from which the delay of revenue is measured; fewer: it is taken as none."""
ROUNDS = 40
"""Of alternating projections."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a response is fitted on: N units, T months, C channels, K interventions.

    revenue (N, T), 0 where unknown; known (N, T) 0 or 1. size (N,), scale (C,), late, volume (N, T)
    as in ``Response``. relative (C, N, T): spend / scale / size. rate (N, T) of subsidy.
    dose (K, N, T). used (C,): channels on which anything is spent.
    subsidised, rated: whether any subsidy is paid, and whether its rate is known apart from revenue.
    """

    revenue: Floats
    known: Floats
    size: Floats
    scale: Floats
    relative: Floats
    late: float
    volume: Floats
    rate: Floats
    dose: Floats
    used: Mask
    subsidised: bool
    rated: bool

    @property
    def other(self) -> Floats:
        """(K + 1, N, T) what lifts the own part: interventions, then the rate of subsidy."""
        return np.concatenate((self.dose, self.rate[None]))


def features_of(panel: GrowthPanel) -> Features:
    """Takes a panel with at least one cell of positive revenue."""
    known = np.isfinite(panel.revenue)
    revenue = np.where(known, panel.revenue, 0.0).clip(0.0)
    size = revenue.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    mean = size[size > 0].mean() if (size > 0).any() else 1.0
    size = np.maximum(size / mean, 1e-9)
    relative = np.where(known, panel.spend, 0.0).clip(0.0) / size[:, None]
    scale = np.array([one[one > 0].mean() if (one > 0).any() else 1.0 for one in relative])
    subsidy = np.where(known, panel.subsidy, 0.0).clip(0.0)
    given = None if panel.volume is None else np.nan_to_num(panel.volume).clip(0.0)
    late = 0.0 if given is None else delay_of(revenue, given)
    volume = revenue if given is None else given * known
    return Features(
        revenue=revenue,
        known=known.astype(np.float64),
        size=size,
        scale=scale,
        relative=relative / scale[:, None, None],
        late=late,
        volume=volume,
        rate=subsidy_rate(subsidy, volume, late),
        dose=np.where(known, panel.dose, 0.0),
        used=(relative > 0).any(axis=(1, 2)),
        subsidised=bool((subsidy > 0).any()),
        rated=given is not None and bool((given > 0).any()),
    )


def delay_of(revenue: Floats, volume: Floats) -> float:
    """Share of revenue that follows a month after the business that brings it.

    Slopes of revenue on this and last month's volume, unit and month effects taken out, stand to
    each other as the shares.
    """
    if ((volume > 0).sum(axis=1) >= FEWEST_MONTHS).sum() < 2:
        return 0.0
    size = np.maximum(revenue.mean(axis=1, keepdims=True), 1e-9)
    parts = (revenue[:, 1:], volume[:, 1:], volume[:, :-1])
    y, now, before = (within(table / size).ravel() for table in parts)
    slopes = np.linalg.lstsq(np.stack((now, before), axis=1), y, rcond=None)[0].clip(0.0)
    return float(slopes[1] / slopes.sum()) if slopes.sum() > 0 else 0.0


def within(table: Floats, known: Floats | None = None) -> Floats:
    """(N, T) less unit and month effects; cells with known 0 count for nothing and become zero."""
    if known is None or known.all():
        gone = table - table.mean(axis=1, keepdims=True)
        return np.asarray(gone - gone.mean(axis=0, keepdims=True))
    gone = table * known
    for _ in range(ROUNDS):
        gone = (gone - _ratio(gone.sum(axis=1), known.sum(axis=1))[:, None]) * known
        gone = (gone - _ratio(gone.sum(axis=0), known.sum(axis=0))[None, :]) * known
    return np.asarray(gone)


def shaped(relative: Floats, carry: float, half: float, late: float, power: float = 1.0) -> Floats:
    """(N, T) answer to one channel's relative spend; half NaN: the logarithm."""
    stock = carried(relative[None], np.array([carry]))[0]
    if np.isnan(half):
        return delayed(np.log1p(stock), late)
    return delayed(saturated(stock, half, power), late)


def expected(spend: Floats, paused: Mask, known: Floats) -> Floats:
    """(N, T) what would be spent but for demand: a unit's mean times a month's, zero when paused.

    Takes    spend (N, T) of one channel, paused (N, T) by lot, known (N, T) 0 or 1.
    Returns  zero also in months in which the unit does not use the channel: no spend in a month
             that is not paused, nor in those of use just before and after it.
    Nothing of how spend moves within a unit beside others enters, so demand cannot have moved it.
    """
    here = known > 0
    active = (spend > 0) & here & ~paused
    rows = np.where(active, spend, 0.0)
    unit, month = np.ones(spend.shape[0]), np.ones(spend.shape[1])
    for _ in range(ROUNDS):
        unit = _ratio(rows.sum(axis=1), (active * month).sum(axis=1))
        month = _ratio(rows.sum(axis=0), (active * unit[:, None]).sum(axis=0))
    used = active | (_nearest(active, here & ~paused, 1) & _nearest(active, here & ~paused, -1))
    return np.asarray(unit[:, None] * month[None, :] * (used & here & ~paused))


def _nearest(active: Mask, telling: Mask, step: int) -> Mask:
    """(N, T) whether the last (step 1) or next (-1) telling month before or after was active."""
    out = np.zeros_like(active)
    held = np.zeros(active.shape[0], np.bool_)
    months = range(active.shape[1])
    for month in months if step > 0 else reversed(months):
        out[:, month] = held
        held = np.where(telling[:, month], active[:, month], held)
    return out


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
