"""The factors of a unit's expected revenue, month by month, in one draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.paths.base import Base


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Expected revenue of a unit up to its constant: ``Π moves + Σ lifts``.

    moves (F, N, T): what each factor multiplies the own part by, in the order of ``names``, the
    market last. lifts (C, N, T): what channels add to it; none where they multiply it.
    """

    names: tuple[tuple[str, str], ...]
    moves: Floats
    lifts: Floats


def factors_of(base: Base, draw: int) -> Factors:
    """Take a response's expectation apart; it needs one with draws."""
    response = base.response
    assert response is not None
    at = base.place(draw)
    nothing, none = np.zeros_like(base.dose), np.zeros_like(base.subsidy)
    market = response.own(at, none, nothing)
    subsidy = response.own(at, base.subsidy, nothing) / market
    earned = np.exp(response.tau[at][:, None, None] * base.dose)
    lifts = response.lift(at, base.spend)
    channels = tuple(("bought", name) for name in base.channels)
    others = (
        ("bought", "subsidy"),
        *(("earned", name) for name in base.interventions),
        ("market", "all"),
    )
    moves = np.concatenate((subsidy[None], earned, market[None]))
    if response.adds[at]:
        return Factors(others, moves, lifts)
    return Factors((*channels, *others), np.concatenate((np.exp(lifts), moves)), lifts[:0])
