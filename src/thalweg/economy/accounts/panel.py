"""Revenue by unit and month beside all that may have moved it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.economy.accounts.dose import doses
from thalweg.economy.accounts.read import MARKETING
from thalweg.economy.accounts.reconcile import by_both
from thalweg.economy.accounts.volume import order_values, volume_of
from thalweg.economy.frame import Accounts, Floats, GrowthPanel, Mask
from thalweg.records.companions.pauses import SUBSIDY
from thalweg.records.companions.reach import in_doubt
from thalweg.records.companions.traffic import BY_DEMAND, BY_EVENT
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book


def growth_panel(
    book: Book, accounts: Accounts, profile: Profile | None = None
) -> GrowthPanel | None:
    """The panel of a book; see ``panel_from``.

    Takes    profile: None: the book's own; it names the value of orders.
    """
    values = order_values(book, profile or book.profile())
    panel = panel_from(accounts, book.interventions(), book.parties(), values)
    if panel is not None:
        doubt = in_doubt(book.companion_set_aside("interventions"), panel.units, book.parties())
        panel.facts["in_doubt"] = [list(pair) for pair in doubt.sort("id", "unit").rows()]
    return panel


def panel_from(
    accounts: Accounts,
    interventions: pl.DataFrame | None = None,
    parties: pl.DataFrame | None = None,
    values: pl.DataFrame | None = None,
) -> GrowthPanel | None:
    """Set revenue by unit and month beside spend, subsidy, interventions, new products and pauses.

    Spend is the traffic table's, channel by channel; else the ledger's marketing, as one channel.
    Where both exist, ``facts`` says by how much they differ. Units are those with revenue; what
    belongs to none is ``common``. Where no unit has revenue, the platform is the one unit, and all
    is its own. A product is new if its first sale lies after the first month.

    Takes    interventions, parties: as ``Book`` gives them. values: party, month, value of the
             orders placed, where known.
    Returns  None where there is no revenue at all.
    """
    sold = set(accounts.lines.filter(pl.col("account") == "revenue")["party"].unique())
    if not sold:
        return None
    units = tuple(unit for unit in accounts.units if unit in sold)
    if not units:
        accounts, units = _of_platform(accounts), (accounts.platform,)
    lines = accounts.lines
    revenue = lines.filter(pl.col("account") == "revenue")
    cells = _Cells(units, accounts.months)
    paid = accounts.traffic.filter(pl.col("spend") != 0).drop_nulls("channel")
    marketing = lines.filter(pl.col("account") == "marketing").with_columns(-pl.col("amount"))
    spent, amount, channels = paid, "spend", paid["channel"].unique().sort().to_list()
    if paid.is_empty():
        channels = [MARKETING] if len(marketing) else []
        spent = marketing.with_columns(channel=pl.lit(MARKETING))
        amount = "amount"
    spend, common_spend = cells.by(spent, amount, "channel", channels)
    subsidy, common_subsidy = cells.sum(
        lines.filter(pl.col("account") == "subsidy").with_columns(-pl.col("amount"))
    )
    total, common_revenue = cells.sum(revenue)
    known, dose, facts = doses(interventions, parties, cells.units, cells.months)
    volume, placed = volume_of(values, cells.units, cells.months)
    facts |= placed | {
        "spend_from": "none" if not channels else "traffic" if len(paid) else "ledger",
        "common_spend_share": _share(common_spend, spend),
        "common_revenue_share": _share(common_revenue, total),
    }
    if len(paid) and len(marketing):
        facts["ledger_against_traffic"] = by_both(marketing, paid, accounts.months)
    by_event, by_demand = cells.stops(accounts.traffic, channels, spend)
    return GrowthPanel(
        currency=accounts.currency,
        units=cells.units,
        months=cells.months,
        channels=tuple(channels),
        interventions=known,
        revenue=cells.known(revenue, total),
        new=cells.sum(_of_new(revenue, accounts))[0],
        spend=np.maximum(spend, 0.0),
        subsidy=np.maximum(subsidy, 0.0),
        dose=dose,
        paused=cells.count(accounts.paused, channels),
        common_revenue=common_revenue,
        common_spend=np.maximum(common_spend, 0.0),
        common_subsidy=np.maximum(common_subsidy, 0.0),
        facts=facts | _negative(spend, common_spend, subsidy, common_subsidy),
        volume=volume,
        subsidy_paused=np.any(cells.count(accounts.paused, _subsidies(channels)), axis=0),
        stopped_by_event=by_event,
        stopped_by_demand=by_demand,
    )


def _of_platform(accounts: Accounts) -> Accounts:
    """The accounts of a firm alone: whatever party a row names, it is the firm's."""
    own = pl.lit(accounts.platform).alias("party")
    tables = (accounts.lines, accounts.traffic, accounts.paused)
    lines, traffic, paused = (table.with_columns(own) for table in tables)
    return replace(accounts, lines=lines, traffic=traffic, paused=paused)


class _Cells:
    """Sums of rows by unit and month; a row of no unit falls to the common part."""

    def __init__(self, units: Sequence[str], months: Sequence[date]) -> None:
        self.units, self.months = tuple(units), tuple(months)
        self._unit = {name: place for place, name in enumerate(units)}
        self._month = {month: place for place, month in enumerate(months)}

    def sum(self, rows: pl.DataFrame, amount: str = "amount") -> tuple[Floats, Floats]:
        """(N, T) of the units, and (T,) of the rest; rows are added up in their order."""
        shape = (len(self.units) + 1, len(self.months))
        units, months = pl.Series(self.units, dtype=pl.String), pl.Series(self.months)
        placed = rows.select(
            pl.col("party").replace_strict(
                units, list(range(len(units))), default=len(units), return_dtype=pl.Int64
            ),
            pl.col("month").replace_strict(months, list(range(len(months))), return_dtype=pl.Int64),
            amount,
        )
        unit, month, value = (placed[name].to_numpy() for name in placed.columns)
        cell = unit * shape[1] + month
        table = np.asarray(np.bincount(cell, value, shape[0] * shape[1]), np.float64)
        table = table.reshape(shape)
        return table[:-1], table[-1]

    def by(
        self, rows: pl.DataFrame, amount: str, column: str, values: Sequence[str]
    ) -> tuple[Floats, Floats]:
        """(C, N, T) and (C, T): one table for each value of a column."""
        pairs = [self.sum(rows.filter(pl.col(column) == value), amount) for value in values]
        empty = np.zeros((0, len(self.units), len(self.months)))
        if not pairs:
            return empty, empty[:, 0]
        return np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])

    def stops(
        self, traffic: pl.DataFrame, channels: Sequence[str], spend: Floats
    ) -> tuple[Mask | None, Mask | None]:
        """(C, N, T) where nothing was spent for a reason outside demand, and for one in it; None
        where no reason is given. One at the platform holds for each unit that spends nothing."""
        told = traffic.drop_nulls("reason").with_columns(one=pl.lit(1.0))
        if told.is_empty():
            return None, None
        still = spend <= 0
        masks = []
        for reasons in (BY_EVENT, BY_DEMAND):
            rows = told.filter(pl.col("reason").is_in(reasons))
            own, common = self.by(rows, "one", "channel", channels)
            masks.append(np.asarray(still & ((own > 0) | (common[:, None] > 0))))
        return masks[0] & ~masks[1], masks[1]

    def known(self, rows: pl.DataFrame, total: Floats) -> Floats:
        """The sums, NaN before a unit's first row and after its last."""
        out = np.full_like(total, np.nan)
        spans = rows.group_by("party").agg(first=pl.col("month").min(), last=pl.col("month").max())
        for unit, first, last in spans.iter_rows():
            place = self._unit.get(unit)
            if place is not None:
                inside = slice(self._month[first], self._month[last] + 1)
                out[place, inside] = total[place, inside]
        return out

    def count(self, paused: pl.DataFrame, channels: Sequence[str]) -> Mask:
        """(C, N, T) whether a pause is recorded."""
        inside = paused.filter(
            pl.col("month").is_in(self.months) & pl.col("party").is_in(self.units)
        ).with_columns(one=pl.lit(1.0))
        return np.asarray(self.by(inside, "one", "channel", channels)[0] > 0)


def _subsidies(channels: Sequence[str]) -> list[str]:
    """Under which names subsidy is paused: none where a paid channel goes by that name."""
    return [] if SUBSIDY in channels else [SUBSIDY]


def _of_new(revenue: pl.DataFrame, accounts: Accounts) -> pl.DataFrame:
    """Lines of products whose first sale lies after the first month."""
    later = pl.col("first_sale").dt.month_start() > accounts.months[0]
    return revenue.join(accounts.products.filter(later), on="product", how="semi")


def _share(common: Floats, of_units: Floats) -> float:
    total = float(common.sum() + of_units.sum())
    return float(common.sum()) / total if total else 0.0


def _negative(*tables: Floats) -> dict[str, Any]:
    """Cells in which more spend came back than went out: they count as nothing spent."""
    cells = sum(int((table < 0).sum()) for table in tables)
    amount = sum(float(table[table < 0].sum()) for table in tables)
    return {"negative_cells": cells, "negative_amount": amount} if cells else {}
