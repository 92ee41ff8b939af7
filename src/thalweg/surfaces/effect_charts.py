"""Charts of effects: who got what when, what followed, and how far it can be trusted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import HEIGHT, LABEL_PX, WIDTH, Chart, load_altair
from thalweg.surfaces.format_values import format_count, format_date, format_number, format_share
from thalweg.surfaces.texts import Texts
from thalweg.surfaces.time_charts import time_axis

GRADE_COLOURS = {
    "A": palette.DEEP,
    "B": palette.RIVER,
    "C": palette.SAND,
    "D": palette.LINE,
    "N": palette.LINE,
}
EFFECT_GRADES = ("A", "B", "C")
MOST_COHORTS = 5
MOST_UNITS = 60
"""Units that a map of weights shows one by one; more are drawn as the means of their cohorts."""
_ROW, _STEP_PANEL = 24, 64
_METHOD_COLOURS = {"imputation": palette.RIVER, "callaway_santanna": palette.RUST}


def _percent(value: float | None, say: Texts) -> str:
    """A change with its sign: +3.1%, −12%."""
    if value is None:
        return format_share(None, say.language)
    return ("+" if value > 0 else "") + format_share(value, say.language)


def _days(*names: str) -> pl.Expr:
    return pl.col(*names).cast(pl.Datetime("ms"))


def _change_axis(alt: Any, title: str | None) -> Any:
    words = "datum.value == 0 ? '0%' : format(datum.value, '+.0%')"
    return alt.Axis(labelExpr=words, tickCount=6, title=title)


def forest_chart(effects: pl.DataFrame, say: Texts) -> Chart:
    """Relative effects with their intervals, one row for each intervention and outcome.

    Takes    effects: label, relative, relative_low, relative_high (parts; may be null), grade.
             Rows are drawn in the order given. Those of grade D and N have no mark: they are named
             and it is said that they are no effects.
    """
    alt = load_altair()
    rows = [_forest_row(at, row, say) for at, row in enumerate(effects.to_dicts())]
    data = pl.DataFrame(rows, infer_schema_length=None)
    labels = [row["label"] for row in rows]
    y = alt.Y(
        "at:O",
        title=None,
        axis=alt.Axis(labelExpr=f"{labels}[datum.value]", labelLimit=LABEL_PX + 60, grid=False),
    )
    x = alt.X("value:Q", axis=_change_axis(alt, say("effects.relative")))
    grades = [g for g in EFFECT_GRADES if g in set(effects["grade"])]
    colour = alt.Color(
        "grade:N",
        title=say("effects.grade"),
        scale=alt.Scale(domain=grades, range=[GRADE_COLOURS[g] for g in grades]),
        legend=alt.Legend(orient="top", direction="horizontal") if grades else None,
    )
    shown = alt.Chart(data.filter(pl.col("value").is_not_null()))
    zero = alt.Chart(pl.DataFrame({"value": [0.0]}))
    refused = alt.Chart(data.filter(pl.col("value").is_null()))
    layers = [
        zero.mark_rule(color=palette.MUTED, strokeDash=[3, 3], aria=False).encode(x=x),
        shown.mark_rule(strokeWidth=2.4, aria=False).encode(
            x="low:Q", x2="high:Q", y=y, color=colour
        ),
        shown.mark_circle(size=74, opacity=1).encode(x=x, y=y, color=colour, description="told:N"),
        refused.mark_text(
            align="left", color=palette.MUTED, fontStyle="italic", fontSize=11
        ).encode(x=alt.value(6), y=y, text="told:N", description="told:N"),
    ]
    return alt.layer(*layers).properties(width=WIDTH - 80, height=_ROW * len(rows) + 10)


def _forest_row(at: int, row: dict[str, Any], say: Texts) -> dict[str, Any]:
    known = row["grade"] in EFFECT_GRADES and row["relative"] is not None
    interval = say(
        "effects.interval",
        value=_percent(row["relative"], say),
        low=_percent(row["relative_low"], say),
        high=_percent(row["relative_high"], say),
    )
    return {
        "at": at,
        "label": row["label"],
        "grade": row["grade"],
        "value": row["relative"] if known else None,
        "low": row["relative_low"] if known else None,
        "high": row["relative_high"] if known else None,
        "told": f"{row['label']}: {interval}" if known else say(f"effects.unmarked.{row['grade']}"),
    }


def event_study_chart(paths: pl.DataFrame, say: Texts) -> Chart:
    """The effect by time since it began; before it, what should be nothing.

    Takes    paths: of one intervention and outcome: method, every, horizon (whole steps, negative
             before), value, low, high (parts of what would have been, or in the outcome's own
             unit), relative (whether they are parts). Intervals may be null.
    """
    alt = load_altair()
    methods = [m for m in _METHOD_COLOURS if m in set(paths["method"])]
    names = {m: say(f"effects.methods.{m}") for m in methods}
    parts = bool(paths["relative"].all())
    shift = {m: (n - (len(methods) - 1) / 2) * 0.24 for n, m in enumerate(methods)}
    every = say(f"effects.since.{paths['every'][0]}")
    data = paths.filter(pl.col("method").is_in(methods)).with_columns(
        at=pl.col("horizon") + pl.col("method").replace_strict(shift, return_dtype=pl.Float64),
        what=pl.col("method").replace_strict(names, return_dtype=pl.String),
    )
    told = [
        say("effects.path_mark", method=what, at=at, value=_told(value, low, high, parts, say))
        for what, at, value, low, high in data.select(
            "what", "horizon", "value", "low", "high"
        ).iter_rows()
    ]
    data = data.with_columns(pl.Series("told", told, pl.String))
    x = alt.X("at:Q", title=every, axis=alt.Axis(format="d", tickMinStep=1, grid=False))
    axis = _change_axis(alt, None) if parts else alt.Axis(tickCount=6, title=None)
    y = alt.Y("value:Q", axis=axis)
    colour = alt.Color(
        "what:N",
        title=None,
        scale=alt.Scale(domain=list(names.values()), range=[_METHOD_COLOURS[m] for m in methods]),
        legend=alt.Legend(orient="top", direction="horizontal"),
    )
    base = alt.Chart(data)
    begin = pl.DataFrame({"at": [-0.5], "zero": [0.0]})
    layers = [
        alt.Chart(begin).mark_rule(color=palette.MUTED, aria=False).encode(y="zero:Q"),
        alt.Chart(begin)
        .mark_rule(color=palette.MUTED, strokeDash=[3, 3], aria=False)
        .encode(x=alt.X("at:Q")),
        base.mark_rule(strokeWidth=1.8, opacity=0.75, aria=False).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour
        ),
        base.mark_circle(size=40, opacity=1).encode(x=x, y=y, color=colour, description="told:N"),
    ]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _told(
    value: float | None, low: float | None, high: float | None, parts: bool, say: Texts
) -> str:
    def shown(number: float | None) -> str:
        return _percent(number, say) if parts else format_number(number, say.language)

    if low is None or high is None:
        return shown(value)
    return say("effects.interval", value=shown(value), low=shown(low), high=shown(high))


def staircase_chart(rollout: pl.DataFrame, say: Texts) -> Chart:
    """How many units had each intervention from when on: one staircase each.

    Takes    rollout: name (of the intervention), unit, from, to (dates; to may be null),
             until (date: the end of the records, the same in all rows).
    """
    alt = load_altair()
    until: Any = rollout["until"].max()
    data = pl.concat([_stairs(part, until) for _, part in _by_first(rollout)])
    told = [
        say(
            "effects.stair_mark",
            name=name,
            date=format_date(at, say.language),
            units=format_count(units, say.language),
        )
        for name, at, units in data.select("name", "at", "units").iter_rows()
    ]
    data = data.with_columns(pl.Series("told", told, pl.String))
    x = alt.X("at:T", title=None, axis=time_axis(alt, data["at"], say.language))
    panels = []
    for (name,), part in data.group_by("name", maintain_order=True):
        most: Any = part["units"].max()
        marks = sorted({0, most // 2, most})
        y = alt.Y("units:Q", title=None, axis=alt.Axis(values=marks, format="d"))
        base = alt.Chart(part)
        panel = alt.layer(
            base.mark_area(
                interpolate="step-after", color=palette.RIVER, opacity=0.18, aria=False
            ).encode(x=x, y=y),
            base.mark_line(interpolate="step-after", color=palette.DEEP, strokeWidth=1.8).encode(
                x=x, y=y, description="told:N"
            ),
        )
        title = alt.TitleParams(
            str(name), anchor="start", fontSize=12, fontWeight=600, color=palette.INK, offset=4
        )
        panels.append(panel.properties(width=WIDTH, height=_STEP_PANEL, title=title))
    return alt.vconcat(*panels, spacing=14).resolve_scale(x="shared")


def _by_first(rollout: pl.DataFrame) -> list[tuple[Any, pl.DataFrame]]:
    """Interventions in the order in which they began."""
    parts = list(rollout.group_by("name", maintain_order=True))
    return sorted(parts, key=lambda part: (part[1]["from"].min(), str(part[0])))


def _stairs(rollout: pl.DataFrame, until: Any) -> pl.DataFrame:
    """Units under treatment after each change of their number."""
    up = rollout.select(at="from", step=pl.lit(1))
    down = rollout.select(at="to", step=pl.lit(-1)).drop_nulls()
    steps = (
        pl.concat([up, down])
        .group_by("at")
        .agg(pl.col("step").sum())
        .sort("at")
        .with_columns(units=pl.col("step").cum_sum().cast(pl.Int64))
        .select("at", "units")
    )
    first, last = steps["at"][0], steps["units"][-1]
    ends = pl.DataFrame({"at": [until], "units": [last]}, schema=steps.schema)
    start = pl.DataFrame({"at": [first], "units": [0]}, schema=steps.schema)
    return pl.concat([start, steps, ends]).select(
        _days("at"), "units", name=pl.lit(rollout["name"][0])
    )


def cohort_paths_chart(raw: pl.DataFrame, unit: str, say: Texts) -> Chart:
    """The outcome as recorded, averaged over the units that began together.

    Takes    raw: of one intervention and outcome: cohort (date of the first full period; null:
             never), period (date), mean, units. unit: of the mean, as shown on the axis.
             Where there are more than ``MOST_COHORTS``, neighbouring ones are drawn together.
    """
    alt = load_altair()
    raw, names = _waves(raw, say)
    cohorts = list(names)
    never = say("effects.never")
    span = max(len(cohorts) - 1, 1)
    colours = [
        palette.mix(palette.COUNT_SCALE, 0.35 + 0.65 * n / span) for n in range(len(cohorts))
    ]
    data = raw.sort("cohort", "period", nulls_last=True).with_columns(
        _days("period"),
        what=pl.col("cohort").replace_strict(names, default=never, return_dtype=pl.String),
    )
    told = [
        say("effects.cohort_mark", cohort=what, date=format_date(at, say.language),
            value=format_number(mean, say.language), unit=unit,
            units=format_count(units, say.language))
        for what, at, mean, units in data.select("what", "period", "mean", "units").iter_rows()
    ]  # fmt: skip
    data = data.with_columns(pl.Series("told", told, pl.String))
    x = alt.X("period:T", title=None, axis=time_axis(alt, data["period"], say.language))
    y = alt.Y("mean:Q", title=unit, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    domain = [*names.values(), *([never] if raw["cohort"].has_nulls() else [])]
    colour = alt.Color(
        "what:N",
        title=say("effects.began"),
        sort=None,
        scale=alt.Scale(domain=domain, range=[*colours, palette.SAND][: len(domain)]),
        legend=alt.Legend(orient="right", symbolType="stroke", symbolStrokeWidth=3),
    )
    base = alt.Chart(data)
    return alt.layer(
        base.mark_line(strokeWidth=1.8, aria=False).encode(x=x, y=y, color=colour),
        base.transform_filter("datum.treated")
        .mark_circle(size=26, opacity=1)
        .encode(x=x, y=y, color=colour, description="told:N"),
    ).properties(width=WIDTH - 60, height=HEIGHT)


def _waves(raw: pl.DataFrame, say: Texts) -> tuple[pl.DataFrame, dict[Any, str]]:
    """Neighbouring cohorts together, under the first date of each run, and the names of runs."""
    days: list[Any] = raw["cohort"].drop_nulls().unique().sort().to_list()
    count = min(len(days), MOST_COHORTS)
    edges = [round(n * len(days) / max(count, 1)) for n in range(count + 1)]
    runs = [days[a:b] for a, b in pairwise(edges)]
    first = {day: run[0] for run in runs for day in run}
    names = {
        run[0]: "–".join(dict.fromkeys(format_date(day, say.language) for day in (run[0], run[-1])))
        for run in runs
    }
    merged = (
        raw.drop_nulls("mean")
        .with_columns(wave=pl.col("cohort").replace_strict(first, return_dtype=pl.Date))
        .with_columns(treated=pl.col("period").ge(pl.col("cohort")).fill_null(False))
        .group_by("wave", "period")
        .agg(
            mean=(pl.col("mean") * pl.col("units")).sum() / pl.col("units").sum(),
            units=pl.col("units").sum(),
            treated=pl.col("treated").all(),
        )
    )
    return merged.rename({"wave": "cohort"}), names


def sensitivity_chart(sensitivity: pl.DataFrame, say: Texts) -> Chart:
    """The interval as breaches of parallel trends are allowed for, and where it meets zero.

    Takes    sensitivity: of one intervention and outcome: mbar (rising from 0), low, high (parts, or
             differences of shares).
    """
    alt = load_altair()
    data = sensitivity.drop_nulls(["low", "high"]).sort("mbar")
    meets = data.filter((pl.col("low") <= 0) & (pl.col("high") >= 0))
    base = alt.Chart(data)
    x = alt.X("mbar:Q", title=say("effects.mbar"), axis=alt.Axis(tickCount=8, grid=False))
    axis = _change_axis(alt, None)
    layers = [
        base.mark_area(color=palette.RIVER, opacity=0.2, aria=False).encode(
            x=x, y=alt.Y("low:Q", axis=axis), y2="high:Q"
        ),
        base.mark_line(color=palette.DEEP, strokeWidth=1.8).encode(x=x, y=alt.Y("low:Q")),
        base.mark_line(color=palette.DEEP, strokeWidth=1.8).encode(x=x, y=alt.Y("high:Q")),
        alt.Chart(pl.DataFrame({"zero": [0.0]}))
        .mark_rule(color=palette.MUTED, strokeDash=[3, 3], aria=False)
        .encode(y="zero:Q"),
    ]
    if len(meets):
        at = float(meets["mbar"][0])
        label = say("effects.breaks", at=format_number(at, say.language))
        mark = alt.Chart(pl.DataFrame({"mbar": [at], "label": [label]})).encode(x=x)
        right = at > 0.6 * float(data["mbar"].max() or 1.0)  # type: ignore[arg-type]
        layers += [
            mark.mark_rule(color=palette.RUST, strokeWidth=1.8, aria=False),
            mark.mark_text(
                align="right" if right else "left", dx=-7 if right else 7, color=palette.RUST
            ).encode(y=alt.value(12), text="label:N", description="label:N"),
        ]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def weights_chart(weights: pl.DataFrame, say: Texts) -> Chart:
    """Which cells the estimate rests on: treated ones count for it, the others against it.

    Takes    weights: of one intervention and outcome: group (unit), cohort (date of its first full
             period; null: never), period (date), weight (part of the estimate). Units are sorted
             by cohort; beyond ``MOST_UNITS`` their cohorts are drawn, with mean weights.
    """
    alt = load_altair()
    crowded = weights["group"].n_unique() > MOST_UNITS
    never = say("effects.never")
    rows = weights.with_columns(
        row=pl.col("cohort").dt.to_string("%Y-%m-%d").fill_null(never)
        if crowded
        else pl.col("group")
    )
    data = (
        rows.group_by("row", "period")
        .agg(pl.col("weight").mean(), pl.col("cohort").first())
        .sort("cohort", "row", "period", nulls_last=True)
    )
    most = float(data["weight"].abs().max() or 1.0)  # type: ignore[arg-type]
    order = data["row"].unique(maintain_order=True).to_list()
    told = [
        say("effects.weight_mark", unit=row, date=format_date(at, say.language), weight=f"{w:+.4f}")
        for row, at, w in data.select("row", "period", "weight").iter_rows()
    ]
    data = data.with_columns(
        pl.Series("told", told, pl.String), when=pl.col("period").dt.to_string("%Y-%m")
    )
    return (
        alt.Chart(data)
        .mark_rect()
        .encode(
            x=alt.X(
                "when:O",
                title=None,
                axis=alt.Axis(labelAngle=0, labelOverlap=True, labelSeparation=14),
            ),
            y=alt.Y("row:N", title=None, sort=order, axis=alt.Axis(labelLimit=150)),
            color=alt.Color(
                "weight:Q",
                title=say("effects.weight"),
                scale=alt.Scale(
                    domain=[-most, 0, most],
                    range=[palette.RUST, palette.MIST, palette.DEEP],
                    interpolate="rgb",
                ),
                legend=alt.Legend(orient="right", gradientLength=110, format="+.3f"),
            ),
            description="told:N",
        )
        .properties(width=WIDTH - 60, height=max(80, (11 if not crowded else 20) * len(order)))
    )
