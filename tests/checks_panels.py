"""Hand-made panels for the tests of checks."""

from __future__ import annotations

from datetime import date

import numpy as np

from thalweg.change.estimates.estimate import Estimate
from thalweg.change.frame import NEVER, Design, Floats, Outcome, Panel, Rollout

LEVEL = Outcome("flow_h", "flow", "h", "level", "lower")


def months(count: int) -> tuple[date, ...]:
    return tuple(date(2020 + at // 12, at % 12 + 1, 1) for at in range(count))


def rolled_out(
    units: int, starts: list[int], never: int | None = None, *, name: str = "receipts"
) -> Rollout:
    """Units in turn get the dates; the last ``never`` (a third, if not given) get none."""
    never = units // 3 if never is None else never
    start = np.array([starts[at % len(starts)] for at in range(units - never)] + [NEVER] * never)
    return Rollout(name, tuple(f"firm {at}" for at in range(units)), start, np.full(units, NEVER))


def panel_of(values: Floats, rollout: Rollout, *, straddle: int = 0, objects: int = 40) -> Design:
    """A design on levels."""
    count = np.where(np.isfinite(values), objects, 0)
    panel = Panel(LEVEL, rollout.units, months(values.shape[1]), values, count, straddle)
    return Design(panel, rollout)


def noisy(
    units: int, periods: int, seed: int, *, sd: float = 1.0, persistence: float = 0.0
) -> Floats:
    """Levels by unit, waves by period, and noise."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, sd, (units, periods))
    for at in range(1, periods):
        noise[:, at] = persistence * noise[:, at - 1] + np.sqrt(1 - persistence**2) * noise[:, at]
    return np.asarray(rng.normal(50, 5, (units, 1)) + 2 * np.sin(np.arange(periods) / 2) + noise)


def after(rollout: Rollout, periods: int, *, lead: int = 0) -> Floats:
    """(N, T) 1 from the start on, or from so many periods before it."""
    at = np.arange(periods)[None, :]
    return (
        np.asarray((at >= rollout.start[:, None] - lead) & (rollout.start != NEVER)[:, None]) * 1.0
    )


def told(att: float, se: float, *, p: float = 0.001) -> Estimate:
    return Estimate(att, se, att - 2 * se, att + 2 * se, p, "imputation", "student")
