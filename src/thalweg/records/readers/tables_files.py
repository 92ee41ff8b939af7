"""Tables of a mapping, opened: their columns first, their rows when a rule needs them.

A table may consist of several files or of a database query; each row remembers its file and its
row there. Only columns that some rule names are read.
"""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import polars as pl

from thalweg.errors import MappingError, SourceError, UnsafeSourceError
from thalweg.records.intake import ROW, UTC_NS, ReadRequest
from thalweg.records.mapping import nearest
from thalweg.records.sources import Source, expand
from thalweg.records.tables_mapping import ColumnType, TablesMapping, TableSpec
from thalweg.records.text.dates import parse_times
from thalweg.records.trust import Example, Finding

FILE = "@file"
"""UInt32: which file of the table a row is from."""

_DTYPES: dict[ColumnType, pl.DataType] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "time": UTC_NS,
}
_TRUE, _FALSE = ("true", "1", "x", "yes", "y", "t"), ("false", "0", "no", "n", "f")
_SEPARATORS = (",", ";", "\t", "|")
_EXAMPLES = 5

ReadPart = Callable[[Sequence[str]], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Part:
    """One file or query of a table: its label, its columns and how to read some of them."""

    label: str
    schema: dict[str, pl.DataType]
    read: ReadPart
    size_bytes: int = 0


@dataclass(slots=True)
class Table:
    """A table of the mapping.

    schema   columns in order, with the types that rules see.
    rows     the frame once read: ``@row`` (Int64, in its file, from 1), ``@file`` and columns.
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
            here = [c for c in columns if c in part.schema]
            frame = plain_types(part.read(here)).with_row_index(ROW, offset=1)
            frames.append(
                frame.select(
                    pl.col(ROW).cast(pl.Int64), pl.lit(number, pl.UInt32).alias(FILE), *here
                )
            )
            request.progress(part.size_bytes)
        rows = pl.concat(frames, how="diagonal_relaxed")
        _check_cells(self.name, rows, columns, request.limits.cell_bytes)
        findings = []
        for column in columns:
            if column not in rows.columns:
                rows = rows.with_columns(pl.lit(None, self.schema[column]).alias(column))
            if rows[column].dtype != self.schema[column]:
                typed, unreadable = _typed(rows[column], self.schema[column], zone)
                findings += self._unreadable(rows, column, unreadable)
                rows = rows.with_columns(typed.alias(column))
        self.rows = rows.select(ROW, FILE, *columns)
        return findings

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
    """Columns in the types that records know: text, Int64, Float64, Boolean, times.

    Decimals become numbers; categories, times of day and anything nested become text.
    """
    return frame.select(_plain(name, dtype) for name, dtype in frame.schema.items())


def plain_type(dtype: pl.DataType) -> pl.DataType:
    """The type that ``plain_types`` gives to a column."""
    if dtype.is_integer():
        return pl.Int64()
    if dtype.is_float() or dtype.is_decimal():
        return pl.Float64()
    if dtype == pl.Boolean:
        return pl.Boolean()
    if isinstance(dtype, pl.Datetime):
        return UTC_NS if dtype.time_zone is not None else pl.Datetime("ns")
    return pl.Date() if dtype == pl.Date else pl.String()


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    column, wanted = pl.col(name), plain_type(dtype)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return column.dt.convert_time_zone("UTC").cast(wanted)
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
    size = source.path.stat().st_size if source.member is None else 0
    if source.suffix in {".parquet", ".pq"}:
        with _readable(source), source.local_file() as path:
            schema = dict(pl.read_parquet_schema(path))
        return Part(label, schema, lambda columns: _read_parquet(source, columns), size)
    if source.suffix in {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}:
        header = _read_sheet(source, spec.sheet, 0)
        return Part(
            label,
            dict(header.schema),
            lambda columns: _read_sheet(source, spec.sheet).select(columns),
            size,
        )
    form = _TextForm.of(source, spec, request)
    with _readable(source), form.utf8(source) as path:
        names = pl.scan_csv(path, separator=form.separator, infer_schema=False).collect_schema()
    return Part(label, dict(names), lambda columns: _read_text(source, form, columns), size)


def _database_part(name: str, spec: TableSpec, database: str | None, request: ReadRequest) -> Part:
    from thalweg.records.readers.database import Database

    uri = spec.database or database
    if uri is None:
        raise MappingError(
            f"tables.{name} is read from a database, but none is named. Add 'database: "
            "sqlite:///…' or 'postgresql://…' to it, or give the database as the source."
        )
    source = Database.parse(uri)
    query = spec.sql if spec.sql is not None else source.select_all(str(spec.table))

    def read(columns: Sequence[str]) -> pl.DataFrame:
        frames = [frame.select(columns) for frame in source.stream(query, request.batch_rows)]
        return pl.concat(frames, how="vertical_relaxed")

    return Part(f"{source.shown}#{name}", source.schema(query), read)


@dataclass(frozen=True, slots=True)
class _TextForm:
    """How a text table is written."""

    separator: str
    encoding: str

    @staticmethod
    def of(source: Source, spec: TableSpec, request: ReadRequest) -> _TextForm:
        """As declared, or the separator that the header holds most often, and UTF-8 or its BOM."""
        head = source.head()
        encoding = spec.encoding or request.encoding or _encoding(source, head)
        try:
            line = head.decode(encoding, errors="replace").splitlines()[0]
        except (LookupError, IndexError) as error:
            if isinstance(error, IndexError):
                raise SourceError(f"{source.name} is empty. Export it with its header.") from error
            raise MappingError(
                f"There is no encoding {encoding!r}. Common ones are utf-8, gb18030 and latin-1."
            ) from error
        separator = spec.separator or max(_SEPARATORS, key=line.count)
        return _TextForm(separator, encoding)

    @contextmanager
    def utf8(self, source: Source) -> Iterator[Path]:
        """A file with the same text in UTF-8; gone afterwards."""
        if self.encoding.lower() in {"utf-8", "utf-8-sig", "utf8"}:
            with source.local_file() as path:
                yield path
            return
        with tempfile.TemporaryDirectory(prefix="thalweg-") as folder:
            path = Path(folder) / "table.csv"
            with source.open() as stream, path.open("w", encoding="utf-8", newline="") as out:
                shutil.copyfileobj(codecs.getreader(self.encoding)(stream), out)
            yield path


def _encoding(source: Source, head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{source.name} is not UTF-8 (byte {error.start}: {error.object[error.start]:#04x}). "
            "State the table's 'encoding', for example gb18030 or latin-1."
        ) from error
    return "utf-8"


def _read_text(source: Source, form: _TextForm, columns: Sequence[str]) -> pl.DataFrame:
    with _readable(source), form.utf8(source) as path:
        scan = pl.scan_csv(path, separator=form.separator, infer_schema=False)
        return scan.select(columns).collect()


def _read_parquet(source: Source, columns: Sequence[str]) -> pl.DataFrame:
    with _readable(source), source.local_file() as path:
        return pl.scan_parquet(path).select(columns).collect()


def _read_sheet(source: Source, sheet: str | None, rows: int | None = None) -> pl.DataFrame:
    import fastexcel

    with _readable(source), source.local_file() as path:
        book = fastexcel.read_excel(path)
        if sheet is not None and sheet not in book.sheet_names:
            raise MappingError(
                f"{source.name} has no sheet {sheet!r}. {nearest(sheet, book.sheet_names)}"
            )
        loaded = book.load_sheet(sheet or 0, dtypes="string", n_rows=rows)
        return loaded.to_polars()


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    try:
        yield
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{source.name} cannot be read as a table: {reason}. Check its separator and quotes."
        ) from error
    except UnicodeError as error:
        raise SourceError(
            f"{source.name} is not written in the encoding it was read in: {error}. "
            "State the table's 'encoding'."
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
