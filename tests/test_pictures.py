"""Pictures show what was measured, can be read, and say what they leave out."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import thalweg
from process_helpers import SmallBook, book_of
from thalweg.errors import MissingExtraError, RequestError
from thalweg.process.map import map_book
from thalweg.process.result import MapResult
from thalweg.surfaces import charts, palette, texts, time_charts
from thalweg.surfaces.chart_frame import chart_svg, save_chart
from thalweg.surfaces.lettering import ELLIPSIS, shorten, text_width, wrap
from thalweg.surfaces.map_elements import END, START, legible_shares, shown_elements
from thalweg.surfaces.map_layout import LABEL_PX, Layout, lay_out
from thalweg.surfaces.process_map import draw_map, map_svg, svg_to_png
from thalweg.surfaces.report.gather import event_hours, sample_dots

SVG = {"s": "http://www.w3.org/2000/svg"}
READABLE = 4.5
"""Contrast ratio that WCAG 2 asks of small text."""
HOUR = 3600
STEPS = ("接单", "质量检验", "安排运输并通知客户收货时间", "结算")


def chinese_book() -> SmallBook:
    whole = [(name, n * HOUR) for n, name in enumerate(STEPS)]
    again = [*whole[:2], *((name, t + 9 * HOUR) for name, t in whole[1:])]
    return book_of([whole, whole, again])


@pytest.fixture(scope="module")
def chinese() -> MapResult:
    return map_book(chinese_book())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def many(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> MapResult:
    """A real log of 398 activities."""
    into = tmp_path_factory.mktemp("many") / "book"
    return map_book(thalweg.ingest(logs / "bpic" / "BPIC15_1.xes.gz", into))


def parsed(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def test_a_map_draws_each_activity_and_path_with_its_count(chinese: MapResult) -> None:
    root = parsed(map_svg(chinese, activities=1.0, paths=1.0, language="zh"))
    drawn = {
        (g.get("data-source"), g.get("data-target")): int(g.get("data-count", ""))
        for g in root.iterfind(".//s:g[@data-arrow]", SVG)
    }
    assert drawn == {
        ("", "接单"): 3,
        ("接单", "质量检验"): 3,
        ("质量检验", "质量检验"): 1,
        ("质量检验", STEPS[2]): 3,
        (STEPS[2], "结算"): 3,
        ("结算", ""): 3,
    }
    events = {
        g.get("data-activity"): g.get("data-events")
        for g in root.iterfind(".//s:g[@data-box]", SVG)
    }
    assert events == {"接单": "3", "质量检验": "4", STEPS[2]: "3", "结算": "3"}


def test_text_stays_text_and_the_map_is_described(chinese: MapResult) -> None:
    root = parsed(map_svg(chinese, language="zh"))
    labels = ["".join(t.itertext()) for t in root.iterfind(".//s:text[@class='box-label']", SVG)]
    assert {"接单", "质量检验", "结算"} <= set(labels)
    assert "".join(labels).count(STEPS[2]) == 1
    title, description = root.find("s:title", SVG), root.find("s:desc", SVG)
    assert title is not None and title.text == "3 个案例的流程图"
    assert description is not None and "13 个事件" in (description.text or "")
    assert "Noto Sans CJK SC" in (root.get("font-family") or "")


def test_measure_time_shows_durations_and_measure_count_shows_counts(chinese: MapResult) -> None:
    figures = {}
    for measure in ("count", "time"):
        root = parsed(map_svg(chinese, measure=measure, language="en"))  # type: ignore[arg-type]
        found = root.iterfind(".//s:text[@class='arrow-label']", SVG)
        figures[measure] = {
            (t.get("data-source"), t.get("data-target")): t.text or "" for t in found
        }
    assert figures["count"]["接单", "质量检验"] == "3"
    assert figures["time"]["接单", "质量检验"] == "60 min"
    assert figures["time"]["质量检验", "质量检验"] == "9 h"
    assert figures["time"]["", "接单"] == ""


def test_thick_arrows_are_frequent_and_slow_arrows_have_another_colour(chinese: MapResult) -> None:
    root = parsed(map_svg(chinese))
    arrows = {
        (g.get("data-source"), g.get("data-target")): g
        for g in root.iterfind(".//s:g[@data-arrow]", SVG)
    }

    def thickness(pair: tuple[str, str]) -> float:
        return float(arrows[pair].find("s:path", SVG).get("stroke-width"))  # type: ignore[union-attr,arg-type]

    often, slow = ("接单", "质量检验"), ("质量检验", "质量检验")
    assert thickness(often) > 1.5 * thickness(slow)
    assert arrows[slow].get("stroke") == palette.TIME_SCALE[-1]
    assert arrows[often].get("stroke") != palette.TIME_SCALE[-1]


def placed(result: MapResult) -> Layout:
    return lay_out(shown_elements(result, *legible_shares(result)))


def test_thirty_boxes_do_not_overlap_and_hold_their_labels(many: MapResult) -> None:
    layout = placed(many)
    assert len(layout.boxes) == 32
    for box in layout.boxes:
        for line in box.lines:
            assert text_width(line, LABEL_PX) <= box.width - 12
    for a, b in combinations(layout.boxes, 2):
        apart_x = abs(a.x - b.x) >= (a.width + b.width) / 2
        apart_y = abs(a.y - b.y) >= (a.height + b.height) / 2
        assert apart_x or apart_y, (a.name, b.name)


def test_of_398_activities_the_default_shows_30_and_says_so(many: MapResult) -> None:
    root = parsed(map_svg(many))
    assert len(root.findall(".//s:g[@data-box]", SVG)) == 30
    assert len(root.findall(".//s:g[@data-arrow]", SVG)) <= 90
    words = " ".join(
        "".join(t.itertext()) for t in root.iterfind(".//s:g[@class='legend']//s:text", SVG)
    )
    assert "30 of 398 activities" in words


def test_every_box_that_is_shown_is_reached_from_the_start_and_leads_to_the_end(
    many: MapResult,
) -> None:
    shown = shown_elements(many, *legible_shares(many))
    onward: dict[str, set[str]] = {}
    backward: dict[str, set[str]] = {}
    for arrow in shown.arrows:
        onward.setdefault(arrow.source, set()).add(arrow.target)
        backward.setdefault(arrow.target, set()).add(arrow.source)
    names = {box.name for box in shown.boxes}
    assert names <= reached(onward, START)
    assert names <= reached(backward, END)


def reached(links: dict[str, set[str]], root: str) -> set[str]:
    seen, waiting = {root}, [root]
    while waiting:
        for name in links.get(waiting.pop(), set()) - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def test_any_name_can_be_drawn() -> None:
    names = [
        "",
        " ",
        "<b>",
        "\\N",
        "a\\",
        '"',
        "n0",
        "▶",
        "%s",
        "a\nb",
        "é\u0301",
        "x" * 200,
        "\x0b",
    ]
    result = map_book(book_of([[(name, n * 60) for n, name in enumerate(names)]]))  # type: ignore[arg-type]
    root = parsed(map_svg(result, activities=1.0, paths=1.0))
    drawn = [g.get("data-activity") for g in root.iterfind(".//s:g[@data-box]", SVG)]
    assert sorted(name.replace("\n", " ").replace("\x0b", "\ufffd") for name in names) == sorted(
        str(d) for d in drawn
    )


def test_more_than_can_be_drawn_is_refused_with_advice(many: MapResult) -> None:
    with pytest.raises(RequestError, match=r"4,\d{3} paths cannot be drawn .* Lower"):
        map_svg(many, activities=1.0, paths=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activities": 1.5}, "1.5"),
        ({"paths": -0.1}, "-0.1"),
        ({"measure": "cost"}, "'cost'.*count or time"),
        ({"language": "fr"}, "'fr'.*en, zh"),
    ],
)
def test_a_senseless_option_is_refused(
    chinese: MapResult, options: dict[str, object], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        map_svg(chinese, **options)  # type: ignore[arg-type]


def test_the_suffix_decides_between_svg_and_png(chinese: MapResult, tmp_path: Path) -> None:
    assert draw_map(chinese, tmp_path / "m.svg").read_text(encoding="utf-8").startswith("<svg")
    assert min(png_size(draw_map(chinese, tmp_path / "m.png"))) > 500
    with pytest.raises(RequestError, match=r"m\.gif.*\.svg or \.png"):
        draw_map(chinese, tmp_path / "m.gif")


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in px, after the signature and the header chunk's name."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_chinese_characters_are_drawn_and_not_replaced_by_one_empty_box() -> None:
    drawn = []
    for word in ("采购", "结算", "\U000f1234\U000f1235"):
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">'
            f'<text x="4" y="28" font-size="24" font-family="{palette.fonts("zh").replace(chr(34), "")}">'
            f"{word}</text></svg>"
        )
        drawn.append(svg_to_png(svg))
    if drawn[2] == drawn[0]:
        pytest.skip("this machine has no font with Chinese characters")
    assert len(set(drawn)) == 3


@pytest.mark.parametrize("module", ["pygraphviz", "vl_convert"])
def test_without_the_extra_the_message_names_it(
    chinese: MapResult, tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"thalweg\[pictures\]"):
        draw_map(chinese, tmp_path / "m.png")


def test_text_on_every_colour_of_the_scales_can_be_read() -> None:
    for scale in (palette.COUNT_SCALE, palette.TIME_SCALE):
        for step in range(101):
            colour = palette.mix(scale, step / 100)
            assert palette.contrast(colour, palette.ink_on(colour)) >= READABLE, colour


def test_contrast_is_that_of_the_standard() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


def test_scales_grow_darker_so_that_they_can_be_told_apart_without_hue() -> None:
    for scale in (palette.COUNT_SCALE, palette.TIME_SCALE):
        light = [palette.luminance(palette.mix(scale, n / 20)) for n in range(21)]
        assert light[0] > 2 * light[-1]
        assert all(a - b > -0.08 for a, b in pairwise(light))


def test_long_labels_are_broken_within_the_width_and_keep_every_character() -> None:
    for label in (
        "Create Request for Quotation Requester Manager",
        "SRM: Transaction_Completed/approved-by-the-department",
        "安排运输并通知客户收货时间以及装卸要求",
        "客户 ABC 的订单-2024/05/结算",
        "x" * 60,
    ):
        lines = wrap(label, LABEL_PX, 170, lines=9)
        assert all(text_width(line, LABEL_PX) <= 170 for line in lines), lines
        assert "".join(lines).replace(" ", "") == label.replace(" ", "")
    short = wrap("安排运输并通知客户收货时间" * 5, LABEL_PX, 170)
    assert len(short) == 3 and short[-1].endswith(ELLIPSIS)
    assert shorten("结算", LABEL_PX, 170) == "结算"


def drawn_charts(result: MapResult, book: SmallBook, language: str) -> Iterator[tuple[str, str]]:
    say = texts.load(language)
    view = book.perspective("case")
    dots = sample_dots(view)
    made = {
        "duration": charts.duration_chart(result.duration_curve, result.durations, say),
        "timeline": time_charts.timeline_charts(
            result.tables["timeline"], result.facts["every"], say
        ),
        "waiting": charts.waiting_chart(result.pairs, say),
        "activities": charts.activity_chart(result.activities, say),
        "variants": charts.variants_chart(result.top_variants, say),
        "hours": time_charts.hours_chart(event_hours(view), say),
        "dotted": time_charts.dotted_chart(dots.table, dots.shown, dots.total, say),
    }
    for name, chart in made.items():
        yield name, chart_svg(chart, say.language)


def test_charts_carry_titles_units_and_figures_in_the_readers_language(
    chinese: MapResult,
) -> None:
    expected = {
        "duration": ("自首个事件起的时间（小时）", "半数在 3 小时内完成"),
        "timeline": ("在办数量（平均）", "新开始"),
        "waiting": ("两步之间的总时间", "接单 → 质量检验"),
        "activities": ("事件数", "4 次，涉及 3 个对象"),
        "variants": ("66.7% · 2 个 · 中位数 3 小时", "变体"),
        "hours": ("周一", "一天中的小时（UTC）"),
        "dotted": ("显示 3 / 3", "质量检验"),
    }
    for name, svg in drawn_charts(chinese, chinese_book(), "zh"):
        words = ["".join(t.itertext()) for t in parsed(svg).iterfind(".//s:text", SVG)]
        for wanted in expected[name]:
            assert any(wanted in word for word in words), (name, wanted, words)


def test_marks_tell_their_figures_to_those_who_do_not_see_them(chinese: MapResult) -> None:
    svg = dict(drawn_charts(chinese, chinese_book(), "en"))["waiting"]
    labels = [g.get("aria-label") for g in parsed(svg).iterfind(".//s:path[@aria-label]", SVG)]
    assert any(
        label and label.startswith("接单 → 质量检验: ") and "3×" in label for label in labels
    )


def test_service_and_handover_charts_show_who_and_what() -> None:
    events = [
        ("check", t * HOUR, {"case": [f"c{i}"]}, {"who": who})
        for i in range(3)
        for t, who in ((0, "Ann"), (2, "Bo"), (5, "Ann"))
    ]
    starts = [e[1] - 0.5 * HOUR for e in events]
    book = SmallBook(events, roles={"resource": "who"}, starts=starts)
    result = map_book(book)  # type: ignore[arg-type]
    say = texts.load("en")
    service = chart_svg(charts.service_chart(result.tables["service"], say), "en")
    assert "check · work: 4.5 h" in service
    handovers = charts.handover_chart(result.tables["handovers_resource"], say)
    assert "Ann → Bo: 3×, median 2 h" in chart_svg(handovers, "en")


def test_the_dotted_chart_samples_the_same_objects_every_time_and_says_how_many() -> None:
    traces = [[("a", n * 60 + i) for i in range(10)] for n in range(100)]
    view = book_of(traces).perspective("case")
    once, twice = sample_dots(view, 200), sample_dots(view, 200)
    assert once.table.equals(twice.table)
    assert (once.shown, once.total) == (20, 100)
    assert len(once.table) == 200
    assert once.table["time"].min() == datetime(1970, 1, 1, tzinfo=UTC)
    whole = sample_dots(view, 5000)
    assert (whole.shown, len(whole.table)) == (100, 1000)


def test_hours_count_every_event_once() -> None:
    hours = event_hours(
        book_of([[("a", 0), ("b", HOUR)], [("a", 7 * 24 * HOUR)]]).perspective("case")
    )
    thursday = 3
    assert hours.filter(pl.col("weekday") == thursday).select("hour", "events").rows() == [
        (0, 2),
        (1, 1),
    ]


def test_a_chart_is_saved_as_svg_or_png(chinese: MapResult, tmp_path: Path) -> None:
    chart = charts.activity_chart(chinese.activities, texts.load("zh"))
    assert save_chart(chart, tmp_path / "c.svg", "zh").read_text("utf-8").startswith("<svg")
    assert png_size(save_chart(chart, tmp_path / "c.png", "zh"))[0] > 500
    with pytest.raises(RequestError, match=r"c\.pdf"):
        save_chart(chart, tmp_path / "c.pdf", "zh")


@given(st.lists(st.integers(-(10**18), 4 * 10**18), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_hours_are_those_of_the_calendar(times_ns: list[int]) -> None:
    view = book_of([[("a", t / 10**9) for t in sorted(times_ns)]]).perspective("case")
    expected: dict[tuple[int, int], int] = {}
    for time_ns in view.time_ns.tolist():
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1000)
        key = at.weekday(), at.hour
        expected[key] = expected.get(key, 0) + 1
    assert {(d, h): n for d, h, n in event_hours(view, run=7).iter_rows()} == expected
