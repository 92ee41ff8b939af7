"""The process map as SVG: text stays text, and every element says what it is in data attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape as escape_markup
from math import hypot
from typing import Literal

from thalweg.surfaces import palette
from thalweg.surfaces.format_values import format_count, format_duration
from thalweg.surfaces.lettering import text_width
from thalweg.surfaces.map_elements import END, START, Arrow, Box, Elements
from thalweg.surfaces.map_layout import (
    ARROW_PX,
    FIGURE_PX,
    LABEL_PX,
    LINE_PX,
    Layout,
    PlacedArrow,
    PlacedBox,
    Point,
)
from thalweg.surfaces.texts import Texts

_FORBIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), "\ufffd")
"""Characters that XML cannot hold."""
Measure = Literal["count", "time"]
MARGIN = 28.0
_LEGEND_PX = 74.0
_LEGEND_WIDTH = 560.0
_THINNEST, _THICKEST, _THICKEST_EDGE = 1.2, 8.0, 2.4


def escape(text: str) -> str:
    """Any text as XML can hold it."""
    return escape_markup(text.translate(_FORBIDDEN))


@dataclass(frozen=True, slots=True)
class Scales:
    """What the ends of the scales stand for."""

    most_events: int
    most_passages: int
    shortest_s: float
    longest_s: float

    @staticmethod
    def of(elements: Elements) -> Scales:
        times = [a.median_s for a in elements.arrows if a.median_s is not None]
        times += [b.wait_s for b in elements.boxes if b.wait_s is not None]
        return Scales(
            max((b.events for b in elements.boxes), default=0),
            max((a.count for a in elements.arrows), default=0),
            min(times, default=0.0),
            max(times, default=0.0),
        )

    def box_colour(self, box: Box, measure: Measure) -> str:
        if measure == "count":
            place = palette.count_position(box.events, self.most_events)
            return palette.mix(palette.COUNT_SCALE, place)
        return self.time_colour(box.wait_s)

    def time_colour(self, seconds: float | None) -> str:
        if seconds is None:
            return palette.LINE
        place = palette.time_position(seconds, self.shortest_s, self.longest_s)
        return palette.mix(palette.TIME_SCALE, place)

    def thickness(self, count: int) -> float:
        place = palette.count_position(count, self.most_passages)
        return _THINNEST + (_THICKEST - _THINNEST) * place


@dataclass(frozen=True, slots=True)
class Drawing:
    """A laid-out map that can be drawn."""

    elements: Elements
    layout: Layout
    scales: Scales
    texts: Texts
    measure: Measure = "count"
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Colours by object type; with them, arrows of a map by count show the type and not the time."""

    def svg(self, *, title: str, description: str, legend: bool = True) -> str:
        """The whole picture as one SVG document.

        Takes    legend: draw it below the map; the report has its own.
        """
        width = max(self.layout.width, _LEGEND_WIDTH if legend else 0) + 2 * MARGIN
        height = self.layout.height + 2 * MARGIN + (_LEGEND_PX if legend else 0)
        shift = MARGIN + max(0.0, (width - 2 * MARGIN - self.layout.width) / 2)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" '
            f'font-family="{escape(palette.fonts(self.texts.language))}" class="process-map">',
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>",
        ]
        if legend:
            parts.append(f'<rect width="100%" height="100%" fill="{palette.PAPER}"/>')
        parts.append(f'<g class="scene" transform="translate({shift:.1f} {MARGIN})">')
        parts += self._scene()
        parts.append("</g>")
        if legend:
            parts += self._legend(self.layout.height + 2 * MARGIN)
        return "\n".join([*parts, "</svg>"])

    def _scene(self) -> Iterable[str]:
        pairs = zip(self.elements.arrows, self.layout.arrows, strict=True)
        placed = [(n, arrow, place) for n, (arrow, place) in enumerate(pairs)]
        for n, arrow, place in reversed(placed):
            yield self._arrow(n, arrow, place)
        for n, arrow, place in reversed(placed):
            yield self._arrow_label(n, arrow, place)
        known = {box.name: (n, box) for n, box in enumerate(self.elements.boxes)}
        for box_place in self.layout.boxes:
            if box_place.name in known:
                yield self._box(*known[box_place.name], box_place)
            else:
                yield self._marker(box_place)

    def _box(self, n: int, box: Box, place: PlacedBox) -> str:
        fill = self.scales.box_colour(box, self.measure)
        ink = palette.ink_on(fill)
        x, y = place.x - place.width / 2, place.y - place.height / 2
        figure = self.box_figure(box)
        top = y + 13 + LABEL_PX * 0.7
        lines = [
            f'<text class="box-label" x="{place.x:.1f}" y="{top + LINE_PX * n:.1f}" '
            f'text-anchor="middle" font-size="{LABEL_PX}" font-weight="600">{escape(line)}</text>'
            for n, line in enumerate(place.lines)
        ]
        below = top + LINE_PX * len(place.lines)
        return (
            f'<g class="box" data-box="{n}" data-activity="{escape(box.name)}" data-events="{box.events}" '
            f'data-objects="{box.objects}" fill="{ink}">'
            f"<title>{escape(box.name)}: {escape(figure)}</title>"
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{place.width:.1f}" '
            f'height="{place.height:.1f}" rx="9" fill="{fill}" stroke="{palette.DEEP}" '
            f'stroke-opacity="0.25"/>{"".join(lines)}'
            f'<text class="box-figure" x="{place.x:.1f}" y="{below:.1f}" text-anchor="middle" '
            f'font-size="{FIGURE_PX}">{escape(figure)}</text></g>'
        )

    def _marker(self, place: PlacedBox) -> str:
        is_start = place.name == START
        label = self.texts("map.start" if is_start else "map.end")
        r = place.width / 2
        x, y = place.x, place.y
        inner = (
            f'<path d="M{x - 4:.1f} {y - 6:.1f}l10 6l-10 6z" fill="{palette.PAPER}"/>'
            if is_start
            else f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" rx="1.5" '
            f'fill="{palette.PAPER}"/>'
        )
        kind = "start" if is_start else "end"
        beside = -r - 6 if is_start else r + 14
        colour = palette.MOSS if is_start else palette.INK
        return (
            f'<g class="marker" data-marker="{kind}"><title>{escape(label)}</title>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{colour}"/>{inner}'
            f'<text class="marker-label" x="{x:.1f}" y="{y + beside:.1f}" font-size="{FIGURE_PX}" '
            f'text-anchor="middle" fill="{palette.MUTED}">{escape(label)}</text></g>'
        )

    def _arrow(self, n: int, arrow: Arrow, place: PlacedArrow) -> str:
        edge = arrow.source == START or arrow.target == END
        colour = self.arrow_colour(arrow)
        thickness = self.scales.thickness(arrow.count)
        if edge:
            thickness = min(thickness, _THICKEST_EDGE)
        dashes = ' stroke-dasharray="5 4"' if edge else ""
        return (
            f'<g class="arrow{" edge" if edge else ""}" {_data(n, arrow)} stroke="{colour}" '
            f'fill="{colour}"><title>{escape(self.arrow_title(arrow))}</title>'
            f'<path class="line" d="{_path(place.curve)}" fill="none" '
            f'stroke-width="{thickness:.2f}"{dashes}/>'
            f'<path class="head" d="{_head(place, thickness)}" stroke="none"/></g>'
        )

    def _arrow_label(self, n: int, arrow: Arrow, place: PlacedArrow) -> str:
        figure = self.arrow_figure(arrow)
        return (
            f'<text class="arrow-label" {_data(n, arrow)} x="{place.label[0]:.1f}" '
            f'y="{place.label[1] + 3.5:.1f}" text-anchor="middle" font-size="{ARROW_PX}" '
            f'fill="{palette.INK}" stroke="{palette.PAPER}" stroke-width="3" '
            f'stroke-linejoin="round" paint-order="stroke">{escape(figure)}</text>'
        )

    def box_figure(self, box: Box) -> str:
        """The figure in a box: events, or the mean time since the event before."""
        if self.measure == "count":
            return format_count(box.events, self.texts.language)
        return format_duration(box.wait_s, self.texts.language)

    def arrow_figure(self, arrow: Arrow) -> str:
        """The figure on an arrow: passages, or the median time (nothing at starts and ends)."""
        if self.measure == "count":
            return format_count(arrow.count, self.texts.language)
        if arrow.median_s is None:
            return ""
        return format_duration(arrow.median_s, self.texts.language)

    def arrow_colour(self, arrow: Arrow) -> str:
        if self.measure == "count" and arrow.kind in self.kinds:
            return self.kinds[arrow.kind]
        if arrow.source == START or arrow.target == END:
            return palette.MUTED
        return self.scales.time_colour(arrow.median_s)

    def arrow_title(self, arrow: Arrow) -> str:
        """The arrow's figures in a sentence, with its object type where there are several."""
        title = self._arrow_title(arrow)
        return (
            self.texts("map.title_of_type", type=arrow.kind, title=title) if arrow.kind else title
        )

    def _arrow_title(self, arrow: Arrow) -> str:
        language = self.texts.language
        count = format_count(arrow.count, language)
        if arrow.source == START:
            return self.texts("map.title_start", activity=arrow.target, count=count)
        if arrow.target == END:
            return self.texts("map.title_end", activity=arrow.source, count=count)
        return self.texts(
            "map.title_pair",
            source=arrow.source,
            target=arrow.target,
            count=count,
            median=format_duration(arrow.median_s, language),
            mean=format_duration(arrow.mean_s, language),
        )

    def _legend(self, top: float) -> Iterable[str]:
        language, say, scales = self.texts.language, self.texts, self.scales
        by_count = self.measure == "count"
        box_ends = (
            ("0", format_count(scales.most_events, language)) if by_count else self._time_ends()
        )
        box_scale = palette.COUNT_SCALE if by_count else palette.TIME_SCALE
        box_title = say("map.legend_events" if by_count else "map.legend_wait")
        yield f'<g class="legend" transform="translate({MARGIN} {top:.1f})" fill="{palette.MUTED}">'
        yield _ramp("box", 0, box_scale, box_title, box_ends)
        yield _ramp("line", 190, palette.TIME_SCALE, say("map.legend_time"), self._time_ends())
        yield _wedge(380, say("map.legend_count"), format_count(scales.most_passages, language))
        hidden = self.hidden_sentence()
        if hidden:
            yield f'<text x="0" y="58" font-size="{FIGURE_PX}">{escape(hidden)}</text>'
        yield "</g>"

    def _time_ends(self) -> tuple[str, str]:
        language, scales = self.texts.language, self.scales
        shortest = format_duration(scales.shortest_s, language)
        return shortest, format_duration(scales.longest_s, language)

    def hidden_sentence(self) -> str:
        """What the picture leaves out, or nothing."""
        e, language = self.elements, self.texts.language
        if not e.hidden_boxes and not e.hidden_arrows:
            return ""
        return self.texts(
            "map.hidden",
            activities=format_count(len(e.boxes), language),
            all_activities=format_count(e.all_boxes, language),
            paths=format_count(len(e.arrows), language),
            all_paths=format_count(e.all_arrows, language),
        )


def _data(n: int, arrow: Arrow) -> str:
    source = "" if arrow.source == START else arrow.source
    target = "" if arrow.target == END else arrow.target
    return f'data-arrow="{n}" data-source="{escape(source)}" data-target="{escape(target)}" data-count="{arrow.count}"'


def _path(curve: tuple[Point, ...]) -> str:
    first, rest = curve[0], curve[1:]
    steps = " ".join(f"{x:.1f} {y:.1f}" for x, y in rest)
    return f"M{first[0]:.1f} {first[1]:.1f}C{steps}"


def _head(place: PlacedArrow, thickness: float) -> str:
    """A triangle from the end of the line to the tip."""
    (x0, y0), (x1, y1) = place.curve[-1], place.tip
    length = hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    half = 3.0 + thickness * 0.6
    back = 1.0
    bx, by = x0 - ux * back, y0 - uy * back
    left, right = (bx - uy * half, by + ux * half), (bx + uy * half, by - ux * half)
    return f"M{x1:.1f} {y1:.1f}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}z"


def _ramp(name: str, x: float, scale: tuple[str, ...], title: str, ends: tuple[str, str]) -> str:
    stops = "".join(
        f'<stop offset="{n / (len(scale) - 1):.2f}" stop-color="{colour}"/>'
        for n, colour in enumerate(scale)
    )
    return (
        f'<defs><linearGradient id="ramp-{name}">{stops}</linearGradient></defs>'
        f'<text x="{x}" y="0" font-size="{FIGURE_PX}">{escape(title)}</text>'
        f'<rect x="{x}" y="8" width="150" height="9" rx="3" fill="url(#ramp-{name})"/>'
        f'<text x="{x}" y="31" font-size="{FIGURE_PX}">{escape(ends[0])}</text>'
        f'<text x="{x + 150}" y="31" font-size="{FIGURE_PX}" text-anchor="end">'
        f"{escape(ends[1])}</text>"
    )


def _wedge(x: float, title: str, most: str) -> str:
    return (
        f'<text x="{x}" y="0" font-size="{FIGURE_PX}">{escape(title)}</text>'
        f'<path d="M{x} 12.5L{x + 150} 8.5V16.5z"/>'
        f'<text x="{x}" y="31" font-size="{FIGURE_PX}">0</text>'
        f'<text x="{x + 150}" y="31" font-size="{FIGURE_PX}" text-anchor="end">{escape(most)}</text>'
    )


def label_room(elements: Elements, drawings: Iterable[Drawing]) -> float:
    """Px that the longest figure on an arrow takes, in any of the drawings."""
    figures = (d.arrow_figure(a) for d in drawings for a in elements.arrows)
    return max((text_width(f, ARROW_PX) for f in figures), default=20.0) + 6
