"""Charts of a planned roll-out: which effects it would find, and who begins when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import HEIGHT, WIDTH, Chart, load_altair
from thalweg.surfaces.format_values import format_count, format_share
from thalweg.surfaces.planning_words import day, effect, part_of_ten
from thalweg.surfaces.texts import Texts
from thalweg.surfaces.time_charts import time_axis

if TYPE_CHECKING:
    from thalweg.change.planning.result import PlanningResult

_ROW = 30
_LABEL_PX = 11.5


def planning_chart(result: PlanningResult, say: Texts) -> Chart:
    """Power, and below it the staircase of the roll-out."""
    alt = load_altair()
    both = alt.vconcat(power_chart(result, say), staircase_chart(result, say), spacing=34)
    return both.resolve_legend(color="independent").resolve_scale(color="independent")


def power_chart(result: PlanningResult, say: Texts) -> Chart:
    """The chance of finding an effect by its size; where the wanted power is reached."""
    alt = load_altair()
    curve = result.power_curve.with_columns(pl.col("effect").abs().alias("size"))
    told = [
        say(
            "planning.chart.told",
            effect=effect(result, value, say),
            power=format_share(power, say.language),
        )
        for value, power in curve.select("effect", "power").iter_rows()
    ]
    curve = curve.with_columns(pl.Series("told", told))
    relative = result.outcome["scale"] == "log"
    falling = float(curve["effect"].sum()) < 0
    sign = "'−' + " if falling else "'+' + "
    number = "format(datum.value, '.0%')" if relative else "format(datum.value, '.3~g')"
    label = f"datum.value == 0 ? '0' : {sign}{number}"
    x = alt.X(
        "size:Q",
        title=say("planning.chart.effect"),
        scale=alt.Scale(nice=False),
        axis=alt.Axis(labelExpr=label, grid=False, tickCount=8),
    )
    y = alt.Y(
        "power:Q",
        title=say("planning.chart.power"),
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    line = (
        alt.Chart(curve)
        .mark_line(color=palette.DEEP, strokeWidth=2, interpolate="monotone", aria=False)
        .encode(x=x, y=y)
    )
    dots = (
        alt.Chart(curve)
        .mark_point(color=palette.DEEP, filled=True, size=16, opacity=1)
        .encode(x=x, y=y, description="told:N")
    )
    layers = [line, dots, *_power_marks(alt, result, say)]
    title = _title(alt, say("planning.chart.power_title"), say("planning.chart.power_subtitle"))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title)


def _power_marks(alt: Any, result: PlanningResult, say: Texts) -> list[Any]:
    """The smallest effect that is found, and the one hoped for."""
    wanted = result.request["power"]
    marks = []
    smallest = result.found["smallest_effect"]
    if smallest is not None:
        text = say(
            "planning.chart.smallest",
            effect=effect(result, smallest, say),
            part=part_of_ten(wanted),
        )
        marks.append((abs(smallest), wanted, text, palette.RUST))
    hoped = result.request["effect"]
    reach = float(result.power_curve["effect"].abs().max())  # type: ignore[arg-type]
    near = smallest is not None and hoped is not None and abs(hoped - smallest) < 0.05 * reach
    if hoped is not None and abs(hoped) <= reach and not near:
        text = say("planning.chart.hoped", effect=effect(result, hoped, say))
        marks.append((abs(hoped), result.found["power"], text, palette.MOSS))
    layers = []
    for size, power, text, colour in marks:
        at = pl.DataFrame({"size": [size], "power": [power], "zero": [0.0], "text": [text]})
        base = alt.Chart(at)
        late = size > 0.35 * reach
        layers += [
            base.mark_rule(color=colour, strokeDash=[4, 3], strokeWidth=1.4, aria=False).encode(
                x="size:Q", y="zero:Q", y2="power:Q"
            ),
            base.mark_point(color=colour, filled=True, size=70, opacity=1).encode(
                x="size:Q", y="power:Q", description="text:N"
            ),
            base.mark_text(
                align="right" if late else "left",
                dx=-10 if late else 10,
                dy=-8 if late else 12,
                fontSize=_LABEL_PX,
                fontWeight=600,
                color=colour,
                aria=False,
            ).encode(x="size:Q", y="power:Q", text="text:N"),
        ]
    return layers


def staircase_chart(result: PlanningResult, say: Texts) -> Chart:
    """One row for each wave and for the controls: without, partly touched, with it."""
    alt = load_altair()
    rows = stairs(result, say)
    order = rows["group"].unique(maintain_order=True).to_list()
    states = [say(f"planning.chart.{key}") for key in ("before", "partly", "treated")]
    used = [state for state in states if state in set(rows["state"])]
    colours = dict(
        zip(states, (palette.COUNT_SCALE[0], palette.COUNT_SCALE[2], palette.DEEP), strict=True)
    )
    chart = (
        alt.Chart(rows)
        .mark_rect(stroke=palette.PAPER, strokeWidth=2)
        .encode(
            x=alt.X("from:T", title=None, axis=time_axis(alt, rows["from"], say.language)),
            x2="to:T",
            y=alt.Y("group:N", title=None, sort=order, axis=alt.Axis(labelLimit=220, grid=False)),
            color=alt.Color(
                "state:N",
                title=None,
                sort=used,
                scale=alt.Scale(domain=used, range=[colours[state] for state in used]),
                legend=alt.Legend(orient="top", direction="horizontal"),
            ),
            description="told:N",
        )
    )
    title = _title(
        alt,
        say("planning.chart.staircase_title"),
        say("planning.chart.staircase_subtitle", seed=result.request["seed"]),
    )
    return chart.properties(width=WIDTH, height=_ROW * len(order), title=title)


def stairs(result: PlanningResult, say: Texts) -> pl.DataFrame:
    """One row per bar: group, state, from, to, told."""
    from thalweg.change.planning.plan import later

    every = result.outcome["every"]
    until = date.fromisoformat(result.found["until"])
    first = result.waves["from"].min()
    assert isinstance(first, date)
    begin = later(first, -max(3, result.found["straddle"] + 1), every)
    kept: list[tuple[str, str, date, date]] = []
    for wave in result.waves.to_dicts():
        count = format_count(wave["drawn"] + wave["fixed"], say.language)
        name = say("planning.chart.wave", wave=wave["wave"], count=count)
        partly = later(wave["from"], -result.found["straddle"], every)
        kept.append((name, "before", begin, partly))
        if partly < wave["from"]:
            kept.append((name, "partly", partly, wave["from"]))
        kept.append((name, "treated", wave["from"], until))
    if result.found["controls"]:
        count = format_count(result.found["controls"], say.language)
        kept.append((say("planning.chart.controls", count=count), "before", begin, until))
    rows = [
        {
            "group": name,
            "state": say(f"planning.chart.{state}"),
            "from": start,
            "to": end,
            "told": say(
                "planning.chart.row_told",
                group=name,
                state=say(f"planning.chart.{state}"),
                **{"from": day(start, say), "to": day(end, say)},
            ),
        }
        for name, state, start, end in kept
    ]
    return pl.DataFrame(rows).with_columns(pl.col("from", "to").cast(pl.Datetime("ms")))


def _title(alt: Any, text: str, below: str) -> Any:
    return alt.TitleParams(
        text,
        subtitle=below,
        anchor="start",
        fontSize=12,
        fontWeight=600,
        color=palette.INK,
        subtitleColor=palette.MUTED,
        subtitleFontSize=11,
        offset=10,
    )
