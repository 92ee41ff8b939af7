"""The few file operations that the store's promises rest on."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from thalweg.errors import BookDamagedError, BookError, BookLockedError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_WRITING = {errno.EROFS, errno.EACCES, errno.EPERM}
_OS_ERROR = re.compile(r"os error (\d+)")


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def flush_to_disk(path: Path) -> None:
    """Return only when the file's (or folder's) content would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, data: bytes, aside: Path) -> None:
    """Replace a small file in one step: readers see the old content or the new one.

    ``aside`` is where the new content is written first, on the same file system.
    """
    aside.write_bytes(data)
    flush_to_disk(aside)
    aside.replace(path)
    flush_to_disk(path.parent)


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise BookDamagedError(
            f"{path} is missing. Restore it from a backup, or ingest the sources again."
        ) from error
    except ValueError as error:
        raise BookDamagedError(
            f"{path} is not readable: {error}. Restore it from a backup, "
            "or ingest the sources again."
        ) from error


def to_json_bytes(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True).encode()


@contextmanager
def explained(book: Path) -> Iterator[None]:
    """Turn the operating system's refusals into errors that say what happened to the book.

    Polars reports them in its own exceptions, with the system's number in the text.
    """
    try:
        yield
    except OSError as error:
        _explain(book, error, error.errno)
    except pl.exceptions.PolarsError as error:
        number = _OS_ERROR.search(str(error))
        _explain(book, error, int(number[1]) if number else None)


def _explain(book: Path, error: Exception, number: int | None) -> NoReturn:
    if number in _NO_SPACE:
        raise BookError(
            f"The disk under {book} is full. The book still holds its last generation, "
            "unchanged. Free some space and run the command again."
        ) from error
    if number in _NO_WRITING:
        raise BookError(
            f"{book} cannot be written: {os.strerror(number)}. The book is unchanged. "
            "Check the permissions, or name another folder."
        ) from error
    if number is not None:
        raise BookError(
            f"Writing {book} failed: {os.strerror(number)} ({error}). The book is unchanged. "
            "Check the disk and run the command again."
        ) from error
    raise error


@contextmanager
def sole_writer(book: Path) -> Iterator[None]:
    """Hold the book's write lock; the lock falls with the process, however that ends.

    Raises   BookLockedError: somebody else is writing, with who it is.
    """
    handle = _lock_exclusively(book)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(handle)


def _lock_exclusively(book: Path) -> int:
    path = book / "lock"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            os.close(handle)
            raise BookLockedError(
                f"{book} is being written by {holder}. Wait until it has finished."
            ) from error
        if _still_there(path, handle):
            return handle
        os.close(handle)


def try_exclusive(path: Path) -> int | None:
    """An exclusive lock on a file nobody reads, or None; close the handle to release it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def share(path: Path) -> int | None:
    """A shared lock that tells others the file is in use, or None if the file is gone.

    Close the handle to release it.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    fcntl.flock(handle, fcntl.LOCK_SH)
    if _still_there(path, handle):
        return handle
    os.close(handle)
    return None


def _still_there(path: Path, handle: int) -> bool:
    """Whether the path still leads to the open file: it may go while one waits for the lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
