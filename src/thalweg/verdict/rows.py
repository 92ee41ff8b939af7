"""The rows behind a figure, fetched from the book with the source and row that they came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from thalweg.errors import RequestError
from thalweg.process.map import read_filters
from thalweg.process.selection import apply_filters
from thalweg.records.attributes import column
from thalweg.records.intake import ACTIVITY, ROW
from thalweg.records.mapping.flat import nearest

if TYPE_CHECKING:
    from thalweg.economy.frame import Accounts
    from thalweg.records.perspective import Perspective
    from thalweg.records.profile.model import Profile
    from thalweg.records.store.book import Book
    from thalweg.verdict.evidence import Rows

FILE, TYPE, OBJECT = "@file", "@type", "@object"
BEFORE, BEFORE_AT, SINCE_H, AGAIN = "@before", "@before_at", "@since_h", "@again"
FILTERS = "@filters"
STANDARD, COUNTED = "@standard", "@counted"
EVENT_ROW = "@event_row"
BESIDE = ("parties", "interventions", "ledger", "traffic", "products", "rates", "pauses", "totals")
TABLES = ("events", "objects", *BESIDE)
_HOUR_NS = 3_600_000_000_000


def rows_of(book: Book, rows: Rows, profile: Profile | None = None) -> pl.LazyFrame:
    """The rows of a book that a figure was made from.

    Takes    rows: of events, with ``@type`` among the columns of ``where``, the events of objects
             of that type: one row for each object and event, with the object's id (@object), the
             activity before in the same object (@before, @before_at), the hours since (@since_h)
             and whether the object had the activity already (@again), all of which may be asked
             for; ``@filters``: as in ``map_book``. Objects need a ``@type``. Of the ledger, party,
             month and product are as the accounts have them, @standard is the standard account and
             @counted what the row adds up to within the months asked for, in one currency, what
             comes in positive; of traffic, @counted is its spend.
             profile: that maps the accounts; None: the book's own.
    Returns  the columns of the book, in record order, with @file (name of the source) and @row (row
             or line in it) first.
    Raises   RequestError: no such table or column, or a table that the book does not hold.
    """
    if rows.table == "events":
        return _events(book, rows)
    if rows.table == "objects":
        return _chosen(_objects(book, rows), rows, skip={TYPE})
    if rows.table not in BESIDE:
        raise RequestError(f"There is no table {rows.table!r}. {nearest(rows.table, TABLES)}")
    if rows.table in ("ledger", "traffic"):
        return _money(book, rows, profile)
    return _chosen(_beside(book, rows.table), rows)


def count_rows(book: Book, rows: Rows, profile: Profile | None = None) -> int:
    """How many rows these are."""
    further = {*rows.where, *rows.between} - {*_OF_ENTRIES, ACTIVITY}
    if rows.table == "events" and TYPE in rows.where and not further:
        return sum(len(_places(view, rows)) for view in _views(book, rows))
    return int(rows_of(book, rows, profile).select(pl.len()).collect().item())


_READ: WeakKeyDictionary[Book, tuple[Profile | None, Accounts]] = WeakKeyDictionary()
"""Accounts of open books, with the profile that they were read by: many figures ask for them."""


def _accounts(book: Book, profile: Profile | None) -> Accounts:
    held = _READ.get(book)
    if held is None or held[0] != profile:
        from thalweg.economy.accounts.read import read_accounts

        held = (profile, read_accounts(book, profile))
        _READ[book] = held
    return held[1]


def _money(book: Book, rows: Rows, profile: Profile | None) -> pl.LazyFrame:
    """Rows of ledger or traffic as written, with what of them was counted."""
    raw = _beside(book, rows.table)
    accounts = _accounts(book, profile)
    ledger = rows.table == "ledger"
    lines = accounts.lines if ledger else accounts.traffic
    named = {STANDARD: "account", "account": "name"} if ledger else {}
    renamed = replace(
        rows,
        where={named.get(name, name): values for name, values in rows.where.items()},
        between={named.get(name, name): ends for name, ends in rows.between.items()},
    )
    amount = "amount" if ledger else "spend"
    told = [pl.col("account").first().alias(STANDARD)] if ledger else []
    counted = (
        _chosen(lines.lazy(), renamed)
        .group_by(ROW, maintain_order=True)
        .agg(*told, pl.col(amount).sum().alias(COUNTED))
    )
    return raw.join(counted, on=ROW, how="inner", maintain_order="left")


def _beside(book: Book, table: str) -> pl.LazyFrame:
    held, record = book.companion(table), book.companion_record(table)
    if held is None or record is None:
        raise RequestError(f"The book holds no table {table!r} beside its events.")
    return held.lazy().select(pl.lit(record.source).alias(FILE), pl.all())


def _objects(book: Book, rows: Rows) -> pl.LazyFrame:
    if TYPE not in rows.where:
        raise RequestError("Objects have types: say which one under '@type'.")
    frames = [
        book.objects(str(name)).with_columns(pl.lit(name).alias(TYPE)) for name in rows.where[TYPE]
    ]
    return pl.concat(frames, how="diagonal_relaxed")


def _events(book: Book, rows: Rows) -> pl.LazyFrame:
    names = [source.name for source in book.manifest.sources]
    file = column("@source").replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    plain = book.events().with_row_index(EVENT_ROW).with_columns(file.alias(FILE))
    first = (FILE, ROW)
    if TYPE not in rows.where:
        found = _chosen(plain, rows)
    else:
        entries = _entries(book, rows)
        kept = _chosen(plain, rows, skip=_OF_ENTRIES)
        found = entries.lazy().join(kept, on=EVENT_ROW, maintain_order="left")
    return found.select(column(first[0]), column(first[1]), pl.exclude(*first, "@source"))


_OF_ENTRIES = (TYPE, FILTERS, BEFORE, AGAIN, OBJECT)
"""Conditions on objects and their sequences, which event rows don't have as columns."""


def _views(book: Book, rows: Rows) -> Iterator[Perspective]:
    filters = read_filters([str(f) for f in rows.where.get(FILTERS, ())], book.timezone)
    for name in rows.where[TYPE]:
        yield apply_filters(book.perspective(str(name)), filters)


def _entries(book: Book, rows: Rows) -> pl.DataFrame:
    """One row for each object of the types and event, with what was before."""
    return pl.concat([_entries_of(view, _places(view, rows)) for view in _views(book, rows)])


def _owners(view: Perspective) -> Any:
    """Per entry the place of its object."""
    return np.repeat(np.arange(view.objects), np.diff(view.offsets).astype(np.int64))


def _before(view: Perspective) -> Any:
    """Per entry the code of the activity before in the same object, -1 for none."""
    before = np.roll(np.asarray(view.activity).astype(np.int64), 1)
    before[np.asarray(view.offsets)[:-1]] = -1
    return before


def _places(view: Perspective, rows: Rows) -> Any:
    """Entries that a selection holds."""
    kept = np.ones(view.entries, np.bool_)
    if ACTIVITY in rows.where:
        kept &= _coded(np.asarray(view.activity), view.activities, rows.where[ACTIVITY])
    if BEFORE in rows.where:
        kept &= _coded(_before(view), view.activities, rows.where[BEFORE])
    if AGAIN in rows.where:
        kept &= np.isin(_again(view), np.array(rows.where[AGAIN], np.bool_))
    if OBJECT in rows.where:
        wanted = view.object_ids().is_in([str(v) for v in rows.where[OBJECT]]).to_numpy()
        kept &= wanted[_owners(view)]
    return np.flatnonzero(kept)


def _entries_of(view: Perspective, at: Any) -> pl.DataFrame:
    time_ns = np.asarray(view.time_ns)
    before, owner = _before(view)[at], _owners(view)[at]
    known, earlier = pl.Series(before >= 0), np.roll(time_ns, 1)[at]
    names = pl.Series(view.activities, dtype=pl.String)
    found = pl.DataFrame(
        {
            EVENT_ROW: pl.Series(np.asarray(view.event)[at], dtype=pl.UInt32),
            TYPE: pl.Series([view.type], dtype=pl.String).new_from_index(0, len(at)),
            OBJECT: view.object_ids().gather(owner),
            BEFORE: names.gather(pl.Series(np.where(before < 0, 0, before))),
            BEFORE_AT: pl.Series(earlier).cast(pl.Datetime("ns", "UTC")),
            SINCE_H: pl.Series((time_ns[at] - earlier) / _HOUR_NS),
            AGAIN: _again(view)[at],
        }
    )
    shown = pl.when(known)
    return found.with_columns(
        shown.then(column(name)).alias(name) for name in (BEFORE, BEFORE_AT, SINCE_H)
    )


def _coded(codes: Any, names: tuple[str, ...], wanted: Iterable[Any]) -> Any:
    """Which codes are those of some names."""
    chosen = {str(name) for name in wanted}
    return np.isin(codes, [k for k, name in enumerate(names) if name in chosen])


def _again(view: Perspective) -> Any:
    """Per entry whether the object had the activity before."""
    key = _owners(view) * max(len(view.activities), 1) + np.asarray(view.activity).astype(np.int64)
    again = np.ones(view.entries, np.bool_)
    again[np.unique(key, return_index=True)[1]] = False
    return again


def _chosen(frame: pl.LazyFrame, rows: Rows, skip: Iterable[str] = ()) -> pl.LazyFrame:
    """Rows whose columns have one of the values, and lie between the ends."""
    schema, left_out = frame.collect_schema(), set(skip)
    for name in [*rows.where, *rows.between]:
        if name not in schema and name not in left_out:
            raise RequestError(f"{rows.table} has no column {name!r}. {nearest(name, schema)}")
    for name, values in rows.where.items():
        if name not in left_out:
            kind = schema[name]
            wanted = pl.Series([_typed(value, kind) for value in values], dtype=kind)
            test = column(name).is_in(wanted.implode(), nulls_equal=True)
            frame = frame.filter(test)
    for name, (low, high) in rows.between.items():
        kind = schema[name]
        ends = pl.lit(_typed(low, kind), dtype=kind), pl.lit(_typed(high, kind), dtype=kind)
        frame = frame.filter(column(name).is_between(*ends))
    return frame


def _typed(value: Any, kind: pl.DataType) -> Any:
    """A value as the column has it: days and times are written as ISO texts."""
    if not isinstance(value, str):
        return value
    if kind == pl.Date:
        return date.fromisoformat(value if len(value) > len("2024-01") else f"{value}-01")
    return datetime.fromisoformat(value) if isinstance(kind, pl.Datetime) else value
