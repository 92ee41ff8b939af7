"""Process trees in PTML, the XML that ProM and PM4Py write."""

from __future__ import annotations

from pathlib import Path

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.process.models.files.markup import DEEPEST, Markup, one_line
from thalweg.process.models.files.write_text import text_of, write_text
from thalweg.process.models.tree import SILENT, Operator, ProcessTree, activity

_OPERATORS: dict[str, Operator] = {
    "sequence": "sequence",
    "xor": "choice",
    "and": "parallel",
    "xorLoop": "loop",
}
_LEAVES = ("manualTask", "automaticTask")


def ptml_tree(markup: Markup, name: str) -> ProcessTree:
    """The tree of a PTML document; name: of the file, for messages.

    The third child of a loop, which is done once at the end, becomes a step after the loop.

    Raises   SourceError: no tree, an operator without an equal here, or nodes in a circle.
    """
    element = next((e for e in markup.root.walk() if e.name == "processTree"), None)
    if element is None:
        raise SourceError(f"{name} has no <processTree>. Export the tree again.")
    kinds = {
        e.get("id"): (e.name, one_line(e.attributes.get("name", ""))) for e in element.children
    }
    below: dict[str, list[str]] = {}
    for link in element.all("parentsNode"):
        below.setdefault(link.get("sourceId"), []).append(link.get("targetId"))

    def build(key: str, above: frozenset[str]) -> ProcessTree:
        kind, label = kinds.get(key, ("nothing", ""))
        if kind in _LEAVES:
            return SILENT if kind == "automaticTask" or not label else activity(label)
        if len(above) > DEEPEST:
            raise UnsafeSourceError(
                f"{name} nests operators more than {DEEPEST} deep. It was refused; flatten the tree."
            )
        children = [] if key in above else below.get(key, [])
        if kind not in _OPERATORS or not children or (kind == "xorLoop" and len(children) < 2):
            raise SourceError(
                f"{name}: the node {key!r} is a {kind!r} with {len(children)} children, which is "
                f"no tree of {', '.join(_OPERATORS)}. Export the tree again, without other operators."
            )
        trees = tuple(build(child, above | {key}) for child in children)
        if kind != "xorLoop" or len(trees) < 3:
            return ProcessTree(_OPERATORS[kind], None, trees)
        around = ProcessTree("loop", None, (trees[0], *trees[1:-1]))
        return around if trees[-1].silent else ProcessTree("sequence", None, (around, trees[-1]))

    return build(element.get("root"), frozenset())


def write_ptml(tree: ProcessTree, path: str | Path) -> None:
    """Write a tree as PTML; a failed write leaves what was there.

    Loops get the silent third child that ProM asks for; of several ways back it is a choice.

    Raises   RequestError: a label has control characters, or the file cannot be written.
    """
    names = {operator: kind for kind, operator in _OPERATORS.items()}
    nodes: list[str] = []
    links: list[str] = []

    def add(tree: ProcessTree) -> str:
        key = f"n{len(nodes)}"
        kind = "automaticTask" if tree.silent else "manualTask"
        kind = names[tree.operator] if tree.operator else kind
        nodes.append(f'    <{kind} id="{key}" name="{text_of(tree.label or "")}"/>')
        for child in _children(tree):
            at = f"l{len(links)}"
            links.append("")
            links[int(at[1:])] = (
                f'    <parentsNode id="{at}" sourceId="{key}" targetId="{add(child)}"/>'
            )
        return key

    add(tree)
    text = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<ptml>",
        '  <processTree id="tree" name="tree" root="n0">',
        *nodes,
        *links,
        "  </processTree>",
        "</ptml>",
        "",
    ]
    write_text(path, "\n".join(text))


def _children(tree: ProcessTree) -> tuple[ProcessTree, ...]:
    if tree.operator != "loop":
        return tree.children
    body, *redo = tree.children
    back = redo[0] if len(redo) == 1 else ProcessTree("choice", None, tuple(redo))
    return (body, back, SILENT)
