"""How large a fault is next to the effect, and how large one that went unseen could be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.context import Context
from thalweg.change.checks.signs import DETECT, show
from thalweg.change.checks.twoway import TwoWay, impute
from thalweg.change.frame import Design, Floats, Mask

FOUND = 0.05
"""A fault is called found below this p-value (of the strongest pattern among those tried)."""
SURE = 0.01
"""A fault this clear, and large next to the effect, breaks the design; above it, it weakens it."""
MATERIAL = 0.25
"""Part of the effect that a fault must make up to break the design."""
NEGLIGIBLE = 0.1
"""Part of the effect below which a fault is not worth lowering a grade for, however clear."""
BOUND = 1.644854
"""Standard errors from a fault's size to the far end of its 90 % interval."""
NOISE = 1.959964
"""An effect counts as at least this many standard errors when a fault is held against it: next to
an effect of zero every fault would be large."""

Figures = dict[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as the cells show it.

    size        of the pattern, on the outcome's scale; se its standard error.
    p           of the strongest among the patterns tried.
    bias        what the fault adds to the effect; unit: the same for a pattern of size one.
    which       index of the strongest pattern.
    """

    size: float
    se: float
    p: float
    bias: float
    unit: float
    which: int

    @property
    def bound(self) -> float:
        """Bias at the far end of the fault's 90 % interval."""
        return abs(self.bias) + BOUND * self.se * abs(self.unit)

    def bound_towards(self, effect: float) -> float:
        """The same at the end that has the effect's sign: what may have been taken for it."""
        towards = self.bias if effect >= 0 else -self.bias
        return max(towards + BOUND * self.se * abs(self.unit), 0.0)

    def figures(self) -> Figures:
        """detectable: what would have been found at 5 % with a probability of 80 %."""
        return {
            "size_effect": self.size,
            "detectable_effect": DETECT * self.se,
            "bias_effect": self.bias,
            "bias_detectable_effect": DETECT * self.se * abs(self.unit),
            "bias_bound_effect": self.bound,
            "p": self.p,
        }


def effect_of(design: Design, context: Context) -> tuple[float, float]:
    """The effect as told, or else imputed, and its standard error."""
    told = context.estimate
    if told is not None and told.se is not None:
        return told.att, told.se
    done = impute(design)
    return done.att, done.se


def yardstick(effect: tuple[float, float]) -> float:
    """What a fault is held against: an effect, or the noise where that is larger."""
    return max(abs(effect[0]), NOISE * effect[1])


def untreated_fit(design: Design) -> TwoWay:
    return TwoWay(design.untreated_cells(), columns=list(design.covariates.values()))


def look_for(
    design: Design, fit: TwoWay, patterns: Floats, seed: int, touched: Mask | None = None
) -> Fault | None:
    """Try (K, N, T) patterns on the untreated cells; None where the cells cannot show any.

    What a pattern adds to the effect is the effect imputed from the pattern itself, for imputation
    is linear in the cells; ``touched`` are the cells that the fault reaches (all, if not given).
    """
    shown = show(fit, design.panel.scaled(), patterns, seed)
    if shown.best is None:
        return None
    size, se = float(shown.size[shown.best]), float(shown.se[shown.best])
    there = patterns[shown.best] if touched is None else patterns[shown.best] * touched
    known = np.isfinite(design.panel.scaled())
    unit = impute(design, values=np.where(known, there, np.nan), jackknife=False).att
    unit = unit if isfinite(unit) else 0.0
    return Fault(size, se, shown.p, size * unit, unit, shown.best)


def judge(
    code: str,
    fault: Fault | None,
    effect: tuple[float, float],
    extra: Figures,
    *,
    found: float = FOUND,
    sure: float = SURE,
    share: float = 0.5,
    unseen: float | None = None,
) -> Check:
    """Clear and large: failed. Seen: warning, unless it cannot matter. Unseen, yet perhaps above
    ``share`` of the effect: a weak test, a warning as well. ``found`` and ``sure``: the
    p-values of being seen, and seen clearly. ``unseen``: the bias that may have gone unseen, if it
    isn't the far end of the fault's interval on either side."""
    if fault is None:
        return Check(code, "not_possible", "cannot_show", extra)
    unseen = fault.bound if unseen is None else unseen
    figures = fault.figures() | {"bias_bound_effect": unseen} | extra
    against = yardstick(effect)
    if fault.p < found and fault.bound <= NEGLIGIBLE * against:
        return Check(code, "passed", "negligible", figures)
    if fault.p < sure and abs(fault.bias) >= MATERIAL * against:
        return Check(code, "failed", "found", figures)
    if fault.p < found:
        return Check(code, "warning", "hint", figures)
    if unseen > share * against:
        return Check(code, "warning", "weak", figures)
    return Check(code, "passed", "quiet", figures)


def leans(
    fault: Fault, effect: tuple[float, float], level: float, side: int, unseen: float
) -> bool:
    """Whether a fault that isn't seen leans to the side on which it is feared.

    Takes    side: 1 where the fault would make an effect, −1 where it would hide a part of one.
             level: p-value below which it leans. unseen: bias that may have gone unseen.
    """
    feared = fault.bias * effect[0] * side > 0
    return feared and fault.p < level and unseen > NEGLIGIBLE * yardstick(effect)


def set_aside(design: Design, leads: int) -> Design:
    """The design with further periods before each start taken as neither control nor treated."""
    return replace(design, panel=replace(design.panel, straddle=design.panel.straddle + leads))
