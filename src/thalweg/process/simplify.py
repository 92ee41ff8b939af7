"""A map with fewer activities and paths that still hangs together.

Activities are ranked by events and paths by count, beginnings and ends included, and the asked
share of each is kept (rounded up). Then every kept activity is joined to the beginning and to an
end by its *widest* route, the one whose least frequent step is most frequent (Pollack 1960), first
among the kept activities, and through others only where no route among them exists.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from thalweg.errors import RequestError
from thalweg.process.result import MapResult

BEGIN, END = "\x00begin", "\x00end"
Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a simplified map keeps.

    added: activities beyond the asked share, needed as links. events_share, paths_share: parts of
    all events, and of all steps between events, that are shown.
    """

    activities: tuple[str, ...]
    pairs: tuple[Edge, ...]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    added: tuple[str, ...]
    events_share: float
    paths_share: float


def simplify(result: MapResult, activities: float = 0.8, paths: float = 0.5) -> Shown:
    """What to show of a map at the two sliders' positions.

    Takes    activities, paths: shares to keep, above 0 and up to 1.
    Raises   RequestError: a share outside these bounds.
    """
    for name, share in (("activities", activities), ("paths", paths)):
        if not 0 < share <= 1:
            raise RequestError(f"The share of {name} is {share}. Give one above 0 and up to 1.")
    events = {str(a): int(n) for a, n in result.activities.select("activity", "events").iter_rows()}
    counts = _edges(result)
    ranked = sorted(events, key=lambda a: (-events[a], a))
    wanted = set(ranked[: ceil(activities * len(ranked))])
    routes = _routes(counts, wanted)
    kept = wanted | {a for edge in routes for a in edge} - {BEGIN, END}
    inside = [e for e in counts if e[0] in kept | {BEGIN} and e[1] in kept | {END}]
    inside.sort(key=lambda e: (-counts[e], e))
    edges = set(inside[: ceil(paths * len(inside))]) | routes
    shown = sorted(edges, key=lambda e: (-counts[e], e))
    pairs = tuple(e for e in shown if BEGIN not in e and END not in e)
    steps = sum(n for e, n in counts.items() if BEGIN not in e and END not in e)
    return Shown(
        activities=tuple(a for a in ranked if a in kept),
        pairs=pairs,
        starts=tuple(b for a, b in shown if a == BEGIN),
        ends=tuple(a for a, b in shown if b == END),
        added=tuple(a for a in ranked if a in kept - wanted),
        events_share=sum(events[a] for a in kept) / max(sum(events.values()), 1),
        paths_share=sum(counts[e] for e in pairs) / max(steps, 1),
    )


def _edges(result: MapResult) -> dict[Edge, int]:
    edges: dict[Edge, int] = {}
    for source, target, count in result.pairs.select("source", "target", "count").iter_rows():
        edges[source, target] = count
    for activity, objects in result.starts.select("activity", "objects").iter_rows():
        edges[BEGIN, activity] = objects
    for activity, objects in result.ends.select("activity", "objects").iter_rows():
        edges[activity, END] = objects
    return edges


def _routes(counts: Mapping[Edge, int], wanted: set[str]) -> set[Edge]:
    """The steps of the widest routes from the beginning to each activity and on to an end."""
    back = {(b, a): n for (a, b), n in counts.items()}
    forth = _widest(counts, BEGIN, wanted)
    return forth | {(a, b) for b, a in _widest(back, END, wanted)}


def _widest(counts: Mapping[Edge, int], root: str, wanted: set[str]) -> set[Edge]:
    among = {e: n for e, n in counts.items() if {*e} - {root} <= wanted}
    near = _tree(among, root)
    far = _tree(counts, root) if wanted - near.keys() else near
    return {
        step
        for activity in wanted
        for step in _climb(near if activity in near else far, activity, root)
    }


def _climb(parent: Mapping[str, str], activity: str, root: str) -> Iterable[Edge]:
    while activity != root and activity in parent:
        yield parent[activity], activity
        activity = parent[activity]


def _tree(counts: Mapping[Edge, int], root: str) -> dict[str, str]:
    """For each activity that ``root`` leads to, the step before it on its widest route."""
    following: dict[str, list[tuple[str, int]]] = {}
    for (a, b), n in sorted(counts.items()):
        following.setdefault(a, []).append((b, n))
    parent: dict[str, str] = {}
    queue: list[tuple[int, str, str]] = [(-n, b, root) for b, n in following.get(root, [])]
    heapq.heapify(queue)
    while queue:
        width, here, before = heapq.heappop(queue)
        if here in parent or here == root:
            continue
        parent[here] = before
        for b, n in following.get(here, []):
            if b not in parent:
                heapq.heappush(queue, (max(width, -n), b, here))
    return parent
