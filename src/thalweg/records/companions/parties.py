"""Parties: who takes part, on which level, and what is known of them."""

from __future__ import annotations

import polars as pl

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
from thalweg.records.profile.model import words_of
from thalweg.records.profile.words import LAYERS


def check(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """Hold typed rows of parties against what can be true; see ``schema.Check``."""
    rows = rows.with_columns(
        pl.col("name").fill_null(pl.col("id")), pl.col("eligible").fill_null(True)
    )
    rows = _layers(rows, around, found)
    _once_each(rows, found)
    return _parents(rows, found)


def _layers(rows: pl.DataFrame, around: Surroundings, found: Judgement) -> pl.DataFrame:
    """The layer by its id: one of the profile's, else a usual one where the name is one of theirs."""
    if around.profile is None:
        known = {w.casefold(): key for key, names in LAYERS.items() for w in (key, *names)}
    else:
        layers = around.profile.layers
        known = {word.casefold(): one.id for one in layers for word in words_of([one])}
    told: list[str | None] = []
    for row, word in rows.select(ROW, "layer").iter_rows():
        meant = None if word is None else known.get(word.casefold())
        if word is not None and meant is None and around.profile is not None:
            valid = words_of(around.profile.layers)
            cure, near = nearest(word, valid), near_words(word, valid)
            found.faults.append(Fault(row, "layer_unknown", "layer", word, cure, near))
        told.append(meant or word)
    return rows.with_columns(pl.Series("layer", told, dtype=pl.String))


def _once_each(rows: pl.DataFrame, found: Judgement) -> None:
    """A party that is described in two ways: which one holds is not known."""
    counted = rows.filter(pl.col("id").is_not_null()).filter(pl.len().over("id") > 1)
    for row, key in counted.select(ROW, "id").iter_rows():
        cure = "Its rows differ; keep the one that holds."
        found.faults.append(Fault(row, "party_repeated", "id", key, cure))


def _parents(rows: pl.DataFrame, found: Judgement) -> pl.DataFrame:
    """Parents by id where a name was given; circles are refused."""
    ids = set(rows["id"].drop_nulls())
    unique = rows.filter(pl.col("name").is_not_null() & (pl.len().over("name") == 1))
    by_name = dict(unique.select("name", "id").iter_rows())
    told = [p if p is None or p in ids else by_name.get(p, p) for p in rows["parent"]]
    rows = rows.with_columns(pl.Series("parent", told, dtype=pl.String))
    above = dict(rows.select("id", "parent").iter_rows())
    for row, key in rows.select(ROW, "id").iter_rows():
        if _circles(key, above):
            cure = "A party cannot stand above itself; correct the parents."
            found.faults.append(Fault(row, "parent_circular", "parent", str(above[key]), cure))
    loose = pl.col("parent").is_not_null() & ~pl.col("parent").is_in(list(ids))
    unlisted = rows.filter(loose)
    shown = ", ".join(unlisted["parent"].unique().sort().head(3))
    found.note("parent_not_listed", "note", unlisted[ROW], "parent", shown)
    return rows


def _circles(key: str | None, above: dict[str | None, str | None]) -> bool:
    """Going up from a party comes back to it."""
    seen: set[str | None] = set()
    at = above.get(key)
    while at is not None and at not in seen:
        if at == key:
            return True
        seen.add(at)
        at = above.get(at)
    return False


SCHEMA = Schema(
    "parties",
    (
        Column(
            "id",
            "text",
            "which party, as the records or the interventions spell it",
            "id partyid party firmid companyid siteid unitid code customerid vendorid lifnr kunnr bukrs "
            "编号 企业编号 公司编号 单位编号 主体编号 客户编号 供应商编号 参与方编号 代码",
            required=True,
            instead="name",
        ),
        Column(
            "name",
            "text",
            "its name",
            "name partyname firm firmname company companyname site sitename unit unitname 名称 企业名称 "
            "公司名称 单位名称 企业 公司 单位 主体 参与方 客户名称 供应商名称 简称",
        ),
        Column(
            "role",
            "text",
            "what it does in the chain, such as trader or warehouse",
            "role partyrole partytype 角色 身份 企业类型 主体类型 类型 类别",
        ),
        Column(
            "region",
            "text",
            "where it is",
            "region area province city district 地区 区域 大区 省份 省 城市",
        ),
        Column(
            "layer",
            "text",
            "layer of the chain that it works in",
            "layer stage 层 层级 环节 所属环节",
        ),
        Column(
            "parent",
            "text",
            "the party above it: site, firm, region",
            "parent parentid parentparty parentcompany group headquarters 上级 上级编号 上级单位 "
            "上级企业 母公司 所属企业 所属公司 所属集团 集团",
        ),
        Column(
            "eligible",
            "flag",
            "whether a roll-out could reach it",
            "eligible iseligible 适用 是否适用 符合条件 是否符合条件 可推广 是否可推广",
        ),
    ),
    keys=("id",),
    check=check,
)
