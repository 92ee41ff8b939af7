"""Reach counts layers with a bound on false ones; technology is matched by use and effect."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from thalweg.change.schema import frame
from thalweg.economy.frame import LINE_COLUMNS, PRODUCT_COLUMNS, TRAFFIC_COLUMNS, Accounts
from thalweg.surfaces.texts import LANGUAGES, load
from thalweg.verdict.depth.effects import Pair
from thalweg.verdict.depth.measure import Depth, LayerDepth, PlatformDepth
from thalweg.verdict.reach import layer_rows, lead_of, reach_of
from thalweg.verdict.technology import Match, classify, match_ratio, spend_of
from verdict_panels import profile

NAMES = ("lead", "match", "contract", "finance", "quality")


def layer(
    name: str, depth: float, spread: float, p: float | None, treated: float = 0.8
) -> LayerDepth:
    draws = depth + spread * np.random.default_rng(len(name)).standard_normal(400)
    draws += depth - draws.mean()
    everyone = np.ones(3, np.bool_)
    pair = Pair(
        "x", f"layer_h:{name}", "log", "B", True, True, -depth, np.zeros(3), spread,
        everyone, ~everyone, p,
    )  # fmt: skip
    return LayerDepth(
        layer=name,
        burden="time",
        outcome=f"layer_h:{name}",
        weight=0.2,
        baseline=10.0,
        unit="h",
        treated_share=treated,
        unmeasured_share=0.0,
        effect=depth / treated if treated else None,
        depth=depth,
        low=depth - 2 * spread,
        high=depth + 2 * spread,
        least=0.0,
        most=0.0,
        known="B" if treated else "counted",
        missing=None,
        pairs=(pair,) if treated else (),
        draws=draws,
        least_draws=draws,
        most_draws=draws,
    )


def depth_of(*layers: LayerDepth) -> Depth:
    weight = np.array([one.weight for one in layers])
    draws = weight @ np.array([one.draws for one in layers])
    low, high = np.quantile(draws, [0.025, 0.975])
    whole = float(weight @ np.array([one.depth for one in layers]))
    platform = PlatformDepth(
        "time", whole, float(low), float(high), 0, 0, 0, ("x",), (), draws, draws, draws
    )
    return Depth("time", layers, {"time": platform}, None, {}, 0.95)


def test_layers_count_that_surely_lost_what_matters() -> None:
    depth = depth_of(
        layer("match", 0.30, 0.02, 0.001),
        layer("contract", 0.30, 0.02, 0.001),
        layer("finance", 0.06, 0.02, 0.001),
        layer("quality", 0.30, 0.02, 0.20),
        layer("lead", 0.0, 0.0, None, treated=0.0),
    )
    reach = reach_of(depth, "time", profile(*NAMES))
    assert (reach.reached, reach.of_layers) == (2, 4)
    assert reach.counted == ("match", "contract")
    assert reach.p["match"] == pytest.approx(4 * 0.0005)
    assert reach.p["quality"] == pytest.approx(0.3085, rel=0.4)
    rows = {row["layer"]: row for row in layer_rows(depth, [reach])}
    assert [rows[name]["counted"] for name in ("match", "finance", "lead")] == [True, False, False]
    assert rows["lead"]["p"] is None


def test_harm_is_never_reach() -> None:
    reach = reach_of(depth_of(layer("match", -0.3, 0.02, 0.001)), "time", profile(*NAMES))
    assert reach.reached == 0
    assert reach.p["match"] > 0.99


def test_false_layers_are_rare_over_many_platforms() -> None:
    """Ten layers that lost exactly what does not matter yet: at most 5 % of platforms get one."""
    rng = np.random.default_rng(8)
    chain, false = profile(*NAMES), 0
    for _ in range(300):
        layers = [
            layer(f"l{k}", 0.05 + 0.02 * z, 0.02, 1e-6) for k, z in enumerate(rng.normal(size=10))
        ]
        false += (reach_of(depth_of(*layers), "time", chain).reached or 0) > 0
    assert 0 < false / 300 <= 0.08


def test_the_part_beyond_the_lead_layer() -> None:
    chain = profile(*NAMES)
    assert lead_of(chain) == "lead"
    assert lead_of(profile("search", "sell")) == "search"
    both = depth_of(layer("lead", 0.1, 0.005, 0.001), layer("match", 0.3, 0.005, 0.001))
    reach = reach_of(both, "time", chain)
    assert reach.beyond == pytest.approx(0.75)
    assert reach.low is not None
    assert reach.high is not None
    assert reach.low < 0.75 < reach.high
    nothing = depth_of(layer("lead", 0.1, 0.2, 0.5), layer("match", 0.0, 0.2, 0.9))
    assert reach_of(nothing, "time", chain).beyond is None


def effect(**given: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "intervention": "x",
        "outcome": "layer_h:match",
        "role": "headline",
        "outcome_kind": "layer",
        "found": "no_change_shown",
        "grade": "C",
        "better": "lower",
        "p": 0.4,
        "relative": -0.01,
        "relative_low": -0.08,
        "relative_high": 0.06,
    }
    return plain | given


@pytest.mark.parametrize(
    ("rows", "units", "events", "wanted"),
    [
        ([effect(found="improved", grade="B")], 0.8, 0.9, ("matched", "works_and_spread")),
        ([effect(found="improved", grade="B")], 0.3, 0.3, ("spread_ready", "works")),
        ([effect()], 0.8, 0.8, ("ineffective", "no_effect_seen")),
        ([effect(relative_low=-0.03)], 0.8, 0.8, ("ineffective", "effect_ruled_out")),
        ([effect(found="worsened", grade="A")], 0.8, 0.8, ("ineffective", "made_worse")),
        (
            [effect(grade="N", found="not_an_effect")],
            0.8,
            0.8,
            ("unproven", "no_identified_design"),
        ),
        ([effect(grade="N", found="not_an_effect")], 0.1, 0.1, ("shelf", "hardly_used")),
        ([effect()], 0.1, 0.05, ("shelf", "hardly_used")),
        ([effect()], 0.1, 0.6, ("ineffective", "no_effect_seen")),
        ([], 0.8, None, ("unproven", "no_identified_design")),
        (
            [effect(), effect(found="improved", outcome_kind="flow", outcome="flow_h")],
            0.8,
            0.8,
            ("ineffective", "no_effect_seen"),
        ),
    ],
)
def test_classes_of_technology(
    rows: list[dict[str, Any]], units: float, events: float | None, wanted: tuple[str, str]
) -> None:
    assert classify(frame("effects", rows), units, events, 0.05) == wanted


def accounts(*lines: dict[str, Any]) -> Accounts:
    filled = [{name: line.get(name) for name in LINE_COLUMNS} for line in lines]
    return Accounts(
        currency="CNY",
        months=(date(2024, 1, 1),),
        units=("U1",),
        platform="P",
        lines=pl.DataFrame(filled, schema=LINE_COLUMNS),
        traffic=pl.DataFrame(schema=TRAFFIC_COLUMNS),
        products=pl.DataFrame(schema=PRODUCT_COLUMNS),
        paused=pl.DataFrame(schema={"party": pl.String, "month": pl.Date, "channel": pl.String}),
    )


def test_spend_is_the_ledgers_else_the_tables() -> None:
    ledger = accounts(
        {"product": "x", "account": "research", "amount": -500.0},
        {"product": "x", "account": "rollout", "amount": -70.0},
        {"product": "x", "account": "revenue", "amount": 9_000.0},
        {"product": "y", "account": "rollout", "amount": -1.0},
    )
    table = pl.DataFrame({"id": ["x", "x", "z"], "cost": [1.0, 2.0, 4.0], "currency": ["EUR"] * 3})
    assert spend_of("x", ledger, table) == (570.0, "CNY")
    assert spend_of("z", ledger, table) == (4.0, "EUR")
    assert spend_of("x", None, table) == (3.0, "EUR")
    assert spend_of("w", ledger, None) == (None, None)


def test_match_ratio_is_of_technology_spend() -> None:
    def match(name: str, spend: float | None, kind: str, found: Any) -> Match:
        return Match(name, kind, spend, "CNY", 1.0, 1.0, None, None, "B", found, "works")

    both = [
        match("a", 300.0, "technology", "matched"),
        match("b", 100.0, "technology", "shelf"),
        match("c", 999.0, "model", "matched"),
    ]
    assert match_ratio(both) == pytest.approx(0.75)
    assert match_ratio([match("a", None, "technology", "matched")]) is None
    assert match_ratio([match("c", 10.0, "model", "matched")]) == 1.0
    assert match_ratio([]) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_class_has_words(language: str) -> None:
    say = load(language)
    codes = ["works_and_spread", "works", "hardly_used", "no_identified_design", "made_worse"]
    codes += ["effect_ruled_out", "no_effect_seen"]
    assert set(say.under("judge.technology")) == set(codes)
