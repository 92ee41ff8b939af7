"""Hand-made sources for tests of the book: batches go in without any file or reader."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from thalweg.records.ingest import IngestRequest, write_book
from thalweg.records.intake import LINKS_SCHEMA, Batch, Intake, ObjectColumn
from thalweg.records.readers import Opened
from thalweg.records.store.book import Book
from thalweg.records.trust import Finding

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 10**9
EPOCH_S = 1_700_000_000
CASE = (ObjectColumn("case", "case"),)


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the system has one, since books wait for the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def events(rows: Sequence[dict[str, Any]], first_row: int = 1) -> pl.DataFrame:
    """Event rows from dictionaries; ``time`` is seconds after a fixed instant."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    instant = (pl.col("time").cast(pl.Int64) + EPOCH_S) * SECOND
    stamped = frame.with_columns(instant.cast(pl.Datetime("ns", "UTC")).alias("@time"))
    numbered = stamped.drop("time").with_row_index("@row", first_row)
    return numbered.cast({"@row": pl.Int64})


def simple(*rows: tuple[str | None, str | None, int | None]) -> pl.DataFrame:
    """Rows of (case, activity, seconds)."""
    return events([{"case": c, "@activity": a, "time": t} for c, a, t in rows])


def links(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Links of (event id, object id, qualifier)."""
    numbered = [(e, o, q, n) for n, (e, o, q) in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=LINKS_SCHEMA, orient="row")


def opened(
    *batches: Batch,
    name: str = "a.csv",
    digest: str | None = None,
    roles: dict[Any, str] | None = None,
    findings: Sequence[Finding] = (),
) -> Opened:
    """A source made of batches."""
    sha256 = hashlib.sha256((digest or name).encode()).hexdigest()

    def read() -> Intake:
        return Intake("made", iter(batches), roles or {}, list(findings), {"name": name})

    return Opened(name, "made", lambda: sha256, read)


def book_of(folder: Path, *sources: Opened | pl.DataFrame, **how: Any) -> Book:
    """A book from sources; a bare frame is a source of cases."""
    made = [
        s if isinstance(s, Opened) else opened(Batch(s, CASE), name=f"{n}.csv")
        for n, s in enumerate(sources)
    ]
    request = IngestRequest((), folder, **({"clock": lambda: NOW} | how))
    return write_book(made, request)


def sequences(book: Book, kind: str = "case") -> dict[str, list[tuple[str, int]]]:
    """Activity and seconds of every object, as the perspective has them."""
    view = book.perspective(kind)
    ids = view.object_ids().to_list()
    return {
        ids[i]: [
            (book.activities[view.activity[k]], int(view.time_ns[k]) // SECOND - EPOCH_S)
            for k in range(view.offsets[i], view.offsets[i + 1])
        ]
        for i in range(view.objects)
    }


def counts(book: Book) -> dict[str, int]:
    """Findings by code."""
    return {f.code: f.count for f in book.trust.findings}
