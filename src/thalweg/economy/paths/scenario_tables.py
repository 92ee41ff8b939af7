"""Scenarios beside what goes on as it is, on the same chances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.economy.frame import Accounts, Floats
from thalweg.economy.known import lack
from thalweg.economy.paths.cash import ends
from thalweg.economy.paths.forward import Ahead
from thalweg.economy.paths.ground import Ground
from thalweg.economy.paths.interval import interval
from thalweg.economy.paths.plan import Plan, rollout_costs, set_as
from thalweg.economy.paths.scenario import Scenario

Rows = list[dict[str, Any]]
AS_IS = "as_is"
OPERATING = ("revenue_12m", "operating_cash_12m", "operating_cash_last_month")
MEASURES = (*OPERATING, "cash_12m", "cash_at_horizon", "alive_share")
BEYOND = 1.05
"""Spend of a unit and month beyond so many times the highest seen is told of."""


def scenario_tables(
    ground: Ground, accounts: Accounts, as_is: Ahead, scenarios: Sequence[Scenario]
) -> tuple[Rows, Rows, list[str]]:
    """Rows of scenarios (as it is first), rows of what is missing, and warnings.

    Raises   RequestError: a scenario that cannot be laid over the record.
    """
    shown = _shown(ground)
    first = {name: draws for name, draws in measures(as_is).items() if name in shown}
    rows, missing, warnings = _rows(ground, AS_IS, first, None), [], []
    costs = rollout_costs(accounts, ground.base)
    for scenario in scenarios:
        plan = set_as(ground.plan, scenario, ground.base, ground.ahead, costs)
        if not plan.told or (_buys(ground.plan, plan) and not ground.standing.told):
            missing.append(lack(f"scenario:{scenario.text}", _why(ground)))
            continue
        if _beyond(ground, plan):
            warnings.append("scenario_beyond_what_was_seen")
        if _idle(ground.plan, plan, scenario):
            warnings.append("scenario_reaches_no_unit")
        told = measures(ground.play(plan))
        rows += _rows(ground, scenario.text, {name: told[name] for name in first}, first)
    return rows, missing, warnings


def _shown(ground: Ground) -> tuple[str, ...]:
    """Measures that are known: cash needs its costs, a balance its opening."""
    if not ground.coverage.costs:
        return ("revenue_12m",)
    return MEASURES if ground.banked else OPERATING


def _why(ground: Ground) -> str:
    return ground.standing.reasons[0] if ground.standing.reasons else "not_identified"


def _buys(first: Plan, plan: Plan) -> bool:
    """Whether a plan buys other revenue."""
    return plan.spend is not first.spend or plan.subsidy is not first.subsidy


def _beyond(ground: Ground, plan: Plan) -> bool:
    if not plan.spend.size:
        return False
    seen = ground.base.spend.max(axis=(1, 2))
    return bool((plan.spend.max(axis=(1, 2)) > BEYOND * seen).any())


def _idle(first: Plan, plan: Plan, scenario: Scenario) -> bool:
    """Whether a roll-out would reach nobody, since all units have it."""
    rolls = any(change.budget == "rollout" for change in scenario.changes)
    return rolls and bool((first.dose == plan.dose).all())


def measures(ahead: Ahead) -> dict[str, Floats]:
    """Measure → (D,) draws. Months of cash: NaN where it lasts beyond the horizon."""
    year = min(12, ahead.revenue.shape[1])
    found = ends(ahead.balance)
    return {
        "revenue_12m": ahead.revenue[:, :year].sum(axis=1),
        "operating_cash_12m": ahead.operating[:, :year].sum(axis=1),
        "cash_12m": ahead.balance[:, year - 1],
        "cash_at_horizon": ahead.balance[:, -1],
        "alive_share": np.isnan(found).astype(np.float64),
        "operating_cash_last_month": ahead.operating[:, -1],
    }


def _rows(
    ground: Ground, name: str, values: dict[str, Floats], first: dict[str, Floats] | None
) -> Rows:
    rows = []
    for measure, draws in values.items():
        row: dict[str, Any] = {"scenario": name, "measure": measure}
        if measure == "alive_share":
            row["value"] = float(draws.mean())
            if first is not None:
                row["difference"] = float((draws - first[measure]).mean())
            rows.append(row)
            continue
        found = interval(draws, ground.confidence)
        row |= {"value": found.value, "low": found.low, "high": found.high}
        if first is not None:
            gap = interval(draws - first[measure], ground.confidence)
            row |= {
                "difference": gap.value,
                "difference_low": gap.low,
                "difference_high": gap.high,
            }
        rows.append(row)
    return rows
