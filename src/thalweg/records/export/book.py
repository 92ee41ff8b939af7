"""A book back into a file of another format: the one door to the writers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from thalweg.errors import RequestError
from thalweg.records.trust import Finding

if TYPE_CHECKING:
    from thalweg.records.store.book import Book

ExportFormat = Literal["ocel-json", "ocel-xml", "ocel-sqlite", "xes", "parquet"]
_SUFFIXES: dict[str, ExportFormat] = {
    ".json": "ocel-json",
    ".jsonocel": "ocel-json",
    ".xml": "ocel-xml",
    ".xmlocel": "ocel-xml",
    ".sqlite": "ocel-sqlite",
    ".db": "ocel-sqlite",
    ".xes": "xes",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what the format could not take over."""

    path: str
    format: ExportFormat
    bytes: int
    findings: tuple[Finding, ...]


def export_book(
    book: Book,
    to: Path,
    *,
    form: ExportFormat | None = None,
    type: str | None = None,  # noqa: A002
) -> Written:
    """Write a book as OCEL 2.0, XES or Parquet.

    Takes    to: the file; a folder for Parquet, or a file ending in ``.parquet`` for one flat
             table. form: the format; None goes by the name. type: the object type to see as
             cases, for XES and flat Parquet; None means the only one.
    Raises   RequestError: no such format or type, or a book without events. BookError: the target cannot be written.
    """
    if not book.manifest.types:
        raise RequestError("The book holds no events, and exports give events and objects alone.")
    chosen = form or format_of_name(to)
    findings = _write(book, to, chosen, type)
    files = [p for p in to.rglob("*") if p.is_file()] if to.is_dir() else [to]
    return Written(str(to), chosen, sum(p.stat().st_size for p in files), findings)


def format_of_name(path: Path) -> ExportFormat:
    """The format that a file's name stands for; a name without suffix is a Parquet folder."""
    suffix = path.suffix.lower()
    if not suffix:
        return "parquet"
    if path.name.lower().endswith(".xes.gz"):
        return "xes"
    if suffix not in _SUFFIXES:
        raise RequestError(
            f"The name {path.name} does not tell the format. End it in "
            f"{', '.join(_SUFFIXES)}, or state --format: {', '.join(get_args(ExportFormat))}."
        )
    return _SUFFIXES[suffix]


def _write(book: Book, to: Path, form: ExportFormat, kind: str | None) -> tuple[Finding, ...]:
    from thalweg.records.export.frames import frames_from_book

    if form == "xes":
        from thalweg.records.export.xes import write_xes

        return write_xes(book, to, type=kind)
    frames = frames_from_book(book)
    if form == "parquet":
        from thalweg.records.export.parquet import write_flat_parquet, write_parquet

        if to.suffix.lower() == ".parquet":
            return write_flat_parquet(frames, to, type=kind)
        return write_parquet(frames, to)
    if form == "ocel-json":
        from thalweg.records.export.ocel_json import write_ocel_json as write
    elif form == "ocel-xml":
        from thalweg.records.export.ocel_xml import write_ocel_xml as write
    else:
        from thalweg.records.export.ocel_sqlite import write_ocel_sqlite as write
    return write(frames, to)
