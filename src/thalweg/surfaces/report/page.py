"""The page of a report: chapters, their sections, and everything that the template fills in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from thalweg.surfaces import palette
from thalweg.surfaces.format_values import format_date
from thalweg.surfaces.report.cite import Cited, PlainlyCited
from thalweg.surfaces.report.economy_sections import economy_sections
from thalweg.surfaces.report.evidence_view import Note, notes
from thalweg.surfaces.report.gather import Gathered
from thalweg.surfaces.report.headlines import Headline, headlines
from thalweg.surfaces.report.map_view import joint_view, map_view
from thalweg.surfaces.report.questions import Question, questions
from thalweg.surfaces.report.sections import effect_part, sections
from thalweg.surfaces.report.story import Story, story
from thalweg.surfaces.report.tables import FIRST_ROWS, Table
from thalweg.surfaces.report.trust_view import lineage, trust_view
from thalweg.surfaces.report.verdict_sections import verdict_sections
from thalweg.surfaces.report.writer import Section, Writer
from thalweg.surfaces.texts import Texts
from thalweg.verdict.evidence import Evidence

TABLE_BYTES = 1_500_000
"""Of all rows of all tables in a page: with maps and charts it stays below five million."""
PROCESS_FIRST = ("summary", "map")
TEMPLATE, STYLES, SCRIPTS = (
    "report.html.j2",
    ("report.css", "story.css", "paper.css"),
    ("report.js", "evidence.js"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A book put into words: what every format of the report is made from.

    story: None without a verdict. process: headlines of the process. maps: interactive drawings.
    """

    got: Gathered
    say: Texts
    story: Story | None
    questions: list[Question]
    notes: list[Note]
    process: list[Headline]
    chapters: list[Chapter]
    maps: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter between the ten questions and trust. links: places in it, in their order."""

    key: str
    sections: tuple[Section, ...]
    links: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"chapter-{self.key}"


def tell(got: Gathered, say: Texts, *, plainly: bool = False) -> Told:
    """The book in words.

    Takes    plainly: sentences as text instead of HTML, and no drawings.
    """
    writer = Writer(say, drawing=not plainly)
    judged = got.judged
    evidence = Evidence(()) if judged is None else judged.evidence
    cited = PlainlyCited(evidence, say) if plainly else Cited(evidence, say)
    process = [] if got.main is None else headlines(got.main, got.book.trust, say, got.deep)
    first = None if judged is None else story(judged, cited, writer, process[1:])
    asked = [] if judged is None else questions(judged, cited, say)
    behind = notes(cited, got.book, say, {} if judged is None else judged.facts)
    maps = [] if plainly else _maps(got, say)
    chapters = _chapters(got, writer, bool(maps))
    return Told(got, say, first, asked, behind, process, chapters, maps)


def _maps(got: Gathered, say: Texts) -> list[dict[str, Any]]:
    if got.main is None:
        return []
    with_events = [r for r in (got.main, *got.others) if r.objects]
    maps = [map_view(r, say) for r in with_events]
    if len(maps) > 1:
        maps.append(joint_view(with_events, got.events, say))
    return maps


def _chapters(got: Gathered, writer: Writer, mapped: bool) -> list[Chapter]:
    """Process, effects and economy, as far as there is something to tell."""
    found: list[Chapter] = []
    if got.main is not None:
        process = sections(got, writer)
        links = [*(PROCESS_FIRST if mapped else ("summary",)), *(one.key for one in process)]
        found.append(Chapter("process", tuple(process), tuple(links)))
    change, money = effect_part(got, writer), []
    if got.judged is not None:
        change += verdict_sections(got.judged, writer)
        money = economy_sections(got.judged, writer)
    for key, parts in (("effects", change), ("economy", money)):
        if parts:
            found.append(Chapter(key, tuple(parts), tuple(one.key for one in parts)))
    return found


def render(got: Gathered, say: Texts) -> str:
    """The page as text."""
    told = tell(got, say)
    chapters, behind, maps = told.chapters, told.notes, told.maps
    trace = lineage(got, say)
    shown = [t for c in chapters for part in c.sections for _, t in part.tables] + [trace.sources]
    data = {
        "maps": [{k: v for k, v in m.items() if k != "svg"} for m in maps],
        "tables": tables_within(shown, TABLE_BYTES),
        "words": say.under("page") | {f"ev_{k}": v for k, v in say.under("story.evidence").items()},
        "figures": {n.id: n.to_json() for n in behind},
        "book": got.book.path.name,
    }
    places = {link for c in chapters for link in c.links} | {"verdict"}
    methods = [*(["evidence"] if behind else []), "definitions", "lineage"]
    page: str = _template().render(
        say=say,
        language=say.language,
        fonts=palette.fonts(say.language),
        css="\n".join(_text(name) for name in STYLES),
        script="\n".join(_text(name) for name in SCRIPTS),
        data=_embedded(data),
        title=say("report.title", book=got.title),
        book=got.title,
        subtitle=subtitle(got, say),
        period=period(got, say),
        made_at=format_date(got.made_at, say.language),
        zone=got.zone,
        filters=got.filters,
        warnings=[say(f"warning.{code}") for code in (got.main.warnings if got.main else ())],
        story=told.story,
        questions=told.questions,
        notes=behind,
        headlines=told.process,
        maps=maps,
        palette=palette,
        chapters=chapters,
        places=places,
        method_links=methods,
        trust=trust_view(got.book.trust, say),
        definitions=_definitions(say),
        lineage=trace,
    )
    return page


def tables_within(tables: Iterable[Table], most: int) -> dict[str, Any]:
    """Rows of all tables for the page, of the longest only so many that all fit into the bytes."""
    data = {one.key: one.to_json() for one in tables}
    sizes = {key: len(json.dumps(one, ensure_ascii=False).encode()) for key, one in data.items()}
    while sum(sizes.values()) > most:
        longest = max(sizes, key=lambda key: sizes[key])
        rows = data[longest]["rows"]
        if len(rows) <= FIRST_ROWS:
            break
        data[longest]["rows"] = rows[: max(FIRST_ROWS, len(rows) // 2)]
        sizes[longest] = len(json.dumps(data[longest], ensure_ascii=False).encode())
    return data


def subtitle(got: Gathered, say: Texts) -> str:
    if got.judged is not None or got.main is None:
        return say("story.subtitle")
    return say("report.subtitle", kind=say.kind(got.main.type))


def period(got: Gathered, say: Texts) -> str:
    if got.first is None or got.last is None:
        return ""
    return say(
        "report.period",
        first=format_date(got.first, say.language),
        last=format_date(got.last, say.language),
    )


def _definitions(say: Texts) -> list[tuple[str, str]]:
    terms = say.under("define")
    names = [key.removesuffix(".term") for key in terms if key.endswith(".term")]
    return [(terms[f"{name}.term"], terms[f"{name}.text"]) for name in names]


def _embedded(data: dict[str, Any]) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _text(name: str) -> str:
    return (files("thalweg.surfaces.report") / name).read_text(encoding="utf-8")


def _template() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    surroundings = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_text),
    )
    return surroundings.get_template(TEMPLATE)
