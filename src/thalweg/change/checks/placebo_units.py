"""How large an effect does chance give to units that were never treated?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import effect_of
from thalweg.change.checks.twoway import impute
from thalweg.change.frame import NEVER, Design, Rollout

TIMES = 100
"""Placebo roll-outs: the spread of their effects is known to 7 %."""
LEAST_NEVER = 8
"""Never-treated units: with fewer, half of them cannot stand for the other half."""
TOO_NARROW = 1.5
"""Noise among placebos over the standard error told, beyond which the interval looks too narrow.
Chance takes it beyond this in hardly one of a hundred sound worlds."""


def check_placebo_units(design: Design, context: Context) -> Check:
    """Give never-treated units the dates of treated ones, again and again.

    The part of them that is given a date is that of the design; what their number makes their
    effects noisier is taken out by (1/treated + 1/untreated)^½.
    """
    never = design.rollout.start == NEVER
    dates = design.rollout.start[design.rollout.treated]
    stops = design.rollout.stop[design.rollout.treated]
    count, treated = int(never.sum()), len(dates)
    if count < LEAST_NEVER or not treated:
        return Check("placebo_units", "not_possible", "too_few", {"never_units": count})
    alone = design.keep_units(never)
    given = min(max(round(count * treated / (count + treated)), 2), count - 3)
    rng = np.random.default_rng(context.seed)
    effects = np.array([_once(alone, dates, stops, given, rng) for _ in range(TIMES)])
    effects = effects[np.isfinite(effects)]
    if len(effects) < TIMES / 2:
        return Check("placebo_units", "not_possible", "cannot_show", {"never_units": count})
    effect, se = effect_of(design, context)
    fewer = np.sqrt((1 / treated + 1 / count) / (1 / given + 1 / (count - given)))
    noise = float(np.sqrt((effects**2).mean()) * fewer)
    figures: dict[str, float | int | str | None] = {
        "never_units": count,
        "times": len(effects),
        "noise_effect": noise,
        "se": se,
        "noise_ratio": noise / se if se > 0 else None,
        "beyond_share": float((np.abs(effects) * fewer >= abs(effect)).mean()),
    }
    if se > 0 and noise > TOO_NARROW * se:
        return Check("placebo_units", "warning", "noisier", figures)
    return Check("placebo_units", "passed", "quiet", figures)


def _once(
    design: Design,
    dates: np.ndarray[tuple[int], np.dtype[np.int64]],
    stops: np.ndarray[tuple[int], np.dtype[np.int64]],
    given: int,
    rng: np.random.Generator,
) -> float:
    units = rng.permutation(len(design.rollout.units))[:given]
    which = rng.integers(0, len(dates), given)
    start, stop = design.rollout.start.copy(), design.rollout.stop.copy()
    start[units], stop[units] = dates[which], stops[which]
    rollout: Rollout = replace(design.rollout, start=start, stop=stop)
    return _att(replace(design, rollout=rollout))


def _att(design: Design) -> float:
    return impute(design, jackknife=False).att
