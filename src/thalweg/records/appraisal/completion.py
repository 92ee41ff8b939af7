"""Which objects are unfinished when observation ends.

An object is finished when its last event is an *end*: an activity after which objects do not go
on. Ends are given by the user or learned. Learned, an activity is an end when, among the objects
that have it and could be watched long enough afterwards, at least half had it as their last event.
Long enough is the time within which 99 % of the continuing objects go on, from that activity
or from any, whichever is longer, but never more than half the time observed. Objects still silent
at the end enter as censored, so that a short observation does not shorten it.

Some objects simply stop somewhere else. With learned ends, an object that has been silent for
longer than that same time is taken as finished at its last event, and counted apart; but only
after activities where such silence is more frequent than the slowest 1 % explain. With given ends,
only those count.

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

_STEADY_SHARE = 0.05
"""The curve is read as long as this part of the entries is still watched: beyond, one late
continuation would move it by more than the percent that is asked for."""
_ENOUGH_OBJECTS = 100
_ONE_SIDED = 1.645
"""Standard deviations that chance exceeds in one of twenty cases."""
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
        waits = count_waits(offsets, activity, time_ns, codes, horizon)
        follow_up = waits.follow_up_ns()
        half = (horizon - int(np.min(time_ns[offsets[:-1]], initial=horizon))) // 2
        watch = np.minimum(follow_up, half)
        is_end = _learned_ends(offsets, activity, time_ns, horizon - watch)
        silent = horizon - last_time > follow_up[last_code]
        silent &= waits.stops(np.bincount(last_code[silent & ~is_end[last_code]], minlength=codes))[
            last_code
        ]
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


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Times until an object goes on, counted in buckets, one row per activity.

    gone_on    times between an entry and the next.
    silent     times between a last entry and the end of observation: censored.
    """

    gone_on: Ints
    silent: Ints

    def follow_up_ns(self) -> Ints:
        """Per activity the time within which 99 % of continuing objects go on, from it and from
        any; read from buckets, so at most 1/16 too long."""
        pooled = _upper_quantile(self.gone_on.sum(axis=0), self.silent.sum(axis=0))
        return np.array(
            [
                pooled if gone.sum() < ENOUGH_GAPS else max(pooled, _upper_quantile(gone, silent))
                for gone, silent in zip(self.gone_on, self.silent, strict=True)
            ],
            np.int64,
        )

    def stops(self, silent: Ints) -> NDArray[np.bool_]:
        """Activities after which more objects fall silent than the slowest 1 % explain.

        Takes    silent: objects silent for longer than the follow-up time, per last activity.
        """
        expected = (1 - CONTINUES_WITHIN) * (self.gone_on.sum(axis=1) + silent)
        return np.asarray(silent > expected + _ONE_SIDED * np.sqrt(expected))


def count_waits(
    offsets: Ints, activity: NDArray[Any], time_ns: Ints, codes: int, horizon_ns: int
) -> Waits:
    waits = Waits(np.zeros((codes, _BUCKETS), np.int64), np.zeros((codes, _BUCKETS), np.int64))
    for runs, code, times in _runs(offsets, activity, time_ns):
        _count_waits(runs, code, times, horizon_ns, waits.gone_on, waits.silent)
    return waits


def _upper_quantile(gone_on: Ints, silent: Ints) -> int:
    """The time in which 99 % of those that ever go on have done so (Kaplan and Meier 1958)."""
    if not gone_on.any():
        return 0
    waiting_still = np.cumsum((gone_on + silent)[::-1])[::-1]
    steady = np.where(waiting_still >= _STEADY_SHARE * waiting_still[0], gone_on, 0)
    at_risk = np.maximum(waiting_still - silent / 2, np.maximum(steady, 1))
    waiting = np.cumprod(1 - steady / at_risk)
    gone = 1 - waiting
    rank = np.searchsorted(gone, CONTINUES_WITHIN * gone[-1])
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
def _bucket(wait: int) -> int:
    """The bucket of a wait in nanoseconds: its order of magnitude and four more bits."""
    exponent, rest = 0, wait
    while rest >= 65536:
        rest >>= 16
        exponent += 16
    while rest >= 2:
        rest >>= 1
        exponent += 1
    sub = (wait << _SUB_BITS) >> exponent if exponent < 58 else wait >> (exponent - _SUB_BITS)
    return (exponent << _SUB_BITS) + sub - (1 << _SUB_BITS)


@njit(cache=True, nogil=True)
def _count_waits(
    offsets: Ints,
    code: NDArray[np.uint32],
    time_ns: Ints,
    horizon_ns: int,
    gone_on: NDArray[np.int64],
    silent: NDArray[np.int64],
) -> None:
    for i in range(len(offsets) - 1):
        end = offsets[i + 1] - 1
        for j in range(offsets[i], end):
            gone_on[code[j], _bucket(max(time_ns[j + 1] - time_ns[j], 1))] += 1
        if time_ns[end] <= horizon_ns:
            silent[code[end], _bucket(max(horizon_ns - time_ns[end], 1))] += 1


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
