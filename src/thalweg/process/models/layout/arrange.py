"""Where the nodes of a model lie and how its flows run: our own layered, orthogonal layout.

Sizes are those that BPMN editors expect. Nothing but the model decides, so that equal models are
drawn alike everywhere. The steps are in ``directions`` (which edges run back, layers),
``order`` (crossings), ``rows`` (heights) and ``routes`` (columns and lines).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from thalweg.process.models.bpmn import Box, BpmnModel, BpmnNode, Layout, Point
from thalweg.process.models.layout.directions import Link, components, layer_nodes
from thalweg.process.models.layout.order import order_layers
from thalweg.process.models.layout.routes import dock, route
from thalweg.process.models.layout.rows import Shape, place_rows
from thalweg.process.models.petri import PetriNet

TASK_HEIGHT, EVENT, GATEWAY, PLACE, BAR = 80, 36, 50, 38, 14
TASK_WIDTHS = (100, 120, 140, 160)
_NET_HEIGHT = 68
_ORIGIN, _BETWEEN, _NAME_ROOM, _LOOP_ROOM = 50.0, 60.0, 24, 24
_RIDER = 28
"""Pixels from the middle of a task to an event on its border, and to keep free below it."""
_LINES = 3
_LETTER_PX, _CAPITAL_PX, _PADDING = 7.8, 9.3, 10
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
    riders = _riders(model)
    placed = [node for node in model.nodes if node.id not in riders]
    number = {node.id: n for n, node in enumerate(placed)}
    hosts = [host for host, _ in riders.values()]
    shapes = [_bpmn_shape(node, hosts.count(node.id)) for node in placed]
    links = []
    for flow in model.flows:
        host, away = riders.get(flow.source, (flow.source, None))
        port = None if away is None else (away, EVENT // 2)
        links.append(Link(number[host], number[flow.target], port is not None, port))
    boxes, routes = arrange(shapes, links)
    found = {node.id: box for node, box in zip(placed, boxes, strict=True)}
    for event, (host, away) in riders.items():
        box = found[host]
        x, y = box.x + box.width / 2 + away, box.y + box.height
        found[event] = Box(x - EVENT / 2, y - EVENT / 2, EVENT, EVENT)
    return Layout(
        {node.id: found[node.id] for node in model.nodes},
        {flow.id: points for flow, points in zip(model.flows, routes, strict=True)},
    )


def _riders(model: BpmnModel) -> dict[str, tuple[str, int]]:
    """Events that sit on the lower border of a task: the task, and pixels right of its middle."""
    tasks = {node.id for node in model.nodes if node.kind == "task"}
    entered = {flow.target for flow in model.flows}
    on: dict[str, list[str]] = {}
    for node in model.nodes:
        if node.kind == "event" and node.attached in tasks and node.id not in entered:
            on.setdefault(node.attached or "", []).append(node.id)
    return {
        event: (host, away)
        for host, events in on.items()
        for event, away in zip(events, _rider_places(len(events)), strict=True)
    }


def _rider_places(count: int) -> list[int]:
    """Pixels right of a task's middle, from right to left; the middle itself stays free."""
    if count <= 2:
        return [_RIDER, -_RIDER][:count]
    slots = max(4, count + count % 2)
    return [60 - 120 * nth // (slots - 1) for nth in range(count)]


def layout_net(net: PetriNet, named: Collection[int] = ()) -> Layout:
    """Boxes and routes of a Petri net, by the keys that this module makes from positions.

    Takes    named: places that have room below them for a name.
    Returns  as ``layout_bpmn``; places under ``place_key``, transitions under ``transition_key``,
             arcs under ``arc_key`` of both. Names may repeat in a net; these keys cannot.
    """
    shapes = [
        Shape(PLACE, PLACE, "circle", _NAME_ROOM if p in named else 0)
        for p in range(len(net.places))
    ]
    shapes += [_transition_shape(t.label) for t in net.transitions]
    keys = [place_key(p) for p in range(len(net.places))]
    keys += [transition_key(t) for t in range(len(net.transitions))]
    links: list[Link] = []
    for t, transition in enumerate(net.transitions, start=len(net.places)):
        silent = transition.label is None
        links += [Link(p, t, silent) for p, _ in transition.inputs]
        links += [Link(t, p, silent) for p, _ in transition.outputs]
    boxes, routes = arrange(shapes, links)
    return Layout(
        dict(zip(keys, boxes, strict=True)),
        {
            arc_key(keys[link.source], keys[link.target]): points
            for link, points in zip(links, routes, strict=True)
        },
    )


def place_key(position: int) -> str:
    return f"place-{position}"


def transition_key(position: int) -> str:
    return f"transition-{position}"


def arc_key(source: str, target: str) -> str:
    """The key of an arc from those of its ends."""
    return f"{source}>{target}"


def arrange(
    shapes: Sequence[Shape], links: Sequence[Link]
) -> tuple[list[Box], list[tuple[Point, ...]]]:
    """Boxes and routes of any graph; parts that do not hang together lie below one another."""
    boxes: dict[int, Box] = {}
    routes: dict[int, tuple[Point, ...]] = {}
    top = _ORIGIN
    for nodes in components(len(shapes), [(link.source, link.target) for link in links]):
        inside = {u: k for k, u in enumerate(nodes)}
        chosen = [e for e, link in enumerate(links) if link.source in inside]
        part = [
            replace(links[e], source=inside[links[e].source], target=inside[links[e].target])
            for e in chosen
        ]
        placed, lines, height = _arrange_part([shapes[u] for u in nodes], part, top)
        boxes |= dict(zip(nodes, placed, strict=True))
        routes |= dict(zip(chosen, lines, strict=True))
        top += height + _BETWEEN
    return [boxes[u] for u in range(len(shapes))], [routes[e] for e in range(len(links))]


def _arrange_part(
    shapes: list[Shape], links: list[Link], top: float
) -> tuple[list[Box], list[tuple[Point, ...]], float]:
    n = len(shapes)
    loops = [e for e, link in enumerate(links) if link.source == link.target]
    own = [sum(links[e].source == u for e in loops) for u in range(n)]
    roomy = [
        Shape(s.width, s.height, s.form, s.room + (_LOOP_ROOM + 8 * k if k else 0))
        for s, k in zip(shapes, own, strict=True)
    ]
    others = [e for e in range(len(links)) if e not in loops]
    layered = layer_nodes(n, [links[e] for e in others])
    items, order = order_layers(layered)
    rows = place_rows(roomy, layered, items, order)
    centre, lines = route(roomy, layered, rows)
    drawn = dict(zip(others, lines, strict=True))
    for nth, e in enumerate(loops):
        u = links[e].source
        before = sum(links[x].source == u for x in loops[:nth])
        drawn[e] = _loop(shapes[u], centre[u], float(rows.y[u]), before, links[e].port)
    heights = [y for points in drawn.values() for _, y in points]
    for u in range(n):
        half = shapes[u].height / 2
        heights += [rows.y[u] - half, rows.y[u] + half + roomy[u].room]
    shift = top - min(heights)
    boxes = [
        Box(_ORIGIN + x - s.width / 2, y - s.height / 2 + shift, s.width, s.height)
        for s, x, y in zip(shapes, centre, rows.y, strict=False)
    ]
    routes = [tuple((_ORIGIN + x, y + shift) for x, y in drawn[e]) for e in range(len(links))]
    return boxes, routes, max(heights) - min(heights)


def _loop(
    shape: Shape, x: float, y: float, before: int, port: tuple[int, int] | None
) -> list[Point]:
    """A flow from a node to itself: out below on the right, back in below on the left.

    From an event that sits on the node it leads back on the far left.
    """
    depth = y + shape.height / 2 + 16 + 8 * before
    if port is not None:
        start, low = (x + port[0], y + shape.height / 2 + port[1]), depth + port[1]
        back = x - shape.width / 2 + 2
        return [start, (start[0], low), (back, low), (back, y + shape.height / 2)]
    away = min(shape.width / 4, 18.0) / (1 + before * 0.5)
    border = dock(shape, x, y, x + away, above=False)
    return [(x + away, border), (x + away, depth), (x - away, depth), (x - away, border)]


def _bpmn_shape(node: BpmnNode, riders: int) -> Shape:
    room = _NAME_ROOM if node.label else 0
    if node.kind == "task":
        width = TASK_WIDTHS[-1] if riders > 2 else box_width(node.label or "")
        return Shape(width, TASK_HEIGHT, room=_RIDER if riders else 0)
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
    """Width in a bold face of 12 px, rather too much than less."""
    return sum(_letter_px(letter) for letter in text)


def _letter_px(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 12.0
    return _CAPITAL_PX if letter.isupper() else _LETTER_PX


def _lines(pieces: list[float], width: float) -> int:
    lines, used = 1, 0.0
    for piece in pieces:
        if used and used + piece > width:
            lines, used = lines + 1, 0.0
        used += piece
    return lines
