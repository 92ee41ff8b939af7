"""Writing a generation: everything aside, then one rename.

Layout   book.json (the pointer), manifests/000001.json …, data/ (immutable files),
         tmp/ (work in progress of a live writer), lock.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
from numpy.lib import format as npy
from numpy.typing import NDArray

from thalweg.errors import BookDamagedError, BookError
from thalweg.records.store.files import (
    explained,
    file_sha256,
    flush_to_disk,
    sole_writer,
    to_json_bytes,
    write_atomically,
)
from thalweg.records.store.generations import (
    current_generation,
    generations,
    manifest_path,
    read_manifest,
)
from thalweg.records.store.manifest import POINTER, Manifest, StoredFile

_PARQUET_LEVEL = 1
_OWN = {"data", "manifests", "tmp", "lock", "cache"}


class Transaction:
    """Files of a generation in the making. Nothing shows until ``commit``."""

    def __init__(self, book: Path, workspace: Path) -> None:
        self.book, self.workspace = book, workspace
        self._serial = count(1)
        self._worker = ThreadPoolExecutor(1, "thalweg-writer")

    def aside(self, name: str) -> Path:
        """A fresh path in the workspace for a file that will be kept."""
        return self.workspace / f"{next(self._serial):05d}-{name}"

    def later(self, write: Callable[[], StoredFile]) -> Future[StoredFile]:
        """Write in the background, one file after the other."""
        return self._worker.submit(write)

    def close(self) -> None:
        """Wait for what is being written in the background, and drop what is not."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def keep_frame(self, frame: pl.DataFrame, name: str) -> StoredFile:
        path = self.aside(f"{name}.parquet")
        with explained(self.book):
            frame.write_parquet(path, compression="zstd", compression_level=_PARQUET_LEVEL)
            return self._keep(path, file_sha256(path))

    def keep_array(self, array: NDArray[np.generic], name: str) -> StoredFile:
        return self.keep_chunks([array], array.dtype, len(array), name)

    def keep_chunks(
        self,
        chunks: Iterable[NDArray[np.generic]],
        dtype: np.dtype[np.generic],
        length: int,
        name: str,
    ) -> StoredFile:
        """An array file written piece by piece and hashed on the way.

        Written with plain writes: on a full disk a write fails with an error, where a memory
        map would end the process.
        """
        path, digest = self.aside(f"{name}.npy"), hashlib.sha256()
        shape = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (length,)}
        with path.open("wb") as stream:
            npy.write_array_header_1_0(stream, shape)
            stream.flush()
            digest.update(path.read_bytes())
            for chunk in chunks:
                raw = np.ascontiguousarray(chunk, dtype).view(np.uint8).data
                stream.write(raw)
                digest.update(raw)
        return self._keep(path, digest.hexdigest())

    def keep_json(self, data: object, name: str) -> StoredFile:
        path = self.aside(f"{name}.json")
        path.write_bytes(to_json_bytes(data))
        return self._keep(path, file_sha256(path))

    def commit(self, manifest: Manifest) -> None:
        """Make the generation current."""
        flush_to_disk(self.book / "data")
        path = manifest_path(self.book, manifest.generation)
        content = to_json_bytes(manifest.to_json())
        write_atomically(path, content, self.aside("manifest"))
        pointer = {
            "format": manifest.format,
            "generation": manifest.generation,
            "manifest": str(path.relative_to(self.book)),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_atomically(self.book / POINTER, to_json_bytes(pointer), self.aside("pointer"))

    def _keep(self, path: Path, digest: str) -> StoredFile:
        """Move a finished file among the book's data, named by its content."""
        flush_to_disk(path)
        stem, suffix = path.stem.split("-", 1)[1], path.suffix
        target = self.book / "data" / f"{stem}-{digest[:16]}{suffix}"
        size = path.stat().st_size
        path.replace(target)
        return StoredFile(str(target.relative_to(self.book)), size, digest)


@contextmanager
def writing(book: Path) -> Iterator[Transaction]:
    """A transaction under the book's write lock; leftovers of dead writers are cleared.

    Raises   BookLockedError: somebody else is writing.
             BookError: the folder is something else, the disk is full or read-only.
    """
    with explained(book), _owned(book):
        sweep(book)
        (book / "tmp").mkdir(exist_ok=True)
        transaction = Transaction(book, Path(tempfile.mkdtemp(dir=book / "tmp")))
        try:
            yield transaction
        finally:
            transaction.close()
            sweep(book)


def sweep(book: Path) -> tuple[int, int]:
    """Remove what no generation refers to; gives files and bytes. Needs the write lock.

    Removes nothing when a manifest cannot be read: its files might still be wanted.
    """
    shutil.rmtree(book / "tmp", ignore_errors=True)
    try:
        current = current_generation(book)
        wanted = {
            f.path for number in generations(book) for f in read_manifest(book, number).files()
        }
    except BookDamagedError:
        return 0, 0
    unborn = [p for p in (book / "manifests").glob("*.json") if int(p.stem) > current]
    loose = [p for p in (book / "data").iterdir() if f"data/{p.name}" not in wanted]
    freed = sum(p.stat().st_size for p in unborn + loose)
    for path in unborn + loose:
        path.unlink(missing_ok=True)
    return len(unborn) + len(loose), freed


@contextmanager
def _owned(book: Path) -> Iterator[None]:
    """The write lock on a folder that is a book or may become one.

    A folder that was made here goes again when no generation came of it.
    """
    fresh = not book.exists()
    _refuse_foreign(book)
    book.mkdir(parents=True, exist_ok=True)
    with sole_writer(book):
        try:
            for folder in (book / "data", book / "manifests"):
                folder.mkdir(exist_ok=True)
            yield
        except BaseException:
            if fresh and not (book / POINTER).exists():
                shutil.rmtree(book, ignore_errors=True)
            raise


def _refuse_foreign(book: Path) -> None:
    if book.exists() and not book.is_dir():
        raise BookError(f"{book} is a file, and a book is a folder. Name another place.")
    if book.exists() and not (book / POINTER).exists() and {p.name for p in book.iterdir()} - _OWN:
        raise BookError(
            f"{book} is a folder with other files in it, and no book. Name an empty or new folder."
        )
