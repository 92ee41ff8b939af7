"""Depth from the records of a world is that of the world itself, and holds its truth."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from study_worlds import book_of
from thalweg.change.prove import prove_book
from thalweg.change.result import ProveResult
from thalweg.industry.world.life import live
from thalweg.industry.world.spec import WorldSpec
from thalweg.industry.writing.sides import profile_of
from thalweg.verdict.depth.measure import Depth, measure_depth
from thalweg.verdict.reach import layer_rows, reach_of
from thalweg.verdict.schema import COLUMNS, frame
from thalweg.verdict.technology import match_technology
from verdict_worlds import depth_truth, proved_of

SPEC = WorldSpec(
    "revolution",
    firms=20,
    months=24,
    orders_per_firm_month=10,
    seed=5,
    interventions=("slitting", "pooled_dispatch", "e_signing"),
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ProveResult:
    book = book_of(SPEC, tmp_path_factory.mktemp("world"))
    outcomes = ["layer", "share", "value_per_object"]
    return prove_book(
        book, outcomes=outcomes, draws=199, candidates=False, mechanism=False, threads=1
    )


@pytest.fixture(scope="module")
def depth(result: ProveResult) -> Depth:
    assert result.kept is not None
    return measure_depth(result.kept, profile_of("en"))


def test_records_and_world_give_the_same_depth(depth: Depth) -> None:
    """The short way of the study: no records written or read, no check that cannot refuse."""
    short = measure_depth(proved_of(live(SPEC)), profile_of("en"))
    for one, other in zip(depth.of("time"), short.of("time"), strict=True):
        assert (one.layer, one.known) == (other.layer, other.known)
        assert one.weight == pytest.approx(other.weight, rel=1e-3)
        assert one.depth == pytest.approx(other.depth, abs=2e-3)
        assert one.high - one.low == pytest.approx(other.high - other.low, rel=0.25, abs=1e-9)


def test_a_wide_interval_holds_the_true_depth(result: ProveResult) -> None:
    """How often one of 95 % does is for the study to say."""
    assert result.kept is not None
    depth = measure_depth(result.kept, profile_of("en"), confidence=0.999, draws=4_000)
    truth = depth_truth(live(SPEC))
    layers = depth.of("time")
    measured = {one.layer: [p.intervention for p in one.pairs if p.measured] for one in layers}
    assert {name for names in measured.values() for name in names} == {
        "slitting",
        "pooled_dispatch",
    }
    platform = depth.platform
    assert platform is not None
    assert platform.low < truth.stated(measured) < platform.high
    assert platform.least < truth.whole() < platform.most
    for one in layers:
        assert one.weight == pytest.approx(truth.weight[one.layer], rel=0.25, abs=0.003)


def test_money_and_failures_stand_beside_time(depth: Depth) -> None:
    assert set(depth.platforms) == {"time", "money", "failures"}
    assert [one.layer for one in depth.of("failures")] == ["rework", "broke_off"]
    assert depth.headline == "time"
    money = {one.layer: one for one in depth.of("money")}
    for one in depth.of("time"):
        assert money[one.layer].depth == pytest.approx(one.depth, abs=0.03)


def test_depth_and_reach_fill_the_tables_of_a_verdict(depth: Depth, result: ProveResult) -> None:
    profile = profile_of("en")
    reaches = [reach_of(depth, burden, profile) for burden in depth.platforms]
    rows = layer_rows(depth, reaches)
    assert set(rows[0]) == set(COLUMNS["layers"])
    assert len(frame("layers", rows)) == len(rows)
    assert len(frame("reach", [one.to_row() for one in reaches])) == 3
    matches = match_technology(result, None, profile=profile)
    found = {one.intervention: one for one in matches}
    assert found["e_signing"].match == "unproven"
    assert found["e_signing"].eligible_share == 1.0
    assert found["slitting"].eligible_share == pytest.approx(0.75)
    assert len(frame("technology", [one.to_row() for one in matches])) == 3
