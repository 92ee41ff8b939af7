"""When each resource is on duty: given, or learned from its own work or that of its pool.

Beginnings and ends of work show that somebody was there; hours of the day in which work ends but
none begins do not count, because people finish in the evening what they began by day, while work
that waits then waits for the morning. A resource with enough work gets a calendar of its own; the
others share that of their pool, which is made of the resources whose most frequent activity is the
same; a thin pool joins the one whose activity its people do most beside their own; where that fails
too, the whole log's calendar serves. An hour is off only where hardly anything ever happens: hours
are added until they hold 98 % of the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from thalweg.errors import RequestError
from thalweg.process.calendar import (
    LEARN_EVENTS,
    Calendar,
    LearnedCalendar,
    learn_calendar,
    work_table,
)
from thalweg.process.chunks import Ints, each
from thalweg.process.waiting.sweep import DutyTables, Works, works_by_resource

Basis = Literal["own", "pool", "log", "given", "none"]
NO_CALENDAR = -1
COVERAGE = 0.98
ROUND_THE_CLOCK = "round_the_clock"


class Calendars(BaseModel):
    """Working hours of single resources, and of all others. Without a default, a resource that
    is not named has no calendar and is never taken to be off duty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Calendar | None = None
    resources: dict[str, Calendar] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Duty:
    """Calendars that occur, and for each resource its calendar (NO_CALENDAR for none), what that
    rests on, and where there is none the code of the reason."""

    calendars: tuple[Calendar, ...]
    calendar: Ints
    basis: tuple[Basis, ...]
    reason: tuple[str | None, ...]

    def known(self) -> NDArray[np.bool_]:
        """Resources whose time on duty is known, be it all of the time."""
        return np.array(
            [
                b != "none" or r == ROUND_THE_CLOCK
                for b, r in zip(self.basis, self.reason, strict=True)
            ]
        )


def no_duty(resources: int, reason: str) -> Duty:
    """Nobody's time on duty is known."""
    return _gather([(None, "none", reason)] * resources)


def given_duty(given: Calendar | Calendars, names: Sequence[str]) -> Duty:
    """Calendars as stated.

    Raises   RequestError: a calendar is given for a resource that does not exist.
    """
    whole = Calendars(default=given) if isinstance(given, Calendar) else given
    unknown = sorted(set(whole.resources) - set(names))
    if unknown:
        raise RequestError(
            f"There is no resource {unknown[0]!r}, for which a calendar is given. "
            f"Resources are: {', '.join(list(names)[1:9]) or 'none'}."
        )
    rows: list[tuple[Calendar | None, Basis, str | None]] = []
    for name in names:
        calendar = whole.resources.get(name, whole.default) if name else None
        rows.append((calendar, "given", None) if calendar else (None, "none", "not_given"))
    return _gather(rows)


def learn_duty(
    works: Works, names: Sequence[str], activities: int, zone: str, threads: int | None = None
) -> Duty:
    """Calendars learned from the beginnings and ends of work.

    Takes    names: of resources by code, the first being "" for none.
    """
    bounds, members = works_by_resource(works.resource, len(names))
    sizes = np.diff(bounds)
    own = [r for r in range(1, len(names)) if 2 * sizes[r] >= LEARN_EVENTS]
    pool = _pools(works, sizes, activities)
    thin = (sizes > 0) & (2 * sizes < LEARN_EVENTS)
    thin[0] = False
    pools = np.unique(pool[thin])

    def learn(of: NDArray[np.uint32]) -> LearnedCalendar:
        return learn_calendar(_instants(works, of), zone, COVERAGE, works.start_ns[of])

    def pool_members(number: int) -> NDArray[np.uint32]:
        mine = np.flatnonzero(pool == number)
        return np.concatenate([members[bounds[r] : bounds[r + 1]] for r in mine if r > 0])

    groups = [members[bounds[r] : bounds[r + 1]] for r in own]
    groups += [pool_members(int(p)) for p in pools]
    learned = list(each(learn, groups, threads))
    by_resource = dict(zip(own, learned, strict=False))
    by_pool = dict(zip(pools.tolist(), learned[len(own) :], strict=True))
    whole: LearnedCalendar | None = None
    rows: list[tuple[Calendar | None, Basis, str | None]] = [(None, "none", "no_resource")]
    for r in range(1, len(names)):
        basis: Basis = "own" if r in by_resource else "pool"
        got = by_resource.get(r) or by_pool.get(int(pool[r])) or LearnedCalendar(None, "no_work", 0)
        if basis == "pool" and got.reason == "few_events":
            whole = whole or learn(members[bounds[1] :])
            basis, got = "log", whole
        named = got.calendar is not None or got.reason == ROUND_THE_CLOCK
        rows.append((got.calendar, basis if named else "none", got.reason))
    return _gather(rows)


def _gather(rows: Sequence[tuple[Calendar | None, Basis, str | None]]) -> Duty:
    kept: dict[str, int] = {}
    calendars: list[Calendar] = []
    index = np.full(len(rows), NO_CALENDAR, np.int64)
    for r, (calendar, _, _) in enumerate(rows):
        if calendar is None:
            continue
        key = calendar.model_dump_json()
        if key not in kept:
            kept[key] = len(calendars)
            calendars.append(calendar)
        index[r] = kept[key]
    return Duty(
        tuple(calendars),
        index,
        tuple(basis for _, basis, _ in rows),
        tuple(reason for _, _, reason in rows),
    )


def _pools(works: Works, sizes: NDArray[np.int64], activities: int) -> NDArray[np.int64]:
    """The pool of each resource, named by an activity; -1 without work."""
    key, count = np.unique(
        works.resource.astype(np.int64) * activities + works.activity, return_counts=True
    )
    who, what = key // activities, key % activities
    who, what, count = (x[who > 0] for x in (who, what, count))
    order = np.lexsort((what, -count, who))
    most = order[np.unique(who[order], return_index=True)[1]]
    main = np.full(len(sizes), -1, np.int64)
    main[who[most]] = what[most]
    thick = 2 * np.bincount(main[who], count, activities) >= LEARN_EVENTS
    joins = np.arange(activities)
    for activity in np.unique(what[most]):
        if not thick[activity]:
            beside = np.isin(who, who[what == activity]) & thick[what]
            if beside.any():
                joins[activity] = np.bincount(what[beside], count[beside]).argmax()
    return np.where(main >= 0, joins[main], -1)


def _instants(works: Works, of: NDArray[np.uint32]) -> Ints:
    """Beginnings and ends; an end on the stroke of an hour belongs to the hour before."""
    start, end = works.start_ns[of], works.end_ns[of]
    return np.concatenate((start, np.where(end > start, end - 1, end)))


def duty_tables(duty: Duty, first_ns: int, last_ns: int) -> DutyTables:
    """The calendars laid over a span, for the sweep."""
    tables = [work_table(calendar, first_ns, last_ns) for calendar in duty.calendars]
    empty = np.zeros(0, np.int64)
    return DutyTables(
        duty.calendar,
        np.concatenate(([0], np.cumsum([len(t.start) for t in tables]))).astype(np.int64),
        np.concatenate([t.start for t in tables] or [empty]),
        np.concatenate([t.end for t in tables] or [empty]),
        np.concatenate([t.before for t in tables] or [empty]),
    )
