"""Charts of verdict and economy: regions hold their share, parts sum, amounts read natively."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report_results import judged, log_only, sustained
from thalweg.errors import RequestError
from thalweg.surfaces import palette, story_pictures
from thalweg.surfaces.density import outlines
from thalweg.surfaces.economy_charts import growth_chart, single_parts
from thalweg.surfaces.format_values import format_money, money_unit
from thalweg.surfaces.report.page import tables_within
from thalweg.surfaces.report.tables import Column, Table
from thalweg.surfaces.texts import LANGUAGES, load
from thalweg.surfaces.verdict_charts import REGION_COLOURS, region_chart

HOLDS = 0.03
"""Of what an outlined region holds, beside the share asked for: the grid interpolates."""


def inside(line: list[tuple[float, float]], x: Any, y: Any) -> Any:
    """Whether points lie inside a closed line, by the number of its sides they look across."""
    odd = np.zeros(len(x), bool)
    for (ax, ay), (bx, by) in zip(line, line[1:] + line[:1], strict=True):
        across = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = ax + (y - ay) * (bx - ax) / (by - ay)
        odd ^= across & (x < at)
    return odd


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    share=st.sampled_from([0.5, 0.9]),
    apart=st.sampled_from([0.0, 0.5]),
)
def test_outlines_hold_the_share_of_draws_asked_for(seed: int, share: float, apart: float) -> None:
    chance = np.random.default_rng(seed)
    x = chance.normal(0.4, 0.06, 400) + apart * (chance.random(400) < 0.5)
    y = chance.normal(0.1, 0.02, 400) + 0.2 * (x - 0.4)
    lines = outlines(x, y, share, (1.0, 0.3))
    held = np.logical_xor.reduce([inside(line, x, y) for line in lines])
    assert abs(held.mean() - share) <= HOLDS
    assert len(lines) >= (2 if apart and share == 0.5 else 1)


def test_draws_that_do_not_differ_still_have_an_outline() -> None:
    (line,) = outlines(np.full(100, 0.5), np.zeros(100), 0.9, (1.0, 0.3))
    assert inside(line, np.array([0.5]), np.array([0.0])).all()


def data_of(chart: Any) -> list[dict[str, Any]]:
    spec = chart.to_dict()
    return [row for rows in spec["datasets"].values() for row in rows]


def test_bars_of_growth_follow_one_another_and_end_at_the_growth() -> None:
    found = sustained()
    say = load("en")
    rows = data_of(growth_chart(found.decomposition, "CNY", {}, say))
    bars = sorted((r for r in rows if "start" in r), key=lambda r: r["at"])
    parts = [bar for bar in bars if bar["kind"] != "total"]
    assert [b["start"] for b in parts] == [0.0, *(b["end"] for b in parts[:-1])]
    assert parts[-1]["end"] == pytest.approx(46.0) and bars[-1]["end"] == pytest.approx(46.0)


def test_a_row_that_sums_others_is_not_drawn_beside_them() -> None:
    parts = sustained().decomposition
    whole = parts.head(1).with_columns(name=pl.lit("all"), amount=pl.lit(34e6))
    assert single_parts(pl.concat([whole, parts])).rows() == parts.rows()


def test_growth_known_by_bounds_alone_is_not_drawn() -> None:
    bounds = sustained().decomposition.with_columns(amount=pl.lit(None, pl.Float64))
    with pytest.raises(RequestError):
        story_pictures.growth(sustained(decomposition=bounds), {}, load("en"))


def test_an_axis_that_is_not_known_is_a_band_across_the_chart() -> None:
    found = judged()
    axes = found.axes.with_columns(
        pl.when(pl.col("axis") == "depth").then(pl.col(name)).alias(name)
        for name in ("value", "low", "high")
    )
    chart = region_chart(
        found.draws.clear(),
        axes,
        found.regions,
        found.thresholds,
        "not_enough_evidence",
        load("en"),
    )
    bands = [r for r in data_of(chart) if r.get("y") == -0.012 and r.get("y2") == 0.052]
    assert [(b["x"], b["x2"]) for b in bands] == [(0.0, 1.0)]


def test_nothing_known_of_either_axis_is_no_picture() -> None:
    assert story_pictures.placed(judged())
    assert not story_pictures.placed(log_only())
    with pytest.raises(RequestError, match="interventions"):
        story_pictures.region(log_only(), load("en"))


def test_names_of_regions_can_be_read_on_their_tint() -> None:
    for colour in REGION_COLOURS.values():
        tint = palette.mix((palette.PAPER, colour), 0.17)
        assert palette.contrast(palette.shade(colour), tint) >= 4.5


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (0, "CNY 0", "0 元"),
        (999.4, "CNY 999", "999 元"),
        (12_345, "CNY 12,345", "1.23 万元"),
        (99_999, "CNY 99,999", "10 万元"),
        (12_345_678, "CNY 12.3 million", "1,235 万元"),
        (123_456_789, "CNY 123 million", "1.23 亿元"),
        (-2.5e9, "−CNY 2.5 billion", "−25 亿元"),
        (None, "–", "–"),
        (float("nan"), "–", "–"),
    ],
)
def test_amounts_read_as_people_write_them(
    amount: float | None, english: str, chinese: str
) -> None:
    assert format_money(amount, "CNY", "en") == english
    assert format_money(amount, "CNY", "zh") == chinese


def test_axes_of_amounts_have_one_unit() -> None:
    assert money_unit(8.4e7, "cny", "zh") == (1e4, "万元")
    assert money_unit(8.4e8, "CNY", "zh") == (1e8, "亿元")
    assert money_unit(8.4e7, "usd", "en") == (1e6, "USD million")
    assert money_unit(0, "EUR", "zh") == (1.0, "欧元")


def test_rows_of_tables_fit_into_a_page_and_the_longest_gives_way() -> None:
    def table(key: str, rows: int) -> Table:
        cells = tuple((("x" * 50, "x" * 50),) for _ in range(rows))
        return Table(key, (Column("a", "text", ""),), cells, rows)

    data = tables_within([table("long", 4000), table("short", 20)], 60_000)
    assert len(data["short"]["rows"]) == 20
    assert 12 <= len(data["long"]["rows"]) <= 1000 and data["long"]["total"] == 4000


def test_all_regions_have_names_in_both_languages() -> None:
    for language in LANGUAGES:
        say = load(language)
        assert all(say.has(f"judge.regions.{one}") for one in REGION_COLOURS)
