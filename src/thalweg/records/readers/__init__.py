"""Readers: one module a format, each with ``read(source, request) -> Intake``.

A format is recognised by content first and by name second. ``open_intakes`` is the only door:
it opens each source with its reader, or several tables together when the mapping joins them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from thalweg.errors import RequestError
from thalweg.records.intake import Intake, ReadRequest
from thalweg.records.locate import Address, Located
from thalweg.records.readers.detect import Format, detect
from thalweg.records.sources import Source

_MODULES: dict[Format, str] = {
    "xes": "eventlog.xes",
    "mxml": "eventlog.mxml",
    "xes-yaml": "eventlog.xes_yaml",
    "ocel1-json": "ocel.json",
    "ocel1-xml": "ocel.xml",
    "ocel1-csv": "ocel.csv",
    "ocel1-sqlite": "ocel.sqlite",
    "ocel2-json": "ocel.json",
    "ocel2-xml": "ocel.xml",
    "ocel2-sqlite": "ocel.sqlite",
    "csv": "tabular.delimited",
    "jsonl": "tabular.jsonlines",
    "xlsx": "tabular.excel",
    "parquet": "tabular.parquet",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that is known by format and hash, and read only when asked."""

    name: str
    format: str
    sha256: Callable[[], str]
    """Empty where the content cannot be hashed beforehand (databases)."""
    open: Callable[[], Intake]


def open_intakes(sources: Sequence[Located], request: ReadRequest) -> Iterator[Opened]:
    """The sources in order, or one intake for all when the mapping joins tables.

    Raises   RequestError: a mapping of tables was given files and databases mixed.
    """
    if getattr(request.mapping, "kind", None) == "tables":
        yield _open_tables(sources, request)
        return
    for source in sources:
        yield _open_one(source, request)


def read_source(source: Source, request: ReadRequest) -> Intake:
    """Read one source with the reader of its format."""
    module = import_module(f"{__name__}.{_MODULES[detect(source)]}")
    intake: Intake = module.read(source, request)
    return intake


def format_of(source: Located) -> str:
    """The format of a source; "sql" for a database."""
    return "sql" if isinstance(source, Address) else detect(source)


def _open_one(source: Located, request: ReadRequest) -> Opened:
    if isinstance(source, Address):
        return Opened(source.name, "sql", lambda: "", lambda: _read_database(source, request))
    return Opened(source.name, detect(source), source.sha256, lambda: read_source(source, request))


def _read_database(source: Address, request: ReadRequest) -> Intake:
    from thalweg.records.readers.tabular import database

    return database.read(source.uri, request)


def _open_tables(sources: Sequence[Located], request: ReadRequest) -> Opened:
    from thalweg.records.readers.joined.tables import read_tables

    names = ", ".join(source.name for source in sources)
    files = [source for source in sources if isinstance(source, Source)]
    if len(sources) == 1 and isinstance(sources[0], Address):
        uri = sources[0].uri
        return Opened(
            names, "tables", lambda: "", lambda: read_tables(request.mapping, uri, request)
        )
    if len(files) < len(sources):
        raise RequestError(
            f"Tables come from files or from one database, not both: {names}. Name the database "
            "in the mapping file instead."
        )

    def digest() -> str:
        parts = "\n".join(f"{s.file_name} {s.sha256()}" for s in files)
        return hashlib.sha256(parts.encode()).hexdigest()

    return Opened(names, "tables", digest, lambda: read_tables(request.mapping, files, request))
