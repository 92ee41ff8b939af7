"""Which effect a roll-out would find: its own analysis, run on panels as they may come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.change.frame import Floats, Ints
from thalweg.change.planning.noise import Noise, estimate_variance
from thalweg.change.planning.weights import known_cells, wave_weights

_HALVINGS = 16
_FARTHEST = 12.0
"""Largest effect that is looked at, in standard deviations of the estimate."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What the analysis shows on each drawn panel, for any effect without drawing again.

    estimate   (D,) the estimate if nothing happens; gain: (D,) what an effect of 1 adds to it.
    sd         standard deviation of the estimate around the truth, over chance and drawing.
    reference  (D, R) the estimate under other dates; shift: (D, R) what an effect of 1 adds there.
    """

    estimate: Floats
    gain: Floats
    reference: Floats
    shift: Floats
    sd: float

    def p_values(self, effect: float) -> Floats:
        """(D,) two-sided p-values when the effect is so large on the scale of estimation.

        Source   Share of the other assignments under which the estimate is at least as far from
                 zero, the actual one counted among them (Fisher; Phipson and Smyth 2010).
        """
        seen = np.abs(self.estimate + effect * self.gain)
        other = np.abs(self.reference + effect * self.shift)
        reached = (other >= seen[:, None] - 1e-12).sum(axis=1)
        return np.asarray((1 + reached) / (1 + other.shape[1]))

    def power(self, effect: float, alpha: float) -> float:
        return float((self.p_values(effect) <= alpha).mean())

    def smallest(self, alpha: float, power: float, sign: float) -> float | None:
        """Smallest effect with this sign that is found with this power; None: none is."""
        high = _FARTHEST * self.sd
        if self.power(sign * high, alpha) < power:
            return None
        low = 0.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (
                (low, middle) if self.power(sign * middle, alpha) >= power else (middle, high)
            )
        return sign * high


def try_out(
    noise: Noise, panels: Floats, first: Ints, waves: Ints, others: Ints, straddle: int
) -> Trial | None:
    """Run the planned analysis on drawn panels.

    Takes    noise: of the units. panels: (D, N, T) without treatment. first: (W + 1,) first
             treated period by wave, ``NEVER`` for controls, who are last. waves: (K, N)
             assignments, used in turn; others: (R, N) assignments that each is compared with.
             Cells of straddled periods get half of the effect.
    Returns  None where an assignment identifies nothing.
    """
    draws, units, periods = panels.shape
    own = weights_of(first, waves, periods, straddle)
    other = weights_of(first, others, periods, straddle)
    if own is None or other is None:
        return None
    turn = np.arange(draws) % len(waves)
    flat = panels.reshape(draws, units * periods)
    estimate = np.einsum("dc,dc->d", flat, own[turn])
    touched = at_work(first, periods, straddle)[waves].reshape(own.shape)
    gain = np.einsum("kc,kc->k", touched, own)[turn]
    mean, variance = estimate_variance(noise, own.reshape(-1, units, periods))
    # A single assignment is somebody's choice: what it shows by itself is bias, not chance.
    between = float((mean**2).mean()) if len(waves) > 1 else 0.0
    sd = float(np.sqrt(variance.mean() + between))
    return Trial(estimate, gain, flat @ other.T, (touched @ other.T)[turn], sd)


def weights_of(first: Ints, waves: Ints, periods: int, straddle: int) -> Floats | None:
    """(K, N·T) weights of the imputation estimate under each assignment."""
    units = waves.shape[1]
    size = np.stack([(waves == wave).sum(axis=1) for wave in range(len(first))], axis=1)
    kinds, kind = np.unique(size, axis=0, return_inverse=True)
    rows = np.empty((len(waves), units, periods))
    for number, own in enumerate(kinds):
        table = wave_weights(first, own, periods, straddle)
        if table is None:
            return None
        same = kind.ravel() == number
        rows[same] = table[waves[same]]
    return rows.reshape(len(waves), units * periods)


def at_work(first: Ints, periods: int, straddle: int) -> Floats:
    """(W + 1, T) part of the effect that is at work in each cell of a wave."""
    untreated, _ = known_cells(first, periods, straddle)
    full = np.arange(periods)[None, :] >= first[:, None]
    return np.where(full, 1.0, np.where(untreated, 0.0, 0.5))
