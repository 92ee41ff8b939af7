"""Amounts in one currency, by a table of rates."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from thalweg.records.companions.money import rate_in
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
    foreign = (rows["currency"] != currency).fill_null(value=False)
    at = foreign.arg_true()
    rows, others = rows.drop("currency"), rows[at].select(ROW, "month", "currency")
    if others.is_empty():
        return rows
    known = rate_in(rates, others["month"].unique().to_list())
    priced = others.join(known, on=["currency", "month"], how="left", maintain_order="left")
    lost = priced.filter(pl.col("rate").is_null())
    _count(lost, found.set_aside)
    kept = ~priced[ROW].is_in(lost[ROW].implode())
    _count(priced.filter(kept), found.used)
    worth = rows[amount].to_numpy(writable=True)
    worth[at.to_numpy()] *= priced["rate"].fill_null(0.0).to_numpy()
    turned = rows.with_columns(pl.Series(amount, worth))
    if not len(lost):
        return turned
    return turned.filter(~pl.col(ROW).is_in(lost[ROW].unique().implode()))


def _count(rows: pl.DataFrame, found: dict[str, int]) -> None:
    """Add the records of each currency."""
    for name, count in (
        rows.group_by("currency").agg(pl.col(ROW).n_unique()).sort("currency").rows()
    ):
        found[name] = found.get(name, 0) + count
