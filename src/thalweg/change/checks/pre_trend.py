"""Did treated units drift away from the others before anything had happened to them?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import (
    effect_of,
    judge,
    leans,
    look_for,
    untreated_fit,
)
from thalweg.change.checks.twoway import first_touched
from thalweg.change.frame import Design, Floats

LEAST_PERIODS = 4
"""Untreated periods of the median treated unit: over fewer, a slope is noise."""


HINT = 0.1
"""A drift is called seen below this p-value."""
LEANING = 0.4
"""So is one that goes the way of the effect below this (0.2 on that side): it makes an effect out of
nothing, while one that goes against it hides a part. Looking harder on one side finds more of the
drifts that matter for the same alarms (benchmarks/study_checks.py)."""
SURE = 0.02
"""A drift this clear, and large next to the effect, breaks the design: it cannot be allowed for.
With anticipation, spill-over and timing at 1 % each, at most 5 % of sound designs are refused."""
LATELY = {"month": 12, "week": 52}
"""Periods before the start in which units may have set out on their way: the year that the
sensitivity looks back on."""
SHARE = 0.5
"""Part of the effect that an unseen drift may make up."""


def slopes(design: Design) -> Floats:
    """(3, N, T) a slope of treated units, one the steeper the earlier a unit starts, and one that
    begins a year before the start.

    The second shows where all units are treated some day, and when the early ones drift most; the
    third where units had only lately set out on their way.
    """
    count = len(design.panel.periods)
    at = np.arange(count, dtype=float)
    treated = design.rollout.treated
    first = np.minimum(first_touched(design), count)
    ahead = np.where(treated, count - first, 0.0)
    ahead = ahead / max(float(ahead.max(initial=0.0)), 1.0)
    lately = np.clip(at[None, :] - first[:, None] + LATELY[design.panel.every], 0.0, None)
    return np.stack([treated[:, None] * at, ahead[:, None] * at, treated[:, None] * lately])


def check_pre_trend(design: Design, context: Context) -> Check:
    """Slope of treated units on the untreated cells, and the slope that would have been found."""
    mask = design.untreated_cells()
    before = mask[design.rollout.treated].sum(axis=1)
    typical = float(np.median(before)) if len(before) else 0.0
    extra: dict[str, float | int | str | None] = {"periods": int(typical)}
    if typical < LEAST_PERIODS:
        return Check("pre_trend", "not_possible", "too_short", extra)
    fault = look_for(design, untreated_fit(design), slopes(design), context.seed)
    effect = effect_of(design, context)
    unseen = None if fault is None else fault.bound_towards(effect[0])
    found = judge(
        "pre_trend", fault, effect, extra, found=HINT, sure=SURE, share=SHARE, unseen=unseen
    )
    if fault is None or unseen is None or found.finding != "quiet":
        return found
    if leans(fault, effect, LEANING, 1, unseen):
        return replace(found, status="warning", finding="leaning")
    return found
