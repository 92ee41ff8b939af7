"""BPMN becomes a Petri net: one place per sequence flow, then fewer silent steps.

Tasks and events with several ways in take any of them (an implicit exclusive merge) and with several
ways out take all of them (an implicit parallel split), as BPMN 2.0 has it. Several start events are
alternatives; without any, all nodes without a way in begin together. The process is complete when
no token is left outside of its ends.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel, BpmnNode
from thalweg.process.models.convert.inclusive import match_inclusive
from thalweg.process.models.convert.reduce import reduce_silent
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.soundness import explore, surely_sound

ENDS_NOT_EXPLORED = "one_token_at_the_end"
_MOST_MARKINGS = 20_000


def bpmn_to_net(model: BpmnModel, *, label_events: bool = False) -> PetriNet:
    """The net with the words of a BPMN model.

    Takes    label_events: whether intermediate events with a name are activities; they are silent
             otherwise, as start and end events and tasks without a name always are.
    Returns  a net in which the transition of a task bears the id of its node. A boundary event
             takes the place of its task. Where every run ends with one token, the net is a workflow
             net with places ``source`` and ``sink``; where runs end on several ends at once, each
             way to end is a final marking. ``assumed`` has ``one_token_at_the_end`` if there were
             too many markings to know.
    Raises   RequestError: nodes without a way in beside start events, end events with a way out, an
             inclusive join that does not close the branches of one split (see
             ``match_inclusive``), or a model that can never be complete.
    Source   OMG, BPMN 2.0.2, chapter 13; Dijkman, Dumas and Ouyang (2008).
    """
    net = reduce_silent(_Translation(model, label_events).net())
    ends = [final.index(1) for final in net.finals]
    joined = _with_one_sink(net, ends)
    if surely_sound(joined):
        return _renamed(reduce_silent(joined), model)
    reached = explore(net, _MOST_MARKINGS)
    if reached is None:
        assumed = (*net.assumed, ENDS_NOT_EXPLORED)
        return replace(_renamed(reduce_silent(joined), model), assumed=assumed)
    others = [p for p in range(len(net.places)) if p not in ends]
    finals = sorted(m for m in reached if any(m) and not any(m[p] for p in others))
    if not finals:
        raise RequestError(
            f"The model {model.name!r} can never be complete: no run ends with all its work done. "
            "Check that parallel branches meet in parallel gateways and choices in exclusive ones."
        )
    if all(sum(final) == 1 for final in finals):
        return _renamed(reduce_silent(joined), model)
    return _renamed(replace(net, finals=tuple(finals)), model)


class _Translation:
    def __init__(self, model: BpmnModel, label_events: bool) -> None:
        self.model, self.label_events = model, label_events
        self.places: list[str] = ["source"]
        self.transitions: list[Transition] = []
        self.ends: list[int] = []
        self.flow = {flow.id: self.place(flow.id) for flow in model.flows}
        self.into: dict[str, list[int]] = {node.id: [] for node in model.nodes}
        self.out_of: dict[str, list[int]] = {node.id: [] for node in model.nodes}
        for flow in model.flows:
            self.into[flow.target].append(self.flow[flow.id])
            self.out_of[flow.source].append(self.flow[flow.id])
        self.attached: dict[str, list[BpmnNode]] = {}
        for node in model.nodes:
            if node.attached is not None:
                self.attached.setdefault(node.attached, []).append(node)
        self.blocks = match_inclusive(model)

    def place(self, name: str) -> int:
        self.places.append(name)
        return len(self.places) - 1

    def step(self, key: str, label: str | None, inputs: list[int], outputs: list[int]) -> None:
        arcs = [
            tuple((p, places.count(p)) for p in sorted({*places})) for places in (inputs, outputs)
        ]
        self.transitions.append(Transition(key, label, arcs[0], arcs[1]))

    def net(self) -> PetriNet:
        self._begin()
        for node in self.model.nodes:
            if node.attached is None:
                self._node(node)
        count = len(self.places)
        return PetriNet(
            tuple(self.places),
            tuple(self.transitions),
            tuple(int(p == 0) for p in range(count)),
            tuple(tuple(int(p == end) for p in range(count)) for end in self.ends),
        )

    def _begin(self) -> None:
        """Give every node that the process can begin with a way in."""
        first = [n for n in self.model.nodes if not self.into[n.id] and n.attached is None]
        starts = [node for node in first if node.kind == "start"]
        if starts and len(starts) < len(first):
            other = next(node for node in first if node.kind != "start")
            raise RequestError(
                f"Nothing leads to {_shown(other)}, although the process has a start event. "
                "Draw a sequence flow to it, or remove it."
            )
        if not first:
            raise RequestError(
                f"The process {self.model.name!r} has no beginning. Add a start event to it."
            )
        for node in first:
            self.into[node.id].append(self.place(f"{node.id}_begin"))
        entries = [self.into[node.id][0] for node in first]
        if starts:
            for node, entry in zip(first, entries, strict=True):
                self.step(f"{node.id} starts", None, [0], [entry])
        else:
            self.step("all start", None, [0], entries)

    def _node(self, node: BpmnNode) -> None:
        if node.kind == "end" and self.out_of[node.id]:
            raise RequestError(
                f"A sequence flow leaves the end event {_shown(node)}. Make it an intermediate "
                "event, or remove the flow."
            )
        if not self.out_of[node.id]:
            end = self.place(f"{node.id}_end")
            self.ends.append(end)
            self.out_of[node.id].append(end)
        if node.kind == "exclusive":
            middle = self._merged(node)
            for out in self.out_of[node.id]:
                self.step(f"{node.id} to {self.places[out]}", None, [middle], [out])
        elif node.kind == "parallel":
            self.step(node.id, None, self.into[node.id], self.out_of[node.id])
        elif node.kind == "inclusive":
            self._inclusive(node)
        else:
            self._work(node)

    def _merged(self, node: BpmnNode) -> int:
        """One place that a token reaches by any way into the node."""
        middle = self.place(f"{node.id}_in")
        for entry in self.into[node.id]:
            self.step(f"{node.id} from {self.places[entry]}", None, [entry], [middle])
        return middle

    def _work(self, node: BpmnNode) -> None:
        before, after = self._merged(node), self.out_of[node.id]
        activity = node.kind == "task" or (node.kind == "event" and self.label_events)
        label = node.label if activity else None
        if node.repeats:
            done = self.place(f"{node.id}_done")
            self.step(node.id, label, [before], [done])
            self.step(f"{node.id} again", None, [done], [before])
            self.step(f"{node.id} on", None, [done], after)
        else:
            self.step(node.id, label, [before], after)
        for event in self.attached.get(node.id, ()):
            if not self.out_of[event.id]:
                self.out_of[event.id].append(self.place(f"{event.id}_end"))
                self.ends += self.out_of[event.id]
            label = event.label if self.label_events else None
            self.step(event.id, label, [before], self.out_of[event.id])

    def _inclusive(self, node: BpmnNode) -> None:
        if node.id in self.blocks.waiting:
            before = self.place(f"{node.id}_in")
            self.step(f"{node.id} join", None, self.into[node.id], [before])
        else:
            before = self._merged(node)
        if len(self.out_of[node.id]) == 1:
            self.step(f"{node.id} on", None, [before], self.out_of[node.id])
        else:
            self._some(node, before)

    def _some(self, node: BpmnNode, before: int) -> None:
        """At least one branch: the first that is taken, those before it skipped, others open.

        A branch skipped is done at once where its join waits for it, and nothing otherwise.
        """
        taken = self.out_of[node.id]
        ends = {
            self.flow[out]: [self.flow[into]] for out, into in self.blocks.splits.get(node.id, ())
        }
        skipped = [ends.get(out, []) for out in taken]
        either = [self.place(f"{node.id} open {n}") for n in range(1, len(taken))]
        for n, choice in enumerate(either, 1):
            self.step(f"{node.id} take {n}", None, [choice], [taken[n]])
            self.step(f"{node.id} skip {n}", None, [choice], skipped[n])
        for n, out in enumerate(taken):
            done = [place for places in skipped[:n] for place in places]
            self.step(f"{node.id} first {n}", None, [before], [*done, out, *either[n:]])


def _shown(node: BpmnNode) -> str:
    return f"{node.label!r} ({node.id})" if node.label else repr(node.id)


def _with_one_sink(net: PetriNet, ends: list[int]) -> PetriNet:
    """All ends in one place: what the net is if every run ends with one token."""
    keep = [p for p in range(len(net.places)) if p not in ends[1:]]
    number = {place: at for at, place in enumerate(keep)}
    number |= dict.fromkeys(ends, number[ends[0]])
    transitions = []
    for t in net.transitions:
        outputs: dict[int, int] = {}
        for place, weight in t.outputs:
            outputs[number[place]] = outputs.get(number[place], 0) + weight
        inputs = tuple(sorted((number[place], weight) for place, weight in t.inputs))
        transitions.append(Transition(t.id, t.label, inputs, tuple(sorted(outputs.items()))))
    final = tuple(int(at == number[ends[0]]) for at in range(len(keep)))
    initial = tuple(net.initial[place] for place in keep)
    return PetriNet(
        tuple(net.places[p] for p in keep), tuple(transitions), initial, (final,), net.name
    )


def _renamed(net: PetriNet, model: BpmnModel) -> PetriNet:
    """Places by number, but for ``source`` and ``sink``; silent steps too, if they are no node."""
    places = [f"p{n}" for n in range(1, len(net.places) + 1)]
    places[net.initial.index(1)] = "source"
    if len(net.finals) == 1 and sum(net.finals[0]) == 1:
        places[net.finals[0].index(1)] = "sink"
    nodes = {node.id for node in model.nodes}
    free = (name for n in count(1) if (name := f"silent{n}") not in nodes)
    transitions = tuple(t if t.id in nodes else replace(t, id=next(free)) for t in net.transitions)
    return replace(net, places=tuple(places), transitions=transitions, name=model.name)
