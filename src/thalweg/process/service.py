"""Service against waiting: how long work took, and how long it had waited to begin.

Needs the start of work, either as a time beside each event (interval events) or as pairs of start
and complete events. Service is completion less start. Waiting is start less the latest completion
in the same object that is not later: the moment from which the next work could have begun if the
steps of an object follow one another. Where steps run side by side, waiting is understated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints
from thalweg.process.quantiles import group_quantiles
from thalweg.records.appraisal.lifecycle import COMPLETE, pair_transitions, transition_kinds
from thalweg.records.perspective import Perspective

NONE_NS = -1


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Pieces of work: activity code, service and waiting in ns (waiting −1: nothing before it).

    encoding: "interval" or "lifecycle". disordered: pieces that end before they start, set aside.
    """

    code: NDArray[np.uint32]
    service_ns: Ints
    wait_ns: Ints
    encoding: str
    disordered: int
    unmatched_starts: int
    unmatched_completes: int


def find_work(view: Perspective) -> Work | None:
    """The pieces of work of a perspective, or None where no start is known."""
    start = view.start_ns()
    if start is not None:
        return interval_work(view.offsets, view.activity, start, view.time_ns)
    transitions = view.codes("lifecycle")
    if transitions is None:
        return None
    codes, names = transitions
    kinds = transition_kinds(names)
    if not {1, 2} <= set(kinds.tolist()):
        return None
    items = view.codes("instance")
    return lifecycle_work(
        view.offsets,
        view.activity,
        view.time_ns,
        kinds[codes],
        atomic=codes == 0,
        instance=None if items is None else items[0],
    )


def interval_work(
    offsets: Ints, activity: NDArray[Any], start_ns: Ints, time_ns: NDArray[np.int64]
) -> Work:
    """Work from events that carry their own start."""
    end = np.array(time_ns, np.int64)
    wait = np.empty(len(end), np.int64)
    _interval_waits(np.array(offsets, np.int64), np.array(start_ns, np.int64), end, wait)
    end -= start_ns
    good = end >= 0
    code = activity.astype(np.uint32)
    bad = int((~good).sum())
    if bad:
        code, end, wait = code[good], end[good], wait[good]
    return Work(code, end, wait, "interval", bad, 0, 0)


@njit(cache=True, nogil=True)
def _interval_waits(offsets: Ints, start_ns: Ints, end_ns: Ints, wait: Ints) -> None:
    """Latest completion of an earlier entry not after the start, by bisection."""
    for i in range(len(offsets) - 1):
        first = offsets[i]
        for j in range(first, offsets[i + 1]):
            lo, hi = first, j
            while lo < hi:
                mid = (lo + hi) >> 1
                if end_ns[mid] <= start_ns[j]:
                    lo = mid + 1
                else:
                    hi = mid
            wait[j] = start_ns[j] - end_ns[lo - 1] if lo > first else NONE_NS


def lifecycle_work(
    offsets: Ints,
    activity: NDArray[Any],
    time_ns: NDArray[np.int64],
    kind: NDArray[np.uint8],
    *,
    atomic: NDArray[np.bool_],
    instance: NDArray[Any] | None = None,
) -> Work:
    """Work from start and complete events, matched first in, first out."""
    pairing = pair_transitions(offsets, activity, kind, instance)
    before = np.empty(len(kind), np.int64)
    completes = (kind == COMPLETE) | atomic
    times = np.array(time_ns, np.int64)
    _latest_before(np.array(offsets, np.int64), completes, times, before)
    done = np.flatnonzero((pairing.partner >= 0) & (kind == COMPLETE))
    begun = pairing.partner[done]
    latest = before[begun]
    wait = np.where(latest == NONE_NS, NONE_NS, times[begun] - latest)
    return Work(
        activity[done].astype(np.uint32),
        times[done] - times[begun],
        wait,
        "lifecycle",
        0,
        pairing.unmatched_starts,
        pairing.unmatched_completes,
    )


@njit(cache=True, nogil=True)
def _latest_before(
    offsets: Ints, completes: NDArray[np.bool_], time_ns: Ints, before: Ints
) -> None:
    for i in range(len(offsets) - 1):
        latest = NONE_NS
        for j in range(offsets[i], offsets[i + 1]):
            before[j] = latest
            if completes[j]:
                latest = time_ns[j]


def service_table(work: Work, names: Sequence[str], threads: int | None = None) -> pl.DataFrame:
    """Service and waiting by activity, the longest total waiting first.

    Returns  activity, pieces, service_total_s, service_mean_s, service_median_s, service_p90_s,
             waited (pieces with work before them), wait_total_s, wait_mean_s, wait_median_s,
             wait_p90_s, wait_share (of waiting and service together).
    """
    known = work.wait_ns != NONE_NS
    service = _figures(work.code, work.service_ns, len(names), "service", threads)
    waiting = _figures(work.code[known], work.wait_ns[known], len(names), "wait", threads)
    table = pl.DataFrame(
        {"activity": pl.Series(names, dtype=pl.String), "pieces": service.pop("count")}
        | service
        | {"waited": waiting.pop("count")}
        | waiting
    )
    both = pl.col("wait_total_s") + pl.col("service_total_s")
    return (
        table.filter(pl.col("pieces") > 0)
        .with_columns(wait_share=pl.when(both > 0).then(pl.col("wait_total_s") / both))
        .with_columns(pl.selectors.float().fill_nan(None))
        .sort(["wait_total_s", "activity"], descending=[True, False])
    )


def _figures(
    code: NDArray[np.uint32], values: Ints, codes: int, what: str, threads: int | None
) -> dict[str, NDArray[Any]]:
    count = np.bincount(code, minlength=codes)
    bounds = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    grouped = np.empty(len(values), np.int64)
    sums = np.zeros((codes, 2), np.int64)
    _group_values(code, values, bounds[:-1].copy(), grouped, sums)
    total = sums[:, 0] + sums[:, 1] / SECOND_NS
    quantiles = group_quantiles(grouped, bounds, (0.5, 0.9), threads) / SECOND_NS
    with np.errstate(invalid="ignore"):
        mean = total / count
    return {
        "count": count,
        f"{what}_total_s": total,
        f"{what}_mean_s": mean,
        f"{what}_median_s": quantiles[:, 0],
        f"{what}_p90_s": quantiles[:, 1],
    }


@njit(cache=True, nogil=True)
def _group_values(
    code: NDArray[np.uint32], values: Ints, cursor: Ints, out: Ints, sums: NDArray[np.int64]
) -> None:
    for j in range(len(code)):
        out[cursor[code[j]]] = values[j]
        cursor[code[j]] += 1
        sums[code[j], 0] += values[j] // SECOND_NS
        sums[code[j], 1] += values[j] % SECOND_NS
