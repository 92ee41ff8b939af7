"""The gate: which event rows can stand in a sequence, and what is set aside instead.

A row needs an activity, a time and, in a flat source, at least one object. Nothing else is
judged here: odd times, duplicates and ties are kept, and counted in the trust report.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from thalweg.records.intake import ACTIVITY, REJECTS_SCHEMA, ROW, TIME, Batch


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that passed, and REJECTS_SCHEMA rows that did not (the reader's rejects included)."""

    events: pl.DataFrame
    set_aside: pl.DataFrame


def judge(batch: Batch) -> Judged:
    """Split a batch into rows that can be used and rows that cannot, with the first reason."""
    reasons = _reasons(batch)
    events = batch.events
    rejected = [] if batch.rejects is None else [batch.rejects.select(list(REJECTS_SCHEMA))]
    reason = pl.coalesce(*reasons)
    faulty = events.select(reason.alias("reason"))["reason"]
    if faulty.null_count() < len(events):
        keep = faulty.is_null()
        rejected.append(_as_rejects(events.filter(~keep), faulty.filter(~keep)))
        events = events.filter(keep)
    empty = pl.DataFrame(schema=REJECTS_SCHEMA)
    return Judged(events, pl.concat([empty, *rejected]) if rejected else empty)


def _reasons(batch: Batch) -> list[pl.Expr]:
    reasons = [
        _reason_if(_is_empty(ACTIVITY, batch.events.schema[ACTIVITY]), "activity_missing"),
        _reason_if(pl.col(TIME).is_null(), "time_missing"),
    ]
    if batch.object_columns and batch.links is None:
        no_object = pl.all_horizontal(
            _is_empty(c.column, batch.events.schema[c.column]) for c in batch.object_columns
        )
        reasons.append(_reason_if(no_object, "object_missing"))
    return reasons


def _reason_if(condition: pl.Expr, reason: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(reason))


def _is_empty(column: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(column)
    if isinstance(dtype, pl.List):
        return cell.is_null() | (cell.list.len() == 0)
    if dtype == pl.String:
        return cell.is_null() | (cell == "")
    return cell.is_null()


def _as_rejects(rows: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    record = rows.select(pl.struct(pl.all()).struct.json_encode().alias("record"))["record"]
    return pl.DataFrame(
        {ROW: rows[ROW], "reason": reasons, "value": [""] * len(rows), "record": record},
        schema=REJECTS_SCHEMA,
    )
