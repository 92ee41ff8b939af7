"""Rows of a table that say the same as an earlier one."""

from __future__ import annotations

import polars as pl

from thalweg.records.intake import ROW


def said_again(rows: pl.DataFrame) -> pl.Series:
    """Numbers of the rows that say the same as an earlier row in every cell."""
    cells = [name for name in rows.columns if name != ROW]
    marks = rows.select(pl.struct(cells).hash().alias("mark"), ROW)
    alike = marks.filter(pl.col("mark").is_duplicated())
    if alike.is_empty():
        return alike[ROW]
    few = rows.filter(pl.col(ROW).is_in(alike[ROW].implode()))
    first = few.unique(cells, keep="first", maintain_order=True)
    return few.join(first, on=ROW, how="anti", maintain_order="left")[ROW]
