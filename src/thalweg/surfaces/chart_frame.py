"""What all charts share: the library, the style, the colour of counts, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from thalweg.errors import MissingExtraError
from thalweg.surfaces import palette
from thalweg.surfaces.format_values import Language

Chart = Any
"""An Altair chart; the library is loaded where it is first used."""
WIDTH, HEIGHT = 620, 240
LABEL_PX = 240


def load_altair() -> Any:
    try:
        import altair
    except ImportError as error:
        raise MissingExtraError("Altair, which describes charts,", "pictures") from error
    return altair


def chart_svg(chart: Chart, language: Language) -> str:
    """A chart as SVG with its texts as texts."""
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("vl-convert, which draws charts,", "pictures") from error
    locale: Literal["zh-CN", "en-US"] = "zh-CN" if language == "zh" else "en-US"
    svg: str = vl_convert.vegalite_to_svg(
        styled(chart, language), time_format_locale=locale, format_locale="en-US"
    )
    return svg


def save_chart(chart: Chart, path: str | Path, language: Language) -> Path:
    """Write a chart as SVG or PNG, by the suffix of the path."""
    from thalweg.surfaces.process_map import picture_file, svg_to_png

    target = picture_file(path)
    svg = chart_svg(chart, language)
    if target.suffix.lower() == ".svg":
        target.write_text(svg, encoding="utf-8")
    else:
        # vl-convert multiplies colours with their opacity where nothing lies below them.
        head, body = svg.split(">", 1)
        paper = f'<rect width="100%" height="100%" fill="{palette.PAPER}"/>'
        target.write_bytes(svg_to_png(f"{head}>{paper}{body}"))
    return target


def styled(chart: Any, language: Language) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    axis = {
        "labelColor": palette.MUTED,
        "titleColor": palette.MUTED,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "gridColor": "#e1eaef",
        "aria": False,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "labelFontSize": 11.5,
        "titleFontSize": 12,
    }
    legend = {
        "aria": False,
        "labelColor": palette.INK,
        "titleColor": palette.MUTED,
        "titleFontWeight": "normal",
    }
    spec["padding"] = {"left": 34, "right": 44, "top": 6, "bottom": 6}
    spec["config"] = {
        "font": palette.fonts(language),
        "background": "transparent",
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend
        | {"columnPadding": 30, "labelLimit": 220, "symbolType": "square", "labelFontSize": 11.5},
        "text": {"color": palette.INK, "fontSize": 11.5},
        "area": {"line": False},
    }
    return spec


def bar_axis(alt: Any, form: str) -> Any:
    """The axis along bars, with so few figures that long ones do not meet."""
    least = 1 if form == ",d" else alt.Undefined
    return alt.Axis(format=form, grid=False, tickCount=5, tickMinStep=least, labelFlush=False)


def count_colour(alt: Any, field: str, title: str) -> Any:
    return alt.Color(
        field,
        title=title,
        scale=alt.Scale(range=list(palette.COUNT_SCALE), type="sqrt"),
        legend=alt.Legend(orient="right", gradientLength=110, format=",d"),
    )
