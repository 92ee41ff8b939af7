"""A ledger is brought to one sign, one currency and whole months, and what was done is said."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_tools import NAMES, TRAFFIC, line, month, profile_of, table
from thalweg.economy.accounts.read import accounts_from
from thalweg.economy.frame import LINE_COLUMNS, Accounts


def of(accounts: Accounts, account: str) -> list[float]:
    return accounts.lines.filter(pl.col("account") == account)["amount"].to_list()


def test_names_become_standard_accounts_whatever_their_capitals_and_the_rest_is_named() -> None:
    rows = [line("SALES ", 10.0), line("ads", -2.0), line("Parking", -1.0), line("revenue", 5.0)]
    found = accounts_from({"ledger": table(rows)}, profile_of())
    assert found.lines["account"].to_list() == ["revenue", "marketing", "other", "revenue"]
    assert found.lines["name"].to_list() == ["SALES ", "ads", "Parking", "revenue"]
    assert found.facts["unmapped"] == {"Parking": {"rows": 1, "amount": -1.0}}
    assert dict(found.lines.schema) == {k: v() for k, v in LINE_COLUMNS.items()}


def test_costs_written_without_a_sign_are_turned_and_refunds_among_them_stay_refunds() -> None:
    rows = [line("Ads", 100.0), line("Ads", -30.0), line("Staff", -50.0), line("Staff", 5.0)]
    found = accounts_from({"ledger": table(rows)}, profile_of())
    assert of(found, "marketing") == [-100.0, 30.0]
    assert of(found, "operations") == [-50.0, 5.0]
    assert found.facts["flipped"] == {"Ads": 2}
    assert found.facts["mixed_signs"] == {"Ads": pytest.approx(30 / 130)}


def test_a_ledger_in_debit_and_credit_is_turned_whole() -> None:
    rows = [line("Sales", -100.0), line("Sales refunds", 8.0), line("Cost of sales", 60.0)]
    found = accounts_from({"ledger": table(rows)}, profile_of())
    assert of(found, "revenue") == [100.0, -8.0]
    assert of(found, "cost_of_sales") == [-60.0]


def test_refunds_of_a_name_of_their_own_run_against_their_account() -> None:
    written_plainly = [line("Sales", 100.0), line("Sales refunds", 8.0)]
    as_cash = [line("Sales", 100.0), line("Sales refunds", -8.0)]
    for rows in (written_plainly, as_cash):
        assert of(accounts_from({"ledger": table(rows)}, profile_of()), "revenue") == [100.0, -8.0]


def test_balances_and_unknown_accounts_keep_their_sign() -> None:
    rows = [line("Bank", -20.0), line("Grants", 7.0)]
    found = accounts_from({"ledger": table(rows)}, profile_of())
    assert of(found, "cash") == [-20.0]
    assert of(found, "other") == [7.0]
    assert found.facts["flipped"] == {}


def test_a_line_over_several_months_is_spread_evenly_and_a_balance_stands_at_its_end() -> None:
    half = [
        line("Sales", 60.0, to=date(2023, 6, 1)),
        line("Bank", 500.0, to=date(2023, 6, 1)),
        line("Ads", -3.0, at=2),
    ]
    found = accounts_from({"ledger": table(half)}, profile_of())
    sales = found.lines.filter(pl.col("account") == "revenue")
    assert sales["month"].to_list() == [month(at) for at in range(6)]
    assert sales["amount"].to_list() == [10.0] * 6
    assert sales["@row"].to_list() == [0] * 6
    cash = found.lines.filter(pl.col("account") == "cash")
    assert cash.select("month", "amount").rows() == [(month(5), 500.0)]
    assert found.spread and found.facts["spread_rows"] == 1
    assert found.months == tuple(month(at) for at in range(6))


def test_foreign_amounts_take_the_latest_rate_and_stay_out_where_there_is_none() -> None:
    rows = [
        line("Sales", 10.0, 0, currency="USD"),
        line("Sales", 10.0, 3, currency="USD"),
        line("Sales", 10.0, 3, currency="EUR"),
        line("Sales", 9.0, 3),
        line("Sales", 30.0, 0, currency="USD", to=month(2)),
    ]
    rates = pl.DataFrame(
        {"currency": ["USD", "USD"], "from": [month(1), month(2)], "rate": [7.0, 7.5]}
    )
    found = accounts_from({"ledger": table(rows), "rates": rates}, profile_of())
    assert found.lines.select("@row", "amount").rows() == [(1, 75.0), (3, 9.0)]
    assert found.facts["without_rate"] == {"EUR": 1, "USD": 2}
    assert found.facts["rates"] == {"USD": 1}
    ever = rates.with_columns(pl.lit(None, pl.Date).alias("from")).head(1)
    always = accounts_from({"ledger": table(rows), "rates": ever}, profile_of())
    assert always.lines.filter(pl.col("@row") == 0)["amount"].to_list() == [70.0]


def test_without_a_profile_the_commonest_currency_is_the_main_one() -> None:
    rows = [line("revenue", 1.0, currency="EUR"), line("revenue", 2.0, currency="EUR")]
    found = accounts_from({"ledger": table(rows)})
    assert (found.currency, found.facts["currency_stated"]) == ("EUR", False)
    assert accounts_from({"ledger": table([line("revenue", 1.0)])}).currency == "XXX"


def test_units_are_parties_other_than_the_platform_by_their_ids() -> None:
    parties = pl.DataFrame(
        {
            "id": ["HQ", "F2", "F1"],
            "name": ["Head", "Second", "First"],
            "role": ["platform", "member", "member"],
        }
    )
    rows = [line("Sales", 1.0, party=p) for p in ("Second", "F1", None, "HQ")]
    found = accounts_from({"ledger": table(rows)}, profile_of(), parties=parties)
    assert (found.units, found.platform) == (("F1", "F2"), "HQ")
    assert found.lines["party"].to_list() == ["F2", "F1", "HQ", "HQ"]
    assert found.facts["platform_told_by"] == "role"
    named = accounts_from({"ledger": table(rows)}, profile_of(platform="F1"), parties=parties)
    assert (named.units, named.platform) == (("F2", "HQ"), "F1")


def test_gaps_are_named() -> None:
    rows = [line("Sales", 1.0, 0), line("Sales", 1.0, 3), line("Bank", 9.0, 1)]
    found = accounts_from({"ledger": table(rows)}, profile_of())
    assert found.facts["months_without_lines"] == ["2023-02-01", "2023-03-01"]


def test_a_first_sale_is_found_in_the_ledger_where_none_is_stated() -> None:
    rows = [line("Sales", 1.0, 0, product="old"), line("Sales", 1.0, 4, product="new")]
    rows += [line("Research", -5.0, 2, product="project"), line("Sales", 1.0, 5, product="Told")]
    products = pl.DataFrame(
        {"product": ["t"], "name": ["Told"], "first_sale": [date(2023, 3, 9)], "service": [True]}
    )
    tables = {"ledger": table(rows), "products": products}
    found = accounts_from(tables, profile_of())
    first = dict(found.products.select("product", "first_sale").rows())
    assert first == {"old": None, "new": month(4), "t": date(2023, 3, 9)}
    assert found.facts["first_sale_from_ledger"] == ["new"]


def test_a_book_without_money_has_no_months() -> None:
    found = accounts_from({}, profile_of())
    assert (found.months, found.units, len(found.lines)) == ((), (), 0)


def test_only_pauses_drawn_by_lot_count_and_stars_stand_for_all() -> None:
    traffic = [
        {"party": p, "month": month(0), "channel": c, "spend": s}
        for p in ("F1", "F2")
        for c, s in (("ads", 5.0), ("organic", 0.0), ("fairs", 1.0))
    ]
    pauses = pl.DataFrame(
        {
            "party": ["F1", "*", "F2"],
            "month": [month(0), month(1), month(2)],
            "channel": ["*", "ads", "ads"],
            "assignment": ["randomised", "randomised", "other"],
        }
    )
    rows = [line("Sales", 1.0, at, party=p) for at in range(3) for p in ("F1", "F2")]
    tables = {"ledger": table(rows), "traffic": table(traffic, TRAFFIC), "pauses": pauses}
    found = accounts_from(tables, profile_of())
    assert found.paused.rows() == [
        ("F1", month(0), "ads"),
        ("F1", month(0), "fairs"),
        ("F1", month(1), "ads"),
        ("F2", month(1), "ads"),
    ]
    assert found.facts["pauses_not_by_lot"] == 1


CENTS = st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)
LINES = st.lists(
    st.tuples(
        st.sampled_from([name for names in NAMES.values() for name in names]),
        CENTS,
        st.integers(0, 40),
        st.integers(0, 24),
        st.sampled_from([None, "F1", "F2"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(LINES)
def test_no_money_is_lost_or_made_and_months_are_those_of_a_loop(
    lines: list[tuple[str, float, int, int, str | None]],
) -> None:
    rows = [
        line(name, amount, at, party=party, to=month(at + longer) if longer else None)
        for name, amount, at, longer, party in lines
    ]
    found = accounts_from({"ledger": table(rows)}, profile_of())
    plain: dict[tuple[int, date], float] = {}
    turned = found.facts["flipped"]
    assert isinstance(turned, dict)
    for row, (name, amount, at, longer, _) in enumerate(lines):
        sign = -1 if name in turned else 1
        if name == "Bank":
            plain[row, month(at + longer)] = amount
            continue
        for step in range(longer + 1):
            plain[row, month(at + step)] = sign * amount / (longer + 1)
    mine = {
        (row, at): amount
        for row, at, amount in found.lines.select("@row", "month", "amount").rows()
    }
    assert mine.keys() == plain.keys()
    assert all(np.isclose(mine[key], plain[key], rtol=1e-12, atol=0) for key in plain)
    assert found.months[0] == min(at for _, at in plain) and found.months[-1] == max(
        at for _, at in plain
    )


def test_without_a_profiles_accounts_names_are_placed_by_their_words_and_said() -> None:
    names = ("营业收入", "Cost of goods sold", "研发费用", "Blue sky")
    ledger = table([line(name, 10.0) for name in names])
    found = accounts_from({"ledger": ledger}, profile_of(accounts={}))
    placed = {"营业收入": "revenue", "Cost of goods sold": "cost_of_sales", "研发费用": "research"}
    assert found.facts["drafted"] == placed
    assert found.facts["unmapped"] == {"Blue sky": {"rows": 1, "amount": 10.0}}
    stated = accounts_from({"ledger": ledger}, profile_of())
    assert stated.facts["drafted"] == {}
    assert set(stated.lines["account"]) == {"other"}
