"""Full disks, read-only disks and failing calls: a clear error, and the old generation whole."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from book_helpers import book_of, opened, quick_folder, simple
from book_writer import ROWS, write
from thalweg.errors import BookError, SourceError
from thalweg.records.ingest import IngestRequest, write_book
from thalweg.records.intake import Intake
from thalweg.records.readers import Opened
from thalweg.records.store.book import open_book
from thalweg.records.store.upkeep import collect_garbage, verify


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A file system of its own in memory, where this process may mount one."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_generation_whole(tmp_path: Path) -> None:
    """The room left shrinks step by step, so that the disk fills at every stage of the work."""
    write(tmp_path / "measured", 0)
    once = sum(p.stat().st_size for p in (tmp_path / "measured").rglob("*")) // 1024
    failed = 0
    with small_disk(tmp_path / "disk", 40 * once) as disk:
        write(disk / "b", 0)
        full = open_book(disk / "b").manifest
        for step in range(12):
            ballast = disk / "ballast"
            free = shutil.disk_usage(disk).free
            left = int(step * once * 1024 / 2)
            ballast.write_bytes(b"\0" * max(0, free - left))
            before = open_book(disk / "b").manifest.generation
            try:
                write(disk / "b", before)
            except BookError as error:
                failed += 1
                assert "is full" in str(error)
                assert open_book(disk / "b").manifest.generation == before
            ballast.unlink()
            assert verify(disk / "b").problems == ()
            collect_garbage(disk / "b")
        assert failed >= 4
        write(disk / "b", 90)
        assert open_book(disk / "b").manifest.generation > full.generation


def test_a_read_only_disk_can_be_read_and_says_why_it_is_not_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 40_000) as disk:
        write(disk / "b", 0)
        remount = ["mount", "-o", "remount,ro", str(disk)]
        subprocess.run(remount, check=True, capture_output=True)
        assert open_book(disk / "b").perspective("case").entries == ROWS
        assert verify(disk / "b").problems == ()
        for action in (lambda: write(disk / "b", 1), lambda: collect_garbage(disk / "b")):
            with pytest.raises(BookError, match="cannot be written: Read-only file system"):
                action()
        with pytest.raises(BookError, match="cannot be written: Read-only file system"):
            write(disk / "new", 0)
        assert open_book(disk / "b").manifest.generation == 1


class Faults:
    """Fails the n-th file operation inside a folder with a system error of our choice."""

    def __init__(self) -> None:
        self.folder, self.left, self.number, self.seen = "", -1, 0, 0
        sys.addaudithook(self._hook)

    @contextmanager
    def failing(self, folder: Path, nth: int, number: int) -> Iterator[None]:
        self.folder, self.left, self.number, self.seen = str(folder), nth, number, 0
        try:
            yield
        finally:
            self.folder = ""

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.folder or event not in {"open", "os.rename", "os.mkdir", "os.remove"}:
            return
        places = [os.fsdecode(a) for a in args[:2] if isinstance(a, str | bytes | os.PathLike)]
        reads = event == "open" and isinstance(args[2], int) and not args[2] & os.O_ACCMODE
        if reads or not any(place.startswith(self.folder) for place in places):
            return
        self.seen += 1
        if self.seen == self.left:
            raise OSError(self.number, os.strerror(self.number), places[0])


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_every_file_operation_may_fail(faults: Faults, number: int) -> None:
    """Open for writing, create, rename and remove fail one after the other, until none is left."""
    rows = [simple(("1", "a", n), ("2", "b", n)) for n in range(3)]
    with quick_folder() as folder:
        book = folder / "b"
        book_of(book, rows[0])
        nth, refused = 0, 0
        while True:
            nth += 1
            generation = open_book(book).manifest.generation
            try:
                with faults.failing(book, nth, number):
                    book_of(book, opened_rows(nth), append=True)
            except BookError:
                refused += 1
                assert open_book(book).manifest.generation in (generation, generation + 1)
                assert verify(book).problems == ()
            if faults.seen < nth:
                break
        assert refused >= 10
        assert verify(book).problems == ()


def opened_rows(number: int) -> Opened:
    from book_helpers import CASE, Batch

    rows = simple(("1", "a", number), (None, "b", number))
    return opened(Batch(rows, CASE), name=f"n{number}")


def test_a_source_that_cannot_be_read_is_no_fault_of_the_book(tmp_path: Path) -> None:
    book_of(tmp_path / "b", simple(("1", "a", 1)))

    def broken() -> Iterator[Any]:
        raise OSError(errno.EIO, "Input/output error", "far/away.csv")
        yield

    source = Opened("away.csv", "made", lambda: "0", lambda: Intake("made", broken()))
    with pytest.raises(SourceError, match=r"away\.csv could not be read"):
        write_book([source], IngestRequest((), tmp_path / "b", append=True))
    assert verify(tmp_path / "b").problems == ()
    assert open_book(tmp_path / "b").manifest.generation == 1
