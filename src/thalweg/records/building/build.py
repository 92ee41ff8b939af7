"""Batches in, files out: judging, coding and streaming to disk. ``finish`` sorts at the end."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import BookError
from thalweg.records.attributes import common_type, normalised
from thalweg.records.building.gate import as_rejects, judge
from thalweg.records.building.held import Held, object_pairs, same_content
from thalweg.records.building.linking import Linker, ResolvedLinks
from thalweg.records.building.rows import Rows
from thalweg.records.building.tally import Tally
from thalweg.records.intake import (
    ACTIVITY,
    EVENT,
    LINK_SOURCE,
    LINK_TARGET,
    OBJECT,
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

MAX_EVENTS, MAX_SOURCES = 2**32 - 1, 2**16
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
        self._columns: list[GrowingColumn] = []
        self.tally = Tally()
        self.linker = Linker()
        self.events = 0
        self.activities = Coder()
        self.activity_codes = self._column("activity", np.uint32)
        self.time_ns = self._column("time", np.int64)
        self.start_ns: GrowingColumn | None = None
        self.types: dict[str, TypeState] = {}
        self.roles: dict[Role, RoleState] = {}
        self.parts: list[EventPart] = []
        self.columns: dict[str, str] = reserved_columns(set())
        self.set_aside: list[StoredFile] = []
        self.object_changes: list[pl.DataFrame] = []
        self.object_links: list[pl.DataFrame] = []
        self._aside: list[pl.DataFrame] = []
        self._waiting: list[pl.DataFrame] = []
        self._part: Future[StoredFile] | None = None

    def start_source(self, name: str, number: int) -> None:
        """Rows from here on belong to this source."""
        if number >= MAX_SOURCES:
            raise BookError(f"A book holds at most {MAX_SOURCES:,} sources. Start another book.")
        self.tally.start_source(name)
        self.linker.start_source()
        self._source = number
        self._held = self._what_is_held()

    def end_source(self) -> None:
        """Settle what had to wait for the end of the source."""
        undeclared = self.linker.undeclared()
        if len(undeclared):
            self.declare_from_events(undeclared)
        resolved, rejects = self.linker.end_source()
        self._add_links(resolved)
        self._set_links_aside(rejects)
        if self._aside:
            aside = pl.concat(self._aside)
            self.set_aside.append(self.transaction.keep_frame(aside, "set_aside"))
            self._aside = []

    def add(self, batch: Batch, roles: dict[Role, str]) -> None:
        """Take one batch: judge, code, and write its event rows."""
        for name, table in batch.objects.items():
            state = self.type_state(name)
            state.coder.encode(table[OBJECT])
            state.tables.append(normalised(table))
            self.linker.declare(name, table[OBJECT])
        judged = judge(batch)
        self._set_rows_aside(judged.set_aside)
        if EVENT in batch.events.columns:
            self.linker.refuse(judged.refused[EVENT])
            self._add_with_ids(judged.events, batch.object_columns, roles)
        else:
            known = self._held.known(judged.events, batch.object_columns)
            self._skip_known(judged.events.filter(known))
            self._add_events(judged.events.filter(~known), batch.object_columns, roles)
        if batch.links is not None:
            self.tally.links_read += len(batch.links)
            self._add_links(self.linker.resolve(batch.links))
        if batch.object_changes is not None and len(batch.object_changes):
            self.object_changes.append(batch.object_changes)
        if batch.object_links is not None and len(batch.object_links):
            self.object_links.append(batch.object_links)

    def flush(self) -> None:
        """Have every event row on disk."""
        self._write_part()
        self._collect_part()

    def rows(self) -> Rows:
        """All event rows so far."""
        self._collect_part()
        return Rows(self.transaction.book, self.parts, self._waiting)

    def column_types(self) -> dict[str, str]:
        """Attribute columns and their types; text where no row has a value."""
        return {n: "String" if t == "Null" else t for n, t in self.columns.items()}

    def close(self) -> None:
        """Close the scratch files; what was mapped from them stays readable."""
        for column in self._columns:
            column.close()
        for state in self.types.values():
            state.links.close()

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

    def declare_from_events(self, ids: pl.Series) -> None:
        """Objects that events named but nobody declared are known to links from now on."""
        for name, state in self.types.items():
            names = state.coder.names()
            found = names.filter(names.is_in(ids.implode()))
            if len(found):
                self.linker.declare(name, found)

    def object_links_with_types(self) -> list[pl.DataFrame]:
        """Object-to-object links with the type of either end, null where it dangles."""
        ends = {LINK_SOURCE: "@source_type", LINK_TARGET: "@target_type"}
        for frame in self.object_links:
            for end in ends:
                kinds = self.linker.kinds_of(frame[end])
                self.declare_from_events(frame[end].filter(kinds.is_null()).drop_nulls())
        return [
            f.with_columns(self.linker.kinds_of(f[end]).alias(kind) for end, kind in ends.items())
            for f in self.object_links
        ]

    def object_changes_with_types(self) -> list[pl.DataFrame]:
        """Later attribute values with the type of the object, null where it is unknown."""
        for frame in self.object_changes:
            kinds = self.linker.kinds_of(frame[OBJECT])
            self.declare_from_events(frame[OBJECT].filter(kinds.is_null()).drop_nulls())
        return [
            f.with_columns(self.linker.kinds_of(f[OBJECT]).alias(TYPE)) for f in self.object_changes
        ]

    def _column(self, name: str, dtype: type[np.generic]) -> GrowingColumn:
        column = GrowingColumn(self.transaction.workspace / f"column-{name}", dtype)
        self._columns.append(column)
        return column

    def _write_part(self) -> None:
        """Write the rows that wait in the background, one part at a time."""
        self._collect_part()
        if self._waiting:
            frame = pl.concat(self._waiting, how="diagonal_relaxed", rechunk=True)
            self._waiting = [frame]
            self._part = self.transaction.later(
                lambda: self.transaction.keep_frame(frame, "events")
            )

    def _collect_part(self) -> None:
        """Take the part that was being written, if any, into the list."""
        if self._part is not None:
            (frame,) = self._waiting[:1]
            self.parts.append(EventPart(self._part.result(), self._next_row(), len(frame)))
            self._part, self._waiting = None, self._waiting[1:]

    def _next_row(self) -> int:
        return self.parts[-1].first_row + self.parts[-1].rows if self.parts else 0

    def _what_is_held(self) -> Held:
        time_ns: NDArray[np.int64] = self.time_ns.array()
        codes: NDArray[np.uint32] = self.activity_codes.array()
        return Held(self.events, self.types, (codes, self.activities), time_ns, self.rows)

    def _add_with_ids(
        self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...], roles: dict[Role, str]
    ) -> None:
        """Take the first row of each id; judge the others by what is held under the id."""
        ids = events[EVENT]
        new = pl.Series(self.linker.rows_of(ids) < 0) & (ids.is_first_distinct() | ids.is_null())
        fresh = events.filter(new)
        self.linker.add_events(fresh[EVENT], self.events)
        self._add_events(fresh, columns, roles)
        self._judge_repeats(events.filter(~new), columns)

    def _judge_repeats(self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...]) -> None:
        """Skip rows that are held already, and set aside those that contradict them."""
        if len(events) == 0:
            return
        rows = self.linker.rows_of(events[EVENT])
        earlier = rows < self._held.events
        equal = same_content(events, rows, columns, self.types, self.rows())
        self._skip_known(events.filter(earlier & equal))
        conflict, again = pl.lit("event_conflict"), pl.lit("event_id_repeated")
        reason = events.select(pl.when(pl.Series(equal)).then(again).otherwise(conflict))
        aside = ~(earlier & equal)
        rejects = as_rejects(events, reason.to_series(), events[EVENT]).filter(aside)
        self._set_rows_aside(rejects)
        self.linker.disown(events[EVENT].filter(earlier & ~equal))

    def _skip_known(self, events: pl.DataFrame) -> None:
        if len(events):
            self.tally.skip_known_rows(events)

    def _add_events(
        self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...], roles: dict[Role, str]
    ) -> None:
        """Code the rows and put them behind those that are there."""
        if self.events + len(events) > MAX_EVENTS:
            raise BookError(f"A book holds at most {MAX_EVENTS:,} events. Start another book.")
        first = self.events
        self.events += len(events)
        self.tally.keep_rows(len(events))
        self.activity_codes.append(self.activities.encode(events[ACTIVITY]))
        self.time_ns.append(events[TIME].cast(UTC_NS).to_physical().to_numpy())
        self._add_start(events, first)
        self._add_roles(events, first, roles)
        self._add_object_columns(events, first, columns)
        self._add_rows(events, columns)

    def _add_start(self, events: pl.DataFrame, first: int) -> None:
        if START in events.columns and self.start_ns is None:
            self.start_ns = self._column("start", np.int64)
            self.start_ns.append(self.time_ns.array()[:first])
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
                pairs = object_pairs(events, [column])
                rows = pairs["index"].to_numpy() + np.uint32(first)
                codes = state.coder.encode(pairs["id"])
                state.links.append_table(link_table(rows, codes, column.qualifier))
            else:
                names = cells.cast(pl.String)
                if (names == "").any():
                    names = names.replace("", None)
                state.links.append_dense(first, state.coder.encode(names), column.qualifier)

    def _add_links(self, resolved: list[ResolvedLinks]) -> None:
        for links in resolved:
            state = self.type_state(links.type)
            codes = pl.Series("object", state.coder.encode(links.table[OBJECT]))
            table = links.table.select("event", codes, "qualifier")
            state.links.append_table(self._without_held(state, table))

    def _without_held(self, state: TypeState, links: pl.DataFrame) -> pl.DataFrame:
        """The links less those that events from before the source have already."""
        old = links.filter(pl.col("event") < self._held.events)
        if len(old) == 0:
            return links
        held = state.links.of_rows(old["event"].to_numpy())
        keys = links.columns
        new = links.join(held, on=keys, how="anti", maintain_order="left")
        self.tally.note("link_already_known", len(links) - len(new), [])
        return new

    def _add_rows(self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...]) -> None:
        rows = normalised(events.drop({c.column for c in columns}))
        rows = rows.with_columns(pl.lit(self._source, pl.UInt16).alias("@source"))
        self.columns |= reserved_columns(set(rows.columns))
        for name, dtype in rows.schema.items():
            if not name.startswith("@"):
                before = self.columns.get(name)
                after = dtype if before is None else common_type(dtype_of(before), dtype)
                self.columns[name] = dtype_name(after)
        for piece in self._in_parts(rows):
            self._waiting.append(piece)
            if self._next_part_rows() >= _PART_ROWS:
                self._write_part()

    def _in_parts(self, rows: pl.DataFrame) -> list[pl.DataFrame]:
        """The rows cut where parts end, so that parts do not depend on the batches."""
        room = _PART_ROWS - self._next_part_rows()
        cuts = [0, *range(room, len(rows), _PART_ROWS), len(rows)]
        return [rows[a:b] for a, b in pairwise(cuts) if b > a]

    def _next_part_rows(self) -> int:
        """Rows that wait for the part that is not being written yet."""
        pending = self._waiting[1:] if self._part is not None else self._waiting
        return sum(map(len, pending))

    def _set_rows_aside(self, rejects: pl.DataFrame) -> None:
        if len(rejects):
            self.tally.set_rows_aside(rejects)
            self._keep_aside(rejects)

    def _set_links_aside(self, rejects: pl.DataFrame) -> None:
        if len(rejects):
            self.tally.set_links_aside(rejects)
            self._keep_aside(rejects)

    def _keep_aside(self, rejects: pl.DataFrame) -> None:
        self._aside.append(rejects.select(pl.lit(self.tally.source).alias("source"), pl.all()))
