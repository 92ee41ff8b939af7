"""Rules about time: no later, no sooner, and by a date that the object carries."""

from __future__ import annotations

from datetime import date, time, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar, work_table, zone_of
from thalweg.process.chunks import SECOND_NS, Ints
from thalweg.process.conformance.rules.kinds import Span, TimeRule
from thalweg.process.conformance.rules.verdicts import (
    KEPT,
    NOTHING,
    PENDING,
    UNCHECKED,
    VIOLATED,
    Checks,
    make_checks,
    nearest_entries,
    one_of_text,
    reason_code,
)
from thalweg.process.conformance.rules.views import RuleView, Scene
from thalweg.process.filter_text import seconds_text
from thalweg.process.timeline import midnight_ns
from thalweg.records.text.dates import parse_times

Mask = NDArray[np.bool_]
_EPOCH_DAY = date(1970, 1, 1)
_SEARCHED_DAYS = 3660


class _Stretch:
    """What is measured, one entry per check: from an instant to another, if it came."""

    def __init__(self, looked: RuleView, scene: Scene, rule: TimeRule) -> None:
        self.looked, self.rule = looked, rule
        view = looked.view
        time_ns = np.asarray(view.time_ns)
        if rule.from_ is not None:
            source = looked.entries(rule.from_)
            self.owner = looked.owner(source)
            if rule.pairing == "first":
                first = np.concatenate(([True], self.owner[1:] != self.owner[:-1]))[: len(source)]
                source, self.owner = source[first], self.owner[first]
            self.from_ns = time_ns[source]
        else:
            self.owner = np.arange(view.objects)
            source = looked.offsets[:-1]
            self.from_ns = looked.begun_ns
        if rule.to is None:
            target = np.where(looked.finished[self.owner], looked.offsets[self.owner + 1] - 1, -1)
            self.to_ns = np.where(target >= 0, looked.stop_ns[self.owner], 0)
        else:
            target = self._next(source)
            starts = scene.book.start_ns() if rule.started else None
            to = time_ns[target] if starts is None else starts[np.asarray(view.event)[target]]
            self.to_ns = np.where(target >= 0, to, 0)
        self.came = target >= 0
        self.entry = np.where(self.came, target, source)
        self.open = ~looked.finished[self.owner]

    def _next(self, source: Ints) -> Ints:
        wanted = self.looked.codes(self.rule.to or ())
        if self.rule.from_ is not None:
            return nearest_entries(self.looked, source, wanted, later=True)
        own = np.flatnonzero(wanted[np.asarray(self.looked.view.activity)])
        owner = self.looked.owner(own)
        out = np.full(self.looked.view.objects, -1, np.int64)
        out[owner[::-1]] = own[::-1]
        return out

    @property
    def until_ns(self) -> Ints:
        """The instant that was reached, or the end of observation."""
        return np.where(self.came, self.to_ns, self.looked.horizon_ns)


def check_time(
    looked: RuleView, rule: TimeRule, scene: Scene, calendars: dict[str, Calendar]
) -> Checks:
    """One check per stretch. What has not come yet is pending until its time is over; what can no
    longer come is a violation, unless the rule calls it optional."""
    if rule.started and scene.book.start_ns() is None:
        everyone = np.arange(looked.view.objects)
        return make_checks(looked, everyone, UNCHECKED, reason=reason_code("no_start_times"))
    stretch = _Stretch(looked, scene, rule)
    reason = np.zeros(len(stretch.owner), np.uint8)
    late = early = np.full(len(stretch.owner), np.iinfo(np.int64).min, np.int64)
    if rule.by is not None:
        due, reason = _due_times(looked, rule.by, scene)
        late = stretch.until_ns - due
    calendar = calendars.get(rule.calendar or "")
    if rule.within is not None:
        late = _beyond(stretch.from_ns, stretch.until_ns, rule.within, calendar)
    if rule.at_least is not None:
        short = -_beyond(stretch.from_ns, stretch.until_ns, rule.at_least, calendar)
        early = np.where(stretch.came, short, early)
    over = (late > 0) & (stretch.came | (stretch.open & (not rule.optional)))
    limited = rule.within is not None or rule.by is not None
    lost = ~stretch.came & ~stretch.open & limited & (not rule.optional)
    status = np.where(over | (early > 0) | lost, VIOLATED, KEPT)
    status = np.where(~stretch.came & stretch.open & ~over, PENDING, status)
    status = np.where(reason > 0, UNCHECKED, status)
    excess = np.where(over, late, np.where(early > 0, early, -1))
    applied = stretch.came | stretch.open | lost | (reason > 0)
    taken_s = (stretch.until_ns - stretch.from_ns) / SECOND_NS
    if rule.within is not None and rule.within.unit == "working_hours":
        taken_s = late / SECOND_NS + rule.within.amount
    checks = make_checks(
        looked,
        stretch.owner,
        status,
        entry=stretch.entry,
        at_ns=stretch.from_ns,
        reason=reason,
        excess_ns=np.where(status == VIOLATED, excess, -1),
        expected=_limit_text(rule),
        found=lambda rows: [
            NOTHING if lost[k] else _length(taken_s[k]) + ("" if stretch.came[k] else " …")
            for k in rows
        ],
    )
    return checks.keep(applied)


def _limit_text(rule: TimeRule) -> str:
    parts = [
        f"{sign} {span.text}" for sign, span in (("≤", rule.within), ("≥", rule.at_least)) if span
    ]
    if rule.by is not None:
        parts = [f"≤ {rule.by}"]
    ends = (one_of_text(names) if names else "·" for names in (rule.from_, rule.to))
    return f"{' ⇒ '.join(ends)} {', '.join(parts)}"


def _length(seconds: float) -> str:
    """Exact to the smaller of its two largest units: 41d 7h, 4h 2min."""
    if seconds < 0:
        return "-" + _length(-seconds)
    left, parts = round(seconds, 3), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        whole, left = divmod(left, size)
        if whole:
            parts.append(f"{whole:.0f}{unit}")
    if left or not parts:
        parts.append(seconds_text(left))
    return " ".join(parts[:2])


def _beyond(from_ns: Ints, to_ns: Ints, limit: Span, calendar: Calendar | None) -> Ints:
    """How far each stretch is beyond the limit, in the limit's own kind of time; negative within."""
    if limit.unit == "time" or calendar is None:
        return to_ns - from_ns - round(limit.amount * SECOND_NS)
    if not len(from_ns):
        return from_ns
    if limit.unit == "working_days":
        return to_ns - _end_of_working_day(from_ns, int(limit.amount), calendar)
    low, high = (int(f(np.concatenate((from_ns, to_ns)))) for f in (np.min, np.max))
    table = work_table(calendar, low, high)
    return table.work_ns(to_ns) - table.work_ns(from_ns) - round(limit.amount * SECOND_NS)


def _end_of_working_day(from_ns: Ints, days: int, calendar: Calendar) -> Ints:
    """The end of the n-th working day after each local day.

    The day itself does not count, and the period runs to the end of its last day, as periods in
    days do in law (Regulation 1182/71, article 3; Civil Code of China, articles 201 and 203).
    """
    zone = zone_of(calendar.zone)
    local = pl.Series(from_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(calendar.zone)
    day = local.dt.date().cast(pl.Int32).to_numpy()
    holidays = set(calendar.holidays)
    ends = {}
    for number in np.unique(day):
        at, left, looked_at = _EPOCH_DAY + timedelta(days=int(number)), days, 0
        while left:
            at, looked_at = at + timedelta(days=1), looked_at + 1
            if at not in holidays and calendar.minutes(at.weekday()):
                left, looked_at = left - 1, 0
            if looked_at > _SEARCHED_DAYS:
                raise RequestError("A calendar has no working day in ten years. Give it hours.")
        ends[int(number)] = midnight_ns(at + timedelta(days=1), zone)
    keys = np.array(list(ends), np.int64)
    values = np.array(list(ends.values()), np.int64)
    return values[np.searchsorted(keys, day)]


def _due_times(looked: RuleView, name: str, scene: Scene) -> tuple[Ints, NDArray[np.uint8]]:
    """The instants in an attribute of the objects; a bare date lasts to the end of its day."""
    values = scene.object_column(looked.view, name)
    text = values.cast(pl.String).str.strip_chars()
    missing = (values.is_null() | (text == "").fill_null(False)).to_numpy()
    read = parse_times(values, zone=scene.zone)
    local = read.utc.dt.convert_time_zone(scene.zone)
    bare = (local.dt.time() == time(0)) & ~text.str.contains(":", literal=True)
    ends = local.dt.offset_by("1d").dt.convert_time_zone("UTC")
    due = ends.zip_with(bare.fill_null(False), read.utc)
    unread = due.is_null().to_numpy() & ~missing
    reason = np.where(missing, reason_code("value_missing"), 0)
    reason = np.where(unread, reason_code("value_unreadable"), reason).astype(np.uint8)
    return due.dt.timestamp("ns").fill_null(0).to_numpy(), reason
