"""Charts of a map result, as Altair specifications.

Each function takes tables of a result and gives a chart whose titles, units and numbers are in
the reader's language. Every mark carries a sentence (``description``) for screen readers and for
the report's hover. Charts with a time axis are in ``time_charts``.
"""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import (
    HEIGHT,
    LABEL_PX,
    WIDTH,
    Chart,
    count_colour,
    load_altair,
)
from thalweg.surfaces.format_values import (
    duration_unit,
    format_count,
    format_duration,
    format_share,
)
from thalweg.surfaces.texts import Texts

TOP_BARS = 15
TOP_MATRIX = 15
STRIP_STEPS = 30
STRIP_VARIANTS = 15
STRIP_COLOURS = 10


def duration_chart(curve: pl.DataFrame, figures: dict[str, Any], say: Texts) -> Chart:
    """The share of objects still open by the time since their first event, with its interval.

    Takes    curve: time_s, share_open, low, high. figures: ``durations`` of the map result, whose
             90 % quantile decides how far the picture reaches.
    """
    alt = load_altair()
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
    alt = load_altair()
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
            y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=LABEL_PX)),
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
    alt = load_altair()
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
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=2 * LABEL_PX)),
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
    alt = load_altair()
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


def handover_chart(handovers: pl.DataFrame, say: Texts) -> Chart:
    """Handovers between the busiest resources or parties: rows give, columns take."""
    alt = load_altair()
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
            color=count_colour(alt, "count:Q", say("chart.handovers")),
            description="told:N",
        )
        .properties(width=alt.Step(28), height=alt.Step(24))
    )
