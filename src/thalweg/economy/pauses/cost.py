"""What a pause experiment costs: revenue forgone, and spend and subsidy saved."""

from __future__ import annotations

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Mask, Response, onward
from thalweg.economy.pauses.drawing import Drawn

YEAR = 12
MOST_DRAWS = 60


def usual(panel: GrowthPanel) -> tuple[Floats, Floats]:
    """(N,) revenue and (C, N) spend of a mean month of the last year."""
    revenue = panel.revenue[:, -YEAR:]
    known = np.isfinite(revenue)
    total = np.where(known, revenue, 0.0).sum(axis=1)
    mean = np.divide(total, known.sum(axis=1), out=np.zeros(len(total)), where=known.any(axis=1))
    return mean, panel.spend[:, :, -YEAR:].mean(axis=2)


def subsidy_share(panel: GrowthPanel) -> float:
    """Subsidy of the units in the last year as a share of their revenue; 0 without revenue."""
    revenue = float(np.nansum(panel.revenue[:, -YEAR:]))
    return float(panel.subsidy[:, -YEAR:].sum()) / revenue if revenue > 0 else 0.0


def cost_of(
    panel: GrowthPanel, drawn: Drawn, chosen: Mask, response: Response | None
) -> dict[str, float | None]:
    """What the pauses save and cost, as it went in the last year; see ``PausePlan.cost``.

    Takes    chosen: (C,) channels that pause.
    """
    size, spend = usual(panel)
    subsidy = panel.subsidy[:, -YEAR:].mean(axis=1)
    middle, low, high = (
        (None, None, None)
        if response is None or not response.draws
        else forgone(panel, drawn, chosen, response)
    )
    return {
        "revenue_paused": float((size[:, None] * (drawn.traffic | drawn.subsidy)).sum()),
        "spend_saved": float((spend[chosen].sum(axis=0)[:, None] * drawn.traffic).sum()),
        "subsidy_saved": float((subsidy[:, None] * drawn.subsidy).sum()),
        "revenue_forgone": middle,
        "revenue_forgone_low": low,
        "revenue_forgone_high": high,
    }


def forgone(
    panel: GrowthPanel, drawn: Drawn, chosen: Mask, response: Response
) -> tuple[float, float, float]:
    """Median and 90 % range over draws of the revenue that the pauses cost, until the last of them.

    Revenue, spend, subsidy and interventions go on as in the last year or month.
    """
    months = drawn.traffic.shape[1]
    size = panel.revenue.shape[1] + months
    spend = np.zeros((len(panel.channels), len(panel.units), size))
    for channel, one in enumerate(panel.spend):
        spend[channel] = onward(one, size)
    subsidy = onward(panel.subsidy, size)
    dose = np.concatenate([panel.dose, np.repeat(panel.dose[:, :, -1:], months, axis=2)], axis=2)
    without, bare = spend.copy(), subsidy.copy()
    without[chosen, :, -months:] = np.where(drawn.traffic, 0.0, spend[chosen, :, -months:])
    bare[:, -months:] = np.where(drawn.subsidy, 0.0, subsidy[:, -months:])
    revenue = usual(panel)[0][:, None]
    lost = []
    for draw in range(0, response.draws, max(1, response.draws // MOST_DRAWS)):
        with_all = response.level(draw, spend, subsidy, dose)[:, -months:]
        paused_too = response.level(draw, without, bare, dose)[:, -months:]
        part = np.divide(paused_too, with_all, out=np.ones_like(with_all), where=with_all > 0)
        lost.append(float((revenue * (1 - part)).sum()))
    low, middle, high = np.quantile(lost, (0.05, 0.5, 0.95))
    return float(middle), float(low), float(high)
