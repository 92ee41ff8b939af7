"""Outcomes by cell before thin and immature cells are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from thalweg.change.frame import Floats, Ints, Kind, Mask, Outcome
from thalweg.change.panels.grid import DAY_NS, Grid
from thalweg.change.panels.kernels import (
    ITEMS,
    REST_NS,
    WHOLE_S,
    Sums,
    Tracks,
    spread_days,
    sum_items,
)
from thalweg.change.panels.objects import (
    FAILED,
    FINISHED,
    SILENT,
    Objects,
    count_cells,
    hours_by_cell,
    mature,
    values_by_cell,
)
from thalweg.change.panels.settings import Settings, Wanted
from thalweg.change.panels.waits import find_waits, sum_waits
from thalweg.change.panels.windows import Window, buckets, choose_window, count_days
from thalweg.process.calendar import Calendar, WorkTable
from thalweg.process.chunks import SECOND_NS
from thalweg.process.conformance.rules.views import column_of
from thalweg.process.pairs import PairAggregate, Sequences, aggregate_pairs
from thalweg.process.selection import pick
from thalweg.process.waiting.enabling import MOST_ACTIVITIES
from thalweg.records.perspective import Perspective

TOP_PAIRS = 20
ARROW = " → "


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """An outcome by cell (units · periods).

    total    divided by ``objects``, or by the days of the period where ``per_day``.
    known    (periods,) in which objects can be followed for the window.
    """

    outcome: Outcome
    total: Floats
    objects: Ints
    known: Mask
    per_day: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that the measures look at."""

    base: Perspective
    view: Perspective
    objects: Objects
    grid: Grid
    units: int
    settings: Settings
    wanted: Wanted
    calendar: Calendar | None
    work: WorkTable | None
    silence_ns: int
    span_ns: int
    first_ns: int
    deviating: Mask | None
    value: Floats | None
    threads: int | None

    @property
    def cells(self) -> int:
        return self.units * len(self.grid)


class Measuring:
    """Outcomes one after the other, and why others are missing."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.windows: dict[str, Window] = {}
        self.missing: dict[str, str] = {}
        objects = scene.objects
        times = objects.within_ns(np.iinfo(np.int64).max // 4)
        table = count_days(times, objects.finished, buckets(scene.span_ns))
        self.flow = choose_window(table, scene.span_ns, scene.settings.within_s)
        self.latest = objects.latest(scene.grid)
        self.layers = scene.settings.layers if scene.wanted.kind("layer") else ()
        self.tracks, self.pairs = self._tracks()

    def outcomes(self) -> Iterator[Raw]:
        """Every outcome that is wanted and that the records carry."""
        wanted = self.scene.wanted
        if wanted.kind("flow"):
            yield self._flow()
        rework: Mask | None = None
        if self.tracks.kinds or wanted.kind("share"):
            windows = self._item_windows()
            sums = sum_items(
                self.tracks,
                self.scene.grid,
                self.scene.units,
                np.array([window.within_ns for window in windows], np.int64),
                self.flow.within_ns,
                self.scene.work,
                self.scene.threads,
            )
            yield from self._items(sums, windows)
            rework = sums.rework
        if wanted.kind("wait"):
            yield from self._waits()
        if rework is not None and wanted.kind("share"):
            yield from self._shares(rework)
        if wanted.kind("count"):
            yield from self._counts()
        if wanted.kind("value"):
            yield from self._values()

    def _known(self, within_ns: int) -> Mask:
        return mature(self.latest, within_ns, self.scene.objects.horizon_ns)

    def _flow(self) -> Raw:
        scene, objects = self.scene, self.scene.objects
        self.windows["flow_h"] = self.flow
        time = objects.within_ns(self.flow.within_ns, scene.work)
        return Raw(
            _hours("flow_h", "flow", self.flow),
            hours_by_cell(objects.cell, time, scene.cells),
            count_cells(objects.cell, scene.cells),
            self._known(self.flow.within_ns),
        )

    def _tracks(self) -> tuple[Tracks, list[str]]:
        """Layers and chosen pairs as codes, and the pairs' names."""
        scene, view = self.scene, self.scene.view
        codes = len(view.activities)
        layer = np.full(codes, -1, np.int64)
        next_layer, next_pair = layer.copy(), layer.copy()
        pair = np.full(0, -1, np.int64)
        names: list[str] = []
        if self.layers or scene.wanted.kind("pair"):
            data = Sequences.of(np.asarray(view.offsets), view.activity, view.time_ns, codes)
            follows = aggregate_pairs(data, scene.threads)
            if self.layers:
                layer = scene.settings.layer_codes(view.activities)
                next_layer = _likeliest(follows, layer, len(self.layers), codes)
            if scene.wanted.kind("pair"):
                names, pair, next_pair = self._chosen(follows, codes)
        objects = scene.objects
        tracks = Tracks(
            view,
            objects.begun_ns,
            objects.finished,
            objects.unit,
            objects.horizon_ns,
            layer,
            next_layer,
            len(self.layers),
            pair,
            next_pair,
            len(names),
        )
        return tracks, names

    def _chosen(self, follows: PairAggregate, codes: int) -> tuple[list[str], Ints, Ints]:
        """The costliest pairs, or those named; and the likeliest of each last activity."""
        following = np.full(codes, -1, np.int64)
        if codes > MOST_ACTIVITIES:
            self.missing["pair_h"] = "too_many_activities"
            return [], np.full(0, -1, np.int64), following
        pair = np.full(codes**2, -1, np.int64)
        known = self.scene.view.activities
        labels = [
            f"{known[a]}{ARROW}{known[b]}"
            for a, b in zip(follows.source.tolist(), follows.target.tolist(), strict=True)
        ]
        single = self.scene.wanted.singled("pair_h")
        order = np.lexsort((np.arange(len(labels)), -follows.total_s))
        rows = order[follows.total_s[order] > 0][:TOP_PAIRS].tolist()
        if single:
            places = {label: at for at, label in enumerate(labels)}
            rows = [places[pick(label, labels, "pair of activities")] for label in single]
        for number, row in enumerate(rows):
            pair[follows.source[row] * codes + follows.target[row]] = number
        by_count = np.lexsort((follows.target, -follows.count, follows.source))
        _, first = np.unique(follows.source[by_count], return_index=True)
        best = by_count[first]
        following[follows.source[best]] = pair[follows.source[best] * codes + follows.target[best]]
        return [labels[row] for row in rows], pair, following

    def _item_windows(self) -> list[Window]:
        """Windows of layers, then of pairs."""
        if not self.tracks.kinds:
            return []
        span = self.scene.span_ns
        days = spread_days(self.tracks, buckets(span), self.scene.threads)
        declared = [within for _, _, within in self.layers] + [None] * len(self.pairs)
        return [choose_window(table, span, own) for table, own in zip(days, declared, strict=True)]

    def _items(self, sums: Sums, windows: list[Window]) -> Iterator[Raw]:
        named: list[tuple[Kind, str, str | None]]
        named = [("layer", f"layer_h:{key}", key) for key, _, _ in self.layers]
        named += [("pair", f"pair_h:{label}", None) for label in self.pairs]
        for at, (kind, name, layer) in enumerate(named):
            table, window = sums.table[at], windows[at]
            if not table[:, ITEMS].any():
                self.missing[name] = "no_items"
                continue
            self.windows[name] = window
            hours = (table[:, WHOLE_S] + table[:, REST_NS] / SECOND_NS) / 3600
            known = mature(sums.latest[at], window.within_ns, self.scene.objects.horizon_ns)
            outcome = _hours(name, kind, window, layer)
            yield Raw(outcome, hours, table[:, ITEMS], known)

    def _waits(self) -> Iterator[Raw]:
        scene = self.scene
        zone = scene.grid.zone
        waits = find_waits(scene.base, scene.view, zone, scene.calendar, scene.threads)
        if isinstance(waits, str):
            self.missing["wait_h"] = waits
            return
        window = choose_window(waits.days(buckets(scene.span_ns)), scene.span_ns, None)
        sums = sum_waits(
            waits, scene.objects.unit, scene.units, scene.grid, window.within_ns, scene.threads
        )
        known = mature(sums.latest, window.within_ns, scene.objects.horizon_ns)
        for table, cause in zip(sums.table, waits.causes, strict=True):
            name = f"wait_h:{cause}"
            self.windows[name] = window
            hours = (table[:, WHOLE_S] + table[:, REST_NS] / SECOND_NS) / 3600
            yield Raw(_hours(name, "wait", window), hours, table[:, ITEMS], known)

    def _shares(self, rework: Mask) -> Iterator[Raw]:
        objects, within = self.scene.objects, self.flow.within_ns
        yield self._share("rework_share", rework, within)
        ended = objects.stop_ns - objects.begun_ns <= within
        broken = (objects.state == FAILED) | (objects.state == SILENT)
        follow = within + (self.scene.silence_ns if (objects.state == SILENT).any() else 0)
        yield self._share("broke_off_share", ended & broken, follow)
        if self.scene.deviating is None:
            self.missing["deviation_share"] = "no_rules"
        else:
            yield self._share("deviation_share", self.scene.deviating, within)

    def _share(self, name: str, mask: Mask, follow_ns: int) -> Raw:
        """Part of the objects; those within the window, followed for ``follow_ns``."""
        cells, cell = self.scene.cells, self.scene.objects.cell
        self.windows[name] = self.flow
        return Raw(
            Outcome(name, "share", "share", "level", "lower", None, self.flow.within_s),
            count_cells(cell, cells, mask).astype(float),
            count_cells(cell, cells),
            self._known(follow_ns),
        )

    def _counts(self) -> Iterator[Raw]:
        scene, objects = self.scene, self.scene.objects
        always = np.ones(len(scene.grid), np.bool_)
        started = count_cells(objects.cell, scene.cells)
        yield Raw(_count("started_per_day"), started.astype(float), started, always, True)
        through = count_cells(objects.left, scene.cells, objects.state == FINISHED)
        warm = scene.grid.edges[:-1] >= scene.first_ns + self.flow.within_ns
        yield Raw(_count("finished_per_day"), through.astype(float), through, warm, True)

    def _values(self) -> Iterator[Raw]:
        scene, cell = self.scene, self.scene.objects.cell
        if scene.value is None:
            why = "no_value" if scene.settings.value is None else "value_unknown"
            self.missing["value_per_day"] = self.missing["value_per_object"] = why
            return
        always = np.ones(len(scene.grid), np.bool_)
        total = values_by_cell(cell, scene.value, scene.cells)
        objects = count_cells(cell, scene.cells, np.isfinite(scene.value))
        unit = scene.settings.currency or "value"
        for name, per_day in (("value_per_day", True), ("value_per_object", False)):
            per = f"{unit}/day" if per_day else unit
            outcome = Outcome(name, "value", per, "log", "higher")
            yield Raw(outcome, total, objects, always, per_day)


def _hours(name: str, kind: Kind, window: Window, layer: str | None = None) -> Outcome:
    return Outcome(name, kind, "h", "log", "lower", layer, window.within_s)


def _count(name: str) -> Outcome:
    return Outcome(name, "count", "1/day", "log", "higher")


def _likeliest(follows: PairAggregate, layer: Ints, layers: int, codes: int) -> Ints:
    """Per activity the layer of most of the events that follow it; -1 for none or no layer."""
    table = np.zeros((codes, layers + 1), np.int64)
    np.add.at(table, (follows.source, layer[follows.target]), follows.count)
    best = table.argmax(axis=1)
    return np.where((table.sum(axis=1) > 0) & (best < layers), best, -1)


def value_source(view: Perspective, name: str) -> str | None:
    """Where the value of an object stands: ``attribute:NAME``, ``event:NAME``, None for nowhere."""
    if name in view.book.objects(view.type).collect_schema():
        return f"attribute:{name}"
    return f"event:{name}" if name in view.book.event_schema() else None


def read_value(view: Perspective, name: str) -> Floats | None:
    """An attribute of the objects as numbers, NaN where there is none.

    An attribute of events counts as the object's by its first value. None where neither has such
    an attribute with a number in it.
    """
    book, source = view.book, value_source(view, name)
    if source is None:
        return None
    if source.startswith("attribute:"):
        values = column_of(book, view.type, name).gather(np.asarray(view.object))
        numbers = _numbers(values)
    else:
        entries = _numbers(book.event_column(name).gather(np.asarray(view.event)))
        place = np.where(np.isfinite(entries), np.arange(len(entries)), len(entries))
        first = np.minimum.reduceat(place, np.asarray(view.offsets[:-1]))
        numbers = np.append(entries, np.nan)[first]
    return numbers if np.isfinite(numbers).any() else None


def _numbers(values: pl.Series) -> Floats:
    return values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()


def silence_ns(follow_up_ns: Ints | None, last_code: Ints, silent: Mask) -> int:
    """The longest silence after which one of these objects was taken as over."""
    if follow_up_ns is None or not silent.any():
        return 0
    return int(follow_up_ns[last_code[silent]].max(initial=DAY_NS))
