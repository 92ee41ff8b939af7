"""Months, quarters, halves and years as people write them, and the days on which they begin and end.

Forms    2024-03, 2024/3, 2024.03, 202403, 2024M03, 03/2024, Mar 2024, 2024年3月, 2024Q1, Q1 2024,
         2024年一季度, 2024H1, 2024年上半年, 2024, 2024年度, a range of two of them (2024-01~2024-06),
         and days in all forms of ``text.dates``. A fiscal year (FY2024) is left alone: when it
         begins is not known.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

import polars as pl

from thalweg.records.text.dates import DateOrder, order_evidence, parse_times

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDINALS = {"一": 1, "二": 2, "三": 3, "四": 4, "首": 1, "上": 1, "下": 2}
_YEAR = r"(?P<y>(?:19|20)\d{2})"
_NAME = rf"(?P<name>{'|'.join(_NAMES)})[a-z]*\.?"
_PART = "(?P<part>[1-4一二三四上下])"
_BETWEEN = re.compile(r"\s*(?:~|至|到|—|–|\bto\b|\s-\s)\s*")


def _any(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_MONTHS = _any(
    rf"{_YEAR}(?:[-/.年]\s?|m)(?P<m>\d{{1,2}})(?:月份?)?",
    rf"{_YEAR}(?P<m>0[1-9]|1[0-2])",
    rf"(?P<m>\d{{1,2}})[-/.]{_YEAR}",
    rf"{_NAME}[\s\-/.,']*{_YEAR}",
    rf"{_YEAR}[\s\-/.]*{_NAME}",
)
_QUARTERS = _any(
    rf"{_YEAR}[\s\-年]*(?:q|第)?{_PART}(?:季度|季)",
    rf"{_YEAR}[\s\-年]*q{_PART}",
    rf"q{_PART}[\s\-]*{_YEAR}",
)
_HALVES = _any(
    rf"{_YEAR}[\s\-年]*{_PART}半年度?",
    rf"{_YEAR}[\s\-年]*h{_PART}",
    rf"h{_PART}[\s\-]*{_YEAR}",
)
_YEARS = _any(rf"{_YEAR}(?:年度?|全年|年全年)?")


@dataclass(frozen=True, slots=True)
class Periods:
    """A column of periods: first and last day of each (Date), null where none could be read.

    undecided  values such as 01/02/2024 that nothing in the column tells day from month.
    """

    first: pl.Series
    last: pl.Series
    undecided: int = 0


def parse_periods(values: pl.Series, zone: str, order: DateOrder | None = None) -> Periods:
    """Read a column of periods; each different value is looked at once.

    Takes    values: text, numbers, dates or times. zone: of times with an offset. order: reading of
             01/02/2024; None: as the column shows, else the day first.
    """
    if values.dtype == pl.Date:
        return Periods(values, values)
    if isinstance(values.dtype, pl.Datetime):
        days = _local_days(values, zone, "dmy")
        return Periods(days, days)
    given = values.unique().drop_nulls()
    text = pl.Series([_plain(str(value)) for value in given], dtype=pl.String)
    seen = order_evidence(text)
    told = order or seen.order
    days = _local_days(text, zone, told or "dmy")
    first, last = days.to_list(), days.to_list()
    for at in days.is_null().arg_true():
        first[at], last[at] = _period(text[at]) or (None, None)
    table = pl.DataFrame(
        {"value": given, "first": first, "last": last},
        schema={"value": values.dtype, "first": pl.Date, "last": pl.Date},
    )
    found = values.to_frame("value").join(table, on="value", how="left", maintain_order="left")
    return Periods(found["first"], found["last"], 0 if told else seen.undecided)


def months_between(first: date, last: date) -> list[date]:
    """First days of the months from one to another, both included."""
    places = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(place // 12, place % 12 + 1, 1) for place in places]


def _local_days(values: pl.Series, zone: str, order: DateOrder) -> pl.Series:
    times = parse_times(values, zone=zone, order=order).utc
    return times.dt.convert_time_zone(zone).dt.date()


def _plain(value: str) -> str:
    """Half-width, small letters; 202403.0, as a spreadsheet may give it, is 202403."""
    text = unicodedata.normalize("NFKC", value).strip().lower()
    text = re.sub(r"\s*([年月季度第上下半])\s*", r"\1", text)
    return text[:-2] if re.fullmatch(r"\d{4,8}\.0", text) else text


def _period(text: str) -> tuple[date, date] | None:
    one = _single(text)
    if one is not None:
        return one
    parts = _BETWEEN.split(text)
    if len(parts) != 2:
        return None
    begin, end = _single(parts[0]), _single(parts[1])
    if begin is None or end is None or end[1] < begin[0]:
        return None
    return begin[0], end[1]


def _single(text: str) -> tuple[date, date] | None:
    for patterns, months in ((_MONTHS, 1), (_QUARTERS, 3), (_HALVES, 6), (_YEARS, 12)):
        for pattern in patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                return _span(found.groupdict(), months)
    return None


def _span(parts: dict[str, str | None], months: int) -> tuple[date, date] | None:
    year, part = int(parts["y"] or 0), 1
    if name := parts.get("name"):
        part = _NAMES.index(name) + 1
    elif number := parts.get("m") or parts.get("part"):
        part = _ORDINALS.get(number) or int(number)
    first, last = (part - 1) * months + 1, part * months
    if not 1 <= first <= last <= 12:
        return None
    end = date(year, last, calendar.monthrange(year, last)[1])
    return date(year, first, 1), end
