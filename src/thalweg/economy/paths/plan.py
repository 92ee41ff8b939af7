"""What is spent and rolled out after the last month: as it is, stopped, or as a scenario sets it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from thalweg.economy.frame import Accounts, Floats
from thalweg.economy.paths.base import Base
from thalweg.economy.paths.costs import FOLLOWING, YEAR, Flows, budget, running
from thalweg.economy.paths.scenario import Change, Scenario
from thalweg.errors import RequestError


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """H months ahead. spend (C, N, H), subsidy (N, H), dose (K, N, H): as in the panel.

    budgets: account → (H,) cash, signed, of what does not follow revenue. factors: account → what
    multiplies the costs that do. ``told`` is False where revenue under the plan cannot be known.
    """

    spend: Floats
    subsidy: Floats
    dose: Floats
    budgets: dict[str, Floats]
    factors: dict[str, float]
    told: bool = True


@dataclass(frozen=True, slots=True)
class RolloutCost:
    """Of bringing an intervention to one more unit, in the currency; found: from its own lines."""

    amount: float
    found: bool


def as_it_is(base: Base, flows: Flows, months: int) -> Plan:
    """Traffic, subsidy and marketing as in the last twelve months, month for month; doses as last.

    Research: their mean. Roll-outs: their median. Capital: the mean of the whole record. Costs that
    follow revenue are not in the budgets.
    """
    by = flows.by
    level = {name: np.full(months, budget(by[name])) for name in ("research", "other")}
    whole = {name: np.full(months, by[name].mean()) for name in ("capital_in", "capital_out")}
    return Plan(
        spend=_again(base.spend, months),
        subsidy=_again(base.subsidy, months),
        dose=np.repeat(base.dose[:, :, -1:], months, axis=2),
        budgets={
            "marketing": _again(by["marketing"], months),
            "subsidy": _again(by["subsidy"], months),
            "rollout": np.full(months, running(by["rollout"])),
            **level,
            **whole,
        },
        factors=dict.fromkeys(FOLLOWING, 1.0),
    )


def _again(values: Floats, months: int) -> Floats:
    """The last twelve months (or as many as there are) over and over."""
    season = values[..., -YEAR:]
    return np.asarray(season[..., np.arange(months) % season.shape[-1]])


def without_traffic(plan: Plan, base: Base) -> Plan:
    """No paid traffic and no subsidy; marketing that is not paid traffic stays."""
    paid = plan.budgets["marketing"] + _channel_cash(plan, plan.spend)
    return replace(
        plan,
        spend=np.zeros_like(plan.spend),
        subsidy=np.zeros_like(plan.subsidy),
        budgets=plan.budgets
        | {
            "marketing": paid if len(base.channels) else np.zeros_like(paid),
            "subsidy": np.zeros_like(paid),
        },
        told=base.response is not None or not spends(plan),
    )


def without_capital(plan: Plan) -> Plan:
    """No outside capital comes in; what is paid back or out stays."""
    nothing = np.zeros_like(plan.budgets["capital_in"])
    return replace(plan, budgets=plan.budgets | {"capital_in": nothing})


def spends(plan: Plan) -> bool:
    """Whether anything is bought: by channel, by subsidy, or in a ledger without channels."""
    cash = plan.budgets["marketing"].any() or plan.budgets["subsidy"].any()
    return bool(plan.spend.any() or plan.subsidy.any() or cash)


def _channel_cash(plan: Plan, spend: Floats) -> Floats:
    """(H,) what spend on channels takes of the marketing account, positive, by month.

    Where the ledger holds less marketing than the traffic table, each is scaled to the ledger.
    """
    whole = float(plan.spend.sum())
    if not whole:
        return np.zeros(spend.shape[-1])
    held = min(1.0, -float(plan.budgets["marketing"].sum()) / whole)
    return np.asarray(max(held, 0.0) * spend.sum(axis=(0, 1)))


def set_as(
    plan: Plan,
    scenario: Scenario,
    base: Base,
    ahead: tuple[date, ...],
    costs: dict[str, RolloutCost],
) -> Plan:
    """The plan with all changes of a scenario.

    Raises   RequestError: an amount for what nothing was spent on, or a roll-out that would begin
             before the first month ahead or after the last.
    """
    changed = plan
    for change in scenario.changes:
        changed = _set(changed, plan, change, base, ahead, costs)
    rolls = changed.dose is not plan.dose
    bought = any(one.budget in ("marketing", "subsidy") for one in scenario.changes)
    unknown = base.response is None and (rolls or (bought and spends(plan)))
    return replace(changed, told=not unknown)


def _set(
    plan: Plan,
    first: Plan,
    change: Change,
    base: Base,
    ahead: tuple[date, ...],
    costs: dict[str, RolloutCost],
) -> Plan:
    match change.budget:
        case "rollout":
            return _rolled_out(plan, change, base, ahead, costs)
        case "marketing":
            return _marketing(plan, first, change, base)
        case "operations" | "cost_of_sales":
            if change.factor is None:
                raise RequestError(
                    f"{change.budget!r} follows revenue. Give a change, such as {change.budget}=+10%."
                )
            return replace(plan, factors=plan.factors | {change.budget: change.factor})
        case "subsidy":
            factor = _factor(change, float(first.budgets["subsidy"].mean()))
            budgets = plan.budgets | {"subsidy": first.budgets["subsidy"] * factor}
            return replace(plan, subsidy=first.subsidy * factor, budgets=budgets)
        case "capital" | "research":
            name = "capital_in" if change.budget == "capital" else change.budget
            level = first.budgets[name]
            sign = 1.0 if name == "capital_in" else -1.0
            if change.factor is not None:
                level = level * change.factor
            elif change.amount is not None:
                level = np.full_like(level, sign * change.amount)
            return replace(plan, budgets=plan.budgets | {name: level})


def _factor(change: Change, level: float) -> float:
    """What multiplies a budget of so much a month."""
    if change.factor is not None:
        return change.factor
    if not level:
        what = change.budget + (f".{change.name}" if change.name else "")
        raise RequestError(
            f"Nothing was spent on {what!r} in the last twelve months, so an amount cannot be laid "
            "over units. Give a change in percent of something that is spent."
        )
    return float(change.amount or 0.0) / abs(level)


def _marketing(plan: Plan, first: Plan, change: Change, base: Base) -> Plan:
    spend, cash = plan.spend.copy(), plan.budgets["marketing"]
    if change.name is None:
        factor = _factor(change, float(first.budgets["marketing"].mean()))
        cash, spend = first.budgets["marketing"] * factor, first.spend * factor
    else:
        at = base.channels.index(change.name)
        factor = _factor(change, float(first.spend[at].sum(axis=0).mean()))
        spend[at] = first.spend[at] * factor
        cash = cash - (factor - 1) * _channel_cash(first, first.spend[at : at + 1])
    return replace(plan, spend=spend, budgets=plan.budgets | {"marketing": cash})


def _rolled_out(
    plan: Plan, change: Change, base: Base, ahead: tuple[date, ...], costs: dict[str, RolloutCost]
) -> Plan:
    name, begins = str(change.name), change.from_month
    if begins is None or begins not in ahead:
        raise RequestError(
            f"rollout.{name} would begin in {begins:%Y-%m}. Give a month from {ahead[0]:%Y-%m} to "
            f"{ahead[-1]:%Y-%m}: after the records end and within the horizon."
        )
    at, month = base.interventions.index(name), ahead.index(begins)
    last = base.dose[at, :, -1]
    fresh = last == 0
    full = float(last[~fresh].mean()) if (~fresh).any() else 1.0
    dose, spent = plan.dose.copy(), plan.budgets["rollout"].copy()
    dose[at, fresh, month:] = full
    cost = costs.get(name)
    if cost is not None:
        spent[month] -= cost.amount * int(fresh.sum())
    return replace(plan, dose=dose, budgets=plan.budgets | {"rollout": spent})


def rollout_costs(accounts: Accounts, base: Base) -> dict[str, RolloutCost]:
    """What it cost to bring each intervention to a unit: its roll-out lines over units that have it.

    Lines belong to an intervention whose id they carry as product. Where none do, all roll-out lines
    are divided by all units' interventions.
    """
    lines = accounts.lines.filter(pl.col("account") == "rollout")
    used = (base.dose > 0).any(axis=2).sum(axis=1)
    total, everywhere = -float(lines["amount"].sum()), int(used.sum())
    found = {}
    for at, name in enumerate(base.interventions):
        own = lines.filter(pl.col("product") == name)
        if len(own) and used[at]:
            found[name] = RolloutCost(-float(own["amount"].sum()) / int(used[at]), True)
        elif total > 0 and everywhere:
            found[name] = RolloutCost(total / everywhere, False)
    return found
