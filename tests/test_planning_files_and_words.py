"""A plan as a person meets it: on the screen, in pictures, and as a file that is read back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import thalweg
from prove_books import Trade, book_of
from thalweg.change.planning.assignment_file import (
    COLUMNS,
    assignment_frame,
    write_assignment,
)
from thalweg.change.planning.plan import RolloutPlan
from thalweg.change.planning.result import PlanningResult
from thalweg.change.planning.rollout import plan_rollout
from thalweg.change.planning.schema import COLUMNS as TABLES
from thalweg.change.planning.schema import planning_json_schema
from thalweg.change.simulated import World, simulate
from thalweg.errors import RequestError
from thalweg.records.mapping.flat import FlatMapping
from thalweg.surfaces.chart_frame import chart_svg, save_chart
from thalweg.surfaces.cli.planning_text import print_planning
from thalweg.surfaces.cli.prove_design import DesignRequest, design_command, plan_of
from thalweg.surfaces.planning_charts import planning_chart, stairs
from thalweg.surfaces.texts import load

PLAN = RolloutPlan(
    first=date(2022, 1, 1),
    waves=3,
    every=3,
    controls_share=0.2,
    early=("firm-002",),
    exclude=("firm-003",),
    effect=-0.1,
    intervention="e-receipts",
    kind="technology",
    layers=("settlement", "finance"),
)


@pytest.fixture(scope="module")
def planned() -> PlanningResult:
    panel = simulate(World(units=18, periods=20, effect=0.0), 1).design.panel
    return plan_rollout(panel, replace(PLAN, first=date(2021, 9, 1)), seed=4, draws=60)


def test_the_file_has_a_row_for_each_unit_that_begins(
    planned: PlanningResult, tmp_path: Path
) -> None:
    written = write_assignment(planned, tmp_path / "dates.csv")
    assert [path.name for path in written] == ["dates.csv", "dates-controls.csv"]
    rows = pl.read_csv(written[0], try_parse_dates=True)
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == 14
    assert rows["assignment"].value_counts().sort("assignment").rows() == [
        ("planned", 1),
        ("randomised", 13),
    ]
    assert rows["seed"].unique().to_list() == [4]
    assert rows["layers"].unique().to_list() == ["settlement;finance"]
    waves = dict(planned.waves.select("wave", "from").iter_rows())
    assert all(waves[wave] == day for wave, day in rows.select("wave", "from").iter_rows())
    others = pl.read_csv(written[1])
    assert sorted(others["why"].to_list()) == [*["drawn_control"] * 3, "excluded"]


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_other_files_hold_the_same(planned: PlanningResult, tmp_path: Path, suffix: str) -> None:
    path = write_assignment(planned, tmp_path / f"dates{suffix}")[0]
    rows = pl.read_excel(path) if suffix == ".xlsx" else pl.read_parquet(path)
    assert rows["unit"].to_list() == assignment_frame(planned)["unit"].to_list()


def test_a_file_that_cannot_be_written_is_refused(planned: PlanningResult, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"Choose one of: \.csv"):
        write_assignment(planned, tmp_path / "dates.pdf")
    with pytest.raises(RequestError, match="no folder"):
        write_assignment(planned, tmp_path / "missing" / "dates.csv")


def test_the_json_has_exactly_what_its_schema_names(planned: PlanningResult) -> None:
    told = json.loads(json.dumps(planned.to_json()))
    schema = planning_json_schema()
    assert set(told) == set(schema["required"])
    for name, columns in TABLES.items():
        assert all(list(row) == list(columns) for row in told[name]), name
    for part in ("baseline", "found"):
        assert set(told[part]) == set(schema["properties"][part]["required"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_plan_is_told_in_one_language(
    planned: PlanningResult, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_planning(planned, language)
    told = capsys.readouterr().out
    assert str(planned.found["units"]) in told
    assert not re.search(r"[{}]|None|nan", told)
    bare = re.sub(r"firm-\d+|h\b", "", told)
    foreign = r"[\u4e00-\u9fff]" if language == "en" else r"[A-Za-z]{3,}"
    assert not re.search(foreign, bare)


def test_every_code_of_a_plan_has_words() -> None:
    source = Path(thalweg.__file__).parent / "change" / "planning"
    codes = set(re.findall(r'yield "(\w+)"', (source / "told.py").read_text()))
    for language in ("en", "zh"):
        say = load(language)
        assert codes == set(say.under("planning.warnings"))
        for name in ("more_controls", "half_at_once", "best_first", "all_at_once"):
            assert say.has(f"planning.designs.{name}")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pictures_show_power_and_staircase(
    planned: PlanningResult, language: str, tmp_path: Path
) -> None:
    say = load(language)
    svg = chart_svg(planning_chart(planned, say), say.language)
    assert say("planning.chart.power_title") in svg
    assert say("planning.chart.staircase_title") in svg
    assert save_chart(planning_chart(planned, say), tmp_path / "plan.png", say.language).exists()


def test_stairs_are_those_of_the_waves(planned: PlanningResult) -> None:
    rows = stairs(planned, load("en"))
    treated = rows.filter(state="with it")["from"].dt.date().to_list()
    assert treated == planned.waves["from"].to_list()
    assert rows["to"].max() == rows.filter(state="with it")["to"].min()


@pytest.mark.parametrize(
    ("typed", "first", "effect"),
    [("2026-01", date(2026, 1, 1), -0.1), ("2026-01-15", date(2026, 1, 15), -0.1)],
)
def test_options_are_read_as_people_write_them(typed: str, first: date, effect: float) -> None:
    asked = DesignRequest(first=typed, waves=3, effect="−10%", early="firm 1,firm 2")
    plan = plan_of(asked)
    assert (plan.first, plan.effect, plan.early) == (first, effect, ("firm 1", "firm 2"))
    assert plan_of(replace(asked, effect="-0.1")).effect == effect


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (DesignRequest(waves=3), "When does the first wave begin"),
        (DesignRequest(first="soon", waves=3), "no day on which"),
        (DesignRequest(first="2026-01", waves=3, effect="much"), "is no effect"),
        (DesignRequest(first="2026-01", waves=3, effect="0"), "effect of nothing"),
        (DesignRequest(first="2026-01"), "How many waves"),
    ],
)
def test_options_that_make_no_sense_are_refused(asked: DesignRequest, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        plan_of(asked)


def test_dates_drawn_for_a_book_come_back_as_a_randomised_intervention(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book_of(tmp_path, Trade(firms=12, months=12, orders=6))
    dates = tmp_path / "dates.csv"
    asked = DesignRequest(
        first="2023-03",
        waves=3,
        every_months=2,
        controls=0.25,
        stratify="region",
        effect="-20%",
        intervention="receipts",
    )
    design_command(tmp_path / "book", asked, seed=9, draws=60, save=dates, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert {row["stratum"] for row in told["assignment"]} == {"north", "south"}
    assert told["found"]["units"] == 12
    again = tmp_path / "next"
    thalweg.ingest(
        [tmp_path / "events.csv"],
        again,
        mapping=FlatMapping(case="order", activity="activity", time="time"),
        interventions=dates,
    )
    kept = thalweg.open_book(again).interventions()
    assert kept is not None
    drawn = {row["unit"]: row["from"] for row in told["assignment"] if row["from"] is not None}
    assert dict(kept.select("unit", pl.col("from_day").cast(pl.String)).iter_rows()) == drawn
    assert set(kept["assignment"]) == {"randomised"}
    assert set(kept["id"]) == {"receipts"}
    assert set(kept["stratum"]) == {"north", "south"}
