"""Does spend answer to roll-outs? Then part of what they bring, they bring through spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel
from thalweg.economy.response.features import within
from thalweg.economy.response.feedback import FEWEST_UNITS, two_sided

ALPHA = 0.05
"""Of all interventions and channels together (Bonferroni)."""
MOST_LEVERAGE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """By how much the log of spend grows with a full dose.

    slopes (K, C), 0 where too little is known; pulls (K, C, N): what each unit's residuals do to
    them, so that squares and products of pulls are their covariance; p (K, C).
    """

    slopes: Floats
    pulls: Floats
    p: Floats

    @property
    def found(self) -> Floats:
        """(K,) p of each intervention over its channels, corrected for all that was tested."""
        if not self.p.size:
            return np.ones(len(self.p))
        tests = max(int(np.isfinite(self.p).sum()), 1)
        least = np.where(np.isfinite(self.p), self.p, 1.0).min(axis=1)
        return np.asarray(np.minimum(least * tests, 1.0))


def answers_of(panel: GrowthPanel) -> Answers:
    """Log of each channel's spend on all doses, effects of units and months taken out.

    Months without spend and those paused by lot are left out: whether a channel is used at all is
    not looked at. Errors are robust to anything within units; t law with units - 1.
    """
    doses = np.nan_to_num(panel.dose)
    units, channels, count = len(panel.units), len(panel.channels), len(doses)
    slopes, p = np.zeros((count, channels)), np.full((count, channels), np.nan)
    pulls = np.zeros((count, channels, units))
    for channel, money in enumerate(np.nan_to_num(panel.spend)):
        use = (money > 0) & np.isfinite(panel.revenue) & ~panel.paused[channel]
        known = use.astype(np.float64)
        known[known.sum(axis=1) < 2] = 0.0
        many = int((known.sum(axis=1) > 0).sum())
        if many < FEWEST_UNITS or not count:
            continue
        x = np.stack([within(one, known).ravel() for one in doses])
        y = within(np.log(np.where(use, money, 1.0)), known).ravel()
        gram = x @ x.T
        moved = np.diag(gram) > 1e-9 * max(float(known.sum()), 1.0)
        inverse = np.linalg.pinv(gram, rcond=1e-9, hermitian=True)
        found = inverse @ x @ y
        by_unit = x.reshape(count, *known.shape)
        scores = (by_unit * (y - found @ x).reshape(known.shape)).sum(axis=2)
        levers = np.einsum("kit,lit,kl->i", by_unit, by_unit, inverse)
        freed = inverse @ scores / (1 - np.minimum(levers, MOST_LEVERAGE))
        errors = np.sqrt((freed**2).sum(axis=1))
        for one in np.flatnonzero(moved & (errors > 0)).tolist():
            slopes[one, channel], pulls[one, channel] = found[one], freed[one]
            p[one, channel] = two_sided(found[one] / errors[one], many - 1)
    return Answers(slopes, pulls, p)


def checks_of(panel: GrowthPanel) -> dict[str, dict[str, object]]:
    """For each intervention whether spend answers to it; change: of the channel it moves most."""
    answers = answers_of(panel)
    out: dict[str, dict[str, object]] = {}
    for one, name in enumerate(panel.interventions):
        if not np.isfinite(answers.p[one]).any():
            continue
        p = float(answers.found[one])
        channel = int(np.nanargmin(answers.p[one]))
        out[f"mediation:{name}"] = {
            "status": "warning" if p < ALPHA else "passed",
            "finding": "spend_mediates" if p < ALPHA else "spend_apart",
            "intervention": name,
            "channel": panel.channels[channel],
            "change": round(float(np.expm1(answers.slopes[one, channel])), 4),
            "p": round(p, 5),
        }
    return out
