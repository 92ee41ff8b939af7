"""Tables of a ``sustain`` result: every column with its kind and meaning, in one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from thalweg.economy.result import SCHEMA
from thalweg.process.columns import (
    COUNT,
    FLAG,
    MAYBE,
    NUMBER,
    SHARE,
    TEXT,
    TEXTS,
    Columns,
    Json,
    result_schema,
    table_schema,
)

DAY: Json = {"type": ["string", "null"], "format": "date"}
KNOWN: Json = {
    "enum": [
        *("counted", "experimental", "event_based", "model_only", "bounds", "not_identified"),
        None,
    ]
}
_DTYPES: list[tuple[Json, Any]] = [
    (TEXT, pl.String),
    (MAYBE, pl.String),
    (COUNT, pl.Int64),
    (NUMBER, pl.Float64),
    (SHARE, pl.Float64),
    (FLAG, pl.Boolean),
    (DAY, pl.Date),
]
_RANGE: Columns = {
    "low": (NUMBER, "beginning of its interval"),
    "high": (NUMBER, "end of its interval"),
}
_MONTH_RANGE: Columns = {
    "low": (DAY, "beginning of its interval; null: beyond the horizon"),
    "high": (DAY, "end of its interval; null: beyond the horizon"),
}
_KNOWN: Columns = {"known": (KNOWN, "how the figure is known")}
_CASH: Columns = {
    "scenario": (TEXT, "as_is, capital_off, traffic_and_capital_off"),
    "month": (DAY, "first day of the month"),
    "cash": (NUMBER, "balance at its end, median of draws; as counted where observed"),
    **_RANGE,
}

COLUMNS: dict[str, Columns] = {
    "accounts_table": {
        "month": (DAY, "first day of the month"),
        "account": (TEXT, "standard account"),
        "amount": (NUMBER, "total of the month, signed as cash; cash: balance at its end"),
    },
    "metrics": {
        "metric": (TEXT, "code of the metric"),
        "value": (NUMBER, "in its unit; null: cannot be told"),
        **_RANGE,
        "unit": (TEXT, "of value and interval"),
        **_KNOWN,
        "from": (DAY, "first month that it is of"),
        "to": (DAY, "last month that it is of"),
        "missing": (MAYBE, "code of why there is no value"),
    },
    "unit_economics": {
        "by": (TEXT, "product, party, cohort, path or channel"),
        "name": (TEXT, "which of them"),
        "revenue": (NUMBER, "in the currency"),
        "cost_of_sales": (NUMBER, "in the currency, positive"),
        "gross_profit": (NUMBER, "revenue less cost of sales"),
        "contribution": (NUMBER, "gross profit less marketing and subsidy that is its own"),
        "margin": (NUMBER, "contribution over revenue"),
        "orders": (NUMBER, "number of orders, where known"),
        "per_order": (NUMBER, "contribution of an order"),
        "share": (NUMBER, "of all revenue"),
    },
    "decomposition": {
        "part": ({"enum": ["bought", "earned", "market", "unexplained"]}, "part of the growth"),
        "name": (TEXT, "channel, subsidy, intervention, new_products, or all"),
        "amount": (NUMBER, "mean of draws, in the currency; parts sum to the growth exactly"),
        **_RANGE,
        "share": (NUMBER, "of the growth"),
        **_KNOWN,
    },
    "channels": {
        "channel": (TEXT, "paid channel"),
        "spend": (NUMBER, "in all, in the currency"),
        "carry": (NUMBER, "share of a month's pull that is left a month later"),
        "half_life_months": (NUMBER, "until half of it is gone"),
        "lift_share": (NUMBER, "share of all revenue that would be missing without it"),
        **_RANGE,
        "revenue_per_spend": (NUMBER, "revenue that a unit of currency spent brings"),
        "marginal_revenue_per_spend": (NUMBER, "that the last unit of currency brings"),
        **_KNOWN,
    },
    "mediation": {
        "intervention": (TEXT, "one that spend answers to"),
        "direct_share": (
            NUMBER,
            "of all revenue that would be missing without it, spend as it was",
        ),
        "direct_low": (NUMBER, "beginning of its interval"),
        "direct_high": (NUMBER, "end of its interval"),
        "total_share": (NUMBER, "the same, with spend as it would have been without it"),
        "total_low": (NUMBER, "beginning of its interval"),
        "total_high": (NUMBER, "end of its interval"),
        "through_share": (NUMBER, "brought through spend: total less direct"),
        "through_low": (NUMBER, "beginning of its interval"),
        "through_high": (NUMBER, "end of its interval"),
        **_KNOWN,
    },
    "response": {
        "channel": (TEXT, "paid channel"),
        "spend": (NUMBER, "of a mean unit in a month, kept up"),
        "lift": (NUMBER, "revenue a month that it brings, in the currency"),
        **_RANGE,
    },
    "traffic_off": {
        "horizon_months": (COUNT, "months after paid traffic and subsidy end"),
        "kept_share": (NUMBER, "revenue of that month without them, over that with them"),
        **_RANGE,
        "lost_share": (NUMBER, "one less kept_share"),
        **_KNOWN,
        "path": ({"enum": ["past", "ahead"]}, "months that were observed, or months to come"),
    },
    "traffic_path": {
        "month": (DAY, "first day of the month"),
        "revenue": (NUMBER, "as observed (path past), or the median to come (path ahead)"),
        "without": (NUMBER, "without paid traffic and subsidy, median of draws"),
        **_RANGE,
        "path": ({"enum": ["past", "ahead"]}, "observed months, or months to come"),
    },
    "traffic_ahead": {
        "month": (DAY, "first day of a month to come"),
        "revenue": (NUMBER, "all going on as it is, median of draws"),
        "revenue_low": (NUMBER, "beginning of its interval"),
        "revenue_high": (NUMBER, "end of its interval"),
        "without": (NUMBER, "without paid traffic and subsidy from the first month to come"),
        **_RANGE,
        "kept_share": (NUMBER, "the one over the other, draw by draw"),
        "kept_low": (NUMBER, "beginning of its interval"),
        "kept_high": (NUMBER, "end of its interval"),
    },
    "capital_off": _CASH,
    "capital_past": _CASH,
    "capital": {
        "cash": (NUMBER, "balance at the end of the last month; null: not known"),
        "net_burn_3m": (NUMBER, "what operations took a month over the last three; negative: gave"),
        "runway_months": (NUMBER, "cash over net burn; null: nothing is burned"),
        "cash_ends": (
            DAY,
            "month in which cash ends without new capital; null: not in the horizon",
        ),
        **_MONTH_RANGE,
        "alive_share": (SHARE, "of draws in which cash lasts through the horizon without capital"),
        **_KNOWN,
        "alive_traffic_off": (SHARE, "the same without capital, paid traffic and subsidy"),
        "traffic_off_cash_ends": (DAY, "month in which cash ends then"),
        "traffic_off_low": (DAY, "beginning of its interval"),
        "traffic_off_high": (DAY, "end of its interval"),
        "known_traffic_off": (KNOWN, "how the figures without traffic are known"),
        "opening": ({"enum": ["ledger_balance", "cumulated_flows", "unknown"]}, "of the balance"),
    },
    "self_financing": {
        "month": (DAY, "first day of the month"),
        "created": (NUMBER, "gross profit of earned revenue, median of draws"),
        "burned": (NUMBER, "marketing, subsidy, research and roll-outs"),
        "ratio": (NUMBER, "created over burned"),
        "created_cumulative": (NUMBER, "since the first month"),
        "burned_cumulative": (NUMBER, "since the first month"),
        "created_low": (NUMBER, "beginning of the interval of created"),
        "created_high": (NUMBER, "end of the interval of created"),
        **_KNOWN,
    },
    "break_even": {
        "kind": (
            {"enum": ["operating", "cumulative"]},
            "operating cash not negative for three months; created value passes what was spent",
        ),
        "month": (DAY, "median of draws; null: not within the horizon"),
        **_MONTH_RANGE,
        "reached_share": (SHARE, "of draws that reach it within the horizon"),
        **_KNOWN,
    },
    "scenarios": {
        "scenario": (TEXT, "as asked; as_is"),
        "measure": (TEXT, "code of the measure"),
        "value": (NUMBER, "median of draws"),
        **_RANGE,
        "difference": (NUMBER, "to as_is, of the same draws"),
        "difference_low": (NUMBER, "beginning of its interval"),
        "difference_high": (NUMBER, "end of its interval"),
    },
    "checks": {
        "check": (TEXT, "code of the check"),
        "status": ({"enum": ["passed", "warning", "failed", "not_possible"]}, "how it went"),
        "finding": (TEXT, "code of what was found"),
        "figures": (TEXT, "its figures, as JSON"),
    },
    "missing": {
        "figure": (TEXT, "code of what cannot be told"),
        "reason": (TEXT, "code of why"),
        "remedy": (TEXT, "code of what would let it be told"),
    },
}


def dtype(kind: Json) -> Any:
    """The Polars type of a column's JSON kind; an enumeration is text."""
    return next((polars for known, polars in _DTYPES if known == kind), pl.String)


def frame(table: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a table whose columns are those declared, empty or not."""
    schema = {name: dtype(kind) for name, (kind, _) in COLUMNS[table].items()}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def sustain_json_schema() -> Json:
    """JSON Schema (2020-12) of a sustain result."""
    scalars: dict[str, Json] = {
        "schema": {"const": SCHEMA},
        "fingerprint": TEXT | {"description": "names book and request together"},
        "book": TEXT | {"description": "names the book's content"},
        "request": {"type": "object", "description": "what was asked"},
        "currency": TEXT | {"description": "of all amounts"},
        "first_month": DAY,
        "last_month": DAY,
        "units": COUNT | {"description": "parties with revenue of their own"},
        "facts": {"type": "object", "description": "further figures"},
        "warnings": TEXTS,
        "trust": {"type": "object", "description": "summary of the trust report"},
    }
    tables = {name: table_schema(columns) for name, columns in COLUMNS.items()}
    return result_schema("Thalweg sustain", scalars, tables)
