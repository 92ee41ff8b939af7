"""What moved between two generations of a book: which figures, by how much, and because of which rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.process.result import plain
from thalweg.records.attributes import column
from thalweg.records.intake import ROW, TIME
from thalweg.verdict.chain import profile_of
from thalweg.verdict.rows import BESIDE, EVENT_ROW, FILE, rows_of

if TYPE_CHECKING:
    from thalweg.records.profile.model import Profile
    from thalweg.records.store.book import Book
    from thalweg.verdict.evidence import Figure, Rows
    from thalweg.verdict.result import JudgeResult

SCHEMA = "thalweg.changed/1"
MONTHS = ("month", "from_day", "from")
"""Columns that say to which month a row beside the events belongs."""
_NUMBERS = ("before", "after", "difference")
FIGURES: dict[str, Any] = {
    "figure": pl.String,
    "name": pl.String,
    "unit": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "difference": pl.Float64,
    "before_text": pl.String,
    "after_text": pl.String,
    "how": pl.String,
    "inputs": pl.List(pl.String),
    "rows_added": pl.Int64,
    "rows_gone": pl.Int64,
    "tables": pl.List(pl.String),
}
ROWS: dict[str, Any] = {
    "table": pl.String,
    "source": pl.String,
    "month": pl.String,
    "added": pl.Int64,
    "gone": pl.Int64,
    "set_aside": pl.Int64,
}


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """Two verdicts on the same question, held side by side.

    same_request  whether the question is the same in both; if not, it may be what moved figures.
    figures       those that moved: figure, name, unit, before, after, difference (numbers), the
                  same as texts where they are none, how (moved, appeared, vanished), inputs (ids of
                  the figures it was made from that moved), tables (whose rows behind the whole
                  chain came or went) with rows_added and rows_gone.
    rows          rows that came or went by table, source and month, and rows newly set aside.
    of            figures compared.
    """

    before: int
    after: int
    same_request: bool
    figures: pl.DataFrame
    rows: pl.DataFrame
    of: int

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"schema": SCHEMA} | {name: plain(getattr(self, name)) for name in self.__slots__}


def changed(before: JudgeResult, after: JudgeResult, books: tuple[Book, Book]) -> Changed:
    """Which figures moved between two verdicts, and because of which rows.

    Takes    books: the generation behind each of them, the earlier one first.
    """
    news = _News(books, (profile_of(before), profile_of(after)))
    ids = list(dict.fromkeys([one.id for one in after.evidence] + [o.id for o in before.evidence]))
    pairs = {name: (before.evidence.get(name), after.evidence.get(name)) for name in ids}
    moved = {name for name, (old, new) in pairs.items() if _differ(old, new)}
    rows = [_row(name, *pairs[name], moved, (before, after), news) for name in ids if name in moved]
    return Changed(
        before=books[0].manifest.generation,
        after=books[1].manifest.generation,
        same_request=before.request == after.request,
        figures=pl.DataFrame(rows, schema=FIGURES),
        rows=news.table(),
        of=len(ids),
    )


def _differ(old: Figure | None, new: Figure | None) -> bool:
    if old is None or new is None:
        return True
    return (old.value, old.low, old.high, old.known) != (new.value, new.low, new.high, new.known)


def _row(
    name: str,
    old: Figure | None,
    new: Figure | None,
    moved: set[str],
    results: tuple[JudgeResult, JudgeResult],
    news: _News,
) -> dict[str, Any]:
    one = new or old
    assert one is not None
    values = [None if figure is None else figure.value for figure in (old, new)]
    numbers = [float(v) if isinstance(v, int | float) else None for v in values]
    difference = None if None in numbers else (numbers[1] or 0.0) - (numbers[0] or 0.0)
    chain = results[1 if new else 0].evidence.chain(name)
    behind = news.behind([figure for _, figure in chain])
    return {
        "figure": name,
        "name": one.name,
        "unit": one.unit,
        "before": numbers[0],
        "after": numbers[1],
        "difference": difference,
        "before_text": values[0] if isinstance(values[0], str) else None,
        "after_text": values[1] if isinstance(values[1], str) else None,
        "how": "appeared" if old is None else "vanished" if new is None else "moved",
        "inputs": [one for one in one.inputs if one in moved],
        "rows_added": sum(added for added, _ in behind.values()),
        "rows_gone": sum(gone for _, gone in behind.values()),
        "tables": [table for table, counts in behind.items() if any(counts)],
    }


class _News:
    """Rows that came or went between two generations."""

    def __init__(
        self, books: tuple[Book, Book], profiles: tuple[Profile | None, Profile | None]
    ) -> None:
        self.books, self.profiles = books, profiles
        self._counted: dict[str, tuple[int, int]] = {}
        self.appended = _appended(*books)
        self._beside = {table: self._differences(table) for table in BESIDE}

    def _differences(self, table: str) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Rows of a table that only the later, and only the earlier, generation holds."""
        old, new = (_spelled(book.companion(table)) for book in self.books)
        if old is None and new is None:
            return None
        if old is None or new is None:
            whole = old if new is None else new
            assert whole is not None
            return (whole.clear(), whole) if new is None else (whole, whole.clear())
        return _only_in(new, old), _only_in(old, new)

    def behind(self, chain: list[Figure]) -> dict[str, tuple[int, int]]:
        """By table, rows added and gone among those that a chain of figures rests on."""
        found: dict[str, tuple[int, int]] = {}
        selections = {str(rows.to_json()): rows for figure in chain for rows in figure.rows}
        for key, rows in selections.items():
            if key not in self._counted:
                self._counted[key] = self._count(rows)
            counts, sofar = self._counted[key], found.get(rows.table, (0, 0))
            found[rows.table] = max(sofar[0], counts[0]), max(sofar[1], counts[1])
        return found

    def _count(self, rows: Rows) -> tuple[int, int]:
        if rows.table in ("events", "objects"):
            return self._count_events(rows)
        both = self._beside.get(rows.table)
        if both is None or not (len(both[0]) or len(both[1])):
            return 0, 0
        return self._among(rows, 1, both[0]), self._among(rows, 0, both[1])

    def _among(self, rows: Rows, place: int, only: pl.DataFrame) -> int:
        """How many of the rows that only one generation holds belong to a selection."""
        book = self.books[place]
        if book.companion_record(rows.table) is None or not len(only):
            return 0
        chosen = rows_of(book, rows, self.profiles[place]).select(ROW).collect()
        return len(chosen.join(only.select(ROW), on=ROW, how="semi"))

    def _count_events(self, rows: Rows) -> tuple[int, int]:
        """New rows are those after the old ones; without a common beginning all came and went."""
        old, new = self.books
        if rows.table == "objects":
            return 0, 0
        if not self.appended:
            counts = [_events(book, rows).height for book in (new, old)]
            return counts[0], counts[1]
        if new.n_events == old.n_events:
            return 0, 0
        return _events(new, rows).filter(pl.col(EVENT_ROW) >= old.n_events).height, 0

    def table(self) -> pl.DataFrame:
        """See ``ROWS``."""
        found: Counter[tuple[str, str, str | None, str]] = Counter()
        for what, frame in (("added", self._new_events()), ("gone", self._old_events())):
            for source, month, count in frame.iter_rows():
                found["events", source, month, what] += count
        for table, both in self._beside.items():
            for what, place in (("added", 1), ("gone", 0)):
                only = None if both is None else both[1 - place]
                if only is not None and len(only):
                    record = self.books[place].companion_record(table)
                    source = "" if record is None else record.source
                    for month, count in _by_month(only).iter_rows():
                        found[table, source, month, what] += count
        for table, source, count in self._set_aside():
            found[table, source, None, "set_aside"] += count
        keys = sorted({key[:3] for key in found}, key=lambda key: (key[0], key[1], key[2] or ""))
        return pl.DataFrame(
            [
                dict(zip(("table", "source", "month"), key, strict=True))
                | {what: found[(*key, what)] for what in ("added", "gone", "set_aside")}
                for key in keys
            ],
            schema=ROWS,
        )

    def _new_events(self) -> pl.DataFrame:
        old, new = self.books
        return _monthly_events(new, old.n_events if self.appended else 0)

    def _old_events(self) -> pl.DataFrame:
        old, _ = self.books
        return _monthly_events(old, old.n_events if self.appended else 0)

    def _set_aside(self) -> list[tuple[str, str, int]]:
        """Rows newly set aside by table and source."""
        counts: list[Counter[tuple[str, str]]] = []
        for book in self.books:
            one: Counter[tuple[str, str]] = Counter()
            for source in book.manifest.sources:
                one["events", source.name] += source.rows_set_aside
            for record in book.manifest.companions:
                one[record.table, record.source] += record.rows_set_aside
            counts.append(one)
        more = counts[1] - counts[0]
        return [(table, source, count) for (table, source), count in sorted(more.items())]


def _appended(old: Book, new: Book) -> bool:
    """Whether the later generation begins with all event rows of the earlier one."""
    before = [part.file.sha256 for part in old.manifest.parts]
    return before == [part.file.sha256 for part in new.manifest.parts][: len(before)]


def _events(book: Book, rows: Rows) -> pl.DataFrame:
    return rows_of(book, rows).select(EVENT_ROW).collect()


def _monthly_events(book: Book, first: int) -> pl.DataFrame:
    """Event rows from one on: source, month, count."""
    names = dict(enumerate(source.name for source in book.manifest.sources))
    schema = {FILE: pl.String, "month": pl.String, "count": pl.UInt32}
    if first >= book.n_events:
        return pl.DataFrame(schema=schema)
    source = column("@source").replace_strict(names, return_dtype=pl.String).alias(FILE)
    month = column(TIME).dt.convert_time_zone(book.timezone).dt.strftime("%Y-%m").alias("month")
    events = book.events([ROW, "@source", TIME]).slice(first)
    return events.group_by(source, month).len("count").sort(FILE, "month").collect()


def _spelled(table: pl.DataFrame | None) -> pl.DataFrame | None:
    """All columns but the row as one text, so that rows are compared by what they say."""
    if table is None:
        return None
    told = sorted(name for name in table.columns if name != ROW)
    month = next((name for name in MONTHS if name in table.columns), None)
    shown = pl.lit(None, pl.String) if month is None else column(month).cast(pl.String).str.head(7)
    return table.select(
        ROW,
        shown.alias("month"),
        pl.struct(column(name) for name in told).struct.json_encode().alias("says"),
    )


def _only_in(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Rows of one table that the other hasn't, each as often as it stands there more."""
    place = pl.int_range(pl.len()).over("says").alias("place")
    return one.with_columns(place).join(other.with_columns(place), on=["says", "place"], how="anti")


def _by_month(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("month").len("count").sort("month", nulls_last=True)
