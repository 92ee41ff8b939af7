"""Exchange rates: units of the profile's currency for one unit of another."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.money import CURRENCY, MONTH, currency_codes
from thalweg.records.companions.schema import Column, Fault, Judgement, Schema, Surroundings
from thalweg.records.intake import ROW


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of rates against what can be true; see ``schema.Check``."""
    rows = currency_codes(rows)
    for row, value in rows.filter(~(pl.col("rate") > 0)).select(ROW, "rate").iter_rows():
        cure = "Write units of your currency for one unit of the other."
        found.faults.append(Fault(row, "number_not_positive", "rate", f"{value:g}", cure))
    twice = rows.filter(pl.struct("currency", "from").is_duplicated())
    for row, currency in twice.drop_nulls("currency").select(ROW, "currency").iter_rows():
        found.faults.append(Fault(row, "rate_repeated", "currency", currency, "Keep one."))
    if around.profile is not None:
        own = pl.col("currency") == around.profile.currency
        odd = rows.filter(own & (pl.col("rate") != 1))
        found.note(
            "rate_of_own_currency", "warning", odd[ROW], "rate", around.profile.currency or ""
        )
    return rows


SCHEMA = Schema(
    "rates",
    (
        Column("currency", "text", "currency, such as USD", CURRENCY, required=True),
        Column(
            "from",
            "day",
            "day or month from which it holds; empty: from the beginning",
            f"from fromdate validfrom effectivefrom {MONTH} 生效日期 起始日期 开始日期",
        ),
        Column(
            "rate",
            "number",
            "units of the profile's currency for one unit",
            "rate exchangerate fxrate fx 汇率 折算汇率 中间价 平均汇率 兑换率",
            required=True,
        ),
    ),
    keys=("currency",),
    check=check,
)
