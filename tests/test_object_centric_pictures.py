"""Nets of several object types are drawn: a colour for each, double lines where many move."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

import thalweg
from linked_books import Event, Links, book_with, linked_books
from thalweg.errors import RequestError
from thalweg.process.discovery.object_centric import ObjectCentricModel, discover_object_centric
from thalweg.process.models.layout.arrange import place_key, transition_key
from thalweg.surfaces import palette
from thalweg.surfaces.cli import main
from thalweg.surfaces.models.object_centric import (
    draw_object_centric,
    object_centric_svg,
    type_colours,
)

SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]
ORDERS: list[Event] = [
    ("place", 0, {"order": ["o1"], "item": ["i1", "i2"]}),
    ("place", 1, {"order": ["o2"], "item": ["i3"]}),
    ("pick", 2, {"item": ["i1"]}),
    ("pick", 3, {"item": ["i2"]}),
    ("pick", 4, {"item": ["i3"]}),
    ("ship", 5, {"order": ["o1"], "item": ["i1", "i2"]}),
    ("ship", 6, {"order": ["o2"], "item": ["i3"]}),
]
COLOURS = {"order": "#111111", "item": "#aa0000"}


@pytest.fixture(scope="module")
def orders() -> ObjectCentricModel:
    return discover_object_centric(book_with(ORDERS))


@pytest.fixture(scope="module")
def chinese() -> ObjectCentricModel:
    words = {"place": "下单", "pick": "拣货", "ship": "发货", "order": "订单", "item": "物料"}
    events: list[Event] = [
        (words[a], t, {words[k]: ids for k, ids in objects.items()}) for a, t, objects in ORDERS
    ]
    return discover_object_centric(book_with(events))


def groups(svg: str, name: str) -> list[ElementTree.Element]:
    return [g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.get("class") == name]


def words(element: ElementTree.Element) -> str:
    return " ".join(t.text or "" for t in element.iter(f"{SVG}text"))


def paints(element: ElementTree.Element) -> set[str]:
    return {e.get(a, "") for e in element.iter() for a in ("fill", "stroke")} - {"", "none"}


def test_every_place_transition_and_arc_is_drawn_once(orders: ObjectCentricModel) -> None:
    svg = object_centric_svg(orders)
    assert len(groups(svg, "place")) == len(orders.places) == 7
    drawn = [g.get("data-activity") for g in groups(svg, "transition")]
    assert sorted(str(name) for name in drawn) == ["pick", "place", "ship"]
    keys = {place.id: place_key(n) for n, place in enumerate(orders.places)}
    keys |= {step.id: transition_key(n) for n, step in enumerate(orders.transitions)}
    wanted = [
        (keys[source], keys[target], kind, str(variable).lower())
        for source, target, kind, variable in orders.arcs_table().iter_rows()
    ]
    found = [
        tuple(g.get(f"data-{name}") for name in ("source", "target", "type", "variable"))
        for g in groups(svg, "flow")
    ]
    assert sorted(found) == sorted(wanted)


def test_places_and_arcs_have_the_colour_of_their_type(orders: ObjectCentricModel) -> None:
    svg = object_centric_svg(orders, colours=COLOURS)
    for g in (*groups(svg, "place"), *groups(svg, "flow")):
        own = COLOURS[g.get("data-type", "")]
        other = ({*COLOURS.values()} - {own}).pop()
        assert own in paints(g) and other not in paints(g)


def test_a_shared_transition_has_the_colours_of_all_its_types(orders: ObjectCentricModel) -> None:
    bands = {
        g.get("data-activity"): [
            (r.get("fill"), float(r.get("width", "0")))
            for r in g.iter(f"{SVG}rect")
            if r.get("class") == "type-band"
        ]
        for g in groups(object_centric_svg(orders, colours=COLOURS), "transition")
    }
    assert [colour for colour, _ in bands["pick"]] == [COLOURS["item"]]
    for name in ("place", "ship"):
        assert {colour for colour, _ in bands[name]} == set(COLOURS.values())
        assert len({width for _, width in bands[name]}) == 1


def test_lines_are_double_where_any_number_of_objects_moves(orders: ObjectCentricModel) -> None:
    double = {}
    for g in groups(object_centric_svg(orders), "flow"):
        inner = [p for p in g.iter(f"{SVG}path") if p.get("stroke") == palette.PAPER]
        double[g.get("data-source"), g.get("data-target")] = len(inner)
        assert len(inner) == (g.get("data-variable") == "true")
    assert set(double.values()) == {0, 1}


def test_first_places_carry_a_token_and_a_name_and_last_places_a_ring(
    orders: ObjectCentricModel,
) -> None:
    found = {}
    for g in groups(object_centric_svg(orders), "place"):
        circles = len(list(g.iter(f"{SVG}circle")))
        initial, final = g.get("data-initial") == "true", g.get("data-final") == "true"
        assert circles == 1 + initial + final
        if initial:
            found[g.get("data-type")] = words(g)
        else:
            assert words(g) == ""
    assert found == {"order": "order", "item": "item"}


@pytest.mark.parametrize(
    ("language", "title", "counts", "many", "foreign"),
    [
        ("en", "Object-centric Petri net", "2 object types", "any number of objects", "对象"),
        ("zh", "以对象为中心的 Petri 网", "2 种对象类型", "任意多个对象", "object"),
    ],
)
def test_words_are_in_the_asked_language_and_names_as_they_were_recorded(
    chinese: ObjectCentricModel, language: str, title: str, counts: str, many: str, foreign: str
) -> None:
    svg = object_centric_svg(chinese, language=language)
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == title
    description = root.findtext(f"{SVG}desc") or ""
    assert counts in description and "订单" in description and "物料" in description
    legend = [words(g) for g in groups(svg, "legend-entry")]
    assert {"订单", "物料", many} <= set(legend)
    assert foreign not in words(root).replace(title, "")
    assert {"下单", "拣货", "发货"} <= set(words(root).split())


def test_one_type_is_counted_in_the_singular() -> None:
    model = discover_object_centric(book_with(ORDERS), ["order"])
    svg = object_centric_svg(model)
    assert "1 object type," in words(ElementTree.fromstring(svg))
    assert "transition shared by several types" not in svg


def test_silent_transitions_are_bars_in_the_colour_of_their_type() -> None:
    events: list[Event] = [
        ("a", 0, {"x": ["1"]}),
        ("b", 1, {"x": ["1"]}),
        ("c", 2, {"x": ["1"]}),
        ("a", 3, {"x": ["2"]}),
        ("c", 4, {"x": ["2"]}),
    ]
    svg = object_centric_svg(discover_object_centric(book_with(events)), colours={"x": "#aa0000"})
    bars = groups(svg, "silent")
    assert len(bars) == 1
    (bar,) = bars[0].iter(f"{SVG}rect")
    assert bar.get("fill") == "#aa0000" and float(bar.get("width", "")) < 20


@given(linked_books())
@settings(max_examples=25, deadline=None)
def test_any_net_is_drawn_with_its_lines_inside_the_picture(
    case: tuple[Any, list[Event], Links],
) -> None:
    book, _, _ = case
    model = discover_object_centric(book)
    root = ElementTree.fromstring(object_centric_svg(model))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for g in (g for g in root.iter(f"{SVG}g") if g.get("class") == "place"):
        for circle in g.iter(f"{SVG}circle"):
            assert 0 < float(circle.get("cx", "")) < width
            assert 0 < float(circle.get("cy", "")) < height
    arcs = sum(len(one.inputs) + len(one.outputs) for one in model.transitions)
    assert len([g for g in root.iter(f"{SVG}g") if g.get("class") == "flow"]) == arcs


@pytest.fixture(scope="module")
def p2p(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("p2p")
    source = folder / "p2p.sqlite"
    with gzip.open(logs / "ocel2" / "ocel2-p2p.sqlite.gz") as packed, source.open("wb") as out:
        shutil.copyfileobj(packed, out)
    return thalweg.ingest(source, into=folder / "book").path


def test_lines_of_different_types_never_lie_on_one_another(p2p: Path) -> None:
    """At Execute Payment lines of four types meet, some of them at the same side."""
    model = discover_object_centric(thalweg.open_book(p2p), noise=0.2)
    routes = [(g.get("data-type"), route_of(g)) for g in groups(object_centric_svg(model), "flow")]
    assert len(routes) > 80
    for (kind, one), (other, two) in combinations(routes, 2):
        assert kind == other or shared_px(one, two) < 1


def route_of(flow: ElementTree.Element) -> list[Point]:
    """The corners of a line from its path, whose corners are rounded."""
    path = next(flow.iter(f"{SVG}path")).get("d", "")
    found = re.findall(r"([MLQ])([-\d.]+) ([-\d.]+)", path)
    points = [(float(x), float(y)) for step, x, y in found if step in "MQ"]
    return [*points, (float(found[-1][1]), float(found[-1][2]))]


def shared_px(one: list[Point], other: list[Point]) -> float:
    """The longest piece that two lines have in common."""
    longest = 0.0
    for (a, b), (c, d) in ((p, q) for p in pairwise(one) for q in pairwise(other)):
        for on, along in ((0, 1), (1, 0)):
            if a[on] == b[on] and c[on] == d[on] and abs(a[on] - c[on]) < 3:
                low = max(min(a[along], b[along]), min(c[along], d[along]))
                high = min(max(a[along], b[along]), max(c[along], d[along]))
                longest = max(longest, high - low)
    return longest


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["thalweg", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
        sys.exit(0)
    return int(ended.value.code or 0)


def test_the_command_draws_the_types_that_are_asked_for(
    p2p: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "net.svg"
    ask = ["discover", p2p, "--object-centric", "--types", "payment, purchase_order", "--json"]
    assert command(monkeypatch, *ask, "--picture", target) == 0
    assert json.loads(capsys.readouterr().out)["types"] == ["payment", "purchase_order"]
    kinds = {g.get("data-type") for g in groups(target.read_text(encoding="utf-8"), "place")}
    assert kinds == {"payment", "purchase_order"}
    assert command(monkeypatch, "discover", p2p, "--types", "payment") == 2
    assert "--object-centric" in capsys.readouterr().err


def test_the_suffix_decides_the_kind_of_picture(orders: ObjectCentricModel, tmp_path: Path) -> None:
    svg = draw_object_centric(orders, tmp_path / "n.svg", language="zh")
    assert svg.read_text(encoding="utf-8").startswith("<svg")
    assert draw_object_centric(orders, tmp_path / "n.png").read_bytes()[1:4] == b"PNG"
    with pytest.raises(RequestError, match=r"n\.gif.*\.svg or \.png"):
        draw_object_centric(orders, tmp_path / "n.gif")


@pytest.mark.parametrize("count", [3, 7, 8, 20])
def test_each_of_many_types_has_a_colour_of_its_own(count: int) -> None:
    colours = type_colours([f"type {n}" for n in range(count)])
    assert len(set(colours.values())) == count
