"""Comparing two groups: intervals that cover, discoveries that hold, no claim of an effect."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from process_helpers import book_of
from thalweg.errors import RequestError
from thalweg.process.compare import compare_groups, compare_periods
from thalweg.process.compare_study import compare_study
from thalweg.process.contrasts import Clustered, adjusted, clustered_means, means, proportions


def groups(slow_by: float, seed: int = 1, objects: int = 150):  # type: ignore[no-untyped-def]
    """Objects a → b → c, with an activity ``left`` or ``right`` in front that tells the group."""
    rng = np.random.default_rng(seed)
    traces = {}
    for i in range(2 * objects):
        name, factor = ("right", slow_by) if i % 2 else ("left", 1.0)
        t0 = i * 1_000
        t1 = t0 + rng.lognormal(6, 0.5)
        t2 = t1 + rng.lognormal(6, 0.5) * factor
        traces[f"o{i}"] = [(name, t0), ("a", t0), ("b", t1), ("c", t2)]
    return book_of(traces)


def test_a_slower_step_is_found_and_the_others_are_not() -> None:
    result = compare_groups(groups(2.0), ["activity=left"], ["activity=right"], filters=[])
    slow = result.paths.filter(result.paths["differs"])
    inner = {
        (r["source"], r["target"], r["measure"]) for r in slow.to_dicts() if r["source"] in "abc"
    }
    assert inner == {("b", "c", "mean_s"), ("b", "c", "median_s")}
    row = next(r for r in slow.to_dicts() if r["source"] == "b" and r["measure"] == "median_s")
    assert row["low"] < row["difference"] < row["high"]
    assert row["low"] > 0
    assert result.warnings[0] == "difference_is_no_effect"
    assert result.left["objects"] == result.right["objects"] == 150


def test_the_result_is_json_and_its_fingerprint_names_the_question() -> None:
    book = groups(1.0)
    one = compare_groups(book, ["activity=left"], ["activity=right"])
    two = compare_groups(book, ["activity=right"], ["activity=left"])
    assert one.fingerprint != two.fingerprint
    body = json.loads(json.dumps(one.to_json()))
    assert body["schema"] == "thalweg.compare/1"
    assert body["left"]["filters"] == ["activity=left"]
    flipped = {
        tuple(r[k] for k in ("source", "target", "measure")): r for r in two.paths.to_dicts()
    }
    for row in one.paths.to_dicts():
        other = flipped[row["source"], row["target"], row["measure"]]
        for here, there in ((row["difference"], other["difference"]), (row["low"], other["high"])):
            assert (here is None) == (there is None)
            assert here is None or here == pytest.approx(-there, abs=1e-9)
        assert row["p"] == (None if other["p"] is None else pytest.approx(other["p"]))


def test_one_group_can_stand_against_all_other_objects() -> None:
    book = groups(1.0)
    one = compare_groups(book, "activity=left", "activity!=left")
    two = compare_groups(book, "activity=left")
    assert one.paths.equals(two.paths)
    assert (two.right["filters"], two.right["objects"]) == (None, 150)
    both = compare_groups(book, "activity=left; duration<15min", "activity=left; duration>=15min")
    assert both.left["filters"] == ["activity=left", "duration<15min"]


def test_periods_compare_the_objects_that_began_in_them() -> None:
    cut = datetime.fromtimestamp(150_000, UTC)
    first = (datetime.fromtimestamp(0, UTC), cut)
    second = (cut, datetime.fromtimestamp(300_000, UTC))
    result = compare_periods(groups(1.0), first, second)
    assert result.left["objects"] == result.right["objects"] == 150
    assert result.request["left"][0].startswith("time.started:1970-01-01")


def test_groups_that_share_objects_or_are_empty_are_refused() -> None:
    with pytest.raises(RequestError, match="300 objects are in both groups"):
        compare_groups(groups(1.0), ["activity=a"], ["activity=b"])
    with pytest.raises(RequestError, match="right group holds no object"):
        compare_groups(groups(1.0), ["activity=left"], ["activity=right", "activity=left"])


def test_steps_that_too_few_objects_have_are_shown_but_not_tested() -> None:
    rare = {f"r{i}": [("left", 0), ("x", i), ("y", 2 * i + 3)] for i in range(5)}
    many = {f"m{i}": [("right", 0), ("x", i), ("y", 3 * i)] for i in range(50)}
    result = compare_groups(book_of({**rare, **many}), ["activity=left"], ["activity=right"])
    row = next(
        r
        for r in result.paths.to_dicts()
        if (r["source"], r["target"], r["measure"]) == ("x", "y", "mean_s")
    )
    assert (row["left"], row["p"], row["low"], row["differs"]) == (5.0, None, None, False)
    assert result.untested > 0
    assert "few_objects" in result.warnings


def test_intervals_cover_and_false_discoveries_stay_rare_where_the_truth_is_known() -> None:
    study = compare_study(runs=40, objects=200, seed=5)
    for measure, coverage in study.coverage.items():
        assert 0.93 <= coverage <= 0.985, measure
    assert study.false_discovery_rate <= 0.05
    assert study.power > 0.3


@settings(max_examples=80, deadline=None)
@given(p=st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=30))
def test_the_correction_is_benjamini_and_hochbergs(p: list[float]) -> None:
    assert adjusted(p) == pytest.approx(stats.false_discovery_control(p, method="bh").tolist())
    assert isnan(adjusted([*p, float("nan")])[-1])
    assert adjusted([*p, float("nan")])[:-1] == adjusted(p)


@settings(max_examples=60, deadline=None)
@given(x1=st.integers(0, 12), n1=st.integers(12, 40), x2=st.integers(0, 12), n2=st.integers(12, 40))
def test_rare_proportions_are_tested_exactly(x1: int, n1: int, x2: int, n2: int) -> None:
    ours = proportions(x1, n1, x2, n2, 0.95)
    pooled = (x1 + x2) / (n1 + n2)
    if min(n1, n2) * min(pooled, 1 - pooled) < 10:
        theirs = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]]).pvalue
        assert ours.p == pytest.approx(theirs, abs=1e-6)
    assert ours.low - 1e-12 <= ours.difference <= ours.high + 1e-12


def test_newcombes_published_example() -> None:
    """56 of 70 against 48 of 80: 0.20 with 0.0524 to 0.3339 (Newcombe 1998, table II a, method 10)."""
    found = proportions(48, 80, 56, 70, 0.95)
    assert (found.difference, found.low, found.high) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=5e-5
    )


def test_means_of_independent_objects_are_compared_as_welch_does() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, 25), rng.normal(0.6, 2, 40)
    ours = means(a.mean(), a.var(ddof=1) / 25, 25, b.mean(), b.var(ddof=1) / 40, 40, 0.95)
    theirs = stats.ttest_ind(b, a, equal_var=False)
    low, high = theirs.confidence_interval(0.95)
    assert ours.p == pytest.approx(theirs.pvalue, rel=2e-3)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-3)
    single = [Clustered.of(x, np.arange(len(x))) for x in (a, b)]
    clustered = clustered_means(single[0], single[1], 0.95)
    assert (clustered.low, clustered.high) == pytest.approx((ours.low, ours.high), rel=1e-9)
