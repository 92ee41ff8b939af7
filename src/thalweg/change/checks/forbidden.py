"""What a plain two-way regression would have done with this roll-out.

It compares units with units that were treated before them, and gives some treated cells negative
weights (Goodman-Bacon 2021, Journal of Econometrics; de Chaisemartin and D'Haultfœuille 2020,
American Economic Review). The estimators used here do neither; the figures say how far a simpler
analysis of the same records may be trusted.
"""

from __future__ import annotations

import numpy as np

from thalweg.change.checks.check import Check
from thalweg.change.checks.concurrent import in_force
from thalweg.change.checks.context import Context
from thalweg.change.checks.twoway import ZERO, TwoWay, impute
from thalweg.change.frame import ALREADY, NEVER, Design, Floats

MUCH = 0.1
"""Part of negative or forbidden weights from which the plain regression is called misleading."""


def check_forbidden(design: Design, _: Context) -> Check:
    """Negative weights, forbidden comparisons, and the estimate of the plain regression."""
    value = design.panel.scaled()
    kept = design.rollout.start != ALREADY
    known = np.isfinite(value) & kept[:, None]
    force = in_force(design.rollout, value.shape[1])
    weight = np.where(known, TwoWay(known).residual(force.astype(float)), 0.0)
    length = float((weight**2).sum())
    if length <= ZERO:
        return Check("forbidden", "not_possible", "no_variation")
    on_treated = weight[known & force]
    plain = float((weight * np.where(known, value, 0.0)).sum() / length)
    figures: dict[str, float | int | str | None] = {
        "negative_share": float(-on_treated[on_treated < 0].sum() / np.abs(on_treated).sum()),
        "forbidden_share": forbidden_share(design),
        "plain_effect": plain,
        "imputed_effect": impute(design, jackknife=False).att,
    }
    negative = figures["negative_share"]
    much = isinstance(negative, float) and negative >= MUCH
    share = figures["forbidden_share"]
    much |= isinstance(share, float) and share >= MUCH
    return Check("forbidden", "passed", "misleading" if much else "harmless", figures)


def forbidden_share(design: Design) -> float | None:
    """Weight of comparisons with units treated earlier, as if every cell were known.

    Goodman-Bacon's theorem 1: with n(k) the share of units of cohort k and D(k) its share of
    treated periods, a cohort k against the never-treated weighs n(k)·n(U)·D(k)·(1 − D(k)); an
    early cohort k against a later one l before l starts n(k)·n(l)·(D(k) − D(l))·(1 − D(k)), and l
    against the already treated k n(k)·n(l)·D(l)·(D(k) − D(l)). None with a stop, for which the
    theorem does not hold.
    """
    rollout, periods = design.rollout, len(design.panel.periods)
    kept = rollout.start != ALREADY
    if (rollout.stop[rollout.treated] < periods).any() or not rollout.treated.any():
        return None
    start = np.where(rollout.start == NEVER, periods, np.minimum(rollout.start, periods))[kept]
    dates, counts = np.unique(start, return_counts=True)
    held: Floats = counts / counts.sum()
    share: Floats = (periods - dates) / periods
    clean = forbidden = 0.0
    for early in range(len(dates)):
        for late in range(early + 1, len(dates)):
            both = held[early] * held[late] * (share[early] - share[late])
            clean += both * (1 - share[early])
            forbidden += both * share[late]
    return float(forbidden / (clean + forbidden)) if clean + forbidden > 0 else None
