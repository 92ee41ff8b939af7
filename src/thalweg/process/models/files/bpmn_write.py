"""BPMN 2.0 XML with the drawing in it, as any BPMN tool opens it."""

from __future__ import annotations

from pathlib import Path

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel, BpmnNode, Layout
from thalweg.process.models.files.bpmn_read import DRAWING, SPACE
from thalweg.process.models.files.write_text import Ids, text_of, write_text
from thalweg.process.models.layout.arrange import layout_bpmn

_TAGS = {
    "start": "startEvent",
    "end": "endEvent",
    "task": "task",
    "event": "intermediateThrowEvent",
    "exclusive": "exclusiveGateway",
    "parallel": "parallelGateway",
    "inclusive": "inclusiveGateway",
}
_GATEWAYS = ("exclusive", "parallel", "inclusive")
_HEAD = (
    f'<definitions xmlns="{SPACE}" xmlns:bpmndi="{DRAWING}" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" '
    'id="{id}" targetNamespace="urn:thalweg:models" exporter="Thalweg">'
)


def write_bpmn(model: BpmnModel, path: str | Path, layout: Layout | None = None) -> None:
    """Write a model as BPMN 2.0 XML; a failed write leaves what was there.

    Takes    layout: how to draw it; the model's own, or a fresh one, if none is given.
    Raises   RequestError: the layout lacks a node or flow, a label has control characters, or the
             file cannot be written.
    """
    write_text(path, bpmn_text(model, layout))


def bpmn_text(model: BpmnModel, layout: Layout | None = None) -> str:
    """The model as a BPMN 2.0 document, valid against the schema of the OMG.

    Ids that XML does not allow are replaced. The process is not executable: the model says in
    which order work is done, and nothing of how.
    """
    layout = layout or model.layout or layout_bpmn(model)
    ids = Ids()
    key = {node.id: ids.take(node.id, "node") for node in model.nodes}
    flow_key = {flow.id: ids.take(flow.id, "flow") for flow in model.flows}
    process = ids.take("process", "process")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _HEAD.format(id=ids.take("definitions", "definitions")),
        f'  <process id="{process}" name="{text_of(model.name)}" isExecutable="false">',
    ]
    into: dict[str, list[str]] = {node.id: [] for node in model.nodes}
    out_of: dict[str, list[str]] = {node.id: [] for node in model.nodes}
    for flow in model.flows:
        into[flow.target].append(flow_key[flow.id])
        out_of[flow.source].append(flow_key[flow.id])
    for node in model.nodes:
        lines += _node_lines(node, key, into[node.id], out_of[node.id])
    for flow in model.flows:
        ends = f'sourceRef="{key[flow.source]}" targetRef="{key[flow.target]}"'
        lines.append(f'    <sequenceFlow id="{flow_key[flow.id]}"{_named(flow.label)} {ends}/>')
    lines += [
        "  </process>",
        f'  <bpmndi:BPMNDiagram id="{ids.take("diagram", "diagram")}">',
        f'    <bpmndi:BPMNPlane id="{ids.take("plane", "plane")}" bpmnElement="{process}">',
        *_shape_lines(model, layout, key, ids),
        *_edge_lines(model, layout, flow_key, ids),
        "    </bpmndi:BPMNPlane>",
        "  </bpmndi:BPMNDiagram>",
        "</definitions>",
        "",
    ]
    return "\n".join(lines)


def _node_lines(
    node: BpmnNode, key: dict[str, str], into: list[str], out_of: list[str]
) -> list[str]:
    tag, more = _TAGS[node.kind], ""
    if node.kind in _GATEWAYS:
        more = f' gatewayDirection="{_direction(len(into), len(out_of))}"'
    if node.attached is not None:
        tag, more = "boundaryEvent", f' attachedToRef="{key[node.attached]}"'
    inside = [f"      <incoming>{flow}</incoming>" for flow in into]
    inside += [f"      <outgoing>{flow}</outgoing>" for flow in out_of]
    inside += ["      <standardLoopCharacteristics/>"] if node.repeats else []
    head = f'    <{tag} id="{key[node.id]}"{_named(node.label)}{more}'
    return [f"{head}>", *inside, f"    </{tag}>"] if inside else [f"{head}/>"]


def _direction(into: int, out_of: int) -> str:
    if into > 1 and out_of > 1:
        return "Mixed"
    return "Converging" if into > 1 else "Diverging" if out_of > 1 else "Unspecified"


def _named(label: str | None) -> str:
    return "" if label is None else f' name="{text_of(label)}"'


def _shape_lines(model: BpmnModel, layout: Layout, key: dict[str, str], ids: Ids) -> list[str]:
    lines: list[str] = []
    for node in model.nodes:
        box = layout.boxes.get(node.id)
        if box is None:
            raise RequestError(
                f"The layout has no place for the node {node.id!r}. Lay it out anew."
            )
        marker = ' isMarkerVisible="true"' if node.kind == "exclusive" else ""
        shape = ids.take(f"{key[node.id]}_shape", "shape")
        sides = " ".join(
            f'{side}="{_number(value)}"'
            for side, value in (
                ("x", box.x),
                ("y", box.y),
                ("width", box.width),
                ("height", box.height),
            )
        )
        lines += [
            f'      <bpmndi:BPMNShape id="{shape}" bpmnElement="{key[node.id]}"{marker}>',
            f"        <dc:Bounds {sides}/>",
            "      </bpmndi:BPMNShape>",
        ]
    return lines


def _edge_lines(model: BpmnModel, layout: Layout, key: dict[str, str], ids: Ids) -> list[str]:
    lines: list[str] = []
    for flow in model.flows:
        points = layout.routes.get(flow.id, ())
        if len(points) < 2:
            raise RequestError(f"The layout has no way for the flow {flow.id!r}. Lay it out anew.")
        edge = ids.take(f"{key[flow.id]}_edge", "edge")
        lines += [
            f'      <bpmndi:BPMNEdge id="{edge}" bpmnElement="{key[flow.id]}">',
            *(f'        <di:waypoint x="{_number(x)}" y="{_number(y)}"/>' for x, y in points),
            "      </bpmndi:BPMNEdge>",
        ]
    return lines


def _number(value: float) -> str:
    """As many digits as it takes, and none behind the point of a whole number."""
    return repr(float(value)).removesuffix(".0")
