"""Unit economics: the same money by product, party, cohort, process path and channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from thalweg.economy.frame import Accounts
from thalweg.economy.metrics.monthly import monthly_of
from thalweg.economy.schema import frame

NONE, REST = "@none", "@rest"
"""Names of what has no product, cohort or path, and of all beyond the largest."""
LARGEST = 100
_PARTS = ("revenue", "cost_of_sales", "marketing", "subsidy")


def unit_economics_table(
    accounts: Accounts, paths: pl.DataFrame | None = None, *, largest: int = LARGEST
) -> pl.DataFrame:
    """Revenue, costs and contribution of the latest months, told apart in five ways.

    Costs and what follows from them are null where the ledger does not hold them for these months.
    Each way but ``channel`` adds up to the totals: what cannot be placed is ``@none``, and what is
    beyond the ``largest`` is ``@rest``. A channel's revenue is not known from counting: its row
    has orders, and its spend as a negative contribution.

    Takes    paths: document, path: the process path behind a document (``accounts.linked``).
    Returns  the columns of ``unit_economics`` of a sustain result, the largest revenue first.
    """
    monthly = monthly_of(accounts)
    window = monthly.window()
    if window is None:
        return frame("unit_economics", [])
    gross = monthly.lacks("cost_of_sales", window) is None
    known = _Known(gross, gross and monthly.lacks("marketing", window) is None)
    span = (accounts.months[window.first], accounts.months[window.end - 1])
    inside = pl.col("month").is_between(*span)
    lines = accounts.lines.filter(inside & pl.col("account").is_in(_PARTS))
    visits = accounts.traffic.filter(inside)
    keyed = {
        "product": lines.with_columns(key="product"),
        "party": lines.with_columns(key="party"),
        "cohort": lines.join(_cohorts(accounts), on="party", how="left"),
    }
    if paths is not None and len(paths):
        wide = lines.join(paths.rename({"path": "key"}), on="document", how="left")
        keyed["path"] = wide
    whole = float(lines.filter(pl.col("account") == "revenue")["amount"].sum())
    orders = {"party": _orders(visits, "party")}
    rows: list[dict[str, Any]] = []
    for by, given in keyed.items():
        rows += _rows(by, _largest(given, largest), whole, orders.get(by), known)
    return frame("unit_economics", [*rows, *_channels(visits)])


def _cohorts(accounts: Accounts) -> pl.DataFrame:
    """party, key: the month of the first revenue as YYYY-MM; the platform has none."""
    bought = accounts.lines.filter(
        (pl.col("account") == "revenue")
        & (pl.col("amount") > 0)
        & (pl.col("party") != accounts.platform)
    )
    return bought.group_by("party").agg(key=pl.col("month").min().dt.strftime("%Y-%m"))


def _largest(lines: pl.DataFrame, count: int) -> pl.DataFrame:
    revenue = pl.col("amount").filter(pl.col("account") == "revenue").sum()
    sizes = lines.drop_nulls("key").group_by("key", maintain_order=True).agg(size=revenue)
    kept = sizes.sort("size", "key", descending=[True, False])["key"].head(count)
    key = pl.col("key")
    return lines.with_columns(
        key=pl.when(key.is_null())
        .then(pl.lit(NONE))
        .when(key.is_in(kept.implode()))
        .then(key)
        .otherwise(pl.lit(REST))
    )


def _orders(visits: pl.DataFrame, column: str) -> dict[str, float]:
    told = (
        visits.drop_nulls("orders")
        .group_by(column, maintain_order=True)
        .agg(pl.col("orders").sum())
    )
    return dict(told.iter_rows())


@dataclass(frozen=True, slots=True)
class _Known:
    """Whether the ledger holds what gross profit and contribution are made of."""

    gross: bool
    own: bool


def _rows(
    by: str, lines: pl.DataFrame, whole: float, orders: dict[str, float] | None, known: _Known
) -> Iterator[dict[str, Any]]:
    part = [pl.col("amount").filter(pl.col("account") == name).sum().alias(name) for name in _PARTS]
    documents = pl.col("document").filter(pl.col("account") == "revenue").drop_nulls().n_unique()
    sums = lines.group_by("key", maintain_order=True).agg(*part, documents=documents)
    for row in sums.sort("revenue", "key", descending=[True, False]).iter_rows(named=True):
        gross = row["revenue"] + row["cost_of_sales"]
        own = gross + row["marketing"] + row["subsidy"]
        count = (orders or {}).get(row["key"]) or float(row["documents"]) or None
        yield {
            "by": by,
            "name": row["key"],
            "revenue": row["revenue"],
            "cost_of_sales": 0.0 - row["cost_of_sales"] if known.gross else None,
            "gross_profit": gross if known.gross else None,
            "contribution": own if known.own else None,
            "margin": own / row["revenue"] if known.own and row["revenue"] > 0 else None,
            "orders": count,
            "per_order": own / count if known.own and count else None,
            "share": row["revenue"] / whole if whole > 0 else None,
        }


def _channels(visits: pl.DataFrame) -> Iterator[dict[str, Any]]:
    told = visits.group_by("channel", maintain_order=True).agg(
        pl.col("spend").sum(), pl.col("orders").sum()
    )
    for channel, spend, orders in told.sort(
        "spend", "channel", descending=[True, False]
    ).iter_rows():
        yield {
            "by": "channel",
            "name": channel or NONE,
            "contribution": 0.0 - spend,
            "orders": orders or None,
            "per_order": (0.0 - spend) / orders if orders else None,
        }
