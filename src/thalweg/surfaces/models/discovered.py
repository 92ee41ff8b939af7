"""A discovered model as a picture: which drawing, and which figures stand on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.convert import tree_to_bpmn
from thalweg.process.models.petri import PetriNet
from thalweg.surfaces.models.overlay import ModelOverlay, overlay_of

if TYPE_CHECKING:
    from thalweg.process.discovery.result import DiscoverResult

Notation = Literal["bpmn", "petri"]


def picture_of(
    result: DiscoverResult, notation: Notation
) -> tuple[BpmnModel | PetriNet, ModelOverlay]:
    """The model in a notation, with the events of each activity."""
    return bpmn_of(result) if notation == "bpmn" else (result.net, _events(result))


def bpmn_of(result: DiscoverResult) -> tuple[BpmnModel, ModelOverlay]:
    return tree_to_bpmn(result.tree), _events(result)


def _events(result: DiscoverResult) -> ModelOverlay:
    known = result.tree.labels()
    counts = {name: n for name, n in result.occurrences.items() if name in known}
    return overlay_of(occurrences=counts, objects=result.objects)
