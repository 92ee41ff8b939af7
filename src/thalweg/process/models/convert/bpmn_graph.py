"""A BPMN graph in the making: nodes and flows that can still be put together and taken apart."""

from __future__ import annotations

from thalweg.process.models.bpmn import BpmnFlow, BpmnModel, BpmnNode, NodeKind

_GATEWAYS = ("exclusive", "parallel")


class BpmnGraph:
    """Nodes by number, flows as pairs of numbers; ``model`` gives ids in order of making."""

    def __init__(self) -> None:
        self.nodes: dict[int, tuple[NodeKind, str | None]] = {}
        self.flows: list[tuple[int, int]] = []

    def node(self, kind: NodeKind, label: str | None = None) -> int:
        self.nodes[len(self.nodes)] = (kind, label)
        return len(self.nodes) - 1

    def flow(self, source: int, target: int) -> int:
        """Draw a flow; gives back where it leads, so that chains read well."""
        self.flows.append((source, target))
        return target

    def tidy(self) -> None:
        """Take out gateways that neither split nor join, and choices between the same two ways."""
        before = -1
        while before != len(self.flows):
            before = len(self.flows)
            self._drop_doubles()
            self._drop_idle()

    def _drop_doubles(self) -> None:
        kept: dict[tuple[int, int], int] = {}
        for source, target in self.flows:
            choice = self.nodes[source][0] == self.nodes[target][0] == "exclusive"
            kept[source, target] = 1 if choice else kept.get((source, target), 0) + 1
            if choice and source == target:
                del kept[source, target]
        self.flows = [flow for flow, count in kept.items() for _ in range(count)]

    def _drop_idle(self) -> None:
        into: dict[int, list[int]] = {node: [] for node in self.nodes}
        out_of: dict[int, list[int]] = {node: [] for node in self.nodes}
        for source, target in self.flows:
            out_of[source].append(target)
            into[target].append(source)
        for node, (kind, _) in list(self.nodes.items()):
            idle = kind in _GATEWAYS and len(into[node]) == len(out_of[node]) == 1
            if idle and into[node] != [node]:
                (source,), (target,) = into.pop(node), out_of.pop(node)
                out_of[source][out_of[source].index(node)] = target
                into[target][into[target].index(node)] = source
                del self.nodes[node]
        self.flows = [(source, target) for source, after in out_of.items() for target in after]

    def model(self, name: str) -> BpmnModel:
        """The graph with ids such as ``task3``, ``exclusive1``, ``flow12``."""
        count: dict[str, int] = {}
        ids: dict[int, str] = {}
        for node, (kind, _) in self.nodes.items():
            count[kind] = count.get(kind, 0) + 1
            ids[node] = f"{kind}{count[kind]}"
        nodes = (BpmnNode(ids[node], kind, label) for node, (kind, label) in self.nodes.items())
        flows = (
            BpmnFlow(f"flow{n}", ids[source], ids[target])
            for n, (source, target) in enumerate(self.flows, 1)
        )
        return BpmnModel(tuple(nodes), tuple(flows), name)
