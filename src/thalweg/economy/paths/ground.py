"""What all paths of one request stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from thalweg.economy.coverage import Coverage
from thalweg.economy.frame import Floats
from thalweg.economy.known import Standing
from thalweg.economy.paths.base import Base
from thalweg.economy.paths.cash import Cash
from thalweg.economy.paths.costs import Cost, Flows
from thalweg.economy.paths.forward import Ahead, Learnt, look_ahead
from thalweg.economy.paths.plan import Plan
from thalweg.economy.request import after


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Base, flows and balance of the same T months, and what was learnt of them.

    costs: of accounts that follow revenue. learnt: None where there are too few months to look
    ahead from; plan: all goes on as it is; off_at: place of the month from which traffic, subsidy
    or capital are thought away in the past, None where no such month was asked for or fits.
    """

    base: Base
    flows: Flows
    cash: Cash
    standing: Standing
    coverage: Coverage
    costs: Mapping[str, Cost]
    learnt: Learnt | None
    plan: Plan
    off_at: int | None
    horizon: int
    confidence: float

    @property
    def ahead(self) -> tuple[date, ...]:
        """First days of the months to come."""
        last = self.base.months[-1]
        return tuple(after(last, count) for count in range(1, self.horizon + 1))

    @property
    def banked(self) -> bool:
        """Whether a balance is known, and what is added to it."""
        return self.cash.opening != "unknown" and self.coverage.costs

    @property
    def balance(self) -> float:
        """At the end of the last month; nothing, where it is not known."""
        return float(self.cash.balance[-1]) if self.cash.opening != "unknown" else 0.0

    def play(self, plan: Plan) -> Ahead:
        """The plan in all draws; there must be something learnt."""
        assert self.learnt is not None
        return look_ahead(self.base, self.learnt, plan, self.balance)

    def month(self, place: float | None) -> date | None:
        """First day of the month of a place, counted from the first month; beyond the last too."""
        return (
            None
            if place is None or not np.isfinite(place)
            else after(self.base.months[0], int(place))
        )


def paid_cash(ground: Ground) -> Floats:
    """(T,) cash out for paid traffic, positive: channels' spend, at most what the ledger holds."""
    held = np.maximum(-ground.flows.by["marketing"], 0.0)
    spend = ground.base.spend.sum(axis=(0, 1))
    if not len(ground.base.channels) or not held.any():
        return held
    scale = min(1.0, float(held.sum()) / max(float(spend.sum()), 1e-12))
    return np.asarray(spend * scale)
