"""How precisely pauses will tell what paid traffic and subsidy bring, judged on the panel's own noise.

The plan is laid over months that have passed, many times with lots drawn anew. Nothing was paused
then, so what is estimated each time is noise, and its spread is the standard error to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import norm, t

from thalweg.economy.frame import Floats, GrowthPanel, Mask
from thalweg.economy.pauses.drawing import Lots, draw_both

Paused = Literal["traffic", "subsidy"]
CARRIES = (0.3, 0.5, 0.7)
USUAL_CARRY = 0.5
SUBSIDY_CARRY = 0.0
"""Subsidy acts on the orders that it is paid for."""
POWER = 0.8
FEWEST_BEFORE = 6
REDRAWN = 300


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be told: what pauses bring of ``paused``, of which ``carry`` goes on a month later."""

    paused: Paused
    carry: float


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """log: (n, T) log revenue of the units whose revenue is there and above zero in all months.

    kept: (N,) which units they are.
    """

    log: Floats
    kept: Mask

    @staticmethod
    def of(panel: GrowthPanel) -> Noise:
        kept = np.all(np.nan_to_num(panel.revenue, nan=0.0) > 0, axis=1)
        return Noise(np.log(panel.revenue[kept]), kept)


def pull_of(paused: Mask, before: int, carry: float) -> Floats:
    """(N, before + months) part of the carried-over spend that is missing because of pauses."""
    out = np.zeros((len(paused), before + paused.shape[1]))
    for month in range(paused.shape[1]):
        at = before + month
        earlier = out[:, at - 1] if at else 0.0
        out[:, at] = carry * earlier + (1 - carry) * paused[:, month]
    return out


def demeaned(table: Floats) -> Floats:
    """Without the means of units and of months."""
    rows, columns = table.mean(axis=-1, keepdims=True), table.mean(axis=-2, keepdims=True)
    return np.asarray(table - rows - columns + table.mean(axis=(-2, -1), keepdims=True))


def told_by(pull: Floats, beside: Floats, log: Floats) -> float | None:
    """The slope of demeaned log revenue on a demeaned pull, with the other pull held; None: no pull."""
    other = float((beside**2).sum())
    own = pull - (float((pull * beside).sum()) / other * beside if other > 0 else 0.0)
    strength = float((own**2).sum())
    return float((own * log).sum()) / strength if strength > 0 else None


def standard_errors(
    noise: Noise, lots: Lots, share: float, months: int, asked: Sequence[Question], seed: int
) -> list[float | None]:
    """Of the log of what revenue falls to when all is paused for good, for each question.

    Where both paid traffic and subsidy are asked for, both pause, and each is told beside the other.
    Where fewer months have passed than are planned, those there are stand for them, and the error
    shrinks as the root of the number of months. None: there is too little history.
    """
    units, past = noise.log.shape
    laid = min(months, past - FEWEST_BEFORE)
    if laid < 2 or units < 2:
        return [None] * len(asked)
    kinds = {one.paused for one in asked}
    rng = np.random.default_rng([seed, 7])
    log = demeaned(noise.log)
    found: list[list[float]] = [[] for _ in asked]
    for _ in range(REDRAWN):
        drawn = draw_both(
            lots, share, laid, rng, traffic="traffic" in kinds, subsidy="subsidy" in kinds
        )
        traffic, subsidy = drawn.traffic[noise.kept], drawn.subsidy[noise.kept]
        given = demeaned(pull_of(subsidy, past - laid, SUBSIDY_CARRY))
        for place, one in enumerate(asked):
            carry = one.carry if one.paused == "traffic" else USUAL_CARRY
            spent = demeaned(pull_of(traffic, past - laid, carry))
            pair = (spent, given) if one.paused == "traffic" else (given, spent)
            if (slope := told_by(*pair, log)) is not None:
                found[place].append(slope)
    enough = (len(one) >= REDRAWN / 2 for one in found)
    return [
        float(np.sqrt(np.mean(np.square(one)) * laid / months)) if held else None
        for one, held in zip(found, enough, strict=True)
    ]


def told(
    noise: Noise,
    lots: Lots,
    share: float,
    months: int,
    asked: Sequence[Question],
    seed: int,
    confidence: float,
) -> list[dict[str, Any]]:
    """Rows of the table ``precision``, one a question."""
    tail = float(t.ppf((1 + confidence) / 2, max(1, noise.log.shape[0] - 1)))
    rows = []
    errors = standard_errors(noise, lots, share, months, asked, seed)
    for one, error in zip(asked, errors, strict=True):
        row: dict[str, Any] = {"paused": one.paused, "share": share, "months": months}
        row["carry"] = one.carry
        if error is not None:
            needed = (tail + float(norm.ppf(POWER))) * error
            row |= {"error_log": error, "half_width": float(np.sinh(tail * error))}
            row |= {"smallest_loss": float(-np.expm1(-needed))}
        rows.append(row)
    return rows
