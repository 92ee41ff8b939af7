"""What tables of money have in common: currencies, months without rows, numbers below zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import polars as pl

from thalweg.records.companions.periods import months_between
from thalweg.records.companions.schema import EXAMPLES_KEPT, Fault, Judgement, Remark, Surroundings
from thalweg.records.intake import ROW
from thalweg.records.text.numbers import parse_numbers

CURRENCY = "currency currencycode curr ccy 币种 货币 货币单位 币别 原币币种"
PARTY = (
    "party partyid firm firmid company companyid companycode bukrs entity entityid legalentity unit "
    "unitid site siteid 企业编号 公司编号 单位编号 主体编号 企业 公司 单位 主体 公司代码 法人 法人主体 核算主体 "
    "企业名称 公司名称 单位名称 账套 customer customerid customername client clientid merchant "
    "merchantid 客户 客户编号 客户名称 商户 商户编号 商户名称 商家"
)
MONTH = (
    "month period yearmonth accountingperiod fiscalperiod postingperiod reportingperiod postingdate "
    "bookingdate date time quarter year 月份 期间 会计期间 会计月份 年月 月 记账月份 记账日期 凭证日期 过账日期 "
    "入账日期 统计月份 所属月份 日期 季度 年度 年份"
)
UNTIL = "to until periodend enddate endmonth lastmonth periodto 截止月份 结束月份 期末 期间止 截止日期 结束日期 至"


def currency_codes(rows: pl.DataFrame) -> pl.DataFrame:
    """Currencies by their ISO codes where the words are known: 人民币, RMB and ￥ are CNY."""
    words = rows["currency"].drop_nulls().unique().to_list()
    read = parse_numbers(pl.Series([f"1{word}" for word in words], dtype=pl.String)).currency
    codes = {w: c or w.strip().upper() for w, c in zip(words, read, strict=True)}
    return rows.with_columns(pl.col("currency").replace(codes))


def amounts_finite(rows: pl.DataFrame, column: str, found: Judgement) -> None:
    """A Parquet file may hold infinity and what is no number: no amount."""
    for row, value in rows.filter(~pl.col(column).is_finite()).select(ROW, column).iter_rows():
        cure = "Write an amount such as 120000."
        found.faults.append(Fault(row, "cell_unreadable", column, f"{value}", cure))


def never_negative(rows: pl.DataFrame, columns: Iterable[str], found: Judgement) -> None:
    for column in columns:
        bad = rows.filter(pl.col(column) < 0).select(ROW, column)
        for row, value in bad.iter_rows():
            cure = "Write what was spent or counted as a positive number."
            found.faults.append(Fault(row, "number_negative", column, f"{value:g}", cure))


def ends_after_start(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    """A last month before the first is a fault; the same month is no longer period."""
    bad = rows.filter(pl.col("to") < pl.col("month"))
    for row, begin, end in bad.select(ROW, "month", "to").iter_rows():
        cure = f"It begins in {begin:%Y-%m}."
        found.faults.append(Fault(row, "ends_before_start", "to", f"{end:%Y-%m}", cure))
    longer = pl.when(pl.col("to") > pl.col("month")).then("to")
    return rows.with_columns(longer.alias("to"))


def rate_in(rates: pl.DataFrame | None, months: Sequence[date]) -> pl.DataFrame:
    """The rate of each currency in each month: currency, month, rate.

    The rate of a month is that of the last row that begins in it or before it; a row without a day
    holds from the beginning. Months before the first row have none and are left out.
    """
    schema = {"currency": pl.String, "month": pl.Date, "rate": pl.Float64}
    if rates is None:
        return pl.DataFrame(schema=schema)
    held = rates.select(
        "currency",
        pl.col("from").dt.month_start().fill_null(date.min).alias("month"),
        "from",
        "rate",
    ).sort("month", "from", nulls_last=False)
    wanted = pl.DataFrame({"month": sorted(months)}, schema={"month": pl.Date})
    cells = held.select(pl.col("currency").unique().sort()).join(wanted, how="cross").sort("month")
    found = cells.join_asof(held.drop("from"), on="month", by="currency", check_sortedness=False)
    return found.drop_nulls("rate").select(list(schema)).sort("currency", "month")


def currencies_convertible(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Amounts without a currency are taken in the profile's; others need a rate."""
    own = None if around.profile is None else around.profile.currency
    silent = rows.filter(pl.col("currency").is_null())
    found.note("currency_not_stated", "note", silent[ROW], "currency", own or "")
    if own is None:
        return
    foreign = rows.filter((pl.col("currency") != own) & pl.col("month").is_not_null())
    known = rate_in(around.tables("rates"), foreign["month"].unique().to_list())
    bare = foreign.join(known, on=["currency", "month"], how="anti", maintain_order="left")
    spans = bare.group_by("currency").agg(
        pl.col("month").min().alias("a"), pl.col("month").max().alias("b")
    )
    told = [f"{c} {_from_to(a, b)}" for c, a, b in spans.sort("currency").rows()]
    found.note("currency_without_rate", "warning", bare[ROW], "currency", ", ".join(told[:3]))


def months_covered(rows: pl.DataFrame) -> pl.LazyFrame:
    """party, month: one row for each month that a row covers."""
    spans = rows.lazy().select("party", "month", pl.coalesce("to", "month").alias("to")).unique()
    every = pl.date_ranges("month", "to", interval="1mo").alias("month")
    return spans.select("party", every).explode("month", empty_as_null=False).unique()


def months_complete(rows: pl.DataFrame, found: Judgement) -> None:
    """Remark on months without a row between the first and the last: of all, then by party."""
    if "to" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.Date).alias("to"))
    held = months_covered(rows.filter(pl.col("month").is_not_null())).collect()
    if held.is_empty():
        return
    overall = set(held["month"])
    gaps = [m for m in months_between(min(overall), max(overall)) if m not in overall]
    _note_gaps("months_missing", "warning", [("", gaps)] if gaps else [], found)
    spans = held.drop_nulls("party").group_by("party")
    few = spans.agg(pl.col("month").min().alias("a"), pl.col("month").max().alias("b"), pl.len())
    length = (pl.col("b").dt.year() - pl.col("a").dt.year()) * 12 + 1
    length += pl.col("b").dt.month().cast(pl.Int32) - pl.col("a").dt.month().cast(pl.Int32)
    torn = few.filter(pl.col("len") < length).sort("party")
    if torn.is_empty():
        return
    of = held.join(torn, on="party", how="semi").group_by("party").agg("month")
    months = dict(of.iter_rows())
    by_party = []
    for party, first, last in torn.select("party", "a", "b").iter_rows():
        present = set(months[party]) | set(gaps)
        if missing := [m for m in months_between(first, last) if m not in present]:
            by_party.append((party, missing))
    _note_gaps("party_months_missing", "note", by_party, found)


def _note_gaps(
    code: str, severity: str, gaps: list[tuple[str, list[date]]], found: Judgement
) -> None:
    examples = tuple((None, _span_text(name, months)) for name, months in gaps[:EXAMPLES_KEPT])
    count = sum(len(months) for _, months in gaps)
    of = None if code == "months_missing" else 0
    found.remark(
        Remark(
            code,
            "warning" if severity == "warning" else "note",
            count,
            examples,
            "month",
            of=0 if of is None else of,
            detail={"parties": len(gaps)} if code != "months_missing" else {},
        )
    )


def _span_text(name: str, months: list[date]) -> str:
    shown = ", ".join(f"{month:%Y-%m}" for month in months[:3])
    more = f" … {months[-1]:%Y-%m}" if len(months) > 3 else ""
    return f"{name}: {shown}{more}" if name else shown + more


def _from_to(first: date, last: date) -> str:
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m} … {last:%Y-%m}"


def months_in_records(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Note rows of months that end before the first event or begin after the last."""
    if around.span_ns is None:
        return
    first, last = (datetime.fromtimestamp(ns / 1e9, UTC).date() for ns in around.span_ns)
    end = pl.coalesce("to", "month") if "to" in rows.columns else pl.col("month")
    outside = rows.filter((pl.col("month") > last) | (end < first.replace(day=1)))
    ends = outside.select(pl.col("month").min().alias("a"), pl.col("month").max().alias("b"))
    a, b = ends.row(0)
    shown = "" if a is None else _from_to(a, b)
    found.note("rows_outside_records", "note", outside[ROW], "month", shown)
