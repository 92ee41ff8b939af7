"""Random process trees and logs for tests."""

from __future__ import annotations

from itertools import pairwise, permutations

from hypothesis import reject
from hypothesis import strategies as st

from thalweg.process.models.tree import SILENT, ProcessTree, activity
from thalweg.process.models.tree_language import language

NAMES = "abcde"


def trees(names: str = NAMES, leaves: int = 6) -> st.SearchStrategy[ProcessTree]:
    """Any tree: silent steps and repeated names included."""
    leaf = st.one_of(st.just(SILENT), st.sampled_from(names).map(activity))

    def grown(children: st.SearchStrategy[ProcessTree]) -> st.SearchStrategy[ProcessTree]:
        plain = st.sampled_from(["sequence", "choice", "parallel"])
        some = st.lists(children, min_size=1, max_size=3).map(tuple)
        more = st.lists(children, min_size=2, max_size=3).map(tuple)
        return st.one_of(
            st.builds(ProcessTree, plain, st.none(), some),
            st.builds(ProcessTree, st.just("loop"), st.none(), more),
        )

    return st.recursive(leaf, grown, max_leaves=leaves)


def logs(names: str = NAMES, longest: int = 7) -> st.SearchStrategy[dict[tuple[str, ...], int]]:
    """Weighted sequences, the empty one among them."""
    words = st.lists(st.sampled_from(names), max_size=longest).map(tuple)
    return st.dictionaries(words, st.integers(1, 20), min_size=1, max_size=7)


def begins_and_ends(tree: ProcessTree) -> tuple[set[str], set[str]]:
    """Activities that a tree without silent steps can begin with, and end with."""
    if tree.operator is None:
        return tree.labels(), tree.labels()
    sides = [begins_and_ends(child) for child in tree.children]
    if tree.operator == "sequence":
        return sides[0][0], sides[-1][1]
    if tree.operator == "loop":
        return sides[0]
    return set().union(*(s[0] for s in sides)), set().union(*(s[1] for s in sides))


def neighbours(tree: ProcessTree) -> set[tuple[str, str]]:
    """Pairs of activities of which a tree without silent steps lets one directly follow the other."""
    found = set().union(*(neighbours(child) for child in tree.children))
    sides = [begins_and_ends(child) for child in tree.children]
    if tree.operator == "sequence":
        joints = list(pairwise(sides))
    elif tree.operator == "loop":
        joints = [pair for redo in sides[1:] for pair in ((sides[0], redo), (redo, sides[0]))]
    elif tree.operator == "parallel":
        anything = [(child.labels(), child.labels()) for child in tree.children]
        joints = list(permutations(anything, 2))
    else:
        joints = []
    return found | {(a, b) for before, after in joints for a in before[1] for b in after[0]}


def complete_words(tree: ProcessTree) -> frozenset[tuple[str, ...]]:
    """Words of the tree, long enough that every pair of neighbours stands in one of them.

    Only of such a log is it proven that the tree is found again.
    """
    wanted = neighbours(tree)
    for longest in (7, 9, 11):
        words = language(tree, longest)
        if {pair for word in words for pair in pairwise(word)} == wanted:
            return frozenset(words)
    return reject()


@st.composite
def block_trees(draw: st.DrawFn, names: str = "abcdef") -> ProcessTree:
    """Trees that the inductive miner is proven to find again from a complete log.

    No silent step, no name twice, and no loop whose body begins and ends with the same activity
    (Leemans, Fahland and van der Aalst 2013, theorem 14).
    """
    some = names[: draw(st.integers(1, len(names)))]

    def built(part: str) -> ProcessTree:
        if len(part) == 1:
            return activity(part)
        at = draw(st.integers(1, len(part) - 1))
        left, right = built(part[:at]), built(part[at:])
        begins, ends = begins_and_ends(left)
        ways = ["sequence", "choice", "parallel"]
        if not begins & ends:
            ways.append("loop")
        return ProcessTree(draw(st.sampled_from(ways)), None, (left, right))

    return built(some)
