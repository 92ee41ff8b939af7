"""The region of the chart of depth by dependence, or why none is named.

A region is named only if the joint probability of its two halves reaches the threshold, with
whatever is not identified counted against it. Absence needs more than presence:

- Shallow must hold at the most that unmeasured interventions may have removed, deep at the least.
- Dependence that only a model separates (or bounds, or nothing) names no region. Where paid traffic
  is told by lot or by events and subsidy by a model alone, the subsidy's part counts a third less for
  dependent, and half as much again against self-standing. Where so little is spent that no return thought
  possible could have bought the threshold, the platform is self-standing whatever a model says.
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

from thalweg.change.frame import Floats
from thalweg.records.profile.model import Thresholds
from thalweg.verdict.dependence import Dependence
from thalweg.verdict.depth.measure import Depth, PlatformDepth
from thalweg.verdict.result import REGIONS, Region, Verdict

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
    "dependence_hidden": ("pause_subsidy",),
    "joint_undecided": ("pause_traffic", "more_units"),
    "absence_not_shown": ("pause_traffic", "draw_dates"),
}
"""Reason for naming no region → records or designs that would settle it, the most telling first."""


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


def place(
    depth: Depth | None, dependence: Dependence, thresholds: Thresholds, missing: str | None = None
) -> Placed:
    """Name the region, or say why none is named and what would settle it.

    Takes    depth: None where nothing was proved; missing: then the code of why.
    """
    platform = None if depth is None else depth.platform
    free = dependence.by_money is not None and dependence.by_money < thresholds.dependence
    reasons = _unknown_depth(platform, missing) + ([] if free else _unknown_dependence(dependence))
    if platform is None or not (len(dependence.draws) or free):
        return _declined(reasons, {}, {}, np.zeros((0, 2)))
    enough = thresholds.probability
    deep = float((platform.draws >= thresholds.depth).mean())
    lost, dependent, self_standing = _bought(dependence, thresholds.dependence, free)
    measured = _regions(deep, 1 - deep, lost, 1 - lost)
    surely = (
        float((platform.least_draws >= thresholds.depth).mean()),
        float((platform.most_draws < thresholds.depth).mean()),
        dependent,
        self_standing,
    )
    held = _regions(*surely)
    count = min(len(platform.draws), len(dependence.draws), MOST_DRAWN)
    joint = np.column_stack([platform.draws[:count], dependence.draws[:count]])
    best = max(REGIONS, key=lambda region: held[region])
    if not reasons and held[best] < enough:
        reasons += _undecided((deep, lost), surely, enough)
    if not reasons and best == "quiet_trade" and dependence.known != "counted":
        reasons.append("absence_not_shown")
    if reasons:
        return _declined(reasons, measured, held, joint)
    return Placed(best, _rests_on(best, platform, dependence, free), (), measured, held, joint)


def _bought(dependence: Dependence, threshold: float, free: bool) -> tuple[float, float, float]:
    """Probability of being dependent as measured; that it surely is; and that it surely is not.

    free: too little was spent for it, whatever a model says.
    """
    if free:
        return 0.0, 0.0, 1.0
    lost = float((dependence.draws >= threshold).mean())
    if not dependence.names:
        return lost, 0.0, 0.0
    least = float((dependence.least_draws >= threshold).mean())
    most = float((dependence.most_draws < threshold).mean())
    return lost, least, most


def _regions(deep: float, shallow: float, dependent: float, free: float) -> dict[Region, float]:
    """Probability of each region: errors of depth and dependence are taken as independent."""
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
    if not len(dependence.draws):
        known = dependence.missing in SETTLES
        return [dependence.missing if known and dependence.missing else "dependence_unknown"]
    return [] if dependence.names else ["dependence_model_only"]


def _undecided(
    measured: tuple[float, float], surely: tuple[float, float, float, float], enough: float
) -> list[str]:
    """Which half of the name is missing: as measured, or with what is hidden counted against it."""
    found = []
    halves = (("depth", measured[0], surely[:2]), ("dependence", measured[1], surely[2:]))
    for axis, above, held in halves:
        if max(above, 1 - above) < enough:
            found.append(f"{axis}_undecided")
        elif max(held) < enough:
            found.append(f"{axis}_hidden")
    return found or ["joint_undecided"]


def _declined(
    reasons: Sequence[str], measured: dict[Region, float], held: dict[Region, float], joint: Floats
) -> Placed:
    settle = [code for reason in reasons for code in SETTLES.get(reason, ())]
    ordered = tuple(dict.fromkeys(settle))
    return Placed("not_enough_evidence", tuple(reasons), ordered, measured, held, joint)


def _rests_on(
    region: Region, platform: PlatformDepth, dependence: Dependence, free: bool
) -> tuple[str, ...]:
    deep = region in ("industrial_revolution", "transition")
    codes = ["deep_shown" if deep else "shallow_under_bounds"]
    if dependence.known == "counted":
        codes.append("nothing_bought")
    elif region in ("transition", "traffic_war"):
        codes.append("dependent_shown")
    else:
        codes.append("little_bought" if free else "self_standing_shown")
    if platform.unmeasured_share > 0:
        codes.append("bounds_counted_against")
    if dependence.split and not free:
        codes.append("subsidy_counted_against")
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
