"""A small book and small tables beside it, written as people export them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

import thalweg
from thalweg.records.store.book import Book

LOG = """case_id,activity,timestamp,customer
1,Place order,2024-01-03 10:00,青禾制造
1,Sign contract,2024-01-05 10:00,青禾制造
2,Place order,2024-02-03 10:00,Two Pines
2,Ship goods,2024-05-04 10:00,Two Pines
3,Place order,2024-03-03 10:00,Harbour Fan
3,Cancel order,2024-06-30 10:00,Harbour Fan
"""
CHINESE = """措施编号,措施名称,类型,环节,企业,上线日期,结束日期,力度,费用（万元）,分配方式,选择原因,规模
EWR,电子仓单,技术,仓储；结算,青禾制造,2024年3月1日,,0.8,12,按计划,先上大客户,001
EWR,电子仓单,技术,仓储、结算,Two Pines,2024/4/1,,"1,5",5,抽签,抽签决定,002
MAT,撮合引擎,模式,撮合,*,2024-02-15,2024-02-20,,,,未知,003
"""
HEAD = "id,kind,unit,from,to,intensity,cost,assignment,reason\n"


def table(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def book_with(folder: Path, *, zone: str | None = "Asia/Shanghai", **beside: Any) -> Book:
    """The small log as a book, with tables or a profile beside it."""
    log = table(folder, LOG, "log.csv")
    mapping = thalweg.FlatMapping(case="case_id", activity="activity", time="timestamp")
    return thalweg.ingest(log, folder / "book", mapping=mapping, timezone=zone, **beside)


def interventions(folder: Path, *rows: str, **beside: Any) -> pl.DataFrame:
    """Rows under ``HEAD`` as the book gives them back."""
    book = book_with(folder, interventions=table(folder, HEAD + "\n".join(rows) + "\n"), **beside)
    found = book.interventions()
    assert found is not None
    return found
