"""A baseline from records in which other interventions were already in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from thalweg.change.estimates.imputation import fit
from thalweg.change.frame import ALREADY, NEVER, Floats, Panel, Rollout


def without_others(panel: Panel, others: Iterable[Rollout]) -> Panel:
    """The panel as if no earlier intervention had begun at any unit.

    Each one's mean effect is fitted beside unit and period effects and taken off; cells that were
    partly touched are unknown. Nobody's beginning is planned here, only the noise is learned.

    Takes    others: interventions at the units of the panel.
    """
    partly = np.zeros(panel.value.shape, dtype=np.bool_)
    columns = []
    at = np.arange(len(panel.periods))[None, :]
    for rollout in others:
        start = np.where(rollout.start == ALREADY, 0, rollout.start)[:, None]
        begun = start != NEVER
        force = begun & (at >= start) & (at < rollout.stop[:, None])
        partly |= begun & (at < start) & (at >= start - panel.straddle)
        if force.any():
            columns.append(force.astype(float))
    if not columns:
        return panel
    scaled = np.where(partly, np.nan, panel.scaled())
    known = np.isfinite(scaled)
    x: Floats = np.where(known, np.stack(columns), 0.0)
    _, _, slope = fit(np.where(known, scaled, 0.0), known, x)
    rest = scaled - np.tensordot(slope, np.stack(columns), axes=1)
    return replace(panel, value=np.exp(rest) if panel.outcome.scale == "log" else rest)
