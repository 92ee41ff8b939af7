"""How long objects take, unfinished ones included as censored (Kaplan and Meier 1958).

An unfinished object has taken *at least* the time from its beginning to the end of observation.
Leaving it out would make the latest months look faster than they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints, chunk_offsets, object_chunks
from thalweg.records.perspective import Perspective

Floats = NDArray[np.float64]
CURVE_POINTS = 400
_FLAT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class DurationAggregate:
    """Durations in whole nanoseconds with counts of finished and censored objects, rising."""

    duration_ns: Ints
    finished: Ints
    censored: Ints

    @staticmethod
    def zero() -> DurationAggregate:
        return DurationAggregate(*(np.empty(0, np.int64) for _ in range(3)))

    @staticmethod
    def of(duration_ns: Ints, finished: NDArray[np.bool_]) -> DurationAggregate:
        return _tallied(duration_ns, finished.astype(np.int64), (~finished).astype(np.int64))

    def merge(self, other: DurationAggregate) -> DurationAggregate:
        both = (np.concatenate((getattr(self, n), getattr(other, n))) for n in self.__slots__)
        return _tallied(*both)


def _tallied(duration_ns: Ints, finished: Ints, censored: Ints) -> DurationAggregate:
    if len(duration_ns) == 0:
        return DurationAggregate.zero()
    order = np.argsort(duration_ns)
    ordered = duration_ns[order]
    at = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return DurationAggregate(
        ordered[at],
        np.add.reduceat(finished[order], at),
        np.add.reduceat(censored[order], at),
    )


def object_spans(view: Perspective) -> tuple[Ints, Ints]:
    """When each object began and had its last event, in UTC ns.

    It began with its first event or, where the start of work is known, with its earliest start.
    """
    offsets = np.asarray(view.offsets)
    begun, stop = np.array(view.time_ns[offsets[:-1]]), np.array(view.time_ns[offsets[1:] - 1])
    starts = view.book.start_ns()
    if starts is not None:
        for chunk in object_chunks(offsets):
            own = np.asarray(starts[view.event[chunk.lo : chunk.hi]])
            first = np.minimum.reduceat(own, chunk_offsets(offsets, chunk)[:-1])
            run = slice(chunk.first, chunk.last)
            begun[run] = np.minimum(begun[run], first)
    return begun, stop


def object_durations(
    begun_ns: Ints, stop_ns: Ints, finished: NDArray[np.bool_], horizon_ns: int
) -> Ints:
    """Beginning to last event of finished objects, beginning to the horizon of the others."""
    stop = np.where(finished, stop_ns, np.maximum(stop_ns, horizon_ns))
    return np.asarray(stop - begun_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Survival:
    """The Kaplan–Meier curve: at each time with a completion, the share still going on.

    time_s rises. low and high bound the share pointwise (log-log transformed Greenwood
    variance, Kalbfleisch and Prentice 1980). observed_s: the longest time watched.
    """

    time_s: Floats
    share: Floats
    low: Floats
    high: Floats
    variance_sum: Floats
    at_risk: Ints
    finished: Ints
    observed_s: float
    closed: bool

    def quantile(self, probability: float) -> tuple[float, float, float]:
        """Time by which that part has finished, with its interval (Brookmeyer and Crowley 1982).

        NaN where the records do not reach that far. Without unfinished objects the median is the
        ordinary one.
        """
        left = 1 - probability
        return (
            self._crossing(self.share, left),
            self._crossing(self.low, left),
            self._crossing(self.high, left),
        )

    def _crossing(self, curve: Floats, level: float) -> float:
        """When the curve falls to the level; the middle of the stretch where it rests on it."""
        below = np.flatnonzero(curve <= level + _FLAT)
        if not len(below):
            return nan
        at = int(below[0])
        under = np.flatnonzero(curve < level - _FLAT)
        if curve[at] >= level - _FLAT and len(under):
            return float(self.time_s[at] + self.time_s[under[0]]) / 2
        return float(self.time_s[at])

    def restricted_mean(self, until_s: float, z: float) -> tuple[float, float, float]:
        """Mean of min(duration, until_s): the area under the curve (Irwin 1949), with interval."""
        inside = self.time_s < until_s
        times = np.concatenate(([0.0], self.time_s[inside], [until_s]))
        levels = np.concatenate(([1.0], self.share[inside]))
        areas = levels * np.diff(times)
        mean = float(areas.sum())
        rest = mean - np.cumsum(areas)[:-1]
        at_risk, finished = self.at_risk[inside], self.finished[inside]
        staying = at_risk - finished
        useful = staying > 0
        steps = finished[useful] / (at_risk[useful] * staying[useful].astype(float))
        deviation = float(np.sqrt((rest[useful] ** 2 * steps).sum()))
        return mean, max(0.0, mean - z * deviation), mean + z * deviation

    def table(self, points: int = CURVE_POINTS) -> pl.DataFrame:
        """The curve at no more than ``points`` of its steps: time_s, share_open, low, high."""
        steps = len(self.time_s)
        at = np.unique(np.linspace(0, steps - 1, min(points, steps)).round().astype(int))
        if steps == 0:
            at = np.empty(0, int)
        columns = (self.time_s, self.share, self.low, self.high)
        names = ("time_s", "share_open", "low", "high")
        return pl.DataFrame({n: c[at] for n, c in zip(names, columns, strict=True)})


def survival(durations: DurationAggregate, confidence: float = 0.95) -> Survival:
    """Kaplan–Meier from tallied durations; censoring must not depend on the remaining time."""
    total = durations.finished + durations.censored
    at_risk = total.sum() - np.concatenate(([0], np.cumsum(total)[:-1])) if len(total) else total
    ends = durations.finished > 0
    n, d = at_risk[ends].astype(np.int64), durations.finished[ends]
    share = np.cumprod(1 - d / np.maximum(n, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(np.where(n > d, d / (n * (n - d).astype(float)), np.inf))
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        spread = z * np.sqrt(variance) / np.log(share)
        low, high = share ** np.exp(-spread), share ** np.exp(spread)
    sure = share <= 0
    low, high = np.where(sure, 0.0, low), np.where(sure, np.nan, high)
    longest = int(durations.duration_ns[-1]) if len(total) else 0
    closed = bool(len(total) and durations.censored[-1] == 0)
    return Survival(
        durations.duration_ns[ends] / SECOND_NS,
        share,
        low,
        high,
        variance,
        n,
        d,
        longest / SECOND_NS,
        closed,
    )


def duration_figures(durations: DurationAggregate, confidence: float = 0.95) -> dict[str, Any]:
    """Scalars of the durations, each with its interval where it has one.

    Returns  objects, finished, unfinished, median_s, median_low_s, median_high_s (and p25, p75,
             p90), mean_s with mean_low_s and mean_high_s restricted to restricted_s, the longest
             time watched; naive_mean_s of the finished alone, for comparison. None where the
             records do not reach.
    """
    curve = survival(durations, confidence)
    finished = int(durations.finished.sum())
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    figures: dict[str, Any] = {
        "objects": finished + int(durations.censored.sum()),
        "finished": finished,
        "unfinished": int(durations.censored.sum()),
        "confidence": confidence,
    }
    for name, probability in (("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p90", 0.9)):
        value, low, high = curve.quantile(probability)
        figures |= {f"{name}_s": value, f"{name}_low_s": low, f"{name}_high_s": high}
    mean, low, high = curve.restricted_mean(curve.observed_s, z)
    figures |= {
        "restricted_s": curve.observed_s,
        "mean_s": mean,
        "mean_low_s": low,
        "mean_high_s": high,
        "naive_mean_s": _mean_s(durations),
    }
    return {k: None if isinstance(v, float) and isnan(v) else v for k, v in figures.items()}


def _mean_s(durations: DurationAggregate) -> float:
    count = int(durations.finished.sum())
    if count == 0:
        return nan
    whole, rest = np.divmod(durations.duration_ns, SECOND_NS)
    total = int((whole * durations.finished).sum()) * SECOND_NS
    return (total + int((rest * durations.finished).sum())) / SECOND_NS / count
