"""Products and the month of their first sale, as stated or as the ledger shows."""

from __future__ import annotations

import polars as pl

from thalweg.economy.frame import PRODUCT_COLUMNS


def product_table(
    stated: pl.DataFrame | None, lines: pl.DataFrame
) -> tuple[pl.DataFrame, list[str]]:
    """All products that are listed or sold.

    Where no first sale is stated, the ledger's first month of revenue counts, unless that is the
    first month of all: then the product may be older.

    Returns  PRODUCT_COLUMNS in the order of the names, and the products whose first sale was found
             in the ledger.
    """
    sold = (
        lines.filter((pl.col("account") == "revenue") & (pl.col("amount") > 0))
        .drop_nulls("product")
        .group_by("product")
        .agg(seen=pl.col("month").min())
    )
    begun = lines.filter(pl.col("account") == "revenue")["month"].min()
    known = pl.DataFrame(schema=PRODUCT_COLUMNS) if stated is None else _fitted(stated)
    both = known.join(sold, on="product", how="full", coalesce=True).sort("product")
    later = pl.col("first_sale").is_null() & (pl.col("seen") > pl.lit(begun, pl.Date))
    found = both.filter(later)["product"].to_list()
    first = pl.when(later).then("seen").otherwise("first_sale")
    return both.with_columns(first_sale=first).select(list(PRODUCT_COLUMNS)), found


def _fitted(stated: pl.DataFrame) -> pl.DataFrame:
    return stated.select(
        (pl.col(name) if name in stated.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in PRODUCT_COLUMNS.items()
    ).unique("product", keep="first", maintain_order=True)


def spelled_by_id(lines: pl.DataFrame, stated: pl.DataFrame | None) -> pl.DataFrame:
    """The lines with products by id where the ledger writes a name that is nobody else's."""
    if stated is None or "name" not in stated.columns:
        return lines
    single = stated.drop_nulls("name").filter(pl.len().over("name") == 1)
    ids = {n: i for n, i in single.select("name", "product").iter_rows() if n != i}
    ids = {name: key for name, key in ids.items() if name not in set(stated["product"])}
    return lines.with_columns(pl.col("product").replace(ids)) if ids else lines
