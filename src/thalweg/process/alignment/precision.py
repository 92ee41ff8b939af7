"""Precision: how much of what the model allows the records make use of.

After each prefix that the model can follow, the activities with which a run could go on are
compared with those with which some object did go on (escaping edges, Munoz-Gama and Carmona 2010).
Both are questions about the model's language: silent transitions and the choice of a marking make
no difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.process.alignment.alignments import Alignments, label_codes
from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.precision_sets import Sets, TooManyError
from thalweg.process.alignment.precision_tree import ask_tree
from thalweg.process.alignment.room import Room
from thalweg.process.alignment.store import Table, list_markings
from thalweg.process.alignment.table import NO_ROOM, NOWHERE, Space, Store, begin, follow
from thalweg.process.alignment.tree_tables import tree_tables
from thalweg.process.chunks import Codes, Ints
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.weighted import WeightedVariants

NOT_ASKED = -1
UNFIT = -1


@dataclass(frozen=True, slots=True)
class Precision:
    """Sums over prefixes, each weighted by the objects that go on after it.

    allowed: activities that the model allows next. taken: those among them that some object took.
    followed, prefixes: weight of the prefixes that the model can follow, and of all.
    """

    allowed: int
    taken: int
    followed: int
    prefixes: int

    @property
    def value(self) -> float | None:
        """Taken over allowed; None where no prefix can be followed by anything."""
        return self.taken / self.allowed if self.allowed else None

    @property
    def followed_share(self) -> float:
        return self.followed / self.prefixes if self.prefixes else 1.0


@njit(cache=True, nogil=True)
def _labels_after(vector: Any, space: Space, store: Store) -> Any:
    """How many labels lead on from the markings of a vector."""
    found = 0
    for label in range(len(space.sync) - 1):
        for e in range(space.sync[label], space.sync[label + 1]):
            if store.credit[vector, space.sync_from[e]] >= 0:
                found += 1
                break
    return found


@njit(cache=True, nogil=True)
def _follow_all(
    first: int,
    offsets: Ints,
    codes: IntTable,
    space: Space,
    store: Store,
    known: Ints,
    allowed: Ints,
    fits: Any,
) -> Any:
    """Labels allowed before each event, or ``UNFIT``, and whether it is one, from ``first`` on.

    Returns  the variant at which there was no more room, or the number of variants.
    """
    for variant in range(first, len(offsets) - 1):
        vector = begin(0, space, store)
        for i in range(offsets[variant], offsets[variant + 1]):
            if vector == NO_ROOM:
                return variant
            if vector == NOWHERE:
                allowed[i] = UNFIT
                continue
            if known[vector] == NOT_ASKED:
                known[vector] = _labels_after(vector, space, store)
            allowed[i] = known[vector]
            vector = follow(vector, codes[i], space, store)
            fits[i] = vector >= 0
        if vector == NO_ROOM:
            return variant
    return len(offsets) - 1


@njit(cache=True, nogil=True)
def _sum_prefixes(
    offsets: Ints, codes: Codes, count: Ints, order: Ints, allowed: Ints, fits: Any
) -> Any:
    """Sums over prefixes: allowed, taken, followed and all.

    order: the variants in lexical order, where those with a common prefix stand together.
    """
    depth = np.max(offsets[1:] - offsets[:-1]) if len(order) else 0
    node_at = np.zeros(depth, np.int64)
    weight, taken = np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64)
    nodes, before = 0, -1
    sums = np.zeros(4, np.int64)
    for variant in order:
        begin_at, length = offsets[variant], offsets[variant + 1] - offsets[variant]
        common, before_length = 0, 0
        if before >= 0:
            other, before_length = offsets[before], offsets[before + 1] - offsets[before]
            while (
                common < min(length, before_length)
                and codes[begin_at + common] == codes[other + common]
            ):
                common += 1
        for i in range(length):
            if i > common or i >= before_length:
                node_at[i] = nodes
                nodes += 1
            weight[node_at[i]] += count[variant]
            taken[node_at[i]] += i >= common and fits[begin_at + i]
            sums[0] += count[variant] * max(allowed[begin_at + i], 0)
            sums[2] += count[variant] * (allowed[begin_at + i] != UNFIT)
            sums[3] += count[variant]
        before = variant
    sums[1] = np.sum(weight * taken)
    return sums


def measure_precision(
    net: PetriNet, variants: WeightedVariants, tree: ProcessTree | None = None
) -> Precision | None:
    """How much of what the net allows after the variants' prefixes they make use of.

    Takes    tree: the process tree that the net was made from, if it was.
    Returns  None if the prefixes lead to too many markings.
    """
    return _measure(net, label_codes(net, variants), variants, tree)


def measure_aligned_precision(
    net: PetriNet,
    variants: WeightedVariants,
    alignments: Alignments,
    tree: ProcessTree | None = None,
) -> Precision | None:
    """The same over the runs that the variants are aligned with, so that every event counts.

    Source   Adriansyah and others 2015, with one cheapest alignment of each variant.
    """
    code = label_codes(net, variants)
    labels = [-1 if t.label is None else code[t.label] for t in net.transitions]
    label = np.array([*labels, -1], np.int64)[alignments.transition]
    seen = label >= 0
    ends = np.concatenate(([0], np.cumsum(seen)))[alignments.offsets]
    runs = WeightedVariants(tuple(code), ends, label[seen].astype(np.uint32), variants.count)
    return _measure(net, code, runs, tree)


def _measure(
    net: PetriNet, code: dict[str, int], variants: WeightedVariants, tree: ProcessTree | None
) -> Precision | None:
    """Takes    code: of each label, in the net and in the variants alike."""
    room = Room.of(net, code, bounded=False)
    space = list_markings(room, len(code))
    blocks = None if tree is None else tree_tables(tree, net, code)
    try:
        if space is not None:
            asked = _ask_table(space, variants)
        elif blocks is not None:
            asked = ask_tree(blocks, variants, UNFIT)
        else:
            asked = _ask_sets(room, variants)
    except TooManyError:
        return None
    words = variants.codes.astype(">u4")
    keys = [words[a:b].tobytes() for a, b in pairwise(variants.offsets)]
    order = np.array(sorted(range(variants.variants), key=keys.__getitem__), np.int64)
    sums = _sum_prefixes(variants.offsets, variants.codes, variants.count, order, *asked)
    return Precision(*sums.tolist())


def _ask_table(space: Space, variants: WeightedVariants) -> tuple[Ints, NDArray[np.bool_]]:
    """Labels allowed before each event, and whether it is one; from the list of markings."""
    codes = variants.codes.astype(np.int32)
    allowed, fits = np.full(len(codes), UNFIT, np.int64), np.zeros(len(codes), np.bool_)
    table, at = Table(space), 0
    while True:
        known = np.full(len(table.store.credit), NOT_ASKED, np.int64)
        at = int(_follow_all(at, variants.offsets, codes, space, table.store, known, allowed, fits))
        if at == variants.variants:
            return allowed, fits
        table.make_room()


def _ask_sets(room: Room, variants: WeightedVariants) -> tuple[Ints, NDArray[np.bool_]]:
    """The same from sets of markings."""
    allowed = np.full(len(variants.codes), UNFIT, np.int64)
    fits = np.zeros(len(variants.codes), np.bool_)
    sets = Sets(room)
    begin_at, codes = sets.begin(), variants.codes.tolist()
    for lo, hi in pairwise(variants.offsets.tolist()):
        here = begin_at
        for i in range(lo, hi):
            allowed[i] = sets.allowed[here]
            here = sets.follow(here, codes[i])
            if here < 0:
                break
            fits[i] = True
    return allowed, fits
