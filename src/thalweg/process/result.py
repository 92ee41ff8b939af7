"""The map result: every measure of one object type, frozen, with its lineage."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

SCHEMA = "thalweg.map/1"


@dataclass(frozen=True, slots=True, eq=False)
class MapResult:
    """How the work of one object type runs.

    Tables are Polars frames whose columns ``map_json_schema`` describes; units are in the names.
    ``fingerprint`` names the book's content and the request that the figures came from.
    """

    fingerprint: str
    book: str
    request: dict[str, Any]
    type: str
    types: tuple[str, ...]
    events: int
    entries: int
    objects: int
    first: datetime | None
    last: datetime | None
    activities: pl.DataFrame
    pairs: pl.DataFrame
    starts: pl.DataFrame
    ends: pl.DataFrame
    variants: int
    top_variants: pl.DataFrame
    completion: dict[str, Any]
    durations: dict[str, Any]
    duration_curve: pl.DataFrame
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    """Further measures by name; a measure that the records cannot give is absent."""
    missing: dict[str, str] = field(default_factory=dict)
    """Measures that are absent, with the code of the reason."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Further scalars by name."""
    warnings: tuple[str, ...] = ()
    trust: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] | None = None
    """What a simplified picture keeps: names of activities, and pairs."""

    def table(self, name: str) -> pl.DataFrame | None:
        """A further measure, or None where the records do not carry it."""
        return self.tables.get(name)

    def localised(self) -> MapResult:
        """The same instants, written in the zone of the request: for people, not for JSON."""
        zone = self.request["timezone"]
        times = pl.selectors.datetime(time_zone="*")
        return replace(
            self,
            first=None if self.first is None else self.first.astimezone(ZoneInfo(zone)),
            last=None if self.last is None else self.last.astimezone(ZoneInfo(zone)),
            activities=self.activities.with_columns(times.dt.convert_time_zone(zone)),
            tables={
                name: table.with_columns(times.dt.convert_time_zone(zone))
                for name, table in self.tables.items()
            },
        )

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON: times in ISO 8601 UTC, unknown figures as null."""
        body: dict[str, Any] = {"schema": SCHEMA}
        for name in self.__slots__:
            if name != "tables":
                body[name] = plain(getattr(self, name))
        return body | {name: plain(table) for name, table in self.tables.items()}


def fingerprint_of(book_fingerprint: str, request: dict[str, Any]) -> str:
    """Names a book's content and a request together: the lineage of a result."""
    text = json.dumps([book_fingerprint, request], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Frames, tuples, times and non-finite numbers as JSON knows them."""
    if isinstance(value, pl.DataFrame):
        return [plain(row) for row in value.to_dicts()]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
