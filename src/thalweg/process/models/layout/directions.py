"""First steps of a layered layout: which edges run back, and which layer each node stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as it is asked for.

    aside: it leaves the straight way to others, where there is a choice. port: where it begins,
    if that is below its source: pixels to the right of the middle and below the border.
    """

    source: int
    target: int
    aside: bool = False
    port: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Layered:
    """Directed edges without cycles, and a layer for each node.

    turned: the edge is drawn against its direction. aside: it leaves the straight way to others, as
    was asked or because another way leads from its source to its target. ports: as in ``Link``.
    """

    edges: list[Edge]
    turned: list[bool]
    aside: list[bool]
    ports: list[tuple[int, int] | None]
    layers: list[int]


def layer_nodes(n: int, links: Sequence[Link]) -> Layered:
    """Turn edges until there is no cycle, then give every edge at least one layer to cross.

    Takes    n nodes and links without self-loops.
    Source   Sugiyama, Tagawa, Toda (1981); cycles are broken at the back edges of a walk in depth
             from the sources, so that the ways back of a process are the edges that are turned.
             Layers are longest ways.
    """
    edges = [(link.source, link.target) for link in links]
    turned = _turned(n, edges)
    directed = [(v, u) if back else (u, v) for (u, v), back in zip(edges, turned, strict=True)]
    order = _topological(n, directed)
    assert order is not None
    lengths = _lengths(directed)
    layers = _longest(order, directed, lengths)
    past = _bypasses(order, directed)
    aside = [link.aside or past[e] for e, link in enumerate(links)]
    return Layered(directed, turned, aside, [link.port for link in links], layers)


def _following(n: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Edges that leave each node, by number."""
    out: list[list[int]] = [[] for _ in range(n)]
    for e, (u, _) in enumerate(edges):
        out[u].append(e)
    return out


def _turned(n: int, edges: Sequence[Edge]) -> list[bool]:
    out = _following(n, edges)
    turned = _orient(n, edges, [not out[u] for u in range(n)], [False] * n)
    directed = [(v, u) if t else (u, v) for (u, v), t in zip(edges, turned, strict=True)]
    if _topological(n, directed) is None:
        return _back_edges(n, edges, [False] * n)
    return turned


def _orient(n: int, edges: Sequence[Edge], goals: list[bool], entries: list[bool]) -> list[bool]:
    """Back edges, and all edges of ways back: these are drawn from right to left, as people do.

    Takes    goals: nodes where the way on ends. entries: nodes where it begins. A way back may hold cycles of its own, which turn
             around in it: so each is a task of the same kind, with the nodes as goals from which
             it leads back.
    """
    turned = _back_edges(n, edges, entries)
    for group in _ways_back(n, edges, turned, goals):
        inside = {u: k for k, u in enumerate(group)}
        within = [e for e, (u, v) in enumerate(edges) if u in inside and v in inside]
        leaving = {u for u, v in edges if u in inside and v not in inside}
        entered = {v for u, v in edges if v in inside and u not in inside}
        part = [(inside[edges[e][0]], inside[edges[e][1]]) for e in within]
        ends = [u in leaving for u in group], [u in entered for u in group]
        own = _orient(len(group), part, *ends)
        for e, (u, v) in enumerate(edges):
            turned[e] |= u in inside or v in inside
        for e, flag in zip(within, own, strict=True):
            turned[e] = not flag
    return turned


def _back_edges(n: int, edges: Sequence[Edge], entries: list[bool]) -> list[bool]:
    """Edges that lead to a node on the way by which a walk in depth came.

    The walk begins at nodes that no edge enters, then at ``entries``, then anywhere.
    """
    out = _following(n, edges)
    entered = [False] * n
    for _, v in edges:
        entered[v] = True
    back = [False] * len(edges)
    state = [0] * n
    for root in sorted(range(n), key=lambda u: (entered[u], not entries[u], u)):
        if state[root]:
            continue
        state[root] = 1
        way = [(root, 0)]
        while way:
            u, at = way.pop()
            if at == len(out[u]):
                state[u] = 2
                continue
            way.append((u, at + 1))
            e = out[u][at]
            v = edges[e][1]
            back[e] = state[v] == 1
            if state[v] == 0:
                state[v] = 1
                way.append((v, 0))
    return back


def _ways_back(
    n: int, edges: Sequence[Edge], back: list[bool], goals: list[bool]
) -> list[list[int]]:
    """Groups of nodes from which no way leads on to a goal, only back."""
    forward = [edge for edge, b in zip(edges, back, strict=True) if not b]
    order = _topological(n, forward)
    assert order is not None
    onward = _reaching(order, forward, goals)
    if not any(onward):
        return []
    returning = [u for u in range(n) if not onward[u]]
    number = {u: k for k, u in enumerate(returning)}
    links = [(number[u], number[v]) for u, v in edges if u in number and v in number]
    return [[returning[k] for k in group] for group in components(len(returning), links)]


def _reaching(order: list[int], forward: list[Edge], goals: list[bool]) -> list[bool]:
    """Nodes that are goals or from which edges lead to one."""
    following = _following(len(order), forward)
    reaching = list(goals)
    for u in reversed(order):
        reaching[u] = reaching[u] or any(reaching[forward[e][1]] for e in following[u])
    return reaching


def find(group: list[int], u: int) -> int:
    """The first member of a group in a forest of groups, with the way to it shortened."""
    while group[u] != u:
        group[u] = group[group[u]]
        u = group[u]
    return u


def _join(group: list[int], u: int, v: int) -> None:
    a, b = find(group, u), find(group, v)
    group[max(a, b)] = min(a, b)


def components(n: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Nodes that hang together, each group in order."""
    group = list(range(n))
    for u, v in edges:
        _join(group, u, v)
    found: dict[int, list[int]] = {}
    for u in range(n):
        found.setdefault(find(group, u), []).append(u)
    return list(found.values())


def _topological(n: int, edges: Sequence[Edge]) -> list[int] | None:
    """Nodes so that every edge leads onward, or None where there is a cycle."""
    out = _following(n, edges)
    left = [0] * n
    for _, v in edges:
        left[v] += 1
    order = [u for u in range(n) if not left[u]]
    for u in order:
        for e in out[u]:
            v = edges[e][1]
            left[v] -= 1
            if not left[v]:
                order.append(v)
    return order if len(order) == n else None


def _lengths(directed: list[Edge]) -> list[int]:
    """Layers to cross at least: two for edges that run side by side, so that they can part."""
    seen: dict[Edge, int] = {}
    for edge in directed:
        seen[edge] = seen.get(edge, 0) + 1
    return [1 + (seen[edge] > 1) for edge in directed]


def _longest(order: list[int], directed: list[Edge], lengths: list[int]) -> list[int]:
    """The longest way from a source; nodes with more ways out than in move on towards them."""
    n = len(order)
    out = _following(n, directed)
    entering = [0] * n
    layers = [0] * n
    for u in order:
        for e in out[u]:
            v = directed[e][1]
            entering[v] += 1
            layers[v] = max(layers[v], layers[u] + lengths[e])
    for u in reversed(order):
        if len(out[u]) > entering[u]:
            layers[u] = min(layers[directed[e][1]] - lengths[e] for e in out[u])
    lowest = min(layers, default=0)
    return [layer - lowest for layer in layers]


def _bypasses(order: list[int], directed: list[Edge]) -> list[bool]:
    """Edges beside which there is a longer way, by sets of reachable nodes kept as bits."""
    n = len(order)
    out = _following(n, directed)
    reach = [0] * n
    for u in reversed(order):
        for e in out[u]:
            v = directed[e][1]
            reach[u] |= reach[v] | (1 << v)
    return [
        any(reach[directed[other][1]] >> v & 1 for other in out[u] if directed[other][1] != v)
        for u, v in directed
    ]
