"""Does a pattern show in the untreated cells? Tests that hold for few units.

Each unit's contribution to the pattern is flipped at random (a wild bootstrap of scores by unit,
with the null imposed: Kline and Santos 2012, Journal of Econometric Methods; Cameron, Gelbach and
Miller 2008, Review of Economics and Statistics). What is flipped comes from residuals of each unit
without its own part in the period effects, as in the jackknife variance CR3 (MacKinnon, Nielsen and
Webb 2023, Journal of Applied Econometrics): late periods have few untreated units, whose residuals
are shrunk by the fit, and with plain ones a spill-over among 30 units was seen in 10 of 100 panels
without any. With few units there are few sign patterns, which makes the test more cautious yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.change.checks.twoway import ZERO, TwoWay, moved_periods
from thalweg.change.frame import Floats

DRAWS = 999
"""Sign flips: an error of ±0.007 at p = 0.05, and ±0.003 at p = 0.01."""
DETECT = 1.959964 + 0.841621
"""Standard errors that a fault must measure to be found at 5 % with a probability of 80 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What was found of K patterns, each tried alone.

    size   (K,) coefficient; NaN where the cells cannot show the pattern.
    se     (K,) its standard error, clustered by unit.
    p      of the strongest pattern, with all K tried.
    best   index of the pattern with the largest ratio of size to se; None where none is shown.
    """

    size: Floats
    se: Floats
    p: float
    best: int | None

    @property
    def possible(self) -> bool:
        return self.best is not None


def show(fit: TwoWay, values: Floats, patterns: Floats, seed: int) -> Shown:
    """Try (K, N, T) patterns on the cells of a fit."""
    mask = fit.mask
    left = np.where(mask, fit.residual(np.where(mask, values, 0.0)), 0.0)
    column = np.where(mask, fit.residual(np.where(mask, patterns, 0.0)), 0.0)
    length = (column**2).sum(axis=(1, 2))
    whole = (np.where(mask, patterns, 0.0) ** 2).sum(axis=(1, 2))
    seen = length > ZERO**0.5 * np.maximum(whole, ZERO)
    safe = np.where(seen, length, 1.0)
    score = np.einsum("kit,it->ki", column, left)
    size = np.where(seen, score.sum(axis=1) / safe, np.nan)
    own = score - size[:, None] * (column**2).sum(axis=2)
    units = max(int(mask.any(axis=1).sum()), 2)
    se = np.sqrt((own**2).sum(axis=1) * units / (units - 1)) / safe
    alone = np.einsum("kit,it->ki", column, left - np.where(mask, moved_periods(fit, left), 0.0))
    noise = np.sqrt((alone**2).sum(axis=1))
    usable = seen & (noise > ZERO * np.maximum(np.sqrt(safe), ZERO))
    if not usable.any():
        return Shown(size, np.where(seen, se, np.nan), float("nan"), None)
    unit = alone[usable] / noise[usable, None]
    strength = np.abs(score[usable].sum(axis=1)) / noise[usable]
    flips = np.random.default_rng(seed).integers(0, 2, (DRAWS, unit.shape[1])) * 2.0 - 1.0
    drawn = np.abs(flips @ unit.T).max(axis=1)
    p = (1 + int((drawn >= strength.max() - ZERO).sum())) / (DRAWS + 1)
    best = int(np.where(usable, np.abs(size) / np.where(usable, se, 1.0), -1.0).argmax())
    return Shown(size, np.where(seen, se, np.nan), p, best)
