"""Parquet: rows stream by in the order of the file, typed as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thalweg.errors import SourceError
from thalweg.records.intake import ROW, Intake, ReadRequest
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular.flat import Chunk, Table, intake, passes
from thalweg.records.readers.tabular.sniff import unique_names
from thalweg.records.sources import Source

_LARGE_GROUP_ROWS = 8_000_000
_BUFFER_BYTES = 4 * 1024**2
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
    next_pass = passes(request)

    def chunks(_: Notes) -> Iterator[Chunk]:
        return _chunks(source, next_pass(), {old: new for new, old in renamed.items()})

    return Table("parquet", columns, chunks, notes, is_text=False)


def _chunks(source: Source, request: ReadRequest, names: dict[str, str]) -> Iterator[Chunk]:
    with _readable(source), source.local_file() as path:
        size, (rows, largest) = path.stat().st_size, _row_counts(path)
        frames = _by_group if largest <= _LARGE_GROUP_ROWS else _by_page
        done, told = 0, 0
        for frame in frames(path, request.batch_rows):
            coded = [n for n, t in frame.schema.items() if t in _CODED]
            plain = frame.with_columns(frame[name].cast(pl.String) for name in coded).rename(names)
            yield Chunk(
                plain.with_row_index(ROW, done + 1).with_columns(pl.col(ROW).cast(pl.Int64))
            )
            done += len(frame)
            now = size * done // max(rows, 1)
            request.progress(now - told)
            told = now


def _by_group(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """Polars reads fastest, and holds a few row groups in memory."""
    scan = pl.scan_parquet(path, glob=False)
    frames = scan.collect_batches(chunk_size=rows, maintain_order=True)
    first = next(frames, None)
    yield scan.head(0).collect() if first is None else first
    yield from frames


def _by_page(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """Arrow reads a row group piece by piece: slower, for groups that fill the memory."""
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
        for batch in file.iter_batches(batch_size=rows):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield frame


def _row_counts(path: Path) -> tuple[int, int]:
    """Rows of the file, and of its largest row group."""
    about = pq.read_metadata(path)
    groups = (about.row_group(i).num_rows for i in range(about.num_row_groups))
    return about.num_rows, max(groups, default=0)


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{source.name} cannot be read as Parquet: {reason}. Export the file again."
        ) from error
