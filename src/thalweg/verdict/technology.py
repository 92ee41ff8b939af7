"""Research against application: what was paid for, where it is in use, and whether it works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from thalweg.change.answers.kept import Proved
from thalweg.change.frame import ALREADY, NEVER, Mask, Rollout
from thalweg.change.result import ProveResult
from thalweg.economy.frame import Accounts
from thalweg.records.profile.model import Profile

Class = Literal["matched", "spread_ready", "ineffective", "shelf", "unproven"]
WIDELY = 0.5
"""Share of the eligible units from which what works counts as spread."""
HARDLY = 0.2
"""Share of the eligible units and events below which what was paid for is hardly used."""
LAST = {"month": 12, "week": 52}
"""Periods at the end over which use is counted."""
TECHNOLOGY = "technology"
SPENT = ("research", "rollout")


@dataclass(frozen=True, slots=True)
class Match:
    """One intervention.

    spend           research and roll-out, in ``currency``; None: not known.
    eligible_share  part of the units that have it at the end. event_share: part of the items of
                    the layers it names that were worked with it in the last year.
    effect          relative change of the outcome that speaks for it, with its grade.
    shelved         class code; reason: code of what decided it.
    """

    intervention: str
    kind: str | None
    spend: float | None
    currency: str | None
    eligible_share: float
    event_share: float | None
    outcome: str | None
    effect: float | None
    grade: str
    match: Class
    reason: str

    def to_row(self) -> dict[str, Any]:
        """A row of ``JudgeResult.technology``."""
        names = ("intervention", "kind", "spend", "eligible_share", "event_share", "effect")
        row = {name: getattr(self, name) for name in names}
        return row | {"grade": self.grade, "class": self.match, "reason": self.reason}


def match_technology(
    result: ProveResult,
    accounts: Accounts | None,
    interventions: pl.DataFrame | None = None,
    *,
    profile: Profile,
) -> tuple[Match, ...]:
    """Every intervention of a prove result, in the order of their ids.

    Takes    accounts: lines of research and roll-out that name the intervention as their product.
             interventions: the table, for its ``cost`` where the ledger names none.
    """
    proved = result.kept
    if proved is None:
        return ()
    about = result.facts.get("interventions", {})
    found = []
    for name in sorted(about):
        rows = result.effects.filter(pl.col("intervention") == name)
        spend, currency = spend_of(name, accounts, interventions)
        units, events = _use(proved, proved.rollouts[name], about[name]["layers"])
        outcome, effect, grade = _speaks(rows, about[name]["layers"])
        match, reason = classify(rows, units, events, profile.thresholds.layer)
        found.append(
            Match(
                intervention=name,
                kind=about[name]["kind"],
                spend=spend,
                currency=currency,
                eligible_share=units,
                event_share=events,
                outcome=outcome,
                effect=effect,
                grade=grade,
                match=match,
                reason=reason,
            )
        )
    return tuple(found)


def classify(
    effects: pl.DataFrame, units: float, events: float | None, matters: float
) -> tuple[Class, str]:
    """Class and reason of one intervention.

    Takes    effects: its rows of ``ProveResult.effects``. units, events: shares in use. matters:
             smallest relative improvement worth having.
    """
    rows = headlines(effects)
    if any(row["found"] == "improved" for row in rows):
        return ("matched", "works_and_spread") if units >= WIDELY else ("spread_ready", "works")
    if max(units, events or 0.0) < HARDLY:
        return "shelf", "hardly_used"
    sound = [row for row in rows if row["grade"] in ("A", "B", "C")]
    if not sound:
        return "unproven", "no_identified_design"
    if any(row["found"] == "worsened" for row in sound):
        return "ineffective", "made_worse"
    gains = [_largest_gain(row) for row in sound]
    if all(gain is not None and gain < matters for gain in gains):
        return "ineffective", "effect_ruled_out"
    return "ineffective", "no_effect_seen"


def _largest_gain(row: dict[str, Any]) -> float | None:
    """The largest improvement that the interval leaves open, as a share."""
    end = row["relative_low"] if row["better"] == "lower" else row["relative_high"]
    if end is None:
        return None
    return -float(end) if row["better"] == "lower" else float(end)


def headlines(effects: pl.DataFrame) -> list[dict[str, Any]]:
    """The layers that an intervention names; the whole flow where it names none."""
    rows = effects.filter(pl.col("role") == "headline").to_dicts()
    layers = [row for row in rows if row["outcome_kind"] == "layer"]
    return layers or rows


def _speaks(effects: pl.DataFrame, _layers: Sequence[str]) -> tuple[str | None, float | None, str]:
    """The outcome that speaks for it: the surest improvement, else the best design."""
    rows = headlines(effects)
    if not rows:
        return None, None, "N"
    better = [row for row in rows if row["found"] == "improved"]
    chosen = min(
        better or rows, key=lambda row: (row["grade"], 1.0 if row["p"] is None else row["p"])
    )
    shown = chosen["grade"] in ("A", "B", "C")
    return chosen["outcome"], chosen["relative"] if shown else None, chosen["grade"]


def spend_of(
    name: str, accounts: Accounts | None, interventions: pl.DataFrame | None
) -> tuple[float | None, str | None]:
    """Research and roll-out of an intervention and their currency: by the ledger, else by the costs
    in the table of interventions; None where neither tells, or these are in several currencies."""
    if accounts is not None:
        lines = accounts.lines.filter(
            (pl.col("product") == name) & pl.col("account").is_in(list(SPENT))
        )
        if len(lines):
            return -float(lines["amount"].sum()), accounts.currency
    if interventions is None or "cost" not in interventions.columns:
        return None, None
    rows = interventions.filter(pl.col("id") == name).drop_nulls("cost")
    if not len(rows):
        return None, None
    currencies = (
        rows["currency"].drop_nulls().unique().to_list() if "currency" in rows.columns else []
    )
    if len(currencies) > 1:
        return None, None
    return float(rows["cost"].sum()), currencies[0] if currencies else None


def _use(proved: Proved, rollout: Rollout, layers: Sequence[str]) -> tuple[float, float | None]:
    """Share of the units that have it at the end, and of last year's items that were worked so."""
    panels = proved.panels
    periods = len(panels.grid)
    kept: Mask = np.asarray((rollout.start != NEVER) & (rollout.stop >= periods))
    units = float(kept.mean()) if len(kept) else 0.0
    at = np.arange(periods)[None, :]
    start = np.where(rollout.start == ALREADY, 0, rollout.start)[:, None]
    inside = (at >= start) & (at < rollout.stop[:, None])
    last = at >= periods - LAST[panels.grid.every]
    named = [panels.panels[f"layer_h:{one}"] for one in layers if f"layer_h:{one}" in panels.panels]
    total = sum(float((one.objects * last).sum()) for one in named)
    if total <= 0:
        return units, None
    return units, sum(float((one.objects * (inside & last)).sum()) for one in named) / total


def match_ratio(matches: Sequence[Match]) -> float | None:
    """Spend on matched technology over all technology spend; None where spend is not known.

    Interventions of other kinds count where none is called technology.
    """
    technology = [one for one in matches if one.kind == TECHNOLOGY] or list(matches)
    spends = [one.spend for one in technology if one.spend is not None]
    if len(spends) < len(technology) or not sum(spends) > 0:
        return None
    matched = sum(one.spend or 0.0 for one in technology if one.match == "matched")
    return matched / sum(spends)
