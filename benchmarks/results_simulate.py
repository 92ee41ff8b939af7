"""The part of RESULTS.md on the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from results_bar import Bar

NAMES = {
    "simulate_mm3": "Thalweg, M/M/3",
    "simulate_process": "Thalweg, process of 15 activities and 34 people",
    "simulate_simpy": "SimPy, M/M/3",
    "simulate_ciw": "Ciw, M/M/3",
    "simulate_luck": "Thalweg, the same luck for two plans",
}
Table = Callable[[dict[str, Any]], Iterator[str]]
EVENTS_PER_S, CASES_PER_S, BYTES, RATIO = 2e6, 1e5, 200, 5


def simulate_bars(kept: dict[str, Any]) -> Iterator[Bar]:
    """Bars of the simulator that the figures at hand can judge."""
    found = kept.get("simulate", {})
    three, process = (
        found.get(f"simulate_{name}", {}).get("answers") for name in ("mm3", "process")
    )
    for what, one in (("M/M/3", three), ("a process", process)):
        if one:
            rule, each = "2 million events/s a core", 1e6 / one["events_per_s"]
            yield Bar(f"simulate {what}: an event", rule, each, 1e6 / EVENTS_PER_S, 1, "µs")
    if process:
        each = 1e6 / process["cases_per_s"]
        yield Bar(
            "simulate a process: a case", "100,000 cases/s a core", each, 1e6 / CASES_PER_S, 1, "µs"
        )
        work = "simulate a process: memory of a case"
        yield Bar(work, "under 200 bytes", process["bytes_per_case"], BYTES, 1, "bytes")
    luck = found.get("simulate_luck", {}).get("answers") or {}
    for name, what in (
        ("one_more_person", "one person more"),
        ("a_tenth_faster", "a tenth faster"),
    ):
        if f"ratio_{name}" in luck:
            work = f"same luck, {what}: variance of the difference"
            yield Bar(
                work, "a fifth of that with other luck", 1.0, luck[f"ratio_{name}"], 1 / RATIO, ""
            )


def simulate_pages(kept: dict[str, Any], table: Table) -> Iterator[str]:
    """The table behind these bars."""
    found = kept.get("simulate")
    if found is None:
        return
    yield f"\n## Simulation, one core, {found['date']}\n"
    yield (
        "An event is an arrival, an end of work, or whatever else the clock stops for; of the peers "
        "two are counted for each case. The process has two calendars, urgent cases, a priority, a "
        "batch, a delay and two returns.\n"
    )
    yield from table(found)
