"""Where the nodes of a model lie and how its flows run: our own layered, orthogonal layout.

Sizes are those that BPMN editors expect. Nothing but the model decides, so that equal models are
drawn alike everywhere. The steps are in ``layout_directions`` (which edges run back, layers),
``layout_order`` (crossings), ``layout_rows`` (heights) and ``layout_routes`` (columns and lines).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from thalweg.process.models.bpmn import Box, BpmnModel, BpmnNode, Layout, Point
from thalweg.process.models.layout_directions import components, layer_nodes
from thalweg.process.models.layout_order import order_layers, split_edges
from thalweg.process.models.layout_routes import dock, route
from thalweg.process.models.layout_rows import Shape, place_rows
from thalweg.process.models.petri import PetriNet

Edge = tuple[int, int]
TASK_HEIGHT, EVENT, GATEWAY, PLACE, BAR = 80, 36, 50, 38, 14
TASK_WIDTHS = (100, 120, 140, 160)
_NET_HEIGHT = 68
_ORIGIN, _BETWEEN, _NAME_ROOM, _LOOP_ROOM = 50.0, 60.0, 24, 24
_LINES = 3
_LETTER_PX, _PADDING = 7.8, 10
_PIECES = re.compile(
    r"[（《【「『]?[⺀-鿿가-힯豈-﫿＀-￯][，。、；：！？）》】」』]*|[^\s⺀-鿿가-힯豈-﫿＀-￯]+\s?"
)
"""Where a label may break: after words, and between Chinese characters."""


def layout_bpmn(model: BpmnModel) -> Layout:
    """Boxes by the ids of nodes and routes by the ids of flows, from left to right.

    Takes    model: flows whose ends are nodes of it; its own layout, if any, is not looked at.
    Returns  upright boxes that do not overlap; routes of level and upright lines from border to
             border, around all other boxes, along the flow.
    Source   Sugiyama et al. (1981); the steps name their own sources.
    """
    number = {node.id: n for n, node in enumerate(model.nodes)}
    shapes = [_bpmn_shape(node) for node in model.nodes]
    edges = [(number[flow.source], number[flow.target]) for flow in model.flows]
    boxes, routes = arrange(shapes, edges)
    return Layout(
        {node.id: box for node, box in zip(model.nodes, boxes, strict=True)},
        {flow.id: points for flow, points in zip(model.flows, routes, strict=True)},
    )


def layout_net(net: PetriNet) -> Layout:
    """Boxes and routes of a Petri net, by the keys that this module makes from positions.

    Returns  as ``layout_bpmn``; places under ``place_key``, transitions under ``transition_key``,
             arcs under ``arc_key`` of both. Names may repeat in a net; these keys cannot.
    """
    shapes = [Shape(PLACE, PLACE, "circle") for _ in net.places]
    shapes += [_transition_shape(t.label) for t in net.transitions]
    keys = [place_key(p) for p in range(len(net.places))]
    keys += [transition_key(t) for t in range(len(net.transitions))]
    edges: list[Edge] = []
    for t, transition in enumerate(net.transitions, start=len(net.places)):
        edges += [(p, t) for p, _ in transition.inputs]
        edges += [(t, p) for p, _ in transition.outputs]
    silent = [False for _ in net.places] + [t.label is None for t in net.transitions]
    boxes, routes = arrange(shapes, edges, [silent[u] or silent[v] for u, v in edges])
    return Layout(
        dict(zip(keys, boxes, strict=True)),
        {arc_key(keys[u], keys[v]): r for (u, v), r in zip(edges, routes, strict=True)},
    )


def place_key(position: int) -> str:
    return f"place-{position}"


def transition_key(position: int) -> str:
    return f"transition-{position}"


def arc_key(source: str, target: str) -> str:
    """The key of an arc from those of its ends."""
    return f"{source}>{target}"


def arrange(
    shapes: Sequence[Shape], edges: Sequence[Edge], aside: Sequence[bool] = ()
) -> tuple[list[Box], list[tuple[Point, ...]]]:
    """Boxes and routes of any graph; parts that do not hang together lie below one another.

    Takes    aside: edges that leave the straight way to others, where there is a choice.
    """
    boxes: dict[int, Box] = {}
    routes: dict[int, tuple[Point, ...]] = {}
    top = _ORIGIN
    for nodes in components(len(shapes), edges):
        inside = {u: k for k, u in enumerate(nodes)}
        chosen = [e for e, (u, _) in enumerate(edges) if u in inside]
        part = [(inside[edges[e][0]], inside[edges[e][1]]) for e in chosen]
        yielding = [bool(aside) and aside[e] for e in chosen]
        placed, lines, height = _arrange_part([shapes[u] for u in nodes], part, yielding, top)
        boxes |= dict(zip(nodes, placed, strict=True))
        routes |= dict(zip(chosen, lines, strict=True))
        top += height + _BETWEEN
    return [boxes[u] for u in range(len(shapes))], [routes[e] for e in range(len(edges))]


def _arrange_part(
    shapes: list[Shape], edges: list[Edge], aside: list[bool], top: float
) -> tuple[list[Box], list[tuple[Point, ...]], float]:
    n = len(shapes)
    loops = [e for e, (u, v) in enumerate(edges) if u == v]
    own = [sum(edges[e][0] == u for e in loops) for u in range(n)]
    roomy = [
        Shape(s.width, s.height, s.form, s.room + (_LOOP_ROOM + 8 * k if k else 0))
        for s, k in zip(shapes, own, strict=True)
    ]
    others = [e for e, (u, v) in enumerate(edges) if u != v]
    layered = layer_nodes(n, [edges[e] for e in others])
    layered.aside[:] = [a or aside[e] for a, e in zip(layered.aside, others, strict=True)]
    items = split_edges(layered)
    rows = place_rows(roomy, layered, items, order_layers(items))
    centre, lines = route(roomy, layered, rows)
    drawn = dict(zip(others, lines, strict=True))
    for nth, e in enumerate(loops):
        u = edges[e][0]
        before = sum(edges[x][0] == u for x in loops[:nth])
        drawn[e] = _loop(shapes[u], centre[u], float(rows.y[u]), before)
    heights = [y for points in drawn.values() for _, y in points]
    for u in range(n):
        half = shapes[u].height / 2
        heights += [rows.y[u] - half, rows.y[u] + half + roomy[u].room]
    shift = top - min(heights)
    boxes = [
        Box(_ORIGIN + x - s.width / 2, y - s.height / 2 + shift, s.width, s.height)
        for s, x, y in zip(shapes, centre, rows.y, strict=False)
    ]
    routes = [tuple((_ORIGIN + x, y + shift) for x, y in drawn[e]) for e in range(len(edges))]
    return boxes, routes, max(heights) - min(heights)


def _loop(shape: Shape, x: float, y: float, before: int) -> list[Point]:
    """A flow from a node to itself: out below on the right, back in below on the left."""
    away = min(shape.width / 4, 18.0) / (1 + before * 0.5)
    border = dock(shape, x, y, x + away, above=False)
    depth = y + shape.height / 2 + 16 + 8 * before
    return [(x + away, border), (x + away, depth), (x - away, depth), (x - away, border)]


def _bpmn_shape(node: BpmnNode) -> Shape:
    room = _NAME_ROOM if node.label else 0
    if node.kind == "task":
        return Shape(box_width(node.label or ""), TASK_HEIGHT)
    if node.kind in ("start", "end", "event"):
        return Shape(EVENT, EVENT, "circle", room)
    return Shape(GATEWAY, GATEWAY, "diamond", room)


def _transition_shape(label: str | None) -> Shape:
    if label is None:
        return Shape(BAR, PLACE + 6)
    return Shape(box_width(label), _NET_HEIGHT)


def box_width(label: str) -> int:
    """The least usual width of a task in which the label takes no more than three lines."""
    pieces = [_text_px(piece) for piece in _PIECES.findall(label)] or [0.0]
    for width in TASK_WIDTHS:
        room = width - _PADDING
        if max(pieces) <= room and _lines(pieces, room) <= _LINES:
            return width
    return TASK_WIDTHS[-1]


def _text_px(text: str) -> float:
    return sum(12.0 if unicodedata.east_asian_width(c) in "WF" else _LETTER_PX for c in text)


def _lines(pieces: list[float], width: float) -> int:
    lines, used = 1, 0.0
    for piece in pieces:
        if used and used + piece > width:
            lines, used = lines + 1, 0.0
        used += piece
    return lines
