"""What each layer costs each unit before change: the weights of depth.

Weights come from cells before anything began and know nothing of how busy a unit became later, so
that more visits or orders never raise a depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thalweg.change.answers.answer import Answer
from thalweg.change.frame import ALREADY, NEVER, Floats, Mask, Panel, Rollout

Burden = Literal["time", "money", "failures"]
BURDENS: tuple[Burden, ...] = ("time", "money", "failures")
CLOSE = 1e-12
MOST_ROUNDS = 2_000
HOURS_A_YEAR = 8_766.0


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What a part of the chain costs before change, by unit.

    cost     (N,) burden a period, at the volume of an ordinary period: hours, money, or objects
             that fail.
    volume   (N,) items a period behind it.
    guessed  (N,) units that were never seen untreated: their cost is what was seen of them.
    """

    cost: Floats
    volume: Floats
    guessed: Mask

    @property
    def total(self) -> float:
        return float(self.cost.sum())


def baseline_of(panel: Panel, untouched: Mask) -> Baseline:
    """Cost and volume of a part of the chain by unit, from its untouched cells.

    Takes    untouched: (N, T) cells that no intervention on this part can have reached.
    """
    known = np.isfinite(panel.value)
    objects = np.where(known, panel.objects, 0.0)
    total = np.where(known, panel.value, 0.0) * objects
    cost, guessed = typical(total, known, untouched)
    volume, _ = typical(objects, known, untouched)
    return Baseline(cost, volume, guessed)


def typical(total: Floats, known: Mask, untouched: Mask) -> tuple[Floats, Mask]:
    """(N,) what each unit has of a total in an ordinary period, and whose it had to be guessed.

    total[i, t] is taken as unit times period, fitted to the cells that are known and untouched; an
    ordinary period is the mean of those that have such cells. A unit without such a cell is given
    what is seen of it at the periods' levels.

    Source   the multiplicative model of two margins (Poisson maximum likelihood, which is
             proportional fitting): growth that all units share doesn't favour those untouched
             longest.
    """
    inside = known & untouched
    seen, at_all = _any_row(inside), _any_row(known)
    if not seen.any():
        return np.asarray(total.sum(axis=1) / np.maximum(known.sum(axis=1), 1)), at_all
    unit, period = two_way(np.where(inside, total, 0.0), inside)
    level = np.where(inside.any(axis=0), period, 1.0)
    wide = known * level[None, :]
    rest = total.sum(axis=1) / np.maximum(wide.sum(axis=1), CLOSE)
    guessed: Mask = ~seen & at_all
    return np.where(seen, unit, np.where(guessed, rest, 0.0)), guessed


def _any_row(cells: Mask) -> Mask:
    return np.asarray(cells.any(axis=1))


def two_way(total: Floats, inside: Mask) -> tuple[Floats, Floats]:
    """Factors of units (N,) and periods (T,), these with mean one, whose products have the row and
    column sums of ``total`` over the cells ``inside``."""
    cells = inside.astype(np.float64)
    rows, columns = total.sum(axis=1), total.sum(axis=0)
    unit, period = np.ones(len(total)), np.ones(total.shape[1])
    for _ in range(MOST_ROUNDS):
        before = period
        unit = rows / np.maximum(cells @ period, CLOSE)
        period = columns / np.maximum(unit @ cells, CLOSE)
        period = period / max(float(period[inside.any(axis=0)].mean()), CLOSE)
        if np.abs(period - before).max() <= CLOSE**0.5:
            break
    return np.asarray(rows / np.maximum(cells @ period, CLOSE)), period


def untouched_cells(panel: Panel, answers: Sequence[Answer], common: Mask) -> Mask:
    """(N, T) cells that no intervention can have reached, in the panel's order of units.

    Takes    answers: of the interventions on this part of the chain, before which its own units
             must be. common: see ``before_anything``.
    """
    place = {name: at for at, name in enumerate(panel.units)}
    free = np.isfinite(panel.value) & common
    for one in answers:
        design = one.question.design
        order = [place[name] for name in design.panel.units]
        reached = np.isfinite(panel.value)[order] & ~design.untreated_cells()
        free[order] &= ~reached
    return free


def before_anything(
    rollouts: Iterable[Rollout], answers: Iterable[Answer], shape: tuple[int, int]
) -> Mask:
    """(N, T) cells of units before anything at all began at them.

    All parts of the chain are weighed on the same cells, so that a unit that became busier in later
    months does not shift weight to those parts that nothing was rolled out on. What was in force
    before the records begin says nothing of the others' cells.
    """
    at = np.arange(shape[1])[None, :]
    touched = max((one.question.design.panel.straddle for one in answers), default=0)
    free = np.ones(shape, dtype=np.bool_)
    for rollout in rollouts:
        start = rollout.start[:, None]
        free &= (start == NEVER) | (start == ALREADY) | (at < start - touched)
    return free
