"""The demonstration's tables of money: complete, consistent, and read back without a doubt."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import thalweg
from money_tables import rows
from thalweg.economy.accounts.naming import naming_of
from thalweg.industry.world.mechanisms import PRODUCTS
from thalweg.industry.world.records import Records
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import WorldSpec
from thalweg.industry.writing.demo import DemoRequest, make_demo
from thalweg.industry.writing.files import write_csv
from thalweg.industry.writing.sides import profile_of, side_tables, totals_of
from thalweg.records.companions.pauses import SUBSIDY
from thalweg.records.companions.tables import MONEY
from thalweg.records.store.book import Book
from thalweg.surfaces.texts import LANGUAGES


@pytest.fixture(scope="module")
def world() -> Records:
    return run_world(WorldSpec("transition", firms=12, months=18, orders_per_firm_month=3, seed=4))


@pytest.fixture(scope="module", params=LANGUAGES)
def book(
    request: pytest.FixtureRequest, world: Records, tmp_path_factory: pytest.TempPathFactory
) -> Book:
    """The tables beside the events alone, written and read in one language."""
    folder = tmp_path_factory.mktemp(request.param)
    paths = {}
    for name, table in side_tables(world, request.param).items():
        paths[name] = folder / f"{name}.csv"
        write_csv(table, paths[name])
    profile = profile_of(request.param)
    return thalweg.ingest((), folder / "book", profile=profile, timezone="Asia/Shanghai", **paths)


def test_nothing_is_set_aside_doubted_or_lost(book: Book, world: Records) -> None:
    doubts = [f.code for f in book.trust.findings if f.severity != "note"]
    assert doubts == []
    assert {c.table for c in book.manifest.companions} == {*MONEY, "parties", "interventions"} - {
        "rates"
    }
    assert all(c.rows == c.rows_read for c in book.manifest.companions)
    ledger = rows(book, "ledger")
    assert ledger["amount"].to_list() == world.ledger["amount_cny"].to_list()
    assert ledger["party"].to_list() == world.ledger["party"].to_list()
    assert ledger["month"].to_list() == world.ledger["month"].to_list()
    assert rows(book, "traffic")["spend"].to_list() == world.traffic["spend_cny"].to_list()


def test_every_account_is_a_standard_one_and_every_total_agrees(book: Book) -> None:
    naming = naming_of(rows(book, "ledger")["account"].unique(), book.profile())
    assert (naming.unmapped, naming.drafted) == ((), ())
    assert len(set(naming.account.values())) == 8
    agreed = book.trust.find("totals_agree")
    assert agreed is not None and agreed.count == agreed.of == len(rows(book, "totals"))


def test_products_name_the_interventions_that_bring_them(book: Book) -> None:
    products = rows(book, "products")
    brought = dict(products.select("product", "intervention").drop_nulls().iter_rows())
    assert brought == {
        "receipt_service": "e_receipts",
        "match_service": "matching",
        "finance_service": "supply_finance",
    }
    interventions = book.interventions()
    assert interventions is not None and set(brought.values()) <= set(interventions["id"])
    assert set(products["product"]) <= set(PRODUCTS)
    assert products["first_sale"].null_count() == 0


def test_pauses_are_months_without_spend_of_a_channel_in_use(world: Records) -> None:
    """Between its first and its last month nothing but the lot stops a channel."""
    spend: dict[tuple[str, str], dict[int, float]] = {}
    months = sorted(set(world.traffic["month"].to_list()))
    for party, month, channel, money in world.traffic.select(
        "party", "month", "channel", "spend_cny"
    ).iter_rows():
        spend.setdefault((party, channel), {})[months.index(month)] = money
    inside = set()
    for (party, channel), by_month in spend.items():
        paid = [at for at, money in by_month.items() if money > 0]
        inside |= {
            (party, months[at], channel)
            for at in range(min(paid, default=0), max(paid, default=-1) + 1)
            if by_month.get(at, 0.0) == 0
        }
    of_traffic = world.pauses.filter(pl.col("channel") != SUBSIDY)
    found = set(of_traffic.iter_rows())
    assert len(found) == len(of_traffic) and inside <= found
    spent = world.traffic.filter(pl.col("spend_cny") > 0)
    assert not found & set(spent.select("party", "month", "channel").iter_rows())
    use = len(found) + len(spent)
    assert 0.03 < len(found) / use < 0.09, "six of a hundred are paused by lot"


def test_the_book_counts_no_pause_in_which_money_was_spent(book: Book, world: Records) -> None:
    pauses = rows(book, "pauses")
    assert len(pauses) == len(world.pauses) > 10
    assert set(pauses["assignment"]) == {"randomised"}
    assert book.trust.find("pause_with_spend") is None
    assert set(pauses["channel"]) - {SUBSIDY} <= set(rows(book, "traffic")["channel"])


def test_pauses_of_subsidy_are_months_without_a_line_of_it(book: Book, world: Records) -> None:
    """The lot falls on six of a hundred firm-months: 13 of 216, with a spread of 3.5."""
    paused = set(
        world.pauses.filter(pl.col("channel") == SUBSIDY).select("party", "month").iter_rows()
    )
    paid = world.ledger.filter(pl.col("account") == "subsidy")
    given_in = set(paid.select("party", "month").iter_rows())
    assert 3 <= len(paused) <= 24 and not paused & given_in
    assert len(rows(book, "pauses").filter(pl.col("channel") == SUBSIDY)) == len(paused)
    assert book.trust.find("pause_with_subsidy") is None
    assert book.trust.find("channel_unlisted") is None


def test_control_totals_are_sums_of_the_ledger(world: Records) -> None:
    totals = totals_of(world.ledger)
    sums: dict[tuple[object, str], float] = {}
    for month, account, amount in world.ledger.select("month", "account", "amount_cny").iter_rows():
        sums[month, account] = sums.get((month, account), 0.0) + amount
    assert len(totals) == len(sums)
    for month, account, amount in totals.iter_rows():
        assert amount == pytest.approx(sums[month, account], abs=0.005)


def test_a_world_without_paid_traffic_has_no_pauses(tmp_path: Path) -> None:
    quiet = run_world(WorldSpec("quiet_trade", firms=8, months=12, orders_per_firm_month=2, seed=1))
    assert quiet.pauses.is_empty()
    folder = tmp_path / "demo"
    made = make_demo(DemoRequest(folder, quiet.spec, format="parquet", truth=False))
    assert "pauses" not in made.sides and not (folder / "pauses.csv").exists()
    assert made.book.companion("pauses") is None
