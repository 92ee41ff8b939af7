"""Charts of waiting: what it is due to, in all and between the two steps that it lies between."""

from __future__ import annotations

from typing import Any

import polars as pl

from thalweg.surfaces import palette
from thalweg.surfaces.chart_frame import LABEL_PX, Chart, bar_axis, load_altair
from thalweg.surfaces.format_values import duration_unit, format_duration, format_share
from thalweg.surfaces.texts import Texts

TOP_PAIRS = 12
CAUSE_COLOURS = {
    "synchronisation": "#1f6f95",
    "batching": "#d9a441",
    "contention": "#a23b3b",
    "priority": "#8a5a9c",
    "unavailable": "#3f5566",
    "handover": "#4f7f63",
    "remainder": "#c3d0d9",
}
"""A colour for each cause, the same in every chart, in the order in which they are stacked."""


def waiting_causes_chart(pair_causes: pl.DataFrame, say: Texts) -> Chart:
    """The pairs of steps with the longest waits in total, each bar divided by cause.

    Takes    pair_causes: one row per pair and cause: source, target, cause (of
             ``CAUSE_COLOURS``), total_s (waiting by it, summed, in seconds), share (of all
             waiting; null where not known).
    """
    alt = load_altair()
    language = say.language
    pairs = (
        pair_causes.group_by("source", "target")
        .agg(pl.col("total_s", "share").sum())
        .sort(["total_s", "source", "target"], descending=[True, False, False])
        .head(TOP_PAIRS)
    )
    unit_s, unit = duration_unit(float(pairs["total_s"].max() or 1.0), language)  # type: ignore[arg-type]
    labels = {(r[0], r[1]): f"{r[0]} → {r[1]}" for r in pairs.rows()}
    present = [c for c in CAUSE_COLOURS if c in set(pair_causes["cause"])]
    names = {c: say(f"model_chart.cause_{c}") for c in present}
    rows = [
        {
            "label": labels[row["source"], row["target"]],
            "what": names[row["cause"]],
            "rank": present.index(row["cause"]),
            "value": row["total_s"] / unit_s,
            "told": f"{labels[row['source'], row['target']]} · {names[row['cause']]}: "
            f"{format_duration(row['total_s'], language)}",
        }
        for row in pair_causes.iter_rows(named=True)
        if (row["source"], row["target"]) in labels and row["total_s"]
    ]
    ends = [
        {
            "label": labels[row["source"], row["target"]],
            "value": row["total_s"] / unit_s,
            "shown": format_share(row["share"], language),
        }
        for row in pairs.iter_rows(named=True)
    ]
    y = alt.Y(
        "label:N",
        title=None,
        sort=list(labels.values()),
        axis=alt.Axis(labelLimit=2 * LABEL_PX),
    )
    bars = (
        alt.Chart(pl.DataFrame(rows))
        .mark_bar(height=16, stroke=palette.PAPER, strokeWidth=0.8)
        .encode(
            y=y,
            x=alt.X(
                "value:Q",
                title=say("model_chart.waiting", unit=unit),
                axis=bar_axis(alt, ",~f"),
            ),
            color=_cause_colour(alt, names),
            order=alt.Order("rank:Q"),
            description="told:N",
        )
    )
    words = (
        alt.Chart(pl.DataFrame(ends))
        .mark_text(align="left", dx=6, color=palette.MUTED, fontSize=11)
        .encode(y=y, x="value:Q", text="shown:N")
    )
    return alt.layer(bars, words).properties(width=400, height=alt.Step(25))


def causes_total_chart(causes: pl.DataFrame, say: Texts) -> Chart:
    """What all waiting is due to, the longest first; what the records cannot show is said.

    Takes    causes: one row per cause: cause, total_s and share (null where the records cannot
             show it), and share_se (standard error of share; may be null or absent).
    """
    alt = load_altair()
    language = say.language
    table = causes.with_columns(
        share_se=pl.col("share_se") if "share_se" in causes.columns else pl.lit(None, pl.Float64)
    ).sort("total_s", descending=True, nulls_last=True)
    unit_s, unit = duration_unit(float(table["total_s"].max() or 1.0), language)  # type: ignore[arg-type]
    total = float(table["total_s"].sum() or 0.0)
    rows: list[dict[str, Any]] = []
    for row in table.iter_rows(named=True):
        value, error = row["total_s"], row["share_se"]
        shown = say("model_chart.cause_unseen")
        if value is not None:
            shown = say(
                "model_chart.cause_label",
                share=format_share(row["share"], language),
                total=format_duration(value, language),
            )
        spread = None if error is None or value is None else 1.96 * error * total / unit_s
        name = say(f"model_chart.cause_{row['cause']}")
        rows.append(
            {
                "label": name,
                "value": (value or 0.0) / unit_s,
                "low": None if spread is None else max(0.0, value / unit_s - spread),
                "high": None if spread is None else value / unit_s + spread,
                "at": (value or 0.0) / unit_s + (spread or 0.0),
                "colour": CAUSE_COLOURS[row["cause"]],
                "shown": shown,
                "told": f"{name}: {shown}",
            }
        )
    data = pl.DataFrame(rows, infer_schema_length=None)
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=LABEL_PX))
    base = alt.Chart(data)
    bars = base.mark_bar(height=17, cornerRadiusEnd=3).encode(
        y=y,
        x=alt.X(
            "value:Q",
            title=say("model_chart.waiting", unit=unit),
            axis=bar_axis(alt, ",~f"),
        ),
        color=alt.Color("colour:N", scale=None),
        description="told:N",
    )
    layers = [bars]
    if data["low"].is_not_null().any():
        whiskers = alt.Chart(data.drop_nulls("low"))
        layers.append(
            whiskers.mark_rule(color=palette.INK, strokeWidth=1.2, aria=False).encode(
                y=y, x="low:Q", x2="high:Q"
            )
        )
    layers.append(
        base.mark_text(align="left", dx=7, color=palette.MUTED, fontSize=11).encode(
            y=y, x="at:Q", text="shown:N"
        )
    )
    return alt.layer(*layers).properties(width=400, height=alt.Step(26))


def _cause_colour(alt: Any, names: dict[str, str]) -> Any:
    return alt.Color(
        "what:N",
        title=None,
        sort=None,
        scale=alt.Scale(domain=list(names.values()), range=[CAUSE_COLOURS[c] for c in names]),
        legend=alt.Legend(orient="top", columns=4, symbolLimit=0, labelLimit=260),
    )
