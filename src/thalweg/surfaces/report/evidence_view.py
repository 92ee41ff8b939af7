"""What stands behind the figures of a page: as notes at its end, and as data for a click."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thalweg.surfaces import judge_words as words
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.report.cite import Cited, anchor_of

if TYPE_CHECKING:
    from thalweg.records.store.book import Book
    from thalweg.surfaces.texts import Texts
    from thalweg.verdict.evidence import Figure, Rows

MOST_NOTES = 400
"""Figures whose evidence stands on the page: those told, and those that they were made from."""
_SHORT = 600
"""Characters of a request on the page; the whole is in the JSON of the verdict."""
_TOLD = ("name", "value", "known", "method", "assumptions", "checks", "inputs", "rows", "request")


@dataclass(frozen=True, slots=True)
class Note:
    """The evidence of one figure in words.

    number: as it is cited; None of a figure that stands only behind others. inputs: id, name and
    value. rows: in words, with their count where the book is at hand.
    """

    id: str
    number: int | None
    name: str
    value: str
    known: str
    method: str
    assumptions: tuple[str, ...]
    checks: tuple[str, ...]
    inputs: tuple[tuple[str, str, str], ...]
    rows: tuple[str, ...]
    request: str
    missing: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return anchor_of(self.id)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in (*_TOLD, "missing", "number")}


def notes(cited: Cited, book: Book | None, say: Texts, facts: Mapping[str, Any]) -> list[Note]:
    """The evidence of all figures told, in their order, then of what they were made from.

    Takes    book: whose rows are counted; None: they are not. facts: of the verdict.
    """
    told = cited.figures
    chained = {one.id: one for figure in told for _, one in cited.evidence.chain(figure.id)}
    order = {one.id: one for one in told} | chained
    teller = _Teller(cited, book, say, facts, set(list(order)[:MOST_NOTES]))
    numbers = {one.id: n for n, one in enumerate(told, 1)}
    return [teller.note(one, numbers.get(one.id)) for one in list(order.values())[:MOST_NOTES]]


class _Teller:
    """Puts evidence into words; rows are counted once for each condition."""

    def __init__(
        self,
        cited: Cited,
        book: Book | None,
        say: Texts,
        facts: Mapping[str, Any],
        within: set[str],
    ) -> None:
        self.evidence, self.book, self.say = cited.evidence, book, say
        self.facts, self.within = facts, within
        self._counts: dict[str, int] = {}

    def note(self, figure: Figure, number: int | None) -> Note:
        say = self.say
        return Note(
            id=figure.id,
            number=number,
            name=self._name(figure),
            value=words.figure_text(figure, say),
            known=words.known_text(figure.known, say),
            method=words.method_text(figure, say) if figure.method else "",
            assumptions=tuple(words.assumption_text(code, say) for code in figure.assumptions),
            checks=tuple(words.check_text(figure, one, say, self.facts) for one in figure.checks),
            inputs=tuple(self._input(one) for one in figure.inputs if one in self.within),
            rows=tuple(self._rows(one) for one in figure.rows),
            request=_shortened(figure.request),
            missing=tuple(words.missing_text(code, say) for code in figure.missing),
        )

    def _name(self, figure: Figure) -> str:
        return words.figure_name(figure, self.say, self.facts)

    def _input(self, name: str) -> tuple[str, str, str]:
        figure = self.evidence[name]
        return name, self._name(figure), words.figure_text(figure, self.say)

    def _rows(self, rows: Rows) -> str:
        text = words.rows_text(rows, self.say)
        if self.book is None:
            return text
        count = format_count(self._count(self.book, rows), self.say.language)
        return self.say("story.evidence.counted", rows=text, count=count)

    def _count(self, book: Book, rows: Rows) -> int:
        """Rows of the book; none of a table that it does not hold."""
        from thalweg.verdict.rows import BESIDE, count_rows

        if rows.table in BESIDE and book.companion(rows.table) is None:
            return 0
        key = json.dumps(rows.to_json(), sort_keys=True, default=str)
        if key not in self._counts:
            self._counts[key] = count_rows(book, rows)
        return self._counts[key]


def _shortened(request: Mapping[str, Any]) -> str:
    text = json.dumps(request, ensure_ascii=False, default=str)
    return "" if not request else text[:_SHORT] + ("…" if len(text) > _SHORT else "")
