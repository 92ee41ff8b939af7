"""Outcomes of a lived world by firm and month, with nothing hidden by the export's cut.

The definitions are those by which records are measured: an object belongs to the month in which it
begins, a layer's item to the month in which the object entered the layer; a restricted mean counts
time beyond a window as the window. This code shares nothing with the measuring of records.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from thalweg.industry.world.chance import DAY_S
from thalweg.industry.world.course import ACTIVITIES, CODE
from thalweg.industry.world.life import Lived
from thalweg.industry.world.mechanisms import FAILED_ENDS, LAYERS
from thalweg.industry.world.money import amounts_of

WINDOWS_D: dict[str, int] = {
    "flow": 30,
    "lead": 2,
    "match": 5,
    "contract": 5,
    "production": 6,
    "warehousing": 5,
    "processing": 4,
    "quality": 3,
    "logistics": 7,
    "settlement": 8,
    "finance": 12,
}
"""Days within which a flow, or a stay in a layer, is followed."""

HOUR_S = 3_600
LAYER_NAMES = tuple(dict.fromkeys(LAYERS.values()))


def window_of(outcome: str, windows_d: dict[str, int]) -> int:
    """Days for which the objects of a cell must be followed before the cell counts."""
    if outcome.startswith("layer_h:"):
        return windows_d[outcome.removeprefix("layer_h:")]
    return 0 if outcome.endswith("_per_day") else windows_d["flow"]


def steps_of(lived: Lived) -> pl.DataFrame:
    """One row for each event of an order, in order of its end.

    order, firm, activity, layer (codes), start, end and before (local seconds): the end of the
    event before, or the first event's own start.
    """
    course = lived.course
    layer = np.array([LAYER_NAMES.index(LAYERS[name]) for name in ACTIVITIES], np.int8)
    keep = course.activity != CODE["repay_loan"]
    order = course.order[keep]
    activity = course.activity[keep]
    rows = np.lexsort((activity, course.start_s[keep], course.end_s[keep], order))
    return pl.DataFrame(
        {
            "order": order[rows],
            "firm": course.orders.firm[order[rows]].astype(np.int32),
            "activity": activity[rows],
            "layer": layer[activity[rows]],
            "start": course.start_s[keep][rows],
            "end": course.end_s[keep][rows],
        }
    ).with_columns(
        before=pl.when(pl.col("order") == pl.col("order").shift(1))
        .then(pl.col("end").shift(1))
        .otherwise(pl.col("start"))
    )


def items_of(steps: pl.DataFrame, windows_d: dict[str, int]) -> pl.DataFrame:
    """One row for each stay of an order in a layer: order, firm, layer, entered, stay_s.

    stay_s: of the window after entering, the time that led to events of this layer.
    """
    window = pl.col("layer").replace_strict(
        {place: windows_d[name] * DAY_S for place, name in enumerate(LAYER_NAMES)},
        return_dtype=pl.Int64,
    )
    entered = pl.col("before").first().over("order", "layer")
    closes = entered + window
    gap = (pl.min_horizontal("end", closes) - pl.min_horizontal("before", closes)).clip(0)
    return (
        steps.with_columns(entered=entered)
        .with_columns(gap=gap)
        .group_by("order", "layer", maintain_order=True)
        .agg(pl.col("firm", "entered").first(), stay_s=pl.col("gap").sum())
    )


def orders_of(steps: pl.DataFrame, lived: Lived, within_s: int) -> pl.DataFrame:
    """One row an order: firm, begins, flow_s, ends, reworked, failed, broke_off, amount_cny.

    reworked, broke_off: within ``within_s`` of the beginning. failed: ever. amount_cny: null where
    no order was placed.
    """
    failed = [CODE[name] for name in FAILED_ENDS]
    amount = pl.Series(amounts_of(lived))
    placed = pl.Series(lived.course.orders.placed_s >= 0)
    value = pl.select(pl.when(placed).then(amount)).to_series()
    table = steps.group_by("order", maintain_order=True).agg(
        pl.col("firm").first(),
        begins=pl.col("start").first(),
        ends=pl.col("end").last(),
        reworked=pl.col("activity")
        .filter(pl.col("end") - pl.col("start").first() <= within_s)
        .is_duplicated()
        .any(),
        failed=pl.col("activity").last().is_in(failed),
    )
    flow = pl.col("ends") - pl.col("begins")
    return table.with_columns(
        flow_s=flow,
        broke_off=pl.col("failed") & (flow <= within_s),
        amount_cny=value.gather(table["order"]),
    )


def cells_of(lived: Lived, windows_d: dict[str, int]) -> pl.DataFrame:
    """One row for each outcome, firm and month: outcome, firm, month (codes), objects, value."""
    steps = steps_of(lived)
    within_s = windows_d["flow"] * DAY_S
    cases = orders_of(steps, lived, within_s)
    begun = _monthly(cases, "begins", lived)
    flow = pl.min_horizontal("flow_s", pl.lit(within_s)) / HOUR_S
    n, value = pl.len().cast(pl.Int64), pl.col("amount_cny")
    days = pl.col("days").first()
    wide = begun.group_by("firm", "month").agg(
        objects=n,
        flow_h=flow.mean(),
        rework_share=pl.col("reworked").mean(),
        broke_off_share=pl.col("broke_off").mean(),
        started_per_day=n / days,
        value_per_day=value.sum() / days,
        value_per_object=value.mean(),
    )
    ended = _monthly(cases.filter(~pl.col("failed")), "ends", lived).group_by("firm", "month")
    finished = ended.agg(objects=n, finished_per_day=n / days)
    entered = _monthly(items_of(steps, windows_d), "entered", lived)
    stays = entered.group_by("layer", "firm", "month").agg(
        objects=n, value=(pl.col("stay_s") / HOUR_S).mean()
    )
    names = pl.Series([f"layer_h:{name}" for name in LAYER_NAMES])
    layers = stays.with_columns(outcome=names.gather(stays["layer"].cast(pl.UInt32)))
    filled = _long(wide).drop_nulls("value")
    columns = ("outcome", "firm", "month", "objects", "value")
    return pl.concat([table.select(columns) for table in (filled, _long(finished), layers)]).sort(
        "outcome", "firm", "month"
    )


def _long(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.unpivot(
        index=["firm", "month", "objects"], variable_name="outcome", value_name="value"
    )


def _monthly(table: pl.DataFrame, at: str, lived: Lived) -> pl.DataFrame:
    """With the month of an instant and its days; what lies after the observed months goes."""
    clock = lived.clock
    month = np.searchsorted(clock.first_days, table[at].to_numpy() // DAY_S, side="right") - 1
    long = np.diff(clock.first_days, append=clock.first_days[-1] + 30)
    days = pl.Series(long[month])
    dated = table.with_columns(month=pl.Series(month).cast(pl.Int32), days=days)
    return dated.filter(pl.col("month") < clock.months)
