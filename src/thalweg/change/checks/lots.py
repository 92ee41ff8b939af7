"""What a lot answers for: findings that are chance where the dates were drawn.

A drift before drawn dates, dates in step with the past of units, effects at placebo dates: whatever
a check finds of them came by the luck of the draw, which the interval allows for. So they are told
and have no consequence; the odd ones with a word on whether the lot was kept. Anticipation and
spill-over are no matter of who came first: there a lot answers for a weak test or a faint trace only.
"""

from __future__ import annotations

from dataclasses import replace

from thalweg.change.checks.check import Check

UNREMARKABLE = {
    "pre_trend": "hint leaning weak",
    "timing": "hint",
    "anticipation": "hint weak",
    "spill_over": "hint weak",
    "sensitivity": "fragile few_bends",
}
"""Findings that need no word of caution: told as ``by_lot``."""
ODD = {
    "pre_trend": "found",
    "timing": "by_level by_slope by_shock",
    "placebo_dates": "found",
    "unit_trends": "moved",
}
"""Findings that few lots give: told as ``by_lot_odd``."""


def by_lot(check: Check) -> Check:
    """The check as it reads where the dates were drawn."""
    if check.finding in UNREMARKABLE.get(check.code, "").split():
        return replace(check, status="passed", finding="by_lot")
    if check.finding in ODD.get(check.code, "").split():
        return replace(check, status="warning", finding="by_lot_odd")
    return check
