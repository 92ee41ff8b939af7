"""Small designs with a known truth, for the tests of ``prove``."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from thalweg.change.frame import NEVER, Design, Outcome, Panel, Rollout

FLOW = Outcome("flow_h", "flow", "h", "log", "lower")


def months(count: int) -> tuple[date, ...]:
    return tuple(date(2022 + k // 12, k % 12 + 1, 1) for k in range(count))


def staggered(
    units: int = 24,
    periods: int = 20,
    *,
    effect: float | NDArray[np.float64] = -0.2,
    noise: float = 0.05,
    seed: int = 1,
    never: int = 6,
    straddle: int = 0,
    outcome: Outcome = FLOW,
    name: str = "scanner",
) -> Design:
    """Units begin in three waves; logarithms are unit + period + noise, + effect once treated."""
    rng = np.random.default_rng(seed)
    start = np.full(units, NEVER, dtype=np.int64)
    start[never:] = np.array([periods // 3, periods // 2, 2 * periods // 3])[
        np.arange(units - never) % 3
    ]
    at = np.arange(periods)
    level = rng.normal(3.0, 0.3, (units, 1)) + 0.1 * np.sin(at)[None, :]
    full = at[None, :] >= start[:, None]
    partly = (at[None, :] >= start[:, None] - straddle) & ~full
    size = np.broadcast_to(np.asarray(effect, dtype=float), (units,))[:, None]
    y = level + rng.normal(0, noise, (units, periods)) + size * (full + 0.5 * partly)
    names = tuple(f"firm {k:02d}" for k in range(units))
    value = np.exp(y) if outcome.scale == "log" else y
    objects = np.full((units, periods), 40, dtype=np.int64)
    panel = Panel(outcome, names, months(periods), value, objects, straddle)
    return Design(panel, Rollout(name, names, start, np.full(units, NEVER, dtype=np.int64)))
