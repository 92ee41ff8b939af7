"""Which objects are unfinished when observation ends.

An object is finished when its last event is an *end*: an activity after which objects do not go
on. Ends are given by the user or learned. Learned, an activity is an end when, among the objects
that have it and could be watched long enough afterwards, at least half had it as their last event.
Long enough is the time within which 99 % of the continuing objects had gone on, from that activity
or from any, whichever is longer, but never more than half the time observed.

Some objects simply stop somewhere else. With learned ends, an object that has been silent for
longer than that same time is taken as finished at its last event, and counted apart. With given
ends, only those count.

Observation ends with the last event, except where a few stray events lie far behind all others
(a planned date, a mistyped year): then with the last event before that void.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

CONTINUES_WITHIN = 0.99
"""Share of continuing objects that go on within the follow-up time."""
END_SHARE = 0.5
"""Share of the watched objects with an activity that must end with it for it to be an end."""
ENOUGH_GAPS = 20
"""An activity with fewer continuations has only the follow-up time of all activities together."""
STRAY_SHARE = 0.001
"""At most this part of the objects (or one) may end behind the void."""
VOID_SHARE = 0.05
"""The void is at least this part of the time between the first and last permille of objects."""

_ENOUGH_OBJECTS = 100
_SUB_BITS = 4
_SHIFT = 52 - _SUB_BITS
_LOWEST = 1023 << _SUB_BITS
_BUCKETS = 64 << _SUB_BITS
_RUN = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """Who is finished, and by which rule.

    finished        one per object.
    silent          one per object: finished, but only by silence.
    ends            activity codes after which an object is finished, rising.
    rule            "given" by the user, or "learned" from the records.
    horizon_ns      when observation ended.
    follow_up_ns    per activity code: the silence after which it is over (rule "learned").
    beyond          objects whose last event is later than the horizon.
    """

    finished: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    ends: tuple[int, ...]
    rule: Literal["given", "learned"]
    horizon_ns: int
    follow_up_ns: Ints | None
    beyond: int

    @property
    def by_end(self) -> int:
        """Objects that reached an end."""
        return int((self.finished & ~self.silent).sum())

    @property
    def by_silence(self) -> int:
        return int(self.silent.sum())

    @property
    def unfinished(self) -> int:
        return int((~self.finished).sum())


def completion(
    offsets: Ints,
    activity: NDArray[Any],
    time_ns: Ints,
    codes: int,
    *,
    ends: tuple[int, ...] | None = None,
    horizon_ns: int | None = None,
    at_work: NDArray[np.bool_] | None = None,
) -> Completion:
    """Judge every object.

    Takes    ends: activity codes, or None to learn them. horizon_ns: the end of observation;
             None means ``observed_until``. at_work: one per object, true where the last event
             only starts a piece of work; such an object has not reached an end.
    """
    last = np.asarray(offsets[1:]) - 1
    last_time = np.asarray(time_ns[last])
    last_code = np.asarray(activity[last]).astype(np.int64)
    horizon = observed_until(last_time) if horizon_ns is None else horizon_ns
    follow_up = None
    is_end = np.zeros(codes, bool)
    if ends is not None:
        is_end[list(ends)] = True
        rule: Literal["given", "learned"] = "given"
        silent = np.zeros(len(last), bool)
    else:
        rule = "learned"
        follow_up = follow_up_times(offsets, activity, time_ns, codes)
        half = (horizon - int(np.min(time_ns[offsets[:-1]], initial=horizon))) // 2
        watch = np.minimum(follow_up, half)
        is_end = _learned_ends(offsets, activity, time_ns, horizon - watch)
        silent = horizon - last_time > follow_up[last_code]
    ended = is_end[last_code] if at_work is None else is_end[last_code] & ~at_work
    finished = ended | silent
    return Completion(
        finished=finished,
        silent=silent & ~ended,
        ends=tuple(int(code) for code in np.flatnonzero(is_end)),
        rule=rule,
        horizon_ns=horizon,
        follow_up_ns=follow_up,
        beyond=int((last_time > horizon).sum()),
    )


def observed_until(last_time_ns: Ints) -> int:
    """The end of observation: the last event, stray ones left out (see the module's text)."""
    if len(last_time_ns) == 0:
        return 0
    times = np.sort(last_time_ns)
    strays = max(1, int(STRAY_SHARE * len(times)))
    if len(times) < 2 * strays + 2:
        return int(times[-1])
    tail = times[-strays - 1 :]
    void = VOID_SHARE * (int(tail[0]) - int(times[strays]))
    wide = np.flatnonzero(np.diff(tail) > max(void, 1))
    return int(tail[wide[0]] if len(wide) and len(times) >= _ENOUGH_OBJECTS else times[-1])


def follow_up_times(offsets: Ints, activity: NDArray[Any], time_ns: Ints, codes: int) -> Ints:
    """Per activity the time within which 99 % of continuing objects go on, from it and from any.

    Read from counts in buckets, so at most 1/16 too long.
    """
    counts = np.zeros((codes, _BUCKETS), np.int64)
    for runs, code, times in _runs(offsets, activity, time_ns):
        _count_gaps(runs, code, times, counts)
    pooled = _upper_quantile(counts.sum(axis=0))
    return np.array(
        [
            pooled if row.sum() < ENOUGH_GAPS else max(pooled, _upper_quantile(row))
            for row in counts
        ],
        np.int64,
    )


def _upper_quantile(buckets: Ints) -> int:
    total = int(buckets.sum())
    if total == 0:
        return 0
    rank = np.searchsorted(np.cumsum(buckets), CONTINUES_WITHIN * total)
    edge = np.array([(int(rank) + 1 + _LOWEST) << _SHIFT], np.int64).view(np.float64)[0]
    return int(min(edge, 2.0**62))


def _learned_ends(
    offsets: Ints, activity: NDArray[Any], time_ns: Ints, latest: Ints
) -> NDArray[np.bool_]:
    watched = np.zeros((len(latest), 2), np.int64)
    for runs, code, times in _runs(offsets, activity, time_ns):
        _count_watched(runs, code, times, latest, watched)
    return np.asarray((watched[:, 0] > 0) & (watched[:, 1] >= END_SHARE * watched[:, 0]))


def _runs(
    offsets: Ints, activity: NDArray[Any], time_ns: Ints
) -> Iterator[tuple[Ints, NDArray[np.uint32], Ints]]:
    """Runs of whole objects with arrays of the types that the kernels are compiled for."""
    objects = len(offsets) - 1
    first = 0
    while first < objects:
        lo = int(offsets[first])
        last = int(np.searchsorted(offsets, lo + _RUN))
        last = min(max(last, first + 1), objects)
        hi = int(offsets[last])
        times = np.asarray(time_ns[lo:hi]).view()
        times.flags.writeable = False
        yield np.asarray(offsets[first : last + 1]) - lo, activity[lo:hi].astype(np.uint32), times
        first = last


@njit(cache=True, nogil=True)
def _count_gaps(
    offsets: Ints, code: NDArray[np.uint32], time_ns: Ints, counts: NDArray[np.int64]
) -> None:
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1] - 1):
            gap = max(time_ns[j + 1] - time_ns[j], 1)
            exponent, rest = 0, gap
            while rest >= 65536:
                rest >>= 16
                exponent += 16
            while rest >= 2:
                rest >>= 1
                exponent += 1
            sub = (
                ((gap << _SUB_BITS) >> exponent) if exponent < 58 else gap >> (exponent - _SUB_BITS)
            )
            counts[code[j], (exponent << _SUB_BITS) + sub - (1 << _SUB_BITS)] += 1


@njit(cache=True, nogil=True)
def _count_watched(
    offsets: Ints,
    code: NDArray[np.uint32],
    time_ns: Ints,
    latest: Ints,
    watched: NDArray[np.int64],
) -> None:
    """Count objects by each activity they have, unless later than ``latest``, and by their last."""
    seen = np.full(len(latest), -1, np.int64)
    for i in range(len(offsets) - 1):
        end = offsets[i + 1] - 1
        for j in range(end, offsets[i] - 1, -1):
            a = code[j]
            if seen[a] == i:
                continue
            seen[a] = i
            if time_ns[j] <= latest[a]:
                watched[a, 0] += 1
                if j == end:
                    watched[a, 1] += 1
