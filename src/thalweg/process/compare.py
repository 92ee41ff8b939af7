"""Two groups or two periods side by side: which paths, waits and activities differ.

A difference is no effect: the groups may differ in anything else as well. Every result says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import BaseModel

from thalweg.errors import RequestError
from thalweg.process import activities as act
from thalweg.process import durations as dur
from thalweg.process.chunks import SECOND_NS
from thalweg.process.contrasts import (
    Clustered,
    Contrast,
    adjusted,
    clustered_means,
    clustered_medians,
    means,
    proportions,
)
from thalweg.process.filter_text import to_text
from thalweg.process.filters import Filter, TimeFilter
from thalweg.process.map import FilterLike, choose_type, judge, read_filters, trust_summary
from thalweg.process.pairs import Sequences, group_gaps, scan_pairs
from thalweg.process.result import plain
from thalweg.process.selection import apply_filters, keep_objects
from thalweg.records.appraisal.completion import Completion
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

SCHEMA = "thalweg.compare/1"
FALSE_DISCOVERY_RATE = 0.05
CONFIDENCE = 0.95
UNFINISHED_GAP = 0.05
"""Difference of the unfinished shares from which waits and durations are warned about."""

_DIFFERENCES = {
    "measure": pl.String,
    "left": pl.Float64,
    "right": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "q": pl.Float64,
    "differs": pl.Boolean,
}


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Differences, right less left.

    paths: source, target, measure (objects_share, per_object, mean_s, median_s), left, right,
    difference with low and high (each interval at ``confidence`` on its own), p, q (Benjamini and
    Hochberg over all comparisons of the result), differs (q within ``false_discovery_rate``).
    activities: the same with activity and the measures objects_share and rework_share.
    durations: mean time until finished, restricted to the span both groups were watched.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    left: dict[str, Any]
    right: dict[str, Any]
    paths: pl.DataFrame
    activities: pl.DataFrame
    durations: pl.DataFrame
    comparisons: int
    untested: int
    confidence: float
    false_discovery_rate: float
    warnings: tuple[str, ...]
    trust: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        fields = {name: plain(getattr(self, name)) for name in self.__slots__}
        return {"schema": SCHEMA} | fields


@dataclass(slots=True)
class _Rows:
    """Contrasts with what they are about, collected before the correction over all of them."""

    about: list[tuple[str, ...]] = field(default_factory=list)
    contrasts: list[Contrast] = field(default_factory=list)

    def add(self, about: tuple[str, ...], contrast: Contrast) -> None:
        self.about.append(about)
        self.contrasts.append(contrast)

    def table(self, keys: Sequence[str], q: Sequence[float], rate: float) -> pl.DataFrame:
        rows = [
            (*about, c.left, c.right, c.difference, c.low, c.high, c.p, own, own <= rate)
            for about, c, own in zip(self.about, self.contrasts, q, strict=True)
        ]
        schema = dict.fromkeys(keys, pl.String) | _DIFFERENCES
        table = pl.DataFrame(rows, schema=schema, orient="row")
        return table.with_columns(pl.selectors.float().fill_nan(None)).sort(
            ["q", "p", *keys, "measure"], nulls_last=True
        )


def compare_groups(
    book: Book,
    left: FilterLike | Sequence[FilterLike],
    right: FilterLike | Sequence[FilterLike] | None = None,
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    ends: Sequence[str] | None = None,
    confidence: float = CONFIDENCE,
    false_discovery_rate: float = FALSE_DISCOVERY_RATE,
    threads: int | None = None,
) -> Comparison:
    """Compare two groups of objects of one type.

    Takes    left, right: the filter or filters that make the groups, text with several between
             semicolons; right None means all objects that are not in left. filters: applied to
             both before. ends: as for ``map_book``.
    Raises   RequestError: the groups share objects, or one of them is empty.
    """
    zone = book.timezone
    common, one = read_filters(filters, zone), _group(left, zone)
    two = None if right is None else _group(right, zone)
    base = book.perspective(choose_type(book, type))
    views = _split(apply_filters(base, common), one, two)
    done = [judge(base, view, ends, None) for view in views]
    paths, activities, durations = _Rows(), _Rows(), _Rows()
    one_side, other_side = (_sequences(view) for view in views)
    for step, contrast in path_contrasts(
        one_side, other_side, base.activities, confidence, threads
    ):
        paths.add(step, contrast)
    for about, contrast in _activity_contrasts(views[0], views[1], confidence, threads):
        activities.add(about, contrast)
    durations.add(("restricted_mean_s",), _duration_contrast(views, done, confidence))
    groups = (paths, activities, durations)
    p = [c.p for rows in groups for c in rows.contrasts]
    q = iter(adjusted(p))
    tables = [
        rows.table(keys, [next(q) for _ in rows.contrasts], false_discovery_rate)
        for rows, keys in zip(groups, (["source", "target"], ["activity"], []), strict=True)
    ]
    request = _request_json(base.type, common, one, two, ends, confidence, false_discovery_rate)
    text = json.dumps([book.fingerprint, request], sort_keys=True)
    return Comparison(
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        book=book.fingerprint,
        request=request,
        type=base.type,
        left=_describe(views[0], done[0], one),
        right=_describe(views[1], done[1], two),
        paths=tables[0],
        activities=tables[1],
        durations=tables[2],
        comparisons=int(np.sum(~np.isnan(p))),
        untested=int(np.isnan(p).sum()),
        confidence=confidence,
        false_discovery_rate=false_discovery_rate,
        warnings=_warnings(done),
        trust=trust_summary(book),
    )


def compare_periods(
    book: Book,
    first: tuple[datetime, datetime],
    second: tuple[datetime, datetime],
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    **options: Any,
) -> Comparison:
    """Compare objects that began in one period with those that began in another."""
    groups = [[TimeFilter(start=a, end=b, mode="started")] for a, b in (first, second)]
    return compare_groups(book, groups[0], groups[1], type=type, filters=filters, **options)


def _group(filters: FilterLike | Sequence[FilterLike], zone: str) -> tuple[Filter, ...]:
    one = isinstance(filters, str | Mapping | BaseModel)
    return read_filters([filters] if one else filters, zone)  # type: ignore[list-item, arg-type]


def _split(
    view: Perspective, left: Sequence[Filter], right: Sequence[Filter] | None
) -> tuple[Perspective, Perspective]:
    one = apply_filters(view, left)
    if right is None:
        two = keep_objects(view, ~np.isin(view.object, one.object))
    else:
        two = apply_filters(view, right)
    _check_groups(one, two)
    return one, two


def _check_groups(left: Perspective, right: Perspective) -> None:
    for name, view in (("left", left), ("right", right)):
        if view.objects == 0:
            raise RequestError(f"The {name} group holds no object. Widen its filters.")
    both = len(np.intersect1d(left.object, right.object))
    if both:
        raise RequestError(
            f"{both} objects are in both groups. Choose filters that exclude each other."
        )


def _sequences(view: Perspective) -> Sequences:
    offsets = np.asarray(view.offsets)
    return Sequences.of(offsets, view.activity, view.time_ns, len(view.activities))


def path_contrasts(
    left: Sequences,
    right: Sequences,
    names: Sequence[str],
    confidence: float = CONFIDENCE,
    threads: int | None = None,
) -> Iterator[tuple[tuple[str, str, str], Contrast]]:
    """Four contrasts for every pair that either group has: (source, target, measure).

    objects_share: part of objects that have it; per_object: occurrences per object; mean_s and
    median_s: time between the two over all occurrences.
    """
    sides = [_by_pair(data, threads) for data in (left, right)]
    n1, n2 = (len(data.offsets) - 1 for data in (left, right))
    none = Clustered(np.empty(0), np.empty(0, np.int64))
    for pair in sorted(sides[0].keys() | sides[1].keys()):
        a, b = (side.get(pair, none) for side in sides)
        about = names[pair[0]], names[pair[1]]
        yield (*about, "objects_share"), proportions(a.objects, n1, b.objects, n2, confidence)
        yield (*about, "per_object"), means(*_per_object(a, n1), *_per_object(b, n2), confidence)
        yield (*about, "mean_s"), clustered_means(a, b, confidence)
        yield (*about, "median_s"), clustered_medians(a, b, confidence)


def _by_pair(data: Sequences, threads: int | None) -> dict[tuple[int, int], Clustered]:
    whole, parts = scan_pairs(data, threads)
    found = group_gaps(data, whole, parts, threads, owners=True)
    out = {}
    for k, (source, target) in enumerate(zip(whole.source, whole.target, strict=True)):
        own = slice(found.bounds[k], found.bounds[k + 1])
        values = found.gaps_ns[own] / SECOND_NS
        out[int(source), int(target)] = Clustered.of(values, found.owner[own])
    return out


def _per_object(x: Clustered, objects: int) -> tuple[float, float, int]:
    """Mean occurrences per object, the variance of that mean, and the number of objects."""
    sizes = x.sizes if x.objects else np.zeros(0)
    mean = float(sizes.sum()) / objects
    squares = float((sizes**2).sum()) - objects * mean**2
    return mean, max(0.0, squares) / max(objects * (objects - 1), 1), objects


def _activity_contrasts(
    left: Perspective, right: Perspective, confidence: float, threads: int | None
) -> Iterator[tuple[tuple[str, str], Contrast]]:
    figures = [
        act.aggregate_activities(
            np.asarray(v.offsets), v.activity, v.time_ns, len(v.activities), threads
        ).figures
        for v in (left, right)
    ]
    for code, name in enumerate(left.activities):
        a, b = (f[code] for f in figures)
        if a[act.ENTRIES] + b[act.ENTRIES] == 0:
            continue
        have = int(a[act.OBJECTS]), int(b[act.OBJECTS])
        again = int(a[act.REWORKED]), int(b[act.REWORKED])
        share = proportions(have[0], left.objects, have[1], right.objects, confidence)
        yield (name, "objects_share"), share
        if sum(again):
            yield (name, "rework_share"), proportions(*_woven(again, have), confidence)


def _woven(hits: tuple[int, int], of: tuple[int, int]) -> tuple[int, int, int, int]:
    return hits[0], of[0], hits[1], of[1]


def _duration_contrast(
    views: Sequence[Perspective], done: Sequence[Completion], confidence: float
) -> Contrast:
    """Restricted means up to the longest time that both groups were watched (Irwin 1949)."""
    curves = []
    for view, own in zip(views, done, strict=True):
        spans = dur.object_durations(*dur.object_spans(view), own.finished, own.horizon_ns)
        curves.append(dur.survival(dur.DurationAggregate.of(spans, own.finished), confidence))
    until = min(curve.observed_s for curve in curves)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    found = [curve.restricted_mean(until, z) for curve in curves]
    spread = [((high - mean) / z) ** 2 for mean, _, high in found]
    sizes = [view.objects for view in views]
    return means(found[0][0], spread[0], sizes[0], found[1][0], spread[1], sizes[1], confidence)


def _describe(
    view: Perspective, done: Completion, filters: Sequence[Filter] | None
) -> dict[str, Any]:
    """A group's size, and its filters as text (None: all other objects)."""
    return {
        "filters": None if filters is None else [to_text(one) for one in filters],
        "objects": view.objects,
        "entries": view.entries,
        "finished": int(done.finished.sum()),
        "unfinished": done.unfinished,
    }


def _warnings(done: Sequence[Completion]) -> tuple[str, ...]:
    open_share = [own.unfinished / max(len(own.finished), 1) for own in done]
    told = {
        "difference_is_no_effect": True,
        "unfinished_differ": abs(open_share[0] - open_share[1]) > UNFINISHED_GAP,
        "few_objects": min(len(own.finished) for own in done) < 100,
    }
    return tuple(code for code, true in told.items() if true)


def _request_json(
    kind: str,
    common: Sequence[Filter],
    left: Sequence[Filter],
    right: Sequence[Filter] | None,
    ends: Sequence[str] | None,
    confidence: float,
    rate: float,
) -> dict[str, Any]:
    return {
        "type": kind,
        "filters": [to_text(one) for one in common],
        "left": [to_text(one) for one in left],
        "right": None if right is None else [to_text(one) for one in right],
        "ends": None if ends is None else list(ends),
        "confidence": confidence,
        "false_discovery_rate": rate,
    }
