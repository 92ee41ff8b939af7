"""An effect with its interval, and what it may be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from thalweg.change.estimates.imputation import Imputed, impute
from thalweg.change.estimates.variance import conservative, together
from thalweg.change.frame import Design

Method = Literal["imputation", "callaway_santanna", "synthetic_control", "interrupted_series"]
Reference = Literal["randomisation", "student", "normal", "placebo"]
"""What the interval is taken from: permuted roll-outs, a t or normal law, or placebo units."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The average effect on the treated cells, on the scale of the outcome.

    se, low, high and p are None where there is no inference; ``refused`` is then the code of the
    reason. freedom: degrees of freedom of a t law.
    """

    att: float
    se: float | None
    low: float | None
    high: float | None
    p: float | None
    method: Method
    reference: Reference | None
    confidence: float = 0.95
    freedom: float | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class PathPoint:
    """The effect at one distance from the first treated period (negative: before it)."""

    horizon: int
    att: float
    se: float | None
    low: float | None
    high: float | None
    cells: int


def estimate(
    design: Design,
    *,
    method: Method = "imputation",
    confidence: float = 0.95,
    seed: int = 0,
    draws: int = 999,
) -> Estimate:
    """The average effect over the treated cells, with an interval from the law that holds here."""
    found = impute(design)
    code = _refusal(found)
    if code:
        return Estimate(found.att, None, None, None, None, method, None, confidence, refused=code)
    target = found.even()
    w = found.weights(target)
    se = conservative(found, w, together(w.shape))
    units = int(found.identified.any(axis=1).sum())
    law = stats.t(units - 1)
    half = se * float(law.ppf(0.5 + confidence / 2))
    p = 2.0 * float(law.sf(abs(found.att) / se))
    return Estimate(
        found.att, se, found.att - half, found.att + half, p, method, "student", confidence,
        float(units - 1),
    )  # fmt: skip


def _refusal(found: Imputed) -> str | None:
    if not found.untreated.any():
        return "no_untreated_cells"
    if not found.identified.any():
        return "not_identified"
    if not np.isfinite(found.att):
        return "not_identified"
    return "one_treated_unit" if found.identified.any(axis=1).sum() < 2 else None
