"""What a process map shows: boxes, arrows, and which of them are kept when it is simplified.

The rule of keeping is the same in pictures and in the report's sliders: the most frequent
activities; among their pairs the most frequent; and always the widest way from the start to each
activity and from each activity to the end, so that nothing shown hangs loose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import polars as pl

START, END = "▶start", "■end"
"""Names of the two markers; no activity of a log is called so."""

LEGIBLE_ACTIVITIES = 30
LEGIBLE_ARROWS = 70
FLOW_SHARE = 0.9
"""A legible picture shows the arrows that carry this part of all passages, if they are few enough."""


@dataclass(frozen=True, slots=True)
class Box:
    """An activity: events, distinct objects, and mean seconds since the event before it."""

    name: str
    events: int
    objects: int
    wait_s: float | None


@dataclass(frozen=True, slots=True)
class Arrow:
    """A directly-follows pair, or a start or end; times in seconds, None for starts and ends."""

    source: str
    target: str
    count: int
    objects: int
    mean_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None
    total_s: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.target


@dataclass(frozen=True, slots=True)
class Elements:
    """Boxes by falling events, and arrows by falling count, starts and ends among them.

    all_boxes and all_arrows count what there was before anything was left out.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    all_boxes: int
    all_arrows: int

    @property
    def hidden_boxes(self) -> int:
        return self.all_boxes - len(self.boxes)

    @property
    def hidden_arrows(self) -> int:
        return self.all_arrows - len(self.arrows)


def map_elements(
    activities: pl.DataFrame, pairs: pl.DataFrame, starts: pl.DataFrame, ends: pl.DataFrame
) -> Elements:
    """All boxes and arrows of the tables of a map result."""
    waits = dict(
        pairs.group_by("target")
        .agg((pl.col("total_s").sum() / pl.col("count").sum()).alias("wait_s"))
        .iter_rows()
    )
    boxes = [
        Box(name, events, objects, waits.get(name))
        for name, events, objects in activities.select("activity", "events", "objects").iter_rows()
    ]
    columns = ["source", "target", "count", "objects", "mean_s", "median_s", "p90_s", "total_s"]
    arrows = [Arrow(*row) for row in pairs.select(columns).iter_rows()]
    for name, objects in starts.select("activity", "objects").iter_rows():
        arrows.append(Arrow(START, name, objects, objects))
    for name, objects in ends.select("activity", "objects").iter_rows():
        arrows.append(Arrow(name, END, objects, objects))
    boxes.sort(key=lambda b: (-b.events, b.name))
    arrows.sort(key=lambda a: (-a.count, a.source, a.target))
    return Elements(tuple(boxes), tuple(arrows), len(boxes), len(arrows))


def legible_shares(elements: Elements, activities: float | None = None) -> tuple[float, float]:
    """Shares of activities and paths that keep a picture readable.

    Takes    activities: a share that is wished, for which the paths are then fitted.
    """
    if activities is None:
        activities = min(1.0, LEGIBLE_ACTIVITIES / max(elements.all_boxes, 1))
    arrows = keep(elements, activities, 1.0).arrows
    total, seen, count = sum(a.count for a in arrows), 0, 0
    while count < min(len(arrows), LEGIBLE_ARROWS) and seen < FLOW_SHARE * total:
        seen += arrows[count].count
        count += 1
    return activities, min(1.0, count / max(len(arrows), 1))


def keep(elements: Elements, activities: float, paths: float) -> Elements:
    """The part of the elements that the shares (0 to 1) keep."""
    count = max(1, math.ceil(activities * len(elements.boxes) - 1e-9)) if elements.boxes else 0
    boxes = elements.boxes[:count]
    names = {box.name for box in boxes} | {START, END}
    among = [a for a in elements.arrows if a.source in names and a.target in names]
    wanted = {a.key for a in among[: math.ceil(paths * len(among) - 1e-9)]}
    wanted |= backbone(among)
    arrows = tuple(a for a in among if a.key in wanted)
    return Elements(boxes, arrows, elements.all_boxes, elements.all_arrows)


def backbone(arrows: Sequence[Arrow]) -> set[tuple[str, str]]:
    """Arrows of the widest ways from the start to all boxes and from all boxes to the end."""
    forward = ((a.source, a.target, a.count) for a in arrows)
    backward = ((a.target, a.source, a.count) for a in arrows)
    ways = set(widest_tree(START, forward))
    return ways | {(source, target) for target, source in widest_tree(END, backward)}


def widest_tree(root: str, links: Iterable[tuple[str, str, int]]) -> list[tuple[str, str]]:
    """Links of a tree from the root in which every way is as wide as it can be, in that order.

    The width of a way is that of its narrowest link (Prim's rule with counts as weights).
    """
    outgoing: dict[str, list[tuple[str, int]]] = {}
    for source, target, count in links:
        outgoing.setdefault(source, []).append((target, count))
    reached, tree = {root}, []
    queue: list[tuple[int, str, str]] = []

    def enter(name: str) -> None:
        for target, count in outgoing.get(name, ()):
            if target not in reached:
                heappush(queue, (-count, name, target))

    enter(root)
    while queue:
        _, source, target = heappop(queue)
        if target not in reached:
            reached.add(target)
            tree.append((source, target))
            enter(target)
    return tree
