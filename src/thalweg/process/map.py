"""Map: from a book to a whole picture of how one object type's work runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process import activities as act
from thalweg.process import durations as dur
from thalweg.process.across import across_types, object_links_table
from thalweg.process.calendar import (
    Calendar,
    WorkTable,
    calendar_json,
    learn_calendar,
    pair_work_seconds,
    work_table,
    zone_of,
)
from thalweg.process.chunks import Ints, rows_of
from thalweg.process.filter_text import parse_filters, to_text
from thalweg.process.filters import Filter, TimeFilter, filter_list
from thalweg.process.handovers import handovers
from thalweg.process.pairs import Sequences, scan_and_table
from thalweg.process.result import MapResult, fingerprint_of
from thalweg.process.selection import apply_filters, keep_entries, pick
from thalweg.process.service import find_work, service_table
from thalweg.process.simplify import simplify
from thalweg.process.timeline import (
    Every,
    aggregate_timeline,
    fitting_period,
    period_edges,
    timeline_table,
)
from thalweg.process.variants import group_variants, top_variants_table
from thalweg.records.appraisal.completion import Completion, completion
from thalweg.records.appraisal.lifecycle import last_only_starts
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

TOP_VARIANTS = 20
FilterLike = Filter | str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What was asked; with the book's fingerprint it names the result."""

    type: str
    filters: tuple[Filter, ...]
    ends: tuple[str, ...] | None
    calendar: Calendar | Literal["learn"] | None
    timezone: str
    every: Every | None
    horizon: datetime | None
    top: int
    activities: float
    paths: float

    def to_json(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.__slots__}
        week = self.calendar
        return given | {
            "filters": [to_text(one) for one in self.filters],
            "calendar": calendar_json(week) if isinstance(week, Calendar) else week,
            "horizon": None if self.horizon is None else self.horizon.isoformat(),
        }


def map_book(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    ends: Sequence[str] | None = None,
    calendar: Calendar | Literal["learn"] | None = None,
    timezone: str | None = None,
    every: Every | None = None,
    horizon: datetime | None = None,
    top: int = TOP_VARIANTS,
    activities: float = 1.0,
    paths: float = 1.0,
    threads: int | None = None,
) -> MapResult:
    """All measures of one object type.

    Takes    type: the object type; None means the one with most events.
             filters: records, their text or their JSON form, applied one after the other.
             ends: activities after which an object is finished; None means learned.
             calendar: working hours, or "learn"; None counts no working time.
             timezone: zone of calendar periods and learned hours; None means the zone that the
             sources were stated to be in. every: day, week or month;
             None means what fits the span. horizon: when observation ended; None means learned.
             top: variants to list. activities, paths: shares to show (see ``simplify``).
    Raises   RequestError: a type, activity, attribute or zone that does not exist.
    """
    zone = timezone or book.timezone
    zone_of(zone)
    request = MapRequest(
        type=choose_type(book, type),
        filters=read_filters(filters, zone),
        ends=None if ends is None else tuple(ends),
        calendar=calendar,
        timezone=zone,
        every=every,
        horizon=horizon,
        top=top,
        activities=activities,
        paths=paths,
    )
    base = book.perspective(request.type)
    view = apply_filters(base, request.filters)
    result = _Measuring(base, view, request, threads).result()
    if activities < 1 or paths < 1:
        result = replace(result, shown=asdict(simplify(result, activities, paths)))
    return result


def choose_type(book: Book, name: str | None) -> str:
    if not book.types:
        raise RequestError(
            "The book holds no object type with events. Add some: thalweg ingest SOURCES --append "
            "--into BOOK."
        )
    return book.types[0] if name is None else pick(name, book.types, "object type")


def read_filters(filters: Sequence[FilterLike], zone: str = "UTC") -> tuple[Filter, ...]:
    """Filters from records, text (several between semicolons) or JSON objects.

    Takes    zone: the zone of times that carry no offset.
    """
    texts: list[Any] = []
    for one in filters:
        texts += parse_filters(one) if isinstance(one, str) else [one]
    try:
        return tuple(_settled(one, zone) for one in filter_list.validate_python(texts))
    except ValueError as error:
        raise RequestError(f"A filter cannot be read: {error}") from error


def _settled(one: Filter, zone: str) -> Filter:
    """The filter with instants instead of local times."""
    if not isinstance(one, TimeFilter):
        return one
    bare = {
        name: at.replace(tzinfo=zone_of(zone)).astimezone(UTC)
        for name, at in (("start", one.start), ("end", one.end))
        if at is not None and at.tzinfo is None
    }
    return one.model_copy(update=bare)


class _Measuring:
    """One request on its way: the inputs that several measures share."""

    def __init__(
        self, base: Perspective, view: Perspective, request: MapRequest, threads: int | None
    ) -> None:
        self.base, self.view, self.request, self.threads = base, view, request, threads
        self.book = view.book
        self.offsets = np.array(view.offsets, np.int64)
        self.names = view.activities
        self.tables: dict[str, pl.DataFrame] = {}
        self.missing: dict[str, str] = {}
        self.facts: dict[str, Any] = {}
        self.done = judge(base, view, request.ends, request.horizon)
        self.begun, self.stop = dur.object_spans(view)

    def result(self) -> MapResult:
        view, request = self.view, self.request
        whole = act.aggregate_activities(
            self.offsets, view.activity, view.time_ns, len(self.names), self.threads
        )
        events, by_activity = distinct_events(view)
        variants, top_variants = self._variants()
        work = self._calendar()
        pairs = self._pairs(work)
        durations = self._durations(work)
        self.tables["loops"] = act.loops_table(whole, self.names)
        self._timeline()
        self._handovers()
        self._service()
        self._across()
        return MapResult(
            fingerprint=fingerprint_of(
                book_fingerprint=self.book.fingerprint, request=request.to_json()
            ),
            book=self.book.fingerprint,
            request=request.to_json(),
            type=view.type,
            types=tuple(self.book.types),
            events=events,
            entries=view.entries,
            objects=view.objects,
            first=instant(self.begun.min()) if view.objects else None,
            last=instant(self.stop.max()) if view.objects else None,
            activities=act.activities_table(whole, self.names, by_activity),
            pairs=pairs,
            starts=act.edges_table(whole, self.names, act.STARTS),
            ends=act.edges_table(whole, self.names, act.ENDS),
            variants=variants,
            top_variants=top_variants,
            completion=self._completion(),
            durations=dur.duration_figures(durations),
            duration_curve=dur.survival(durations).table(),
            tables=self.tables,
            missing=self.missing,
            facts=self.facts,
            warnings=self._warnings(),
            trust=trust_summary(self.book),
        )

    def _variants(self) -> tuple[int, pl.DataFrame]:
        view = self.view
        groups = group_variants(self.offsets, view.activity, self.names, self.threads)
        table = top_variants_table(
            groups,
            self.offsets,
            view.activity,
            self.stop - self.begun,
            self.names,
            self.request.top,
            self.threads,
        )
        return groups.variants, table

    def _calendar(self) -> WorkTable | None:
        week = self.request.calendar
        if week == "learn":
            learned = learn_calendar(self.base.time_ns, self.request.timezone)
            self.facts["calendar_inside_share"] = learned.events_inside_share
            if learned.calendar is None:
                self.missing["calendar"] = str(learned.reason)
                return None
            week = learned.calendar
        if week is None:
            self.missing["calendar"] = "not_asked"
            return None
        self.facts["calendar"] = calendar_json(week)
        if not self.view.objects:
            return None
        last = max(int(self.stop.max()), self.done.horizon_ns)
        return work_table(week, int(self.begun.min()), last)

    def _pairs(self, work: WorkTable | None) -> pl.DataFrame:
        view = self.view
        data = Sequences.of(self.offsets, view.activity, view.time_ns, len(self.names))
        whole, table = scan_and_table(data, self.names, self.threads)
        if work is not None:
            total = pair_work_seconds(data, whole, work, self.threads)
            label = pl.Series(self.names, dtype=pl.String)
            extra = pl.DataFrame(
                {
                    "source": label.gather(whole.source),
                    "target": label.gather(whole.target),
                    "work_mean_s": total / whole.count,
                    "work_total_s": total,
                }
            )
            table = table.join(extra, on=["source", "target"], how="left", maintain_order="left")
        return table

    def _durations(self, work: WorkTable | None) -> dur.DurationAggregate:
        finished, horizon = self.done.finished, self.done.horizon_ns
        if work is not None:
            stop = np.where(finished, self.stop, np.maximum(self.stop, horizon))
            inside = work.work_ns(stop) - work.work_ns(self.begun)
            aggregate = dur.DurationAggregate.of(inside, finished)
            self.facts["durations_work"] = dur.duration_figures(aggregate)
        spans = dur.object_durations(self.begun, self.stop, finished, horizon)
        return dur.DurationAggregate.of(spans, finished)

    def _timeline(self) -> None:
        if not self.view.objects:
            self.missing["timeline"] = "no_objects"
            return
        first = int(self.begun.min())
        last = max(int(self.stop.max()), self.done.horizon_ns)
        every = self.request.every or fitting_period(first, self.done.horizon_ns)
        edges = period_edges(first, last, every, zone_of(self.request.timezone))
        timeline = aggregate_timeline(self.begun, self.stop, self.done.finished, last, edges)
        self.tables["timeline"] = timeline_table(timeline, first, last)
        self.facts["every"] = every

    def _handovers(self) -> None:
        for role in ("resource", "party"):
            found = handovers(self.view, role, self.threads)
            if found is None:
                self.missing[f"handovers_{role}"] = f"no_{role}"
            else:
                self.tables[f"handovers_{role}"], self.facts[f"handovers_{role}"] = found

    def _service(self) -> None:
        work = find_work(self.view)
        if work is None:
            self.missing["service"] = "no_start_times"
            return
        self.tables["service"] = service_table(work, self.names, self.threads)
        self.facts["service"] = {
            "encoding": work.encoding,
            "pieces": len(work.code),
            "disordered": work.disordered,
            "unmatched_starts": work.unmatched_starts,
            "unmatched_completes": work.unmatched_completes,
        }

    def _across(self) -> None:
        if len(self.book.types) == 1:
            self.missing["across"] = "one_type"
            return
        views = related_views(self.view, cut=self.view is not self.base)
        self.tables |= across_types(views, self.threads)
        links = self.book.object_links()
        if links is None:
            self.missing["object_links"] = "no_object_links"
        else:
            self.tables["object_links"] = object_links_table(links)

    def _completion(self) -> dict[str, Any]:
        done = self.done
        return {
            "rule": done.rule,
            "ends": [self.names[code] for code in done.ends],
            "horizon": instant(done.horizon_ns),
            "by_end": done.by_end,
            "by_silence": done.by_silence,
            "unfinished": done.unfinished,
            "beyond_horizon": done.beyond,
        }

    def _warnings(self) -> tuple[str, ...]:
        cut = any(
            getattr(f, "level", "") == "events" or getattr(f, "mode", "") == "events"
            for f in self.request.filters
        )
        told = {
            "no_objects": self.view.objects == 0,
            "few_objects": 0 < self.view.objects < 30,
            "events_filtered": cut,
            "events_beyond_horizon": self.done.beyond > 0,
            "mostly_finished_by_silence": self.done.by_silence > self.done.by_end,
        }
        return tuple(code for code, true in told.items() if true)


def judge(
    base: Perspective, view: Perspective, ends: Sequence[str] | None, horizon: datetime | None
) -> Completion:
    """Who is finished: a fact of the whole object, whatever the filters leave of it.

    Takes    base: the perspective before filters, view: after them.
    """
    codes = None
    if ends is not None:
        known = list(base.activities)
        codes = tuple(known.index(pick(name, known, "activity")) for name in ends)
    horizon_ns = None
    if horizon is not None:
        aware = horizon.replace(tzinfo=UTC) if horizon.tzinfo is None else horizon
        horizon_ns = (aware - _EPOCH) // timedelta(microseconds=1) * 1000
    done = completion(
        np.array(base.offsets, np.int64),
        base.activity,
        base.time_ns,
        len(base.activities),
        ends=codes,
        horizon_ns=horizon_ns,
        at_work=_at_work(base),
    )
    if view is base:
        return done
    place = np.empty(rows_of(base.object), np.int64)
    place[base.object] = np.arange(base.objects)
    mine = place[view.object]
    last = view.time_ns[view.offsets[1:] - 1]
    return replace(
        done,
        finished=done.finished[mine],
        silent=done.silent[mine],
        beyond=int((last > done.horizon_ns).sum()),
    )


def _at_work(view: Perspective) -> NDArray[np.bool_] | None:
    coded = view.book.role_codes("lifecycle")
    if coded is None:
        return None
    codes, names = coded
    return last_only_starts(codes[view.event[view.offsets[1:] - 1]], names)


def related_views(view: Perspective, *, cut: bool) -> list[Perspective]:
    """All perspectives of the book, this one in its place; with ``cut`` restricted to
    the events that this one holds."""
    views = []
    keep: NDArray[np.bool_] | None = None
    if cut:
        keep = np.zeros(rows_of(view.event), bool)
        keep[view.event] = True
    for name in view.book.types:
        other = view if name == view.type else view.book.perspective(name)
        if keep is not None and name != view.type:
            inside = other.event < len(keep)
            inside[inside] = keep[other.event[inside]]
            other = keep_entries(other, inside)
        views.append(other)
    return views


def distinct_events(view: Perspective, run: int = 1 << 20) -> tuple[int, Ints | None]:
    """Events behind the entries, and their count by activity where some stand behind several."""
    rows = rows_of(view.event)
    seen = np.zeros(rows, bool)
    for i in range(0, view.entries, run):
        seen[view.event[i : i + run]] = True
    events = int(seen.sum())
    if events == view.entries:
        return events, None
    code = np.zeros(rows, np.uint32)
    for i in range(0, view.entries, run):
        code[view.event[i : i + run]] = view.activity[i : i + run]
    return events, np.bincount(code[seen], minlength=len(view.activities))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(time_ns: Any) -> datetime:
    """Nanoseconds as a time in UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=int(time_ns) // 1000)


def trust_summary(book: Book) -> dict[str, Any]:
    """The trust report's totals and findings, without their examples."""
    trust = book.trust
    return {
        "rows_read": trust.rows_read,
        "rows_kept": trust.rows_kept,
        "rows_set_aside": trust.rows_set_aside,
        "findings": [
            {"code": f.code, "severity": f.severity, "count": f.count, "of": f.of, "where": f.where}
            for f in trust.findings
        ],
    }
