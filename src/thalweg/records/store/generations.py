"""Which generations a book has: the pointer, and the manifests it leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thalweg.errors import BookDamagedError, BookError
from thalweg.records.store.files import read_json
from thalweg.records.store.manifest import FORMAT, POINTER, Manifest


def read_pointer(book: Path) -> dict[str, Any]:
    """The pointer of a book.

    Raises   BookError: no book there, or one of a newer format. BookDamagedError: unreadable.
    """
    if not book.is_dir():
        raise BookError(f"There is no book at {book}. Make one: thalweg ingest FILE --into {book}")
    if not (book / POINTER).exists():
        raise BookError(f"{book} holds no finished book. Ingest into it first.")
    pointer = read_json(book / POINTER)
    if not isinstance(pointer, dict) or not {"format", "generation"} <= pointer.keys():
        raise BookDamagedError(
            f"{book / POINTER} is no pointer to a generation. Restore it from a backup, "
            "or ingest the sources again."
        )
    if pointer["format"] > FORMAT:
        raise BookError(
            f"{book} was written in format {pointer['format']}, and this version reads up to "
            f"{FORMAT}. Install a newer thalweg."
        )
    return pointer


def current_generation(book: Path) -> int:
    """Number of the generation that the pointer names; 0 for a book in the making."""
    return int(read_pointer(book)["generation"]) if (book / POINTER).exists() else 0


def generations(book: Path) -> list[int]:
    """Numbers of the generations that are kept, oldest first."""
    current = current_generation(book)
    found = sorted(int(path.stem) for path in (book / "manifests").glob("*.json"))
    return [number for number in found if number <= current]


def manifest_path(book: Path, generation: int) -> Path:
    return book / "manifests" / f"{generation:06d}.json"


def read_manifest(book: Path, generation: int) -> Manifest:
    """The manifest of a generation.

    Raises   BookDamagedError: it is missing, or no manifest.
    """
    path = manifest_path(book, generation)
    try:
        return Manifest.from_json(read_json(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise BookDamagedError(
            f"{path} is no manifest: {error!r}. Restore it from a backup, "
            "or ingest the sources again."
        ) from error
