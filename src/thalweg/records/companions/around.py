"""What the rest of a book says about the names in a table beside its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from thalweg.records.attributes import column
from thalweg.records.companions.documents import objects_of
from thalweg.records.companions.schema import Surroundings
from thalweg.records.intake import OBJECT, TIME
from thalweg.records.profile.model import Profile
from thalweg.records.store.book import Book

_ROLES = ("party", "resource")
_MOST_NAMES = 2_000
"""Different values beyond which an attribute is no list of names to choose from."""
_LOOKED_AT = 200_000
_MOST_OBJECTS = 500
"""Objects of a type beyond which their numbers are not offered as names of units."""


def surroundings(
    book: Book,
    zone: str,
    profile: Profile | None,
    tables: Callable[[str], pl.DataFrame | None],
) -> Surroundings:
    """What tables are checked against, looked up when it is asked for."""
    return Surroundings(
        zone=zone,
        profile=profile,
        parties=tables("parties"),
        span_ns=span_ns(book),
        known=lambda names: occurring(book, names),
        names=lambda: likely_names(book),
        tables=tables,
        objects=lambda documents: objects_of(book, documents),
    )


def span_ns(book: Book) -> tuple[int, int] | None:
    """First and last instant of the events, or None when there are none."""
    ends = book.events([TIME]).select(
        pl.col(TIME).min().alias("first"), pl.col(TIME).max().alias("last")
    )
    first, last = ends.collect().select(pl.all().to_physical()).row(0)
    return None if first is None else (int(first), int(last))


def occurring(book: Book, names: Iterable[str]) -> set[str]:
    """Which names occur: as a party or resource, an object, or an attribute of objects or events."""
    wanted = set(names)
    found = {name for role in _ROLES for name in _role_names(book, role)} & wanted
    for record in book.manifest.types:
        if wanted - found:
            found |= _among(book.objects(record.name), wanted - found)
    if wanted - found:
        found |= _among(book.events(_text_columns(book)), wanted - found)
    return found


def likely_names(book: Book) -> list[str]:
    """Names to offer: parties first, then texts of objects and events with few different values."""
    found = dict.fromkeys(_role_names(book, "party"))
    frames = [
        book.objects(record.name)
        if record.objects <= _MOST_OBJECTS
        else book.objects(record.name).drop(OBJECT)
        for record in book.manifest.types
    ]
    if names := _text_columns(book):
        frames.append(book.events(names).head(_LOOKED_AT))
    for frame in frames:
        texts = [name for name, dtype in frame.collect_schema().items() if dtype == pl.String]
        for name in texts:
            values = frame.select(column(name).unique().drop_nulls()).collect().to_series()
            if len(values) <= _MOST_NAMES:
                found |= dict.fromkeys(values.sort())
    return list(found)


def _role_names(book: Book, role: str) -> tuple[str, ...]:
    coded = book.role_codes(role)
    return () if coded is None else coded[1][1:]


def _text_columns(book: Book) -> list[str]:
    schema = book.event_schema()
    return [name for name, dtype in schema.items() if dtype == pl.String and name[:1] != "@"]


def _among(frame: pl.LazyFrame, wanted: set[str]) -> set[str]:
    """The wanted values that stand in some text column."""
    texts = [name for name, dtype in frame.collect_schema().items() if dtype == pl.String]
    if not texts:
        return set()
    hits = frame.select(
        column(name).filter(column(name).is_in(list(wanted))).unique().implode() for name in texts
    ).collect()
    return {value for name in texts for value in hits[name][0]}
