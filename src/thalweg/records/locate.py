"""From what a user names to sources: files, archives, folders of tables, database addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from thalweg.errors import RequestError
from thalweg.records.intake import Limits
from thalweg.records.sources import Source, expand


@dataclass(frozen=True, slots=True)
class Address:
    """A database, named by its URI; the password is never part of ``name``."""

    uri: str
    name: str


Located = Source | Address


def locate(names: Iterable[str | Path], limits: Limits | None = None) -> tuple[Located, ...]:
    """All sources behind the names, in the order given.

    Raises   SourceError: a file does not exist or cannot be opened.
             UnsafeSourceError: an archive is refused.
             RequestError: a path with a table or query behind it, which only an address has.
    """
    return tuple(source for name in names for source in _sources(name, limits))


def stored_bytes(source: Located) -> int:
    """Size of a source as it is stored; 0 where that cannot be known beforehand."""
    if isinstance(source, Address):
        return 0
    return source.path.stat().st_size


def _sources(name: str | Path, limits: Limits | None) -> list[Located]:
    if isinstance(name, str) and "://" in name:
        from thalweg.records.readers.tabular.database import without_secrets

        return [Address(name, without_secrets(name, name))]
    path = Path(name)
    _refuse_bare_database(path)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        return [source for file in files for source in expand(file, limits)]
    return list(expand(path, limits))


def _refuse_bare_database(path: Path) -> None:
    """Name the right form to someone who wrote a database's table behind a plain path."""
    file, mark, asked = str(path).partition("?")
    if not mark or path.exists() or asked.partition("=")[0] not in ("table", "query"):
        return
    raise RequestError(
        f"{path} is read as the name of a file, and there is none. Write a database and its table "
        f"as an address: sqlite:///{file}?{asked} (an absolute path has four slashes)."
    )
