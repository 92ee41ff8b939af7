"""An effect with its interval, and what it may be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from thalweg.change.estimates.adapter import callaway_santanna
from thalweg.change.estimates.imputation import Imputed, impute
from thalweg.change.estimates.randomisation import SLACK, deal
from thalweg.change.estimates.synthetic import stand_in
from thalweg.change.estimates.variance import conservative, freedom
from thalweg.change.frame import Design, Floats, Ints

MANY = 40.0
"""Degrees of freedom from which the t law is trusted without dealing dates anew."""
FEW = 4
"""Up to so many treated units, their own errors say too little: noise before the start is used."""

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
    weight: Floats | None = None,
    strata: Ints | None = None,
) -> Estimate:
    """The average effect over the treated cells, with an interval from the law that holds here.

    Takes    weight: (N, T) importance of each cell when it is treated, for instance its volume, or
             1 for units with a trait and 0 for others; None: all alike. strata: (N,) labels of
             units among which the dates could have been exchanged. draws: dealings of the dates.
    Returns  an estimate; without an interval and with a code in ``refused`` where no law holds.
    Source   which law holds is settled by the study of coverage (docs/methods): a t law where the
             estimate rests on many units; else dealt dates, studentised; with up to four treated
             units they are measured by the noise of the dealt units before any start, unless that
             leaves the interval without an end, as where all units are treated sooner or later.
    """
    if method == "callaway_santanna":
        return second_opinion(design, confidence=confidence)
    if method == "synthetic_control":
        return synthetic(design, confidence=confidence, seed=seed, draws=draws)
    if method == "interrupted_series":
        return before_after(design)
    found = impute(design)
    target = found.even(weight)
    att = weighted_mean(found, target)
    units = int((target != 0).any(axis=1).sum())
    code = _missing(found, units)
    if code:
        return _refused(att, method, confidence, code)
    w = found.weights(target)
    free = freedom(w)
    if units > 1 and free >= MANY:
        se = conservative(found, w)
        return student(att, se, free, method, confidence)
    return _dealt(design, att, method, confidence, (seed, draws, weight, strata, units))


def _dealt(
    design: Design,
    att: float,
    method: Method,
    confidence: float,
    how: tuple[int, int, Floats | None, Ints | None, int],
) -> Estimate:
    """Interval from dealing the dates anew; a single treated unit has no standard error."""
    seed, draws, weight, strata, units = how
    dealt = deal(design, draws=draws, seed=seed, weight=weight, strata=strata)
    if dealt.lost > len(dealt.a):
        return _refused(att, method, confidence, "dealings_not_identified")
    if dealt.least > 1 - confidence + SLACK:
        return _refused(att, method, confidence, "too_few_units")
    several, few = units > 1, units <= FEW
    error = float(np.sqrt(dealt.variance))
    if several and error <= SLACK * max(1.0, abs(att)):
        return _refused(att, method, confidence, "zero_standard_error")
    plain = dealt
    if few:
        dealt = plain.by_noise()
    low, high = dealt.interval(confidence, studentised=not few)
    if several and few and not (np.isfinite(low) and np.isfinite(high)):
        dealt, few = plain, False
        low, high = dealt.interval(confidence, studentised=True)
    if not (np.isfinite(low) and np.isfinite(high)):
        return _refused(att, method, confidence, "interval_unbounded")
    if high - low <= SLACK * max(1.0, abs(att)):
        return _refused(att, method, confidence, "zero_standard_error")
    return Estimate(
        att=att,
        se=error if several else None,
        low=low,
        high=high,
        p=dealt.p(studentised=not few),
        method=method,
        reference="randomisation" if several else "placebo",
        confidence=confidence,
    )


def weighted_mean(found: Imputed, target: Floats) -> float:
    """Σ target·effect over the identified cells, NaN where the target is empty."""
    return float((target * np.nan_to_num(found.effect)).sum()) if target.any() else float("nan")


def student(att: float, se: float, free: float, method: Method, confidence: float) -> Estimate:
    """An estimate with a t law, or refused where the standard error is none."""
    if not np.isfinite(se) or not np.isfinite(att):
        return _refused(att, method, confidence, "no_standard_error")
    if se <= SLACK * max(1.0, abs(att)):
        return _refused(att, method, confidence, "zero_standard_error")
    half = se * float(stats.t.ppf(0.5 + confidence / 2, free))
    p = 2.0 * float(stats.t.sf(abs(att) / se, free))
    return Estimate(att, se, att - half, att + half, p, method, "student", confidence, float(free))


def _refused(att: float, method: Method, confidence: float, code: str) -> Estimate:
    return Estimate(att, None, None, None, None, method, None, confidence, refused=code)


def _missing(found: Imputed, units: int) -> str | None:
    if not found.untreated.any():
        return "no_untreated_cells"
    if found.lost_cells == 0 and not found.identified.any():
        return "no_treated_cells"
    return "not_identified" if units == 0 else None


def second_opinion(design: Design, *, confidence: float = 0.95) -> Estimate:
    """Callaway and Sant'Anna's average on not-yet-treated controls, with a t law.

    Its degrees of freedom are those of the imputation weights of the same design.
    """
    fitted = callaway_santanna(design)
    if fitted.se is None:
        return _refused(fitted.att, "callaway_santanna", confidence, fitted.refused or "")
    found = impute(design)
    units = int(found.identified.any(axis=1).sum())
    if units < 2:
        return _refused(fitted.att, "callaway_santanna", confidence, "one_treated_unit")
    free = min(freedom(found.weights(found.even())), units - 1.0)
    return student(fitted.att, fitted.se, free, "callaway_santanna", confidence)


def before_after(design: Design) -> Estimate:
    """Treated cells against the untreated ones of the same units: a description, no effect."""
    y, treated, before = design.panel.scaled(), design.treated_cells(), design.untreated_cells()
    both = treated.any(axis=1) & before.any(axis=1)
    gaps = [y[at, treated[at]].mean() - y[at, before[at]].mean() for at in np.flatnonzero(both)]
    shares = treated[both].sum(axis=1)
    att = float(np.average(gaps, weights=shares)) if len(gaps) else float("nan")
    return _refused(att, "interrupted_series", 0.95, "descriptive_only")


def synthetic(
    design: Design, *, confidence: float = 0.95, seed: int = 0, draws: int = 999
) -> Estimate:
    """Synthetic twins of one to three treated units; the interval is the rank among donors.

    With fewer donors than the confidence needs (19 at 95 %) there is an estimate but no inference.
    Placebos of two or three are made of the same few donors, so their spread is widened as a t law
    with donors − 1 degrees of freedom is wider than a normal one.
    """
    found = stand_in(design, draws=draws, seed=seed)
    method: Method = "synthetic_control"
    if found.refused:
        return _refused(found.att, method, confidence, found.refused)
    wider = 1.0
    if len(found.weights) > 1:
        reach = 0.5 + confidence / 2
        wider = float(stats.t.ppf(reach, len(found.donors) - 1) / stats.norm.ppf(reach))
    placebo = wider * np.sort(np.abs(found.placebo))[::-1]
    needed = int(np.floor((1 - confidence) * (len(placebo) + 1) + SLACK))
    if needed < 1 or len(found.donors) * (1 - confidence) + (1 - confidence) < 1 - SLACK:
        return _refused(found.att, method, confidence, "too_few_donors")
    half = float(placebo[needed - 1])
    if half <= SLACK:
        return _refused(found.att, method, confidence, "zero_standard_error")
    p = (1 + int((placebo >= abs(found.att) * (1 - SLACK)).sum())) / (len(placebo) + 1)
    return Estimate(
        found.att, None, found.att - half, found.att + half, p, method, "placebo", confidence
    )
