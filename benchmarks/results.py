"""From the figures of a benchmark run to RESULTS.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from results_bar import Bar, figure
from results_change import NAMES as CHANGE_NAMES
from results_change import change_bars, change_pages
from results_models import NAMES as MODEL_NAMES
from results_models import model_bars, model_pages
from results_simulate import NAMES as SIMULATE_NAMES
from results_simulate import simulate_bars, simulate_pages

JUDGED = "10"
"""Size, in millions of events, at which the bars are judged."""

OPENED = ("just opened", "fresh process")


def bars(kept: dict[str, Any]) -> Iterator[Bar]:
    """The bars that the figures at hand can judge."""
    if "xes" in kept:
        own = kept["xes"]["pm4py"]["seconds"]["own reader"]
        ours = kept["xes"]["ours"]["seconds"]["ingest"]
        rule = "under a third of PM4Py's `read_xes`"
        yield Bar("BPIC 2012 XES to a finished book", rule, ours, own, 1 / 3)
    if JUDGED in kept["sizes"]:
        yield from _bars_at(kept["sizes"][JUDGED])
    if JUDGED in kept["sizes"] and "100" in kept["sizes"]:
        yield from _bars_of_growth(kept["sizes"][JUDGED], kept["sizes"]["100"])
    yield from model_bars(kept)
    yield from change_bars(kept)
    yield from simulate_bars(kept)


def _bars_at(size: dict[str, Any]) -> Iterator[Bar]:
    peer = size["pm4py_table"]["seconds"]
    pairs, variants = size["pairs"]["seconds"], size["variants"]["seconds"]
    ingest, whole = size["ingest"]["seconds"]["ingest"], size["whole_map"]["seconds"]
    times = peer["graph with times"]
    read = peer["read and format"]
    yield Bar("10 M Parquet to a finished book", "under half of PM4Py's read", ingest, read, 1 / 2)
    graph = "directly-follows graph with mean and median times, 10 M"
    for part in OPENED:
        yield Bar(f"{graph}, {part}", "PM4Py / 50", pairs[part], times, 1 / 50)
    yield Bar(f"{graph}, warm", "PM4Py / 100", pairs["warm"], times, 1 / 100)
    for part in OPENED:
        yield Bar(f"variants, 10 M, {part}", "PM4Py / 30", variants[part], peer["variants"], 1 / 30)
    first = whole["fresh process"]
    yield Bar(
        "whole map, 10 M, fresh process", "under PM4Py's graph alone", first, peer["graph"], 1
    )
    peaks = size["whole_map"]["peak_mb"], size["pm4py_table"]["peak_mb"]
    yield Bar("peak memory of map, 10 M", "under a quarter of PM4Py's", *peaks, 1 / 4, "MB")


def _bars_of_growth(ten: dict[str, Any], hundred: dict[str, Any]) -> Iterator[Bar]:
    rule = "within 12 times that of 10 M"
    for task, part, work in (
        ("ingest", "ingest", "100 M Parquet to a finished book"),
        ("pairs", "just opened", "directly-follows graph, 100 M, just opened"),
        ("variants", "just opened", "variants, 100 M, just opened"),
        ("whole_map", "fresh process", "whole map, 100 M, fresh process"),
    ):
        yield Bar(work, rule, hundred[task]["seconds"][part], ten[task]["seconds"][part], 12)
    peaks = hundred["ingest"]["peak_mb"], hundred["whole_map"]["peak_mb"]
    yield Bar("peak memory of ingestion, 100 M", "under 6 GB", peaks[0], 6_000, 1, "MB")
    yield Bar("peak memory of map, 100 M", "under 8 GB", peaks[1], 8_000, 1, "MB")


NAMES = (
    {
        "ingest": "Thalweg, Parquet to a finished book",
        "open_only": "Thalweg, open a book",
        "pairs": "Thalweg, directly-follows graph with times",
        "variants": "Thalweg, variants",
        "whole_map": "Thalweg, whole map",
        "pm4py_table": "PM4Py",
        "r4pm_table": "r4pm (counts only, no times)",
        "polars_table": "Polars",
        "duckdb_table": "DuckDB",
        "ours": "Thalweg, XES to a finished book",
        "pm4py": "PM4Py, `read_xes`",
        "r4pm": "r4pm",
        "ingest_table": "Parquet to a finished book",
    }
    | MODEL_NAMES
    | CHANGE_NAMES
    | SIMULATE_NAMES
)


def table(found: dict[str, Any]) -> Iterator[str]:
    yield "| who | seconds (processor seconds) | peak memory | answers |"
    yield "| --- | --- | --- | --- |"
    for task, reading in found.items():
        if task == "date":
            continue
        if reading["failed"]:
            yield f"| {NAMES[task]} | failed: {reading['failed'][:80]} | | |"
            continue
        work = reading["processor_s"]
        seconds = " · ".join(
            f"{part} {figure(s)} ({figure(work[part])})" for part, s in reading["seconds"].items()
        )
        answers = " · ".join(f"{name} {_shown(v)}" for name, v in reading["answers"].items())
        yield f"| {NAMES[task]} | {seconds} | {reading['peak_mb']:,.0f} MB | {answers} |"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_shown(v)}" for name, v in value.items()) + ")"
    if isinstance(value, list):
        return "/".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:,}" if value == round(value, 2) else f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def disagreements(found: dict[str, Any]) -> list[str]:
    """Answers that differ between those who give them."""
    given: dict[str, dict[str, Any]] = {}
    for task, reading in found.items():
        if task != "date":
            for name, value in reading["answers"].items():
                given.setdefault(name, {})[task] = value
    return [
        f"{name}: " + ", ".join(f"{NAMES[task]} {value}" for task, value in by_task.items())
        for name, by_task in given.items()
        if not _alike(list(by_task.values()))
    ]


def _alike(values: list[Any]) -> bool:
    """Counts are equal; sums of seconds may differ in their last digit."""
    return bool(max(values) - min(values) <= 1e-6 * abs(max(values)))


def render(kept: dict[str, Any]) -> str:
    """The whole page."""
    return "\n".join(_page(kept)) + "\n"


def _page(kept: dict[str, Any]) -> Iterator[str]:
    machine = kept["machine"]
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    yield "# Benchmarks\n"
    yield (
        f"Written by `make bench`. Machine: {machine['cores']} cores, {machine['memory_gb']} GB of "
        f"memory, {machine['system']}, Python {machine['python']}; {libraries}.\n"
    )
    yield (
        "Each task runs in a process of its own; seconds are medians of three runs, or of one "
        "where a run is long; peak memory is the largest resident size, mapped files included. "
        "*Fresh process*: the first call after the imports, opening the book and loading compiled "
        "code included; *just opened*: the book is opened anew in a process that has worked before; "
        "*warm*: the same book again. Thalweg's processes do not see SciPy, which is here only "
        "because PM4Py brings it. Processor seconds are summed over threads. The logs are "
        "synthetic (`generate.py`): 25 activities, Markov routing, 16 events a case, rows "
        "shuffled over the whole file.\n"
    )
    if kept.get("note"):
        yield f"**{kept['note']}**\n"
    yield "## Bars\n"
    yield "| work | bar | Thalweg | against | ratio | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from (bar.row() for bar in bars(kept))
    for size, found in sorted(kept["sizes"].items(), key=lambda item: int(item[0])):
        yield f"\n## {size} million events, {found['date']}\n"
        yield from table(found)
        yield from _agreement(found)
    if "xes" in kept:
        yield f"\n## XES: BPI Challenge 2012, 262,200 events, {kept['xes']['date']}\n"
        yield from table(kept["xes"])
        yield from _agreement(kept["xes"])
    yield from model_pages(kept, table)
    yield from change_pages(kept, table)
    yield from simulate_pages(kept, table)
    if "first" in kept:
        yield f"\n## First run after installation, 1 million events, {kept['first']['date']}\n"
        yield "Compilation happens once; its result is kept beside the installed package.\n"
        yield from table(kept["first"])


def _agreement(found: dict[str, Any]) -> Iterator[str]:
    differing = disagreements(found)
    yield ""
    if differing:
        yield "**Answers differ.** " + "; ".join(differing) + "."
    else:
        yield "All answers agree."
