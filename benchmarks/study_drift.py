"""Does drift hold its promise: false alarms on stationary logs, changes found, intervals."""

from __future__ import annotations

from collections.abc import Iterator

from thalweg.process.drift.drift_study import DriftStudy, drift_study
from thalweg.process.drift.simulated import SCENARIOS, Change, Scenario

SIZES = (400, 1_000, 2_000)
CHANGES: tuple[tuple[str, Scenario, int, Change], ...] = (
    ("a step left out by 45 instead of 30%", "markov", 1_000, Change(400, paths=0.15)),
    ("a step left out by 60 instead of 30%", "markov", 1_000, Change(400, paths=0.3)),
    ("one wait 1.5 times as long", "markov", 1_000, Change(400, times=1.5)),
    ("one wait 2 times as long", "markov", 1_000, Change(400, times=2.0)),
    ("a step left out by 60 instead of 30%", "many", 1_000, Change(400, paths=0.3)),
    ("one wait 2 times as long", "week", 1_000, Change(400, times=2.0)),
    ("a step left out by 60%, over 400 objects", "markov", 1_000, Change(300, paths=0.3, over=400)),
)


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    yield f"## Drift: at most 5% false alarms in a result, {runs} logs each\n"
    yield (
        "Stationary logs: part with any change called, and part of the tests refused because "
        "neighbouring objects are too much alike for so short a log.\n"
    )
    yield "| stationary log | objects | false alarms | refused |"
    yield "| --- | --- | --- | --- |"
    for scenario in SCENARIOS:
        for objects in SIZES:
            found = drift_study(scenario, objects, runs, seed)
            yield f"| {scenario} | {objects} | {found.alarms:.3f} | {found.refused:.3f} |"
    yield (
        "\nLogs with one change: part found within a tenth of the log, part of those whose 95% "
        "interval holds the true object, median distance in objects, part with more changes than "
        "the true one. Of a gradual change the middle is taken as true.\n"
    )
    yield "| change | log | objects | found | held | off by | more |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, scenario, objects, change in CHANGES:
        found = drift_study(scenario, objects, runs, seed, change)
        yield f"| {name} | {scenario} | {objects} | {_cells(found)} |"


def _cells(found: DriftStudy) -> str:
    return f"{found.found:.3f} | {found.held:.3f} | {found.off:.0f} | {found.extra:.3f}"
