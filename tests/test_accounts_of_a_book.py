"""Money of a book: documents lead to process paths, orders to their value, tables to one panel."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from accounts_tools import profile_of
from companion_helpers import book_with, table
from thalweg.economy.accounts.linked import paths_of, revenue_by_object
from thalweg.economy.accounts.panel import growth_panel, panel_from
from thalweg.economy.accounts.read import accounts_from, read_accounts
from thalweg.economy.accounts.volume import order_values
from thalweg.economy.metrics.units import NONE, unit_economics_table
from thalweg.industry.world.run import run_world
from thalweg.industry.world.spec import WorldSpec

LEDGER = """month,party,account,amount,order no
2024-01,青禾制造,Sales,100,1
2024-01,青禾制造,Cost of sales,-60,1
2024-02,Two Pines,Sales,50,2
2024-05,Two Pines,Sales refunds,-5,2
2024-06,Harbour Fan,Sales,7,
2024-06,,Ads,-9,
2024-06,Harbour Fan,Sales,3,X-99
"""


def test_documents_lead_to_the_path_and_the_month_of_their_object(tmp_path: Path) -> None:
    book = book_with(tmp_path, ledger=table(tmp_path, LEDGER, "ledger.csv"))
    accounts = read_accounts(book, profile_of())
    linked = revenue_by_object(book, accounts)
    wanted = ("document", "activities", "cohort", "revenue", "cost_of_sales", "lines")
    assert linked.select(wanted).rows() == [
        ("1", "Place order → Sign contract", date(2024, 1, 1), 100.0, -60.0, 2),
        ("2", "Place order → Ship goods", date(2024, 2, 1), 45.0, 0.0, 2),
    ]
    assert set(linked["type"]) == {"case"}
    units = unit_economics_table(accounts, paths_of(linked)).filter(by="path")  # May and June
    revenue = dict(units.select("name", "revenue").rows())
    assert revenue == {NONE: 10.0, "Place order → Ship goods": -5.0}


def test_a_book_without_documents_links_nothing(tmp_path: Path) -> None:
    rows = "month,account,amount\n2024-01,Sales,100\n"
    book = book_with(tmp_path, ledger=table(tmp_path, rows, "ledger.csv"))
    assert revenue_by_object(book, read_accounts(book, profile_of())).is_empty()


VALUED = """case_id,activity,timestamp,customer,amount
1,Place order,2024-01-31 20:00,A,10
2,Place order,2024-02-03 10:00,A,20
3,Place order,2024-02-04 10:00,B,5
4,Place order,2024-02-05 10:00,,7
"""


def test_the_value_of_orders_stands_in_the_panel_in_local_months(tmp_path: Path) -> None:
    import thalweg

    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    ledger = "month,party,account,amount\n2024-01,A,Sales,1\n2024-02,A,Sales,2\n2024-02,B,Sales,1\n"
    book = thalweg.ingest(
        table(tmp_path, VALUED, "log.csv"),
        tmp_path / "book",
        mapping=mapping,
        timezone="America/Chicago",
        ledger=table(tmp_path, ledger, "ledger.csv"),
    )
    profile = profile_of(value="amount", unit="attribute:customer")
    values = order_values(book, profile)
    assert values is not None
    assert values.rows() == [
        ("A", date(2024, 1, 1), 10.0),
        (None, date(2024, 2, 1), 7.0),
        ("A", date(2024, 2, 1), 20.0),
        ("B", date(2024, 2, 1), 5.0),
    ]
    panel = growth_panel(book, read_accounts(book, profile), profile)
    assert panel is not None and panel.volume is not None
    assert panel.volume.tolist() == [[10, 20], [0, 5]]
    bare = growth_panel(book, read_accounts(book, profile_of()), profile_of())
    assert bare is not None and bare.volume is None


def test_orders_count_from_the_activity_that_places_them(tmp_path: Path) -> None:
    import thalweg

    log = """case_id,activity,timestamp,customer,amount
1,Ask,2024-01-30 10:00,A,10
1,Place order,2024-02-02 10:00,A,10
1,Place order,2024-03-02 10:00,A,10
2,Ask,2024-01-31 10:00,A,20
3,Place order,2024-01-03 10:00,B,5
"""
    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    book = thalweg.ingest(
        table(tmp_path, log, "log.csv"), tmp_path / "book", mapping=mapping, timezone="UTC"
    )
    profile = profile_of(value="amount", unit="attribute:customer")
    begun = order_values(book, profile)
    assert begun is not None
    assert begun.rows() == [("A", date(2024, 1, 1), 30.0), ("B", date(2024, 1, 1), 5.0)]
    placed = order_values(book, profile.model_copy(update={"placed": "Place order"}))
    assert placed is not None
    assert placed.rows() == [("B", date(2024, 1, 1), 5.0), ("A", date(2024, 2, 1), 10.0)]


@pytest.fixture(scope="module")
def world() -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    records = run_world(WorldSpec("traffic_war", firms=8, months=12, orders_per_firm_month=6.0))
    tables = {
        "ledger": records.ledger.rename({"amount_cny": "amount"}).with_row_index("@row"),
        "traffic": records.traffic.rename({"spend_cny": "spend"}).with_row_index("@row"),
        "products": records.products,
    }
    return tables, records.ledger


def test_a_worlds_panel_adds_up_to_its_ledger(
    world: tuple[dict[str, pl.DataFrame], pl.DataFrame],
) -> None:
    tables, ledger = world
    names = {
        "revenue": ("revenue",),
        "cost_of_sales": ("cost_of_service",),
        "marketing": ("traffic_spend",),
        "operations": ("staff",),
        "capital_in": ("capital_raised",),
    }
    accounts = accounts_from(tables, profile_of(accounts=names, platform="PLATFORM"))
    panel = panel_from(accounts)
    assert panel is not None
    assert len(panel.units) == 8 and accounts.platform == "PLATFORM"

    def summed(account: str) -> float:
        return float(ledger.filter(account=account)["amount_cny"].sum())

    assert np.nansum(panel.revenue) == pytest.approx(summed("revenue"), rel=1e-12)
    assert panel.subsidy.sum() == pytest.approx(-summed("subsidy"), rel=1e-12)
    assert panel.spend.sum() == pytest.approx(-summed("traffic_spend"), rel=1e-9)
    told = panel.facts["ledger_against_traffic"]
    assert isinstance(told, dict) and told["months_agree"] == told["months"] == 12
    assert accounts.lines["amount"].sum() == pytest.approx(ledger["amount_cny"].sum())
    assert accounts.facts["flipped"] == {}
