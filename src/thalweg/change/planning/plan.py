"""A planned roll-out: how many units may begin when, who is bound, and how it will be drawn."""

from __future__ import annotations

import calendar
import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from thalweg.change.frame import Every, Outcome
from thalweg.errors import RequestError

Shares = Literal["best", "equal", "optimised"]
Drawing = Literal["rerandomised", "balanced", "stratified", "simple"]
BASELINE_TRAITS = ("level", "trend", "noise")
"""What units can be stratified by without any further table; each is cut at its median."""
_MOST_WAVES = 24
_MEAN_S = {"month": 30.436875 * 86_400, "week": 7 * 86_400}


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """What is intended.

    first          day on which the first wave begins.
    waves          number of dates; None: as many as ``capacity`` asks for.
    every          periods (months or weeks of the panel) between two waves.
    capacity       most units that can begin in one wave; None: no limit.
    controls_share part of the drawn units that stays without, for as long as one waits.
    wait           periods recorded from the beginning of the last wave on.
    exclude        units that take no part at all. early: units that begin with the first wave
                   whatever is drawn; they are not part of the evidence. late: units that may not
                   be in the first wave.
    stratify       traits within whose values is drawn: names of traits, or "level", "trend",
                   "noise" of the baseline.
    cluster        trait whose values begin together (region, trading group).
    effect         effect hoped for: relative (-0.10) for logs, in the outcome's unit for levels.
    drawing        rerandomised: of many drawings within strata, the first one under which the
                   recorded baseline alone makes next to no difference; balanced: the same for
                   level, trend and noise; stratified; simple.
    straddle       periods before a beginning that are partly treated; None: from the outcome.
    """

    first: date
    waves: int | None = None
    every: int = 1
    capacity: int | None = None
    controls_share: float = 0.0
    wait: int = 6
    exclude: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    stratify: tuple[str, ...] = ()
    cluster: str | None = None
    effect: float | None = None
    shares: Shares = "best"
    drawing: Drawing = "rerandomised"
    alpha: float = 0.05
    power: float = 0.8
    straddle: int | None = None
    intervention: str = "planned"
    kind: str | None = None
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.waves is None and self.capacity is None:
            raise RequestError("How many waves? Give the number of waves, or units per wave.")
        asked = {
            "number of waves": self.waves,
            "number of units per wave": self.capacity,
            "number of periods between waves": self.every,
            "number of periods to wait": self.wait,
        }
        for name, value in asked.items():
            if value is not None and value < 1:
                raise RequestError(f"The {name} is {value}; it must be at least 1.")
        if self.waves is not None and self.waves > _MOST_WAVES:
            raise RequestError(f"{self.waves} waves are asked for; {_MOST_WAVES} are the most.")
        if not 0 <= self.controls_share < 1:
            raise RequestError(
                f"The share of controls is {self.controls_share}; give 0 up to below 1, such as 0.2."
            )
        if not 0 < self.alpha < 0.5 or not 0.5 <= self.power < 1:
            raise RequestError("alpha must lie between 0 and 0.5, power between 0.5 and 1.")
        named = [*self.exclude, *self.early, *self.late]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise RequestError(f"{twice[0]!r} is bound twice (exclude, early, late). Choose one.")

    def request(self) -> dict[str, Any]:
        """The plan as JSON takes it."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"first": self.first.isoformat()}


def later(day: date, periods: int, every: Every) -> date:
    """The same day so many periods later; the last day of a month that is too short for it."""
    if every == "week":
        return day + timedelta(weeks=periods)
    year, month = divmod(day.year * 12 + day.month - 1 + periods, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period_of(day: date, first: date, every: Every) -> int:
    """Number of the period that a day lies in, counted from the one that begins at ``first``."""
    if every == "week":
        return (day - first).days // 7
    return (day.year - first.year) * 12 + day.month - first.month - (day.day < first.day)


def full_period(day: date, first: date, every: Every) -> int:
    """Number of the first period that lies wholly on or after a day."""
    number = period_of(day, first, every)
    return number if later(first, number, every) == day else number + 1


def lived_periods(outcome: Outcome, every: Every) -> int:
    """Periods that objects may live on into the treatment, from the outcome's window."""
    return math.ceil((outcome.within_s or 0.0) / _MEAN_S[every])
