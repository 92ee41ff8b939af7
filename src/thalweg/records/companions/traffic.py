"""Traffic: visits, leads, orders and spend by party or segment, month and channel."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.ledger import CURRENCY_COLUMN, REMARKS
from thalweg.records.companions.money import (
    MONTH,
    PARTY,
    amounts_finite,
    currencies_convertible,
    currency_codes,
    months_complete,
    months_in_records,
    never_negative,
)
from thalweg.records.companions.names import parties_known, respelled
from thalweg.records.companions.schema import Column, Judgement, Schema, Surroundings
from thalweg.records.intake import ROW

COUNTS = ("visits", "leads", "orders")
CHANNEL = (
    "channel channelid channelname source trafficsource medium campaign 渠道 渠道名称 渠道编号 投放渠道 "
    "流量来源 来源渠道 来源 媒体"
)


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of traffic against what can be true; see ``schema.Check``."""
    rows = respelled(currency_codes(rows), "party", around, found)
    amounts_finite(rows, "spend", found)
    never_negative(rows, (*COUNTS, "spend"), found)
    usable = rows.filter(~pl.col(ROW).is_in(list(found.bad_rows())))
    again = usable.filter(pl.struct("party", "month", "channel").is_duplicated())
    found.note("traffic_cell_repeated", "note", again[ROW], "channel")
    recheck(usable, around, found)
    return rows


def recheck(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Remarks that depend on events, other tables and the profile."""
    parties_known(rows, around, found)
    currencies_convertible(rows.filter(pl.col("spend") > 0), around, found)
    months_complete(rows, found)
    months_in_records(rows, around, found)


SCHEMA = Schema(
    "traffic",
    (
        Column(
            "party",
            "text",
            "party or segment; empty for the platform as a whole",
            f"{PARTY} segment region 客群 人群 细分 分群 区域 地区",
        ),
        Column("month", "month", "month, such as 2024-03", MONTH, required=True),
        Column("channel", "text", "channel", CHANNEL, required=True),
        Column(
            "visits",
            "number",
            "visits",
            "visits visitors sessions uv pv pageviews clicks 访问量 访客数 访问次数 访问人数 访客量 浏览量 点击量",
        ),
        Column(
            "leads",
            "number",
            "leads",
            "leads inquiries enquiries signups registrations 线索 线索数 询盘 询盘数 询价数 注册数 留资数 商机数",
        ),
        Column(
            "orders",
            "number",
            "orders",
            "orders deals transactions conversions 订单数 成交数 成交单数 下单数 订单量 成交订单数 订单",
        ),
        Column(
            "spend",
            "amount",
            "what the channel cost",
            "spend cost costs adspend budget expense expenses amount 投放费用 花费 支出 费用 投放金额 广告费 "
            "推广费 消耗 投入 金额",
        ),
        CURRENCY_COLUMN,
    ),
    keys=("party", "month", "channel"),
    check=check,
    recheck=recheck,
    rechecked=REMARKS,
)
