"""What a simulated process leaves behind: statistics of each replication, or its whole log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WAITS = ("before", "delay", "batch", "contention", "off_duty", "setup", "blocked")
"""Why a piece of work waits, in the order of ``Lived.wait_s``. before: for other branches and for
objects split off. Of a wait for a pool, off_duty is the part in which no pool that may do the work
was on duty, contention the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """Replications of one model under one plan, R of them, over the same span.

    names        activities and pools in the order of the arrays.
    objects      (R,) root objects that arrived within the span; finished: of those.
    cycle        per replication the finished objects' cycle times, s, in order of arrival, and
    arrived_ns   when they arrived; of_class: their class, -1 for none. key: which object it is; the
                 same object has the same key under every plan, and the same luck.
    work_s       (R, A) working time by activity. visits: (R, A).
    wait_s       (R, A, len(WAITS)).
    busy_s       (R, P) place-seconds of work by pool. duty_s: (R, P) place-seconds on duty.
    queue        (R, P) mean number of pieces that waited for the pool.
    in_progress  (R,) mean number of root objects under way. cost: (R,) of pieces and of duty.
    scrapped     (R,) value lost in work, in values of an object.
    log          events of all replications where asked: replication, object, of_class, type, parent,
                 activity, pool, visit, enabled_ns, start_ns, end_ns; else None.
    """

    activities: tuple[str, ...]
    pools: tuple[str, ...]
    span_s: float
    objects: Ints
    finished: Ints
    cycle_s: tuple[Floats, ...]
    arrived_ns: tuple[Ints, ...]
    of_class: tuple[NDArray[np.int32], ...]
    key: tuple[Ints, ...]
    work_s: Floats
    visits: Ints
    wait_s: Floats
    busy_s: Floats
    duty_s: Floats
    queue: Floats
    in_progress: Floats
    cost: Floats
    scrapped: Floats
    log: pl.DataFrame | None = None
    facts: dict[str, Any] | None = None
