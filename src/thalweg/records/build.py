"""Batches in, a generation out: coding, streaming to disk, and sorting once at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.attributes import common_type, normalised
from thalweg.records.gate import judge
from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    OBJECT,
    QUALIFIER,
    START,
    TIME,
    TYPE,
    UTC_NS,
    Batch,
    ObjectColumn,
    Role,
)
from thalweg.records.store.book import dtype_name, dtype_of, reserved_columns
from thalweg.records.store.coding import Coder
from thalweg.records.store.manifest import EventPart, StoredFile
from thalweg.records.store.scratch import GrowingColumn, LinkColumn, link_table
from thalweg.records.store.sequences import NO_OBJECT
from thalweg.records.store.transaction import Transaction
from thalweg.records.tally import Tally

MAX_EVENTS = 2**32 - 1
_PART_ROWS = 1 << 20


@dataclass
class TypeState:
    """One object type while it is being collected."""

    name: str
    links: LinkColumn
    coder: Coder = field(default_factory=Coder)
    column: str = ""
    tables: list[pl.DataFrame] = field(default_factory=list)


@dataclass
class RoleState:
    attribute: str
    codes: GrowingColumn
    coder: Coder


class BookBuilder:
    """Collects what the batches bring. ``records.finish`` turns it into a manifest."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.tally = Tally()
        self.events = 0
        self.activities = Coder()
        self.activity_codes = self._column("activity", np.uint32)
        self.time_ns = self._column("time", np.int64)
        self.start_ns: GrowingColumn | None = None
        self.types: dict[str, TypeState] = {}
        self.roles: dict[Role, RoleState] = {}
        self.parts: list[EventPart] = []
        self.columns: dict[str, str] = {}
        self.set_aside: list[StoredFile] = []
        self.object_changes: list[pl.DataFrame] = []
        self.object_links: list[pl.DataFrame] = []
        self._waiting: list[pl.DataFrame] = []
        self._declared: dict[str, str] = {}

    def start_source(self, name: str, number: int) -> None:
        """Rows from here on belong to this source."""
        self.tally.start_source(name)
        self._source, self._declared = number, {}

    def add(self, batch: Batch, roles: dict[Role, str]) -> None:
        """Take one batch: judge, code, and write its event rows."""
        judged = judge(batch)
        self.tally.count_rows(len(judged.events), judged.set_aside)
        self._declare_objects(batch)
        if len(judged.set_aside):
            self._keep_set_aside(judged.set_aside)
        events = judged.events
        if self.events + len(events) > MAX_EVENTS:
            raise OverflowError(f"A book holds at most {MAX_EVENTS:,} events.")
        first = self.events
        self.events += len(events)
        self.activity_codes.append(self.activities.encode(events[ACTIVITY]))
        self.time_ns.append(events[TIME].cast(UTC_NS).to_physical().to_numpy())
        self._add_start(events, first)
        self._add_roles(events, first, roles)
        self._add_object_columns(events, first, batch.object_columns)
        if batch.links is not None:
            self._add_links(events, first, batch.links)
        self._add_object_facts(batch)
        self._add_rows(events, batch.object_columns)

    def flush(self) -> None:
        """Write event rows that are still waiting for a full part."""
        if not self._waiting:
            return
        frame = pl.concat(self._waiting, how="diagonal_relaxed")
        self._waiting = []
        stored = self.transaction.keep_frame(frame, "events")
        self.parts.append(EventPart(stored, self._next_row(), len(frame)))

    def resume_start(self, start_ns: NDArray[np.int64] | None) -> None:
        """Take over the starts of the events that the book holds."""
        if start_ns is not None:
            self.start_ns = self._column("start", np.int64)
            self.start_ns.append(start_ns)

    def type_state(self, name: str) -> TypeState:
        if name not in self.types:
            number = len(self.types)
            links = LinkColumn(self.transaction.workspace, f"links-{number}")
            self.types[name] = TypeState(name, links)
        return self.types[name]

    def role_state(self, role: Role, attribute: str) -> RoleState:
        if role not in self.roles:
            codes = self._column(f"role-{role}", np.uint32)
            self.roles[role] = RoleState(attribute, codes, Coder(pl.Series([""])))
        return self.roles[role]

    def _column(self, name: str, dtype: type[np.generic]) -> GrowingColumn:
        return GrowingColumn(self.transaction.workspace / f"column-{name}", dtype)

    def _next_row(self) -> int:
        return self.parts[-1].first_row + self.parts[-1].rows if self.parts else 0

    def _add_start(self, events: pl.DataFrame, first: int) -> None:
        if START in events.columns and self.start_ns is None:
            self.start_ns = self._column("start", np.int64)
            self.start_ns.append(np.asarray(self.time_ns.array()[:first]))
        if self.start_ns is not None:
            known = START in events.columns
            start = pl.coalesce(START, TIME) if known else pl.col(TIME)
            values = events.select(start.cast(UTC_NS).to_physical().alias("start"))["start"]
            self.start_ns.append(values.to_numpy())

    def _add_roles(self, events: pl.DataFrame, first: int, roles: dict[Role, str]) -> None:
        for role, attribute in roles.items():
            if attribute in events.columns:
                self.role_state(role, attribute)
        for role, state in self.roles.items():
            attribute = roles.get(role, state.attribute)
            state.codes.append(np.zeros(first - state.codes.length, np.uint32))
            if attribute in events.columns:
                codes = state.coder.encode(events[attribute])
                state.codes.append(np.where(codes == NO_OBJECT, 0, codes))
            else:
                state.codes.append(np.zeros(len(events), np.uint32))

    def _add_object_columns(
        self, events: pl.DataFrame, first: int, columns: tuple[ObjectColumn, ...]
    ) -> None:
        for column in columns:
            state = self.type_state(column.type)
            state.column = state.column or column.column
            cells = events[column.column]
            if isinstance(cells.dtype, pl.List):
                state.links.append_table(_exploded(cells, first, state.coder, column.qualifier))
            else:
                names = cells.cast(pl.String)
                if (names == "").any():
                    names = names.replace("", None)
                state.links.append_dense(first, state.coder.encode(names), column.qualifier)

    def _declare_objects(self, batch: Batch) -> None:
        for name, table in batch.objects.items():
            state = self.type_state(name)
            state.coder.encode(table[OBJECT])
            state.tables.append(normalised(table))
            if batch.links is not None or batch.object_links is not None:
                self._declared.update(dict.fromkeys(table[OBJECT].to_list(), name))

    def _add_links(self, events: pl.DataFrame, first: int, links: pl.DataFrame) -> None:
        """Resolve links by event and object id; the dangling ones are counted and set aside."""
        rows = (
            events.select(EVENT).with_row_index("event", offset=first).unique(EVENT, keep="first")
        )
        kinds = pl.DataFrame(
            {OBJECT: list(self._declared), TYPE: list(self._declared.values())},
            schema={OBJECT: pl.String, TYPE: pl.String},
        )
        resolved = links.join(rows, on=EVENT, how="left", maintain_order="left").join(
            kinds, on=OBJECT, how="left", maintain_order="left"
        )
        dangling = resolved.filter(pl.col("event").is_null() | pl.col(TYPE).is_null())
        if len(dangling):
            rejects = _dangling_rejects(dangling)
            self.tally.count_links_set_aside(rejects)
            self._keep_set_aside(rejects)
        for (kind,), group in resolved.drop_nulls(["event", TYPE]).group_by(
            TYPE, maintain_order=True
        ):
            state = self.type_state(str(kind))
            table = group.select(
                event=pl.col("event").cast(pl.UInt32),
                object=pl.Series(state.coder.encode(group[OBJECT])),
                qualifier=pl.col(QUALIFIER).fill_null(""),
            )
            state.links.append_table(table)

    def _add_object_facts(self, batch: Batch) -> None:
        if batch.object_changes is not None and len(batch.object_changes):
            kinds = pl.Series(
                TYPE, [self._declared.get(i) for i in batch.object_changes[OBJECT]], pl.String
            )
            self.object_changes.append(batch.object_changes.with_columns(kinds))
        if batch.object_links is not None and len(batch.object_links):
            ends = [
                pl.Series(
                    f"{end}_type",
                    [self._declared.get(i) for i in batch.object_links[end]],
                    pl.String,
                )
                for end in ("@source", "@target")
            ]
            self.object_links.append(batch.object_links.with_columns(ends))

    def _add_rows(self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...]) -> None:
        rows = normalised(events.drop([c.column for c in columns]))
        rows = rows.with_columns(pl.lit(self._source, pl.UInt16).alias("@source"))
        for name, known in reserved_columns(set(rows.columns)).items():
            self.columns[name] = known
        for name, dtype in rows.schema.items():
            if not name.startswith("@"):
                before = self.columns.get(name)
                after = dtype if before is None else common_type(dtype_of(before), dtype)
                self.columns[name] = dtype_name(after)
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= _PART_ROWS:
            self.flush()

    def _keep_set_aside(self, rejects: pl.DataFrame) -> None:
        frame = rejects.select(pl.lit(self.tally.source).alias("source"), pl.all())
        self.set_aside.append(self.transaction.keep_frame(frame, "set_aside"))


def _exploded(cells: pl.Series, first: int, coder: Coder, qualifier: str) -> pl.DataFrame:
    frame = pl.DataFrame({"object": cells}).with_row_index("event", offset=first)
    pairs = frame.explode("object").drop_nulls().filter(pl.col("object") != "")
    events: NDArray[np.uint32] = pairs["event"].cast(pl.UInt32).to_numpy()
    return link_table(events, coder.encode(pairs["object"]), qualifier)


def _dangling_rejects(links: pl.DataFrame) -> pl.DataFrame:
    reason = (
        pl.when(pl.col("event").is_null())
        .then(pl.lit("link_event_unknown"))
        .otherwise(pl.lit("link_object_unknown"))
    )
    ids = pl.when(pl.col("event").is_null()).then(pl.col(EVENT)).otherwise(pl.col(OBJECT))
    return links.select(
        pl.col("@row").cast(pl.Int64),
        reason.alias("reason"),
        ids.alias("value"),
        pl.struct(EVENT, OBJECT, QUALIFIER).struct.json_encode().alias("record"),
    )
