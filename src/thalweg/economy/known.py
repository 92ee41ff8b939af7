"""What can be told of bought and earned, how it is known, and what is missing and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.economy.coverage import Coverage
from thalweg.economy.frame import Floats, GrowthPanel, Label, Response
from thalweg.economy.paths.base import Base
from thalweg.economy.paths.costs import Flows

REMEDIES = {
    "no_ledger": "add_ledger",
    "no_traffic": "add_traffic",
    "no_units": "add_units",
    "spend_of_no_unit": "spend_by_unit",
    "not_identified": "pause_experiment",
    "subsidy_not_identified": "vary_subsidy",
    "bounds_only": "pause_experiment",
    "too_few_months": "longer_record",
    "months_spread": "monthly_ledger",
    "months_missing": "add_months",
    "basis_changed": "one_basis",
    "no_capital": "add_capital",
    "no_cash_account": "add_cash",
    "no_balance": "add_cash",
    "no_costs": "add_costs",
    "no_cost_of_sales": "add_costs",
    "no_interventions": "add_interventions",
}
"""Reason → what would let it be told."""

ORDER: tuple[Label, ...] = (
    *("counted", "experimental", "event_based", "model_only", "bounds", "not_identified"),
)
"""From the best known to the least."""
WITHIN = 0.95
"""Of draws, between whose ends bounds lie."""
UNTOLD: tuple[Label, ...] = ("bounds", "not_identified")
"""Labels without a figure."""
MOST_COMMON = 0.2
"""Of what is spent, without a unit, beyond which nothing is told of what it brings."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How bought revenue is known: a label, codes of why it is not better, and the bounds if any."""

    known: Label
    reasons: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None

    @property
    def told(self) -> bool:
        """Whether there are figures, not only bounds."""
        return self.known not in UNTOLD


def standing_of(
    base: Base,
    panel: GrowthPanel | None,
    response: Response | None,
    flows: Flows,
    coverage: Coverage,
) -> Standing:
    """How what paid traffic and subsidy bring is known: the weakest of both.

    Where nothing was ever spent on them, nothing can be lost: that is counted, if the ledger shows
    costs at all. Spend of no unit cannot be told from the months.
    """
    spent = base.spend.any() or base.subsidy.any()
    spent = spent or flows.by["marketing"].any() or flows.by["subsidy"].any()
    if not spent:
        if not coverage.costs:
            return Standing("not_identified", ("no_traffic",))
        return Standing("counted")
    if not coverage.observed:
        return Standing("not_identified", ("months_spread",))
    if response is None:
        return Standing("not_identified", ("no_units" if len(base.units) < 2 else "no_traffic",))
    if panel is not None and _common_share(panel) > MOST_COMMON:
        return Standing("not_identified", ("spend_of_no_unit", *response.reasons))
    subsidised = bool(base.subsidy.any())
    if response.label == "bounds" and response.bounds is not None:
        low, high = response.bounds
        if subsidised:
            high = min(1.0, high + _bought_within(base, base.spend)[1])
        return Standing("bounds", ("bounds_only", *response.reasons), (low, high))
    if base.response is None or response.label in UNTOLD:
        return Standing("not_identified", ("not_identified", *response.reasons))
    weakest = max([response.label] + [response.subsidy_known] * subsidised, key=ORDER.index)
    if weakest == "bounds":
        within = _bought_within(base, np.zeros_like(base.spend))
        return Standing("bounds", ("subsidy_not_identified", *response.reasons), within)
    if weakest == "not_identified":
        return Standing(weakest, ("subsidy_not_identified", *response.reasons))
    return Standing(weakest, response.reasons)


def _bought_within(base: Base, spend: Floats) -> tuple[float, float]:
    """Between what shares of all revenue would be missing with other spend and without subsidy.

    Draws of what subsidy brings are spread over all that it can bring where its rate is unknown.
    """
    none, whole = np.zeros_like(base.subsidy), float(base.total.sum())
    if base.response is None or whole <= 0:
        return 0.0, 1.0
    lost = [
        float((base.revenue - base.without(draw, spend, none, base.dose)).sum()) / whole
        for draw in range(base.draws)
    ]
    low, high = np.quantile(lost, [(1 - WITHIN) / 2, (1 + WITHIN) / 2])
    return float(np.clip(low, 0.0, 1.0)), float(np.clip(high, 0.0, 1.0))


def _common_share(panel: GrowthPanel) -> float:
    """Of spend and subsidy, what stands at no unit."""
    tables = (panel.common_spend, panel.common_subsidy)
    common = sum(float(table.sum()) for table in tables if table is not None)
    whole = common + float(panel.spend.sum() + panel.subsidy.sum())
    return common / whole if whole else 0.0


def lack(figure: str, reason: str) -> dict[str, Any]:
    """A row of the table ``missing``."""
    return {"figure": figure, "reason": reason, "remedy": REMEDIES[reason]}


def lacking(
    coverage: Coverage, base: Base, flows: Flows, standing: Standing, opening: str
) -> list[dict[str, Any]]:
    """What the records themselves do not carry."""
    rows = []
    if not standing.told:
        reason = standing.reasons[0]
        figures = ("traffic_off", "decomposition", "channels", "self_financing")
        rows += [lack(figure, reason) for figure in figures]
    if not flows.by["capital_in"].any():
        rows.append(lack("capital_off", "no_capital"))
    if opening == "cumulated_flows":
        rows.append(lack("cash", "no_cash_account"))
    if opening == "unknown":
        rows += [lack(figure, "no_balance") for figure in ("cash", "capital_off")]
    if not coverage.costs:
        rows += [lack(figure, "no_costs") for figure in ("break_even", "capital_off")]
    elif not flows.by["cost_of_sales"].any():
        rows.append(lack("break_even", "no_cost_of_sales"))
    if not base.interventions:
        rows.append(lack("earned", "no_interventions"))
    if not coverage.observed:
        rows.append(lack("months", "months_spread"))
    return rows
