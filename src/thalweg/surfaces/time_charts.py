"""Charts with a time axis: what came and went, every event as a dot, and when people work."""

from __future__ import annotations

from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import WIDTH, Chart, count_colour, load_altair
from thalweg.surfaces.format_values import Language, format_count, format_date
from thalweg.surfaces.texts import Texts

MOST_DOTS = 4000
_WEEKDAYS = 7


def timeline_charts(timeline: pl.DataFrame, every: str, say: Texts) -> Chart:
    """Arrivals and completions by period, and below them the objects in progress."""
    alt = load_altair()
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
    x = alt.X("from:T", title=None, axis=time_axis(alt, data["from"], language))
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


def dotted_chart(dots: pl.DataFrame, shown: int, total: int, say: Texts) -> Chart:
    """Each event as a dot: when, and in which object; objects by their first event.

    Takes    dots: time, place (rank of the object by its first event), activity.
             shown, total: objects drawn and objects there are.
    """
    alt = load_altair()
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
            x=alt.X("time:T", title=None, axis=time_axis(alt, data["time"], say.language)),
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


def hours_chart(hours: pl.DataFrame, say: Texts, zone: str = "UTC") -> Chart:
    """Events by weekday (0 is Monday) and hour of the day.

    Takes    hours: weekday, hour, events; combinations without events may be absent.
             zone: the zone of the hours.
    """
    alt = load_altair()
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
            x=alt.X("hour:O", title=say("chart.hour", zone=zone), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("day:N", title=None, sort=names),
            color=count_colour(alt, "events:Q", say("chart.events")),
            description="told:N",
        )
        .properties(width=WIDTH, height=alt.Step(24))
    )


def time_axis(alt: Any, times: pl.Series, language: Language, *, days: bool = True) -> Any:
    """Days within two months (unless ``days`` is off), else months or years, about eight of them."""
    first, last = times.min(), times.max()
    months = 0.0 if first is None else (last - first).total_seconds() / (30.4 * 86_400)  # type: ignore[operator,union-attr]
    if days and months < 2:
        return alt.Axis(format="%-m月%-d日" if language == "zh" else "%-d %b", tickCount=8)
    step = next((n for n in (1, 2, 3, 6, 12, 24, 60) if months / n <= 9), 120)
    if step >= 12:
        every = alt.TimeIntervalStep(interval="year", step=step // 12)
        return alt.Axis(format="%Y年" if language == "zh" else "%Y", tickCount=every)
    every = alt.TimeIntervalStep(interval="month", step=step)
    return alt.Axis(format="%Y年%-m月" if language == "zh" else "%b %Y", tickCount=every)
