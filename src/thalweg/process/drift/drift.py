"""Drift: from a book to the change points of a process, with what changed at each.

A change point is a description: the process went differently from then on, whatever the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import RequestError
from thalweg.process.chunks import SECOND_NS
from thalweg.process.drift.changes import (
    ANY,
    Change,
    Difference,
    confirmed,
    find_stretches,
    locate,
    what_changed,
)
from thalweg.process.drift.scores import Kind, Log, Scores, Watched, score, watch
from thalweg.process.drift.segments import FEWEST_OBJECTS, Verdict, gather_units
from thalweg.process.filter_text import to_text
from thalweg.process.map import FilterLike, choose_type, instant, read_filters, trust_summary
from thalweg.process.result import fingerprint_of, plain
from thalweg.process.selection import apply_filters, keep_entries, keep_objects, pick
from thalweg.records.perspective import Perspective

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

SCHEMA = "thalweg.drift/1"
KINDS: tuple[Kind, ...] = ("control_flow", "times")
ROLES = ("party", "resource")
MOST_GROUPS = 20
LISTED = 12
"""Differences listed for each change."""
SERIES_POINTS = 80
TWO_YEARS_NS = 730 * 86_400 * SECOND_NS
UNSEEN = 0.1

_CHANGES = {
    "change": pl.Int64,
    "group": pl.String,
    "kind": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "low": pl.Datetime("us", "UTC"),
    "high": pl.Datetime("us", "UTC"),
    "rank": pl.Int64,
    "rank_low": pl.Int64,
    "rank_high": pl.Int64,
    "objects_before": pl.Int64,
    "objects_after": pl.Int64,
    "under_way": pl.Int64,
    "p": pl.Float64,
    "p_adjusted": pl.Float64,
    "shape": pl.String,
    "from": pl.Datetime("us", "UTC"),
    "to": pl.Datetime("us", "UTC"),
    "affects": pl.String,
    "rerouted_steps": pl.Float64,
    "wait_change_s": pl.Float64,
}
_WHAT = {
    "change": pl.Int64,
    "group": pl.String,
    "kind": pl.String,
    "source": pl.String,
    "target": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "difference": pl.Float64,
    "objects_before": pl.Int64,
    "objects_after": pl.Int64,
    "p": pl.Float64,
    "p_adjusted": pl.Float64,
}
_SERIES = {
    "group": pl.String,
    "kind": pl.String,
    "from": pl.Datetime("us", "UTC"),
    "to": pl.Datetime("us", "UTC"),
    "objects": pl.Int64,
    "level": pl.Float64,
}
_STRETCHES = {
    "group": pl.String,
    "kind": pl.String,
    "first": pl.Int64,
    "last": pl.Int64,
    "units": pl.Int64,
    "unit_objects": pl.Int64,
    "level": pl.Float64,
    "statistic": pl.Float64,
    "p": pl.Float64,
    "rounds": pl.Int64,
    "split": pl.Int64,
    "reason": pl.String,
}
_GROUPS = {
    "group": pl.String,
    "kind": pl.String,
    "objects": pl.Int64,
    "watched": pl.Int64,
    "window_s": pl.Float64,
    "changes": pl.Int64,
    "reason": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class DriftResult:
    """Change points of one object type, and how they were found; ``drift_json_schema`` has all
    columns. Instants are UTC; ``localised`` writes them in the book's zone."""

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    objects: int
    tests: int
    groups: pl.DataFrame
    changes: pl.DataFrame
    what_changed: pl.DataFrame
    series: pl.DataFrame
    stretches: pl.DataFrame
    groups_left_out: int
    facts: dict[str, Any]
    warnings: tuple[str, ...]
    trust: dict[str, Any]

    def localised(self) -> DriftResult:
        """The same instants, written in the zone of the book: for people, not for JSON."""
        zone = ZoneInfo(self.request["timezone"]).key
        times = pl.selectors.datetime(time_zone="*")
        return replace(
            self,
            changes=self.changes.with_columns(times.dt.convert_time_zone(zone)),
            series=self.series.with_columns(times.dt.convert_time_zone(zone)),
        )

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA} | {name: plain(getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True, eq=False)
class KindResult:
    """One kind of one log: what was tested, what was found, and the scores behind it."""

    scores: Scores
    stretches: list[Verdict]
    changes: list[Change]

    def differences(self) -> Iterator[tuple[Change, list[Difference]]]:
        for change in self.changes:
            yield change, what_changed(self.scores, change)


def find_drift(
    log: Log,
    *,
    kinds: Sequence[Kind] = KINDS,
    seed: int = 0,
    alpha: float = 0.05,
    confidence: float = 0.95,
    tests: int | None = None,
    horizon_ns: int | None = None,
    ends: tuple[int, ...] | None = None,
    threads: int | None = None,
) -> tuple[Watched, dict[Kind, KindResult]]:
    """The change points of one log of arrays.

    Takes    tests: over how many tests ``alpha`` is shared out; None means one for each kind.
    Returns  who was watched, and the findings of each kind.
    """
    watched = watch(log, horizon_ns, ends=ends)
    count = tests or len(kinds)
    found: dict[Kind, KindResult] = {}
    scores = score(log, watched, kinds, threads)
    for kind in kinds:
        own = scores.pop(kind)
        first, second = np.random.SeedSequence([seed, KINDS.index(kind)]).spawn(2)
        stretches = find_stretches(own, alpha / count, first, threads)
        splits = confirmed(own, stretches, alpha / count, second, threads)
        changes, fallen = locate(own, watched.begun_ns, splits, count, confidence, alpha)
        doubt = {(v.lo, v.hi): v for v in fallen}
        stretches = [doubt.get((v.lo, v.hi), v) for v in stretches]
        if not changes and any(v.reason == "serial_dependence" for v in fallen):
            stretches[0] = replace(stretches[0], split=None, reason="serial_dependence")
        found[kind] = KindResult(own, stretches, changes)
    return watched, found


def drift_book(
    book: Book,
    *,
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    by: str | None = None,
    kinds: Sequence[Kind] = KINDS,
    ends: Sequence[str] | None = None,
    seed: int = 0,
    alpha: float = 0.05,
    confidence: float = 0.95,
    most_objects: int | None = None,
    threads: int | None = None,
) -> DriftResult:
    """When the process itself changed.

    Takes    type: the object type; None means the one with most events. by: "party", "resource"
             or an event attribute (each group is what its own events show), or an attribute of the
             objects (each group is its objects). kinds: control_flow (what follows what), times
             (how long it takes). ends: activities after which an object is finished; None means
             learned. alpha: chance of any false alarm in the whole result. seed: of the shuffles.
             most_objects: of more, every second, third, … in order of their beginning is looked
             at, which is quicker and sees only larger changes; None means all.
    Raises   RequestError: a type, kind, group or filter that does not exist.
    """
    if not 0 < alpha < 1 or not 0 < confidence < 1:
        raise RequestError("alpha and confidence are shares: give them between 0 and 1.")
    chosen = tuple(k for k in KINDS if k in {pick(name, KINDS, "kind of drift") for name in kinds})
    if not chosen:
        raise RequestError(f"Which kind of drift? Choose from: {', '.join(KINDS)}.")
    asked = read_filters(filters, book.timezone)
    view = apply_filters(book.perspective(choose_type(book, type)), asked)
    if most_objects is not None:
        view = _every_nth(view, most_objects)
    groups, left_out = ([("", view)], 0) if by is None else _grouped(view, by)
    request = {
        "type": view.type,
        "filters": [to_text(one) for one in asked],
        "by": by,
        "kinds": list(chosen),
        "ends": None if ends is None else list(ends),
        "seed": seed,
        "alpha": alpha,
        "confidence": confidence,
        "most_objects": most_objects,
        "timezone": book.timezone,
    }
    codes = None
    if ends is not None:
        known = list(view.activities)
        codes = tuple(known.index(pick(name, known, "activity")) for name in ends)
    tests = len(groups) * len(chosen)
    rows = _Rows(alpha, book.timezone)
    for name, own in groups:
        if own.objects < FEWEST_OBJECTS:
            rows.refuse(name, chosen, own.objects)
            continue
        log = Log(
            np.array(own.offsets, np.int64),
            own.activity,
            np.array(own.time_ns, np.int64),
            own.activities,
            book.timezone,
        )
        watched, found = find_drift(
            log,
            kinds=chosen,
            seed=seed,
            alpha=alpha,
            confidence=confidence,
            tests=tests,
            ends=codes,
            threads=threads,
        )
        rows.add(name, own.objects, watched, found)
    return _result(book, view, request, rows, tests, left_out)


def _every_nth(view: Perspective, most: int) -> Perspective:
    """Objects in equal steps through the order of their first events, at most so many."""
    if most < FEWEST_OBJECTS:
        raise RequestError(f"Drift needs {FEWEST_OBJECTS} objects or more; not {most}.")
    step = max(1, -(-view.objects // most))
    begun = np.asarray(view.time_ns)[np.asarray(view.offsets[:-1])]
    kept = np.zeros(view.objects, dtype=np.bool_)
    kept[np.argsort(begun, kind="stable")[::step]] = True
    return keep_objects(view, kept)


def _result(
    book: Book,
    view: Perspective,
    request: dict[str, Any],
    rows: _Rows,
    tests: int,
    left_out: int,
) -> DriftResult:
    def table(name: str, schema: dict[str, Any]) -> pl.DataFrame:
        return pl.DataFrame(getattr(rows, name), schema=schema, orient="row")

    return DriftResult(
        fingerprint=fingerprint_of(book_fingerprint=book.fingerprint, request=request),
        book=book.fingerprint,
        request=request,
        type=view.type,
        objects=view.objects,
        tests=tests,
        groups=table("groups", _GROUPS),
        changes=table("changes", _CHANGES),
        what_changed=table("what", _WHAT),
        series=table("series", _SERIES),
        stretches=table("stretches", _STRETCHES),
        groups_left_out=left_out,
        facts={"fewest_objects": FEWEST_OBJECTS},
        warnings=rows.told(left_out),
        trust=trust_summary(book),
    )


def _grouped(view: Perspective, by: str) -> tuple[list[tuple[str, Perspective]], int]:
    """The largest groups with what belongs to each, and how many groups are left out."""
    columns = [n for n in view.book.event_schema() if not n.startswith("@")]
    table = view.book.objects(view.type)
    own = [n for n in table.collect_schema() if not n.startswith("@")]
    if by in ROLES:
        coded = view.codes(by)
        if coded is None:
            raise RequestError(
                f"The book has no {by}. Name the column that holds it when you ingest."
            )
        code, names = np.asarray(coded[0]), list(coded[1])
        return _largest(view, code.astype(np.int64), names, entries=True)
    name = pick(by, [*own, *columns, *ROLES], "attribute to group by")
    entries = name not in own
    values = (
        view.book.event_column(name).gather(view.event)
        if entries
        else table.select(name).collect()[name].gather(view.object)
    )
    text = values.cast(pl.String).fill_null("")
    names = sorted({"", *text.unique().to_list()})
    place = {value: number for number, value in enumerate(names)}
    code = text.replace_strict(place, return_dtype=pl.Int64).to_numpy()
    return _largest(view, code, names, entries=entries)


def _largest(
    view: Perspective, code: NDArray[Any], names: Sequence[str], *, entries: bool
) -> tuple[list[tuple[str, Perspective]], int]:
    tally = np.bincount(code, minlength=len(names))
    tally[names.index("")] = 0
    order = [int(c) for c in np.argsort(-tally, kind="stable") if tally[c]]
    cut = keep_entries if entries else keep_objects
    return [(names[c], cut(view, code == c)) for c in order[:MOST_GROUPS]], max(
        0, len(order) - MOST_GROUPS
    )


class _Rows:
    """The rows of all tables, group by group."""

    def __init__(self, alpha: float, zone: str) -> None:
        self.alpha, self.zone = alpha, zone
        self.groups: list[tuple[Any, ...]] = []
        self.changes: list[tuple[Any, ...]] = []
        self.what: list[tuple[Any, ...]] = []
        self.series: list[tuple[Any, ...]] = []
        self.stretches: list[tuple[Any, ...]] = []
        self.codes: set[str] = set()

    def refuse(self, group: str, kinds: Sequence[Kind], objects: int) -> None:
        for kind in kinds:
            self.groups.append((group, kind, objects, 0, None, 0, "few_objects"))

    def add(
        self, group: str, objects: int, watched: Watched, found: dict[Kind, KindResult]
    ) -> None:
        window_s = watched.window_ns / SECOND_NS
        for kind, own in found.items():
            first = own.stretches[0].reason
            reason = None if first == "unnamed" else first
            size = len(watched.order)
            changes = len(own.changes)
            self.groups.append((group, kind, objects, size, window_s, changes, reason))
            for v in own.stretches:
                self.stretches.append(
                    (
                        *(group, kind, v.lo + 1, v.hi, v.units, v.unit_objects, v.level),
                        *(v.statistic, v.p, v.rounds),
                        *(None if v.split is None else v.split + 1, v.reason),
                    )
                )
            self._series(group, kind, watched, own)
            for change, differences in own.differences():
                self._change(group, kind, watched, change, differences)
            self._judge(watched, own)

    def _change(
        self, group: str, kind: Kind, watched: Watched, c: Change, differences: list[Difference]
    ) -> None:
        number = len(self.changes) + 1
        sure = [d for d in differences if d.p_adjusted <= self.alpha]
        reach = c.hi - c.lo
        moved = [(d, abs(d.after - d.before) * (d.objects_before + d.objects_after)) for d in sure]
        rerouted = max(
            sum(part for d, part in moved if (d.source == ANY) is whole) / reach / 2
            for whole in (False, True)
        )
        longer_s = sum(d.mean_change_s for d in sure)
        flow = kind == "control_flow"
        begun, stopped = watched.begun_ns, watched.stopped_ns
        self.changes.append(
            (number, group, kind, instant(c.at_ns), instant(c.low_ns), instant(c.high_ns))
            + (c.at + 1, c.low + 1, c.high + 1, c.at - c.lo, c.hi - c.at)
            + (int(((begun < c.at_ns) & (stopped >= c.at_ns)).sum()), c.p, c.p_adjusted, c.shape)
            + ((None, None) if c.ramp_ns is None else tuple(map(instant, c.ramp_ns)))
            + (c.affects, rerouted if flow else None, None if flow else longer_s)
        )
        self.what += [
            (
                *(number, group, kind, d.source, d.target, d.before, d.after),
                *(d.after - d.before, d.objects_before, d.objects_after, d.p, d.p_adjusted),
            )
            for d in differences[:LISTED]
        ]

    def _series(self, group: str, kind: Kind, watched: Watched, own: KindResult) -> None:
        """The direction in which the scores vary most, over runs of objects."""
        size = own.scores.objects
        points = min(SERIES_POINTS, size // 5)
        if points < 2 or own.scores.features == 0:
            return
        units = gather_units(own.scores, 0, size, points)
        rows = units.deviations()
        value, vector = np.linalg.eigh(rows @ rows.T)
        level = vector[:, -1] * np.sqrt(max(float(value[-1]), 0.0))
        level = level if level[np.argmax(np.abs(level))] >= 0 else -level
        for u in range(points):
            first, last = int(units.edges[u]), int(units.edges[u + 1])
            begun, ended = watched.begun_ns[first], watched.begun_ns[last - 1]
            self.series.append(
                (group, kind, instant(begun), instant(ended), last - first, float(level[u]))
            )

    def _judge(self, watched: Watched, own: KindResult) -> None:
        begun = watched.begun_ns
        if watched.unseen_share > UNSEEN:
            self.codes.add("steps_unseen")
        if any(v.reason == "serial_dependence" for v in own.stretches):
            self.codes.add("serial_dependence")
        if not own.changes:
            return
        if begun[-1] - begun[0] < TWO_YEARS_NS:
            self.codes.add("seasons_not_separable")
        if any(c.low_ns - begun[0] < watched.window_ns for c in own.changes):
            self.codes.add("near_the_beginning")
        if any(c.shape == "gradual" for c in own.changes):
            self.codes.add("gradual")

    def told(self, left_out: int) -> tuple[str, ...]:
        codes = self.codes | ({"groups_left_out"} if left_out else set())
        if any(row[-1] == "few_objects" for row in self.groups):
            codes = codes | {"few_objects"}
        return ("cause_unknown", *sorted(codes)) if self.changes else tuple(sorted(codes))
