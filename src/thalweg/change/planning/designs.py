"""A planned roll-out as something that can be tried out, and others that could be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thalweg.change.frame import NEVER, Floats, Ints, Mask
from thalweg.change.planning.drawing import Rule, draw, with_limit
from thalweg.change.planning.lots import (
    Lots,
    Trait,
    baseline_traits,
    gather_lots,
    group_numbers,
)
from thalweg.change.planning.noise import Noise, look_ahead
from thalweg.change.planning.plan import Drawing, RolloutPlan
from thalweg.change.planning.power import Trial, try_out
from thalweg.change.planning.waves import WORTH, best_sizes, equal_sizes, wave_variance
from thalweg.change.planning.weights import wave_weights
from thalweg.errors import RequestError

DRAWN = 300
"""Different assignments that drawn panels are given in turn."""
OTHERS = 399
"""Assignments that each drawn one is compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What is known before anything is drawn, of the units that dates are drawn for.

    starts   (W,) first full treated period of each wave; periods: length of the whole panel.
    capacity (W,) most units in each wave.
    """

    plan: RolloutPlan
    scaled: Floats
    noise: Noise
    traits: Mapping[str, Trait]
    late: Mask
    starts: Ints
    periods: int
    straddle: int
    capacity: Ints

    @property
    def units(self) -> int:
        return len(self.scaled)

    @property
    def first(self) -> Ints:
        return np.append(self.starts, NEVER)

    @property
    def controls(self) -> int:
        return round(self.plan.controls_share * self.units)

    def group(self) -> Ints | None:
        return None if self.plan.cluster is None else group_numbers(self.traits[self.plan.cluster])


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """Sizes of waves, and what may be drawn."""

    size: Ints
    lots: Lots
    rule: Rule


def wave_sizes(setting: Setting) -> tuple[Ints, Ints, Floats]:
    """Equal and optimised sizes, and the variances that they leave (relative to one another)."""
    equal = equal_sizes(setting.units, setting.capacity, setting.controls)
    about = setting.noise.correlation(setting.periods)
    best = best_sizes(equal, setting.starts, about, setting.straddle, setting.capacity)
    left = [
        wave_variance(size, setting.starts, about, setting.straddle, _mean_variance(setting))
        for size in (equal, best)
    ]
    if not np.isfinite(left[0]):
        raise RequestError(_unidentified(setting))
    return equal, best, np.array(left)


def _mean_variance(setting: Setting) -> float:
    return float((setting.noise.sd**2).mean())


def _unidentified(setting: Setting) -> str:
    if len(setting.starts) == 1:
        return (
            "All units would begin at once, so that nothing shows what would have happened "
            "without. Plan two waves or more, or keep some units as controls (controls_share)."
        )
    return (
        f"Nobody would be untreated beside anybody treated: objects live on for "
        f"{setting.straddle} periods into the treatment, and the waves end before that. Put more "
        "time between the waves, or keep some units as controls (controls_share)."
    )


def scheme(setting: Setting, size: Ints, seed: np.random.SeedSequence) -> Scheme:
    """Lots, strata and the rule of admission for wave sizes."""
    lots = gather_lots(setting.plan, setting.traits, size, setting.late, setting.group())
    drawing: Drawing = setting.plan.drawing
    capacity = setting.plan.capacity if setting.plan.cluster is not None else None
    rule = Rule(capacity=capacity)
    if drawing == "rerandomised":
        rule = _precision_rule(setting, size, rule)
    elif drawing == "balanced":
        rule = _balance_rule(setting, size, rule)
    return Scheme(size, lots, with_limit(rule, lots, seed))


def _precision_rule(setting: Setting, size: Ints, rule: Rule) -> Rule:
    """What is to be expected of the squared error of the estimate, given the baseline.

    The estimate weighs the cells of a unit by its wave. Cells to come are taken as the baseline
    forecasts them: the sum over units is the estimate to be expected if nothing happens, and is
    squared. What the forecast leaves open adds to the error by each unit's own noise.
    """
    score, toll = forecast_score(setting, size)
    return replace(rule, score=score[:, :, None], metric=np.eye(1), toll=toll)


def forecast_score(setting: Setting, size: Ints) -> tuple[Floats, Floats]:
    """(N, W + 1) what each unit adds by its wave to the expected estimate, and to its variance."""
    ahead = look_ahead(setting.noise, setting.periods)
    weight = wave_weights(setting.first, size, setting.periods, setting.straddle)
    if weight is None:
        nothing = np.zeros((setting.units, len(size)))
        return nothing, nothing
    about = setting.noise.correlation(setting.periods)
    moved = weight @ ahead.bend
    open_ = np.einsum("pwt,ts,pws->pw", moved, about, moved)[ahead.pattern]
    return ahead.expected @ weight.T, setting.noise.sd[:, None] ** 2 * open_


def _balance_rule(setting: Setting, size: Ints, rule: Rule) -> Rule:
    """Level, trend and noise alike in all waves (Mahalanobis; Morgan and Rubin 2012)."""
    columns = np.stack(list(baseline_traits(setting.scaled, setting.noise).values()), axis=1)
    columns = np.nan_to_num(columns - np.nanmean(columns, axis=0))
    width, waves = columns.shape[1], len(size)
    score = np.zeros((setting.units, waves, waves * width))
    metric = np.zeros((waves * width, waves * width))
    inverse = np.linalg.pinv(columns.T @ columns / max(setting.units - 1, 1))
    for wave in range(waves):
        at = slice(wave * width, (wave + 1) * width)
        score[:, wave, at] = columns
        metric[at, at] = inverse / max(int(size[wave]), 1)
    return replace(rule, score=score, metric=metric)


def rehearse(
    setting: Setting,
    chosen: Scheme,
    panels: Floats,
    seed: np.random.SeedSequence,
    *,
    reference: Literal["permuted", "admitted"] = "permuted",
) -> Trial | None:
    """Try out a scheme: every drawn panel gets an admitted assignment of its own.

    reference  permuted: each is compared with dates permuted among all units, as an analysis does
               that knows of no strata; groups that begin together stay together. admitted: with
               other assignments that could have been drawn.
    """
    own, others, free = seed.spawn(3)
    waves = draw(chosen.lots, chosen.rule, min(DRAWN, len(panels)), own)
    if setting.plan.cluster is not None or reference == "admitted":
        other = draw(chosen.lots, chosen.rule, OTHERS, others)
    else:
        base = np.repeat(np.arange(len(chosen.size)), chosen.size)
        rng = np.random.default_rng(free)
        other = rng.permuted(np.broadcast_to(base, (OTHERS, len(base))), axis=1)
    return try_out(setting.noise, panels, setting.first, waves, other, setting.straddle)


def chosen_size(setting: Setting) -> tuple[Ints, str]:
    """The sizes that the plan asks for, and their name."""
    equal, best, left = wave_sizes(setting)
    asked = setting.plan.shares
    worth = left[1] < (1 - WORTH) * left[0]
    if asked == "optimised" or (asked == "best" and worth and setting.plan.cluster is None):
        return best, "optimised"
    return equal, "equal"
