"""Ledger: what came in and went out, by party, month, product or service, and account."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from thalweg.records.companions.money import (
    CURRENCY,
    MONTH,
    PARTY,
    UNTIL,
    amounts_finite,
    currencies_convertible,
    currency_codes,
    ends_after_start,
    months_complete,
    months_in_records,
)
from thalweg.records.companions.names import note_unknown, parties_known, respelled
from thalweg.records.companions.repeats import said_again
from thalweg.records.companions.schema import (
    EXAMPLES_KEPT,
    Column,
    Judgement,
    Remark,
    Schema,
    Surroundings,
)
from thalweg.records.intake import ROW
from thalweg.records.profile.model import ACCOUNTS

PRODUCT = (
    "product productid productcode service serviceid sku item itemid material matnr 产品编号 产品 服务 "
    "产品或服务 产品/服务 产品名称 商品 商品编号 品类 业务线 业务 服务项目 项目"
)
ACCOUNT = (
    "account accountname accountcode glaccount ledgeraccount gl lineitem line hkont saknr metric "
    "科目 会计科目 科目名称 总账科目 一级科目 科目编码 科目代码 收支项目 指标"
)
AMOUNT = (
    "amount value total net netamount balance dmbtr wrbtr 金额 发生额 本期发生额 本期金额 本币金额 净额 金额合计 "
    "入账金额 合计"
)


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of a ledger against what can be true; see ``schema.Check``."""
    rows = ends_after_start(currency_codes(rows), found)
    rows = respelled(rows, "party", around, found)
    amounts_finite(rows, "amount", found)
    usable = rows.filter(~pl.col(ROW).is_in(list(found.bad_rows())))
    again = said_again(usable)
    total = usable.filter(pl.col(ROW).is_in(again.implode()))["amount"].sum()
    found.note("ledger_rows_alike", "warning", again, "amount", f"{total:,.2f}")
    recheck(usable, around, found)
    return rows


def recheck(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Remarks that depend on events, other tables and the profile."""
    parties_known(rows, around, found)
    products_known(rows, around, found)
    _documents(rows, around, found)
    _accounts(rows, around, found)
    currencies_convertible(rows, around, found)
    months_complete(rows, found)
    months_in_records(rows, around, found)


def products_known(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Products must be listed, where there is a list; interventions are what they cost."""
    products = around.tables("products")
    if products is None:
        return
    valid = {*products["product"], *products["name"].drop_nulls(), *intervention_words(around)}
    unknown = set(rows["product"].drop_nulls().unique()) - valid
    note_unknown("product_unlisted", rows, "product", unknown, sorted(valid), found)


def intervention_words(around: Surroundings) -> set[str]:
    """Ids and names of the interventions."""
    table = around.tables("interventions")
    return set() if table is None else {*table["id"], *table["name"].drop_nulls()}


def _documents(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Documents lead to objects of the events, where there are events."""
    given = rows["document"].drop_nulls()
    if given.is_empty() or around.span_ns is None:
        return
    objects = around.objects(given)
    known = objects["document"].unique()
    loose = rows.filter(
        pl.col("document").is_not_null() & ~pl.col("document").is_in(known.implode())
    )
    linked = len(given) - len(loose)
    first = loose.unique("document", keep="first", maintain_order=True).head(EXAMPLES_KEPT)
    shown = tuple(first.select(ROW, "document").iter_rows())
    detail = {"linked": linked, "documents": given.n_unique()}
    found.remark(
        Remark(
            "document_unknown", "warning", len(loose), shown, "document", len(given), detail=detail
        )
    )
    kinds = tuple((None, kind) for kind in objects["type"].unique().sort().head(EXAMPLES_KEPT))
    found.remark(
        Remark("document_linked", "note", linked, kinds, "document", len(given), detail=detail)
    )


def account_home(accounts: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Standard account by the words that stand for it, the standard names themselves included."""
    words = {name: name for name in ACCOUNTS}
    stated = {word.strip().casefold(): key for key, names in accounts.items() for word in names}
    return words | stated


def _accounts(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    accounts = {} if around.profile is None else around.profile.accounts
    if not accounts:
        return
    valid: Iterable[str] = [word for names in accounts.values() for word in names]
    home = account_home(accounts)
    names = rows["account"].drop_nulls().unique()
    unknown = [name for name in names if name.strip().casefold() not in home]
    note_unknown("account_unmapped", rows, "account", unknown, valid, found)


PARTY_COLUMN = Column("party", "text", "whose it is; empty for the platform as a whole", PARTY)
MONTH_COLUMN = Column("month", "month", "month, such as 2024-03", MONTH, True, until="to")
UNTIL_COLUMN = Column("to", "month", "last month of a longer period", UNTIL, whole_day=True)
CURRENCY_COLUMN = Column("currency", "text", "currency of the amount", CURRENCY)
REMARKS = (
    *("party_unlisted", "currency_not_stated", "currency_without_rate", "months_missing"),
    *("party_months_missing", "rows_outside_records"),
)

SCHEMA = Schema(
    "ledger",
    (
        PARTY_COLUMN,
        MONTH_COLUMN,
        UNTIL_COLUMN,
        Column("product", "text", "product or service, or intervention that costs", PRODUCT),
        Column("account", "text", "account, as the ledger writes it", ACCOUNT, required=True),
        Column("amount", "amount", "amount; negative or in brackets", AMOUNT, required=True),
        CURRENCY_COLUMN,
        Column(
            "document",
            "text",
            "number of the order or invoice behind it",
            "document documentid documentno docno doc order orderid orderno invoice invoiceid "
            "invoiceno voucher reference belnr vbeln 单据号 单据编号 订单号 订单编号 发票号 发票号码 凭证号 合同号 "
            "业务单号 单号",
        ),
    ),
    keys=("party", "month", "account"),
    check=check,
    recheck=recheck,
    rechecked=(
        *REMARKS,
        *("product_unlisted", "document_unknown", "document_linked", "account_unmapped"),
    ),
    repeats=True,
)
