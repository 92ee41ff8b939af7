"""The gate: which event rows can stand in a sequence, and what is set aside instead.

A row needs an activity, a time and, in a flat source, at least one object. Nothing else is
judged here: odd times, duplicates and ties are kept, and counted in the trust report.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from thalweg.records.attributes import column as literal
from thalweg.records.intake import ACTIVITY, REJECTS_SCHEMA, ROW, TIME, Batch


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that passed and rows that did not.

    set_aside   REJECTS_SCHEMA: the rows that did not pass, with the reader's rejects before them.
    """

    events: pl.DataFrame
    refused: pl.DataFrame
    set_aside: pl.DataFrame


def judge(batch: Batch) -> Judged:
    """Split a batch into rows that can be used and rows that cannot, with the first reason."""
    reason = pl.coalesce(*_reasons(batch))
    faulty = batch.events.select(reason.alias("reason"))["reason"]
    passed = faulty.is_null()
    refused = batch.events.filter(~passed)
    rejects = [pl.DataFrame(schema=REJECTS_SCHEMA)]
    if batch.rejects is not None:
        rejects.append(batch.rejects.select(list(REJECTS_SCHEMA)))
    rejects.append(as_rejects(refused, faulty.filter(~passed)))
    events = batch.events.filter(passed) if len(refused) else batch.events
    return Judged(events, refused, pl.concat(rejects))


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
    cell = literal(column)
    if isinstance(dtype, pl.List):
        named = cell.list.eval(pl.element().is_not_null() & (pl.element() != ""))
        return cell.is_null() | ~named.list.any()
    if dtype == pl.String:
        return cell.is_null() | (cell == "")
    return cell.is_null()


def as_rejects(
    rows: pl.DataFrame, reasons: pl.Series, values: pl.Series | None = None
) -> pl.DataFrame:
    """Event rows as REJECTS_SCHEMA, with the whole row as JSON text."""
    if len(rows) == 0:
        return pl.DataFrame(schema=REJECTS_SCHEMA)
    record = rows.select(pl.struct(pl.all()).struct.json_encode().alias("record"))["record"]
    shown = pl.Series([""] * len(rows)) if values is None else values
    return pl.DataFrame(
        {ROW: rows[ROW], "reason": reasons, "value": shown, "record": record},
        schema=REJECTS_SCHEMA,
    )
