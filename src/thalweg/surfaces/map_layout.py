"""Where boxes and arrows stand: a layered layout by Graphviz, read back as plain coordinates."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from thalweg.errors import MissingExtraError
from thalweg.surfaces.lettering import text_width, wrap
from thalweg.surfaces.map_elements import END, START, Arrow, Box, Elements

LABEL_PX, FIGURE_PX, ARROW_PX = 13.0, 11.5, 11.5
LINE_PX = 16.0
WRAP_PX = 178.0
MARKER_PX = 26.0
_POINTS = 72.0
_HEAD_PX = 9.0

Point = tuple[float, float]
Link = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box's centre and size in px, and its label by lines."""

    name: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedArrow:
    """A chain of Bézier curves (first point, then three for each), its tip and its label's place."""

    source: str
    target: str
    curve: tuple[Point, ...]
    tip: Point
    label: Point


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    arrows: tuple[PlacedArrow, ...]


def lay_out(
    elements: Elements, *, label_width: float = 44.0, main: Container[Link] | None = None
) -> Layout:
    """Place all elements, from top to bottom.

    Takes    label_width: px to keep free for the figure on each arrow.
             main: keys of the arrows that shape the picture; the others are drawn across it
             as plain curves with their figure on the line. None means all.
    Raises   MissingExtraError: pygraphviz is not installed.
    """
    try:
        import pygraphviz
    except ImportError as error:
        raise MissingExtraError("pygraphviz, which lays out process maps,", "pictures") from error
    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(rankdir="TB", nodesep="0.32", ranksep="0.42", splines="true")
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    graph.edge_attr.update(arrowsize="0.6", fontname="Courier", fontsize="10")
    sizes = _sizes(elements)
    ids = {name: f"n{number}" for number, name in enumerate(sizes)}
    _add_boxes(graph, sizes, ids)
    _add_arrows(graph, elements, ids, label_width, main)
    with _without_font_warnings():
        graph.layout(prog="dot")
    return _read(graph, elements, sizes, ids)


def _sizes(elements: Elements) -> dict[str, PlacedBox]:
    """Boxes and markers by name, not placed yet, in the order in which Graphviz meets them."""
    known = {box.name: box for box in elements.boxes}
    names = [START, *_order(elements), END]
    return {name: _sized(known[name]) if name in known else _marker(name) for name in names}


def _add_boxes(graph: Any, sizes: dict[str, PlacedBox], ids: dict[str, str]) -> None:
    for name, box in sizes.items():
        width, height = f"{box.width / _POINTS:.3f}", f"{box.height / _POINTS:.3f}"
        graph.add_node(ids[name], width=width, height=height)
    graph.add_subgraph([ids[START]], rank="source")
    graph.add_subgraph([ids[END]], rank="sink")


def _order(elements: Elements) -> list[str]:
    """Activities in the order of a walk from the start that always takes the widest open arrow.

    Graphviz breaks cycles in the order in which it meets the boxes, so this keeps the main way
    pointing down.
    """
    following: dict[str, list[Arrow]] = {}
    for arrow in elements.arrows:
        following.setdefault(arrow.source, []).append(arrow)
    reached = [START]
    queue: list[tuple[int, str]] = []
    for place in reached:
        for arrow in following.get(place, ()):
            heappush(queue, (-arrow.count, arrow.target))
        while queue:
            _, name = heappop(queue)
            if name not in reached and name != END:
                reached.append(name)
                break
    return reached[1:] + [b.name for b in elements.boxes if b.name not in set(reached)]


def _add_arrows(
    graph: Any,
    elements: Elements,
    ids: dict[str, str],
    label_width: float,
    main: Container[Link] | None,
) -> None:
    most = max((a.count for a in elements.arrows), default=1)
    blanks = "x" * max(2, round(label_width / 6))
    for number, arrow in enumerate(elements.arrows):
        if main is None or arrow.key in main:
            weight = str(1 + round(20 * arrow.count / most))
            ends = ids[arrow.source], ids[arrow.target]
            graph.add_edge(*ends, key=str(number), weight=weight, label=blanks)


def _sized(box: Box) -> PlacedBox:
    lines = wrap(box.name, LABEL_PX, WRAP_PX)
    width = max(96.0, max(text_width(line, LABEL_PX) for line in lines) + 28)
    return PlacedBox(box.name, 0, 0, width, 18 + LINE_PX * (len(lines) + 1), tuple(lines))


def _marker(name: str) -> PlacedBox:
    return PlacedBox(name, 0, 0, MARKER_PX, MARKER_PX, ())


def _read(
    graph: Any, elements: Elements, sizes: dict[str, PlacedBox], ids: dict[str, str]
) -> Layout:
    left, bottom, right, top = (float(v) for v in graph.graph_attr["bb"].split(","))
    boxes = []
    for name, box in sizes.items():
        x, y = (float(v) for v in graph.get_node(ids[name]).attr["pos"].split(","))
        placed = (name, x - left, top - y, box.width, box.height, box.lines)
        boxes.append(PlacedBox(*placed))
    places = {box.name: box for box in boxes}
    arrows = []
    for number, arrow in enumerate(elements.arrows):
        ends = ids[arrow.source], ids[arrow.target]
        if graph.has_edge(*ends, str(number)):
            attributes = graph.get_edge(*ends, str(number)).attr
            arrows.append(_read_arrow(attributes, arrow, left, top))
        else:
            arrows.append(_across(arrow, places[arrow.source], places[arrow.target]))
    return Layout(right - left, top - bottom, tuple(boxes), tuple(arrows))


def _across(arrow: Arrow, source: PlacedBox, target: PlacedBox) -> PlacedArrow:
    """A plain curve: down from below to above, up or level along the right-hand sides."""
    if target.y - target.height / 2 > source.y + source.height / 2:
        first = (source.x, source.y + source.height / 2)
        tip = (target.x, target.y - target.height / 2)
        end = (tip[0], tip[1] - _HEAD_PX)
        bend = (end[1] - first[1]) * 0.45
        curve = (first, (first[0], first[1] + bend), (end[0], end[1] - bend), end)
    else:
        shift = 9.0 if source is target else 0.0
        first = (source.x + source.width / 2, source.y - shift)
        tip = (target.x + target.width / 2, target.y + shift)
        end = (tip[0] + _HEAD_PX, tip[1])
        bow = max(first[0], end[0]) + 26 + 0.18 * abs(first[1] - end[1])
        curve = (first, (bow, first[1]), (bow, end[1]), end)
    middle = tuple(
        (curve[0][i] + 3 * curve[1][i] + 3 * curve[2][i] + curve[3][i]) / 8 for i in (0, 1)
    )
    return PlacedArrow(arrow.source, arrow.target, curve, tip, (middle[0], middle[1]))


def _read_arrow(attributes: Any, arrow: Arrow, left: float, top: float) -> PlacedArrow:
    tip: Point | None = None
    points: list[Point] = []
    for word in attributes["pos"].split():
        parts = word.split(",")
        point = (float(parts[-2]) - left, top - float(parts[-1]))
        if parts[0] == "e":
            tip = point
        else:
            points.append(point)
    x, y = (float(v) for v in attributes["lp"].split(","))
    place = (x - left, top - y)
    return PlacedArrow(arrow.source, arrow.target, tuple(points), tip or points[-1], place)


@contextmanager
def _without_font_warnings() -> Iterator[None]:
    """Keep Fontconfig's complaints about the system's files, which are not ours, from the screen.

    Graphviz writes to the file descriptor itself; every other line is passed on.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
            caught.seek(0)
            for line in caught.read().splitlines(keepends=True):
                if not line.startswith(b"Fontconfig "):
                    os.write(2, line)
