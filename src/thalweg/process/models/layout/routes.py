"""Columns of a layered layout, and the routes of its edges: only level and upright lines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import sqrt

from thalweg.process.models.bpmn import Point
from thalweg.process.models.layout.directions import Layered
from thalweg.process.models.layout.rows import Rows, Shape, enters, has_port

CHANNEL, TRACK = 42, 12
_OVERLAP_COST = 1000
Kink = tuple[int, int, int, int]
"""Edge, place in its way, and the heights that it joins."""


def route(
    shapes: Sequence[Shape], layered: Layered, rows: Rows
) -> tuple[list[float], list[list[Point]]]:
    """The middle of each node's column, and the points of each edge in its own direction."""
    n = len(shapes)
    layer_of = {item: k for k, layer in enumerate(rows.order) for item in layer}
    kinks: list[list[Kink]] = [[] for _ in rows.order]
    for e, way in enumerate(rows.ways):
        for at, (a, b) in enumerate(itertools.pairwise(way)):
            if layer_of[a] != layer_of[b] and rows.y[a] != rows.y[b]:
                kinks[layer_of[a]].append((e, at, rows.y[a], rows.y[b]))
    widths = [max((shapes[i].width for i in layer if i < n), default=LEAST) for layer in rows.order]
    track_x: dict[tuple[int, int], float] = {}
    middles: list[float] = []
    x = 0.0
    for width, found in zip(widths, kinks, strict=True):
        middles.append(x + width / 2)
        x += width
        tracks = _tracks(found)
        for (e, at, _, _), track in zip(found, tracks, strict=True):
            track_x[e, at] = x + CHANNEL / 2 + TRACK * track
        x += CHANNEL + TRACK * max(tracks, default=0)
    centre = [middles[layer_of[i]] for i in range(n)]
    trunks = _trunks(layered, rows, n)
    routes = [
        _points(e, way, shapes, rows, centre, track_x, trunks, layered)
        for e, way in enumerate(rows.ways)
    ]
    return centre, routes


LEAST = 16


def _trunks(layered: Layered, rows: Rows, n: int) -> dict[tuple[int, bool], int]:
    """Where work both enters and leaves a node above (True) or below it: on which side it enters.

    -1 is left of the middle, as long as some work enters from the left or leaves to the right.
    """
    kinds: dict[tuple[int, bool], set[tuple[bool, bool]]] = {}
    for e, way in enumerate(rows.ways):
        for node, corner, first in ((way[0], way[1], True), (way[-1], way[-2], False)):
            at_trunk = corner >= n and rows.owner[corner] == node
            if at_trunk and not has_port(layered, e, first=first):
                key = (node, rows.y[corner] < rows.y[node])
                kind = (first, enters(layered, e, first=first))
                kinds.setdefault(key, set()).add(kind)
    return {
        key: -1 if (False, True) in found or (True, False) in found else 1
        for key, found in kinds.items()
        if len({entering for _, entering in found}) > 1
    }


def _points(
    e: int,
    way: list[int],
    shapes: Sequence[Shape],
    rows: Rows,
    centre: list[float],
    track_x: dict[tuple[int, int], float],
    trunks: dict[tuple[int, bool], int],
    layered: Layered,
) -> list[Point]:
    n, turned = len(shapes), layered.turned[e]
    points: list[Point] = []
    for at, item in enumerate(way):
        y = float(rows.y[item])
        if at in (0, len(way) - 1):
            first = at == 0
            corner = way[1] if first else way[-2]
            if corner >= n and rows.owner[corner] == item:
                above = rows.y[corner] < rows.y[item]
                port = layered.ports[e]
                if port is not None and has_port(layered, e, first=first):
                    x = centre[item] + port[0]
                    end = (x, y + shapes[item].height / 2 + port[1])
                else:
                    side = trunks.get((item, above), 0)
                    shift = side * _shift(shapes[item])
                    x = centre[item] + (shift if first == turned else -shift)
                    end = (x, dock(shapes[item], centre[item], y, x, above=above))
                turn = (x, float(rows.y[corner]))
                points += [end, turn] if first else [turn, end]
            else:
                half = shapes[item].width / 2
                points.append((centre[item] + (half if first else -half), y))
        if (e, at) in track_x:
            x = track_x[e, at]
            points += [(x, y), (x, float(rows.y[way[at + 1]]))]
    slim = _slim(points)
    return slim[::-1] if turned else slim


def _shift(shape: Shape) -> float:
    """How far two trunks stand from the middle; nearer where events sit on a box."""
    return 5.5 if shape.form == "box" and shape.room else min(shape.width / 5, 16.0)


def dock(shape: Shape, centre_x: float, centre_y: float, x: float, *, above: bool) -> float:
    """The height at which an upright line at x meets the border of a shape."""
    half, away = shape.height / 2, abs(x - centre_x)
    if shape.form == "diamond":
        half *= 1 - away / (shape.width / 2)
    elif shape.form == "circle":
        half = sqrt(half * half - away * away)
    return centre_y - half if above else centre_y + half


def _slim(points: list[Point]) -> list[Point]:
    """Without points in which a line goes straight on."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        while len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return kept


def _tracks(kinks: Sequence[Kink]) -> list[int]:
    """A track for each upright line between two layers, so that few lines cross and none overlap."""
    left = list(range(len(kinks)))
    cost = {(i, j): _cost(kinks[i], kinks[j]) for i in left for j in left if i != j}
    tracks = [0] * len(kinks)
    done: list[int] = []
    pull = {i: sum(cost[i, j] - cost[j, i] for j in left if j != i) for i in left}
    while left:
        chosen = min(left, key=lambda i: (pull[i], i))
        left.remove(chosen)
        for i in left:
            pull[i] -= cost[i, chosen] - cost[chosen, i]
        low, high = sorted(kinks[chosen][2:])
        for other in done:
            other_low, other_high = sorted(kinks[other][2:])
            if low <= other_high + TRACK and other_low <= high + TRACK:
                tracks[chosen] = max(tracks[chosen], tracks[other] + 1)
        done.append(chosen)
    return tracks


def _cost(one: Kink, other: Kink) -> int:
    """Crossings and overlaps if ``one`` stands to the left of ``other``."""
    (_, _, a, b), (_, _, c, d) = one, other
    crossed = (min(a, b) < c < max(a, b)) + (min(c, d) < b < max(c, d))
    return crossed + _OVERLAP_COST * (b == c)
