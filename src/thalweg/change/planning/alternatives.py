"""What other designs would give for the same units: better and worse ones, tried out alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thalweg.change.frame import Floats, Ints
from thalweg.change.planning.designs import (
    OTHERS,
    Setting,
    forecast_score,
    rehearse,
    scheme,
    wave_sizes,
)
from thalweg.change.planning.plan import BASELINE_TRAITS, Drawing
from thalweg.change.planning.power import Trial, try_out
from thalweg.change.planning.waves import equal_sizes
from thalweg.errors import RequestError

Name = Literal[
    "waves",
    "more_controls",
    "half_at_once",
    "pilot_of_two",
    "groups",
    "best_first",
    "worst_first",
    "all_at_once",
]
CONTROLS = 0.2
_LATEST = 6


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsed:
    """A design and what it would show; trial: None where it shows nothing.

    bias: estimate to be expected, by the recorded baseline alone, if nothing happens; zero on
    average over drawings, so given only where nothing is drawn.
    """

    design: Name
    shares: str | None
    drawing: Drawing | None
    size: Ints
    trial: Trial | None
    bias: float | None
    grade: str


def alternatives(
    setting: Setting, panels: Floats, seed: np.random.SeedSequence
) -> Iterator[Rehearsed]:
    """Every design on the same drawn panels.

    Takes    panels: (D, N, T) as they may come.
    """
    yield from _same_waves(setting, panels, seed)
    plain = _unbound(setting)
    if setting.controls == 0:
        kept = replace(plain, plan=replace(plain.plan, controls_share=CONTROLS))
        yield from _drawn("more_controls", kept, _sizes(kept), panels, seed)
    half = _at_once(plain, setting.units // 2)
    yield from _drawn("half_at_once", half[0], half[1], panels, seed)
    pilot = _at_once(plain, 2)
    yield from _drawn("pilot_of_two", pilot[0], pilot[1], panels, seed)
    yield from _grouped(setting, panels, seed)
    yield from _picked(setting, panels, seed)
    everybody = np.array([setting.units, 0])
    yield Rehearsed("all_at_once", None, None, everybody, None, None, "N")


def _same_waves(
    setting: Setting, panels: Floats, seed: np.random.SeedSequence
) -> Iterator[Rehearsed]:
    """The planned waves: equal or optimised, drawn in each of the ways."""
    if setting.plan.cluster is not None:
        return
    equal, best, _ = wave_sizes(setting)
    ways: list[Drawing] = ["simple", "stratified", "balanced", "rerandomised"]
    if not setting.plan.stratify:
        ways.remove("stratified")
    for shares, size in (("equal", equal), ("optimised", best)):
        if shares == "optimised" and (equal == best).all():
            continue
        for drawing in ways:
            own = replace(setting, plan=replace(setting.plan, drawing=drawing))
            yield from _drawn("waves", own, size, panels, seed, shares)


def _unbound(setting: Setting) -> Setting:
    """The units without strata, groups and capacity."""
    waves = len(setting.starts)
    plan = replace(setting.plan, waves=waves, stratify=(), cluster=None, capacity=None, late=())
    return replace(
        setting,
        plan=plan,
        late=np.zeros(setting.units, dtype=np.bool_),
        capacity=np.full(len(setting.capacity), setting.units),
    )


def _sizes(setting: Setting) -> Ints:
    return equal_sizes(setting.units, setting.capacity, setting.controls)


def _at_once(setting: Setting, number: int) -> tuple[Setting, Ints]:
    """So many units begin at the first date, and all others are controls to the end."""
    one = replace(setting, starts=setting.starts[:1], capacity=np.array([setting.units]))
    return one, np.array([number, setting.units - number])


def _drawn(
    name: Name,
    setting: Setting,
    size: Ints,
    panels: Floats,
    seed: np.random.SeedSequence,
    shares: str | None = None,
) -> Iterator[Rehearsed]:
    """A design whose dates are drawn; the same chance for each, so that only designs differ."""
    limit, chance = _same(seed), _same(seed)
    trial = rehearse(setting, scheme(setting, size, limit), panels, chance)
    grade = "N" if trial is None else "A"
    yield Rehearsed(name, shares, setting.plan.drawing, size, trial, None, grade)


def _same(seed: np.random.SeedSequence) -> np.random.SeedSequence:
    return np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key)


def _grouped(setting: Setting, panels: Floats, seed: np.random.SeedSequence) -> Iterator[Rehearsed]:
    """Groups that begin together, by the planned trait or else the first that units have."""
    asked = [setting.plan.cluster, *setting.plan.stratify]
    name = next((x for x in asked if x is not None and x not in BASELINE_TRAITS), None)
    if name is None:
        return
    plan = replace(setting.plan, cluster=name, stratify=(), drawing="simple")
    try:
        own = replace(setting, plan=plan)
        yield from _drawn("groups", own, _sizes(own), panels, seed)
    except RequestError:
        yield Rehearsed("groups", None, "simple", _sizes(setting), None, None, "N")


def _picked(setting: Setting, panels: Floats, seed: np.random.SeedSequence) -> Iterator[Rehearsed]:
    """Not drawn: those who do best, or worst, go first."""
    size = _sizes(_unbound(setting))
    score, _ = forecast_score(setting, size)
    latest = setting.scaled[:, -_LATEST:]
    known = np.isfinite(latest)
    sums = np.where(known, latest, 0.0).sum(axis=1)
    recent = np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), 0.0)
    lower = -1.0 if setting.plan.effect is not None and setting.plan.effect > 0 else 1.0
    rng = np.random.default_rng(seed)
    base = np.repeat(np.arange(len(size)), size)
    others = rng.permuted(np.broadcast_to(base, (OTHERS, len(base))), axis=1)
    ways: tuple[tuple[Name, float], ...] = (("best_first", lower), ("worst_first", -lower))
    for name, sign in ways:
        waves = np.empty(setting.units, dtype=np.int64)
        waves[np.argsort(sign * recent, kind="stable")] = base
        bias = float(score[np.arange(setting.units), waves].sum())
        trial = try_out(setting.noise, panels, setting.first, waves[None], others, setting.straddle)
        yield Rehearsed(name, "equal", None, size, trial, bias, "B")
