"""Documents of a ledger, and the objects of the events that they are about."""

from __future__ import annotations

import polars as pl

from thalweg.records.companions.schema import DOCUMENTS_SCHEMA
from thalweg.records.intake import OBJECT
from thalweg.records.store.book import Book


def objects_of(book: Book, documents: pl.Series) -> pl.DataFrame:
    """The objects that documents name by their ids.

    Takes    documents: ids, such as a ledger's column ``document``.
    Returns  document, type, object (its code in the book): one row for each document and object of
             that id, in the order of the book's types; documents without an object are left out.
    """
    wanted = documents.drop_nulls().unique().alias("document").to_frame().lazy()
    found = [
        book.objects(record.name)
        .select(OBJECT)
        .with_row_index("object")
        .join(wanted, left_on=OBJECT, right_on="document", how="semi")
        .select(
            pl.col(OBJECT).alias("document"),
            pl.lit(record.name).alias("type"),
            pl.col("object").cast(pl.UInt32),
        )
        for record in book.manifest.types
    ]
    if not found:
        return pl.DataFrame(schema=DOCUMENTS_SCHEMA)
    return pl.concat(found).collect()
