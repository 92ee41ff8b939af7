"""Do the intervals of durations hold their promise?

Logs with known truth are simulated: objects arrive over a year, take a log-normal time, and are
watched until the export is taken, so that the youngest are unfinished. Both steps are judged: with
the end of each object given, and with ends learned from the records. The mean of the finished
alone stands beside it, as the figure that most tools print.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import erf, exp, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from thalweg.process.durations import (
    DurationAggregate,
    duration_figures,
    object_durations,
)
from thalweg.records.appraisal.completion import completion

Ints = NDArray[np.int64]
DAY_S = 86_400.0
SECOND_NS = 10**9
WINDOW_S = 365 * DAY_S
STEPS = 4
"""Events before the last one; their activities have the codes 0 to 3, the end has the code 4."""
FIGURES = ("median", "p90", "mean")
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Setting:
    """Objects in the log, their median duration in days, and the spread of its logarithm."""

    objects: int
    median_days: float
    spread: float
    learned: bool

    @property
    def name(self) -> str:
        how = "learned" if self.learned else "given"
        return f"{self.objects} objects, median {self.median_days:g} d, ends {how}"

    def truth(self, figure: str, until_s: float) -> float:
        """The true quantile, or the true mean restricted to ``until_s``, in seconds."""
        median_s = self.median_days * DAY_S
        if figure == "median":
            return median_s
        if figure == "p90":
            return median_s * exp(self.spread * NormalDist().inv_cdf(0.9))
        return _restricted_mean(median_s, self.spread, until_s)


SETTINGS = tuple(
    Setting(objects, days, 0.8, learned)
    for objects in (100, 400, 2_000)
    for days in (10.0, 60.0)
    for learned in (False, True)
)


def _restricted_mean(median_s: float, spread: float, until_s: float) -> float:
    """E min(T, u) of a log-normal T, in closed form."""

    def below(x: float) -> float:
        return 0.5 * (1 + erf(x / sqrt(2)))

    at = (log(until_s) - log(median_s)) / spread
    whole = exp(log(median_s) + spread**2 / 2)
    return whole * below(at - spread) + until_s * (1 - below(at))


def simulate(setting: Setting, rng: np.random.Generator) -> tuple[Ints, NDArray[np.uint32], Ints]:
    """Offsets, activity codes and times of the events that were seen before the export."""
    arrived = np.sort(rng.uniform(0, WINDOW_S, setting.objects))
    total = (
        setting.median_days * DAY_S * np.exp(setting.spread * rng.standard_normal(setting.objects))
    )
    places = np.sort(rng.uniform(0, 1, (setting.objects, STEPS - 1)), axis=1)
    shares = np.hstack([np.zeros((setting.objects, 1)), places, np.ones((setting.objects, 1))])
    times = arrived[:, None] + shares * total[:, None]
    seen = times <= WINDOW_S
    offsets = np.concatenate(([0], np.cumsum(seen.sum(axis=1)))).astype(np.int64)
    codes = np.broadcast_to(np.arange(STEPS + 1), times.shape)[seen].astype(np.uint32)
    return offsets, codes, (times[seen] * SECOND_NS).astype(np.int64)


def figures_of(setting: Setting, rng: np.random.Generator) -> dict[str, float | None]:
    offsets, codes, time_ns = simulate(setting, rng)
    horizon_ns = int(WINDOW_S * SECOND_NS)
    done = completion(
        offsets,
        codes,
        time_ns,
        STEPS + 1,
        ends=None if setting.learned else (STEPS,),
        horizon_ns=horizon_ns,
    )
    begun, stop = time_ns[offsets[:-1]], time_ns[offsets[1:] - 1]
    spans = object_durations(begun, stop, done.finished, horizon_ns)
    return duration_figures(DurationAggregate.of(spans, done.finished), CONFIDENCE)


def study(setting: Setting, runs: int, seed: int) -> dict[str, float]:
    """Coverage of each interval, bias of each figure and of the naive mean, relative to truth."""
    hits: dict[str, list[bool]] = {name: [] for name in FIGURES}
    bias: dict[str, list[float]] = {name: [] for name in (*FIGURES, "naive")}
    for child in np.random.SeedSequence(seed).spawn(runs):
        found = figures_of(setting, np.random.default_rng(child))
        for name in FIGURES:
            value, low, high = (found[f"{name}{part}_s"] for part in ("", "_low", "_high"))
            truth = setting.truth(name, found["restricted_s"] or 0.0)
            hits[name].append((low or 0.0) <= truth and (high is None or truth <= high))
            if value is not None:
                bias[name].append(value / truth - 1)
        whole = setting.truth("mean", 1e4 * WINDOW_S)
        bias["naive"].append((found["naive_mean_s"] or 0.0) / whole - 1)
    return {f"{name}_cover": float(np.mean(hits[name])) for name in FIGURES} | {
        f"{name}_bias": float(np.mean(bias[name])) for name in bias
    }


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    yield f"## Durations with unfinished objects: nominal {CONFIDENCE:.0%}, {runs} logs each\n"
    yield (
        "Coverage: how often the interval held the true value. Bias: mean error relative to the "
        "truth. The last column is the mean of the finished alone, against the true mean.\n"
    )
    yield (
        "| log | median: coverage, bias | 90th percentile: coverage, bias "
        "| restricted mean: coverage, bias | naive mean: bias |"
    )
    yield "| --- | --- | --- | --- | --- |"
    for setting in SETTINGS:
        found = study(setting, runs, seed)
        cells = [f"{found[f'{n}_cover']:.3f}, {found[f'{n}_bias']:+.3f}" for n in FIGURES]
        yield f"| {setting.name} | {' | '.join(cells)} | {found['naive_bias']:+.3f} |"
