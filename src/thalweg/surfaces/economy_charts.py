"""Charts of the economy: growth in its parts, traffic off, cash, self-financing, responses."""

from __future__ import annotations

from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import HEIGHT, LABEL_PX, WIDTH, Chart, load_altair
from thalweg.surfaces.format_values import format_money, format_month, money_unit
from thalweg.surfaces.texts import Texts
from thalweg.surfaces.time_charts import time_axis

PART_COLOURS = {
    "bought": palette.RUST,
    "earned": palette.RIVER,
    "market": palette.SLATE,
    "unexplained": palette.SAND,
    "total": palette.DEEP,
}
SCENARIO_COLOURS = {
    "as_is": palette.SLATE,
    "capital_off": palette.RUST,
    "traffic_and_capital_off": palette.DEEP,
}
NAMED = ("subsidy", "new_products")
_ROW = 28
_SMALL_WIDTH, _SMALL_HEIGHT = 250, 170
_DIGITS = 4
"""Of amounts in the unit of the axis: what can be seen."""


def part_name(part: str, name: str, names: dict[str, str], say: Texts) -> str:
    """A part of growth as it is called: Bought: live stream; Market."""
    one, whole = (f"story.chart.growth_parts.{part}{end}" for end in ("", "_all"))
    if name in ("", "all") or not say.has(one):
        return say(whole)
    called = names.get(name, say(f"story.chart.growth_parts.{name}") if name in NAMED else name)
    return say(one, name=called)


def growth_chart(
    decomposition: pl.DataFrame,
    currency: str,
    names: dict[str, str],
    say: Texts,
    ends: tuple[tuple[str, float], tuple[str, float]] | None = None,
) -> Chart:
    """The growth between two dates as a waterfall of its parts, which sum to it.

    Takes    decomposition: part, name, amount, low, high. names: of channels and interventions.
             ends: name and amount of the months before and after, where they are known; else the
             parts begin at zero and end at the growth.
    """
    alt = load_altair()
    rows = _steps(decomposition, names, say, ends)
    scale, unit = money_unit(
        max(abs(v) for row in rows for v in (row["start"], row["end"])), currency, say.language
    )
    for at, row in enumerate(rows):
        row["at"] = at
        amount = format_money(row["amount"], currency, say.language)
        row["words"] = amount if row["kind"] == "total" or row["amount"] <= 0 else f"+{amount}"
        row["told"] = say("story.chart.part_mark", name=row["label"], value=row["words"])
        row["tip"] = max(row["start"], row["end"], row["high"] or row["end"])
        for name in ("start", "end", "low", "high", "tip"):
            row[name] = None if row[name] is None else round(row[name] / scale, _DIGITS)
    data = pl.DataFrame(rows, infer_schema_length=None)
    labels = [row["label"] for row in rows]
    y = alt.Y(
        "at:O",
        title=None,
        axis=alt.Axis(labelExpr=f"{labels}[datum.value]", labelLimit=LABEL_PX, grid=False),
    )
    axis = alt.Axis(tickCount=5, title=unit, format=",~r")
    base = alt.Chart(data)
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(PART_COLOURS), range=list(PART_COLOURS.values())),
        legend=None,
    )
    sure = base.transform_filter("isValid(datum.low)")
    layers = [
        base.mark_bar(height=16, opacity=0.9).encode(
            x=alt.X("start:Q", axis=axis), x2="end:Q", y=y, color=colour, description="told:N"
        ),
        sure.mark_rule(strokeWidth=1.4, color=palette.INK, opacity=0.8, aria=False).encode(
            x="low:Q", x2="high:Q", y=y
        ),
        base.mark_text(align="left", dx=7, aria=False).encode(x="tip:Q", y=y, text="words:N"),
    ]
    return alt.layer(*layers).properties(width=WIDTH - 170, height=_ROW * len(rows) + 8)


def _steps(
    decomposition: pl.DataFrame,
    names: dict[str, str],
    say: Texts,
    ends: tuple[tuple[str, float], tuple[str, float]] | None,
) -> list[dict[str, Any]]:
    """Bars from left to right: where each begins and ends, with its interval at its end."""
    at = 0.0 if ends is None else ends[0][1]
    rows = [] if ends is None else [_total(*ends[0])]
    for row in single_parts(decomposition).to_dicts():
        rows.append(
            {
                "label": part_name(row["part"], row["name"], names, say),
                "kind": row["part"],
                "amount": row["amount"],
                "start": at,
                "end": at + row["amount"],
                "low": None if row["low"] is None else at + row["low"],
                "high": None if row["high"] is None else at + row["high"],
            }
        )
        at += row["amount"]
    last = (say("story.chart.growth"), at) if ends is None else ends[1]
    return [*rows, _total(*last)]


def single_parts(decomposition: pl.DataFrame) -> pl.DataFrame:
    """The parts one by one, without rows that sum others of the same part."""
    alone = pl.len().over("part") == 1
    return decomposition.filter(alone | (pl.col("name").fill_null("all") != "all"))


def _total(label: str, amount: float) -> dict[str, Any]:
    return {
        "label": label,
        "kind": "total",
        "amount": amount,
        "start": 0.0,
        "end": amount,
        "low": None,
        "high": None,
    }


def traffic_off_chart(
    path: pl.DataFrame, currency: str, say: Texts, *, off_from: Any = None
) -> Chart:
    """Revenue by month as it is, and without paid traffic and subsidy from a month on.

    Takes    path: month, revenue, without, low, high. off_from: that month, or None.
    """
    names = {"revenue": say("story.chart.revenue"), "without": say("story.chart.without")}
    last = None if off_from is None else path.filter(pl.col("month") < off_from)["month"].max()
    after = path if last is None else path.filter(pl.col("month") >= last)
    long = pl.concat(
        [
            path.select(
                "month", what=pl.lit(names["revenue"]), value="revenue", low=None, high=None
            ),
            after.select(
                "month", what=pl.lit(names["without"]), value="without", low="low", high="high"
            ),
        ],
        how="vertical_relaxed",
    )
    colours = {names["revenue"]: palette.SLATE, names["without"]: palette.RUST}
    marks = [] if off_from is None else [(off_from, say("story.chart.switched"))]
    return _paths(long, colours, currency, say, marks)


def cash_chart(capital_off: pl.DataFrame, currency: str, say: Texts) -> Chart:
    """Cash by month in each scenario; below the line it has ended.

    Takes    capital_off: scenario, month, cash, low, high.
    """
    found = [s for s in SCENARIO_COLOURS if s in set(capital_off["scenario"])]
    names = {s: say(f"story.chart.scenarios.{s}") for s in found}
    long = capital_off.filter(pl.col("scenario").is_in(found)).select(
        "month",
        what=pl.col("scenario").replace_strict(names, return_dtype=pl.String),
        value="cash",
        low="low",
        high="high",
    )
    colours = {names[s]: SCENARIO_COLOURS[s] for s in found}
    return _paths(long, colours, currency, say, [], zero=True)


def self_financing_chart(
    table: pl.DataFrame, currency: str, say: Texts, *, reached: Any = None
) -> Chart:
    """What reshaping has created beside what was spent to grow, both cumulative.

    Takes    table: month, created_cumulative, burned_cumulative, created_low, created_high.
             reached: month from which the first is above the second, or None.
    """
    names = {"created": say("story.chart.created"), "burned": say("story.chart.burned")}
    long = pl.concat(
        [
            table.select(
                "month",
                what=pl.lit(names["created"]),
                value="created_cumulative",
                low="created_low",
                high="created_high",
            ),
            table.select(
                "month",
                what=pl.lit(names["burned"]),
                value="burned_cumulative",
                low=None,
                high=None,
            ),
        ],
        how="vertical_relaxed",
    )
    colours = {names["created"]: palette.RIVER, names["burned"]: palette.RUST}
    marks = []
    if reached is not None:
        month = format_month(reached, say.language)
        marks = [(reached, say("story.chart.reached", month=month))]
    return _paths(long, colours, currency, say, marks)


def _paths(
    long: pl.DataFrame,
    colours: dict[str, str],
    currency: str,
    say: Texts,
    marks: list[tuple[Any, str]],
    *,
    zero: bool = False,
) -> Chart:
    """Amounts by month, one line and band for each ``what``, with months marked."""
    alt = load_altair()
    largest = long.select(pl.max_horizontal(pl.col("value", "low", "high").abs().max())).item()
    scale, unit = money_unit(largest or 0.0, currency, say.language)
    told = [
        say(
            "story.chart.mark",
            name=what,
            month=format_month(month, say.language),
            value=format_money(value, currency, say.language),
        )
        for what, month, value in long.select("what", "month", "value").iter_rows()
    ]
    data = long.with_columns(
        pl.Series("told", told, pl.String),
        pl.col("month").cast(pl.Datetime("ms")),
        pl.col("value", "low", "high").truediv(scale).round(_DIGITS),
    )
    x = alt.X("month:T", title=None, axis=time_axis(alt, data["month"], say.language))
    y = alt.Y("value:Q", title=unit, axis=alt.Axis(tickCount=5, format=",~r"))
    colour = alt.Color(
        "what:N",
        title=None,
        sort=list(colours),
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(
            orient="top", direction="vertical", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1,
            labelLimit=WIDTH,
        ),
    )  # fmt: skip
    base = alt.Chart(data)
    banded = alt.Chart(data.drop_nulls(["low", "high"]))
    layers = [
        banded.mark_area(opacity=0.16, aria=False).encode(
            x=x, y=alt.Y("low:Q", title=unit), y2="high:Q", color=colour
        ),
        base.mark_line(strokeWidth=2.2, aria=False).encode(x=x, y=y, color=colour),
        base.mark_circle(size=70, opacity=0).encode(x=x, y=y, description="told:N"),
    ]
    if zero:
        line = alt.Chart(pl.DataFrame({"value": [0.0]}))
        layers.insert(0, line.mark_rule(color=palette.INK, aria=False).encode(y=y))
    for month, words in marks:
        layers += _mark(alt, month, words)
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _mark(alt: Any, month: Any, words: str) -> list[Any]:
    """A month marked by a line across the chart and its words beside the top of it."""
    data = pl.DataFrame({"month": [month], "words": [words]}).with_columns(
        pl.col("month").cast(pl.Datetime("ms"))
    )
    base = alt.Chart(data)
    x = alt.X("month:T")
    return [
        base.mark_rule(color=palette.MUTED, strokeDash=[4, 4], aria=False).encode(x=x),
        base.mark_text(align="left", dx=6, color=palette.MUTED, baseline="top", aria=False).encode(
            x=x, y=alt.value(2), text="words:N"
        ),
    ]


def response_chart(
    response: pl.DataFrame, currency: str, names: dict[str, str], say: Texts
) -> Chart:
    """What spending on each channel adds to the revenue of a mean unit, one panel a channel.

    Takes    response: channel, spend, lift, low, high (money a month). names: channel → name.
    """
    alt = load_altair()
    scale, unit = money_unit(_most(response["spend"]), currency, say.language)
    channels = list(dict.fromkeys(response["channel"]))
    top = _most(response.select(pl.max_horizontal("lift", "high")).to_series())
    least = min(0.0, _least(response["low"]))
    lift_scale, lift_unit = money_unit(top, currency, say.language)
    panels = []
    for channel in channels:
        rows = response.filter(channel=channel)
        told = [
            say(
                "story.chart.part_mark",
                name=format_money(spend, currency, say.language),
                value=format_money(lift, currency, say.language),
            )
            for spend, lift in rows.select("spend", "lift").iter_rows()
        ]
        data = rows.with_columns(
            pl.Series("told", told, pl.String),
            pl.col("spend").truediv(scale).round(_DIGITS),
            pl.col("lift", "low", "high").truediv(lift_scale).round(_DIGITS),
        )
        axis = alt.Axis(tickCount=4, format=",~r", grid=False)
        x = alt.X("spend:Q", title=say("story.chart.spend", unit=unit), axis=axis)
        y = alt.Y(
            "lift:Q",
            title=say("story.chart.lift", unit=lift_unit) if channel == channels[0] else None,
            axis=alt.Axis(format=",~r", tickCount=4),
            scale=alt.Scale(domain=[least / lift_scale, top / lift_scale]),
        )
        base = alt.Chart(data)
        layers = [
            base.mark_area(opacity=0.16, color=palette.RIVER, aria=False).encode(
                x=x, y=alt.Y("low:Q"), y2="high:Q"
            ),
            base.mark_line(strokeWidth=2.2, color=palette.RIVER, aria=False).encode(x=x, y=y),
            base.mark_circle(size=60, opacity=0).encode(x=x, y=y, description="told:N"),
        ]
        title = alt.TitleParams(
            names.get(channel, channel), anchor="start", fontSize=12.5, color=palette.INK
        )
        panels.append(
            alt.layer(*layers).properties(width=_SMALL_WIDTH, height=_SMALL_HEIGHT, title=title)
        )
    return alt.concat(*panels, columns=2)


def _least(values: pl.Series) -> float:
    return min((float(v) for v in values.drop_nulls()), default=0.0)


def _most(values: pl.Series) -> float:
    return max((float(v) for v in values.drop_nulls()), default=0.0)
