"""Dates and numbers mean what the people who exported them meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.records.intake import UTC_NS
from thalweg.records.text import dates
from thalweg.records.text.dates import Times, join_date_and_time, order_evidence, parse_times
from thalweg.records.text.numbers import decimal_evidence, parse_numbers


def times(*values: str | None, **how: object) -> Times:
    return parse_times(pl.Series("t", values, dtype=pl.String), **how)  # type: ignore[arg-type]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "expected", "form"),
    [
        ("2021-03-05", at(2021, 3, 5), "y-m-d"),
        ("2021-03-05T08:05:00", at(2021, 3, 5, 8, 5), "y-m-d"),
        ("2021-03-05 08:05:00.5", at(2021, 3, 5, 8, 5, 0, 500_000), "y-m-d"),
        ("2021-03-05 08:05:00,250", at(2021, 3, 5, 8, 5, 0, 250_000), "y-m-d"),
        ("2021-03-05T08:05:00Z", at(2021, 3, 5, 8, 5), "y-m-d"),
        ("2021-03-05T08:05:00+01:00", at(2021, 3, 5, 7, 5), "y-m-d"),
        ("2021-03-05 08:05 -0530", at(2021, 3, 5, 13, 35), "y-m-d"),
        ("2021-03-05T08:05:00+01", at(2021, 3, 5, 7, 5), "y-m-d"),
        ("2021/3/5 8:05", at(2021, 3, 5, 8, 5), "y/m/d"),
        ("2012/01/30 06:24:00.000", at(2012, 1, 30, 6, 24), "y/m/d"),
        ("2016-7-30", at(2016, 7, 30), "y-m-d"),
        ("2021.3.5", at(2021, 3, 5), "y.m.d"),
        ("20180102", at(2018, 1, 2), "yyyymmdd"),
        ("20180102 125300", at(2018, 1, 2, 12, 53), "yyyymmdd"),
        ("20180102T125300Z", at(2018, 1, 2, 12, 53), "yyyymmdd"),
        ("16.01.2017 13:29", at(2017, 1, 16, 13, 29), "d.m.y"),
        ("31/12/2017", at(2017, 12, 31), "d/m/y"),
        ("2021年3月5日 8时5分", at(2021, 3, 5, 8, 5), "年月日"),
        ("2021年3月5日8时5分7秒", at(2021, 3, 5, 8, 5, 7), "年月日"),
        ("2021年03月05日", at(2021, 3, 5), "年月日"),
        ("2021年3月5日 下午3:05", at(2021, 3, 5, 15, 5), "年月日 AM/PM"),
        ("2021年3月5日 上午12:05", at(2021, 3, 5, 0, 5), "年月日 AM/PM"),
        ("2021/3/5 下午12:05:09", at(2021, 3, 5, 12, 5, 9), "y/m/d AM/PM"),
        ("２０２１／３／５　８：０５", at(2021, 3, 5, 8, 5), "y/m/d"),
        ("2017-01-02 12:30 PM", at(2017, 1, 2, 12, 30), "y-m-d AM/PM"),
        ("2017-01-02 12:30 am", at(2017, 1, 2, 0, 30), "y-m-d AM/PM"),
        ("42736.5", at(2017, 1, 1, 12), "excel_serial"),
        ("1483228800", at(2017, 1, 1), "epoch_s"),
        ("1483228800123", at(2017, 1, 1, 0, 0, 0, 123_000), "epoch_ms"),
        ("1483228800123456", at(2017, 1, 1, 0, 0, 0, 123_456), "epoch_us"),
        ("1483228800123456000", at(2017, 1, 1, 0, 0, 0, 123_456), "epoch_ns"),
    ],
)  # fmt: skip
def test_every_form_is_read(text: str, expected: datetime, form: str) -> None:
    alone, mixed = times(text), times("2020年1月1日", text)
    assert alone.utc.to_list() == [expected]
    assert mixed.utc.to_list()[1] == expected
    assert alone.forms == {form: 1}
    assert alone.utc.dtype == UTC_NS


@pytest.mark.parametrize(
    "text",
    ["2021-02-30", "2021-13-01", "12:30", "soon", "2021", "32.01.2017", "01/02/17", "9999-12-31",
     "1500-01-01", "2021-03-05 25:00", "2021-03-05 08:61", "2021-03-05 13:00 上午xyz", "12345",
     "2021-03-05T08:05:00+25:00", "2021-03-05 08:05 CET", "٢٠٢١-٠٣-٠٥"],
)  # fmt: skip
def test_what_is_no_time_is_unreadable_and_never_guessed(text: str) -> None:
    for seen in (times(text), times("2020/1/1", text)):
        assert seen.utc.to_list()[-1] is None
        assert seen.unreadable.to_list()[-1] is True


def test_ways_of_saying_nothing_are_missing_not_unreadable() -> None:
    seen = times(None, "", " ", "NULL", "-", "无", "00000000", "2021-01-01")
    assert seen.utc.null_count() == 7
    assert not seen.unreadable.any()


def test_nanoseconds_survive() -> None:
    texts = ["2021-03-05T08:05:00.123456789Z", "2021-03-05T08:05:00.1Z"]
    expected = [1_614_931_500_123_456_789, 1_614_931_500_100_000_000]
    assert times(*texts).utc.cast(pl.Int64).to_list() == expected
    assert times("2021/3/5", *texts).utc.cast(pl.Int64).to_list()[1:] == expected


def test_offsets_are_given_back() -> None:
    seen = times("2021-03-05T08:05:00+08:00", "2021-03-05T08:05:00Z", "2021-03-05", None)
    assert seen.offset_min is not None
    assert seen.offset_min.to_list() == [480, 0, None, None]
    assert seen.zone_missing == 1
    assert times("2021-03-05").offset_min is None


def test_a_stated_pattern_is_obeyed() -> None:
    assert times("05|03|2021", pattern="%d|%m|%Y").utc.to_list() == [at(2021, 3, 5)]
    seen = times("2021-03-05 08:05 +0100", "2021-03-05", pattern="%Y-%m-%d %H:%M %z")
    assert seen.utc.to_list() == [at(2021, 3, 5, 7, 5), None]
    assert seen.unreadable.to_list() == [False, True]


def test_the_order_of_day_and_month_comes_from_the_column() -> None:
    column = pl.Series(["03/04/2021", "13/04/2021 10:00", None, "2021-01-01", "04/05/2021"])
    seen = order_evidence(column)
    assert (seen.day_first, seen.month_first, seen.undecided, seen.order) == (1, 0, 2, "dmy")
    assert order_evidence(pl.Series(["03/04/2021"])).order is None
    assert times("03/04/2021", order="mdy").utc.to_list() == [at(2021, 3, 4)]
    assert times("13/04/2021", order="mdy").unreadable.to_list() == [True]


def test_date_and_time_of_day_are_joined() -> None:
    dates_ = pl.Series("d", ["20180102", "2018-01-02", "20180102", None, "00000000"])
    clocks = pl.Series(["064400", "8:05", "", "1200", "000000"])
    joined = join_date_and_time(dates_, clocks)
    assert parse_times(joined).utc.to_list() == [
        at(2018, 1, 2, 6, 44), at(2018, 1, 2, 8, 5), at(2018, 1, 2), None, None,
    ]  # fmt: skip
    numbers = join_date_and_time(pl.Series([20180102]), pl.Series([64400]))
    assert parse_times(numbers).utc.to_list() == [at(2018, 1, 2, 6, 44)]


INSTANTS = st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31))


@settings(max_examples=60, deadline=None)
@given(
    instants=st.lists(INSTANTS, min_size=1, max_size=8),
    sep=st.sampled_from("-/"),
    middle=st.sampled_from(["T", " "]),
    detail=st.sampled_from(["auto", "microseconds", "seconds", "minutes", "date"]),
    zone=st.sampled_from(["", "Z", "+05:30", "-11:00"]),
    broken=st.sampled_from([None, "", "2021-02-30T00:00:00", "x"]),
)
def test_the_short_way_gives_the_values_of_the_long_way(
    instants: list[datetime],
    sep: str,
    middle: str,
    detail: str,
    zone: str,
    broken: str | None,
) -> None:
    if detail == "date":
        texts = [i.strftime("%Y-%m-%d").replace("-", sep) for i in instants]
    else:
        texts = [i.isoformat(middle, detail) + zone for i in instants]
        texts = [t[:10].replace("-", sep) + t[10:] for t in texts]
    column = pl.Series("t", [*texts, broken], dtype=pl.String)

    short = parse_times(column)
    present = dates._present(column)
    long = dates._located(present, dates._mixed(present, "dmy"), "UTC")

    assert short.utc.to_physical().to_list() == long.utc.to_physical().to_list()
    assert short.unreadable.fill_null(False).to_list() == long.unreadable.fill_null(False).to_list()
    assert short.zone_missing == long.zone_missing


@settings(max_examples=50, deadline=None)
@given(instants=st.lists(INSTANTS, min_size=1, max_size=6), offset=st.integers(-720, 840))
def test_iso_times_equal_those_of_python(instants: list[datetime], offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    written = [i.replace(tzinfo=zone) for i in instants]
    seen = times(*(w.isoformat() for w in written))
    assert seen.utc.dt.epoch("us").to_list() == [
        (w - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for w in written
    ]
    assert seen.offset_min is not None
    assert set(seen.offset_min) == {offset}


@settings(max_examples=50, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 60 * 24 * 365), min_size=1, max_size=20),
    name=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_wall_clock_times_equal_those_of_zoneinfo(minutes: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    walls = [datetime(2021, 1, 1) + timedelta(minutes=m) for m in minutes]

    seen = times(*(w.isoformat(" ") for w in walls), zone=name)

    expected, doubled, skipped = [], 0, 0
    for wall in walls:
        two = [wall.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1)]
        exists = [u.astimezone(zone).replace(tzinfo=None) == wall for u in two]
        doubled += two[0] != two[1] and all(exists)
        skipped += not any(exists)
        expected.append(min(two))
    assert seen.utc.to_list() == expected
    assert (seen.ambiguous, seen.nonexistent) == (doubled, skipped)


# Numbers


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("11.5万元", 115_000.0, "CNY"),
        ("11,50万元", 115_000.0, "CNY"),
        ("1052,75元", 1052.75, "CNY"),
        ("￥1,200", 1200.0, "CNY"),
        ("¥1,234.56", 1234.56, "CNY"),
        ("$1,234,567.8", 1_234_567.8, "USD"),
        ("US$5", 5.0, "USD"),
        ("1.234,56 €", 1234.56, "EUR"),
        ("3亿", 3e8, None),
        ("1.5千万", 1.5e7, None),
        ("2千", 2000.0, None),
        ("人民币３．５万", 35_000.0, "CNY"),
        ("12 %", 0.12, None),
        ("5‰", 0.005, None),
        ("(3.40)", -3.4, None),
        ("-5", -5.0, None),
        ("12.50-", -12.5, None),
        ("−7", -7.0, None),
        ("1 234,5", 1234.5, None),
        ("1'234.50", 1234.5, None),
        ("1,234,56", 1234.56, None),
        ("1e3", 1000.0, None),
        (".5", 0.5, None),
        ("0,125", 0.125, None),
    ],
)  # fmt: skip
def test_numbers_and_amounts_are_read(text: str, value: float, currency: str | None) -> None:
    seen = parse_numbers(pl.Series([text]))
    assert seen.values.to_list() == pytest.approx([value], rel=1e-15)
    assert seen.currency.to_list() == [currency]
    assert not seen.unreadable.any()


@pytest.mark.parametrize(
    "text", ["abc", "12..5", "1,2,3", "5 apples", "(5", "1.2.3,4,5", "--5", "万"]
)
def test_what_is_no_number_is_unreadable(text: str) -> None:
    seen = parse_numbers(pl.Series([text, "?", "", None, "1"]))
    assert seen.values.to_list() == [None, None, None, None, 1.0]
    assert seen.unreadable.to_list() == [True, False, False, False, False]


def test_the_decimal_mark_comes_from_the_column() -> None:
    commas = pl.Series(["1,234", "1052,75", "11,50", "7"])
    seen = decimal_evidence(commas)
    assert (seen.point, seen.comma, seen.undecided, seen.mark) == (0, 2, 1, ",")
    assert parse_numbers(commas, decimal=",").values.to_list() == [1.234, 1052.75, 11.5, 7.0]
    assert decimal_evidence(pl.Series(["1,234", "2.345"])).mark is None
    both = decimal_evidence(pl.Series(["1,234,56", "1,5"]))
    assert (both.comma, both.both) == (2, 1)


def test_a_stated_mark_makes_values_with_the_other_one_unreadable() -> None:
    column = pl.Series(["1.234", "1,5", "1,234.5", "1.234.567"])
    seen = parse_numbers(column, decimal=",", strict=True)
    assert seen.values.to_list() == [1234.0, 1.5, None, 1234567.0]
    assert seen.unreadable.to_list() == [False, False, True, False]


def german(number: float) -> str:
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.integers(-(10**12), 10**12).map(lambda n: n / 100), min_size=1, max_size=8)
)
def test_english_and_german_ways_of_writing_mean_the_same(numbers: list[float]) -> None:
    for texts, mark in (([f"{n:,.2f}" for n in numbers], "."), ([german(n) for n in numbers], ",")):
        column = pl.Series(texts)
        assert decimal_evidence(column).mark == mark
        assert parse_numbers(column, decimal=mark).values.to_list() == numbers  # type: ignore[arg-type]
