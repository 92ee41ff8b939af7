"""Does planning hold its promise: predicted against simulated power, and what drawing well gains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from thalweg.change.planning.planning_study import (
    drawing_gain,
    first_plan,
    power_study,
)
from thalweg.change.simulated import World

BASELINE = 24
"""Periods that a plan learns from."""
MOST = 200
"""Roll-outs in each line: each is planned, drawn and analysed anew."""
WORLD = World(units=24, periods=48, unequal=0.4)
POWERS: tuple[tuple[str, World, dict[str, object]], ...] = (
    ("24 units in 4 waves, all in the end", WORLD, {}),
    ("a quarter stays without, 12 periods waited", WORLD, {"controls_share": 0.25, "wait": 12}),
    ("two periods partly treated", WORLD, {"straddle": 2, "every": 3, "controls_share": 0.2}),
    ("noise that lasts (0.8)", replace(WORLD, persistence=0.8, noise=0.15), {}),
    ("noise new in every period", replace(WORLD, persistence=0.0), {}),
    ("12 units, effect −20%", replace(WORLD, units=12), {"effect": -0.2}),
    ("40 units, effect −10%", replace(WORLD, units=40), {"effect": -0.1}),
    ("a tenth of the cells unknown", replace(WORLD, missing=0.1), {"controls_share": 0.3}),
    ("equal waves, simple lot", WORLD, {"drawing": "simple", "shares": "equal"}),
)
SIZES = (20, 40, 100)
GAINS: tuple[tuple[str, World, dict[str, object]], ...] = (
    ("units alike", replace(WORLD, unequal=0.0), {}),
    ("units unequal (0.4)", WORLD, {}),
    ("units unequal (0.8)", replace(WORLD, unequal=0.8), {}),
    ("noise lasts (0.8)", replace(WORLD, persistence=0.8), {}),
    ("a quarter stays without", WORLD, {"controls_share": 0.25}),
)


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    runs = min(runs, MOST)
    yield f"## Planning a roll-out: power said beforehand, {runs} roll-outs each\n"
    yield (
        "A plan is made on 24 periods, dates are drawn, the effect (−15% where not said) happens, "
        "and the estimate is judged as `prove` judges it. Predicted: mean of what the plans "
        "said, and how much that varies between baselines; found: part of the roll-outs in which "
        "the effect was found; sd: of the estimate around the truth, predicted and as it came.\n"
    )
    yield "| roll-out | predicted | varies by | found | sd predicted | sd |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, world, asked in POWERS:
        found = power_study(world, replace(first_plan(BASELINE), **asked), BASELINE, runs, seed)
        yield (
            f"| {name} | {found.predicted:.3f} | {found.spread:.3f} | {found.found:.3f} | "
            f"{found.sd_predicted:.4f} | {found.sd:.4f} |"
        )
    yield "\nThe same with an effect of −10% by number of units, three in ten without to the end.\n"
    yield "| units | predicted | found |"
    yield "| --- | --- | --- |"
    for units in SIZES:
        world = replace(WORLD, units=units, unequal=0.0)
        plan = replace(first_plan(BASELINE), effect=-0.1, controls_share=0.3, waves=5)
        found = power_study(world, plan, BASELINE, runs, seed)
        yield f"| {units} | {found.predicted:.3f} | {found.found:.3f} |"
    yield (
        "\nSquared error of the estimate by way of drawing, equal waves with a simple lot = 1, "
        "without any effect; 20 drawings for each panel.\n"
    )
    yield "| panels | equal, least error | optimised, simple | optimised, least error |"
    yield "| --- | --- | --- | --- |"
    for name, world, asked in GAINS:
        plan = replace(first_plan(BASELINE), **asked)
        gains = drawing_gain(world, plan, BASELINE, runs, seed)
        yield f"| {name} | " + " | ".join(f"{gain:.2f}" for gain in gains) + " |"
