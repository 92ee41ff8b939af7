"""Plan a roll-out: draw who begins when, and say beforehand what it could show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import ceil, expm1, log1p
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.frame import Floats, Ints, Panel
from thalweg.change.planning import result as tables
from thalweg.change.planning.alternatives import alternatives
from thalweg.change.planning.designs import (
    Scheme,
    Setting,
    chosen_size,
    rehearse,
    scheme,
)
from thalweg.change.planning.drawing import draw
from thalweg.change.planning.lots import Trait, baseline_traits, find_trait
from thalweg.change.planning.noise import Noise, estimate_noise, simulate
from thalweg.change.planning.plan import (
    BASELINE_TRAITS,
    RolloutPlan,
    full_period,
    later,
    lived_periods,
)
from thalweg.change.planning.power import Trial
from thalweg.change.planning.result import PlanningResult
from thalweg.change.planning.told import (
    assignment_table,
    balance_table,
    designs_table,
    strata_table,
    warnings_of,
    waves_table,
)
from thalweg.errors import RequestError
from thalweg.process.result import fingerprint_of

FEWEST_UNITS = 6
DRAWS = 1000
_WAITS = (1, 2, 3, 6, 9, 12, 18, 24)
_PARTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
_MOST_UNITS = 1000
_CURVE = 24
_PURPOSES = 6
ASSUMPTIONS = (
    "noise_as_before",
    "effect_at_once",
    "effect_alike",
    "cells_complete",
    "dates_kept",
    "no_spill_over",
)


def plan_rollout(
    panel: Panel,
    plan: RolloutPlan,
    *,
    traits: Mapping[str, Trait] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
    book: str = "",
) -> PlanningResult:
    """Draw dates for units, and say which effect the roll-out could show.

    Takes    panel: the outcome before the roll-out; cells from the first wave on are left out.
             traits: by name a value for each unit of the panel, for strata and groups.
             seed: of the drawing and of chance. draws: panels and assignments tried out.
             book: fingerprint of where the panel comes from.
    Returns  the same for the same panel, plan, traits, seed and draws; the assignment does not
             depend on ``draws``.
    Raises   RequestError: a plan that can show nothing, a name that does not exist, a baseline too
             short to learn from.
    """
    if draws < 50:
        raise RequestError(f"draws is {draws}; power takes at least 50.")
    people = _Units(panel, plan)
    setting = _setting(people, plan, dict(traits or {}))
    purposes = np.random.SeedSequence(seed).spawn(_PURPOSES)
    size, shares = chosen_size(setting)
    chosen = scheme(setting, size, purposes[0])
    waves = draw(chosen.lots, chosen.rule, 1, purposes[1])[0]
    panels = simulate(setting.noise, setting.periods, draws, purposes[2])
    scale = _Scale(panel, people.baseline)
    trial = rehearse(setting, chosen, panels, purposes[3])
    if trial is None:
        raise RequestError("Some of the drawings leave no effect to be told. Plan fewer waves.")
    request = plan.request() | {"seed": seed, "draws": draws, "every_period": panel.every}
    return PlanningResult(
        fingerprint=fingerprint_of(book or _content(panel), request),
        request=request,
        outcome=_outcome(panel),
        baseline=_baseline(people, setting, scale),
        found=_found(setting, chosen, trial, scale, shares, people),
        power_curve=_curve(setting, trial, scale),
        by_wait=_by_wait(setting, chosen, panel, scale, draws, purposes[4]),
        by_units=_by_units(setting, chosen, scale, draws, purposes[4]),
        waves=waves_table(people.days(people.waves), len(plan.early), waves),
        strata=strata_table(chosen, waves),
        balance=balance_table(setting, waves),
        designs=designs_table(alternatives(setting, panels, purposes[5]), plan, scale, trial),
        assignment=assignment_table(people.names, plan, people.days(people.waves), chosen, waves),
        warnings=tuple(warnings_of(setting, chosen, trial, len(plan.early))),
        assumptions=ASSUMPTIONS,
    )


class _Units:
    """Who takes part: drawn, bound to the first wave, left out; and the dates of the waves."""

    def __init__(self, panel: Panel, plan: RolloutPlan) -> None:
        known = set(panel.units)
        for kind, names in (
            ("exclude", plan.exclude),
            ("early", plan.early),
            ("late", plan.late),
        ):
            for name in names:
                if name not in known:
                    raise RequestError(
                        f"There is no unit {name!r} in the baseline (named by {kind}). "
                        f"Units are, for example: {', '.join(sorted(known)[:3])}."
                    )
        self.panel, self.plan = panel, plan
        bound = {*plan.exclude, *plan.early}
        self.at = np.array([n for n, name in enumerate(panel.units) if name not in bound], int)
        if len(self.at) < FEWEST_UNITS:
            raise RequestError(
                f"Dates are to be drawn for {len(self.at)} units; {FEWEST_UNITS} are the fewest "
                "from which chance can be told. Bind or exclude fewer, or use smaller units."
            )
        self.names = [panel.units[n] for n in self.at]
        first = panel.periods[0]
        begin = full_period(plan.first, first, panel.every)
        columns = min(max(begin - self._partly(), 0), len(panel.periods))
        self.baseline = panel.value[self.at, :columns]
        self.left_out_periods = len(panel.periods) - columns
        self.scaled = panel.scaled()[self.at, :columns]

    def _partly(self) -> int:
        """1 where waves begin inside a period."""
        first = self.panel.periods[0]
        days = self.days(self.plan.waves or 1)
        starts = [full_period(day, first, self.panel.every) for day in days]
        return int(
            any(
                later(first, start, self.panel.every) != day
                for start, day in zip(starts, days, strict=True)
            )
        )

    def days(self, waves: int) -> list[date]:
        return [later(self.plan.first, n * self.plan.every, self.panel.every) for n in range(waves)]

    @property
    def waves(self) -> int:
        if self.plan.waves is not None:
            return self.plan.waves
        assert self.plan.capacity is not None
        rolled = len(self.at) - round(self.plan.controls_share * len(self.at))
        return max(1, ceil((rolled + len(self.plan.early)) / self.plan.capacity))

    @property
    def straddle(self) -> int:
        if self.plan.straddle is not None:
            return self.plan.straddle
        return self._partly() + lived_periods(self.panel.outcome, self.panel.every)

    def starts(self) -> Ints:
        first = self.panel.periods[0]
        every = self.panel.every
        return np.array([full_period(day, first, every) for day in self.days(self.waves)])

    def capacity(self) -> Ints:
        most = np.full(self.waves, self.plan.capacity or len(self.panel.units), dtype=np.int64)
        if self.plan.capacity is not None:
            most[0] -= len(self.plan.early)
        return most


def _setting(people: _Units, plan: RolloutPlan, traits: dict[str, Trait]) -> Setting:
    for name, values in traits.items():
        if len(values) != len(people.panel.units):
            raise RequestError(
                f"The trait {name!r} has {len(values)} values for {len(people.panel.units)} units."
            )
    own: dict[str, Trait] = {name: [v[n] for n in people.at] for name, v in traits.items()}
    asked = [name for name in (*plan.stratify, plan.cluster or "") if name]
    group = next((name for name in asked[::-1] if name not in BASELINE_TRAITS), None)
    numbers = None
    if group is not None:
        values = find_trait(group, own)
        place = {value: n for n, value in enumerate(sorted({str(v) for v in values}))}
        numbers = np.array([place[str(v)] for v in values], dtype=np.int64)
    noise = estimate_noise(people.scaled, numbers)
    own |= {
        name: [float(x) for x in values]
        for name, values in baseline_traits(people.scaled, noise).items()
    }
    for name in asked:
        find_trait(name, own)
    late = np.array([name in plan.late for name in people.names])
    starts = people.starts()
    return Setting(
        plan,
        people.scaled,
        noise,
        own,
        late,
        starts,
        int(starts[-1]) + plan.wait,
        people.straddle,
        people.capacity(),
    )


@dataclass(frozen=True, slots=True, init=False)
class _Scale:
    """Between effects on the scale of estimation and those that people read."""

    logs: bool
    mean: float
    sign: float

    def __init__(self, panel: Panel, baseline: Floats) -> None:
        object.__setattr__(self, "logs", panel.outcome.scale == "log")
        object.__setattr__(self, "mean", float(np.nanmean(baseline)))
        object.__setattr__(self, "sign", 1.0 if panel.outcome.better == "higher" else -1.0)

    def shown(self, effect: float | None) -> float | None:
        return None if effect is None else expm1(effect) if self.logs else effect

    def absolute(self, effect: float | None) -> float | None:
        shown = self.shown(effect)
        return None if shown is None else shown * self.mean if self.logs else shown

    def inner(self, effect: float) -> float:
        if not self.logs:
            return effect
        if effect <= -1:
            raise RequestError(f"The effect {effect:g} takes away all; give one above -1.")
        return log1p(effect)

    def towards(self, plan: RolloutPlan) -> float:
        return self.sign if not plan.effect else float(np.sign(plan.effect))

    def smallest(self, plan: RolloutPlan, trial: Trial) -> tuple[float | None, float | None]:
        found = trial.smallest(plan.alpha, plan.power, self.towards(plan))
        return self.shown(found), self.absolute(found)

    def power(self, plan: RolloutPlan, trial: Trial) -> float | None:
        if plan.effect is None:
            return None
        return trial.power(self.inner(plan.effect), plan.alpha)


def _content(panel: Panel) -> str:
    told = repr((panel.outcome, panel.units, panel.periods)).encode()
    return hashlib.sha256(told + panel.value.tobytes()).hexdigest()


def _outcome(panel: Panel) -> dict[str, Any]:
    about = panel.outcome
    return {"name": about.name, "unit": about.unit, "scale": about.scale, "every": panel.every}


def _baseline(people: _Units, setting: Setting, scale: _Scale) -> dict[str, Any]:
    noise = setting.noise
    return {
        "units": setting.units,
        "periods": setting.scaled.shape[1],
        "periods_left_out": people.left_out_periods,
        "known_share": float(np.isfinite(setting.scaled).mean()),
        "mean": scale.mean,
        "noise_sd": float(np.sqrt((noise.sd**2).mean())),
        "noise_sd_least": float(noise.sd.min()),
        "noise_sd_most": float(noise.sd.max()),
        "persistence": noise.persistence,
        "fresh_share": noise.fresh_share,
        "shared": noise.shared,
    }


def _found(
    setting: Setting, chosen: Scheme, trial: Trial, scale: _Scale, shares: str, people: _Units
) -> dict[str, Any]:
    smallest, absolute = scale.smallest(setting.plan, trial)
    grouped = setting.plan.cluster is not None
    return {
        "smallest_effect": smallest,
        "smallest_effect_absolute": absolute,
        "power": scale.power(setting.plan, trial),
        "false_positives": trial.power(0.0, setting.plan.alpha),
        "estimate_sd": trial.sd,
        "units": setting.units,
        "groups": len(chosen.lots.stratum) if grouped else None,
        "waves": len(setting.starts),
        "controls": int(chosen.size[-1]),
        "fixed": len(people.plan.early),
        "excluded": len(people.plan.exclude),
        "shares": shares,
        "drawing": setting.plan.drawing,
        "straddle": setting.straddle,
        "until": later(people.panel.periods[0], setting.periods, people.panel.every).isoformat(),
        "assignments_log10": float(chosen.lots.assignments / np.log(10)),
        "reference": "groups_redrawn" if grouped else "dates_permuted",
    }


def _curve(setting: Setting, trial: Trial, scale: _Scale) -> pl.DataFrame:
    plan, sign = setting.plan, scale.towards(setting.plan)
    most = trial.smallest(plan.alpha, 0.98, sign) or sign * 4 * trial.sd
    rows = [
        (scale.shown(x), scale.absolute(x), trial.power(x, plan.alpha))
        for x in np.linspace(0.0, 1.25 * most, _CURVE)
    ]
    return pl.DataFrame(rows, schema=tables.CURVE, orient="row")


def _by_wait(
    setting: Setting,
    chosen: Scheme,
    panel: Panel,
    scale: _Scale,
    draws: int,
    seed: np.random.SeedSequence,
) -> pl.DataFrame:
    """The same scheme with more or less patience after the last wave."""
    waits = sorted({*_WAITS, setting.plan.wait})
    if not chosen.size[-1]:
        waits = [setting.plan.wait]
    last = int(setting.starts[-1])
    noise, rest = seed.spawn(2)
    panels = simulate(setting.noise, last + waits[-1], draws, noise)
    rows = []
    for wait in waits:
        own = replace(setting, plan=replace(setting.plan, wait=wait), periods=last + wait)
        redone = scheme(own, chosen.size, np.random.SeedSequence(rest.entropy))
        trial = rehearse(own, redone, panels[:, :, : last + wait], _again(rest))
        if trial is not None:
            until = later(panel.periods[0], last + wait, panel.every)
            smallest = scale.smallest(own.plan, trial)
            rows.append((wait, until, *smallest, scale.power(own.plan, trial)))
    return pl.DataFrame(rows, schema=tables.BY_WAIT, orient="row")


def _again(seed: np.random.SeedSequence) -> np.random.SeedSequence:
    """The same stream once more, so that only what is asked differs between rows."""
    return np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key)


def _by_units(
    setting: Setting, chosen: Scheme, scale: _Scale, draws: int, seed: np.random.SeedSequence
) -> pl.DataFrame:
    """Fewer or more units like these: units are drawn from those there are."""
    rows = []
    least = 2 * int((chosen.size > 0).sum())
    numbers = sorted({round(part * setting.units) for part in _PARTS})
    for number in numbers:
        if not max(least, FEWEST_UNITS) <= number <= max(_MOST_UNITS, setting.units):
            continue
        pick, rest, noise = _again(seed).spawn(3)
        own = setting if number == setting.units else _resampled(setting, number, pick)
        shares = chosen.size / chosen.size.sum()
        size = _proportional(shares, number)
        panels = simulate(own.noise, own.periods, draws, noise)
        trial = rehearse(own, scheme(own, size, rest), panels, rest)
        if trial is not None:
            smallest = scale.smallest(own.plan, trial)
            rows.append((number, *smallest, scale.power(own.plan, trial)))
    return pl.DataFrame(rows, schema=tables.BY_UNITS, orient="row")


def _proportional(shares: Floats, number: int) -> Ints:
    whole = np.maximum((shares > 0) * 1, np.floor(shares * number)).astype(np.int64)
    order = np.argsort(-(shares * number - whole), kind="stable")
    for n in range(number - int(whole.sum())):
        whole[order[n % len(order)]] += 1
    return np.asarray(whole)


def _resampled(setting: Setting, number: int, seed: np.random.SeedSequence) -> Setting:
    rng = np.random.default_rng(seed)
    more = number > setting.units
    rows = rng.choice(setting.units, number, replace=more)
    noise = setting.noise
    drawn = Noise(
        noise.sd[rows],
        noise.persistence,
        noise.fresh_share,
        0.0,
        None,
        noise.residual[rows],
        noise.pool,
    )
    plan = replace(setting.plan, stratify=(), late=(), cluster=None)
    return replace(
        setting,
        plan=plan,
        scaled=setting.scaled[rows],
        noise=drawn,
        traits={},
        late=np.zeros(number, dtype=np.bool_),
        capacity=np.full(len(setting.capacity), number),
    )
