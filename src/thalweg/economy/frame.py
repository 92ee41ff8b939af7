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
Ints = NDArray[np.int64]
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

LINE_COLUMNS: dict[str, type[pl.DataType]] = {
    "@row": pl.Int64,
    "party": pl.String,
    "month": pl.Date,
    "product": pl.String,
    "account": pl.String,
    "name": pl.String,
    "amount": pl.Float64,
    "document": pl.String,
}
TRAFFIC_COLUMNS: dict[str, type[pl.DataType]] = {
    "@row": pl.Int64,
    "party": pl.String,
    "month": pl.Date,
    "channel": pl.String,
    "visits": pl.Float64,
    "leads": pl.Float64,
    "orders": pl.Float64,
    "spend": pl.Float64,
    "reason": pl.String,
}
PRODUCT_COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
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
    traffic    TRAFFIC_COLUMNS, spend positive, in ``currency``; reason: why nothing was spent, a code
               of ``STOPS`` or a word as it stands; empty where there is none.
    products   PRODUCT_COLUMNS; empty where there is none.
    paused     party, month, channel of paid traffic or subsidy (``SUBSIDY``) paused by lot; empty
               where there is none.
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
    common_revenue (T,), common_spend (C, T), common_subsidy (T,): what stands at the platform and
             belongs to no unit; None: nothing. With it, totals are those of the accounts.
    facts    counts and codes for the reader: where spend is from, ledger against traffic, reach.
    volume   (N, T) value of the orders placed in the month, of which subsidy is a share; None where
             the records do not tell.
    subsidy_paused (N, T): subsidy paused by lot; None: nowhere.
    stopped_by_event, stopped_by_demand (C, N, T): nothing was spent, and the records give a reason
             outside demand, or one that lies in it; None: they give no reasons.
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
    common_revenue: Floats | None = None
    common_spend: Floats | None = None
    common_subsidy: Floats | None = None
    facts: dict[str, object] = field(default_factory=dict)
    volume: Floats | None = None
    subsidy_paused: Mask | None = None
    stopped_by_event: Mask | None = None
    stopped_by_demand: Mask | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """How revenue answers to spend, subsidy and interventions, in draws of what is not known.

    D draws, N units, T months, C channels, K interventions. Up to a constant of the unit, expected
    revenue is its own part, ``exp(base + subsidy_pull · rate + Σ tau · dose)``, plus what spend
    brings, ``Σ lift`` (where ``adds``), or times ``exp(Σ lift)``. Draws come from a bootstrap over
    units in which carry-over and form are found anew each time. ``level`` puts it together; all
    that asks "what if" goes through it: revenue · level(other) / level(observed).

    label      how what paid traffic brings is known; ``not_identified`` has no draws; with ``bounds``
               draws are what the model would say if it could be believed.
    known      label of each channel; subsidy_known: of what subsidy brings.
    form       "log": beta · log1p(stock / scale); "hill": beta · stock^s / (stock^s + half^s), half
               in units of scale; power NaN: the logistic curve in its place (``saturated``).
    adds       (D,) whether paid revenue adds to a unit's own or multiplies it.
    carry, beta, half, power   (D, C). half and power are NaN for the form "log".
    scale      (C,) of spend: each channel's mean of what is spent where something is spent, per
               unit of mean size. size (N,): each unit's mean revenue beside the mean of all.
    late       share of what is brought that becomes revenue a month later.
    base       (D, T) log of the months' common level of own revenue.
    volume     (N, T) revenue of the business that a month's subsidy was paid for; the rate of a
               subsidy is its share of it.
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
    size: Floats
    adds: Mask
    base: Floats
    volume: Floats
    late: float = 0.0
    known: tuple[Label, ...] = ()
    subsidy_known: Label = "not_identified"
    reasons: tuple[str, ...] = ()
    checks: dict[str, dict[str, object]] = field(default_factory=dict)
    bounds: tuple[float, float] | None = None

    @property
    def draws(self) -> int:
        return len(self.beta)

    def stock(self, draw: int, spend: Floats) -> Floats:
        """(C, N, T') spend carried over: s[t] = carry · s[t-1] + (1 - carry) · spend[t]."""
        return carried(spend, self.carry[draw])

    def lift(self, draw: int, spend: Floats) -> Floats:
        """(C, N, T') what spend brings, by channel: in units of base (adds) or in log points.

        Takes    spend: (C, N, T'), from the panel's first month on, so that carry-over is known.
        """
        stock = self.stock(draw, spend) / (self.scale[:, None] * self.size)[:, :, None]
        if self.form == "log":
            shape = np.log1p(stock)
        else:
            places = zip(stock, self.half[draw], self.power[draw], strict=True)
            shape = np.stack([saturated(*one) for one in places]) if len(stock) else stock
        return np.asarray(self.beta[draw][:, None, None] * delayed(shape, self.late))

    def own(self, draw: int, subsidy: Floats, dose: Floats) -> Floats:
        """(N, T') what revenue would be without spend, up to a constant of each unit.

        Takes    subsidy: (N, T') money. dose: (K, N, T').
        Months after the panel's last have the mean base and volume of its last twelve.
        """
        months = subsidy.shape[1]
        rate = subsidy_rate(subsidy, onward(self.volume, months), self.late)
        log = onward(self.base[draw][None, :], months) + self.subsidy_pull[draw] * rate
        return np.asarray(np.exp(log + np.tensordot(self.tau[draw], dose, axes=1)))

    def level(self, draw: int, spend: Floats, subsidy: Floats, dose: Floats) -> Floats:
        """(N, T') expected revenue, up to a constant of each unit; never below zero."""
        own, lift = self.own(draw, subsidy, dose), self.lift(draw, spend).sum(axis=0)
        return np.asarray(np.maximum(own + lift, 0.0) if self.adds[draw] else own * np.exp(lift))


def carried(spend: Floats, carry: Floats) -> Floats:
    """(C, N, T) geometric carry-over of each channel, begun empty; carry: (C,)."""
    out = np.empty_like(spend)
    keep = carry[:, None]
    held = np.zeros(spend.shape[:2])
    for month in range(spend.shape[2]):
        held = keep * held + (1 - keep) * spend[:, :, month]
        out[:, :, month] = held
    return out


def saturated(stock: Floats, half: float, power: float) -> Floats:
    """Share of the most that a stock brings: Hill's curve, or the logistic one where power is NaN.

    Both bring half of the most at ``half``; the logistic one is tanh(λ · stock / 2).
    """
    if np.isnan(power):
        return np.asarray(np.tanh(np.arctanh(0.5) * stock / half))
    raised = stock**power
    return np.asarray(raised / (raised + half**power))


def delayed(table: Floats, late: float) -> Floats:
    """The last axis is months: a share comes a month later; the first month has its own before it."""
    before = np.concatenate((table[..., :1], table[..., :-1]), axis=-1)
    return np.asarray((1 - late) * table + late * before)


def onward(table: Floats, months: int) -> Floats:
    """(N, months): a table cut, or gone on with the mean of its last twelve months."""
    if months <= table.shape[1]:
        return table[:, :months]
    tail = np.repeat(table[:, -12:].mean(axis=1, keepdims=True), months - table.shape[1], axis=1)
    return np.concatenate((table, tail), axis=1)


def subsidy_rate(subsidy: Floats, volume: Floats, late: float) -> Floats:
    """(N, T) share of a month's business paid as subsidy, when its revenue comes; 0 where none is."""
    rate = np.divide(subsidy, volume, out=np.zeros_like(subsidy), where=volume > 0)
    return delayed(rate, late)
