"""New value is what was first sold lately; what it displaced is an effect like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from thalweg.economy.frame import LINE_COLUMNS, PRODUCT_COLUMNS, TRAFFIC_COLUMNS, Accounts
from thalweg.records.profile.model import Economy
from thalweg.verdict.new_value import ALL, NewValue, new_value
from verdict_panels import months, profile

UNITS, PERIODS = 24, 30
DAYS = months(PERIODS)
DISPLACED = 0.3
START = np.random.default_rng(3).permutation(
    np.concatenate([np.linspace(10, 24, 16).astype(int), np.full(8, 99)])
)


def accounts(lines: list[dict[str, Any]], products: list[dict[str, Any]]) -> Accounts:
    filled = [{name: line.get(name) for name in LINE_COLUMNS} for line in lines]
    listed = [{name: row.get(name) for name in PRODUCT_COLUMNS} for row in products]
    return Accounts(
        currency="CNY",
        months=DAYS,
        units=tuple(sorted({line["party"] for line in lines})),
        platform="platform",
        lines=pl.DataFrame(filled, schema=LINE_COLUMNS),
        traffic=pl.DataFrame(schema=TRAFFIC_COLUMNS),
        products=pl.DataFrame(listed, schema=PRODUCT_COLUMNS),
        paused=pl.DataFrame(schema={"party": pl.String, "month": pl.Date, "channel": pl.String}),
    )


def line(unit: int, month: int, product: str, amount: float) -> dict[str, Any]:
    name = {"party": f"U{unit:02d}", "month": DAYS[month], "product": product}
    return name | {"account": "revenue", "amount": amount}


def sold(begins: Callable[[int], int]) -> Accounts:
    """Units buy a new product from a month of their own on, and 30 % less of the old one."""
    rng = np.random.default_rng(5)
    rows = []
    season = 0.1 * rng.standard_normal(PERIODS)
    for unit in range(UNITS):
        level = 100 * np.exp(0.3 * rng.standard_normal())
        for month in range(PERIODS):
            noise = np.exp(season[month] + 0.08 * rng.standard_normal())
            has = month >= begins(unit)
            rows.append(line(unit, month, "old", level * noise * (1 - DISPLACED * has)))
            if has:
                rows.append(line(unit, month, "new", level * noise * 0.5))
    listed = [
        {"product": "old", "first_sale": date(2015, 1, 1)},
        {"product": "new", "name": "Cut to size", "first_sale": DAYS[10], "displaces": ["old"]},
    ]
    return accounts(rows, listed)


@pytest.fixture(scope="module")
def staggered() -> Accounts:
    return sold(lambda unit: int(START[unit]))


@pytest.fixture(scope="module")
def found(staggered: Accounts) -> NewValue:
    return new_value(staggered, profile())


def test_the_share_is_new_revenue_over_all_of_the_last_year(
    staggered: Accounts, found: NewValue
) -> None:
    recent = staggered.lines.filter(pl.col("month") >= DAYS[-12])
    new = recent.filter(pl.col("product") == "new")["amount"].sum()
    assert found.share == pytest.approx(new / recent["amount"].sum())
    assert (found.first, found.last) == (DAYS[-12], DAYS[-1])
    rows = {row["product"]: row for row in found.rows()}
    assert rows["old"]["new"] is False
    assert rows["new"]["new"] is True
    assert rows["new"]["name"] == "Cut to size"
    assert rows[ALL]["share"] == found.share


def test_what_was_displaced_is_taken_off(staggered: Accounts, found: NewValue) -> None:
    """Of every 50 of new revenue, 30 were taken from the old: two fifths are incremental."""
    one = next(row for row in found.products if row.product == "new")
    assert one.incremental is not None
    assert one.low is not None
    assert one.high is not None
    assert one.low < 1 - DISPLACED / 0.5 < one.high
    assert one.incremental == pytest.approx(0.4, abs=0.12)
    recent = staggered.lines.filter((pl.col("month") >= DAYS[-12]) & (pl.col("product") == "new"))
    true = recent["amount"].sum() * DISPLACED / 0.5
    assert one.displaced == pytest.approx(true, rel=0.2)
    assert one.known in "ABC"


def test_where_all_began_at_once_nothing_is_said() -> None:
    told = new_value(sold(lambda _: 12), profile())
    one = next(row for row in told.products if row.product == "new")
    assert one.incremental is None
    assert one.known in "DN"
    assert one.missing
    assert told.products[0].incremental is None
    assert told.share is not None


def test_another_currency_leaves_the_ratios(staggered: Accounts, found: NewValue) -> None:
    dear = staggered.lines.with_columns(pl.col("amount") * 7.1)
    told = new_value(replace(staggered, lines=dear), profile())
    for one, other in zip(found.products, told.products, strict=True):
        assert other.share == pytest.approx(one.share)
        assert other.incremental == pytest.approx(one.incremental)
        assert other.revenue == pytest.approx(7.1 * one.revenue)


def test_age_decides_what_is_new(staggered: Accounts) -> None:
    short = profile().model_copy(update={"economy": Economy(new_months=6)})
    told = new_value(staggered, short)
    assert told.share == 0.0
    assert told.products[0].new is None


def test_a_product_as_old_as_a_short_ledger_may_be_new_and_is_said_to_be_unknown() -> None:
    rows = [line(unit, month, "old", 10.0) for unit in range(3) for month in range(PERIODS)]
    told = new_value(accounts(rows, [{"product": "old"}]), profile())
    assert told.missing == "first_sale_unknown"
    assert [one.new for one in told.products] == [None, None]


def test_a_ledger_without_products_says_so() -> None:
    rows = [line(0, month, "old", 10.0) | {"product": None} for month in range(PERIODS)]
    told = new_value(accounts(rows, []), profile())
    assert (told.products, told.share, told.missing) == ((), None, "no_products_in_ledger")
    nothing = replace(accounts(rows, []), lines=pl.DataFrame(schema=LINE_COLUMNS))
    assert new_value(nothing, profile()).missing == "no_revenue"
