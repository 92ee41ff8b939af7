"""The end of an ingestion: sort once, judge the whole, and describe it in a manifest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.attributes import common_type
from thalweg.records.build import BookBuilder, TypeState
from thalweg.records.intake import OBJECT
from thalweg.records.store.manifest import RoleRecord, StoredFile, TypeRecord
from thalweg.records.store.sequences import (
    Sequences,
    build_sequences,
    distinct_pairs,
    smallest_unsigned,
)
from thalweg.records.store.transaction import Transaction

_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class FinishedType:
    """A type's record in the manifest, and its arrays for the last judgement."""

    record: TypeRecord
    sequences: Sequences
    activity: NDArray[np.unsignedinteger]
    time_ns: NDArray[np.int64]
    repeated_links: int
    repeated_objects: int


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


def finish_frames(
    transaction: Transaction, frames: list[pl.DataFrame], name: str
) -> StoredFile | None:
    """Tables that were collected batch by batch, as one file, or None if there are none."""
    if not frames:
        return None
    return transaction.keep_frame(pl.concat(frames, how="diagonal_relaxed"), name)


def _finish_type(builder: BookBuilder, state: TypeState) -> FinishedType:
    transaction = builder.transaction
    table, repeated_objects = _object_table(state)
    sequences, links, qualifier, repeated_links = _sequences(builder, state)
    activity, activity_file = _gathered(
        transaction,
        builder.activity_codes.array(),
        sequences.event,
        smallest_unsigned(len(builder.activities)),
        "activity",
    )
    time_ns, time_file = _gathered(
        transaction, builder.time_ns.array(), sequences.event, np.dtype(np.int64), "time"
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
        time=time_file,
        event=transaction.keep_array(sequences.event, "event"),
        object=transaction.keep_array(sequences.object, "object"),
        links=None if links is None else transaction.keep_frame(links, "links"),
    )
    return FinishedType(record, sequences, activity, time_ns, repeated_links, repeated_objects)


def _object_table(state: TypeState) -> tuple[pl.DataFrame, int]:
    """All objects by code with their attributes, and how many declarations were repeats."""
    ids = state.coder.names().alias(OBJECT).to_frame()
    if not state.tables:
        return ids, 0
    declared = pl.concat([_aligned(t, state.tables) for t in state.tables], how="diagonal_relaxed")
    repeats = len(declared) - declared[OBJECT].n_unique()
    if repeats:
        declared = declared.group_by(OBJECT, maintain_order=True).agg(
            pl.exclude(OBJECT).drop_nulls().first()
        )
    return ids.join(declared, on=OBJECT, how="left", maintain_order="left"), repeats


def _aligned(table: pl.DataFrame, tables: list[pl.DataFrame]) -> pl.DataFrame:
    """The table with columns of the type that holds the values of all tables."""
    wanted: dict[str, pl.DataType] = {}
    for other in tables:
        for name, dtype in other.schema.items():
            wanted[name] = common_type(wanted[name], dtype) if name in wanted else dtype
    return table.with_columns(pl.col(name).cast(wanted[name]) for name in table.columns)


def _sequences(
    builder: BookBuilder, state: TypeState
) -> tuple[Sequences, pl.DataFrame | None, str, int]:
    """Sequences, the links that they don't carry, the common qualifier, and repeated links."""
    time_ns: NDArray[np.int64] = builder.time_ns.array()  # type: ignore[assignment]
    dense = state.links.dense()
    if dense is not None:
        codes, qualifier = dense
        return build_sequences(codes, None, time_ns, len(state.coder)), None, qualifier, 0
    links = state.links.table()
    distinct = links.unique(maintain_order=True).sort("event", "object", maintain_order=True)
    objects, events = distinct_pairs(distinct["object"].to_numpy(), distinct["event"].to_numpy())
    sequences = build_sequences(objects, events, time_ns, len(state.coder))
    qualifiers = distinct["qualifier"].unique()
    carried = len(qualifiers) == 1 and len(events) == len(distinct)
    qualifier = str(qualifiers[0]) if carried else ""
    return sequences, None if carried else distinct, qualifier, len(links) - len(distinct)


def _gathered(
    transaction: Transaction,
    values: NDArray[np.generic],
    rows: NDArray[np.uint32],
    dtype: np.dtype[np.generic],
    name: str,
) -> tuple[NDArray[np.generic], StoredFile]:
    """``values[rows]`` written piece by piece to a kept file, and mapped from there."""
    chunks = (values[rows[i : i + _CHUNK]] for i in range(0, len(rows), _CHUNK))
    stored = transaction.keep_chunks(chunks, dtype, len(rows), name)
    path = transaction.book / stored.path
    return np.load(path, mmap_mode="r" if len(rows) else None), stored
