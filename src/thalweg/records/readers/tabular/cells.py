"""Cells that name objects: ids as text, and several ids in one cell."""

from __future__ import annotations

import polars as pl

from thalweg.records.mapping.flat import LIST_SEPARATOR


def as_ids(values: pl.Series) -> pl.Series:
    """Ids as text; lists stay lists of text, and whole numbers kept as 17.0 become 17."""
    dtype = values.dtype
    if dtype == pl.String:
        return values
    if isinstance(dtype, pl.List):
        return values.cast(pl.List(pl.String))
    if dtype.is_float():
        frame, number = values.to_frame("n"), pl.col("n")
        whole = number.cast(pl.Int64, strict=False).cast(pl.String)
        text = pl.when(number == number.floor()).then(whole).otherwise(number.cast(pl.String))
        return frame.select(text.alias(values.name)).to_series()
    return as_text(values)


def as_text(values: pl.Series) -> pl.Series:
    """Cells as text; lists and structures as JSON."""
    if not values.dtype.is_nested():
        return values.cast(pl.String)
    wrapped = values.to_frame("v").select(pl.struct("v").struct.json_encode())
    text = wrapped.to_series().str.slice(len('{"v":')).str.head(-1).alias(values.name)
    return text.zip_with(values.is_not_null(), text.clear(len(text)))


def as_list(values: pl.Series, separator: str | None) -> pl.Series:
    """Cells with several ids as lists of text; ``list`` reads ``['a', 'b']`` and ``[1, 2]``.

    Repeated ids stay repeated: whether that means anything is not for the reader to say.
    """
    if isinstance(values.dtype, pl.List) or separator is None:
        return as_ids(values)
    text = as_text(values)
    if separator == LIST_SEPARATOR:
        return _literal_lists(text)
    frame = text.to_frame("t")
    return frame.select(_clean(pl.col("t").str.split(separator)).alias(values.name)).to_series()


def _literal_lists(text: pl.Series) -> pl.Series:
    cell = pl.col("t").str.strip_chars()
    quoted = cell.str.extract_all(r"'[^']*'|\"[^\"]*\"").list.eval(
        pl.element().str.slice(1).str.head(-1)
    )
    bare = cell.str.strip_chars_start("[").str.strip_chars_end("]").str.split(",")
    in_brackets = cell.str.starts_with("[") & cell.str.ends_with("]")
    lists = (
        pl.when(in_brackets & cell.str.contains(r"^\[\s*['\"]"))
        .then(quoted)
        .when(in_brackets)
        .then(_clean(bare))
        .otherwise(_clean(pl.concat_list(cell)))
    )
    return text.to_frame("t").select(lists.alias(text.name)).to_series()


def _clean(lists: pl.Expr) -> pl.Expr:
    """Ids without surrounding blanks, empty ones left out."""
    ids = lists.list.eval(pl.element().str.strip_chars())
    return ids.list.eval(pl.element().filter(pl.element().is_not_null() & (pl.element() != "")))
