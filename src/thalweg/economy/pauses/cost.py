"""What a pause experiment costs: revenue forgone, and spend saved."""

from __future__ import annotations

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Mask, Response, onward

YEAR = 12
MOST_DRAWS = 60


def usual(panel: GrowthPanel) -> tuple[Floats, Floats]:
    """(N,) revenue and (C, N) spend of a mean month of the last year."""
    revenue = panel.revenue[:, -YEAR:]
    known = np.isfinite(revenue)
    total = np.where(known, revenue, 0.0).sum(axis=1)
    mean = np.divide(total, known.sum(axis=1), out=np.zeros(len(total)), where=known.any(axis=1))
    return mean, panel.spend[:, :, -YEAR:].mean(axis=2)


def saved(panel: GrowthPanel, paused: Mask, chosen: Mask) -> float:
    """Spend that the pauses save, as it went in the last year."""
    spend = usual(panel)[1][chosen].sum(axis=0)
    return float((spend[:, None] * paused).sum())


def forgone(
    panel: GrowthPanel, paused: Mask, chosen: Mask, response: Response
) -> tuple[float, float, float]:
    """Median and 90 % range over draws of the revenue that the pauses cost, until the last of them.

    Revenue, spend, subsidy and interventions go on as in the last year or month.
    """
    months = paused.shape[1]
    size = panel.revenue.shape[1] + months
    spend = np.stack([onward(one, size) for one in panel.spend])
    subsidy = onward(panel.subsidy, size)
    dose = np.concatenate([panel.dose, np.repeat(panel.dose[:, :, -1:], months, axis=2)], axis=2)
    without = spend.copy()
    without[chosen, :, -months:] = np.where(paused, 0.0, spend[chosen, :, -months:])
    revenue = usual(panel)[0][:, None]
    lost = []
    for draw in range(0, response.draws, max(1, response.draws // MOST_DRAWS)):
        with_all = response.level(draw, spend, subsidy, dose)[:, -months:]
        paused_too = response.level(draw, without, subsidy, dose)[:, -months:]
        part = np.divide(paused_too, with_all, out=np.ones_like(with_all), where=with_all > 0)
        lost.append(float((revenue * (1 - part)).sum()))
    low, middle, high = np.quantile(lost, (0.05, 0.5, 0.95))
    return float(middle), float(low), float(high)
