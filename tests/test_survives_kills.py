"""A book killed at any moment opens at its last whole generation, and the next writer goes on."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from book_helpers import quick_folder
from book_writer import ROWS, write
from thalweg.records.store.book import open_book
from thalweg.records.store.upkeep import collect_garbage, verify

KILLS, INTERRUPTS, WRITES = 16, 5, 3
EARLIER = 8
"""Further kills, each in half the time of the one before, where all fell behind the last write."""
WRITER = Path(__file__).with_name("book_writer.py")


def start(book: Path) -> subprocess.Popen[str]:
    """A writer that will write three generations once it is told to go."""
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(book), str(WRITES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def committed(process: subprocess.Popen[str]) -> int:
    """Generations that the writer said it had finished."""
    assert process.stdout is not None and process.stdin is not None
    process.stdin.close()
    said = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    return len([word for word in said if word.isdigit()])


def whole_generations(book: Path) -> int:
    """Generations of a book that opens and verifies; 0 when none has been committed."""
    if not (book / "book.json").exists():
        return 0
    opened = open_book(book)
    generation = opened.manifest.generation
    assert opened.n_events == generation * ROWS
    assert verify(book).problems == ()
    return generation


def leftovers(book: Path) -> set[str]:
    """Data files that no manifest names, and anything that lies beside the book's own files."""
    named = {
        stored["path"]
        for manifest in (book / "manifests").glob("*.json")
        for stored in stored_files(json.loads(manifest.read_text()))
    }
    data = {f"data/{path.name}" for path in (book / "data").iterdir()}
    own = {"book.json", "data", "lock", "manifests"}
    return (data - named) | ({path.name for path in book.iterdir()} - own)


def stored_files(item: object) -> list[dict[str, str]]:
    if isinstance(item, dict):
        if {"path", "bytes", "sha256"} <= item.keys():
            return [item]
        return [found for value in item.values() for found in stored_files(value)]
    if isinstance(item, list):
        return [found for value in item for found in stored_files(value)]
    return []


@pytest.mark.parametrize(
    ("how", "kills"), [(signal.SIGKILL, KILLS), (signal.SIGINT, INTERRUPTS)], ids=["kill", "int"]
)
def test_killed_at_random_moments_the_last_generation_is_whole(
    how: signal.Signals, kills: int
) -> None:
    """Moments are spread over the whole duration of three writes, measured first.

    Where all fall behind the last write, since the measured one was slower, earlier ones follow.
    """
    chance = random.Random(int(how))
    with quick_folder() as folder:
        following = start(folder / "b0")
        duration = measured(folder / "measured")
        found = set()
        for number in range(kills + EARLIER):
            if number >= kills and len(found) > 1:
                break
            part = (number + chance.random()) / kills
            if number >= kills:
                part = chance.random() / 2 ** (number - kills + 1)
            book, process = folder / f"b{number}", following
            following = start(folder / f"b{number + 1}")
            go(process)
            time.sleep(duration * part)
            process.send_signal(how)
            said = committed(process)
            whole = whole_generations(book)
            assert whole in (said, said + 1)
            found.add(whole)
            write(book, whole)
            assert whole_generations(book) == whole + 1
            assert leftovers(book) == set()
            collect_garbage(book)
            assert whole_generations(book) == whole + 1
            assert leftovers(book) == set()
        following.kill()
        committed(following)
        assert len(found) > 1, "the kills should fall into different writes"


def measured(book: Path) -> float:
    """Seconds that three writes take in a writer of their own."""
    process = start(book)
    go(process)
    began = time.monotonic()
    assert committed(process) == WRITES
    return time.monotonic() - began
