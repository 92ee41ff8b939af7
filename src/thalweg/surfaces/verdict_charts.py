"""Charts of a verdict: where the platform stands, and how deep it reaches in every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import LABEL_PX, Chart, load_altair
from thalweg.surfaces.density import outlines
from thalweg.surfaces.format_values import UNKNOWN, format_share
from thalweg.surfaces.texts import Texts

REGION_WIDTH, REGION_HEIGHT = 370, 285
DEPTH_WIDTH = 480
SHARES = (0.9, 0.5)
"""Parts of the draws inside the two outlines."""
REGION_COLOURS = {
    "industrial_revolution": palette.RIVER,
    "transition": palette.MOSS,
    "traffic_war": palette.RUST,
    "quiet_trade": palette.SLATE,
}
_ROW = 27
_CORNERS = {
    "industrial_revolution": (False, True),
    "transition": (True, True),
    "quiet_trade": (False, False),
    "traffic_war": (True, False),
}
"""Whether dependent, whether deep."""
Limits = tuple[float, float]


def region_chart(
    draws: pl.DataFrame,
    axes: pl.DataFrame,
    regions: pl.DataFrame,
    thresholds: dict[str, float],
    verdict: str,
    say: Texts,
) -> Chart:
    """Depth against bought dependence, with the thresholds and the region of uncertainty.

    Takes    draws: depth, dependence. axes: axis, value, low, high, least, most, missing.
             regions: region, probability (may be null). thresholds: depth, dependence.
             verdict: a region, which is tinted, or not_enough_evidence.
    An axis that is not known is drawn as a band across the whole of it: it may lie anywhere.
    """
    alt = load_altair()
    known = {row["axis"]: row for row in axes.to_dicts()}
    limits = _limits(draws, known["depth"], thresholds)
    x = alt.X(
        "x:Q",
        title=say("story.chart.dependence"),
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format="%", tickCount=5, grid=False, domain=True, domainColor=palette.LINE),
    )
    y = alt.Y(
        "y:Q",
        title=say("story.chart.depth"),
        scale=alt.Scale(domain=list(limits), nice=False),
        axis=alt.Axis(
            labelExpr="datum.value == 0 ? '0%' : format(datum.value, '.0%')",
            tickCount=5,
            grid=False,
            domain=True,
            domainColor=palette.LINE,
        ),
    )
    layers = [
        _quarters(alt, x, y, limits, thresholds, verdict),
        _threshold_lines(alt, x, y, limits, thresholds),
        *_names(alt, x, y, limits, thresholds, regions, verdict, say),
        *_uncertainty(alt, x, y, draws, known, limits, verdict, say),
    ]
    return alt.layer(*layers).properties(width=REGION_WIDTH, height=REGION_HEIGHT)


def _limits(draws: pl.DataFrame, depth: dict[str, Any], thresholds: dict[str, float]) -> Limits:
    """Of the depth axis: all draws, and the threshold about half-way up at most."""
    values = [v for v in (depth["low"], depth["high"], depth["value"]) if v is not None]
    values += draws["depth"].drop_nulls().to_list()
    high = max([2.4 * thresholds["depth"], *(1.15 * v for v in values)])
    low = min([-0.15 * high, *(1.15 * v for v in values)])
    return low, min(high, 1.0)


def _quarters(
    alt: Any, x: Any, y: Any, limits: Limits, thresholds: dict[str, float], verdict: str
) -> Any:
    rows = []
    for region, (dependent, deep) in _CORNERS.items():
        across = (thresholds["dependence"], 1.0) if dependent else (0.0, thresholds["dependence"])
        up = (thresholds["depth"], limits[1]) if deep else (limits[0], thresholds["depth"])
        rows.append(
            {
                "x": across[0],
                "x2": across[1],
                "y": up[0],
                "y2": up[1],
                "region": region,
                "opacity": 0.17 if region == verdict else 0.055,
            }
        )
    colour = alt.Color(
        "region:N",
        scale=alt.Scale(domain=list(REGION_COLOURS), range=list(REGION_COLOURS.values())),
        legend=None,
    )
    opacity = alt.Opacity("opacity:Q", scale=None)
    marks = alt.Chart(pl.DataFrame(rows)).mark_rect(aria=False)
    return marks.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour, opacity=opacity)


def _threshold_lines(alt: Any, x: Any, y: Any, limits: Limits, thresholds: dict[str, float]) -> Any:
    deep, dependent = thresholds["depth"], thresholds["dependence"]
    rows = [
        {"x": 0.0, "x2": 1.0, "y": deep, "y2": deep},
        {"x": dependent, "x2": dependent, "y": limits[0], "y2": limits[1]},
    ]
    marks = alt.Chart(pl.DataFrame(rows)).mark_rule(
        color=palette.MUTED, strokeDash=[4, 4], strokeWidth=1, aria=False
    )
    return marks.encode(x=x, x2="x2:Q", y=y, y2="y2:Q")


def _names(
    alt: Any,
    x: Any,
    y: Any,
    limits: Limits,
    thresholds: dict[str, float],
    regions: pl.DataFrame,
    verdict: str,
    say: Texts,
) -> list[Any]:
    """Each region's name and probability in its outer corner."""
    chances = dict(regions.select("region", "probability").iter_rows())
    layers = []
    for region, (dependent, deep) in _CORNERS.items():
        chance = chances.get(region)
        name = say(f"judge.regions.{region}")
        narrow = not dependent and thresholds["dependence"] < 0.4
        lines = _lines(name, say) if narrow else [name]
        if chance is not None:
            lines.append(format_share(chance, say.language))
        words = alt.Chart(
            pl.DataFrame(
                {"x": [1.0 if dependent else 0.0], "y": [limits[1] if deep else limits[0]]}
            )
        ).mark_text(
            text=lines if len(lines) > 1 else lines[0],
            align="right" if dependent else "left",
            baseline="top" if deep else "bottom",
            lineBreak="\n",
            dx=-10 if dependent else 10,
            dy=10 if deep else -10 - 16 * (len(lines) - 1),
            lineHeight=16,
            fontSize=13,
            fontWeight=700 if region == verdict else 400,
            color=palette.shade(REGION_COLOURS[region]),
            aria=False,
        )
        layers.append(words.encode(x=x, y=y))
    return layers


def _lines(name: str, say: Texts) -> list[str]:
    """A name in two lines where it has two words; Chinese names are short."""
    return [name] if say.language == "zh" else name.split(" ", 1)


def _uncertainty(
    alt: Any,
    x: Any,
    y: Any,
    draws: pl.DataFrame,
    known: dict[str, dict[str, Any]],
    limits: Limits,
    verdict: str,
    say: Texts,
) -> list[Any]:
    colour = palette.shade(REGION_COLOURS.get(verdict, palette.MUTED))
    pairs = draws.drop_nulls(["depth", "dependence"])
    if len(pairs) > 2:
        layers = _clouds(alt, x, y, pairs, limits, colour)
    else:
        layers = _bands(alt, x, y, known, limits)
    depth, dependence = known["depth"], known["dependence"]
    if depth["value"] is not None and dependence["value"] is not None:
        told = say(
            "story.chart.point",
            depth=_interval(depth, say),
            dependence=_interval(dependence, say),
        )
        point = pl.DataFrame({"x": [dependence["value"]], "y": [depth["value"]], "told": [told]})
        mark = alt.Chart(point).mark_point(
            size=120, filled=True, color=colour, stroke=palette.PAPER, strokeWidth=2, opacity=1
        )
        layers.append(mark.encode(x=x, y=y, description="told:N"))
    return layers


def _clouds(
    alt: Any, x: Any, y: Any, pairs: pl.DataFrame, limits: Limits, colour: str
) -> list[Any]:
    """Outlines that hold 90 and 50 % of the draws, and the draws as faint dots."""
    across, up = (np.asarray(pairs[name], np.float64) for name in ("dependence", "depth"))
    span = (1.0, limits[1] - limits[0])
    layers = []
    for share in SHARES:
        for line in outlines(across, up, share, span):
            points = pl.DataFrame(
                {
                    "x": [round(min(max(p[0], 0.0), 1.0), 4) for p in line],
                    "y": [round(min(max(p[1], limits[0]), limits[1]), 4) for p in line],
                    "at": range(len(line)),
                }
            )
            mark = alt.Chart(points).mark_line(
                interpolate="linear-closed",
                fill=colour,
                fillOpacity=0.16,
                stroke=colour,
                strokeWidth=1.2,
                strokeOpacity=0.75,
                aria=False,
            )
            layers.append(mark.encode(x=x, y=y, order="at:Q"))
    return layers


def _bands(alt: Any, x: Any, y: Any, known: dict[str, dict[str, Any]], limits: Limits) -> list[Any]:
    """What is known of one axis alone, across the whole of the other."""
    depth, dependence = (_span(known[name]) for name in ("depth", "dependence"))
    if depth is None and dependence is None:
        return []
    across, up = dependence or (0.0, 1.0), depth or limits
    box = pl.DataFrame({"x": [across[0]], "x2": [across[1]], "y": [up[0]], "y2": [up[1]]})
    mark = alt.Chart(box).mark_rect(color=palette.MUTED, opacity=0.24, aria=False)
    return [mark.encode(x=x, x2="x2:Q", y=y, y2="y2:Q")]


def _span(row: dict[str, Any]) -> Limits | None:
    for low, high in (("low", "high"), ("least", "most")):
        if row[low] is not None and row[high] is not None:
            return float(row[low]), float(row[high])
    return None


def _interval(row: dict[str, Any], say: Texts) -> str:
    value, low, high = (format_share(row[name], say.language) for name in ("value", "low", "high"))
    return value if low == UNKNOWN else say("story.interval", value=value, low=low, high=high)


def depth_chart(layers: pl.DataFrame, names: dict[str, str], say: Texts) -> Chart:
    """What interventions took away of the burden of each layer, with intervals.

    Takes    layers: of one burden, in the order of the chain: layer, weight, depth, depth_low,
             depth_high, counted, known, missing. names: layer → name.
    Layers that are not measured have no mark: it is said that they are not, and their weight stands
    beside their name.
    """
    alt = load_altair()
    rows = [_layer_row(at, row, say) for at, row in enumerate(layers.to_dicts())]
    data = pl.DataFrame(rows, infer_schema_length=None)
    labels = [
        say(
            "story.chart.layer",
            name=names.get(row["layer"], row["layer"]),
            weight=format_share(row["weight"], say.language),
        )
        for row in layers.to_dicts()
    ]
    y = alt.Y(
        "at:O",
        title=None,
        axis=alt.Axis(labelExpr=f"{labels}[datum.value]", labelLimit=LABEL_PX, grid=False),
    )
    axis = alt.Axis(
        labelExpr="datum.value == 0 ? '0%' : format(datum.value, '.0%')",
        tickCount=6,
        title=say("story.chart.depth_of_layer"),
    )
    x = alt.X("value:Q", axis=axis)
    kinds = [say("story.chart.counted"), say("story.chart.not_counted")]
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=kinds, range=[palette.RIVER, palette.SLATE]),
        legend=alt.Legend(orient="top", direction="horizontal", columns=2)
        if data["value"].is_not_null().any()
        else None,
    )
    shown = alt.Chart(data.filter(pl.col("value").is_not_null()))
    unknown = alt.Chart(data.filter(pl.col("value").is_null()))
    zero = alt.Chart(pl.DataFrame({"value": [0.0]}))
    drawn = [
        zero.mark_rule(color=palette.MUTED, strokeDash=[3, 3], aria=False).encode(x=x),
        shown.mark_rule(strokeWidth=2.4, aria=False).encode(
            x="low:Q", x2="high:Q", y=y, color=colour
        ),
        shown.mark_circle(size=80, opacity=1).encode(x=x, y=y, color=colour, description="told:N"),
        unknown.mark_text(align="left", color=palette.MUTED, fontSize=11).encode(
            x=alt.value(6), y=y, text="told:N", description="told:N"
        ),
    ]
    return alt.layer(*drawn).properties(width=DEPTH_WIDTH, height=_ROW * len(rows) + 10)


def _layer_row(at: int, row: dict[str, Any], say: Texts) -> dict[str, Any]:
    known = row["depth"] is not None
    told = say("story.chart.layer_unknown")
    if known:
        value, low, high = (
            format_share(row[name], say.language) for name in ("depth", "depth_low", "depth_high")
        )
        told = say("story.interval", value=value, low=low, high=high)
    return {
        "at": at,
        "value": row["depth"],
        "low": row["depth_low"],
        "high": row["depth_high"],
        "kind": say(f"story.chart.{'counted' if row['counted'] else 'not_counted'}"),
        "told": told,
    }
