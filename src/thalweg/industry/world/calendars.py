"""Working time: each calendar turns local seconds into seconds worked since the world began.

In working time a queue with opening hours is an ordinary queue. Local seconds count from midnight
of the world's first day; the local clock of the whole chain is Asia/Shanghai, eight hours ahead of
UTC without summer time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.industry.world.chance import DAY_S, Ints

OFFSET_S = 8 * 3_600
TAIL_DAYS = 600
"""Days kept after the last observed one, so that every order can be lived to its end."""

_SPRING = {
    2018: (2, 16),
    2019: (2, 5),
    2020: (1, 25),
    2021: (2, 12),
    2022: (2, 1),
    2023: (1, 22),
    2024: (2, 10),
    2025: (1, 29),
    2026: (2, 17),
    2027: (2, 6),
    2028: (1, 26),
    2029: (2, 13),
    2030: (2, 3),
    2031: (1, 23),
    2032: (2, 11),
    2033: (1, 31),
    2034: (2, 19),
    2035: (2, 8),
}
"""First day of the lunar year. Other holidays have fixed days; shifted working days are left out."""
_FIXED = ((1, 1, 1), (4, 4, 3), (5, 1, 3), (10, 1, 7))
"""Month, first day, days: New Year, Qingming, Labour Day, National Day."""

_ALL, _SIX, _FIVE = (True,) * 7, (True,) * 6 + (False,), (True,) * 5 + (False,) * 2
SLOT_HOURS = (2, 3, 4, 6, 8, 12, 16)
"""Hours a day that a service centre keeps its line for a firm."""
_HOURS: tuple[tuple[str, float, float, tuple[bool, ...]], ...] = (
    ("always", 0.0, 24.0, _ALL),
    ("office", 8.5, 17.5, _FIVE),
    ("yard", 7.0, 19.0, _SIX),
    ("lab", 8.0, 20.0, _SIX),
    *((f"slot_{hours}", 7.0, 7.0 + hours, _SIX) for hours in SLOT_HOURS),
)
CALENDAR = {name: place for place, (name, *_) in enumerate(_HOURS)}


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """The world's calendars.

    worked   (calendars, days + 1) seconds worked before each day.
    opens    (calendars,) second of the day at which work begins.
    holiday  (days,) public holidays. first_days: (months + 1,) day on which each month begins.
    """

    start: date
    worked: Ints
    opens: Ints
    holiday: NDArray[np.bool_]
    first_days: Ints

    @property
    def days(self) -> int:
        return int(self.worked.shape[1]) - 1

    @property
    def months(self) -> int:
        return len(self.first_days) - 1

    @property
    def months_of_days(self) -> Ints:
        """(days,) month of each day; the last month goes on after the observed ones."""
        found = np.searchsorted(self.first_days, np.arange(self.days), side="right") - 1
        return np.minimum(found, self.months - 1)

    @property
    def epoch_s(self) -> int:
        """UTC second of local second 0."""
        noon = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        return int(noon.timestamp()) - OFFSET_S

    def day(self, when: date) -> int:
        return (when - self.start).days

    def month_start(self, month: int) -> date:
        return month_after(self.start, month)

    def next_days(self, weekdays: tuple[int, ...]) -> Ints:
        """(days + 8,) first day at or after each day that is one of ``weekdays`` and no holiday."""
        days = self.days + 8
        week = (self.start.weekday() + np.arange(days)) % 7
        good = np.isin(week, weekdays)
        good[: self.days] &= ~self.holiday
        good[-7:] = True
        places = np.where(good, np.arange(days), days - 1)
        return np.asarray(np.minimum.accumulate(places[::-1])[::-1], dtype=np.int64)


def month_after(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, 1)


def holidays(start: date, days: int) -> NDArray[np.bool_]:
    """(days,) which days are public holidays in China."""
    found = np.zeros(days, dtype=np.bool_)
    for year in range(start.year - 1, (start + timedelta(days=days)).year + 1):
        spans = [(date(year, month, first), long) for month, first, long in _FIXED]
        if year in _SPRING:
            spans.append((date(year, *_SPRING[year]) - timedelta(days=1), 8))
        for first, long in spans:
            at = (first - start).days
            found[max(0, at) : max(0, at + long)] = True
    return found


def clock_of(start: date, months: int) -> Clock:
    """The calendars of a world of so many months, and ``TAIL_DAYS`` more."""
    firsts = [(month_after(start, month) - start).days for month in range(months + 1)]
    days = firsts[-1] + TAIL_DAYS
    holiday = holidays(start, days)
    week = (start.weekday() + np.arange(days)) % 7
    worked = np.zeros((len(_HOURS), days + 1), dtype=np.int64)
    for place, (name, opens, closes, weekdays) in enumerate(_HOURS):
        open_days = np.asarray(weekdays)[week]
        if name != "always":
            open_days &= ~holiday
        worked[place, 1:] = np.cumsum(open_days * round((closes - opens) * 3_600))
    opening = np.array([round(opens * 3_600) for _, opens, _, _ in _HOURS], dtype=np.int64)
    return Clock(start, worked, opening, holiday, np.array(firsts, dtype=np.int64))


@njit(cache=True, nogil=True)
def to_work(worked: Ints, opens: Ints, calendar: int, at_s: int) -> int:
    """Seconds worked before a local second."""
    day = min(at_s // DAY_S, worked.shape[1] - 2)
    before = worked[calendar, day]
    span = worked[calendar, day + 1] - before
    return int(before + min(max(at_s - day * DAY_S - opens[calendar], 0), span))


@njit(cache=True, nogil=True)
def work_begins(worked: Ints, opens: Ints, calendar: int, work: int) -> int:
    """The local second in which the ``work``-th working second begins."""
    day = min(np.searchsorted(worked[calendar], work, side="right") - 1, worked.shape[1] - 2)
    return int(day * DAY_S + opens[calendar] + work - worked[calendar, day])


@njit(cache=True, nogil=True)
def work_ends(worked: Ints, opens: Ints, calendar: int, work: int) -> int:
    """The local second at which ``work`` seconds (at least one) have been worked."""
    day = min(np.searchsorted(worked[calendar], work, side="left") - 1, worked.shape[1] - 2)
    return int(day * DAY_S + opens[calendar] + work - worked[calendar, day])


@njit(cache=True, nogil=True)
def opened(worked: Ints, opens: Ints, calendar: int, at_s: Ints) -> Ints:
    """(n,) the first working second at or after each local second."""
    out = np.empty(len(at_s), dtype=np.int64)
    for i in range(len(at_s)):
        work = to_work(worked, opens, calendar, at_s[i])
        out[i] = work_begins(worked, opens, calendar, work)
    return out


@njit(cache=True, nogil=True)
def worked_off(worked: Ints, opens: Ints, calendar: int, at_s: Ints, work_s: Ints) -> Ints:
    """(n,) when work that is begun as soon as somebody is there has been done, without a queue."""
    out = np.empty(len(at_s), dtype=np.int64)
    for i in range(len(at_s)):
        work = to_work(worked, opens, calendar, at_s[i]) + work_s[i]
        out[i] = work_ends(worked, opens, calendar, work)
    return out


def check_horizon(clock: Clock, latest_s: int) -> None:
    """Refuse a world whose queues outgrow its calendar."""
    if latest_s >= (clock.days - 30) * DAY_S:
        raise RequestError(
            "Some order of this world is not finished a year and a half after the last month: "
            "a firm's queue grows without end. Give less noise or a smaller effect_scale."
        )
