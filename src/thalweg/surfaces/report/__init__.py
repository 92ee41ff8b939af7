"""The report: the whole story of a book in one file that needs no network.

As HTML everything is inside the file: texts in one language, figures with their evidence, charts as
SVG and a little script. The same story as Markdown goes into slides, as a workbook into sheets; as
JSON it is every result whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from thalweg.errors import RequestError
from thalweg.records.export.files import put_in_place
from thalweg.records.mapping.flat import nearest
from thalweg.surfaces import texts as catalogue
from thalweg.surfaces.format_values import Language
from thalweg.surfaces.report.gather import gather
from thalweg.surfaces.report.markdown import markdown_text
from thalweg.surfaces.report.page import render
from thalweg.surfaces.report.results import results_json
from thalweg.surfaces.report.workbook import write_workbook

if TYPE_CHECKING:
    from thalweg.process.map import FilterLike
    from thalweg.records.store.book import Book

Clock = Callable[[], datetime]
Format = Literal["html", "md", "json", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
_ENDINGS: dict[str, Format] = {"htm": "html", "markdown": "md"}
"""Endings of file names that are no name of a format."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def report_format(path: str | Path, asked: str | None = None) -> Format:
    """The format that was asked for, or that a file's ending names; HTML where it names none.

    Raises   RequestError: there is no such format.
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    name = _ENDINGS.get(ending, ending) if asked is None else asked
    found = next((one for one in FORMATS if one == name), None)
    if found is None and asked is not None:
        raise RequestError(f"A report has no format {asked!r}. {nearest(asked, FORMATS)}")
    return found or "html"


def write_report(
    book: Book,
    path: str | Path,
    *,
    language: Language = "en",
    type: str | None = None,  # noqa: A002
    filters: Sequence[FilterLike] = (),
    model: str | Path | None = None,
    rules: str | Path | None = None,
    format: Format | None = None,  # noqa: A002
    title: str | None = None,
    clock: Clock = _utc_now,
) -> Path:
    """Write the report of a book as one file.

    Takes    type: the object type to tell about; None means the one with most events.
             filters: as for ``map_book``; a part of the records gets no verdict. model: a file to
             hold the records against; None means a discovered one. rules: a file of rules to check
             as well. format: html, md, json or xlsx; None: by the ending of the path, else html.
             title: its heading; None: the profile's in the book, else the folder's. clock: gives the time that the report is dated with.
    Raises   RequestError: a type, filter, language or format that makes no sense.
             MissingExtraError: the extra ``pictures`` (html) or ``excel`` (xlsx) is not installed.
             BookError: the file cannot be written.
    """
    say, chosen = catalogue.load(language), report_format(path, format)
    got = gather(book, type=type, filters=filters, made_at=clock(), model=model, rules=rules)
    got = replace(got, named=title)
    target = Path(path)
    with put_in_place(target) as aside:
        if chosen == "xlsx":
            write_workbook(got, say, aside)
        elif chosen == "md":
            aside.write_text(markdown_text(got, say), encoding="utf-8")
        elif chosen == "json":
            aside.write_text(results_json(got), encoding="utf-8")
        else:
            aside.write_text(render(got, say), encoding="utf-8")
    return target
