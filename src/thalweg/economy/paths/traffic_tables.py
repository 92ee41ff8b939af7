"""Traffic-off: how much revenue is kept, in months that were observed and in months to come."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.paths.forward import Ahead
from thalweg.economy.paths.ground import Ground
from thalweg.economy.paths.interval import interval
from thalweg.economy.paths.plan import without_traffic
from thalweg.economy.paths.traffic_off import HORIZONS, Stopped, traffic_stopped

Tables = dict[str, list[dict[str, Any]]]
Draws = dict[str, Floats]


def traffic_tables(ground: Ground, as_is: Ahead | None) -> tuple[Tables, Draws]:
    """Rows of traffic_off, traffic_path, traffic_ahead, and draws of kept_… and lost_….

    Draws are of the past where it was long enough, else of the months to come.
    """
    tables: Tables = {"traffic_off": [], "traffic_path": [], "traffic_ahead": []}
    standing, draws = ground.standing, {}
    if not standing.told:
        if standing.bounds is not None:
            low, high = standing.bounds
            tables["traffic_off"] = [_bounded(horizon, low, high) for horizon in HORIZONS]
            draws["lost_12m_low"] = np.full(ground.base.draws, low)
            draws["lost_12m_high"] = np.full(ground.base.draws, high)
        return tables, draws
    past = None if ground.off_at is None else traffic_stopped(ground.base, ground.off_at)
    ahead = None
    if as_is is not None:
        stopped = ground.play(without_traffic(ground.plan, ground.base))
        ahead = _share(stopped.revenue, as_is.revenue)
        tables["traffic_ahead"] = _ahead_rows(ground, as_is, stopped, ahead)
        draws |= {f"kept_{h}m_ahead": ahead[:, h - 1] for h in HORIZONS if h <= ground.horizon}
    for horizon in HORIZONS:
        row = _horizon(ground, horizon, past, ahead, draws)
        if row is not None:
            tables["traffic_off"].append(row)
    if past is not None:
        tables["traffic_path"] = _past_rows(ground, past)
    elif ahead is not None:
        same = ("month", "revenue", "without", "low", "high")
        tables["traffic_path"] = [
            {name: row[name] for name in same} | {"path": "ahead"}
            for row in tables["traffic_ahead"]
        ]
    return tables, draws


def _horizon(
    ground: Ground, horizon: int, past: Stopped | None, ahead: Floats | None, draws: Draws
) -> dict[str, Any] | None:
    """One row of traffic_off; its draws are added to ``draws``."""
    if past is not None and horizon <= past.kept.shape[1]:
        kept, path = past.kept[:, horizon - 1], "past"
    elif ahead is not None and horizon <= ahead.shape[1]:
        kept, path = ahead[:, horizon - 1], "ahead"
    else:
        return None
    found = interval(kept, ground.confidence)
    if found.value is None:
        return None
    draws[f"kept_{horizon}m"], draws[f"lost_{horizon}m"] = kept, 1 - kept
    return {
        "horizon_months": horizon,
        "kept_share": found.value,
        "low": found.low,
        "high": found.high,
        "lost_share": 1 - found.value,
        "known": ground.standing.known,
        "path": path,
    }


def _bounded(horizon: int, low: float, high: float) -> dict[str, Any]:
    """Only a range of what is bought is known: of what is kept, all the rest, carried over or not."""
    return {
        "horizon_months": horizon,
        "low": 1 - high,
        "high": 1 - low,
        "known": "bounds",
        "path": "past",
    }


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _past_rows(ground: Ground, past: Stopped) -> list[dict[str, Any]]:
    rows = []
    for at, revenue in enumerate(past.revenue):
        found = interval(past.without[:, at], ground.confidence)
        rows.append(
            {
                "month": ground.base.months[past.at + at],
                "revenue": float(revenue),
                "without": found.value,
                "low": found.low,
                "high": found.high,
                "path": "past",
            }
        )
    return rows


def _ahead_rows(ground: Ground, as_is: Ahead, stopped: Ahead, kept: Floats) -> list[dict[str, Any]]:
    rows = []
    for at, month in enumerate(ground.ahead):
        going = interval(as_is.revenue[:, at], ground.confidence)
        without = interval(stopped.revenue[:, at], ground.confidence)
        share = interval(kept[:, at], ground.confidence)
        rows.append(
            {
                "month": month,
                "revenue": going.value,
                "revenue_low": going.low,
                "revenue_high": going.high,
                "without": without.value,
                "low": without.low,
                "high": without.high,
                "kept_share": share.value,
                "kept_low": share.low,
                "kept_high": share.high,
            }
        )
    return rows
