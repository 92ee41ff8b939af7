"""From tested stretches to change points: where each lies, how surely, and what changed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isnan
from typing import Literal

import numpy as np

from thalweg.process.chunks import SECOND_NS, Ints
from thalweg.process.contrasts import means
from thalweg.process.drift.place import EVIDENCE, Shape, fit_step, project, shape_of
from thalweg.process.drift.scores import Floats, Scores
from thalweg.process.drift.segments import (
    SIDE_OBJECTS,
    Verdict,
    inflation,
    judge_stretch,
    units_between,
)

Affects = Literal["steps", "objects", "unclear"]
MOST_BATCHES = 40
NEAREST = 40
ANY = "*"
"""Source of a difference in how often a step follows, whatever was before it."""
_Figures = tuple[float, float, int, int, float]


@dataclass(frozen=True, slots=True)
class Change:
    """A change between two neighbouring stretches of objects, by rank in the order of beginnings.

    at: the first object that began after the change; low to high: confidence interval of that
    rank. at_ns, low_ns, high_ns: the same as instants. affects: "steps" if objects under way went
    the new way from then on, "objects" if only those did that began then, else "unclear". lo, hi:
    the objects that it was judged from, up to the neighbouring changes. p: of the test in whose
    stretch it was found; p_adjusted: for all tests of the result. shape: with the instants between
    which a gradual change took hold.
    """

    at: int
    low: int
    high: int
    at_ns: int
    low_ns: int
    high_ns: int
    affects: Affects
    lo: int
    hi: int
    p: float
    p_adjusted: float
    shape: Shape
    ramp_ns: tuple[int, int] | None
    unit_objects: int


def find_stretches(
    scores: Scores, level: float, seed: np.random.SeedSequence, threads: int | None = None
) -> list[Verdict]:
    """Test all objects, then both sides of each change found, until nothing more is found.

    Every stretch is tested at its share of ``level``. Stretches without a change do not overlap, so
    the chance of any false alarm stays at ``level``, also beside true changes (Bonferroni).
    """
    found: list[Verdict] = []
    waiting = [(0, scores.objects, seed, inf)]
    while waiting:
        lo, hi, stream, memory = waiting.pop(0)
        own = level * (hi - lo) / max(scores.objects, 1)
        verdict = judge_stretch(scores, lo, hi, own, stream.spawn(1)[0], threads, memory)
        found.append(verdict)
        if verdict.split is not None:
            left, right = stream.spawn(2)
            memory = verdict.most_memory
            waiting += [(lo, verdict.split, left, memory), (verdict.split, hi, right, memory)]
    return found


def confirmed(
    scores: Scores,
    stretches: Sequence[Verdict],
    level: float,
    seed: np.random.SeedSequence,
    threads: int | None = None,
) -> list[Verdict]:
    """The changes that are still found between their neighbours, from first to last.

    A split beside a change that was placed badly is found again, and falls away here.
    """
    splits = sorted((v for v in stretches if v.split is not None), key=lambda v: v.split or 0)
    kept: list[Verdict] = []
    streams = seed.spawn(len(splits))
    for k, verdict in enumerate(splits):
        lo = (kept[-1].split or 0) if kept else 0
        hi = (splits[k + 1].split or 0) if k + 1 < len(splits) else scores.objects
        if (lo, hi) == (verdict.lo, verdict.hi):
            kept.append(verdict)
            continue
        share = (hi - lo) / scores.objects
        memory = verdict.most_memory
        again = judge_stretch(scores, lo, hi, level * share, streams[k], threads, memory)
        if again.split is not None:
            kept.append(replace(verdict, ahead=again.ahead, fade=again.fade))
    return kept


def locate(
    scores: Scores,
    begun_ns: Ints,
    splits: Sequence[Verdict],
    tests: int,
    confidence: float,
    alpha: float,
) -> tuple[list[Change], list[Verdict]]:
    """Place every change again, from the objects between its neighbours.

    Of two that come to lie nearer than ``NEAREST`` objects, the one with the larger p goes. Those
    go too that are no surer than likeness of their neighbours makes splits without a change, and
    those of which no relation can be named that differs at ``alpha``.

    Returns  the changes, and the verdicts that fell, each with its reason.
    """
    fallen: list[Verdict] = []
    kept = list(splits)
    placed: dict[tuple[int, ...], Change] = {}
    named: dict[Change, bool] = {}
    while True:
        points = [0, *(v.split or 0 for v in kept), scores.objects]
        found = []
        for k, verdict in enumerate(kept):
            between = tuple(points[k : k + 3])
            if between not in placed:
                placed[between] = _place(scores, begun_ns, verdict, between, tests, confidence)
            found.append(placed[between])
        near = [k for k in range(len(found) - 1) if found[k + 1].at - found[k].at < NEAREST]
        if near:
            k = near[0]
            kept.pop(k if found[k].p_adjusted > found[k + 1].p_adjusted else k + 1)
            continue
        ahead = [
            v.ahead / inflation(scores, c.lo, c.at, c.hi, v.unit_objects, v.fade)
            for v, c in zip(kept, found, strict=True)
        ]
        if ahead and min(ahead) < 1:
            worst = kept.pop(int(np.argmin(ahead)))
            fallen.append(replace(worst, split=None, reason="serial_dependence"))
            continue
        for change in found:
            if change not in named:
                named[change] = _named(scores, change, alpha)
        vague = [k for k, change in enumerate(found) if not named[change]]
        if not vague:
            return found, fallen
        fallen.append(replace(kept.pop(vague[0]), split=None, reason="unnamed"))


def _named(scores: Scores, change: Change, alpha: float) -> bool:
    return min((d.p_adjusted for d in what_changed(scores, change)), default=1.0) <= alpha


def _place(
    scores: Scores,
    begun_ns: Ints,
    verdict: Verdict,
    points: tuple[int, ...],
    tests: int,
    confidence: float,
) -> Change:
    lo, first, hi = points
    rows = [project(scores, begun_ns, lo, first, hi, crossed=c) for c in (False, True)]
    unit = max(1, round(verdict.unit_objects * len(rows[0].gain) / (hi - lo)))
    margin = max(1, round(SIDE_OBJECTS * len(rows[0].gain) / (hi - lo)))
    placed, fits = (
        [fit_step(r, key, unit, confidence, margin) for key in (r.begun_ns, r.at_ns)] for r in rows
    )
    ahead = (placed[1].evidence - placed[0].evidence) / 2
    k = int(ahead > 0)
    best = placed[k]
    affects: Affects = "unclear"
    if abs(ahead) > EVIDENCE * best.spread:
        affects = "steps" if ahead > 0 else "objects"
        low, high = fits[k].low_ns, fits[k].high_ns
    else:
        low, high = (f(*(getattr(fit, n) for fit in fits)) for f, n in _BOUNDS)
    low, high = min(low, best.at_ns), max(high, best.at_ns)
    shape, ramp = shape_of(best.series, best.split, unit)
    share = (verdict.hi - verdict.lo) / scores.objects
    p = 1.0 if verdict.p is None else verdict.p
    at = int(np.searchsorted(begun_ns, best.at_ns))
    return Change(
        at=min(max(at, lo + 2), hi - 2),
        low=int(np.searchsorted(begun_ns, low)),
        high=int(np.searchsorted(begun_ns, high)),
        at_ns=best.at_ns,
        low_ns=low,
        high_ns=high,
        affects=affects,
        lo=lo,
        hi=hi,
        p=p,
        p_adjusted=min(1.0, p * tests / share),
        shape=shape,
        ramp_ns=None if ramp is None else (int(best.key[ramp[0]]), int(best.key[ramp[1]])),
        unit_objects=verdict.unit_objects,
    )


_BOUNDS = ((min, "low_ns"), (max, "high_ns"))


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in one relation: ``before`` and ``after`` in the measure's own unit.

    share: control flow: of objects that reached the source, the part that went on so.
    median_s: times: the median over objects. objects: those with it, before and after.
    mean_change_s: difference of the means times the part of objects that have it (times).
    """

    source: str | None
    target: str | None
    before: float
    after: float
    objects_before: int
    objects_after: int
    mean_change_s: float
    p: float
    p_adjusted: float


def what_changed(scores: Scores, change: Change) -> list[Difference]:
    """All relations on both sides of a change, the surest difference first.

    Means of nearly independent units are compared (Welch 1947); p_adjusted is Holm's over the
    relations. The place was chosen by the same data: these p-values order the differences, and
    the change itself is judged by its own.
    """
    batches = [_batches(change.at - change.lo, change), _batches(change.hi - change.at, change)]
    edges = [
        change.lo + (np.arange(batches[0] + 1) * (change.at - change.lo)) // batches[0],
        change.at + (np.arange(batches[1] + 1) * (change.hi - change.at)) // batches[1],
    ]
    whole = units_between(scores, np.concatenate((edges[0], edges[1][1:])))
    total = [whole.total[: batches[0]], whole.total[batches[0] :]]
    weight = [whole.weight[: batches[0]], whole.weight[batches[0] :]]
    pooled = whole.total.sum(axis=0) / np.maximum(whole.weight.sum(axis=0), 1e-12)
    rest = [
        (t - pooled * w) / np.diff(edge)[:, None]
        for t, w, edge in zip(total, weight, edges, strict=True)
    ]
    sizes = [np.diff(edge) for edge in edges]
    p = np.array([_welch([r[:, f] for r in rest], sizes) for f in range(whole.total.shape[1])])
    sums = [[side.sum(axis=0) for side in both] for both in (total, weight)]
    figures = _figures(scores, change, *sums)
    codes = (*scores.relations.names, None)
    labels = [scores.relations.label(int(key)) for key in scores.keys]
    labels += [(ANY, codes[int(c)]) for c in scores.into]
    found = [
        _difference(label, figures[f], float(p[f]), q)
        for f, (label, q) in enumerate(zip(labels, _holm(p), strict=True))
        if not isnan(p[f])
    ]
    return sorted(found, key=lambda d: (d.p, d.source or "", d.target or ""))


def _difference(
    about: tuple[str | None, str | None], figures: _Figures, p: float, p_adjusted: float
) -> Difference:
    before, after, m, n, longer_s = figures
    return Difference(about[0], about[1], before, after, m, n, longer_s, p, p_adjusted)


def _batches(objects: int, change: Change) -> int:
    size = max(change.unit_objects, 5)
    return max(2, min(MOST_BATCHES, objects // size))


def _welch(sides: Sequence[Floats], sizes: Sequence[Ints]) -> float:
    """No side is taken for less variable than both are together, size for size: a rare relation
    that a short side lacks altogether would seem without chance there."""
    mean = [float(side.mean()) for side in sides]
    both = zip(sides, mean, sizes, strict=True)
    squares = sum(float((size * (side - m) ** 2).sum()) for side, m, size in both)
    each = squares / (sum(map(len, sides)) - 2)
    one, two = (
        max(float(side.var(ddof=1)) / len(side), each / float(size.sum()))
        for side, size in zip(sides, sizes, strict=True)
    )
    return means(mean[0], one, len(sides[0]), mean[1], two, len(sides[1]), 0.95).p


def _holm(p: Floats) -> list[float]:
    """Holm's (1979) adjusted p-values; NaN stays NaN and counts as no test."""
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factor = len(order) - np.arange(len(order))
    out[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factor))
    return [float(q) for q in out]


def _figures(
    scores: Scores, change: Change, total: Sequence[Floats], weight: Sequence[Floats]
) -> list[_Figures]:
    if scores.kind == "control_flow":
        run = slice(int(scores.offsets[change.lo]), int(scores.offsets[change.hi]))
        steps = float(scores.value[run].sum())
        flow = (total[0] + total[1])[scores.features :] / steps
        unit = np.concatenate((np.ones(scores.features), np.maximum(flow, 1e-12)))
        share = [t / np.maximum(w, 1e-12) * unit for t, w in zip(total, weight, strict=True)]
        return [
            (float(a), float(b), round(m), round(n), 0.0)
            for a, b, m, n in zip(*share, *(w / unit for w in weight), strict=True)
        ]
    sides = [_grouped(scores, a, b) for a, b in ((change.lo, change.at), (change.at, change.hi))]
    objects = change.hi - change.lo
    found: list[_Figures] = []
    for f in range(scores.features):
        left, right = (side[0][side[1][f] : side[1][f + 1]] / SECOND_NS for side in sides)
        if len(left) == 0 or len(right) == 0:
            found.append((0.0, 0.0, len(left), len(right), 0.0))
            continue
        part = (len(left) + len(right)) / objects
        gap = float(right.mean() - left.mean()) * part
        found.append((float(np.median(left)), float(np.median(right)), len(left), len(right), gap))
    return found


def _grouped(scores: Scores, lo: int, hi: int) -> tuple[Ints, Ints]:
    """Times of the objects ``lo:hi`` by relation, and where each relation's begin."""
    run = slice(int(scores.offsets[lo]), int(scores.offsets[hi]))
    feature = scores.feature[run]
    order = np.argsort(feature, kind="stable")
    bounds = np.searchsorted(feature[order], np.arange(scores.features + 1))
    return scores.raw_ns[run][order], bounds
