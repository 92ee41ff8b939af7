"""Process trees: block-structured models as a small algebra with a readable text form.

A tree is an activity, a silent step, or an operator over trees. In text an activity is quoted and
the operators are written as ``→`` (sequence), ``×`` (choice), ``∧`` (parallel) and ``↺`` (loop: the
first child is done, and after each doing of another child done again); the ASCII forms
``->``, ``X``, ``+`` and ``*`` are read as well. ``τ`` or ``tau`` is the silent step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from thalweg.errors import RequestError

Operator = Literal["sequence", "choice", "parallel", "loop"]
SIGNS: dict[Operator, str] = {"sequence": "→", "choice": "×", "parallel": "∧", "loop": "↺"}
_READ: dict[str, Operator] = {sign: operator for operator, sign in SIGNS.items()} | {
    "->": "sequence",
    "X": "choice",
    "+": "parallel",
    "*": "loop",
}
_SILENT = ("τ", "tau")


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """A leaf (no operator; label None is silent) or an operator over at least one child."""

    operator: Operator | None = None
    label: str | None = None
    children: tuple[ProcessTree, ...] = ()

    @property
    def silent(self) -> bool:
        return self.operator is None and self.label is None

    def labels(self) -> set[str]:
        """Names of all activities in the tree."""
        own = set() if self.label is None else {self.label}
        return own.union(*(child.labels() for child in self.children))

    def __str__(self) -> str:
        if self.operator is None:
            return "τ" if self.label is None else _quoted(self.label)
        inside = ", ".join(map(str, self.children))
        return f"{SIGNS[self.operator]}( {inside} )"


SILENT = ProcessTree()


def activity(label: str) -> ProcessTree:
    return ProcessTree(label=label)


def sequence(*children: ProcessTree) -> ProcessTree:
    return ProcessTree("sequence", None, children)


def choice(*children: ProcessTree) -> ProcessTree:
    return ProcessTree("choice", None, children)


def parallel(*children: ProcessTree) -> ProcessTree:
    return ProcessTree("parallel", None, children)


def loop(body: ProcessTree, *redo: ProcessTree) -> ProcessTree:
    """Body, then any number of times one of ``redo`` and the body again."""
    return ProcessTree("loop", None, (body, *redo))


def _quoted(label: str) -> str:
    return "'" + label.replace("\\", "\\\\").replace("'", "\\'") + "'"


def parse_tree(text: str) -> ProcessTree:
    """A tree from its text form.

    Raises   RequestError: the text is no tree; says where.
    """
    reader = _Reader(text)
    tree = reader.tree()
    reader.skip()
    if reader.at < len(text):
        raise reader.error("The tree ends here, but the text goes on")
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, token: str) -> bool:
        self.skip()
        found = self.text.startswith(token, self.at)
        self.at += len(token) * found
        return found

    def tree(self) -> ProcessTree:
        self.skip()
        if self.take("'"):
            return activity(self.quoted())
        if any(self.take(word) for word in _SILENT):
            return SILENT
        for sign, operator in _READ.items():
            if self.take(sign):
                return ProcessTree(operator, None, self.children(operator))
        raise self.error("Here should be an operator, an activity in quotes or τ")

    def quoted(self) -> str:
        letters: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == "'":
                return "".join(letters)
            if letter == "\\" and self.at < len(self.text):
                letter = self.text[self.at]
                self.at += 1
            letters.append(letter)
        raise self.error("A name is opened with a quote and not closed")

    def children(self, operator: Operator) -> tuple[ProcessTree, ...]:
        if not self.take("("):
            raise self.error(f"After {SIGNS[operator]} should be an opening bracket")
        found = [self.tree()]
        while self.take(","):
            found.append(self.tree())
        if not self.take(")"):
            raise self.error("Here should be a comma or a closing bracket")
        if operator == "loop" and len(found) < 2:
            raise self.error("A loop needs a body and at least one way back")
        return tuple(found)

    def error(self, what: str) -> RequestError:
        near = self.text[max(0, self.at - 20) : self.at + 20]
        return RequestError(f"{what}: character {self.at + 1} of the tree, near {near!r}.")
