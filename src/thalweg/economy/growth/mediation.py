"""What roll-outs bring by themselves, and what with the spend that answers to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Response
from thalweg.economy.paths.interval import interval
from thalweg.economy.response.mediation import ALPHA, Answers, answers_of

STREAM = 47
"""Of the seed."""
MOST_CHANGE = 3.0
"""On the logarithm: no draw of an answer moves spend farther."""


def mediation_rows(
    panel: GrowthPanel, response: Response, confidence: float, seed: int
) -> list[dict[str, Any]]:
    """One row for each intervention that spend answers to: direct and total effect on revenue.

    Direct: share of all revenue that would be missing without the intervention, spend as it was.
    Total: the same, with spend as it would have been without it. Each draw of the response has a
    draw of how spend answers. Subsidy stays as it was.
    """
    answers = answers_of(panel)
    chosen = np.flatnonzero(answers.found < ALPHA)
    rng = np.random.default_rng(np.random.SeedSequence([seed, STREAM]))
    weights = rng.standard_normal((response.draws, len(panel.units)))
    label = "model_only" if response.label == "counted" else response.label
    rows = []
    for one in chosen.tolist():
        direct, total = effects_of(panel, response, answers, one, weights)
        row: dict[str, Any] = {"intervention": panel.interventions[one], "known": label}
        for name, draws in (("direct", direct), ("total", total), ("through", total - direct)):
            found = interval(draws, confidence)
            row[f"{name}_share"] = found.value
            row[f"{name}_low"], row[f"{name}_high"] = found.low, found.high
        rows.append(row)
    return rows


def effects_of(
    panel: GrowthPanel, response: Response, answers: Answers, one: int, weights: Floats
) -> tuple[Floats, Floats]:
    """(D,) direct and (D,) total share of revenue missing without intervention ``one``.

    weights (D, N): standard normal, by which units' pulls make a draw of the answers.
    """
    spend, subsidy = np.nan_to_num(panel.spend), np.nan_to_num(panel.subsidy)
    dose, revenue = np.nan_to_num(panel.dose), np.nan_to_num(panel.revenue)
    without = dose.copy()
    without[one] = 0.0
    direct, total = np.zeros(response.draws), np.zeros(response.draws)
    for draw in range(response.draws):
        slopes = answers.slopes[one] + answers.pulls[one] @ weights[draw]
        slopes = np.clip(slopes, -MOST_CHANGE, MOST_CHANGE)
        other = spend * np.exp(-slopes[:, None, None] * dose[one][None])
        now = response.level(draw, spend, subsidy, dose)
        for kept, money in ((direct, spend), (total, other)):
            then = response.level(draw, money, subsidy, without)
            ratio = np.divide(then, now, out=np.ones_like(now), where=now > 0)
            kept[draw] = (revenue * (1 - ratio)).sum() / revenue.sum()
    return direct, total
