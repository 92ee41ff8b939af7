"""A process that writes books until it is killed; ``write`` is also called by the tests.

Usage: book_writer.py BOOK GENERATIONS. Says "ready" when everything is loaded, waits for a line
on its input, and names each generation that it has finished.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from book_helpers import CASE, NOW, opened
from thalweg.records.ingest import IngestRequest, write_book
from thalweg.records.intake import Batch

ROWS, BATCHES = 40_000, 4


def batch(source: int, number: int) -> Batch:
    rows = ROWS // BATCHES
    base = (source * BATCHES + number) * rows
    places = range(base, base + rows)
    frame = pl.DataFrame(
        {
            "case": [f"c{k % 997}" for k in places],
            "@activity": [f"a{k % 7}" for k in places],
            "@time": pl.Series(places).cast(pl.Datetime("ns", "UTC")),
            "@row": pl.Series(places, dtype=pl.Int64),
            "who": [f"r{k % 11}" for k in places],
        }
    )
    return Batch(frame, CASE)


def write(book: Path, source: int) -> None:
    """Append one source to the book, or begin it."""
    batches = [batch(source, number) for number in range(BATCHES)]
    made = opened(*batches, name=f"s{source}", roles={"resource": "who"})
    append = (book / "book.json").exists()
    write_book([made], IngestRequest((), book, append=append, clock=lambda: NOW))


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    target, generations = Path(sys.argv[1]), int(sys.argv[2])
    write(target.with_name(f"{target.name}-warm"), 0)
    say("ready")
    sys.stdin.readline()
    for source in range(generations):
        write(target, source)
        say(str(source))
