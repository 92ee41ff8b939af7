"""What both inductive miners share: nodes of a tree while it is being found, and its assembly."""

from __future__ import annotations

from dataclasses import dataclass, field

from thalweg.errors import RequestError
from thalweg.process.discovery.sublog import CHOICE, LOOP, PARALLEL, SEQUENCE
from thalweg.process.models.tree import SILENT, Operator, ProcessTree, activity, choice, loop
from thalweg.process.models.tree_algebra import simplify_node

OPERATORS: dict[int, Operator] = {
    CHOICE: "choice",
    SEQUENCE: "sequence",
    PARALLEL: "parallel",
    LOOP: "loop",
}


@dataclass(slots=True)
class Part:
    """A node while the tree is being found: an operator over later parts, a leaf, or a flower.

    silent_first, silent_last: whether the operator has a silent child beside the parts. flower:
    activities done once or more in any order.
    """

    operator: Operator | None = None
    label: str | None = None
    silent_first: bool = False
    silent_last: bool = False
    flower: tuple[str, ...] = ()
    children: list[int] = field(default_factory=list)


def check_noise(noise: float) -> None:
    if not 0 <= noise <= 1:
        raise RequestError(
            f"The noise threshold {noise!r} is out of range. It is a share of the strongest way "
            "on from an activity. Give a number from 0 (keep everything) to 1."
        )


def assemble(parts: list[Part]) -> ProcessTree:
    """The tree of the first part, simplified from the leaves upwards."""
    done: list[ProcessTree] = [SILENT] * len(parts)
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        if part.flower:
            done[at] = simplify_node(loop(choice(*map(activity, part.flower)), SILENT))
            continue
        children = [done[child] for child in part.children]
        children = [SILENT] * part.silent_first + children + [SILENT] * part.silent_last
        done[at] = simplify_node(ProcessTree(part.operator, part.label, tuple(children)))
    return done[0]
