"""A book, opened for reading: lazy, memory-mapped, and fixed to one generation."""

from __future__ import annotations

import hashlib
import os
import weakref
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import BookDamagedError, BookError, RequestError
from thalweg.records.attributes import column
from thalweg.records.companions.schema import FAULTS_SCHEMA
from thalweg.records.intake import ACTIVITY, EVENT, OBJECT, START, TIME, UTC_NS
from thalweg.records.perspective import Perspective
from thalweg.records.store.files import read_json, share
from thalweg.records.store.generations import (
    current_generation,
    generations,
    manifest_path,
    read_manifest,
    read_pointer,
)
from thalweg.records.store.manifest import (
    CompanionRecord,
    Manifest,
    RoleRecord,
    StoredFile,
    TypeRecord,
)
from thalweg.records.trust import TrustReport, zone_stated

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile

STANDING_EVENTS = 100
_RESERVED = {"@row": "Int64", "@source": "UInt16", "@offset_min": "Int16", EVENT: "String"}


def open_book(path: str | Path, generation: int | None = None) -> Book:
    """Open a book at its current generation, or at an earlier one that is still kept.

    Raises   BookError: no book there, or no such generation.
             BookDamagedError: the pointer or the manifest cannot be read.
    """
    folder = Path(path)
    current = int(read_pointer(folder)["generation"])
    wanted = current if generation is None else generation
    handle = share(manifest_path(folder, wanted)) if wanted <= current else None
    if handle is None:
        if generation is None and current_generation(folder) != current:
            return open_book(folder)
        _refuse_missing(folder, wanted, current)
    book = Book(folder, read_manifest(folder, wanted))
    weakref.finalize(book, os.close, handle)
    return book


def _refuse_missing(folder: Path, wanted: int, current: int) -> NoReturn:
    if wanted == current:
        raise BookDamagedError(
            f"{manifest_path(folder, wanted)} is missing. Restore it from a backup, "
            "or ingest the sources again."
        )
    kept = ", ".join(map(str, generations(folder)))
    raise BookError(f"{folder} has no generation {wanted}. Kept are: {kept}.")


class Book:
    """One generation of a book. Nothing is loaded before it is asked for."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest

    @cached_property
    def fingerprint(self) -> str:
        """Names the generation and its content, for the lineage of results."""
        hashes = "\n".join(stored.sha256 for stored in self.manifest.files())
        digest = hashlib.sha256(hashes.encode()).hexdigest()
        return f"{self.path.name}@{self.manifest.generation}:{digest[:16]}"

    @property
    def types(self) -> list[str]:
        """Object types, those with most events first.

        Types whose objects have over a hundred events each (people, products, machines) come
        last: they stay while cases pass, and are seldom what is asked about.
        """

        def rank(record: TypeRecord) -> tuple[bool, int]:
            standing = record.entries > STANDING_EVENTS * max(record.sequences, 1)
            return standing, -record.entries

        return [record.name for record in sorted(self.manifest.types, key=rank)]

    @property
    def n_events(self) -> int:
        return self.manifest.events

    @cached_property
    def meta(self) -> dict[str, Any]:
        """By format, what export needs to give the sources back."""
        found: dict[str, Any] = read_json(self._file(self.manifest.meta))
        return found

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """Activity names by code."""
        return tuple(self._frame(self.manifest.activities)["name"].to_list())

    @cached_property
    def trust(self) -> TrustReport:
        return TrustReport.from_json(read_json(self._file(self.manifest.trust)))

    @cached_property
    def timezone(self) -> str:
        """The zone that the sources' times were stated to be in, if it is one; else UTC."""
        return zone_stated(self.trust.findings)

    def type_record(self, name: str) -> TypeRecord:
        for record in self.manifest.types:
            if record.name == name:
                return record
        raise RequestError(
            f"The book has no object type {name!r}. It has: {', '.join(self.types)}."
        )

    def perspective(self, type: str) -> Perspective:  # noqa: A002
        """The sequences of one object type, mapped from disk."""
        record = self.type_record(type)
        return Perspective(
            book=self,
            type=type,
            offsets=self._array(record.offsets),
            activity=self._array(record.activity),
            time_ns=self._array(record.time),
            event=self._array(record.event),
            object=self._array(record.object),
            activities=self.activities,
        )

    def events(self, columns: list[str] | None = None) -> pl.LazyFrame:
        """Event rows in record order: ``@row``, ``@source``, ``@activity``, ``@time`` and attributes."""
        schema = self.event_schema()
        wanted = list(schema) if columns is None else columns
        for name in wanted:
            if name not in schema:
                raise RequestError(
                    f"Events have no column {name!r}. They have: {', '.join(schema)}."
                )
        parts = [
            _fitted(_scan(self._file(part.file)), {name: schema[name] for name in wanted})
            for part in self.manifest.parts
        ]
        if not parts:
            return pl.LazyFrame(schema={name: schema[name] for name in wanted})
        return pl.concat(parts)

    def event_schema(self) -> dict[str, pl.DataType]:
        return {name: dtype_of(text) for name, text in self.manifest.columns.items()}

    def event_column(self, name: str) -> pl.Series:
        """One column of all event rows."""
        return self.events([name]).collect()[name]

    def start_ns(self) -> NDArray[np.int64] | None:
        """Start of work per event row, UTC nanoseconds; the event's time where it is unknown."""
        return None if self.manifest.start is None else self._array(self.manifest.start)

    def role_record(self, role: str) -> RoleRecord | None:
        return next((r for r in self.manifest.roles if r.role == role), None)

    def role_codes(self, role: str) -> tuple[NDArray[np.unsignedinteger], tuple[str, ...]] | None:
        """Codes of a role per event row and the names by code (code 0: no value), or None."""
        record = self.role_record(role)
        if record is None:
            return None
        return self._array(record.codes), tuple(self._frame(record.names)["name"].to_list())

    def objects(self, type: str) -> pl.LazyFrame:  # noqa: A002
        """Objects of a type by code: ``@object`` and attributes as first known."""
        return _scan(self._file(self.type_record(type).table))

    def object_ids(self, type: str) -> pl.Series:  # noqa: A002
        return self.objects(type).select(OBJECT).collect()[OBJECT]

    def links(self, type: str) -> pl.LazyFrame:  # noqa: A002
        """Event-to-object links of a type: event (row), object (code), qualifier."""
        record = self.type_record(type)
        if record.links is not None:
            return _scan(self._file(record.links))
        view = self.perspective(type)
        owner = np.repeat(np.asarray(view.object), np.diff(view.offsets))
        frame = pl.LazyFrame({"event": np.asarray(view.event), "object": owner})
        return frame.with_columns(qualifier=pl.lit(record.qualifier)).sort("event", "object")

    def object_changes(self) -> pl.DataFrame | None:
        """Later values of object attributes, or None."""
        stored = self.manifest.object_changes
        return None if stored is None else self._frame(stored)

    def object_links(self) -> pl.DataFrame | None:
        """Object-to-object links, or None."""
        stored = self.manifest.object_links
        return None if stored is None else self._frame(stored)

    def set_aside(self) -> pl.DataFrame:
        """Rows that are not in the book: source, ``@row``, reason, value, record."""
        frames = [self._frame(stored) for stored in self.manifest.set_aside]
        if not frames:
            return pl.DataFrame(schema=SET_ASIDE_SCHEMA)
        return pl.concat(frames)

    def companion(self, table: str) -> pl.DataFrame | None:
        """A table beside the events, or None: ``@row`` of its source and the schema's columns."""
        record = self.companion_record(table)
        return None if record is None else self._frame(record.file)

    def companion_record(self, table: str) -> CompanionRecord | None:
        return next((c for c in self.manifest.companions if c.table == table), None)

    def companion_set_aside(self, table: str) -> pl.DataFrame:
        """Rows of such a table that cannot be used: ``@row``, reason, column, value, record."""
        record = self.companion_record(table)
        if record is None or record.set_aside is None:
            return pl.DataFrame(schema=FAULTS_SCHEMA)
        return self._frame(record.set_aside)

    def parties(self) -> pl.DataFrame | None:
        """Who takes part, one row a party (``companions/parties.py``), or None."""
        return self.companion("parties")

    def interventions(self) -> pl.DataFrame | None:
        """What was rolled out to whom and when (``companions/interventions.py``), or None."""
        return self.companion("interventions")

    def profile(self) -> Profile | None:
        """What the industry calls its things, where that was given, or None."""
        from thalweg.records.profile.model import Profile

        stored = self.manifest.profile
        return None if stored is None else Profile.model_validate(read_json(self._file(stored)))

    def file(self, stored: StoredFile) -> Path:
        return self._file(stored)

    def _file(self, stored: StoredFile) -> Path:
        path = self.path / stored.path
        if not path.exists():
            raise BookDamagedError(
                f"{path} is missing from the book. Run: thalweg book verify {self.path}"
            )
        return path

    def _array(self, stored: StoredFile) -> NDArray[Any]:
        path = self._file(stored)
        array: NDArray[Any] = np.load(path, mmap_mode="r") if stored.bytes > 4096 else np.load(path)
        return array

    def _frame(self, stored: StoredFile) -> pl.DataFrame:
        return pl.read_parquet(self._file(stored), glob=False)


SET_ASIDE_SCHEMA = {
    "source": pl.String,
    "@row": pl.Int64,
    "reason": pl.String,
    "value": pl.String,
    "record": pl.String,
}

_DTYPES: dict[str, pl.DataType] = {
    "String": pl.String(),
    "Int64": pl.Int64(),
    "Float64": pl.Float64(),
    "Boolean": pl.Boolean(),
    "Datetime": UTC_NS,
    "UInt16": pl.UInt16(),
    "Int16": pl.Int16(),
    "Null": pl.Null(),
}


def dtype_of(name: str) -> pl.DataType:
    """The Polars type behind a name in the manifest."""
    return _DTYPES[name]


def dtype_name(dtype: pl.DataType) -> str:
    """The manifest's name of a Polars type."""
    return "Datetime" if isinstance(dtype, pl.Datetime) else str(dtype)


def reserved_columns(present: set[str]) -> dict[str, str]:
    """Thalweg's own event columns that a book's parts hold, with their types."""
    optional = {name: _RESERVED[name] for name in ("@offset_min", EVENT) if name in present}
    start = {START: "Datetime"} if START in present else {}
    always = {"@row": "Int64", "@source": "UInt16", ACTIVITY: "String", TIME: "Datetime"}
    return always | start | optional


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False)


def _fitted(part: pl.LazyFrame, schema: dict[str, pl.DataType]) -> pl.LazyFrame:
    """A part with exactly the wanted columns: missing ones as null, narrower ones widened."""
    present = part.collect_schema()
    return part.select(
        (column(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )
