"""The log of simulated replications, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.redesign.simulate.compile import Compiled
from thalweg.redesign.simulate.layout import (
    E_ACT,
    E_CLASS,
    E_ENABLED,
    E_END,
    E_FLOW,
    E_OBJECT,
    E_PARENT,
    E_POOL,
    E_START,
    E_VISIT,
    HORIZON,
    NO_PARENT,
    ROWS,
    State,
)


def log_frame(compiled: Compiled, states: Sequence[State]) -> pl.DataFrame:
    """Every piece of work that began, in that order; ``end_ns`` is null where it had not ended."""
    return pl.concat([_frame(compiled, state, r) for r, state in enumerate(states)])


def _frame(compiled: Compiled, state: State, replication: int) -> pl.DataFrame:
    model, begins, horizon = compiled.model, compiled.begins_ns, int(state.sc[HORIZON])
    log = state.log[: state.sc[ROWS]]
    log = log[log[:, E_START] <= horizon]
    ended = log[:, E_END]
    return pl.DataFrame(
        {
            "replication": np.full(len(log), replication, np.int32),
            "object": _objects(compiled, log[:, E_OBJECT]),
            "of_class": _named(log[:, E_CLASS], list(model.classes)),
            "type": _named(log[:, E_FLOW], [flow.type for flow in model.flows]),
            "parent": _objects(compiled, log[:, E_PARENT]),
            "activity": _named(log[:, E_ACT], [one.name for one in model.activities]),
            "pool": _named(log[:, E_POOL], [one.name for one in model.pools]),
            "visit": log[:, E_VISIT],
            "enabled_ns": log[:, E_ENABLED] + begins,
            "start_ns": log[:, E_START] + begins,
            "end_ns": pl.Series(np.minimum(ended, horizon) + begins).set(
                pl.Series(ended > horizon), None
            ),
        }
    )


def _objects(compiled: Compiled, serial: NDArray[np.int64]) -> pl.Series:
    """Objects that arrive are numbered from 1, those split off from them after the last of them;
    those under way at the beginning keep their names."""
    found = pl.Series(serial + 1).cast(pl.String)
    opened = serial < 0
    if opened.any():
        names = pl.Series(compiled.opened, dtype=pl.String)
        at = np.where(opened, -1 - serial, 0)
        none = serial == NO_PARENT
        picked = names.gather(np.where(none, 0, at)) if len(names) else found
        found = found.zip_with(pl.Series(~opened), picked).set(pl.Series(none), None)
    return found


def _named(codes: NDArray[np.int64], names: Sequence[str]) -> pl.Series:
    """Names of codes; none where there are no names, or no code."""
    whole = pl.Series([*names, None], dtype=pl.String)
    inside = (codes >= 0) & (codes < len(names))
    return whole.gather(np.where(inside, codes, len(names)))
