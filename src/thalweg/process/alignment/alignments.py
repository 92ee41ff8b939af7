"""Alignments: for each variant the cheapest way to explain it by a run of the model.

An alignment pairs a trace with a run from the initial to a final marking (Adriansyah 2014). An event
without a transition is a log move and costs 1; a transition without an event is a model move and
costs 1 if it is visible and nothing if it is silent; both together cost nothing.

Three ways lead to the same costs: dynamic programming where the net's markings can be listed
(``table``), or where the net comes from a process tree of different activities
(``tree``), and best-first search elsewhere (``search``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.room import Found, Room, StopFlag, StoppedError
from thalweg.process.alignment.search import MAX_TOKENS, NEVER
from thalweg.process.alignment.store import Table, list_markings
from thalweg.process.alignment.tree_room import TreeAligner
from thalweg.process.alignment.tree_tables import tree_tables
from thalweg.process.chunks import Ints
from thalweg.process.models.petri import PetriNet
from thalweg.process.models.tree import ProcessTree
from thalweg.process.weighted import WeightedVariants

MAX_STATES = 1_000_000
MAX_SECONDS = 30.0
TOTAL_SECONDS = 60.0
FAIR_SHARES = 8
"""How many times its share of the time that is left one variant may take: most take far less."""
SHORTEST_RUN_STATES = 5_000_000
VARIANTS_AT_ONCE = 16
AWAKE_S = 0.2
"""How often the waiting thread wakes: an interrupt that another thread takes does not wake it."""
LISTED_FOR_ONE = 16
"""States that the list of markings deals with in the time that the search takes for one."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignments:
    """Per variant, in the order of the variants given.

    low, high: bounds on the cost of the cheapest alignment; equal where exact. ``high`` is the cost
    of the alignment told by the moves. states: pairs of marking and position that were kept.
    model_cost: cost of the model's shortest run, visible transitions alone.
    offsets: moves of variant i are ``offsets[i]:offsets[i + 1]``. event: code of the activity, or -1
    for a model move. transition: number in the net, or -1 for a log move.
    lengths: events of each variant. count: its objects.
    """

    low: Ints
    high: Ints
    exact: NDArray[np.bool_]
    states: Ints
    model_cost: int
    offsets: Ints
    event: IntTable
    transition: IntTable
    lengths: Ints
    count: Ints

    def moves(self, variant: int) -> list[tuple[int, int]]:
        """Event and transition of each move of one variant."""
        here = slice(self.offsets[variant], self.offsets[variant + 1])
        return list(zip(self.event[here].tolist(), self.transition[here].tolist(), strict=True))


def align(
    net: PetriNet,
    variants: WeightedVariants,
    *,
    max_states: int = MAX_STATES,
    max_seconds: float = MAX_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    tree: ProcessTree | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Alignments:
    """Align every variant with the net.

    Takes    max_states, max_seconds: where the search for one variant ends; a variant that it ends
             has bounds and a good alignment, not the cheapest for certain. The states alone give
             the same answer on every machine; one of a listed marking counts for a sixteenth.
             total_seconds: time for the searches of all variants. A search may take a few times its
             share of what is left; when nothing is left, variants that would need a search have
             the bound from its beginning, and all log moves beside the shortest run. tree: the
             process tree that the net was made from (``tree_to_net``); if no activity stands in
             it twice, no variant of less than some hundreds of events needs a search.
             progress: told variants done and all, from the thread that called; what it raises ends
             the work.
    Raises   RequestError: a cap is not positive, or the net never completes.
    Source   A* (Hart, Nilsson and Raphael 1968) over the synchronous product (Adriansyah 2014).
    """
    if max_states < 1 or min(max_seconds, total_seconds) <= 0:
        raise RequestError(
            f"An alignment needs room: max_states is {max_states:,}, max_seconds {max_seconds:g} and"
            f" total_seconds {total_seconds:g}. Give at least one state and more than no time."
        )
    _check_tokens(net)
    code = label_codes(net, variants)
    blocks = None if tree is None else tree_tables(tree, net, code)
    branches = None if blocks is None else TreeAligner(blocks)
    room = Room.of(net, code, bounded=branches is None)
    shortest = _shortest_run(net, room) if branches is None else branches.shortest()
    traces = _traces(net, variants)
    space = list_markings(room, len(code))
    count = max(1, min(threads or os.cpu_count() or 1, -(-len(traces) // VARIANTS_AT_ONCE)))
    searches = _Searches(net, code, room)
    aligners = [
        _Aligner(searches, None if space is None else Table(space), branches) for _ in range(count)
    ]
    caps = _Caps(max_states, max_seconds, shortest.high, _Budget(total_seconds, len(traces), count))
    found = _align_all(aligners, traces, caps, progress)
    return _gather(variants, found, shortest)


def label_codes(net: PetriNet, variants: WeightedVariants) -> dict[str, int]:
    """A code for each label: the variants' own, then those that only the net has."""
    names = (*variants.names, *sorted(net.labels().difference(variants.names)))
    return {name: number for number, name in enumerate(names)}


def _check_tokens(net: PetriNet) -> None:
    most = max((n for marking in (net.initial, *net.finals) for n in marking), default=0)
    if most > MAX_TOKENS:
        raise RequestError(
            f"A place of {net.name!r} holds {most:,} tokens; alignments can count to {MAX_TOKENS}."
        )
    if not net.finals:
        raise RequestError(
            f"The net {net.name!r} has no final marking, so nothing says when a case is complete."
            " Add one to the model."
        )


def _shortest_run(net: PetriNet, room: Room) -> Found:
    found = room.align(np.empty(0, np.int32), SHORTEST_RUN_STATES, float("inf"), StopFlag())
    if found.high >= NEVER and found.low >= NEVER:
        raise RequestError(
            f"The net {net.name!r} cannot reach a final marking from its initial one, so no case can"
            " conform. Check the model for a deadlock or a wrong final marking."
        )
    if found.low != found.high:
        raise RequestError(
            f"No shortest run of the net {net.name!r} was found within {SHORTEST_RUN_STATES:,}"
            " states. Use a model with less concurrency, or one whose places are bounded."
        )
    return found


def _traces(net: PetriNet, variants: WeightedVariants) -> list[IntTable]:
    """The variants' events by code, -1 where no transition has the label."""
    labels = net.labels()
    known = np.array(
        [c if name in labels else -1 for c, name in enumerate(variants.names)], np.int32
    )
    codes = known[variants.codes]
    return [codes[a:b] for a, b in zip(variants.offsets, variants.offsets[1:], strict=False)]


@dataclass(frozen=True, slots=True)
class _Caps:
    states: int
    seconds: float
    shortest: int
    budget: _Budget


@dataclass(slots=True)
class _Budget:
    """The time that all searches have together. ``left`` counts variants not yet done."""

    seconds: float
    left: int
    threads: int
    begun: float = field(default_factory=time.monotonic)

    def share(self) -> float:
        """Seconds for the next search; none if the time is over."""
        rest = self.begun + self.seconds - time.monotonic()
        return FAIR_SHARES * rest * self.threads / max(self.left, 1)


@dataclass(slots=True)
class _Searches:
    """Room for searches, made when the first one is needed."""

    net: PetriNet
    code: dict[str, int]
    room: Room
    lock: Lock = field(default_factory=Lock)

    def another(self) -> Room:
        with self.lock:
            if not self.room.bounded:
                self.room = Room.of(self.net, self.code)
            return self.room.another()


@dataclass(slots=True)
class _Aligner:
    """What one thread works with."""

    searches: _Searches
    table: Table | None
    tree: TreeAligner | None
    room: Room | None = None

    def align(self, trace: IntTable, caps: _Caps, stop: StopFlag) -> Found:
        if stop.wanted:
            raise StoppedError
        most = LISTED_FOR_ONE * caps.states
        if self.table is not None and self.table.markings * (len(trace) + 1) <= most:
            found = self.table.align(trace, len(trace) + caps.shortest)
            if found is not None:
                return found
        if self.tree is not None:
            found = self.tree.align(trace, caps.states)
            if found is not None:
                return found
        if self.room is None:
            self.room = self.searches.another()
        seconds = min(caps.seconds, caps.budget.share())
        return self.room.align(trace, caps.states, seconds, stop)


def _align_all(
    aligners: Sequence[_Aligner],
    traces: Sequence[IntTable],
    caps: _Caps,
    progress: Callable[[int, int], None] | None,
) -> list[Found]:
    """Every trace, a few at a time, in threads that stop soon after an interrupt."""
    stop = StopFlag()
    free: SimpleQueue[_Aligner] = SimpleQueue()
    for aligner in aligners:
        free.put(aligner)

    def some(start: int) -> list[Found]:
        mine = free.get()
        try:
            few = traces[start : start + VARIANTS_AT_ONCE]
            return [mine.align(trace, caps, stop) for trace in few]
        finally:
            free.put(mine)

    with ThreadPoolExecutor(len(aligners)) as pool:
        starts = range(0, len(traces), VARIANTS_AT_ONCE)
        tasks: list[Future[list[Found]]] = [pool.submit(some, start) for start in starts]
        try:
            waiting, done = set(tasks), 0
            while waiting:
                ready, waiting = wait(waiting, AWAKE_S, FIRST_COMPLETED)
                done += sum(len(task.result()) for task in ready)
                caps.budget.left = len(traces) - done
                if progress is not None and ready:
                    progress(done, len(traces))
        except BaseException:
            stop.wanted = True
            for task in tasks:
                task.cancel()
            raise
    return [found for task in tasks for found in task.result()]


def _gather(variants: WeightedVariants, found: list[Found], shortest: Found) -> Alignments:
    lengths = np.diff(variants.offsets).astype(np.int64)
    low, high, states = (
        np.array([getattr(one, name) for one in found], np.int64)
        for name in ("low", "high", "states")
    )
    events, transitions = [one.event for one in found], [one.transition for one in found]
    for i in np.flatnonzero(high > lengths + shortest.high):
        log_moves = np.arange(lengths[i], dtype=np.int32)
        high[i] = lengths[i] + shortest.high
        events[i] = np.concatenate((log_moves, shortest.event))
        transitions[i] = np.concatenate((np.full(lengths[i], -1, np.int32), shortest.transition))
    offsets = np.concatenate(([0], np.cumsum([len(e) for e in events]))).astype(np.int64)
    event = np.concatenate([*events, np.empty(0, np.int32)])
    begin = np.repeat(variants.offsets[:-1], np.diff(offsets))
    codes = variants.codes.astype(np.int32)
    at = np.where(event >= 0, event + begin, 0)
    return Alignments(
        low=np.minimum(low, high),
        high=high,
        exact=low >= high,
        states=states,
        model_cost=shortest.high,
        offsets=offsets,
        event=np.where(event >= 0, codes[at], -1).astype(np.int32) if len(codes) else event,
        transition=np.concatenate([*transitions, np.empty(0, np.int32)]),
        lengths=lengths,
        count=variants.count,
    )
