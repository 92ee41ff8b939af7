"""Whether the ledger's marketing and the spend of the traffic table tell the same, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

AGREE_SHARE = 0.01
"""Months that differ by less than this part of the larger are said to agree."""


def by_both(marketing: pl.DataFrame, paid: pl.DataFrame, months: Sequence[date]) -> dict[str, Any]:
    """Compare two totals by month.

    Takes    marketing: month, amount (positive). paid: month, spend.
    Returns  ledger, traffic: the totals; difference_share: of ledger less traffic in the larger of
             the two; months, months_agree, and differs: the months that do not, the most different
             first, at most twelve.
    """
    table = (
        pl.DataFrame({"month": list(months)}, schema={"month": pl.Date})
        .join(
            marketing.group_by("month", maintain_order=True).agg(ledger=pl.col("amount").sum()),
            "month",
            "left",
        )
        .join(
            paid.group_by("month", maintain_order=True).agg(traffic=pl.col("spend").sum()),
            "month",
            "left",
        )
        .fill_null(0.0)
        .filter((pl.col("ledger") != 0) | (pl.col("traffic") != 0))
        .with_columns(
            apart=(pl.col("ledger") - pl.col("traffic")).abs(),
            larger=pl.max_horizontal("ledger", "traffic").abs(),
        )
    )
    unlike = table.filter(pl.col("apart") > AGREE_SHARE * pl.col("larger"))
    ledger, traffic = float(table["ledger"].sum()), float(table["traffic"].sum())
    larger = max(abs(ledger), abs(traffic))
    return {
        "ledger": ledger,
        "traffic": traffic,
        "difference_share": (ledger - traffic) / larger if larger else 0.0,
        "months": len(table),
        "months_agree": len(table) - len(unlike),
        "differs": unlike.sort("apart", "month", descending=[True, False])
        .head(12)
        .select("month", "ledger", "traffic")
        .with_columns(pl.col("month").cast(pl.String))
        .to_dicts(),
    }
