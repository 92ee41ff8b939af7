"""Inclusive gateways: which branches a join waits for, where local rules tell it exactly."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel, BpmnNode

Branches = tuple[tuple[str, str], ...]
"""Of each branch, the flow out of the split and the flow into the join."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """splits: branches of inclusive splits that meet in an inclusive join, by gateway.

    waiting: joins that need a token by every way in, where a branch not taken counts as done. Other
    inclusive joins let every token pass.
    """

    splits: dict[str, Branches]
    waiting: frozenset[str]


def match_inclusive(model: BpmnModel) -> Blocks:
    """Pair inclusive joins with the splits whose branches they close.

    A split and a join are a pair if each flow out of the split leads, by ways that nothing else
    leads to or out of, to one flow into the join, each to another. The join then waits for exactly
    the branches taken: some of an inclusive split, all of a parallel one or of a task, one of an
    exclusive one. In a model where nothing runs in parallel, every join lets every token pass.

    Raises   RequestError: a join without its split; names it.
    """
    graph = _Graph(model)
    splits = [(node, how) for node in model.nodes if (how := graph.splits(node)) is not None]
    first = [n for n in model.nodes if not graph.into[n.id] and n.attached is None]
    begins_once = len(first) == 1 or any(node.kind == "start" for node in first)
    if begins_once and all(how == "exclusive" for _, how in splits):
        return Blocks({}, frozenset())
    found: dict[str, Branches] = {}
    waiting: set[str] = set()
    for join in model.nodes:
        if join.kind != "inclusive" or len(graph.into[join.id]) < 2:
            continue
        pairs = ((split, how, graph.branches(split.id, join.id)) for split, how in splits)
        pair = next((pair for pair in pairs if pair[2] is not None), None)
        if pair is None or pair[1] == "mixed":
            raise _refusal(join)
        split, how, branches = pair
        if how != "exclusive":
            waiting.add(join.id)
        if how == "inclusive" and branches is not None:
            found[split.id] = branches
    return Blocks(found, frozenset(waiting))


def _refusal(node: BpmnNode) -> RequestError:
    name = f"{node.label!r} ({node.id})" if node.label else repr(node.id)
    return RequestError(
        f"The inclusive gateway {name} does not close the branches of one split, each with one way "
        "in, and what it waits for cannot be told. Model it with exclusive and parallel gateways, or "
        "lead the branches of each inclusive split to one inclusive join."
    )


class _Graph:
    def __init__(self, model: BpmnModel) -> None:
        self.interruptions: set[str] = set()
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
                self.interruptions.add(key)
                self.source[key], self.target[key] = node.attached, node.id
                self.into[node.id].append(key)
                self.out_of[node.attached].append(key)

    def splits(self, node: BpmnNode) -> str | None:
        """How a node splits: what it waits for later hangs on that. None: it does not split."""
        flows = self.out_of[node.id]
        if len(flows) < 2:
            return None
        if node.kind in ("exclusive", "inclusive"):
            return node.kind
        interrupted = sum(flow in self.interruptions for flow in flows)
        if not interrupted:
            return "parallel"
        return "mixed" if len(flows) - interrupted > 1 else "exclusive"

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
