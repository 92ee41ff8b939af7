"""Amounts in one currency, by a table of rates."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from thalweg.records.companions.rates import rate_in
from thalweg.records.intake import ROW

NO_CURRENCY = "XXX"
"""ISO 4217 for no currency: neither the profile nor any row names one."""


@dataclass(slots=True)
class Exchange:
    """What converting left behind.

    used       currency → rows that were converted.
    set_aside  currency → rows for whose month no rate was known.
    """

    used: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)


def main_currency(stated: str | None, tables: list[pl.DataFrame]) -> str:
    """The profile's currency, else the one of most rows, else ``XXX``."""
    if stated is not None:
        return stated
    given = [frame["currency"] for frame in tables if "currency" in frame.columns]
    counts = pl.concat([pl.Series("currency", [], dtype=pl.String), *given]).drop_nulls()
    if counts.is_empty():
        return NO_CURRENCY
    table = counts.value_counts().sort("count", "currency", descending=[True, False])
    return str(table["currency"][0])


def converted(
    rows: pl.DataFrame, amount: str, currency: str, rates: pl.DataFrame | None, found: Exchange
) -> pl.DataFrame:
    """Turn amounts of other currencies into ``currency`` by the latest rate up to their month.

    Takes    rows: month, ``currency`` (null: the main one) and the amount. rates: currency, from
             (Date; null: the beginning), rate: what one of the currency is worth.
    Returns  the rows without ``currency``. A record (``@row``) with a month before the first rate of
             its currency is left out whole, and counted in ``found``.
    """
    if "currency" not in rows.columns:
        return rows
    foreign = (pl.col("currency") != currency).fill_null(value=False)
    others = rows.filter(foreign)
    if others.is_empty():
        return rows.drop("currency")
    known = rate_in(rates, others["month"].unique().to_list())
    at = "@at"
    numbered = rows.with_row_index(at)
    priced = numbered.filter(foreign).join(known, on=["currency", "month"], how="left")
    lost = priced.filter(pl.col("rate").is_null())
    _count(lost, found.set_aside)
    priced = priced.join(lost.select(ROW).unique(), on=ROW, how="anti")
    _count(priced, found.used)
    worth = priced.with_columns(pl.col(amount) * pl.col("rate")).drop("rate")
    own = numbered.filter(~foreign)
    return pl.concat([own, worth]).sort(at, maintain_order=True).drop(at, "currency")


def _count(rows: pl.DataFrame, found: dict[str, int]) -> None:
    """Add the records of each currency."""
    for name, count in (
        rows.group_by("currency").agg(pl.col(ROW).n_unique()).sort("currency").rows()
    ):
        found[name] = found.get(name, 0) + count
