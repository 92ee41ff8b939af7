"""Durations with unfinished objects, judged by SciPy, by hand and by records with a known truth."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from process_helpers import SmallBook
from thalweg.process.chunks import SECOND_NS
from thalweg.process.durations import (
    DurationAggregate,
    duration_figures,
    object_durations,
    object_spans,
    survival,
)
from thalweg.process.map import map_book
from thalweg.records.appraisal.completion import completion, observed_until

DAY_NS = 86_400 * SECOND_NS


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=2, max_size=40).filter(
        lambda rows: any(done for _, done in rows)
    )
)
def test_the_curve_is_scipys_kaplan_meier(data: list[tuple[int, bool]]) -> None:
    times = np.array([t for t, _ in data])
    done = np.array([d for _, d in data])
    ours = survival(DurationAggregate.of(times * SECOND_NS, done))
    theirs = ecdf(CensoredData(times[done].astype(float), right=times[~done].astype(float)))
    steps = np.isin(theirs.sf.quantiles, ours.time_s)
    assert ours.share == pytest.approx(theirs.sf.probabilities[steps], abs=1e-12)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        bounds = theirs.sf.confidence_interval(0.95, method="log-log")
    inner = (ours.share > 0) & (ours.share < 1)
    low = bounds.low.probabilities[steps][inner]
    high = bounds.high.probabilities[steps][inner]
    assert ours.low[inner] == pytest.approx(low, abs=1e-9)
    assert ours.high[inner] == pytest.approx(high, abs=1e-9)


def test_a_hand_worked_example() -> None:
    """Finished after 1, 2 and 4 s, still going after 2 and 5 s.

    Share open: 4/5 after 1; times 3/4 after 2 (four at risk) = 3/5; times 1/2 after 4 (two at
    risk) = 3/10. The median is 4 s. Mean up to 5 s: 1 + 0.8 + 2 · 0.6 + 1 · 0.3 = 3.3 s.
    """
    times = np.array([1, 2, 2, 4, 5]) * SECOND_NS
    done = np.array([True, True, False, True, False])
    aggregate = DurationAggregate.of(times, done)
    curve = survival(aggregate)
    assert curve.share == pytest.approx([0.8, 0.6, 0.3])
    figures = duration_figures(aggregate)
    assert figures["median_s"] == 4.0
    assert figures["p25_s"] == 2.0
    assert figures["p90_s"] is None
    assert figures["mean_s"] == pytest.approx(3.3)
    assert figures["restricted_s"] == 5.0
    assert figures["naive_mean_s"] == pytest.approx(7 / 3)
    rest = np.array([2.3, 1.5, 0.3])
    variance = float((rest**2 / np.array([5 * 4, 4 * 3, 2 * 1])).sum())
    half = 1.959963984540054 * variance**0.5
    assert figures["mean_high_s"] == pytest.approx(3.3 + half)


def test_leaving_unfinished_objects_out_would_mislead_and_the_estimate_does_not() -> None:
    rng = np.random.default_rng(3)
    n, truth_s = 20_000, 100.0
    start = rng.uniform(0, 300, n)
    length = rng.exponential(truth_s, n)
    done = start + length <= 300
    seen = np.where(done, length, 300 - start)
    figures = duration_figures(DurationAggregate.of((seen * SECOND_NS).astype(np.int64), done))
    median = truth_s * np.log(2)
    assert figures["median_low_s"] <= median <= figures["median_high_s"]
    restricted = truth_s * (1 - np.exp(-figures["restricted_s"] / truth_s))
    assert figures["mean_s"] == pytest.approx(restricted, rel=0.03)
    assert figures["naive_mean_s"] < 0.75 * restricted


def test_the_median_interval_covers_a_known_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    hits, runs = 0, 300
    for _ in range(runs):
        length, limit = rng.exponential(1.0, 120), rng.uniform(0.2, 3.0, 120)
        seen = (np.minimum(length, limit) * SECOND_NS).astype(np.int64)
        figures = duration_figures(DurationAggregate.of(seen, length <= limit))
        high = figures["median_high_s"]
        hits += figures["median_low_s"] <= np.log(2) and (high is None or np.log(2) <= high)
    spread = 3 * (0.95 * 0.05 / runs) ** 0.5
    assert 0.95 - spread <= hits / runs <= 0.95 + spread


def simulated(seed: int, objects: int = 3_000) -> tuple[np.ndarray, ...]:
    """Open → work (1 to 4 times) → done, or quietly given up; cut off at a horizon.

    Returns offsets, codes (0 open, 1 work, 2 done), times, and who is truly under way at the end.
    """
    rng = np.random.default_rng(seed)
    horizon = 365 * DAY_NS
    offsets, code, times, under_way = [0], [], [], []
    for _ in range(objects):
        now = int(rng.integers(0, horizon))
        steps = [0] + [1] * int(rng.integers(1, 5)) + ([2] if rng.random() > 0.1 else [])
        seen = 0
        for step in steps:
            if now > horizon:
                break
            code.append(step)
            times.append(now)
            seen += 1
            now += int(rng.exponential(3) * DAY_NS)
        under_way.append(seen < len(steps))
        offsets.append(len(code))
    return (
        np.array(offsets, np.int64),
        np.array(code, np.uint8),
        np.array(times, np.int64),
        np.array(under_way),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ends_are_learned_and_the_unfinished_found(seed: int) -> None:
    offsets, code, times, under_way = simulated(seed)
    done = completion(offsets, code, times, 3)
    assert done.ends == (2,)
    assert done.rule == "learned"
    wrongly_finished = float((done.finished & under_way).sum() / under_way.sum())
    assert wrongly_finished <= 0.03
    recent = times[offsets[1:] - 1] > done.horizon_ns - 30 * DAY_NS
    assert not (~done.finished & ~under_way & ~recent).any()
    assert done.by_end + done.by_silence + done.unfinished == len(offsets) - 1


def test_an_end_that_comes_in_steps_is_an_end_and_one_only_begun_is_not() -> None:
    """Every object works, then checks with a start and a completion; the last is still checking."""
    rows = []
    for i in range(200):
        steps = [("work", "complete"), ("check", "start"), ("check", "complete")]
        for k, (name, transition) in enumerate(steps[: 2 if i == 199 else 3]):
            rows.append((name, 10.0 * i + k, {"case": [f"o{i}"]}, {"life": transition}))
    book = SmallBook(rows, roles={"lifecycle": "life"})  # type: ignore[arg-type]
    found = map_book(book).completion  # type: ignore[arg-type]
    assert found["ends"] == ["check"]
    assert (found["by_end"], found["unfinished"]) == (199, 1)


def test_given_ends_alone_decide() -> None:
    offsets, code, times, _ = simulated(4)
    done = completion(offsets, code, times, 3, ends=(1,))
    assert np.array_equal(done.finished, code[offsets[1:] - 1] == 1)
    assert (done.rule, done.by_silence) == ("given", 0)


def test_a_stray_event_far_in_the_future_does_not_move_the_end_of_observation() -> None:
    times = np.arange(1_000, dtype=np.int64) * DAY_NS
    assert observed_until(times) == times[-1]
    assert observed_until(np.append(times, 5_000 * DAY_NS)) == times[-1]
    assert observed_until(np.append(times, 1_010 * DAY_NS)) == 1_010 * DAY_NS
    assert observed_until(np.empty(0, np.int64)) == 0


def test_unfinished_objects_last_until_the_horizon() -> None:
    begun, stop = np.array([10, 15], np.int64), np.array([30, 15], np.int64)
    spans = object_durations(begun, stop, np.array([True, False]), 40)
    assert spans.tolist() == [20, 25]


def test_an_object_begins_with_the_first_known_start_of_its_work() -> None:
    rows = [("a", 10.0, "x"), ("b", 12.0, "x"), ("a", 30.0, "y")]
    book = SmallBook([(a, t, {"case": [o]}, {}) for a, t, o in rows], starts=[8, 3, 30])
    begun, stop = object_spans(book.perspective("case"))
    assert (begun // SECOND_NS).tolist() == [3, 30]
    assert (stop // SECOND_NS).tolist() == [12, 30]


LOAN_HOURS = {
    "fewRes_9-5": (817.6, 238.8),
    "infRes_9-5": (247.4, 160.6),
    "fewRes_24-7": (11.0, 5.2),
}
"""Mean and median cycle time of the controlled experiment, from the data set's own description."""


@pytest.mark.parametrize("scenario", LOAN_HOURS)
def test_the_loan_experiment_has_its_published_cycle_times(scenario: str, logs: Path) -> None:
    path = logs / f"intervention_loanapp/LoanApp_{scenario}_noTimers.CSV.gz"
    table = pl.read_csv(path)
    case = next(n for n in table.columns if "case" in n.lower())
    start = next(n for n in table.columns if "start" in n.lower())
    end = next(n for n in table.columns if "end" in n.lower())
    instants = {
        n: table[n].str.replace(" ", "T").str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S")
        for n in (start, end)
    }
    seconds = {n: v.dt.timestamp("ms") / 1000 for n, v in instants.items()}
    rows = zip(table[case].cast(pl.String), seconds[start], seconds[end], strict=True)
    events, starts = [], []
    for one, begin, stop in rows:
        events.append(("work", stop, {"case": [one]}, {}))
        starts.append(begin)
    result = map_book(SmallBook(events, starts=starts), ends=["work"])  # type: ignore[arg-type]
    mean_h, median_h = LOAN_HOURS[scenario]
    assert result.objects == 1_000
    assert result.durations["mean_s"] / 3_600 == pytest.approx(mean_h, abs=0.05)
    assert result.durations["median_s"] / 3_600 == pytest.approx(median_h, abs=0.06)
