"""Work made by plain Python, so that what is learned of it can be held against its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from thalweg.process.chunks import Ints
from thalweg.process.waiting.causes import CAUSES
from thalweg.process.waiting.sweep import UNKNOWN_NS
from thalweg.redesign.learn.paths import Paths
from thalweg.redesign.learn.records import Open, Work

SECOND = 10**9
HOUR = 3600 * SECOND
MONDAY_NS = 1_704_067_200 * SECOND
"""2024-01-01 00:00 UTC, a Monday."""


def paths_from(
    traces: Sequence[Sequence[int]], activities: int, finished: Sequence[bool] | None = None
) -> Paths:
    """Paths as the learner takes them."""
    lengths = [len(trace) for trace in traces]
    done = [True] * len(traces) if finished is None else list(finished)
    flat = [code for trace in traces for code in trace]
    return Paths(
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        np.array(flat, np.int32),
        np.arange(len(flat)),
        np.array(done),
        activities,
    )


Piece = tuple[int, int, int]
"""Activity, start and end in seconds after the Monday."""


def work_from(
    objects: Sequence[Sequence[Piece]],
    names: str,
    *,
    concurrent: Sequence[tuple[int, int]] = (),
    traits: pl.DataFrame | None = None,
    until_s: int = 10**8,
    zone: str = "UTC",
) -> Work:
    """Work of objects with their pieces, each in the order of ends; all are finished."""
    flat = [(i, *piece) for i, mine in enumerate(objects) for piece in mine]
    lengths = [len(mine) for mine in objects]
    table = np.array(flat, np.int64).reshape(-1, 4)
    beside = np.zeros((len(names), len(names)), bool)
    for a, b in concurrent:
        beside[a, b] = beside[b, a] = True
    start = table[:, 2] * SECOND + MONDAY_NS
    first = [min(piece[1] for piece in mine) * SECOND + MONDAY_NS for mine in objects]
    none = np.zeros(0, np.int64)
    return Work(
        type="case",
        activities=tuple(names),
        resources=("",),
        objects=tuple(f"o{i}" for i in range(len(objects))),
        begun_ns=np.array(first, np.int64),
        finished=np.ones(len(objects), bool),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        activity=table[:, 1].astype(np.int32),
        resource=np.zeros(len(table), np.int32),
        start_ns=start,
        end_ns=table[:, 3] * SECOND + MONDAY_NS,
        known=np.ones(len(table), bool),
        enabled_ns=np.full(len(table), UNKNOWN_NS),
        source=np.full(len(table), -1),
        cause_ns=np.zeros((len(table), len(CAUSES)), np.int64),
        batch=np.full(len(table), -1),
        event=np.arange(len(table)),
        concurrent=beside,
        traits=pl.DataFrame({"@object": range(len(objects))}) if traits is None else traits,
        open=Open(none, none.astype(np.int32), none.astype(np.int32), none),
        encoding="interval",
        until_ns=MONDAY_NS + until_s * SECOND,
        zone=zone,
    )


def begun_at(instants_ns: Ints, until_ns: int, zone: str = "UTC") -> Work:
    """Objects of one moment each."""
    seconds = ((np.sort(instants_ns) - MONDAY_NS) // SECOND).tolist()
    work = work_from([[(0, s, s)] for s in seconds], "a", zone=zone)
    return replace(work, begun_ns=np.sort(instants_ns), until_ns=until_ns)
