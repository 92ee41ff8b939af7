"""What a process map shows: boxes for activities, and arrows for pairs, starts and ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from thalweg.process import simplify as rule

if TYPE_CHECKING:
    from thalweg.process.result import MapResult

START, END = rule.BEGIN, rule.END
LEGIBLE_ACTIVITIES = 30
LEGIBLE_ARROWS = 70
FEW_ARROWS = 20
"""So many arrows are always shown."""
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
    """A directly-follows pair, or a start or end; times in seconds, None for starts and ends.

    kind: the object type, on a map of several types; else empty.
    """

    source: str
    target: str
    count: int
    objects: int
    mean_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None
    total_s: float | None = None
    kind: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.source, self.target, self.kind


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


def all_elements(result: MapResult) -> Elements:
    """Everything that a map result holds."""
    waits = dict(
        result.pairs.group_by("target")
        .agg((pl.col("total_s").sum() / pl.col("count").sum()).alias("wait_s"))
        .iter_rows()
    )
    rows = result.activities.select("activity", "events", "objects").iter_rows()
    boxes = [Box(name, events, objects, waits.get(name)) for name, events, objects in rows]
    columns = ["source", "target", "count", "objects", "mean_s", "median_s", "p90_s", "total_s"]
    arrows = [Arrow(*row) for row in result.pairs.select(columns).iter_rows()]
    for name, objects in result.starts.select("activity", "objects").iter_rows():
        arrows.append(Arrow(START, name, objects, objects))
    for name, objects in result.ends.select("activity", "objects").iter_rows():
        arrows.append(Arrow(name, END, objects, objects))
    boxes.sort(key=lambda b: (-b.events, b.name))
    arrows.sort(key=lambda a: (-a.count, a.source, a.target))
    return Elements(tuple(boxes), tuple(arrows), len(boxes), len(arrows))


def shown_elements(result: MapResult, activities: float, paths: float) -> Elements:
    """What ``simplify`` keeps of a map result."""
    whole = all_elements(result)
    if activities == 1 and paths == 1:
        return whole
    shown = rule.simplify(result, activities, paths)
    names = set(shown.activities)
    pairs = set(shown.pairs)
    pairs |= {(START, name) for name in shown.starts} | {(name, END) for name in shown.ends}
    return Elements(
        tuple(b for b in whole.boxes if b.name in names),
        tuple(a for a in whole.arrows if (a.source, a.target) in pairs),
        whole.all_boxes,
        whole.all_arrows,
    )


def legible_shares(
    result: MapResult,
    activities: float | None = None,
    *,
    most_activities: int = LEGIBLE_ACTIVITIES,
    most_arrows: int = LEGIBLE_ARROWS,
    flow: float = FLOW_SHARE,
) -> tuple[float, float]:
    """Shares of activities and paths that keep a picture readable.

    Takes    activities: a share that is wished, for which the paths are then fitted.
             most_activities, most_arrows: how much is readable. flow: the part of all passages
             beyond which further arrows are not needed.
    """
    whole = all_elements(result)
    if activities is None:
        activities = min(1.0, most_activities / max(whole.all_boxes, 1))
    kept = round(activities * whole.all_boxes)
    names = {box.name for box in whole.boxes[:kept]} | {START, END}
    counts = [a.count for a in whole.arrows if {a.source, a.target} <= names]
    total, seen, needed = sum(counts), 0, 0
    while needed < min(len(counts), most_arrows) and (needed < FEW_ARROWS or seen < flow * total):
        seen += counts[needed]
        needed += 1
    return activities, min(1.0, max(needed, 1) / max(len(counts), 1))
