"""BPMN as a graph: events, tasks and gateways joined by sequence flows, with an optional layout.

Only what has a meaning for the order of work is kept: lanes, data and messages are left out when a
file is read, and the reader says what it left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NodeKind = Literal["start", "end", "task", "event", "exclusive", "parallel", "inclusive"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels: its upper left corner, and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes lie (by id), and the points that flows run through (by id)."""

    boxes: dict[str, Box]
    routes: dict[str, tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class BpmnNode:
    """label: of a task, the activity; None where nothing is written. An ``event`` is intermediate.

    repeats: a task that may be done several times in a row (loop and multi-instance markers).
    attached: id of the task that the event sits on, and interrupts.
    """

    id: str
    kind: NodeKind
    label: str | None = None
    repeats: bool = False
    attached: str | None = None


@dataclass(frozen=True, slots=True)
class BpmnFlow:
    """A sequence flow between two nodes, by id."""

    id: str
    source: str
    target: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class BpmnModel:
    """One process. left_out: kinds of elements that the file had and the graph has not, counted."""

    nodes: tuple[BpmnNode, ...]
    flows: tuple[BpmnFlow, ...]
    name: str = "process"
    layout: Layout | None = None
    left_out: tuple[tuple[str, int], ...] = ()
