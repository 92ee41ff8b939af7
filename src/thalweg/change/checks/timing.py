"""Does a unit's past say when it was treated? Then its future might have differed anyway.

At each date of start the units that start are held against all that could have: by their level,
their slope and their last periods before it. A score test with lots drawn within each such risk
set, as in the log-rank test (Peto and Peto 1972): no model of the dates is needed. A fall just
before the start is the dip of Ashenfelter (1978, Review of Economics and Statistics).
"""

from __future__ import annotations

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.measure import FOUND, SURE
from thalweg.change.checks.twoway import ZERO, first_touched
from thalweg.change.frame import Design, Floats

LOTS = 999
LAST = {"month": 3, "week": 8}
"""Periods before a start whose shock may have called for it."""
LEAST_PAST = 4
"""Known periods that a past needs to have a slope and a last part."""
LEAST_STARTS = 3
PASTS = ("level", "slope", "shock")


def pasts(value: Floats, until: int, last: int) -> Floats:
    """(3, N) level, slope per period, and last periods against those before; NaN if too short."""
    past = value[:, :until]
    known = np.isfinite(past)
    count = known.sum(axis=1)
    safe = np.maximum(count, 1)
    filled = np.where(known, past, 0.0)
    level = filled.sum(axis=1) / safe
    at = np.arange(past.shape[1], dtype=float)
    away = np.where(known, at - (known * at).sum(axis=1, keepdims=True) / safe[:, None], 0.0)
    length = (away**2).sum(axis=1)
    slope = (away * filled).sum(axis=1) / np.where(length > ZERO, length, 1.0)
    late, early = known[:, -last:], known[:, :-last]
    recent = filled[:, -last:].sum(axis=1) / np.maximum(late.sum(axis=1), 1)
    former = filled[:, :-last].sum(axis=1) / np.maximum(early.sum(axis=1), 1)
    enough = (count >= LEAST_PAST) & late.any(axis=1) & early.any(axis=1) & (length > ZERO)
    return np.where(enough, np.stack([level, slope, recent - former]), np.nan)


def check_timing(design: Design, context: Context) -> Check:
    """Level, slope and last shock against the dates of start."""
    value = design.panel.scaled()
    first = first_touched(design)
    rng = np.random.default_rng(context.seed)
    score = np.zeros(3)
    spread = np.zeros(3)
    drawn = np.zeros((3, LOTS))
    starts = 0
    inside = (first >= LEAST_PAST) & (first < value.shape[1])
    for date in np.unique(first[inside]):
        past = pasts(value, int(date), LAST[design.panel.every])
        risk = np.isfinite(past).all(axis=0) & (first >= date)
        begins = first[risk] == date
        n, k = int(risk.sum()), int(begins.sum())
        if n < 3 or k == 0 or k == n:
            continue
        ranks = _centred_ranks(past[:, risk])
        score += ranks[:, begins].sum(axis=1)
        spread += k * (n - k) / (n - 1) * (ranks**2).mean(axis=1)
        lots = rng.random((LOTS, n)).argpartition(k - 1, axis=1)[:, :k]
        drawn += ranks[:, lots].sum(axis=2)
        starts += k
    if starts < LEAST_STARTS or not (spread > 0).all():
        return Check("timing", "not_possible", "too_few_starts", {"starts": starts})
    strength = score / np.sqrt(spread)
    most = np.abs(drawn / np.sqrt(spread)[:, None]).max(axis=0)
    p_any = (1 + int((most >= np.abs(strength).max() - ZERO).sum())) / (LOTS + 1)
    which = int(np.abs(strength).argmax())
    figures: dict[str, float | int | str | None] = {
        "past": PASTS[which],
        "direction": "higher" if strength[which] > 0 else "lower",
        "p": p_any,
        "starts": starts,
        **{f"{name}_z": float(z) for name, z in zip(PASTS, strength, strict=True)},
    }
    if p_any < SURE:
        return Check("timing", "failed" if which else "warning", f"by_{PASTS[which]}", figures)
    if p_any < FOUND:
        return Check("timing", "warning", "hint", figures)
    return Check("timing", "passed", "unrelated", figures)


def _centred_ranks(values: Floats) -> Floats:
    """Ranks within each row, centred: a firm far from the others weighs no more than its rank."""
    order = values.argsort(axis=1).argsort(axis=1).astype(float)
    return np.asarray((order - order.mean(axis=1, keepdims=True)) / values.shape[1])
