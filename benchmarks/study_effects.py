"""Do effects hold their promise: coverage by units and kind of panel, false positives, power."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy import stats

from thalweg.change.estimates.effect_study import EffectStudy, effect_study, power_study
from thalweg.change.estimates.estimate import Estimate, weighted_mean
from thalweg.change.estimates.imputation import impute
from thalweg.change.estimates.randomisation import deal
from thalweg.change.estimates.variance import cohort_horizon, conservative, freedom
from thalweg.change.frame import Design
from thalweg.change.simulated import World

UNITS = (6, 8, 15, 30, 100)
KINDS: tuple[tuple[str, dict[str, float]], ...] = (
    ("plain", {}),
    ("errors last, .8 a month", {"persistence": 0.8}),
    ("noise differs between units", {"unequal": 0.5}),
    ("the noisiest are treated", {"unequal": 0.5, "noisy_first": True}),
    ("effects differ by half, grow", {"spread": 0.05, "growth": 6}),
    ("effects differ by 1.5 times, grow", {"spread": 0.15, "growth": 6}),
    ("5% of cells missing, straddle", {"missing": 0.05, "straddle": 2}),
    ("all are treated in the end", {"never": 0.0}),
    ("one is never treated", {"never": -1.0}),
)
FEW = (1, 2, 3, 5)
FEW_KINDS: tuple[tuple[str, dict[str, float]], ...] = (
    ("plain", {}),
    ("unequal noise and effects", {"unequal": 0.5, "spread": 0.05, "growth": 6}),
    ("the noisiest are treated", {"unequal": 0.5, "noisy_first": True}),
)


def world(units: int, kind: dict[str, float], treated: int | None = None) -> World:
    cohorts = min(5, max(2, units // 4)) if treated is None else min(treated, 3)
    made = replace(World(units=units, cohorts=cohorts, treated=treated), **kind)  # type: ignore[arg-type]
    return replace(made, never=1 / units) if made.never < 0 else made


def report(runs: int, seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    yield f"## Effects: nominal 95% intervals, {runs} panels of 36 months each\n"
    yield (
        "Cells are coverage of the true mean effect on the treated, among panels that are "
        "answered; the share refused is in brackets. Dates by lot unless said.\n"
    )
    yield from _table("panel", KINDS, [(str(n), n, None) for n in UNITS], runs, seed)
    for units in UNITS[1:]:
        yield ""
        columns = [(f"{few} of {units}", units, few) for few in FEW if few < units - 1]
        yield from _table("few treated", FEW_KINDS, columns, runs, seed)
    yield "\nWithout an effect, part called significant at 5%; and power of an effect of the "
    yield "smallest detectable size, which was computed beforehand for a power of 0.80.\n"
    yield "| units | imputation | Callaway–Sant'Anna | power |"
    yield "| --- | --- | --- | --- |"
    for units in UNITS[1:]:
        none = replace(world(units, {}), effect=0.0)
        own = effect_study(none, runs, seed)
        other = effect_study(none, runs, seed, method="callaway_santanna")
        power = power_study(world(units, {}), runs, seed)
        yield f"| {units} | {own.found:.3f} | {other.found:.3f} | {power:.3f} |"
    yield "\nLaws that were tried, and their coverage on the same panels.\n"
    yield from _laws(runs, seed)


def _table(
    title: str,
    kinds: tuple[tuple[str, dict[str, float]], ...],
    columns: list[tuple[str, int, int | None]],
    runs: int,
    seed: int,
) -> Iterator[str]:
    yield f"| {title} | " + " | ".join(name for name, _, _ in columns) + " |"
    yield "| --- |" + " --- |" * len(columns)
    for name, kind in kinds:
        cells = [
            _cell(effect_study(world(units, kind, few), runs, seed)) for _, units, few in columns
        ]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _cell(found: EffectStudy) -> str:
    if not found.answered:
        return "refused"
    refused = f" ({found.refused:.0%})" if found.refused > 0.001 else ""
    return f"{found.held:.3f}{refused}"


def _laws(runs: int, seed: int) -> Iterator[str]:
    cases = [
        ("8, plain", world(8, {})),
        ("30, plain", world(30, {})),
        ("30, one never treated", world(30, {"never": -1.0})),
        ("30, 3 treated", world(30, {}, 3)),
        ("30, 2 noisiest treated", world(30, {"unequal": 0.5, "noisy_first": True}, 2)),
        ("30, 5 noisiest treated", world(30, {"unequal": 0.5, "noisy_first": True}, 5)),
        ("100, plain", world(100, {})),
    ]
    yield "| law | " + " | ".join(name for name, _ in cases) + " |"
    yield "| --- |" + " --- |" * len(cases)
    for name, judge in LAWS:
        held = [effect_study(made, runs, seed, judge=judge).held for _, made in cases]
        yield f"| {name} | " + " | ".join(f"{one:.3f}" for one in held) + " |"


def _bell(fine: bool, freedom_of: Callable[[int, float], float]) -> Callable[[Design], Estimate]:
    def judge(design: Design) -> Estimate:
        found = impute(design)
        target = found.even()
        w = found.weights(target)
        groups = cohort_horizon(design.rollout.start, w.shape[1]) if fine else None
        se = conservative(found, w, groups)
        free = freedom_of(int(found.identified.any(axis=1).sum()), freedom(w))
        att = weighted_mean(found, target)
        half = se * float(stats.t.ppf(0.975, free))
        p = 2 * float(stats.t.sf(abs(att) / se, free))
        return Estimate(att, se, att - half, att + half, p, "imputation", "student")

    return judge


def _dealt(*, studentised: bool = False, noise: bool = False) -> Callable[[Design], Estimate]:
    def judge(design: Design) -> Estimate:
        dealt = deal(design, draws=199, seed=0)
        dealt = dealt.by_noise() if noise else dealt
        low, high = dealt.interval(0.95, studentised=studentised)
        p = dealt.p(studentised=studentised)
        return Estimate(dealt.att, None, low, high, p, "imputation", "randomisation")

    return judge


LAWS: tuple[tuple[str, Callable[[Design], Estimate]], ...] = (
    ("normal, errors by cohort and month", _bell(True, lambda _, __: np.inf)),
    ("normal, errors pooled", _bell(False, lambda _, __: np.inf)),
    ("t, treated units − 1", _bell(False, lambda units, _: units - 1.0)),
    ("t, Satterthwaite", _bell(False, lambda _, free: free)),
    ("dates dealt, plain", _dealt()),
    ("dates dealt, studentised", _dealt(studentised=True)),
    ("dates dealt, by noise before", _dealt(noise=True)),
)
