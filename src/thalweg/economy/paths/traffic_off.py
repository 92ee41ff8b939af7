"""What is left of revenue when paid traffic and subsidy stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.paths.base import Base

HORIZONS = (3, 6, 12)
"""Months after which the revenue kept is told: the share kept in the third, sixth, twelfth month
without."""


@dataclass(frozen=True, slots=True, eq=False)
class Stopped:
    """Revenue as it was, and in draws without paid traffic and subsidy from a month on.

    at       place of the first month without; months: number of months told of.
    revenue  (months,). without (D, months).
    """

    at: int
    revenue: Floats
    without: Floats

    @property
    def kept(self) -> Floats:
        """(D, months) revenue without it, as a share of what it was; NaN where there was none."""
        known = np.where(self.revenue > 0, self.revenue, np.nan)
        return np.asarray(self.without / known)


def traffic_stopped(base: Base, at: int) -> Stopped:
    """Revenue of the months from place ``at`` on, had paid traffic and subsidy ended there.

    Each unit's revenue of each month is divided by what spend and subsidy brought beyond what the
    carried-over part of earlier spend still brings; revenue of no unit stays.
    """
    spend, subsidy = base.spend.copy(), base.subsidy.copy()
    spend[:, :, at:] = 0.0
    subsidy[:, at:] = 0.0
    without = np.empty((base.draws, len(base.months) - at))
    for draw in range(base.draws):
        revenue = base.without(draw, spend, subsidy, base.dose)
        without[draw] = revenue[:, at:].sum(axis=0) + base.apart[at:]
    return Stopped(at, base.total[at:], without)
