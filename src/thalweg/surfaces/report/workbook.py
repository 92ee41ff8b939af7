"""The report as a workbook: a sheet of the story, one of the figures, and one for each table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from thalweg.surfaces.report.gather import Gathered
from thalweg.surfaces.report.page import Told, period, subtitle, tell
from thalweg.surfaces.report.tables import Table
from thalweg.surfaces.row_files import WORKBOOK_CELL, WORKBOOK_OPTIONS, load_xlsxwriter
from thalweg.surfaces.texts import Texts

_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_NAME_LENGTH = 31
_WIDEST = 60
_HOUR_S = 3600.0
_FORMATS = {
    "share": "0.0%",
    "count": "#,##0",
    "number": "#,##0.##",
    "figure": "0.000",
    "p": "0.000",
    "time": '#,##0.0" h"',
    "money": "#,##0",
    "date": "yyyy-mm-dd",
    "month": "yyyy-mm",
}
"""How cells of a kind are shown; durations stand in hours."""


def write_workbook(got: Gathered, say: Texts, path: Path) -> None:
    """Write the workbook.

    Raises   MissingExtraError: the extra ``excel`` is not installed.
    """
    xlsxwriter = load_xlsxwriter()
    told = tell(got, say, plainly=True)
    with xlsxwriter.Workbook(str(path), WORKBOOK_OPTIONS) as book:
        book.set_properties({"title": got.title, "created": got.made_at})
        writer = _Sheets(book)
        writer.lines(say("story.sheets.summary"), _summary(told))
        if told.questions:
            writer.grid(say("story.sheets.questions"), *_questions(told))
        if got.judged is not None:
            writer.grid(say("story.sheets.figures"), *_figures(told))
        for chapter in told.chapters:
            for section in chapter.sections:
                for title, table in section.tables:
                    writer.table(title, table)


def _summary(told: Told) -> list[tuple[str, str]]:
    """What the first screen says, a line each."""
    say, story, got = told.say, told.story, told.got
    lines = [(got.title, subtitle(got, say)), ("", period(got, say)), ("", "")]
    if story is not None:
        lines += [(say("story.kicker"), story.label), ("", story.sentence), ("", story.surface)]
        lines += story.stands
        lines += [("", ""), (say("story.findings_title"), "")]
        lines += [
            (f"{one.label}{say('story.colon')}{one.figure}", one.sentence) for one in story.findings
        ]
        if story.step is not None:
            lines.append((say("story.step_title"), f"{story.step.title} {story.step.text}"))
        lines += [(say("story.settling"), text) for text in story.settling]
        lines.append(("", ""))
    lines += [
        (f"{one.label}{say('story.colon')}{one.figure}", one.sentence) for one in told.process
    ]
    return lines


def _questions(told: Told) -> tuple[list[str], list[list[Any]]]:
    say = told.say
    names = ("code", "title", "asked", "status_label", "answer")
    heads = [say(f"story.sheets.{name}") for name in (*names, "missing")]
    rows = [
        [*(getattr(one, name) for name in names), say("words.semicolon").join(one.missing)]
        for one in told.questions
    ]
    return heads, rows


def _figures(told: Told) -> tuple[list[str], list[list[Any]]]:
    """Every figure of the verdict by its id; values as numbers, and the words of those told."""
    say, judged = told.say, told.got.judged
    assert judged is not None
    words = {one.id: one for one in told.notes}
    names = ("id", "name", "value", "low", "high", "unit", "known", "method", "told")
    rows = []
    for one in judged.evidence:
        note = words.get(one.id)
        rows.append(
            [
                one.id,
                note.name if note else one.name,
                one.value,
                one.low,
                one.high,
                one.unit,
                one.known,
                note.method if note else one.method,
                note.value if note else None,
            ]
        )
    return [say(f"story.figures.{name}") for name in names], rows


class _Sheets:
    """Sheets of one workbook, with names that a workbook can hold, each once."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self._used: set[str] = set()
        self._head = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._shown = {k: book.add_format({"num_format": f}) for k, f in _FORMATS.items()}

    def lines(self, name: str, lines: Sequence[tuple[str, str]]) -> None:
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 100)
        for row, (left, right) in enumerate(lines):
            _text(sheet, row, 0, left, self._bold)
            _text(sheet, row, 1, right, self._wrapped)

    def grid(self, name: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        sheet = self._sheet(name)
        self._heads(sheet, heads)
        for row, cells in enumerate(rows, 1):
            for column, value in enumerate(cells):
                self._cell(sheet, row, column, value, "text")
        for column in range(len(heads)):
            longest = max((len(str(r[column] or "")) for r in rows), default=0)
            sheet.set_column(column, column, min(_WIDEST, max(12, longest)))

    def table(self, title: str, table: Table) -> None:
        sheet = self._sheet(title)
        self._heads(sheet, [one.title for one in table.columns])
        kinds = [one.kind for one in table.columns]
        for row, cells in enumerate(table.rows, 1):
            for column, (_, value) in enumerate(cells):
                self._cell(sheet, row, column, value, kinds[column])
        for column, kind in enumerate(kinds):
            longest = max((len(r[column][0]) for r in table.rows), default=0)
            sheet.set_column(
                column, column, min(_WIDEST, max(12, longest if kind == "text" else 14))
            )

    def _heads(self, sheet: Any, heads: Sequence[str]) -> None:
        for column, head in enumerate(heads):
            _text(sheet, 0, column, head, self._head)
        sheet.freeze_panes(1, 0)

    def _cell(self, sheet: Any, row: int, column: int, value: Any, kind: str) -> None:
        if value is None or value == "":
            return
        if isinstance(value, str):
            _text(sheet, row, column, value, self._wrapped)
        elif kind == "date":
            at = datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
            sheet.write_datetime(row, column, at, self._shown[kind])
        elif kind == "month":
            sheet.write_datetime(row, column, _start(value), self._shown[kind])
        else:
            number = value / _HOUR_S if kind == "time" else value
            sheet.write_number(row, column, number, self._shown.get(kind))

    def _sheet(self, name: str) -> Any:
        short = _NOT_IN_NAMES.sub(" ", name).strip()[:_NAME_LENGTH] or "-"
        chosen, count = short, 1
        while chosen.lower() in self._used:
            count += 1
            chosen = f"{short[: _NAME_LENGTH - 4]} ({count})"
        self._used.add(chosen.lower())
        return self.book.add_worksheet(chosen)


def _start(ordinal: int) -> datetime:
    day = date.fromordinal(ordinal)
    return datetime(day.year, day.month, day.day)


def _text(sheet: Any, row: int, column: int, text: str, form: Any) -> None:
    sheet.write_string(row, column, text[:WORKBOOK_CELL], form)
