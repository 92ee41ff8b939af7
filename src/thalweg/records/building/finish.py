"""The end of an ingestion: sort once, judge the whole, and describe it in a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.selectors import by_name

from thalweg.records.attributes import column, common_type
from thalweg.records.building.build import BookBuilder, TypeState
from thalweg.records.building.tally import EXAMPLES
from thalweg.records.intake import OBJECT
from thalweg.records.store.manifest import RoleRecord, StoredFile, TypeRecord
from thalweg.records.store.sequences import (
    Sequences,
    build_sequences,
    distinct_pairs,
    smallest_unsigned,
)
from thalweg.records.store.transaction import Transaction
from thalweg.records.trust import Example

_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class FinishedType:
    """A type's record in the manifest, and its arrays for the last judgement."""

    record: TypeRecord
    sequences: Sequences
    activity: NDArray[np.unsignedinteger]


def finish_types(builder: BookBuilder) -> list[FinishedType]:
    """Sequences, links and tables of all types, written and kept."""
    return [_finish_type(builder, state) for state in builder.types.values()]


def finish_roles(builder: BookBuilder) -> tuple[RoleRecord, ...]:
    """Coded roles, one code per event row."""
    records = []
    for role, state in builder.roles.items():
        codes = state.codes.array()
        narrow = codes.astype(smallest_unsigned(len(state.coder)))
        records.append(
            RoleRecord(
                role=role,
                attribute=state.attribute,
                codes=builder.transaction.keep_array(narrow, f"role_{role}"),
                names=builder.transaction.keep_frame(state.coder.names().to_frame(), "names"),
            )
        )
    return tuple(records)


def finish_start(builder: BookBuilder) -> StoredFile | None:
    if builder.start_ns is None:
        return None
    return builder.transaction.keep_array(builder.start_ns.array(), "start")


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """Later attribute values and object-to-object links, each once; None where there are none."""

    changes: pl.DataFrame | None
    links: pl.DataFrame | None
    changes_file: StoredFile | None
    links_file: StoredFile | None


def finish_object_facts(builder: BookBuilder) -> ObjectFacts:
    """Write what is known of objects beside their tables."""
    changes = _distinct(builder, builder.object_changes_with_types(), "object_change")
    links = _distinct(builder, builder.object_links_with_types(), "object_link")
    keep = builder.transaction.keep_frame
    return ObjectFacts(
        changes=changes,
        links=links,
        changes_file=None if changes is None else keep(changes, "object_changes"),
        links_file=None if links is None else keep(links, "object_links"),
    )


def _distinct(builder: BookBuilder, frames: list[pl.DataFrame], what: str) -> pl.DataFrame | None:
    if not frames:
        return None
    told = pl.concat(frames, how="diagonal_relaxed")
    distinct = told.unique(maintain_order=True)
    builder.tally.note(f"{what}_repeated", len(told) - len(distinct), [], of=len(told))
    return distinct


def _finish_type(builder: BookBuilder, state: TypeState) -> FinishedType:
    transaction = builder.transaction
    table = _object_table(builder, state)
    sequences, links, qualifier = _sequences(builder, state)
    activity, activity_file = _gathered(
        transaction,
        builder.activity_codes.array(),
        sequences.event,
        smallest_unsigned(len(builder.activities)),
        "activity",
    )
    record = TypeRecord(
        name=state.name,
        column=state.column,
        qualifier=qualifier,
        objects=len(table),
        sequences=len(sequences.object),
        entries=len(sequences.event),
        table=transaction.keep_frame(table, "objects"),
        offsets=transaction.keep_array(sequences.offsets, "offsets"),
        activity=activity_file,
        time=transaction.keep_array(sequences.time_ns, "time"),
        event=transaction.keep_array(sequences.event, "event"),
        object=transaction.keep_array(sequences.object, "object"),
        links=None if links is None else transaction.keep_frame(links, "links"),
    )
    return FinishedType(record, sequences, activity)


def _object_table(builder: BookBuilder, state: TypeState) -> pl.DataFrame:
    """All objects by code, with their attributes as first declared."""
    ids = state.coder.names().alias(OBJECT).to_frame()
    if not state.tables:
        return ids
    told = pl.concat([_aligned(t, state.tables) for t in state.tables], how="diagonal_relaxed")
    again = told.filter(~pl.col(OBJECT).is_first_distinct())
    if len(again):
        shown = [Example(value=i) for i in again[OBJECT].head(EXAMPLES)]
        builder.tally.note("object_repeated", len(again), shown, state.name, len(told))
        told = _first_declared(builder, state.name, told)
    return ids.join(told, on=OBJECT, how="left", maintain_order="left")


def _first_declared(builder: BookBuilder, kind: str, told: pl.DataFrame) -> pl.DataFrame:
    """The first value of every attribute of every object; other values are conflicts."""
    grouped = told.group_by(OBJECT, maintain_order=True)
    attributes = [name for name in told.columns if name != OBJECT]
    for name in attributes:
        values = column(name).drop_nulls().unique(maintain_order=True).cast(pl.String)
        conflicts = grouped.agg(values).filter(column(name).list.len() > 1)
        shown = [
            Example(value=f"{object_id}: {name} = {' | '.join(found)}")
            for object_id, found in conflicts.head(EXAMPLES).rows()
        ]
        builder.tally.note("object_conflict", len(conflicts), shown, f"{kind}.{name}", len(told))
    return grouped.agg(by_name(attributes).drop_nulls().first())


def _aligned(table: pl.DataFrame, tables: list[pl.DataFrame]) -> pl.DataFrame:
    """The table with columns of the type that holds the values of all tables."""
    wanted: dict[str, pl.DataType] = {}
    for other in tables:
        for name, dtype in other.schema.items():
            wanted[name] = common_type(wanted[name], dtype) if name in wanted else dtype
    text = {name for name, dtype in wanted.items() if dtype == pl.Null}
    return table.with_columns(
        table[name].cast(pl.String if name in text else wanted[name]) for name in table.columns
    )


def _sequences(
    builder: BookBuilder, state: TypeState
) -> tuple[Sequences, pl.DataFrame | None, str]:
    """Sequences, the links that they don't carry, and the qualifier that all links share."""
    time_ns: NDArray[np.int64] = builder.time_ns.array()
    dense = state.links.dense()
    if dense is not None:
        codes, qualifier = dense
        return build_sequences(codes, None, time_ns, len(state.coder)), None, qualifier
    links = state.links.table()
    distinct = links.unique(maintain_order=True).sort("event", "object", maintain_order=True)
    builder.tally.note("link_repeated", len(links) - len(distinct), [], state.name)
    objects, events = distinct_pairs(distinct["object"].to_numpy(), distinct["event"].to_numpy())
    sequences = build_sequences(objects, events, time_ns, len(state.coder))
    qualifiers = distinct["qualifier"].unique()
    carried = len(qualifiers) == 1 and len(events) == len(distinct)
    qualifier = str(qualifiers[0]) if carried else ""
    return sequences, None if carried else distinct, qualifier


def _gathered(
    transaction: Transaction,
    values: NDArray[np.generic],
    rows: NDArray[np.uint32],
    dtype: np.dtype[np.generic],
    name: str,
) -> tuple[NDArray[Any], StoredFile]:
    """``values[rows]`` written piece by piece to a kept file, and mapped from there."""
    chunks = (values[rows[i : i + _CHUNK]] for i in range(0, len(rows), _CHUNK))
    stored = transaction.keep_chunks(chunks, dtype, len(rows), name)
    path = transaction.book / stored.path
    return np.load(path, mmap_mode="r" if len(rows) else None), stored
