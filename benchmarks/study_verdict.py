"""Is the verdict right: depth, dependence and region of whole worlds against their truth.

The true region of a world comes from its true depth and dependence, not from its archetype's name.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

import numpy as np

from thalweg.industry.world.life import live
from thalweg.industry.world.spec import ARCHETYPES, WorldSpec
from thalweg.industry.writing.sides import profile_of
from thalweg.records.profile.model import Thresholds
from thalweg.verdict.depth.measure import measure_depth
from thalweg.verdict.reach import reach_of
from thalweg.verdict.region import place
from thalweg.verdict.result import REGIONS
from verdict_worlds import (
    dependence_of_world,
    depth_truth,
    lived_depth,
    proved_of,
    true_dependence,
)

FIRMS, MONTHS, ORDERS = 30, 36, 12.0
PART = 10
"""One of so many runs is made for each line: a run lives three worlds, and some a dozen."""
THOROUGH = 3
"""Of so many worlds one is lived again without each intervention, for the truth of its layers."""
WORKERS = int(os.environ.get("STUDY_WORKERS", "2"))
NOBODY = "not_enough_evidence"
UNIDENTIFIED = ("at_once", "few_firms")
"""Worlds whose records cannot tell: everything began on one day, or too few firms."""
CASES = (*ARCHETYPES, *UNIDENTIFIED)
SOUND = ("traffic_war", "revolution", "transition", "quiet_trade", "shelf_technology", "placebo")
"""Worlds whose roll-outs are what they look like."""
NEVER_REVOLUTION = ("placebo", "shelf_technology")
USEFUL = ("traffic_war", "revolution", "transition")


def spec_of(case: str, seed: int) -> WorldSpec:
    """The world of a line of the table."""
    if case == "at_once":
        only = ("e_signing", "ai_inspection")
        return WorldSpec("revolution", FIRMS, MONTHS, ORDERS, seed, interventions=only)
    if case == "few_firms":
        return WorldSpec("transition", 8, MONTHS, ORDERS, seed)
    return WorldSpec(case, FIRMS, MONTHS, ORDERS, seed)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one world, and what was true.

    stated  true depth of the measured interventions, by the definition; lived: of everything that
            all of them did, in the last year. false_layers: layers counted in the reach whose true
            depth is below what matters; both None where the world was not lived without each.
    """

    case: str
    depth: float
    low: float
    high: float
    least: float
    most: float
    stated: float | None
    lived: float
    layers: int
    false_layers: int | None
    lost: float
    lost_value: float | None
    lost_low: float | None
    lost_high: float | None
    known: str
    verdict: str
    reasons: tuple[str, ...]
    region: str

    @property
    def named(self) -> bool:
        return self.verdict != NOBODY


def region_of(depth: float, lost: float, thresholds: Thresholds) -> str:
    """The region that a depth and a dependence lie in."""
    deep, dependent = depth >= thresholds.depth, lost >= thresholds.dependence
    return {
        (True, False): "industrial_revolution",
        (True, True): "transition",
        (False, True): "traffic_war",
        (False, False): "quiet_trade",
    }[deep, dependent]


def told_of(case: str, seed: int, thorough: bool) -> Told:
    """One world, judged as a platform's book would be."""
    profile = profile_of("en")
    world = live(spec_of(case, seed))
    depth = measure_depth(proved_of(world), profile, seed=seed)
    dependence = dependence_of_world(world)
    placed = place(depth, dependence, profile.thresholds)
    lived, lost = lived_depth(world), true_dependence(world)
    platform = depth.platforms["time"]
    reach = reach_of(depth, "time", profile)
    stated, false = None, None
    if thorough:
        truth = depth_truth(world)
        measured = {
            one.layer: [pair.intervention for pair in one.pairs if pair.measured]
            for one in depth.of("time")
        }
        stated, least = truth.stated(measured), profile.thresholds.layer
        false = sum(truth.of(name, measured[name]) < least for name in reach.counted)
    return Told(
        case=case,
        depth=platform.depth,
        low=platform.low,
        high=platform.high,
        least=platform.least,
        most=platform.most,
        stated=stated,
        lived=lived,
        layers=len(reach.counted),
        false_layers=false,
        lost=lost,
        lost_value=dependence.value,
        lost_low=dependence.low,
        lost_high=dependence.high,
        known=dependence.known,
        verdict=placed.verdict,
        reasons=placed.reasons,
        region=region_of(lived, lost, profile.thresholds),
    )


def seeds_of(case: str, runs: int, seed: int) -> list[int]:
    """Of the worlds of a line; those of fewer runs are the first of more.

    The rules of the verdict were settled on worlds of seed 0.
    """
    root = np.random.SeedSequence([seed + 1, 41, CASES.index(case)])
    return [int(own) for own in root.generate_state(runs)]


@cache
def study(case: str, runs: int, seed: int) -> tuple[Told, ...]:
    """Many worlds of one kind, on a few processes."""
    thorough = [at % THOROUGH == 0 for at in range(runs)]
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        return tuple(pool.map(told_of, [case] * runs, seeds_of(case, runs, seed), thorough))


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    part = max(runs // PART, 8)
    yield f"## Verdicts: is the region right when one is named, {part} worlds a line\n"
    yield (
        f"Worlds of {FIRMS} firms, {MONTHS} months and {ORDERS:g} orders a firm and month, proved, "
        "their depth and dependence measured, and judged with the thresholds of the profile; truth: "
        "the same world without interventions, and without traffic and subsidy in its last twelve "
        "months. at_once: only interventions that began on one day, or at two firms; few_firms: a "
        "transition of 8 firms.\n"
    )
    done = {case: study(case, part, seed) for case in CASES}
    yield from _matrix(done)
    yield from _bars(done)
    yield from _coverage(done)


def _matrix(done: dict[str, tuple[Told, ...]]) -> Iterator[str]:
    yield "Named, by kind of world; truth: the region that most of them truly lie in.\n"
    yield (
        "| world | truth | true depth | true dependence |"
        + "".join(f" {name.replace('_', ' ')} |" for name in (*REGIONS, NOBODY))
        + " right when named | declined for |"
    )
    yield "| --- |" + " --- |" * 10
    for case, told in done.items():
        counts = Counter(one.verdict for one in told)
        truth = Counter(one.region for one in told).most_common(1)[0]
        why = Counter(one.reasons[0] for one in told if not one.named)
        named = [one.verdict == one.region for one in told if one.named]
        figures = [
            f"{truth[0].replace('_', ' ')} {truth[1] / len(told):.2f}",
            f"{np.mean([one.lived for one in told]):.2f}",
            f"{np.mean([one.lost for one in told]):.2f}",
            *(f"{counts[name] / len(told):.2f}" for name in (*REGIONS, NOBODY)),
            _share(named),
            ", ".join(f"{name} {count}" for name, count in why.most_common(3)) or "–",
        ]
        yield f"| {case} | " + " | ".join(figures) + " |"
    yield ""


def _bars(done: dict[str, tuple[Told, ...]]) -> Iterator[str]:
    """The bars of the verdict, in figures."""
    everything = [one for told in done.values() for one in told]
    yield "| bar | measured | worlds |"
    yield "| --- | --- | --- |"
    for region in REGIONS:
        named = [one.region == region for one in everything if one.verdict == region]
        yield f"| {region.replace('_', ' ')} right when named (at least .90) | {_share(named)} | {len(named)} |"
    blind = [one for case in ("placebo", *UNIDENTIFIED) for one in done[case]]
    declined = [not one.named for one in blind]
    yield (
        "| declined in placebo and unidentified worlds (at least .80) "
        f"| {_share(declined)} | {len(blind)} |"
    )
    barred = [one for case in NEVER_REVOLUTION for one in done[case]]
    wrong = [one.verdict == "industrial_revolution" for one in barred]
    yield (
        "| revolution named for placebo or shelf technology (at most .02) "
        f"| {_share(wrong)} | {len(barred)} |"
    )
    for case in USEFUL:
        named = [one.named for one in done[case]]
        yield f"| named at all: {case.replace('_', ' ')} | {_share(named)} | {len(named)} |"
    yield ""


def _coverage(done: dict[str, tuple[Told, ...]]) -> Iterator[str]:
    yield (
        f"Depth, in every {THOROUGH}rd world: held, intervals that hold the true depth of the "
        "interventions that were measured, where any was; off by, depth less that truth. False layers: worlds with a "
        "layer in the reach whose true depth is below what matters. In bounds, in all worlds: bounds "
        "that hold what all interventions did, measured or not, in the last year. Dependence: held, "
        "intervals that hold the truth, where there is one.\n"
    )
    yield (
        "| world | depth held | off by | sd | half-width | in bounds | layers reached | false layers "
        "| dependence held | off by | sd | known |"
    )
    yield "| --- |" + " --- |" * 11
    for case, told in done.items():
        yield f"| {case} | " + " | ".join(_figures(told)) + " |"
    sound = [one for case in SOUND for one in done[case]]
    yield "| sound worlds | " + " | ".join(_figures(sound)) + " |"
    yield ""


def _figures(told: Sequence[Told]) -> list[str]:
    known_depth = [one for one in told if one.high > one.low]
    seen = [(one, one.stated) for one in known_depth if one.stated is not None]
    off = [one.depth - stated for one, stated in seen]
    false = [one.false_layers > 0 for one in told if one.false_layers is not None]
    bought = [one for one in told if one.lost_value is not None and one.lost_low is not None]
    missed = [(one.lost_value or 0.0) - one.lost for one in bought]
    held = [(one.lost_low or 0.0) <= one.lost <= (one.lost_high or 0.0) for one in bought]
    known = Counter(one.known for one in told)
    return [
        _share([one.low <= stated <= one.high for one, stated in seen]),
        f"{np.mean(off):+.3f}" if off else "–",
        f"{np.std(off):.3f}" if off else "–",
        f"{np.mean([(one.high - one.low) / 2 for one in known_depth]):.3f}" if known_depth else "–",
        _share([one.least <= one.lived <= one.most for one in told]),
        f"{np.mean([one.layers for one in told]):.1f}",
        _share(false),
        _share(held),
        f"{np.mean(missed):+.3f}" if missed else "–",
        f"{np.std(missed):.3f}" if missed else "–",
        ", ".join(f"{name} {count}" for name, count in known.most_common()),
    ]


def _share(found: Sequence[bool]) -> str:
    return f"{np.mean(found):.2f}" if len(found) else "–"
