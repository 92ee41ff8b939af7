"""Everything a report shows, gathered from a book before any of it is put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from thalweg.process.map import choose_type, map_book, read_filters
from thalweg.process.selection import apply_filters
from thalweg.records.intake import ACTIVITY
from thalweg.surfaces.report.deep import Deep, look_deep
from thalweg.surfaces.time_charts import MOST_DOTS
from thalweg.verdict.judge import judge_book

if TYPE_CHECKING:
    from thalweg.process.map import FilterLike
    from thalweg.process.result import MapResult
    from thalweg.records.perspective import Perspective
    from thalweg.records.store.book import Book
    from thalweg.verdict.result import JudgeResult

TOP_VARIANTS = 100
OTHER_TYPES = 11
"""Object types beside the main one that get a map of their own; books rarely have more."""


_WEEK_HOURS = 7 * 24


@dataclass(frozen=True, slots=True)
class Dots:
    """Events of a sample of objects: time, place (rank by first event), activity."""

    table: pl.DataFrame
    shown: int
    total: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """A book seen through one object type, with the maps of the others beside it, and judged.

    main: None of a book without events. judged: None where filters leave a part of the records,
    which carries no verdict. filters: as texts. named: title of the report. events: by activity in the whole book, where no filter is set and it has several types.
    zone: of all times that are shown. hours: weekday (0 is Monday), hour, events.
    unmapped: object types without a map here.
    """

    book: Book
    main: MapResult | None
    others: tuple[MapResult, ...]
    unmapped: tuple[str, ...]
    events: dict[str, int]
    zone: str
    hours: pl.DataFrame
    dots: Dots
    deep: Deep | None
    made_at: datetime
    judged: JudgeResult | None = None
    filters: tuple[str, ...] = ()
    named: str | None = None

    @property
    def title(self) -> str:
        """What the report is called: as asked, else as the profile in the book, else as its folder."""
        profile = self.book.profile()
        return self.named or (self.book.path.name if profile is None else profile.name)

    @property
    def first(self) -> datetime | None:
        return None if self.main is None else self.main.first

    @property
    def last(self) -> datetime | None:
        return None if self.main is None else self.main.last


def gather(
    book: Book,
    *,
    type: str | None,  # noqa: A002
    filters: Sequence[FilterLike],
    made_at: datetime,
    model: str | Path | None = None,
    rules: str | Path | None = None,
) -> Gathered:
    """Measure the book.

    Takes    type: the object type to tell about; None means the one with most events.
             model, rules: what to hold the records against, see ``look_deep``.
    Raises   RequestError: a type, filter, model or rule that makes no sense.
    """
    if not book.types:
        return _money_alone(book, made_at)
    name = choose_type(book, type)
    zone = book.timezone
    asked = read_filters(filters, zone)
    view = apply_filters(book.perspective(name), asked)
    rest = [t for t in book.types if t != name]
    main = map_book(book, type=name, filters=asked, calendar="learn", top=TOP_VARIANTS)
    judged = None if asked or main.objects == 0 else judge_book(book, type=name)
    return Gathered(
        book=book,
        main=main.localised(),
        others=tuple(
            map_book(book, type=t, filters=asked).localised()
            for t in (rest[:OTHER_TYPES] if not asked else ())
        ),
        unmapped=tuple(rest if asked else rest[OTHER_TYPES:]),
        events={} if asked or not rest else activity_events(book),
        zone=zone,
        hours=event_hours(view, zone),
        dots=sample_dots(view, zone=zone),
        deep=look_deep(
            book,
            main,
            asked,
            model=model,
            rules=rules,
            prove=None if judged is None else judged.prove,
        ),
        made_at=made_at,
        judged=judged,
        filters=tuple(main.request["filters"]),
    )


def _money_alone(book: Book, made_at: datetime) -> Gathered:
    """A book without events: its money, if any, is all there is to tell."""
    empty = pl.DataFrame({"time": [], "place": [], "activity": []})
    return Gathered(
        book=book,
        main=None,
        others=(),
        unmapped=(),
        events={},
        zone=book.timezone,
        hours=pl.DataFrame({"weekday": [], "hour": [], "events": []}),
        dots=Dots(empty, 0, 0),
        deep=None,
        made_at=made_at,
        judged=judge_book(book),
    )


def activity_events(book: Book) -> dict[str, int]:
    """Events of the whole book by activity."""
    counted = book.events([ACTIVITY]).group_by(ACTIVITY).len().collect()
    return {str(name): int(n) for name, n in counted.iter_rows()}


def event_hours(view: Perspective, zone: str = "UTC", run: int = 1 << 20) -> pl.DataFrame:
    """Events by weekday and hour in a zone."""
    counts = np.zeros(_WEEK_HOURS, np.int64)
    for at in range(0, view.entries, run):
        local = _instants(view.time_ns[at : at + run]).dt.convert_time_zone(zone).dt
        hour = (local.weekday().cast(pl.Int64) - 1) * 24 + local.hour()
        counts += np.bincount(hour.to_numpy(), minlength=_WEEK_HOURS)
    known = np.flatnonzero(counts)
    return pl.DataFrame({"weekday": known // 24, "hour": known % 24, "events": counts[known]})


def _instants(time_ns: Any) -> pl.Series:
    return pl.Series(np.asarray(time_ns)).cast(pl.Datetime("ns", "UTC"))


def sample_dots(view: Perspective, most: int = MOST_DOTS, zone: str = "UTC") -> Dots:
    """Objects at equal steps through the order of their first events, up to so many events.

    The same book always gives the same sample.
    """
    total = view.objects
    if total == 0:
        return Dots(_dots_frame(view, np.empty(0, np.int64), zone), 0, 0)
    offsets = np.asarray(view.offsets)
    order = np.argsort(np.asarray(view.time_ns[offsets[:-1]]), kind="stable")
    wanted = max(1, min(total, int(most * total / max(view.entries, 1))))
    chosen = order[np.unique(np.linspace(0, total - 1, wanted).round().astype(np.int64))]
    while len(chosen) > 1 and np.diff(offsets)[chosen].sum() > most:
        chosen = chosen[::2] if len(chosen) < 8 else chosen[np.arange(len(chosen)) % 8 != 7]
    return Dots(_dots_frame(view, chosen, zone), len(chosen), total)


def _dots_frame(view: Perspective, chosen: Any, zone: str) -> pl.DataFrame:
    offsets = np.asarray(view.offsets)
    runs = [np.arange(offsets[i], offsets[i + 1]) for i in chosen]
    entries = np.concatenate(runs) if runs else np.empty(0, np.int64)
    names = pl.Series(view.activities, dtype=pl.String)
    return pl.DataFrame(
        {
            "time": _instants(np.asarray(view.time_ns)[entries]).dt.convert_time_zone(zone),
            "place": np.repeat(np.arange(len(runs)), [len(r) for r in runs]).astype(np.int64),
            "activity": names.gather(np.asarray(view.activity)[entries].astype(np.int64)),
        }
    )
