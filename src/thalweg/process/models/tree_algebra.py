"""Simplifying process trees: rules that keep the language.

Each rule rewrites one node whose children are simple already. A tree *skips* when the empty
sequence is in its language; ``b⁺`` stands for ``↺(b, τ)``, one or more b.

1.  An operator other than the loop over one child is the child.
2.  Sequence in sequence, parallel in parallel and choice in choice are flattened.
3.  Silent steps leave a sequence and a parallel; when nothing is left, a silent step is.
4.  A choice keeps one of equal children, and no silent step beside a child that skips.
5.  The ways back of a loop are a choice: they are flattened, and rule 4 holds for them.
6.  ``↺(↺(b, r…), s…)`` is ``↺(b, r…, s…)``.
7.  ``↺(b, r…)`` where b is silent, or where b and one of r… skip, is any sequence of b and r…:
    ``×(τ, ×(b, r…)⁺)``, the silent step only where rule 4 leaves it.
8.  ``×(b⁺, c…)⁺`` is ``×(b, c…)⁺``, and silent steps leave the inner choice as in rule 7.
9.  ``↺(b, r⁺, s…)`` where b skips is ``↺(b, r, s…)``: two r follow each other over an empty b.

The silent step stands first in a choice and last in a loop; other children keep their order.
"""

from __future__ import annotations

from collections.abc import Iterable

from thalweg.process.models.tree import SILENT, Operator, ProcessTree

Children = tuple[ProcessTree, ...]


def simplify(tree: ProcessTree) -> ProcessTree:
    """A tree of the same language to which no rule applies any more."""
    return simplify_node(
        ProcessTree(tree.operator, tree.label, tuple(map(simplify, tree.children)))
    )


def simplify_node(tree: ProcessTree) -> ProcessTree:
    """Apply the rules to a node whose children are simple."""
    if tree.operator is None:
        return tree
    if tree.operator == "choice":
        return _choice(tree.children)
    if tree.operator == "loop":
        return _loop(tree.children[0], tree.children[1:])
    return _one_or(
        tree.operator, tuple(c for c in _flat(tree.operator, tree.children) if not c.silent)
    )


def skips(tree: ProcessTree) -> bool:
    """Whether the empty sequence is in the language."""
    if tree.operator is None:
        return tree.silent
    if tree.operator == "choice":
        return any(map(skips, tree.children))
    if tree.operator == "loop":
        return skips(tree.children[0])
    return all(map(skips, tree.children))


def _flat(operator: Operator, children: Iterable[ProcessTree]) -> list[ProcessTree]:
    found: list[ProcessTree] = []
    for child in children:
        found.extend(child.children if child.operator == operator else (child,))
    return found


def _one_or(operator: Operator, children: Children) -> ProcessTree:
    if not children:
        return SILENT
    return children[0] if len(children) == 1 else ProcessTree(operator, None, children)


def _alternatives(children: Iterable[ProcessTree]) -> Children:
    """Different children of a choice, without silent steps."""
    return tuple(c for c in dict.fromkeys(_flat("choice", children)) if not c.silent)


def _choice(children: Iterable[ProcessTree]) -> ProcessTree:
    children = _flat("choice", children)
    found = _alternatives(children)
    silent = any(c.silent for c in children) and not any(map(skips, found))
    return _one_or("choice", (SILENT, *found) if silent else found)


def _is_plus(tree: ProcessTree) -> bool:
    return tree.operator == "loop" and len(tree.children) == 2 and tree.children[1].silent


def _loop(body: ProcessTree, redo: Children) -> ProcessTree:
    if body.operator == "loop":
        return _loop(body.children[0], (*body.children[1:], *redo))
    empty_body, empty_redo = skips(body), any(map(skips, redo))
    ways = _alternatives(redo)
    if body.silent or (empty_body and empty_redo) or not ways:
        return _plus((body, *ways), optional=empty_body)
    if empty_body:
        ways = _alternatives(way.children[0] if _is_plus(way) else way for way in ways)
    silent = empty_redo and not any(map(skips, ways))
    return ProcessTree("loop", None, (body, *ways, SILENT) if silent else (body, *ways))


def _plus(children: Iterable[ProcessTree], *, optional: bool) -> ProcessTree:
    """One or more of the children, in any order; or nothing, where optional."""
    found = _alternatives(children)
    while any(map(_is_plus, found)):
        found = _alternatives(c.children[0] if _is_plus(c) else c for c in found)
    if not found:
        return SILENT
    if len(found) == 1 and found[0].operator == "loop":
        again = _loop(found[0], (SILENT,))
    else:
        again = ProcessTree("loop", None, (_one_or("choice", found), SILENT))
    return _choice((SILENT, again)) if optional else again
