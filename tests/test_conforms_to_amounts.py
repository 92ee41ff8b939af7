"""Quantities and amounts of linked objects that have to agree: the three-way match."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

import thalweg
from conform_helpers import FAR, counts, outcome, shown
from process_helpers import SmallBook
from thalweg.process.conformance.conform import conform_book
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.conformance.rules.verdicts import REASONS, UNCHECKED
from thalweg.records.store.book import Book

THREE_WAY = {
    "kind": "match",
    "type": "order",
    "sides": [
        {"name": "ordered", "attribute": "amount", "unit": "currency"},
        {"name": "received", "type": "receipt", "attribute": "amount", "unit": "currency"},
        {"name": "invoiced", "type": "invoice", "attribute": "amount", "unit": "currency"},
    ],
}
Document = tuple[str, list[str], object, str | None]
"""Id, its orders, amount, currency."""


@dataclass
class LinkedBook(SmallBook):
    """A small book with recorded links between objects."""

    recorded: pl.DataFrame | None = None

    def object_links(self) -> pl.DataFrame | None:
        return self.recorded


def trade(
    orders: list[tuple[str, object, str | None]],
    receipts: list[Document],
    invoices: list[Document],
    open_orders: tuple[str, ...] = (),
) -> SmallBook:
    """Orders with their documents, linked through shared events."""
    events = [("create", 0, {"order": [o]}, {}) for o, _, _ in orders]
    for kind, documents in (("receipt", receipts), ("invoice", invoices)):
        events += [(kind, 5, {kind: [d], "order": mine}, {}) for d, mine, _, _ in documents]
    events += [("close", 9, {"order": [o]}, {}) for o, _, _ in orders if o not in open_orders]
    rows = {"order": pl.DataFrame(orders, schema=["@object", "amount", "currency"], orient="row")}
    for kind, documents in (("receipt", receipts), ("invoice", invoices)):
        flat = [(d, a, c) for d, _, a, c in documents]
        schema = {"@object": pl.String, "amount": pl.Float64, "currency": pl.String}
        rows[kind] = pl.DataFrame(flat, schema=schema, orient="row", strict=False)
    return SmallBook(events, object_rows=rows)  # type: ignore[arg-type]


def matched(book: SmallBook, **changed: object):
    return outcome(book, THREE_WAY | changed, kind="order", ends=("close",), horizon=FAR)


def reasons(one) -> Counter[str]:
    return Counter(REASONS[r] for r in one.checks.reason[one.checks.status == UNCHECKED])


def test_partial_deliveries_add_up_and_an_overcharged_order_is_found() -> None:
    book = trade(
        [("good", 100.0, "CNY"), ("bad", 100.0, "CNY")],
        [
            ("r1", ["good"], 60.0, "CNY"),
            ("r2", ["good"], 40.0, "CNY"),
            ("r3", ["bad"], 100.0, "CNY"),
        ],
        [("i1", ["good"], 100.0, "CNY"), ("i2", ["bad"], 103.0, "CNY")],
    )
    one = matched(book, cost="difference")
    assert counts(one) == (3, 1, 0, 0)
    assert shown(one) == [(6, "invoiced = ordered 100 CNY", "103 CNY")]
    assert one.cost.total == 3.0
    assert counts(matched(book, tolerance={"relative": 0.02})) == (3, 1, 0, 0)
    assert counts(matched(book, tolerance={"relative": 0.03})) == (4, 0, 0, 0)
    assert counts(matched(book, tolerance={"relative": 0.01, "absolute": 3})) == (4, 0, 0, 0)
    assert counts(matched(book, must="not_above")) == (3, 1, 0, 0)
    assert counts(matched(book, must="not_below")) == (4, 0, 0, 0)


def test_decimal_fractions_agree_although_binary_sums_differ() -> None:
    book = trade(
        [("o", 0.3, "CNY")], [("r1", ["o"], 0.1, "CNY"), ("r2", ["o"], 0.2, "CNY")],
        [("i", ["o"], 0.3, "CNY")],
    )  # fmt: skip
    assert counts(matched(book)) == (2, 0, 0, 0)


def test_what_cannot_be_compared_is_counted_with_its_reason_and_never_guessed() -> None:
    orders = [(f"o{i}", 100.0, "CNY") for i in range(5)]
    receipts = [(f"r{i}", [f"o{i}"], 100.0, "CNY") for i in range(5)]
    invoices: list[Document] = [
        ("i0", ["o0"], None, "CNY"),
        ("i1", ["o1"], 100.0, None),
        ("i2", ["o2"], 100.0, "USD"),
        ("i3", ["o3", "o4"], 200.0, "CNY"),
    ]
    one = matched(trade(orders, receipts, invoices))
    assert counts(one) == (5, 0, 0, 5)
    assert reasons(one) == {
        "value_missing": 1, "unit_missing": 1, "unit_differs": 1, "shared_object": 2,
    }  # fmt: skip
    whole = matched(trade(orders, receipts, invoices), shared="whole")
    assert counts(whole) == (5, 2, 0, 3)


def test_mixed_currencies_on_one_side_are_not_added_up() -> None:
    book = trade(
        [("o", 100.0, "CNY")], [("r", ["o"], 100.0, "CNY")],
        [("i1", ["o"], 50.0, "CNY"), ("i2", ["o"], 50.0, "USD")],
    )  # fmt: skip
    assert reasons(matched(book)) == {"unit_differs": 1}


def test_an_open_order_waits_for_its_documents_but_may_already_exceed() -> None:
    book = trade(
        [("waits", 100.0, "CNY"), ("over", 100.0, "CNY"), ("none", 100.0, "CNY")],
        [("r1", ["waits"], 60.0, "CNY"), ("r2", ["over"], 130.0, "CNY")],
        [("i", ["over"], 20.0, "CNY")],
        open_orders=("waits", "over"),
    )
    one = matched(book)
    assert counts(one) == (0, 1, 3, 2)
    assert reasons(one) == {"not_linked": 2}
    zero = matched(book, absent="zero")
    assert counts(zero) == (0, 3, 3, 0)


def test_amounts_are_compared_item_by_item_where_a_key_is_named() -> None:
    events = [
        ("line", 0, {"order": ["o"]}, {"item": "coil", "qty": 5.0}),
        ("line", 0, {"order": ["o"]}, {"item": "wire", "qty": 2.0}),
        ("receive", 5, {"order": ["o"]}, {"item": "coil", "qty": 3.0}),
        ("receive", 6, {"order": ["o"]}, {"item": "coil", "qty": 2.0}),
        ("receive", 7, {"order": ["o"]}, {"item": "pipe", "qty": 1.0}),
        ("close", 9, {"order": ["o"]}, {"item": None, "qty": None}),
    ]
    sides = [
        {"name": "ordered", "activity": "line", "attribute": "qty", "key": "item"},
        {"name": "received", "activity": "receive", "attribute": "qty", "key": "item"},
    ]
    rule = {"kind": "match", "sides": sides}
    one = outcome(SmallBook(events), rule, kind="order", ends=("close",))
    assert counts(one) == (1, 2, 0, 0)
    assert sorted(expected for _, expected, _ in shown(one)) == [
        "received = ordered 0 [pipe]", "received = ordered 2 [wire]",
    ]  # fmt: skip
    events[4] = ("receive", 7, {"order": ["o"]}, {"item": None, "qty": 1.0})
    spoilt = outcome(SmallBook(events), rule, kind="order", ends=("close",))
    assert reasons(spoilt) == {"key_missing": 3}


def test_recorded_links_count_by_their_kind_whichever_way_they_point() -> None:
    base = trade([("o", 100.0, "CNY")], [("r", ["o"], 100.0, "CNY")], [("i", ["o"], 90.0, "CNY")])
    links = [
        ("i", "invoice", "o", "order", "bills"),
        ("o", "order", "x", "invoice", "replaces"),
    ]
    events = [
        *base.events,
        ("create", 1, {"invoice": ["x"]}, {}),
        ("note", 2, {"invoice": ["i"]}, {}),
    ]
    schema = ["@source", "@source_type", "@target", "@target_type", "@qualifier"]
    recorded = pl.DataFrame(links, schema=schema, orient="row")
    rows = base.object_rows | {
        "invoice": pl.DataFrame({"@object": ["i", "x"], "amount": [90.0, 10.0], "currency": "CNY"})
    }
    book = LinkedBook(events, object_rows=rows, recorded=recorded)
    side = {"name": "invoiced", "type": "invoice", "attribute": "amount"}
    for how, figure in (
        ({"by": "objects"}, 100),
        ({"by": "objects", "qualifier": "bills"}, 90),
        ({"by": "events"}, 90),
        ({"by": "any"}, 100),
    ):
        rule = {"kind": "match", "sides": [{"name": "ordered", "attribute": "amount"}, side | how]}
        one = outcome(book, rule, kind="order", ends=("close",))
        assert counts(one) == ((1, 0, 0, 0) if figure == 100 else (0, 1, 0, 0)), how


@pytest.fixture(scope="module")
def purchasing(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Book:
    folder = tmp_path_factory.mktemp("p2p") / "book"
    thalweg.ingest(logs / "ocel2" / "ocel2-p2p.sqlite.gz", into=folder)
    return thalweg.open_book(folder)


def test_payments_and_invoices_of_real_purchases_match_as_sql_has_it(purchasing: Book) -> None:
    """By order, the sum of its invoices against that of its payments, over recorded links."""
    sides = [
        {"name": "invoiced", "type": "invoice receipt", "attribute": "CreditAmountBSEGWRBTR"},
        {"name": "paid", "type": "payment", "attribute": "AmountDMBTR"},
    ]
    rule = {"id": "r", "kind": "match", "shared": "whole", "type": "purchase_order"}
    rule["sides"] = [side | {"by": "objects"} for side in sides]
    rules = RuleFile.model_validate({"rules": [rule]})
    result = conform_book(purchasing, type="purchase_order", rules=rules)
    links = purchasing.object_links()
    invoice = purchasing.objects("invoice receipt").collect()
    payment = purchasing.objects("payment").collect()
    orders = purchasing.objects("purchase_order").collect()
    assert links is not None and len(invoice) and len(payment) and len(orders)
    found = duckdb.sql(
        """
        with pairs as (
          select "@source" o, "@target" d, "@target_type" t from links
            where "@source_type" = 'purchase_order'
          union select "@target", "@source", "@source_type" from links
            where "@target_type" = 'purchase_order'),
        billed as (select o, sum(cast(CreditAmountBSEGWRBTR as double)) v from pairs
          join invoice on d = "@object" where t = 'invoice receipt' group by o),
        paid as (select o, sum(cast(AmountDMBTR as double)) v from pairs
          join payment on d = "@object" where t = 'payment' group by o)
        select count(*) filter (where abs(p.v - b.v) <= 1e-6 * b.v),
               count(*) filter (where abs(p.v - b.v) > 1e-6 * b.v),
               (select count(*) from orders) - count(*)
        from billed b join paid p using (o)
        """
    ).fetchall()[0]
    row = result.tables["rules"].row(0, named=True)
    kept = row["checked"] - row["violated"]
    assert (kept, row["violated"], row["not_checkable"] + row["pending"]) == found
    assert found[0] + found[1] > 0


def test_random_three_way_matches_agree_with_sql() -> None:
    rng = np.random.default_rng(7)
    orders = [(f"o{i}", float(rng.integers(1, 9)), "CNY") for i in range(60)]
    documents: dict[str, list[Document]] = {}
    for kind in ("receipt", "invoice"):
        owners = rng.integers(0, 60, 90)
        amounts = [None if rng.random() < 0.05 else float(v) for v in rng.integers(1, 6, 90)]
        currency = [None if rng.random() < 0.05 else "CNY" for _ in range(90)]
        documents[kind] = [
            (f"{kind}{k}", [f"o{owners[k]}"], amounts[k], currency[k]) for k in range(90)
        ]
    book = trade(orders, documents["receipt"], documents["invoice"])
    one = matched(book, tolerance={"relative": 0.25, "absolute": 1})
    flat = [(d, kind, o[0], a, c) for kind, rows in documents.items() for d, o, a, c in rows]
    docs = pl.DataFrame(flat, schema=["d", "kind", "o", "a", "c"], orient="row", strict=False)
    base = pl.DataFrame(orders, schema=["o", "amount", "cur"], orient="row")
    assert len(docs) and len(base)
    expected = duckdb.sql(
        """
        with sums as (select o, kind, sum(a) v, bool_or(a is null or c is null) unknown
          from docs group by all),
        checks as (select base.amount a, s.v, coalesce(s.unknown, true) unknown
          from base cross join (values ('receipt'), ('invoice')) k(kind)
          left join sums s on s.o = base.o and s.kind = k.kind)
        select count(*) filter (not unknown and abs(v - a) <= greatest(1, a / 4)),
               count(*) filter (not unknown and abs(v - a) > greatest(1, a / 4)), 0,
               count(*) filter (unknown) from checks
        """
    ).fetchall()[0]
    assert counts(one) == expected
