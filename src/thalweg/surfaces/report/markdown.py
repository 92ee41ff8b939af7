"""The report as Markdown, to paste into slides and documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from thalweg.surfaces.format_values import format_count, format_date
from thalweg.surfaces.report.gather import Gathered
from thalweg.surfaces.report.page import Told, period, subtitle, tell
from thalweg.surfaces.report.tables import Table
from thalweg.surfaces.report.trust_view import trust_view
from thalweg.surfaces.report.writer import Section
from thalweg.surfaces.texts import Texts

MOST_ROWS = 12
"""Rows of a table in the text; the workbook has all of them."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown_text(got: Gathered, say: Texts) -> str:
    """The whole story as text: verdict, ten questions, process, effects, economy, trust, figures."""
    told = tell(got, say, plainly=True)
    parts = [f"# {plain(got.title)}", _joined((subtitle(got, say), period(got, say)))]
    parts += [*_first(told), *_questions(told)]
    for chapter in told.chapters:
        parts.append(f"## {say(f'story.chapters.{chapter.key}')}")
        if chapter.key == "process":
            parts += _process(told)
        for section in chapter.sections:
            parts += _section(section, say)
    parts += [*_trust(got, say), *_figures(told)]
    footer = say("report.footer", date=format_date(got.made_at, say.language), zone=got.zone)
    return "\n\n".join([*(part for part in parts if part), plain(footer)]) + "\n"


def plain(text: str) -> str:
    """Text in which nothing is taken for Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _joined(texts: Iterable[str]) -> str:
    return " · ".join(plain(text) for text in texts if text)


def _listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _first(told: Told) -> Iterator[str]:
    story, say = told.story, told.say
    if story is None:
        if told.got.filters:
            yield plain(say("story.no_verdict"))
        return
    yield f"## {plain(say('story.kicker'))}{say('story.colon')}{plain(story.label)}"
    yield plain(story.sentence)
    if story.surface:
        yield plain(story.surface)
    yield _listed(
        f"{plain(name)}{say('story.colon')}{plain(value)}" for name, value in story.stands
    )
    if story.settling:
        yield f"### {plain(say('story.settling'))}"
        yield _listed(plain(text) for text in story.settling)
    yield f"### {plain(say('story.findings_title'))}"
    yield _listed(
        f"**{plain(one.label)}{say('story.colon')}{plain(one.figure)}** {plain(one.sentence)}"
        for one in story.findings
    )
    if story.step is not None:
        yield f"### {plain(say('story.step_title'))}"
        yield f"**{plain(story.step.title)}** {plain(story.step.text)}"


def _questions(told: Told) -> Iterator[str]:
    if not told.questions:
        return
    yield f"## {plain(told.say('story.chapters.questions'))}"
    for one in told.questions:
        yield f"### {one.code} {plain(one.title)} · {plain(one.status_label)}"
        yield plain(one.asked)
        yield plain(one.answer)
        colon = told.say("story.colon")
        yield _listed(
            [
                *(f"{plain(name)}{colon}{plain(value)}" for name, value in one.figures),
                *(plain(text) for text in one.missing),
            ]
        )


def _process(told: Told) -> Iterator[str]:
    yield plain(told.process[0].sentence)
    yield _listed(
        f"**{plain(one.label)}{told.say('story.colon')}{plain(one.figure)}** {plain(one.sentence)}"
        for one in told.process[1:]
    )


def _section(section: Section, say: Texts) -> Iterator[str]:
    yield f"### {plain(section.title)}"
    yield plain(section.lead)
    yield _listed(plain(note) for note in section.notes)
    for title, table in section.tables:
        yield f"#### {plain(title)}"
        yield _grid([one.title for one in table.columns], _shown(table), _sides(table))
        if table.total > MOST_ROWS:
            yield plain(
                say(
                    "page.rows_shown",
                    shown=format_count(min(MOST_ROWS, len(table.rows)), say.language),
                    found=format_count(table.total, say.language),
                )
            )


def _shown(table: Table) -> list[list[str]]:
    return [[text for text, _ in row] for row in table.rows[:MOST_ROWS]]


def _sides(table: Table) -> list[bool]:
    return [one.kind != "text" for one in table.columns]


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    lines = [heads, ["---:" if side else "---" for side in right]]
    text = ["| " + " | ".join(cells) + " |" for cells in [[plain(h) for h in lines[0]], lines[1]]]
    return "\n".join([*text, *("| " + " | ".join(plain(c) for c in row) + " |" for row in rows)])


def _trust(got: Gathered, say: Texts) -> Iterator[str]:
    view = trust_view(got.book.trust, say)
    yield f"## {plain(say('story.chapters.trust'))}"
    yield f"**{plain(view.verdict_label)}** {plain(view.sentence)} {plain(view.totals)}"
    yield _listed(
        f"{plain(one.severity_label)} · {plain(one.text.title)}{say('story.colon')}{plain(one.count)}"
        for one in view.findings
    )


def _figures(told: Told) -> Iterator[str]:
    """Every figure told, with its id, so that ``thalweg explain`` can be asked about it."""
    cited = [one for one in told.notes if one.number is not None]
    if not cited:
        return
    say = told.say
    yield f"## {plain(say('section.evidence.title'))}"
    heads = [say(f"story.figures.{name}") for name in ("id", "name", "value", "known", "method")]
    rows = [[one.id, one.name, one.value, one.known, one.method] for one in cited]
    yield _grid(heads, rows, [False] * len(heads))
