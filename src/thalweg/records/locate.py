"""From what a user names to sources: files, archives, folders of tables, database addresses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from thalweg.records.intake import Limits
from thalweg.records.sources import Source, expand


def locate(names: Iterable[str | Path], limits: Limits | None = None) -> tuple[Source, ...]:
    """All sources behind the names, in the order given.

    Raises   SourceError: a file does not exist or cannot be opened.
             UnsafeSourceError: an archive is refused.
    """
    return tuple(source for name in names for source in _sources(name, limits))


def _sources(name: str | Path, limits: Limits | None) -> list[Source]:
    path = Path(name)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        return [source for file in files for source in expand(file, limits)]
    return expand(path, limits)
