"""Columns of the tables of the economy and of the verdict; of money, the currency follows."""

from __future__ import annotations

Columns = tuple[tuple[str, str], ...]

GROWTH: Columns = (
    ("growth_part", "text"), ("amount", "money"), ("amount_low", "money"), ("amount_high", "money"),
    ("growth_share", "share"), ("how_known", "text"),
)  # fmt: skip
TRAFFIC_OFF: Columns = (
    ("months_after", "count"), ("kept_share", "share"), ("kept_low", "share"),
    ("kept_high", "share"), ("lost_share", "share"), ("how_known", "text"),
)  # fmt: skip
CHANNELS: Columns = (
    ("channel", "text"), ("spend", "money"), ("lift_share", "share"), ("lift_low", "share"),
    ("lift_high", "share"), ("revenue_per_spend", "number"),
    ("marginal_revenue_per_spend", "number"), ("half_life_months", "number"), ("how_known", "text"),
)  # fmt: skip
UNIT_ECONOMICS: Columns = (
    ("by", "text"), ("called", "text"), ("revenue", "money"), ("gross_profit", "money"),
    ("contribution", "money"), ("margin", "share"), ("orders", "count"), ("per_order", "money"),
    ("revenue_share", "share"),
)  # fmt: skip
METRICS: Columns = (
    ("metric", "text"), ("told_value", "text"), ("defined", "text"), ("over", "text"),
)  # fmt: skip
SCENARIOS: Columns = (
    ("scenario", "text"), ("measure", "text"), ("told_value", "text"), ("told_difference", "text"),
)  # fmt: skip
LAYERS: Columns = (
    ("layer", "text"), ("burden", "text"), ("weight", "share"), ("baseline_told", "text"),
    ("treated_share", "share"), ("removed_where_treated", "share"), ("depth", "share"),
    ("depth_low", "share"), ("depth_high", "share"), ("p_layer", "p"), ("counts", "text"),
    ("how_known", "text"),
)  # fmt: skip
NEW_VALUE: Columns = (
    ("called", "text"), ("first_sale", "month"), ("revenue", "money"), ("revenue_share", "share"),
    ("is_new", "text"), ("incremental", "share"), ("incremental_low", "share"),
    ("incremental_high", "share"), ("how_known", "text"),
)  # fmt: skip
TECHNOLOGY: Columns = (
    ("intervention_name", "text"), ("kind", "text"), ("match", "text"), ("spend", "money"),
    ("eligible_share", "share"), ("event_share", "share"), ("effect_told", "text"),
    ("grade", "text"), ("why", "text"),
)  # fmt: skip


def in_currency(columns: Columns, currency: str) -> Columns:
    """The columns, of money in that currency."""
    return tuple((n, f"money:{currency}" if kind == "money" else kind) for n, kind in columns)
