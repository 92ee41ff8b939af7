"""Kernels: right by brute force, mergeable over any split, the same for any number of threads."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_helpers import SECOND, SmallBook, Trace, book_of
from thalweg.process import activities as act
from thalweg.process import chunks
from thalweg.process.durations import DurationAggregate
from thalweg.process.pairs import (
    PairAggregate,
    Sequences,
    aggregate_pairs,
    pair_histogram,
    pairs_table,
)
from thalweg.process.quantiles import RELATIVE_ERROR, LogHistogram, group_quantiles
from thalweg.process.synchronisation import SynchronisationAggregate
from thalweg.process.timeline import TimelineAggregate, aggregate_timeline
from thalweg.process.variants import (
    VariantAggregate,
    aggregate_variants,
    group_variants,
    representatives,
    top_variants_table,
)
from thalweg.records.perspective import Perspective

NAMES = ("a", "b", "c", "d")
FEW = settings(max_examples=60, deadline=None)


@st.composite
def logs(draw: st.DrawFn) -> list[list[tuple[str, int]]]:
    """Traces with ties and repetitions; times in seconds with a fraction added by ``arrays``."""
    steps = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 50)), min_size=1, max_size=7)
    traces = draw(st.lists(steps, min_size=1, max_size=9))
    out = []
    for trace in traces:
        now, timed = draw(st.integers(-10_000, 10_000)), []
        for name, gap in trace:
            now += gap
            timed.append((name, now))
        out.append(timed)
    return out


def arrays(log: list[list[tuple[str, int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets, codes and times; a third of a second per step makes remainders matter."""
    offsets = np.concatenate(([0], np.cumsum([len(t) for t in log]))).astype(np.int64)
    code = np.array([NAMES.index(a) for t in log for a, _ in t], np.uint8)
    third = 333_333_333
    times = [s * SECOND + i * third for t in log for i, (_, s) in enumerate(t)]
    return offsets, code, np.array(times, np.int64)


def spans_of(offsets: np.ndarray, times: np.ndarray) -> np.ndarray:
    return times[offsets[1:] - 1] - times[offsets[:-1]]


def pairs_of(log: list[list[tuple[str, int]]]) -> PairAggregate:
    return aggregate_pairs(Sequences.of(*arrays(log), len(NAMES)))


def activities_of(log: list[list[tuple[str, int]]]) -> act.ActivityAggregate:
    return act.aggregate_activities(*arrays(log), len(NAMES))


def variants_of(log: list[list[tuple[str, int]]]) -> VariantAggregate:
    return aggregate_variants(*arrays(log), NAMES)


def durations_of(log: list[list[tuple[str, int]]]) -> DurationAggregate:
    offsets, code, times = arrays(log)
    return DurationAggregate.of(
        times[offsets[1:] - 1] - times[offsets[:-1]], code[offsets[1:] - 1] == 0
    )


def histogram_of(log: list[list[tuple[str, int]]]) -> LogHistogram:
    offsets, code, times = arrays(log)
    return LogHistogram.of(code[offsets[:-1]], spans_of(offsets, times))


EDGES = np.array([-(10**13), -(10**12), 0, 10**12, 10**13 + 400 * SECOND], np.int64)


def timeline_of(log: list[list[tuple[str, int]]]) -> TimelineAggregate:
    offsets, code, times = arrays(log)
    start, stop = times[offsets[:-1]], times[offsets[1:] - 1]
    return aggregate_timeline(start, stop, code[offsets[1:] - 1] == 0, int(EDGES[-1]), EDGES)


def pair_histogram_of(log: list[list[tuple[str, int]]]) -> LogHistogram:
    return pair_histogram(Sequences.of(*arrays(log), len(NAMES)))


def same(a: Any, b: Any) -> bool:
    """Equal in every field of an aggregate."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in a.__slots__
        if not isinstance(getattr(a, name), tuple)
    )


def same_variants(a: VariantAggregate, b: VariantAggregate) -> bool:
    rows = [
        {
            (v.sequence(i), tuple(v.hashes[i].tolist())): (v.count[i], v.total_s[i], v.total_ns[i])
            for i in range(v.variants)
        }
        for v in (a, b)
    ]
    return rows[0] == rows[1]


AGGREGATES: list[tuple[Callable[..., Any], Any, Callable[[Any, Any], bool]]] = [
    (pairs_of, PairAggregate.zero(), same),
    (activities_of, act.ActivityAggregate.zero(len(NAMES)), same),
    (durations_of, DurationAggregate.zero(), same),
    (histogram_of, LogHistogram.zero(), same),
    (pair_histogram_of, LogHistogram.zero(), same),
    (timeline_of, TimelineAggregate.zero(EDGES), same),
    (variants_of, variants_of([]), same_variants),
]


@pytest.mark.parametrize(("aggregate", "zero", "equal"), AGGREGATES)
@FEW
@given(log=logs(), data=st.data())
def test_merging_any_split_gives_the_whole_and_zero_changes_nothing(
    aggregate: Any, zero: Any, equal: Any, log: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    where = data.draw(st.lists(st.integers(0, 2), min_size=len(log), max_size=len(log)))
    parts = [[t for t, w in zip(log, where, strict=True) if w == k] for k in range(3)]
    a, b, c = (aggregate(part) if part else zero for part in parts)
    whole = aggregate(log)
    assert equal(a.merge(b).merge(c), whole)
    assert equal(a.merge(b.merge(c)), whole)
    assert equal(whole.merge(zero), whole)
    assert equal(zero.merge(whole), whole)


@FEW
@given(log=logs(), data=st.data())
def test_the_order_of_objects_does_not_matter(
    log: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    other = data.draw(st.permutations(log))
    assert same(pairs_of(log), pairs_of(other))
    assert same(activities_of(log), activities_of(other))
    tables = []
    for one in (log, other):
        offsets, code, times = arrays(one)
        groups = group_variants(offsets, code, NAMES)
        spans = spans_of(offsets, times)
        tables.append(top_variants_table(groups, offsets, code, spans, NAMES, 99))
    assert tables[0].equals(tables[1])


@FEW
@given(log=logs())
def test_pairs_agree_with_a_loop_over_lists(log: list[list[tuple[str, int]]]) -> None:
    offsets, code, times = arrays(log)
    gaps: dict[tuple[str, str], list[int]] = defaultdict(list)
    objects: dict[tuple[str, str], set[int]] = defaultdict(set)
    for i in range(len(log)):
        for j in range(offsets[i] + 1, offsets[i + 1]):
            pair = NAMES[code[j - 1]], NAMES[code[j]]
            gaps[pair].append(int(times[j] - times[j - 1]))
            objects[pair].add(i)
    table = pairs_table(Sequences.of(offsets, code, times, len(NAMES)), NAMES)
    assert len(table) == len(gaps)
    for row in table.to_dicts():
        own = np.array(gaps[row["source"], row["target"]])
        assert row["count"] == len(own)
        assert row["objects"] == len(objects[row["source"], row["target"]])
        assert (row["min_s"], row["max_s"]) == (own.min() / SECOND, own.max() / SECOND)
        assert row["total_s"] == pytest.approx(own.sum() / SECOND, rel=1e-12)
        assert row["mean_s"] == pytest.approx(own.mean() / SECOND, rel=1e-12)
        assert row["median_s"] == pytest.approx(np.median(own) / SECOND, rel=1e-12)
        assert row["p90_s"] == pytest.approx(np.quantile(own, 0.9) / SECOND, rel=1e-12)


@FEW
@given(log=logs())
def test_activities_starts_ends_and_loops_agree_with_a_loop_over_lists(
    log: list[list[tuple[str, int]]],
) -> None:
    offsets, code, times = arrays(log)
    whole = activities_of(log)
    for a, name in enumerate(NAMES):
        at = [
            [j for j in range(offsets[i], offsets[i + 1]) if code[j] == a] for i in range(len(log))
        ]
        row = whole.figures[a]
        again = [(k, j) for own in at for k, j in itertools.pairwise(own)]
        assert row[act.ENTRIES] == sum(map(len, at))
        assert row[act.OBJECTS] == sum(1 for own in at if own)
        assert row[act.REWORKED] == sum(1 for own in at if len(own) > 1)
        assert row[act.REPEATS] == len(again)
        assert row[act.LOOPS] == sum(1 for k, j in again if j == k + 1)
        assert row[act.RETURNS] == sum(1 for k, j in again if j > k + 1)
        lost = sum(int(times[j] - times[k]) for k, j in again)
        sums = row[[act.LOOP_S, act.RETURN_S]].sum() * SECOND
        assert sums + row[[act.LOOP_NS, act.RETURN_NS]].sum() == lost
        assert row[act.STARTS] == sum(1 for t in log if t[0][0] == name)
        assert row[act.ENDS] == sum(1 for t in log if t[-1][0] == name)
        if row[act.ENTRIES]:
            own_times = [int(times[j]) for own in at for j in own]
            assert (row[act.FIRST], row[act.LAST]) == (min(own_times), max(own_times))


@FEW
@given(log=logs())
def test_variants_agree_with_a_dictionary_of_tuples(log: list[list[tuple[str, int]]]) -> None:
    truth = Counter(tuple(a for a, _ in trace) for trace in log)
    offsets, code, times = arrays(log)
    groups = group_variants(offsets, code, NAMES)
    table = top_variants_table(groups, offsets, code, spans_of(offsets, times), NAMES, 99)
    assert {tuple(r["activities"]): r["objects"] for r in table.to_dicts()} == dict(truth)
    assert table["objects"].to_list() == sorted(truth.values(), reverse=True)
    for row in table.to_dicts():
        spans = [
            int(times[offsets[i + 1] - 1] - times[offsets[i]])
            for i, trace in enumerate(log)
            if [a for a, _ in trace] == row["activities"]
        ]
        assert row["mean_s"] == pytest.approx(np.mean(spans) / SECOND, rel=1e-12)
        assert row["median_s"] == pytest.approx(np.median(spans) / SECOND, rel=1e-12)


def test_sequences_whose_hashes_collide_stay_apart() -> None:
    offsets, code, _ = arrays([[("a", 0)], [("b", 0)], [("a", 0), ("b", 1)], [("b", 0)]])
    collided = np.zeros((4, 2), np.uint64)
    assert representatives(offsets, code, collided).tolist() == [0, 1, 2, 1]


def test_a_variant_hash_depends_on_names_and_not_on_codes() -> None:
    offsets = np.array([0, 2], np.int64)
    one = group_variants(offsets, np.array([0, 1], np.uint8), ("a", "b"))
    two = group_variants(offsets, np.array([3, 0], np.uint16), ("b", "x", "y", "a"))
    assert np.array_equal(one.hashes, two.hashes)


@pytest.mark.parametrize("width", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_neither_threads_nor_runs_nor_code_width_change_a_figure(
    width: Any, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    lengths = rng.integers(1, 30, 2_000)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    code = rng.integers(0, 200, offsets[-1])
    times = np.sort(rng.integers(0, 10**17, offsets[-1]))
    names = [f"n{i}" for i in range(200)]
    expected = pairs_table(Sequences.of(offsets, code.astype(np.uint32), times, 200), names, 1)
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 977)
    monkeypatch.setattr(chunks.object_chunks, "__defaults__", (977,))
    data = Sequences.of(offsets, code.astype(width), times, 200)
    assert pairs_table(data, names, threads).equals(expected)
    whole = act.aggregate_activities(offsets, code.astype(width), times, 200, threads)
    assert whole.figures[:, act.ENTRIES].sum() == offsets[-1]
    assert group_variants(offsets, code.astype(width), names, threads).variants == len(
        {tuple(code[a:b]) for a, b in itertools.pairwise(offsets)}
    )


def test_many_thousand_activities_need_no_square_table() -> None:
    count = 60_000
    code = np.arange(count, dtype=np.uint32)
    times = np.arange(count, dtype=np.int64) * SECOND
    offsets = np.array([0, count], np.int64)
    table = pairs_table(Sequences.of(offsets, code, times, count), [str(i) for i in range(count)])
    assert len(table) == count - 1
    assert table["median_s"].unique().to_list() == [1.0]


@FEW
@given(
    values=st.lists(st.integers(0, 2**62), min_size=1, max_size=60),
    p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)
def test_quantiles_are_exact_and_merged_ones_within_their_stated_error(
    values: list[int], p: float
) -> None:
    own = np.array(values, np.int64)
    exact = group_quantiles(own.copy(), np.array([0, len(own), len(own)]), (p,))
    assert exact[0, 0] == pytest.approx(np.quantile(own.astype(float), p), rel=1e-12)
    assert np.isnan(exact[1, 0])
    rough = LogHistogram.of(np.zeros(len(own), np.int64), own).quantile(0, p)
    lower = float(np.quantile(own, p, method="lower"))
    assert abs(rough - lower) <= RELATIVE_ERROR * lower


def test_sums_of_times_that_overflow_64_bits_stay_exact() -> None:
    century = 100 * 365 * 86_400 * SECOND
    objects = 200
    offsets = np.arange(0, 2 * objects + 1, 2).astype(np.int64)
    times = np.tile(np.array([0, century + 1], np.int64), objects)
    whole = aggregate_pairs(Sequences.of(offsets, np.zeros(2 * objects, np.uint8), times, 1))
    total = int(whole.total_s[0]) * SECOND + int(whole.total_ns[0])
    assert total == objects * (century + 1)
    assert total > np.iinfo(np.int64).max


def test_synchronisation_sums_merge() -> None:
    rng = np.random.default_rng(1)
    parts = [
        SynchronisationAggregate(
            rng.integers(0, 9, (3, 2)), rng.integers(0, 10**9, (3, 2, 2, 4))
        ).merge(SynchronisationAggregate.zero(3, 2))
        for _ in range(3)
    ]
    a, b, c = parts
    assert same(a.merge(b).merge(c), a.merge(b.merge(c)))


def view_of(traces: list[Trace]) -> Perspective:
    return book_of(traces).perspective("case")


def test_a_hand_made_book_gives_the_same_arrays_as_its_lists() -> None:
    view = view_of([[("a", 1), ("b", 2)], [("b", 0)]])
    assert view.offsets.tolist() == [0, 2, 3]
    assert [view.activities[c] for c in view.activity] == ["a", "b", "b"]
    assert isinstance(view.book, SmallBook)
