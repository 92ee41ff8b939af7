"""A region is named only where what is not identified cannot undo it; else what would settle it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.economy.frame import (
    LINE_COLUMNS,
    PRODUCT_COLUMNS,
    TRAFFIC_COLUMNS,
    Accounts,
    Label,
)
from thalweg.economy.response.posterior import MOST_RETURN
from thalweg.records.profile.model import Thresholds
from thalweg.surfaces.texts import LANGUAGES, load
from thalweg.verdict.dependence import (
    NOTHING_BOUGHT,
    NOTHING_KNOWN,
    TOLD,
    Dependence,
    most_by_money,
    spends_nothing,
    told,
    told_in_parts,
)
from thalweg.verdict.depth.measure import Depth, PlatformDepth
from thalweg.verdict.region import SETTLES, Placed, axis_rows, place
from thalweg.verdict.result import REGIONS
from verdict_panels import months

DRAWS = 400
THRESHOLDS = Thresholds()


def depth_of(
    middle: float, spread: float = 0.01, hidden: float = 0.0, named: tuple[str, ...] = ("tool",)
) -> Depth:
    rng = np.random.default_rng(1)
    draws = middle + spread * rng.standard_normal(DRAWS)
    low, high = np.quantile(draws, [0.025, 0.975])
    platform = PlatformDepth(
        burden="time",
        depth=middle,
        low=float(low),
        high=float(high),
        least=float(low) - hidden,
        most=float(high) + hidden,
        unmeasured_share=hidden,
        interventions=named,
        layers_missing=(),
        draws=draws,
        least_draws=draws - hidden,
        most_draws=draws + hidden,
    )
    return Depth("time", (), {"time": platform}, None, {}, 0.95)


def lost(middle: float, spread: float = 0.03, known: Label = "experimental") -> Dependence:
    draws = middle + spread * np.random.default_rng(2).standard_normal(DRAWS)
    low, high = np.quantile(draws, [0.025, 0.975])
    return told(known, draws, middle, (float(low), float(high)))


def placed(depth: Depth | None, dependence: Dependence) -> Placed:
    return place(depth, dependence, THRESHOLDS)


@pytest.mark.parametrize(
    ("depth", "dependence", "verdict"),
    [
        (0.20, lost(0.05), "industrial_revolution"),
        (0.20, lost(0.50), "transition"),
        (0.02, lost(0.50), "traffic_war"),
        (0.02, NOTHING_BOUGHT, "quiet_trade"),
    ],
)
def test_each_region_has_its_name(depth: float, dependence: Dependence, verdict: str) -> None:
    found = placed(depth_of(depth), dependence)
    assert found.verdict == verdict
    assert found.settle == ()
    assert found.reasons
    assert found.probabilities[found.verdict] > 0.8  # type: ignore[index]


def test_two_absences_are_not_shown_by_two_estimates() -> None:
    found = placed(depth_of(0.0), lost(0.08))
    assert found.verdict == "not_enough_evidence"
    assert found.reasons == ("absence_not_shown",)
    assert found.probabilities["quiet_trade"] > 0.9


@pytest.mark.parametrize("known", [one for one in get_args(Label) if one not in TOLD])
def test_what_only_a_model_separates_names_no_region(known: Label) -> None:
    found = placed(depth_of(0.3), lost(0.6, known=known))
    assert found.verdict == "not_enough_evidence"
    assert "pause_traffic" in found.settle


def test_what_is_hidden_counts_against_the_name() -> None:
    assert placed(depth_of(0.2, hidden=0.05), lost(0.05)).verdict == "industrial_revolution"
    deep = placed(depth_of(0.2, hidden=0.12), lost(0.05))
    assert (deep.verdict, deep.reasons) == ("not_enough_evidence", ("depth_hidden",))
    shallow = placed(depth_of(0.02, hidden=0.12), lost(0.5))
    assert (shallow.verdict, shallow.settle) == ("not_enough_evidence", ("stagger",))


@pytest.mark.parametrize(
    ("depth", "dependence", "reasons"),
    [
        (None, NOTHING_KNOWN, ("no_layer_measured", "no_ledger")),
        (depth_of(0.0, named=()), lost(0.5), ("depth_not_measured",)),
        (depth_of(0.1, 0.02), lost(0.5), ("depth_undecided",)),
        (depth_of(0.2), lost(0.25, 0.1), ("dependence_undecided",)),
        (depth_of(0.1, 0.02), lost(0.25, 0.1), ("depth_undecided", "dependence_undecided")),
        (depth_of(0.11, 0.01), lost(0.28, 0.03), ("joint_undecided",)),
    ],
)
def test_a_declined_verdict_says_why_and_what_would_settle_it(
    depth: Depth | None, dependence: Dependence, reasons: tuple[str, ...]
) -> None:
    found = placed(depth, dependence)
    assert found.verdict == "not_enough_evidence"
    assert found.reasons == reasons
    assert found.settle[0] == SETTLES[reasons[0]][0]


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-0.1, 0.5),
    st.floats(0.001, 0.2),
    st.floats(0, 0.3),
    st.floats(-0.1, 0.9),
    st.sampled_from(TOLD),
)
def test_probabilities_sum_and_a_name_never_exceeds_what_holds(
    depth: float, spread: float, hidden: float, middle: float, known: Label
) -> None:
    found = placed(depth_of(depth, spread, hidden), lost(middle, known=known))
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    for region in REGIONS:
        assert found.held[region] <= found.probabilities[region] + 1e-12
    if found.verdict != "not_enough_evidence":
        assert found.held[found.verdict] >= THRESHOLDS.probability


@pytest.mark.parametrize(
    ("whole", "traffic", "verdict", "reason"),
    [
        (0.50, 0.30, "transition", "subsidy_counted_against"),
        (0.31, 0.05, "not_enough_evidence", "dependence_hidden"),
        (0.10, 0.05, "industrial_revolution", "subsidy_counted_against"),
        (0.20, 0.04, "not_enough_evidence", "dependence_hidden"),
    ],
)
def test_what_a_model_says_of_subsidy_is_counted_down_or_up(
    whole: float, traffic: float, verdict: str, reason: str
) -> None:
    plain = lost(whole, 0.02, "model_only")
    parted = told_in_parts(plain, plain.draws - (whole - traffic))
    assert parted.least_draws.mean() == pytest.approx(traffic + (whole - traffic) / 1.5, abs=0.01)
    found = placed(depth_of(0.2), parted)
    assert found.verdict == verdict
    assert reason in found.reasons


@pytest.mark.parametrize(
    ("most", "verdict"), [(0.12, "industrial_revolution"), (0.40, "not_enough_evidence")]
)
def test_so_little_spent_bought_no_dependence(most: float, verdict: str) -> None:
    for unsure in (lost(0.05, known="model_only"), Dependence(None, None, None, "bounds")):
        found = placed(depth_of(0.2), replace(unsure, by_money=most))
        assert found.verdict == verdict
    wrong = placed(depth_of(0.2), replace(lost(0.5, known="model_only"), by_money=most))
    assert wrong.verdict == verdict


def test_the_most_that_money_can_buy_is_counted() -> None:
    rows = [
        {"account": "revenue", "amount": 1_000.0},
        {"account": "marketing", "amount": -20.0},
        {"account": "subsidy", "amount": -5.0},
        {"account": "operations", "amount": -300.0},
    ]
    year = months(14)
    held = accounts(year, [row | {"month": month} for row in rows for month in year])
    assert most_by_money(held) == pytest.approx(MOST_RETURN * 25 / 1_000)
    assert not spends_nothing(held)
    spent = pl.DataFrame(
        [{"month": month, "spend": 30.0} for month in year], schema=TRAFFIC_COLUMNS
    )
    assert most_by_money(replace(held, traffic=spent)) == pytest.approx(MOST_RETURN * 35 / 1_000)
    unmapped = accounts(
        year,
        [
            {"account": "revenue", "amount": 9.0, "month": year[-1]},
            {"account": "other", "amount": -1.0, "month": year[-1]},
        ],
    )
    assert most_by_money(unmapped) is None
    assert not spends_nothing(unmapped)
    sold = [{"account": "revenue", "amount": 9.0, "month": month} for month in year]
    costs = [{"account": "operations", "amount": -1.0, "month": month} for month in year]
    blind = accounts(year, sold)
    assert not spends_nothing(blind)
    assert most_by_money(blind) is None
    plain = accounts(year, [*sold, *costs])
    assert spends_nothing(plain)
    assert most_by_money(plain) == 0.0


def accounts(year: tuple[date, ...], rows: list[dict[str, Any]]) -> Accounts:
    filled = [{name: row.get(name) for name in LINE_COLUMNS} for row in rows]
    return Accounts(
        currency="CNY",
        months=year,
        units=(),
        platform="platform",
        lines=pl.DataFrame(filled, schema=LINE_COLUMNS),
        traffic=pl.DataFrame(schema=TRAFFIC_COLUMNS),
        products=pl.DataFrame(schema=PRODUCT_COLUMNS),
        paused=pl.DataFrame(schema={"party": pl.String, "month": pl.Date, "channel": pl.String}),
    )


def test_a_subsidy_that_seems_to_do_harm_is_no_help() -> None:
    plain = lost(0.3, 0.02, "model_only")
    parted = told_in_parts(plain, plain.draws + 0.1)
    assert (parted.least_draws == plain.draws).all()
    assert (parted.most_draws == plain.draws).all()


def test_thresholds_of_the_profile_decide() -> None:
    strict = Thresholds(depth=0.3, dependence=0.6, probability=0.9, layer=0.05)
    assert place(depth_of(0.2), lost(0.7), strict).verdict == "traffic_war"


def test_joint_draws_are_those_of_the_axes() -> None:
    found = placed(depth_of(0.2), lost(0.5))
    rows = found.draw_rows()
    assert len(rows) == DRAWS
    assert np.mean([row["depth"] for row in rows]) == pytest.approx(0.2, abs=0.01)
    assert np.mean([row["dependence"] for row in rows]) == pytest.approx(0.5, abs=0.01)
    assert [row["region"] for row in found.region_rows()] == list(REGIONS)


def test_axes_are_told_with_their_bounds() -> None:
    depth, dependence = axis_rows(depth_of(0.2, hidden=0.05), lost(0.5), None)
    assert depth["least"] < depth["low"] < depth["value"] < depth["high"] < depth["most"]
    assert (dependence["value"], dependence["known"]) == (0.5, "experimental")
    unknown = axis_rows(None, NOTHING_KNOWN, "no_interventions")
    assert [row["missing"] for row in unknown] == ["no_interventions", "no_ledger"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    say = load(language)
    named = ["deep_shown", "shallow_under_bounds", "dependent_shown", "self_standing_shown"]
    reasons = [
        *SETTLES,
        *named,
        "nothing_bought",
        "bounds_counted_against",
        "subsidy_counted_against",
    ]
    keys = [f"judge.reasons.{code}" for code in reasons]
    keys += [f"judge.settle.{code}" for codes in SETTLES.values() for code in codes]
    assert [key for key in keys if not say.has(key)] == []
