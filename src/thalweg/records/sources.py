"""Files as bytes: plain, gzipped or zipped, opened safely.

A source is refused when it expands out of all proportion, when an archive names a path outside
itself or holds another archive, and when it is not a regular file.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Limits

_RATIO_FROM_BYTES = 64 * 1024**2
_CHUNK = 1024**2
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_DAMAGE = (zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, EOFError)
_UNREADABLE = (OSError, RuntimeError, NotImplementedError)
_OFFICE_MARK = "[Content_Types].xml"


@dataclass(frozen=True, slots=True)
class Source:
    """One readable stream of bytes: a file, or a member of a zip archive."""

    path: Path
    member: str | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def name(self) -> str:
        """Path as given, with the member after ``!``."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @property
    def file_name(self) -> str:
        """Last part of the name without ``.gz``: what a format is guessed from."""
        last = PurePosixPath(self.member).name if self.member else self.path.name
        return last[:-3] if last.lower().endswith(".gz") else last

    @property
    def suffix(self) -> str:
        return Path(self.file_name).suffix.lower()

    @contextmanager
    def open(self, progress: Callable[[int], None] = lambda _: None) -> Iterator[BinaryIO]:
        """Expanded bytes. ``progress`` hears of compressed bytes as they are consumed."""
        with self._raw() as (raw, size):
            counted = _Counted(raw, progress)
            reader = io.BufferedReader(counted, _CHUNK)
            if reader.peek(2)[:2] == _GZIP:
                unpacked = cast(IO[bytes], gzip.GzipFile(fileobj=reader))
                yield io.BufferedReader(_Guarded(unpacked, size, self), _CHUNK)
            elif self.member:
                yield io.BufferedReader(_Guarded(reader, size, self), _CHUNK)
            else:
                yield reader

    def read(self, progress: Callable[[int], None] = lambda _: None) -> bytes:
        """All expanded bytes."""
        with self.open(progress) as stream:
            return stream.read()

    def head(self, size: int = 65536) -> bytes:
        """The first expanded bytes."""
        with self.open() as stream:
            return stream.read(size)

    def sha256(self) -> str:
        """Hash of the bytes as they are stored (of a zip member: as they are expanded)."""
        with self._raw() as (raw, _):
            digest = hashlib.sha256()
            while chunk := raw.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    @contextmanager
    def local_file(self) -> Iterator[Path]:
        """A path with the expanded bytes, for libraries that want one; gone afterwards."""
        if self.member is None and not _starts_with(self.path, _GZIP):
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="thalweg-") as folder:
            path = Path(folder) / (self.file_name or "source")
            with self.open() as stream, path.open("wb") as out:
                shutil.copyfileobj(stream, out, _CHUNK)
            yield path

    @contextmanager
    def _raw(self) -> Iterator[tuple[IO[bytes], int]]:
        with ExitStack() as stack:
            try:
                found = self._stored(stack)
            except _UNREADABLE as error:
                raise _unreadable(self.name, error) from error
            try:
                yield found
            except _DAMAGE as error:
                raise _damaged(self.name, error) from error

    def _stored(self, stack: ExitStack) -> tuple[IO[bytes], int]:
        """The bytes as they are stored, and how many they are."""
        if self.member is None:
            return stack.enter_context(self.path.open("rb")), self.path.stat().st_size
        archive = stack.enter_context(zipfile.ZipFile(self.path))
        size = max(1, archive.getinfo(self.member).compress_size)
        return stack.enter_context(archive.open(self.member)), size


def expand(path: Path, limits: Limits | None = None) -> list[Source]:
    """The sources that a path holds: itself, or the members of a zip archive in name order.

    Raises   SourceError: no such file, not a file, or unreadable.
             UnsafeSourceError: the archive leads outside itself, nests or has too many members.
    """
    limits = limits or Limits()
    if not path.exists():
        raise SourceError(f"There is no file {path}. Check the path.")
    if not path.is_file():
        raise SourceError(f"{path} is not a file. Name the files in it one by one.")
    try:
        if not _starts_with(path, _ZIP):
            return [Source(path, None, limits)]
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except _DAMAGE as error:
        raise _damaged(str(path), error) from error
    except _UNREADABLE as error:
        raise _unreadable(str(path), error) from error
    if any(info.filename == _OFFICE_MARK for info in infos):
        return [Source(path, None, limits)]
    if len(infos) > limits.archive_members:
        raise UnsafeSourceError(
            f"{path} holds {len(infos)} files, more than {limits.archive_members}. "
            "Unpack it and name the files that belong to the log."
        )
    for info in infos:
        _check_member(path, info)
    names = sorted(info.filename for info in infos if not _is_litter(info.filename))
    return [Source(path, name, limits) for name in names]


def _damaged(name: str, error: Exception) -> SourceError:
    return SourceError(f"{name} is damaged: {error}. Fetch or export the file again.")


def _unreadable(name: str, error: Exception) -> SourceError:
    """Encrypted members and rare methods of compression count among these."""
    return SourceError(
        f"{name} cannot be read: {error}. Check the permissions; unpack an encrypted or rarely "
        "compressed archive yourself."
    )


def _check_member(path: Path, info: zipfile.ZipInfo) -> None:
    name = PurePosixPath(info.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in "".join(name.parts[:1]):
        raise UnsafeSourceError(
            f"{path} names a file outside itself: {info.filename!r}. It was not opened."
        )
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        raise UnsafeSourceError(
            f"{path} holds a link instead of a file: {info.filename!r}. It was not opened."
        )
    if info.filename.lower().endswith(".zip"):
        raise UnsafeSourceError(
            f"{path} holds another archive: {info.filename!r}. Unpack that one and name it."
        )


def _is_litter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


class _Counted(io.RawIOBase):
    """Passes bytes on and reports how many went by."""

    def __init__(self, stream: IO[bytes], progress: Callable[[int], None]) -> None:
        self._stream, self._progress = stream, progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._progress(len(data))
        return len(data)


class _Guarded(io.RawIOBase):
    """Passes expanded bytes on until there are too many of them."""

    def __init__(self, stream: IO[bytes], packed_bytes: int, source: Source) -> None:
        self._stream, self._packed, self._source = stream, packed_bytes, source
        self._expanded = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise _damaged(self._source.name, error) from error
        self._expanded += len(data)
        limits = self._source.limits
        too_big = self._expanded > limits.expanded_bytes
        too_dense = (
            self._expanded > _RATIO_FROM_BYTES
            and self._expanded > limits.expansion_ratio * self._packed
        )
        if too_big or too_dense:
            raise UnsafeSourceError(
                f"{self._source.name} expands to more than {self._expanded:,} bytes from "
                f"{self._packed:,}. It was refused; unpack it yourself if you trust it."
            )
        buffer[: len(data)] = data
        return len(data)
