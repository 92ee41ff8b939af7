"""Revenue by unit and month beside what moves it, in the draws of what is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats, GrowthPanel, Response

REST = "platform"


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """What paths are worked out from. N units, T months, C channels, K interventions, D draws.

    revenue (N, T), zero where nothing is known; apart (T,) revenue that belongs to no unit, which
    nothing here moves. spend, subsidy, dose: as in the panel. fresh (N, T): of the revenue, what
    products bring that were first sold after the panel began and that no intervention brings.
    response: None where nothing separates what moves revenue.
    """

    months: tuple[date, ...]
    units: tuple[str, ...]
    channels: tuple[str, ...]
    interventions: tuple[str, ...]
    revenue: Floats
    apart: Floats
    spend: Floats
    subsidy: Floats
    dose: Floats
    fresh: Floats
    response: Response | None
    draws: int

    @property
    def total(self) -> Floats:
        """(T,) revenue by month."""
        return np.asarray(self.revenue.sum(axis=0) + self.apart)

    def place(self, draw: int) -> int:
        """Which of the response's draws stands for a draw."""
        return draw % max(1, self.response.draws if self.response is not None else 1)

    def without(self, draw: int, spend: Floats, subsidy: Floats, dose: Floats) -> Floats:
        """(N, T) revenue as it would have been with other spend, subsidy and doses.

        Each cell is its revenue times what is expected with them over what is expected as it was.
        """
        if self.response is None:
            return self.revenue
        at = self.place(draw)
        was = self.response.level(at, self.spend, self.subsidy, self.dose)
        other = self.response.level(at, spend, subsidy, dose)
        return np.asarray(
            self.revenue * np.divide(other, was, out=np.ones_like(was), where=was > 0)
        )


def base_of(
    accounts: Accounts, panel: GrowthPanel | None, response: Response | None, draws: int
) -> Base:
    """Join accounts, panel and response; a response without draws counts as none.

    Months of the accounts beyond the panel's are left out where there is a panel.
    """
    if panel is None:
        total = flow(accounts, "revenue")
        shape = (0, len(total))
        empty = np.zeros(shape)
        return Base(
            months=accounts.months,
            units=(),
            channels=(),
            interventions=(),
            revenue=empty,
            apart=total,
            spend=np.zeros((0, *shape)),
            subsidy=empty,
            dose=np.zeros((0, *shape)),
            fresh=empty,
            response=None,
            draws=draws,
        )
    revenue = np.nan_to_num(panel.revenue, nan=0.0)
    first = accounts.months.index(panel.months[0])
    total = flow(accounts, "revenue")[first : first + len(panel.months)]
    sound = None if response is None or not response.draws else sound_draws(response, panel)
    return Base(
        months=panel.months,
        units=panel.units,
        channels=panel.channels,
        interventions=panel.interventions,
        revenue=revenue,
        apart=_apart(total, revenue),
        spend=panel.spend,
        subsidy=panel.subsidy,
        dose=panel.dose,
        fresh=_fresh(accounts, panel),
        response=sound,
        draws=draws,
    )


PER_DRAW = ("carry", "beta", "half", "power", "subsidy_pull", "tau", "adds", "base")
"""What of a response there is one of for each draw."""


def sound_draws(response: Response, panel: GrowthPanel) -> Response | None:
    """The draws in which all that is expected of the record is a positive number; None: none is.

    A response that ran away in a draw of units says nothing there.
    """
    sound = np.zeros(response.draws, np.bool_)
    none, nothing = np.zeros_like(panel.subsidy), np.zeros_like(panel.dose)
    with np.errstate(all="ignore"):
        for at in range(response.draws):
            level = response.level(at, panel.spend, panel.subsidy, panel.dose)
            own = response.own(at, none, nothing)
            parts = (level, own, response.own(at, panel.subsidy, panel.dose))
            sound[at] = all(np.isfinite(one).all() and (one > 0).all() for one in parts)
    if sound.all():
        return response
    if not sound.any():
        return None
    return replace(response, **{name: getattr(response, name)[sound] for name in PER_DRAW})


def flow(accounts: Accounts, *names: str) -> Floats:
    """(T,) sum of the lines of standard accounts by month, signed as cash."""
    lines = accounts.lines.filter(pl.col("account").is_in(names))
    sums = lines.group_by("month", maintain_order=True).agg(pl.col("amount").sum()).sort("month")
    place = {month: at for at, month in enumerate(accounts.months)}
    out = np.zeros(len(accounts.months))
    for month, amount in sums.iter_rows():
        out[place[month]] = amount
    return out


def _apart(total: Floats, revenue: Floats) -> Floats:
    """Revenue of no unit; what differs by rounding alone is nothing."""
    rest = total - revenue.sum(axis=0)
    return np.asarray(np.where(np.abs(rest) <= 1e-9 * np.maximum(np.abs(total), 1.0), 0.0, rest))


def _fresh(accounts: Accounts, panel: GrowthPanel) -> Floats:
    """(N, T) revenue of new products that no intervention of the panel brings."""
    brought = pl.col("intervention").is_in(list(panel.interventions)).fill_null(False)
    products = accounts.products.filter((pl.col("first_sale") >= panel.months[0]) & ~brought)
    lines = accounts.lines.filter(
        (pl.col("account") == "revenue") & pl.col("product").is_in(products["product"].to_list())
    )
    sums = (
        lines.group_by("party", "month", maintain_order=True)
        .agg(pl.col("amount").sum())
        .sort("party", "month")
    )
    unit = {name: at for at, name in enumerate(panel.units)}
    month = {day: at for at, day in enumerate(panel.months)}
    out = np.zeros(panel.revenue.shape)
    for party, day, amount in sums.iter_rows():
        if party in unit and day in month:
            out[unit[party], month[day]] = amount
    return np.asarray(np.clip(out, 0.0, np.nan_to_num(panel.revenue, nan=0.0).clip(0)))
