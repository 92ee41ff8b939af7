"""Rows that cover several months, month by month."""

from __future__ import annotations

import polars as pl

LONGEST_MONTHS = 1_200


def spread(rows: pl.DataFrame, amounts: tuple[str, ...]) -> tuple[pl.DataFrame, int]:
    """Give each month of a row its own row, with an even part of its amounts.

    Takes    rows: ``month`` and ``to`` (Date, first of the month; ``to`` null: the one month).
             amounts: columns that are divided; all others are repeated.
    Returns  the rows with ``month`` alone, in the same order, and how many covered more than one.
    """
    if "to" not in rows.columns:
        return rows, 0
    longer = (pl.col("to") > pl.col("month")).fill_null(value=False)
    many = rows.filter(longer)
    if many.is_empty():
        return rows.drop("to"), 0
    at = "@at"
    numbered = rows.with_row_index(at)
    ranged = numbered.filter(longer).with_columns(
        month=pl.date_ranges("month", "to", interval="1mo"),
    )
    parts = ranged.with_columns(pl.col(name) / pl.col("month").list.len() for name in amounts)
    pieces = [numbered.filter(~longer), parts.explode("month", empty_as_null=False)]
    whole = pl.concat(pieces).sort(at, "month", maintain_order=True)
    return whole.drop(at, "to"), len(many)


def months_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``month`` and ``to`` as first days of month."""
    there = [name for name in ("month", "to") if name in rows.columns]
    return rows.with_columns(pl.col(name).dt.month_start() for name in there)
