"""Names of a model and of the records that differ only in blanks are made one.

BPMN editors wrap names by hand, so that a file says ``Check  application`` with two blanks, a break
or a fixed blank where the records say ``Check application``. Taken literally, no case would fit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree

_NAMED = ("task", "event")
AnyModel = TypeVar("AnyModel", ProcessTree, PetriNet, BpmnModel)


def fit_labels(
    model: AnyModel, names: Iterable[str]
) -> tuple[AnyModel, tuple[tuple[str, str], ...]]:
    """A model with the names of the records where only blanks, or the coding of accents, differ.

    Takes    names: activities as recorded.
    Returns  the model, and each label that was changed with its new name, sorted. A label that is
             recorded as it is stays; so does one that two recorded names are like.
    """
    known = set(names)
    alike: dict[str, list[str]] = {}
    for name in sorted(known):
        alike.setdefault(_plain(name), []).append(name)
    changed: dict[str, str] = {}
    for label in _labels(model) - known:
        found = alike.get(_plain(label), [])
        if len(found) == 1:
            changed[label] = found[0]
    return (_renamed(model, changed) if changed else model), tuple(sorted(changed.items()))


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _labels(model: ProcessTree | PetriNet | BpmnModel) -> set[str]:
    if not isinstance(model, BpmnModel):
        return model.labels()
    return {n.label for n in model.nodes if n.label is not None and n.kind in _NAMED}


def _renamed(model: AnyModel, changed: dict[str, str]) -> AnyModel:
    def new(label: str | None) -> str | None:
        return label if label is None else changed.get(label, label)

    if isinstance(model, ProcessTree):
        children = tuple(_renamed(child, changed) for child in model.children)
        return replace(model, label=new(model.label), children=children)
    if isinstance(model, PetriNet):
        steps = tuple(replace(t, label=new(t.label)) for t in model.transitions)
        return replace(model, transitions=steps)
    nodes = tuple(
        replace(node, label=new(node.label)) if node.kind in _NAMED else node
        for node in model.nodes
    )
    return replace(model, nodes=nodes)
