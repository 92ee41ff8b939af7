"""Embedded sub-processes laid open: their nodes become nodes of the process around them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnFlow, BpmnModel, BpmnNode
from thalweg.process.models.convert.bpmn_net import bpmn_to_net


@dataclass(frozen=True, slots=True)
class Scope:
    """Nodes and flows of a process or sub-process; inner: sub-processes by the id of their node."""

    nodes: tuple[BpmnNode, ...]
    flows: tuple[BpmnFlow, ...]
    inner: dict[str, Scope] = field(default_factory=dict)


def flattened(scope: Scope) -> tuple[tuple[BpmnNode, ...], tuple[BpmnFlow, ...]]:
    """Nodes and flows with every sub-process laid open.

    A sub-process begins with the node that had its id, now a silent event, and ends with another.
    Several ends meet as they must: in an exclusive gateway if one of them is reached in each
    run, in a parallel one if all are.

    Raises   RequestError: an event interrupts a sub-process, or its ends meet in neither way.
    """
    nodes, flows = list(scope.nodes), list(scope.flows)
    for key, inside in scope.inner.items():
        at = next(n for n, node in enumerate(nodes) if node.id == key)
        _check(nodes[at], nodes)
        more, ways, last = _opened(nodes[at], inside)
        flows = [replace(f, source=last) if f.source == key else f for f in flows] + ways
        nodes[at : at + 1] = more
    return tuple(nodes), tuple(flows)


def _check(node: BpmnNode, nodes: list[BpmnNode]) -> None:
    event = next((n for n in nodes if n.attached == node.id), None)
    if event is not None:
        raise RequestError(
            f"The event {event.label or event.id!r} interrupts the sub-process "
            f"{node.label or node.id!r}, which could be at any point. Attach it to single tasks."
        )


def _opened(node: BpmnNode, scope: Scope) -> tuple[list[BpmnNode], list[BpmnFlow], str]:
    """Nodes and flows in place of the sub-process, and the node that now ends it."""
    inside, flows = flattened(scope)
    first, last = node.id, f"{node.id}_end"
    targets, sources = {f.target for f in flows}, {f.source for f in flows}
    begins = [n for n in inside if n.id not in targets and n.attached is None]
    ends = [n for n in inside if n.id not in sources]
    nodes = [replace(n, kind="event") if n.kind in ("start", "end") else n for n in inside]
    ways = list(flows)

    def way(source: str, target: str) -> None:
        ways.append(BpmnFlow(f"{node.id}_flow{len(ways)}", source, target))

    fork = any(n.kind == "start" for n in begins) and len(begins) > 1
    extra = [BpmnNode(first, "event"), BpmnNode(last, "event")]
    if fork:
        extra.append(BpmnNode(f"{first}_choice", "exclusive"))
        way(first, f"{first}_choice")
    for n in begins:
        way(f"{first}_choice" if fork else first, n.id)
    into = last
    if node.repeats:
        into = f"{node.id}_again"
        extra.append(BpmnNode(into, "exclusive"))
        way(into, first)
        way(into, last)
    if len(ends) > 1 and _all_ends(node, inside, flows):
        extra.append(BpmnNode(f"{node.id}_join", "parallel"))
        way(f"{node.id}_join", into)
        into = f"{node.id}_join"
    for n in ends:
        way(n.id, into)
    return [extra[0], *nodes, *extra[1:]], ways, last


def _all_ends(node: BpmnNode, nodes: tuple[BpmnNode, ...], flows: tuple[BpmnFlow, ...]) -> bool:
    """Whether every run reaches all ends (True) or one of them (False)."""
    net = bpmn_to_net(BpmnModel(nodes, flows, node.label or node.id))
    if not net.assumed and net.finals[0].count(1) == 1 and sum(net.finals[0]) == 1:
        return False
    targets = {f.source for f in flows}
    ends = sum(n.id not in targets for n in nodes)
    if not net.assumed and len(net.finals) == 1 and net.finals[0].count(1) == ends:
        return True
    raise RequestError(
        f"The sub-process {node.label or node.id!r} ends now at one, now at several of its ends. "
        "Join its branches before a single end event."
    )
