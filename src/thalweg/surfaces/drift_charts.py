"""Charts of drift: how the process moved over time, and where it changed."""

from __future__ import annotations

from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import WIDTH, Chart, load_altair
from thalweg.surfaces.format_values import format_date
from thalweg.surfaces.lettering import text_width
from thalweg.surfaces.texts import Texts
from thalweg.surfaces.time_charts import time_axis

_PANEL = 120
_DATE_PX, _DATE_ROW, _DATE_ROWS = 10.5, 14, 3
"""Size of dates, height of their rows above a plot, and how many of these there may be."""


def drift_chart(series: pl.DataFrame, changes: pl.DataFrame, say: Texts) -> Chart:
    """One panel for each kind of change: a level over time, changes and their intervals.

    Takes    series: one row per run of objects: kind ("control_flow", "times" or a name to be
             shown), from and to (UTC times of its first and last object), level (a number without
             a unit, so that only its movement is shown).
             changes: kind, at (UTC time of the change), low and high (its interval; may be null;
             drawn as far as the series reaches).
             Kinds without a series are not drawn. Both of one group of objects.
    """
    alt = load_altair()
    lines = series.with_columns(_plain("from", "to")).sort("kind", "from")
    first: Any = lines["from"].min()
    last: Any = lines["to"].max()
    marks = changes.with_columns(_plain("at", "low", "high")).with_columns(
        left=pl.col("low").clip(first, last), right=pl.col("high").clip(first, last)
    )
    x = alt.X(
        "from:T",
        title=None,
        axis=time_axis(alt, lines["from"], say.language),
        scale=alt.Scale(domain=[_stamp(first), _stamp(last)]),
    )
    kinds = lines["kind"].unique(maintain_order=True).to_list()
    panels = [
        _panel(
            alt,
            lines.filter(pl.col("kind").eq(kind)),
            marks.filter(pl.col("kind").eq(kind)),
            x,
            _kind_name(kind, say),
            say,
        )
        for kind in kinds
    ]
    return alt.vconcat(*panels, spacing=20).resolve_scale(x="shared")


def _plain(*names: str) -> pl.Expr:
    """Times as charts take them."""
    return pl.col(*names).dt.replace_time_zone(None).dt.cast_time_unit("ms")


def _kind_name(kind: str, say: Texts) -> str:
    key = f"model_chart.drift_{kind}"
    return say(key) if say.has(key) else kind


def _stamp(at: Any) -> dict[str, int]:
    """An instant as Vega-Lite takes it in the domain of a scale."""
    return {
        "year": at.year,
        "month": at.month,
        "date": at.day,
        "hours": at.hour,
        "minutes": at.minute,
        "seconds": at.second,
    }


def _rows(at: pl.Series, shown: list[str], line: pl.DataFrame) -> list[int | None]:
    """In which row above the plot each date stands; None where there is no room for it, or where
    the day is already there."""
    first: Any = line["from"].min()
    whole = max((line["to"].max() - first).total_seconds(), 1.0)
    ends = [float("-inf")] * _DATE_ROWS
    rows: list[int | None] = [None] * len(shown)
    for n in at.arg_sort().to_list():
        middle = (at[n] - first).total_seconds() / whole * WIDTH
        half = text_width(shown[n], _DATE_PX) / 2
        free = [row for row, end in enumerate(ends) if middle - half > end]
        if free and not any(shown[n] == shown[o] for o, row in enumerate(rows) if row is not None):
            rows[n] = free[0]
            ends[free[0]] = middle + half + 4
    return rows


def _panel(alt: Any, line: pl.DataFrame, marks: pl.DataFrame, x: Any, name: str, say: Texts) -> Any:
    told = [
        say(
            "model_chart.change_told",
            date=format_date(at, say.language),
            low=format_date(low, say.language),
            high=format_date(high, say.language),
        )
        for at, low, high in marks.select("at", "low", "high").iter_rows()
    ]
    shown = [format_date(at, say.language) for at in marks["at"]]
    marks = marks.select(
        "at",
        "left",
        "right",
        pl.Series("told", told, pl.String),
        pl.Series("shown", shown, pl.String),
        pl.Series("row", _rows(marks["at"], shown, line), pl.Int64),
    ).sort("at")
    last = line.tail(1).with_columns(pl.col("to").alias("from"))
    curve = (
        alt.Chart(pl.concat([line, last]))
        .mark_line(color=palette.DEEP, strokeWidth=1.6, interpolate="step-after", aria=False)
        .encode(
            x=x,
            y=alt.Y(
                "level:Q",
                title=None,
                scale=alt.Scale(zero=False),
                axis=alt.Axis(labels=False, tickCount=4),
            ),
        )
    )
    layers = [curve]
    if len(marks):
        spans = alt.Chart(marks.drop_nulls(["left", "right"]))
        ends = alt.Chart(marks)
        layers = [
            spans.mark_rect(color=palette.RUST, opacity=0.16, aria=False).encode(
                x=alt.X("left:T"), x2="right:T"
            ),
            curve,
            ends.mark_rule(color=palette.RUST, strokeWidth=1.8).encode(
                x=alt.X("at:T"), description="told:N"
            ),
        ]
        layers += [
            alt.Chart(marks.filter(row=row))
            .mark_text(align="center", fontSize=_DATE_PX, color=palette.RUST, fontWeight=600)
            .encode(x=alt.X("at:T"), y=alt.value(-8 - _DATE_ROW * row), text="shown:N")
            for row in marks["row"].drop_nulls().unique().sort()
        ]
    title = alt.TitleParams(
        name,
        subtitle=say("model_chart.drift_level"),
        anchor="start",
        fontSize=12,
        fontWeight=600,
        color=palette.INK,
        subtitleColor=palette.MUTED,
        subtitleFontSize=11,
        offset=10,
    )
    return alt.layer(*layers).properties(width=WIDTH, height=_PANEL, title=title)
