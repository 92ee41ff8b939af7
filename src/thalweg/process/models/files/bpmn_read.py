"""BPMN 2.0 XML as a graph: what has a meaning for the order of work, and the drawing.

Event-based gateways become exclusive ones (somebody else chooses, the order is the same), tasks of
all kinds tasks, embedded sub-processes their contents (a task, if they have none). All else is counted in ``left_out``:
elements of other vendors under their prefix (``qbp:processSimulationInfo``), lanes, data, messages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from thalweg.errors import RequestError, SourceError
from thalweg.process.models.bpmn import Box, BpmnFlow, BpmnModel, BpmnNode, Layout, NodeKind, Point
from thalweg.process.models.files.bpmn_scopes import Scope, flattened
from thalweg.process.models.files.markup import Element, Markup, one_line, read_markup

SPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DRAWING = "http://www.omg.org/spec/BPMN/20100524/DI"
KINDS: dict[str, NodeKind] = {
    "startEvent": "start",
    "endEvent": "end",
    "intermediateCatchEvent": "event",
    "intermediateThrowEvent": "event",
    "boundaryEvent": "event",
    "exclusiveGateway": "exclusive",
    "eventBasedGateway": "exclusive",
    "parallelGateway": "parallel",
    "inclusiveGateway": "inclusive",
}
KINDS |= dict.fromkeys(
    ("task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask",
     "businessRuleTask", "callActivity"),
    "task",
)  # fmt: skip
_SCOPES = ("subProcess", "transaction")
_LOOPS = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
_TELLING = {"incoming", "outgoing", "extensionElements", "laneSet", "flowNodeRef", "collaboration",
            "standardLoopCharacteristics", "sequenceFlow", "process", "definitions", "subProcess",
            "transaction", "childLaneSet", *KINDS} - {"callActivity"}  # fmt: skip
"""Elements that the graph holds, or that hold nothing but such."""
_OPENED = _TELLING | {"lane", "callActivity"}
"""Elements in which there may be more to count."""


def read_bpmn(path: str | Path, process: str | None = None) -> BpmnModel:
    """The process of a BPMN 2.0 file.

    Takes    process: id or name, where the file has several processes with tasks.
    Returns  nodes and flows in the order of the file; line breaks in labels are blanks. The layout is kept
             if every node and every flow is drawn and no sub-process was laid open.
    Raises   SourceError: no BPMN 2.0, or flows that lead nowhere. RequestError: several processes
             and none chosen, or an element whose meaning is not fixed (complex gateways, ad-hoc
             sub-processes, events that do not interrupt). UnsafeSourceError: see ``read_markup``.
    """
    return bpmn_model(read_markup(path), str(path), process)


def bpmn_model(markup: Markup, name: str, process: str | None = None) -> BpmnModel:
    """The model of a document that has been read; name: of the file, for messages."""
    root = markup.root
    if root.name != "definitions" or root.space not in (SPACE, ""):
        raise SourceError(
            f"{name} begins with <{root.name}> of {root.space or 'no namespace'!r} and is no BPMN "
            "2.0. Export the model as BPMN 2.0 XML."
        )
    chosen = _choose(root, name, process)
    reading = _Reading(name, root.space)
    scope = reading.scope(chosen)
    left_out = reading.left_out(root, chosen)
    if markup.mended:
        left_out["bare ampersand"] = markup.mended
    nodes, flows = flattened(scope)
    model = BpmnModel(
        nodes,
        flows,
        _label(chosen) or _participant(root, chosen) or chosen.get("id") or "process",
        left_out=tuple(sorted(left_out.items())),
    )
    return model if scope.inner else replace(model, layout=_layout(root, model))


def _choose(root: Element, name: str, wanted: str | None) -> Element:
    processes = [element for element in root.all("process") if element.space == root.space]
    if not processes:
        raise SourceError(f"{name} has no process. Export a model with a process.")
    filled = [p for p in processes if any(child.name in KINDS for child in p.children)]
    if wanted is not None:
        filled = [p for p in processes if wanted in (p.get("id"), _label(p), _participant(root, p))]
    if len(filled) == 1:
        return filled[0]
    if len(processes) == 1 and wanted is None:
        raise SourceError(f"{name} has a process without tasks and events. Export it again.")
    shown = ", ".join(repr(_participant(root, p) or _label(p) or p.get("id")) for p in processes)
    raise RequestError(
        f"{name} has {len(processes)} processes ({shown}), and one is needed. "
        "Name it with process=…, by its id or name."
    )


def _participant(root: Element, process: Element) -> str | None:
    for collaboration in root.all("collaboration"):
        for pool in collaboration.all("participant"):
            if pool.get("processRef").rpartition(":")[2] == process.get("id"):
                return _label(pool)
    return None


def _label(element: Element) -> str | None:
    return one_line(element.attributes.get("name", "")) or None


class _Reading:
    def __init__(self, name: str, space: str) -> None:
        self.name, self.space = name, space
        self.silenced: list[Element] = []

    def scope(self, element: Element) -> Scope:
        """Nodes and flows of a process or sub-process, with the sub-processes in it."""
        nodes: list[BpmnNode] = []
        inner: dict[str, Scope] = {}
        links: list[tuple[Element, BpmnNode]] = []
        for child in element.children:
            if child.space != self.space:
                continue
            if child.name in _SCOPES and child.get("triggeredByEvent") == "true":
                self.silenced.append(child)
            elif child.name in _SCOPES:
                nodes.append(self._node(child, "task"))
                inside = self.scope(child)
                inner |= {nodes[-1].id: inside} if inside.nodes else {}
            elif child.name in KINDS:
                nodes.append(self._node(child, KINDS[child.name]))
                links += [(child, nodes[-1])] if child.first("linkEventDefinition") else []
            elif child.name in ("complexGateway", "adHocSubProcess"):
                raise RequestError(
                    f"{self.name}, line {child.line:,}: {child.name} {_shown(child)!r} leaves the "
                    "order of work open. Model it with exclusive, parallel or inclusive gateways."
                )
        flows = [self._flow(f) for f in element.all("sequenceFlow") if f.space == self.space]
        flows += _links(links)
        self._check(nodes, flows)
        return Scope(tuple(nodes), tuple(flows), inner)

    def _node(self, element: Element, kind: NodeKind) -> BpmnNode:
        attached = None
        if element.name == "boundaryEvent":
            if element.get("cancelActivity") == "false":
                raise RequestError(
                    f"{self.name}, line {element.line:,}: boundary event {_shown(element)!r} does "
                    "not interrupt its task and may happen any number of times. "
                    "Model the extra work with a parallel gateway."
                )
            attached = element.get("attachedToRef").rpartition(":")[2]
        repeats = any(element.first(loop) is not None for loop in _LOOPS)
        return BpmnNode(element.get("id"), kind, _label(element), repeats, attached)

    def _flow(self, element: Element) -> BpmnFlow:
        source, target = (element.get(end).rpartition(":")[2] for end in ("sourceRef", "targetRef"))
        return BpmnFlow(element.get("id"), source, target, _label(element))

    def _check(self, nodes: list[BpmnNode], flows: list[BpmnFlow]) -> None:
        """Ids are there and differ; every flow joins two nodes of the same scope."""
        for key, times in Counter([*(n.id for n in nodes), *(f.id for f in flows)]).items():
            if times > 1 or not key:
                raise SourceError(
                    f"{self.name} gives the id {key!r} to {times} elements. Each needs an id of "
                    "its own; export the model again."
                )
        known = {node.id for node in nodes}
        ends = [(f"flow {f.id!r}", end) for f in flows for end in (f.source, f.target)]
        ends += [(f"boundary event {n.id!r}", n.attached) for n in nodes if n.attached is not None]
        for what, end in ends:
            if end not in known:
                raise SourceError(
                    f"{self.name}: {what} leads to or from {end!r}, which is no task, event or "
                    "gateway of the same process. Repair it in a BPMN editor."
                )

    def left_out(self, root: Element, chosen: Element) -> Counter[str]:
        """Count what the graph does not hold; of foreign elements only the outermost."""
        found: Counter[str] = Counter()
        stack = [child for child in root.children if child.space != DRAWING]
        while stack:
            element = stack.pop()
            if element.space != self.space:
                shown = f"{element.prefix}:{element.name}" if element.prefix else element.name
                found[shown] += 1
                continue
            other = element.name == "process" and element is not chosen
            hidden = other or any(element is silenced for silenced in self.silenced)
            if hidden or element.name not in _TELLING:
                found[element.name] += 1
            if not hidden and element.name in _OPENED:
                stack.extend(element.children)
        return found


def _shown(element: Element) -> str:
    return _label(element) or element.get("id")


def _links(links: list[tuple[Element, BpmnNode]]) -> list[BpmnFlow]:
    """Flows from link events that throw to the one that catches under the same name."""
    catching = {
        _link_name(element): node
        for element, node in links
        if element.name == "intermediateCatchEvent"
    }
    return [
        BpmnFlow(f"{node.id}_link", node.id, catching[_link_name(element)].id)
        for element, node in links
        if element.name == "intermediateThrowEvent" and _link_name(element) in catching
    ]


def _link_name(element: Element) -> str:
    definition = element.first("linkEventDefinition")
    return (definition.get("name") if definition is not None else "") or element.get("name")


def _layout(root: Element, model: BpmnModel) -> Layout | None:
    """The drawing, if it is whole."""
    boxes: dict[str, Box] = {}
    routes: dict[str, tuple[Point, ...]] = {}
    try:
        for element in root.walk():
            if element.space == DRAWING and element.name in ("BPMNShape", "BPMNEdge"):
                key = element.get("bpmnElement").rpartition(":")[2]
                bounds = element.first("Bounds")
                if element.name == "BPMNShape" and bounds is not None:
                    sides = ("x", "y", "width", "height")
                    boxes[key] = Box(*(float(bounds.get(side)) for side in sides))
                elif element.name == "BPMNEdge":
                    points = element.all("waypoint")
                    routes[key] = tuple((float(p.get("x")), float(p.get("y"))) for p in points)
    except ValueError:
        return None
    nodes, flows = {n.id for n in model.nodes}, {f.id for f in model.flows}
    boxes = {key: box for key, box in boxes.items() if key in nodes}
    routes = {key: way for key, way in routes.items() if key in flows and len(way) > 1}
    if len(boxes) < len(nodes) or len(routes) < len(flows):
        return None
    return Layout(boxes, routes)
