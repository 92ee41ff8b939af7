"""Models and results are drawn: BPMN and Petri nets in standard notation, and charts, in words."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import Box, BpmnFlow, BpmnModel, BpmnNode, Layout
from thalweg.process.models.layout.arrange import arc_key, place_key, transition_key
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.surfaces import palette
from thalweg.surfaces.cause_charts import CAUSE_COLOURS, causes_total_chart, waiting_causes_chart
from thalweg.surfaces.chart_frame import WIDTH, chart_svg, save_chart
from thalweg.surfaces.drift_charts import drift_chart
from thalweg.surfaces.lettering import text_width
from thalweg.surfaces.model_charts import (
    deviations_chart,
    fitness_timeline_chart,
    quality_curve_chart,
)
from thalweg.surfaces.models.glyphs import BADGES
from thalweg.surfaces.models.overlay import Deviation, ModelOverlay, overlay_of
from thalweg.surfaces.models.picture import bpmn_svg, draw_model, net_svg
from thalweg.surfaces.texts import load

SVG = "{http://www.w3.org/2000/svg}"
MODEL = BpmnModel(
    (
        BpmnNode("s", "start"),
        BpmnNode("x", "exclusive", "urgent?"),
        BpmnNode("t", "task", "check the ticket"),
        BpmnNode("u", "task", "审核采购订单"),
        BpmnNode("j", "exclusive"),
        BpmnNode("p", "parallel"),
        BpmnNode("o", "inclusive"),
        BpmnNode("e", "end"),
    ),
    (
        BpmnFlow("f0", "s", "x"),
        BpmnFlow("f1", "x", "t", "yes"),
        BpmnFlow("f2", "x", "u", "no"),
        BpmnFlow("f3", "t", "j"),
        BpmnFlow("f4", "u", "j"),
        BpmnFlow("f5", "j", "p"),
        BpmnFlow("f6", "p", "o"),
        BpmnFlow("f7", "o", "e"),
    ),
    "claims",
)
NET = PetriNet(
    ("in", "middle", "out"),
    (
        Transition("t1", "register", ((0, 1),), ((1, 2),)),
        Transition("t2", None, ((1, 2),), ((2, 1),)),
    ),
    (3, 0, 0),
    ((0, 0, 1),),
)
DEVIATIONS = pl.DataFrame(
    {
        "kind": ["skipped", "inserted", "inserted", "inserted", "repeated", "rule"],
        "activity": [
            "审核采购订单",
            "check the ticket",
            "check the ticket",
            "phone",
            "phone",
            "R1",
        ],
        "after": [None, "a", "b", None, None, None],
        "occurrences": [1240, 30, 5, 77, 3, 9],
        "objects": [1200, 28, 5, 70, 3, 9],
    }
)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def groups(svg: str, name: str) -> list[ElementTree.Element]:
    return [g for g in parsed(svg).iter(f"{SVG}g") if g.get("class") == name]


def words(element: ElementTree.Element) -> str:
    return " ".join(t.text or "" for t in element.iter(f"{SVG}text"))


def test_every_node_and_flow_of_a_bpmn_model_is_drawn_once() -> None:
    svg = bpmn_svg(MODEL)
    kinds = {"start": 1, "end": 1, "task": 2, "exclusive": 2, "parallel": 1, "inclusive": 1}
    assert {kind: len(groups(svg, kind)) for kind in kinds} == kinds
    assert [g.get("data-flow") for g in groups(svg, "flow")] == [f.id for f in MODEL.flows]


def test_the_end_is_drawn_thicker_than_the_start() -> None:
    svg = bpmn_svg(MODEL)
    widths = [
        float(next(groups(svg, kind)[0].iter(f"{SVG}circle")).attrib["stroke-width"])
        for kind in ("start", "end")
    ]
    assert widths[1] > 2 * widths[0]


def test_names_stand_whole_beside_gateways_on_flows_and_in_tasks() -> None:
    svg = bpmn_svg(MODEL)
    assert "urgent?" in words(groups(svg, "exclusive")[0])
    assert words(groups(svg, "task")[0]).split() == ["check", "the", "ticket"]
    assert words(groups(svg, "task")[1]).replace(" ", "") == "审核采购订单"
    assert {"yes", "no"} <= set(words(parsed(svg)).split())


@pytest.mark.parametrize(
    ("language", "expected", "foreign"),
    [("en", "Process model: claims", "流程"), ("zh", "流程模型：claims", "Process")],
)
def test_title_legend_and_description_are_in_the_asked_language(
    language: str, expected: str, foreign: str
) -> None:
    root = parsed(bpmn_svg(MODEL, language=language))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == expected
    assert "8" in (root.findtext(f"{SVG}desc") or "")
    legend = [words(g) for g in root.iter(f"{SVG}g") if g.get("class") == "legend-entry"]
    say = load(language)
    shown = ("start", "end", "task", "exclusive", "parallel", "inclusive")
    assert legend == [say(f"model_picture.{kind}") for kind in shown]
    assert foreign not in words(root)


def test_a_model_without_a_name_is_titled_by_its_notation_alone() -> None:
    assert parsed(bpmn_svg(BpmnModel((), ()))).findtext(f"{SVG}title") == "Process model"
    assert parsed(net_svg(NET, language="zh")).findtext(f"{SVG}title") == "Petri 网"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("proc_1413965034", "Process model"),
        ("sid-e138ad92-53db-4474-a117-cf3a5074182e", "Process model"),
        ("id117d0987-fe86-4950-b8d4-cbec694c0e16", "Process model"),
        ("facade", "Process model: facade"),
        ("Order 66", "Process model: Order 66"),
        ("BPI 2012", "Process model: BPI 2012"),
    ],
)
def test_an_id_given_by_a_program_is_no_title(name: str, title: str) -> None:
    assert parsed(bpmn_svg(BpmnModel((), (), name))).findtext(f"{SVG}title") == title


def test_names_with_markup_or_forbidden_characters_stay_text() -> None:
    nasty = BpmnNode("<a>", "task", '<script>"&\x00')
    svg = bpmn_svg(BpmnModel((nasty,), (), "<b>&"))
    assert groups(svg, "task")[0].get("data-activity") == '<script>"&\ufffd'
    assert not list(parsed(svg).iter(f"{SVG}script"))


def test_a_net_shows_tokens_silent_steps_arc_weights_and_final_places() -> None:
    svg = net_svg(NET)
    places = groups(svg, "place")
    assert [p.get("data-tokens") for p in places] == ["3", "0", "0"]
    assert [len(list(p.iter(f"{SVG}circle"))) for p in places] == [1 + 3, 1, 2]
    assert [g.get("data-node") for g in groups(svg, "silent")] == ["t2"]
    assert words(groups(svg, "transition")[0]) == "register"
    assert words(groups(svg, "model")[0]).split() == ["2", "2", "register"]
    assert len(groups(svg, "flow")) == NET.arcs


def test_deviations_are_drawn_on_the_tasks_that_they_concern() -> None:
    svg = bpmn_svg(MODEL, overlay=overlay_of(DEVIATIONS, objects=5000))
    shown = {
        str(task.get("data-activity")): [
            (b.get("data-kind"), b.get("data-count"))
            for b in task.iter(f"{SVG}g")
            if b.get("class") == "badge"
        ]
        for task in groups(svg, "task")
    }
    assert shown == {
        "check the ticket": [("inserted", "35")],
        "审核采购订单": [("skipped", "1240")],
    }
    assert "skipped 1,240 times in 1,200 objects" in svg
    assert "inserted 35 times<" in svg, "parts may share objects, so their number is not told"
    assert "compared with 5,000 objects" in svg


def test_activities_that_the_model_does_not_know_are_listed_with_their_counts() -> None:
    panel = groups(bpmn_svg(MODEL, overlay=overlay_of(DEVIATIONS)), "strangers")
    assert len(panel) == 1
    assert "phone" in words(panel[0])
    assert "80" in words(panel[0]).split()
    assert "ticket" not in words(panel[0])
    assert not groups(bpmn_svg(MODEL), "strangers")


def test_a_long_list_of_strangers_says_how_many_are_left_out() -> None:
    many = {f"activity {i}": Deviation(100 - i, 1) for i in range(30)}
    svg = bpmn_svg(MODEL, overlay=ModelOverlay(deviations={"inserted": many}))
    assert "and 6 more" in svg
    assert "activity 23 · 1 object<" in svg
    assert "activity 24 " not in svg


def test_counts_stand_in_tasks_and_flows_grow_with_their_passages() -> None:
    flows = {f.id: 10 for f in MODEL.flows} | {"f1": 1000}
    overlay = overlay_of(occurrences={"check the ticket": 1500, "审核采购订单": 3}, flows=flows)
    svg = bpmn_svg(MODEL, overlay=overlay)
    assert "1,500" in words(groups(svg, "task")[0])
    widths = {
        g.get("data-flow"): float(next(g.iter(f"{SVG}path")).attrib["stroke-width"])
        for g in groups(svg, "flow")
    }
    assert widths["f1"] > 2 * widths["f0"]


def test_where_tasks_share_an_activity_the_id_decides() -> None:
    twins = BpmnModel((BpmnNode("a1", "task", "a"), BpmnNode("a2", "task", "a")), ())
    overlay = overlay_of(occurrences={"a": 7, "a2": 4})
    assert [words(g).split() for g in groups(bpmn_svg(twins, overlay=overlay), "task")] == [
        ["a", "7"],
        ["a", "4"],
    ]


def test_a_net_takes_counts_on_its_arcs() -> None:
    key = arc_key(place_key(0), transition_key(0))
    assert "12,345" in words(parsed(net_svg(NET, overlay=overlay_of(flows={key: 12345}))))


def test_white_figures_can_be_read_on_every_badge() -> None:
    assert all(palette.contrast(colour, palette.PAPER) >= 4.5 for colour, _ in BADGES.values())


def test_a_table_without_the_needed_columns_is_refused() -> None:
    with pytest.raises(RequestError, match="lacks activity"):
        overlay_of(pl.DataFrame({"kind": ["skipped"], "occurrences": [1], "objects": [1]}))


def test_a_model_keeps_the_layout_of_its_file_if_that_is_complete_and_clear() -> None:
    small = BpmnModel(
        (BpmnNode("a", "task", "a"), BpmnNode("b", "task", "b")), (BpmnFlow("f", "a", "b"),)
    )
    boxes = {"a": Box(0, 0, 100, 80), "b": Box(0, 300, 100, 80)}
    own = Layout(boxes, {"f": ((50, 80), (50, 300))})
    below = bpmn_svg(dataclasses.replace(small, layout=own))
    beside = bpmn_svg(dataclasses.replace(small, layout=Layout(boxes, {})))
    twice = Layout(boxes, {"f": ((50, 80), (50, 80), (50, 300), (50, 300))})
    assert bpmn_svg(dataclasses.replace(small, layout=twice)) == below
    heaped = Layout({"a": Box(0, 0, 100, 80), "b": Box(50, 40, 100, 80)}, own.routes)
    assert bpmn_svg(dataclasses.replace(small, layout=heaped)) == beside
    assert float(parsed(below).attrib["height"]) > float(parsed(beside).attrib["height"]) + 200


def test_pictures_become_svg_and_png_files(tmp_path: Path) -> None:
    draw_model(MODEL, tmp_path / "m.svg", language="zh")
    draw_model(NET, tmp_path / "m.png")
    assert (tmp_path / "m.svg").read_text("utf-8").startswith("<svg")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(RequestError, match=r"\.svg or \.png"):
        draw_model(MODEL, tmp_path / "m.gif")


def test_events_on_a_task_are_drawn_over_it_and_loops_carry_a_marker() -> None:
    nodes = (
        BpmnNode("late", "event", "too late", attached="t"),
        BpmnNode("t", "task", "wait", repeats=True),
        BpmnNode("e", "end"),
    )
    model = BpmnModel(nodes, (BpmnFlow("f", "late", "e"),))
    svg = bpmn_svg(model)
    assert svg.index('data-node="t"') < svg.index('data-node="late"')
    assert "too late" in words(groups(svg, "event")[0])
    plain = bpmn_svg(
        dataclasses.replace(model, nodes=(nodes[0], BpmnNode("t", "task", "wait"), nodes[2]))
    )
    assert len(list(groups(svg, "task")[0].iter(f"{SVG}path"))) == 1
    assert not list(groups(plain, "task")[0].iter(f"{SVG}path"))


CURVE = pl.DataFrame(
    {
        "noise": [0.0, 0.2, 0.4],
        "fitness": [1.0, 0.95, 0.8],
        "fitness_low": [None, 0.93, 0.78],
        "fitness_high": [None, 0.97, 0.82],
        "precision": [0.4, 0.7, 0.9],
        "f1": [0.571, 0.806, 0.847],
        "simplicity": [None, None, None],
        "chosen": [False, True, False],
    }
)
PAIR_CAUSES = pl.DataFrame(
    {
        "source": ["a", "a", "b", "b"],
        "target": ["b", "b", "c", "c"],
        "cause": ["batching", "remainder", "contention", "batching"],
        "total_s": [36_000.0, 3_600.0, 360_000.0, 0.0],
        "share": [0.09, 0.009, 0.901, 0.0],
    }
)


def shown_in(svg: str, *texts: str) -> None:
    for text in texts:
        assert text in svg


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_quality_curve_names_its_measures_and_marks_the_chosen_threshold(
    language: str,
) -> None:
    say = load(language)
    svg = chart_svg(quality_curve_chart(CURVE, say), say.language)
    shown_in(svg, *(say(f"model_chart.{m}") for m in ("fitness", "precision", "f1", "noise")))
    shown_in(svg, say("model_chart.chosen", noise="0.2"), "95%")
    assert say("model_chart.simplicity") not in svg


@pytest.mark.parametrize("language", ["en", "zh"])
def test_waits_are_ranked_by_pair_and_divided_by_cause(language: str) -> None:
    say = load(language)
    svg = chart_svg(waiting_causes_chart(PAIR_CAUSES, say), say.language)
    assert svg.index("b → c") < svg.index("a → b")
    present = ("batching", "remainder", "contention")
    shown_in(svg, *(say(f"model_chart.cause_{cause}") for cause in present))
    shown_in(svg, *(CAUSE_COLOURS[cause] for cause in present), "90.1%", "9.9%")
    assert say("model_chart.cause_priority") not in svg


def test_every_cause_has_a_colour_and_words_of_its_own() -> None:
    from thalweg.process.waiting.causes import CAUSES

    assert set(CAUSE_COLOURS) == set(CAUSES)
    assert len(set(CAUSE_COLOURS.values())) == len(CAUSES)
    for language in ("en", "zh"):
        assert len({load(language)(f"model_chart.cause_{c}") for c in CAUSES}) == len(CAUSES)


def test_a_cause_that_the_records_cannot_show_is_said_not_drawn_as_nothing() -> None:
    causes = pl.DataFrame(
        {
            "cause": ["batching", "contention"],
            "total_s": [7200.0, None],
            "share": [1.0, None],
            "share_se": [0.05, None],
        }
    )
    say = load("en")
    shown_in(
        chart_svg(causes_total_chart(causes, say), "en"), say("model_chart.cause_unseen"), "100%"
    )
    chart_svg(causes_total_chart(causes.drop("share_se"), say), "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_changes_are_marked_with_their_dates(language: str) -> None:
    say = load(language)
    days = [datetime(2012, 1, d, tzinfo=UTC) for d in range(1, 21)]
    levels = [1.0] * 10 + [2.0] * 9
    runs = {"kind": ["times"] * 19, "from": days[:-1], "to": days[1:], "level": levels}
    series = pl.DataFrame(runs)
    changes = pl.DataFrame(
        {"kind": ["times"], "at": [days[10]], "low": [days[9]], "high": [days[12]]}
    )
    svg = chart_svg(drift_chart(series, changes, say), say.language)
    shown_in(svg, say("model_chart.drift_times"))
    shown_in(svg, "11 Jan 2012" if language == "en" else "2012年1月11日")
    chart_svg(drift_chart(series, changes.clear(), say), say.language)


def drift_of(days: list[int], low: int, high: int) -> ElementTree.Element:
    """A series of the hundred days from 1 May 2012, and changes on these days of it."""
    start = datetime(2012, 5, 1, tzinfo=UTC)
    at = [start + timedelta(days=n) for n in range(101)]
    runs = {"kind": ["times"] * 100, "from": at[:-1], "to": at[1:], "level": [1.0, 2.0] * 50}
    changes = {
        "kind": ["times"] * len(days),
        "at": [at[n] for n in days],
        "low": [start + timedelta(days=low)] * len(days),
        "high": [start + timedelta(days=high)] * len(days),
    }
    return parsed(
        chart_svg(drift_chart(pl.DataFrame(runs), pl.DataFrame(changes), load("en")), "en")
    )


@pytest.mark.parametrize(("low", "high"), [(-30, 130), (40, 130), (-30, 60), (40, 60)])
def test_an_interval_is_drawn_as_far_as_the_series_reaches(low: int, high: int) -> None:
    spans = [
        re.fullmatch(r"M([-\d.]+),[-\d.]+h([-\d.]+).*", path.get("d", ""))
        for path in drift_of([50], low, high).iter(f"{SVG}path")
        if path.get("fill") == palette.RUST
    ]
    ((left, wide),) = [tuple(map(float, found.groups())) for found in spans if found]
    per_day = WIDTH / 100
    assert left == pytest.approx(max(low, 0) * per_day, abs=1)
    assert left + wide == pytest.approx(min(high, 100) * per_day, abs=1)


def test_dates_of_near_changes_stand_in_rows_and_not_on_one_another() -> None:
    dates: dict[float, list[float]] = {}
    words = []
    for text in drift_of([10, 11, 12, 50, 50], 5, 15).iter(f"{SVG}text"):
        if text.get("fill") == palette.RUST:
            x, y = map(float, re.findall(r"[-\d.]+", text.get("transform", "")))
            dates.setdefault(y, []).append(x)
            words.append(text.text)
    assert sorted(str(w) for w in words) == [
        "11 May 2012",
        "12 May 2012",
        "13 May 2012",
        "20 Jun 2012",
    ]
    assert len(dates) == 3
    for row in dates.values():
        assert all(b - a > 60 for a, b in pairwise(sorted(row)))


@pytest.mark.parametrize("most", [3, 62, 123, 1100, 123_456])
def test_figures_along_bars_are_few_enough_not_to_meet(most: int) -> None:
    table = DEVIATIONS.rename({"activity": "name"}).with_columns(
        share=pl.lit(0.25), occurrences=pl.Series([most, 1, 1, 1, 1, 1])
    )
    root = parsed(chart_svg(deviations_chart(table, load("en")), "en"))
    ticks = []
    for g in root.iter(f"{SVG}g"):
        if "role-axis-label" in g.get("class", ""):
            places = [re.findall(r"[-\d.]+", t.get("transform", "")) for t in g.iter(f"{SVG}text")]
            ticks.append([float(x) for x, _ in places])
    (along,) = [xs for xs in ticks if len(set(xs)) > 1]
    widest = text_width(f"{most:,}", 11.5)
    assert all(b - a > widest for a, b in pairwise(sorted(along)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_deviations_of_the_same_activity_keep_bars_of_their_own(language: str) -> None:
    say = load(language)
    table = DEVIATIONS.rename({"activity": "name"}).with_columns(share=pl.lit(0.25))
    svg = chart_svg(deviations_chart(table, say), say.language)
    shown_in(svg, *(say("model_chart.after", name="check the ticket", after=a) for a in "ab"))
    shown_in(svg, "25%", "1,240", say("model_chart.rule"))
    assert svg.count('aria-roledescription="bar"') == len(table)


def test_fitness_is_drawn_by_month_with_the_objects_behind_it(tmp_path: Path) -> None:
    months = pl.DataFrame(
        {
            "from": [datetime(2012, m, 1, tzinfo=UTC) for m in range(1, 7)],
            "mean_fitness": [0.9, 0.91, 0.87, 0.95, 0.96, 0.9],
            "mean_low": [0.88, 0.9, None, 0.93, 0.95, 0.88],
            "mean_high": [0.92, 0.92, None, 0.97, 0.97, 0.92],
            "objects": [100, 200, 1, 150, 120, 90],
        }
    )
    say = load("en")
    chart = fitness_timeline_chart(months, say)
    shown_in(chart_svg(chart, "en"), "Jan 2012", "Mean fitness", "Objects", "87% in 1 objects")
    assert save_chart(chart, tmp_path / "f.png", "en").read_bytes().startswith(b"\x89PNG")
