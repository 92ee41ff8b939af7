"""Trees become BPMN with gateways only where work splits or meets."""

from __future__ import annotations

from thalweg.process.models.bpmn import BpmnModel, NodeKind
from thalweg.process.models.convert.bpmn_graph import BpmnGraph
from thalweg.process.models.tree import SILENT, ProcessTree


def tree_to_bpmn(tree: ProcessTree, name: str = "process") -> BpmnModel:
    """A BPMN model with the words of the tree.

    Returns  one start and one end event; each choice and each parallel block between a gateway that
             splits and one that joins, each loop between an exclusive gateway that joins and one that
             splits. Silent steps are bare flows, and blocks of silent steps alone are nothing. Tasks
             are in the order of the tree's activities, as the labelled transitions of
             ``tree_to_net`` are.
    """
    graph = BpmnGraph()
    last = _block(graph, _drawable(tree), graph.node("start"))
    graph.flow(last, graph.node("end"))
    return graph.model(name)


def _block(graph: BpmnGraph, tree: ProcessTree, before: int) -> int:
    """Draw the tree behind a node; gives back the node that ends it."""
    if tree.operator is None:
        return before if tree.silent else graph.flow(before, graph.node("task", tree.label))
    if tree.operator == "sequence":
        for child in tree.children:
            before = _block(graph, child, before)
        return before
    kind: NodeKind = "parallel" if tree.operator == "parallel" else "exclusive"
    first = graph.flow(before, graph.node(kind))
    if tree.operator == "loop":
        last = graph.node("exclusive")
        graph.flow(_block(graph, tree.children[0], first), last)
        for redo in tree.children[1:]:
            graph.flow(_block(graph, redo, last), first)
        return last
    ends = [_block(graph, child, first) for child in tree.children]
    last = graph.node(kind)
    for end in ends:
        graph.flow(end, last)
    return last


def _drawable(tree: ProcessTree) -> ProcessTree:
    """The same words with as few blocks: no silent steps but bare ways, no block in its own kind."""
    if tree.operator is None:
        return tree
    children = [_drawable(child) for child in tree.children]
    if tree.operator == "loop":
        return _loop(children)
    flat = [
        part
        for child in children
        for part in (child.children if child.operator == tree.operator else (child,))
    ]
    visible = [child for child in flat if not child.silent]
    skip = tree.operator == "choice" and len(visible) < len(flat)
    kept = (*visible, SILENT) if skip and visible else tuple(visible)
    if not kept:
        return SILENT
    return kept[0] if len(kept) == 1 else ProcessTree(tree.operator, None, kept)


def _loop(children: list[ProcessTree]) -> ProcessTree:
    """A loop in the body of a loop, or a choice on the way back, are ways back of one loop."""
    body, *redo = children
    if body.operator == "loop":
        redo = [*body.children[1:], *redo]
        body = body.children[0]
    ways = [w for r in redo for w in (r.children if r.operator == "choice" else (r,))]
    visible = [way for way in ways if not way.silent]
    bare = len(visible) < len(ways) and not body.silent
    kept = (*visible, SILENT) if bare else tuple(visible)
    return ProcessTree("loop", None, (body, *kept)) if kept else body
