"""Working hours: minutes of a local clock in which somebody is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

MONDAY = datetime(2025, 1, 6)
"""Minute 0 of the sample, local time in China."""
DAY_MIN = 24 * 60

_CLOSED = ((date(2025, 1, 28), date(2025, 2, 4)), (date(2025, 5, 1), date(2025, 5, 5)))
"""Spring Festival and Labour Day, first and last closed day."""


def local(minute: int) -> datetime:
    return MONDAY + timedelta(minutes=minute)


def is_holiday(day: int) -> bool:
    today = (MONDAY + timedelta(days=day)).date()
    return any(first <= today <= last for first, last in _CLOSED)


@dataclass(frozen=True, slots=True)
class Hours:
    """Open from ``opens`` to ``closes`` (minutes of the day) on ``weekdays`` (0 is Monday)."""

    opens: int
    closes: int
    weekdays: frozenset[int]

    def open_at(self, minute: int) -> int:
        """The first working minute at or after ``minute``."""
        day, of_day = divmod(minute, DAY_MIN)
        if of_day >= self.closes:
            day, of_day = day + 1, 0
        while day % 7 not in self.weekdays or is_holiday(day):
            day, of_day = day + 1, 0
        return day * DAY_MIN + max(of_day, self.opens)

    def after(self, start: int, work: int) -> int:
        """When ``work`` minutes are done that begin at the working minute ``start``."""
        while (left := start // DAY_MIN * DAY_MIN + self.closes - start) < work:
            work -= left
            start = self.open_at(start + left)
        return start + work


OFFICE = Hours(9 * 60, 18 * 60, frozenset(range(5)))
YARD = Hours(8 * 60, 20 * 60, frozenset(range(6)))
ONE_SHIFT = Hours(8 * 60, 17 * 60, frozenset(range(5)))
ROAD = Hours(6 * 60, 22 * 60, frozenset(range(7)))
INVOICING = Hours(9 * 60, 12 * 60, frozenset({0, 3}))
DISPATCH = Hours(15 * 60, 18 * 60, frozenset({1, 4}))
