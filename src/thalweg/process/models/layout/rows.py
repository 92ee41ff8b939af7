"""Heights in a layered layout: edges lie straight where they can, corners stand beside their node."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from thalweg.process.models.layout.directions import Layered, find
from thalweg.process.models.layout.order import Items
from thalweg.process.models.layout.simplex import Span, shortest_positions

NODE_GAP, PASS_GAP, LINE_GAP = 30, 20, 16
_TRUNK_COST, _KINK_COST = 1, 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be placed: its size in pixels, its form, and pixels to keep free below it."""

    width: int
    height: int
    form: Literal["box", "diamond", "circle"] = "box"
    room: int = 0


@dataclass(slots=True)
class Rows:
    """All that stands in layers: nodes, points that edges pass, and corners.

    A corner is where an edge that does not leave its node in the middle turns into its row: above
    or below the node, whose number is in ``owner`` (-1 for passed points, own number for nodes).
    ways: the items of each edge, corners included. order: items of each layer from the top.
    y: middle of each item.
    """

    owner: list[int]
    ways: list[list[int]]
    order: list[list[int]]
    y: list[int] = field(default_factory=list)


def place_rows(
    shapes: Sequence[Shape], layered: Layered, items: Items, order: list[list[int]]
) -> Rows:
    """Add corners and give every item its height.

    Source   Straight runs are chosen greedily without crossings and then placed as wholes, as in
             Brandes and Koepf (2002), but by network simplex rather than by compaction.
    """
    rows = _with_corners(len(shapes), layered, items, order)
    classes = _straight(rows, layered, len(shapes))
    rows.y = _heights(shapes, rows, classes)
    return rows


def _with_corners(n: int, layered: Layered, items: Items, order: list[list[int]]) -> Rows:
    place = [0] * len(items.layer)
    for layer in order:
        for at, item in enumerate(layer):
            place[item] = at
    rows = Rows([*range(n), *([-1] * (len(items.layer) - n))], [list(w) for w in items.ways], [])
    stacks = {u: _corners_of(u, layered, items, place, rows) for u in range(n)}
    for layer in order:
        whole: list[int] = []
        for item in layer:
            above, below = stacks.get(item, ([], []))
            whole += [*reversed(above), item, *below]
        rows.order.append(whole)
    return rows


def _corners_of(
    u: int, layered: Layered, items: Items, place: list[int], rows: Rows
) -> tuple[list[int], list[int]]:
    """Corners above and below a node, nearest first; an edge in and one out may share theirs."""
    above = _Stack(u, rows, layered)
    below = _Stack(u, rows, layered)
    for right in (False, True):
        step, end = (1, 0) if right else (-2, 1)
        meeting = [e for e, edge in enumerate(layered.edges) if edge[end] == u]
        meeting.sort(key=lambda e: (place[items.ways[e][step]], e))
        ported = [e for e in meeting if has_port(layered, e, first=right)]
        plain = [e for e in meeting if e not in ported]
        middle = _middle(plain, layered) if plain else 0
        for e in plain[:middle][::-1]:
            above.add(e, right=right, alone=False)
        for e in meeting:
            if e in ported or e in plain[middle + 1 :]:
                below.add(e, right=right, alone=e in ported)
    return above.corners, below.corners


def has_port(layered: Layered, edge: int, *, first: bool) -> bool:
    """Whether the end of an edge at the beginning (or end) of its way is at a port."""
    return layered.ports[edge] is not None and first != layered.turned[edge]


def enters(layered: Layered, edge: int, *, first: bool) -> bool:
    """Whether work enters the node at the beginning (or end) of an edge's way."""
    return first == layered.turned[edge]


class _Stack:
    """Corners above or below a node, nearest first."""

    def __init__(self, node: int, rows: Rows, layered: Layered) -> None:
        self.node, self.rows, self.layered = node, rows, layered
        self.corners: list[int] = []
        self.enters: list[bool | None] = []
        """By corner: whether the edge on its left enters the node; None where it cannot share."""
        self.next = 0

    def add(self, edge: int, *, right: bool, alone: bool) -> None:
        """Lead an edge through a corner; those on the left come first.

        One on the left may share its corner with one on the right, unless work leaves to the left
        and enters from the right: on one level these would overlap.
        """
        entering = enters(self.layered, edge, first=right)
        at = len(self.corners)
        if right and not alone:
            at = self.next
            while at < len(self.corners) and (
                self.enters[at] is None or (entering and not self.enters[at])
            ):
                at += 1
            self.next = at + 1
        if at == len(self.corners):
            self.corners.append(len(self.rows.owner))
            self.rows.owner.append(self.node)
            self.enters.append(None if right or alone else entering)
        way = self.rows.ways[edge]
        way.insert(1 if right else len(way) - 1, self.corners[at])


def _middle(meeting: list[int], layered: Layered) -> int:
    """Which of the edges on one side of a node goes on straight: the middle one of those ahead."""
    for wanted in ((False, False), (False, True)):
        kind = [n for n, e in enumerate(meeting) if (layered.turned[e], layered.aside[e]) == wanted]
        if kind:
            return kind[(len(kind) - 1) // 2]
    return (len(meeting) - 1) // 2


def _steps(rows: Rows, n: int) -> Iterator[tuple[int, int, int]]:
    """Edge and both items of each step from a layer to the next."""
    for e, way in enumerate(rows.ways):
        for a, b in itertools.pairwise(way):
            if not (a < n <= b and rows.owner[b] == a) and not (b < n <= a and rows.owner[a] == b):
                yield e, a, b


def _straight(rows: Rows, layered: Layered, n: int) -> list[int]:
    """Groups of items that lie at one height: for each item the first of its group."""
    layer_of = {item: k for k, layer in enumerate(rows.order) for item in layer}
    place = {item: at for layer in rows.order for at, item in enumerate(layer)}

    def rank(step: tuple[int, int, int]) -> tuple[int, int, int]:
        e, a, b = step
        main = a < n and b < n and not layered.turned[e]
        return (0 if main else 1, -len(rows.ways[e]), e)

    group = list(range(len(rows.owner)))
    chosen: list[list[tuple[int, int]]] = [[] for _ in rows.order]
    for _, a, b in sorted(_steps(rows, n), key=rank):
        taken = chosen[layer_of[a]]
        pair = (place[a], place[b])
        at = bisect_left(taken, pair)
        if at > 0 and taken[at - 1][1] >= pair[1]:
            continue
        if at < len(taken) and taken[at][1] <= pair[1]:
            continue
        insort(taken, pair)
        x, y = find(group, a), find(group, b)
        group[max(x, y)] = min(x, y)
    return [find(group, item) for item in range(len(group))]


def _heights(shapes: Sequence[Shape], rows: Rows, classes: list[int]) -> list[int]:
    n = len(shapes)
    number = {c: k for k, c in enumerate(dict.fromkeys(classes))}
    of = [number[c] for c in classes]
    # A run is as thick everywhere as at its largest node, so that rows look like rows.
    half = [0] * len(number)
    for u, shape in enumerate(shapes):
        half[of[u]] = max(half[of[u]], (shape.height + 1) // 2)
    least: dict[tuple[int, int], int] = {}
    for layer in rows.order:
        for a, b in itertools.pairwise(layer):
            up, low = half[of[a]], half[of[b]]
            gap = up + low + (LINE_GAP, PASS_GAP, NODE_GAP)[(up > 0) + (low > 0)]
            if a < n and shapes[a].room:
                name = (shapes[a].height + 1) // 2 + shapes[a].room
                below = (shapes[b].height + 1) // 2 + NODE_GAP // 2 if b < n else LINE_GAP // 2
                gap = max(gap, name + below)
            least[of[a], of[b]] = max(least.get((of[a], of[b]), 0), gap)
    spans: list[Span] = [(a, b, gap, 0) for (a, b), gap in least.items()]
    for layer in rows.order:
        place = {item: at for at, item in enumerate(layer)}
        for item in layer:
            owner = rows.owner[item]
            if item >= n and owner >= 0:
                pair = (item, owner) if place[item] < place[owner] else (owner, item)
                spans.append((of[pair[0]], of[pair[1]], 0, _TRUNK_COST))
    points = len(number)
    for _, a, b in _steps(rows, n):
        if of[a] != of[b]:
            spans.append((points, of[a], 0, _KINK_COST))
            spans.append((points, of[b], 0, _KINK_COST))
            points += 1
    y = shortest_positions(points, spans)
    return [y[k] for k in of]
