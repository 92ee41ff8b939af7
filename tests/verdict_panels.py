"""Proved designs of simulated panels, for tests of the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from thalweg.change.answers.answer import Settings, answer
from thalweg.change.answers.grading import give_grades
from thalweg.change.answers.kept import Proved
from thalweg.change.answers.questions import About, Surroundings, question_of, role_of
from thalweg.change.frame import NEVER, Floats, Ints, Outcome, Panel, Rollout
from thalweg.change.panels.grid import Grid
from thalweg.change.panels.panel import Panels
from thalweg.change.panels.rollouts import design_for
from thalweg.change.panels.units import Units
from thalweg.process.calendar import zone_of
from thalweg.process.timeline import midnight_ns
from thalweg.records.profile.model import Layer, Profile

LAYERS = ("lead", "match", "finance")


def months(count: int) -> tuple[date, ...]:
    """First days of so many months, from January 2022."""
    return tuple(date(2022 + at // 12, at % 12 + 1, 1) for at in range(count))


def profile(*layers: str) -> Profile:
    """A profile of these layers."""
    return Profile(name="chain", layers=tuple(Layer(id=one) for one in layers or LAYERS))


def hours(
    rng: np.random.Generator,
    level_h: float,
    starts: Mapping[str, Ints],
    effects: Mapping[str, float],
    periods: int,
    noise: float = 0.1,
) -> Floats:
    """(N, T) hours: units and months of their own, noise, and effects added to the logarithm."""
    units = len(next(iter(starts.values())))
    log = np.log(level_h) + 0.2 * rng.standard_normal((units, 1))
    log = (
        log
        + 0.05 * rng.standard_normal((1, periods))
        + noise * rng.standard_normal((units, periods))
    )
    for name, start in starts.items():
        held = np.arange(periods)[None, :] >= start[:, None]
        log = log + effects.get(name, 0.0) * held
    return np.asarray(np.exp(log))


def panels(values: Mapping[str, Floats], objects: Ints) -> Panels:
    """Panels of layers by their hours, all with the same objects behind each cell."""
    units, periods = objects.shape
    names, days = tuple(f"U{at:02d}" for at in range(units)), months(periods)
    ends = [*days, months(periods + 1)[-1]]
    edges = np.array([midnight_ns(day, zone_of("UTC")) for day in ends], np.int64)
    grid = Grid("month", "UTC", edges, days, np.full(periods, 30.0))
    made = {
        f"layer_h:{layer}": Panel(
            Outcome(f"layer_h:{layer}", "layer", "h", "log", "lower", layer),
            names,
            days,
            value,
            objects,
        )
        for layer, value in values.items()
    }
    source = Units(names, np.zeros(0, np.int64), "attribute:unit", None, 1.0, {})
    return Panels(
        fingerprint="",
        book="",
        request={},
        type="order",
        units=names,
        grid=grid,
        panels=made,
        windows={},
        source=source,
        objects=0,
        aside={},
        cells=pl.DataFrame(),
        dropped=(),
        horizon_ns=int(edges[-1]),
    )


def proved(
    found: Panels,
    starts: Mapping[str, Ints],
    layers: Mapping[str, tuple[str, ...]],
    draws: int = 199,
) -> Proved:
    """Ask and grade every intervention on the layers that it names."""
    none = np.full(len(found.units), NEVER, np.int64)
    everyone = {
        name: Rollout(name, found.units, start, none, randomised=True)
        for name, start in starts.items()
    }
    asked = []
    for name, rollout in sorted(everyone.items()):
        about = About(name, name, "technology", layers[name])
        others = tuple(one for other, one in sorted(everyone.items()) if other != name)
        for outcome in sorted(found.panels):
            design = design_for(found, outcome, rollout, others)
            if role_of(design.panel.outcome, about) == "headline":
                asked.append(question_of(about, design, {}, others, Surroundings(), 0))
    answers = tuple(answer(one, Settings(0.95, 0, draws)) for one in asked)
    return Proved(found, everyone, answers, tuple(give_grades(answers)))


def with_objects(given: Panels, objects: Ints) -> Panels:
    """The same panels with other objects behind their cells."""
    made = {name: replace(one, objects=objects) for name, one in given.panels.items()}
    return replace(given, panels=made)


def staggered(units: int, treated: int, first: int, last: int, seed: int) -> Ints:
    """(N,) starts spread from first to last among units drawn by lot, NEVER for the others."""
    start = np.full(units, NEVER, np.int64)
    chosen = np.random.default_rng(seed).permutation(units)[:treated]
    start[chosen] = np.linspace(first, last, treated).astype(np.int64)
    return start
