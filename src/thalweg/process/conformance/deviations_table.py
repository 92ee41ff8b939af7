"""How often, how long, how costly: deviations measured, ranked and listed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.process.chunks import SECOND_NS, Ints
from thalweg.process.conformance.costs import Cost, Costs
from thalweg.process.conformance.deviations import Deviation
from thalweg.process.conformance.rules.views import Scene, note_events
from thalweg.process.contrasts import FEWEST_PER_GROUP, means, wilson
from thalweg.records.attributes import column

CONFIDENCE = 0.95
EXAMPLES = 3

DEVIATIONS_SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "name": pl.String,
    "after": pl.String,
    "severity": pl.String,
    "type": pl.String,
    "occurrences": pl.Int64,
    "objects": pl.Int64,
    "of_objects": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "spent_s": pl.Float64,
    "with_mean_s": pl.Float64,
    "without_mean_s": pl.Float64,
    "difference_s": pl.Float64,
    "difference_low_s": pl.Float64,
    "difference_high_s": pl.Float64,
    "difference_total_s": pl.Float64,
    "cost": pl.Float64,
    "cost_unknown": pl.Int64,
    "cost_reason": pl.String,
    "rank_often": pl.Int64,
    "rank_long": pl.Int64,
    "rank_costly": pl.Int64,
    "examples": pl.List(pl.Struct({"object": pl.String, "event": pl.Int64})),
}


def deviations_table(
    deviations: Sequence[Deviation], costs: Costs, rule_costs: dict[str, Cost]
) -> pl.DataFrame:
    """One row per deviation with occurrences, the most frequent first, ranked three ways.

    Takes    rule_costs: by rule id, the cost of its violations.
    """
    durations = _Durations()
    ids: dict[int, pl.Series] = {}
    rows = []
    for one in deviations:
        if not len(one.object):
            continue
        view = one.looked.view
        names = ids.setdefault(id(view), view.object_ids())
        cost = (
            rule_costs[one.name]
            if one.kind == "rule"
            else costs.total(view, one.cost_column, one.object, one.costed)
        )
        rows.append(_row(one, durations, cost, names))
    table = pl.DataFrame(rows, schema=DEVIATIONS_SCHEMA, orient="row")
    return _ranked(table)


def _ranked(table: pl.DataFrame) -> pl.DataFrame:
    """Ranks by occurrences, by the difference in time summed, and by cost; unknown ones have none."""

    def rank(name: str) -> pl.Expr:
        return pl.col(name).rank("min", descending=True).cast(pl.Int64)

    ranked = table.with_columns(
        rank_often=rank("occurrences"),
        rank_long=rank("difference_total_s"),
        rank_costly=rank("cost"),
    )
    return ranked.sort(
        "occurrences",
        "objects",
        "kind",
        "name",
        "after",
        descending=[True, True, False, False, False],
    )


def _row(one: Deviation, durations: _Durations, cost: Cost, ids: pl.Series) -> tuple[object, ...]:
    objects = one.objects
    of = one.looked.view.objects if one.of is None else int(one.of.sum())
    low, high = wilson(len(objects), of, CONFIDENCE)
    spent = one.spent_ns[one.spent_ns >= 0]
    examples = [
        {"object": ids[int(o)], "event": int(e) if e >= 0 else None}
        for o, e in zip(one.object[:EXAMPLES], one.event[:EXAMPLES], strict=True)
    ]
    return (
        one.kind,
        one.name,
        one.after,
        one.severity,
        one.looked.view.type,
        len(one.object),
        len(objects),
        of,
        len(objects) / of,
        low,
        high,
        int((spent // SECOND_NS).sum()) + int((spent % SECOND_NS).sum()) / SECOND_NS
        if len(spent)
        else None,
        *durations.difference(one, objects),
        cost.total,
        cost.unknown,
        cost.reason,
        None,
        None,
        None,
        examples,
    )


class _Durations:
    """Durations of finished objects, centred for exact sums, kept per view."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Any, float]] = {}

    def difference(self, one: Deviation, objects: Ints) -> tuple[float | None, ...]:
        """Mean duration with and without the deviation, their difference with its interval, and
        the difference times the objects that have it. Finished objects only."""
        looked = one.looked
        key = id(looked)
        if key not in self._held:
            span = (looked.stop_ns - looked.begun_ns) / SECOND_NS
            middle = float(span.mean()) if len(span) else 0.0
            self._held[key] = (np.where(looked.finished, span - middle, np.nan), middle)
        centred, middle = self._held[key]
        base = centred if one.of is None else np.where(one.of, centred, np.nan)
        inside = centred[objects]
        inside = inside[~np.isnan(inside)]
        n1 = len(inside)
        n0 = int((~np.isnan(base)).sum()) - n1
        if min(n1, n0) < 1:
            return (None,) * 6
        all_sum, all_square = float(np.nansum(base)), float(np.nansum(base**2))
        sum1, square1 = float(inside.sum()), float((inside**2).sum())
        m1, m0 = sum1 / n1, (all_sum - sum1) / n0
        if min(n1, n0) < FEWEST_PER_GROUP:
            return (m1 + middle, m0 + middle, None, None, None, None)
        v1 = max(square1 / n1 - m1**2, 0.0) / (n1 - 1)
        v0 = max((all_square - square1) / n0 - m0**2, 0.0) / (n0 - 1)
        gap = means(m0, v0, n0, m1, v1, n1, CONFIDENCE)
        low, high = (None if isnan(x) else x for x in (gap.low, gap.high))
        total = gap.difference * len(objects)
        return (m1 + middle, m0 + middle, gap.difference, low, high, total)


OCCURRENCES: tuple[str, ...] = (
    "type", "object", "kind", "name", "after", "severity", "event_row", "source", "row", "time",
    "activity", "party", "resource", "expected", "found", "spent_s", "cost",
)  # fmt: skip
"""Columns of the list of occurrences."""


def occurrences_table(
    deviations: Sequence[Deviation], costs: Costs, *, limit: int | None = None
) -> pl.DataFrame:
    """One row per occurrence, deviations in the order given.

    Takes    limit: rows of each deviation to list at most.
    Returns  the columns OCCURRENCES; ``time`` in UTC, ``source`` and ``row`` as the book has them
             (null where a book does not keep them).
    """
    parts = [_occurrences(one, costs, limit) for one in deviations if len(one.object)]
    if not parts:
        return pl.DataFrame(schema=_OCCURRENCE_TYPES)
    frame = pl.concat(parts)
    book = costs.scene.book
    at = frame["event_row"].fill_null(0)
    known = frame["event_row"].is_not_null()
    time_of, code_of = _event_facts(costs.scene)
    rows = at.to_numpy()
    happened = pl.Series(time_of[rows]).cast(pl.Datetime("ns", "UTC"))
    done = pl.Series(list(book.activities), dtype=pl.String).gather(code_of[rows])
    frame = frame.with_columns(
        time=pl.when(known).then(happened), activity=pl.when(known).then(done)
    )
    further = [name for name in ("@source", "@row") if name in book.event_schema()]
    for name, wanted in (("source", "@source"), ("row", "@row")):
        values = (
            book.event_column(wanted).cast(pl.Int64).gather(at)
            if wanted in further
            else pl.Series([None], dtype=pl.Int64).new_from_index(0, len(frame))
        )
        frame = frame.with_columns(pl.when(known).then(values).alias(name))
    for role in ("party", "resource"):
        frame = frame.with_columns(pl.when(known).then(_people(costs, role, at)).alias(role))
    manifest = getattr(book, "manifest", None)
    if manifest is not None:
        names = pl.Series([source.name for source in manifest.sources], dtype=pl.String)
        frame = frame.with_columns(source=names.gather(frame["source"].fill_null(0))).with_columns(
            pl.when(known).then(column("source")).alias("source")
        )
    else:
        frame = frame.with_columns(source=pl.col("source").cast(pl.String))
    return frame.select(column(name) for name in OCCURRENCES).cast(_OCCURRENCE_TYPES)  # type: ignore[arg-type]


_OCCURRENCE_TYPES: dict[str, Any] = dict.fromkeys(OCCURRENCES, pl.String) | {
    "event_row": pl.Int64,
    "row": pl.Int64,
    "time": pl.Datetime("ns", "UTC"),
    "spent_s": pl.Float64,
    "cost": pl.Float64,
}  # fmt: skip


def _people(costs: Costs, role: str, at: pl.Series) -> pl.Series:
    coded = costs.scene.book.role_codes(role)
    if coded is None:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(at))
    codes, names = coded
    found = pl.Series(["", *names[1:]], dtype=pl.String).gather(codes[at.to_numpy()])
    return found.replace("", None)


def _occurrences(one: Deviation, costs: Costs, limit: int | None) -> pl.DataFrame:
    view = one.looked.view
    n = len(one.object) if limit is None else min(limit, len(one.object))
    rows = np.arange(n)
    owner, event, spent = one.object[:n], one.event[:n], one.spent_ns[:n]
    cost = (
        pl.Series([None], dtype=pl.Float64).new_from_index(0, n)
        if one.cost_column in (None, "difference")
        else costs.values(view, str(one.cost_column), owner, one.costed[:n])
    )
    frame = pl.DataFrame(
        {
            "object": view.object_ids().gather(owner),
            "event_row": pl.Series(event),
            "expected": pl.Series(list(one.expected(rows)), dtype=pl.String),
            "found": pl.Series(list(one.found(rows)), dtype=pl.String),
            "spent_s": pl.Series(spent / SECOND_NS),
            "cost": cost,
        }
    )
    empty = {"event_row": event >= 0, "spent_s": spent >= 0}
    frame = frame.with_columns(
        [pl.when(pl.Series(mask)).then(column(name)).alias(name) for name, mask in empty.items()]
    )
    given = {"type": view.type, "kind": one.kind, "name": one.name, "after": one.after}
    given |= {"severity": one.severity}
    return frame.with_columns([pl.lit(text, pl.String).alias(name) for name, text in given.items()])


def _event_facts(scene: Scene) -> tuple[Ints, NDArray[np.uint32]]:
    """Time and activity of every event row, from the perspectives that hold them."""
    book = scene.book
    code_of, time_of = np.zeros(book.n_events, np.uint32), np.zeros(book.n_events, np.int64)
    for kind in book.types:
        note_events(book.perspective(kind), code_of, time_of)
    return time_of, code_of
