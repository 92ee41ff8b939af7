"""A model's routes as BPMN, with its figures in the labels.

One task for each history that choices tell apart, so that the graph routes exactly as the model
does; a choice is an exclusive gateway, with shares at its flows (of several classes their mean by
share). Work that runs side by side is drawn one after the other, as the routing draws it.
"""

from __future__ import annotations

import math

from thalweg.process.models.bpmn import BpmnFlow, BpmnModel, BpmnNode
from thalweg.redesign.model.model import (
    END,
    Constant,
    Exponential,
    Gamma,
    Lognormal,
    Model,
    Time,
    Uniform,
)
from thalweg.redesign.model.routing import automaton

Arc = tuple[str, str]


def mean_s(time: Time) -> float:
    """The mean of a time, seconds."""
    law = time.of
    match law:
        case Constant():
            mean = law.value_s
        case Exponential() | Gamma():
            mean = law.mean_s
        case Uniform():
            mean = (law.low_s + law.high_s) / 2
        case Lognormal():
            mean = law.median_s * math.exp(law.sigma**2 / 2)
        case _:
            values = law.values_s
            mean = (sum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)
    return (1 - time.zero_share) * time.factor * mean


def model_bpmn(model: Model, *, flow: str | None = None) -> BpmnModel:
    """The graph of one flow (None: the root). Labels carry mean working minutes and pools."""
    one = next(each for each in model.flows if flow in (None, each.type))
    auto = automaton(one)
    classes: dict[str | None, float] = dict(model.classes.items())
    classes = classes or {None: 1.0}
    tasks: dict[tuple[int, str], str] = {}
    shares: dict[str, dict[str, float]] = {}
    for of_class, weight in classes.items():
        waiting: list[tuple[int, str]] = [(auto.start, "")]
        seen = set(waiting)
        while waiting:
            state, name = waiting.pop()
            source = tasks.setdefault((state, name), f"t{len(tasks)}") if name else "start"
            choice = auto.choice(state, of_class)
            for after, share in (choice.next if choice else {}).items():
                if share <= 0:
                    continue
                target = "end"
                if after != END:
                    place = (auto.move(state, after), after)
                    target = tasks.setdefault(place, f"t{len(tasks)}")
                    if place not in seen:
                        seen.add(place)
                        waiting.append(place)
                found = shares.setdefault(source, {})
                found[target] = found.get(target, 0.0) + share * weight
    return _graph(model, one.type, tasks, shares)


def _graph(
    model: Model, kind: str, tasks: dict[tuple[int, str], str], shares: dict[str, dict[str, float]]
) -> BpmnModel:
    nodes = [BpmnNode("start", "start"), BpmnNode("end", "end")]
    nodes += [BpmnNode(key, "task", _label(model, name)) for (_, name), key in tasks.items()]
    flows: list[tuple[Arc, str | None]] = []
    into: dict[str, list[tuple[str, str | None]]] = {}
    for source, nexts in shares.items():
        begin = source
        if len(nexts) > 1:
            begin = f"{source}-or"
            nodes.append(BpmnNode(begin, "exclusive"))
            flows.append(((source, begin), None))
        total = sum(nexts.values())
        for target, share in nexts.items():
            told = f"{100 * share / total:.3g} %" if len(nexts) > 1 else None
            into.setdefault(target, []).append((begin, told))
    for target, arcs in into.items():
        entry = target
        if len(arcs) > 1:
            entry = f"{target}-in"
            nodes.append(BpmnNode(entry, "exclusive"))
            flows.append(((entry, target), None))
        flows += [((source, entry), told) for source, told in arcs]
    return BpmnModel(
        tuple(nodes),
        tuple(BpmnFlow(f"f{i}", a, b, told) for i, ((a, b), told) in enumerate(flows)),
        kind,
    )


def _label(model: Model, name: str) -> str:
    spec = model.activity(name)
    pools = [f"{pool.count} × {pool.name}" for pool in model.pools if name in pool.skills]
    return " · ".join([name, f"{mean_s(spec.work) / 60:.3g} min", *pools])
