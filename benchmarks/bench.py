"""Measure Thalweg beside its peers in one run, and write RESULTS.md.

    python benchmarks/bench.py --sizes 1 10        millions of events; figures of other sizes stay

Each task runs in a process of its own (``measure``). ``results.json`` keeps the figures, so that
a run at one size completes those at the others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench_change import measure_change
from bench_models import measure_discovery, measure_loans, measure_quality, measure_waiting
from generate import DATA, ensure
from measure import HERE, Reading, repeat, run
from results import render

LIBRARIES = ("polars", "numba", "numpy", "pyarrow", "pm4py", "r4pm", "duckdb", "pandas")
BPIC_2012 = HERE.parents[1] / "shared" / "data" / "logs" / "bpic" / "BPI_Challenge_2012.xes.gz"
RESULTS = HERE / "results.json"
OURS = ("open_only", "pairs", "variants", "whole_map")
PEERS = ("pm4py_table", "r4pm_table", "polars_table", "duckdb_table")
LARGE = 50
"""Millions of events from which peers that hold everything in memory several times are left out."""


def machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def say(task: str, reading: Reading) -> dict[str, Any]:
    parts = ", ".join(f"{part} {seconds:.3f} s" for part, seconds in reading.seconds.items())
    print(f"  {task}: {reading.failed or parts}; peak {reading.peak_mb:,.0f} MB", flush=True)
    return asdict(reading)


def measure_xes(times: int) -> dict[str, Any]:
    source, into = str(BPIC_2012), str(DATA / "book-bpic2012")
    print("BPI Challenge 2012, XES", flush=True)
    run("ours.ingest_log", source=source, into=into)
    return {
        "ours": say("thalweg", repeat(times, "ours.ingest_log", source=source, into=into)),
        "pm4py": say("pm4py", repeat(times, "peers.pm4py_read_xes", source=source)),
        "r4pm": say("r4pm", repeat(times, "peers.r4pm_read_xes", source=source)),
    }


def measure_size(millions: int, times: int) -> dict[str, Any]:
    """Everything at one size. Long peers run once; a small warm-up fills compilation caches."""
    source, book = str(ensure(millions)), str(DATA / f"book-{millions}m")
    print(f"{millions} million events", flush=True)
    often = times if millions < LARGE else 1
    found = {"ingest": say("ingest", repeat(often, "ours.ingest_table", source=source, into=book))}
    for task in OURS:
        found[task] = say(task, repeat(times, f"ours.{task}", book=book))
    for task in PEERS if millions < LARGE else ("duckdb_table",):
        slow = task in {"pm4py_table", "r4pm_table"} and millions > 1
        reading = repeat(1 if slow or millions >= LARGE else times, f"peers.{task}", source=source)
        found[task] = say(task, reading)
    return found


def measure_first(source: str) -> dict[str, Any]:
    """The first run after installation: each task compiles what it needs, with no cache."""
    print("first run after installation, 1 million events", flush=True)
    found = {}
    with tempfile.TemporaryDirectory() as name:
        book = str(Path(name) / "book")
        for task in ("ingest_table", "pairs", "variants", "whole_map"):
            own = {"NUMBA_CACHE_DIR": str(Path(name) / task)}
            given = {"source": source, "into": book} if task == "ingest_table" else {"book": book}
            found[task] = say(task, run(f"ours.{task}", environment=own, **given))
    return found


def warm_up(source: str) -> None:
    """Fill the compilation caches, so that the runs that follow are normal ones."""
    book = str(DATA / "book-1m")
    run("ours.ingest_table", source=source, into=book)
    for task in OURS:
        run(f"ours.{task}", book=book)


def measure_records(sizes: list[int], times: int, today: str, kept: dict[str, Any]) -> None:
    """From files to books and maps."""
    smallest = str(ensure(1))
    warm_up(smallest)
    kept["first"] = measure_first(smallest) | {"date": today}
    if BPIC_2012.exists():
        kept["xes"] = measure_xes(times) | {"date": today}
    else:
        print("The public logs are not beside this checkout: XES is not measured.")
    for millions in sizes:
        kept["sizes"][str(millions)] = measure_size(millions, times) | {"date": today}


def measure_models(sizes: list[int], times: int, kept: dict[str, Any]) -> dict[str, Any]:
    """Discovery, quality and waiting; figures of other sizes stay."""
    found: dict[str, Any] = {"discovery": dict(kept.get("discovery", {}))}
    for millions in sizes:
        if millions < LARGE:
            found["discovery"][str(millions)] = measure_discovery(millions, times, say)
    if BPIC_2012.exists():
        found["loans"] = measure_loans(BPIC_2012, times, say)
        found["quality"] = measure_quality(BPIC_2012, times, say)
    found["waiting"] = measure_waiting(10, say)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Thalweg beside its peers.")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 10], help="million events")
    parser.add_argument("--times", type=int, default=3, help="runs to take the median of")
    parser.add_argument("--date", type=date.fromisoformat, help="printed in the results")
    parser.add_argument(
        "--only", choices=("records", "models", "change"), help="a part; the others stay"
    )
    parser.add_argument("--note", default="", help="a sentence for the results")
    options = parser.parse_args()
    today = (options.date or datetime.now(UTC).date()).isoformat()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"sizes": {}}
    kept["machine"], kept["note"] = machine(), options.note
    if options.only in (None, "records"):
        measure_records(options.sizes, options.times, today, kept)
    if options.only in (None, "models"):
        found = measure_models(options.sizes, options.times, kept.get("models", {}))
        kept["models"] = found | {"date": today}
    if options.only in (None, "change"):
        sizes = dict(kept.get("change", {}).get("sizes", {}))
        sizes |= {str(m): measure_change(m, say) for m in options.sizes if m < LARGE}
        busy = f"Load of the machine at the end of the run: {os.getloadavg()[0]:.1f}."
        kept["change"] = {"sizes": sizes, "load": busy, "date": today}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(render(kept), encoding="utf-8")
    print("Written: benchmarks/RESULTS.md")


if __name__ == "__main__":
    main()
