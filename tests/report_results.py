"""Results of ``judge`` and ``sustain`` made by hand, for the pages that tell them.

The figures hang together (parts sum, shares fit their amounts), but no method made them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from thalweg.economy.result import SustainResult
from thalweg.economy.schema import frame
from thalweg.verdict.evidence import Evidence, Figure, Rows
from thalweg.verdict.result import JudgeResult

MONTHS = tuple(date(2022 + n // 12, n % 12 + 1, 1) for n in range(36))
OFF_FROM = 24
LAYERS = (
    ("lead", 0.005, 0.9, -0.08, "A"),
    ("match", 0.15, 0.6, -0.03, "C"),
    ("contract", 0.05, 0.0, None, "N"),
    ("warehousing", 0.08, 0.3, -0.02, "C"),
    ("logistics", 0.10, 0.0, None, "N"),
    ("processing", 0.08, 0.3, 0.01, "C"),
    ("production", 0.10, 0.0, None, "N"),
    ("quality", 0.002, 0.0, None, "N"),
    ("settlement", 0.18, 0.4, -0.06, "B"),
    ("finance", 0.253, 0.2, -0.04, "C"),
)
NAMES = {
    name: {"en": name.title(), "zh": zh}
    for (name, *_), zh in zip(
        LAYERS,
        ("获客", "撮合", "签约", "仓储", "物流", "加工", "生产", "质检", "结算", "金融"),
        strict=True,
    )
}
MILLION = 1e6


def sustained(**changed: Any) -> SustainResult:
    """A platform whose growth is mostly bought: 34 of 46 million a month."""
    revenue = np.linspace(38.0, 84.0, 36) * MILLION
    body: dict[str, Any] = {
        "fingerprint": "5" * 16,
        "book": "b" * 16,
        "request": {"draws": 200, "seed": 0, "confidence": 0.95, "horizon_months": 24},
        "currency": "CNY",
        "first_month": "2022-01-01",
        "last_month": "2024-12-01",
        "units": 30,
        "accounts_table": _accounts(revenue),
        "metrics": _metrics(),
        "unit_economics": _unit_economics(),
        "decomposition": _decomposition(),
        "channels": _channels(),
        "mediation": frame("mediation", []),
        "response": _response(),
        "traffic_off": pl.DataFrame(
            {
                "horizon_months": [3, 6, 12],
                "kept_share": [0.71, 0.58, 0.46],
                "low": [0.62, 0.47, 0.34],
                "high": [0.79, 0.68, 0.59],
                "lost_share": [0.29, 0.42, 0.54],
                "known": ["experimental"] * 3,
            }
        ),
        "traffic_path": _traffic_path(revenue),
        "traffic_ahead": _traffic_path(revenue).clear(),
        "capital_off": _capital_off(),
        "capital_past": _capital_off().clear(),
        "capital": pl.DataFrame(
            {
                "cash": [182.0 * MILLION],
                "net_burn_3m": [20.4 * MILLION],
                "runway_months": [8.9],
                "cash_ends": [date(2025, 9, 1)],
                "low": [date(2025, 7, 1)],
                "high": [date(2025, 12, 1)],
                "alive_share": [0.03],
                "known": ["experimental"],
            }
        ),
        "self_financing": _self_financing(),
        "break_even": pl.DataFrame(
            {
                "kind": ["operating", "cumulative"],
                "month": [None, None],
                "low": [None, None],
                "high": [None, None],
                "reached_share": [0.11, 0.02],
                "known": ["experimental", "experimental"],
            },
            schema_overrides={"month": pl.Date, "low": pl.Date, "high": pl.Date},
        ),
        "scenarios": pl.DataFrame(
            {
                "scenario": ["marketing=-50%", "marketing=-50%"],
                "measure": ["revenue_12m", "cash_12m"],
                "value": [812.0 * MILLION, -4.0 * MILLION],
                "low": [744.0 * MILLION, -61.0 * MILLION],
                "high": [880.0 * MILLION, 52.0 * MILLION],
                "difference": [-196.0 * MILLION, 61.0 * MILLION],
                "difference_low": [-262.0 * MILLION, 12.0 * MILLION],
                "difference_high": [-131.0 * MILLION, 108.0 * MILLION],
            }
        ),
        "checks": pl.DataFrame(
            {
                "check": ["pauses", "collinear"],
                "status": ["passed", "passed"],
                "finding": ["used", "apart"],
                "figures": ["{}", "{}"],
            }
        ),
        "missing": pl.DataFrame(
            schema={"figure": pl.String, "reason": pl.String, "remedy": pl.String}
        ),
        "facts": {
            "growth": {
                "from": "2022-06-01",
                "to": "2024-12-01",
                "before": 38 * MILLION,
                "after": 84 * MILLION,
            },
            "traffic_off": {"from": MONTHS[OFF_FROM].isoformat()},
        },
    } | changed
    return SustainResult(**body)


def _accounts(revenue: Any) -> pl.DataFrame:
    rows = []
    for at, month in enumerate(MONTHS):
        income = float(revenue[at])
        rows += [
            {"month": month, "account": "revenue", "amount": income},
            {"month": month, "account": "cost_of_sales", "amount": -0.71 * income},
            {"month": month, "account": "marketing", "amount": -0.22 * income},
            {"month": month, "account": "subsidy", "amount": -0.12 * income},
            {"month": month, "account": "operations", "amount": -9 * MILLION},
        ]
    return pl.DataFrame(rows)


def _metrics() -> pl.DataFrame:
    rows = [
        ("gross_margin", 0.29, None, None, "share", "counted"),
        ("contribution_margin", -0.05, None, None, "share", "counted"),
        ("net_revenue_retention", 0.83, None, None, "share", "counted"),
        ("burn_multiple", 4.2, None, None, "ratio", "counted"),
        ("payback_months", None, None, None, "month", "not_identified"),
        ("rule_of_40", 0.02, None, None, "share", "counted"),
    ]
    names = ("metric", "value", "low", "high", "unit", "known")
    found: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
    for row in found:
        row |= {"from": MONTHS[24], "to": MONTHS[35]}
        row["missing"] = "never_paid_back" if row["value"] is None else None
    schema = {"low": pl.Float64, "high": pl.Float64, "missing": pl.String}
    return pl.DataFrame(found, schema_overrides=schema)


def _unit_economics() -> pl.DataFrame:
    rows = [
        ("product", "matching", 610.0, 430.0, 142.0, -41.0, 52_000),
        ("product", "finance", 190.0, 120.0, 70.0, 48.0, 6_100),
        ("product", "processing", 92.0, 81.0, 11.0, 2.0, 3_900),
        ("channel", "live_stream", 260.0, 190.0, 70.0, -58.0, 31_000),
        ("channel", "search", 180.0, 130.0, 50.0, 4.0, 12_000),
        ("cohort", "2022Q1", 240.0, 168.0, 72.0, 31.0, 17_000),
    ]
    return pl.DataFrame(
        [
            {
                "by": by,
                "name": name,
                "revenue": revenue * MILLION,
                "cost_of_sales": cost * MILLION,
                "gross_profit": gross * MILLION,
                "contribution": contribution * MILLION,
                "margin": contribution / revenue,
                "orders": float(orders),
                "per_order": contribution * MILLION / orders,
                "share": revenue / 892.0,
            }
            for by, name, revenue, cost, gross, contribution, orders in rows
        ]
    )


def _decomposition() -> pl.DataFrame:
    rows = [
        ("bought", "live_stream", 16.0, 11.0, 21.0),
        ("bought", "search", 4.0, 2.0, 6.5),
        ("bought", "subsidy", 14.0, 9.0, 18.0),
        ("earned", "one_stop_settlement", 3.0, 1.0, 5.0),
        ("earned", "new_products", 1.5, 0.2, 3.0),
        ("market", "all", 6.0, 3.0, 9.0),
        ("unexplained", "all", 1.5, -1.0, 4.0),
    ]
    return pl.DataFrame(
        [
            {
                "part": part,
                "name": name,
                "amount": amount * MILLION,
                "low": low * MILLION,
                "high": high * MILLION,
                "share": amount / 46.0,
                "known": "experimental",
            }
            for part, name, amount, low, high in rows
        ]
    )


def _channels() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "channel": ["live_stream", "search"],
            "spend": [148.0 * MILLION, 52.0 * MILLION],
            "carry": [0.41, 0.22],
            "half_life_months": [0.78, 0.46],
            "lift_share": [0.27, 0.08],
            "low": [0.19, 0.04],
            "high": [0.35, 0.12],
            "revenue_per_spend": [1.9, 1.5],
            "marginal_revenue_per_spend": [0.62, 0.88],
            "known": ["experimental", "experimental"],
        }
    )


def _response() -> pl.DataFrame:
    rows = []
    for channel, beta, mean in (("live_stream", 0.21, 137e3), ("search", 0.09, 48e3)):
        for spend in np.linspace(0, 2.5 * mean, 26):
            lift = beta * np.log1p(spend / mean)
            rows.append(
                {
                    "channel": channel,
                    "spend": float(spend),
                    "lift": float(np.expm1(lift)) * MILLION,
                    "low": float(np.expm1(0.7 * lift)) * MILLION,
                    "high": float(np.expm1(1.35 * lift)) * MILLION,
                }
            )
    return pl.DataFrame(rows)


def _traffic_path(revenue: Any) -> pl.DataFrame:
    rows = []
    for at, month in enumerate(MONTHS):
        since = at - OFF_FROM
        lost = (
            0.0 if since < 0 else 0.54 * (1 - np.exp(-(since + 1) / 4.5)) / (1 - np.exp(-13 / 4.5))
        )
        value = float(revenue[at])
        rows.append(
            {
                "month": month,
                "revenue": value,
                "without": value * (1 - lost),
                "low": value * (1 - min(lost * 1.25, 0.95)),
                "high": value * (1 - lost * 0.72),
            }
        )
    return pl.DataFrame(rows)


def _capital_off() -> pl.DataFrame:
    ahead = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(18)]
    slopes = {"as_is": 6.0, "capital_off": -20.4, "traffic_and_capital_off": -13.0}
    rows = []
    for scenario, slope in slopes.items():
        for at, month in enumerate(ahead):
            cash = 182.0 + slope * (at + 1)
            rows.append(
                {
                    "scenario": scenario,
                    "month": month,
                    "cash": cash * MILLION,
                    "low": (cash - 3.5 * (at + 1)) * MILLION,
                    "high": (cash + 3.5 * (at + 1)) * MILLION,
                }
            )
    return pl.DataFrame(rows)


def _self_financing() -> pl.DataFrame:
    rows, created_sum, burned_sum = [], 0.0, 0.0
    for at, month in enumerate(MONTHS):
        created, burned = 0.15 * at, 14.0 + 0.45 * at
        created_sum, burned_sum = created_sum + created, burned_sum + burned
        rows.append(
            {
                "month": month,
                "created": created * MILLION,
                "burned": burned * MILLION,
                "ratio": created / burned,
                "created_cumulative": created_sum * MILLION,
                "burned_cumulative": burned_sum * MILLION,
                "created_low": 0.5 * created_sum * MILLION,
                "created_high": 1.6 * created_sum * MILLION,
                "known": "event_based",
            }
        )
    return pl.DataFrame(rows)


def judged(**changed: Any) -> JudgeResult:
    """A traffic war behind fine user numbers."""
    found = sustained()
    body: dict[str, Any] = {
        "fingerprint": "9" * 16,
        "book": "b" * 16,
        "request": {"draws": 2000, "seed": 0, "confidence": 0.95},
        "verdict": "traffic_war",
        "reasons": (),
        "settle": (),
        "thresholds": {"depth": 0.10, "dependence": 0.25, "probability": 0.80, "layer": 0.05},
        "regions": pl.DataFrame(
            {
                "region": [
                    "industrial_revolution",
                    "transition",
                    "traffic_war",
                    "quiet_trade",
                ],
                "probability": [0.0, 0.01, 0.97, 0.02],
            }
        ),
        "axes": _axes((0.021, -0.012, 0.052), (0.54, 0.41, 0.66), (0.38, 0.3, 0.47)),
        "layers": _layers(),
        "reach": pl.DataFrame(
            {
                "burden": ["time"],
                "layers_reached": [2],
                "of_layers": [10],
                "confidence": [0.95],
                "beyond_lead_share": [None],
                "low": [None],
                "high": [None],
            },
            schema_overrides={
                "beyond_lead_share": pl.Float64,
                "low": pl.Float64,
                "high": pl.Float64,
            },
        ),
        "new_value": _new_value(),
        "technology": _technology(),
        "theses": _theses(),
        "draws": _draws(),
        "evidence": Evidence(_figures()),
        "sustain": found,
        "facts": {
            "layers": NAMES,
            "currency": "CNY",
            "interventions": {
                "blockchain_receipts": {"name": "Blockchain receipts", "kind": "technology"},
                "one_stop_settlement": {"name": "One-stop settlement", "kind": "model"},
                "ai_matching": {"name": "AI matching", "kind": "technology"},
            },
        },
    } | changed
    return JudgeResult(**body)


def log_only() -> JudgeResult:
    """What an event log alone gives: baselines of the layers, and what is missing."""
    layers = _layers().with_columns(
        pl.lit(None, pl.Float64).alias(name)
        for name in ("treated_share", "effect", "depth", "depth_low", "depth_high", "p")
    )
    layers = layers.with_columns(
        counted=pl.lit(False), known=pl.lit("not_identified"), missing=pl.lit("no_interventions")
    )
    figures = [one for one in judged().evidence if one.id == "burden.settlement.share"]
    theses = pl.DataFrame(
        [
            {
                "thesis": f"T{n}",
                "status": {1: "partly", 3: "partly", 9: "partly", 10: "partly"}.get(n, "missing"),
                "figures": ["burden.settlement.share"] if n == 1 else [],
                "missing": [] if n in (3, 10) else ["no_interventions"],
                "adds": [] if n in (3, 10) else ["what_each_layer_gained"],
            }
            for n in range(1, 11)
        ],
        schema_overrides=dict.fromkeys(("missing", "figures", "adds"), pl.List(pl.String)),
    )
    unknown = (None, None, None)
    return judged(
        verdict="not_enough_evidence",
        reasons=("no_interventions", "no_ledger"),
        settle=("record_interventions", "record_ledger", "record_traffic"),
        regions=judged().regions.with_columns(probability=pl.lit(None, pl.Float64)),
        axes=_axes(unknown, unknown, unknown).with_columns(
            missing=pl.Series(["no_interventions", "no_ledger", "no_ledger"])
        ),
        layers=layers,
        reach=judged().reach.clear(),
        new_value=judged().new_value.clear(),
        technology=judged().technology.clear(),
        theses=theses,
        draws=judged().draws.clear(),
        evidence=Evidence(figures),
        sustain=None,
    )


def _axes(depth: Any, dependence: Any, capital: Any) -> pl.DataFrame:
    rows = [
        {
            "axis": axis,
            "value": value,
            "low": low,
            "high": high,
            "known": "experimental" if axis == "dependence" else "C",
            "least": None,
            "most": None,
            "missing": None,
        }
        for axis, (value, low, high) in (
            ("depth", depth),
            ("dependence", dependence),
            ("capital_dependence", capital),
        )
    ]
    floats = dict.fromkeys(("value", "low", "high", "least", "most"), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=floats | {"missing": pl.String})


def _layers() -> pl.DataFrame:
    rows = []
    for name, weight, share, effect, grade in LAYERS:
        depth = None if effect is None else -effect * share
        rows.append(
            {
                "layer": name,
                "burden": "time",
                "weight": weight,
                "baseline": weight * 310.0,
                "unit": "h",
                "treated_share": share,
                "effect": effect,
                "depth": depth,
                "depth_low": None if depth is None else depth - 0.02,
                "depth_high": None if depth is None else depth + 0.02,
                "p": None if depth is None else 0.04,
                "counted": name in ("lead", "settlement"),
                "known": grade,
                "missing": "not_treated" if effect is None else None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _new_value() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "product": ["finance", "processing", "all"],
            "name": ["Supply-chain finance", "Processing service", ""],
            "first_sale": [date(2022, 7, 1), date(2023, 2, 1), None],
            "revenue": [190.0 * MILLION, 92.0 * MILLION, 282.0 * MILLION],
            "share": [0.21, 0.10, 0.31],
            "new": [True, True, True],
            "incremental": [0.09, 0.02, 0.11],
            "low": [0.01, -0.03, 0.01],
            "high": [0.16, 0.07, 0.20],
            "known": ["event_based"] * 3,
        }
    )


def _technology() -> pl.DataFrame:
    rows = [
        ("blockchain_receipts", "technology", 21.0, 0.3, 0.04, None, "N", "shelf", "hardly_used"),
        ("one_stop_settlement", "model", 9.0, 0.4, 0.31, -0.06, "B", "spread_ready", None),
        ("ai_matching", "technology", 34.0, 0.6, 0.5, -0.03, "C", "ineffective", None),
    ]
    names = (
        *("intervention", "kind", "spend", "eligible_share", "event_share", "effect"),
        *("grade", "class", "reason"),
    )
    found = pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return found.with_columns(pl.col("spend") * MILLION)


def _theses() -> pl.DataFrame:
    told = {
        "T1": ("answered", ["depth", "depth.layer.settlement"]),
        "T2": ("partly", ["new_value.share", "new_value.incremental"]),
        "T3": ("answered", ["burden.settlement.share"]),
        "T4": ("answered", ["traffic_off.3", "traffic_off.12"]),
        "T5": ("answered", ["depth.layer.settlement"]),
        "T6": ("answered", ["break_even.cumulative"]),
        "T7": ("answered", ["match_ratio"]),
        "T8": ("answered", ["capital_off.cash_ends", "capital_off.alive", "growth.bought"]),
        "T9": ("answered", ["probability.traffic_war", "depth", "dependence"]),
        "T10": ("missing", []),
    }
    return pl.DataFrame(
        [
            {
                "thesis": thesis,
                "status": status,
                "figures": figures,
                "missing": {"T2": ["no_design_for_products"], "T10": ["no_simulation_yet"]}.get(
                    thesis, []
                ),
                "adds": {"T2": ["what_change_caused"], "T10": ["what_to_change_next"]}.get(
                    thesis, []
                ),
            }
            for thesis, (status, figures) in told.items()
        ],
        schema_overrides=dict.fromkeys(("missing", "figures", "adds"), pl.List(pl.String)),
    )


def _draws() -> pl.DataFrame:
    chance = np.random.default_rng(3)
    depth = chance.normal(0.021, 0.016, 400)
    dependence = np.clip(chance.normal(0.54, 0.065, 400) - 0.8 * (depth - 0.021), 0, 1)
    return pl.DataFrame({"draw": np.arange(400), "depth": depth, "dependence": dependence})


def _figures() -> list[Figure]:
    asked = {"draws": 200, "seed": 0}
    bought = (Rows("ledger", {"account": ("revenue",)}), Rows("traffic"))

    def share(
        figure: str, value: float, low: float | None = None, high: float | None = None, **more: Any
    ) -> Figure:
        return Figure(figure, value, low, high, unit="share", request=asked, **more)

    def off(figure: str, value: float, low: float, high: float) -> Figure:
        return share(
            figure,
            value,
            low,
            high,
            method="traffic_off",
            known="experimental",
            assumptions=("response_goes_on",),
            rows=bought,
        )

    return [
        share(
            "depth", 0.021, -0.012, 0.052, known="C", method="axis_depth",
            inputs=("depth.layer.settlement",), assumptions=("parallel_trends",),
        ),
        share(
            "depth.layer.settlement", 0.024, 0.004, 0.044, known="B", method="depth_of_layer",
            checks={"pre_trend": "passed", "spill_over": "passed"},
            rows=(Rows("events", {"@activity": ("settle",)}),), name="settlement",
        ),
        share("burden.settlement.share", 0.18, method="burden", name="settlement"),
        Figure(
            "reach.time", 2, unit="count", method="reach_by_holm", request=asked | {"of_layers": 10}
        ),
        share(
            "dependence", 0.54, 0.41, 0.66, known="experimental", method="axis_dependence",
            inputs=("traffic_off.12",),
        ),
        off("traffic_off.3", 0.71, 0.62, 0.79),
        off("traffic_off.12", 0.46, 0.34, 0.59),
        share("dependence.capital", 0.38, 0.30, 0.47, method="axis_capital_dependence"),
        Figure(
            "capital_off.cash_ends", "2025-09-01", "2025-07-01", "2025-12-01", unit="month",
            known="experimental", method="capital_off", rows=(Rows("ledger"),),
        ),
        share("capital_off.alive", 0.03, method="capital_off", known="experimental"),
        Figure("runway", 8.9, unit="months", method="runway", rows=(Rows("ledger"),)),
        Figure(
            "growth.bought", 34 * MILLION, 26 * MILLION, 41 * MILLION, unit="cny",
            known="experimental", method="shapley", rows=bought,
        ),
        share("metric.visits_growth", 0.42, method="metric_visits_growth"),
        share("metric.orders_growth", -0.02, method="metric_orders_growth"),
        share("metric.revenue_growth", 0.13, method="metric_revenue_growth"),
        share("new_value.share", 0.31, known="counted", method="new_value"),
        share("new_value.incremental", 0.11, 0.01, 0.20, known="event_based", method="new_value"),
        share("match_ratio", 0.0, method="match_ratio"),
        Figure(
            "break_even.cumulative", None, unit="date", known="model_only", method="break_even",
            missing=("not_reached",),
        ),
        share(
            "probability.traffic_war", 0.97, known="model_only", method="region_by_draws",
            assumptions=("thresholds_beforehand",), inputs=("depth", "dependence"),
        ),
    ]  # fmt: skip
