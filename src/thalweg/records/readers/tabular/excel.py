"""Workbooks (XLSX): one sheet as a table.

Values are read, never formulas. ``@row`` is the row of the sheet, its header included. Before
anything is unpacked into memory, the archive is held against the limits: its real sizes, and
the rectangle that its cells span.
"""

from __future__ import annotations

import logging
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thalweg.errors import MappingError, SourceError, UnsafeSourceError
from thalweg.records.intake import ROW, Intake, ReadRequest
from thalweg.records.mapping.flat import nearest
from thalweg.records.readers.notes import EXAMPLES, Notes
from thalweg.records.readers.tabular.flat import Chunk, Table, intake, passes
from thalweg.records.readers.tabular.sniff import unique_names
from thalweg.records.sources import Source

_EXPANDED_BYTES = 4 * 1024**3
"""Workbooks are read in memory: beyond this no sheet of a million rows is meant."""
_RATIO_FROM_BYTES = 64 * 1024**2
_CELLS = 300_000_000
_CHUNK = 1024**2
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
)
"""What a damaged archive makes the standard library raise."""
_COLUMN = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})[0-9]+"')
_ROW = re.compile(rb'<(?:\w+:)?(?:row|c)\s[^>]*?\br="[A-Z]{0,3}([0-9]+)"')

logging.getLogger("fastexcel").setLevel(logging.ERROR)


def read(source: Source, request: ReadRequest) -> Intake:
    """Read a sheet by the mapping of the request: the first, or the one that it names."""
    return intake(open_table(source, request), request)


def open_table(source: Source, request: ReadRequest) -> Table:
    """Open a workbook and take one sheet into memory.

    Raises   SourceError: damaged, or no sheet. MappingError: no sheet of that name.
             UnsafeSourceError: the workbook would grow beyond all limits.
    """
    wanted = getattr(request.mapping, "sheet", None)
    with source.local_file() as path:
        _check_archive(path, source)
        sheet, names, frame, errors = _load(path, source, wanted)
        size = path.stat().st_size
    columns, renamed = unique_names(frame.columns)
    frame.columns = list(columns)
    frame = frame.with_row_index(ROW, offset=2).with_columns(pl.col(ROW).cast(pl.Int64))
    notes = Notes(source.name)
    _tell(notes, sheet, names, renamed)
    next_pass = passes(request)

    def chunks(notes: Notes) -> Iterator[Chunk]:
        next_pass().progress(size)
        _tell_errors(notes, errors, columns)
        return _chunks(frame, request, notes)

    return Table("xlsx", columns, chunks, notes, about={"sheet": sheet, "sheets": names})


def _load(
    path: Path, source: Source, wanted: str | None
) -> tuple[str, list[str], pl.DataFrame, list[tuple[int, int, str]]]:
    """The sheet's name, all names, its values, and (row, column, error) of broken cells."""
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        if not book.sheet_names:
            raise SourceError(f"{source.name} has no sheet. Save the workbook again.")
        if wanted is not None and wanted not in book.sheet_names:
            raise MappingError(
                f"{source.name} has no sheet {wanted!r}. {nearest(wanted, book.sheet_names)}"
            )
        name = wanted or book.sheet_names[0]
        sheet = book.load_sheet(name, schema_sample_rows=None)
        batch, broken = sheet.to_arrow_with_errors()
    except fastexcel.FastExcelError as error:
        raise SourceError(
            f"{source.name} cannot be read as a workbook: {error}. Save it again as XLSX."
        ) from error
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    cells = [] if broken is None else broken.errors
    errors = [(e.position[0] + 1, e.position[1], e.detail) for e in cells if "Error(" in e.detail]
    return name, list(book.sheet_names), frame, errors


def _tell(notes: Notes, sheet: str, names: list[str], renamed: dict[str, str]) -> None:
    if len(names) > 1:
        notes.add("sheet_chosen", "note", 1, where=sheet, detail={"sheets": names})
    for new, old in renamed.items():
        notes.add("column_renamed", "note", 1, where=new, detail={"name_in_source": old})


def _tell_errors(
    notes: Notes, errors: list[tuple[int, int, str]], columns: tuple[str, ...]
) -> None:
    """Cells whose formula gave an error: they are empty in the book."""
    for row, column, detail in errors:
        code = re.sub(r".*Error\((\w+)\).*", r"\1", detail)
        where = columns[column] if column < len(columns) else ""
        example = notes.example(row, code)
        notes.add("formula_error", "warning", 1, where=where, examples=[example])


def _chunks(frame: pl.DataFrame, request: ReadRequest, notes: Notes) -> Iterator[Chunk]:
    blank = frame.select(pl.all_horizontal(pl.exclude(ROW).is_null())).to_series()
    if blank.any():
        examples = [notes.example(r, "") for r in frame.filter(blank)[ROW].head(EXAMPLES)]
        notes.add("blank_rows", "note", int(blank.sum()), examples=examples)
    rows = frame.filter(~blank)
    for start in range(0, max(len(rows), 1), request.batch_rows):
        yield Chunk(rows.slice(start, request.batch_rows))


def _check_archive(path: Path, source: Source) -> None:
    """Unpack every part once, keeping nothing, to see how large it really is."""
    limits = source.limits
    packed = max(path.stat().st_size, 1)
    most = min(limits.expanded_bytes, _EXPANDED_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            stated = sum(info.file_size for info in infos)
            if len(infos) > limits.archive_members:
                raise UnsafeSourceError(
                    f"{source.name} holds {len(infos):,} parts. It was refused."
                )
            dense = stated > _RATIO_FROM_BYTES and stated > limits.expansion_ratio * packed
            if stated > most or dense:
                raise UnsafeSourceError(
                    f"{source.name} expands to {stated:,} bytes from {packed:,}. It was refused; "
                    "export the sheet as CSV if you trust it."
                )
            for info in infos:
                _check_part(archive, info, source)
    except _DAMAGE as error:
        raise SourceError(f"{source.name} is damaged: {error}. Save it again as XLSX.") from error


def _check_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: Source) -> None:
    """Read a part to its end (its stated size and checksum must hold); measure sheets."""
    is_sheet = "worksheets/" in info.filename and info.filename.endswith(".xml")
    rows, columns, rest = 0, 0, b""
    with archive.open(info) as stream:
        while data := stream.read(_CHUNK):
            if not is_sheet:
                continue
            text = rest + data
            rows = max(rows, *map(int, _ROW.findall(text)), 0)
            columns = max(columns, *map(_column_number, set(_COLUMN.findall(text))), 0)
            rest = text[-200:]
    if rows * columns > _CELLS:
        raise UnsafeSourceError(
            f"{source.name}: {info.filename} spans {rows:,} rows and {columns:,} columns. "
            "It was refused; delete the stray cells far from the table and save it again."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
