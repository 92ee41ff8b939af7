"""Inclusive gateways whose branches meet again one by one, where local rules are exact."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel, BpmnNode

Branches = tuple[tuple[str, str], ...]
"""Of each branch, the flow out of the split and the flow into the join."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """splits: branches by gateway; joins: the gateways in which they meet."""

    splits: dict[str, Branches]
    joins: frozenset[str]


def match_inclusive(model: BpmnModel) -> Blocks:
    """Pair inclusive splits with joins.

    A split and a join are a pair if each flow out of the split leads, by ways that nothing else
    leads to or out of, to one flow into the join, each to another. A join then waits for exactly the
    branches taken.

    Raises   RequestError: a gateway without its pair; names it.
    """
    graph = _Graph(model)
    inclusive = [node for node in model.nodes if node.kind == "inclusive"]
    splits = [node for node in inclusive if len(graph.out_of[node.id]) > 1]
    joins = [node for node in inclusive if len(graph.into[node.id]) > 1]
    found: dict[str, Branches] = {}
    joined: set[str] = set()
    for split in splits:
        for join in joins:
            branches = graph.branches(split.id, join.id)
            if branches is not None:
                found[split.id] = branches
                joined.add(join.id)
                break
    lonely = [n for n in splits if n.id not in found] + [n for n in joins if n.id not in joined]
    if lonely:
        raise _refusal(lonely[0])
    return Blocks(found, frozenset(joined))


def _refusal(node: BpmnNode) -> RequestError:
    name = f"{node.label!r} ({node.id})" if node.label else repr(node.id)
    return RequestError(
        f"The inclusive gateway {name} has no partner at which its branches meet one by one, and "
        "what it waits for cannot be told. Model it with exclusive and parallel gateways, or close "
        "the branches of each inclusive split in one inclusive join."
    )


class _Graph:
    def __init__(self, model: BpmnModel) -> None:
        self.into: dict[str, list[str]] = {node.id: [] for node in model.nodes}
        self.out_of: dict[str, list[str]] = {node.id: [] for node in model.nodes}
        self.source = {flow.id: flow.source for flow in model.flows}
        self.target = {flow.id: flow.target for flow in model.flows}
        for flow in model.flows:
            self.into[flow.target].append(flow.id)
            self.out_of[flow.source].append(flow.id)
        for node in model.nodes:
            if node.attached is not None:
                key = f"{node.id} on {node.attached}"
                self.source[key], self.target[key] = node.attached, node.id
                self.into[node.id].append(key)
                self.out_of[node.attached].append(key)

    def branches(self, split: str, join: str) -> Branches | None:
        found: list[tuple[str, str]] = []
        seen: set[str] = set()
        for out in self.out_of[split]:
            region = self._region(out, split, join)
            if region is None or region[0] & seen:
                return None
            seen |= region[0]
            found.append((out, region[1]))
        met = [into for _, into in found]
        return tuple(found) if sorted(met) == sorted(self.into[join]) else None

    def _region(self, out: str, split: str, join: str) -> tuple[set[str], str] | None:
        """The nodes between a flow out of the split and the one flow into the join it leads to."""
        nodes: set[str] = set()
        met = {out} if self.target[out] == join else set[str]()
        stack = [] if met else [self.target[out]]
        while stack:
            node = stack.pop()
            if node in nodes:
                continue
            if node == split or not self.out_of[node]:
                return None
            nodes.add(node)
            for flow in self.out_of[node]:
                if self.target[flow] == join:
                    met.add(flow)
                else:
                    stack.append(self.target[flow])
        strangers = (f for n in nodes for f in self.into[n] if self.source[f] not in nodes)
        if any(flow != out for flow in strangers) or len(met) != 1:
            return None
        return nodes, met.pop()
