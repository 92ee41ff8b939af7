"""CSV and its relatives: text in rows and cells, in any encoding, as large as it likes.

Cells stay the text they are. ``@row`` is the number of the line on which a record starts, the
header and lines inside quoted cells counted. Rows with too few or too many cells are set aside
with their text as it stands.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from thalweg.errors import SourceError, UnsafeSourceError
from thalweg.records.intake import REJECTS_SCHEMA, ROW, Intake, Limits, ReadRequest
from thalweg.records.readers.notes import EXAMPLES, Notes
from thalweg.records.readers.tabular.flat import Chunk, Table, intake, passes
from thalweg.records.readers.tabular.sniff import Dialect, sniff
from thalweg.records.sources import Source
from thalweg.records.text.encoding import (
    Encoding,
    Utf8Stream,
    detect_encoding,
    stated_encoding,
)

_HEAD_BYTES = 512 * 1024
_BLOCK_BYTES = 16 * 1024**2
_CHUNK_BYTES = 512 * 1024**2
"""Text that one chunk may hold, whatever the number of its rows."""
_WAITING_REJECTS, _MOST_REJECTS = 100_000, 2_000_000
"""Rejects after which a chunk is handed on, and in a row after which reading is given up."""
_LONGEST_RECORD = 2_000


def read(source: Source, request: ReadRequest) -> Intake:
    """Read a delimited text by the mapping of the request."""
    return intake(open_table(source, request), request)


def open_table(source: Source, request: ReadRequest) -> Table:
    """Open a delimited text: find its encoding, separator, quote and header.

    Raises   SourceError: empty or unreadable. UnsafeSourceError: cells beyond the limits.
             RequestError: the stated encoding does not exist.
    """
    stated = request.encoding
    encoding = stated_encoding(stated, source) if stated else detect_encoding(source)
    dialect = sniff(_head_text(source, encoding), source.name)
    notes = Notes(source.name)
    _tell_form(notes, encoding, dialect, stated is not None)
    next_pass = passes(request)

    def chunks(notes: Notes) -> Iterator[Chunk]:
        return _Scan(source, next_pass(), encoding, dialect, notes).chunks()

    about: dict[str, Any] = {
        "encoding": encoding.name,
        "delimiter": dialect.separator,
        "quote": dialect.quote,
        "header_lines": dialect.header_lines,
    }
    return Table("csv", dialect.columns, chunks, notes, about=about)


def _head_text(source: Source, encoding: Encoding) -> str:
    """The first whole lines as text."""
    with source.open() as stream:
        text = io.BufferedReader(Utf8Stream(stream, encoding)).read(_HEAD_BYTES)
    whole = text if len(text) < _HEAD_BYTES else text.rpartition(b"\n")[0] or text
    return whole.decode("utf-8", "replace")


def _tell_form(notes: Notes, encoding: Encoding, dialect: Dialect, stated: bool) -> None:
    about = {"encoding": encoding.name, "confidence": encoding.confidence, "bom": encoding.bom}
    sure = stated or encoding.confidence >= 0.8
    code = "encoding_stated" if stated else "encoding_detected"
    notes.add(code, "note" if sure else "warning", 1, detail=about)
    form = {"delimiter": dialect.separator, "quote": dialect.quote}
    notes.add("delimiter_detected", "note", 1, detail=form)
    for new, old in dialect.renamed.items():
        notes.add("column_renamed", "note", 1, where=new, detail={"name_in_source": old})


@dataclass(slots=True)
class _Scan:
    """One reading of a text from start to end."""

    source: Source
    request: ReadRequest
    encoding: Encoding
    dialect: Dialect
    notes: Notes
    _bad: list[tuple[int, str]] = field(default_factory=list)
    """Record number (the header's last line is the number of its lines) and text of rejects."""
    _record: int = 0
    _line_shift: int = 0
    """Lines by which the next record is further on than its record number says."""

    def chunks(self) -> Iterator[Chunk]:
        self._record = self.dialect.header_lines + 1
        with self.source.open(self.request.progress) as stream:
            text = Utf8Stream(stream, self.encoding)
            with _readable(self.source, self.request.limits):
                waiting: pl.DataFrame | None = None
                for frame in self._frames(text):
                    if waiting is not None:
                        yield self._chunk(waiting)
                    waiting = frame
            yield self._last(waiting, text)
            self._tell_damage(text)

    def _frames(self, text: Utf8Stream) -> Iterator[pl.DataFrame]:
        """Frames of about the wanted number of rows, each cell as text."""
        columns = list(self.dialect.columns)
        empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        try:
            reader = self._reader(text, columns)
        except pa.ArrowInvalid as error:
            if "Could not skip" in str(error) or "Empty CSV" in str(error):
                yield empty
                return
            raise
        parts: list[pa.RecordBatch] = []
        rows = size = 0
        for batch in reader:
            parts.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            full = rows >= self.request.batch_rows or size >= _CHUNK_BYTES
            if full or len(self._bad) >= _WAITING_REJECTS:
                yield self._frame(parts)
                parts, rows, size = [], 0, 0
        if parts:
            yield self._frame(parts)

    def _reader(self, text: Utf8Stream, columns: list[str]) -> Any:
        return pacsv.open_csv(
            pa.PythonFile(io.BufferedReader(text, _BLOCK_BYTES), mode="r"),
            read_options=pacsv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK_BYTES,
                column_names=columns,
                skip_rows=self.dialect.header_lines,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self.dialect.separator,
                quote_char=self.dialect.quote,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._set_aside,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,
            ),
        )

    def _set_aside(self, row: Any) -> str:
        if len(self._bad) >= _MOST_REJECTS:
            return "error"
        self._bad.append((row.number, row.text))
        return "skip"

    def _frame(self, batches: list[pa.RecordBatch]) -> pl.DataFrame:
        frame = pl.from_arrow(pa.Table.from_batches(batches))
        assert isinstance(frame, pl.DataFrame)
        _check_cells(frame, self.source, self.request.limits)
        return frame

    def _chunk(self, frame: pl.DataFrame) -> Chunk:
        """Number the rows by their lines; leave blank lines out."""
        numbers, bad = self._records(len(frame))
        inner = _inner_lines(frame)
        if inner is None and not any("\n" in text for _, text in bad):
            lines = numbers + self._line_shift
            bad_lines = [number + self._line_shift for number, _ in bad]
        else:
            lines, bad_lines = self._true_lines(numbers, bad, inner)
        rows = frame.with_columns(lines.alias(ROW))
        blank = rows.select(pl.all_horizontal(pl.exclude(ROW).is_null())).to_series()
        if blank.any():
            examples = [self.notes.example(r, "") for r in rows.filter(blank)[ROW].head(EXAMPLES)]
            self.notes.add("blank_rows", "note", int(blank.sum()), examples=examples)
            rows = rows.filter(~blank)
        if inner is not None:
            self._tell_inner(frame, inner, lines)
        texts = [text for _, text in bad]
        return Chunk(rows, _ragged(bad_lines, texts) if bad else None)

    def _records(self, rows: int) -> tuple[pl.Series, list[tuple[int, str]]]:
        """Record numbers of the next rows: those that were set aside took numbers, too."""
        here: list[tuple[int, str]] = []
        end = self._record + rows
        for number, text in self._bad:
            if number <= end:
                here.append((number, text))
                end += 1
        self._bad = self._bad[len(here) :]
        numbers = pl.int_range(self._record, end, eager=True, dtype=pl.Int64)
        if here:
            taken = [number for number, _ in here]
            numbers = numbers.filter(~numbers.is_in(taken))
        self._record = end
        return numbers.head(rows), here

    def _true_lines(
        self, numbers: pl.Series, bad: list[tuple[int, str]], inner: pl.Series | None
    ) -> tuple[pl.Series, list[int]]:
        """Lines on which records start, the lines inside earlier records counted."""
        schema = {"n": pl.Int64, "extra": pl.Int64, "bad": pl.Boolean}
        extra = inner if inner is not None else numbers * 0
        good = pl.DataFrame({"n": numbers, "extra": extra, "bad": numbers < 0}, schema=schema)
        others = pl.DataFrame(
            {
                "n": [number for number, _ in bad],
                "extra": [text.count("\n") for _, text in bad],
                "bad": [True] * len(bad),
            },
            schema=schema,
        )
        both = pl.concat([good, others]).sort("n")
        before = pl.col("extra").cum_sum() - pl.col("extra")
        placed = both.with_columns((pl.col("n") + before + self._line_shift).alias("line"))
        self._line_shift += int(both["extra"].sum())
        is_bad = placed["bad"]
        return placed.filter(~is_bad)["line"], placed.filter(is_bad)["line"].to_list()

    def _last(self, frame: pl.DataFrame | None, text: Utf8Stream) -> Chunk:
        """The last rows: a quote that never closes has swallowed what follows it."""
        if frame is None:
            frame = pl.DataFrame(schema=dict.fromkeys(self.dialect.columns, pl.String))
        chunk = self._chunk(frame)
        if self._bad:
            late = _ragged(
                [number + self._line_shift for number, _ in self._bad], [t for _, t in self._bad]
            )
            chunk = Chunk(chunk.rows, late if chunk.rejects is None else chunk.rejects.vstack(late))
            self._bad = []
        open_quote = self.dialect.quote == '"' and text.quotes % 2
        if not open_quote or chunk.rows.is_empty():
            return chunk
        last = chunk.rows.tail(1)
        swallowed = [str(c) for c in last.drop(ROW).row(0) if c is not None and "\n" in str(c)]
        if not swallowed:
            return chunk
        reject = _rejects(last[ROW].to_list(), "quote_unclosed", swallowed[-1:])
        before = [] if chunk.rejects is None else [chunk.rejects]
        return Chunk(chunk.rows.head(-1), pl.concat([*before, reject]))

    def _tell_inner(self, frame: pl.DataFrame, inner: pl.Series, lines: pl.Series) -> None:
        many = inner > 0
        examples = [self.notes.example(line, "") for line in lines.filter(many).head(EXAMPLES)]
        longest = inner.max()
        detail = {"most_lines": (int(longest) if isinstance(longest, int) else 0) + 1}
        self.notes.add(
            "multi_line_rows",
            "note",
            int(many.sum()),
            of=len(frame),
            examples=examples,
            detail=detail,
        )

    def _tell_damage(self, text: Utf8Stream) -> None:
        damaged = text.damaged
        if damaged.count:
            examples = [self.notes.example(line, "") for line in damaged.lines]
            detail = {"encoding": self.encoding.name}
            self.notes.add(
                "encoding_damaged", "warning", damaged.count, examples=examples, detail=detail
            )


def _inner_lines(frame: pl.DataFrame) -> pl.Series | None:
    """Line ends inside the cells of each row; None when there are none."""
    broken = [n for n in frame.columns if frame[n].str.contains("\n", literal=True).any()]
    if not broken:
        return None
    counts = [pl.col(n).str.count_matches("\n", literal=True).fill_null(0) for n in broken]
    return frame.select(pl.sum_horizontal(counts).cast(pl.Int64).alias("inner")).to_series()


def _ragged(lines: list[int], texts: list[str]) -> pl.DataFrame:
    return _rejects(lines, "row_ragged", texts)


def _rejects(lines: list[int], reason: str, texts: list[str]) -> pl.DataFrame:
    cut = [t if len(t) <= _LONGEST_RECORD else t[:_LONGEST_RECORD] + "…" for t in texts]
    return pl.DataFrame(
        {ROW: lines, "reason": [reason] * len(lines), "value": [""] * len(lines), "record": cut},
        schema=REJECTS_SCHEMA,
    )


def _check_cells(frame: pl.DataFrame, source: Source, limits: Limits) -> None:
    longest = frame.select(pl.all().str.len_bytes().max())
    for name, size in zip(longest.columns, longest.row(0), strict=True):
        if size is not None and size > limits.cell_bytes:
            raise UnsafeSourceError(
                f"{source.name} holds a cell of {size:,} bytes in column {name!r}; the limit is "
                f"{limits.cell_bytes:,}. Check the file's quotes; no record has cells of this size."
            )


@contextmanager
def _readable(source: Source, limits: Limits) -> Iterator[None]:
    try:
        yield
    except pa.ArrowInvalid as error:
        if "Expected" in str(error) and "columns" in str(error):
            raise SourceError(
                f"{source.name}: {_MOST_REJECTS:,} rows in a row have more or fewer cells than the "
                "header. Check that its header belongs to its rows."
            ) from error
        if "straddl" in str(error):
            raise UnsafeSourceError(
                f"{source.name} holds a record of more than {_BLOCK_BYTES:,} bytes; the limit of "
                f"a cell is {limits.cell_bytes:,}. Check the file's quotes and line ends."
            ) from error
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{source.name} cannot be read as a table: {reason}. Check its delimiter and quotes."
        ) from error
