"""Parquet: rows stream by in the order of the file, typed as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from thalweg.errors import SourceError
from thalweg.records.intake import ROW, Intake, ReadRequest
from thalweg.records.readers.flat import Chunk, Table, intake
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.sniff import unique_names
from thalweg.records.sources import Source

_CODED = (pl.Categorical, pl.Enum)


def read(source: Source, request: ReadRequest) -> Intake:
    """Read a Parquet file by the mapping of the request; ``@row`` counts rows from 1."""
    return intake(open_table(source, request), request)


def open_table(source: Source, request: ReadRequest) -> Table:
    """Open a Parquet file.

    Raises   SourceError: the file is damaged or no Parquet.
    """
    with _readable(source), source.local_file() as path:
        columns, renamed = unique_names(list(pl.read_parquet_schema(path)))
    notes = Notes(source.name)
    for new, old in renamed.items():
        notes.add("column_renamed", "note", 1, where=new, detail={"name_in_source": old})

    def chunks(_: Notes) -> Iterator[Chunk]:
        return _chunks(source, request, {old: new for new, old in renamed.items()})

    return Table("parquet", columns, chunks, notes, is_text=False)


def _chunks(source: Source, request: ReadRequest, names: dict[str, str]) -> Iterator[Chunk]:
    with _readable(source), source.local_file() as path:
        size, rows = path.stat().st_size, _row_count(path)
        scan = pl.scan_parquet(path, glob=False).rename(names)
        categorical = [n for n, t in scan.collect_schema().items() if t in _CODED]
        done, told = 0, 0
        for frame in scan.collect_batches(chunk_size=request.batch_rows, maintain_order=True):
            plain = frame.with_columns(pl.col(categorical).cast(pl.String))
            yield Chunk(
                plain.with_row_index(ROW, done + 1).with_columns(pl.col(ROW).cast(pl.Int64))
            )
            done += len(frame)
            now = size * done // max(rows, 1)
            request.progress(now - told)
            told = now


def _row_count(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{source.name} cannot be read as Parquet: {reason}. Export the file again."
        ) from error
