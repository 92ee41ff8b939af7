"""Models into files: the suffix says what to write, and the model is turned into it."""

from __future__ import annotations

from pathlib import Path

from thalweg.errors import RequestError
from thalweg.process.models.bpmn import BpmnModel, Layout
from thalweg.process.models.convert import net_to_bpmn, tree_to_bpmn
from thalweg.process.models.files.bpmn_write import write_bpmn
from thalweg.process.models.files.pnml import write_pnml
from thalweg.process.models.files.ptml import write_ptml
from thalweg.process.models.files.read import Model, as_net
from thalweg.process.models.files.write_text import write_text
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree

SUFFIXES = (".bpmn", ".pnml", ".ptree", ".ptml")


def write_model(model: Model, path: str | Path, layout: Layout | None = None) -> None:
    """Write a model in the format that the suffix names; a failed write leaves what was there.

    Takes    path: ``.bpmn`` and ``.pnml`` for any model, ``.ptree`` (text) and ``.ptml`` for process
             trees. layout: how a BPMN file is drawn, if not as the model or a fresh layout says.
    Raises   RequestError: another suffix, a model that the format cannot hold (see
             ``net_to_bpmn`` and ``bpmn_to_net``), or a file that cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".bpmn":
        write_bpmn(as_bpmn(model), path, layout)
    elif suffix == ".pnml":
        write_pnml(as_net(model), path)
    elif suffix not in SUFFIXES:
        raise RequestError(
            f"{path} has no suffix that names a format of models. Choose one of: {', '.join(SUFFIXES)}."
        )
    elif not isinstance(model, ProcessTree):
        raise RequestError(
            f"{path} would hold a process tree, and the model is none. Choose .bpmn or .pnml."
        )
    elif suffix == ".ptree":
        write_text(path, f"{model}\n")
    else:
        write_ptml(model, path)


def as_bpmn(model: Model) -> BpmnModel:
    """The BPMN model with the words of any model.

    Raises   RequestError: see ``net_to_bpmn``.
    """
    if isinstance(model, BpmnModel):
        return model
    return net_to_bpmn(model) if isinstance(model, PetriNet) else tree_to_bpmn(model)
