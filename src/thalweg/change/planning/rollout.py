"""Plan a roll-out: draw who begins when, and say beforehand what it could show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from thalweg.change.planning.people import FEWEST_UNITS, Scaling, Units
from thalweg.change.planning.plan import (
    BASELINE_TRAITS,
    RolloutPlan,
    later,
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

DRAWS = 1000
FEWEST_DRAWS = 50
_WAITS = (1, 2, 3, 6, 9, 12, 18, 24)
_PARTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
_MOST_UNITS = 1000
_CURVE = 24
_PURPOSES = 5
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
    ready = prepare(panel, plan, traits=traits, seed=seed, draws=draws)
    people, setting, chosen, waves = ready.people, ready.setting, ready.chosen, ready.waves
    trial, scale = ready.trial, ready.scale
    request = plan.request() | {"seed": seed, "draws": draws, "every_period": panel.every}
    days = people.days(people.waves)
    others = alternatives(setting, ready.panels, _again(ready.purposes[3]))
    return PlanningResult(
        fingerprint=fingerprint_of(book or _content(panel), request),
        request=request,
        outcome=_outcome(panel),
        baseline=_baseline(people, setting, scale),
        found=_found(ready),
        power_curve=_curve(setting, trial, scale),
        by_wait=_by_wait(ready, panel),
        by_units=_by_units(ready, draws),
        waves=waves_table(days, len(plan.early), waves),
        strata=strata_table(chosen, waves),
        balance=balance_table(setting, waves),
        designs=designs_table(others, plan, scale, trial, (ready.shares, plan.drawing)),
        assignment=assignment_table(people.names, plan, days, chosen, waves),
        warnings=tuple(warnings_of(setting, chosen, trial, len(plan.early))),
        assumptions=ASSUMPTIONS,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A plan with its drawing and the analysis tried out, before anything is told of it.

    waves: (N,) drawn wave of each unit; panels: (D, N, T) as they may come; longer: the same for
    the longest wait.
    """

    people: Units
    setting: Setting
    chosen: Scheme
    shares: str
    waves: Ints
    panels: Floats
    longer: Floats
    trial: Trial
    scale: Scaling
    purposes: list[np.random.SeedSequence]


def prepare(
    panel: Panel,
    plan: RolloutPlan,
    *,
    traits: Mapping[str, Trait] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Prepared:
    """Draw the dates, and try the plan out; see ``plan_rollout``."""
    if draws < FEWEST_DRAWS:
        raise RequestError(f"draws is {draws}; power takes at least {FEWEST_DRAWS}.")
    people = Units(panel, plan)
    setting = _setting(people, plan, dict(traits or {}))
    purposes = np.random.SeedSequence(seed).spawn(_PURPOSES)
    size, shares = chosen_size(setting)
    chosen = scheme(setting, size, purposes[0])
    waves = draw(chosen.lots, chosen.rule, 1, purposes[1])[0]
    longest = int(setting.starts[-1]) + waits_of(plan, chosen)[-1]
    longer = simulate(setting.noise, longest, draws, purposes[2])
    panels = longer[:, :, : setting.periods]
    trial = rehearse(setting, chosen, panels, purposes[3])
    if trial is None:
        raise RequestError("Some of the drawings leave no effect to be told. Plan fewer waves.")
    scale = Scaling(panel, people.baseline)
    return Prepared(people, setting, chosen, shares, waves, panels, longer, trial, scale, purposes)


def _setting(people: Units, plan: RolloutPlan, traits: dict[str, Trait]) -> Setting:
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


def _content(panel: Panel) -> str:
    told = repr((panel.outcome, panel.units, panel.periods)).encode()
    return hashlib.sha256(told + panel.value.tobytes()).hexdigest()


def _outcome(panel: Panel) -> dict[str, Any]:
    about = panel.outcome
    return {"name": about.name, "unit": about.unit, "scale": about.scale, "every": panel.every}


def _baseline(people: Units, setting: Setting, scale: Scaling) -> dict[str, Any]:
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


def _found(ready: Prepared) -> dict[str, Any]:
    setting, chosen, trial, scale = ready.setting, ready.chosen, ready.trial, ready.scale
    plan, panel = setting.plan, ready.people.panel
    smallest, absolute = scale.smallest(plan, trial)
    grouped = plan.cluster is not None
    admitted = rehearse(
        setting, chosen, ready.panels, _again(ready.purposes[3]), reference="admitted"
    )
    return {
        "smallest_effect": smallest,
        "smallest_effect_absolute": absolute,
        "smallest_effect_admitted": None if admitted is None else scale.smallest(plan, admitted)[0],
        "power": scale.power(plan, trial),
        "false_positives": trial.power(0.0, plan.alpha),
        "estimate_sd": trial.sd,
        "units": setting.units,
        "groups": len(chosen.lots.stratum) if grouped else None,
        "waves": len(setting.starts),
        "controls": int((ready.waves == len(setting.starts)).sum()),
        "fixed": len(plan.early),
        "excluded": len(plan.exclude),
        "shares": ready.shares,
        "drawing": plan.drawing,
        "straddle": setting.straddle,
        "until": later(panel.periods[0], setting.periods, panel.every).isoformat(),
        "assignments_log10": float(chosen.lots.assignments / np.log(10)),
        "reference": "groups_redrawn" if grouped else "dates_permuted",
    }


def _curve(setting: Setting, trial: Trial, scale: Scaling) -> pl.DataFrame:
    plan, sign = setting.plan, scale.towards(setting.plan)
    most = trial.smallest(plan.alpha, 0.98, sign) or sign * 4 * trial.sd
    rows = [
        (scale.shown(x), scale.absolute(x), trial.power(x, plan.alpha))
        for x in np.linspace(0.0, 1.25 * most, _CURVE)
    ]
    return pl.DataFrame(rows, schema=tables.CURVE, orient="row")


def waits_of(plan: RolloutPlan, chosen: Scheme) -> list[int]:
    """Periods of waiting that are worth a look: without controls nothing comes of more."""
    return sorted({*_WAITS, plan.wait}) if chosen.size[-1] else [plan.wait]


def _by_wait(ready: Prepared, panel: Panel) -> pl.DataFrame:
    """The same drawings with more or less patience after the last wave."""
    plan, last = ready.setting.plan, int(ready.setting.starts[-1])
    rows = []
    for wait in waits_of(plan, ready.chosen):
        own = replace(ready.setting, periods=last + wait)
        chance = _again(ready.purposes[3])
        trial = rehearse(own, ready.chosen, ready.longer[:, :, : last + wait], chance)
        if trial is not None:
            until = later(panel.periods[0], last + wait, panel.every)
            smallest = ready.scale.smallest(plan, trial)
            rows.append((wait, until, *smallest, ready.scale.power(plan, trial)))
    return pl.DataFrame(rows, schema=tables.BY_WAIT, orient="row")


def _again(seed: np.random.SeedSequence) -> np.random.SeedSequence:
    """The same stream once more, so that only what is asked differs between rows."""
    return np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key)


def _by_units(ready: Prepared, draws: int) -> pl.DataFrame:
    """Fewer or more units like these: units are drawn from those there are."""
    setting, size, plan = ready.setting, ready.chosen.size, ready.setting.plan
    rows = []
    least = max(2 * int((size > 0).sum()), FEWEST_UNITS)
    for number in sorted({round(part * setting.units) for part in _PARTS}):
        if not least <= number <= max(_MOST_UNITS, setting.units):
            continue
        trial: Trial | None = ready.trial
        if number != setting.units:
            pick, limit, noise, chance = _again(ready.purposes[4]).spawn(4)
            own = _resampled(setting, number, pick)
            panels = simulate(own.noise, own.periods, draws, noise)
            drawn = scheme(own, _proportional(size / size.sum(), number), limit)
            trial = rehearse(own, drawn, panels, chance)
        if trial is not None:
            smallest = ready.scale.smallest(plan, trial)
            rows.append((number, *smallest, ready.scale.power(plan, trial)))
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
