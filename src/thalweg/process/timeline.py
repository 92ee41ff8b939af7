"""Throughput and work in progress over calendar periods.

An object is in progress from its first event until it is finished; an unfinished one still is at
the end of observation. Counts are exact at each period's beginning, and means are exact integrals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints, carry, to_seconds

Every = Literal["day", "week", "month"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fitting_period(first_ns: int, last_ns: int) -> Every:
    """Days up to four months, weeks up to three years, months beyond."""
    days = (last_ns - first_ns) / (86_400 * SECOND_NS)
    if days <= 122:
        return "day"
    return "week" if days <= 3 * 366 else "month"


def period_edges(first_ns: int, last_ns: int, every: Every, zone: ZoneInfo) -> Ints:
    """Instants (UTC ns) at which local days, weeks (from Monday) or months begin.

    The first is not after ``first_ns`` and the last is after ``last_ns``. Periods in which clocks
    change are an hour longer or shorter, as they are in life.
    """
    day = local_date(first_ns, zone)
    if every == "week":
        day -= timedelta(days=day.weekday())
    elif every == "month":
        day = day.replace(day=1)
    edges = [midnight_ns(day, zone)]
    while edges[-1] <= last_ns:
        day = _following(day, every)
        edges.append(midnight_ns(day, zone))
    return np.array(edges, np.int64)


def _following(day: date, every: Every) -> date:
    if every == "month":
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return day + timedelta(days=7 if every == "week" else 1)


def local_date(time_ns: int, zone: ZoneInfo) -> date:
    return (_EPOCH + timedelta(seconds=time_ns // SECOND_NS)).astimezone(zone).date()


def midnight_ns(day: date, zone: ZoneInfo) -> int:
    """The first instant of a local day."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    return round((local - _EPOCH).total_seconds()) * SECOND_NS


@dataclass(frozen=True, slots=True, eq=False)
class TimelineAggregate:
    """Per period between ``edges``: arrivals, completions, and presence as an exact sum of time.

    present: objects in progress at each edge but the last.
    """

    edges: Ints
    arrivals: Ints
    completions: Ints
    present: Ints
    presence_s: Ints
    presence_ns: Ints

    @staticmethod
    def zero(edges: Ints) -> TimelineAggregate:
        return TimelineAggregate(edges, *(np.zeros(len(edges) - 1, np.int64) for _ in range(5)))

    def merge(self, other: TimelineAggregate) -> TimelineAggregate:
        """The aggregate of both sets of objects over the same periods."""
        if not np.array_equal(self.edges, other.edges):
            raise ValueError("Timelines merge only over the same periods.")
        whole, rest = carry(
            self.presence_s + other.presence_s, self.presence_ns + other.presence_ns
        )
        return TimelineAggregate(
            self.edges,
            self.arrivals + other.arrivals,
            self.completions + other.completions,
            self.present + other.present,
            whole,
            rest,
        )


def aggregate_timeline(
    start_ns: Ints, stop_ns: Ints, finished: NDArray[np.bool_], horizon_ns: int, edges: Ints
) -> TimelineAggregate:
    """Count objects by their first event and end.

    Takes    stop_ns: the last event of finished objects; ignored for the others, which are in
             progress until ``horizon_ns``.
    """
    arrived = np.sort(start_ns)
    left = np.sort(stop_ns[finished])
    came = np.searchsorted(arrived, edges, side="left")
    went = np.searchsorted(left, edges, side="left")
    there = np.searchsorted(arrived, edges, "right") - np.searchsorted(left, edges, "right")
    until = np.minimum(edges, horizon_ns)
    up, down = _elapsed(arrived, until), _elapsed(left, until)
    whole, rest = carry(np.diff(up[0] - down[0]), np.diff(up[1] - down[1]))
    return TimelineAggregate(edges, np.diff(came), np.diff(went), there[:-1], whole, rest)


def _elapsed(instants: Ints, until: Ints) -> tuple[Ints, Ints]:
    """For each u the exact sum of max(0, u − instant), as whole seconds and nanoseconds."""
    if len(instants) == 0:
        return np.zeros(len(until), np.int64), np.zeros(len(until), np.int64)
    whole, rest = np.divmod(instants, SECOND_NS)
    base = whole[0]
    sums = [np.concatenate(([0], np.cumsum(v))) for v in (whole - base, rest)]
    count = np.searchsorted(instants, until)
    until_s, until_ns = np.divmod(until, SECOND_NS)
    return count * (until_s - base) - sums[0][count], count * until_ns - sums[1][count]


def timeline_table(timeline: TimelineAggregate, first_ns: int, horizon_ns: int) -> pl.DataFrame:
    """One row per period.

    Returns  from, to (UTC), arrivals, completions, wip_start (at ``from``), wip_mean (over the
             part that was observed), observed_share (below 1 in the first and last period).
    """
    lo = np.maximum(timeline.edges[:-1], first_ns)
    hi = np.minimum(timeline.edges[1:], horizon_ns)
    observed = np.maximum(hi - lo, 0) / SECOND_NS
    presence = to_seconds(timeline.presence_s, timeline.presence_ns)
    mean = np.divide(presence, observed, out=np.zeros(len(lo)), where=observed > 0)
    utc = pl.Datetime("ns", "UTC")
    return pl.DataFrame(
        {
            "from": pl.Series(timeline.edges[:-1]).cast(utc),
            "to": pl.Series(timeline.edges[1:]).cast(utc),
            "arrivals": timeline.arrivals,
            "completions": timeline.completions,
            "wip_start": timeline.present,
            "wip_mean": mean,
            "observed_share": observed / (np.diff(timeline.edges) / SECOND_NS),
        }
    )
