"""Plan months without paid traffic: drawn by lot, with the precision to expect and the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.economy.frame import GrowthPanel, Mask, Response
from thalweg.economy.pauses.cost import forgone, saved, usual
from thalweg.economy.pauses.drawing import Lots, draw_pauses, lots_of
from thalweg.economy.pauses.precision import CARRIES, USUAL_CARRY, Noise, told
from thalweg.errors import RequestError
from thalweg.process.result import fingerprint_of, plain
from thalweg.records.mapping.flat import nearest

SCHEMA = "thalweg.pauses/1"
EVERY = "*"
FEWEST_UNITS, FEWEST_MONTHS, MOST_MONTHS = 4, 3, 60
MOST_SHARE = 0.5
OTHER_SHARES, OTHER_MONTHS = (0.05, 0.1, 0.2), (6, 12)
WIDE = 0.25
"""A plan whose interval is wider than this to each side is warned of."""
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
}
PRECISION = {
    "share": pl.Float64,
    "months": pl.Int64,
    "carry": pl.Float64,
    "error_log": pl.Float64,
    "half_width": pl.Float64,
    "smallest_loss": pl.Float64,
    "chosen": pl.Boolean,
}


@dataclass(frozen=True, slots=True, eq=False)
class PausePlan:
    """Months without paid traffic, drawn by lot.

    assignment  party, month, channel (``*``: all of them), assignment (randomised), stratum: the
                table that ``ingest --pauses`` reads.
    earlier     the same columns, stratum null: pauses by lot that the records hold already.
    strata      stratum (1: the largest units), units, revenue and spend of a mean month of the last
                year, pauses drawn.
    precision   share, months, carry (assumed carry-over of a month), error_log (standard error of the
                log of what revenue falls to without paid traffic), half_width of the interval (a part
                of revenue), smallest_loss (found with power 0.8), chosen. Null: cannot be told.
    cost        revenue_paused (of the paused unit-months, as in the last year), spend_saved,
                revenue_forgone with _low and _high (null: no response is known).
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
        """The precision of this plan at the carry-over that serves it worst."""
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
    most_in_a_row: int = 2,
    first: date | None = None,
    confidence: float = 0.95,
    response: Response | None = None,
) -> PausePlan:
    """Draw unit-months without paid traffic, and say what they will tell and cost.

    Takes    share: of unit-months, above 0 to 0.5. months: 3 to 60, from ``first`` (a first of month;
             None: the month after the panel's last). channels: paid ones to pause together; None: all.
             most_in_a_row: months that a unit pauses without a break. response: as fitted, to tell
             the revenue forgone.
    Raises   RequestError: no paid traffic, an unknown channel, fewer than four units, or a number
             out of its range.
    """
    _refuse(panel, share, months, most_in_a_row, confidence)
    names = _channels(panel, channels)
    begin = first or _after(panel.months[-1])
    if begin.day != 1:
        raise RequestError(f"Pauses begin on the first day of a month, not on {begin}.")
    size, spend = usual(panel)
    lots = lots_of(size, most_in_a_row)
    paused = draw_pauses(lots, share, months, np.random.default_rng(seed))
    days = pl.date_range(begin, interval="1mo", eager=True, end=_months_on(begin, months - 1))
    chosen = np.array([name in names for name in panel.channels])
    request: dict[str, Any] = {
        "share": share,
        "months": months,
        "seed": seed,
        "channels": None if channels is None else list(names),
        "most_in_a_row": most_in_a_row,
        "first": begin.isoformat(),
        "confidence": confidence,
    }
    noise = Noise.of(panel)
    precision = _precision(noise, lots, share, months, seed, confidence)
    cost: dict[str, float | None] = {
        "revenue_paused": float((size[:, None] * paused).sum()),
        "spend_saved": saved(panel, paused, chosen),
        "revenue_forgone": None,
        "revenue_forgone_low": None,
        "revenue_forgone_high": None,
    }
    if response is not None and response.draws:
        middle, low, high = forgone(panel, paused, chosen, response)
        cost |= {
            "revenue_forgone": middle,
            "revenue_forgone_low": low,
            "revenue_forgone_high": high,
        }
    every = len(names) == len(panel.channels)
    told_of = {"units": panel.units, "revenue": size.tolist(), "spend": spend.tolist()}
    return PausePlan(
        fingerprint=fingerprint_of(repr(told_of), request),
        request=request,
        currency=panel.currency,
        units=len(panel.units),
        first_month=begin,
        last_month=days[-1],
        assignment=_assignment(panel, lots, paused, days.to_list(), [EVERY] if every else names),
        earlier=_earlier(panel),
        strata=_strata(lots, size, spend[chosen].sum(axis=0), paused),
        precision=precision,
        cost=cost,
        assumptions=("noise_as_before", "carry_as_assumed", "pauses_kept", "no_catching_up"),
        warnings=_warnings(panel, noise, precision),
        facts={"units_without_steady_revenue": int((~noise.kept).sum()), "channels": list(names)},
    )


def _refuse(
    panel: GrowthPanel, share: float, months: int, most_in_a_row: int, confidence: float
) -> None:
    if not panel.channels:
        raise RequestError(
            "There is no paid traffic to pause: the records hold no spend. Add a table of traffic, "
            "or map the ledger's marketing account in the profile."
        )
    if len(panel.units) < FEWEST_UNITS:
        raise RequestError(
            f"{len(panel.units)} units are too few to pause some and not others; {FEWEST_UNITS} are "
            "needed. With a single firm, pause regions or segments: give the ledger a party for each."
        )
    for name, value, low, high in (
        ("share", share, 0.01, MOST_SHARE),
        ("months", months, FEWEST_MONTHS, MOST_MONTHS),
        ("most_in_a_row", most_in_a_row, 1, MOST_MONTHS),
        ("confidence", confidence, 0.5, 0.999),
    ):
        if not low <= value <= high:
            raise RequestError(
                f"{name} is {value:g}. A plan needs {name} from {low:g} to {high:g}."
            )


def _channels(panel: GrowthPanel, wanted: Sequence[str] | None) -> list[str]:
    for name in wanted or ():
        if name not in panel.channels:
            raise RequestError(
                f"There is no paid channel {name!r}. {nearest(name, panel.channels)}"
            )
    return list(panel.channels if wanted is None else dict.fromkeys(wanted))


def _assignment(
    panel: GrowthPanel, lots: Lots, paused: Mask, days: list[date], channels: list[str]
) -> pl.DataFrame:
    month, unit = np.nonzero(paused.T)
    rows = [
        (panel.units[u], days[m], channel, "randomised", int(lots.stratum[u]) + 1)
        for m, u in zip(month.tolist(), unit.tolist(), strict=True)
        for channel in channels
    ]
    return pl.DataFrame(rows, schema=ASSIGNMENT, orient="row").sort("month", "party", "channel")


def _earlier(panel: GrowthPanel) -> pl.DataFrame:
    rows = [
        (panel.units[unit], panel.months[month], panel.channels[channel], "randomised", None)
        for channel, unit, month in np.argwhere(panel.paused).tolist()
    ]
    table = pl.DataFrame(rows, schema=ASSIGNMENT, orient="row")
    return table.sort("month", "party", "channel")


def _strata(lots: Lots, size: Any, spend: Any, paused: Mask) -> pl.DataFrame:
    rows = []
    for stratum in range(lots.strata):
        mine = lots.stratum == stratum
        means = (float(size[mine].mean()), float(spend[mine].mean()))
        rows.append((stratum + 1, int(mine.sum()), *means, int(paused[mine].sum())))
    return pl.DataFrame(rows, schema=STRATA, orient="row")


def _precision(
    noise: Noise, lots: Lots, share: float, months: int, seed: int, confidence: float
) -> pl.DataFrame:
    rows = [
        row | {"chosen": True}
        for row in told(noise, lots, share, months, CARRIES, seed, confidence)
    ]
    others = [(s, m) for m in OTHER_MONTHS for s in OTHER_SHARES if (s, m) != (share, months)]
    for other, length in others:
        found = told(noise, lots, other, length, USUAL_CARRY, seed, confidence)
        rows += [row | {"chosen": False} for row in found]
    filled = [{name: row.get(name) for name in PRECISION} for row in rows]
    return pl.DataFrame(filled, schema=PRECISION)


def _warnings(panel: GrowthPanel, noise: Noise, precision: pl.DataFrame) -> tuple[str, ...]:
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
    return tuple(found)


def _after(month: date) -> date:
    return _months_on(month, 1)


def _months_on(month: date, count: int) -> date:
    place = month.year * 12 + month.month - 1 + count
    return date(place // 12, place % 12 + 1, 1)
