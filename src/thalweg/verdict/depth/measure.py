"""Depth of each layer and of the platform, with intervals, and bounds for what is not measured.

depth(l) = 1 − Σ_i v_i · exp(Σ_k τ_kl): v_i the part of unit i in the layer's burden before change,
k the interventions in force at it at the end, τ_kl their effects over quarters 0 to 3. For one
intervention that is treated share times proportional change. Depth of the platform is the mean
over layers, weighted by burden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.change.answers.answer import Answer
from thalweg.change.answers.grading import Verdict
from thalweg.change.answers.kept import Proved
from thalweg.change.frame import Floats, Mask, Panel
from thalweg.records.profile.model import Profile
from thalweg.verdict.depth.baseline import (
    BURDENS,
    HOURS_A_YEAR,
    Baseline,
    Burden,
    baseline_of,
    before_anything,
    untouched_cells,
)
from thalweg.verdict.depth.effects import Pair, drawn, nothing_asked, pair_of
from thalweg.verdict.depth.removed import Part, Removed, removed_from

FAILURES = ("rework_share", "broke_off_share", "deviation_share")
VALUE = "value_per_object"


@dataclass(frozen=True, slots=True, eq=False)
class LayerDepth:
    """One part of the chain under one burden.

    layer      id of the profile; for failures what is counted: rework, broke_off, deviation.
    weight     its share of the burden of all parts that are weighed. baseline: in ``unit`` a month
               (or week), summed over units.
    treated_share  part of its burden under measured interventions; unmeasured_share: under others
               that are in force without a design that carries an effect.
    depth      part of its burden removed; low, high: its interval; least, most: with whatever the
               unmeasured ones may do. effect: depth / treated_share, None where none is treated.
    known      weakest grade of its measured interventions; "N" where only unmeasured ones are in
               force; "counted" where nothing was rolled out, so that its depth is 0 by count.
    draws, least_draws, most_draws   (D,).
    """

    layer: str
    burden: Burden
    outcome: str
    weight: float
    baseline: float
    unit: str
    treated_share: float
    unmeasured_share: float
    effect: float | None
    depth: float
    low: float
    high: float
    least: float
    most: float
    known: str
    missing: str | None
    pairs: tuple[Pair, ...]
    draws: Floats
    least_draws: Floats
    most_draws: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlatformDepth:
    """Depth of the platform under one burden; fields as in ``LayerDepth``.

    unmeasured_share  part of the whole burden that unmeasured interventions are in force at.
    layers_missing    layers of the profile without a measure, which have no weight.
    """

    burden: Burden
    depth: float
    low: float
    high: float
    least: float
    most: float
    unmeasured_share: float
    interventions: tuple[str, ...]
    layers_missing: tuple[str, ...]
    draws: Floats
    least_draws: Floats
    most_draws: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """Depth under every burden that the records carry.

    headline  the burden that speaks for the platform: money where all its costs are known, else
              time; None where no layer is measured.
    wider     the same headline with every intervention on every layer, declared or not: its depth
              and interval, for comparison; None where the declared pairs are all there are.
    missing   burden → code of why it is not measured.
    """

    headline: Burden | None
    layers: tuple[LayerDepth, ...]
    platforms: Mapping[Burden, PlatformDepth]
    wider: PlatformDepth | None
    missing: Mapping[str, str]
    confidence: float

    @property
    def platform(self) -> PlatformDepth | None:
        return None if self.headline is None else self.platforms[self.headline]

    def of(self, burden: Burden) -> tuple[LayerDepth, ...]:
        return tuple(one for one in self.layers if one.burden == burden)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Draws and levels of one request."""

    draws: int
    seed: int
    confidence: float

    def interval(self, drawn: Floats) -> tuple[float, float]:
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        return float(low), float(high)

    def upper(self, drawn: Floats) -> float:
        return self.interval(drawn)[1]

    def lower(self, drawn: Floats) -> float:
        return self.interval(drawn)[0]


def measure_depth(
    proved: Proved,
    profile: Profile,
    *,
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> Depth:
    """Depth of every layer and of the platform, for time, money and failures.

    Takes    proved: ``ProveResult.kept`` of a request that looked at all layers (outcomes None, or
             the kinds layer, share and value among them). Interventions that it left out count as
             not measured.
    Returns  a depth without layers where no layer has a panel. All measured interventions on a
             layer enter, significant or not; harm counts against.
    """
    asked = _Asked(draws, seed, confidence)
    by_outcome = _by_outcome(proved)
    layers: list[LayerDepth] = []
    missing: dict[str, str] = {}
    names = [f"layer_h:{one.id}" for one in profile.layers]
    there = [name for name in names if name in proved.panels.panels]
    value = _value_by_unit(proved)
    rate = profile.economy.capital_rate
    layers += _parts(proved, there, "time", by_outcome, asked)
    if not there:
        missing["time"] = "no_layer_measured"
    if value is None or not there or rate <= 0:
        missing["money"] = "no_value" if value is None else "no_capital_rate"
    else:
        layers += _parts(proved, there, "money", by_outcome, asked, value * rate / HOURS_A_YEAR)
    failures = [name for name in FAILURES if name in proved.panels.panels]
    layers += _parts(proved, failures, "failures", by_outcome, asked)
    if not failures:
        missing["failures"] = "no_share_measured"
    absent = tuple(one.id for one in profile.layers if f"layer_h:{one.id}" not in there)
    platforms = {
        burden: _platform([one for one in layers if one.burden == burden], burden, absent, asked)
        for burden in BURDENS
        if any(one.burden == burden for one in layers)
    }
    wide = _parts(proved, there, "time", by_outcome, asked, every=True)
    more = sum(len(one.pairs) for one in wide) > sum(
        len(one.pairs) for one in layers if one.burden == "time"
    )
    return Depth(
        headline="time" if there else None,
        layers=tuple(layers),
        platforms=platforms,
        wider=_platform(wide, "time", absent, asked) if more else None,
        missing=missing,
        confidence=confidence,
    )


Told = tuple[Answer, Verdict]


def _by_outcome(proved: Proved) -> dict[str, list[Told]]:
    """Answers by outcome, in the order of their interventions' ids."""
    found: dict[str, list[Told]] = {}
    for told in zip(proved.answers, proved.verdicts, strict=True):
        found.setdefault(told[0].question.outcome.name, []).append(told)
    for rows in found.values():
        rows.sort(key=lambda told: told[0].question.about.id)
    return found


def _value_by_unit(proved: Proved) -> Floats | None:
    """(N,) mean value of an object of each unit; that of all units where it is not known."""
    panel = proved.panels.panels.get(VALUE)
    if panel is None:
        return None
    known = np.isfinite(panel.value)
    objects = np.where(known, panel.objects, 0.0)
    total = (np.where(known, panel.value, 0.0) * objects).sum(axis=1)
    if not total.sum() > 0:
        return None
    mean = total.sum() / objects.sum()
    own = objects.sum(axis=1)
    return np.asarray(np.where(own > 0, total / np.maximum(own, 1.0), mean))


def _declared(answer: Answer) -> bool:
    """Whether the table of interventions names this part, or names none at all."""
    if answer.question.outcome.kind == "layer":
        layers = answer.question.about.layers
        return not layers or answer.question.outcome.layer in layers
    return True


def _parts(
    proved: Proved,
    names: Sequence[str],
    burden: Burden,
    by_outcome: Mapping[str, Sequence[Told]],
    asked: _Asked,
    price: Floats | None = None,
    *,
    every: bool = False,
) -> list[LayerDepth]:
    """Depth of each part under one burden, with its weight among them."""
    panels = proved.panels
    shape = len(panels.units), len(panels.grid)
    common = before_anything(proved.rollouts.values(), proved.answers, shape)
    parts = [
        _part(panels.panels[name], proved, by_outcome.get(name, ()), (common, price), every)
        for name in names
    ]
    if not parts:
        return []
    flat = [pair for part in parts for pair in part.pairs]
    values = drawn(flat, asked.draws, asked.seed)
    whole = sum(part.baseline.total for part in parts)
    found, at = [], 0
    for name, part in zip(names, parts, strict=True):
        mine = values[:, at : at + len(part.pairs)]
        at += len(part.pairs)
        panel = proved.panels.panels[name]
        share = part.baseline.total / whole if whole > 0 else 0.0
        found.append(_layer(panel, part, burden, share, removed_from(part, mine), asked))
    return found


def _part(
    panel: Panel,
    proved: Proved,
    told: Sequence[Told],
    weighing: tuple[Mask, Floats | None],
    every: bool,
) -> Part:
    """A part with its weights, from the common cells and the price of an hour at each unit."""
    common, price = weighing
    declared = [(answer, verdict) for answer, verdict in told if _declared(answer)]
    own = [answer for answer, _ in declared]
    baseline = baseline_of(panel, untouched_cells(panel, own, common))
    if price is not None:
        baseline = Baseline(baseline.cost * price, baseline.volume, baseline.guessed)
    pairs = tuple(
        pair_of(
            answer,
            verdict,
            proved.rollouts[answer.question.about.id],
            panel.units,
            baseline.volume,
            _declared(answer),
        )
        for answer, verdict in (told if every else declared)
    )
    unasked = _unasked(proved, panel)
    return Part(panel.outcome.scale, baseline, (*pairs, *unasked))


def _unasked(proved: Proved, panel: Panel) -> list[Pair]:
    """Interventions that the request left out: on which layers they are is not known."""
    asked = {one.question.about.id for one in proved.answers}
    periods = len(panel.periods)
    return [
        nothing_asked(rollout, panel.outcome, periods)
        for name, rollout in sorted(proved.rollouts.items())
        if name not in asked
    ]


def _layer(
    panel: Panel, part: Part, burden: Burden, share: float, removed: Removed, asked: _Asked
) -> LayerDepth:
    outcome = panel.outcome
    low, high = asked.interval(removed.draws)
    treated = part.treated_share
    unit = {"time": outcome.unit, "money": "money", "failures": "objects"}[burden]
    return LayerDepth(
        layer=outcome.layer or outcome.name.removesuffix("_share"),
        burden=burden,
        outcome=outcome.name,
        weight=share,
        baseline=part.baseline.total,
        unit=unit,
        treated_share=treated,
        unmeasured_share=part.unmeasured_share,
        effect=removed.depth / treated if treated > 0 else None,
        depth=removed.depth,
        low=low,
        high=high,
        least=asked.lower(removed.least),
        most=asked.upper(removed.most),
        known=part.known,
        missing=part.missing,
        pairs=part.pairs,
        draws=removed.draws,
        least_draws=removed.least,
        most_draws=removed.most,
    )


def _platform(
    layers: Sequence[LayerDepth], burden: Burden, absent: tuple[str, ...], asked: _Asked
) -> PlatformDepth:
    weight = np.array([one.weight for one in layers])
    values, least, most = (
        weight @ np.array([getattr(one, name) for one in layers])
        for name in ("draws", "least_draws", "most_draws")
    )
    low, high = asked.interval(values)
    named = {pair.intervention for one in layers for pair in one.pairs if pair.measured}
    return PlatformDepth(
        burden=burden,
        depth=float(weight @ np.array([one.depth for one in layers])),
        low=low,
        high=high,
        least=asked.lower(least),
        most=asked.upper(most),
        unmeasured_share=float(weight @ np.array([one.unmeasured_share for one in layers])),
        interventions=tuple(sorted(named)),
        layers_missing=() if burden == "failures" else absent,
        draws=values,
        least_draws=least,
        most_draws=most,
    )
