"""Names of a model and of the records that differ only in blanks are made one.

BPMN editors wrap names by hand, so that a file says ``Check  application`` with two blanks, a break
or a fixed blank where the records say ``Check application``. Taken literally, no case would fit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.files.read import Model
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree

_NAMED = ("task", "event")


def fit_labels(model: Model, names: Iterable[str]) -> tuple[Model, tuple[tuple[str, str], ...]]:
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


def _labels(model: Model) -> set[str]:
    if not isinstance(model, BpmnModel):
        return model.labels()
    return {n.label for n in model.nodes if n.label is not None and n.kind in _NAMED}


def _renamed(model: Model, changed: dict[str, str]) -> Model:
    def new(label: str | None) -> str | None:
        return label if label is None else changed.get(label, label)

    if isinstance(model, ProcessTree):
        return _renamed_tree(model, changed)
    if isinstance(model, PetriNet):
        steps = tuple(replace(t, label=new(t.label)) for t in model.transitions)
        return replace(model, transitions=steps)
    nodes = tuple(
        replace(node, label=new(node.label)) if node.kind in _NAMED else node
        for node in model.nodes
    )
    return replace(model, nodes=nodes)


def _renamed_tree(tree: ProcessTree, changed: dict[str, str]) -> ProcessTree:
    label = tree.label if tree.label is None else changed.get(tree.label, tree.label)
    children = tuple(_renamed_tree(child, changed) for child in tree.children)
    return replace(tree, label=label, children=children)
