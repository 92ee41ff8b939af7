"""Ledgers and profiles by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from thalweg.records.profile.model import Layer, Profile

LEDGER = {
    "party": pl.String,
    "month": pl.Date,
    "to": pl.Date,
    "product": pl.String,
    "account": pl.String,
    "amount": pl.Float64,
    "currency": pl.String,
    "document": pl.String,
}
TRAFFIC = {
    "party": pl.String,
    "month": pl.Date,
    "channel": pl.String,
    "visits": pl.Float64,
    "leads": pl.Float64,
    "orders": pl.Float64,
    "spend": pl.Float64,
    "currency": pl.String,
    "reason": pl.String,
}
NAMES = {
    "revenue": ("Sales", "Sales refunds"),
    "cost_of_sales": ("Cost of sales",),
    "marketing": ("Ads",),
    "subsidy": ("Vouchers",),
    "research": ("Research",),
    "rollout": ("Roll-out",),
    "operations": ("Staff",),
    "capital_in": ("Shares issued",),
    "capital_out": ("Dividends",),
    "cash": ("Bank",),
}


def month(number: int, first: date = date(2023, 1, 1)) -> date:
    """First day of the month so many months after the first."""
    place = first.year * 12 + first.month - 1 + number
    return date(place // 12, place % 12 + 1, 1)


def table(rows: Sequence[dict[str, Any]], columns: dict[str, Any] | None = None) -> pl.DataFrame:
    """Rows as the stored table of a book has them; what is not given is null."""
    schema = LEDGER if columns is None else columns
    filled = [{name: row.get(name) for name in schema} for row in rows]
    return pl.DataFrame(filled, schema=schema).with_row_index("@row").cast({"@row": pl.Int64})


def line(account: str, amount: float, at: int = 0, **further: Any) -> dict[str, Any]:
    """One line of the ledger, ``at`` months after January 2023."""
    return {"account": account, "amount": amount, "month": month(at), **further}


def profile_of(**further: Any) -> Profile:
    given = {"name": "x", "layers": (Layer(id="a"),), "accounts": NAMES, "currency": "CNY"}
    return Profile(**(given | further))
