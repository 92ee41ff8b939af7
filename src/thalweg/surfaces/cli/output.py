"""What commands print: JSON or plain tables to standard output, progress to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import typer

_GAP = 2


def print_json(data: Any) -> None:
    """One JSON object, readable by people and programs; times in ISO form."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def print_table(
    rows: Sequence[Sequence[str]], *, indent: int = 0, right: Sequence[int] = ()
) -> None:
    """Text columns, aligned by the width that characters take on screen."""
    if not rows:
        return
    widths = [max(width(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [
            " " * (w - width(cell)) + cell if k in right else cell + " " * (w - width(cell))
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo(" " * indent + (" " * _GAP).join(cells).rstrip())


def width(text: str) -> int:
    """Columns that a text takes on screen: Chinese characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def note(text: str) -> None:
    """A remark beside the result, on standard error."""
    typer.echo(text, err=True)


@contextmanager
def progress_bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told of bytes done; silent when standard error is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def working(label: str) -> Iterator[None]:
    """A sign of life while something runs; silent when standard error is not a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(label):
        yield


@contextmanager
def step_bar(words: Callable[[str], str]) -> Iterator[Callable[[str, int, int], None]]:
    """A bar that is told (step, done, all), named by ``words``; all of 0 means not known."""
    if not sys.stderr.isatty():
        yield lambda _step, _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def told(step: str, done: int, total: int) -> None:
            bar.update(task, description=words(step), completed=done, total=total or None)

        yield told


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
