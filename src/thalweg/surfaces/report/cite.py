"""Figures in sentences: each carries its id, and leads to what stands behind it."""

from __future__ import annotations

import re
from html import escape

from thalweg.surfaces.judge_words import figure_text
from thalweg.surfaces.texts import Texts
from thalweg.verdict.evidence import Evidence, Figure

_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_MARKED = re.compile(f"{_OPEN}([^{_MIDDLE}]*){_MIDDLE}([^{_CLOSE}]*){_CLOSE}")


class Cited:
    """The figures that a page tells, numbered in the order in which they are told."""

    def __init__(self, evidence: Evidence, say: Texts) -> None:
        self.evidence, self.say = evidence, say
        self._numbers: dict[str, int] = {}

    @property
    def figures(self) -> list[Figure]:
        """In the order in which they were told first."""
        return [self.evidence[name] for name in self._numbers]

    def show(self, figure: Figure, say: Texts) -> str:
        """The figure in words, marked for ``html``; it counts as told from now on."""
        self._numbers.setdefault(figure.id, len(self._numbers) + 1)
        return f"{_OPEN}{figure.id}{_MIDDLE}{figure_text(figure, say)}{_CLOSE}"

    def named(self, figure: str) -> str:
        """The same by its id."""
        return self.show(self.evidence[figure], self.say)

    def html(self, sentence: str) -> str:
        """A sentence as HTML: marked figures as links to their evidence, all else escaped."""
        parts, at = [], 0
        for found in _MARKED.finditer(sentence):
            parts += [escape(sentence[at : found.start()]), self._link(found[1], found[2])]
            at = found.end()
        return "".join((*parts, escape(sentence[at:])))

    def _link(self, name: str, text: str) -> str:
        """The number stands on paper only, joined to its figure."""
        number, anchor = self._numbers[name], escape(anchor_of(name))
        return (
            f'<a class="fig" href="#{anchor}" data-figure="{escape(name)}" aria-haspopup="dialog">'
            f'{escape(text)}<sup aria-hidden="true">\u2060{number}</sup></a>'
        )


class PlainlyCited(Cited):
    """The same for text: figures stand in sentences as they are."""

    def html(self, sentence: str) -> str:
        return _MARKED.sub(r"\2", sentence)


def told_in(sentence: str) -> set[str]:
    """Ids of the figures that a sentence tells."""
    return {found[1] for found in _MARKED.finditer(sentence)}


def anchor_of(name: str) -> str:
    """The place of a figure's evidence on the page."""
    return f"figure-{name}"
