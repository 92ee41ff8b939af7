"""The region of the chart of depth by dependence, or why none is named.

A region is named only if the joint probability of its two halves reaches the threshold, with
whatever is not identified counted against it. Absence needs more than presence:

- Shallow must hold at the most that unmeasured interventions may have removed, deep at the least.
- Dependence that only a model separates (or bounds, or nothing) names no region.
- Quiet trade claims two absences. It is named where nothing is spent on paid traffic and subsidy,
  by count. Where money is spent, "it would sell as much without" is an estimate of something that
  nobody has seen, and together with interventions that show no effect it cannot be told from
  records that show nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from thalweg.change.frame import Floats
from thalweg.economy.frame import Label
from thalweg.economy.result import SustainResult
from thalweg.records.profile.model import Thresholds
from thalweg.verdict.depth.measure import Depth, PlatformDepth
from thalweg.verdict.result import REGIONS, Region, Verdict

TOLD: tuple[Label, ...] = ("counted", "experimental", "event_based")
"""Ways of knowing by which dependence may name a region."""
BOUGHT = ("marketing", "subsidy")
MONTHS = 12
MOST_DRAWN = 400

SETTLES: dict[str, tuple[str, ...]] = {
    "no_interventions": ("record_interventions",),
    "no_events": ("record_events",),
    "no_units": ("record_layers",),
    "no_layer_measured": ("record_layers",),
    "depth_not_measured": ("stagger", "draw_dates"),
    "depth_undecided": ("more_units", "longer"),
    "depth_hidden": ("stagger",),
    "no_ledger": ("record_ledger",),
    "unmapped_accounts": ("map_accounts",),
    "dependence_unknown": ("pause_traffic", "record_traffic"),
    "dependence_model_only": ("pause_traffic",),
    "dependence_undecided": ("pause_traffic", "longer"),
    "joint_undecided": ("pause_traffic", "more_units"),
    "absence_not_shown": ("pause_traffic", "draw_dates"),
}
"""Reason for naming no region → records or designs that would settle it, the most telling first."""


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Share of revenue lost twelve months after paid traffic and subsidy end.

    known  label. draws: (D,), empty where there are none. value, low, high: None where not told.
    least, most: bounds, where only a range is known. missing: code of why it is not known.
    """

    value: float | None
    low: float | None
    high: float | None
    known: Label
    draws: Floats
    least: float | None = None
    most: float | None = None
    missing: str | None = None


NOTHING_KNOWN = Dependence(None, None, None, "not_identified", np.zeros(0), missing="no_ledger")


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A verdict and what it rests on.

    reasons  of a region: what its name rests on; else: why none is named. settle: codes of what
             would settle it, the most telling first.
    probabilities  of the draws as measured, by region; empty where an axis is unknown. held: the
             same with what is not identified counted against each.
    draws    (n, 2) joint draws of depth and dependence, at most 400.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    settle: tuple[str, ...]
    probabilities: dict[Region, float]
    held: dict[Region, float]
    draws: Floats

    def region_rows(self) -> list[dict[str, Any]]:
        """The rows of ``JudgeResult.regions``."""
        return [{"region": one, "probability": p} for one, p in self.probabilities.items()]

    def draw_rows(self) -> list[dict[str, Any]]:
        """The rows of ``JudgeResult.draws``."""
        return [
            {"draw": at, "depth": float(deep), "dependence": float(lost)}
            for at, (deep, lost) in enumerate(self.draws)
        ]


def dependence_of(sustain: SustainResult | None) -> Dependence:
    """What the money says of dependence, twelve months after traffic and subsidy end.

    Nothing spent at all on paid traffic and subsidy is a dependence of zero, by count; not where
    lines of the ledger stand under no standard account, for they may be what was spent.
    """
    if sustain is None:
        return NOTHING_KNOWN
    if spends_nothing(sustain):
        return Dependence(0.0, 0.0, 0.0, "counted", np.zeros(MOST_DRAWN))
    rows = sustain.traffic_off.filter(pl.col("horizon_months") == MONTHS).to_dicts()
    drawn = np.asarray(sustain.draws.get("lost_12m", np.zeros(0)), dtype=np.float64)
    if not rows or rows[0]["lost_share"] is None:
        return Dependence(
            None, None, None, "not_identified", np.zeros(0), missing="dependence_unknown"
        )
    row = rows[0]
    if row["known"] == "counted":
        return Dependence(
            None, None, None, "not_identified", np.zeros(0), missing="unmapped_accounts"
        )
    low = None if row["high"] is None else 1.0 - row["high"]
    high = None if row["low"] is None else 1.0 - row["low"]
    if row["known"] == "bounds":
        return Dependence(None, None, None, "bounds", np.zeros(0), low, high, "dependence_bounds")
    return Dependence(row["lost_share"], low, high, row["known"], drawn)


def spends_nothing(sustain: SustainResult) -> bool:
    """Whether a ledger with revenue has no line of marketing, subsidy or traffic, and none unmapped."""
    if sustain.kept is None:
        return False
    accounts = sustain.kept[0]
    lines = accounts.lines
    flows = lines.filter(pl.col("amount") != 0.0)
    sold = flows.filter(pl.col("account") == "revenue")
    spent = flows.filter(pl.col("account").is_in([*BOUGHT, "other"]))
    paid = accounts.traffic.filter(pl.col("spend") > 0)
    return len(sold) > 0 and len(spent) == 0 and len(paid) == 0


def place(
    depth: Depth | None, dependence: Dependence, thresholds: Thresholds, missing: str | None = None
) -> Placed:
    """Name the region, or say why none is named and what would settle it.

    Takes    depth: None where nothing was proved; missing: then the code of why.
    """
    platform = None if depth is None else depth.platform
    reasons = _unknown_depth(platform, missing) + _unknown_dependence(dependence)
    if platform is None or not len(dependence.draws):
        return _declined(reasons, {}, {}, np.zeros((0, 2)))
    deep, lost = platform.draws >= thresholds.depth, dependence.draws >= thresholds.dependence
    measured = _regions(float(deep.mean()), 1 - float(deep.mean()), float(lost.mean()))
    surely = float((platform.least_draws >= thresholds.depth).mean())
    shallow = float((platform.most_draws < thresholds.depth).mean())
    held = _regions(surely, shallow, float(lost.mean()))
    count = min(len(platform.draws), len(dependence.draws), MOST_DRAWN)
    joint = np.column_stack([platform.draws[:count], dependence.draws[:count]])
    enough = thresholds.probability
    best = max(REGIONS, key=lambda region: held[region])
    if not reasons and held[best] < enough:
        reasons += _undecided(measured, (surely, shallow), float(lost.mean()), enough)
    if not reasons and best == "quiet_trade" and dependence.known != "counted":
        reasons.append("absence_not_shown")
    if reasons:
        return _declined(reasons, measured, held, joint)
    return Placed(best, _rests_on(best, platform, dependence), (), measured, held, joint)


def _regions(deep: float, shallow: float, dependent: float) -> dict[Region, float]:
    """Probability of each region: errors of depth and dependence are taken as independent."""
    free = 1 - dependent
    return {
        "industrial_revolution": deep * free,
        "transition": deep * dependent,
        "traffic_war": shallow * dependent,
        "quiet_trade": shallow * free,
    }


def _unknown_depth(platform: PlatformDepth | None, missing: str | None) -> list[str]:
    if platform is None:
        return [missing or "no_layer_measured"]
    return [] if platform.interventions else ["depth_not_measured"]


def _unknown_dependence(dependence: Dependence) -> list[str]:
    if dependence.known == "model_only":
        return ["dependence_model_only"]
    if dependence.known not in TOLD or not len(dependence.draws):
        known = dependence.missing in SETTLES
        return [dependence.missing if known and dependence.missing else "dependence_unknown"]
    return []


def _undecided(
    measured: dict[Region, float], depth: tuple[float, float], dependent: float, enough: float
) -> list[str]:
    """Which half of the name is missing: as measured, or with what is hidden counted against it."""
    found = []
    deep = measured["industrial_revolution"] + measured["transition"]
    if max(deep, 1 - deep) < enough:
        found.append("depth_undecided")
    elif max(depth) < enough:
        found.append("depth_hidden")
    if max(dependent, 1 - dependent) < enough:
        found.append("dependence_undecided")
    return found or ["joint_undecided"]


def _declined(
    reasons: Sequence[str], measured: dict[Region, float], held: dict[Region, float], joint: Floats
) -> Placed:
    settle = [code for reason in reasons for code in SETTLES.get(reason, ())]
    ordered = tuple(dict.fromkeys(settle))
    return Placed("not_enough_evidence", tuple(reasons), ordered, measured, held, joint)


def _rests_on(region: Region, platform: PlatformDepth, dependence: Dependence) -> tuple[str, ...]:
    deep = region in ("industrial_revolution", "transition")
    codes = ["deep_shown" if deep else "shallow_under_bounds"]
    if dependence.known == "counted":
        codes.append("nothing_bought")
    else:
        dependent = region in ("transition", "traffic_war")
        codes.append("dependent_shown" if dependent else "self_standing_shown")
    if platform.unmeasured_share > 0:
        codes.append("bounds_counted_against")
    return tuple(codes)


def axis_rows(
    depth: Depth | None, dependence: Dependence, missing: str | None
) -> list[dict[str, Any]]:
    """The rows of ``JudgeResult.axes`` for depth and dependence."""
    platform = None if depth is None else depth.platform
    first: dict[str, Any] = {
        "axis": "depth",
        "known": "N",
        "missing": missing or "no_layer_measured",
    }
    if depth is not None and platform is not None:
        grades = [one.known for one in depth.of(platform.burden) if one.treated_share > 0]
        first = {
            "axis": "depth",
            "value": platform.depth,
            "low": platform.low,
            "high": platform.high,
            "known": max(grades, default="N", key="ABCDN".index),
            "least": platform.least,
            "most": platform.most,
            "missing": None if platform.interventions else "depth_not_measured",
        }
    names = ("value", "low", "high", "known", "least", "most", "missing")
    return [first, {"axis": "dependence"} | {name: getattr(dependence, name) for name in names}]
