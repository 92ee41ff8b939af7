"""One measurement: a task in a process of its own, with its times and its peak memory.

A task is a function of ``ours`` or ``peers`` that gives a ``Reading``. Modules are imported before
its clock starts; files are as warm in the operating system's cache as the last reader left them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
MARK = "reading:"


@dataclass(slots=True)
class Reading:
    """What a task measured.

    seconds: by part, on the clock. processor_s: by part, summed over threads; more than the clock
    where threads worked side by side, less where the process had to wait. answers: figures that must not depend on who computes them.
    peak_mb: largest resident memory of the process, mapped files included.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    processor_s: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    peak_mb: float = 0.0
    failed: str = ""

    @contextmanager
    def clock(self, part: str) -> Iterator[None]:
        worked, begun = time.process_time(), time.perf_counter()
        yield
        self.seconds[part] = time.perf_counter() - begun
        self.processor_s[part] = time.process_time() - worked


def run(task: str, *, environment: dict[str, str] | None = None, **arguments: Any) -> Reading:
    """Run ``module.function`` in a fresh Python; a failure is a reading that says so."""
    command = [sys.executable, str(HERE / "measure.py"), task, json.dumps(arguments)]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ | (environment or {}),
    )
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return Reading(**json.loads(line.removeprefix(MARK)))
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return Reading(failed=last)


def repeat(times: int, task: str, **arguments: Any) -> Reading:
    """Medians over fresh processes; the largest peak."""
    readings = [run(task, **arguments) for _ in range(times)]
    good = [r for r in readings if not r.failed]
    if not good:
        return readings[0]
    parts = good[0].seconds
    return Reading(
        seconds={part: median(r.seconds[part] for r in good) for part in parts},
        processor_s={part: median(r.processor_s[part] for r in good) for part in parts},
        answers=good[0].answers,
        peak_mb=max(r.peak_mb for r in good),
    )


def hide_scipy() -> None:
    """Measure Thalweg as it is installed: SciPy is here only because PM4Py brings it.

    Numba loads SciPy where it finds it, which takes a fresh process 0.2 s.
    """
    sys.modules["scipy"] = None  # type: ignore[assignment]


def main() -> None:
    task, arguments = sys.argv[1:]
    module, function = task.split(".")
    if module.startswith("ours"):
        hide_scipy()
    reading: Reading = getattr(import_module(module), function)(**json.loads(arguments))
    reading.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(MARK + json.dumps(asdict(reading)), flush=True)


if __name__ == "__main__":
    # The tasks make readings of the module, not of this script.
    sys.path.insert(0, str(HERE))
    import_module("measure").main()
