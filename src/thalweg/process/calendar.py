"""Working hours: given, or learned from when things happen; and time counted in them.

A calendar is a week of working hours in a zone, less holidays. Laid over the span of the records
it becomes a table of working intervals in UTC, so that clock changes are exact, with the working
time accumulated before each. The working time between two instants is then a difference of two
look-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from thalweg.errors import RequestError
from thalweg.process.chunks import (
    SECOND_NS,
    Chunk,
    Ints,
    chunk_times,
    each,
    object_chunks,
    read_only,
)
from thalweg.process.pairs import PairAggregate, Sequences, lookup_table, pair_work
from thalweg.process.timeline import local_date, midnight_ns

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOUR_NS = 3600 * SECOND_NS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEK_HOUR = 3 * 24
"""1970 began on a Thursday."""

QUARTERS = 1 << 11
"""Quarters of an hour whose local hours are found together: three weeks."""
LEARN_EVENTS, LEARN_DAYS = 500, 28
DATE_HOURS = 2
"""Hours of the day that midnight falls on where clocks change and times were read elsewhere."""
BUSIEST_HOURS, BUSIEST_DAYS = 8, 5
DENSE_EVENTS = 20_000
WORKED_SHARE = 0.2
BEGINNING_SHARE = 0.1
HOLIDAY_TYPICAL, HOLIDAY_SHARE, HOLIDAY_WEEKS = 10, 0.05, 4
ROUND_THE_CLOCK_HOURS = 160


class Calendar(BaseModel):
    """Working hours of a week in a zone.

    hours: by weekday (mon … sun) the intervals worked, as ``"09:00-12:00"``; ``24:00`` ends a
    day. holidays: local dates on which nobody works.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str = "UTC"
    hours: dict[str, tuple[str, ...]]
    holidays: tuple[date, ...] = ()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        zone_of(zone)
        return zone

    @model_validator(mode="after")
    def _readable_hours(self) -> Self:
        for name in self.hours:
            if name not in WEEKDAYS:
                raise ValueError(f"{name!r} is no weekday. Use: {', '.join(WEEKDAYS)}.")
        for day in range(7):
            spans = self.minutes(day)
            for (_, end), (start, _) in pairwise(spans):
                if start < end:
                    raise ValueError(f"Hours of {WEEKDAYS[day]} overlap or are not in order.")
        return self

    def minutes(self, weekday: int) -> list[tuple[int, int]]:
        """Intervals of a weekday (0 is Monday) in minutes after midnight."""
        return [_minutes(text) for text in self.hours.get(WEEKDAYS[weekday], ())]

    @property
    def weekly_hours(self) -> float:
        return sum(end - start for day in range(7) for start, end in self.minutes(day)) / 60


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RequestError(
            f"There is no time zone {name!r}. Use a name such as Asia/Shanghai or Europe/Berlin."
        ) from error


def _minutes(text: str) -> tuple[int, int]:
    try:
        start, end = (
            int(hour) * 60 + int(minute)
            for hour, minute in (part.split(":") for part in text.split("-"))
        )
    except ValueError as error:
        raise ValueError(f"{text!r} is no interval. Write it as 09:00-17:30.") from error
    if not 0 <= start < end <= 24 * 60:
        raise ValueError(f"{text!r} does not lie within one day, or ends before it starts.")
    return start, end


@dataclass(frozen=True, slots=True, eq=False)
class WorkTable:
    """Working intervals in UTC ns, in order, and the working time before each."""

    start: Ints
    end: Ints
    before: Ints

    def work_ns(self, time_ns: Ints) -> Ints:
        """Working time from the table's beginning to each instant."""
        out = np.empty(len(time_ns), np.int64)
        _work_at(read_only(time_ns), self.start, self.end, self.before, out)
        return out


def work_table(calendar: Calendar, first_ns: int, last_ns: int) -> WorkTable:
    """The calendar laid over a span. Instants outside it count as its edges."""
    zone = zone_of(calendar.zone)
    day, stop = local_date(first_ns, zone), local_date(last_ns, zone) + timedelta(days=1)
    holidays = set(calendar.holidays)
    week = [calendar.minutes(weekday) for weekday in range(7)]
    spans: list[tuple[int, int]] = []
    while day < stop:
        if day not in holidays:
            for start, end in week[day.weekday()]:
                spans.append((_local_ns(day, start, zone), _local_ns(day, end, zone)))
        day += timedelta(days=1)
    kept = [span for span in spans if span[0] < span[1]]
    table = np.array(kept, np.int64).reshape(-1, 2)
    lengths = table[:, 1] - table[:, 0]
    before = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(kept) else lengths
    return WorkTable(table[:, 0].copy(), table[:, 1].copy(), before.astype(np.int64))


@lru_cache(maxsize=1 << 16)
def _local_ns(day: date, minute: int, zone: ZoneInfo) -> int:
    """A wall-clock time as an instant; in a repeated hour the first, in a skipped one the shift.

    Many calendars lie over the same days.
    """
    day, minute = day + timedelta(days=minute // 1440), minute % 1440
    if minute == 0:
        return midnight_ns(day, zone)
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return round((local - _EPOCH).total_seconds()) * SECOND_NS


@njit(cache=True, nogil=True)
def _work_at(time_ns: Ints, start: Ints, end: Ints, before: Ints, out: Ints) -> None:
    for j in range(len(time_ns)):
        lo, hi = 0, len(start)
        while lo < hi:
            mid = (lo + hi) >> 1
            if start[mid] <= time_ns[j]:
                lo = mid + 1
            else:
                hi = mid
        if lo == 0:
            out[j] = 0
        else:
            out[j] = before[lo - 1] + min(time_ns[j], end[lo - 1]) - start[lo - 1]


def pair_work_seconds(
    data: Sequences, whole: PairAggregate, table: WorkTable, threads: int | None = None
) -> NDArray[np.float64]:
    """Total working seconds between the two events of each pair, in the order of ``whole``."""
    lookup = lookup_table(whole, data.codes)

    def work(chunk: Chunk) -> Ints:
        ticks = table.work_ns(chunk_times(data.time_ns, chunk))
        return pair_work(data, chunk, ticks, lookup, len(whole.count))

    total = np.zeros((len(whole.count), 2), np.int64)
    for part in each(work, object_chunks(data.offsets), threads):
        total += part
    return np.asarray(total[:, 0] + total[:, 1] / SECOND_NS)


@dataclass(frozen=True, slots=True)
class LearnedCalendar:
    """What was learned: the calendar, or None with the code of the reason."""

    calendar: Calendar | None
    reason: str | None
    events_inside_share: float


def learn_calendar(
    time_ns: NDArray[np.int64],
    zone: str,
    coverage: float = 0.0,
    starts_ns: NDArray[np.int64] | None = None,
) -> LearnedCalendar:
    """Working hours from the events of each hour of the week.

    An hour of the week is worked when it has at least a fifth of the mean of the eight busiest
    hours. Below 20,000 events single hours of the week are too thin to judge: there a weekday is
    worked when it has a fifth of the mean of the five busiest, and an hour of the day when it has
    a fifth of the mean of the eight busiest. A day
    is a holiday when it has at most a twentieth of the median of its weekday in the four weeks
    before and after, and that median is ten events or more. Further hours are added, the busiest
    first, until at least ``coverage`` of the events lies inside; and hours of the day are dropped
    where less than a tenth of the events are beginnings (``starts_ns``, which are among them):
    there people only finish what they began. Refused below 500 events or four weeks,
    when all events are at one hour of the day (two, where clocks change), or when nearly every
    hour is worked (reasons: few_events, short_span, dates_only, round_the_clock).
    """
    if len(time_ns) < LEARN_EVENTS:
        return LearnedCalendar(None, "few_events", 0.0)
    first, last = int(time_ns.min()), int(time_ns.max())
    if last - first < LEARN_DAYS * 24 * HOUR_NS:
        return LearnedCalendar(None, "short_span", 0.0)
    hours = _count_hours(time_ns, zone, first, last)
    weekly = np.bincount((hours.at + _EPOCH_WEEK_HOUR) % 168, hours.count, 168)
    if np.count_nonzero(weekly.reshape(7, 24).sum(axis=0)) <= DATE_HOURS:
        return LearnedCalendar(None, "dates_only", 0.0)
    worked = _worked_hours(weekly) if weekly.sum() >= DENSE_EVENTS else _worked_days(weekly)
    worked = _widened(worked, weekly, coverage)
    if starts_ns is not None:
        begun = _count_hours(starts_ns, zone, int(starts_ns.min()), int(starts_ns.max()))
        worked &= ~np.tile(_finishing_hours(hours, begun), 7)
    share = float(weekly[worked].sum() / weekly.sum())
    if worked.sum() >= ROUND_THE_CLOCK_HOURS:
        return LearnedCalendar(None, "round_the_clock", share)
    week = {WEEKDAYS[d]: _spans(worked[d * 24 : d * 24 + 24]) for d in range(7)}
    found = Calendar(
        zone=zone,
        hours={day: spans for day, spans in week.items() if spans},
        holidays=tuple(_holidays(hours, worked)),
    )
    return LearnedCalendar(found, None, share)


def _widened(worked: NDArray[np.bool_], weekly: NDArray[Any], coverage: float) -> NDArray[np.bool_]:
    outside = np.flatnonzero(~worked)
    busiest = outside[np.argsort(-weekly[outside], kind="stable")]
    inside = weekly[worked].sum() + np.concatenate(([0], np.cumsum(weekly[busiest])))
    wide = worked.copy()
    wide[busiest[: np.searchsorted(inside, coverage * weekly.sum())]] = True
    return wide


def _finishing_hours(hours: _Hours, begun: _Hours) -> NDArray[np.bool_]:
    """Hours of the day of whose events hardly any is a beginning."""
    every = np.bincount(hours.at % 24, hours.count, 24)
    return np.asarray(np.bincount(begun.at % 24, begun.count, 24) < BEGINNING_SHARE * every)


def _worked_hours(weekly: NDArray[Any]) -> NDArray[np.bool_]:
    return _busy(weekly, BUSIEST_HOURS)


def _worked_days(weekly: NDArray[Any]) -> NDArray[np.bool_]:
    """The same hours on every day that is worked."""
    table = weekly.reshape(7, 24)
    days = _busy(table.sum(axis=1), BUSIEST_DAYS)
    return np.outer(days, _busy(table[days].sum(axis=0), BUSIEST_HOURS)).ravel()


def _busy(counts: NDArray[Any], busiest: int) -> NDArray[np.bool_]:
    return np.asarray(counts >= WORKED_SHARE * np.sort(counts)[-busiest:].mean())


@dataclass(frozen=True, slots=True, eq=False)
class _Hours:
    """Local hours since 1970, and events in each."""

    at: Ints
    count: Ints


def _count_hours(time_ns: NDArray[np.int64], zone: str, first: int, last: int) -> _Hours:
    """Events by local hour. Offsets from UTC are whole quarters of an hour."""
    quarter = HOUR_NS // 4
    base = first // quarter
    counts = np.zeros(last // quarter - base + 1, np.int64)
    for i in range(0, len(time_ns), 1 << 20):
        counts += np.bincount(time_ns[i : i + (1 << 20)] // quarter - base, minlength=len(counts))
    used = np.flatnonzero(counts)
    hour_of = local_hours(used + base, zone)
    low = int(hour_of.min())
    by_hour = np.bincount(hour_of - low, counts[used]).astype(np.int64)
    return _Hours(np.arange(len(by_hour)) + low, by_hour)


def local_hours(quarters: NDArray[np.int64], zone: str) -> Ints:
    """The local hour of quarters of an hour since 1970, in UTC."""
    hours = np.empty(len(quarters), np.int64)
    block, place = np.divmod(quarters, QUARTERS)
    for one in np.unique(block):
        mine = block == one
        hours[mine] = _block_hours(int(one), zone)[place[mine]]
    return hours


@lru_cache(maxsize=256)
def _block_hours(block: int, zone: str) -> Ints:
    """Local hours of a run of quarters; many calendars are learned over the same days."""
    zone_info, quarter = zone_of(zone), HOUR_NS // 4
    first = block * QUARTERS
    return np.array([_local_hour((first + k) * quarter, zone_info) for k in range(QUARTERS)])


def _local_hour(time_ns: int, zone: ZoneInfo) -> int:
    instant = _EPOCH + timedelta(seconds=time_ns // SECOND_NS)
    offset = instant.astimezone(zone).utcoffset() or timedelta()
    return int((time_ns // SECOND_NS + offset.total_seconds()) // 3600)


def _spans(worked: NDArray[np.bool_]) -> tuple[str, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], worked.astype(np.int8), [0]))))
    return tuple(f"{a:02d}:00-{b:02d}:00" for a, b in edges.reshape(-1, 2))


def _holidays(hours: _Hours, worked: NDArray[np.bool_]) -> Sequence[date]:
    day = hours.at // 24
    low = int(day.min())
    counts = np.bincount(day - low, hours.count)
    days = np.arange(len(counts)) + low
    weekday = (days + 3) % 7
    found: list[date] = []
    for d in range(7):
        mine = np.flatnonzero(weekday == d)
        if len(mine) == 0 or not worked[d * 24 : d * 24 + 24].any():
            continue
        typical = medians_around(counts[mine], HOLIDAY_WEEKS)
        quiet = (typical >= HOLIDAY_TYPICAL) & (counts[mine] <= HOLIDAY_SHARE * typical)
        found += [date(1970, 1, 1) + timedelta(days=int(days[at])) for at in mine[quiet]]
    return sorted(found)


def medians_around(counts: NDArray[Any], reach: int) -> NDArray[np.float64]:
    """The median of each count and the ``reach`` before and after it, as many as there are."""
    beyond = np.full(reach, np.inf)
    padded = np.concatenate((beyond, counts, beyond))
    near = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)
    row, known = np.arange(len(counts)), np.isfinite(near).sum(axis=1)
    return np.asarray((near[row, (known - 1) // 2] + near[row, known // 2]) / 2)


def calendar_json(calendar: Calendar) -> dict[str, Any]:
    return calendar.model_dump(mode="json")
