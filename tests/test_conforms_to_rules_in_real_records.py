"""Rules on real records, against the same question asked in SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import thalweg
from thalweg.process.conformance.conform import conform_book
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.records.mapping.flat import FlatMapping
from thalweg.records.store.book import Book


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Book:
    folder = tmp_path_factory.mktemp("p2p") / "book"
    thalweg.ingest(logs / "ocel2" / "ocel2-p2p.sqlite.gz", into=folder)
    return thalweg.open_book(folder)


@pytest.fixture(scope="module")
def requisitions(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Book:
    folder = tmp_path_factory.mktemp("purchasing") / "book"
    mapping = FlatMapping(
        case="case:concept:name",
        activity="concept:name",
        time="time:timestamp",
        start="start_timestamp",
        roles={"resource": "org:resource"},
    )
    source = logs / "procurement" / "PurchasingExample.csv.gz"
    thalweg.ingest(source, mapping=mapping, into=folder)
    return thalweg.open_book(folder)


def checked(book: Book, of: str, **rule: Any) -> dict[str, Any]:
    rules = RuleFile.model_validate({"rules": [{"id": "r", **rule}]})
    return conform_book(book, type=of, rules=rules).tables["rules"].row(0, named=True)


def ask(book: Book, query: str) -> tuple[Any, ...]:
    """One row from SQL over events with their row, links with ids, and links between objects."""
    events = book.events(["@activity", "@time"]).collect().with_row_index("event")
    events = events.with_columns(t=pl.col("@time").cast(pl.Int64) / 1e9)
    links = pl.concat(
        book.links(kind)
        .collect()
        .select(
            pl.col("event").cast(pl.UInt32),
            id=book.object_ids(kind).gather(pl.Series(book.links(kind).collect()["object"])),
            type=pl.lit(kind),
        )
        for kind in book.types
    ).unique()
    recorded = book.object_links()
    assert recorded is not None
    base = duckdb.connect()
    for name, table in (("events", events), ("links", links), ("recorded", recorded)):
        base.register(name, table.to_arrow())
    row: tuple[Any, ...] = base.execute(query).fetchall()[0]
    return row


def test_maverick_buying_is_found_over_two_links(orders: Book) -> None:
    """An order is made without an approved requisition behind its quotation."""
    row = checked(
        orders,
        "purchase_order",
        kind="order",
        relation="precedence",
        first="Approve Purchase Requisition",
        then="Create Purchase Order",
        links=[{"type": "purchase_requisition", "via": "quotation", "by": "objects"}],
    )
    found = ask(
        orders,
        """
        with step as (
          select "@source" a, "@target" b, "@source_type" ta, "@target_type" tb from recorded
          union select "@target", "@source", "@target_type", "@source_type" from recorded),
        behind as (
          select distinct p.a o, q.b r from step p join step q on p.b = q.a
          where p.ta = 'purchase_order' and p.tb = 'quotation' and q.tb = 'purchase_requisition'),
        done as (select l.id, e."@activity" act, e.t, e.event from links l
          join events e using (event)),
        made as (select id, t, event from done where act = 'Create Purchase Order'
          and id in (select id from links where type = 'purchase_order'))
        select count(*), count(*) filter (not exists (
          select 1 from behind join done on done.id = behind.r
          where behind.o = made.id and act = 'Approve Purchase Requisition'
            and (done.t, done.event) < (made.t, made.event))) from made
        """,
    )
    assert (row["checked"], row["violated"]) == found
    assert found[1] > 300


def test_lengthy_approvals_are_found(orders: Book) -> None:
    row = checked(
        orders,
        "purchase_requisition",
        kind="time",
        **{"from": "Create Purchase Requisition"},
        to="Approve Purchase Requisition",
        within="3d",
        optional=True,
    )
    found = ask(
        orders,
        """
        with done as (select l.id, e."@activity" act, e.t from links l
          join events e using (event) where l.type = 'purchase_requisition'),
        spans as (select c.t began, (select min(a.t) from done a where a.id = c.id
            and a.act = 'Approve Purchase Requisition' and a.t > c.t) ended
          from done c where c.act = 'Create Purchase Requisition')
        select count(ended), count(*) filter (ended - began > 259200),
          sum(ended - began - 259200) filter (ended - began > 259200)
        from spans
        """,
    )
    assert (row["checked"], row["violated"]) == found[:2]
    assert row["excess_total_s"] == pytest.approx(found[2], abs=1)
    assert found[1] > 100


def test_the_same_person_asks_and_approves_in_a_classic_log(requisitions: Book, logs: Path) -> None:
    pair = ("Analyze Purchase Requisition", "Create Purchase Requisition")
    row = checked(requisitions, "case", kind="people", activities=list(pair))
    log = pl.read_csv(logs / "procurement" / "PurchasingExample.csv.gz", infer_schema_length=None)
    log = (
        log.with_row_index("n")
        .select(
            "n",
            o=pl.col("case:concept:name").cast(pl.String),
            a="concept:name",
            p="org:resource",
            t=pl.col("time:timestamp").str.to_datetime(time_zone="UTC"),
        )
        .filter(pl.col("a").is_in(pair))
    )
    duckdb.register("log", log)
    found = duckdb.sql(
        """
        with pairs as (select x.n, bool_or(x.p = y.p) bad from log x join log y
          on x.o = y.o and x.a <> y.a and (y.t, y.n) < (x.t, x.n) group by x.n)
        select count(*), count(*) filter (bad) from pairs
        """
    ).fetchall()[0]
    assert (row["checked"], row["violated"]) == found
    assert found[0] > 100
