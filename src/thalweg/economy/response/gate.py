"""What can be claimed: how spend moved, and what that carries. Codes with figures, no words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.economy.frame import Floats, GrowthPanel, Label, Mask, delayed, subsidy_rate
from thalweg.economy.response.features import Features, expected, shaped, within
from thalweg.economy.response.feedback import Feedback, feedback_of, feedback_of_all

FEWEST_UNITS, FEWEST_MONTHS = 8, 12
"""Fewer: bounds. Draws are over units, and seasons are not told from spend in less than a year."""
FEWEST_PAUSED, LEAST_STRENGTH = 12, 10.0
"""Unit-months paused by lot, and F of the first stage (Staiger, Stock 1997), for an instrument."""
LEAST_MOVED = 0.03
"""Spread of spend beside its mean, units and months and the rest apart, below which nothing moved."""
TOGETHER = 0.9
"""Share of one channel's movement that the other channels tell, above which they go together."""
LEAST_STOPPED = 0.05
"""Share of months in which a used channel stands still, not by lot: events."""
MOST_COMMON = 0.5
"""Share of spend that stands at no unit above which nothing is told."""
ALPHA, ALPHA_ALL = 0.05, 0.2
"""Levels of the feedback tests: of channels together (Bonferroni), and of what they have in common.
A refused figure costs a pause; one that follows demand costs the truth."""
LOW_SPEND = 0.2
"""Beside a channel's mean: carried spend below it is near zero."""
CARRY, HALF = 0.45, 1.2
"""The shape in which movement is judged."""


@dataclass(frozen=True, slots=True)
class Moves:
    """How one channel's spend moves.

    paused      unit-months paused by lot. strength: F of the first stage, with the share of the
                answer's own movement that pauses tell.
    moved       spread of the answer beside its mean, units, months and interventions taken out.
    together    share of that movement that the other channels tell; partner: the nearest of them.
    stopped     share of the months of use with no spend, neither by lot nor for want of demand.
    unexplained  whether the records give no reason for some of them.
    near_zero   share of the months of use with hardly any carried spend.
    """

    paused: int
    strength: float
    told: float
    moved: float
    together: float
    partner: str | None
    stopped: float
    unexplained: bool
    near_zero: float
    feedback: Feedback | None


@dataclass(slots=True)
class Gate:
    """What holds for the channels, with reasons why it is not better, and checks with figures.

    known: labels of channels, each by itself. whole: of channels as parts of all paid traffic;
    channels that go together are told in sum, though not one from the other.
    """

    known: list[Label]
    whole: list[Label] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def because(self, code: str) -> None:
        if code not in self.reasons:
            self.reasons.append(code)


def moves_of(
    panel: GrowthPanel, feats: Features, instruments: Floats, residual: Floats
) -> list[Moves]:
    """How each channel moves, seen beside units, months, interventions and the other channels."""
    answers = [shaped(one, CARRY, HALF, feats.late) for one in feats.relative]
    parts = np.stack([within(one, feats.known).ravel() for one in (*answers, *feats.dose)])
    out = []
    for channel, answer in enumerate(answers):
        others = np.delete(parts, channel, axis=0)
        own = _beyond(parts[channel], others)
        doses = parts[len(answers) :]
        alone = _beyond(parts[channel], doses)
        rest = [place for place in range(len(answers)) if place != channel]
        beside = [_told(alone, _beyond(parts[place], doses)[None]) for place in rest]
        partner = panel.channels[rest[int(np.argmax(beside))]] if beside else None
        mean = float((answer * feats.known).sum() / max(feats.known.sum(), 1.0))
        scaled = instruments[channel] / feats.size[:, None] / feats.scale[channel]
        lever = _beyond(
            within(shaped(scaled, CARRY, HALF, feats.late), feats.known).ravel(), others
        )
        strength, told = _first_stage(own, lever, feats.known)
        use = (instruments[channel] > 0) | (panel.spend[channel] > 0) | panel.paused[channel]
        still = use & (np.nan_to_num(panel.spend[channel]) <= 0) & ~panel.paused[channel]
        explained = np.zeros_like(still)
        if panel.stopped_by_demand is not None:
            still = still & ~panel.stopped_by_demand[channel]
        if panel.stopped_by_event is not None:
            explained = panel.stopped_by_event[channel]
        near = answer < LOW_SPEND / (LOW_SPEND + HALF)
        lot = panel.paused[channel] & (feats.known > 0) & _used(panel.spend[channel])
        out.append(
            Moves(
                paused=int(lot.sum()),
                strength=strength,
                told=told,
                moved=float(
                    np.sqrt((alone**2).sum() / max(feats.known.sum(), 1.0)) / max(mean, 1e-12)
                ),
                together=_told(alone, np.stack([_beyond(parts[p], doses) for p in rest]))
                if rest
                else 0.0,
                partner=partner,
                stopped=float(still.sum() / max(use.sum(), 1)),
                unexplained=bool((still & ~explained).any()),
                near_zero=float((near & use).sum() / max(use.sum(), 1)),
                feedback=feedback_of(panel.spend[channel], panel.paused[channel], feats, residual),
            )
        )
    return out


@dataclass(frozen=True, slots=True, eq=False)
class SubsidyMoves:
    """Pauses of subsidy by lot: unit-months, F of the first stage, and the rate that lot foretells."""

    paused: int
    strength: float
    lever: Floats

    @property
    def by_lot(self) -> bool:
        """Whether they are many and strong enough to stand in for the rate."""
        return self.paused >= FEWEST_PAUSED and self.strength >= LEAST_STRENGTH


def subsidy_moves(panel: GrowthPanel, feats: Features) -> SubsidyMoves | None:
    """How pauses by lot moved the rate of subsidy; None: there are none."""
    paused = panel.subsidy_paused
    if paused is None or not feats.subsidised:
        return None
    money = np.where(feats.known > 0, panel.subsidy, 0.0).clip(0.0)
    plain = expected(subsidy_rate(money, feats.volume, 0.0), paused, feats.known)
    lever = delayed(plain, feats.late)
    doses = np.stack([within(one, feats.known).ravel() for one in (*feats.dose, 0 * lever)])
    own, alone = (_beyond(within(one, feats.known).ravel(), doses) for one in (feats.rate, lever))
    lot = paused & (feats.known > 0) & _used(money)
    return SubsidyMoves(int(lot.sum()), _first_stage(own, alone, feats.known)[0], lever)


def _used(spend: Floats) -> Mask:
    """(N, T) months between a unit's first and last month of spend on a channel."""
    some = np.nan_to_num(spend) > 0
    begun = np.maximum.accumulate(some, axis=1)
    return np.asarray(begun & np.maximum.accumulate(some[:, ::-1], axis=1)[:, ::-1])


def _beyond(y: Floats, x: Floats) -> Floats:
    """What other columns (P, cells) do not tell of one."""
    if not len(x):
        return y
    return np.asarray(y - np.linalg.lstsq(x @ x.T, x @ y, rcond=1e-9)[0] @ x)


def _told(y: Floats, x: Floats) -> float:
    whole = float(y @ y)
    rest = _beyond(y, x)
    return 1.0 - float(rest @ rest) / whole if whole > 1e-12 else 0.0


def _first_stage(own: Floats, lever: Floats, known: Floats) -> tuple[float, float]:
    """F, robust to anything within units, and share told, of an answer by its instrument."""
    inner = float(lever @ lever)
    if inner <= 1e-9 or float(own @ own) <= 1e-12:
        return 0.0, 0.0
    slope = float(lever @ own) / inner
    scores = (lever * (own - slope * lever)).reshape(known.shape).sum(axis=1)
    variance = float((scores**2).sum()) / inner**2
    told = slope**2 * inner / float(own @ own)
    return (slope**2 / variance if variance > 0 else 1e6), told


def judge(panel: GrowthPanel, feats: Features, moves: list[Moves], residual: Floats) -> Gate:
    """Label each channel by how its spend moved; the first thing that spoils it decides."""
    gate = Gate([])
    units = int(((feats.revenue > 0).sum(axis=1) >= 2).sum())
    months = int((feats.known.sum(axis=0) > 0).sum())
    few = units < FEWEST_UNITS or months < FEWEST_MONTHS
    common = 0.0 if panel.common_spend is None else float(np.nansum(panel.common_spend))
    whole = float(np.nansum(panel.spend)) + common
    common_share = common / whole if whole > 0 else 0.0
    gate.checks["panel"] = {
        "status": "failed" if few else "passed",
        "finding": "few" if few else "enough",
        "units": units,
        "months": months,
    }
    gate.checks["by_unit"] = {
        "status": "failed"
        if common_share > MOST_COMMON
        else "warning"
        if common_share > 0
        else "passed",
        "finding": "common" if common_share > 0 else "by_unit",
        "common_share": common_share,
    }
    tests = sum(one.feedback is not None for one in moves)
    common_one = feedback_of_all(panel, feats, residual) if feats.used.sum() > 1 else None
    followed = common_one is not None and common_one.p < ALPHA_ALL
    if common_one is not None:
        gate.checks["feedback"] = {
            "status": "failed" if followed else "passed",
            "finding": "follows" if followed else "quiet",
            "p": round(common_one.p, 5),
            "elasticity": round(common_one.elasticity, 4),
            "power": round(common_one.power, 4),
        }
    for channel, one in enumerate(moves):
        name = panel.channels[channel]
        if not feats.used[channel]:
            gate.known.append("counted")
            gate.whole.append("counted")
            continue
        label = _label(one, tests, followed, gate)
        if few:
            gate.because("few_units" if units < FEWEST_UNITS else "few_months")
            label = "bounds"
        if common_share > MOST_COMMON:
            gate.because("spend_not_by_unit")
            label = "bounds"
        gate.whole.append(label)
        if one.together > TOGETHER and not by_lot(one):
            gate.because("channels_together")
            label = "bounds"
        gate.known.append(label)
        gate.checks[f"channel:{name}"] = _told_of(name, one, label, tests)
    return gate


def _label(one: Moves, tests: int, followed: bool, gate: Gate) -> Label:
    if by_lot(one):
        return "experimental"
    if one.paused:
        gate.because("pauses_too_few")
    else:
        gate.because("no_pauses")
    if one.moved < LEAST_MOVED:
        gate.because("no_variation")
        return "bounds"
    if followed or follows(one, tests):
        gate.because("follows_demand")
        return "bounds"
    if one.feedback is None:
        gate.because("feedback_unknown")
    if one.near_zero < LEAST_STOPPED:
        gate.because("zero_not_seen")
    if one.stopped < LEAST_STOPPED or not one.feedback:
        return "model_only"
    if one.unexplained:
        gate.because("stops_unexplained")
    return "event_based"


def by_lot(one: Moves) -> bool:
    """Whether pauses by lot are many and strong enough to stand in for spend."""
    return one.paused >= FEWEST_PAUSED and one.strength >= LEAST_STRENGTH


def follows(one: Moves, tests: int) -> bool:
    """Whether spend follows demand, by Bonferroni over the channels that could be tested."""
    return one.feedback is not None and one.feedback.p * max(tests, 1) < ALPHA


def _told_of(name: str, one: Moves, label: Label, tests: int) -> dict[str, Any]:
    finding = {
        "experimental": "by_lot",
        "event_based": "stopped",
        "model_only": "moved",
        "bounds": "untold",
    }[label]
    back = one.feedback
    return {
        "status": "failed"
        if label == "bounds"
        else "passed"
        if label == "experimental"
        else "warning",
        "finding": finding,
        "channel": name,
        "paused": one.paused,
        "strength": round(one.strength, 2),
        "told_by_pauses": round(one.told, 4),
        "moved": round(one.moved, 4),
        "together": round(one.together, 4),
        "partner": one.partner,
        "stopped_share": round(one.stopped, 4),
        "near_zero_share": round(one.near_zero, 4),
        "feedback_p": None if back is None else round(back.p, 5),
        "feedback_elasticity": None if back is None else round(back.elasticity, 4),
        "feedback_power": None if back is None else round(back.power, 4),
        "follows_demand": follows(one, tests),
    }
