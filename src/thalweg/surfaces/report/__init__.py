"""The report: one HTML file for a manager's first minute and an analyst's first hour.

Everything is inside the file: texts in one language, figures, charts as SVG and a little script.
Nothing is loaded from anywhere, so it opens without a network and can be kept with its book.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thalweg.surfaces import palette
from thalweg.surfaces import texts as catalogue
from thalweg.surfaces.format_values import Language, format_date
from thalweg.surfaces.report.gather import Gathered, gather
from thalweg.surfaces.report.headlines import headlines
from thalweg.surfaces.report.map_view import joint_view, map_view
from thalweg.surfaces.report.sections import sections
from thalweg.surfaces.report.trust_view import lineage, trust_view
from thalweg.surfaces.texts import Texts

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


def render(got: Gathered, say: Texts) -> str:
    """The page as text."""
    result = got.main
    first = headlines(result, got.book.trust, say, got.deep)
    parts = sections(got, say)
    trace = lineage(got, say)
    maps = [map_view(r, say) for r in (result, *got.others) if r.objects]
    if len(maps) > 1:
        with_events = [r for r in (result, *got.others) if r.objects]
        maps.append(joint_view(with_events, got.events, say))
    shown_tables = [t for part in parts for _, t in part.tables] + [trace.sources]
    data = {
        "maps": [{k: v for k, v in m.items() if k != "svg"} for m in maps],
        "tables": {t.key: t.to_json() for t in shown_tables},
        "words": say.under("page"),
    }
    period = say(
        "report.period",
        first=format_date(result.first, say.language),
        last=format_date(result.last, say.language),
    )
    page: str = _template().render(
        say=say,
        language=say.language,
        fonts=palette.fonts(say.language),
        css=_text("report.css"),
        script=_text("report.js"),
        data=_embedded(data),
        title=say("report.title", book=got.book.path.name),
        book=got.book.path.name,
        kind=say.kind(result.type),
        period=period if result.first else "",
        made_at=format_date(got.made_at, say.language),
        zone=got.zone,
        filters=result.request["filters"],
        warnings=[say(f"warning.{code}") for code in result.warnings],
        headlines=first,
        maps=maps,
        palette=palette,
        sections=parts,
        trust=trust_view(got.book.trust, say),
        definitions=_definitions(say),
        lineage=trace,
    )
    return page


def _definitions(say: Texts) -> list[tuple[str, str]]:
    terms = say.under("define")
    names = [key.removesuffix(".term") for key in terms if key.endswith(".term")]
    return [(terms[f"{name}.term"], terms[f"{name}.text"]) for name in names]


def _embedded(data: dict[str, Any]) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _text(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    surroundings = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return surroundings.from_string(_text("report.html.j2"))
