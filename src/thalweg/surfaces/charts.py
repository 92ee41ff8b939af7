"""Charts of a map result, as Altair specifications and as SVG or PNG.

Each function takes tables of a result and gives a chart whose titles, units and numbers are in
the reader's language. Every mark carries a sentence (``description``) for screen readers and for
the report's hover.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import polars as pl

from thalweg.errors import MissingExtraError, RequestError
from thalweg.surfaces import palette
from thalweg.surfaces.format_values import (
    Language,
    duration_unit,
    format_count,
    format_date,
    format_duration,
    format_share,
)
from thalweg.surfaces.texts import Texts

Chart = Any
"""An Altair chart; the library is loaded where it is first used."""

WIDTH, HEIGHT = 620, 240
TOP_BARS = 15
TOP_MATRIX = 15
STRIP_STEPS = 30
STRIP_VARIANTS = 15
STRIP_COLOURS = 10
MOST_DOTS = 4000
_LABEL_PX = 240
_WEEKDAYS = 7


def _altair() -> Any:
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
        _styled(chart, language), time_format_locale=locale, format_locale="en-US"
    )
    return svg


def save_chart(chart: Chart, path: str | Path, language: Language) -> Path:
    """Write a chart as SVG or PNG, by the suffix of the path."""
    from thalweg.surfaces.process_map import svg_to_png

    target = Path(path)
    svg = chart_svg(chart, language)
    if target.suffix.lower() == ".svg":
        target.write_text(svg, encoding="utf-8")
    elif target.suffix.lower() == ".png":
        target.write_bytes(svg_to_png(svg))
    else:
        raise RequestError(f"{target.name} is no picture name. End it in .svg or .png.")
    return target


def _styled(chart: Any, language: Language) -> dict[str, Any]:
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


def duration_chart(curve: pl.DataFrame, figures: dict[str, Any], say: Texts) -> Chart:
    """The share of objects still open by the time since their first event, with its interval.

    Takes    curve: time_s, share_open, low, high. figures: ``durations`` of the map result, whose
             90 % quantile decides how far the picture reaches.
    """
    alt = _altair()
    language = say.language
    longest = float(curve["time_s"].max() or 0.0)  # type: ignore[arg-type]
    reach = min(longest, 2.2 * (figures.get("p90_s") or longest)) or 1.0
    unit_s, unit = duration_unit(reach, language)
    first = pl.DataFrame({"time_s": [0.0], "share_open": [1.0], "low": [1.0], "high": [1.0]})
    data = pl.concat([first, curve.select(first.columns)]).filter(pl.col("time_s") <= reach)
    data = data.with_columns(
        (pl.col("time_s") / unit_s).alias("time"),
        pl.col("low").fill_nan(None).fill_null(strategy="forward"),
        pl.col("high").fill_nan(None).fill_null(strategy="forward"),
    )
    x = alt.X("time:Q", title=say("chart.duration_x", unit=unit), scale=alt.Scale(nice=False))
    base = alt.Chart(data)
    band = base.mark_area(
        color=palette.RIVER, opacity=0.18, interpolate="step-after", aria=False
    ).encode(x=x, y=alt.Y("low:Q", title=say("chart.duration_y")), y2="high:Q")
    line = base.mark_line(
        color=palette.DEEP, strokeWidth=2, interpolate="step-after", aria=False
    ).encode(
        x=x, y=alt.Y("share_open:Q", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    )
    layers = [band, line, *_quantile_marks(alt, figures, unit_s, reach, say)]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _quantile_marks(
    alt: Any, figures: dict[str, Any], unit_s: float, reach: float, say: Texts
) -> list[Any]:
    rows = [
        {
            "time": figures[f"{name}_s"] / unit_s,
            "share": 1 - part,
            "label": say(
                f"chart.{name}", value=format_duration(figures[f"{name}_s"], say.language)
            ),
        }
        for name, part in (("median", 0.5), ("p90", 0.9))
        if figures.get(f"{name}_s") is not None and figures[f"{name}_s"] <= reach
    ]
    if not rows:
        return []
    base = alt.Chart(pl.DataFrame(rows)).encode(x="time:Q", y="share:Q", description="label:N")
    return [
        base.mark_point(filled=True, size=60, color=palette.RUST),
        base.mark_text(align="left", dx=9, dy=-8, fontSize=12, fontWeight=600).encode(
            text="label:N"
        ),
    ]


def timeline_charts(timeline: pl.DataFrame, every: str, say: Texts) -> Chart:
    """Arrivals and completions by period, and below them the objects in progress."""
    alt = _altair()
    language = say.language
    data = timeline.with_columns(
        pl.col("from").dt.replace_time_zone(None).dt.cast_time_unit("ms"),
        pl.col("wip_mean").fill_nan(None),
    )
    names = {"arrivals": say("chart.arrivals"), "completions": say("chart.completions")}
    long = data.rename(names).unpivot(
        on=list(names.values()), index=["from"], variable_name="what", value_name="n"
    )
    told = [
        say(
            "chart.flow_mark",
            date=format_date(at, language),
            what=what,
            n=format_count(n, language),
        )
        for at, what, n in long.select("from", "what", "n").iter_rows()
    ]
    long = long.with_columns(pl.Series("told", told))
    x = alt.X("from:T", title=None, axis=_time_axis(alt, data["from"], language))
    flow = (
        alt.Chart(long)
        .mark_line(point=alt.OverlayMarkDef(size=22, filled=True), strokeWidth=1.8)
        .encode(
            x=x,
            y=alt.Y(
                "n:Q", title=say(f"chart.per_{every}"), axis=alt.Axis(format=",d", tickMinStep=1)
            ),
            color=alt.Color(
                "what:N",
                title=None,
                sort=list(names.values()),
                scale=alt.Scale(range=[palette.RIVER, palette.RUST]),
                legend=alt.Legend(orient="top", direction="horizontal"),
            ),
            description="told:N",
        )
        .properties(width=WIDTH, height=150)
    )
    wip = (
        alt.Chart(data)
        .mark_area(
            color=palette.RIVER,
            opacity=0.35,
            line={"color": palette.DEEP},
            aria=False,
            interpolate="monotone",
        )
        .encode(x=x, y=alt.Y("wip_mean:Q", title=say("chart.wip"), axis=alt.Axis(format=",~f")))
        .properties(width=WIDTH, height=130)
    )
    return alt.vconcat(flow, wip, spacing=22).resolve_scale(x="shared")


def waiting_chart(pairs: pl.DataFrame, say: Texts) -> Chart:
    """The pairs between which most time passes in total, longest first."""
    language = say.language
    top = pairs.sort(["total_s", "source", "target"], descending=[True, False, False]).head(
        TOP_BARS
    )
    rows = [
        {
            "label": f"{row['source']} → {row['target']}",
            "value": row["total_s"],
            "shown": say(
                "chart.waiting_label",
                share=format_share(row["wait_share"], language),
                mean=format_duration(row["mean_s"], language),
                count=format_count(row["count"], language),
            ),
        }
        for row in top.iter_rows(named=True)
    ]
    return _bars(rows, say("chart.waiting_x"), palette.SAND, say, seconds=True)


def activity_chart(activities: pl.DataFrame, say: Texts) -> Chart:
    """The most frequent activities by events."""
    language = say.language
    rows = [
        {
            "label": row["activity"],
            "value": row["events"],
            "shown": say(
                "chart.activity_label",
                events=format_count(row["events"], language),
                objects=format_count(row["objects"], language),
            ),
        }
        for row in activities.sort(["events", "activity"], descending=[True, False])
        .head(TOP_BARS)
        .iter_rows(named=True)
    ]
    return _bars(rows, say("chart.events"), palette.RIVER, say)


def service_chart(service: pl.DataFrame, say: Texts) -> Chart:
    """Total time of waiting and of work by activity, side by side."""
    alt = _altair()
    language = say.language
    top = service.head(TOP_BARS)
    values = [v for v in [*top["wait_total_s"], *top["service_total_s"]] if v is not None]
    finite = [v for v in values if math.isfinite(v)]
    unit_s, unit = duration_unit(max(finite, default=1.0), language)
    kinds = (("wait_total_s", say("chart.waiting")), ("service_total_s", say("chart.service")))
    rows = [
        {
            "label": row["activity"],
            "what": what,
            "value": (row[column] or 0.0) / unit_s,
            "told": f"{row['activity']} · {what}: {format_duration(row[column], language)}",
        }
        for row in top.iter_rows(named=True)
        for column, what in kinds
    ]
    return (
        alt.Chart(pl.DataFrame(rows, infer_schema_length=None))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=_LABEL_PX)),
            yOffset=alt.YOffset("what:N", sort=[k[1] for k in kinds]),
            x=alt.X("value:Q", title=say("chart.service_x", unit=unit)),
            color=alt.Color(
                "what:N",
                title=None,
                sort=[k[1] for k in kinds],
                scale=alt.Scale(range=[palette.SAND, palette.RIVER]),
                legend=alt.Legend(orient="top", direction="horizontal"),
            ),
            description="told:N",
        )
        .properties(width=WIDTH - 160, height=alt.Step(13))
    )


def _bars(
    rows: list[dict[str, Any]], title: str, colour: str, say: Texts, *, seconds: bool = False
) -> Chart:
    alt = _altair()
    unit_s, unit = 1.0, ""
    if seconds:
        unit_s, unit = duration_unit(max((r["value"] for r in rows), default=1.0), say.language)
        title = f"{title} ({unit})"
    data = pl.DataFrame(
        {
            "label": [r["label"] for r in rows],
            "value": [r["value"] / unit_s for r in rows],
            "shown": [r["shown"] for r in rows],
            "told": [f"{r['label']}: {r['shown']}" for r in rows],
        },
        schema={"label": pl.String, "value": pl.Float64, "shown": pl.String, "told": pl.String},
    )
    most = float(data["value"].max() or 1.0)  # type: ignore[arg-type]
    base = alt.Chart(data).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=2 * _LABEL_PX)),
        x=alt.X(
            "value:Q",
            title=title,
            scale=alt.Scale(domain=[0, most * 1.02]),
            axis=alt.Axis(format=",~f", grid=False),
        ),
        description="told:N",
    )
    bars = base.mark_bar(color=colour, cornerRadiusEnd=3, height=15)
    words = (
        alt.Chart(data)
        .mark_text(align="left", dx=6, color=palette.MUTED, fontSize=11)
        .encode(y=alt.Y("label:N", title=None, sort=None), x="value:Q", text="shown:N")
    )
    return alt.layer(bars, words).properties(width=380, height=alt.Step(24))


def variants_chart(variants: pl.DataFrame, say: Texts) -> Chart:
    """The most frequent variants as strips: one square a step, coloured by activity.

    Takes    variants: ``top_variants``. Steps beyond the thirtieth are told, not drawn.
    """
    alt = _altair()
    language = say.language
    top = variants.head(STRIP_VARIANTS)
    often: dict[str, int] = {}
    for steps, objects in top.select("activities", "objects").iter_rows():
        for name in steps[:STRIP_STEPS]:
            often[name] = often.get(name, 0) + objects
    ranked = sorted(often, key=lambda a: (-often[a], a))
    coloured, other = ranked[:STRIP_COLOURS], say("chart.other_activities")
    rows, ends = [], []
    for row in top.iter_rows(named=True):
        steps = row["activities"]
        for at, name in enumerate(steps[:STRIP_STEPS]):
            shown = name if name in coloured else other
            rows.append(
                {"rank": row["rank"], "at": at, "activity": shown, "told": f"{at + 1}. {name}"}
            )
        label = say(
            "chart.variant_label",
            share=format_share(row["share"], language),
            objects=format_count(row["objects"], language),
            median=format_duration(row["median_s"], language),
        )
        rest = len(steps) - STRIP_STEPS
        more = say("chart.more_steps", n=rest) + "  " if rest > 0 else ""
        ends.append(
            {"rank": row["rank"], "at": min(len(steps), STRIP_STEPS), "label": more + label}
        )
    width = max((e["at"] for e in ends), default=1)
    domain = [*coloured, other] if len(ranked) > len(coloured) else coloured
    colours = [*_strip_colours(len(coloured)), palette.LINE][: len(domain)]
    y = alt.Y("rank:O", title=say("chart.variant_y"), axis=alt.Axis(grid=False))
    axis = alt.Axis(labels=False, grid=False, title=None)
    scale = alt.Scale(domain=[0, width], nice=False)
    strips = (
        alt.Chart(pl.DataFrame(rows).with_columns((pl.col("at") + 0.94).alias("end")))
        .mark_rect(height=15, cornerRadius=2)
        .encode(
            x=alt.X("at:Q", axis=axis, scale=scale),
            x2="end:Q",
            y=y,
            color=alt.Color(
                "activity:N",
                title=None,
                scale=alt.Scale(domain=domain, range=colours),
                legend=alt.Legend(orient="bottom", columns=4, labelLimit=200, symbolLimit=0),
            ),
            description="told:N",
        )
    )
    words = (
        alt.Chart(pl.DataFrame(ends))
        .mark_text(align="left", dx=8, fontSize=11, color=palette.MUTED)
        .encode(x=alt.X("at:Q", scale=scale), y=y, text="label:N")
    )
    drawn = min(460, max(120, 22 * width))
    return alt.layer(strips, words).properties(width=drawn, height=alt.Step(22))


def _strip_colours(n: int) -> list[str]:
    extra = ("#7fb3a0", "#e0b48a", "#b9a3cf")
    return [*palette.CATEGORIES, *extra][:n]


def dotted_chart(dots: pl.DataFrame, shown: int, total: int, say: Texts) -> Chart:
    """Each event as a dot: when, and in which object; objects by their first event.

    Takes    dots: time (UTC), place (rank of the object by its first event), activity.
             shown, total: objects drawn and objects there are.
    """
    alt = _altair()
    often = dots["activity"].value_counts(sort=True)["activity"].to_list()
    main, other = often[: len(palette.CATEGORIES) - 1], say("chart.other_activities")
    data = dots.with_columns(
        pl.col("time").dt.replace_time_zone(None).dt.cast_time_unit("ms"),
        pl.when(pl.col("activity").is_in(main))
        .then("activity")
        .otherwise(pl.lit(other))
        .alias("what"),
    ).select("time", "place", "what")
    domain = [*main, other] if len(often) > len(main) else main
    colours = [*palette.CATEGORIES[: len(main)], "#9fb1bd"][: len(domain)]
    title = say(
        "chart.dotted_y",
        shown=format_count(shown, say.language),
        total=format_count(total, say.language),
    )
    return (
        alt.Chart(data)
        .mark_circle(size=9, opacity=0.75, aria=False)
        .encode(
            x=alt.X("time:T", title=None, axis=_time_axis(alt, data["time"], say.language)),
            y=alt.Y(
                "place:Q",
                title=title,
                scale=alt.Scale(reverse=True, nice=False),
                axis=alt.Axis(labels=False, grid=False),
            ),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=domain, range=colours),
                legend=alt.Legend(orient="bottom", columns=4, symbolLimit=0),
            ),
        )
        .properties(width=WIDTH, height=340)
    )


def hours_chart(hours: pl.DataFrame, say: Texts) -> Chart:
    """Events by weekday (0 is Monday) and hour of the day.

    Takes    hours: weekday, hour, events; combinations without events may be absent.
    """
    alt = _altair()
    language = say.language
    names = [say(f"weekday.{d}") for d in range(_WEEKDAYS)]
    known = {(d, h): n for d, h, n in hours.select("weekday", "hour", "events").iter_rows()}
    rows = [
        {
            "day": names[d],
            "hour": h,
            "events": known.get((d, h), 0),
            "told": f"{names[d]} {h:02d}:00: {format_count(known.get((d, h), 0), language)}",
        }
        for d in range(_WEEKDAYS)
        for h in range(24)
    ]
    return (
        alt.Chart(pl.DataFrame(rows))
        .mark_rect(cornerRadius=2, stroke=palette.PAPER, strokeWidth=1)
        .encode(
            x=alt.X("hour:O", title=say("chart.hour"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("day:N", title=None, sort=names),
            color=_count_colour(alt, "events:Q", say("chart.events")),
            description="told:N",
        )
        .properties(width=WIDTH, height=alt.Step(24))
    )


def handover_chart(handovers: pl.DataFrame, say: Texts) -> Chart:
    """Handovers between the busiest resources or parties: rows give, columns take."""
    alt = _altair()
    ends = [handovers.select(pl.col(side).alias("who"), "count") for side in ("source", "target")]
    busiest = (
        pl.concat(ends)
        .group_by("who")
        .agg(pl.col("count").sum())
        .sort(["count", "who"], descending=[True, False])["who"]
        .head(TOP_MATRIX)
        .to_list()
    )
    inside = handovers.filter(pl.col("source").is_in(busiest) & pl.col("target").is_in(busiest))
    told = [
        say(
            "chart.handover_mark",
            source=row["source"],
            target=row["target"],
            count=format_count(row["count"], say.language),
            median=format_duration(row["median_s"], say.language),
        )
        for row in inside.iter_rows(named=True)
    ]
    data = inside.select("source", "target", "count").with_columns(
        pl.Series("told", told, pl.String)
    )
    return (
        alt.Chart(data)
        .mark_rect(cornerRadius=2, stroke=palette.PAPER, strokeWidth=1)
        .encode(
            x=alt.X(
                "target:N",
                title=say("chart.takes"),
                sort=busiest,
                axis=alt.Axis(labelAngle=-40, labelLimit=140),
            ),
            y=alt.Y(
                "source:N", title=say("chart.gives"), sort=busiest, axis=alt.Axis(labelLimit=160)
            ),
            color=_count_colour(alt, "count:Q", say("chart.handovers")),
            description="told:N",
        )
        .properties(width=alt.Step(28), height=alt.Step(24))
    )


def _time_axis(alt: Any, times: pl.Series, language: Language) -> Any:
    """Days within two months, else months or years, about eight of them."""
    first, last = times.min(), times.max()
    months = 0.0 if first is None else (last - first).total_seconds() / (30.4 * 86_400)  # type: ignore[operator,union-attr]
    if months < 2:
        return alt.Axis(format="%-m月%-d日" if language == "zh" else "%-d %b", tickCount=8)
    step = next((n for n in (1, 2, 3, 6, 12, 24, 60) if months / n <= 9), 120)
    if step >= 12:
        every = alt.TimeIntervalStep(interval="year", step=step // 12)
        return alt.Axis(format="%Y年" if language == "zh" else "%Y", tickCount=every)
    every = alt.TimeIntervalStep(interval="month", step=step)
    return alt.Axis(format="%Y年%-m月" if language == "zh" else "%b %Y", tickCount=every)


def _count_colour(alt: Any, field: str, title: str) -> Any:
    return alt.Color(
        field,
        title=title,
        scale=alt.Scale(range=list(palette.COUNT_SCALE), type="sqrt"),
        legend=alt.Legend(orient="right", gradientLength=110, format=",d"),
    )
