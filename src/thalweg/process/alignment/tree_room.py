"""Alignments with a process tree, one trace after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.process.alignment.parts import IntTable
from thalweg.process.alignment.room import Found
from thalweg.process.alignment.tree import fill_costs, lay_out
from thalweg.process.alignment.tree_moves import Run, read_run, weave
from thalweg.process.alignment.tree_tables import TreeTables, view_trace

CELLS_FOR_ONE, STEPS_FOR_ONE = 16, 256
"""Costs that are kept, and steps to work them out, for one state of the search."""


@dataclass(frozen=True, slots=True)
class TreeAligner:
    """Aligns with a tree; keeps nothing from one trace to the next."""

    tree: TreeTables

    def shortest(self) -> Found:
        """The tree's shortest run."""
        found = self.align(np.empty(0, np.int32), 1)
        assert found is not None
        return found

    def align(self, trace: IntTable, max_states: int) -> Found | None:
        """The cheapest alignment of a trace.

        Takes    trace: codes of the events, -1 where no transition has the label.
        Returns  None if the trace is too long for its costs to be worked out.
        """
        tree = self.tree
        position = np.flatnonzero(trace >= 0).astype(np.int32)
        view = view_trace(tree.leaf[trace[position]], tree)
        at, whole, cells, work = lay_out(tree, view)
        if cells > CELLS_FOR_ONE * max_states or work > STEPS_FOR_ONE * max_states:
            return None
        cost = np.empty(cells, np.int32)
        fill_costs(tree, view, at, whole, cost)
        size = 4 * (len(tree.kind) + len(trace)) + 64
        while True:
            run = Run(*(np.empty(size, np.int32) for _ in range(3)))
            stack = np.empty((size, 5), np.int64)
            steps = read_run(len(position), tree, view, at, cost, run, stack)
            if steps >= 0:
                break
            size *= 4
        event, transition = (np.empty(steps + len(trace), np.int32) for _ in range(2))
        moves = weave(steps, run, position, event, transition)
        seen = int(event[:moves].max(initial=-1)) + 1
        rest = np.arange(seen, len(trace), dtype=np.int32)
        event = np.concatenate((event[:moves], rest))
        transition = np.concatenate((transition[:moves], np.full(len(rest), -1, np.int32)))
        more = int(cost[at[-1] + len(position)]) if len(position) else 0
        total = int(tree.shortest[-1]) + more + len(trace) - len(position)
        return Found(total, total, int(cells), event, transition)
