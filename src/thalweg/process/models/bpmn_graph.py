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

    def into(self, node: int) -> list[int]:
        return [source for source, target in self.flows if target == node]

    def out_of(self, node: int) -> list[int]:
        return [target for source, target in self.flows if source == node]

    def tidy(self) -> None:
        """Take out gateways that neither split nor join, and choices between the same two ways."""
        changed = True
        while changed:
            changed = self._drop_doubles() or self._drop_idle()

    def _drop_doubles(self) -> bool:
        kept: list[tuple[int, int]] = []
        for source, target in self.flows:
            choice = self.nodes[source][0] == self.nodes[target][0] == "exclusive"
            if not (choice and (source == target or (source, target) in kept)):
                kept.append((source, target))
        changed = len(kept) < len(self.flows)
        self.flows = kept
        return changed

    def _drop_idle(self) -> bool:
        for node, (kind, _) in self.nodes.items():
            into, out_of = self.into(node), self.out_of(node)
            if kind in _GATEWAYS and len(into) == len(out_of) == 1 and into != [node]:
                at = self.flows.index((into[0], node))
                self.flows[at] = (into[0], out_of[0])
                self.flows.remove((node, out_of[0]))
                del self.nodes[node]
                return True
        return False

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
