"""Self-financing and break-even: what reshaping brings against what is spent."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.economy.frame import Floats
from thalweg.economy.paths.cash import breaks_even, held_since, passes
from thalweg.economy.paths.forward import Ahead
from thalweg.economy.paths.ground import Ground
from thalweg.economy.paths.interval import interval, place_interval

Rows = list[dict[str, Any]]
Draws = dict[str, Floats]


def created_value(ground: Ground) -> Floats:
    """(D, T) gross profit of what interventions earned, by month.

    A month's earned revenue times its gross margin. New products count as far as a recorded
    intervention brings them: how much of other new revenue only took the place of old is not known
    here. Savings are not counted, since no account shows what was not spent.
    """
    base = ground.base
    total, sold = base.total, -ground.flows.by["cost_of_sales"]
    margin = 1 - np.divide(sold, total, out=np.zeros_like(total), where=total > 0)
    none = np.zeros_like(base.dose)
    out = np.empty((base.draws, len(base.months)))
    for draw in range(base.draws):
        bare = base.without(draw, base.spend, base.subsidy, none)
        out[draw] = (base.revenue - bare).sum(axis=0)
    return np.asarray(out * margin)


def reshaping_tables(ground: Ground, as_is: Ahead | None) -> tuple[dict[str, Rows], Draws]:
    """Rows of self_financing and break_even, and draws of both."""
    draws: Draws = {}
    tables: dict[str, Rows] = {"self_financing": [], "break_even": []}
    tables["break_even"].append(_operating(ground, as_is, draws))
    if not ground.standing.told:
        return tables, draws
    created, burned = created_value(ground), ground.flows.burned
    tables["self_financing"] = _by_month(ground, created, burned)
    spent = float(burned.sum())
    if spent > 0:
        draws["self_financing"] = created.sum(axis=1) / spent
    tables["break_even"].append(_cumulative(ground, created, as_is, draws))
    return tables, draws


def _by_month(ground: Ground, created: Floats, burned: Floats) -> Rows:
    middle = np.median(created, axis=0)
    all_created, all_burned = np.cumsum(middle), np.cumsum(burned)
    rows = []
    for at, month in enumerate(ground.base.months):
        found = interval(created[:, at], ground.confidence)
        rows.append(
            {
                "month": month,
                "created": found.value,
                "burned": float(burned[at]),
                "ratio": float(middle[at] / burned[at]) if burned[at] > 0 else None,
                "created_cumulative": float(all_created[at]),
                "burned_cumulative": float(all_burned[at]),
                "created_low": found.low,
                "created_high": found.high,
                "known": ground.standing.known if created.any() else "counted",
            }
        )
    return rows


def _operating(ground: Ground, as_is: Ahead | None, draws: Draws) -> dict[str, Any]:
    """Counted where the last three months lost nothing; else looked for in the months to come."""
    if not ground.coverage.costs or not ground.coverage.observed:
        return {"kind": "operating", "known": "not_identified"}
    since = held_since(ground.flows.operating, ground.coverage.held)
    if since is not None:
        month = ground.month(since)
        draws["operating_break_even"] = np.full(ground.base.draws, float(since))
        same = {"month": month, "low": month, "high": month, "reached_share": 1.0}
        return {"kind": "operating", "known": "counted"} | same
    if as_is is None:
        return {"kind": "operating", "known": "not_identified"}
    first = len(ground.base.months)
    places = breaks_even(as_is.operating) + first
    draws["operating_break_even"] = places
    return _when(ground, "operating", places, "model_only")


def _cumulative(
    ground: Ground, created: Floats, as_is: Ahead | None, draws: Draws
) -> dict[str, Any]:
    """From when on all that was created is no less than all that was spent, months to come too."""
    burned = np.broadcast_to(ground.flows.burned, created.shape)
    if as_is is not None:
        sold = np.divide(
            as_is.cost_of_sales,
            as_is.revenue,
            out=np.ones_like(as_is.revenue),
            where=as_is.revenue > 0,
        )
        budgets = ground.plan.budgets
        spent = -sum(budgets[name] for name in ("marketing", "subsidy", "research", "rollout"))
        created = np.concatenate((created, as_is.earned * (1 - sold)), axis=1)
        burned = np.concatenate((burned, np.broadcast_to(spent, as_is.earned.shape)), axis=1)
    places = passes(created, burned)
    draws["cumulative_break_even"] = places
    return _when(ground, "cumulative", places, ground.standing.known)


def _when(ground: Ground, kind: str, places: Floats, known: str) -> dict[str, Any]:
    middle, low, high = place_interval(places, ground.confidence)
    return {
        "kind": kind,
        "month": ground.month(middle),
        "low": ground.month(low),
        "high": ground.month(high),
        "reached_share": float(np.isfinite(places).mean()),
        "known": "model_only" if known == "counted" else known,
    }
