"""A table or query of SQLite or PostgreSQL gives the events that the same rows give as CSV."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest

from thalweg.errors import MappingError, MissingExtraError, RequestError, SourceError
from thalweg.records.ingest import ingest
from thalweg.records.intake import ReadRequest
from thalweg.records.mapping.flat import FlatMapping, ObjectMapping
from thalweg.records.mapping.tables import TablesMapping
from thalweg.records.mapping.tables_file import parse_tables_mapping, shipped_mappings
from thalweg.records.readers.joined.tables import read_tables
from thalweg.records.readers.tabular import database, delimited
from thalweg.records.readers.tabular.database import Database
from thalweg.records.sources import Source

ROWS: list[tuple[str, str, str, str | None, str | None, int | None]] = [
    ("000123", "下单", "2024-03-01T08:00:00+08:00", "张伟", "11.50", 1),
    ("000123", "发货", "2024-03-02T09:30:00.250+08:00", None, "-0.25", None),
    ("000124", "下单", "2024-03-31T02:30:00+02:00", 'O\'Neill; "x"', None, 3),
    ("000124", "付款, 部分", "2024-10-27T02:30:00+00:00", "张伟", "1234567.89", 4),
]
COLUMNS = ("order_id", "activity", "at", "clerk", "amount", "step")
MAPPING = FlatMapping(
    objects=(ObjectMapping(column="order_id", type="order"),),
    activity="activity",
    time="at",
    roles={"resource": "clerk"},
    attributes={"amount": "number", "step": "integer"},
)
REQUEST = ReadRequest(mapping=MAPPING)
_SERVER_WAIT_S = 30


def _server_program(name: str) -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    on_path = shutil.which(name)
    return found[0] if found else Path(on_path) if on_path else None


def _as_user(folder: Path) -> tuple[dict[str, int], str]:
    """How to start the server: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}, pwd.getpwuid(os.geteuid()).pw_name
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid}, user.pw_name


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """URI of a throw-away server on a Unix socket, without database and query."""
    initdb, pg_ctl = _server_program("initdb"), _server_program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("no PostgreSQL server program (initdb, pg_ctl) on this machine")
    # The path of a Unix socket is short by law, so not below pytest's own folder.
    with tempfile.TemporaryDirectory(prefix="thalweg-pg-") as name:
        folder = Path(name)
        who, _ = _as_user(folder)

        def run(program: Path, *arguments: str) -> None:
            command = [str(program), "-D", str(folder / "data"), *arguments]
            subprocess.run(
                command, check=True, capture_output=True, cwd=folder, env={"LC_ALL": "C"}, **who
            )

        run(initdb, "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -F -c TimeZone=Asia/Shanghai"
        run(
            pg_ctl,
            "-w",
            "-t",
            str(_SERVER_WAIT_S),
            "-o",
            options,
            "-l",
            str(folder / "log"),
            "start",
        )
        try:
            yield f"postgresql://tester:geheim%21@/postgres?host={quote(name)}"
        finally:
            run(pg_ctl, "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def filled_postgres(postgres: str) -> str:
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table events (order_id text, activity varchar(20), at timestamptz, "
            "clerk text, amount numeric(12, 2), step integer)"
        )
        for row in ROWS:
            cells = ", ".join(
                "NULL" if c is None else "'" + str(c).replace("'", "''") + "'" for c in row
            )
            cursor.execute(f"insert into events values ({cells})")
    return postgres


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("csv") / "events.csv"
    pl.DataFrame(ROWS, schema=list(COLUMNS), orient="row").write_csv(path)
    return path


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite data") / "日志 #1.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "create table events (order_id text, activity text, at text, clerk text, "
            "amount numeric, step integer)"
        )
        connection.executemany("insert into events values (?, ?, ?, ?, ?, ?)", ROWS)
    connection.close()
    return path


def lite(path: Path, rest: str) -> str:
    return f"sqlite:///{quote(str(path))}?{rest}"


def events(uri: str, request: ReadRequest = REQUEST) -> pl.DataFrame:
    return pl.concat([b.events for b in database.read(uri, request).batches])


def comparable(frame: pl.DataFrame) -> pl.DataFrame:
    named = {"@activity", "@time", "order_id", "clerk", "amount", "step"}
    return frame.select(sorted(named & set(frame.columns)))


@pytest.fixture(scope="module")
def from_csv(csv: Path) -> pl.DataFrame:
    batches = delimited.read(Source(csv), REQUEST).batches
    frame = pl.concat([b.events for b in batches])
    assert frame["clerk"].to_list()[2] == 'O\'Neill; "x"'
    assert frame["amount"].to_list() == [11.5, -0.25, None, 1234567.89]
    return frame


class TestSqlite:
    def test_a_table_gives_the_events_of_the_same_csv(
        self, sqlite: Path, from_csv: pl.DataFrame
    ) -> None:
        found = events(lite(sqlite, "table=events"))
        assert comparable(found).equals(comparable(from_csv))
        assert found["@row"].to_list() == [1, 2, 3, 4]

    def test_a_query_chooses_and_orders_rows(self, sqlite: Path) -> None:
        sql = "SELECT * FROM events WHERE order_id = '000124' ORDER BY at DESC; -- latest first"
        found = events(lite(sqlite, f"query={quote(sql.split(';')[0])}"))
        assert found["@activity"].to_list() == ["付款, 部分", "下单"]

    def test_columns_that_hold_several_types_are_read_as_text_to_the_last_row(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "mixed.db"
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (id, n, r, empty)")
            connection.executemany("insert into t values (?, ?, ?, ?)", [(None,) * 4] * 3_000)
            last = [
                ("0007", 1, 1, None),
                (7, 2, 0.1, None),
                (1 / 3, 3, 2, None),
                (b"\x00\xff", 4, 3, None),
            ]
            connection.executemany("insert into t values (?, ?, ?, ?)", last)
        connection.close()
        source = Database.parse(lite(path, "table=t"))
        frames = list(source.frames(1_000))
        assert [len(f) for f in frames][-1] > 0
        rows = pl.concat(frames)
        assert len(rows) == 3_004
        assert max(map(len, frames)) <= 1_000
        assert rows.schema == source.schema()
        assert list(rows.schema.values()) == [pl.String, pl.Int64, pl.Float64, pl.String]
        *words, third, last_id = rows["id"].to_list()[-4:]
        assert (words, float(third), last_id) == (["0007", "7"], 1 / 3, "00ff")
        assert rows["n"].to_list()[-4:] == [1, 2, 3, 4]
        assert rows["r"].to_list()[-4:] == [1.0, 0.1, 2.0, 3.0]

    def test_the_file_cannot_be_written(self, sqlite: Path) -> None:
        before = sqlite.read_bytes()
        for sql in ("DELETE FROM events", "DROP TABLE events"):
            with pytest.raises(RequestError, match="must be a SELECT"):
                Database.parse(lite(sqlite, f"query={quote(sql)}"))
        source = Database.parse(lite(sqlite, "table=events"))
        with source._connected() as connection, connection.cursor() as cursor:
            import adbc_driver_manager

            with pytest.raises(adbc_driver_manager.Error, match="readonly"):
                cursor.execute("DELETE FROM events")
        assert sqlite.read_bytes() == before

    def test_text_that_is_not_utf_8_needs_its_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "gbk.db"
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (order_id text, activity text, at text)")
            connection.execute(
                "insert into t values ('1', cast(? as text), '2024-01-01'), ('1', '发货', '2024-01-02')",
                ["下单".encode("gb18030")],
            )
        connection.close()
        mapping = MAPPING.model_copy(update={"roles": {}, "attributes": "all"})
        with pytest.raises(SourceError, match=r"not UTF-8 \(column 'activity', bytes cf c2 b5 a5"):
            events(lite(path, "table=t"), ReadRequest(mapping=mapping))
        request = ReadRequest(mapping=mapping, encoding="gb18030")
        intake = database.read(lite(path, "table=t"), request)
        found = pl.concat([b.events for b in intake.batches])
        assert found["@activity"].to_list() == ["下单", "发货"]
        decoded = {f.code: f.count for f in intake.findings}
        assert decoded["text_decoded"] == 1

    def test_a_file_that_is_not_there_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"no SQLite file .*none\.db"):
            events(lite(tmp_path / "none.db", "table=t"))
        assert not (tmp_path / "none.db").exists()

    def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("this is no database " * 100)
        with pytest.raises(SourceError, match="not a database"):
            events(lite(tmp_path / "x.db", "table=t"))

    def test_unknown_tables_and_columns_are_answered_with_the_nearest(self, sqlite: Path) -> None:
        with pytest.raises(SourceError, match=r"no such table: event\. Did you mean 'events'\?"):
            events(lite(sqlite, "table=event"))
        with pytest.raises(SourceError, match=r"no such column: clark\. Did you mean 'clerk'\?"):
            events(lite(sqlite, "query=select clark from events"))

    def test_a_mapping_that_names_another_column_is_refused(self, sqlite: Path) -> None:
        wrong = MAPPING.model_copy(update={"time": "when"})
        with pytest.raises(MappingError, match="'when'"):
            events(lite(sqlite, "table=events"), ReadRequest(mapping=wrong))


@pytest.mark.postgres
class TestPostgres:
    def test_a_table_gives_the_events_of_the_same_csv(
        self, filled_postgres: str, from_csv: pl.DataFrame
    ) -> None:
        found = events(f"{filled_postgres}&table=events")
        assert comparable(found).equals(comparable(from_csv))

    def test_a_query_and_a_table_with_its_schema(
        self, filled_postgres: str, from_csv: pl.DataFrame
    ) -> None:
        assert comparable(events(f"{filled_postgres}&table=public.events")).equals(
            comparable(from_csv)
        )
        sql = quote("select * from events order by at desc -- newest first")
        found = events(f"{filled_postgres}&query={sql}")
        assert found["@activity"].to_list()[0] == "付款, 部分"

    def test_types_that_records_do_not_know_become_text_or_numbers(self, postgres: str) -> None:
        sql = """select '{"a": 1}'::jsonb as j, 'c0ffee00-0000-0000-0000-000000000001'::uuid as u,
            array['x', 'y'] as a, '1 day 02:00'::interval as i, 12::numeric(10) as whole,
            0.1::numeric(30, 3) as part, 1.5::numeric as loose, '\\x00ff'::bytea as b,
            true as yes, '2024-01-02'::date as day, '2024-01-02 03:04:05.123456'::timestamp as local,
            '10:00'::time as clock, 7::smallint as small, 2.5::real as real,
            12345678901234567890::numeric(20) as huge"""
        source = Database.parse(f"{postgres}&query={quote(sql)}")
        (frame,) = source.frames(10)
        row = frame.row(0, named=True)
        assert row["local"].isoformat() == "2024-01-02T03:04:05.123456"
        assert row["day"].isoformat() == "2024-01-02"
        kept = {k: v for k, v in row.items() if k not in {"local", "day"}}
        assert kept == {
            "j": '{"a": 1}',
            "u": "c0ffee00-0000-0000-0000-000000000001",
            "a": "{x,y}",
            "i": "1 day 02:00:00",
            "whole": 12,
            "part": 0.1,
            "loose": 1.5,
            "b": "\\x00ff",
            "yes": True,
            "clock": "10:00:00",
            "small": 7,
            "real": 2.5,
            "huge": "12345678901234567890",
        }
        assert frame.schema == source.schema()

    def test_never_and_the_year_9999_are_no_times_and_are_told(
        self, postgres: str, tmp_path: Path
    ) -> None:
        sql = """select * from (values
            ('a', 'infinity'::timestamptz, '-infinity'::timestamp, 'infinity'::date),
            ('b', '9999-12-31', '2024-01-01 10:00', '9999-12-31'),
            ('c', '2024-01-02 10:00Z', null, '2024-02-03')) as v (id, at, local, until)"""
        mapping = parse_tables_mapping(f"""
kind: tables
timezone: Asia/Shanghai
tables: {{t: {{sql: {sql!r}, database: "{postgres}"}}}}
events:
  - name: signed
    from: t
    where: {{any: [{{column: until, empty: true}}, {{column: until, above: 2024-01-01}}]}}
    time: at
    objects: [{{type: contract, id: id}}]
    attributes: {{local: local, until: until}}
""")
        intake = read_tables(mapping, tmp_path)
        _, batch = intake.batches
        shown = batch.events.select(
            "contract", pl.col("@time", "local", "until").dt.strftime("%F %R")
        )
        assert shown.rows() == [
            ("a", None, None, None),
            ("c", "2024-01-02 10:00", None, "2024-02-02 16:00"),
        ]
        assert batch.rejects is not None
        assert batch.rejects.select("@row", "reason").rows() == [(2, "time_unreadable")]
        infinite = {f.where: f.count for f in intake.findings if f.code == "time_infinite"}
        place = "postgresql://tester@/postgres#t"
        assert infinite == {f"{place}: {column}": 1 for column in ("at", "local", "until")}
        assert batch.events["source_table"].unique().to_list() == [place]
        assert "cell_unreadable" not in {f.code for f in intake.findings}

    def test_nothing_can_be_written(self, filled_postgres: str) -> None:
        sql = quote("with gone as (delete from events returning *) select * from gone")
        with pytest.raises(SourceError, match=r"read-only transaction|data-modifying"):
            events(f"{filled_postgres}&query={sql}")
        sql = quote("select setval('s', 1)")
        with pytest.raises(SourceError):
            events(f"{filled_postgres}&query={sql}")
        assert len(events(f"{filled_postgres}&table=events")) == len(ROWS)

    def test_rows_stream_in_batches(self, postgres: str) -> None:
        sql = "select i::text as id, 'a' || i % 3 as activity, now() as at from generate_series(1, 200000) as i"
        source = Database.parse(f"{postgres}&query={quote(sql)}")
        sizes = [len(f) for f in source.frames(30_000)]
        assert sum(sizes) == 200_000
        assert max(sizes) <= 30_000

    def test_unknown_tables_columns_and_databases_are_named_without_the_password(
        self, filled_postgres: str
    ) -> None:
        with pytest.raises(
            SourceError, match=r'"event" does not exist\. Did you mean .events.'
        ) as e:
            events(f"{filled_postgres}&table=event")
        sql = quote("select clark from events")
        with pytest.raises(SourceError, match=r"clark. does not exist\. Did you mean .clerk.") as f:
            events(f"{filled_postgres}&query={sql}")
        missing = filled_postgres.replace("/postgres?", "/nowhere?")
        with pytest.raises(SourceError, match='"nowhere" does not exist') as g:
            events(f"{missing}&table=events")
        for error in (e, f, g):
            assert "geheim" not in "".join(map(str, _chain(error.value)))

    def test_tables_of_a_mapping_can_be_queries_and_files_together(
        self, filled_postgres: str, tmp_path: Path
    ) -> None:
        (tmp_path / "orders.csv").write_text(
            "no,customer\n000123,甲\n000124,乙\n", encoding="utf-8"
        )
        mapping = parse_tables_mapping(f"""
kind: tables
tables:
  orders: {{file: orders.csv, key: [no]}}
  events: {{sql: "select * from events order by at", database: "{filled_postgres}"}}
events:
  - name: event
    from: events
    join: {{table: orders, on: {{order_id: no}}}}
    activity: activity
    time: at
    resource: clerk
    objects: [{{type: order, id: order_id}}, {{type: customer, id: customer}}]
    attributes: {{amount: amount}}
""")
        intake = read_tables(mapping, tmp_path)
        found = pl.concat([b.events for b in intake.batches], how="diagonal")
        assert found["customer"].to_list() == ["甲", "甲", "乙", "乙"]
        assert found["amount"].to_list() == [11.5, -0.25, None, 1234567.89]
        assert "geheim" not in str(found["source_table"].to_list()) + str(intake)


@pytest.fixture(scope="module")
def sap(logs: Path) -> Path:
    return logs / "erp_tables" / "bpi2019_sample"


def as_database_tables(text: str) -> str:
    """The shipped mapping, with each file replaced by the table of that name."""
    return re.sub(r"\{file: (\w+)\.csv", r"{table: \1", text)


def all_events(mapping: TablesMapping, origin: Path | str) -> list[pl.DataFrame]:
    return [
        b.events.drop("@row", "source_table", strict=False)
        for b in read_tables(mapping, origin).batches
    ]


def test_the_tables_of_an_erp_join_alike_from_files_and_from_a_database(
    sap: Path, tmp_path: Path
) -> None:
    text = shipped_mappings()["sap_purchasing"].read_text(encoding="utf-8")
    database_file = tmp_path / "sap.db"
    with sqlite3.connect(database_file) as connection:
        for path in sap.glob("*.csv"):
            table = pl.read_csv(path, infer_schema=False)
            columns = ", ".join(f'"{c}" text' for c in table.columns)
            connection.execute(f"create table {path.stem} ({columns})")
            marks = ", ".join("?" * table.width)
            connection.executemany(f"insert into {path.stem} values ({marks})", table.rows())
    connection.close()
    from_files = all_events(parse_tables_mapping(text), sap)
    in_database = parse_tables_mapping(as_database_tables(text))
    assert "{file:" not in as_database_tables(text)
    from_database = all_events(in_database, f"sqlite:///{quote(str(database_file))}")
    assert [len(f) for f in from_files] == [0, 300, 2_886, 884, 683, 905, 663, 643]
    for ours, theirs in zip(from_database, from_files, strict=True):
        assert ours.equals(theirs)


def test_a_book_of_a_database_holds_its_events_and_not_its_password(
    sqlite: Path, tmp_path: Path
) -> None:
    book = ingest(lite(sqlite, "table=events"), tmp_path / "book", mapping=MAPPING)
    assert book.perspective("order").entries == len(ROWS)
    assert book.trust.rows_kept == len(ROWS)


@pytest.mark.postgres
def test_a_book_of_a_server_never_holds_the_password(filled_postgres: str, tmp_path: Path) -> None:
    book = ingest(f"{filled_postgres}&table=events", tmp_path / "book", mapping=MAPPING)
    assert book.perspective("order").entries == len(ROWS)
    files = [path for path in (tmp_path / "book").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"geheim" in path.read_bytes()]


class TestNames:
    def test_a_password_is_never_shown(self) -> None:
        for uri in (
            "postgresql://me:s3cret@nowhere.invalid/erp?table=t&connect_timeout=1",
            "postgresql://me@nowhere.invalid/erp?password=s3cret&table=t&connect_timeout=1",
            "postgresql://me:s3cr%65t@nowhere.invalid/erp?table=t&connect_timeout=1",
        ):
            source = Database.parse(uri)
            assert source.shown == "postgresql://me@nowhere.invalid/erp?table=t"
            assert "s3cr" not in repr(source)
            with pytest.raises(SourceError, match="cannot be opened") as error:
                source.schema()
            assert "s3cr" not in "".join(map(str, _chain(error.value)))

    @pytest.mark.parametrize(
        ("uri", "message"),
        [
            ("mysql://host/db?table=t", "no database kind 'mysql'"),
            ("postgresql://me:p/w@host/db?table=t", "Percent-encode"),
            ("postgresql://host/db", "no table and no query"),
            ("sqlite:///x.db?table=t&query=select 1", "no table and no query, or both"),
            ("sqlite://x.db?table=t", "sqlite:///path"),
            ("sqlite:///x.db?query=pragma user_version", "must be a SELECT"),
        ],
    )
    def test_uris_that_make_no_sense_say_what_to_write(self, uri: str, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            Database.parse(uri)

    def test_a_missing_driver_names_the_extra(
        self, sqlite: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import sys

        monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'thalweg\[sql\]'"):
            events(lite(sqlite, "table=events"))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def test_a_table_behind_a_plain_path_is_told_the_right_form(tmp_path: Path) -> None:
    file = tmp_path / "erp.sqlite"
    with sqlite3.connect(file) as db:
        db.execute("create table gl (party text, month text, account text, amount real)")
        db.execute("insert into gl values ('F1', '2024-01', 'Sales', 5)")
    db.close()
    with pytest.raises(RequestError) as caught:
        ingest((), tmp_path / "refused", ledger=f"{file}?table=gl")
    form = re.search(r"sqlite:///\S+", str(caught.value))
    assert form is not None
    ledger = ingest((), tmp_path / "book", ledger=form[0]).companion("ledger")
    assert ledger is not None and ledger["amount"].to_list() == [5.0]


def test_a_ledger_of_a_server_stands_beside_the_events(postgres: str, tmp_path: Path) -> None:
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table gl (bukrs text, month date, account varchar(20), amount numeric(14, 2), "
            "currency char(3), belnr text)"
        )
        cursor.execute(
            "insert into gl values ('1000', '2024-03-31', '主营业务收入', 1234.50, 'CNY', 'SO1'), "
            "(NULL, '2024-04-01', '推广费', -20, 'USD', NULL)"
        )
    book = ingest((), tmp_path / "book", ledger=f"{postgres}&table=gl")
    ledger = book.companion("ledger")
    assert ledger is not None
    columns = ("party", "month", "account", "amount", "currency", "document")
    assert ledger.select(columns).rows() == [
        ("1000", date(2024, 3, 1), "主营业务收入", 1234.5, "CNY", "SO1"),
        (None, date(2024, 4, 1), "推广费", -20.0, "USD", None),
    ]
    record = book.companion_record("ledger")
    assert record is not None and (record.format, record.sha256) == ("sql", "")
    assert "password" not in record.source
