"""The tables of a planned roll-out that tell who begins when, and what else could be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol

import numpy as np
import polars as pl

from thalweg.change.frame import Ints
from thalweg.change.planning import result as tables
from thalweg.change.planning.alternatives import Rehearsed
from thalweg.change.planning.designs import Scheme, Setting
from thalweg.change.planning.lots import baseline_traits
from thalweg.change.planning.plan import BASELINE_TRAITS, RolloutPlan
from thalweg.change.planning.power import Trial

FEW_UNITS = 12
FEW_PERIODS = 12
_GAPS = 0.9
_PERSISTENT = 0.8


class Scale(Protocol):
    """Between effects on the scale of estimation and those that people read."""

    def shown(self, effect: float | None) -> float | None: ...
    def smallest(self, plan: RolloutPlan, trial: Trial) -> tuple[float | None, float | None]: ...
    def power(self, plan: RolloutPlan, trial: Trial) -> float | None: ...


def waves_table(days: list[date], early: int, waves: Ints) -> pl.DataFrame:
    """Waves with their dates, the number of units drawn for them and bound to them."""
    rows = [
        (n + 1, day, int((waves == n).sum()), early if n == 0 else 0) for n, day in enumerate(days)
    ]
    return pl.DataFrame(rows, schema=tables.WAVES, orient="row")


def strata_table(chosen: Scheme, waves: Ints) -> pl.DataFrame:
    """Units drawn for each wave in each stratum; the wave of controls is null."""
    stratum = chosen.lots.stratum[chosen.lots.member]
    last = len(chosen.size) - 1
    rows = [
        (name, None if wave == last else wave + 1, count)
        for number, name in enumerate(chosen.lots.names)
        for wave in range(last + 1)
        if (count := int(((stratum == number) & (waves == wave)).sum()))
    ]
    return pl.DataFrame(rows, schema=tables.STRATA, orient="row")


def balance_table(setting: Setting, waves: Ints) -> pl.DataFrame:
    """Means of the baseline's level, trend and noise in each wave; controls are null."""
    own = baseline_traits(setting.scaled, setting.noise)
    last = len(setting.starts)
    rows = [
        (
            None if wave == last else wave + 1,
            int((waves == wave).sum()),
            *(float(own[name][waves == wave].mean()) for name in BASELINE_TRAITS),
        )
        for wave in range(last + 1)
        if (waves == wave).any()
    ]
    return pl.DataFrame(rows, schema=tables.BALANCE, orient="row")


def designs_table(
    found: Iterable[Rehearsed],
    plan: RolloutPlan,
    scale: Scale,
    trial: Trial,
    chosen: tuple[str | None, str | None],
) -> pl.DataFrame:
    """All designs, with the variance of their estimates relative to the plan's.

    trial: of the plan; chosen: its shares and way of drawing, whose row tells of that trial.
    """
    rows = []
    for one in found:
        smallest: tuple[float | None, float | None] = (None, None)
        ratio = power = None
        if one.trial is not None:
            seen = trial if (one.shares, one.drawing) == chosen else one.trial
            smallest = scale.smallest(plan, seen)
            ratio = seen.sd**2 / trial.sd**2
            power = scale.power(plan, seen)
        counts = (int(one.size[:-1].sum()), int(one.size[-1]))
        about = (one.design, one.shares, one.drawing, *counts)
        rows.append((*about, ratio, *smallest, power, scale.shown(one.bias), one.grade))
    return pl.DataFrame(rows, schema=tables.DESIGNS, orient="row")


def assignment_table(
    names: list[str], plan: RolloutPlan, days: list[date], chosen: Scheme, waves: Ints
) -> pl.DataFrame:
    """Every unit with its wave; units without a date are controls, or take no part."""
    stratum = chosen.lots.stratum[chosen.lots.member]
    rows: list[tuple[str, int | None, date | None, str | None, str, str]] = [
        (name, 1, days[0], None, "planned", "bound_to_first") for name in plan.early
    ]
    last = len(chosen.size) - 1
    for name, wave, number in zip(names, waves, stratum, strict=True):
        own = chosen.lots.names[number] or None
        control = wave == last
        day = None if control else days[wave]
        why = "drawn_control" if control else "drawn"
        rows.append((name, None if control else int(wave) + 1, day, own, "randomised", why))
    rows += [(name, None, None, None, "excluded", "excluded") for name in plan.exclude]
    table = pl.DataFrame(rows, schema=tables.ASSIGNMENT, orient="row")
    return table.sort("wave", "unit", nulls_last=True)


def warnings_of(setting: Setting, chosen: Scheme, trial: Trial, early: int) -> Iterator[str]:
    """Codes of what weakens the plan."""
    plan, noise = setting.plan, setting.noise
    if np.exp(min(chosen.lots.assignments, 20.0)) < 1 / plan.alpha:
        yield "too_few_assignments"
    if setting.units < FEW_UNITS:
        yield "few_units"
    if setting.scaled.shape[1] < FEW_PERIODS:
        yield "short_baseline"
    if np.isfinite(setting.scaled).mean() < _GAPS:
        yield "gaps_in_baseline"
    if noise.persistence > _PERSISTENT and noise.fresh_share < 0.5:
        yield "persistent_noise"
    if not chosen.size[-1]:
        yield "no_controls"
        gaps = np.diff(setting.starts)
        if len(gaps) and setting.straddle >= gaps.min():
            yield "waves_too_close"
    if chosen.size[-1] > setting.controls and plan.cluster is None:
        yield "capacity_leaves_controls"
    if early:
        yield "fixed_units_prove_nothing"
    if chosen.lots.merged:
        yield "small_strata_merged"
    if len(setting.starts) == 1:
        yield "one_date"
    if trial.smallest(plan.alpha, plan.power, 1.0) is None:
        yield "nothing_detectable"
