"""Charts of discovery and conformance: the trade-off of a threshold, deviations, fitness by month."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import HEIGHT, LABEL_PX, WIDTH, Chart, bar_axis, load_altair
from thalweg.surfaces.format_values import format_count, format_date, format_number, format_share
from thalweg.surfaces.texts import Texts
from thalweg.surfaces.time_charts import time_axis

TOP_DEVIATIONS = 15
_MEASURES = {
    "fitness": (palette.RIVER, 2.4, (1, 0)),
    "precision": (palette.RUST, 2.4, (1, 0)),
    "f1": (palette.INK, 2.0, (6, 3)),
    "generalisation": (palette.MOSS, 1.6, (2, 2)),
    "simplicity": ("#8a5a9c", 1.6, (2, 2)),
}
"""Colour, thickness and dashes of each quality measure."""
DEVIATION_COLOURS = {
    "skipped": palette.RUST,
    "inserted": "#7d4f91",
    "repeated": "#237878",
    "out_of_place": "#8a6a14",
    "rule": palette.DEEP,
}


def quality_curve_chart(curve: pl.DataFrame, say: Texts) -> Chart:
    """How good the discovered models are by noise threshold, and which one was chosen.

    Takes    curve: one row per threshold: noise, then shares fitness, precision, generalisation,
             simplicity, f1 (those that are absent or all null are not drawn), chosen (true or
             false), and for the bands fitness_low, fitness_high, precision_low, precision_high
             (may be null or absent).
    """
    alt = load_altair()
    shown = [
        m for m in _MEASURES if m in curve.columns and curve[m].cast(pl.Float64).is_finite().any()
    ]
    names = {m: say(f"model_chart.{m}") for m in shown}
    rows = [
        {
            "noise": row["noise"],
            "value": row[m],
            "what": names[m],
            "told": say(
                "model_chart.curve_mark",
                measure=names[m],
                value=format_share(row[m], say.language),
                noise=format_number(row["noise"], say.language),
            ),
        }
        for row in curve.sort("noise").iter_rows(named=True)
        for m in shown
        if row[m] is not None
    ]
    x = alt.X(
        "noise:Q",
        title=say("model_chart.noise"),
        axis=alt.Axis(values=curve["noise"].unique().sort().to_list(), format="~g", grid=False),
    )
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    styles = [_MEASURES[m] for m in shown]
    colour = alt.Color(
        "what:N",
        title=None,
        sort=None,
        scale=alt.Scale(domain=list(names.values()), range=[s[0] for s in styles]),
        legend=alt.Legend(
            orient="top", direction="horizontal", symbolType="stroke", symbolStrokeWidth=3
        ),
    )
    layers = _bands(alt, curve, names, x)
    layers += _chosen_mark(alt, curve, x, say)
    for m, (_, width, dashes) in zip(shown, styles, strict=True):
        own = pl.DataFrame([r for r in rows if r["what"] == names[m]])
        layers.append(
            alt.Chart(own)
            .mark_line(
                strokeWidth=width,
                strokeDash=list(dashes),
                point=alt.OverlayMarkDef(size=22 * width / 2, filled=True, strokeDash=[1, 0]),
            )
            .encode(x=x, y=y, color=colour, description="told:N")
        )
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _bands(alt: Any, curve: pl.DataFrame, names: dict[str, str], x: Any) -> list[Any]:
    """The intervals of fitness and precision."""
    layers = []
    for m in ("fitness", "precision"):
        ends = [f"{m}_low", f"{m}_high"]
        if m not in names or not set(ends) <= set(curve.columns):
            continue
        data = curve.select("noise", low=pl.col(ends[0]), high=pl.col(ends[1])).drop_nulls()
        if len(data):
            layers.append(
                alt.Chart(data)
                .mark_area(color=_MEASURES[m][0], opacity=0.16, aria=False)
                .encode(x=x, y="low:Q", y2="high:Q")
            )
    return layers


def _chosen_mark(alt: Any, curve: pl.DataFrame, x: Any, say: Texts) -> list[Any]:
    chosen = curve.filter(curve["chosen"]) if "chosen" in curve.columns else curve.clear()
    if not len(chosen):
        return []
    noise = chosen["noise"][0]
    label = say("model_chart.chosen", noise=format_number(noise, say.language))
    right = noise > 0.6 * float(curve["noise"].max() or 1.0)  # type: ignore[arg-type]
    base = alt.Chart(pl.DataFrame({"noise": [noise], "label": [label]})).encode(x=x)
    return [
        base.mark_rule(color=palette.SAND, strokeWidth=9, opacity=0.35, aria=False),
        base.mark_text(
            align="right" if right else "left", dx=-9 if right else 9, dy=-9, fontWeight=600
        ).encode(y=alt.value(HEIGHT), text="label:N", description="label:N"),
    ]


def deviations_chart(deviations: pl.DataFrame, say: Texts) -> Chart:
    """The most frequent deviations as bars, with the share of objects that have each.

    Takes    deviations: kind (skipped, inserted, repeated, out_of_place, rule), name (activity or
             rule), occurrences, objects, share (of objects, may be null), and after (the step
             that it came after; may be null or absent). The longest bars come first.
    """
    alt = load_altair()
    language = say.language
    columns = ["occurrences", "kind", "name"]
    top = deviations.sort(columns, descending=[True, False, False]).head(TOP_DEVIATIONS)
    kinds = [k for k in DEVIATION_COLOURS if k in top["kind"].unique().to_list()]
    names = {k: say(f"model_chart.{k}") for k in kinds}
    rows = []
    for at, row in enumerate(top.iter_rows(named=True)):
        after = row.get("after")
        label = say("model_chart.after", name=row["name"], after=after) if after else row["name"]
        figures = say(
            "model_chart.deviation_label",
            occurrences=format_count(row["occurrences"], language),
            objects=format_count(row["objects"], language),
            share=format_share(row["share"], language),
        )
        rows.append(
            {
                "key": at,
                "label": label,
                "what": names[row["kind"]],
                "value": row["occurrences"],
                "shown": figures,
                "told": f"{names[row['kind']]} · {label}: {figures}",
            }
        )
    data = pl.DataFrame(rows)
    most = float(top["occurrences"].max() or 1.0)  # type: ignore[arg-type]
    words = [r["label"] for r in rows]
    y = alt.Y(
        "key:O",
        title=None,
        axis=alt.Axis(labelExpr=_label_expression(words), labelLimit=2 * LABEL_PX),
    )
    bars = (
        alt.Chart(data)
        .mark_bar(cornerRadiusEnd=3, height=15)
        .encode(
            y=y,
            x=alt.X(
                "value:Q",
                title=say("model_chart.occurrences"),
                scale=alt.Scale(domain=[0, most * 1.02]),
                axis=bar_axis(alt, ",d"),
            ),
            color=alt.Color(
                "what:N",
                title=None,
                sort=None,
                scale=alt.Scale(
                    domain=list(names.values()), range=[DEVIATION_COLOURS[k] for k in kinds]
                ),
                legend=alt.Legend(orient="top", direction="horizontal"),
            ),
            description="told:N",
        )
    )
    figures = (
        alt.Chart(data)
        .mark_text(align="left", dx=6, color=palette.MUTED, fontSize=11)
        .encode(y=y, x="value:Q", text="shown:N")
    )
    return alt.layer(bars, figures).properties(width=380, height=alt.Step(24))


def _label_expression(words: list[str]) -> str:
    """Labels by number, so that equal names keep bars of their own."""
    return f"{json.dumps(words, ensure_ascii=False)}[datum.value]"


def fitness_timeline_chart(months: pl.DataFrame, say: Texts) -> Chart:
    """Mean fitness by month with its interval, and below it how many objects it comes from.

    Takes    months: from (UTC time of the month's beginning), mean_fitness, mean_low, mean_high
             (null where there is no interval), objects.
    """
    alt = load_altair()
    language = say.language
    told = [
        say(
            "model_chart.month_mark",
            date=format_date(at, language),
            fitness=format_share(fitness, language),
            objects=format_count(n, language),
        )
        for at, fitness, n in months.select("from", "mean_fitness", "objects").iter_rows()
    ]
    data = months.select(
        pl.col("from").dt.replace_time_zone(None).dt.cast_time_unit("ms"),
        pl.col("mean_fitness", "mean_low", "mean_high", "objects"),
        pl.Series("told", told, pl.String),
    )
    axis = time_axis(alt, data["from"], language, days=False)
    x = alt.X("from:T", title=None, axis=axis, scale=alt.Scale(padding=14))
    blank = alt.Axis(labels=False, tickCount=axis.tickCount)
    bare = alt.X("from:T", title=None, axis=blank, scale=alt.Scale(padding=14))
    lowest = float(data["mean_low"].fill_null(data["mean_fitness"]).min() or 0.0)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[max(0.0, int(lowest * 10) / 10), 1])
    title = say("model_chart.mean_fitness")
    y = alt.Y(
        "mean_fitness:Q",
        title=title,
        scale=scale,
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    band = (
        alt.Chart(data.drop_nulls(["mean_low", "mean_high"]))
        .mark_area(color=palette.RIVER, opacity=0.16, aria=False)
        .encode(x=bare, y=alt.Y("mean_low:Q", title=title, scale=scale), y2="mean_high:Q")
    )
    line = (
        alt.Chart(data)
        .mark_line(
            color=palette.DEEP,
            strokeWidth=2,
            point=alt.OverlayMarkDef(size=30, filled=True, color=palette.DEEP),
        )
        .encode(x=bare, y=y, description="told:N")
    )
    counts = (
        alt.Chart(data)
        .mark_bar(color=palette.COUNT_SCALE[1], aria=False, width={"band": 0.6})
        .encode(
            x=x,
            y=alt.Y(
                "objects:Q",
                title=say("model_chart.objects"),
                axis=alt.Axis(format=",d", tickCount=3, tickMinStep=1),
            ),
        )
        .properties(width=WIDTH, height=60)
    )
    upper = alt.layer(band, line).properties(width=WIDTH, height=180)
    return alt.vconcat(upper, counts, spacing=14).resolve_scale(x="shared")
