"""Interventions: what was rolled out to whom and when, and why to them at that time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from thalweg.records.companions.names import party_words, respelled
from thalweg.records.companions.schema import (
    Column,
    Fault,
    Judgement,
    Schema,
    Surroundings,
    near_words,
)
from thalweg.records.intake import ROW
from thalweg.records.mapping.flat import nearest
from thalweg.records.profile.model import KINDS, InterventionKind, Layer, words_of
from thalweg.records.profile.words import LAYERS

EVERY_UNIT = "*"
UNKNOWN = "unknown"
ASSIGNMENTS: dict[str, str] = {
    "randomised": "randomised randomized random bylot lottery 随机 随机分配 随机化 抽签",
    "planned": "planned plan scheduled byplan 计划 按计划 计划安排 排期 统一安排",
    "chosen": "chosen selected picked assigned handpicked 挑选 选定 选择 指定 择优",
    "volunteered": "volunteered volunteer voluntary selfselected optin 自愿 自愿报名 报名 主动申请 自选",
    UNKNOWN: "unknown notknown 未知 不详 不明 不清楚",
}
"""How dates came to units, and the words for it."""
_SAME = ["id", "unit"]
_UNIT_CURE = "Write the unit as the records or the parties spell it, or * for every unit."


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of interventions against what can be true; see ``schema.Check``."""
    rows = rows.with_columns(pl.col("name").fill_null(pl.col("id")))
    rows = respelled(rows, "unit", around, found)
    rows = _kinds(rows, around, found)
    rows = _layers(rows, around, found)
    rows = _assignments(rows, found)
    rows = _reasons(rows, found)
    _amounts(rows, found)
    _times(rows, around, found)
    _units(rows, around, found)
    _told_alike(rows, found)
    _overlaps(rows, found)
    return rows


def _kinds(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    kinds = KINDS if around.profile is None else around.profile.kinds
    known = _by_word(kinds)
    told: list[str | None] = []
    for row, value in rows.select(ROW, "kind").iter_rows():
        meant = None if value is None else known.get(value.strip().casefold())
        if value is not None and meant is None and around.profile is not None:
            valid = words_of(kinds)
            fault = Fault(row, "kind_unknown", "kind", value, nearest(value, valid))
            found.faults.append(replace(fault, near=near_words(value, valid)))
        told.append(meant or value)
    found.note("kind_not_stated", "warning", rows.filter(pl.col("kind").is_null())[ROW], "kind")
    return rows.with_columns(pl.Series("kind", told, dtype=pl.String))


def _layers(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Layers by id: those of the profile, else the usual ones where a name is one of theirs."""
    if around.profile is None:
        pairs = {w.casefold(): key for key, names in LAYERS.items() for w in (key, *names)}
        usual = [[pairs.get(w.casefold(), w) for w in ws or ()] for ws in rows["layers"].to_list()]
        return rows.with_columns(pl.Series("layers", usual, dtype=pl.List(pl.String)))
    known = _by_word(around.profile.layers)
    told: list[list[str]] = []
    for row, words in rows.select(ROW, "layers").iter_rows():
        for word in words or ():
            if word.casefold() not in known:
                valid = words_of(around.profile.layers)
                fault = Fault(row, "layer_unknown", "layers", word, nearest(word, valid))
                found.faults.append(replace(fault, near=near_words(word, valid)))
        told.append([known.get(word.casefold(), word) for word in words or ()])
    return rows.with_columns(pl.Series("layers", told, dtype=pl.List(pl.String)))


def _by_word(records: Iterable[Layer | InterventionKind]) -> dict[str, str]:
    return {word.casefold(): one.id for one in records for word in words_of([one])}


def _assignments(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    known = {word: name for name, words in ASSIGNMENTS.items() for word in words.split()}
    told: list[str] = []
    for row, value in rows.select(ROW, "assignment").iter_rows():
        word = "" if value is None else "".join(c for c in value.casefold() if c.isalpha())
        if value is not None and word not in known:
            cure, near = nearest(value, ASSIGNMENTS), near_words(value, ASSIGNMENTS)
            found.faults.append(Fault(row, "assignment_unknown", "assignment", value, cure, near))
        told.append(known.get(word, UNKNOWN))
    silent = rows.filter(pl.col("assignment").is_null())[ROW]
    found.note("assignment_not_stated", "warning", silent, "assignment")
    return rows.with_columns(pl.Series("assignment", told, dtype=pl.String))


def _reasons(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    words = ASSIGNMENTS[UNKNOWN].split()
    unknown = pl.col("reason").str.to_lowercase().str.replace_all(r"[\W_]", "").is_in(words)
    found.note("reason_unknown", "warning", rows.filter(unknown)[ROW], "reason", UNKNOWN)
    return rows.with_columns(
        pl.when(unknown).then(pl.lit(UNKNOWN)).otherwise("reason").alias("reason")
    )


def _amounts(rows: pl.DataFrame, found: Judgement) -> None:
    for code, column, bad in (
        ("number_not_positive", "intensity", pl.col("intensity") <= 0),
        ("number_negative", "cost", pl.col("cost") < 0),
    ):
        for row, value in rows.filter(bad).select(ROW, column).iter_rows():
            found.faults.append(Fault(row, code, column, f"{value:g}"))


def _times(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    ends_first = rows.filter(pl.col("to_at") <= pl.col("from_at"))
    for row, begin, end in ends_first.select(ROW, "from_day", "to_day").iter_rows():
        found.faults.append(Fault(row, "ends_before_start", "to", f"{end}", f"It begins {begin}."))
    outside_records(rows, around, found)


def outside_records(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Note interventions that begin before the first event or after the last."""
    if around.span_ns is None:
        return
    first, last = around.span_ns
    at = pl.col("from_at").to_physical()
    outside = rows.filter((at < first) | (at > last))
    days = outside["from_day"].cast(pl.String).unique().sort().to_list()
    shown = ", ".join(days[:3])
    found.note("intervention_outside_records", "warning", outside[ROW], "from", shown)


def _units(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> None:
    """Every unit must be a party, or occur in the records, where there is either."""
    if around.parties is None and around.span_ns is None:
        return
    given = [unit for unit in rows["unit"].drop_nulls().unique().sort() if unit != EVERY_UNIT]
    ids, names = party_words(around.parties)
    known = around.known([unit for unit in given if unit not in ids and unit not in names])
    offers: list[str] | None = None
    faults: dict[str, Fault] = {}
    for unit in given:
        if unit in ids or unit in known:
            continue
        owners = names.get(unit, [])
        if len(owners) > 1:
            cure = f"Write one of the ids: {', '.join(owners[:3])}."
            faults[unit] = Fault(0, "unit_ambiguous", "unit", unit, cure, tuple(owners[:3]))
        elif not owners:
            offers = around.names() if offers is None else offers
            near = near_words(unit, [*ids, *names, *offers])
            faults[unit] = Fault(0, "unit_unknown", "unit", unit, _UNIT_CURE, near)
    for row, unit in rows.select(ROW, "unit").iter_rows():
        if unit in faults:
            found.faults.append(replace(faults[unit], row=row))


def _told_alike(rows: pl.DataFrame, found: Judgement) -> None:
    """One intervention should have one name and one kind."""
    differ = rows.group_by("id").agg(pl.col("name", "kind").drop_nulls().n_unique())
    ids = differ.filter((pl.col("name") > 1) | (pl.col("kind") > 1))["id"].sort()
    several = rows.filter(pl.col("id").is_in(ids.implode()))
    shown = ", ".join(ids.head(3))
    found.note("intervention_told_differently", "warning", several[ROW], "id", shown)


def _overlaps(rows: pl.DataFrame, found: Judgement) -> None:
    """The same intervention at the same unit twice at a time: which one holds is not known."""
    bad = found.bad_rows()
    timed = rows.filter(pl.col("from_at").is_not_null()).sort(*_SAME, "from_at", ROW)
    for _, same in timed.group_by(_SAME, maintain_order=True):
        overlapping: dict[int, int] = {}
        latest: tuple[int, object] | None = None
        for row, begin, end in same.select(ROW, "from_at", "to_at").iter_rows():
            if latest is not None and (latest[1] is None or begin < latest[1]):
                overlapping |= {latest[0]: row, row: latest[0]}
            if latest is None or (latest[1] is not None and (end is None or end > latest[1])):
                latest = (row, end)
        shown = f"{same['id'][0]}, {same['unit'][0]}"
        for row, other in sorted(overlapping.items()):
            if row not in bad:
                cure = (
                    f"Row {other} holds at the same time; end one before the other, or delete it."
                )
                found.faults.append(Fault(row, "intervention_overlaps", "from", shown, cure))


SCHEMA = Schema(
    "interventions",
    (
        Column(
            "id",
            "text",
            "which intervention",
            "id interventionid intervention interventioncode code rolloutid projectid 干预id 干预编号 "
            "措施编号 措施id 项目编号 举措编号 编号",
            required=True,
            instead="name",
        ),
        Column(
            "name",
            "text",
            "its name",
            "name interventionname title 名称 干预名称 措施名称 项目名称 干预 措施 举措 干预措施",
        ),
        Column(
            "kind",
            "text",
            "technology, model, application, or a kind of the profile",
            "kind type interventionkind interventiontype category 类型 类别 种类 干预类型 措施类型",
        ),
        Column(
            "layers",
            "list",
            "layers that it is meant for, separated by ; or 、",
            "layers layer stage stages 层 层级 环节 所属环节 涉及环节 作用环节 业务环节 阶段",
        ),
        Column(
            "unit",
            "text",
            "party that got it, or * for every unit",
            "unit units unitid party partyid firm firmid company companyid site siteid 单位 企业 公司 "
            "单位编号 企业编号 公司编号 实施单位 实施企业 实施对象 对象企业 对象单位 对象 门店 站点 单位名称 企业名称 公司名称",
            required=True,
        ),
        Column(
            "from",
            "moment",
            "day or time from which it was in force",
            "from fromdate since start startdate startedat starttime begin begindate golive golivedate "
            "rolloutdate adoptiondate adopted 开始 开始日期 开始时间 起始日期 启用日期 启用时间 上线日期 "
            "上线时间 实施日期 实施时间 生效日期",
            required=True,
        ),
        Column(
            "to",
            "moment",
            "last day, or time until which it was in force",
            "to todate until end enddate endedat endtime stop stopdate 结束 结束日期 结束时间 终止日期 "
            "停用日期 停用时间 下线日期 失效日期 截止日期",
            whole_day=True,
        ),
        Column(
            "intensity",
            "number",
            "dose, above zero",
            "intensity dose strength level degree 强度 力度 剂量 程度 覆盖率",
        ),
        Column(
            "cost",
            "amount",
            "what it cost at this unit",
            "cost costs amount expense 成本 费用 金额 投入 投入金额 实施费用 花费",
        ),
        Column("currency", "text", "currency of the cost", "currency 币种 货币 货币单位"),
        Column(
            "assignment",
            "text",
            "how the date came to the unit",
            "assignment assignedby assigned allocation selection 分配方式 分配 安排方式 选择方式 指派方式",
        ),
        Column(
            "reason",
            "text",
            "why this unit at this time; write unknown if nobody knows",
            "reason why rationale justification motive 原因 理由 依据 选择原因 选择理由 说明 缘由",
            required=True,
        ),
    ),
    keys=("id", "unit"),
    check=check,
    recheck=outside_records,
    rechecked=("intervention_outside_records",),
    group="id",
)
