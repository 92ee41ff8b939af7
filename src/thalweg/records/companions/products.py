"""Products and services: when each was first sold, what brought it, and what it displaces."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.ledger import intervention_words
from thalweg.records.companions.names import note_unknown
from thalweg.records.companions.schema import Column, Fault, Judgement, Schema, Surroundings
from thalweg.records.intake import ROW

PRODUCT = (
    "id productid productcode code sku itemid material matnr 编号 产品编号 产品代码 产品 服务编号 商品编号 商品 "
    "品类 业务线 产品服务"
)


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of products against what can be true; see ``schema.Check``."""
    rows = rows.with_columns(pl.col("name").fill_null(pl.col("product")))
    twice = rows.filter(pl.col("product").is_not_null() & pl.col("product").is_duplicated())
    for row, product in twice.select(ROW, "product").iter_rows():
        cure = "Its rows differ; keep the one that holds."
        found.faults.append(Fault(row, "product_repeated", "product", product, cure))
    undated = rows.filter(pl.col("first_sale").is_null())
    found.note("first_sale_not_stated", "warning", undated[ROW], "first_sale")
    _displaced(rows, found)
    recheck(rows, around, found)
    return rows


def _displaced(rows: pl.DataFrame, found: Judgement) -> None:
    """What is displaced is a product of the list."""
    pairs = rows.select(ROW, "displaces").explode("displaces", empty_as_null=False)
    valid = {*rows["product"].drop_nulls(), *rows["name"].drop_nulls()}
    unknown = set(pairs["displaces"].drop_nulls()) - valid
    note_unknown("displaced_unlisted", pairs, "displaces", unknown, sorted(valid), found)


def recheck(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """The intervention that brings a product is one of the table."""
    if around.tables("interventions") is None:
        return
    valid = intervention_words(around)
    unknown = set(rows["intervention"].drop_nulls()) - valid
    note_unknown("intervention_unlisted", rows, "intervention", unknown, sorted(valid), found)


SCHEMA = Schema(
    "products",
    (
        Column("product", "text", "product or service", PRODUCT, True, instead="name"),
        Column(
            "name", "text", "its name", "name productname title 名称 产品名称 服务名称 商品名称"
        ),
        Column(
            "first_sale",
            "day",
            "day or month of the first sale",
            "firstsale firstsold firstsaledate launch launchdate launched 首销日期 首次销售日期 首次销售 上市日期 "
            "首销 首销时间 上线日期 首单日期",
        ),
        Column(
            "service",
            "flag",
            "whether it is a service",
            "service isservice 是否服务 服务 是否为服务",
        ),
        Column(
            "intervention",
            "text",
            "intervention that brings it",
            "intervention interventionid broughtby project 举措 举措编号 来自举措 关联举措 所属举措",
        ),
        Column(
            "displaces",
            "list",
            "products that it takes the place of, separated by ; or 、",
            "displaces replaces cannibalises cannibalizes substitutes 替代 替代产品 取代 取代产品 被替代产品",
        ),
    ),
    keys=("product",),
    check=check,
    recheck=recheck,
    rechecked=("intervention_unlisted",),
)
