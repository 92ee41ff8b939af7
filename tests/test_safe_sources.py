"""Files that could do harm are refused, and damaged ones are named."""

from __future__ import annotations

import gzip
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import Limits
from thalweg.records.sources import Source, expand


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_plain_gzipped_and_zipped_bytes_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"case,time\n")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"case,time\n"))
    packed = zipped(
        tmp_path / "a.zip", **{"in/a.csv": b"case,time\n", "__MACOSX/x": b"", "b.csv": b"2"}
    )
    for path in (tmp_path / "a.csv", tmp_path / "a.csv.gz"):
        (source,) = expand(path)
        assert (source.read(), source.file_name, source.suffix) == (b"case,time\n", "a.csv", ".csv")
    second, first = expand(packed)
    assert (first.name, first.read()) == (f"{packed}!in/a.csv", b"case,time\n")
    assert (second.file_name, second.read()) == ("b.csv", b"2")
    with first.local_file() as local:
        assert (local.name, local.read_bytes()) == ("a.csv", b"case,time\n")
    assert not local.exists()


def test_progress_counts_the_bytes_of_the_file_as_it_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(os.urandom(3_000_000)))
    seen: list[int] = []
    Source(path).read(seen.append)
    assert sum(seen) == path.stat().st_size


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_bombs_are_refused_before_they_go_off(tmp_path: Path, packing: str) -> None:
    zeros = b"\0" * (96 * 1024**2)
    path = tmp_path / f"bomb.{packing}"
    if packing == "gz":
        path.write_bytes(gzip.compress(zeros))
    else:
        zipped(path, bomb=zeros)
    limits = Limits(expansion_ratio=100)
    (source,) = expand(path, limits)
    with source.open() as stream:
        assert stream.read(1024) == zeros[:1024]
        with pytest.raises(UnsafeSourceError, match="expands to more than"):
            while stream.read(1 << 20):
                pass
    (small,) = expand(path, Limits(expanded_bytes=1_000_000))
    with pytest.raises(UnsafeSourceError, match="It was refused"):
        small.read()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("../evil.csv", "names a file outside itself"),
        ("/etc/passwd", "names a file outside itself"),
        ("a/../../b.csv", "names a file outside itself"),
        ("C:\\evil.csv", "names a file outside itself"),
        ("inner.ZIP", "holds another archive"),
    ],
)
def test_archives_that_play_tricks_are_refused(tmp_path: Path, name: str, what: str) -> None:
    path = zipped(tmp_path / "a.zip", **{"good.csv": b"1", name: b"2"})
    with pytest.raises(UnsafeSourceError, match=what):
        expand(path)


def test_links_and_crowds_in_archives_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        link = zipfile.ZipInfo("passwords.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeSourceError, match="a link instead of a file"):
        expand(tmp_path / "link.zip")
    crowd = zipped(tmp_path / "crowd.zip", **{f"{n}.csv": b"1" for n in range(11)})
    with pytest.raises(UnsafeSourceError, match="holds 11 files, more than 10"):
        expand(crowd, Limits(archive_members=10))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    content = gzip.compress(os.urandom(200_000))
    for name, data in {
        "cut.gz": content[:-50_000],
        "flipped.gz": content[:90_000] + b"\xff" * 100 + content[90_100:],
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match=rf"{name} is damaged"):
            Source(tmp_path / name).read()
    whole = zipped(tmp_path / "whole.zip", **{"a.csv": os.urandom(100_000)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-100])
    with pytest.raises(SourceError, match=r"cut\.zip is damaged"):
        expand(tmp_path / "cut.zip")
    (tmp_path / "flipped.zip").write_bytes(whole[:50_000] + b"\0" * 9 + whole[50_009:])
    (source,) = expand(tmp_path / "flipped.zip")
    with pytest.raises(SourceError, match=r"flipped\.zip!a\.csv is damaged"):
        source.read()


def test_an_encrypted_member_cannot_be_read(tmp_path: Path) -> None:
    """The flag alone makes a reader ask for a password."""
    data = bytearray(zipped(tmp_path / "a.zip", **{"a.csv": b"12345"}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + offset
        data[place : place + 2] = struct.pack("<H", 1)
    (tmp_path / "locked.zip").write_bytes(data)
    (source,) = expand(tmp_path / "locked.zip")
    with pytest.raises(SourceError, match=r"cannot be read: .*encrypted"):
        source.read()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        expand(tmp_path / "nothing.csv")
    with pytest.raises(SourceError, match="is not a file"):
        expand(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="is not a file"):
        expand(tmp_path / "pipe")
    with pytest.raises(SourceError, match="is not a file"):
        expand(Path("/dev/zero"))
