"""What each object says about the process: what followed each of its steps, and after how long.

Objects are put in the order in which they began. All are watched for the same time, the *window*:
the steps in the first half of it, each for as long again. Objects that began less than a
window before the end of observation are left out. An unfinished object therefore looks like any
other of its age, and the end of the records cannot pass for a change; and what follows a step is
judged given that the step was reached, so that slow times do not pass for other paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import Chunk, Codes, Ints, each, object_chunks
from thalweg.records.appraisal.completion import completion

Floats = NDArray[np.float64]
Kind = Literal["control_flow", "times"]

MOST_ACTIVITIES = 1_000
"""Rarer activities beyond these count as one, so that tables of relations stay small."""
MOST_FEATURES, MOST_INFLOWS = 512, 128
FEWEST_PRESENT, FEWEST_TIMES = 5, 20
"""Objects that must show a relation, and lack it, for it to enter; and objects with a time."""
NONE_NS = -1
WEEK_PARTS = 28
FOLLOWED = 1 / 2
"""Part of the window for which each step is followed; with less, slow times pass for other paths."""
KEPT = 0.97
"""The longest window is chosen that keeps this part of what the best one keeps."""
_WINDOWS = 120
_WINDOW_SAMPLE = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Sequences as arrays, in any order of objects."""

    offsets: Ints
    activity: NDArray[Any]
    time_ns: NDArray[np.int64]
    names: tuple[str, ...]
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The objects that were watched for the whole window, in the order in which they began.

    order: their numbers in the log. begun_ns, stopped_ns: their first and last events. follow_ns:
    how long each step is followed; steps later than window less follow do not count. unseen_share:
    part of the entries of these objects that come later. ends: activities after which nothing need
    follow, given or learned as for durations. left_out: objects that began too late.
    """

    order: Ints
    begun_ns: Ints
    stopped_ns: Ints
    window_ns: int
    follow_ns: int
    horizon_ns: int
    ends: tuple[int, ...]
    unseen_share: float
    left_out: int


def watch(
    log: Log,
    horizon_ns: int | None = None,
    window_ns: int | None = None,
    ends: tuple[int, ...] | None = None,
) -> Watched:
    """Choose the window, and the objects that it leaves.

    A longer window sees more of each object and loses more of the last ones: a step is kept if it
    and what follows it are seen. The longest is taken that keeps nearly as many as the best. Horizon: as for durations (stray
    events far behind all others do not count).
    """
    first, last = log.offsets[:-1], log.offsets[1:] - 1
    begun, stop = np.asarray(log.time_ns[first]), np.asarray(log.time_ns[last])
    done = completion(
        log.offsets, log.activity, log.time_ns, len(log.names), ends=ends, horizon_ns=horizon_ns
    )
    horizon = done.horizon_ns
    found, unseen = _best_window(log, begun, horizon)
    window = found if window_ns is None else window_ns
    order = np.argsort(begun, kind="stable")
    kept = order[begun[order] <= horizon - window].astype(np.int64)
    return Watched(
        order=kept,
        begun_ns=begun[kept],
        stopped_ns=stop[kept],
        window_ns=int(window),
        follow_ns=int(window * FOLLOWED),
        horizon_ns=int(horizon),
        ends=done.ends,
        unseen_share=unseen,
        left_out=len(order) - len(kept),
    )


def _best_window(log: Log, begun: Ints, horizon: int) -> tuple[int, float]:
    """The window that keeps enough steps, and the part of its objects' steps that come too late.

    Judged on every k-th object of long logs.
    """
    objects = len(begun)
    if objects == 0:
        return 0, 0.0
    mine = np.arange(0, objects, max(1, objects // _WINDOW_SAMPLE))
    at, owner = _entries(log.offsets, mine)
    age = np.asarray(log.time_ns[at]) - begun[mine][owner]
    room = horizon - begun[mine][owner]
    gap = np.append(np.diff(age), 0)
    gap[np.append(owner[1:] != owner[:-1], True)] = 0
    longest = max(1, int(room.max()))
    grid = np.unique(np.geomspace(longest / 1e6, longest, _WINDOWS).astype(np.int64))
    part = 1 - FOLLOWED
    kept = np.array([((age <= w * part) & (gap <= w * FOLLOWED) & (room >= w)).sum() for w in grid])
    best = int(np.flatnonzero(kept >= KEPT * max(kept))[-1])
    whole = int((room >= grid[best]).sum())
    return int(grid[best]), 1 - float(kept[best]) / max(whole, 1)


def _entries(offsets: Ints, objects: Ints) -> tuple[Ints, Ints]:
    """Where the entries of some objects stand, and the place of each one's object."""
    begin = offsets[objects]
    length = offsets[objects + 1] - begin
    runs = np.concatenate(([0], np.cumsum(length))).astype(np.int64)
    at = np.arange(runs[-1]) + np.repeat(begin - runs[:-1], length)
    return at, np.repeat(np.arange(len(objects)), length)


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """What the numbers of relations mean: ``source · (codes + 1) + target``.

    ``codes`` itself stands for the beginning as source, and for "nothing followed" as target.
    """

    names: tuple[str, ...]

    @property
    def codes(self) -> int:
        return len(self.names)

    @property
    def keys(self) -> int:
        return (self.codes + 1) ** 2

    def label(self, key: int) -> tuple[str | None, str | None]:
        """Source (None: the beginning) and target (None: nothing followed)."""
        source, target = divmod(key, self.codes + 1)
        ends = (*self.names, None)
        return ends[source], ends[target]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One kind of scores, object by object: object ``i`` has those at ``offsets[i]:offsets[i + 1]``.

    feature: which of ``keys`` it shows; −1: another one. source, target: the step, and what
    followed it (target: control flow only). into: targets whose inflow from all steps together is
    watched as well, with weights into_scale.
    value: of control flow, the part of the object's steps of that name that were followed so; of
    times, the rank of the object's mean time among all objects, from −½ to ½ (ties in the
    middle), less the mean rank of objects that began in the same part of the week. scale: weight of each feature. raw_ns: the mean time itself; empty for control flow. at_ns: when the
    source happened, for the first time.     untested: features left out as too rare.
    """

    kind: Kind
    relations: Relations
    keys: Ints
    offsets: Ints
    feature: NDArray[np.int32]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    value: Floats
    scale: Floats
    into: Ints
    into_scale: Floats
    raw_ns: Ints
    at_ns: Ints
    untested: int

    @property
    def objects(self) -> int:
        return len(self.offsets) - 1

    @property
    def features(self) -> int:
        return len(self.keys)


Shown = tuple[Ints, NDArray[np.int32], NDArray[np.float32], Ints, Ints]
"""By object the number of distinct relations; then of each its key, share, mean time, and when it
was first shown."""


def score(
    log: Log, watched: Watched, kinds: Sequence[Kind], threads: int | None = None
) -> dict[Kind, Scores]:
    """The scores of all watched objects, of each kind asked for."""
    code, names = _common_codes(log)
    relations = Relations(names)
    is_end = np.zeros(relations.codes, bool)
    is_end[code[list(watched.ends)]] = True
    ranks = np.concatenate(([0], np.cumsum(np.diff(log.offsets)[watched.order]))).astype(np.int64)

    def work(chunk: Chunk) -> Shown:
        mine = watched.order[chunk.first : chunk.last]
        at, _ = _entries(log.offsets, mine)
        count = np.empty(len(mine), np.int64)
        key = np.empty(len(at) + len(mine), np.int32)
        share = np.empty(len(key), np.float32)
        time, at_ns = np.empty(len(key), np.int64), np.empty(len(key), np.int64)
        total = _relate(
            ranks[chunk.first : chunk.last + 1] - chunk.lo,
            code[log.activity[at]],
            np.array(log.time_ns[at], np.int64),
            watched.window_ns - watched.follow_ns,
            watched.follow_ns,
            relations.codes,
            is_end,
            np.full(relations.keys, -1, np.int64),
            np.zeros(relations.codes + 1, np.int64),
            (count, key, share, time, at_ns),
        )
        return count, key[:total], share[:total], time[:total], at_ns[:total]

    parts = list(each(work, object_chunks(ranks), threads))
    empty = [np.empty(0, kind) for kind in (np.int64, np.int32, np.float32, np.int64, np.int64)]
    shown = [np.concatenate([p[k] for p in parts]) for k in range(5)] if parts else empty
    found: dict[Kind, Scores] = {}
    if "control_flow" in kinds:
        found["control_flow"] = _control_flow(relations, shown)
    if "times" in kinds:
        cell = _parts_of_week(watched.begun_ns, log.zone)
        found["times"] = _times(relations, shown, cell, threads)
    return found


def _common_codes(log: Log) -> tuple[NDArray[np.uint32], tuple[str, ...]]:
    """Codes of the most frequent activities; all others share the last one."""
    size = len(log.names)
    if size <= MOST_ACTIVITIES:
        return np.arange(size, dtype=np.uint32), log.names
    tally = np.bincount(log.activity, minlength=size)
    top = np.sort(np.argsort(-tally, kind="stable")[: MOST_ACTIVITIES - 1])
    code = np.full(size, len(top), np.uint32)
    code[top] = np.arange(len(top))
    return code, (*(log.names[c] for c in top), "…")


@njit(cache=True, nogil=True)
def _relate(
    offsets: Ints,
    code: Codes,
    time_ns: Ints,
    entered_ns: int,
    follow_ns: int,
    codes: int,
    is_end: NDArray[np.bool_],
    mark: Ints,
    steps: Ints,
    out: Shown,
) -> int:
    """What followed each step of each object, and how long after; one row a distinct relation.

    A step that nothing followed in time counts only where nothing need follow: otherwise slow
    times would pass for other paths. ``mark`` remembers the row of a relation, ``steps`` how often the object has each source.
    """
    count, key, share, time, at_ns = out
    place = 0
    for i in range(len(offsets) - 1):
        begin, lo, hi = place, offsets[i], offsets[i + 1]
        key[place] = codes * (codes + 1) + code[lo]
        share[place], time[place], at_ns[place] = 1, -1, time_ns[lo]
        steps[codes] = 1
        place += 1
        for j in range(lo, hi):
            if time_ns[j] - time_ns[lo] > entered_ns:
                break
            a, b, gap = np.int64(code[j]), np.int64(codes), np.int64(-1)
            if j + 1 < hi and time_ns[j + 1] - time_ns[j] <= follow_ns:
                b, gap = np.int64(code[j + 1]), time_ns[j + 1] - time_ns[j]
            elif not is_end[a]:
                continue
            own = a * (codes + 1) + b
            steps[a] += 1
            if mark[own] < begin:
                mark[own] = place
                key[place], share[place], time[place], at_ns[place] = own, 0, 0, time_ns[j]
                place += 1
            at = mark[own]
            share[at] += 1
            time[at] = time[at] + gap if gap >= 0 else NONE_NS
        for row in range(begin, place):
            if time[row] > 0:
                time[row] //= np.int64(share[row])
            share[row] /= steps[key[row] // (codes + 1)]
        for row in range(begin, place):
            steps[key[row] // (codes + 1)] = 0
        count[i] = place - begin
    return place


def _control_flow(relations: Relations, shown: Sequence[NDArray[Any]]) -> Scores:
    count, key, share, _, at_ns = shown
    tally = np.bincount(key, minlength=relations.keys)
    source = key // (relations.codes + 1)
    reached = np.bincount(source, share, relations.codes + 1).round().astype(np.int64)
    of = reached[np.arange(relations.keys) // (relations.codes + 1)]
    varied = np.flatnonzero(np.minimum(tally, of - tally) >= FEWEST_PRESENT)
    part = tally[varied] / of[varied]
    spread = of[varied] / max(len(count), 1) * part * (1 - part)
    keep = np.sort(np.argsort(-spread, kind="stable")[:MOST_FEATURES])
    keys = varied[keep].astype(np.int64)
    into, into_spread = _inflows(relations, key, share, reached, max(len(count), 1))
    return Scores(
        kind="control_flow",
        relations=relations,
        keys=keys,
        offsets=np.concatenate(([0], np.cumsum(count))).astype(np.int64),
        feature=_numbered(keys, relations.keys)[key],
        source=source,
        target=(key - source * (relations.codes + 1)).astype(np.int32),
        value=share.astype(float),
        scale=spread[keep] ** -0.25,
        into=into,
        into_scale=into_spread**-0.25,
        raw_ns=np.empty(0, np.int64),
        at_ns=at_ns,
        untested=int(np.count_nonzero(tally)) - len(keys),
    )


def _inflows(
    relations: Relations,
    key: NDArray[Any],
    share: NDArray[Any],
    reached: Ints,
    objects: int,
) -> tuple[Ints, Floats]:
    """Steps that follow several others by chance, and the variance of how often, per object."""
    steps = relations.codes + 1
    flow = np.bincount(key, share, relations.keys).reshape(steps, steps)
    part = flow / np.maximum(reached, 1)[:, None]
    spread = np.maximum(flow * (1 - part), 0.0)
    varied = ((flow >= 1) & (flow * (1 - part) >= 0.5)).sum(axis=0)
    enough = np.flatnonzero((spread.sum(axis=0) >= FEWEST_TIMES) & (varied >= 2))
    most = np.argsort(-spread.sum(axis=0)[enough], kind="stable")[:MOST_INFLOWS]
    into = np.sort(enough[most]).astype(np.int64)
    return into, spread.sum(axis=0)[into] / objects


def _times(
    relations: Relations, shown: Sequence[NDArray[Any]], cell: Ints, threads: int | None
) -> Scores:
    count, key, _, time, at_ns = shown
    known = time != NONE_NS
    tally = np.bincount(key[known], minlength=relations.keys)
    timed = np.flatnonzero(tally >= FEWEST_TIMES)
    keys = timed[np.sort(np.argsort(-tally[timed], kind="stable")[:MOST_FEATURES])]
    feature = np.where(known, _numbered(keys, relations.keys)[key], -1).astype(np.int32)
    mine = np.flatnonzero(feature >= 0)
    before = np.concatenate(([0], np.cumsum(feature >= 0)))
    ends = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    feature, raw = feature[mine], time[mine]
    cell = np.repeat(cell, count)[mine]
    return Scores(
        kind="times",
        relations=relations,
        keys=keys.astype(np.int64),
        offsets=before[ends].astype(np.int64),
        feature=feature,
        source=feature,
        target=np.empty(0, np.int32),
        value=_ranks(feature, raw, cell, len(keys), threads),
        scale=(tally[keys] / max(len(count), 1)) ** -0.25,
        into=np.empty(0, np.int64),
        into_scale=np.empty(0),
        raw_ns=raw,
        at_ns=at_ns[mine],
        untested=int(np.count_nonzero(tally)) - len(keys),
    )


def _numbered(keys: Ints, size: int) -> NDArray[np.int32]:
    place = np.full(size, -1, np.int32)
    place[keys] = np.arange(len(keys), dtype=np.int32)
    return place


def _parts_of_week(begun_ns: Ints, zone: str) -> Ints:
    """In which of 28 parts of the local week, of six hours each, every object began."""
    local = pl.Series(begun_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
    day, hour = local.dt.weekday().to_numpy(), local.dt.hour().to_numpy()
    return np.asarray((day.astype(np.int64) - 1) * 4 + hour // 6)


def _ranks(
    feature: NDArray[np.int32], raw: Ints, cell: Ints, features: int, threads: int | None
) -> Floats:
    """Mid-ranks within each feature, from −½ to ½, less the mean of the part of the week.

    Means of few objects are drawn towards none at all.
    """
    order = np.argsort(feature.astype(np.int16), kind="stable")
    bounds = np.searchsorted(feature[order], np.arange(features + 1))
    out = np.zeros(len(raw))

    def work(f: int) -> None:
        mine = order[bounds[f] : bounds[f + 1]]
        values = raw[mine]
        way = np.argsort(values, kind="stable")
        ordered = values[way]
        low = np.searchsorted(ordered, ordered, "left")
        high = np.searchsorted(ordered, ordered, "right")
        rank = np.empty(len(mine))
        rank[way] = (low + high) / (2 * len(mine)) - 0.5
        own = cell[mine]
        total = np.bincount(own, rank, WEEK_PARTS)
        out[mine] = rank - (total / (np.bincount(own, minlength=WEEK_PARTS) + FEWEST_TIMES))[own]

    for _ in each(work, range(features), threads):
        pass
    return out
