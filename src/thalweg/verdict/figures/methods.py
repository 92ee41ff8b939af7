"""Where each method is described: page and heading in ``docs/methods``."""

from __future__ import annotations

PAGES: dict[str, str] = {
    "counted_objects": "evidence.md#figures-of-the-process",
    "kaplan_meier": "evidence.md#figures-of-the-process",
    "gaps_of_pairs": "evidence.md#figures-of-the-process",
    "burden_by_layer": "evidence.md#figures-of-the-process",
    "repeats": "evidence.md#figures-of-the-process",
    "completion": "evidence.md#figures-of-the-process",
    "waiting_causes": "waiting.md",
    "sojourn_causes": "waiting.md",
    "alignment": "conformance.md#alignments",
    "change_points": "drift.md",
    "effect_imputation": "effects.md",
    "effect_callaway_santanna": "effects.md",
    "effect_synthetic_control": "effects.md",
    "effect_interrupted_series": "effects.md",
    "effect_refused": "checks.md#grades-and-why-so",
    "units_treated": "prove.md",
    "weight_by_time": "verdict.md#depth",
    "weight_by_money": "verdict.md#depth",
    "weight_by_failures": "verdict.md#depth",
    "depth_of_layer": "verdict.md#depth",
    "reach_by_holm": "verdict.md#reach",
    "beyond_lead": "verdict.md#reach",
    "axis_depth": "verdict.md#depth",
    "axis_dependence": "verdict.md#region",
    "axis_capital_dependence": "evidence.md#figures-of-the-verdict",
    "region_by_draws": "verdict.md#region",
    "verdict_by_probability": "verdict.md#region",
    "summed_ledger": "accounts.md",
    "growth_shapley": "sustain.md",
    "channel_lift": "response.md",
    "traffic_off": "sustain.md",
    "runway": "accounts.md",
    "cash_at_end": "accounts.md",
    "net_burn": "accounts.md",
    "capital_off": "sustain.md",
    "default_alive": "sustain.md",
    "self_financing": "sustain.md",
    "break_even_operating": "sustain.md",
    "break_even_cumulative": "sustain.md",
    "new_value_share": "verdict.md#new-value",
    "new_value_incremental": "verdict.md#new-value",
    "technology_spend": "verdict.md#technology",
    "technology_use": "verdict.md#technology",
    "technology_class": "verdict.md#technology",
    "match_ratio": "verdict.md#technology",
}
"""Method → page below ``docs/methods``, with the heading where it has one of its own."""
METRICS = "accounts.md"
FOLDER = "docs/methods/"


def page_of(method: str) -> str | None:
    """The page of a method, or None where it has none."""
    page = METRICS if method.startswith("metric_") else PAGES.get(method)
    return None if page is None else FOLDER + page
