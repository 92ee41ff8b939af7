"""What the economy of a platform is told from: its accounts, and growth by unit and month.

Amounts are in one currency and signed as cash: what comes in is positive, what goes out negative.
Spend on traffic and subsidy stand in panels as positive magnitudes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

Account = Literal[
    "revenue",
    "cost_of_sales",
    "marketing",
    "subsidy",
    "research",
    "rollout",
    "operations",
    "capital_in",
    "capital_out",
    "cash",
    "other",
]
"""Standard accounts. ``cash`` is a balance at the end of the month; all others are flows. ``other``:
lines whose account the profile does not map, told apart and counted in cash alone."""

Label = Literal["counted", "experimental", "event_based", "model_only", "bounds", "not_identified"]
"""How a figure is known. counted: summed from rows. experimental: pauses or dates drawn by lot.
event_based: spend moved for a reason outside demand. model_only: nothing but the model separates it.
bounds: only a range can be given. not_identified: no answer."""

LINE_COLUMNS = {
    "@row": pl.Int64,
    "party": pl.String,
    "month": pl.Date,
    "product": pl.String,
    "account": pl.String,
    "name": pl.String,
    "amount": pl.Float64,
    "document": pl.String,
}
TRAFFIC_COLUMNS = {
    "@row": pl.Int64,
    "party": pl.String,
    "month": pl.Date,
    "channel": pl.String,
    "visits": pl.Float64,
    "leads": pl.Float64,
    "orders": pl.Float64,
    "spend": pl.Float64,
}
PRODUCT_COLUMNS = {
    "product": pl.String,
    "name": pl.String,
    "first_sale": pl.Date,
    "service": pl.Boolean,
    "intervention": pl.String,
    "displaces": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """The money of a book.

    months     first days of month, rising without gaps, from the first row to the last.
    units      parties with rows of their own that are not the platform, in the order of their ids.
    platform   name under which rows that belong to no unit stand.
    lines      LINE_COLUMNS: one row for each ledger line and month (a line that covers several
               months is spread evenly over them, with the same ``@row``); account: a standard one;
               name: as the ledger writes it; amount: signed as cash, in ``currency``.
    traffic    TRAFFIC_COLUMNS, spend positive, in ``currency``; empty where there is none.
    products   PRODUCT_COLUMNS; empty where there is none.
    paused     party, month, channel of paid traffic paused by lot; empty where there is none.
    spread     whether some lines cover more than a month, so that months are not observed.
    facts      counts and codes for the reader: gaps, unmapped accounts, flipped signs, rates used.
    """

    currency: str
    months: tuple[date, ...]
    units: tuple[str, ...]
    platform: str
    lines: pl.DataFrame
    traffic: pl.DataFrame
    products: pl.DataFrame
    paused: pl.DataFrame
    spread: bool = False
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class GrowthPanel:
    """Revenue by unit and month beside all that may have moved it.

    N units, T months, C paid channels, K interventions.
    revenue (N, T); new (N, T): the part from products first sold after the panel began.
    spend   (C, N, T), subsidy (N, T): positive, in the currency.
    dose    (K, N, T): share of the month in force times intensity.
    paused  (C, N, T): paid traffic paused by lot.
    A cell of revenue without any row is NaN before a unit's first row and after its last, else 0.
    """

    currency: str
    units: tuple[str, ...]
    months: tuple[date, ...]
    channels: tuple[str, ...]
    interventions: tuple[str, ...]
    revenue: Floats
    new: Floats
    spend: Floats
    subsidy: Floats
    dose: Floats
    paused: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """How revenue answers to spend, subsidy and interventions, in draws of what is not known.

    D draws. The log of revenue of a unit and month is its base (unit, month, noise) plus
    ``lift`` of its spend, plus ``subsidy_pull`` times subsidy per unit's mean revenue, plus the sum
    of ``tau`` times dose. Draws come from a bootstrap over units in which the carry-over is found
    anew each time.

    label      how the separation of bought from earned is known; ``not_identified`` has no draws.
    form       "log": beta · log1p(stock / scale); "hill": beta · stock^s / (stock^s + half^s).
    carry, beta, half, power   (D, C). half and power are NaN for the form "log".
    scale      (C,) of spend: each channel's mean of what is spent where something is spent.
    subsidy_pull (D,). tau (D, K).
    months_kept  months of past spend that a stock remembers.
    checks     code → finding; reasons: codes of why the label is not better.
    bounds     smallest and largest share of revenue that can be bought, where only a range is known.
    """

    label: Label
    form: Literal["log", "hill"]
    channels: tuple[str, ...]
    interventions: tuple[str, ...]
    scale: Floats
    carry: Floats
    beta: Floats
    half: Floats
    power: Floats
    subsidy_pull: Floats
    tau: Floats
    months_kept: int
    reasons: tuple[str, ...] = ()
    checks: dict[str, dict[str, object]] = field(default_factory=dict)
    bounds: tuple[float, float] | None = None

    @property
    def draws(self) -> int:
        return len(self.beta)

    def stock(self, draw: int, spend: Floats) -> Floats:
        """(C, N, T) spend carried over: s[t] = carry · s[t-1] + (1 - carry) · spend[t]."""
        out = np.empty_like(spend)
        carry = self.carry[draw][:, None]
        held = np.zeros(spend.shape[:2])
        for month in range(spend.shape[2]):
            held = carry * held + (1 - carry) * spend[:, :, month]
            out[:, :, month] = held
        return out

    def lift(self, draw: int, spend: Floats) -> Floats:
        """(C, N, T) log points of revenue that spend brings, by channel.

        Takes    spend: (C, N, T), from the panel's first month on, so that carry-over is known.
        """
        stock = self.stock(draw, spend)
        beta = self.beta[draw][:, None, None]
        if self.form == "log":
            return np.asarray(beta * np.log1p(stock / self.scale[:, None, None]))
        power = self.power[draw][:, None, None]
        raised = stock**power
        half = self.half[draw][:, None, None] * self.scale[:, None, None]
        return np.asarray(beta * raised / (raised + half**power))
