"""Does the comparison of two groups hold its promise: coverage, false discoveries, power."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from thalweg.process.compare_study import MEASURES, compare_study

SIZES = (60, 200, 800)
"""Objects in each of the two groups."""
FACTORS = (1.0, 1.25, 1.5)
"""By how much the waits after every fourth step are longer in the second group; 1: no difference."""


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    yield f"## Two groups side by side: nominal 95%, false discovery rate 5%, {runs} pairs each\n"
    yield (
        "Coverage of the interval of each difference; the mean false part of what was called "
        "different; the part of true differences that was found. With factor 1 nothing differs, "
        "and the rate is that of calling anything different at all.\n"
    )
    yield "| objects in each group | factor | " + " | ".join(MEASURES) + " | false | found |"
    yield "| --- | --- | " + " | ".join("---" for _ in MEASURES) + " | --- | --- |"
    for objects in SIZES:
        for factor in FACTORS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                found = compare_study(runs, objects, seed, factor=factor)
            cover = " | ".join(f"{found.coverage[measure]:.3f}" for measure in MEASURES)
            power = "" if factor == 1.0 else f"{found.power:.3f}"
            rate = f"{found.false_discovery_rate:.3f}"
            yield f"| {objects} | {factor:g} | {cover} | {rate} | {power} |"
