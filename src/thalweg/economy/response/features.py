"""From a panel of money to what the kernel takes: sizes, scales, rates of subsidy, carried spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Mask, carried, delayed, subsidy_rate

FEWEST_SUBSIDISED = 24
"""Cells with subsidy from which the delay of revenue is measured; fewer: it is taken as none."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a response is fitted on, N units, T months.

    revenue (N, T), 0 where unknown; known (N, T) 0 or 1. size (N,), scale (C,), late, volume (N, T)
    as in ``Response``. relative (C, N, T): spend / scale / size. rate (N, T) of subsidy.
    dose (K, N, T). used: channels on which anything is spent, subsidised: whether any is paid.
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

    @property
    def other(self) -> Floats:
        """(K + 1, N, T) what lifts the own part: interventions, then the rate of subsidy."""
        return np.concatenate((self.dose, self.rate[None]))


def features_of(panel: GrowthPanel) -> Features:
    """Takes a panel with at least one cell of positive revenue."""
    known = np.isfinite(panel.revenue)
    revenue = np.where(known, panel.revenue, 0.0).clip(0.0)
    months = np.maximum(known.sum(axis=1), 1)
    size = revenue.sum(axis=1) / months
    mean = size[size > 0].mean() if (size > 0).any() else 1.0
    size = np.maximum(size / mean, 1e-9)
    relative = np.where(known, panel.spend, 0.0) / size[:, None]
    spent = relative > 0
    scale = np.array(
        [
            table[some].mean() if some.any() else 1.0
            for table, some in zip(relative, spent, strict=True)
        ]
    )
    subsidy = np.where(known, panel.subsidy, 0.0)
    late = delay_of(revenue, subsidy)
    after = np.concatenate((revenue[:, 1:], revenue[:, -1:]), axis=1)
    volume = (1 - late) * revenue + late * after
    return Features(
        revenue,
        known.astype(np.float64),
        size,
        scale,
        relative / scale[:, None, None],
        late,
        volume,
        subsidy_rate(subsidy, volume, late),
        np.where(known, panel.dose, 0.0),
        spent.any(axis=(1, 2)),
        bool((subsidy > 0).any()),
    )


def delay_of(revenue: Floats, subsidy: Floats) -> float:
    """Share of revenue that follows a month after the business for which subsidy was paid.

    Subsidy is booked with the business, revenue when it is delivered: slopes of revenue on this and
    last month's subsidy, unit and month effects taken out, stand to each other as the shares.
    """
    if (subsidy > 0).sum() < FEWEST_SUBSIDISED or subsidy.shape[1] < 3:
        return 0.0
    size = np.maximum(revenue.mean(axis=1, keepdims=True), 1e-9)
    y, now, before = (
        _within(table / size) for table in (revenue[:, 1:], subsidy[:, 1:], subsidy[:, :-1])
    )
    x = np.stack((now.ravel(), before.ravel()), axis=1)
    first, second = np.linalg.lstsq(x, y.ravel(), rcond=None)[0].clip(0.0)
    return float(second / (first + second)) if first + second > 0 else 0.0


def _within(table: Floats) -> Floats:
    gone = table - table.mean(axis=1, keepdims=True)
    return np.asarray(gone - gone.mean(axis=0, keepdims=True))


def shaped(relative: Floats, carry: float, half: float, power: float, late: float) -> Floats:
    """(N, T) answer to one channel's relative spend; half NaN: the logarithm."""
    stock = carried(relative[None], np.array([carry]))[0]
    if np.isnan(half):
        return delayed(np.log1p(stock), late)
    raised = stock**power
    return delayed(raised / (raised + half**power), late)
