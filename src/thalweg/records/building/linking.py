"""Links that come apart from their events: ids resolved, dangling ones set aside.

Events and objects may follow their links in a source, so what cannot be resolved is tried again
when the source ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.records.intake import EVENT, LINKS_SCHEMA, OBJECT, QUALIFIER, REJECTS_SCHEMA, ROW
from thalweg.records.store.coding import IdIndex

_UNKNOWN, _SET_ASIDE = -1, -2


@dataclass(frozen=True, slots=True)
class ResolvedLinks:
    """Links of one type: ``event`` (row), ``@object`` (id), ``qualifier``."""

    type: str
    table: pl.DataFrame


class Linker:
    """Event ids and object ids of all sources, and the links of the current one."""

    def __init__(self) -> None:
        self._events, self._objects = IdIndex(), IdIndex()
        self._disowned, self._refused = IdIndex(), IdIndex()
        self._kinds: list[str] = []
        self._waiting: list[pl.DataFrame] = []

    def start_source(self) -> None:
        """Forget which events of the source before were set aside."""
        self._disowned, self._refused = IdIndex(), IdIndex()

    def rows_of(self, ids: pl.Series) -> NDArray[np.int64]:
        """Event row of each id; negative when no kept event has it."""
        return self._events.find(ids)

    def add_events(self, ids: pl.Series, first_row: int) -> None:
        """Kept events stand in consecutive rows."""
        self._events.put(ids, np.arange(first_row, first_row + len(ids)))

    def disown(self, ids: pl.Series) -> None:
        """The current source means other events by these ids than those that are held."""
        self._disowned.put(ids, np.zeros(len(ids), np.int64))

    def refuse(self, ids: pl.Series) -> None:
        """Events of the current source that were set aside; another row may bring them yet."""
        self._refused.put(ids, np.zeros(len(ids), np.int64))

    def declare(self, kind: str, ids: pl.Series) -> None:
        """Objects of a type exist under these ids."""
        if kind not in self._kinds:
            self._kinds.append(kind)
        self._objects.put(ids, np.full(len(ids), self._kinds.index(kind)))

    def kinds_of(self, ids: pl.Series) -> pl.Series:
        """Type of each object id, null for undeclared ones."""
        found = self._objects.find(ids)
        names = pl.Series(ids.name, [*self._kinds, None], dtype=pl.String)
        return names.gather(np.where(found < 0, len(self._kinds), found))

    def undeclared(self) -> pl.Series:
        """Object ids of waiting links that no declaration names."""
        ids = [w[OBJECT].filter(self.kinds_of(w[OBJECT]).is_null()) for w in self._waiting]
        return pl.concat(ids).drop_nulls() if ids else pl.Series(OBJECT, [], pl.String)

    def resolve(self, links: pl.DataFrame) -> list[ResolvedLinks]:
        """Links whose two ends are known; the others wait for the end of the source."""
        found = self._traced(links)
        whole = (found["row"] >= 0) & found["kind"].is_not_null()
        if not whole.all():
            self._waiting.append(found.filter(~whole).select(list(LINKS_SCHEMA)))
        return list(_by_type(found.filter(whole)))

    def end_source(self) -> tuple[list[ResolvedLinks], pl.DataFrame]:
        """Links that can be resolved now, and rejects (REJECTS_SCHEMA) of those that dangle."""
        if not self._waiting:
            return [], pl.DataFrame(schema=REJECTS_SCHEMA)
        waiting = pl.concat(self._waiting)
        self._waiting = []
        resolved = self.resolve(waiting)
        dangling = pl.concat(self._waiting) if self._waiting else waiting.clear()
        self._waiting = []
        return resolved, _rejects(self._traced(dangling))

    def _traced(self, links: pl.DataFrame) -> pl.DataFrame:
        """The links with ``row`` of the event and ``kind`` of the object."""
        ids = links[EVENT]
        rows = self._events.find(ids)
        refused = (rows < 0) & (self._refused.find(ids) >= 0)
        rows = np.where(refused | (self._disowned.find(ids) >= 0), _SET_ASIDE, rows)
        kinds = self.kinds_of(links[OBJECT])
        return links.with_columns(pl.Series("row", rows, pl.Int64), kinds.alias("kind"))


def _by_type(links: pl.DataFrame) -> Iterable[ResolvedLinks]:
    for (kind,), group in links.group_by("kind", maintain_order=True):
        table = group.select(
            pl.col("row").cast(pl.UInt32).alias("event"),
            OBJECT,
            pl.col(QUALIFIER).fill_null("").alias("qualifier"),
        )
        yield ResolvedLinks(str(kind), table)


def _rejects(links: pl.DataFrame) -> pl.DataFrame:
    no_event = pl.col("row") == _UNKNOWN
    reason = (
        pl.when(pl.col("row") == _SET_ASIDE)
        .then(pl.lit("link_event_set_aside"))
        .when(no_event)
        .then(pl.lit("link_event_unknown"))
        .otherwise(pl.lit("link_object_unknown"))
    )
    return links.select(
        pl.col(ROW).cast(pl.Int64),
        reason.alias("reason"),
        pl.when(pl.col("row") < 0).then(pl.col(EVENT)).otherwise(pl.col(OBJECT)).alias("value"),
        pl.struct(EVENT, OBJECT, QUALIFIER).struct.json_encode().alias("record"),
    )
