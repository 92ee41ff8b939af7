"""Made-up logs whose changes are known: stationary ones of four kinds, and the same with a change.

``markov``     routing by chance with loops and a skipped step, log-normal waits, all independent.
``queue``      three busy stations in a row, first come first served: waits of neighbours are alike.
``week``       work only on weekdays from nine to five, and a tenth of the objects unfinished.
``many``       three hundred activities, of which each object has about nine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints
from thalweg.process.drift.scores import Floats, Log

Scenario = Literal["markov", "queue", "week", "many"]
SCENARIOS: tuple[Scenario, ...] = ("markov", "queue", "week", "many")
HOUR_S, DAY_S = 3_600.0, 86_400.0
LOAD = 0.85
_MONDAY_S = 1_704_067_200.0
_WARM = 3_000


@dataclass(frozen=True, slots=True)
class Change:
    """A change at one object of the order of beginnings.

    at: its rank. paths: added to the probability of leaving out a step. times: factor on the time
    of one step. over: objects over which the new way takes hold (0: suddenly).
    """

    at: int
    paths: float = 0.0
    times: float = 1.0
    over: int = 0


def simulate(
    scenario: Scenario, objects: int, rng: np.random.Generator, change: Change | None = None
) -> Log:
    """A log of this kind; objects in the order in which they began."""
    new = _new_way(objects, rng, change)
    skip = 0.3 + (0.0 if change is None else change.paths) * new
    slow = np.where(new, 1.0 if change is None else change.times, 1.0)
    return _MAKERS[scenario](objects, rng, np.asarray(skip, float), np.asarray(slow, float))


def _new_way(objects: int, rng: np.random.Generator, change: Change | None) -> NDArray[np.bool_]:
    if change is None:
        return np.zeros(objects, bool)
    rank = np.arange(objects)
    if change.over == 0:
        return np.asarray(rank >= change.at)
    return np.asarray(rng.random(objects) < np.clip((rank - change.at) / change.over, 0, 1))


def _log(times: Floats, codes: Ints, seen: NDArray[np.bool_], names: int) -> Log:
    """From tables with one row per object: the entries seen, in order of time."""
    late = np.where(seen, times, np.inf)
    way = np.argsort(late, axis=1, kind="stable")
    mine = np.take_along_axis(seen, way, 1)
    offsets = np.concatenate(([0], np.cumsum(seen.sum(axis=1)))).astype(np.int64)
    return Log(
        offsets,
        np.take_along_axis(codes, way, 1)[mine].astype(np.uint32),
        (np.take_along_axis(times, way, 1)[mine] * SECOND_NS).astype(np.int64),
        tuple(f"a{k:03d}" for k in range(names)),
    )


def _routes(objects: int, rng: np.random.Generator, skip: Floats) -> tuple[Ints, NDArray[np.bool_]]:
    """Ten steps: 2 or 3, 4 and 5 in either order, 6 left out with ``skip``, 7 repeated at times."""
    codes = np.tile(np.array([0, 1, 2, 4, 5, 6, 7, 7, 7, 9]), (objects, 1)).astype(np.int64)
    seen = np.ones(codes.shape, bool)
    codes[rng.random(objects) < 0.4, 2] = 3
    swapped = rng.random(objects) < 0.5
    codes[swapped, 3], codes[swapped, 4] = 5, 4
    seen[:, 5] = rng.random(objects) >= skip
    again = rng.geometric(0.7, objects)
    seen[:, 7], seen[:, 8] = again > 1, again > 2
    return codes, seen


def _markov(objects: int, rng: np.random.Generator, skip: Floats, slow: Floats) -> Log:
    codes, seen = _routes(objects, rng, skip)
    gap = HOUR_S * np.exp(rng.normal(0, 1, codes.shape)) * seen
    gap[:, 1] *= slow
    begun = np.cumsum(rng.exponential(HOUR_S, objects))
    gap[:, 0] = 0
    return _log(begun[:, None] + np.cumsum(gap, axis=1), codes, seen, 10)


def _many(objects: int, rng: np.random.Generator, skip: Floats, slow: Floats) -> Log:
    share = 1 / np.arange(1, 301) ** 0.8
    codes = rng.choice(300, (objects, 10), p=share / share.sum())
    codes[:, 0], codes[:, 5], codes[:, 9] = 0, 1, 2
    seen = np.ones(codes.shape, bool)
    seen[:, 5] = rng.random(objects) >= skip
    gap = HOUR_S * np.exp(rng.normal(0, 1, codes.shape))
    gap[:, 9] *= slow
    gap[:, 0] = 0
    begun = np.cumsum(rng.exponential(HOUR_S, objects))
    return _log(begun[:, None] + np.cumsum(gap, axis=1), codes, seen, 300)


def _queue(objects: int, rng: np.random.Generator, skip: Floats, slow: Floats) -> Log:
    """Arrive, then wait for and pass each of three stations; some skip the second."""
    total = objects + _WARM
    skip, slow = (np.concatenate((np.full(_WARM, x[0]), x)) for x in (skip, slow))
    arrive = np.cumsum(rng.exponential(HOUR_S, total))
    times = np.empty((total, 4))
    seen = np.ones((total, 4), bool)
    times[:, 0] = arrive
    seen[:, 2] = rng.random(total) >= skip
    ready = arrive
    for station in (1, 2, 3):
        visit = seen[:, station]
        part = HOUR_S * LOAD / visit[:_WARM].mean()
        work = rng.exponential(part, total) * (slow if station == 1 else 1.0)
        way = np.flatnonzero(visit)[np.argsort(ready[visit], kind="stable")]
        done = ready.copy()
        done[way] = _serve(ready[way], work[way])
        times[:, station] = ready = done
    codes = np.tile(np.arange(4), (objects, 1)).astype(np.int64)
    return _log(times[_WARM:], codes, seen[_WARM:], 4)


@njit(cache=True, nogil=True)
def _serve(ready: Floats, work: Floats) -> Floats:
    """When a single server is done with each, in order."""
    done = np.empty(len(ready))
    free = -np.inf
    for k in range(len(ready)):
        free = max(free, ready[k]) + work[k]
        done[k] = free
    return done


def _week(objects: int, rng: np.random.Generator, skip: Floats, slow: Floats) -> Log:
    """Times are working time laid over a calendar; the last tenth of the span cuts objects off."""
    codes, seen = _routes(objects, rng, skip)
    gap = 2 * HOUR_S * np.exp(rng.normal(0, 1, codes.shape)) * seen
    gap[:, 1] *= slow
    per_day = max(8.0, objects / 100)
    begun = np.cumsum(rng.exponential(8 * HOUR_S / per_day, objects))
    gap[:, 0] = 0
    worked = begun[:, None] + np.cumsum(gap, axis=1)
    days, rest = np.divmod(worked, 8 * HOUR_S)
    weeks, weekday = np.divmod(days, 5)
    times = _MONDAY_S + (weeks * 7 + weekday) * DAY_S + 9 * HOUR_S + rest
    return _log(times, codes, seen & (times <= times[-1, 0]), 10)


_MAKERS = {"markov": _markov, "queue": _queue, "week": _week, "many": _many}
