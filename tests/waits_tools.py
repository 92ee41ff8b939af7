"""Plain-Python oracles of waiting: what held at each second, counted one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.process.waiting.sweep import UNKNOWN_NS, DutyTables, Works

SECOND = 10**9


@dataclass(frozen=True)
class Job:
    """A piece of work in whole seconds; enabled None: nothing before it."""

    resource: int
    activity: int
    enabled: int | None
    start: int
    end: int


def works_of(jobs: Sequence[Job]) -> Works:
    """The jobs as arrays."""
    ready = [UNKNOWN_NS if j.enabled is None else j.enabled * SECOND for j in jobs]
    return Works(
        np.array([j.resource for j in jobs], np.uint32),
        np.array([j.activity for j in jobs], np.uint32),
        np.array([j.start for j in jobs], np.int64) * SECOND,
        np.array([j.end for j in jobs], np.int64) * SECOND,
        np.array(ready, np.int64),
    )


def duty_of(duty: dict[int, list[tuple[int, int]]], resources: int) -> DutyTables:
    """Intervals on duty by resource, in seconds; a resource that is left out has no calendar."""
    calendar, offsets, rows = np.full(resources, -1, np.int64), [0], []
    for number, (resource, spans) in enumerate(duty.items()):
        calendar[resource] = number
        before = 0
        for a, b in spans:
            rows.append((a * SECOND, b * SECOND, before * SECOND))
            before += b - a
        offsets.append(len(rows))
    table = np.array(rows, np.int64).reshape(-1, 3)
    return DutyTables(
        calendar,
        np.array(offsets, np.int64),
        table[:, 0].copy(),
        table[:, 1].copy(),
        table[:, 2].copy(),
    )


def batch_complete(jobs: Sequence[Job], smallest: int = 2) -> list[int]:
    """For each job when the last of its batch was enabled (its own enabling without a batch)."""
    ready = [j.start if j.enabled is None else j.enabled for j in jobs]
    full = list(ready)
    for resource in {j.resource for j in jobs}:
        mine = [k for k, j in enumerate(jobs) if j.resource == resource]
        queue = sorted(mine, key=lambda k: (jobs[k].start, k))
        while queue:
            run = [queue.pop(0)]
            head = jobs[run[0]]
            while (
                queue
                and jobs[queue[0]].activity == head.activity
                and jobs[queue[0]].start <= max(jobs[k].end for k in run)
                and ready[queue[0]] <= head.start
            ):
                run.append(queue.pop(0))
            if len(run) >= smallest:
                last = max(ready[k] for k in run)
                for k in run:
                    full[k] = min(last, jobs[k].start)
    return full


def seconds_held(
    jobs: Sequence[Job], duty: dict[int, list[tuple[int, int]]]
) -> list[dict[frozenset[str], int]]:
    """For each job the seconds of its wait by the set of conditions that held in them."""
    ready = [j.start if j.enabled is None else j.enabled for j in jobs]
    full = batch_complete(jobs)
    found = []
    for k, job in enumerate(jobs):
        mine: dict[frozenset[str], int] = {}
        for t in range(ready[k], job.start):
            held = set()
            for i, other in enumerate(jobs):
                if i != k and other.resource == job.resource and other.start <= t < other.end:
                    held.add("contention" if ready[i] <= ready[k] else "priority")
            if job.resource in duty and not any(a <= t < b for a, b in duty[job.resource]):
                held.add("unavailable")
            if t < full[k]:
                held.add("batching")
            mine[frozenset(held)] = mine.get(frozenset(held), 0) + 1
        found.append(mine)
    return found


Rule = Callable[[frozenset[str]], dict[str, float]]


def by_state(held: frozenset[str]) -> dict[str, float]:
    """Off duty first, then busy, then gathering."""
    for name in ("unavailable", "contention", "priority", "batching"):
        if name in held:
            return {name: 1.0}
    return {}


def by_precedence(held: frozenset[str]) -> dict[str, float]:
    """The order of Lashkevich and others (2023)."""
    for name in ("batching", "contention", "priority", "unavailable"):
        if name in held:
            return {name: 1.0}
    return {}


def by_shares(held: frozenset[str]) -> dict[str, float]:
    """Evenly among busy and off duty; gathering only where neither holds."""
    strong = held - {"batching"} or held
    return {name: 1 / len(strong) for name in strong}


RULES: dict[str, Rule] = {
    "state": by_state,
    "precedence": by_precedence,
    "shared": by_shares,
}
