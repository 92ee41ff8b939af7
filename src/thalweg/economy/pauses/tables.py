"""Tables of a plan of pauses: who pauses what when, strata, and what it will tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from thalweg.economy.frame import Floats, GrowthPanel, Mask
from thalweg.economy.pauses.drawing import Drawn, Lots
from thalweg.economy.pauses.precision import (
    CARRIES,
    SUBSIDY_CARRY,
    USUAL_CARRY,
    Noise,
    Question,
    told,
)
from thalweg.economy.pauses.request import PauseRequest
from thalweg.records.companions.pauses import RANDOMISED, SUBSIDY

OTHER_SHARES, OTHER_MONTHS = (0.05, 0.1, 0.2), (6, 12)
ASSIGNMENT = {
    "party": pl.String,
    "month": pl.Date,
    "channel": pl.String,
    "assignment": pl.String,
    "stratum": pl.Int64,
}
STRATA = {
    "stratum": pl.Int64,
    "units": pl.Int64,
    "revenue_month": pl.Float64,
    "spend_month": pl.Float64,
    "pauses": pl.Int64,
    "subsidy_pauses": pl.Int64,
}
PRECISION = {
    "paused": pl.String,
    "share": pl.Float64,
    "months": pl.Int64,
    "carry": pl.Float64,
    "error_log": pl.Float64,
    "half_width": pl.Float64,
    "smallest_loss": pl.Float64,
    "chosen": pl.Boolean,
}


def assignment(
    panel: GrowthPanel, lots: Lots, drawn: Drawn, days: list[date], channels: list[str]
) -> pl.DataFrame:
    """A row for each unit, month and channel that pauses."""
    pieces = ((drawn.traffic, channels), (drawn.subsidy, [SUBSIDY]))
    rows = [
        (panel.units[unit], days[month], channel, RANDOMISED, int(lots.stratum[unit]) + 1)
        for paused, names in pieces
        for unit, month in np.argwhere(paused).tolist()
        for channel in names
    ]
    return _sorted(rows)


def earlier(panel: GrowthPanel) -> pl.DataFrame:
    """Pauses by lot that the records hold already."""
    pieces = list(zip(panel.channels, panel.paused, strict=True))
    if panel.subsidy_paused is not None:
        pieces.append((SUBSIDY, panel.subsidy_paused))
    rows = [
        (panel.units[unit], panel.months[month], channel, RANDOMISED, None)
        for channel, paused in pieces
        for unit, month in np.argwhere(paused).tolist()
    ]
    return _sorted(rows)


def _sorted(rows: Sequence[tuple[str, date, str, str, int | None]]) -> pl.DataFrame:
    table = pl.DataFrame(rows, schema=ASSIGNMENT, orient="row")
    return table.sort("month", "party", "channel")


def strata(lots: Lots, size: Floats, spend: Floats, drawn: Drawn) -> pl.DataFrame:
    """Takes size, spend: (N,) of a mean month."""
    rows = []
    for stratum in range(lots.strata):
        mine = lots.stratum == stratum
        means = (float(size[mine].mean()), float(spend[mine].mean()))
        counts = (_count(drawn.traffic, mine), _count(drawn.subsidy, mine))
        rows.append((stratum + 1, int(mine.sum()), *means, *counts))
    return pl.DataFrame(rows, schema=STRATA, orient="row")


def _count(paused: Mask, mine: Mask) -> int:
    return int(paused[mine].sum())


def precision(noise: Noise, lots: Lots, asked: PauseRequest, *, traffic: bool) -> pl.DataFrame:
    """What the plan will tell at each carry-over, and what other shares and lengths would."""
    share, months, seed, confidence = asked.share, asked.months, asked.seed, asked.confidence
    given = [Question("subsidy", SUBSIDY_CARRY)] if asked.subsidy else []
    mine = [Question("traffic", carry) for carry in CARRIES if traffic] + given
    usual = [Question("traffic", USUAL_CARRY)] * traffic + given
    rows = [r | {"chosen": True} for r in told(noise, lots, share, months, mine, seed, confidence)]
    others = [(s, m) for m in OTHER_MONTHS for s in OTHER_SHARES if (s, m) != (share, months)]
    for other, length in others:
        found = told(noise, lots, other, length, usual, seed, confidence)
        rows += [row | {"chosen": False} for row in found]
    filled = [{name: row.get(name) for name in PRECISION} for row in rows]
    return pl.DataFrame(filled, schema=PRECISION)
