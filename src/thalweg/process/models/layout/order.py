"""The order of nodes within their layers, with few crossings."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from thalweg.process.models.layout.directions import Layered

_SWEEPS = 24
_PATIENCE = 6
_EXCHANGES = 6


@dataclass(slots=True)
class Items:
    """Nodes, and a point for every layer that an edge passes; ways: the items of each edge.

    Item i is node i as long as there are nodes; the points come after.
    """

    layer: list[int]
    ways: list[list[int]]
    left: list[list[int]] = field(default_factory=list)
    right: list[list[int]] = field(default_factory=list)


def split_edges(layered: Layered, *, mirrored: bool = False) -> Items:
    """Cut edges into steps from layer to layer.

    Takes    mirrored: at every node the ways on are in reverse order.
    """
    layer = list(layered.layers)
    ways: list[list[int]] = []
    for u, v in layered.edges:
        first = len(layer)
        passed = range(layered.layers[u] + 1, layered.layers[v])
        layer.extend(passed)
        ways.append([u, *range(first, first + len(passed)), v])
    items = Items(layer, ways, [[] for _ in layer], [[] for _ in layer])
    for e in _rank(layered, mirrored=mirrored):
        for a, b in itertools.pairwise(ways[e]):
            items.right[a].append(b)
            items.left[b].append(a)
    return items


def _rank(layered: Layered, *, mirrored: bool) -> list[int]:
    """Edges in the order that their ends shall have: ways on, past others, from ports, back."""

    def key(e: int) -> tuple[bool, bool, bool, int]:
        turned, ported = layered.turned[e], layered.ports[e] is not None
        return turned, ported, layered.aside[e], -e if mirrored else e

    return sorted(range(len(layered.edges)), key=key)


def order_layers(layered: Layered) -> tuple[Items, list[list[int]]]:
    """Items, and those of each layer from top to bottom.

    Source   Barycentre sweeps of Sugiyama et al. (1981) with exchanges of neighbours (Gansner et
             al. 1993), from the order of a walk in depth: that one has no crossing where blocks
             are nested, so there it stays. Where it has some, the mirrored walk is tried as well.
    """
    items = split_edges(layered)
    best, fewest = _improved(items)
    if fewest:
        other = split_edges(layered, mirrored=True)
        order, found = _improved(other)
        if found < fewest:
            return other, order
    return items, best


def _improved(items: Items) -> tuple[list[list[int]], int]:
    """The best order that sweeps find, and its crossings."""
    best = _walk(items)
    fewest = crossings(best, items)
    current, idle = [list(layer) for layer in best], 0
    for sweep in range(_SWEEPS):
        if not fewest or idle == _PATIENCE:
            break
        _sweep(current, items, onward=sweep % 2 == 0)
        trial = [list(layer) for layer in current]
        _exchange(trial, items)
        found = crossings(trial, items)
        idle += 1
        if found < fewest:
            best, fewest, idle = trial, found, 0
            current = [list(layer) for layer in trial]
    return best, fewest


def crossings(order: Sequence[Sequence[int]], items: Items) -> int:
    """Pairs of steps between neighbouring layers that cross."""
    total = 0
    for above, below in itertools.pairwise(order):
        place = {item: n for n, item in enumerate(below)}
        ends = [n for item in above for n in sorted(place[b] for b in items.right[item])]
        passed: list[int] = []
        for end in ends:
            at = bisect_left(passed, end + 1)
            total += len(passed) - at
            passed.insert(at, end)
    return total


def _walk(items: Items) -> list[list[int]]:
    layers: list[list[int]] = [[] for _ in range(max(items.layer, default=-1) + 1)]
    seen = [False] * len(items.layer)
    roots = [i for i, left in enumerate(items.left) if not left]
    for root in sorted(roots, key=lambda i: (items.layer[i], i)):
        stack = [root]
        while stack:
            item = stack.pop()
            if not seen[item]:
                seen[item] = True
                layers[items.layer[item]].append(item)
                stack.extend(reversed(items.right[item]))
    return layers


def _sweep(order: list[list[int]], items: Items, *, onward: bool) -> None:
    beside = items.left if onward else items.right
    place = [0] * len(items.layer)
    numbers = range(len(order)) if onward else range(len(order) - 1, -1, -1)
    for number in numbers:
        layer = order[number]
        centre = {
            item: sum(place[b] for b in beside[item]) / len(beside[item]) if beside[item] else n
            for n, item in enumerate(layer)
        }
        layer.sort(key=centre.__getitem__)
        for n, item in enumerate(layer):
            place[item] = n


def _exchange(order: list[list[int]], items: Items) -> None:
    """Exchange neighbours wherever that removes crossings."""
    place = [0] * len(items.layer)
    for layer in order:
        for n, item in enumerate(layer):
            place[item] = n
    for _ in range(_EXCHANGES):
        better = False
        for layer in order:
            for n in range(len(layer) - 1):
                a, b = layer[n], layer[n + 1]
                gain = sum(
                    _crossed(side[a], side[b], place) - _crossed(side[b], side[a], place)
                    for side in (items.left, items.right)
                )
                if gain > 0:
                    layer[n], layer[n + 1] = b, a
                    place[a], place[b] = n + 1, n
                    better = True
        if not better:
            return


def _crossed(upper: list[int], lower: list[int], place: list[int]) -> int:
    return sum(place[a] > place[b] for a in upper for b in lower)
