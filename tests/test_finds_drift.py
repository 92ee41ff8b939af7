"""Drift finds the known changes of logs, says when and what, and is silent on stationary logs."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import thalweg
from process_helpers import SmallBook, book_of
from thalweg.errors import RequestError
from thalweg.process.drift.drift import DriftResult, drift_book, find_drift
from thalweg.process.drift.drift_study import drift_study
from thalweg.process.drift.place import step_interval
from thalweg.process.drift.schema import COLUMNS, drift_json_schema
from thalweg.process.drift.scores import Log, score, watch
from thalweg.process.drift.segments import (
    _covariances,
    _memory,
    gather_units,
    inflation,
    inflow_sums,
    memory_units,
)
from thalweg.process.drift.shuffles import (
    Columns,
    Splits,
    best_split,
    observed,
    seeded_intervals,
    shuffle_test,
)
from thalweg.process.drift.simulated import SCENARIOS, Change, simulate
from thalweg.surfaces.cli import commands
from thalweg.surfaces.cli.app import app
from thalweg.surfaces.texts import LANGUAGES, load

RUNS = 40
MOST_ALARMS = 6
"""With a true rate of 5%, more than 6 alarms in 40 runs have a chance of 1.4% (binomial)."""


@pytest.fixture(scope="session")
def drift_books(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("drift")
    names = {
        "mxml": "drift/[2 250]-[0, 259, 555].mxml.gz",
        "moves": "drift/ConditionalMove_timestamp_sorted.xes.gz",
    }
    for name, path in names.items():
        thalweg.ingest(logs / path, into=folder / name)
    return {name: folder / name for name in names}


@pytest.fixture(scope="session")
def mxml(drift_books: dict[str, Path]) -> DriftResult:
    return drift_book(thalweg.open_book(drift_books["mxml"]))


def test_the_one_change_of_the_mxml_log_is_found_where_its_name_says(mxml: DriftResult) -> None:
    (change,) = mxml.changes.to_dicts()
    assert change["kind"] == "control_flow"
    assert change["rank_low"] <= 259 <= change["rank_high"] + 1
    assert abs(change["rank"] - 259) <= 10
    assert change["p_adjusted"] <= 0.05


def test_the_nine_changes_of_conditional_move_are_found_and_no_other(
    drift_books: dict[str, Path],
) -> None:
    found = drift_book(thalweg.open_book(drift_books["moves"]), kinds=["control_flow"]).changes
    truth = [1_000 * k for k in range(1, 10)]
    assert len(found) == len(truth)
    assert max(abs(at - true) for at, true in zip(found["rank"], truth, strict=True)) <= 50
    assert (found["shape"] != "").all()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_stationary_log_gives_no_alarm_more_often_than_promised(scenario: str) -> None:
    found = drift_study(scenario, 400, RUNS, seed=3)  # type: ignore[arg-type]
    assert found.alarms * RUNS <= MOST_ALARMS


def test_a_change_of_paths_and_one_of_times_are_found_and_named() -> None:
    for change, kind in ((Change(300, paths=0.4), "control_flow"), (Change(300, times=3), "times")):
        log = simulate("markov", 700, np.random.default_rng(5), change)
        _, found = find_drift(log, seed=1)
        (only,) = found[kind].changes  # type: ignore[index]
        assert abs(only.at - 300) <= 20
        ((_, differences),) = found[kind].differences()  # type: ignore[index]
        first = differences[0]
        assert first.p_adjusted < 0.001
        if kind == "control_flow":
            assert first.source in {"a004", "a005", "a006"} or first.target == "a006"
        else:
            assert first.source == "a000"


def test_the_end_of_the_records_is_no_change() -> None:
    """Objects cut off at the end look like those of the same age before."""
    log = simulate("markov", 700, np.random.default_rng(8))
    horizon = int(np.quantile(log.time_ns[log.offsets[:-1]], 0.97))
    keep = log.time_ns <= horizon
    counts = np.add.reduceat(keep, log.offsets[:-1])
    offsets = np.concatenate(([0], np.cumsum(counts[counts > 0]))).astype(np.int64)
    cut = replace(log, offsets=offsets, activity=log.activity[keep], time_ns=log.time_ns[keep])
    watched, found = find_drift(cut, seed=2)
    assert watched.left_out > 0
    assert all(own.changes == [] for own in found.values())


def test_the_interval_of_a_step_holds_the_true_place_as_often_as_it_says() -> None:
    """95% of 200 runs; fewer than 182 have a chance below 1.5% (binomial)."""
    held = 0
    for stream in np.random.SeedSequence(11).spawn(200):
        rng = np.random.default_rng(stream)
        y = rng.normal(0, 1, 300) + 0.8 * (np.arange(300) >= 120)
        _, low, high = step_interval(y, 1, 0.95)
        held += low <= 120 <= high
    assert held >= 182


def test_the_scan_equals_the_definition_of_its_statistics() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(3, 24))
    peak = np.array([1.0, 3.0, 0.5])
    columns = Columns(rows, np.array([1.0, 1.0, 0.0]), peak)
    splits = Splits.of(seeded_intervals(24, 8), 4)
    for k, (s, e) in enumerate(splits.intervals):
        x = rows[:, s:e]
        cuts = range(4, e - s - 3)
        gaps = np.array(
            [(x[:, :m].mean(1) - x[:, m:].mean(1)) ** 2 * m * (e - s - m) / (e - s) for m in cuts]
        )
        both = (gaps[:, :2].sum(axis=1), (gaps * peak).max(axis=1))
        for which, values in enumerate(both):
            assert observed(columns, splits)[which, k] == pytest.approx(values.max())
            found = best_split(columns, splits.intervals[k], 4, which)
            assert found == s + cuts[int(np.argmax(values))]


def test_two_statistics_together_alarm_no_more_often_than_one_test_may() -> None:
    """5% of 300 runs without change; more than 24 have a chance of 1% (binomial)."""
    splits = Splits.of(seeded_intervals(40, 8), 4)
    alarms = 0
    for stream in np.random.SeedSequence(17).spawn(300):
        rng = np.random.default_rng(stream)
        columns = Columns(rng.normal(size=(6, 40)), np.ones(6), np.ones(6))
        chance = shuffle_test(columns, splits, observed(columns, splits), 0.05, stream, 1)
        alarms += chance.p <= 0.05
    assert 4 <= alarms <= 24


def test_slow_waves_raise_the_threshold_and_independent_objects_do_not() -> None:
    found = {}
    for scenario in ("markov", "queue"):
        log = simulate(scenario, 1_000, np.random.default_rng(6))  # type: ignore[arg-type]
        own = score(log, watch(log), ["times"])["times"]
        found[scenario] = inflation(own, 0, own.objects // 2, own.objects, 4, 0.0)
    assert found["markov"] == 1
    assert found["queue"] > 3


def test_inflows_are_compared_with_what_the_steps_reached_foretell() -> None:
    """By hand from all rows: what was to be expected is the part of the whole, step by step."""
    log = simulate("many", 200, np.random.default_rng(3))
    own = score(log, watch(log), ["control_flow"])["control_flow"]
    edges = np.array([0, 50, 120, own.objects])
    total, expected = inflow_sums(own, edges)
    owner = np.repeat(np.arange(own.objects), np.diff(own.offsets))
    assert 1 in own.into and len(own.into) > 1
    for column, target in enumerate(own.into):
        for unit, (lo, hi) in enumerate(pairwise(edges)):
            mine = (owner >= lo) & (owner < hi)
            assert total[unit, column] == pytest.approx(
                own.value[mine & (own.target == target)].sum()
            )
            foretold = sum(
                own.value[mine & (own.source == source)].sum()
                * own.value[(own.source == source) & (own.target == target)].sum()
                / own.value[own.source == source].sum()
                for source in np.unique(own.source)
            )
            assert expected[unit, column] == pytest.approx(foretold)


def test_one_step_left_out_more_often_is_found_among_three_hundred() -> None:
    """Found in about 70% of logs by the largest single score, in about 3% by the sum over all:
    fewer than 3 of 8 have a chance of 1%, more than 2 without it one of 0.1%."""
    found = drift_study("many", 1_000, 8, 4, Change(400, paths=0.3))
    assert found.found >= 3 / 8


def test_seeded_intervals_hold_every_split_between_neighbours_of_both_sides() -> None:
    intervals = seeded_intervals(200, 8)
    assert intervals.min() == 0 and intervals.max() == 200
    assert ((intervals[:, 1] - intervals[:, 0]) >= 8).all()
    for split in range(10, 190):
        inside = (intervals[:, 0] <= split - 3) & (intervals[:, 1] >= split + 3)
        assert inside.any()


def test_the_memory_of_a_fading_likeness_is_read_back() -> None:
    for memory in (0.3, 1.0, 4.0):
        level, one, two = _covariances(memory)
        assert _memory((one - two) / (level - one)) == pytest.approx(memory, rel=1e-3)


def test_a_queue_has_memory_and_independent_objects_have_none() -> None:
    found = {}
    for scenario in ("markov", "queue"):
        log = simulate(scenario, 2_000, np.random.default_rng(4))  # type: ignore[arg-type]
        own = score(log, watch(log), ["times"])["times"]
        found[scenario] = memory_units(gather_units(own, 0, own.objects, 240))
    assert found["markov"] == 0
    assert found["queue"] > 1


def test_what_followed_each_step_is_counted_by_hand() -> None:
    """a-b-a-c: of two a's one leads to b, one to c; c ends the object."""
    hour = 3_600
    traces = [[("a", 0), ("b", 10), ("a", 30), ("c", 60)] for _ in range(30)]
    shifted = [[(n, t + k * hour) for n, t in trace] for k, trace in enumerate(traces)]
    view = book_of(shifted).perspective("case")
    log = Log(view.offsets, view.activity, view.time_ns, view.activities)
    watched = watch(log, window_ns=300 * 10**9)
    own = score(log, replace(watched, ends=(2,)), ["times"])["times"]
    labels = [own.relations.label(int(k)) for k in own.keys]
    assert labels == [("a", "b"), ("a", "c"), ("b", "a")]
    seconds = {labels[f]: int(r) // 10**9 for f, r in zip(own.feature, own.raw_ns, strict=True)}
    assert seconds == {("a", "b"): 10, ("a", "c"): 30, ("b", "a"): 20}


def test_the_answer_does_not_depend_on_threads_and_repeats_for_a_seed() -> None:
    log = simulate("markov", 500, np.random.default_rng(6), Change(200, paths=0.4))
    answers = [find_drift(log, seed=9, threads=n)[1] for n in (1, 2, 2)]
    for kind in ("control_flow", "times"):
        one, two, three = (a[kind] for a in answers)
        assert one.changes == two.changes == three.changes
        assert one.stretches == two.stretches == three.stretches


def party_book() -> SmallBook:
    """Party N goes another way from its 151st object on; party S never does, and T is small."""
    events = []
    rng = np.random.default_rng(3)
    for k in range(300):
        other = rng.random() < (0.1 if k < 150 else 0.9)
        steps = [("get", "N"), ("check" if other else "pass", "N"), ("put", "N")]
        steps += [("load", "S"), ("weigh" if rng.random() < 0.5 else "ship", "S"), ("done", "S")]
        steps += [("audit", "T")] if k < 20 else []
        for j, (name, party) in enumerate(steps):
            events.append((name, 10_000.0 * k + 60 * j, {"order": [f"o{k}"]}, {"firm": party}))
    return SmallBook(events, roles={"party": "firm"})


def test_a_change_at_one_party_is_found_there_and_not_at_the_others() -> None:
    result = drift_book(party_book(), by="party", kinds=["control_flow"])  # type: ignore[arg-type]
    (change,) = result.changes.to_dicts()
    assert change["group"] == "N"
    assert abs(change["rank"] - 151) <= 5
    reasons = dict(result.groups.select("group", "reason").rows())
    assert reasons["T"] == "few_objects"
    assert "few_objects" in result.warnings and "cause_unknown" in result.warnings
    assert result.tests == 3


def test_wrong_requests_are_refused_with_the_nearest_right_ones() -> None:
    book = party_book()
    for options, text in (
        ({"alpha": 0.0}, "between 0 and 1"),
        ({"kinds": ["time"]}, "times"),
        ({"by": "resource"}, "no resource"),
        ({"by": "frim"}, "firm"),
    ):
        with pytest.raises(RequestError, match=text):
            drift_book(book, **options)  # type: ignore[arg-type]


def test_every_table_has_its_columns_described_and_the_json_fits(mxml: DriftResult) -> None:
    body = json.loads(json.dumps(mxml.to_json()))
    schema = drift_json_schema()
    assert set(body) == set(schema["properties"])
    assert body["schema"] == "thalweg.drift/1"
    for name, columns in COLUMNS.items():
        table = getattr(mxml, name)
        assert isinstance(table, pl.DataFrame)
        assert table.columns == list(columns), name


def test_every_code_of_a_result_has_words() -> None:
    reasons = ("few_objects", "serial_dependence", "stretch_too_short", "no_features", "unnamed")
    warnings = (
        "cause_unknown", "serial_dependence", "seasons_not_separable", "near_the_beginning",
        "gradual", "steps_unseen", "few_objects", "groups_left_out",
    )  # fmt: skip
    for language in LANGUAGES:
        say = load(language)
        assert [c for c in reasons if not say.has(f"drift.reasons.{c}")] == []
        assert [c for c in warnings if not say.has(f"drift.warnings.{c}")] == []


def test_the_command_tells_the_change_in_both_languages(
    drift_books: dict[str, Path],
) -> None:
    assert "drift" in commands.__all__
    run = CliRunner()
    book = str(drift_books["mxml"])
    english = run.invoke(app, ["drift", book, "--kind", "control_flow"])
    assert english.exit_code == 0, english.output
    assert "One change found" in english.output and "28 Feb 2017" in english.output
    chinese = run.invoke(app, ["drift", book, "--kind", "control_flow", "--language", "zh"])
    assert "发现 1 处变化" in chinese.output
    schema = run.invoke(app, ["drift", "--schema"])
    assert json.loads(schema.output)["title"] == "Thalweg drift"


def test_a_change_is_still_found_when_every_second_object_is_looked_at() -> None:
    book = party_book()
    half = drift_book(book, by="party", kinds=["control_flow"], most_objects=150)  # type: ignore[arg-type]
    (change,) = half.changes.to_dicts()
    assert (half.objects, half.request["most_objects"], change["group"]) == (150, 150, "N")
    assert abs(change["rank"] - 76) <= 5
    whole = drift_book(book, kinds=["control_flow"])  # type: ignore[arg-type]
    same = drift_book(book, kinds=["control_flow"], most_objects=300)  # type: ignore[arg-type]
    assert same.changes.equals(whole.changes)
    with pytest.raises(RequestError, match="60 objects or more"):
        drift_book(book, most_objects=10)  # type: ignore[arg-type]
