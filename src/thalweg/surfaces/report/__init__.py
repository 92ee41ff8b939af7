"""The report: one HTML file for a manager's first minute and an analyst's first hour.

Everything is inside the file: texts in one language, figures, charts as SVG and a little script.
Nothing is loaded from anywhere, so it opens without a network and can be kept with its book.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.surfaces import texts as catalogue
from thalweg.surfaces.format_values import Language
from thalweg.surfaces.report.gather import gather
from thalweg.surfaces.report.page import render

if TYPE_CHECKING:
    from thalweg.process.map import FilterLike
    from thalweg.records.store.book import Book

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def write_report(
    book: Book,
    path: str | Path,
    *,
    language: Language = "en",
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    model: str | Path | None = None,
    rules: str | Path | None = None,
    clock: Clock = _utc_now,
) -> Path:
    """Write the report of a book as one HTML file.

    Takes    type: the object type to tell about; None means the one with most events.
             filters: as for ``map_book``. model: a file to hold the records against; None means
             a discovered one. rules: a file of rules to check as well. clock: gives the time that the report is dated with.
    Raises   RequestError: a type, filter or language that makes no sense.
             MissingExtraError: the extra ``pictures`` is not installed.
    """
    say = catalogue.load(language)
    got = gather(book, type=type, filters=filters, made_at=clock(), model=model, rules=rules)
    page = render(got, say)
    target = Path(path)
    target.write_text(page, encoding="utf-8")
    return target
