"""From effects to the part of a burden that is gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.change.frame import Floats, Mask, Scale
from thalweg.verdict.depth.baseline import Baseline
from thalweg.verdict.depth.effects import Pair

BY_ITSELF = 1.5
"""Without an intervention whose effect cannot be told, the burden of the units that it reached is
taken to have stayed between two thirds and three halves of what it was: what was seen there beyond
that is the intervention's. A convention, declared beforehand; the bounds say what it lets pass."""
WORST = "ABCDN"


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of the chain: its burden before change, and the interventions on it."""

    scale: Scale
    baseline: Baseline
    pairs: tuple[Pair, ...]

    @property
    def share(self) -> Floats:
        """(N,) part of each unit in the burden."""
        return self.baseline.cost / max(self.baseline.total, 1e-300)

    @property
    def treated_share(self) -> float:
        return float(self.share[_any([p.reached for p in self.pairs if p.measured], self)].sum())

    @property
    def unseen(self) -> Mask:
        """(N,) units where something is in force whose effect was not measured."""
        return _any([_unseen(pair) for pair in self.pairs], self)

    @property
    def unmeasured_share(self) -> float:
        return float(self.share[self.unseen].sum())

    @property
    def known(self) -> str:
        """The weakest grade behind its depth; N where none is; counted where none was rolled out."""
        grades = [pair.grade for pair in self.pairs if pair.measured]
        if grades:
            return max(grades, key=WORST.index)
        return "N" if any((p.reached | p.early).any() for p in self.pairs) else "counted"

    @property
    def missing(self) -> str | None:
        """Why its first unmeasured intervention is not measured."""
        return next((pair.missing for pair in self.pairs if not pair.measured), None)


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """depth, and (D,) draws of it as measured and of the least and most that it may be."""

    depth: float
    draws: Floats
    least: Floats
    most: Floats


def removed_from(part: Part, drawn: Floats) -> Removed:
    """The part of the burden that is gone.

    Takes    drawn: (D, P) effects of the part's interventions on the scale of estimation.
    """
    units = len(part.baseline.cost)
    effects = np.array([pair.effect if pair.measured else 0.0 for pair in part.pairs])
    rows = np.vstack([effects[None, :], drawn])
    reached = [pair.reached & pair.measured for pair in part.pairs]
    added = rows @ np.array(reached, dtype=np.float64).reshape(len(part.pairs), units)
    best, worst = hidden_range(part)
    gone, most, least = (_gone(part, added + hidden) for hidden in (np.zeros(units), best, worst))
    return Removed(float(gone[0]), gone[1:], least[1:], most[1:])


def hidden_range(part: Part) -> tuple[Floats, Floats]:
    """(N,) best and worst that the interventions without a measured effect may have done there.

    What was seen, give or take what the burden may have done by itself. At worst it did nothing
    where the burden fell: depth counts nothing that is not measured, and harm needs a sign of it.
    At best nothing where it rose by more than by itself. Of several, what was seen adds up. Where
    nothing was seen before and after they may have removed all of the burden, or doubled it.
    """
    cost, volume = part.baseline.cost, np.maximum(part.baseline.volume, 1e-300)
    log = part.scale == "log"
    alone = np.full(len(cost), np.log(BY_ITSELF)) if log else (BY_ITSELF - 1) * cost / volume
    all_gone = np.full(len(cost), -np.inf) if log else -cost / volume
    doubled = np.full(len(cost), np.log(2.0)) if log else cost / volume
    helped, harmed = np.zeros(len(cost)), np.zeros(len(cost))
    for pair in part.pairs:
        there = _unseen(pair)
        seen = pair.effect if pair.measured else pair.described
        helped += np.where(there, all_gone if seen is None else min(seen, 0.0), 0.0)
        harmed += np.where(there, doubled if seen is None else max(seen, 0.0), 0.0)
    here = part.unseen
    worst = np.where(harmed > 0, harmed + alone, 0.0)
    best = np.where(helped < 0, helped, harmed) - here * alone
    best = np.minimum(best, 0.0)
    return (best, worst) if log else (np.maximum(best, all_gone), worst)


def _unseen(pair: Pair) -> Mask:
    return np.asarray(pair.early if pair.measured else pair.early | pair.reached)


def _gone(part: Part, added: Floats) -> Floats:
    """(D,) part of the whole burden before change that (D, N) changes at the units take away."""
    share = part.share
    if part.scale == "log":
        return np.asarray(-np.expm1(added) @ share) + 0.0
    items = part.baseline.volume / max(part.baseline.total, 1e-300)
    return np.asarray(np.minimum(-added * items, share).sum(axis=1)) + 0.0


def _any(masks: list[Mask], part: Part) -> Mask:
    nobody = np.zeros(len(part.baseline.cost), dtype=np.bool_)
    return np.asarray(np.logical_or.reduce(masks)) if masks else nobody
