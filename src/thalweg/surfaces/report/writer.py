"""The parts that sections are made of: charts and frames put into words, in one language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from thalweg.surfaces.chart_frame import WIDTH, Chart, chart_svg
from thalweg.surfaces.report.tables import Table, table
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.result import MapResult

_FONT = re.compile(r' font-family="[^"]*"')
_ROLE = re.compile(r' aria-roledescription="[^"]*"')
_ID = re.compile(r"\b(?:clip|gradient_)\d+\b")
_SIZE = re.compile(r'<svg([^>]*?) width="([\d.]+)" height="([\d.]+)"')


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart in the page: its SVG, its width in px, and the sentence below it.

    wide: a picture that is scrolled through rather than made small.
    """

    title: str
    svg: str
    width: int
    caption: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One section. notes: facts and gaps in words; figures; tables with their titles.

    beside: notes and tables are narrow enough to stand beside the figures on a wide screen.
    """

    key: str
    title: str
    lead: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    tables: tuple[tuple[str, Table], ...]
    beside: bool = False


class Writer:
    """Turns charts and frames into parts of the page, in one language.

    drawing: whether charts are drawn; without, figures have their words alone.
    """

    def __init__(self, say: Texts, *, drawing: bool = True) -> None:
        self.say, self.drawing = say, drawing
        self._drawn: Counter[str] = Counter()

    def section(
        self,
        key: str,
        *,
        figures: Sequence[Figure] = (),
        tables: Sequence[Table] = (),
        notes: Sequence[str] = (),
        beside: bool = False,
    ) -> Section:
        titled = tuple((self.say(f"table.{t.key}"), t) for t in tables)
        title, lead = self.say(f"section.{key}.title"), self.say(f"section.{key}.lead")
        return Section(key, title, lead, tuple(notes), tuple(figures), titled, beside)

    def figure(self, key: str, chart: Chart, **values: str) -> Figure:
        if not self.drawing:
            return self._undrawn(key, **values)
        svg = chart_svg(chart, self.say.language)
        svg = _ROLE.sub("", _FONT.sub("", svg))
        self._drawn[key] += 1
        own = f"{key}-{self._drawn[key]}"
        ids = {old: f"{own}-{n}" for n, old in enumerate(dict.fromkeys(_ID.findall(svg)))}
        svg = _ID.sub(lambda found: ids[found[0]], svg)
        size = _SIZE.search(svg)
        width = round(float(size[2])) if size else WIDTH
        svg = _SIZE.sub(r"<svg\1", svg, count=1)
        title, caption = (
            self.say(f"figure.{key}.title", **values),
            self.say(f"figure.{key}.caption", **values),
        )
        return Figure(title, svg, width, caption)

    def picture(self, key: str, svg: str, **values: str) -> Figure:
        """A picture that is already drawn, in its own size."""
        if not self.drawing:
            return self._undrawn(key, **values)
        svg = _FONT.sub("", svg)
        size = _SIZE.search(svg)
        width = round(float(size[2])) if size else WIDTH
        title = self.say(f"figure.{key}.title")
        caption = self.say(f"figure.{key}.caption", **values)
        return Figure(title, svg, width, caption, wide=True)

    def _undrawn(self, key: str, **values: str) -> Figure:
        title, caption = (
            self.say(f"figure.{key}.{part}", **values) for part in ("title", "caption")
        )
        return Figure(title, "", 0, caption)

    def table(
        self, key: str, frame: pl.DataFrame | None, columns: Sequence[tuple[str, str]]
    ) -> list[Table]:
        """The table as a list of one, or of none where the measure is absent or empty."""
        if frame is None or frame.is_empty():
            return []
        return [table(key, frame, columns, self.say)]

    def missing(self, result: MapResult, measure: str) -> list[str]:
        """Why a measure is absent, in words."""
        code = result.missing.get(measure)
        return [] if code is None else [self.say(f"missing.{measure}.{code}")]
