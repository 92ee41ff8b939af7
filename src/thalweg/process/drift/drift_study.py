"""A study of drift on made-up logs: false alarms, changes found, and how often intervals hold."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from statistics import median

import numpy as np

from thalweg.process.drift.drift import find_drift
from thalweg.process.drift.simulated import Change, Scenario, simulate


@dataclass(frozen=True, slots=True)
class DriftStudy:
    """What the study found.

    alarms: part of runs with any change; on a stationary log each is false. refused: part of the
    tests that were refused (serial dependence). found: part of runs with a change of the right kind
    within a tenth of the log of the true place. held: part of those whose interval holds the
    true object. off: median distance of those, in objects. extra: part of runs with more changes
    than the true one.
    """

    runs: int
    alarms: float
    refused: float
    found: float
    held: float
    off: float
    extra: float


def drift_study(
    scenario: Scenario, objects: int, runs: int, seed: int, change: Change | None = None
) -> DriftStudy:
    """Look for drift in ``runs`` logs of one kind, with one change or none."""
    alarms, refused, extra = 0, 0, 0
    hits: list[tuple[bool, int]] = []
    for k, stream in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        log = simulate(scenario, objects, np.random.default_rng(stream), change)
        _, found = find_drift(log, seed=k, threads=1)
        changes = [(kind, c) for kind, own in found.items() for c in own.changes]
        alarms += bool(changes)
        refused += sum(own.stretches[0].reason is not None for own in found.values())
        if change is None:
            continue
        kind = "times" if change.times != 1 else "control_flow"
        place = change.at + change.over // 2
        near = [c for name, c in changes if name == kind and abs(c.at - place) <= objects / 10]
        extra += len(changes) > 1
        if near:
            best = min(near, key=lambda c: abs(c.at - place))
            hits.append((best.low <= place <= best.high, abs(best.at - place)))
    return DriftStudy(
        runs=runs,
        alarms=alarms / runs,
        refused=refused / (2 * runs),
        found=len(hits) / runs if change else nan,
        held=float(np.mean([held for held, _ in hits])) if hits else nan,
        off=float(median(off for _, off in hits)) if hits else nan,
        extra=extra / runs if change else nan,
    )
