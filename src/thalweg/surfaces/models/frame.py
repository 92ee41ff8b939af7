"""What stands around a model: title, legend, and the activities that the model does not know."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from thalweg.process.models.bpmn import Box, Layout, Point
from thalweg.surfaces import palette
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.lettering import shorten, text_width
from thalweg.surfaces.map_svg import escape
from thalweg.surfaces.models.glyphs import SMALL_PX, badge, badge_width, pill
from thalweg.surfaces.models.overlay import KINDS, Deviation, ModelOverlay
from thalweg.surfaces.texts import Texts

MARGIN = 30.0
LEAST_WIDTH = 760.0
_TITLE_PX, _SUBTITLE_PX = 19.0, 12.5
HEADING = 62.0
_ITEM_GAP, _ROW = 26.0, 30.0
_PANEL_ROW, _PANEL_COLUMN = 22.0, 350.0
_MOST_STRANGERS = 24
_RAMP = 110.0
_SLIM = 0.88
"""Plain type is narrower than the bold that ``text_width`` reckons with."""

EDGE = 34.0

Drawn = Callable[[float, float], str]


@dataclass(frozen=True, slots=True)
class Sign:
    """One entry of the legend: how wide its sign is, how it is drawn at a point, and its words.

    leads: it begins a row of its own.
    """

    width: float
    draw: Drawn
    words: str
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout moved so that it begins at the top left, and how much room it takes."""

    boxes: dict[str, Box]
    routes: dict[str, tuple[Point, ...]]
    extent: tuple[float, float]

    @staticmethod
    def of(layout: Layout, edge: float = EDGE) -> Placed:
        """Takes edge: px to keep free on the left, on the right and below."""
        boxes = layout.boxes.values()
        points = [p for route in layout.routes.values() for p in route]
        left = min([b.x for b in boxes] + [x for x, _ in points], default=0.0) - edge
        top = min([b.y for b in boxes] + [y for _, y in points], default=0.0)
        right = max([b.x + b.width for b in boxes] + [x for x, _ in points], default=0.0)
        bottom = max([b.y + b.height for b in boxes] + [y for _, y in points], default=0.0)
        return Placed(
            {key: Box(b.x - left, b.y - top, b.width, b.height) for key, b in layout.boxes.items()},
            {
                key: tuple((x - left, y - top) for x, y in route)
                for key, route in layout.routes.items()
            },
            (right - left + edge, bottom - top + edge),
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawn model, and all that its frame says.

    unit: what the deviations are counted in. extent: width and height of the drawing.
    """

    body: Sequence[str]
    extent: tuple[float, float]
    title: str
    subtitle: str
    description: str
    signs: Sequence[Sign]
    strangers: Sequence[tuple[str, Deviation]]


def document(scene: Scene, say: Texts) -> str:
    """The whole picture as one SVG document."""
    width = max(scene.extent[0], LEAST_WIDTH)
    top = HEADING + MARGIN
    legend, legend_height = _legend(scene.signs, width - 2 * MARGIN, top + scene.extent[1])
    panel_top = top + scene.extent[1] + legend_height
    panel, panel_height = _panel(scene.strangers, width, panel_top, say)
    height = panel_top + panel_height + MARGIN
    shift = (width - scene.extent[0]) / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" '
            f'font-family="{escape(palette.fonts(say.language))}" class="model-picture">',
            f"<title>{escape(scene.title)}</title><desc>{escape(scene.description)}</desc>",
            f'<rect width="100%" height="100%" fill="{palette.PAPER}"/>',
            *_heading(scene, width),
            f'<g class="model" transform="translate({shift:.1f} {top:.1f})">',
            *scene.body,
            "</g>",
            *legend,
            *panel,
            "</svg>",
        ]
    )


def _heading(scene: Scene, width: float) -> Iterable[str]:
    room = width - 2 * MARGIN
    yield (
        f'<text x="{MARGIN}" y="{MARGIN + 14}" font-size="{_TITLE_PX}" font-weight="700" '
        f'fill="{palette.INK}">{escape(shorten(scene.title, _TITLE_PX, room))}</text>'
    )
    yield (
        f'<text x="{MARGIN}" y="{MARGIN + 36}" font-size="{_SUBTITLE_PX}" '
        f'fill="{palette.MUTED}">{escape(scene.subtitle)}</text>'
    )


def _legend(signs: Sequence[Sign], room: float, top: float) -> tuple[list[str], float]:
    """Entries from left to right, in as many rows as they take; and the height of it all."""
    x, y = MARGIN, top + 34
    parts = [
        f'<path d="M{MARGIN} {top + 8:.1f}h{room:.1f}" stroke="{palette.LINE}" stroke-width="1"/>'
    ]
    for sign in signs:
        width = sign.width + 9 + _plain_width(sign.words)
        if x > MARGIN and (sign.leads or x + width > MARGIN + room):
            x, y = MARGIN, y + _ROW
        parts.append(
            f'<g class="legend-entry">{sign.draw(x, y)}<text x="{x + sign.width + 9:.1f}" '
            f'y="{y + 4:.1f}" font-size="{SMALL_PX + 0.5}" fill="{palette.MUTED}">'
            f"{escape(sign.words)}</text></g>"
        )
        x += width + _ITEM_GAP
    return parts, y - top + 26


def _plain_width(text: str) -> float:
    """Width in px of a legend's words; Chinese characters are as wide in any weight."""
    px = SMALL_PX + 0.5
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text) * px
    return wide + _SLIM * (text_width(text, px) - wide)


def _panel(
    strangers: Sequence[tuple[str, Deviation]], width: float, top: float, say: Texts
) -> tuple[list[str], float]:
    """The activities that the model does not know, in columns."""
    if not strangers:
        return [], 0.0
    shown = strangers[:_MOST_STRANGERS]
    widest = max(_plain_width(_stranger_words(name, d, say)) for name, d in shown)
    column = min(max(_PANEL_COLUMN, widest + 90), width - 2 * MARGIN)
    columns = max(1, min(len(shown), int((width - 2 * MARGIN) // column)))
    rows = -(-len(shown) // columns)
    height = 44 + rows * _PANEL_ROW + (_PANEL_ROW if len(strangers) > len(shown) else 0)
    box = Box(MARGIN, top, width - 2 * MARGIN, height)
    parts = [
        '<g class="strangers">',
        f'<rect x="{box.x}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="8" fill="{palette.MIST}"/>',
        f'<text x="{box.x + 16}" y="{top + 24:.1f}" font-size="12.5" font-weight="700" '
        f'fill="{palette.INK}">{escape(say("model_picture.strangers"))}</text>',
    ]
    for n, (name, deviation) in enumerate(shown):
        x = box.x + 16 + (n // rows) * column
        y = top + 46 + (n % rows) * _PANEL_ROW
        taken = badge_width(deviation.occurrences, say.language)
        words = _stranger_words(name, deviation, say)
        room = (column - taken - 24) / _SLIM
        parts.append(
            badge("inserted", deviation.occurrences, x, y, say.language)
            + f'<g><title>{escape(words)}</title><text x="{x + taken + 8:.1f}" y="{y + 4:.1f}" '
            f'font-size="{SMALL_PX + 0.5}" fill="{palette.INK}">'
            f"{escape(shorten(words, SMALL_PX, room))}</text></g>"
        )
    if len(strangers) > len(shown):
        more = say("model_picture.strangers_more", n=len(strangers) - len(shown))
        y = top + 46 + rows * _PANEL_ROW
        parts.append(
            f'<text x="{box.x + 16}" y="{y + 4:.1f}" font-size="{SMALL_PX}" '
            f'fill="{palette.MUTED}">{escape(more)}</text>'
        )
    return [*parts, "</g>"], height + 4


def overlay_signs(overlay: ModelOverlay | None, say: Texts) -> Iterable[Sign]:
    """Entries for what the overlay adds."""
    if overlay is None:
        return
    if overlay.occurrences:
        most = max(overlay.occurrences.values())
        yield Sign(_RAMP, _ramp, say("model_picture.ramp", most=format_count(most, say.language)))
    if overlay.flows:
        most = max(overlay.flows.values())
        yield Sign(54, _wedge, say("model_picture.wedge", most=format_count(most, say.language)))
    for kind in KINDS:
        if any(d.occurrences for d in overlay.deviations.get(kind, {}).values()):
            yield Sign(22, _pill(kind), say(f"model_picture.{kind}"))


def _stranger_words(name: str, deviation: Deviation, say: Texts) -> str:
    if deviation.objects is None:
        return name
    shown = format_count(deviation.objects, say.language)
    return say(counted("stranger", deviation.objects, say), activity=name, objects=shown)


def counted(key: str, count: int, say: Texts) -> str:
    """The key of a text for a count: the singular where the language has one."""
    one = f"model_picture.{key}_one"
    return one if count == 1 and say.has(one) else f"model_picture.{key}"


def _ramp(x: float, y: float) -> str:
    steps = 40
    return "".join(
        f'<rect x="{x + n * _RAMP / steps:.2f}" y="{y - 5:.1f}" width="{_RAMP / steps + 0.3:.2f}" '
        f'height="10" fill="{palette.mix(palette.COUNT_SCALE, n / (steps - 1))}"/>'
        for n in range(steps)
    )


def _wedge(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{x + 54:.1f} {y - 3.2:.1f}V{y + 3.2:.1f}z" fill="{palette.MUTED}"/>'


def _pill(kind: str) -> Drawn:
    return lambda x, y: pill(kind, x, y, 22)
