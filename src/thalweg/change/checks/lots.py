"""What a lot answers for: findings that are chance where the dates were drawn.

A drift before drawn dates, dates in step with the past of units, effects at placebo dates: whatever
a check finds of them came by the luck of the draw, which the interval allows for. So they are told
and have no consequence; the odd ones with a word on whether the lot was kept. Anticipation and
spill-over are no matter of who came first: units that know their drawn date may act before it, and
what reaches the neighbours reaches them whoever was drawn. A trace of them, even a faint one, costs
a lottery what it costs any roll-out. Where a test is only weak the lot still answers: the effect of
being treated while so many others are is what a lottery tells, as long as few units reach each one
(Sävje, Aronow and Hudgens 2021, Annals of Statistics).
"""

from __future__ import annotations

from dataclasses import replace

from thalweg.change.checks.check import Check

UNREMARKABLE = {
    "pre_trend": "hint leaning weak",
    "timing": "hint",
    "anticipation": "weak",
    "spill_over": "weak",
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
