"""Routes: what comes next, by as much of the object's past as tells.

A context is the last few activities, back to the object's beginning if need be. All contexts that
occur are counted; one is kept where what follows it differs from what follows the next shorter one
that is kept by more than the new numbers cost (Rissanen's context algorithm, 1983, with a penalty
per parameter as Schwarz, 1978, and its factor chosen on objects held out). Its shares are drawn
towards the shorter context's; what never followed it in as many tries as would be expected to show
it is left out, so that rare mixtures are not made frequent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.process.chunks import Ints
from thalweg.redesign.learn.paths import Paths
from thalweg.redesign.model.model import END, START, Choice

Floats = NDArray[np.float64]

MOST_DEPTH = 8
FEWEST = 5
"""Objects that must show a context before it can have shares of its own."""
FOLDS = 5
PENALTIES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Multiples of Schwarz's penalty among which the objects held out decide."""
PULL = 1.0
"""Weight of the shorter context's shares, in observations."""
UNSEEN = 0.5
"""What never followed and would be expected less often than this is left out."""
LEAVES = 1.0
"""Objects that are added to end where none was seen to."""
NOBODY = -1
FLOOR = 1e-6
"""Probability of what a route excludes, where routes are compared on objects held out."""


@dataclass(frozen=True, slots=True)
class Context:
    """Codes of the last activities, the latest last, and the class it holds for (NOBODY: any)."""

    after: tuple[int, ...]
    of_class: int = NOBODY


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """Kept contexts, and per context the shares of what comes next.

    Codes: activities from 0, then the end, then the beginning.
    """

    contexts: tuple[Context, ...]
    shares: Floats
    activities: int

    def choices(self, names: tuple[str, ...], classes: tuple[str, ...] = ()) -> tuple[Choice, ...]:
        """As a model has them."""
        words = (*names, END, START)
        found = []
        for context, row in zip(self.contexts, self.shares, strict=True):
            some = np.flatnonzero(row > 0)
            found.append(
                Choice(
                    after=tuple(words[code] for code in context.after),
                    next={words[code]: float(row[code]) for code in some.tolist()},
                    of_class=None if context.of_class == NOBODY else classes[context.of_class],
                )
            )
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """Contexts of one length. Per step: node, its number, -1 where the path is shorter; pair: the
    number of node and what follows. Per node: parent, one step shorter; first: a step that has it;
    objects: how many show it. Per pair: node_of, next_of, and above: the pair of the parent."""

    node: Ints
    pair: Ints
    parent: Ints
    first: Ints
    objects: Ints
    node_of: Ints
    next_of: Ints
    above: Ints


class RouteLearner:
    """Steps of all paths with what came before them; finds contexts and fills in shares."""

    def __init__(self, paths: Paths, of_class: Ints | None = None) -> None:
        """Takes    of_class: per object the code of its class; NOBODY where it has none."""
        self.activities, self.objects = paths.activities, paths.objects
        self.end, self.codes = paths.activities, paths.activities + 2
        lengths = np.diff(paths.offsets)
        begin = np.concatenate(([0], np.cumsum(lengths + 1)))
        symbol = np.full(int(begin[-1]), self.end + 1, np.int64)
        inner = np.ones(len(symbol), bool)
        inner[begin[:-1]] = False
        symbol[inner] = paths.activity
        following = np.append(symbol[1:], 0)
        last = begin[1:] - 1
        following[last] = self.end
        told = np.ones(len(symbol), bool)
        told[last[~paths.finished]] = False
        owner = np.repeat(np.arange(paths.objects), lengths + 1)
        self.symbol, self.at = symbol, np.flatnonzero(told)
        self.place = (np.arange(len(symbol)) - begin[owner])[told]
        self.owner, self.next = owner[told], following[told]
        self.of_class = None if of_class is None else of_class[self.owner]
        self.layers = self._layers()
        self.contexts: tuple[Context, ...] = ()
        self.penalty = 1.0
        self.held_out: dict[float, float] = {}

    def _layers(self) -> list[_Layer]:
        layers: list[_Layer] = []
        node = self.symbol[self.at] if len(self.at) else np.zeros(0, np.int64)
        nodes = self.codes
        parent, above_node = np.full(nodes, -1, np.int64), None
        for depth in range(1, MOST_DEPTH + 1):
            mine = node >= 0
            if not mine.any():
                break
            key = node[mine] * self.codes + self.next[mine]
            pairs, first_step, number = np.unique(key, return_index=True, return_inverse=True)
            pair = np.full(len(node), -1, np.int64)
            pair[mine] = number
            steps = np.flatnonzero(mine)
            first = np.full(nodes, -1, np.int64)
            first[node[steps[::-1]]] = steps[::-1]
            seen = np.unique(node[mine] * self.objects + self.owner[mine]) // self.objects
            above = np.full(len(pairs), -1, np.int64)
            if above_node is not None:
                above = layers[-1].pair[steps[first_step]]
            layers.append(
                _Layer(
                    node,
                    pair,
                    parent,
                    first,
                    np.bincount(seen, minlength=nodes),
                    pairs // self.codes,
                    pairs % self.codes,
                    above,
                )
            )
            above_node = node
            longer = self.place >= depth
            earlier = self.symbol[np.maximum(self.at - depth, 0)]
            grown = np.where(longer, node * self.codes + earlier, -1)
            keys, number = np.unique(grown[longer], return_inverse=True)
            nodes, parent = len(keys), keys // self.codes
            node = np.full(len(node), -1, np.int64)
            node[longer] = number
        return layers

    def learn(self, classes: int = 0) -> Routing:
        """Contexts by Schwarz's penalty, times the factor that tells objects held out best."""
        if self.objects >= 2 * FOLDS:
            fold = self.owner % FOLDS
            for factor in PENALTIES:
                bits = sum(self._bits(fold == held, factor) for held in range(FOLDS))
                self.held_out[factor] = bits / max(len(self.next), 1)
            self.penalty = min(PENALTIES, key=lambda factor: self.held_out[factor])
        self._choose(np.ones(len(self.next)), self.penalty)
        self._fill(classes)
        return self.routing(np.ones(self.objects))

    def _bits(self, held: NDArray[np.bool_], factor: float) -> float:
        _, told = self._grow((~held).astype(float), factor)
        return float(-np.log2(np.maximum(told[held], FLOOR)).sum())

    def _grow(self, weight: Floats, factor: float) -> tuple[list[NDArray[np.bool_]], Floats]:
        """Which contexts are worth their numbers, and the probability of each step by them."""
        price = 0.5 * factor * np.log(max(weight.sum(), 2.0))
        kept: list[NDArray[np.bool_]] = []
        told = np.full(len(self.next), 1.0 / self.codes)
        shorter = np.zeros(0)
        for depth, layer in enumerate(self.layers, 1):
            mine = layer.pair >= 0
            count = np.bincount(layer.pair[mine], weight[mine], len(layer.node_of))
            total = np.bincount(layer.node_of, count, len(layer.parent))
            base = shorter[layer.above] if depth > 1 else np.full(len(count), 1.0 / self.codes)
            some = count > 0
            gain = np.zeros(len(count))
            whole = total[layer.node_of]
            gain[some] = count[some] * np.log(count[some] / whole[some] / base[some])
            support = np.bincount(layer.node_of, some, len(layer.parent))
            worth = np.bincount(layer.node_of, gain, len(layer.parent))
            keep = worth > price * np.maximum(support - 1, 1)
            keep &= (layer.objects >= FEWEST) & (total > 0)
            if depth == 1:
                keep = total > 0
            own = (count + PULL * base) / (whole + PULL)
            shorter = np.where(keep[layer.node_of], own, base)
            told[mine] = shorter[layer.pair[mine]]
            kept.append(keep)
        return kept, told

    def _choose(self, weight: Floats, factor: float) -> None:
        """Number the kept contexts; per step the longest that fits, per context the next shorter."""
        kept, _ = self._grow(weight, factor)
        contexts: list[Context] = []
        above: list[int] = []
        owner = np.full(len(self.next), -1, np.int64)
        inherited = np.zeros(0, np.int64)
        for depth, (layer, keep) in enumerate(zip(self.layers, kept, strict=True), 1):
            holder = inherited[layer.parent] if depth > 1 else np.full(len(keep), -1, np.int64)
            for node in np.flatnonzero(keep).tolist():
                above.append(int(holder[node]))
                holder[node] = len(contexts)
                at = int(self.at[layer.first[node]])
                codes = self.symbol[at - depth + 1 : at + 1]
                contexts.append(Context(tuple(int(code) for code in codes)))
            mine = layer.node >= 0
            owner[mine] = holder[layer.node[mine]]
            inherited = holder
        self.contexts, self.above, self.longest = tuple(contexts), above, owner
        self.deep = [k for k, context in enumerate(contexts) if len(context.after) > 1]

    def _fill(self, classes: int) -> None:
        """Contexts for single classes, where what follows depends on the class enough."""
        self.within: list[tuple[int, int]] = []
        self.special = self.longest.copy()
        if self.of_class is None or classes < 2:
            return
        rows = self._rows(np.ones(len(self.next)))
        price = 0.5 * self.penalty * np.log(max(len(self.next), 2))
        found: list[Context] = []
        for k, context in enumerate(self.contexts):
            mine = np.flatnonzero(self.longest == k)
            for one in range(classes):
                steps = mine[self.of_class[mine] == one]
                if len(np.unique(self.owner[steps])) < FEWEST:
                    continue
                count = np.bincount(self.next[steps], minlength=self.codes)
                some = count > 0
                share = count[some] / len(steps)
                gain = float((count[some] * np.log(share / np.maximum(rows[k][some], FLOOR))).sum())
                if gain > price * max(int(some.sum()) - 1, 1):
                    self.special[steps] = len(self.contexts) + len(found)
                    self.within.append((k, one))
                    found.append(Context(context.after, one))
        self.contexts = (*self.contexts, *found)

    def routing(self, weight: NDArray[np.float64]) -> Routing:
        """Shares of the contexts, with each object counted ``weight`` times."""
        each = weight[self.owner]
        general = len(self.contexts) - len(self.within)
        rows = np.zeros((len(self.contexts), self.codes))
        whole = self._rows(each)
        left = self.special < general
        rest = self._count(self.longest, np.where(left, each, 0.0), general)
        for k in range(general):
            rows[k] = self._drawn(rest[k], whole[self.above[k]] if self.above[k] >= 0 else None)
            if rest[k].sum() == 0:
                rows[k] = whole[k]
        own = self._count(self.special, np.where(left, 0.0, each), len(self.contexts))
        for n, (k, _) in enumerate(self.within, general):
            rows[n] = self._drawn(own[n], rows[k])
        total = np.concatenate((rest.sum(axis=1), own[general:].sum(axis=1)))
        _open_exits(self.contexts, rows, total, self.end)
        return Routing(self.contexts, rows, self.activities)

    def _count(self, place: Ints, weight: Floats, contexts: int) -> Floats:
        mine = place >= 0
        key = place[mine] * self.codes + self.next[mine]
        counts = np.bincount(key, weight[mine], contexts * self.codes)
        return np.asarray(counts.reshape(contexts, self.codes), np.float64)

    def _rows(self, weight: Floats) -> Floats:
        """Shares by each context of all steps that it fits, longer contexts or not."""
        general = len(self.above)
        counts = self._count(self.longest, weight, general)
        for k in range(general - 1, -1, -1):
            if self.above[k] >= 0:
                counts[self.above[k]] += counts[k]
        rows = np.zeros_like(counts)
        for k in range(general):
            rows[k] = self._drawn(counts[k], rows[self.above[k]] if self.above[k] >= 0 else None)
        return rows

    def _drawn(self, count: Floats, towards: Floats | None) -> Floats:
        """Shares from counts, drawn towards others."""
        total = count.sum()
        if towards is None:
            row = count.copy()
        else:
            row = count + PULL * towards
            row[(count == 0) & (row * total / (total + PULL) < UNSEEN)] = 0.0
        if row.sum() == 0:
            row[self.end] = 1.0
        return np.asarray(row / row.sum())


def _open_exits(contexts: Sequence[Context], rows: Floats, total: Floats, end: int) -> None:
    """Where no route leads to the end, as after what only unfinished objects did, one more object
    than was seen ends there."""
    leads = np.zeros(rows.shape[1], bool)
    leads[end] = True
    grown = True
    while grown:
        grown = False
        for context, row in zip(contexts, rows, strict=True):
            if not leads[context.after[-1]] and row[leads].sum() > 0:
                leads[context.after[-1]] = grown = True
    for k, context in enumerate(contexts):
        if not leads[context.after[-1]]:
            rows[k] *= total[k] / (total[k] + LEAVES)
            rows[k, end] += LEAVES / (total[k] + LEAVES)
