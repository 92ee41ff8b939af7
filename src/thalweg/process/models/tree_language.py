"""The language of a process tree: exact up to a length, membership, and equality.

``language`` composes sets of sequences as the operators say. ``after`` gives what is left of a
tree once an activity was done; membership and equality follow from it without listing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from thalweg.errors import RequestError
from thalweg.process.models.tree import SILENT, ProcessTree
from thalweg.process.models.tree_algebra import skips

Word = tuple[str, ...]
Words = set[Word]


def language(tree: ProcessTree, max_length: int) -> Words:
    """All sequences of at most ``max_length`` activities that the tree allows.

    For tests and small trees: a parallel of k activities has k! sequences.
    """
    if tree.operator is None:
        return {()} if tree.label is None else {(tree.label,)} if max_length > 0 else set()
    parts = [language(child, max_length) for child in tree.children]
    if tree.operator == "choice":
        return set().union(*parts)
    if tree.operator == "loop":
        return _repeated(parts[0], set().union(*parts[1:]), max_length)
    found: Words = {()}
    for part in parts:
        pairs = ((a, b) for a in found for b in part if len(a) + len(b) <= max_length)
        if tree.operator == "sequence":
            found = {a + b for a, b in pairs}
        else:
            found = {word for a, b in pairs for word in _interleaved(a, b)}
    return found


def _repeated(body: Words, redo: Words, max_length: int) -> Words:
    rounds = {r + b for r in redo for b in body if len(r) + len(b) <= max_length}
    found, latest = set(body), set(body)
    while latest:
        longer = {a + b for a in latest for b in rounds if len(a) + len(b) <= max_length}
        latest = longer - found
        found |= latest
    return found


@cache
def _interleaved(a: Word, b: Word) -> frozenset[Word]:
    if not a or not b:
        return frozenset((a + b,))
    first = {(a[0], *rest) for rest in _interleaved(a[1:], b)}
    return frozenset(first | {(b[0], *rest) for rest in _interleaved(a, b[1:])})


def after(tree: ProcessTree, name: str) -> frozenset[ProcessTree]:
    """Trees whose languages together are what may follow ``name`` at the beginning.

    Source: partial derivatives, Antimirov (1996), with interleaving as in Sulzmann and Thiemann
    (2015).
    """
    if tree.operator is None:
        return frozenset({SILENT} if tree.label == name else ())
    children = tree.children
    if tree.operator == "choice":
        return frozenset(rest for child in children for rest in after(child, name))
    if tree.operator == "parallel":
        return frozenset(
            _joined("parallel", (*children[:i], rest, *children[i + 1 :]))
            for i, child in enumerate(children)
            for rest in after(child, name)
        )
    if tree.operator == "sequence":
        found: set[ProcessTree] = set()
        for i, child in enumerate(children):
            found |= {_joined("sequence", (r, *children[i + 1 :])) for r in after(child, name)}
            if not skips(child):
                break
        return frozenset(found)
    return _after_loop(tree, name)


def _after_loop(tree: ProcessTree, name: str) -> frozenset[ProcessTree]:
    body, redo = tree.children[0], ProcessTree("choice", None, tree.children[1:])
    again = ProcessTree("choice", None, (SILENT, ProcessTree("sequence", None, (redo, tree))))
    found = {_joined("sequence", (rest, again)) for rest in after(body, name)}
    if skips(body):
        found |= {_joined("sequence", (rest, tree)) for rest in after(redo, name)}
    return frozenset(found)


def _joined(operator: str, children: Iterable[ProcessTree]) -> ProcessTree:
    kept = tuple(child for child in children if not child.silent)
    if len(kept) < 2:
        return kept[0] if kept else SILENT
    return ProcessTree("parallel" if operator == "parallel" else "sequence", None, kept)


def accepts(tree: ProcessTree, word: Sequence[str]) -> bool:
    """Whether the sequence is in the tree's language."""
    left = frozenset((tree,))
    for name in word:
        left = _after_all(left, name)
        if not left:
            return False
    return any(map(skips, left))


def _after_all(trees: frozenset[ProcessTree], name: str) -> frozenset[ProcessTree]:
    return frozenset(rest for tree in trees for rest in after(tree, name))


def same_language(one: ProcessTree, other: ProcessTree, max_states: int = 10_000) -> bool:
    """Whether both trees have exactly the same language.

    Takes    max_states: pairs of states to look at before giving up.
    Raises   RequestError: more states than that would be needed.
    Source   Hopcroft and Karp (1971), on the states that ``after`` yields.
    """
    names = sorted(one.labels() | other.labels())
    begin = (frozenset((one,)), frozenset((other,)))
    seen, todo = {begin}, [begin]
    while todo:
        left, right = todo.pop()
        if any(map(skips, left)) != any(map(skips, right)):
            return False
        for name in names:
            following = (_after_all(left, name), _after_all(right, name))
            if following not in seen and any(following):
                seen.add(following)
                todo.append(following)
        if len(seen) > max_states:
            raise RequestError(
                f"The two trees need more than {max_states:,} states to compare. They have "
                f"{len(names)} activities. Give more max_states, or compare smaller trees."
            )
    return True
