"""Panels: outcomes by unit and period, from a book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.change.frame import Every, Ints, Mask, Panel
from thalweg.change.panels.grid import (
    Grid,
    fitting_every,
    lay_grid,
    straddling,
    straddling_anywhere,
)
from thalweg.change.panels.measure import (
    Measuring,
    Raw,
    Scene,
    read_value,
    silence_ns,
    value_source,
)
from thalweg.change.panels.objects import FAILED, FINISHED, OPEN, SILENT, Objects
from thalweg.change.panels.request import PanelsRequest
from thalweg.change.panels.settings import Settings, Wanted
from thalweg.change.panels.units import Units, find_units
from thalweg.change.panels.windows import Window
from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar, work_table, zone_of
from thalweg.process.chunks import rows_of
from thalweg.process.conformance.rules.check import check_rules
from thalweg.process.conformance.rules.file import load_rules
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.conformance.rules.verdicts import VIOLATED
from thalweg.process.conformance.rules.views import Scene as RuleScene
from thalweg.process.durations import object_spans
from thalweg.process.map import FilterLike, choose_type, judge, read_filters
from thalweg.process.result import fingerprint_of
from thalweg.process.selection import apply_filters, pick
from thalweg.records.appraisal.completion import observed_until
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile
    from thalweg.records.store.book import Book

FEWEST_OBJECTS = 2
"""Objects behind a mean or share. More throw away what effects are found with, and leave the cells
of large units only (docs/methods)."""
DRIBBLE_SHARE, DRIBBLE_MOST = 0.2, 5
"""A cell with fewer than this part of its unit's median is no sample of the unit's work, as before
its records really begin; but so many objects always count."""
FEWEST_PERIODS = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Panels:
    """Outcomes of one object type by unit and period, and everything that was left out.

    panels    by name of the outcome; units and periods are the same in all.
    aside     objects by reason: without_unit, not_eligible, without_level, outside_periods (begun
              before the first or after the last); ambiguous_unit counts objects that were kept.
    cells     one row per outcome: cells, known, empty (no objects), thin (too few:
              ``fewest_by_unit``), immature (not followed for the window), short_units (with too
              few known cells to be of use) and short_cells (their cells).
    windows   of restricted means by outcome. missing: outcomes that are absent, with a code why.
    dropped   units without any known cell, which are not in ``units``.
    value_source   where the value of an object stands: ``attribute:NAME`` of the objects, or
              ``event:NAME``, of which the first known one counts.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    units: tuple[str, ...]
    grid: Grid
    panels: dict[str, Panel]
    windows: dict[str, Window]
    source: Units
    objects: int
    aside: dict[str, int]
    cells: pl.DataFrame
    dropped: tuple[str, ...]
    horizon_ns: int
    parties: pl.DataFrame | None = None
    missing: dict[str, str] = field(default_factory=dict)
    value_source: str | None = None

    def __getitem__(self, outcome: str) -> Panel:
        """Raises RequestError where there is no such outcome; it says why, where that is known."""
        if outcome in self.missing:
            raise RequestError(f"There is no panel of {outcome!r}: {self.missing[outcome]}.")
        return self.panels[pick(outcome, list(self.panels), "outcome")]

    def typical_objects(self) -> float:
        """Median of the objects behind a known cell of means; infinite where there is none."""
        kinds = ("flow", "layer")
        means = [one for one in self.panels.values() if one.outcome.kind in kinds][:1]
        behind = [one.objects[np.isfinite(one.value)] for one in means]
        return float(np.median(behind[0])) if behind else float("inf")

    def table(self) -> pl.DataFrame:
        """One row per known cell: unit, period (first local day), outcome, value, objects, and
        weight (objects, of means and shares; days of the period, of what is counted per day)."""
        frames = [_tidy(panel, self.grid) for panel in self.panels.values()]
        return pl.concat(frames) if frames else pl.DataFrame(schema=TABLE_SCHEMA)


TABLE_SCHEMA = {
    "unit": pl.String,
    "period": pl.Date,
    "outcome": pl.String,
    "value": pl.Float64,
    "objects": pl.Int64,
    "weight": pl.Float64,
}


def _tidy(panel: Panel, grid: Grid) -> pl.DataFrame:
    unit, period = np.nonzero(np.isfinite(panel.value))
    objects = panel.objects[unit, period]
    weight = grid.days[period] if panel.outcome.name.endswith("_per_day") else objects.astype(float)
    return pl.DataFrame(
        {
            "unit": pl.Series(panel.units, dtype=pl.String).gather(unit),
            "period": pl.Series(panel.periods, dtype=pl.Date).gather(period),
            "outcome": pl.Series([panel.outcome.name] * len(unit), dtype=pl.String),
            "value": panel.value[unit, period],
            "objects": objects,
            "weight": weight,
        },
        schema=TABLE_SCHEMA,
    )


def build_panels(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    profile: Profile | None = None,
    unit: str | None = None,
    level: str | None = None,
    every: Every | Literal["auto"] = "month",
    outcomes: Sequence[str] | None = None,
    filters: Sequence[FilterLike] = (),
    parties: pl.DataFrame | None = None,
    interventions: pl.DataFrame | None = None,
    adoption: Mapping[str, Sequence[datetime]] | None = None,
    rules: str | Path | RuleFile | None = None,
    fewest_objects: int = FEWEST_OBJECTS,
    fewest_periods: int = FEWEST_PERIODS,
    calendar: Calendar | Literal["profile"] | None = None,
    ends: Sequence[str] | None = None,
    horizon: datetime | None = None,
    timezone: str | None = None,
    threads: int | None = None,
) -> Panels:
    """Outcomes of a book's objects by unit and period.

    Takes    type: the object type; None means the profile's, or the one with most events.
             profile, parties, interventions: None means those of the book, if it has any.
             unit: what names the unit of an object (``find_units``); None means the profile's, or
             found from the units that ``interventions`` name, else from ``parties``.
             level: a column of the parties (parent, region, any trait) whose values are the units.
             every: "auto" takes weeks where months would be few and units have objects enough.
             outcomes: kinds (flow, layer, wait, pair, share, count, value) or names; None: all.
             adoption: unit to instants of adoption, of which ``Panel.straddle`` is made; without
             it, adoptions on first days of periods are supposed. rules: whose breaches make
             ``deviation_share``. fewest_objects: below which a mean or share is unknown, as
             it is below a fifth of its unit's median, up to five (``fewest_by_unit``).
             calendar: working hours, in which durations are counted, and days; "profile": those of
             the profile; None: all time.
             ends, horizon, timezone, filters: as in ``map_book``.
    Raises   RequestError: a name that the book does not have, no source of units, or records that
             do not cover two full periods.
    """
    profile = book.profile() if profile is None else profile
    zone = timezone or book.timezone
    zone_of(zone)
    hours = Settings.of(profile).hours if calendar == "profile" else calendar
    asked = PanelsRequest(
        type=choose_type(book, type or (None if profile is None else profile.type)),
        profile=profile,
        unit=unit or (None if profile is None else profile.unit),
        level=level,
        every=every,
        outcomes=None if outcomes is None else tuple(outcomes),
        filters=read_filters(filters, zone),
        parties=book.parties() if parties is None else parties,
        interventions=book.interventions() if interventions is None else interventions,
        rules=load_rules(rules) if isinstance(rules, str | Path) else rules,
        adopted_ns=_instants(adoption),
        fewest_objects=fewest_objects,
        fewest_periods=fewest_periods,
        calendar=hours,
        ends=None if ends is None else tuple(ends),
        horizon=horizon,
        timezone=zone,
    )
    units, scene = _settle(book, asked, threads)
    return _Finishing(scene, units, asked).panels(book)


def _settle(book: Book, asked: PanelsRequest, threads: int | None) -> tuple[Units, Scene]:
    """Units, periods and everything else that is settled before anything is measured."""
    settings, wanted, hours = Settings.of(asked.profile), Wanted.of(asked.outcomes), asked.calendar
    base = book.perspective(asked.type)
    view = apply_filters(base, asked.filters)
    if base.objects and not view.objects:
        raise RequestError("No object passes the filters. Name fewer of them, or wider ones.")
    done = judge(base, view, asked.ends, asked.horizon)
    begun, stop = object_spans(view)
    units = find_units(
        view,
        unit=asked.unit,
        level=asked.level,
        interventions=asked.interventions,
        parties=asked.parties,
    )
    mine, last_ns, every = begun[units.code >= 0], done.horizon_ns, asked.every
    if every == "auto":
        every = fitting_every(begun, units.code, len(units.names), last_ns, asked.fewest_objects)
    grid = lay_grid(mine, last_ns, every, asked.timezone, hours)
    state, last_code = _state(view, settings, done.finished, done.silent)
    valued = settings.value is not None and wanted.kind("value")
    first_ns = -observed_until(-mine)
    reach_ns = max(int(stop.max()), last_ns)
    return units, Scene(
        base=base,
        view=view,
        objects=Objects.of(begun, stop, state, units.code, grid, last_ns),
        grid=grid,
        units=len(units.names),
        settings=settings,
        wanted=wanted,
        calendar=hours,
        work=None if hours is None else work_table(hours, int(begun.min()), reach_ns),
        silence_ns=silence_ns(done.follow_up_ns, last_code, state == SILENT),
        span_ns=last_ns - first_ns,
        first_ns=first_ns,
        deviating=_deviating(book, asked, view),
        value=read_value(view, str(settings.value)) if valued else None,
        threads=threads,
    )


def _instants(adoption: Mapping[str, Sequence[datetime]] | None) -> Ints | None:
    if adoption is None:
        return None
    flat = [at for instants in adoption.values() for at in instants]
    aware = [at.replace(tzinfo=UTC) if at.tzinfo is None else at for at in flat]
    return np.array([(at - _EPOCH) // timedelta(microseconds=1) * 1000 for at in aware], np.int64)


def _state(
    view: Perspective, settings: Settings, finished: Mask, silent: Mask
) -> tuple[NDArray[np.int8], Ints]:
    """How each object stands when observation ends, and the code of its last activity."""
    last = np.asarray(view.activity[np.asarray(view.offsets[1:]) - 1]).astype(np.int64)
    failing = np.array([name in settings.failed_ends for name in view.activities], bool)[last]
    state = np.full(view.objects, OPEN, np.int8)
    state[finished] = FINISHED
    state[silent] = SILENT
    state[failing] = FAILED
    return state, last


def _deviating(book: Book, asked: PanelsRequest, view: Perspective) -> Mask | None:
    """Which objects break a rule about their type; None without such rules."""
    if asked.rules is None:
        return None
    scene = RuleScene(
        book,
        asked.type,
        asked.filters,
        zone=asked.timezone,
        ends=asked.ends,
        horizon=asked.horizon,
    )
    place = np.full(rows_of(view.object), -1, np.int64)
    place[view.object] = np.arange(view.objects)
    found: Mask | None = None
    for outcome in check_rules(scene, asked.rules):
        if outcome.looked.view.type != asked.type:
            continue
        found = np.zeros(view.objects, bool) if found is None else found
        broken = outcome.checks.object[outcome.checks.status == VIOLATED]
        found[place[np.asarray(outcome.looked.view.object)[broken]]] = True
    return found


def fewest_by_unit(objects: Ints, fewest: int) -> Ints:
    """(N,) objects below which a cell of each unit is thin, of (N, T) objects; ``fewest`` 1 or less
    keeps every cell."""
    if fewest <= 1:
        return np.ones(len(objects), np.int64)
    some = np.where(objects > 0, objects, np.nan)
    typical = np.array([np.nanmedian(row) if (row > 0).any() else 0.0 for row in some])
    dribble = np.minimum(np.ceil(DRIBBLE_SHARE * typical), DRIBBLE_MOST)
    return np.maximum(dribble, fewest).astype(np.int64)


class _Finishing:
    """From sums by cell to panels: thin and immature cells become unknown, and are counted."""

    def __init__(self, scene: Scene, units: Units, asked: PanelsRequest) -> None:
        self.scene, self.units, self.asked = scene, units, asked
        self.rows: list[dict[str, Any]] = []

    def panels(self, book: Book) -> Panels:
        measuring, scene = Measuring(self.scene), self.scene
        made: dict[str, Panel] = {}
        for raw in measuring.outcomes():
            name = raw.outcome.name
            if not scene.wanted.names(name):
                continue
            panel = self._panel(raw)
            finite = panel.value[np.isfinite(panel.value)]
            if len(finite) == 0 or not finite.any():
                measuring.missing[name] = "never" if len(finite) else "no_known_cell"
            else:
                made[name] = panel
        known = np.zeros(len(self.units.names), bool)
        for panel in made.values():
            known |= np.isfinite(panel.value).any(axis=1)
        request = self.asked.to_json() | {"unit": self.units.source, "every": scene.grid.every}
        value = scene.settings.value
        outside = (self.units.code >= 0) & (scene.objects.cell < 0)
        return Panels(
            fingerprint=fingerprint_of(book.fingerprint, request),
            book=book.fingerprint,
            request=request,
            type=scene.view.type,
            units=tuple(n for n, kept in zip(self.units.names, known, strict=True) if kept),
            grid=scene.grid,
            panels={name: panel.keep_units(known) for name, panel in made.items()},
            windows=measuring.windows,
            source=self.units,
            objects=scene.view.objects,
            aside=self.units.aside | {"outside_periods": int(outside.sum())},
            cells=pl.DataFrame(self.rows),
            dropped=tuple(n for n, k in zip(self.units.names, known, strict=True) if not k),
            horizon_ns=scene.objects.horizon_ns,
            parties=self.asked.parties,
            missing=measuring.missing,
            value_source=None if value is None else value_source(scene.view, value),
        )

    def _panel(self, raw: Raw) -> Panel:
        grid, units = self.scene.grid, len(self.units.names)
        total = raw.total.reshape(units, len(grid))
        objects = raw.objects.reshape(units, len(grid))
        below = np.broadcast_to(grid.days, objects.shape) if raw.per_day else objects
        value = np.divide(
            total, below, out=np.full(objects.shape, np.nan), where=np.asarray(below > 0)
        )
        immature = np.broadcast_to(~raw.known, objects.shape)
        empty = np.zeros_like(immature) if raw.per_day else ~immature & (objects == 0)
        fewest = fewest_by_unit(objects, self.asked.fewest_objects)[:, None]
        thin = ~immature & ~empty & (objects < fewest) & (not raw.per_day)
        value[immature | empty | thin] = np.nan
        short = np.isfinite(value).sum(axis=1) < min(self.asked.fewest_periods, len(grid))
        cut = int(np.isfinite(value[short]).sum())
        value[short] = np.nan
        self.rows.append(
            {
                "outcome": raw.outcome.name,
                "cells": objects.size,
                "known": int(np.isfinite(value).sum()),
                "empty": int(empty.sum()),
                "thin": int(thin.sum()),
                "immature": int(immature.sum()),
                "short_units": int(short.sum()),
                "short_cells": cut,
            }
        )
        within, adopted_ns = raw.outcome.within_s, self.asked.adopted_ns
        straddle = (
            straddling_anywhere(grid, within)
            if adopted_ns is None
            else straddling(grid, adopted_ns, within)
        )
        return Panel(
            raw.outcome, self.units.names, grid.first, value, objects, straddle, grid.every
        )
