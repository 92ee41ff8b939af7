"""What an effect is estimated from: an outcome by unit and period, and who was treated when."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

Scale = Literal["log", "level"]
Every = Literal["month", "week"]
Kind = Literal["flow", "layer", "wait", "pair", "share", "count", "value"]
NEVER = np.iinfo(np.int32).max
"""First treated period of a unit that is never treated."""
ALREADY = -1
"""First treated period of a unit that was treated before the panel begins: of no use, set aside."""
UNKNOWN_NS = np.iinfo(np.int64).max
"""An instant that does not exist: of units that never adopt, or never end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is measured, per unit and period.

    name    of the form ``kind_unit`` or ``kind_unit:what``: flow_h, layer_h:processing,
            wait_h:contention, pair_h:Slit coil → Inspect quality, rework_share, broke_off_share,
            deviation_share, started_per_day, finished_per_day, value_per_day.
    unit    of the figures: h, share, 1/day or a currency.
    scale   of estimation: logarithms of cells that are above zero, or the cells as they are.
    better  whether "lower" or "higher" is what one hopes for; None where that is not said.
    """

    name: str
    kind: Kind
    unit: str
    scale: Scale
    better: Literal["lower", "higher"] | None = None
    layer: str | None = None
    within_s: float | None = None
    """Window of a restricted mean: time beyond it counts as the window."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """An outcome by unit and period.

    value     (N, T), NaN where too few objects are behind a cell or the records do not reach.
    objects   (N, T), objects behind each cell.
    periods   first local day of each period, rising without gaps.
    straddle  periods before a unit's first full treated period whose objects were partly treated:
              the period in which it began, and those whose objects lived on into it. They are
              neither control nor treated.
    """

    outcome: Outcome
    units: tuple[str, ...]
    periods: tuple[date, ...]
    value: Floats
    objects: Ints
    straddle: int = 0
    every: Every = "month"

    def scaled(self) -> Floats:
        """The cells on the scale of estimation; a log cell that is not above zero is unknown."""
        if self.outcome.scale == "level":
            return self.value
        above = np.where(self.value > 0, self.value, np.nan)
        return np.asarray(np.log(above))

    def keep_units(self, keep: Mask) -> Panel:
        names = tuple(name for name, kept in zip(self.units, keep, strict=True) if kept)
        return replace(self, units=names, value=self.value[keep], objects=self.objects[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Rollout:
    """Who got an intervention when.

    start      (N,) index of the first period in which a unit was treated throughout; ``NEVER``,
               ``ALREADY``.
    stop       (N,) index of the first period that is no longer treated throughout, or ``NEVER``.
    intensity  (N,) of the treatment, NaN for units without one; None where it was not recorded.
    randomised the dates were drawn by lot.
    adopted_ns, ended_ns   (N,) instants (UTC ns) behind start and stop, ``UNKNOWN_NS`` where there
               is none; None where only periods are known.
    """

    intervention: str
    units: tuple[str, ...]
    start: Ints
    stop: Ints
    intensity: Floats | None = None
    randomised: bool = False
    adopted_ns: Ints | None = None
    ended_ns: Ints | None = None

    @property
    def treated(self) -> Mask:
        return np.asarray((self.start != NEVER) & (self.start != ALREADY))

    @property
    def cohorts(self) -> Ints:
        """First treated periods, rising."""
        return np.unique(self.start[self.treated])

    def keep_units(self, keep: Mask) -> Rollout:
        names = tuple(name for name, kept in zip(self.units, keep, strict=True) if kept)
        dose = None if self.intensity is None else self.intensity[keep]
        return replace(
            self,
            units=names,
            start=self.start[keep],
            stop=self.stop[keep],
            intensity=dose,
            adopted_ns=None if self.adopted_ns is None else self.adopted_ns[keep],
            ended_ns=None if self.ended_ns is None else self.ended_ns[keep],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """One intervention against one outcome: all that an estimator may see.

    The units of panel and rollout are the same, in the same order. covariates: (N, T) each, such
    as other interventions that were in force; they enter the model of the untreated cells.
    inseparable: other interventions that no untreated cell shows in contrast, with the mean part of
    the treated time in which they held beyond what the model takes out: so much of their own
    effect is counted as this one's.
    """

    panel: Panel
    rollout: Rollout
    covariates: dict[str, Floats] = field(default_factory=dict)
    inseparable: dict[str, float] = field(default_factory=dict)

    def horizon(self) -> Ints:
        """(N, T) periods since the first treated one; negative before it, NEVER for controls."""
        at = np.arange(len(self.panel.periods))
        start = self.rollout.start[:, None]
        return np.asarray(np.where(start == NEVER, NEVER, at[None, :] - start))

    def treated_cells(self) -> Mask:
        """(N, T) cells that were treated throughout and are known."""
        at = np.arange(len(self.panel.periods))[None, :]
        start, stop = self.rollout.start[:, None], self.rollout.stop[:, None]
        inside = (start != NEVER) & (start != ALREADY) & (at >= start) & (at < stop)
        return np.asarray(inside & np.isfinite(self.panel.scaled()))

    def untreated_cells(self) -> Mask:
        """(N, T) cells that no treatment can have touched, and are known."""
        at = np.arange(len(self.panel.periods))[None, :]
        start = self.rollout.start[:, None]
        before = (start == NEVER) | ((start != ALREADY) & (at < start - self.panel.straddle))
        return np.asarray(before & np.isfinite(self.panel.scaled()))

    def keep_units(self, keep: Mask) -> Design:
        return Design(
            self.panel.keep_units(keep),
            self.rollout.keep_units(keep),
            {name: values[keep] for name, values in self.covariates.items()},
            self.inseparable,
        )
