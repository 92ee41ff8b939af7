"""Petri nets become BPMN: places as exclusive gateways, transitions as tasks between parallel ones."""

from __future__ import annotations

from dataclasses import replace

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.check import check_net
from thalweg.process.models.convert.bpmn_graph import BpmnGraph
from thalweg.process.models.convert.reduce import reduce_silent
from thalweg.process.models.petri import PetriNet, Transition
from thalweg.process.models.soundness import surely_sound

_STUCK = {"dead_end", "markings_beyond_count", "left_over"}


def net_to_bpmn(net: PetriNet) -> BpmnModel:
    """A BPMN model with the words of a sound net.

    Takes    a net with arcs of weight one, at most one token in a place at first and in the end, and
             either one final marking or several of one token each. Where a choice hangs on other
             places as well, it is made beforehand, if that cannot get stuck.
    Returns  tasks in the order of the transitions; no gateway that neither splits nor joins.
    Raises   RequestError: the net is none of these; says what stands in the way.
    Source   Favre, Fahland and Völzer (2015), The relationship between workflow graphs and
             free-choice workflow nets.
    """
    net = reduce_silent(net)
    _check(net)
    return _Drawing(_free_choice(net)).model()


def _check(net: PetriNet) -> None:
    heavy = next((t for t in net.transitions for _, w in (*t.inputs, *t.outputs) if w > 1), None)
    if heavy is not None:
        raise _refusal(f"the transition {heavy.label or heavy.id!r} moves several tokens at once")
    if max(net.initial, default=0) > 1 or not any(net.initial):
        raise _refusal("its initial marking is empty or has several tokens in a place")
    if not net.finals or max(map(max, net.finals)) > 1 or not all(map(any, net.finals)):
        raise _refusal("it has no final marking, or one with no or several tokens in a place")
    if len(net.finals) > 1 and any(sum(final) > 1 for final in net.finals):
        raise _refusal("it has several final markings of several tokens")
    free = next((t for t in net.transitions if not t.inputs), None)
    if free is not None:
        raise _refusal(f"the transition {free.label or free.id!r} needs no token to happen")


def _free_choice(net: PetriNet) -> PetriNet:
    """Lead a token from a contested place to a transition that needs others too by a silent step.

    The words are the same, as that step can always be put off until the transition happens.
    """
    presets: dict[int, set[object]] = {}
    for t in net.transitions:
        for place, _ in t.inputs:
            presets.setdefault(place, set()).add(t.inputs)
    contested = {place for place, inputs in presets.items() if len(inputs) > 1}
    if not contested:
        return net
    places, steps, silent = list(net.places), list[Transition](), list[Transition]()
    for t in net.transitions:
        inputs = dict(t.inputs)
        for place in [p for p in inputs if p in contested and len(t.inputs) > 1]:
            places.append(f"{net.places[place]}_{t.id}")
            del inputs[place]
            inputs[len(places) - 1] = 1
            silent.append(
                Transition(f"{places[-1]}_way", None, ((place, 1),), ((len(places) - 1, 1),))
            )
        steps.append(replace(t, inputs=tuple(sorted(inputs.items()))))
    more = (0,) * (len(places) - len(net.places))
    free = PetriNet(
        tuple(places),
        (*steps, *silent),
        net.initial + more,
        tuple(final + more for final in net.finals),
        net.name,
    )
    if not surely_sound(free) and _STUCK & {finding.code for finding in check_net(free)}:
        names = ", ".join(repr(net.places[place]) for place in sorted(contested)[:3])
        raise _refusal(f"what can happen at {names} hangs on other places")
    return free


def _refusal(why: str) -> RequestError:
    return RequestError(
        f"The net cannot be drawn as BPMN: {why}. Keep it as PNML, or model it with choices that "
        "hang on one place each."
    )


class _Drawing:
    def __init__(self, net: PetriNet) -> None:
        self.net, self.graph = net, BpmnGraph()
        self.consumers: list[list[int]] = [[] for _ in net.places]
        for n, t in enumerate(net.transitions):
            for place, _ in t.inputs:
                self.consumers[place].append(n)
        self.start = self.graph.node("start")
        self.task = {
            n: self.graph.node("task", t.label)
            for n, t in enumerate(net.transitions)
            if t.label is not None
        }
        self.merge = [self.graph.node("exclusive") for _ in net.places]

    def model(self) -> BpmnModel:
        marked = [place for place, tokens in enumerate(self.net.initial) if tokens]
        self._fork(self.start, marked)
        for place in range(len(self.net.places)):
            self._choices(place)
        self.graph.tidy()
        return self.graph.model(self.net.name)

    def _choices(self, place: int) -> None:
        """Lead a token of the place, with those it goes with, to the transitions and the end."""
        consumers = self.consumers[place]
        final = next((final for final in self.net.finals if final[place]), None)
        if final is not None and not consumers:
            group = [p for p, tokens in enumerate(final) if tokens]
        elif consumers:
            group = [p for p, _ in self.net.transitions[consumers[0]].inputs]
        else:
            raise _refusal(f"the place {self.net.places[place]!r} leads nowhere and is not final")
        if final is not None and consumers and (len(group) > 1 or sum(final) > 1):
            raise _refusal(f"the place {self.net.places[place]!r} is final, but not alone")
        if place != group[0]:
            return
        before = self.merge[place]
        if len(group) > 1:
            before = self.graph.node("parallel")
            for p in group:
                self.graph.flow(self.merge[p], before)
        choice = self.graph.flow(before, self.graph.node("exclusive"))
        for n in consumers:
            node = self.graph.flow(choice, self.task[n]) if n in self.task else choice
            self._fork(node, [p for p, _ in self.net.transitions[n].outputs])
        if final is not None:
            self.graph.flow(choice, self.graph.node("end"))

    def _fork(self, node: int, places: list[int]) -> None:
        """From a node to all of the places at once."""
        if not places:
            self.graph.flow(node, self.graph.node("end"))
        if len(places) > 1:
            node = self.graph.flow(node, self.graph.node("parallel"))
        for place in places:
            self.graph.flow(node, self.merge[place])
