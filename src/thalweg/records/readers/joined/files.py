"""Tables of a mapping, opened: their columns first, their rows when a rule needs them.

A table may consist of several files or of a database query; each row remembers its file and its
row there. Only columns that some rule names are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import polars as pl

from thalweg.errors import MappingError, SourceError, UnsafeSourceError
from thalweg.records.intake import ROW, UTC_NS, ReadRequest
from thalweg.records.mapping.flat import FlatMapping, nearest
from thalweg.records.mapping.tables import ColumnType, TablesMapping, TableSpec
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular import delimited, excel
from thalweg.records.readers.tabular.cells import as_ids
from thalweg.records.readers.tabular.database import Database
from thalweg.records.readers.tabular.text_checks import TextChecks
from thalweg.records.sources import Source, expand
from thalweg.records.text.dates import parse_times
from thalweg.records.text.numbers import Numbers, parse_numbers
from thalweg.records.trust import Example, Finding

FILE = "@file"
"""UInt32: which file of the table a row is from."""

_DTYPES: dict[ColumnType, pl.DataType] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "amount": pl.Float64(),
    "boolean": pl.Boolean(),
    "time": UTC_NS,
}
_TRUE, _FALSE = ("true", "1", "x", "yes", "y", "t"), ("false", "0", "no", "n", "f")
_SPREADSHEETS = {".xlsx", ".xlsm"}
_EXAMPLES = 5

ReadPart = Callable[[Sequence[str]], pl.DataFrame]
"""Reads some columns: ``@row`` (Int64) and the columns."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file or query of a table: its label, its columns and how to read some of them.

    notes, rejects   what was learned, and which rows were no rows at all, once it is read.
    """

    label: str
    schema: dict[str, pl.DataType]
    read: ReadPart
    notes: Notes
    rejects: list[pl.DataFrame] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A table of the mapping.

    schema   columns in order, with the types that rules see.
    rows     the frame once read: ``@row`` (Int64, in its file), ``@file`` and columns.
    """

    name: str
    spec: TableSpec
    parts: tuple[Part, ...]
    schema: dict[str, pl.DataType]
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(part.label for part in self.parts)

    def source_of(self) -> pl.Series:
        """The file of every row, as text."""
        labels = dict(enumerate(self.labels))
        return self.rows[FILE].replace_strict(labels, return_dtype=pl.String)

    def read(self, columns: Sequence[str], request: ReadRequest, zone: str) -> list[Finding]:
        """Read the named columns of all parts into ``rows``; tells what could not be typed."""
        frames = []
        for number, part in enumerate(self.parts):
            # One column at least: rows that nobody asks for are counted all the same.
            here = [c for c in columns if c in part.schema] or list(part.schema)[:1]
            frame = part.read(here)
            where = pl.lit(number, pl.UInt32).alias(FILE)
            frames.append(plain_types(frame).with_columns(where))
        rows = pl.concat(frames, how="diagonal_relaxed")
        _check_cells(self.name, rows, columns, request.limits.cell_bytes)
        findings = [_placed(f, part) for part in self.parts for f in part.notes.findings()]
        for column in columns:
            if column not in rows.columns:
                rows = rows.with_columns(pl.lit(None, self.schema[column]).alias(column))
            if rows[column].dtype == pl.String and self.spec.types.get(column) == "amount":
                numbers = parse_numbers(rows[column])
                findings += self._amounts(rows, column, numbers)
                rows = rows.with_columns(numbers.values.alias(column))
            elif rows[column].dtype != self.schema[column]:
                typed, unreadable = _typed(rows[column], self.schema[column], zone)
                findings += self._unreadable(rows, column, unreadable)
                rows = rows.with_columns(typed.alias(column))
        self.rows = rows.select(ROW, FILE, *columns)
        return findings

    def _amounts(self, rows: pl.DataFrame, column: str, numbers: Numbers) -> list[Finding]:
        """What stood beside the numbers of a column of amounts, and what was none."""
        where = f"{self.name}.{column}"
        found = self._unreadable(rows, column, numbers.unreadable)
        if numbers.magnitudes:
            count, detail = sum(numbers.magnitudes.values()), {"words": numbers.magnitudes}
            found.append(Finding("magnitude_words", "note", count, len(rows), where, (), detail))
        currencies = dict(numbers.currency.drop_nulls().value_counts(sort=True).iter_rows())
        if currencies:
            count, about = sum(currencies.values()), {"currencies": currencies}
            found.append(Finding("amount_currency", "note", count, len(rows), where, (), about))
        return found

    def _unreadable(self, rows: pl.DataFrame, column: str, bad: pl.Series) -> list[Finding]:
        if not (count := int(bad.sum() or 0)):
            return []
        shown = rows.filter(bad).head(_EXAMPLES)
        examples = tuple(
            Example(self.labels[int(file)], int(row), str(value))
            for row, file, value in shown.select(ROW, FILE, column).iter_rows()
        )
        where = f"{self.name}.{column}"
        return [Finding("cell_unreadable", "warning", count, len(rows), where, examples)]


def _placed(finding: Finding, part: Part) -> Finding:
    """A finding about one file, with the file's name before the column's."""
    where = f"{part.label}: {finding.where}" if finding.where else part.label
    return replace(finding, where=where)


def open_tables(
    mapping: TablesMapping,
    sources: Sequence[Source],
    root: Path | None,
    database: str | None,
    request: ReadRequest,
) -> dict[str, Table]:
    """Find the files and queries of every table and learn their columns.

    Raises   MappingError: a table's file is not among the sources, or a database is not named.
             SourceError: a file or database cannot be read.
    """
    tables = {}
    for name, spec in mapping.tables.items():
        if spec.file:
            found = _matching(name, spec, sources, root)
            parts = tuple(_file_part(source, label, spec, request) for source, label in found)
        else:
            parts = (_database_part(name, spec, database, request),)
        tables[name] = Table(name, spec, parts, _schema(name, spec, parts))
    return tables


def sources_of(origin: Path | Sequence[Source], request: ReadRequest) -> list[Source]:
    """The files that an origin holds: those in a folder or archive, or those given."""
    if not isinstance(origin, Path):
        return list(origin)
    if not origin.is_dir():
        return expand(origin, request.limits)
    files = sorted(p for p in origin.rglob("*") if p.is_file() and not p.name.startswith("."))
    return [Source(path, None, request.limits) for path in files]


def plain_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns in the types that rules know: text, Int64, Float64, Boolean, and times as they are.

    Decimals become numbers; categories, times of day and anything nested become text.
    """
    return frame.select(_plain(name, dtype) for name, dtype in frame.schema.items())


def plain_type(dtype: pl.DataType) -> pl.DataType:
    """The type that ``plain_types`` gives to a column."""
    if isinstance(dtype, pl.Datetime) or dtype == pl.Date:
        return dtype
    if dtype.is_integer():
        return pl.Int64()
    if dtype.is_float() or dtype.is_decimal():
        return pl.Float64()
    return pl.Boolean() if dtype == pl.Boolean else pl.String()


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    column, wanted = pl.col(name), plain_type(dtype)
    if dtype.is_nested():
        return pl.struct(column).struct.json_encode().alias(name)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    return column if dtype == wanted else column.cast(wanted)


def _schema(name: str, spec: TableSpec, parts: tuple[Part, ...]) -> dict[str, pl.DataType]:
    """Columns of all parts; a column's type is the declared one, or else what the parts have."""
    schema: dict[str, pl.DataType] = {}
    for part in parts:
        for column, dtype in part.schema.items():
            plain = plain_type(dtype)
            if schema.setdefault(column, plain) != plain and column not in spec.types:
                raise MappingError(
                    f"tables.{name}: column {column!r} is {schema[column]} in {parts[0].label} "
                    f"and {plain} in {part.label}. State its type under 'types'."
                )
    return schema | {c: _DTYPES[t] for c, t in spec.types.items() if c in schema}


def _matching(
    name: str, spec: TableSpec, sources: Sequence[Source], root: Path | None
) -> list[tuple[Source, str]]:
    """Sources whose name fits the table's patterns, pattern by pattern."""
    labels = [(source, _label(source, root)) for source in sources]
    found: list[tuple[Source, str]] = []
    for pattern in spec.file:
        fits = [pair for pair in labels if _fits(pair, pattern)]
        if not fits:
            known = [label for _, label in labels]
            raise MappingError(
                f"tables.{name}.file: no file fits {pattern!r}. "
                f"{nearest(pattern, known) if known else 'There are no files at all.'}"
            )
        found += [pair for pair in fits if pair not in found]
    return found


def _label(source: Source, root: Path | None) -> str:
    if source.member is not None:
        return source.member
    if root is not None and source.path.is_relative_to(root):
        return source.path.relative_to(root).as_posix()
    return source.path.name


def _fits(pair: tuple[Source, str], pattern: str) -> bool:
    source, label = pair
    names = {label, label.removesuffix(".gz")}
    if "/" not in pattern:
        names |= {PurePosixPath(label).name, source.file_name}
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names)


def _file_part(source: Source, label: str, spec: TableSpec, request: ReadRequest) -> Part:
    if source.suffix in {".parquet", ".pq"}:
        return _parquet_part(source, label)
    if source.suffix in _SPREADSHEETS:
        return _sheet_part(source, label, spec, request)
    return _text_part(source, label, replace(request, encoding=spec.encoding or request.encoding))


def _text_part(source: Source, label: str, request: ReadRequest) -> Part:
    """A delimited text; ``@row`` is the line."""
    opened = delimited.open_table(source, request)
    checks = TextChecks(request.repair_text, opened.notes)
    rejects: list[pl.DataFrame] = []

    def read(columns: Sequence[str]) -> pl.DataFrame:
        schema = {ROW: pl.Int64(), **dict.fromkeys(columns, pl.String())}
        frames = [pl.DataFrame(schema=schema)]
        for chunk in opened.chunks(opened.notes):
            frames.append(checks.apply(chunk.rows.select(ROW, *columns)))
            if chunk.rejects is not None:
                rejects.append(chunk.rejects)
        return pl.concat(frames)

    schema: dict[str, pl.DataType] = dict.fromkeys(opened.columns, pl.String())
    return Part(label, schema, read, opened.notes, rejects)


def _parquet_part(source: Source, label: str) -> Part:
    def read(columns: Sequence[str]) -> pl.DataFrame:
        with _readable(source), source.local_file() as path:
            return _numbered(pl.scan_parquet(path, glob=False).select(columns).collect())

    with _readable(source), source.local_file() as path:
        schema = dict(pl.read_parquet_schema(path))
    return Part(label, schema, read, Notes(source.name))


def _sheet_part(source: Source, label: str, spec: TableSpec, request: ReadRequest) -> Part:
    """A sheet of a workbook: times stay times, all else is text; ``@row`` is the sheet's row."""
    opened = excel.open_table(source, replace(request, mapping=FlatMapping(sheet=spec.sheet)))
    checks = TextChecks(request.repair_text, opened.notes)
    frames = [_as_typed_by_hand(chunk.rows) for chunk in opened.chunks(opened.notes)]
    rows = pl.concat(frames)

    def read(columns: Sequence[str]) -> pl.DataFrame:
        return checks.apply(rows.select(ROW, *columns))

    return Part(label, dict(rows.drop(ROW).schema), read, opened.notes)


def _as_typed_by_hand(rows: pl.DataFrame) -> pl.DataFrame:
    """Numbers as a person would write them: a key 12 is no 12.0."""
    columns = [c for c, t in rows.schema.items() if c != ROW and not t.is_temporal()]
    return rows.with_columns(as_ids(rows[c]) for c in columns)


def _database_part(name: str, spec: TableSpec, database: str | None, request: ReadRequest) -> Part:
    uri = spec.database or database
    if uri is None:
        raise MappingError(
            f"tables.{name} is read from a database, but none is named. Add 'database: "
            "sqlite:///…' or 'postgresql://…' to it, or give the database as the source."
        )
    source = Database.parse(uri, table=spec.table, query=spec.sql)
    encoding = spec.encoding or request.encoding

    def read(columns: Sequence[str]) -> pl.DataFrame:
        none = pl.DataFrame(schema={c: schema[c] for c in columns})
        rows = source.frames(request.batch_rows, notes, encoding=encoding, only=columns)
        return _numbered(pl.concat([none, *(frame.select(columns) for frame in rows)]))

    schema, notes = source.schema(), Notes(source.shown)
    return Part(f"{source.place}#{name}", schema, read, notes)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{source.name} cannot be read as Parquet: {reason}. Export the file again."
        ) from error


def _check_cells(name: str, rows: pl.DataFrame, columns: Sequence[str], limit_bytes: int) -> None:
    for column in columns:
        if column in rows.columns and rows[column].dtype == pl.String:
            longest = rows[column].str.len_bytes().max()
            if isinstance(longest, int) and longest > limit_bytes:
                raise UnsafeSourceError(
                    f"Table {name} holds a cell of {longest:,} bytes in column {column!r}. "
                    "Check the quotes of the file; no record has cells of this size."
                )


def _typed(values: pl.Series, dtype: pl.DataType, zone: str) -> tuple[pl.Series, pl.Series]:
    """The values in another type, and which of them were there but could not be read."""
    if dtype == UTC_NS:
        times = parse_times(values, zone=zone)
        return times.utc, times.unreadable
    text = values.cast(pl.String).str.strip_chars()
    present = text.is_not_null() & (text != "")
    if dtype == pl.String:
        return values.cast(pl.String), values.is_null() & False
    if dtype == pl.Boolean:
        words = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
        typed = text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    else:
        # SAP writes the minus behind the number.
        typed = text.str.replace(r"^([0-9.]+)-$", "-$1").cast(dtype, strict=False)
    return typed, present & typed.is_null()
