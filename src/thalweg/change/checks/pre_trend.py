"""Did treated units drift away from the others before anything had happened to them?"""

from __future__ import annotations

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import effect_of, judge, look_for, untreated_fit
from thalweg.change.checks.twoway import first_touched
from thalweg.change.frame import Design, Floats

LEAST_PERIODS = 4
"""Untreated periods of the median treated unit: over fewer, a slope is noise."""


FOUND = 0.2
"""A drift is called seen below this p-value. Missing one costs more than a false alarm, and the
periods before a start are few: at 0.05 four of ten drifts of 0.4 % a month, which add half of it to
an effect of 10 %, went unseen with 100 units (benchmarks/study_checks.py)."""
SURE = 0.05
"""A drift this clear, and large next to the effect, breaks the design: it cannot be allowed for."""
SHARE = 0.75
"""Part of the effect that an unseen drift may make up: of the rest not even the largest drift that
fits the records takes anything."""


def slopes(design: Design) -> Floats:
    """(2, N, T) a slope of treated units, and a slope the steeper the earlier a unit starts.

    The second shows where all units are treated some day, and when the early ones drift most.
    """
    count = len(design.panel.periods)
    at = np.arange(count, dtype=float)
    treated = design.rollout.treated
    ahead = np.where(treated, count - np.minimum(first_touched(design), count), 0.0)
    ahead = ahead / max(float(ahead.max(initial=0.0)), 1.0)
    return np.stack([treated[:, None] * at, ahead[:, None] * at])


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
    return judge("pre_trend", fault, effect, extra, found=FOUND, sure=SURE, share=SHARE)
