"""Small hand-made books, so that kernels can be judged without any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from thalweg.records.perspective import Perspective
from thalweg.records.trust import TrustReport

SECOND = 10**9
Trace = Sequence[tuple[str, int]]
"""Activity and time in seconds, in order."""


@dataclass
class SmallBook:
    """What the measures ask of a book, from lists.

    events: (activity, seconds, {type: [object, …]}, {column: value}).
    """

    events: list[tuple[str, float, dict[str, list[str]], dict[str, Any]]]
    roles: dict[str, str] = field(default_factory=dict)
    starts: list[float] | None = None
    object_rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    beside: dict[str, pl.DataFrame] = field(default_factory=dict)
    fingerprint: str = "small@1"
    timezone: str = "UTC"
    trust: TrustReport = field(default_factory=lambda: TrustReport(0, 0, 0, ()))

    @property
    def activities(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e[0] for e in self.events))

    @property
    def n_events(self) -> int:
        return len(self.events)

    def _links(self) -> dict[str, dict[str, list[int]]]:
        found: dict[str, dict[str, list[int]]] = {}
        for row, event in enumerate(self.events):
            for kind, ids in event[2].items():
                for one in dict.fromkeys(ids):
                    found.setdefault(kind, {}).setdefault(one, []).append(row)
        return found

    @property
    def types(self) -> list[str]:
        links = self._links()
        return sorted(links, key=lambda t: -sum(map(len, links[t].values())))

    def object_ids(self, kind: str) -> pl.Series:
        return pl.Series("@object", list(self._links()[kind]), dtype=pl.String)

    def objects(self, kind: str) -> pl.LazyFrame:
        ids = pl.DataFrame({"@object": self.object_ids(kind)})
        extra = self.object_rows.get(kind)
        return (ids if extra is None else ids.join(extra, on="@object", how="left")).lazy()

    def object_links(self) -> pl.DataFrame | None:
        return None

    def parties(self) -> pl.DataFrame | None:
        return self.beside.get("parties")

    def interventions(self) -> pl.DataFrame | None:
        return self.beside.get("interventions")

    def profile(self) -> Any:
        return None

    def perspective(self, kind: str) -> Perspective:
        rows = self._links()[kind].values()
        ordered = [sorted(r, key=lambda row: (self.events[row][1], row)) for r in rows]
        flat = [row for r in ordered for row in r]
        code = {name: i for i, name in enumerate(self.activities)}
        return Perspective(
            book=self,  # type: ignore[arg-type]
            type=kind,
            offsets=np.concatenate(([0], np.cumsum([len(r) for r in ordered]))).astype(np.int64),
            activity=np.array([code[self.events[row][0]] for row in flat], np.uint8),
            time_ns=np.array([round(self.events[row][1] * SECOND) for row in flat], np.int64),
            event=np.array(flat, np.uint32),
            object=np.arange(len(ordered), dtype=np.uint32),
            activities=self.activities,
        )

    def event_column(self, name: str) -> pl.Series:
        return pl.Series(name, [e[3].get(name) for e in self.events], strict=False)

    def event_schema(self) -> dict[str, pl.DataType]:
        names = dict.fromkeys(name for e in self.events for name in e[3])
        return {name: self.event_column(name).dtype for name in names}

    def role_codes(self, role: str) -> tuple[np.ndarray, tuple[str, ...]] | None:
        if role not in self.roles:
            return None
        values = [e[3].get(self.roles[role]) or "" for e in self.events]
        names = tuple(dict.fromkeys(["", *values]))
        return np.array([names.index(v) for v in values], np.uint16), names

    def start_ns(self) -> np.ndarray | None:
        if self.starts is None:
            return None
        return np.array([round(s * SECOND) for s in self.starts], np.int64)


def book_of(traces: Mapping[str, Trace] | Sequence[Trace], kind: str = "case") -> SmallBook:
    """A book of one type from traces by object."""
    named = traces if isinstance(traces, Mapping) else {f"o{i}": t for i, t in enumerate(traces)}
    events = [(a, t, {kind: [one]}, {}) for one, trace in named.items() for a, t in trace]
    return SmallBook(events)
