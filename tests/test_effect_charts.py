"""Charts of effects show what the tables say, in both languages."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import polars as pl
import pytest

from thalweg.surfaces.chart_frame import chart_svg
from thalweg.surfaces.effect_charts import (
    MOST_COHORTS,
    MOST_UNITS,
    cohort_paths_chart,
    event_study_chart,
    forest_chart,
    sensitivity_chart,
    staircase_chart,
    weights_chart,
)
from thalweg.surfaces.texts import load

LANGUAGES = ("en", "zh")
MONTHS = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(24)]


def drawn(chart: Any, language: str = "en") -> str:
    return chart_svg(chart, load(language).language)


def told(svg: str) -> list[str]:
    """What a screen reader says of the marks."""
    return re.findall(r'aria-label="([^"]*)"', svg)


def effects() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "label": ["Slitting · processing", "Signing · contract", "Pilot · quality"],
            "relative": [-0.22, -0.5, None],
            "relative_low": [-0.28, -0.6, None],
            "relative_high": [-0.16, -0.4, None],
            "grade": ["A", "D", "N"],
        }
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_forest_marks_effects_and_names_what_is_none(language: str) -> None:
    say = load(language)
    svg = drawn(forest_chart(effects(), say), language)
    marks = [text for text in told(svg) if "%" in text]
    assert len(marks) == 1
    assert "−22%" in marks[0]
    assert say("effects.unmarked.D") in svg
    assert say("effects.unmarked.N") in svg
    assert "−50%" not in " ".join(marks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_event_study_draws_every_step_of_both_methods(language: str) -> None:
    say = load(language)
    path = pl.DataFrame(
        {
            "method": ["imputation"] * 3 + ["callaway_santanna"] * 3,
            "every": ["month"] * 6,
            "horizon": [-1, 0, 1] * 2,
            "value": [0.01, -0.1, -0.2] * 2,
            "low": [-0.04, -0.15, -0.25] * 2,
            "high": [0.06, -0.05, -0.15] * 2,
            "relative": [True] * 6,
        }
    )
    svg = drawn(event_study_chart(path, say), language)
    names = [say(f"effects.methods.{m}") for m in ("imputation", "callaway_santanna")]
    assert [sum(name in text for text in told(svg)) for name in names] == [3, 3]
    assert say("effects.since.month") in svg


def test_a_staircase_counts_units_that_joined_and_left() -> None:
    rollout = pl.DataFrame(
        {
            "name": ["Slitting"] * 3,
            "from": [date(2023, 2, 1), date(2023, 2, 1), date(2023, 5, 1)],
            "to": [None, date(2023, 8, 1), None],
            "until": [date(2024, 1, 1)] * 3,
        }
    )
    chart = staircase_chart(rollout, load("en"))
    (rows,) = chart.to_dict()["datasets"].values()
    assert [row["units"] for row in rows] == [0, 2, 3, 2, 2]


def test_neighbouring_cohorts_are_drawn_together_with_the_mean_over_their_units() -> None:
    cohorts = MONTHS[6 : 6 + 2 * MOST_COHORTS]
    raw = pl.DataFrame(
        [
            {"cohort": cohort, "period": month, "mean": float(k), "units": 1 + k % 2}
            for k, cohort in enumerate(cohorts)
            for month in MONTHS
        ]
    )
    chart = cohort_paths_chart(raw, "h", load("en"))
    (rows,) = chart.to_dict()["datasets"].values()
    first = [row for row in rows if row["what"] == "1 Jul 2023–1 Aug 2023"]
    assert len({row["what"] for row in rows}) == MOST_COHORTS
    assert {row["mean"] for row in first} == {(0 * 1 + 1 * 2) / 3}
    assert {row["units"] for row in first} == {3}
    assert next(row["period"][:7] for row in first if row["treated"]) == "2023-08"


def test_units_that_never_began_have_a_path_of_their_own() -> None:
    raw = pl.DataFrame(
        {
            "cohort": [MONTHS[3], MONTHS[3], None, None],
            "period": [MONTHS[2], MONTHS[3]] * 2,
            "mean": [5.0, 4.0, 5.0, 5.0],
            "units": [2, 2, 3, 3],
        }
    )
    for language in LANGUAGES:
        say = load(language)
        assert say("effects.never") in drawn(cohort_paths_chart(raw, "h", say), language)


def test_sensitivity_says_from_where_on_zero_cannot_be_ruled_out() -> None:
    curve = pl.DataFrame(
        {"mbar": [0.0, 0.5, 1.0], "low": [-0.3, -0.4, -0.5], "high": [-0.1, -0.01, 0.1]}
    )
    assert "no longer clear of zero from 1 on" in drawn(sensitivity_chart(curve, load("en")))
    firm = curve.head(2)
    assert "no longer clear" not in drawn(sensitivity_chart(firm, load("en")))


@pytest.mark.parametrize(("units", "rows"), [(4, 4), (MOST_UNITS + 1, 2)])
def test_weights_are_drawn_by_unit_or_by_cohort_where_there_are_many(units: int, rows: int) -> None:
    weights = pl.DataFrame(
        [
            {"group": f"F{n:03d}", "cohort": cohort, "period": month, "weight": 0.01 * (n % 3 - 1)}
            for n in range(units)
            for cohort in ([MONTHS[2]] if n % 2 else [None])
            for month in MONTHS[:4]
        ],
        schema_overrides={"cohort": pl.Date},
    )
    chart = weights_chart(weights, load("en"))
    (data,) = chart.to_dict()["datasets"].values()
    assert len({row["row"] for row in data}) == rows
    assert len(data) == rows * 4
