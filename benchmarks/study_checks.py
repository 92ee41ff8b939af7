"""Do the grades hold what they promise: faults passed, sound roll-outs kept, effects invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from thalweg.change.checks.context import Context
from thalweg.change.checks.grade import grade
from thalweg.change.checks.run import run_checks, settle
from thalweg.change.checks.twoway import impute
from thalweg.change.estimates.estimate import estimate
from thalweg.change.simulated import World, simulate

UNITS = (15, 30, 100)
EFFECTS = (0.0, -0.105, -0.288)
"""None, −10 and −25 %."""
FAULTS: tuple[tuple[str, World], ...] = (
    ("trending, 0.4% a month", World(trend=-0.004)),
    ("confounded, slopes of 0.4%", World(confounded=0.004)),
    ("anticipating, 2 months", World(anticipation=2)),
    ("spilling, 30%", World(spill=0.3)),
)
SOUND: tuple[tuple[str, World], ...] = (
    ("36 months", World()),
    ("60 months", World(periods=60)),
    ("dates by lot", World()),
)
PART = 5
"""One of so many runs is made for each line: a line is a dozen checks of a panel."""


@dataclass(frozen=True, slots=True)
class Judged:
    """grade, whether called an effect, truth, effect as it stands and as it was allowed for."""

    grade: str
    effect: bool
    truth: float
    naive: float
    told: float
    leads: int
    statuses: tuple[tuple[str, str, float | None], ...]


def judge(world: World, by_lot: bool, seed: int) -> Judged:
    """One panel through all checks but the second estimator, which costs more than all others."""
    drawn = simulate(world, seed)
    rollout = replace(drawn.design.rollout, randomised=by_lot)
    design = replace(drawn.design, rollout=rollout)
    links = np.zeros((world.units, world.units))
    one, other = drawn.partners.T
    links[one, other] = links[other, one] = 1.0
    context = Context(exposure=links, seed=seed)
    settled = settle(design, context)
    found = estimate(settled.design, seed=seed, draws=199)
    context = replace(context, estimate=found)
    checks = run_checks(settled, context)
    graded = grade(checks, found, rollout, found.p is not None and found.p < 0.05)
    told = tuple(
        (c.code, c.status, p if isinstance(p := c.figures.get("p"), float) else None)
        for c in checks
    )
    naive = impute(design, jackknife=False).att
    return Judged(
        graded.grade, graded.is_effect, drawn.truth, naive, found.att, settled.leads, told
    )


@cache
def study(world: World, runs: int, seed: int, by_lot: bool = False) -> list[Judged]:
    """Many panels of one kind, on two processes."""
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(runs)]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(partial(judge, world, by_lot), seeds, chunksize=8))


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    part = max(runs // PART, 10)
    yield f"## Grades: faults passed, sound roll-outs kept, {part} panels a line\n"
    yield (
        "Panels of 36 months with noise of 20% (autocorrelation 0.4), 70% of the units treated at "
        "five dates; links between units are known. Shares of grades, and of panels called an "
        "effect (A to C, p < 0.05). A fault passes with A or B.\n"
    )
    yield "| faulty roll-out | effect | units | A | B | C | N | an effect |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    share: dict[str, list[float]] = {}
    for name, world in FAULTS:
        for effect in EFFECTS[bool(world.anticipation or world.spill) :]:
            for units in UNITS:
                done = study(replace(world, effect=effect, units=units), part, seed)
                share.setdefault(name, []).append(_passed(done))
                yield _line(name, effect, units, done)
    yield ""
    for name, passed in share.items():
        yield f"- {name}: {np.mean(passed):.3f} passed"
    yield f"- all faults: {np.mean([p for own in share.values() for p in own]):.3f} passed\n"
    yield from _sound(part, seed)
    yield from _repaired(part, seed)
    yield from _sizes(part, seed)


def _sound(part: int, seed: int) -> Iterator[str]:
    refused: list[float] = []
    yield "| sound roll-out | effect | units | A | B | C | N | an effect |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, world in SOUND:
        for effect in EFFECTS:
            for units in UNITS:
                own = replace(world, effect=effect, units=units)
                done = study(own, part, seed, "lot" in name)
                refused.append(float(np.mean([one.grade == "N" for one in done])))
                yield _line(name, effect, units, done)
    yield f"\n- sound roll-outs refused: {np.mean(refused):.3f}\n"


def _repaired(part: int, seed: int) -> Iterator[str]:
    yield "Two months of anticipation: mean effect as it stands, and as told.\n"
    yield "| effect | units | leads set aside | as it stands | as told |"
    yield "| --- | --- | --- | --- | --- |"
    for effect in EFFECTS[1:]:
        for units in UNITS:
            world = World(anticipation=2, effect=effect, units=units)
            done = study(world, part, seed)
            leads = np.mean([one.leads > 0 for one in done])
            naive, told = (np.mean([getattr(one, what) for one in done]) for what in WHAT)
            yield f"| {effect:.3f} | {units} | {leads:.2f} | {naive:.3f} | {told:.3f} |"
    yield ""


WHAT = ("naive", "told")


def _sizes(part: int, seed: int) -> Iterator[str]:
    yield "Checks of sound roll-outs without effect: p below 0.05, and not passed for any reason.\n"
    yield "| check | " + " | ".join(f"{units} units" for units in UNITS) + " |"
    yield "| --- |" + " --- |" * len(UNITS)
    rows: dict[str, list[str]] = {}
    for units in UNITS:
        done = study(World(effect=0.0, units=units), 2 * part, seed)
        low: Counter[str] = Counter()
        alarms: Counter[str] = Counter()
        tested: Counter[str] = Counter()
        for one in done:
            for code, status, p in one.statuses:
                tested[code] += p is not None
                low[code] += p is not None and p < 0.05
                alarms[code] += status in {"warning", "failed"}
        for code in dict.fromkeys(code for one in done for code, _, _ in one.statuses):
            size = f"{low[code] / tested[code]:.3f}" if tested[code] else "–"
            rows.setdefault(code, []).append(f"{size}, {alarms[code] / len(done):.2f}")
    for code, cells in rows.items():
        yield f"| {code} | " + " | ".join(cells) + " |"


def _passed(done: list[Judged]) -> float:
    return float(np.mean([one.grade in "AB" for one in done]))


def _line(name: str, effect: float, units: int, done: list[Judged]) -> str:
    grades = Counter(one.grade for one in done)
    shares = " | ".join(f"{grades[g] / len(done):.2f}" for g in "ABCN")
    called = np.mean([one.effect for one in done])
    return f"| {name} | {np.expm1(effect):.0%} | {units} | {shares} | {called:.3f} |"
