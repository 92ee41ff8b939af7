"""What a generation consists of: small enough to read in a blink, complete enough to verify."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

FORMAT = 2
"""Version of the layout in FORMAT.md. A reader refuses newer ones."""
_BESIDE = ("companions", "profile")
"""What format 2 brought; a generation without them is written in format 1."""
POINTER = "book.json"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One immutable file under ``data/``."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One source as it was read."""

    name: str
    format: str
    sha256: str
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    generation: int


@dataclass(frozen=True, slots=True)
class EventPart:
    """Consecutive event rows, from ``first_row`` on, in one Parquet file."""

    file: StoredFile
    first_row: int
    rows: int


@dataclass(frozen=True, slots=True)
class TypeRecord:
    """One object type: its table of objects, its links and its perspective."""

    name: str
    column: str
    """Column that named the objects in a flat source; empty for sources with links apart."""
    qualifier: str
    """The qualifier of all links when they share one and no ``links`` file is kept."""
    objects: int
    sequences: int
    entries: int
    table: StoredFile
    offsets: StoredFile
    activity: StoredFile
    time: StoredFile
    event: StoredFile
    object: StoredFile
    links: StoredFile | None


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """A coded attribute: codes per event row and the names behind them."""

    role: str
    attribute: str
    codes: StoredFile
    names: StoredFile


@dataclass(frozen=True, slots=True)
class CompanionRecord:
    """A table beside the events, as it was read from its source.

    ``set_aside`` holds the rows that cannot be used, with their reasons; rows read less rows set
    aside less rows is the number that stood there twice.
    """

    table: str
    source: str
    format: str
    sha256: str
    rows_read: int
    rows: int
    rows_set_aside: int
    generation: int
    file: StoredFile
    set_aside: StoredFile | None


@dataclass(frozen=True, slots=True)
class Manifest:
    generation: int
    created_at_utc: str
    created_by: str
    action: str
    events: int
    columns: dict[str, str]
    """Attribute columns of the event rows and their Polars types."""
    sources: tuple[SourceRecord, ...]
    parts: tuple[EventPart, ...]
    activities: StoredFile
    types: tuple[TypeRecord, ...]
    roles: tuple[RoleRecord, ...]
    trust: StoredFile
    meta: StoredFile
    start: StoredFile | None = None
    object_changes: StoredFile | None = None
    object_links: StoredFile | None = None
    set_aside: tuple[StoredFile, ...] = ()
    companions: tuple[CompanionRecord, ...] = ()
    profile: StoredFile | None = None

    @property
    def format(self) -> int:
        """The lowest version of the layout that can hold this generation."""
        return FORMAT if self.companions or self.profile else 1

    def files(self) -> list[StoredFile]:
        """Every data file of the generation."""
        found: list[StoredFile] = []
        _collect(self, found)
        return found

    def to_json(self) -> dict[str, Any]:
        data = asdict(self) | {"format": self.format}
        return {k: v for k, v in data.items() if self.format > 1 or k not in _BESIDE}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Manifest:
        def stored(item: dict[str, Any] | None) -> StoredFile | None:
            return None if item is None else StoredFile(**item)

        def with_files(item: dict[str, Any], *names: str) -> dict[str, Any]:
            return item | {name: stored(item[name]) for name in names}

        type_files = ("table", "offsets", "activity", "time", "event", "object", "links")
        data = {"companions": (), "profile": None} | data
        del data["format"]
        return Manifest(
            **data
            | with_files(
                *(data, "activities", "trust", "meta", "start"),
                *("object_changes", "object_links", "profile"),
            )
            | {
                "sources": tuple(SourceRecord(**s) for s in data["sources"]),
                "parts": tuple(EventPart(**with_files(p, "file")) for p in data["parts"]),
                "types": tuple(TypeRecord(**with_files(t, *type_files)) for t in data["types"]),
                "roles": tuple(
                    RoleRecord(**with_files(r, "codes", "names")) for r in data["roles"]
                ),
                "set_aside": tuple(StoredFile(**f) for f in data["set_aside"]),
                "companions": tuple(
                    CompanionRecord(**with_files(c, "file", "set_aside"))
                    for c in data["companions"]
                ),
            }
        )


def _collect(item: Any, found: list[StoredFile]) -> None:
    if isinstance(item, StoredFile):
        found.append(item)
    elif isinstance(item, tuple):
        for part in item:
            _collect(part, found)
    elif hasattr(item, "__dataclass_fields__"):
        for name in item.__dataclass_fields__:
            _collect(getattr(item, name), found)
