"""Tables of money: read in both languages and from every source, and held against the rest."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import thalweg
from companion_helpers import book_with, table
from money_tables import LEDGER, codes, day, money_book, profile, rows, told
from thalweg.errors import MappingError, RequestError, SourceError
from thalweg.records.companions.cells import CellReader
from thalweg.records.companions.documents import objects_of
from thalweg.records.companions.ledger import SCHEMA
from thalweg.records.companions.money import rate_in
from thalweg.records.companions.schema import Judgement
from thalweg.records.intake import ROW
from thalweg.records.readers.notes import Notes
from thalweg.records.store.upkeep import verify

CHINESE = {
    "ledger": "企业编号,会计期间,产品,会计科目,金额（万元）,订单号,备注\n"
    "F1,2024年1月,电子仓单,主营业务收入,12.5,SO1,甲\nF1,202402,,推广费,(3),,乙\n",
    "traffic": '企业,月份,渠道,访问量,线索数,订单数,投放费用\nF1,2024/1,搜索广告,"1,200",30,4,500元\n',
    "products": "产品编号,名称,首销日期,是否服务,举措,替代产品\nWR,电子仓单,2023-05-01,是,,OLD\nOLD,纸质仓单,2019-01,是,,\n",
    "rates": "币种,生效日期,汇率\nUSD,2024-01,7.1\n美元,2024-03-15,7.2\n",
    "pauses": "企业编号,月份,渠道,分配方式\nF1,2024-01,搜索广告,抽签\n*,2024-02,*,其他\nF2,2024-02,直播,\n",
    "totals": "会计期间,科目,金额\n2024-01,主营业务收入,125000\n2024-02,推广费,-30000\n",
}


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> thalweg.records.store.book.Book:
    return money_book(tmp_path_factory.mktemp("zh"), **CHINESE)


class TestChineseTables:
    """Column names as Chinese systems write them lead to the schema's columns."""

    def test_ledger(self, chinese: Any) -> None:
        ledger = rows(chinese, "ledger")
        assert ledger["month"].to_list() == [day("2024-01-01"), day("2024-02-01")]
        assert ledger["amount"].to_list() == [125_000.0, -30_000.0]
        assert ledger["currency"].to_list() == ["CNY", "CNY"]
        assert ledger["document"].to_list() == ["SO1", None]
        assert ledger["account"].to_list() == ["主营业务收入", "推广费"]
        assert ledger["备注"].to_list() == ["甲", "乙"]
        assert ledger.schema["to"] == pl.Date

    def test_traffic(self, chinese: Any) -> None:
        row = rows(chinese, "traffic").row(0, named=True)
        assert (row["visits"], row["leads"], row["orders"]) == (1200.0, 30.0, 4.0)
        assert (row["spend"], row["currency"], row["channel"]) == (500.0, "CNY", "搜索广告")

    def test_products(self, chinese: Any) -> None:
        products = rows(chinese, "products")
        assert products["first_sale"].to_list() == [day("2023-05-01"), day("2019-01-01")]
        assert products["displaces"].to_list() == [["OLD"], None]
        assert products["service"].to_list() == [True, True]

    def test_rates_and_pauses(self, chinese: Any) -> None:
        assert rows(chinese, "rates")["currency"].to_list() == ["USD", "USD"]
        pauses = rows(chinese, "pauses")
        assert pauses["assignment"].to_list() == ["randomised", "other", "unknown"]
        assert told(chinese, "pause_assignment_not_stated").count == 1

    def test_the_totals_agree_and_the_book_verifies(self, chinese: Any) -> None:
        assert told(chinese, "totals_agree").count == 2
        assert "totals_differ" not in codes(chinese)
        assert verify(chinese.path) is not None


@pytest.mark.parametrize("form", ["xlsx", "parquet", "jsonl", "sqlite", "gz"])
def test_every_source_gives_the_rows_of_the_csv(form: str, tmp_path: Path) -> None:
    plain = rows(money_book(tmp_path, ledger=LEDGER), "ledger")
    frame = pl.read_csv(LEDGER.encode()).with_columns(pl.col("amount").cast(pl.Float64))
    path = tmp_path / f"ledger.{form}"
    if form == "xlsx":
        pytest.importorskip("xlsxwriter")
        frame.write_excel(path)
    elif form == "parquet":
        frame.with_columns(pl.col("month").str.to_date("%Y-%m")).write_parquet(path)
    elif form == "jsonl":
        frame.write_ndjson(path)
    elif form == "gz":
        import gzip

        path = tmp_path / "ledger.csv.gz"
        path.write_bytes(gzip.compress(LEDGER.encode()))
    else:
        with sqlite3.connect(path) as base:
            base.execute(
                "CREATE TABLE ledger (party, month, product, account, amount REAL, document)"
            )
            base.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)", frame.rows())
    book = thalweg.ingest((), tmp_path / "other", ledger=path)
    assert rows(book, "ledger").drop(ROW).equals(plain.drop(ROW))


def test_a_database_by_address_and_by_a_file_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "erp.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE gl (period, acct, dmbtr REAL, waers)")
        base.execute("INSERT INTO gl VALUES ('202401', 'Revenue', 5, 'EUR')")
    stated = "columns: {month: period, account: acct, amount: dmbtr, currency: waers}"
    columns = table(tmp_path, f"ledger: {{table: gl, {stated}}}\n", "columns.yaml")
    book = thalweg.ingest((), tmp_path / "a", ledger=path, columns=columns)
    assert rows(book, "ledger").select("amount", "currency").row(0) == (5.0, "EUR")
    query = table(tmp_path, f'ledger: {{query: "SELECT * FROM gl", {stated}}}\n', "query.yaml")
    again = thalweg.ingest((), tmp_path / "b", ledger=path, columns=query)
    assert rows(again, "ledger").equals(rows(book, "ledger"))
    plain = table(tmp_path, f"ledger: {{{stated}}}\n", "plain.yaml")
    uri = f"sqlite:///{path}?table=gl"
    by_uri = thalweg.ingest((), tmp_path / "c", ledger=uri, columns=plain)
    assert rows(by_uri, "ledger").equals(rows(book, "ledger"))
    with pytest.raises(SourceError, match=r"no such table: ledger.*gl"):
        thalweg.ingest((), tmp_path / "d", ledger=path)
    with pytest.raises(MappingError, match="is no database"):
        thalweg.ingest((), tmp_path / "e", ledger=table(tmp_path, LEDGER), columns=columns)


class TestFaults:
    """What cannot be used is set aside whole, with row, column, value and cure."""

    def test_cells(self, tmp_path: Path) -> None:
        text = (
            "month,to,account,amount\n2024-01,,Revenue,10\n2024-13,,Revenue,10\n2024-02,,,10\n"
            "2024-02,,Revenue,ten\n2024-05,2024-03,Revenue,1\n2024-06,2024H1,Revenue,2\n"
        )
        book = money_book(tmp_path, ledger=text)
        ledger, aside = rows(book, "ledger"), book.companion_set_aside("ledger")
        assert ledger[ROW].to_list() == [2, 7]
        assert ledger["to"].to_list() == [None, None], "June to June is one month"
        assert aside.select(ROW, "reason", "column").rows() == [
            (3, "cell_unreadable", "month"),
            (4, "required_cell_empty", "account"),
            (5, "cell_unreadable", "amount"),
            (6, "ends_before_start", "to"),
        ]
        assert told(book, "cell_unreadable", "ledger.amount").examples[0].value == "ten"

    def test_longer_periods_where_they_may_and_may_not_stand(self, tmp_path: Path) -> None:
        book = money_book(
            tmp_path,
            ledger="month,account,amount\n2024H1,Revenue,60\n2024,Revenue,120\n2024-03,Revenue,1\n",
            traffic="month,channel,visits\n2024Q1,search,5\n2024-02,search,6\n",
        )
        assert rows(book, "ledger")["to"].to_list() == [day("2024-06-01"), day("2024-12-01"), None]
        assert told(book, "period_not_a_month").examples[0].value == "2024Q1"
        assert len(rows(book, "traffic")) == 1

    def test_below_zero_and_no_numbers(self, tmp_path: Path) -> None:
        book = money_book(
            tmp_path,
            traffic="month,channel,visits,spend\n2024-01,a,-5,1\n2024-01,b,5,-1\n2024-01,c,0,0\n",
        )
        assert told(book, "number_negative", "traffic.visits").count == 1
        assert told(book, "number_negative", "traffic.spend").count == 1
        frame = pl.DataFrame(
            {
                "month": ["2024-01"] * 3,
                "account": ["Revenue"] * 3,
                "amount": [1.0, float("nan"), 2.0],
            }
        )
        frame.write_parquet(tmp_path / "l.parquet")
        other = thalweg.ingest((), tmp_path / "nan", ledger=tmp_path / "l.parquet")
        assert rows(other, "ledger")["amount"].to_list() == [1.0, 2.0]

    def test_contradictions(self, tmp_path: Path) -> None:
        book = money_book(
            tmp_path,
            products="product,name\nA,one\nA,two\nB,three\n",
            rates="currency,from,rate\nUSD,2024-01,7\nUSD,2024-01,8\nEUR,,7.5\nGBP,,0\n",
            totals="month,account,amount\n2024-01,Revenue,1\n2024-01,Revenue,2\n2024-02,Revenue,3\n",
        )
        assert rows(book, "products")["product"].to_list() == ["B"]
        assert rows(book, "rates")["currency"].to_list() == ["EUR"]
        assert rows(book, "totals")["amount"].to_list() == [3.0]
        found = {"product_repeated", "rate_repeated", "number_not_positive", "total_repeated"}
        assert found | {"first_sale_not_stated", "totals_without_ledger"} <= codes(book)

    def test_a_pause_with_an_unknown_word(self, tmp_path: Path) -> None:
        head = "party,month,channel,assignment\n"
        book = money_book(tmp_path, pauses=f"{head}F1,2024-01,a,randomised\nF1,2024-02,a,rondom\n")
        assert told(book, "assignment_unknown").examples[0].value.startswith("rondom")
        assert len(rows(book, "pauses")) == 1

    def test_missing_columns_and_nothing_usable(self, tmp_path: Path) -> None:
        with pytest.raises(MappingError, match="'account'"):
            money_book(tmp_path, ledger="month,amount\n2024-01,1\n")
        with pytest.raises(SourceError, match="not one row of the table of ledger"):
            money_book(tmp_path, ledger="month,account,amount\nsoon,Revenue,1\n")
        assert not (tmp_path / "book").exists()


class TestRemarks:
    """What other tables, the profile and the events do not know is told, and counts all the same."""

    def test_rows_alike_count_and_are_told_with_their_sum(self, tmp_path: Path) -> None:
        text = "month,account,amount\n" + "2024-01,Fees,100\n" * 3 + "2024-02,Fees,100\n"
        book = money_book(tmp_path, ledger=text)
        assert len(rows(book, "ledger")) == 4
        finding = told(book, "ledger_rows_alike")
        assert (finding.count, finding.examples[0].value) == (2, "200.00")

    def test_rows_alike_of_other_tables_count_once(self, tmp_path: Path) -> None:
        text = "month,channel,visits\n2024-01,a,5\n2024-01,a,5\n2024-01,a,7\n"
        book = money_book(tmp_path, traffic=text)
        assert rows(book, "traffic")["visits"].to_list() == [5.0, 7.0]
        assert told(book, "row_repeated").count == 1
        assert told(book, "traffic_cell_repeated").count == 2

    def test_gaps_overall_and_by_party(self, tmp_path: Path) -> None:
        text = (
            "party,month,account,amount\nF1,2024-01,R,1\nF1,2024-06,R,1\nF2,2024-02,R,1\n"
            "F2,2024-05,R,1\n,2024H1,R,1\n"
        )
        book = money_book(tmp_path, ledger=text)
        assert "months_missing" not in codes(book), "the half-year covers every month"
        gaps = told(book, "party_months_missing")
        assert (gaps.count, gaps.detail["parties"]) == (6, 2)
        assert gaps.examples[0].value == "F1: 2024-02, 2024-03, 2024-04 … 2024-05"
        without = money_book_at(tmp_path / "x", text.replace(",2024H1,R,1\n", ""))
        missing = told(without, "months_missing")
        assert (missing.count, missing.examples[0].value) == (2, "2024-03, 2024-04")
        assert told(without, "party_months_missing").count == 2, "F1 alone: February and May"

    def test_currencies_without_a_rate(self, tmp_path: Path) -> None:
        text = "month,account,amount,currency\n2024-01,R,1,USD\n2024-01,R,2,￥\n2024-02,R,3,\n2024-02,R,4,欧元\n"
        form = profile()
        book = money_book(tmp_path, form=form, ledger=text, rates="currency,rate\nUSD,7\n")
        assert rows(book, "ledger")["currency"].to_list() == ["USD", "CNY", None, "EUR"]
        finding = told(book, "currency_without_rate")
        assert (finding.count, finding.examples[0].value) == (1, "EUR 2024-02")
        assert told(book, "currency_not_stated").examples[0].value == "CNY"
        fixed = thalweg.ingest(
            (), book.path, rates=table(tmp_path, "currency,rate\nUSD,7\nEUR,8\n")
        )
        assert "currency_without_rate" not in codes(fixed)

    def test_a_rate_that_begins_later_is_none_before(self, tmp_path: Path) -> None:
        text = "month,account,amount,currency\n2024-01,R,1,USD\n2024-02,R,1,USD\n2024-03,R,1,USD\n"
        rates = "currency,from,rate\nUSD,2024-03-05,7\n"
        book = money_book(tmp_path, form=profile(), ledger=text, rates=rates)
        finding = told(book, "currency_without_rate")
        assert (finding.count, finding.examples[0].value) == (2, "USD 2024-01 … 2024-02")

    def test_accounts_that_the_profile_does_not_map(self, tmp_path: Path) -> None:
        text = (
            LEDGER
            + "F1,2024-01,,Revenu,1,\nF1,2024-02,,cost_of_sales,-1,\nF1,2024-02,, revenue ,1,\n"
        )
        book = money_book(tmp_path, form=profile(), ledger=text)
        finding = told(book, "account_unmapped")
        assert (finding.count, finding.examples[0].value) == (1, "Revenu → Revenue?")
        more = {"accounts": {"revenue": ("Revenue", "Revenu"), "marketing": ("Marketing",)}}
        fixed = thalweg.ingest((), book.path, profile=profile(**more))
        assert "account_unmapped" not in codes(fixed)

    def test_products_interventions_and_what_is_displaced(self, tmp_path: Path) -> None:
        products = "product,first_sale,intervention,displaces\nsteel,2020-01-01,EWR,stel\nnew,2024-01-01,EWX,steel\n"
        book = money_book(
            tmp_path,
            ledger=LEDGER.replace("F2,2024-01,steel", "F2,2024-01,steal")
            + "F1,2024-02,EWR,Revenue,1,\n",
            products=products,
            interventions="id,kind,unit,from,assignment,reason\nEWR,technology,F1,2024-01-01,planned,x\n",
        )
        assert told(book, "product_unlisted").examples[0].value == "steal → steel?"
        assert told(book, "product_unlisted").count == 1
        assert told(book, "intervention_unlisted").examples[0].value == "EWX → EWR?"
        assert told(book, "displaced_unlisted").examples[0].value == "stel → steel?"

    def test_parties_spelled_otherwise_and_unknown(self, tmp_path: Path) -> None:
        parties = "id,name,role\nF1,One,member\nF2,Two,member\nP,Platform,platform\n"
        text = LEDGER.replace("F2,", "ｆ 2,") + "F3,2024-02,,Revenue,1,\nHQ,2024-02,,Revenue,1,\n"
        book = money_book(tmp_path, form=profile(platform="HQ"), ledger=text, parties=parties)
        assert set(rows(book, "ledger")["party"].drop_nulls()) == {"F1", "F2", "F3", "HQ"}
        finding = told(book, "party_unlisted")
        assert (finding.count, finding.detail["names"]) == (1, ["F3"])
        fixed = thalweg.ingest(
            (), book.path, parties=table(tmp_path, parties + "F3,Three,member\n")
        )
        assert "party_unlisted" not in codes(fixed)

    def test_pauses_against_the_traffic(self, tmp_path: Path) -> None:
        traffic = (
            "party,month,channel,spend\nF1,2024-01,ads,9\nF1,2024-02,ads,0\nF2,2024-02,ads,9\n"
        )
        head = "party,month,channel,assignment\n"
        kept = "F1,2024-02,ads,random\n*,2024-03,*,random\n"
        broken = "F1,2024-01,*,random\n*,2024-02,ads,random\nF2,2024-02,ads,random\nF2,2024-01,adds,random\n"
        book = money_book(tmp_path, traffic=traffic, pauses=head + kept + broken)
        assert [e.row for e in told(book, "pause_with_spend").examples] == [4, 5, 6]
        assert told(book, "channel_unlisted").examples[0].value == "adds → ads?"

    def test_pauses_of_subsidy_against_the_ledger(self, tmp_path: Path) -> None:
        ledger = (
            "party,month,account,amount\nF1,2024-01,Revenue,9\nF1,2024-01,Vouchers,-2\n"
            "F1,2024-02,Revenue,9\nF2,2024-02,Vouchers,-1\nF2,2024-03,Revenue,4\n"
        )
        kept = (
            "party,month,channel,assignment\nF1,2024-02,补贴,random\n*,2024-03,Subsidies,random\n"
        )
        broken = "F1,2024-01,subsidy,random\n*,2024-02,平台补贴,random\n"
        book = money_book(
            tmp_path,
            form=profile(accounts={"subsidy": ["Vouchers"], "revenue": ["Revenue"]}),
            ledger=ledger,
            traffic="party,month,channel,spend\nF1,2024-01,ads,9\n",
            pauses=kept + broken,
        )
        assert rows(book, "pauses")["channel"].unique().to_list() == ["subsidy"]
        assert [e.row for e in told(book, "pause_with_subsidy").examples] == [4, 5]
        assert not {"channel_unlisted", "pause_with_spend"} & codes(book)

    def test_why_spend_stopped(self, tmp_path: Path) -> None:
        traffic = "party,month,channel,spend,停投原因\n" + "".join(
            f"F1,2024-{at:02},ads,{spend},{why}\n"
            for at, (spend, why) in enumerate(
                [
                    (9, ""),
                    (0, "系统故障"),
                    (0, "Low demand"),
                    (0, "淡季"),
                    (0, "moon"),
                    (0, "off-season"),
                ],
                1,
            )
        )
        book = money_book(tmp_path, traffic=traffic)
        words = rows(book, "traffic")["reason"].to_list()
        assert words == [None, "outage", "low_demand", "season", "moon", "season"]
        finding = told(book, "stop_reason_unknown")
        assert (finding.count, finding.detail["names"]) == (1, ["moon"])

    def test_a_channel_that_is_called_subsidy_stays_one(self, tmp_path: Path) -> None:
        book = money_book(
            tmp_path,
            ledger="party,month,account,amount\nF1,2024-01,补贴,-2\n",
            traffic="party,month,channel,spend\nF1,2024-01,补贴,9\nF1,2024-02,补贴,0\n",
            pauses="party,month,channel,assignment\nF1,2024-02,补贴,random\n",
        )
        assert rows(book, "pauses")["channel"].to_list() == ["补贴"]

    def test_documents_lead_to_objects(self, tmp_path: Path) -> None:
        ledger = table(tmp_path, LEDGER.replace("SO1", "1").replace("SO2", "9"), "l.csv")
        book = book_with(tmp_path, ledger=ledger)
        assert told(book, "document_linked").count == 1
        unknown = told(book, "document_unknown")
        assert (unknown.count, unknown.examples[0].value) == (1, "9")
        found = objects_of(book, rows(book, "ledger")["document"])
        assert found.rows() == [("1", "case", 0)]
        assert book.object_ids("case")[0] == "1"
        parties = told(book, "party_unlisted")
        assert parties.detail["names"] == ["F1", "F2"]


def money_book_at(folder: Path, ledger: str) -> Any:
    folder.mkdir()
    return money_book(folder, ledger=ledger)


class TestWithEvents:
    """Tables that stay are judged anew when events or other tables come in."""

    MORE = "case_id,activity,timestamp,customer\n9,Place order,2024-07-01 10:00,F1\n"

    def test_appended_events_change_the_remarks(self, tmp_path: Path) -> None:
        ledger = table(tmp_path, LEDGER + "F1,2024-07,steel,Revenue,1,9\n", "l.csv")
        book = book_with(tmp_path, ledger=ledger)
        assert told(book, "rows_outside_records").count == 1
        assert told(book, "party_unlisted").detail["names"] == ["F1", "F2"]
        more = table(tmp_path, self.MORE, "more.csv")
        mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
        after = thalweg.ingest(
            more, book.path, mapping=mapping, append=True, timezone="Asia/Shanghai"
        )
        assert "rows_outside_records" not in codes(after)
        assert told(after, "party_unlisted").detail["names"] == ["F2"]
        assert told(after, "document_linked").count == 1
        assert rows(after, "ledger").equals(rows(book, "ledger"))

    def test_a_totals_table_is_judged_against_a_new_ledger(self, tmp_path: Path) -> None:
        totals = "month,account,amount\n2024-01,Revenue,150\n2024-02,Revenue,110\n"
        book = money_book(tmp_path, ledger=LEDGER, totals=totals)
        assert told(book, "totals_agree").count == 2
        other = table(
            tmp_path, LEDGER.replace("F2,2024-01,steel,Revenue,50", "F2,2024-01,steel,Revenue,45")
        )
        after = thalweg.ingest((), book.path, ledger=other)
        finding = told(after, "totals_differ")
        assert finding.examples[0].value == "2024-01 · Revenue: 150.00 ≠ 145.00 (-5.00)"
        assert (finding.count, finding.of, finding.detail["difference"]) == (1, 2, -5.0)


def test_the_rate_of_a_month_is_the_last_one_begun(tmp_path: Path) -> None:
    text = "currency,from,rate\nUSD,2024-02,7.0\nUSD,2024-03-10,7.1\nUSD,2024-03-20,7.2\nEUR,,8\n"
    rates = rows(money_book(tmp_path, rates=text), "rates")
    months = [day(f"2024-0{n}-01") for n in (1, 2, 3, 4)]
    found = {(c, m): r for c, m, r in rate_in(rates, months).iter_rows()}
    usd = {months[1]: 7.0, months[2]: 7.2, months[3]: 7.2}
    assert found == {("EUR", m): 8.0 for m in months} | {("USD", m): r for m, r in usd.items()}
    assert rate_in(None, months).is_empty()


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2.50", "-3.1415", "+7", None, "007.5"],
        ["1,234.5", "2", "3"],
        ["1.234", "12.345", "2"],
        ["(5)", "3万元", "-2"],
        ["12.5%", "3", "x"],
        ["1234.567", "0.125", "2"],
    ],
)
def test_the_short_way_through_plain_numbers_gives_what_the_long_one_gives(
    cells: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame({ROW: range(1, len(cells) + 1), "amount": cells})

    def read() -> tuple[list[float | None], list[Any]]:
        found, notes = Judgement(), Notes("x")
        typed = CellReader(frame, None, "auto", notes, found).typed(SCHEMA, {"amount": "amount"})
        return typed["amount"].to_list(), [(f.code, f.count, f.detail) for f in notes.findings()]

    quick = read()
    monkeypatch.setattr(CellReader, "_plain", lambda *_: None)
    assert read() == quick


def test_a_table_is_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "several"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        table(folder, LEDGER, name)
    with pytest.raises(RequestError, match="holds 2 files"):
        thalweg.ingest((), tmp_path / "book", ledger=folder)
