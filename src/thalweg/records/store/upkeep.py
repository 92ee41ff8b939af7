"""Looking after a book: what it holds, whether it is whole, and what can go."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from thalweg.errors import BookDamagedError, RequestError
from thalweg.records.store.book import Book, open_book
from thalweg.records.store.files import explained, file_sha256, sole_writer, try_exclusive
from thalweg.records.store.generations import (
    current_generation,
    generations,
    manifest_path,
    read_manifest,
    read_pointer,
)
from thalweg.records.store.inspection import Problem, inspect_content
from thalweg.records.store.manifest import Manifest, StoredFile
from thalweg.records.store.transaction import sweep


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying a generation found: nothing in ``problems`` means that it is whole."""

    generation: int
    files: int
    bytes: int
    problems: tuple[Problem, ...]

    @property
    def whole(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """One generation in a book's history. ``bytes`` counts all its files, shared ones too."""

    generation: int
    created_at_utc: str
    created_by: str
    action: str
    sources: tuple[str, ...]
    """The sources that this generation brought, tables beside the events among them."""
    events: int
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    bytes: int
    current: bool


@dataclass(frozen=True, slots=True)
class TypeInfo:
    name: str
    objects: int
    sequences: int
    entries: int


@dataclass(frozen=True, slots=True)
class BookInfo:
    """A generation at a glance, told from its manifest alone."""

    path: str
    generation: int
    created_at_utc: str
    events: int
    types: tuple[TypeInfo, ...]
    attributes: tuple[str, ...]
    roles: dict[str, str]
    companions: dict[str, int]
    """Rows by table beside the events."""
    profile: str | None
    """Name of the profile of the industry, if there is one."""
    sources: tuple[str, ...]
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    bytes: int
    generations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Freed:
    """What garbage collection removed. ``in_use``: generations kept because somebody reads them."""

    generations: tuple[int, ...]
    in_use: tuple[int, ...]
    files: int
    bytes: int


def info(path: str | Path) -> BookInfo:
    """What a book holds, without reading its data."""
    book = open_book(path)
    manifest = book.manifest
    return BookInfo(
        path=str(book.path),
        generation=manifest.generation,
        created_at_utc=manifest.created_at_utc,
        events=manifest.events,
        types=tuple(
            TypeInfo(t.name, t.objects, t.sequences, t.entries)
            for t in map(book.type_record, book.types)
        ),
        attributes=tuple(name for name in manifest.columns if not name.startswith("@")),
        roles={r.role: r.attribute for r in manifest.roles},
        companions={c.table: c.rows for c in manifest.companions},
        profile=profile.name if (profile := book.profile()) else None,
        sources=tuple(s.name for s in manifest.sources),
        rows_read=sum(s.rows_read for s in manifest.sources),
        rows_kept=sum(s.rows_kept for s in manifest.sources),
        rows_set_aside=sum(s.rows_set_aside for s in manifest.sources),
        bytes=_bytes(manifest),
        generations=tuple(generations(book.path)),
    )


def history(path: str | Path) -> list[GenerationRecord]:
    """The generations that are kept, oldest first.

    Raises   BookError: no book there. BookDamagedError: a manifest cannot be read.
    """
    book = Path(path)
    current = read_pointer(book)["generation"]
    return [_record(read_manifest(book, g), g == current) for g in generations(book)]


def verify(path: str | Path, generation: int | None = None) -> Verification:
    """Read a generation's every file and compare it with what the manifest promises.

    Hashes and sizes come first; the content of files that are as they were written is then held
    against the invariants in FORMAT.md.

    Raises   BookError: no such book or generation. A damaged manifest is a problem in the
             result, as damaged data are.
    """
    folder = Path(path)
    wanted = current_generation(folder) if generation is None else generation
    problems = _check_pointer(folder, wanted)
    try:
        book = open_book(folder, generation)
    except BookDamagedError as error:
        place = str(manifest_path(folder, wanted).relative_to(folder))
        found = Problem("manifest_damaged", place, "", str(error))
        return Verification(wanted, 0, 0, (*problems, found))
    files = {f.path: f for f in book.manifest.files()}
    for stored in files.values():
        problems += _check_file(book, stored)
    if not problems:
        problems += inspect_content(book)
    total = sum(f.bytes for f in files.values())
    return Verification(wanted, len(files), total, tuple(problems))


def collect_garbage(path: str | Path, keep: int = 1) -> Freed:
    """Remove all but the newest generations, and every file that none of the kept ones needs.

    A generation that somebody has open stays, and is reported.

    Raises   RequestError: ``keep`` is less than 1. BookLockedError: somebody is writing.
    """
    if keep < 1:
        raise RequestError(f"A book keeps at least one generation, not {keep}. Give 1 or more.")
    book = Path(path)
    read_pointer(book)
    with explained(book), sole_writer(book):
        found = generations(book)
        removed: list[int] = []
        in_use: list[int] = []
        for number in found[:-keep]:
            (removed if _remove(manifest_path(book, number)) else in_use).append(number)
        files, freed = sweep(book)
    return Freed(tuple(removed), tuple(in_use), files, freed)


def _remove(manifest: Path) -> bool:
    """Remove a manifest unless a reader holds it."""
    handle = try_exclusive(manifest)
    if handle is None:
        return False
    try:
        manifest.unlink()
    finally:
        os.close(handle)
    return True


def _record(manifest: Manifest, current: bool) -> GenerationRecord:
    new = [s for s in manifest.sources if s.generation == manifest.generation]
    beside = [c for c in manifest.companions if c.generation == manifest.generation]
    return GenerationRecord(
        generation=manifest.generation,
        created_at_utc=manifest.created_at_utc,
        created_by=manifest.created_by,
        action=manifest.action,
        sources=tuple(s.name for s in new) + tuple(c.source for c in beside),
        events=manifest.events,
        rows_read=sum(s.rows_read for s in new),
        rows_kept=sum(s.rows_kept for s in new),
        rows_set_aside=sum(s.rows_set_aside for s in new),
        bytes=_bytes(manifest),
        current=current,
    )


def _bytes(manifest: Manifest) -> int:
    return sum({f.path: f.bytes for f in manifest.files()}.values())


def _check_pointer(folder: Path, generation: int) -> list[Problem]:
    pointer = read_pointer(folder)
    path = manifest_path(folder, generation)
    if generation != pointer["generation"] or not path.exists():
        return []
    if file_sha256(path) == pointer.get("sha256"):
        return []
    place = str(path.relative_to(folder))
    return [Problem("manifest_altered", place, "", "not the manifest that the pointer names")]


def _check_file(book: Book, stored: StoredFile) -> list[Problem]:
    path = book.path / stored.path
    if not path.is_file():
        return [Problem("file_missing", stored.path, "", "the file is gone")]
    size = path.stat().st_size
    if size != stored.bytes:
        text = f"{size:,} bytes instead of {stored.bytes:,}"
        return [Problem("file_resized", stored.path, "", text)]
    if file_sha256(path) != stored.sha256:
        return [Problem("file_altered", stored.path, "", "the content hash differs")]
    return []
