"""The log of a world in one language: what every way of writing it starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from thalweg.industry.terms import Language
from thalweg.industry.writing.headers import header

ZONE = "Asia/Shanghai"
Say = Callable[[str], str]


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Events, objects and links as text in one language; the columns have their own names.

    events        event (Int64), activity, start, end (UTC), resource, party, and figures.
    links         event (Int64), type, object.
    objects       by type: object and attributes, which are called as the language has them.
    object_links  source, source_type, target, target_type, qualifier.
    figures       columns of ``events`` that hold numbers.
    """

    language: Language
    events: pl.DataFrame
    links: pl.DataFrame
    objects: dict[str, pl.DataFrame]
    object_links: pl.DataFrame
    figures: tuple[str, ...] = ("amount_cny", "tonnes")

    def name(self, column: str) -> str:
        """What a column or attribute is called in the language of the log."""
        return header(column, self.language)


def words_of(values: pl.Series, say: Say) -> pl.Series:
    """Keys as words; each distinct key is said once. Empty stays empty."""
    keys = values.cast(pl.String)
    known = keys.drop_nulls().unique().to_list()
    if not known:
        return keys
    new = [say(key) for key in known]
    return keys.replace_strict(known, new, return_dtype=pl.String)
