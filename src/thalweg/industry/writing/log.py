"""The log of a world in one language: what every way of writing it starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from thalweg.industry.world.records import Records
from thalweg.industry.world.words import Language, name_of, resource_name, say
from thalweg.industry.writing.headers import header

ZONE = "Asia/Shanghai"
FIGURES = ("amount_cny", "tonnes")
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
    figures: tuple[str, ...] = FIGURES

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


def log_of(records: Records, language: Language) -> Log:
    """The log of a world in words; firms and documents keep their numbers."""

    def words(key: str) -> str:
        return say(key, language)

    events = records.events
    resources = events["resource"].cast(pl.String)
    names = _resource_names(resources.drop_nulls().unique(), records.parties, language)
    return Log(
        language,
        events.select(
            "event",
            words_of(events["activity"], words),
            "start",
            "end",
            resources.replace(names),
            pl.col("party").cast(pl.String),
            *FIGURES,
        ),
        records.links.select(
            "event", words_of(records.links["type"], words), pl.col("object").cast(pl.String)
        ),
        {words(kind): _objects(frame, language) for kind, frame in records.objects.items()},
        records.object_links.select(
            pl.col("source").cast(pl.String),
            words_of(records.object_links["source_type"], words),
            pl.col("target").cast(pl.String),
            words_of(records.object_links["target_type"], words),
            words_of(records.object_links["qualifier"], words),
        ),
        FIGURES,
    )


def party_names(parties: pl.DataFrame, language: Language) -> pl.DataFrame:
    """party, name: what each party is called, by its role and its number among those of its role."""
    place = pl.int_range(pl.len()).over("role")
    counted = parties.select(
        pl.col("party").cast(pl.String), pl.col("role").cast(pl.String), place=place
    )
    names = [name_of(role, number, language) for _, role, number in counted.iter_rows()]
    return counted.select("party", pl.Series("name", names, dtype=pl.String))


def _resource_names(
    resources: pl.Series, parties: pl.DataFrame, language: Language
) -> dict[str, str]:
    """Names of resources such as ``line-F012-1``, which hold the party that they belong to."""
    names = dict(party_names(parties, language).iter_rows())
    found = {}
    for resource in resources:
        owner = resource.split("-")[1]
        found[resource] = resource_name(resource, names.get(owner, owner), language)
    return found


def _objects(frame: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Attributes under the names of the language; channels as words, all else as it stands."""
    texts = [
        pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
        if dtype in (pl.Categorical, pl.Enum)
    ]
    plain = frame.with_columns(texts)
    if "channel" in plain.columns:
        plain = plain.with_columns(words_of(plain["channel"], lambda key: say(key, language)))
    new = {name: header(name, language) for name in plain.columns if name != "object"}
    return plain.with_columns(pl.col("object").cast(pl.String)).rename(new)
