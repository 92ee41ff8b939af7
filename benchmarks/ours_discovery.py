"""Thalweg's side of the measurements of discovery: from an opened book to the tree."""

from __future__ import annotations

from typing import Any

from measure import Reading
from ours import _thrice
from thalweg.process.discovery.counts import discover_tree_from_counts
from thalweg.process.discovery.follows import count_follows
from thalweg.process.discovery.inductive import discover_tree
from thalweg.process.models.tree import ProcessTree
from thalweg.process.weighted import weigh_variants
from thalweg.records.perspective import Perspective


def inductive(book: str, noise: float) -> Reading:
    """Grouping into variants and the inductive miner."""

    def work(view: Perspective) -> ProcessTree:
        return discover_tree(weigh_variants(view)[0], noise)

    reading = Reading()
    reading.answers = shape(_thrice(reading, book, work))
    return reading


def inductive_from_counts(book: str, noise: float) -> Reading:
    """Counting pairs, starts and ends, and the miner on these counts."""

    def work(view: Perspective) -> ProcessTree:
        return discover_tree_from_counts(count_follows(view), noise)

    reading = Reading()
    reading.answers = shape(_thrice(reading, book, work))
    return reading


def shape(tree: ProcessTree) -> dict[str, Any]:
    """Figures of a tree that hardly depend on how it is written."""
    leaves, operators, todo = 0, 0, [tree]
    while todo:
        node = todo.pop()
        todo.extend(node.children)
        leaves += node.label is not None
        operators += node.operator is not None
    return {"activities": leaves, "operators": operators}
