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
from thalweg.records.companions.names import folded, note_unknown, parties_known, respelled
from thalweg.records.companions.schema import Column, Judgement, Schema, Surroundings
from thalweg.records.intake import ROW

COUNTS = ("visits", "leads", "orders")
CHANNEL = (
    "channel channelid channelname source trafficsource medium campaign 渠道 渠道名称 渠道编号 投放渠道 "
    "流量来源 来源渠道 来源 媒体"
)

STOPS = {
    "outage": "outage downtime technical fault systemfailure 故障 系统故障 技术故障 平台故障 宕机 停机",
    "ban": (
        "ban banned blocked accountblocked accountsuspended regulation 封禁 封号 禁投 被禁 账户封停 "
        "监管 监管要求 整改"
    ),
    "contract": "contract contractended contractexpired 合同到期 合约到期 合同终止 代理更换",
    "budget": "budget budgetcut budgetfreeze budgetspent 预算 预算削减 预算冻结 预算用完 预算不足",
    "season": "season seasonal lowseason offseason 季节 季节性 淡季",
    "low_demand": "lowdemand weakdemand nodemand 需求低 需求低迷 需求不足 需求下滑 需求疲软 没有需求 订单少",
    "high_demand": "highdemand capacity fullybooked 需求旺盛 产能不足 产能已满 订单饱和 订单过多",
}
"""Why nothing was spent on a channel, and the words for it."""
BY_EVENT, BY_DEMAND = ("outage", "ban", "contract"), ("season", "low_demand", "high_demand")
"""Reasons outside demand, and those that lie in it. A budget may be cut for either."""


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of traffic against what can be true; see ``schema.Check``."""
    rows = respelled(currency_codes(rows), "party", around, found)
    rows = _stops(rows, found)
    amounts_finite(rows, "spend", found)
    never_negative(rows, (*COUNTS, "spend"), found)
    usable = rows.filter(~pl.col(ROW).is_in(list(found.bad_rows())))
    again = usable.filter(pl.struct("party", "month", "channel").is_duplicated())
    found.note("traffic_cell_repeated", "note", again[ROW], "channel")
    recheck(usable, around, found)
    return rows


def _stops(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    """Reasons under their names; words that tell none stay as they are, and are told of."""
    known = {word: name for name, words in STOPS.items() for word in (*words.split(), name)}
    given = rows["reason"].drop_nulls().unique().sort().to_list()
    meant = {word: known.get(folded(word).replace("-", "").replace("_", "")) for word in given}
    meant |= {word: word for word in STOPS}
    strange = [word for word, name in meant.items() if name is None]
    note_unknown("stop_reason_unknown", rows, "reason", strange, STOPS, found)
    told = {word: name for word, name in meant.items() if name is not None}
    return rows.with_columns(pl.col("reason").replace(told))


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
        Column(
            "reason",
            "text",
            "why nothing was spent: outage, ban, contract, budget, season, low_demand, high_demand",
            "reason stopreason reasonofstop whystopped pausereason 停投原因 停止原因 暂停原因 原因",
        ),
    ),
    keys=("party", "month", "channel"),
    check=check,
    recheck=recheck,
    rechecked=REMARKS,
)
