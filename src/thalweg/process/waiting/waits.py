"""Waits: from a book to why its work waits, the costliest waits first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.calendar import Calendar, calendar_json, zone_of
from thalweg.process.chunks import SECOND_NS, Ints, rows_of
from thalweg.process.filter_text import to_text
from thalweg.process.filters import Filter
from thalweg.process.map import choose_type, judge, read_filters, trust_summary
from thalweg.process.result import fingerprint_of
from thalweg.process.selection import apply_filters, pick
from thalweg.process.waiting import tables
from thalweg.process.waiting.assemble import Scene, assemble, find_causes
from thalweg.process.waiting.calendars import (
    Calendars,
    Duty,
    given_duty,
    learn_duty,
    no_duty,
)
from thalweg.process.waiting.causes import (
    CAUSES,
    CONTENTION,
    HANDOVER,
    SPLIT,
    SYNCHRONISATION,
    UNAVAILABLE,
    Overlaps,
)
from thalweg.process.waiting.enabling import Oracle
from thalweg.process.waiting.result import WaitsResult
from thalweg.process.waiting.sweep import Split, no_split
from thalweg.process.waiting.tally import (
    STEPS,
    UNNAMED_NS,
    UNNAMED_S,
    WAITED,
    WaitAggregate,
    Waits,
    tally,
)
from thalweg.process.waiting.top import Detail, Who, top_table
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

TOP_WAITS = 5
FEW_OBJECTS = 30
WEEK_NS = 7 * 86_400 * SECOND_NS
CalendarLike = Calendar | Calendars | Literal["learn"] | None


@dataclass(frozen=True, slots=True)
class WaitsRequest:
    """What was asked; with the book's fingerprint it names the result."""

    type: str
    filters: tuple[Filter, ...]
    calendar: CalendarLike
    timezone: str
    overlaps: Overlaps
    concurrency: Oracle
    wait_for: tuple[str, ...] | None
    smallest_batch: int
    batch_gap_s: float
    cost_per_hour: float | None
    cost_by: str | None
    currency: str | None
    top: int

    def to_json(self) -> dict[str, Any]:
        given: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        week = self.calendar
        if isinstance(week, Calendar):
            given["calendar"] = calendar_json(week)
        elif isinstance(week, Calendars):
            given["calendar"] = week.model_dump(mode="json")
        return given | {"filters": [to_text(one) for one in self.filters]}


def waits_book(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[Filter | str | Mapping[str, Any]] = (),
    calendar: CalendarLike = "learn",
    timezone: str | None = None,
    overlaps: Overlaps = "shared",
    concurrency: Oracle = "both",
    wait_for: Sequence[str] | None = None,
    smallest_batch: int = 2,
    batch_gap_s: float = 0.0,
    cost_per_hour: float | None = None,
    cost_by: str | None = None,
    currency: str | None = None,
    top: int = TOP_WAITS,
    threads: int | None = None,
) -> WaitsResult:
    """The waiting of one object type, split into causes.

    Takes    type: the object type; None means the one with most events. filters: which of its
             waits to report; resources are always seen at all of their work.
             calendar: "learn", one for all, by resource, or None for no knowledge of hours.
             overlaps: how causes that hold together share a second (``rule_weights``).
             concurrency: what shows that activities run side by side (``concurrent_pairs``).
             wait_for: types whose objects an event waits for; None: those that do not stay.
             cost_per_hour: of one object waiting; cost_by: an attribute of the objects that it is
             multiplied by. currency: the label of both. top: costliest waits to detail.
    Raises   RequestError: a type, activity, attribute, resource or zone that does not exist, or a
             cost that is not above zero.
    """
    zone = timezone or book.timezone
    zone_of(zone)
    if cost_per_hour is not None and not 0 < cost_per_hour < float("inf"):
        raise RequestError(f"A cost per hour is a number above zero, not {cost_per_hour:g}.")
    request = WaitsRequest(
        type=choose_type(book, type),
        filters=read_filters(filters, zone),
        calendar=calendar,
        timezone=zone,
        overlaps=overlaps,
        concurrency=concurrency,
        wait_for=None if wait_for is None else tuple(wait_for),
        smallest_batch=smallest_batch,
        batch_gap_s=batch_gap_s,
        cost_per_hour=cost_per_hour,
        cost_by=cost_by,
        currency=currency,
        top=top,
    )
    base = book.perspective(request.type)
    return _Measuring(base, apply_filters(base, request.filters), request, threads).result()


class _Measuring:
    """One request on its way: what several tables share."""

    def __init__(
        self, base: Perspective, view: Perspective, request: WaitsRequest, threads: int | None
    ) -> None:
        self.base, self.view, self.request, self.threads = base, view, request, threads
        self.book = base.book
        self.facts: dict[str, Any] = {}
        self.missing: dict[str, str] = {}
        self.scene = assemble(
            base, wait_for=request.wait_for, oracle=request.concurrency, threads=threads
        )
        self.duty = self._duty(self.scene)
        self.split = self._split(self.scene)
        party = self.book.role_codes("party")
        keep = None if view is base else _kept(base, view, self.scene)
        self.waits = Waits(self.scene, self.split, None if party is None else party[0], keep)
        self.arrays = self.waits.arrays()
        self.who = self._who()
        self.price = self._price()
        self.rate = request.cost_per_hour if request.cost_by is None else None

    def _duty(self, scene: Scene) -> Duty:
        week, count = self.request.calendar, len(scene.resources)
        if scene.pieces.encoding == "instants":
            return no_duty(count, "no_start_times")
        if count == 1:
            return no_duty(count, "no_resource")
        if week is None:
            return no_duty(count, "not_asked")
        if week == "learn":
            names, activities = scene.resources, len(self.base.activities)
            return learn_duty(scene.works, names, activities, self.request.timezone, self.threads)
        return given_duty(week, scene.resources)

    def _split(self, scene: Scene) -> Split:
        if scene.pieces.encoding == "instants" or len(scene.resources) == 1:
            return no_split(len(scene.works.start_ns), len(scene.resources))
        return find_causes(
            scene,
            self.duty,
            self.request.overlaps,
            smallest_batch=self.request.smallest_batch,
            batch_gap_s=self.request.batch_gap_s,
            threads=self.threads,
        )

    def _price(self) -> NDArray[np.float64] | None:
        name = self.request.cost_by
        if name is None:
            return None
        table = self.book.objects(self.base.type)
        known = [column for column in table.collect_schema() if not column.startswith("@")]
        values = table.select(pick(name, known, f"attribute of {self.base.type}")).collect()[name]
        numbers = values.cast(pl.Float64, strict=False).gather(self.base.object)
        self.facts["objects_without_cost"] = int(numbers.is_null().sum())
        return numbers.fill_null(0.0).to_numpy() * (self.request.cost_per_hour or 1.0)

    def _tally(self, key: NDArray[np.int64], keys: int) -> WaitAggregate:
        return tally(self.arrays, self.scene.pieces.offsets, key, keys, self.price, self.threads)

    def result(self) -> WaitsResult:
        self._missing()
        whole = self._tally(np.zeros(len(self.scene.pieces), np.int64), 1)
        pair, keys, pairs, pair_causes = self._pairs()
        causes = self._causes(whole)
        resources, handovers = self._people()
        seconds, money = whole.seconds()[0], tables.money_of(whole, self.rate)
        self._facts(whole)
        return WaitsResult(
            fingerprint=fingerprint_of(self.book.fingerprint, self.request.to_json()),
            book=self.book.fingerprint,
            request=self.request.to_json(),
            type=self.base.type,
            awaited=self.scene.types,
            kind="sojourn" if self.scene.pieces.encoding == "instants" else "waiting",
            objects=self.view.objects,
            pieces=int(self.waits.counted().sum()),
            steps=int(whole.steps[0, STEPS]),
            waits=int(whole.steps[0, WAITED]),
            total_s=float(seconds.sum()),
            cost=None if money is None else float(money.sum()),
            currency=self.request.currency,
            causes=causes,
            pairs=pairs,
            pair_causes=pair_causes,
            top=self._top(pair, keys, pair_causes),
            resources=resources,
            handovers=handovers,
            overlaps=tables.overlaps_table(self.split),
            missing=self.missing,
            facts=self.facts,
            warnings=self._warnings(whole),
            trust=trust_summary(self.book),
        )

    def _pairs(self) -> tuple[NDArray[np.int64], Ints, pl.DataFrame, pl.DataFrame]:
        source, names = self.scene.source, self.base.activities
        codes = np.asarray(self.scene.pieces.activity).astype(np.int64)
        pair = np.where(source >= 0, codes[source] * len(names) + codes, -1)
        pair, keys = tables.dense(pair, len(names) ** 2)
        found = tables.pairs_tables(
            self._tally(pair, len(keys)), keys, names, tuple(self.missing), self.rate
        )
        return pair, keys, found[0].filter(pl.col("steps") > 0), found[1]

    def _causes(self, whole: WaitAggregate) -> pl.DataFrame:
        pieces = self.scene.pieces
        lengths = np.diff(pieces.offsets)
        first = np.asarray(pieces.start_ns)[pieces.offsets[:-1][lengths > 0]]
        week = first // WEEK_NS
        week -= week.min() if len(week) else 0
        key = np.repeat(week, lengths[lengths > 0])
        weeks = self._tally(key, int(week.max()) + 1 if len(week) else 1)
        table, used = tables.causes_table(weeks, whole, tuple(self.missing), self.rate)
        self.facts["weeks"] = used
        return table

    def _people(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        scene, missing = self.scene, tuple(self.missing)
        who = self.who
        resource = self._resource_codes()
        by_resource = self._tally(resource, len(scene.resources))
        self._unknown_duty(by_resource)
        resources = tables.resources_table(
            by_resource, scene.resources, self.split, self.duty, missing
        )
        between = np.where(
            scene.source >= 0, who.code[scene.source] * len(who.names) + who.code, -1
        )
        between, keys = tables.dense(between, len(who.names) ** 2)
        passed = self._tally(between, len(keys))
        handovers = tables.handovers_table(passed, keys, who.names, missing)
        self.facts |= {
            "handovers_of": who.role,
            "handover_rows": int((passed.steps[:, STEPS] > 0).sum()),
            "resource_rows": int((by_resource.steps[:, STEPS] > 0).sum()),
        }
        return resources, handovers.filter(pl.col("steps") > 0)

    def _resource_codes(self) -> NDArray[np.int64]:
        who = self.scene.works.resource
        return (who if self.scene.work is None else who[self.scene.work]).astype(np.int64)

    def _who(self) -> Who:
        party = self.book.role_codes("party")
        if party is None:
            return Who("resource", self._resource_codes(), self.scene.resources)
        codes, names = party
        return Who("party", np.asarray(codes[self.scene.pieces.event]).astype(np.int64), names)

    def _top(self, pair: NDArray[np.int64], keys: Ints, pair_causes: pl.DataFrame) -> pl.DataFrame:
        names, count = self.base.activities, len(self.base.activities)
        numbers = {(names[k // count], names[k % count]): n for n, k in enumerate(keys.tolist())}
        detail = Detail(
            self.base, self.scene.pieces, self.scene.source, self.arrays, pair, self.who
        )
        return top_table(pair_causes, numbers, detail, self.request.top)

    def _missing(self) -> None:
        """Causes that the records cannot show, with the reason."""
        found = self.missing
        if self.scene.pieces.encoding == "instants":
            found |= {CAUSES[c]: "no_start_times" for c in SPLIT}
        elif len(self.scene.resources) == 1:
            found |= {CAUSES[c]: "no_resource" for c in SPLIT}
        elif not self.duty.known().any():
            reasons = Counter(r for r in self.duty.reason[1:] if r is not None)
            found[CAUSES[UNAVAILABLE]] = reasons.most_common(1)[0][0] if reasons else "no_resource"
        if self.book.role_codes("party") is None:
            found[CAUSES[HANDOVER]] = "no_party"
        if self.scene.work is None:
            found[CAUSES[SYNCHRONISATION]] = "one_object"

    def _unknown_duty(self, by_resource: WaitAggregate) -> None:
        """Waiting for a named resource whose hours are not known."""
        blind = ~self.duty.known()
        blind[0] = False
        seconds = by_resource.seconds()[blind]
        self.facts["unknown_hours_s"] = float(seconds.sum() - seconds[:, SYNCHRONISATION].sum())

    def _facts(self, whole: WaitAggregate) -> None:
        scene, pieces, names = self.scene, self.scene.pieces, self.base.activities
        counted = self.waits.counted()
        together = np.argwhere(np.triu(scene.concurrent))
        done = judge(self.base, self.view, None, None)
        last = np.asarray(self.view.time_ns)[np.asarray(self.view.offsets[1:]) - 1]
        silent = np.maximum(done.horizon_ns - last[~done.finished], 0) / SECOND_NS
        unnamed = whole.steps[0, [UNNAMED_S, UNNAMED_NS]]
        self.facts |= {
            "encoding": pieces.encoding,
            "disordered": pieces.disordered,
            "unmatched_starts": pieces.unmatched_starts,
            "unmatched_completes": pieces.unmatched_completes,
            "unknown_starts": pieces.unknown,
            "without_length": int((counted & (pieces.start_ns == pieces.end_ns)).sum()),
            "without_work_before": int((counted & (scene.source < 0)).sum()),
            "unnamed_s": float(unnamed[0] + unnamed[1] / SECOND_NS),
            "concurrent": [[names[a], names[b]] for a, b in together],
            "not_awaited": [name for name in self.book.types if name not in scene.types],
            "shared_resources": int(self.split.shared.sum()),
            "calendars": dict(Counter(self.duty.basis[1:])),
            "unfinished": {"objects": len(silent), "since_last_s": float(silent.sum())},
        }

    def _warnings(self, whole: WaitAggregate) -> tuple[str, ...]:
        total = float(whole.seconds().sum())
        split = CAUSES[CONTENTION] not in self.missing
        asked = split and self.request.calendar is not None
        told = {
            "causes_are_no_effects": True,
            "no_objects": self.view.objects == 0,
            "few_objects": 0 < self.view.objects < FEW_OBJECTS,
            "service_included": self.scene.pieces.encoding == "instants",
            "mostly_without_length": self.scene.pieces.encoding == "interval"
            and self.facts["without_length"] > self.waits.counted().sum() / 2,
            "mostly_unnamed": split and self.facts["unnamed_s"] > total / 2 > 0,
            "hours_mostly_unknown": asked and self.facts["unknown_hours_s"] > total / 2 > 0,
            "shared_resources": self.facts["shared_resources"] > 0,
        }
        return tuple(code for code, true in told.items() if true)


def _kept(base: Perspective, view: Perspective, scene: Scene) -> NDArray[np.bool_]:
    """Pieces that filters leave: object and event are both in the view."""
    pieces = scene.pieces
    objects = np.zeros(max(rows_of(base.object), 1), bool)
    objects[view.object] = True
    events = np.zeros(max(rows_of(pieces.event), rows_of(view.event), 1), bool)
    events[view.event] = True
    mine = np.repeat(objects[base.object], np.diff(pieces.offsets))
    return np.asarray(mine & events[pieces.event])
