"""Silence ends an object only where silence is more than the slowness of a few."""

from __future__ import annotations

import numpy as np
import pytest

from thalweg.records.appraisal.completion import completion

DAY_NS = 86_400 * 10**9
WINDOW_D = 365.0
STEPS = 5


def simulate(seed: int, dropped: float, median_d: float = 60.0, objects: int = 1_000):
    """Objects that pass five steps over a year; a part of them stops for good after the second.

    Returns  what ``completion`` takes, and which objects were seen to stop or to reach the end.
    """
    rng = np.random.default_rng(seed)
    begun = rng.uniform(0, WINDOW_D, objects)
    total = median_d * np.exp(0.8 * rng.standard_normal(objects))
    shares = np.sort(rng.uniform(0, 1, (objects, STEPS - 2)), axis=1)
    shares = np.hstack([np.zeros((objects, 1)), shares, np.ones((objects, 1))])
    times = begun[:, None] + shares * total[:, None]
    stops = rng.uniform(size=objects) < dropped
    seen = times <= WINDOW_D
    seen[stops, 2:] = False
    offsets = np.concatenate(([0], np.cumsum(seen.sum(axis=1)))).astype(np.int64)
    codes = np.broadcast_to(np.arange(STEPS), times.shape)[seen].astype(np.uint32)
    over = seen[:, -1] | (stops & seen[:, 1])
    return offsets, codes, (times[seen] * DAY_NS).astype(np.int64), over


def judged(seed: int, dropped: float):
    offsets, codes, time_ns, over = simulate(seed, dropped)
    horizon_ns = int(WINDOW_D * DAY_NS)
    return completion(offsets, codes, time_ns, STEPS, horizon_ns=horizon_ns), over


def test_slow_objects_are_not_taken_for_stopped_ones():
    counts = [judged(seed, 0.0)[0].by_silence for seed in range(40)]
    assert np.count_nonzero(counts) <= 4


@pytest.mark.parametrize("dropped", [0.1, 0.3])
def test_objects_that_stop_somewhere_else_are_found(dropped):
    for seed in range(10):
        done, over = judged(seed, dropped)
        assert done.ends == (STEPS - 1,)
        assert done.by_silence > 0.3 * dropped * len(over)
        assert np.mean(done.finished & ~over) <= 0.02
