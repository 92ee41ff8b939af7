"""Does a plan hold what it promises: predicted power against that of the analysis itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log1p

import numpy as np

from thalweg.change.estimates.estimate import estimate
from thalweg.change.frame import NEVER, Design, Floats, Ints, Panel, Rollout
from thalweg.change.planning.drawing import draw
from thalweg.change.planning.plan import Drawing, RolloutPlan, Shares, later
from thalweg.change.planning.power import weights_of
from thalweg.change.planning.rollout import FEWEST_DRAWS, Prepared, prepare
from thalweg.change.simulated import FIRST_DAY, World, simulate
from thalweg.errors import RequestError

DEALS = 299
_DRAWS = 300
_DRAWINGS = 20


@dataclass(frozen=True, slots=True)
class PowerStudy:
    """predicted  mean of the predicted powers; spread: their standard deviation over baselines.
    found      part of the roll-outs in which the analysis of ``prove`` found the effect; one that it
               refuses to judge counts as not found.
    error      mean of (estimate − truth); sd: its standard deviation; sd_predicted: mean of those
               that were predicted.
    """

    predicted: float
    spread: float
    found: float
    error: float
    sd: float
    sd_predicted: float


def power_study(world: World, plan: RolloutPlan, baseline: int, runs: int, seed: int) -> PowerStudy:
    """Plan on the first ``baseline`` periods of a drawn panel, roll out as drawn, analyse.

    Takes    world: noise and size; its effect and roll-out are not used. plan: with an effect;
             its first day must be that of the period after the baseline. runs: panels.
    """
    if plan.effect is None:
        raise RequestError("A study of power takes a plan with an effect.")
    rows = []
    for run in range(runs):
        whole = simulate(replace(world, effect=0.0, straddle=0), seed * 100_003 + run).design.panel
        ready = prepare(_cut(whole, baseline), plan, seed=run, draws=_DRAWS)
        design = _rolled_out(whole, ready, plan)
        told = estimate(design, draws=DEALS, seed=run)
        rows.append(
            (
                ready.trial.power(log1p(plan.effect), plan.alpha),
                float(told.p is not None and told.p <= plan.alpha),
                told.att - log1p(plan.effect),
                ready.trial.sd,
            )
        )
    predicted, found, error, sd = np.array(rows).T
    return PowerStudy(
        float(predicted.mean()),
        float(predicted.std()),
        float(found.mean()),
        float(error.mean()),
        float(error.std()),
        float(np.sqrt((sd**2).mean())),
    )


def first_plan(baseline: int) -> RolloutPlan:
    """A plan of four waves that begins right after a drawn baseline."""
    first = later(FIRST_DAY, baseline, "month")
    return RolloutPlan(first=first, waves=4, every=2, straddle=0, effect=-0.15)


def drawing_gain(
    world: World, plan: RolloutPlan, baseline: int, runs: int, seed: int
) -> tuple[float, ...]:
    """Squared error of the estimate, by that of equal waves with a simple lot, on the same panels.

    Returns  equal waves drawn for least error, optimised waves with a simple lot, and both.
    """
    ways: tuple[tuple[Shares, Drawing], ...] = (
        ("equal", "simple"),
        ("equal", "rerandomised"),
        ("optimised", "simple"),
        ("optimised", "rerandomised"),
    )
    error = np.zeros((runs, len(ways)))
    for run in range(runs):
        whole = simulate(replace(world, effect=0.0), seed * 100_003 + run).design.panel
        for way, (shares, drawing) in enumerate(ways):
            own = replace(plan, shares=shares, drawing=drawing)
            error[run, way] = squared_error(whole, own, baseline, run)
    mean = error.mean(axis=0)
    return tuple(float(x) for x in mean[1:] / mean[0])


def squared_error(whole: Panel, plan: RolloutPlan, baseline: int, seed: int) -> float:
    """Mean square of the estimates of admitted drawings, on a panel in which nothing happened.

    Takes    whole: complete, and as long as the plan reaches at least.
    """
    ready = prepare(_cut(whole, baseline), plan, seed=seed, draws=FEWEST_DRAWS)
    setting, chosen = ready.setting, ready.chosen
    waves = draw(chosen.lots, chosen.rule, _DRAWINGS, np.random.SeedSequence([seed, 1]))
    weight = weights_of(setting.first, waves, setting.periods, setting.straddle)
    if weight is None:
        raise RequestError("Some of the drawings leave no effect to be told.")
    cells = whole.scaled()[:, : setting.periods].ravel()
    return float(((weight @ cells) ** 2).mean())


def _cut(panel: Panel, periods: int) -> Panel:
    return replace(
        panel,
        periods=panel.periods[:periods],
        value=panel.value[:, :periods],
        objects=panel.objects[:, :periods],
    )


def _rolled_out(whole: Panel, ready: Prepared, plan: RolloutPlan) -> Design:
    """The panel as it would be recorded: the effect in treated cells, half of it in straddled."""
    setting = ready.setting
    panel = _cut(whole, setting.periods)
    start = setting.first[ready.waves]
    assert plan.effect is not None
    value = panel.value * np.exp(
        log1p(plan.effect) * _strength(start, setting.periods, setting.straddle)
    )
    treated = replace(panel, value=value, straddle=setting.straddle)
    stop = np.full(len(start), NEVER, dtype=np.int64)
    return Design(treated, Rollout("planned", panel.units, start, stop, randomised=True))


def _strength(start: Ints, periods: int, straddle: int) -> Floats:
    at = np.arange(periods)[None, :]
    first = start[:, None]
    full = (first != NEVER) & (at >= first)
    partly = (first != NEVER) & (at < first) & (at >= first - straddle)
    return np.where(full, 1.0, np.where(partly, 0.5, 0.0))
