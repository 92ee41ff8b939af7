"""Tables and profiles belong to a generation: replaced one by one, whole after any crash."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import thalweg
from companion_helpers import HEAD, LOG, book_with, table
from thalweg.errors import BookDamagedError, BookError, RequestError
from thalweg.records.profile.file import parse_profile
from thalweg.records.store.book import Book
from thalweg.records.store.upkeep import collect_garbage, history, info, verify
from thalweg.surfaces.cli import app
from thalweg.surfaces.cli import commands as _commands  # noqa: F401

FIRST = HEAD + "A,,Two Pines,2024-03-01,,,,planned,why\n"
SECOND = HEAD + "B,,Harbour Fan,2031-03-01,,,,planned,why\nB,,*,bad,,,,planned,why\n"
PARTIES = "id,name\nF1,Two Pines\nF2,Harbour Fan\n"
PROFILE = parse_profile("name: x\nlayers:\n  - {id: contract, activities: [Place order, Fly]}\n")
LATER = """case_id,activity,timestamp,customer
4,Place order,2032-01-03 10:00,Two Pines
"""


def ids(book: Book) -> list[str]:
    found = book.interventions()
    return [] if found is None else found["id"].to_list()


def codes(book: Book) -> set[str]:
    return {finding.code for finding in book.trust.findings}


def test_tables_can_be_put_beside_the_events_later(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    after = thalweg.ingest(into=book.path, interventions=table(tmp_path, FIRST, "a.csv"))
    assert after.manifest.generation == 2 and after.manifest.format == 2
    assert after.manifest.parts == book.manifest.parts
    assert (ids(book), ids(after)) == ([], ["A"])
    assert [h.action for h in history(book.path)] == ["ingest", "attach"]
    assert history(book.path)[1].sources == (str(tmp_path / "a.csv"),)
    assert info(book.path).companions == {"interventions": 1}
    assert after.timezone == "Asia/Shanghai"
    assert verify(book.path).whole


def test_a_table_takes_the_place_of_the_one_of_its_kind_only(tmp_path: Path) -> None:
    first = table(tmp_path, FIRST, "a.csv")
    book = book_with(
        tmp_path, interventions=first, parties=table(tmp_path, PARTIES), profile=PROFILE
    )
    after = thalweg.ingest(into=book.path, interventions=table(tmp_path, SECOND, "b.csv"))
    assert ids(after) == ["B"]
    assert after.parties() is not None and after.profile() == PROFILE
    record = after.companion_record("parties")
    assert record is not None and record.generation == 1
    assert {"intervention_outside_records", "cell_unreadable"} <= codes(after)
    again = thalweg.ingest(into=book.path, interventions=first)
    assert ids(again) == ["A"]
    assert not {"intervention_outside_records", "cell_unreadable"} & codes(again)
    assert again.companion_set_aside("interventions").is_empty()
    assert verify(book.path).whole


def test_appending_events_keeps_the_tables_and_judges_their_dates_anew(tmp_path: Path) -> None:
    book = book_with(tmp_path, interventions=table(tmp_path, SECOND, "b.csv"), profile=PROFILE)
    assert "intervention_outside_records" in codes(book)
    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    after = thalweg.ingest(
        table(tmp_path, LATER, "later.csv"), book.path, mapping=mapping, append=True
    )
    assert ids(after) == ["B"] and after.profile() == PROFILE
    assert "intervention_outside_records" not in codes(after), "the records reach it now"
    assert "cell_unreadable" in codes(after), "the row is still set aside"
    assert [f.code for f in after.trust.findings].count("activities_without_layer") == 1
    assert verify(book.path).whole


def test_starting_anew_without_the_tables_is_told(tmp_path: Path) -> None:
    book = book_with(
        tmp_path, interventions=table(tmp_path, FIRST), parties=table(tmp_path, PARTIES, "p.csv")
    )
    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    after = thalweg.ingest(
        tmp_path / "log.csv",
        book.path,
        mapping=mapping,
        replace=True,
        parties=tmp_path / "p.csv",
    )
    assert after.interventions() is None and after.parties() is not None
    left = after.trust.find("tables_left_out")
    assert left is not None and left.detail["tables"] == ["interventions"]


def test_a_refused_table_leaves_the_book_as_it_was(tmp_path: Path) -> None:
    book = book_with(tmp_path, interventions=table(tmp_path, FIRST))
    before = sorted(p.name for p in (book.path / "data").iterdir())
    with pytest.raises(thalweg.errors.SourceError):
        thalweg.ingest(into=book.path, interventions=table(tmp_path, HEAD + "A,,x,y,,,,,\n"))
    assert thalweg.open_book(book.path).manifest.generation == 1
    assert sorted(p.name for p in (book.path / "data").iterdir()) == before


def test_there_must_be_a_book_to_put_a_table_beside(tmp_path: Path) -> None:
    source = table(tmp_path, FIRST)
    with pytest.raises(BookError, match="Ingest into it first"):
        thalweg.ingest(into=tmp_path / "none", interventions=source)
    assert not (tmp_path / "none").exists()
    book = book_with(tmp_path)
    with pytest.raises(RequestError, match="takes the place of the one of its kind"):
        thalweg.ingest(into=book.path, interventions=source, replace=True)
    with pytest.raises(RequestError, match="nothing to ingest"):
        thalweg.ingest(into=book.path)
    columns = table(tmp_path, "parties: {columns: {id: x}}\n", "columns.yaml")
    with pytest.raises(RequestError, match="none of them is given"):
        thalweg.ingest(into=book.path, columns=columns, profile=PROFILE)
    with pytest.raises(RequestError, match="names no table and no query"):
        thalweg.ingest(into=book.path, parties="postgresql://host/base")


def test_old_tables_are_collected_with_their_generations(tmp_path: Path) -> None:
    book = book_with(tmp_path, interventions=table(tmp_path, FIRST, "a.csv"), profile=PROFILE)
    path = book.path
    del book
    thalweg.ingest(into=path, interventions=table(tmp_path, SECOND, "b.csv"))
    tables = len(list((path / "data").glob("interventions-*")))
    assert tables == 2
    collect_garbage(path)
    assert len(list((path / "data").glob("interventions-*"))) == 1
    assert len(list((path / "data").glob("profile-*"))) == 1
    assert verify(path).whole and ids(thalweg.open_book(path)) == ["B"]


@pytest.mark.parametrize("kind", ["interventions", "profile"])
def test_a_damaged_table_is_found(tmp_path: Path, kind: str) -> None:
    book = book_with(tmp_path, interventions=table(tmp_path, FIRST), profile=PROFILE)
    (stored,) = (book.path / "data").glob(f"{kind}-*")
    stored.write_bytes(stored.read_bytes()[:-3] + b"xyz")
    assert [p.code for p in verify(book.path).problems] == ["file_altered"]
    stored.unlink()
    with pytest.raises(BookDamagedError, match="is missing from the book"):
        (book.interventions if kind == "interventions" else book.profile)()


def test_a_table_that_belies_its_record_is_found(tmp_path: Path) -> None:
    book = book_with(tmp_path, interventions=table(tmp_path, FIRST))
    path = book.path / "manifests" / "000001.json"
    manifest = json.loads(path.read_text())
    manifest["companions"][0]["rows"] = 7
    path.write_text(json.dumps(manifest))
    pointer = json.loads((book.path / "book.json").read_text())
    del book
    problems = verify(tmp_path / "book").problems
    assert pointer["format"] == 2
    assert [p.code for p in problems] == ["manifest_altered"]
    pointer["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "book" / "book.json").write_text(json.dumps(pointer))
    assert "count_wrong" in [p.code for p in verify(tmp_path / "book").problems]


KILLED = """
import sys, os, signal, thalweg
import thalweg.records.store.transaction as t
from thalweg.records.store import files
stop, book, source = int(sys.argv[1]), sys.argv[2], sys.argv[3]
count = 0
whole = t.flush_to_disk
def dying(path):
    global count
    count += 1
    if count == stop:
        os.kill(os.getpid(), signal.SIGKILL)
    whole(path)
t.flush_to_disk = files.flush_to_disk = dying
thalweg.ingest(into=book, interventions=source)
"""


def test_killed_at_any_step_the_old_generation_stays_whole(tmp_path: Path) -> None:
    """The process dies at its second, fifth … flush to disk; the pointer turns before the eighth."""
    book = book_with(tmp_path, interventions=table(tmp_path, FIRST, "a.csv")).path
    source = table(tmp_path, SECOND, "b.csv")
    for stop, kept in ((2, "A"), (5, "A"), (7, "A"), (8, "B")):
        done = subprocess.run([sys.executable, "-c", KILLED, str(stop), str(book), str(source)])
        assert done.returncode == -signal.SIGKILL
        opened = thalweg.open_book(book)
        assert ids(opened) == [kept]
        assert verify(book).whole
    thalweg.ingest(into=book, interventions=source)
    assert ids(thalweg.open_book(book)) == ["B"] and not (book / "tmp").exists()


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_line_puts_tables_beside_a_book_and_lists_them(tmp_path: Path) -> None:
    log, first = table(tmp_path, LOG, "log.csv"), table(tmp_path, FIRST, "a.csv")
    book = tmp_path / "book"
    run("ingest", log, "--into", book, "--timezone", "Asia/Shanghai")
    parties = table(tmp_path, PARTIES, "p.csv")
    said = run("ingest", "--into", book, "--interventions", first, "--parties", parties)
    assert "Beside the events: interventions, 1 rows read, 1 kept, 0 set aside" in said
    told = json.loads(run("book", "info", book, "--json"))
    assert [(b["table"], b["rows"]) for b in told["beside"]] == [
        ("parties", 2),
        ("interventions", 1),
    ]
    assert "事件之外：举措" in run("book", "info", book, "--language", "zh")
    assert "attach" in run("book", "history", book)


def test_export_to_ocel_is_the_same_with_and_without_tables(tmp_path: Path) -> None:
    book = book_with(tmp_path).path
    run("book", "export", book, "--to", tmp_path / "plain.json")
    thalweg.ingest(into=book, interventions=table(tmp_path, FIRST), profile=PROFILE)
    run("book", "export", book, "--to", tmp_path / "with.json")
    assert (tmp_path / "plain.json").read_bytes() == (tmp_path / "with.json").read_bytes()
