"""``prove`` on whole worlds whose truth is known; the long version is ``make study``."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest
from scipy import stats

from thalweg.change.prove import prove_book
from thalweg.change.result import ProveResult
from thalweg.industry.world.spec import Archetype, WorldSpec
from thalweg.industry.world.truth import Truth, truth_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import study_worlds

RARE = 1e-4
"""Chance that a method which keeps its promise fails one of these tests."""
DRAWS = 199
SPEC = WorldSpec(
    firms=30,
    months=30,
    orders_per_firm_month=10,
    seed=7,
    interventions=("e_receipts", "slitting", "matching", "e_signing", "ai_inspection"),
)
LAYERS = ("warehousing", "settlement", "processing", "match", "contract", "quality")
HOPELESS = {"e_signing": "all firms on one day", "ai_inspection": "two firms"}


@pytest.fixture(scope="module")
def truth() -> Truth:
    return truth_of(SPEC, money=False)


@pytest.fixture(scope="module")
def headlines(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """What was told of five interventions at once, each of which is in the others' way."""
    book = study_worlds.book_of(SPEC, tmp_path_factory.mktemp("world"))
    outcomes = ["flow_h", *(f"layer_h:{layer}" for layer in LAYERS)]
    result: ProveResult = prove_book(
        book, outcomes=outcomes, draws=DRAWS, candidates=False, mechanism=False
    )
    return result.effects.filter(role="headline")


def test_intervals_hold_the_truth(headlines: pl.DataFrame, truth: Truth) -> None:
    """At least 92 of 100, in the long run: the exact binomial bound on those that were answered."""
    answered = headlines.filter(pl.col("grade").is_in(["A", "B", "C"]))
    held = [
        row["low"] <= truth.effect(row["intervention"], row["outcome"])["att"] <= row["high"]
        for row in answered.iter_rows(named=True)
    ]
    assert len(held) >= 6
    assert sum(held) >= stats.binom.ppf(RARE, len(held), 0.92)


@pytest.mark.parametrize(
    ("intervention", "layer"),
    [("e_receipts", "warehousing"), ("slitting", "processing"), ("matching", "match")],
)
def test_what_worked_is_called_an_effect_on_its_layer(
    intervention: str, layer: str, headlines: pl.DataFrame, truth: Truth
) -> None:
    outcome = f"layer_h:{layer}"
    told = headlines.filter(intervention=intervention, outcome=outcome).row(0, named=True)
    assert told["called_effect"]
    assert told["found"] == "improved"
    assert told["low"] <= truth.effect(intervention, outcome)["att"] <= told["high"]


@pytest.mark.parametrize("intervention", HOPELESS)
def test_what_nobody_can_know_is_refused_though_it_worked(
    intervention: str, headlines: pl.DataFrame, truth: Truth
) -> None:
    """One date for all, and two pilots: large true effects that no design can tell."""
    told = headlines.filter(intervention=intervention)
    assert len(told) == 2
    assert set(told["grade"]) <= {"D", "N"}
    assert not told["called_effect"].any()
    assert told["low"].null_count() == told["high"].null_count() == 2
    assert all(len(reasons) for reasons in told["reasons"])
    assert told["remedy"].null_count() == 0
    assert min(truth.effect(intervention, name)["att"] for name in told["outcome"]) < -0.3


def test_a_placebo_is_rarely_told_as_an_effect() -> None:
    """At most 6 of 100, in the long run, before and after what is refused."""
    done = [one for spec in _few("placebo", 5) for one in study_worlds.told_of(spec)]
    assert all(one.truth == 0.0 for one in done)
    most = stats.binom.ppf(1 - RARE, len(done), 0.06)
    assert sum(one.p is not None and one.p < 0.05 for one in done) <= most
    assert sum(one.called for one in done) <= most


def test_the_truth_of_one_intervention_lies_in_its_interval() -> None:
    done = [one for spec in _few("revolution", 5) for one in study_worlds.told_of(spec)]
    held = [one.held for one in done if one.held is not None]
    assert sum(held) >= stats.binom.ppf(RARE, len(held), 0.92)
    assert all(one.truth == pytest.approx(one.same) for one in done)


def _few(archetype: Archetype, runs: int) -> list[WorldSpec]:
    """Small worlds, an intervention each."""
    return study_worlds.worlds(archetype, 15, runs, 3, months=24)
