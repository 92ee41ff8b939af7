"""Who takes part in a planned roll-out and when, and in which figures effects are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import ceil, expm1, log1p

import numpy as np

from thalweg.change.frame import Floats, Ints, Panel
from thalweg.change.planning.plan import RolloutPlan, full_period, later, lived_periods
from thalweg.change.planning.power import Trial
from thalweg.errors import RequestError

FEWEST_UNITS = 6


class Units:
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


@dataclass(frozen=True, slots=True, init=False)
class Scaling:
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
