"""Writing a generation: everything aside, then one rename.

Layout   book.json (the pointer), manifests/000001.json …, data/ (immutable files),
         tmp/ (work in progress of a live writer), lock.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from thalweg.errors import BookError
from thalweg.records.store.files import (
    explained,
    file_sha256,
    flush_to_disk,
    sole_writer,
    to_json_bytes,
    write_atomically,
)
from thalweg.records.store.manifest import POINTER, Manifest, StoredFile

_PARQUET_LEVEL = 1


class Transaction:
    """Files of a generation in the making. Nothing shows until ``commit``."""

    def __init__(self, book: Path, workspace: Path) -> None:
        self.book, self.workspace = book, workspace
        self._serial = 0

    def aside(self, name: str) -> Path:
        """A fresh path in the workspace for a file that will be kept."""
        self._serial += 1
        return self.workspace / f"{self._serial:05d}-{name}"

    def keep(self, path: Path) -> StoredFile:
        """Move a finished file among the book's data, named by its content."""
        flush_to_disk(path)
        digest = file_sha256(path)
        stem, suffix = path.stem.split("-", 1)[1], path.suffix
        target = self.book / "data" / f"{stem}-{digest[:16]}{suffix}"
        size = path.stat().st_size
        path.replace(target)
        return StoredFile(str(target.relative_to(self.book)), size, digest)

    def keep_frame(self, frame: pl.DataFrame, name: str) -> StoredFile:
        path = self.aside(f"{name}.parquet")
        frame.write_parquet(path, compression="zstd", compression_level=_PARQUET_LEVEL)
        return self.keep(path)

    def keep_array(self, array: NDArray[np.generic], name: str) -> StoredFile:
        path = self.aside(f"{name}.npy")
        np.save(path, array)
        return self.keep(path)

    def keep_json(self, data: object, name: str) -> StoredFile:
        path = self.aside(f"{name}.json")
        path.write_bytes(to_json_bytes(data))
        return self.keep(path)

    def commit(self, manifest: Manifest) -> None:
        """Make the generation current."""
        flush_to_disk(self.book / "data")
        relative = f"manifests/{manifest.generation:06d}.json"
        content = to_json_bytes(manifest.to_json())
        write_atomically(self.book / relative, content)
        pointer = {"format": manifest.format, "generation": manifest.generation}
        write_atomically(self.book / POINTER, to_json_bytes(pointer | {"manifest": relative}))


@contextmanager
def writing(book: Path) -> Iterator[Transaction]:
    """A transaction under the book's write lock; leftovers of dead writers are cleared.

    Raises   BookLockedError: somebody else is writing.
             BookError: the folder is something else, the disk is full or read-only.
    """
    with explained(book):
        created = _prepare(book)
        try:
            with sole_writer(book):
                shutil.rmtree(book / "tmp", ignore_errors=True)
                (book / "tmp").mkdir()
                workspace = Path(tempfile.mkdtemp(dir=book / "tmp"))
                try:
                    yield Transaction(book, workspace)
                finally:
                    shutil.rmtree(book / "tmp", ignore_errors=True)
        except BaseException:
            if created and not (book / POINTER).exists():
                shutil.rmtree(book, ignore_errors=True)
            raise


def _prepare(book: Path) -> bool:
    """Create the folders; tell whether the book itself is new."""
    if book.exists() and not book.is_dir():
        raise BookError(f"{book} is a file, and a book is a folder. Name another place.")
    fresh = not book.exists()
    if not fresh and not (book / POINTER).exists() and _holds_foreign_files(book):
        raise BookError(
            f"{book} is a folder with other files in it, and no book. Name an empty or new folder."
        )
    for folder in (book, book / "data", book / "manifests"):
        folder.mkdir(parents=True, exist_ok=True)
    return fresh


def _holds_foreign_files(book: Path) -> bool:
    return bool(set(os.listdir(book)) - {"data", "manifests", "tmp", "lock"})
