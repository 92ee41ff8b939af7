"""Months and longer periods in the forms that people write them in."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.records.companions.columns import stem_and_unit
from thalweg.records.companions.periods import months_between, parse_periods

MARCH = (date(2024, 3, 1), date(2024, 3, 31))
FORMS = [
    *(
        "2024-03",
        "2024/3",
        "2024.03",
        "202403",
        "2024年3月",
        "2024年03月份",
        "2024M03",
        "2024 年 3 月",
    ),
    *(
        "03/2024",
        "3-2024",
        "Mar 2024",
        "March 2024",
        "MAR-2024",
        "2024-Mar",
        "２０２４年３月",
        "202403.0",
    ),
]


@pytest.mark.parametrize("text", FORMS)
def test_a_month_in_any_form(text: str) -> None:
    read = parse_periods(pl.Series([text]), "UTC")
    assert (read.first[0], read.last[0]) == MARCH


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("Q4 2023", date(2023, 10, 1), date(2023, 12, 31)),
        ("2024年第二季度", date(2024, 4, 1), date(2024, 6, 30)),
        ("2024年三季度", date(2024, 7, 1), date(2024, 9, 30)),
        ("2024H1", date(2024, 1, 1), date(2024, 6, 30)),
        ("H2 2024", date(2024, 7, 1), date(2024, 12, 31)),
        ("2024年上半年", date(2024, 1, 1), date(2024, 6, 30)),
        ("2024年下半年", date(2024, 7, 1), date(2024, 12, 31)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024年度", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-01~2024-06", date(2024, 1, 1), date(2024, 6, 30)),
        ("2023年7月至2024年2月", date(2023, 7, 1), date(2024, 2, 29)),
        ("2024-03-15", date(2024, 3, 15), date(2024, 3, 15)),
        ("2024年3月15日", date(2024, 3, 15), date(2024, 3, 15)),
        ("20240315", date(2024, 3, 15), date(2024, 3, 15)),
        ("45366", date(2024, 3, 15), date(2024, 3, 15)),
        ("31/03/2024", date(2024, 3, 31), date(2024, 3, 31)),
    ],
)
def test_longer_periods_and_days(text: str, first: date, last: date) -> None:
    read = parse_periods(pl.Series([text]), "UTC")
    assert (read.first[0], read.last[0]) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["2024-13", "202413", "FY2024", "H3 2024", "soon", "2024-06~2024-01", "2024年五季度", "13"],
)
def test_what_is_no_period_is_not_guessed(text: str) -> None:
    read = parse_periods(pl.Series([text]), "UTC")
    assert read.first[0] is None


def test_typed_dates_numbers_and_times_with_a_zone() -> None:
    days = pl.Series([date(2024, 3, 5), None])
    assert parse_periods(days, "UTC").first.to_list() == [date(2024, 3, 5), None]
    numbers = parse_periods(pl.Series([202403, 20240315, None]), "UTC")
    assert numbers.first.to_list() == [date(2024, 3, 1), date(2024, 3, 15), None]
    midnight = pl.Series([datetime(2024, 2, 29, 16)]).dt.replace_time_zone("UTC")
    assert parse_periods(midnight, "Asia/Shanghai").first[0] == date(2024, 3, 1)
    assert parse_periods(midnight, "UTC").first[0] == date(2024, 2, 29)


def test_day_and_month_are_told_apart_by_the_column_and_else_counted() -> None:
    told = parse_periods(pl.Series(["01/02/2024", "25/02/2024"]), "UTC")
    assert (told.first[0], told.undecided) == (date(2024, 2, 1), 0)
    other = parse_periods(pl.Series(["01/02/2024", "02/25/2024"]), "UTC")
    assert (other.first[0], other.undecided) == (date(2024, 1, 2), 0)
    open_ = parse_periods(pl.Series(["01/02/2024", "01/02/2024", "03/04/2024"]), "UTC")
    assert open_.undecided == 2
    assert parse_periods(pl.Series(["01/02/2024"]), "UTC", "mdy").first[0] == date(2024, 1, 2)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)), st.integers(0, 60))
def test_months_between_are_all_first_days_in_order(first: date, more: int) -> None:
    place = first.year * 12 + first.month - 1 + more
    last = date(place // 12, place % 12 + 1, 28)
    months = months_between(first, last)
    assert len(months) == more + 1 and months == sorted(set(months))
    assert (months[0], months[-1]) == (first.replace(day=1), last.replace(day=1))
    assert all(month.day == 1 for month in months)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_a_month_reads_alike_in_every_form(day: date) -> None:
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    forms = [
        f"{day:%Y-%m}",
        f"{day.year}/{day.month}",
        f"{day:%Y%m}",
        f"{day.year}年{day.month}月",
        f"{names[day.month - 1]} {day.year}",
        f"{day:%m/%Y}",
    ]
    read = parse_periods(pl.Series(forms), "UTC").first
    assert read.to_list() == [day.replace(day=1)] * len(forms)


@pytest.mark.parametrize(
    ("header", "stem", "factor", "currency"),
    [
        ("金额（万元）", "金额", 1e4, "CNY"),
        ("金额(千元)", "金额", 1e3, "CNY"),
        ("金额（百万元）", "金额", 1e6, "CNY"),
        ("金额（亿元）", "金额", 1e8, "CNY"),
        ("金额（单位：万元）", "金额", 1e4, "CNY"),
        ("amount (in thousands)", "amount", 1e3, None),
        ("amount (USD million)", "amount", 1e6, "USD"),
        ("amount (in millions of EUR)", "amount", 1e6, "EUR"),
        ("amount (USD '000)", "amount", 1e3, "USD"),
        ("amount (RMB bn)", "amount", 1e9, "CNY"),
        ("amount_usd", "amount", 1.0, "USD"),
        ("amount (net)", "amount (net)", 1.0, None),
        ("amount (2024)", "amount (2024)", 1.0, None),
        ("amount (m)", "amount (m)", 1.0, None),
    ],
)
def test_the_unit_in_a_header(header: str, stem: str, factor: float, currency: str | None) -> None:
    assert stem_and_unit(header) == (stem, factor, currency)
