"""Periods of a panel: whole local months or weeks, from the first full one to the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from thalweg.change.frame import UNKNOWN_NS, Every, Floats
from thalweg.errors import RequestError
from thalweg.process.calendar import HOUR_NS, Calendar, zone_of
from thalweg.process.chunks import Ints
from thalweg.process.timeline import local_date, period_edges
from thalweg.records.appraisal.completion import observed_until

DAY_NS = 24 * HOUR_NS
EDGE_DAYS = {"month": 3, "week": 1}
"""A period still counts as full when the records leave out at most so many days at its edge: a
weekend or holiday on which nothing happened."""
VOID_GAPS = 10
"""Beginnings have stopped when none came for so many times the mean time between two of them."""
FEWEST_PERIODS = 2
MOST_MONTHS, FEWEST_WEEKS = 24, 26
WEEKLY_OBJECTS = 10
"""Of a typical unit, below which weeks are not taken for months."""
TOUCHED = 0.02
"""A period before the roll-out counts as untouched when at most this part of the time of its
objects, followed for the window, lies after the adoption."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Periods of a panel.

    edges   (T + 1,) UTC ns: first instants of the periods, and the end of the last.
    first   (T,) their first local days. days: (T,) days in each, or working days of a calendar.
    """

    every: Every
    zone: str
    edges: Ints
    first: tuple[date, ...]
    days: Floats

    def __len__(self) -> int:
        return len(self.first)

    def period(self, time_ns: Ints) -> Ints:
        """The period of each instant: -1 before the grid, T after it."""
        return np.searchsorted(self.edges, time_ns, side="right").astype(np.int64) - 1

    def after(self, instant_ns: Ints, within_ns: int) -> Floats:
        """(n, T) part of the time of objects that lies after an instant.

        Objects are taken to begin evenly over a period and to be followed for ``within_ns``;
        without a window (0) it is the part of the period itself. ``UNKNOWN_NS`` lies after all.
        """
        known = np.where(instant_ns == UNKNOWN_NS, self.edges[-1] + within_ns, instant_ns)
        lived = (self.edges[None, :] + within_ns - known[:, None]) / 1.0
        area = np.maximum(lived, 0.0)
        if within_ns > 0:
            area = np.where(area <= within_ns, area**2 / (2 * within_ns), area - within_ns / 2)
        parts = np.diff(area, axis=1) / np.diff(self.edges)[None, :]
        parts[instant_ns == UNKNOWN_NS] = 0.0
        return np.asarray(np.clip(parts, 0.0, 1.0))


def lay_grid(
    begun_ns: Ints, horizon_ns: int, every: Every, zone: str, calendar: Calendar | None = None
) -> Grid:
    """The full periods between the first beginnings and the end of observation.

    A few beginnings far before all others (a mistyped year) do not move the first period. Where
    objects stop beginning long before observation ends (an extract of cases begun until then), the
    periods end there too: what is left only drains.

    Raises   RequestError: the records do not cover two full periods.
    """
    if len(begun_ns) == 0:
        raise RequestError("No objects are left to make panels of. Loosen the filters.")
    first = -observed_until(-np.asarray(begun_ns))
    place = zone_of(zone)
    slack = EDGE_DAYS[every] * DAY_NS
    last = _last_begun(begun_ns, first, horizon_ns, slack)
    edges = period_edges(first, max(last, first), every, place)
    lo = 0 if first <= edges[0] + slack else 1
    hi = len(edges) - 1 if last >= edges[-1] - slack else len(edges) - 2
    if hi - lo < FEWEST_PERIODS:
        other = " Use weeks instead." if every == "month" else ""
        raise RequestError(
            f"The records cover {max(hi - lo, 0)} full {every}s, from "
            f"{local_date(first, place)} to {local_date(last, place)}. "
            f"A panel takes {FEWEST_PERIODS} or more.{other}"
        )
    kept = edges[lo : hi + 1]
    days = tuple(local_date(int(edge), place) for edge in kept)
    return Grid(every, zone, kept, days[:-1], _days(days, calendar))


def _last_begun(begun_ns: Ints, first_ns: int, horizon_ns: int, slack_ns: int) -> int:
    """The end of observation, or the last beginning where a void follows that chance cannot make."""
    last = min(observed_until(begun_ns), horizon_ns)
    typical = (last - first_ns) // max(len(begun_ns) - 1, 1)
    return last if horizon_ns - last > max(slack_ns, VOID_GAPS * typical) else horizon_ns


def _days(days: tuple[date, ...], calendar: Calendar | None) -> Floats:
    """Days of each period, or its working days; a period without any has none (NaN)."""
    numbers = np.array([day.toordinal() for day in days])
    if calendar is None:
        return np.diff(numbers).astype(float)
    every = np.arange(numbers[0], numbers[-1])
    worked = np.array([bool(calendar.minutes(weekday)) for weekday in range(7)])
    holidays = np.array([day.toordinal() for day in calendar.holidays], np.int64)
    counts: NDArray[np.bool_] = worked[(every - 1) % 7] & ~np.isin(every, holidays)
    before = np.concatenate(([0], np.cumsum(counts)))
    found = np.diff(before[numbers - numbers[0]]).astype(float)
    return np.where(found > 0, found, np.nan)


def fitting_every(begun_ns: Ints, unit: Ints, units: int, horizon_ns: int, fewest: int) -> Every:
    """Months; weeks where months would be few and a unit typically has objects enough in a week.

    Takes    unit: per object, -1 for none. fewest: objects below which a cell is unknown.
    """
    mine = begun_ns[unit >= 0]
    if len(mine) == 0 or units == 0:
        return "month"
    weeks = (horizon_ns + observed_until(-mine)) / (7 * DAY_NS)
    if weeks >= MOST_MONTHS * 52 / 12 or weeks < FEWEST_WEEKS:
        return "month"
    objects = np.bincount(unit[unit >= 0], minlength=units)
    enough = max(2 * fewest, WEEKLY_OBJECTS)
    return "week" if float(np.median(objects)) / weeks >= enough else "month"


def first_full(grid: Grid, instant_ns: Ints) -> Ints:
    """First period that lies wholly after each instant; T or more where none does.

    An instant on the first local day of a period counts as that period's beginning.
    """
    at = grid.period(instant_ns)
    inside = (at >= 0) & (at < len(grid))
    begin = grid.edges[np.clip(at, 0, len(grid))]
    at_once = inside & (instant_ns < begin + DAY_NS)
    return np.where(at_once | (at < 0), np.maximum(at, 0), at + 1)


def straddling(grid: Grid, instant_ns: Ints, within_s: float | None) -> int:
    """Periods before the first full one that an adoption touched, at most over the instants.

    These are the period of the adoption itself and those whose objects lived on into it for more
    than ``TOUCHED`` of their time.
    """
    inside = instant_ns[(instant_ns >= grid.edges[0]) & (instant_ns < grid.edges[-1])]
    if len(inside) == 0:
        return 0
    start = first_full(grid, inside)
    touched = grid.after(inside, round((within_s or 0.0) * 1e9)) > TOUCHED
    first = np.where(touched.any(axis=1), touched.argmax(axis=1), len(grid))
    return int(np.maximum(start - first, 0).max())


def straddling_anywhere(grid: Grid, within_s: float | None) -> int:
    """The same for adoptions on the first day of any period."""
    return straddling(grid, np.asarray(grid.edges[:-1]), within_s)
