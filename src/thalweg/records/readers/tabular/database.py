"""Databases as sources: SQLite and PostgreSQL, read through ADBC and only ever read.

A source is a URI that names a table or a query::

    sqlite:///orders.db?table=events                       a path (four slashes: an absolute one)
    postgresql://user@host/erp?query=SELECT * FROM events  everything else is libpq's

Rows stream from the server in Arrow batches. The server converts what records cannot hold:
whole numbers stay whole, decimals become floating-point numbers, and types such as JSON, UUID
and arrays become text. Passwords are never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import polars as pl

from thalweg.errors import MissingExtraError, RequestError, SourceError
from thalweg.records.intake import ROW, Intake, ReadRequest
from thalweg.records.mapping.flat import nearest
from thalweg.records.readers.notes import Notes
from thalweg.records.readers.tabular.database_rows import (
    BATCH_BYTES,
    Column,
    as_records,
    gathered,
    postgresql_columns,
    quoted,
    sample,
    sound_text,
    sqlite_columns,
)
from thalweg.records.readers.tabular.flat import Chunk, Table, intake

SCHEMES = ("sqlite", "postgresql", "postgres")
_READ_ONLY = "-c default_transaction_read_only=on"
_CONNECT_TIMEOUT_S = "10"
_BATCH_SIZES = {
    "sqlite": {"adbc.sqlite.query.batch_rows": "65536"},
    "postgresql": {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)},
}
_EXAMPLE = "sqlite:///orders.db?table=events or postgresql://user@host/erp?query=SELECT …"
_OWN_OPTIONS = ("table", "query")


def shown_uri(uri: str) -> str:
    """A database URI as people may see it: without the password.

    Raises   RequestError: no such kind of database, or an address that cannot be read.
    """
    parts, options = _taken_apart(uri)
    return _shown(parts, dict(o for o in options if o[0] in _OWN_OPTIONS))


def read(uri: str, request: ReadRequest) -> Intake:
    """Read a table or query by the flat mapping of the request; ``@row`` counts rows from 1.

    Raises   SourceError: the database cannot be reached, or the table or a column is not in it.
             MissingExtraError: the driver is not installed.
             MappingError: the mapping does not fit the columns.
    """
    return intake(open_table(uri, request), request)


def open_table(
    uri: str, request: ReadRequest, *, table: str | None = None, query: str | None = None
) -> Table:
    """Open a table or query: learn its columns, read its rows when asked.

    ``table`` and ``query`` stand in for those of the URI.
    """
    source = Database.parse(uri, table=table, query=query)

    def chunks(notes: Notes) -> Iterator[Chunk]:
        done = 0
        for frame in source.frames(request.batch_rows, notes, encoding=request.encoding):
            rows = frame.with_row_index(ROW, done + 1).with_columns(pl.col(ROW).cast(pl.Int64))
            yield Chunk(rows)
            done += len(frame)

    columns = tuple(source.schema())
    about = {"database": source.kind, "source": source.shown}
    return Table("sql", columns, chunks, Notes(source.shown), about=about)


@dataclass(frozen=True, slots=True)
class Database:
    """A table or query of a database.

    shown   the URI without password, for people.
    """

    kind: Literal["sqlite", "postgresql"]
    shown: str
    query: str
    _connect_to: str = field(repr=False)
    _known: list[Column] = field(default_factory=list, repr=False, compare=False)

    @property
    def place(self) -> str:
        """The database without the table or query."""
        return self.shown.partition("?")[0]

    @staticmethod
    def parse(uri: str, *, table: str | None = None, query: str | None = None) -> Database:
        """Take a URI apart; ``table`` and ``query`` stand in for those of the URI.

        Raises   RequestError: no such kind of database, or not exactly one table or query.
        """
        parts, options = _taken_apart(uri)
        stated = dict(o for o in options if o[0] in _OWN_OPTIONS)
        if table is not None or query is not None:
            stated = {"table": table or "", "query": query or ""}
        wanted = {k: v for k, v in stated.items() if v}
        rest = [o for o in options if o[0] not in _OWN_OPTIONS]
        kind: Literal["sqlite", "postgresql"]
        kind = "sqlite" if parts.scheme == "sqlite" else "postgresql"
        shown = _shown(parts, wanted)
        if len(wanted) != 1:
            raise RequestError(f"{shown} names no table and no query, or both. Write {_EXAMPLE}.")
        sql = _select_only(wanted["query"]) if "query" in wanted else _select_all(wanted["table"])
        if kind == "sqlite":
            return Database(kind, shown, sql, unquote(parts.path)[1:])
        return Database(kind, shown, sql, _libpq(parts, rest))

    def schema(self) -> dict[str, pl.DataType]:
        """Columns in order, with the types that ``frames`` will give them."""
        with self._connected() as connection, self._explained(connection):
            return {name: dtype for name, dtype, _ in self._columns(connection)}

    def frames(
        self,
        batch_rows: int,
        notes: Notes | None = None,
        *,
        encoding: str | None = None,
        only: Sequence[str] | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows, streamed: at most ``batch_rows`` at a time, and ``only`` some columns.

        ``notes`` hears of odd times and text; ``encoding`` is that of text that is not UTF-8,
        which SQLite lets anybody store.
        """
        with self._connected() as connection, self._explained(connection):
            columns = [c for c in self._columns(connection) if only is None or c[0] in only]
            schema = {name: dtype for name, dtype, _ in columns}
            with connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**_BATCH_SIZES[self.kind])
                cursor.execute(self._typed_query(columns))
                batches = (
                    pl.DataFrame(pl.from_arrow(sound_text(b, self.shown, encoding, notes)))
                    for b in cursor.fetch_record_batch()
                )
                first = 1 if self.kind == "sqlite" else 0
                for frame in gathered(batches, batch_rows, first):
                    yield as_records(frame, schema, notes)

    def _columns(self, connection: Any) -> list[Column]:
        """Name, type and SQL expression of every column, asked for once."""
        if self._known:
            return self._known
        found = sqlite_columns if self.kind == "sqlite" else postgresql_columns
        columns = found(connection, self.query)
        names = [name for name, _, _ in columns]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise SourceError(
                f"{self.shown} gives two columns the name {twice[0]!r}. "
                "Give each its own name with AS."
            )
        self._known.extend(columns)
        return columns

    def _typed_query(self, columns: Sequence[Column]) -> str:
        chosen = ", ".join(f"{sql} AS {quoted(name)}" for name, _, sql in columns)
        rows = f"SELECT {chosen} FROM ({self.query}\n) AS records"
        if self.kind == "postgresql":
            return rows
        # SQLite's driver takes each column's type from the first rows: a row of the right types
        # goes ahead and is dropped again.
        ahead = ", ".join(f"{sample(dtype)} AS {quoted(name)}" for name, dtype, _ in columns)
        return f"SELECT {ahead} UNION ALL SELECT * FROM ({rows})"

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A connection that cannot write."""
        if self.kind == "sqlite" and not Path(self._connect_to).is_file():
            raise SourceError(f"There is no SQLite file {self._connect_to}. Check the path.")
        try:
            import adbc_driver_manager

            driver = import_module(f"adbc_driver_{self.kind}.dbapi")
        except ImportError as error:
            raise MissingExtraError(f"The {self.kind} driver", "sql") from error
        target = self._connect_to
        if self.kind == "sqlite":
            target = f"file:{quote(str(Path(target).resolve()))}?mode=ro"
        reason = None
        try:
            connection = driver.connect(target)
        except adbc_driver_manager.Error as error:
            reason = _first_line(str(error))
        if reason is not None:
            # Raised outside the handler: what the driver says may hold the password.
            raise SourceError(
                f"{self.shown} cannot be opened: {without_secrets(reason, target)}. Check host, "
                "database, user and password (PGPASSWORD or a .pgpass file)."
                if self.kind == "postgresql"
                else f"{self.shown} cannot be opened: {reason}."
            )
        with connection:
            if self.kind == "sqlite":
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA trusted_schema = OFF")
            yield connection

    @contextmanager
    def _explained(self, connection: Any) -> Iterator[None]:
        """Turn what the database refuses into errors that name what is there instead."""
        from adbc_driver_manager import Error

        try:
            yield
        except (Error, OSError) as error:
            reason = _first_line(str(error))
            hint = self._hint(connection, reason)
            raise SourceError(f"{self.shown}: {reason}. {hint}") from error

    def _hint(self, connection: Any, reason: str) -> str:
        table = re.search(r'no such table: (\S+)|relation "([^"]+)" does not exist', reason)
        column = re.search(r'no such column: (\S+)|column "?([\w.]+)"? does not exist', reason)
        found = table or column
        if found is None:
            return "Check the query."
        word = next(g for g in found.groups() if g)
        connection.rollback()
        sql = _NAMES[self.kind]["tables" if table else "columns"]
        with connection.cursor() as cursor:
            cursor.execute(sql)
            known = sorted({str(name) for (name,) in cursor.fetchall()})
        plain = word.rsplit(".", 1)[-1]
        return nearest(plain, known) if known else "The database holds no table."


_NAMES = {
    "sqlite": {
        "tables": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",
        "columns": "SELECT c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
        "WHERE t.type IN ('table', 'view')",
    },
    "postgresql": {
        "tables": "SELECT table_name::text FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
        "columns": "SELECT column_name::text FROM information_schema.columns "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    },
}


def _select_only(query: str) -> str:
    """A query that can stand inside another one."""
    text = query.strip().rstrip(";").strip()
    if not re.match(r"(?is)(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|values)\b", text):
        word = text.split(None, 1)[0] if text else ""
        raise RequestError(f"A query must be a SELECT, and this one starts with {word!r}.")
    return text


def _select_all(table: str) -> str:
    """All rows of a table; ``schema.table`` names both parts."""
    return f"SELECT * FROM {'.'.join(quoted(part) for part in table.split('.'))}"


def _taken_apart(uri: str) -> tuple[SplitResult, list[tuple[str, str]]]:
    """The parts of a URI and its options."""
    scheme = uri.split(":", 1)[0].lower()
    if scheme not in SCHEMES:
        raise RequestError(f"There is no database kind {scheme!r}. Write {_EXAMPLE}.")
    parts = urlsplit(uri)
    return parts, parse_qsl(parts.query, keep_blank_values=True)


def _shown(parts: SplitResult, wanted: dict[str, str]) -> str:
    what = "&".join(f"{k}={v}" for k, v in wanted.items())
    if parts.scheme == "sqlite":
        place = "sqlite://" + _sqlite_place(parts.netloc, parts.path)
    else:
        place = "postgresql://" + _server(parts)
    return f"{place}?{what}" if what else place


def _sqlite_place(host: str, path: str) -> str:
    if host or len(path) < 2:
        raise RequestError(
            "An SQLite file is named sqlite:///path, with a fourth slash for an absolute path."
        )
    return unquote(path)


def _server(parts: SplitResult) -> str:
    """User, host, port and database without the password."""
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = None
    if port is None or "@" in parts.path:
        raise RequestError(
            "The address of the PostgreSQL server cannot be read. Percent-encode reserved "
            "characters in user and password (/ is %2F, @ is %40, # is %23)."
        )
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return f"{user}{parts.hostname or ''}{port}{parts.path}"


def _libpq(parts: SplitResult, options: list[tuple[str, str]]) -> str:
    """The URI for libpq, made read-only."""
    own = dict(options)
    own["options"] = f"{own.get('options', '')} {_READ_ONLY}".strip()
    own.setdefault("connect_timeout", _CONNECT_TIMEOUT_S)
    own.setdefault("application_name", "thalweg")
    return f"postgresql://{parts.netloc}{parts.path}?{urlencode(own, quote_via=quote)}"


def without_secrets(text: str, uri: str) -> str:
    parts = urlsplit(uri)
    secrets = {parts.password or "", unquote(parts.password or "")}
    secrets |= {v for k, v in parse_qsl(parts.query) if "password" in k}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _first_line(message: str) -> str:
    """The sentence of a driver's message that says what is wrong."""
    line = message.strip().split("\n", 1)[0]
    line = re.sub(r"^[A-Z_]+: ", "", line)
    line = re.sub(r"^(\[\w+\] )?(Failed to \w+( query)?( '.*')?: )?", "", line)
    line = re.sub(r"^(could not begin COPY: )?(ERROR|FATAL): +", "", line)
    return line.strip().rstrip(".")
