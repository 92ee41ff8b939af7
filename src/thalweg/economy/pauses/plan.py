"""Plan months without paid traffic or subsidy: drawn by lot, with the precision to expect and the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.economy.frame import GrowthPanel, Response
from thalweg.economy.pauses import tables
from thalweg.economy.pauses.cost import cost_of, subsidy_share, usual
from thalweg.economy.pauses.drawing import draw_both, lots_of
from thalweg.economy.pauses.precision import Noise
from thalweg.economy.pauses.request import (
    SUBSIDY_MATTERS,
    PauseRequest,
    channels_of,
    refuse,
    subsidy_too,
)
from thalweg.process.result import fingerprint_of, plain

SCHEMA = "thalweg.pauses/1"
EVERY = "*"
WIDE = 0.25
"""A plan whose interval is wider than this to each side is warned of."""


@dataclass(frozen=True, slots=True, eq=False)
class PausePlan:
    """Months without paid traffic, and without subsidy, each drawn by a lot of its own.

    assignment  party, month, channel (``*``: all paid ones; ``subsidy``), assignment (randomised),
                stratum: the table that ``ingest --pauses`` reads.
    earlier     the same columns, stratum null: pauses by lot that the records hold already.
    strata      stratum (1: the largest units), units, revenue and spend of a mean month of the last
                year, pauses of paid traffic and of subsidy drawn.
    precision   paused (traffic or subsidy), share, months, carry (assumed carry-over of a month),
                error_log (standard error of the log of what revenue falls to without it), half_width
                of the interval (a part of revenue), smallest_loss (found with power 0.8), chosen.
                Null: cannot be told.
    cost        revenue_paused (of the unit-months with a pause, as in the last year), spend_saved,
                subsidy_saved, revenue_forgone with _low and _high (null: no response is known).
    assumptions, warnings   codes, ``metrics.pauses.assumptions`` and ``….warnings``.
    """

    fingerprint: str
    request: dict[str, Any]
    currency: str
    units: int
    first_month: date
    last_month: date
    assignment: pl.DataFrame
    earlier: pl.DataFrame
    strata: pl.DataFrame
    precision: pl.DataFrame
    cost: dict[str, float | None]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def chosen(self) -> dict[str, Any]:
        """The precision of this plan where it is worst."""
        mine = self.precision.filter("chosen").sort("error_log", nulls_last=True)
        return mine.row(-1, named=True)

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON: dates as ISO texts, unknown figures as null."""
        return {"schema": SCHEMA} | {name: plain(getattr(self, name)) for name in self.__slots__}


def plan_pauses(
    panel: GrowthPanel,
    *,
    share: float = 0.1,
    months: int = 6,
    seed: int = 0,
    channels: Sequence[str] | None = None,
    subsidy: bool | None = None,
    most_in_a_row: int = 2,
    first: date | None = None,
    confidence: float = 0.95,
    response: Response | None = None,
) -> PausePlan:
    """Draw unit-months without paid traffic or subsidy, and say what they will tell and cost.

    Takes    share: of unit-months, above 0 to 0.5, for each of the two. months: 3 to 60, from
             ``first`` (a first of month; None: the month after the panel's last). channels: paid ones
             to pause together; None: all. subsidy: whether it pauses too; None: where it was more
             than 3 % of the last year's revenue. most_in_a_row: months that a unit pauses without
             a break. response: as fitted, to tell the revenue forgone.
    Raises   RequestError: nothing to pause, an unknown channel, fewer than four units, or a number
             out of its range.
    """
    too = subsidy_too(panel, subsidy)
    begin = first or _months_on(panel.months[-1], 1)
    named = None if channels is None else channels_of(panel, channels)
    asked = PauseRequest(share, months, seed, named, too, most_in_a_row, begin, confidence)
    refuse(panel, asked)
    names = channels_of(panel, channels)
    chosen = np.array([name in names for name in panel.channels], np.bool_)
    size, spend = usual(panel)
    lots, traffic = lots_of(size, most_in_a_row), bool(names)
    rng = np.random.default_rng(seed)
    drawn = draw_both(lots, share, months, rng, traffic=traffic, subsidy=too)
    days = [_months_on(begin, at) for at in range(months)]
    noise, request = Noise.of(panel), asked.to_json()
    precision = tables.precision(noise, lots, asked, traffic=traffic)
    paused = [EVERY] if len(names) == len(panel.channels) else list(names)
    told_of = {"units": panel.units, "revenue": size.tolist(), "spend": spend.tolist()}
    at_once = ("subsidy_at_once",) if too else ()
    carried = ("carry_as_assumed",) if traffic else ()
    return PausePlan(
        fingerprint=fingerprint_of(repr(told_of), request),
        request=request,
        currency=panel.currency,
        units=len(panel.units),
        first_month=begin,
        last_month=days[-1],
        assignment=tables.assignment(panel, lots, drawn, days, paused),
        earlier=tables.earlier(panel),
        strata=tables.strata(lots, size, spend[chosen].sum(axis=0), drawn),
        precision=precision,
        cost=cost_of(panel, drawn, chosen, response),
        assumptions=("noise_as_before", *carried, *at_once, "pauses_kept", "no_catching_up"),
        warnings=_warnings(panel, noise, precision, subsidy=too),
        facts={"units_without_steady_revenue": int((~noise.kept).sum()), "channels": list(names)},
    )


def _warnings(
    panel: GrowthPanel, noise: Noise, precision: pl.DataFrame, *, subsidy: bool
) -> tuple[str, ...]:
    mine = precision.filter("chosen")["half_width"]
    found = []
    if mine.is_null().any():
        found.append("precision_unknown")
    elif (widest := mine.max()) is not None and float(str(widest)) > WIDE:
        found.append("wide")
    if not noise.kept.all():
        found.append("unsteady_units")
    if panel.common_spend is not None and panel.common_spend.any():
        found.append("common_spend")
    if not subsidy and subsidy_share(panel) > SUBSIDY_MATTERS:
        found.append("subsidy_not_paused")
    return tuple(found)


def _months_on(month: date, count: int) -> date:
    place = month.year * 12 + month.month - 1 + count
    return date(place // 12, place % 12 + 1, 1)
