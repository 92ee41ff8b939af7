"""What is held already when a source begins, so that overlapping exports add nothing twice.

An event with an id is known by it. A row without is known by its objects, activity, time and
every attribute that the rows before have too, as often as they have it: the k-th equal row of a
source is known when k such rows are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from thalweg.records.attributes import common_type, normalised
from thalweg.records.building.rows import Rows
from thalweg.records.intake import ACTIVITY, START, TIME, UTC_NS, ObjectColumn
from thalweg.records.store.coding import Coder
from thalweg.records.store.sequences import NO_OBJECT

if TYPE_CHECKING:
    from thalweg.records.building.build import TypeState

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
_ROUND, _SEPARATOR = 0x9E3779B97F4A7C15, "\x1f"


class Held:
    """Event rows from before a source, by content."""

    def __init__(
        self,
        events: int,
        types: Mapping[str, TypeState],
        activity: tuple[NDArray[np.uint32], Coder],
        time_ns: I64,
        rows: Callable[[], Rows],
    ) -> None:
        self.events, self._types, self._rows = events, types, rows
        self._names = {name for name, state in types.items() if len(state.coder)}
        self._activity, self._time_ns = activity, time_ns
        self._used = np.zeros(events, np.bool_)
        self._order: tuple[U64, NDArray[np.uint32]] | None = None
        self._types_in_order: tuple[str, ...] = ()

    def known(self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...]) -> NDArray[np.bool_]:
        """Which rows are held already; a held row answers for one row of the source."""
        shared = tuple(sorted({c.type for c in columns} & self._names))
        matched = np.zeros(len(events), np.bool_)
        if not shared or self.events == 0:
            return matched
        index, row = self._candidates(events, columns, shared)
        if len(index) == 0:
            return matched
        held = {name: self._types[name] for name in shared}
        equal = same_content(events[index], row, columns, held, self._rows())
        _match(index[equal], row[equal], matched, self._used)
        return matched

    def _candidates(
        self, events: pl.DataFrame, columns: tuple[ObjectColumn, ...], shared: tuple[str, ...]
    ) -> tuple[I64, I64]:
        """Pairs of a new row and a held row whose objects, activity and time may be equal."""
        if self._order is None or self._types_in_order != shared:
            self._order, self._types_in_order = self._sorted_keys(shared), shared
        keys, rows = self._order
        sets = [_set_hash_of_cells(events, columns, kind) for kind in shared]
        named = np.any([s != 0 for s in sets], axis=0)
        fresh = _mix(sets, _hash(events[ACTIVITY]), _instants(events))
        low = np.searchsorted(keys, fresh, "left")
        counts = np.where(named, np.searchsorted(keys, fresh, "right") - low, 0)
        index = np.repeat(np.arange(len(events)), counts)
        nth = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
        return index, rows[np.repeat(low, counts) + nth].astype(np.int64)

    def _sorted_keys(self, shared: tuple[str, ...]) -> tuple[U64, NDArray[np.uint32]]:
        codes, coder = self._activity
        sets = [self._set_hash_of_rows(kind) for kind in shared]
        keys = _mix(sets, _hash(coder.names())[codes[: self.events]], self._time_ns[: self.events])
        order = pl.Series(keys).arg_sort().to_numpy()
        return keys[order], order

    def _set_hash_of_rows(self, kind: str) -> U64:
        state, sums = self._types[kind], np.zeros(self.events, np.uint64)
        names = _hash(state.coder.names())
        dense = state.links.dense()
        if dense is not None:
            codes = dense[0][: self.events]
            named = codes != NO_OBJECT
            sums[: len(codes)][named] = names[codes[named]]
            return sums
        pairs = state.links.table().select("event", "object").unique()
        pairs = pairs.filter(pl.col("event") < self.events)
        np.add.at(sums, pairs["event"].to_numpy(), names[pairs["object"].to_numpy()])
        return sums


def same_content(
    events: pl.DataFrame,
    rows: I64,
    columns: tuple[ObjectColumn, ...],
    types: Mapping[str, TypeState],
    held: Rows,
) -> NDArray[np.bool_]:
    """Row by row, whether an event equals a held row in all that both sides can have.

    types   the object types that the held rows could name.
    """
    old = held.frame(rows)
    place = np.searchsorted(old["event"].to_numpy(), rows)
    old = old[place]
    new = normalised(events.drop({c.column for c in columns}))
    equal = np.ones(len(rows), np.bool_)
    for name in new.columns:
        mark = name.startswith("@") and name not in (ACTIVITY, TIME, START)
        if name in old.columns and not mark:
            equal &= _same_values(new[name], old[name])
    for kind in sorted({c.type for c in columns} & set(types)):
        mine = _cell_texts(events, columns, kind)
        equal &= _same_values(mine, _held_texts(types[kind], rows))
    return equal


def _same_values(a: pl.Series, b: pl.Series) -> NDArray[np.bool_]:
    dtype = common_type(a.dtype, b.dtype)
    return a.cast(dtype).eq_missing(b.cast(dtype)).to_numpy()


def object_pairs(
    events: pl.DataFrame, columns: Iterable[ObjectColumn], kind: str | None = None
) -> pl.DataFrame:
    """Index of the row and id of each object of a type (or of any) that the columns name."""
    frames = []
    for column in columns:
        if kind not in (None, column.type):
            continue
        cells = events[column.column]
        frame = pl.DataFrame({"id": cells}).with_row_index("index")
        if isinstance(cells.dtype, pl.List):
            frame = frame.explode("id")
        frames.append(frame.with_columns(pl.col("id").cast(pl.String)))
    pairs = pl.concat(frames)
    return pairs.filter(pl.col("id").is_not_null() & (pl.col("id") != ""))


def _cell_texts(events: pl.DataFrame, columns: Iterable[ObjectColumn], kind: str) -> pl.Series:
    pairs = object_pairs(events, columns, kind)
    return _texts(pairs, np.arange(len(events)))


def _held_texts(state: TypeState, rows: I64) -> pl.Series:
    links = state.links.of_rows(rows)
    ids = state.coder.names().gather(links["object"])
    return _texts(pl.DataFrame({"index": links["event"], "id": ids}), rows)


def _texts(pairs: pl.DataFrame, rows: I64) -> pl.Series:
    """For each row its ids, sorted and joined; null for none."""
    joined = pairs.group_by(pl.col("index").cast(pl.Int64)).agg(
        pl.col("id").unique().sort().str.join(_SEPARATOR)
    )
    wanted = pl.DataFrame({"index": rows}, schema={"index": pl.Int64})
    return wanted.join(joined, on="index", how="left", maintain_order="left")["id"]


def _set_hash_of_cells(events: pl.DataFrame, columns: tuple[ObjectColumn, ...], kind: str) -> U64:
    pairs = object_pairs(events, columns, kind).unique()
    sums = np.zeros(len(events), np.uint64)
    np.add.at(sums, pairs["index"].to_numpy(), _hash(pairs["id"]))
    return sums


def _hash(names: pl.Series) -> U64:
    hashed: U64 = names.cast(pl.String).hash(seed=7).to_numpy()
    return hashed


def _instants(events: pl.DataFrame) -> I64:
    instants: I64 = events[TIME].cast(UTC_NS).to_physical().to_numpy()
    return instants


def _mix(sets: list[U64], activity: U64, time_ns: I64) -> U64:
    key = activity * np.uint64(_ROUND) + time_ns.view(np.uint64)
    for one in sets:
        key = (key ^ (key >> np.uint64(29))) * np.uint64(_ROUND) + one
    return key


@njit(cache=True, nogil=True)
def _match(index, row, matched, used):  # type: ignore[no-untyped-def]
    """Give each new row the first of its equal held rows that is still free."""
    for k in range(len(index)):
        if not matched[index[k]] and not used[row[k]]:
            matched[index[k]] = True
            used[row[k]] = True
