"""The process map as a picture file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from thalweg.errors import MissingExtraError, RequestError
from thalweg.surfaces import texts as catalogue
from thalweg.surfaces.format_values import format_count
from thalweg.surfaces.map_elements import Elements, legible_shares, shown_elements
from thalweg.surfaces.map_layout import Layout, lay_out
from thalweg.surfaces.map_svg import Drawing, Measure, Scales, label_room
from thalweg.surfaces.texts import Texts

if TYPE_CHECKING:
    from thalweg.process.result import MapResult

MOST_ARROWS = 1500
"""Beyond this a picture can be neither laid out in reasonable time nor read."""
_PNG_SCALE = 2.0
_PNG_PIXELS = 60_000_000


def draw_map(
    result: MapResult,
    path: str | Path,
    *,
    measure: Measure = "count",
    activities: float | None = None,
    paths: float | None = None,
    language: str = "en",
) -> Path:
    """Draw a map result into a file, SVG or PNG by its suffix.

    Takes    measure: what the boxes show and are coloured by, and what stands on the arrows.
             Arrows are always as thick as their count and coloured by their median time.
             activities, paths: shares to show (above 0, up to 1); None keeps as much as is
             legible. What is left out is said in the picture.
    Raises   RequestError: a share, measure, suffix or language that makes no sense, or too much
             to draw. MissingExtraError: the extra ``pictures`` is not installed.
    """
    return write_picture(
        path,
        lambda: map_svg(
            result, measure=measure, activities=activities, paths=paths, language=language
        ),
    )


def write_picture(path: str | Path, draw: Callable[[], str]) -> Path:
    """Write what ``draw`` gives as SVG or PNG, by the suffix; a wrong one is refused before."""
    target = picture_file(path)
    svg = draw()
    if target.suffix.lower() == ".svg":
        target.write_text(svg, encoding="utf-8")
    else:
        target.write_bytes(svg_to_png(svg))
    return target


def picture_file(path: str | Path) -> Path:
    """The path of a picture.

    Raises   RequestError: its suffix is neither .svg nor .png.
    """
    target = Path(path)
    if target.suffix.lower() not in {".svg", ".png"}:
        raise RequestError(f"{target.name} is no picture name. End it in .svg or .png.")
    return target


def map_svg(
    result: MapResult,
    *,
    measure: Measure = "count",
    activities: float | None = None,
    paths: float | None = None,
    language: str = "en",
) -> str:
    """The picture of ``draw_map`` as SVG text."""
    if measure not in get_args(Measure):
        raise RequestError(f"There is no measure {measure!r}. Choose count or time.")
    say = catalogue.load(language)
    elements = _simplified(result, activities, paths)
    drawing = Drawing(elements, _placed(elements, say), Scales.of(elements), say, measure)
    title = say("map.picture_title", objects=say.objects(result.objects, result.type))
    return drawing.svg(title=title, description=describe(result, elements, say))


def _simplified(result: MapResult, activities: float | None, paths: float | None) -> Elements:
    legible = legible_shares(result, activities)
    shown = shown_elements(
        result,
        legible[0] if activities is None else activities,
        legible[1] if paths is None else paths,
    )
    if len(shown.arrows) > MOST_ARROWS:
        raise RequestError(
            f"{len(shown.arrows):,} paths cannot be drawn legibly (the most is {MOST_ARROWS:,}). "
            "Lower activities or paths, or leave both out."
        )
    return shown


def _placed(elements: Elements, say: Texts) -> Layout:
    nowhere = Layout(0, 0, (), ())
    scales = Scales.of(elements)
    drawings = [Drawing(elements, nowhere, scales, say, m) for m in get_args(Measure)]
    return lay_out(elements, label_width=label_room(elements, drawings))


def describe(result: MapResult, elements: Elements, say: Texts) -> str:
    """The map in words, for those who do not see it."""
    language = say.language
    busiest = elements.boxes[0].name if elements.boxes else ""
    return say(
        "map.description",
        objects=say.objects(result.objects, result.type),
        events=format_count(result.events, language),
        activities=format_count(len(elements.boxes), language),
        paths=format_count(len(elements.arrows), language),
        busiest=busiest,
    )


def svg_to_png(svg: str, scale: float = _PNG_SCALE) -> bytes:
    """An SVG as PNG, with the machine's fonts; very large pictures at a lower scale."""
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("vl-convert, which makes PNG pictures,", "pictures") from error
    width, height = (
        float(svg.split(f' {side}="', 1)[1].split('"', 1)[0]) for side in ("width", "height")
    )
    fitting = min(scale, (_PNG_PIXELS / max(width * height, 1.0)) ** 0.5)
    png: bytes = vl_convert.svg_to_png(svg, scale=fitting)
    return png
