"""Models from files: the suffix says what they are, and where it does not, the contents."""

from __future__ import annotations

from pathlib import Path

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.process.models.bpmn import BpmnModel
from thalweg.process.models.convert import bpmn_to_net, tree_to_net
from thalweg.process.models.files.bpmn_read import bpmn_model
from thalweg.process.models.files.markup import read_markup
from thalweg.process.models.files.pnml import pnml_net
from thalweg.process.models.files.ptml import ptml_tree
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree, parse_tree

Model = ProcessTree | PetriNet | BpmnModel

_GZIP = b"\x1f\x8b"
_BEFORE = b"\xef\xbb\xbf\xff\xfe \t\r\n"
"""Marks of the byte order and blanks."""
_LARGEST_TEXT = 16 * 1024**2


def read_model(path: str | Path, process: str | None = None) -> Model:
    """A model from a file: BPMN 2.0 XML, PNML, PTML, or the text of a process tree.

    Takes    path: XML may be compressed with gzip. process: which one, if a BPMN file has several.
    Returns  what the file holds; ``as_net`` makes a Petri net of any of them.
    Raises   SourceError: no such file, or no model. UnsafeSourceError: XML that could do harm.
             RequestError: a text that is no tree, or a BPMN file that leaves the order of work open.
    """
    path = Path(path)
    if not _is_markup(path):
        try:
            return parse_tree(_text(path))
        except RecursionError as error:
            raise UnsafeSourceError(
                f"{path} nests operators too deep. It was refused; flatten the tree."
            ) from error
    markup = read_markup(path)
    if markup.root.name == "pnml":
        return pnml_net(markup, str(path))
    if markup.root.name == "ptml":
        return ptml_tree(markup, str(path))
    return bpmn_model(markup, str(path), process)


def as_net(model: Model) -> PetriNet:
    """The Petri net with the words of any model.

    Raises   RequestError: see ``bpmn_to_net``.
    """
    if isinstance(model, PetriNet):
        return model
    return tree_to_net(model) if isinstance(model, ProcessTree) else bpmn_to_net(model)


def _is_markup(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror or error}. Check the path and its rights."
        ) from error
    return (
        head[:2] == b"\x1f\x8b"
        or b"<" in head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    )


def _text(path: Path) -> str:
    if path.suffix.lower() in (".bpmn", ".pnml", ".ptml", ".xml"):
        raise SourceError(f"{path} does not begin like XML. Export the model again.")
    if path.stat().st_size > _LARGEST_TEXT:
        raise SourceError(f"{path} is too large for the text of a process tree. Check the path.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path} is no model: neither XML nor text in UTF-8. "
            "Give a .bpmn, .pnml, .ptml or .ptree file."
        ) from error
