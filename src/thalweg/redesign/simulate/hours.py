"""Calendars inside the kernel: intervals in order, with the working time before each.

``cursor`` remembers, for each calendar, the last interval that had begun; the clock only goes
forward. Calendar -1 is round the clock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thalweg.redesign.simulate.compiled import compiled
from thalweg.redesign.simulate.layout import NEVER, NONE

START, END, BEFORE = range(3)
I64 = NDArray[np.int64]


@compiled
def seek(cal: I64, hours: I64, cursor: I64, c: int, now: int) -> int:
    """The last interval that has begun by now, or the one before the first."""
    at, last = cursor[c], cal[c + 1] - 1
    while at < last and hours[at + 1, START] <= now:
        at += 1
    cursor[c] = at
    return int(at)


@compiled
def find(cal: I64, hours: I64, c: int, t: int) -> int:
    """As ``seek``, for any instant."""
    lo, hi = cal[c], cal[c + 1]
    while lo < hi:
        middle = (lo + hi) >> 1
        if hours[middle, START] <= t:
            lo = middle + 1
        else:
            hi = middle
    return int(lo - 1)


@compiled
def is_on(cal: I64, hours: I64, cursor: I64, c: int, now: int) -> bool:
    """Whether now lies within an interval, its end not included."""
    if c == NONE:
        return True
    at = seek(cal, hours, cursor, c, now)
    return bool(at >= cal[c] and now < hours[at, END])


@compiled
def next_on(cal: I64, hours: I64, cursor: I64, c: int, now: int) -> int:
    """The next beginning after now of an interval."""
    at = seek(cal, hours, cursor, c, now) + 1
    return hours[at, START] if at < cal[c + 1] else NEVER


@compiled
def worked(cal: I64, hours: I64, c: int, at: int, t: int) -> int:
    """Working time before ``t``, which ``at`` was found for."""
    if at < cal[c]:
        return 0
    return int(hours[at, BEFORE] + min(t, hours[at, END]) - hours[at, START])


@compiled
def worked_by(cal: I64, hours: I64, cursor: I64, c: int, now: int) -> int:
    return worked(cal, hours, c, seek(cal, hours, cursor, c, now), now)


@compiled
def after(cal: I64, hours: I64, c: int, at: int, t: int, work: int) -> int:
    """When ``work`` is done that begins at ``t``, which ``at`` was found for."""
    if work <= 0:
        return t
    goal = worked(cal, hours, c, at, t) + work
    lo, last, step = max(at, cal[c]), cal[c + 1], 1
    if lo < last and done_by(hours, lo) >= goal:
        return int(hours[lo, START] + goal - hours[lo, BEFORE])
    # Most work ends soon: look ever further ahead, then between the last two looks.
    hi = lo + 1
    while hi < last and done_by(hours, hi) < goal:
        lo = hi
        hi += step
        step *= 2
    hi = min(hi, last)
    lo += 1
    while lo < hi:
        middle = (lo + hi) >> 1
        if done_by(hours, middle) >= goal:
            hi = middle
        else:
            lo = middle + 1
    if lo >= last:
        return NEVER
    return int(hours[lo, START] + goal - hours[lo, BEFORE])


@compiled
def done_by(hours: I64, at: int) -> int:
    """Working time up to the end of an interval."""
    return int(hours[at, BEFORE] + hours[at, END] - hours[at, START])
