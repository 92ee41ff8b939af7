"""How much worse than before may trends have become after the start, until nothing is left?

Quarterly event-time path with a common base (the last quarter before a unit is touched) against
units not yet touched, as in Callaway and Sant'Anna (2021, Journal of Econometrics), and the relative
magnitudes of Rambachan and Roth (2023, Review of Economic Studies): between two quarters after the
start the untreated path may bend by at most M̄ times the largest bend between two quarters before
it. The interval is that of diff-diff: the identified set, widened by the quantile of the law times
the standard error on each side; not the conditional or hybrid interval of the R package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from thalweg.change.frame import Design, Floats, Ints

QUARTER = {"month": 3, "week": 13}
MOST_BEFORE = 3
"""Quarters before the base: with it, the year before the start, as long as the year after it. Older
bends say less of the trends at the start, and the largest of more bends is larger by chance."""
MOST_AFTER = 4
LEAST_AFTER = 2
LEAST_SHARE = 0.5
"""Part of the treated units that a quarter must hold, so that quarters compare like with like."""
GRID = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The effect by quarter, relative to the last untouched one.

    quarter    (Q,) −k … −1 before the base, 1 … K after the start.
    effect     (Q,) on the outcome's scale; influence (N, Q): its variance is Σ influence².
    gap        quarters between the base and the first treated one that are neither.
    freedom    of the t law of the interval.
    """

    quarter: Ints
    effect: Floats
    influence: Floats
    gap: float
    freedom: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """breakdown: the largest M̄ at which the interval leaves out zero (0: not even at none).

    effect, se: mean of the first ``quarters`` quarters. bend: the largest before the start, of
    ``bends``. curve: (M̄, low, high) of the interval.
    """

    breakdown: float
    effect: float
    se: float
    quarters: int
    bend: float
    bends: int
    curve: tuple[tuple[float, float, float], ...]


def quarter_path(design: Design) -> Path | None:
    """The path; None where no quarter after the start has two units on each side."""
    rollout, panel = design.rollout, design.panel
    size, straddle = QUARTER[panel.every], panel.straddle
    value, periods = panel.scaled(), len(panel.periods)
    cohorts = [int(g) for g in rollout.cohorts if g - straddle - size >= 0]
    treated = np.isin(rollout.start, cohorts)
    found: dict[int, tuple[float, Floats, int]] = {}
    for quarter in (*range(-MOST_BEFORE, 0), *range(1, MOST_AFTER + 1)):
        own = [
            _against(value, design, g, _span(quarter, g, straddle, size), size)
            for g in cohorts
            if _fits(quarter, g, straddle, size, periods)
        ]
        pooled = _pool([o for o in own if o is not None], len(value))
        if pooled is not None and pooled[2] >= LEAST_SHARE * treated.sum():
            found[quarter] = pooled
    before = _unbroken([q for q in sorted(found, reverse=True) if q < 0], -1)
    after = _unbroken([q for q in sorted(found) if q > 0], 1)
    if not after:
        return None
    kept = [*reversed(before), *after]
    return Path(
        np.array(kept),
        np.array([found[q][0] for q in kept]),
        np.stack([found[q][1] for q in kept], axis=1),
        straddle / size,
        float(min(found[q][2] for q in after) - 1),
    )


def _span(quarter: int, start: int, straddle: int, size: int) -> slice:
    if quarter > 0:
        return slice(start + (quarter - 1) * size, start + quarter * size)
    base = start - straddle - size
    return slice(base + quarter * size, base + (quarter + 1) * size)


def _fits(quarter: int, start: int, straddle: int, size: int, periods: int) -> bool:
    span = _span(quarter, start, straddle, size)
    return bool(span.start >= 0 and span.stop <= periods)


def _unbroken(quarters: list[int], step: int) -> list[int]:
    kept: list[int] = []
    for quarter in quarters:
        if quarter != step * (len(kept) + 1):
            break
        kept.append(quarter)
    return kept


def _against(
    value: Floats, design: Design, start: int, span: slice, size: int
) -> tuple[Floats, Floats] | None:
    """(N,) differences to the base of a cohort's units less the controls' mean, and of controls."""
    rollout = design.rollout
    base = slice(start - design.panel.straddle - size, start - design.panel.straddle)
    last = max(span.stop, base.stop)
    with np.errstate(invalid="ignore"):
        change = _mean(value[:, span]) - _mean(value[:, base])
    known = np.isfinite(change)
    cohort = known & (rollout.start == start) & (rollout.stop >= span.stop)
    free = rollout.start.astype(float) - design.panel.straddle >= last
    control = known & free & (rollout.start != start)
    if cohort.sum() < 1 or control.sum() < 2:
        return None
    level = change[control].mean()
    n = control.sum()
    away = np.where(control, (change - level) / n * np.sqrt(n / (n - 1)), 0.0)
    return np.where(cohort, change - level, np.nan), away


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _pool(cohorts: list[tuple[Floats, Floats]], units: int) -> tuple[float, Floats, int] | None:
    """Mean over treated units, influence of each unit, number of treated units.

    Treated units are compared with the mean of all of them, not of their cohort: a cohort of one
    would seem to have no noise.
    """
    if not cohorts:
        return None
    own = np.full(units, np.nan)
    for change, _ in cohorts:
        own = np.where(np.isfinite(change), change, own)
    held = np.isfinite(own)
    n = int(held.sum())
    if n < 2:
        return None
    effect = float(own[held].mean())
    influence = np.where(held, (own - effect) / n * np.sqrt(n / (n - 1)), 0.0)
    for change, away in cohorts:
        influence = influence - np.isfinite(change).sum() / n * away
    return effect, influence, n


def sensitivity(path: Path, confidence: float = 0.95) -> Sensitivity | None:
    """None where there is no bend before the start to compare with, or one quarter only after."""
    before = path.quarter < 0
    after = path.quarter > 0
    count = int(after.sum())
    if count < LEAST_AFTER or before.sum() < 1:
        return None
    bends = np.abs(np.diff(np.append(path.effect[before], 0.0)))
    bend = float(bends.max())
    effect = float(path.effect[after].mean())
    se = float(np.sqrt((path.influence[:, after].mean(axis=1) ** 2).sum()))
    reach = float(np.mean(np.arange(1, count + 1) + path.gap))
    wide = float(stats.t.ppf(0.5 + confidence / 2, max(path.freedom, 1.0))) * se
    room = abs(effect) - wide
    breakdown = 0.0 if room <= 0 else room / (bend * reach) if bend > 0 else float("inf")
    curve = tuple(
        (m, effect - m * bend * reach - wide, effect + m * bend * reach + wide) for m in GRID
    )
    return Sensitivity(breakdown, effect, se, count, bend, len(bends), curve)
