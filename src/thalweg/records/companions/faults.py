"""What is wrong with rows of a table: told in the trust report, or as an error."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from thalweg.errors import SourceError
from thalweg.records.companions.schema import Fault, Judgement, Schema
from thalweg.records.intake import ROW
from thalweg.records.mapping.tables_file import in_one_message
from thalweg.records.readers.notes import EXAMPLES
from thalweg.records.trust import Example, Finding

_SAID = {
    "required_cell_empty": "is empty. Every row needs it",
    "cell_unreadable": "{value!r} cannot be read",
    "kind_unknown": "{value!r} is no kind of intervention of the profile",
    "layer_unknown": "{value!r} is no layer of the profile",
    "assignment_unknown": "{value!r} is no way in which dates come to units",
    "number_not_positive": "{value} is not above zero",
    "number_negative": "{value} is below zero",
    "ends_before_start": "{value} is before the beginning",
    "unit_unknown": "{value!r} is neither a party nor does it occur in the records",
    "unit_ambiguous": "{value!r} is the name of several parties",
    "intervention_overlaps": "{value!r} is in force twice at a time",
    "party_repeated": "{value!r} is described twice",
    "parent_circular": "{value!r} leads back to the party itself",
    "period_not_a_month": "{value!r} is longer than a month",
    "product_repeated": "{value!r} is described twice",
    "rate_repeated": "{value!r} has two rates from the same day",
    "total_repeated": "{value!r} has two totals that differ",
    "row_ragged": "it has more or fewer cells than the header",
    "quote_unclosed": "a quote is opened and never closed",
    "json_unreadable": "it is no JSON object",
}
"""Sentences for errors, by code."""


def sentence(fault: Fault, columns: dict[str, str]) -> str:
    """Row, column, value, what is wrong, and what to do."""
    place = f"row {fault.row}"
    if fault.column:
        header = columns.get(fault.column, fault.column)
        meant = "" if header == fault.column else f" ({fault.column})"
        place += f", column {header!r}{meant}"
    said = _SAID[fault.code].format(value=fault.value)
    near = f"Did you mean {' or '.join(repr(word) for word in fault.near)}?" if fault.near else ""
    return f"{place}: {said}. {near or fault.cure}".rstrip()


def refuse_unusable(
    schema: Schema, rows: pl.DataFrame, found: Judgement, columns: dict[str, str], where: str
) -> None:
    """Raise SourceError when no row can be used: of the table, or of one of its groups."""
    bad = found.bad_rows()
    lost = not len(rows) or (len(bad) >= len(rows) and set(rows[ROW]) <= bad)
    told: set[int] = bad
    what = f"not one row of the table of {schema.table} can be used"
    if schema.group is not None and not lost:
        good = pl.col(ROW).is_in(list(bad)).not_()
        groups = rows.filter(pl.col(schema.group).is_not_null())
        gone = groups.group_by(schema.group, maintain_order=True).agg(good.any().alias("good"))
        names = gone.filter(~pl.col("good"))[schema.group]
        told = set(rows.filter(pl.col(schema.group).is_in(names.implode()))[ROW])
        lost = len(names) > 0
        shown = ", ".join(repr(name) for name in names.head(5))
        what = f"not one row of {schema.group} {shown} can be used"
    if lost:
        problems = [sentence(fault, columns) for fault in found.faults if fault.row in told]
        raise SourceError(in_one_message(f"{where}: {what}", problems))


def findings_of(
    found: Judgement, schema: Schema, source: str, rows: int, traits: Iterable[str]
) -> list[Finding]:
    """Faults by code and column as losses, then remarks, then the further columns."""
    by_place: dict[tuple[str, str], list[Fault]] = {}
    for fault in found.faults:
        by_place.setdefault((fault.code, fault.column), []).append(fault)
    told = [
        Finding(
            code=code,
            severity="loss",
            count=len({fault.row for fault in faults}),
            of=rows,
            where=_place(schema, column),
            examples=tuple(
                Example(source, fault.row, _shown(fault)) for fault in faults[:EXAMPLES]
            ),
        )
        for (code, column), faults in by_place.items()
    ]
    told += remarks_of(found, schema, source, rows)
    if kept := list(traits):
        shown = (Example(source, None, ", ".join(kept[:EXAMPLES])),)
        detail = {"columns": kept}
        told.append(Finding("traits_kept", "note", len(kept), 0, source, shown, detail))
    return told


def remarks_of(found: Judgement, schema: Schema, source: str, rows: int) -> list[Finding]:
    """Remarks as findings."""
    return [
        Finding(
            code=remark.code,
            severity=remark.severity,
            count=remark.count,
            of=rows if remark.of is None else remark.of,
            where=_place(schema, remark.column),
            examples=tuple(Example(source, row, shown) for row, shown in remark.examples),
            detail=dict(remark.detail),
        )
        for remark in found.remarks
    ]


def _place(schema: Schema, column: str) -> str:
    """The table, and the column by the schema's name."""
    return f"{schema.table}.{column}" if column else schema.table


def _shown(fault: Fault) -> str:
    """The value, with the nearest valid ones behind an arrow."""
    near = f" → {' / '.join(fault.near)}?" if fault.near else ""
    return fault.value + near
