"""Looking after a book: verify finds every kind of damage, gc frees only what nobody needs."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from book_helpers import book_of, events, links, opened, simple
from book_writer import write
from thalweg.errors import BookDamagedError, BookError, BookLockedError, RequestError
from thalweg.records.intake import Batch
from thalweg.records.store.book import Book, open_book
from thalweg.records.store.files import sole_writer
from thalweg.records.store.upkeep import collect_garbage, history, info, verify

ROWS = simple(("1", "a", 1), ("1", "b", 2), ("2", "a", 2), ("2", "c", 2), ("3", "a", 9))


def codes(book: Book) -> list[str]:
    return [problem.code for problem in verify(book.path).problems]


def test_a_fresh_book_verifies_and_tells_its_history(tmp_path: Path) -> None:
    book_of(tmp_path / "b", ROWS)
    more = simple(("4", "a", 20), (None, "a", 21))
    book = book_of(tmp_path / "b", opened(Batch(more, book_columns())), append=True)
    found = verify(book.path)
    assert found.whole and found.generation == 2 and found.files == len(book.manifest.files())
    assert found.bytes == sum((book.path / f.path).stat().st_size for f in book.manifest.files())
    first, second = history(book.path)
    assert (first.generation, first.action, first.events, first.current) == (1, "ingest", 5, False)
    assert (second.action, second.sources, second.rows_read) == ("append", ("a.csv",), 2)
    assert (second.rows_kept, second.rows_set_aside, second.current) == (1, 1, True)
    about = info(book.path)
    assert (about.events, about.generation, about.generations) == (6, 2, (1, 2))
    assert [(t.name, t.objects, t.entries) for t in about.types] == [("case", 4, 6)]
    assert (about.rows_read, about.rows_kept, about.rows_set_aside) == (7, 6, 1)


def book_columns() -> Any:
    from book_helpers import CASE

    return CASE


@pytest.mark.parametrize("name", ["table", "offsets", "activity", "time", "event", "object"])
def test_verify_names_the_file_that_changed_by_one_byte(tmp_path: Path, name: str) -> None:
    book = book_of(tmp_path / "b", ROWS)
    stored = getattr(book.manifest.types[0], name)
    path = book.path / stored.path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    (problem,) = verify(book.path).problems
    assert (problem.code, problem.file) == ("file_altered", stored.path)


def test_verify_names_files_that_are_gone_or_cut_short(tmp_path: Path) -> None:
    book = book_of(tmp_path / "b", ROWS)
    (book.path / book.manifest.trust.path).unlink()
    part = book.path / book.manifest.parts[0].file.path
    part.write_bytes(part.read_bytes()[:-3])
    found = {p.code: p.file for p in verify(book.path).problems}
    assert found == {
        "file_missing": book.manifest.trust.path,
        "file_resized": book.manifest.parts[0].file.path,
    }


def test_verify_sees_an_altered_and_an_unreadable_manifest(tmp_path: Path) -> None:
    book = book_of(tmp_path / "b", ROWS)
    path = book.path / "manifests" / "000001.json"
    path.write_bytes(path.read_bytes().replace(b'"action": "ingest"', b'"action": "INGEST"'))
    assert codes(book) == ["manifest_altered"]
    path.write_text("{}")
    assert codes(book) == ["manifest_altered", "manifest_damaged"]
    with pytest.raises(BookDamagedError, match="is no manifest"):
        open_book(book.path)
    path.unlink()
    assert codes(book) == ["manifest_damaged"]


def forged(book: Book, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite the manifest, hashes and all, so that only the content betrays the change."""
    path = book.path / "manifests" / "000001.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    pointer = json.loads((book.path / "book.json").read_text())
    pointer["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (book.path / "book.json").write_text(json.dumps(pointer))


def replaced(book: Book, stored: dict[str, Any], values: Any) -> None:
    path = book.path / stored["path"]
    if isinstance(values, pl.DataFrame):
        values.write_parquet(path)
    else:
        np.save(path, values)
    stored["bytes"] = path.stat().st_size
    stored["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("file", "values", "expected"),
    [
        ("offsets", np.array([0, 3, 2, 5]), "offsets_wrong"),
        ("offsets", np.array([0, 2, 4, 4]), "offsets_wrong"),
        ("offsets", np.array([0, 2, 5]), "length_wrong"),
        ("event", np.array([0, 1, 2, 3, 5], np.uint32), "code_out_of_range"),
        ("event", np.array([0, 1, 3, 2, 4], np.uint32), "activity_differs"),
        ("activity", np.array([0, 1, 0, 2, 1], np.uint8), "activity_differs"),
        ("object", np.array([0, 2, 1], np.uint32), "code_out_of_range"),
    ],
)
def test_verify_finds_content_that_breaks_an_invariant(
    tmp_path: Path, file: str, values: Any, expected: str
) -> None:
    book = book_of(tmp_path / "b", ROWS)
    forged(book, lambda data: replaced(book, data["types"][0][file], values))
    assert expected in codes(book)


def test_verify_finds_broken_order_wrong_counts_and_foreign_links(tmp_path: Path) -> None:
    rows = simple(("1", "a", 1), ("1", "a", 1), ("2", "a", 2))
    book = book_of(tmp_path / "order", rows)
    swapped = np.array([1, 0, 2], np.uint32)
    forged(book, lambda data: replaced(book, data["types"][0]["event"], swapped))
    assert codes(book) == ["order_broken"]

    book = book_of(tmp_path / "count", rows)
    forged(book, lambda data: data["sources"][0].update(rows_kept=2))
    assert codes(book) == ["count_wrong"]

    book = book_of(tmp_path / "links", opened(linked_batch()))
    other = pl.DataFrame(
        {"event": [0, 0], "object": [0, 1], "qualifier": ["p", "q"]},
        schema={"event": pl.UInt32, "object": pl.UInt32, "qualifier": pl.String},
    )
    forged(book, lambda data: replaced(book, data["types"][0]["links"], other))
    assert codes(book) == ["links_differ"]


def linked_batch() -> Batch:
    rows = events([{"@event": "e1", "@activity": "a", "time": 1}])
    told = links(("e1", "x", "p"), ("e1", "x", "q"))
    return Batch(rows, links=told, objects={"thing": pl.DataFrame({"@object": ["x", "y"]})})


def test_gc_keeps_what_somebody_reads(tmp_path: Path) -> None:
    path = tmp_path / "b"
    for source in range(3):
        write(path, source)
    reader = open_book(path, 1)
    before = [reader.perspective("case").time_ns.sum(), reader.n_events]
    freed = collect_garbage(path)
    assert (freed.generations, freed.in_use) == ((2,), (1,))
    assert freed.files > 0 and freed.bytes > 0
    assert verify(path, 1).whole and verify(path).whole
    assert [reader.perspective("case").time_ns.sum(), reader.n_events] == before
    del reader
    assert collect_garbage(path).generations == (1,)
    named = {f.path for f in open_book(path).manifest.files()}
    assert {f"data/{p.name}" for p in (path / "data").iterdir()} == named
    with pytest.raises(BookError, match=r"has no generation 1. Kept are: 3"):
        open_book(path, 1)


def test_gc_keeps_as_many_as_asked_for(tmp_path: Path) -> None:
    for source in range(3):
        write(tmp_path / "b", source)
    assert collect_garbage(tmp_path / "b", keep=2).generations == (1,)
    assert [g.generation for g in history(tmp_path / "b")] == [2, 3]
    with pytest.raises(RequestError):
        collect_garbage(tmp_path / "b", keep=0)


def test_a_reader_keeps_its_generation_while_others_append(tmp_path: Path) -> None:
    write(tmp_path / "b", 0)
    reader = open_book(tmp_path / "b")
    view = reader.perspective("case")
    write(tmp_path / "b", 1)
    collect_garbage(tmp_path / "b")
    assert (reader.manifest.generation, reader.n_events, view.entries) == (1, 40_000, 40_000)
    assert reader.events(["who"]).collect().height == 40_000
    assert open_book(tmp_path / "b").n_events == 80_000


def test_the_second_writer_is_told_who_writes_and_nothing_breaks(tmp_path: Path) -> None:
    write(tmp_path / "b", 0)
    with sole_writer(tmp_path / "b"):
        with pytest.raises(BookLockedError, match=r"is being written by process \d+ on "):
            write(tmp_path / "b", 1)
        with pytest.raises(BookLockedError):
            collect_garbage(tmp_path / "b")
    assert verify(tmp_path / "b").whole
    write(tmp_path / "b", 1)
    assert open_book(tmp_path / "b").manifest.generation == 2


def test_a_writer_that_comes_too_late_does_not_remove_the_first_ones_work(tmp_path: Path) -> None:
    """Both find no folder; the second must leave alone what the first has begun."""
    (tmp_path / "b").mkdir()
    with sole_writer(tmp_path / "b"):
        (tmp_path / "b" / "data").mkdir()
        with pytest.raises(BookLockedError):
            write(tmp_path / "b", 0)
        assert (tmp_path / "b" / "data").is_dir()


def test_opening_reads_no_data_file(tmp_path: Path) -> None:
    book_of(tmp_path / "b", ROWS)
    for path in (tmp_path / "b" / "data").iterdir():
        path.unlink()
    book = open_book(tmp_path / "b")
    assert (book.types, book.n_events, book.manifest.generation) == (["case"], 5, 1)
    with pytest.raises(BookDamagedError, match=r"missing from the book\. Run: thalweg book"):
        book.perspective("case")
    with pytest.raises(BookDamagedError):
        book.trust  # noqa: B018


def test_importing_the_package_loads_no_heavy_library() -> None:
    program = "import sys, thalweg; print(*{m.split('.')[0] for m in sys.modules})"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not {"numpy", "polars", "numba", "pyarrow", "rich"} & set(said.stdout.split())


def test_a_newer_format_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    book = book_of(tmp_path / "b", ROWS)
    (book.path / "book.json").write_text('{"format": 99, "generation": 1}')
    with pytest.raises(BookError, match="written in format 99"):
        open_book(book.path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(BookError, match="other files in it"):
        book_of(tmp_path / "mine", ROWS)
    with pytest.raises(BookError, match="There is no book"):
        open_book(tmp_path / "nowhere")
