"""Do intervals of effects hold what they promise? Panels with known truth, estimated again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from thalweg.change.estimates.estimate import Estimate, Method, estimate
from thalweg.change.estimates.imputation import impute
from thalweg.change.estimates.power import smallest_detectable
from thalweg.change.frame import Design
from thalweg.change.simulated import World, simulate


@dataclass(frozen=True, slots=True)
class EffectStudy:
    """Shares are of the panels that were answered; refused is a share of all.

    held      intervals that cover the mean effect on the treated cells.
    found     p values of at most 0.05: power where there is an effect, else false positives.
    off       mean difference of estimate and truth; width: median width of the intervals.
    answered  panels with an interval.
    """

    held: float
    found: float
    refused: float
    off: float
    width: float
    answered: int


def effect_study(
    world: World,
    runs: int,
    seed: int,
    *,
    method: Method = "imputation",
    draws: int = 199,
    judge: Callable[[Design], Estimate] | None = None,
) -> EffectStudy:
    """Estimate ``runs`` panels of one world; by ``judge`` if given, else by ``estimate``."""
    held, found, off, width = [], [], [], []
    for at in range(runs):
        drawn = simulate(world, seed * 1_000_003 + at)
        design = drawn.design
        if judge is None:
            answer = estimate(design, method=method, seed=at, draws=draws)
        else:
            answer = judge(design)
        if answer.low is None or answer.high is None or answer.p is None:
            continue
        cells = impute(design).identified
        truth = float(drawn.effect[cells].mean())
        held.append(answer.low <= truth <= answer.high)
        found.append(answer.p <= 0.05)
        off.append(answer.att - truth)
        width.append(answer.high - answer.low)
    if not held:
        return EffectStudy(np.nan, np.nan, 1.0, np.nan, np.nan, 0)
    return EffectStudy(
        held=float(np.mean(held)),
        found=float(np.mean(found)),
        refused=1.0 - len(held) / runs,
        off=float(np.mean(off)),
        width=float(np.median(width)),
        answered=len(held),
    )


def power_study(world: World, runs: int, seed: int, *, draws: int = 199) -> float:
    """Share of panels in which an effect as large as the smallest detectable one is found."""
    sizes = [
        smallest_detectable(simulate(replace(world, effect=0.0), seed + at).design).effect
        for at in range(20)
    ]
    size = float(np.median([one for one in sizes if one is not None]))
    found = effect_study(replace(world, effect=-size), runs, seed, draws=draws)
    return found.found
